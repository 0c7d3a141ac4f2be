// A run as CSV: a row for each derivative and server, units in the names of the columns.

import { allRows, cell, ranked } from "./model.js";

const ROW = [
  ["derivative", (row) => row.key],
  ["format", (row) => row.derivative.format],
  ["quality", (row) => row.derivative.quality],
  ["image_size_px", (row) => row.derivative.image_size],
  ["filesize_bytes", (row) => row.derivative.filesize],
  ["filesize_percent", (row) => row.derivative.filesize_percent],
  ["decode_duration_s", (row) => row.derivative.decode_duration],
  ["resize_duration_s", (row) => row.derivative.resize_duration],
  ["encode_duration_s", (row) => row.derivative.encode_duration],
  ["same_as", (row) => row.derivative.same_as],
];
const SECONDS = ["predict_duration", "median", "p25", "p75", "min", "max", "serialize_duration", "network_duration", "server_duration", "total_duration"];
const PLAIN = ["attempts", "precision", "top1_agreement", "top5_overlap", "rank_correlation", "correct"];

/** The run as text, CRLF between lines as RFC 4180 has it. */
export function csv(file) {
  const head = ["filename", ...ROW.map(([name]) => name), "server", ...SECONDS.map((name) => `${name}_s`), ...PLAIN];
  for (let place = 1; place <= 5; place += 1) head.push(`label_${place}`, `score_${place}`);
  head.push("error_code", "error");
  const lines = allRows(file).flatMap((row) =>
    file.server_names.map((server) => {
      const prediction = cell(row, server);
      const labels = ranked(prediction);
      return [
        file.filename,
        ...ROW.map(([, read]) => read(row)),
        server,
        ...SECONDS.map((name) => prediction[name]),
        ...PLAIN.map((name) => prediction[name]),
        ...Array.from({ length: 5 }, (_, place) => [labels[place]?.label, labels[place]?.score]).flat(),
        prediction.error?.code,
        prediction.error?.message,
      ];
    }),
  );
  return [head, ...lines].map((line) => line.map(field).join(",")).join("\r\n") + "\r\n";
}

function field(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  // A spreadsheet would run text that begins like a formula, and the text comes from servers and file names.
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
