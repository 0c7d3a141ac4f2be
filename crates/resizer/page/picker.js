// Choosing pictures: by dialog, drop or paste; each shown with its preview until it is compared or taken off the list.

import { byId, make } from "./dom.js";
import { empty, notAnImage, tooBig } from "./problems.js";
import { kind } from "./sniff.js";
import { bytes } from "./units.js";

let items = [];
let mostBytes = null;
let listeners = { changed() {}, refused() {} };
let serial = 0;

/** The chosen pictures: `{id, file, kind, url, dimensions}`. */
export const chosen = () => items;

/** The service's own limit, once it is known. */
export const limit = (most) => {
  mostBytes = most;
};

/** Listens to the page; `changed()` is called with every change, `refused(problems)` with what is no picture. */
export function start(callbacks) {
  listeners = callbacks;
  const input = byId("file");
  input.addEventListener("change", () => {
    add(input.files);
    input.value = "";
  });
  const zone = byId("drop");
  let depth = 0;
  const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => {
    if (!files(event)) return;
    depth += 1;
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) zone.classList.remove("over");
  });
  // A file dropped beside the zone must not replace the page.
  document.addEventListener("dragover", (event) => files(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    depth = 0;
    zone.classList.remove("over");
    if (!files(event)) return;
    event.preventDefault();
    add(event.dataTransfer.files);
  });
  document.addEventListener("paste", (event) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length === 0) return;
    event.preventDefault();
    add(pasted);
  });
}

/** Takes `files` that are pictures. */
export async function add(files) {
  const problems = [];
  for (const file of [...files]) {
    const found = file.size === 0 ? null : await kind(file).catch(() => null);
    if (file.size === 0) problems.push(empty(file.name));
    else if (!found) problems.push(notAnImage(file.name));
    else if (mostBytes !== null && file.size > mostBytes) problems.push(tooBig(file.name, file.size, mostBytes));
    else items.push({ id: `picture-${(serial += 1)}`, file, kind: found, url: URL.createObjectURL(file), dimensions: null });
  }
  listeners.refused(problems);
  show();
}

function remove(item) {
  const at = items.indexOf(item);
  items = items.filter((other) => other !== item);
  URL.revokeObjectURL(item.url);
  show();
  // The focus was on the button that went; the next one, or the input, takes it.
  const next = byId("chosen").querySelectorAll("button")[Math.min(at, items.length - 1)];
  (next ?? byId("file")).focus();
}

/** Locks the list while a comparison runs. */
export function lock(locked) {
  for (const button of byId("chosen").querySelectorAll("button")) button.disabled = locked;
}

function show() {
  byId("chosen").replaceChildren(...items.map(card));
  byId("chosen").hidden = items.length === 0;
  listeners.changed();
}

function card(item) {
  const facts = make("span", { className: "facts" }, said(item));
  const image = make("img", { src: item.url, alt: "", decoding: "async" });
  image.addEventListener("load", () => {
    item.dimensions = [image.naturalWidth, image.naturalHeight];
    facts.textContent = said(item);
  });
  image.addEventListener("error", () => {
    image.replaceWith(make("span", { className: "no-preview", "aria-hidden": "true" }, item.kind));
    facts.textContent = `${said(item)}, no preview in this browser`;
  });
  return make(
    "li",
    {},
    image,
    make("span", { className: "who" }, make("span", { className: "name" }, item.file.name), facts),
    make("button", { type: "button", className: "quiet", "aria-label": `Remove ${item.file.name}`, onclick: () => remove(item) }, "Remove"),
  );
}

const said = ({ kind: name, file, dimensions }) =>
  [name, bytes(file.size), dimensions && `${dimensions[0]} × ${dimensions[1]} px`].filter(Boolean).join(", ");
