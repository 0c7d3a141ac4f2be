// Reading a reply: which rows belong together, and which number of a cell stands for it.

const ORIGINAL = "Reference";

/** What one encoding is called: "JPEG q75", "PNG". */
export const encoding = ({ format, quality }) => (quality === null || quality === undefined ? format : `${format} q${quality}`);

export const isOriginal = (key, derivative) => derivative.resized === ORIGINAL || key.startsWith("Orig.");

/** The encodings of a reply in its own order; the first is the one the article's charts were made for. */
export function encodings(file) {
  const found = [];
  for (const [key, derivative] of entries(file)) {
    if (isOriginal(key, derivative)) continue;
    const name = encoding(derivative);
    if (!found.includes(name)) found.push(name);
  }
  return found;
}

/** The rows of one encoding, the original first: `{key, label, original, derivative}`. */
export function rows(file, name) {
  return entries(file)
    .filter(([key, derivative]) => isOriginal(key, derivative) || encoding(derivative) === name)
    .map(([key, derivative]) => row(key, derivative));
}

/** All rows of a reply. */
export const allRows = (file) => entries(file).map(([key, derivative]) => row(key, derivative));

function row(key, derivative) {
  const original = isOriginal(key, derivative);
  const box = derivative.box ?? key.split(" ")[0];
  return { key, original, derivative, label: original ? "Original" : `${String(box).split("x")[0]} px` };
}

const entries = (file) => Object.entries(file.derivatives);

/** The prediction of `server` for a row; an empty failure where it never came. */
export const cell = (row, server) =>
  row.derivative.predictions?.[server] ?? { results: {}, error: { server, code: "missing", message: "No answer arrived." } };

/** Seconds that stand for a cell: the median over its repeats, or its one call. Null where it failed. */
export const duration = (prediction) => (prediction.error ? null : prediction.median ?? prediction.predict_duration ?? null);

export const precision = (prediction) => (prediction.error ? null : prediction.precision ?? null);

/** `[{label, score}]`, best first. The map of the original's reply merges classes of one name; the list does not. */
export const ranked = (prediction) =>
  prediction.ranked ?? Object.entries(prediction.results ?? {}).map(([label, score]) => ({ label, score }));

/** Failed cells of a reply, as `{row, server, error}`. */
export const failures = (file) =>
  allRows(file).flatMap((row) =>
    file.server_names.filter((server) => cell(row, server).error).map((server) => ({ row, server, error: cell(row, server).error })),
  );

/** Where one call of a cell spends its time, in seconds. What the server does not tell apart is `unsplit`. */
export function split(row, server) {
  const prediction = cell(row, server);
  const { decode_duration: decode, resize_duration: resize, encode_duration: encode } = row.derivative;
  const serialize = prediction.serialize_duration ?? null;
  const known = typeof prediction.server_duration === "number" && typeof prediction.network_duration === "number";
  const whole = prediction.error ? null : prediction.predict_duration ?? null;
  return {
    decode: row.original ? 0 : decode ?? null,
    resize: row.original ? 0 : resize ?? null,
    encode: row.original ? 0 : encode ?? null,
    serialize: prediction.error ? null : serialize,
    network: prediction.error || !known ? null : prediction.network_duration,
    server: prediction.error || !known ? null : prediction.server_duration,
    unsplit: prediction.error || known || whole === null ? null : Math.max(0, whole - (serialize ?? 0)),
  };
}

export const mean = (values) => {
  const numbers = values.filter((value) => typeof value === "number" && Number.isFinite(value));
  return numbers.length > 0 ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null;
};

export const median = (values) => {
  const sorted = values.filter((value) => typeof value === "number" && Number.isFinite(value)).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
