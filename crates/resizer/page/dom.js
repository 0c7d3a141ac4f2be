// Elements made in one call. Text goes in as text, never as markup, wherever it came from.

/** Makes an element; properties that are no DOM properties become attributes, `on...` functions become listeners. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && !name.startsWith("aria") && name !== "role") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

/** The element with this id, which the page's own markup holds. */
export const byId = (id) => document.getElementById(id);

/** A table of plain cells: `head` is a row of texts, `rows` rows of texts or nodes; the first cell of each heads its row. */
export function table(caption, head, rows) {
  return make(
    "table",
    {},
    make("caption", { className: "unseen" }, caption),
    make("thead", {}, make("tr", {}, head.map((text) => make("th", { scope: "col" }, text)))),
    make(
      "tbody",
      {},
      rows.map((row) =>
        make("tr", {}, row.map((cell, at) => (at === 0 ? make("th", { scope: "row" }, cell) : make("td", {}, cell)))),
      ),
    ),
  );
}

/** A region that scrolls sideways by itself, reachable by keyboard, so that the page never does. */
export const scrolling = (label, ...children) =>
  make("div", { className: "scrolling", tabIndex: 0, role: "region", "aria-label": label }, ...children);

/** Offers `text` as a file named `name`. */
export function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = make("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  // The browser has the bytes once the click is handled; a minute is for slow dialogs.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
