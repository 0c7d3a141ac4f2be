// The results of one run: findings, charts, tables, the reply itself.

import { agreement } from "./agreement.js";
import { accuracyBySize, durationBySize, overBandwidth, perServer, precisionAndTimings } from "./charts.js";
import { formats, timeSplit } from "./charts-beyond.js";
import { csv } from "./csv.js";
import { byId, download, make } from "./dom.js";
import { draw, figure } from "./draw.js";
import { findings, settings } from "./findings.js";
import { encodings, failures } from "./model.js";
import { theme } from "./palette.js";
import { ofCell } from "./problems.js";
import { report } from "./report.js";

let shown = null;
let encodingShown = null;

/** The charts of a run for one encoding, in the colours of `name`. */
export function charts(file, encoding, name) {
  return [precisionAndTimings, durationBySize, accuracyBySize, overBandwidth, perServer, timeSplit]
    .map((chart) => chart(file, encoding, name))
    .concat(formats(file, name) ?? []);
}

/** Shows `run`: `{name, thumb, when, file, raw, partial, saving}`. */
export async function show(run) {
  shown = run;
  encodingShown = encodings(run.file)[0] ?? null;
  await render();
}

/** Draws again, in the theme that is in force. */
export async function redraw() {
  if (shown) await draw(charts(shown.file, encodingShown, theme()));
}

/** The run on show, or null. */
export const current = () => shown;

async function render() {
  const { file } = shown;
  const drawn = charts(file, encodingShown, theme());
  byId("results").hidden = false;
  const parts = [head(), tiles(file), errors(file), chooser(file), make("div", { className: "figures" }, drawn.map(figure), only(file)), agreement(file), raw()];
  byId("results-body").replaceChildren(...parts.filter(Boolean));
  await draw(drawn);
}

function head() {
  const { name, thumb, file, partial, saving } = shown;
  return make(
    "div",
    { className: "run-head" },
    thumb && make("img", { src: thumb, alt: `The picture ${name}` }),
    make("div", {}, make("h3", {}, name), make("p", { className: "fact" }, settings(file)), saving && make("p", { className: "fact" }, saving), partial && make("p", { className: "bad" }, `Incomplete: ${partial}`)),
    make(
      "div",
      { className: "downloads", role: "group", "aria-label": "Download this run" },
      make("button", { type: "button", id: "save-report", onclick: saveReport }, "HTML report"),
      make("button", { type: "button", id: "save-csv", onclick: () => download(`${stem()}.csv`, "text/csv", csv(file)) }, "CSV"),
      make("button", { type: "button", id: "save-json", onclick: () => download(`${stem()}.json`, "application/json", json()) }, "JSON"),
    ),
  );
}

async function saveReport(event) {
  const button = event.currentTarget;
  button.disabled = true;
  try {
    download(`${stem()}.html`, "text/html", await report(shown, charts(shown.file, encodingShown, "light"), json()));
  } catch {
    byId("status").textContent = "The report could not be made: the chart library did not load. Reload the page and try again; CSV and JSON work without it.";
  } finally {
    button.disabled = false;
    button.focus();
  }
}

const stem = () => `${shown.name.replace(/\.[^.]*$/, "")}-comparison`;

/** The reply as it was sent where it is still at hand; a kept run is written anew. */
const json = () => shown.raw ?? JSON.stringify({ files: [shown.file] }, null, 2);

function tiles(file) {
  return make(
    "dl",
    { className: "tiles" },
    findings(file, encodingShown).map(({ title, value, detail, bad }) =>
      make("div", { className: bad ? "tile bad-tile" : "tile" }, make("dt", {}, title), make("dd", {}, make("strong", {}, value), make("span", { className: "fact" }, detail))),
    ),
  );
}

/** Each failing server once, with its first error. */
function errors(file) {
  const failed = failures(file);
  if (failed.length === 0) return null;
  const servers = new Map();
  for (const { server, error } of failed) if (!servers.has(server)) servers.set(server, error);
  return make(
    "div",
    { className: "problem", id: "server-errors" },
    make("h4", {}, "Not every server answered"),
    make(
      "ul",
      {},
      [...servers].map(([server, error]) => make("li", {}, make("strong", {}, server), `: ${ofCell(error)} `, make("span", { className: "fact" }, [error.method, error.code].filter(Boolean).join(" ")))),
    ),
    make("p", {}, "The other answers are complete. The list of servers below says how each one stands; press Compare again once it is up."),
  );
}

function chooser(file) {
  const names = encodings(file);
  if (names.length < 2) return null;
  const change = async (event) => {
    encodingShown = event.target.value;
    await render();
    byId("encoding").focus();
  };
  return make(
    "p",
    { className: "chooser" },
    make("label", { htmlFor: "encoding" }, "Charts show "),
    make("select", { id: "encoding", onchange: change }, names.map((name) => make("option", { value: name, selected: name === encodingShown }, name))),
  );
}

/** What stands in the place of the format charts in a run of one format. */
const only = (file) =>
  encodings(file).length < 2 && make("p", { className: "note wide" }, `This run has ${encodings(file)[0] ?? "no derivatives"} only. Tick another format or give a second quality under options to compare formats.`);

function raw() {
  const text = make("pre", { tabIndex: 0, id: "raw", role: "region", "aria-label": "The reply as JSON" });
  const details = make(
    "details",
    { className: "card wide", id: "raw-box" },
    make("summary", {}, make("h3", {}, "The reply as JSON")),
    make("p", { className: "note" }, shown.raw ? "As POST /upload gives it." : "As kept by this page."),
    make("button", { type: "button", onclick: copy }, "Copy"),
    text,
  );
  // Formatting waits until somebody looks.
  details.addEventListener("toggle", () => {
    if (details.open && !text.textContent) text.textContent = JSON.stringify(JSON.parse(json()), null, 2);
  });
  return details;
}

async function copy() {
  try {
    await navigator.clipboard.writeText(json());
    byId("status").textContent = "Copied.";
  } catch {
    byId("status").textContent = "This browser does not let a page copy here. Use the JSON download.";
  }
}
