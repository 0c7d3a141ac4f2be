// Numbers as people read them, always with their unit. A value that is not there says so.

export const MISSING = "not given";

const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

const digits = (value, places) => value.toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });

/** Three figures are what a measurement here is worth. */
const figures = (value) => digits(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);

export function bytes(value) {
  if (!isNumber(value)) return MISSING;
  if (value < 1000) return `${value} B`;
  if (value < 999_500) return `${figures(value / 1e3)} kB`;
  return `${figures(value / 1e6)} MB`;
}

export function seconds(value) {
  if (!isNumber(value)) return MISSING;
  if (value === 0) return "0 ms";
  if (value < 0.000_01) return "< 0.01 ms";
  if (value < 0.9995) return `${figures(value * 1e3)} ms`;
  return `${figures(value)} s`;
}

export const percent = (value) => (isNumber(value) ? `${figures(value)} %` : MISSING);

/** A model's score has no unit; four places tell two classes apart. */
export const score = (value) => (isNumber(value) ? digits(value, Math.abs(value) < 10 ? 4 : 3) : MISSING);

export const correlation = (value) => (isNumber(value) ? digits(value, 2) : MISSING);

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

/** "a", "a and b", "a, b and c". */
export function list(words) {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

export const moment = (date) => date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
