// The options form: what it says becomes the query of a comparison, is checked in words, and is remembered.

import { byId } from "./dom.js";
import { count, list } from "./units.js";

const KEY = "resizer.options";
const SIZES = [2048, 1024, 512, 256, 128];

const numbers = (text) => text.split(/[\s,;]+/).filter(Boolean).map(Number);

const form = () => byId("options");

/** What the form holds, as plain values. */
export function options() {
  const data = new FormData(form());
  return {
    formats: data.getAll("formats"),
    quality: numbers(data.get("quality")),
    sizes: numbers(data.get("sizes")),
    repeat: Number(data.get("repeat")),
    mode: data.get("mode"),
    label: data.get("label").trim(),
    exact: data.has("exact"),
    shrink: data.has("shrink") ? { side: Number(data.get("side")), quality: Number(data.get("shrink-quality")) } : null,
  };
}

/** The query of `POST /compare`; what equals the service's own choice is left out. */
export function query(chosen) {
  const parts = new URLSearchParams();
  if (chosen.formats.join() !== "jpeg") parts.set("formats", chosen.formats.join());
  if (chosen.quality.join() !== "75") parts.set("quality", chosen.quality.join());
  if (chosen.sizes.join() !== SIZES.join()) parts.set("sizes", chosen.sizes.join());
  if (chosen.repeat !== 1) parts.set("repeat", chosen.repeat);
  if (chosen.mode !== "concurrent") parts.set("mode", chosen.mode);
  if (chosen.label) parts.set("label", chosen.label);
  if (chosen.exact) parts.set("exact", "true");
  const text = parts.toString();
  return text ? `?${text}` : "";
}

/** Checks every field and says what is wrong beside it; true when all are right. */
export function check() {
  const chosen = options();
  const whole = (least, most) => (value) => Number.isInteger(value) && value >= least && value <= most;
  const wrong = {
    formats: chosen.formats.length === 0 && "Choose at least one format.",
    quality: (chosen.quality.length === 0 || !chosen.quality.every(whole(1, 100))) && "Give whole numbers from 1 to 100, with commas between: 75, 90.",
    sizes: (chosen.sizes.length === 0 || !chosen.sizes.every(whole(1, 16384))) && "Give whole numbers of pixels from 1 to 16384, with commas between: 1024, 512.",
    repeat: !whole(1, 50)(chosen.repeat) && "Give a whole number from 1 to 50.",
  };
  let first = null;
  for (const [name, message] of Object.entries(wrong)) {
    const field = form().elements[name];
    const input = field instanceof RadioNodeList ? field[0] : field;
    byId(`wrong-${name}`).textContent = message || "";
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (message) first ??= input;
  }
  if (first) {
    byId("options-box").open = true;
    first.focus();
  }
  return first === null;
}

/** The form in one line, for its closed state. */
function summary(chosen) {
  const names = { jpeg: "JPEG", png: "PNG", webp: "WebP" };
  const said = [
    list(chosen.formats.map((name) => names[name])) || "no format",
    chosen.formats.includes("jpeg") && `quality ${chosen.quality.join(", ")}`,
    count(chosen.sizes.length, "size"),
    chosen.repeat === 1 ? "once" : `${chosen.repeat} times`,
    chosen.mode === "isolated" ? "one server after another" : "all servers at once",
    chosen.exact && "exact",
    chosen.label && `label “${chosen.label}”`,
    chosen.shrink && `shrunk to ${chosen.shrink.side} px before upload`,
  ];
  return said.filter(Boolean).join(" · ");
}

/** Fills the form with what was chosen last and keeps it, and its summary, up to date. */
export function start() {
  recall();
  const changed = () => {
    const chosen = options();
    byId("options-summary").textContent = summary(chosen);
    byId("shrink-fields").hidden = !chosen.shrink;
    try {
      localStorage.setItem(KEY, JSON.stringify([...new FormData(form())]));
    } catch {
      // A browser that keeps nothing still compares.
    }
  };
  form().addEventListener("input", changed);
  form().addEventListener("reset", () => setTimeout(changed));
  form().addEventListener("submit", (event) => event.preventDefault());
  changed();
}

function recall() {
  let kept;
  try {
    kept = JSON.parse(localStorage.getItem(KEY));
  } catch {
    return;
  }
  if (!Array.isArray(kept)) return;
  for (const input of form().querySelectorAll("input, select")) {
    const values = kept.filter((pair) => Array.isArray(pair) && pair[0] === input.name).map(([, value]) => value);
    if (input.type === "checkbox" || input.type === "radio") input.checked = values.includes(input.value);
    else if (values.length > 0) input.value = values[0];
  }
}
