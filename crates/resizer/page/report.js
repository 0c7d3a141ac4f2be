// One run as one HTML file: plots as inline SVG, tables, the reply. It needs no script, no network and no service.

import { picture } from "./draw.js";
import { findings, settings } from "./findings.js";
import { allRows, cell, duration, encoding, encodings, failures, ranked } from "./model.js";
import { ofCell } from "./problems.js";
import { bytes, correlation, moment, percent, score, seconds } from "./units.js";

const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

const STYLE = `
:root{color-scheme:light}body{font:16px/1.5 system-ui,sans-serif;color:#1d2733;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.75rem;line-height:1.2}h2{font-size:1.2rem;margin:2.5rem 0 .25rem}p{margin:.25rem 0 .75rem}.note{color:#566474;font-size:.875rem}
figure{margin:0;break-inside:avoid}figure img{width:100%;height:auto}.photo{max-width:20rem;max-height:15rem;border-radius:6px}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums;margin:.5rem 0}
th,td{text-align:left;padding:.3rem .75rem .3rem 0;border-bottom:1px solid #dfe5eb;vertical-align:top}dt{color:#566474}dd{margin:0 0 .75rem}dd strong{font-size:1.1rem}
pre{overflow:auto;max-height:30rem;background:#f4f6f8;padding:1rem;font-size:.8rem}.bad{color:#a3182f}`;

const table = (head, rows) =>
  `<div class="wide"><table><thead><tr>${head.map((text) => `<th scope="col">${escaped(text)}</th>`).join("")}</tr></thead><tbody>${rows
    .map((row) => `<tr>${row.map((text, at) => (at === 0 ? `<th scope="row">${escaped(text)}</th>` : `<td>${escaped(text)}</td>`)).join("")}</tr>`)
    .join("")}</tbody></table></div>`;

/** The report on `run` with `charts`, as the text of an HTML file. */
export async function report(run, charts, json) {
  const figures = [];
  for (const chart of charts) figures.push(await section(chart));
  const { file } = run;
  const name = encodings(file)[0];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${escaped(run.name)}: one image, many servers</title><style>${STYLE}</style></head><body>
<h1>${escaped(run.name)}</h1><p>${escaped(settings(file))}</p><p class="note">Run of ${escaped(moment(new Date(run.when)))}.${run.saving ? ` ${escaped(run.saving)}` : ""}</p>
${run.partial ? `<p class="bad">Incomplete: ${escaped(run.partial)}</p>` : ""}
${run.thumb ? `<img class="photo" src="${escaped(run.thumb)}" alt="The picture">` : ""}
<h2>What this run says</h2><dl>${findings(file, name)
    .map(({ title, value, detail }) => `<dt>${escaped(title)}</dt><dd><strong>${escaped(value)}</strong><br>${escaped(detail)}</dd>`)
    .join("")}</dl>
${faults(file)}${figures.join("\n")}
<h2>Derivatives</h2>${derivatives(file)}
<h2>What the servers see</h2>${answers(file)}
<h2>The reply as JSON</h2><details><summary>Show</summary><pre>${escaped(json)}</pre></details>
</body></html>
`;
}

async function section(chart) {
  const svg = await picture(chart, 920);
  const source = `data:image/svg+xml;base64,${base64(svg)}`;
  return `<figure><h2>${escaped(chart.title)}</h2><p>${escaped(chart.summary)}</p><img src="${source}" alt="${escaped(`${chart.title}. ${chart.summary}`)}">${
    chart.note ? `<p class="note">${escaped(chart.note)}</p>` : ""
  }<details><summary>The numbers</summary>${table(chart.table.head, chart.table.rows)}</details></figure>`;
}

function base64(text) {
  let binary = "";
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function faults(file) {
  const failed = failures(file);
  if (failed.length === 0) return "";
  return `<h2>Without an answer</h2>${table(["Server", "Derivative", "Code", "Error"], failed.map(({ server, row, error }) => [server, row.key, error.code ?? "", ofCell(error)]))}`;
}

const derivatives = (file) =>
  table(
    ["Derivative", "Format", "Pixels", "Bytes", "Of the original", "Decode", "Resize", "Encode", "Precision", "Mean duration"],
    allRows(file).map(({ key, original, derivative }) => [
      key, original ? derivative.format : encoding(derivative), derivative.image_size, bytes(derivative.filesize), percent(derivative.filesize_percent), seconds(derivative.decode_duration),
      seconds(derivative.resize_duration), original ? "none" : seconds(derivative.encode_duration), percent(derivative.average_precision), seconds(derivative.average_duration),
    ]),
  );

const answers = (file) =>
  table(
    ["Derivative", "Server", "Duration", "Labels with scores", "Shared of 5", "Rank correlation"],
    allRows(file).flatMap((row) =>
      file.server_names.map((server) => {
        const found = cell(row, server);
        const labels = found.error ? "no answer" : ranked(found).map(({ label, score: value }) => `${label} ${score(value)}`).join("; ");
        return [row.key, server, seconds(duration(found)), labels, found.top5_overlap ?? "not given", correlation(found.rank_correlation)];
      }),
    ),
  );
