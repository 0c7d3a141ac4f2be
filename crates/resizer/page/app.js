// The page's one entry: wires choosing, comparing and showing together.

import { compare } from "./compare.js";
import { byId, make } from "./dom.js";
import { plotly } from "./draw.js";
import * as history from "./history.js";
import * as options from "./options.js";
import * as picker from "./picker.js";
import * as progress from "./progress.js";
import * as results from "./results.js";
import * as servers from "./servers.js";
import * as shelf from "./shelf.js";
import { shrunk, thumbnail } from "./shrink.js";
import { bytes, count, percent } from "./units.js";

let abort = null;

/** Problems stand in an alert region, which is read out at once. */
function tell(problems) {
  byId("problems").replaceChildren(
    ...problems.map(({ title, detail, advice }) => make("div", { className: "problem" }, make("h3", {}, title), make("p", {}, detail), advice && make("p", {}, advice))),
  );
}

function ready() {
  const many = picker.chosen().length;
  byId("compare").disabled = many === 0 || abort !== null;
  byId("compare").textContent = many > 1 ? `Compare ${many} pictures` : "Compare";
}

async function compareAll() {
  if (!options.check()) return;
  const chosen = options.options();
  const items = [...picker.chosen()];
  abort = new AbortController();
  tell([]);
  picker.lock(true);
  ready();
  byId("stop").hidden = false;
  byId("stop").focus();
  plotly().catch(() => {});
  const problems = [];
  const finished = [];
  for (const [at, item] of items.entries()) {
    const place = items.length > 1 ? `, ${at + 1} of ${items.length}` : "";
    const { run, problem } = await compareOne(item, chosen, place);
    if (problem) problems.push(items.length > 1 ? { ...problem, title: `${item.file.name}: ${problem.title}`, detail: problem.detail, advice: problem.advice } : problem);
    if (run) {
      finished.push(run);
      history.keep(forShelf(run));
      shelf.refresh();
      tabs(finished, run);
      await results.show(run);
    }
    tell(problems);
    if (abort.signal.aborted) break;
  }
  abort = null;
  byId("stop").hidden = true;
  picker.lock(false);
  ready();
  const good = finished.length;
  // The button Stop had the focus and is gone: it goes where the reader wants to go on.
  byId(good > 0 ? "results-title" : "compare").focus();
  progress.ended(
    problems.length === 0
      ? `Done: ${count(good, "picture")} compared. The results are below.`
      : `Ended with ${count(problems.length, "problem")}${good > 0 ? "; what arrived is shown below" : ""}.`,
    problems.length === 0,
  );
  servers.refresh();
}

async function compareOne(item, chosen, place) {
  const { file } = item;
  let blob = file;
  let name = file.name;
  let saving = "";
  if (chosen.shrink) {
    progress.say(`Shrinking ${name}${place}.`);
    const small = await shrunk(file, chosen.shrink);
    if (small) {
      [blob, name] = [small.blob, small.name];
      saving = `Shrunk in this browser to ${small.width} × ${small.height} px before the upload: ${bytes(file.size)} became ${bytes(blob.size)}, ${percent(100 * (1 - blob.size / file.size))} saved.`;
    } else saving = "Not shrunk before the upload: it is small enough, or this browser cannot read it.";
    byId("saving").textContent = saving;
  } else byId("saving").textContent = "";
  progress.sending(name, place);
  const query = options.query(chosen);
  const thumb = thumbnail(file, 320);
  const { file: reply, raw, problem } = await compare(blob, name, query, abort.signal, {
    start: progress.started,
    derivative() {},
    cell: progress.answered,
  });
  if (!reply) return { run: null, problem };
  const when = new Date().toISOString();
  const run = { id: `${when}-${item.id}`, when, name: file.name, thumb: await thumb, query, saving, partial: problem ? `${problem.detail}` : "", file: reply, raw };
  return { run, problem };
}

/** What the history keeps: without the reply's own text, which would double it. */
const forShelf = ({ raw, ...run }) => run;

/** With several pictures, one tab each. */
function tabs(finished, shown) {
  const place = byId("pictures");
  place.hidden = finished.length < 2;
  place.replaceChildren(
    ...finished.map((run) =>
      make("button", { type: "button", "aria-pressed": String(run === shown), onclick: (event) => {
        for (const button of place.children) button.setAttribute("aria-pressed", String(button === event.currentTarget));
        results.show(run);
      } }, run.name),
    ),
  );
}

options.start();
picker.start({
  changed: ready,
  refused: tell,
});
shelf.start(async (run) => {
  tabs([], null);
  await results.show({ ...run, raw: null });
  byId("results-title").focus();
});
byId("compare").addEventListener("click", compareAll);
byId("stop").addEventListener("click", () => abort?.abort());
byId("refresh").addEventListener("click", servers.refresh);
document.addEventListener("themechange", () => {
  results.redraw();
  shelf.redraw();
});
ready();
servers.refresh();
(window.requestIdleCallback ?? setTimeout)(() => plotly().catch(() => {}));
