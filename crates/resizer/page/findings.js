// What a run says, in a few sentences with numbers: shown above the charts and first in the report.

import { cell, duration, encodings, failures, mean, rows } from "./model.js";
import { bytes, count, list, percent, seconds } from "./units.js";

/** `[{title, value, detail}]` of one encoding of a reply. */
export function findings(file, name) {
  const line = rows(file, name);
  const original = line.find((row) => row.original);
  return [smallest(file, line), fastest(file, line), lightest(line, original), faults(file)].filter(Boolean);
}

function smallest(file, line) {
  const smaller = line.filter((row) => !row.original);
  if (smaller.length === 0) return null;
  const safe = smaller.filter((row) => {
    const said = file.server_names.map((server) => cell(row, server)).filter((prediction) => !prediction.error);
    return said.length > 0 && said.every((prediction) => prediction.top1_agreement === true);
  });
  const title = "Smallest with the same first label";
  if (safe.length === 0) return { title, value: "none", detail: "Every smaller picture changes some server's first label, or got no answer." };
  const row = safe.reduce((least, other) => (other.derivative.filesize < least.derivative.filesize ? other : least));
  return { title, value: row.label, detail: `${bytes(row.derivative.filesize)}, ${percent(row.derivative.filesize_percent)} of the original's bytes` };
}

function fastest(file, line) {
  const means = file.server_names
    .map((server) => [server, mean(line.map((row) => duration(cell(row, server))))])
    .filter(([, value]) => value !== null)
    .sort((a, b) => a[1] - b[1]);
  if (means.length === 0) return { title: "Fastest server", value: "none answered", detail: "" };
  const rest = means.slice(1).map(([server, value]) => `${server} ${seconds(value)}`);
  return { title: "Fastest server", value: means[0][0], detail: `${seconds(means[0][1])} on average${rest.length > 0 ? `; ${list(rest)}` : ""}` };
}

function lightest(line, original) {
  const last = line.at(-1);
  if (!original || last === original) return null;
  return { title: `Precision at ${last.label}`, value: percent(last.derivative.average_precision), detail: `${bytes(last.derivative.filesize)} instead of ${bytes(original.derivative.filesize)}` };
}

function faults(file) {
  const failed = failures(file);
  if (failed.length === 0) return null;
  const servers = [...new Set(failed.map(({ server }) => server))];
  return { title: "Missing", value: count(failed.length, "answer"), detail: `from ${list(servers)}`, bad: true };
}

/** The run's settings in one sentence, as far as the reply tells. */
export function settings(file) {
  const said = [
    file.content_type,
    bytes(file.filesize),
    `${list(encodings(file)) || "no derivatives"}`,
    count(file.server_names.length, "server"),
    file.repeat > 1 ? `${file.repeat} calls each, medians shown` : "one call each",
    file.mode === "isolated" ? "one server after another" : "all servers at once",
    file.label && `true label “${file.label}”`,
  ];
  return said.filter(Boolean).join(" · ");
}
