// Progress while answers come in: a bar, a grid with a field for each derivative and server, and a sentence for those who listen.

import { byId, make, scrolling } from "./dom.js";
import { duration } from "./model.js";
import { count, seconds } from "./units.js";

let cells = new Map();
let arrived = 0;
let failed = 0;
let spokenAt = 0;

/** Says that `name` is on its way, before the service has said anything. */
export function sending(name, place) {
  cells = new Map();
  [arrived, failed, spokenAt] = [0, 0, 0];
  byId("progress").hidden = false;
  byId("progress-title").textContent = name;
  byId("progress-bar").removeAttribute("value");
  byId("grid").replaceChildren();
  byId("grid-box").open = true;
  say(`Uploading ${name}${place}.`);
}

/** Draws the empty grid. */
export function started(file) {
  const bar = byId("progress-bar");
  bar.max = Math.max(1, file.sizes.length * file.server_names.length);
  bar.value = 0;
  const head = make("tr", {}, make("th", { scope: "col" }, "Derivative"), file.server_names.map((server) => make("th", { scope: "col" }, server)));
  const body = file.sizes.map((key) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, key),
      file.server_names.map((server) => {
        const field = make("td", { className: "waiting" }, "waiting");
        cells.set(`${key}\n${server}`, field);
        return field;
      }),
    ),
  );
  const grid = make("table", { className: "grid" }, make("caption", { className: "unseen" }, "Answers"), make("thead", {}, head), make("tbody", {}, body));
  byId("grid").replaceChildren(scrolling("Answers as they come in", grid));
  say(`The service is at work: ${count(bar.max, "answer")} to come.`);
}

/** Fills one field. */
export function answered(key, server, prediction) {
  arrived += 1;
  byId("progress-bar").value = arrived;
  const field = cells.get(`${key}\n${server}`);
  if (prediction.error) failed += 1;
  if (field) {
    field.className = prediction.error ? "failed" : "done";
    field.textContent = prediction.error ? "no answer" : seconds(duration(prediction));
  }
  const all = byId("progress-bar").max;
  // A sentence for every field would drown a listener: quarters are enough.
  const quarter = Math.floor((4 * arrived) / all);
  if (quarter > spokenAt) {
    spokenAt = quarter;
    say(`${arrived} of ${count(all, "answer")}${failed > 0 ? `, ${failed} failed` : ""}.`);
  }
}

/** Ends: fields that never got an answer say so, and a whole grid makes way for the results. */
export function ended(sentence, whole) {
  byId("grid-box").open = !whole;
  for (const field of cells.values()) {
    if (field.className === "waiting") [field.className, field.textContent] = ["missing", "missing"];
  }
  const bar = byId("progress-bar");
  if (!bar.hasAttribute("value")) bar.value = 0;
  say(sentence);
}

/** Speaks through the page's live region. */
export function say(sentence) {
  byId("status").textContent = sentence;
}
