// Charts that the article lacks: where the time goes, and what a format costs.

import { allRows, cell, duration, encoding, encodings, mean, rows, split } from "./model.js";
import { ticks } from "./charts.js";
import { ground, LEGEND, plain, steps, style } from "./palette.js";
import { bytes, list, MISSING, percent, seconds } from "./units.js";

const STEPS = [
  ["decode", "Decode"],
  ["resize", "Resize"],
  ["encode", "Encode"],
  ["serialize", "Serialize"],
  ["network", "Network"],
  ["server", "Server"],
  ["unsplit", "Network and server (not told apart)"],
];

/** 6: where the time of each cell goes, stacked. */
export function timeSplit(file, name, theme) {
  const line = rows(file, name);
  const cells = file.server_names.flatMap((server) => line.map((row) => ({ server, row, parts: split(row, server) })));
  const y = [cells.map(({ server }) => plain(server)), cells.map(({ row }) => row.label)];
  const present = STEPS.filter(([key]) => cells.some(({ parts }) => parts[key] !== null));
  const sum = (key) => cells.reduce((whole, { parts }) => whole + (parts[key] ?? 0), 0);
  const all = present.reduce((whole, [key]) => whole + sum(key), 0);
  const share = present.map(([key, label]) => [label, (100 * sum(key)) / all]).sort((a, b) => b[1] - a[1]);
  const untold = file.server_names.filter((server) => cells.some((found) => found.server === server && found.parts.unsplit !== null));
  return {
    id: "time-split",
    title: "Where the time goes",
    wide: true,
    summary: all > 0 ? `Of all the time, ${list(share.slice(0, 3).map(([label, value]) => `${percent(value)} is ${label.toLowerCase()}`))}.` : "No server answered.",
    note: [
      "Decoding is done once for all sizes and is counted in each, as each needs it.",
      untold.length > 0 ? `${list(untold)} ${untold.length === 1 ? "does" : "do"} not say how long the model itself took.` : "",
    ].filter(Boolean).join(" "),
    data: present.map(([key, label]) => ({
      type: "bar", orientation: "h", name: label, y, x: cells.map(({ parts }) => parts[key]),
      marker: { color: steps(theme)[key], line: { width: 0 } }, text: cells.map(({ parts }) => seconds(parts[key])), textposition: "none",
      hovertemplate: "%{y}<br>%{text}<extra>%{fullData.name}</extra>",
    })),
    layout: {
      height: 150 + 22 * cells.length, barmode: "stack", bargap: 0.2, legend: { ...LEGEND, traceorder: "normal" },
      xaxis: { title: { text: "Seconds" }, rangemode: "tozero", ticksuffix: " s" },
      yaxis: { type: "multicategory", autorange: "reversed", showgrid: false, dividercolor: ground(theme).grid },
    },
    table: {
      head: ["Server", "Size", ...present.map(([, label]) => label)],
      rows: cells.map(({ server, row, parts }) => [server, row.label, ...present.map(([key]) => seconds(parts[key]))]),
    },
  };
}

/** 7 and 8: what each encoding weighs and costs at the same size; null when the run has one encoding only. */
export function formats(file, theme) {
  const names = encodings(file);
  if (names.length < 2) return null;
  const labels = [...new Set(allRows(file).filter((row) => !row.original).map((row) => row.label))];
  const at = (name, label) => allRows(file).find((row) => !row.original && row.label === label && encoding(row.derivative) === name);
  const weight = (name) => labels.map((label) => at(name, label)?.derivative.filesize ?? null);
  const time = (name) => labels.map((label) => {
    const row = at(name, label);
    return row ? mean(file.server_names.map((server) => duration(cell(row, server)))) : null;
  });
  const bars = (values, unit) => names.map((name, place) => ({
    type: "bar", name, x: labels, y: values(name), marker: { color: style(theme, place).color },
    text: values(name).map(unit), textposition: "none", hovertemplate: "%{x}<br>%{text}<extra>%{fullData.name}</extra>",
  }));
  const against = (values, word) => {
    const ratios = values(names[1]).map((value, place) => value / values(names[0])[place]).filter(Number.isFinite);
    return ratios.length > 0 ? `At equal size ${names[1]} takes ${mean(ratios).toFixed(1)} times the ${word} of ${names[0]} on average.` : `No ${word} to compare.`;
  };
  const rowsOf = (values, unit) => labels.map((label, place) => [label, ...names.map((name) => unit(values(name)[place]))]);
  return [
    {
      id: "format-bytes", title: "Bytes by format", summary: against(weight, "bytes"), note: "", data: bars(weight, bytes),
      layout: { height: 340, barmode: "group", xaxis: { type: "category", showgrid: false }, yaxis: { type: "log", title: { text: "Bytes (log)" }, ...ticks(names.flatMap(weight).filter((value) => value > 0), bytes) } },
      table: { head: ["Size", ...names], rows: rowsOf(weight, bytes) },
    },
    {
      id: "format-duration", title: "Prediction duration by format", summary: against(time, "time"), note: "Mean over the servers that answered.", data: bars(time, seconds),
      layout: { height: 340, barmode: "group", xaxis: { type: "category", showgrid: false }, yaxis: { title: { text: "Seconds" }, rangemode: "tozero", ticksuffix: " s" } },
      table: { head: ["Size", ...names], rows: rowsOf(time, (value) => (value === null ? MISSING : seconds(value))) },
    },
  ];
}
