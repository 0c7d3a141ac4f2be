// The history on the page: open a run again, forget it, or put two side by side.

import { byId, make, scrolling, table } from "./dom.js";
import { draw, figure } from "./draw.js";
import { forget, forgetAll, refused, runs } from "./history.js";
import { pairCharts, pairTable } from "./pair.js";
import { theme } from "./palette.js";
import { bytes, count, moment } from "./units.js";

let picked = [];
let open = () => {};

/** Shows the history; `openRun(run)` shows a kept run's results. */
export function start(openRun) {
  open = openRun;
  byId("forget-all").addEventListener("click", () => {
    forgetAll();
    picked = [];
    refresh();
    byId("history-title").focus();
  });
  refresh();
}

/** Shows the list anew. */
export function refresh() {
  const kept = runs();
  picked = picked.filter((id) => kept.some((run) => run.id === id));
  byId("history-note").textContent = refused()
    ? "This browser does not let the page keep runs."
    : kept.length === 0
      ? "No run yet. Runs stay in this browser only; pictures themselves are not kept."
      : `${count(kept.length, "run")}, kept in this browser only. Tick two to see them side by side.`;
  byId("forget-all").hidden = kept.length === 0;
  byId("history-list").replaceChildren(...kept.map(entry));
  pair();
}

function entry(run) {
  const said = `${run.name}, ${moment(new Date(run.when))}`;
  const box = make("input", { type: "checkbox", checked: picked.includes(run.id), "aria-label": `Side by side: ${said}`, onchange: () => tick(run, box.checked) });
  return make(
    "li",
    {},
    box,
    run.thumb ? make("img", { src: run.thumb, alt: "" }) : make("span", { className: "no-preview", "aria-hidden": "true" }, "?"),
    make(
      "span",
      { className: "who" },
      make("span", { className: "name" }, run.name),
      make("span", { className: "facts" }, `${moment(new Date(run.when))} · ${bytes(run.file.filesize)} · ${count(run.file.server_names.length, "server")}${run.partial ? " · incomplete" : ""}`),
    ),
    make("button", { type: "button", className: "quiet", "aria-label": `Open ${said}`, onclick: () => open(run) }, "Open"),
    make("button", { type: "button", className: "quiet", "aria-label": `Forget ${said}`, onclick: () => drop(run) }, "Forget"),
  );
}

function drop(run) {
  forget(run.id);
  refresh();
  byId("history-title").focus();
}

/** A third tick takes the place of the oldest. */
function tick(run, on) {
  picked = picked.filter((id) => id !== run.id);
  if (on) picked = [...picked, run.id].slice(-2);
  for (const [place, input] of [...byId("history-list").querySelectorAll("input")].entries()) {
    input.checked = picked.includes(runs()[place].id);
  }
  pair();
}

const pairOnShow = () => picked.map((id) => runs().find((run) => run.id === id));

async function pair() {
  const place = byId("pair");
  place.hidden = picked.length < 2;
  if (place.hidden) {
    place.replaceChildren();
    return;
  }
  const both = pairOnShow();
  const facts = pairTable(both);
  const charts = pairCharts(both, theme());
  place.replaceChildren(
    make("h3", {}, "Side by side"),
    make("div", { className: "portraits" }, both.map((run, at) => make("figure", {}, run.thumb && make("img", { src: run.thumb, alt: "" }), make("figcaption", {}, `${"AB"[at]}: ${run.name}, ${moment(new Date(run.when))}`)))),
    scrolling("Two runs, table", table("Two runs", facts.head, facts.rows)),
    make("div", { className: "figures" }, charts.map(figure)),
  );
  await draw(charts);
}

/** Draws the pair again, in the theme that is in force. */
export async function redraw() {
  if (picked.length === 2) await draw(pairCharts(pairOnShow(), theme()));
}
