// A stand-in for the service that speaks its contract and fails on demand, for the page's tests only. It does no image
// work: what it measures is made up, and always the same.
//
//   node mock.mjs --page FOLDER --plotly FILE [--scenario NAME] [--port N]
//
// It prints the address it listens on. POST /mock?scenario=NAME changes the scenario: whole, one-down, all-down, too-big,
// not-an-image, busy, garbled; slow holds after seven answers until the scenario changes, and cut then ends it there.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const given = (name, fallback) => {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : process.argv[at + 1];
};
const page = given("page");
const plotly = given("plotly");
let scenario = given("scenario", "whole");

const SERVERS = ["8 CPUs", "1 CPU", "GPU <fast>"];
const BASE = { "8 CPUs": 0.16, "1 CPU": 1.05, "GPU <fast>": 0.06 };
const LABELS = ["Egyptian cat", "tabby, tabby cat", "tiger cat", "lynx, catamount", "Persian cat"];
const MEDIA = { html: "text/html; charset=utf-8", css: "text/css", js: "text/javascript", svg: "image/svg+xml" };
const POLICY =
  "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

let changed = () => {};
const isDown = (server) => scenario === "all-down" || (scenario === "one-down" && server === SERVERS[1]);

function problem(response, status, title, detail) {
  response.writeHead(status, { "content-type": "application/problem+json" });
  response.end(JSON.stringify({ type: "about:blank", title, status, detail }));
}

/** A reply for a picture of `size` bytes, as /upload would give it. */
function reply(name, size, query) {
  const sizes = (query.get("sizes") ?? "2048,1024,512,256,128").split(",").map(Number);
  const formats = (query.get("formats") ?? "jpeg").split(",");
  const qualities = (query.get("quality") ?? "75").split(",").map(Number);
  const repeat = Number(query.get("repeat") ?? 1);
  const label = query.get("label");
  const original = { key: "Orig. 3000x2000", side: 3000, format: "JPEG", quality: null, bytes: size };
  const rows = sizes.flatMap((side) =>
    formats.flatMap((format) =>
      (format === "jpeg" ? qualities : [null]).map((quality) => {
        const suffix = format !== "jpeg" ? ` ${format.toUpperCase()}` : quality === qualities[0] ? "" : ` q${quality}`;
        const weight = format === "jpeg" ? 0.09 * ((quality ?? 75) / 75) ** 3 : format === "png" ? 1.1 : 0.8;
        return { key: `${side}x${side}${suffix}`, side, format: format.toUpperCase(), quality, bytes: Math.round(side * side * 0.667 * weight + 900) };
      }),
    ),
  );
  const derivatives = {};
  for (const [at, row] of [original, ...rows].entries()) derivatives[row.key] = derivative(name, size, row, at, repeat, label);
  return {
    files: [
      {
        filename: name, content_type: "image/jpeg", filesize: size, server_names: SERVERS, sizes: Object.keys(derivatives), derivatives,
        mode: query.get("mode") ?? "concurrent", repeat, label, servers: servers(), timings: { decode_duration: 0.041, total_duration: 2.5 }, format_version: 1,
      },
    ],
  };
}

function derivative(name, size, row, at, repeat, label) {
  const height = Math.round((row.side * 2) / 3);
  const made = at > 0;
  const predictions = Object.fromEntries(SERVERS.map((server, place) => [server, prediction(server, place, row, at, repeat, label)]));
  const good = Object.values(predictions).filter((found) => !found.error);
  const mean = (read) => (good.length > 0 ? good.reduce((sum, found) => sum + read(found), 0) / good.length : null);
  return {
    filename: made ? name.replace(/\.[^.]*$/, `.${row.side}x${row.side}.${row.format.toLowerCase()}`) : name,
    resized: made ? `${row.side}x${row.side}` : "Reference", image_size: `${row.side}x${height}`, format: row.format, filesize: row.bytes,
    filesize_percent: (100 * row.bytes) / size, resize_duration: made ? 0.002 + row.side * 6e-6 : 0, predictions,
    average_precision: mean((found) => found.precision), average_duration: mean((found) => found.predict_duration),
    width: row.side, height, quality: row.quality, box: made ? row.side : null, decode_duration: 0.041, encode_duration: made ? row.side * 4e-6 * (row.format === "PNG" ? 4 : 1) : 0,
    same_as: null, sent_as: row.format,
  };
}

function prediction(server, place, row, at, repeat, label) {
  if (isDown(server)) {
    return {
      results: {}, predict_duration: null, total_duration: null, precision: null, ranked: [], serialize_duration: null, network_duration: null, server_duration: null, attempts: 1,
      error: { server, method: "Predict", code: "UNAVAILABLE", message: "127.0.0.1:9: connection refused." },
    };
  }
  const drift = row.side < 200 ? 2.1 : 0;
  const scores = LABELS.map((name, rank) => ({ label: name, score: 9.5 - 1.2 * rank - (made(at) ? 0.06 * at * (rank + 1) : 0) + (rank === 1 ? drift : 0) }));
  const ranked = scores.sort((a, b) => b.score - a.score);
  const server_duration = BASE[server] + (row.side / 3000) ** 2 * 0.5 * (place + 1);
  const network = 0.001 + row.bytes / 2e8;
  const predict = server_duration + network + 0.0004;
  const told = server !== SERVERS[1];
  return {
    results: Object.fromEntries(ranked.map((found) => [found.label, found.score])), predict_duration: predict, total_duration: predict + 0.01, precision: 100 - at * (place + 1) * 0.9,
    ranked, serialize_duration: 0.0004, network_duration: told ? network : null, server_duration: told ? server_duration : null, attempts: repeat,
    median: predict, p25: predict * (repeat > 1 ? 0.94 : 1), p75: predict * (repeat > 1 ? 1.08 : 1), min: predict * (repeat > 1 ? 0.9 : 1), max: predict * (repeat > 1 ? 1.3 : 1),
    top1_agreement: ranked[0].label === LABELS[0], top5_overlap: 5, rank_correlation: drift ? 0.9 : 1, correct: label ? ranked[0].label === label : null, error: null,
  };
}

const made = (at) => at > 0;

const servers = () => SERVERS.map((name, at) => ({ name, address: `127.0.0.1:${9000 + at}`, api: at === 1 ? "rest" : "grpc", model: "inception", signature: "predict_images" }));

async function compare(response, name, size, query) {
  const whole = reply(name, size, query);
  const file = whole.files[0];
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  // Resolves once it is sent: a connection that is cut next has given everything before.
  const send = (event, data) => new Promise((resolve) => response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`, resolve));
  await send("start", { filename: name, content_type: "image/jpeg", filesize: size, width: 3000, height: 2000, format: "JPEG", server_names: SERVERS, servers: servers(), sizes: file.sizes });
  let sent = 0;
  for (const [key, { predictions, average_precision, average_duration, ...derivative }] of Object.entries(file.derivatives)) {
    await send("derivative", { key, ...derivative });
    for (const server of [...SERVERS].reverse()) {
      if (scenario === "slow" && sent === 7) await new Promise((resolve) => (changed = resolve));
      if (scenario === "cut") return response.destroy();
      if (scenario === "garbled" && sent === 3) return response.end("event: cell\ndata: {not json\n\n");
      await send("cell", { key, server, prediction: predictions[server] });
      sent += 1;
    }
    response.write(": still here\n\n");
  }
  if (scenario === "all-down") await send("failed", { problem: { type: "about:blank", title: "Bad Gateway", status: 502, detail: "All 3 servers failed; the first said: connection refused." } });
  else await send("done", whole);
  response.end();
}

/** File name and content length of the first part of a multipart body. */
function part(body, type) {
  const boundary = /boundary=(?:"([^"]+)"|([^;]+))/.exec(type ?? "");
  const name = /name="file"; filename="([^"]*)"/.exec(body.subarray(0, 2000).toString("latin1"));
  if (!boundary || !name) return null;
  const begin = body.indexOf("\r\n\r\n") + 4;
  const end = body.lastIndexOf(`\r\n--${boundary[1] ?? boundary[2]}`);
  return { name: Buffer.from(name[1], "latin1").toString("utf8"), size: end - begin };
}

async function handle(request, response) {
  const url = new URL(request.url, "http://mock");
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.method === "POST" && url.pathname === "/mock") {
    scenario = url.searchParams.get("scenario");
    changed();
    return response.end("ok");
  }
  if (url.pathname === "/servers") {
    response.writeHead(200, { "content-type": "application/json", "x-max-bytes": "99900000" });
    return response.end(JSON.stringify(servers().map((server) => ({ ...server, state: isDown(server.name) ? "down" : "live", version: isDown(server.name) ? null : 1, detail: isDown(server.name) ? "connection refused" : null }))));
  }
  if (url.pathname === "/compare" && request.method === "POST") {
    if (scenario === "too-big") return problem(response, 413, "Payload Too Large", "The file has more than 99.9 MB; send a smaller one.");
    if (scenario === "not-an-image") return problem(response, 415, "Unsupported Media Type", "The file is no image this service knows; send JPEG, PNG, GIF, BMP, TIFF or WebP.");
    if (scenario === "busy") return problem(response, 503, "Service Unavailable", "All places for uploads are taken; try again in a moment.");
    const sent = part(Buffer.concat(chunks), request.headers["content-type"]);
    if (!sent) return problem(response, 400, "Bad Request", "Send the picture in the multipart field `file`.");
    return compare(response, sent.name, sent.size, url.searchParams);
  }
  if (url.pathname === "/assets/plotly.min.js") {
    response.writeHead(200, { "content-type": "text/javascript", "content-encoding": "gzip" });
    return response.end(readFileSync(plotly));
  }
  const name = url.pathname === "/" ? "index.html" : url.pathname.replace(/^\/assets\//, "");
  if (!/^[\w-]+\.(html|css|js|svg)$/.test(name)) return problem(response, 404, "Not found", "There is nothing here.");
  response.writeHead(200, { "content-type": MEDIA[name.split(".").at(-1)], "content-security-policy": POLICY });
  response.end(readFileSync(join(page, name)));
}

const server = createServer((request, response) => {
  handle(request, response).catch((error) => {
    if (!response.headersSent) problem(response, 500, "Mock failed", String(error));
    else response.destroy();
  });
});
server.listen(Number(given("port", 0)), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
