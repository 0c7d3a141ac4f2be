// The article's five charts, each a pure function of a reply: what Plotly draws, and the same in words and as a table.

import { cell, duration, mean, precision, rows } from "./model.js";
import { ground, plain, style } from "./palette.js";
import { bytes, list, MISSING, percent, seconds } from "./units.js";

/** A cell's number for a table. */
function told(row, server, read = duration, unit = seconds) {
  const found = cell(row, server);
  return found.error ? "no answer" : unit(read(found));
}

/** A line of one server's durations over `x`, with the quartiles of repeats where there are any. */
function timing(line, server, at, theme, x, axis) {
  const { color, dash, symbol } = style(theme, at);
  const cells = line.map((row) => cell(row, server));
  const spread = cells.some((found) => (found.p75 ?? 0) > (found.p25 ?? 0));
  return {
    type: "scatter",
    mode: "lines+markers",
    name: plain(server),
    x,
    y: cells.map(duration),
    yaxis: axis,
    connectgaps: false,
    line: { color, dash, width: 3 },
    marker: { color, symbol, size: 8 },
    ...(spread && {
      error_y: {
        type: "data",
        symmetric: false,
        array: cells.map((found) => gap(found, "p75")),
        arrayminus: cells.map((found) => gap(found, "p25")),
        color,
        thickness: 1.2,
        width: 4,
      },
    }),
    text: cells.map((found) => seconds(duration(found))),
    hovertemplate: "%{x}<br>%{text}<extra>%{fullData.name}</extra>",
  };
}

const gap = (found, quartile) => (found.error || found[quartile] == null ? 0 : Math.abs(found[quartile] - duration(found)));

/** Sentence for the servers that have holes in a chart. */
function holes(file, line) {
  const missing = file.server_names
    .map((server) => [server, line.filter((row) => cell(row, server).error).length])
    .filter(([, number]) => number > 0);
  if (missing.length === 0) return "";
  return `No value where a server gave no answer: ${list(missing.map(([server, number]) => `${server} (${number} of ${line.length})`))}.`;
}

function fastest(file, line) {
  const means = file.server_names
    .map((server) => [server, mean(line.map((row) => duration(cell(row, server))))])
    .filter(([, value]) => value !== null)
    .sort((a, b) => a[1] - b[1]);
  return means;
}

/** 1: precision and timings over size, one line a server, bandwidth beside. */
export function precisionAndTimings(file, name, theme) {
  const line = rows(file, name);
  const x = line.map((row) => row.label);
  const { precision: violet, bytes: red } = ground(theme);
  const means = fastest(file, line);
  const last = line.at(-1);
  return {
    id: "precision-timings",
    title: "Precision and timings by size",
    wide: true,
    summary:
      `From the original to ${last.label}, bandwidth falls to ${percent(last.derivative.filesize_percent)} and precision is ${percent(last.derivative.average_precision)}. ` +
      (means.length > 0 ? `Fastest on average is ${means[0][0]} with ${seconds(means[0][1])}${means.length > 1 ? `, slowest ${means.at(-1)[0]} with ${seconds(means.at(-1)[1])}` : ""}.` : "No server answered."),
    note: holes(file, line),
    data: [
      {
        type: "scatter", mode: "lines+markers", name: "Precision", x, y: line.map((row) => row.derivative.average_precision ?? null),
        line: { color: violet, dash: "dashdot", width: 2 }, marker: { color: violet, size: 6 },
        text: line.map((row) => percent(row.derivative.average_precision)), hovertemplate: "%{x}<br>%{text}<extra>Precision</extra>",
      },
      {
        type: "scatter", mode: "lines+markers", name: "Bandwidth", x, y: line.map((row) => row.derivative.filesize_percent ?? null),
        line: { color: red, dash: "dot", width: 2 }, marker: { color: red, size: 6 },
        text: line.map((row) => `${percent(row.derivative.filesize_percent)}, ${bytes(row.derivative.filesize)}`), hovertemplate: "%{x}<br>%{text}<extra>Bandwidth</extra>",
      },
      ...file.server_names.map((server, at) => timing(line, server, at, theme, x, "y2")),
    ],
    layout: {
      height: 440,
      hovermode: "x unified",
      xaxis: { type: "category", showgrid: false },
      yaxis: { title: { text: "Precision and bandwidth, % of the original" }, rangemode: "tozero", ticksuffix: " %" },
      yaxis2: { title: { text: "Seconds a prediction" }, overlaying: "y", side: "right", rangemode: "tozero", showgrid: false, ticksuffix: " s" },
    },
    table: {
      head: ["Size", "Pixels", "Bytes", "Bandwidth", "Precision", ...file.server_names],
      rows: line.map((row) => [
        row.label, row.derivative.image_size ?? MISSING, bytes(row.derivative.filesize), percent(row.derivative.filesize_percent), percent(row.derivative.average_precision),
        ...file.server_names.map((server) => told(row, server)),
      ]),
    },
  };
}

/** 2: duration by size. The article drew the mean over all servers, which mixes unlike machines: here it is a mark. */
export function durationBySize(file, name, theme) {
  const line = rows(file, name);
  const y = line.map((row) => row.label);
  const bars = file.server_names.map((server, at) => ({
    type: "bar", orientation: "h", name: plain(server), y, x: line.map((row) => duration(cell(row, server))),
    marker: { color: style(theme, at).color }, text: line.map((row) => told(row, server)), textposition: "none",
    hovertemplate: "%{y}<br>%{text}<extra>%{fullData.name}</extra>",
  }));
  return {
    id: "duration-size",
    title: "Prediction duration by size",
    summary: `The mean over all servers goes from ${seconds(line[0].derivative.average_duration)} (${line[0].label}) to ${seconds(line.at(-1).derivative.average_duration)} (${line.at(-1).label}).`,
    note: holes(file, line),
    data: [
      ...bars,
      {
        type: "scatter", mode: "markers", name: "Mean of all servers", y, x: line.map((row) => row.derivative.average_duration ?? null),
        marker: { symbol: "diamond", size: 10, color: ground(theme).ink, line: { color: ground(theme).paper, width: 1.5 } },
        text: line.map((row) => seconds(row.derivative.average_duration)), hovertemplate: "%{y}<br>%{text}<extra>Mean of all servers</extra>",
      },
    ],
    layout: {
      height: 380, barmode: "group", bargap: 0.25,
      xaxis: { title: { text: "Seconds" }, rangemode: "tozero", ticksuffix: " s" },
      yaxis: { type: "category", autorange: "reversed", showgrid: false },
    },
    table: {
      head: ["Size", "Mean of all servers", ...file.server_names],
      rows: line.map((row) => [row.label, seconds(row.derivative.average_duration), ...file.server_names.map((server) => told(row, server))]),
    },
  };
}

/** 3: accuracy by size. Named as the article names it; it is the share of the original's scores that is left. */
export function accuracyBySize(file, name, theme) {
  const line = rows(file, name);
  const x = line.map((row) => row.label);
  return {
    id: "accuracy-size",
    title: "Prediction accuracy by size",
    summary: line.length > 1 ? `Of the scores on the original, ${percent(line[1].derivative.average_precision)} are left at ${line[1].label} and ${percent(line.at(-1).derivative.average_precision)} at ${line.at(-1).label}.` : "Nothing smaller was made.",
    note: ["Scores are compared label by label with the same server's answer on the original; above 100 % means a higher score, not a better answer.", holes(file, line)].filter(Boolean).join(" "),
    data: [
      {
        type: "bar", name: "Mean of all servers", x, y: line.map((row) => row.derivative.average_precision ?? null),
        marker: { color: ground(theme).precision, opacity: 0.55 }, text: line.map((row) => percent(row.derivative.average_precision)),
        textposition: "inside", insidetextanchor: "start", textangle: 0, insidetextfont: { color: ground(theme).ink },
        hovertemplate: "%{x}<br>%{text}<extra>Mean of all servers</extra>",
      },
      ...file.server_names.map((server, at) => ({
        type: "scatter", mode: "markers", name: plain(server), x, y: line.map((row) => precision(cell(row, server))),
        marker: { color: style(theme, at).color, symbol: style(theme, at).symbol, size: 9, line: { color: ground(theme).paper, width: 1 } },
        text: line.map((row) => percent(precision(cell(row, server)))), hovertemplate: "%{x}<br>%{text}<extra>%{fullData.name}</extra>",
      })),
    ],
    layout: {
      height: 380, bargap: 0.3,
      xaxis: { type: "category", showgrid: false },
      yaxis: { title: { text: "% of the original's scores" }, rangemode: "tozero", ticksuffix: " %" },
    },
    table: {
      head: ["Size", "Mean of all servers", ...file.server_names],
      rows: line.map((row) => [row.label, percent(row.derivative.average_precision), ...file.server_names.map((server) => told(row, server, precision, percent))]),
    },
  };
}

/** 4: precision and timings over bytes. The axis is logarithmic: a linear one squeezes all but the original to the left. */
export function overBandwidth(file, name, theme) {
  const line = rows(file, name).toSorted((a, b) => a.derivative.filesize - b.derivative.filesize);
  const x = line.map((row) => row.derivative.filesize);
  const labels = line.map((row) => `${row.label}, ${bytes(row.derivative.filesize)}`);
  const named = (trace) => ({ ...trace, customdata: labels, hovertemplate: "%{customdata}<br>%{text}<extra>%{fullData.name}</extra>" });
  return {
    id: "bandwidth",
    title: "Precision and timings over bandwidth",
    summary: `From ${bytes(x[0])} (${line[0].label}) to ${bytes(x.at(-1))} (${line.at(-1).label}), precision goes from ${percent(line[0].derivative.average_precision)} to ${percent(line.at(-1).derivative.average_precision)}.`,
    note: holes(file, line),
    data: [
      named({
        type: "scatter", mode: "lines+markers", name: "Precision", x, y: line.map((row) => row.derivative.average_precision ?? null),
        line: { color: ground(theme).precision, dash: "dashdot", width: 2 }, marker: { color: ground(theme).precision, size: 6 },
        text: line.map((row) => percent(row.derivative.average_precision)),
      }),
      ...file.server_names.map((server, at) => named(timing(line, server, at, theme, x, "y2"))),
    ],
    layout: {
      height: 380,
      xaxis: { type: "log", title: { text: "Bytes sent to each server (log)" }, ...ticks(x, bytes) },
      yaxis: { title: { text: "Precision" }, rangemode: "tozero", ticksuffix: " %" },
      yaxis2: { title: { text: "Seconds" }, overlaying: "y", side: "right", rangemode: "tozero", showgrid: false, ticksuffix: " s" },
    },
    table: {
      head: ["Bytes", "Size", "Precision", ...file.server_names],
      rows: line.map((row) => [bytes(row.derivative.filesize), row.label, percent(row.derivative.average_precision), ...file.server_names.map((server) => told(row, server))]),
    },
  };
}

/** Ticks at 1, 2 and 5 of each decade, fewer over many decades. Plotly's own leave most of theirs without a unit. */
export function ticks(values, unit) {
  const least = Math.floor(Math.log10(Math.min(...values)));
  const most = Math.ceil(Math.log10(Math.max(...values)));
  const steps = most - least > 4 ? [1] : most - least > 2 ? [1, 3] : [1, 2, 5];
  const tickvals = Array.from({ length: most - least + 1 }, (_, at) => steps.map((step) => step * 10 ** (least + at))).flat();
  return { tickvals, ticktext: tickvals.map((value) => unit(value).replace(/\.0+(?= )/, "")) };
}

/** 5: the mean of each server over all sizes. */
export function perServer(file, name, theme) {
  const line = rows(file, name);
  const means = file.server_names.map((server) => mean(line.map((row) => duration(cell(row, server)))));
  return {
    id: "per-server",
    title: "Mean duration by server",
    summary: `${list(file.server_names.map((server, at) => `${server}: ${means[at] === null ? "no answer" : seconds(means[at])}`))}.`,
    note: holes(file, line),
    data: [
      {
        type: "bar", x: file.server_names.map(plain), y: means, marker: { color: file.server_names.map((_, at) => style(theme, at).color) },
        text: means.map((value) => (value === null ? "no answer" : seconds(value))), textposition: "auto", cliponaxis: false,
        hovertemplate: "%{x}<br>%{text}<extra></extra>", showlegend: false,
      },
    ],
    layout: { height: 380, bargap: 0.4, xaxis: { type: "category", showgrid: false }, yaxis: { title: { text: "Seconds, mean over sizes" }, rangemode: "tozero", ticksuffix: " s" } },
    table: {
      head: ["Server", "Mean duration", "Answers"],
      rows: file.server_names.map((server, at) => [server, seconds(means[at]), `${line.filter((row) => !cell(row, server).error).length} of ${line.length}`]),
    },
  };
}
