// The agreement table: what each server answered for each derivative, and whether that is what it said of the original.

import { make, scrolling } from "./dom.js";
import { allRows, cell, encoding, encodings, ranked } from "./model.js";
import { ofCell } from "./problems.js";
import { bytes, correlation, MISSING, percent, score } from "./units.js";

/** A card with a row for each derivative and a column for each server. */
export function agreement(file) {
  const several = encodings(file).length > 1;
  const head = ["Derivative", ...file.server_names].map((text) => make("th", { scope: "col" }, text));
  const body = allRows(file).map((row) =>
    make(
      "tr",
      {},
      make(
        "th",
        { scope: "row" },
        make("span", { className: "size" }, row.label),
        make("span", { className: "fact" }, [several && !row.original ? encoding(row.derivative) : null, row.derivative.image_size, bytes(row.derivative.filesize)].filter(Boolean).join(", ")),
        row.derivative.same_as && make("span", { className: "fact" }, `same pixels as ${row.derivative.same_as}`),
      ),
      file.server_names.map((server) => make("td", {}, answer(cell(row, server), row.original))),
    ),
  );
  return make(
    "section",
    { className: "card wide", "aria-labelledby": "title-agreement" },
    make("h3", { id: "title-agreement" }, "What the servers see"),
    make("p", { className: "summary" }, sentence(file)),
    scrolling(
      "What the servers see, table",
      make("table", { className: "agreement" }, make("caption", { className: "unseen" }, "Labels and scores for each derivative and server"), make("thead", {}, make("tr", {}, head)), make("tbody", {}, body)),
    ),
    make("p", { className: "note" }, "Compared with the same server's answer on the original: the first label, how many of five labels are shared, and the rank correlation of their order (1: same order)."),
  );
}

/** One answer: the first label with its score, how it agrees, the rest on demand. */
function answer(prediction, original) {
  if (prediction.error) return make("span", { className: "bad" }, make("strong", {}, "No answer. "), ofCell(prediction.error));
  const [first, ...rest] = ranked(prediction);
  if (!first) return MISSING;
  return [
    make("span", { className: "label" }, first.label),
    make("span", { className: "fact" }, `score ${score(first.score)}, precision ${percent(prediction.precision)}`),
    !original && make("span", { className: "fact" }, agrees(prediction)),
    typeof prediction.correct === "boolean" && make("span", { className: prediction.correct ? "good" : "bad" }, prediction.correct ? "✓ correct" : "✗ not the given label"),
    rest.length > 0 &&
      make("details", {}, make("summary", {}, `${rest.length} more`), make("ol", { start: 2 }, rest.map((found) => make("li", {}, `${found.label} ${score(found.score)}`)))),
  ].filter(Boolean);
}

function agrees({ top1_agreement: same, top5_overlap: shared, rank_correlation: order }) {
  const first = same === true ? make("span", { className: "good" }, "✓ same first label") : same === false ? make("span", { className: "bad" }, "✗ other first label") : `first label: ${MISSING}`;
  const rest = ` ${typeof shared === "number" ? `${shared} of 5 shared` : `shared: ${MISSING}`}, rank ${correlation(order)}`;
  return make("span", {}, first, rest);
}

function sentence(file) {
  const judged = allRows(file).filter((row) => !row.original).flatMap((row) => file.server_names.map((server) => cell(row, server)));
  const answered = judged.filter((prediction) => typeof prediction.top1_agreement === "boolean");
  if (answered.length === 0) return "No answer on a derivative could be compared with the original's.";
  const same = answered.filter((prediction) => prediction.top1_agreement).length;
  return `${same} of ${answered.length} answers on derivatives name the same first label as on the original.`;
}
