// Two kept runs side by side: bytes, precision and durations at the same sizes.

import { cell, duration, encodings, mean, ranked, rows } from "./model.js";
import { plain, style } from "./palette.js";
import { bytes, count, list, MISSING, percent, seconds } from "./units.js";

/** Names that tell two runs apart, also of the same picture. */
function names(pair) {
  return pair.map((run, at) => `${"AB"[at]}: ${run.name}`);
}

const lineOf = (run) => rows(run.file, encodings(run.file)[0]);

/** Sizes of both runs, the larger first. */
function sizes(pair) {
  const found = pair.flatMap((run) => lineOf(run).map((row) => row.label));
  return [...new Set(found)].sort((a, b) => (parseInt(b, 10) || Infinity) - (parseInt(a, 10) || Infinity));
}

const at = (run, label) => lineOf(run).find((row) => row.label === label);

/** The two charts of a pair. */
export function pairCharts(pair, theme) {
  const [titles, labels] = [names(pair), sizes(pair)];
  const bars = (value, unit) =>
    pair.map((run, place) => ({
      type: "bar", name: plain(titles[place]), x: labels, y: labels.map((label) => value(run, label)), marker: { color: style(theme, place).color },
      text: labels.map((label) => unit(value(run, label))), textposition: "none", hovertemplate: "%{x}<br>%{text}<extra>%{fullData.name}</extra>",
    }));
  const precision = (run, label) => at(run, label)?.derivative.average_precision ?? null;
  const servers = [...new Set(pair.flatMap((run) => run.file.server_names))];
  const time = (run, label, server) => (at(run, label) && run.file.server_names.includes(server) ? duration(cell(at(run, label), server)) : null);
  return [
    {
      id: "pair-precision", title: "Precision of both runs", data: bars(precision, percent), note: "",
      summary: `${list(pair.map((run, place) => `${titles[place]} keeps ${percent(precision(run, labels.at(-1)))} at ${labels.at(-1)}`))}.`,
      layout: { height: 340, barmode: "group", xaxis: { type: "category", showgrid: false }, yaxis: { title: { text: "% of the original's scores" }, rangemode: "tozero", ticksuffix: " %" } },
      table: { head: ["Size", ...titles], rows: labels.map((label) => [label, ...pair.map((run) => percent(precision(run, label)))]) },
    },
    {
      id: "pair-duration", title: "Durations of both runs", note: "Run A is solid, run B dashed; one colour a server.",
      summary: `Mean over all answers: ${list(pair.map((run, place) => `${titles[place]} ${seconds(mean(lineOf(run).flatMap((row) => run.file.server_names.map((server) => duration(cell(row, server))))))}`))}.`,
      data: pair.flatMap((run, place) =>
        servers.filter((server) => run.file.server_names.includes(server)).map((server) => {
          const { color, symbol } = style(theme, servers.indexOf(server));
          return {
            type: "scatter", mode: "lines+markers", name: `${"AB"[place]}: ${plain(server)}`, x: labels, y: labels.map((label) => time(run, label, server)), connectgaps: false,
            line: { color, dash: place === 0 ? "solid" : "dash", width: 2.5 }, marker: { color, symbol: place === 0 ? symbol : `${symbol}-open`, size: 8 },
            text: labels.map((label) => seconds(time(run, label, server))), hovertemplate: "%{x}<br>%{text}<extra>%{fullData.name}</extra>",
          };
        }),
      ),
      layout: { height: 340, xaxis: { type: "category", showgrid: false }, yaxis: { title: { text: "Seconds" }, rangemode: "tozero", ticksuffix: " s" } },
      table: {
        head: ["Size", ...pair.flatMap((run, place) => run.file.server_names.map((server) => `${"AB"[place]}: ${server}`))],
        rows: labels.map((label) => [label, ...pair.flatMap((run) => run.file.server_names.map((server) => seconds(time(run, label, server))))]),
      },
    },
  ];
}

/** What stands above the charts: head and rows of a table with a column for each run. */
export function pairTable(pair) {
  const original = (run) => lineOf(run).find((row) => row.original);
  const label = (run) => {
    const row = original(run);
    const said = row ? run.file.server_names.map((server) => ranked(cell(row, server))[0]?.label).filter(Boolean) : [];
    return [...new Set(said)].join(", ") || MISSING;
  };
  const facts = [
    ["Original", (run) => `${original(run)?.derivative.image_size ?? MISSING}, ${bytes(run.file.filesize)}`],
    ["First label on the original", label],
    ["Servers", (run) => count(run.file.server_names.length, "server")],
    ["Encoding", (run) => encodings(run.file)[0] ?? "none"],
    ["Repeats", (run) => String(run.file.repeat ?? MISSING)],
    ...sizes(pair).filter((size) => size !== "Original").map((size) => [`Bytes at ${size}`, (run) => (at(run, size) ? bytes(at(run, size).derivative.filesize) : "not made")]),
  ];
  return { head: ["Fact", ...names(pair)], rows: facts.map(([name, read]) => [name, ...pair.map(read)]) };
}
