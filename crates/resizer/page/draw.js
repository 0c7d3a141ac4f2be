// Drawing: loads Plotly when it is first needed, draws charts into figures, draws them again when the theme changes.

import { make, scrolling, table } from "./dom.js";
import { theme, themed } from "./palette.js";

const CONFIG = {
  responsive: true,
  // Dragging zooms, a double click goes back, the legend switches lines: the bar of buttons would cover the legend.
  displayModeBar: false,
};

let loading = null;

/** Resolves to Plotly. It is four megabytes, so the page asks for it once it is idle or has something to draw. */
export function plotly() {
  loading ??= new Promise((resolve, reject) => {
    const script = make("script", { src: "/assets/plotly.min.js" });
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", () => {
      loading = null;
      script.remove();
      reject(new Error("plotly.min.js did not load"));
    });
    document.head.append(script);
  });
  return loading;
}

/** A figure for `chart`: title, sentence, plot, note, the numbers as a table. */
export function figure(chart) {
  const titleId = `title-${chart.id}`;
  return make(
    "figure",
    { className: chart.wide ? "card wide" : "card", "aria-labelledby": titleId },
    make("figcaption", {}, make("h3", { id: titleId }, chart.title), make("p", { className: "summary" }, chart.summary)),
    // Read aloud, a plot is a heap of tick labels; the sentence above and the table below say what it shows.
    make("div", { id: `chart-${chart.id}`, className: "plot", "aria-hidden": "true", style: `min-height:${chart.layout.height}px` }),
    chart.note && make("p", { className: "note" }, chart.note),
    make(
      "details",
      { className: "numbers" },
      make("summary", {}, "The numbers"),
      scrolling(`${chart.title}, numbers`, table(chart.title, chart.table.head, chart.table.rows)),
    ),
  );
}

/** Draws `charts` into their figures, which must stand in the page. */
export async function draw(charts) {
  let library;
  try {
    library = await plotly();
  } catch {
    for (const chart of charts) {
      place(chart)?.replaceChildren(make("p", { className: "note" }, "The chart library did not load. The numbers below are complete; reload the page to draw them."));
    }
    return;
  }
  const name = theme();
  for (const chart of charts) {
    const target = place(chart);
    if (target) await library.react(target, chart.data, fitted(chart, target, name), CONFIG);
  }
}

const place = (chart) => document.getElementById(`chart-${chart.id}`);

/** On a narrow screen axis titles go: the ticks carry their unit, and the plot needs the room. */
function fitted(chart, target, name) {
  const layout = themed(name, chart.layout);
  if (target.clientWidth >= 420) return layout;
  for (const key of Object.keys(layout)) {
    if (/^[xy]axis/.test(key)) layout[key] = { ...layout[key], title: { text: "" }, tickfont: { size: 11 } };
  }
  return { ...layout, font: { ...layout.font, size: 12 } };
}

/** The chart as a picture in SVG, light, for a report that needs no script. */
export async function picture(chart, width) {
  const library = await plotly();
  const uri = await library.toImage({ data: chart.data, layout: { ...themed("light", chart.layout), width } }, { format: "svg", width, height: chart.layout.height });
  return decodeURIComponent(uri.slice(uri.indexOf(",") + 1));
}
