// Colours of the charts. Servers differ in colour, dash and marker, so that no reader needs to tell colours apart; the
// hues are Okabe and Ito's, darker on white and lighter on black to keep 3:1 against the ground.

const HUES = {
  light: ["#0072b2", "#c04a00", "#00785a", "#a8478a", "#8a6d00", "#2f4b7c"],
  dark: ["#5ab4f0", "#ff9a57", "#3fcf9f", "#f0a0d0", "#e8c547", "#a9b8e8"],
};
const DASHES = ["solid", "dash", "longdash", "dashdot", "solid", "dash"];
const MARKERS = ["circle", "square", "diamond", "triangle-up", "cross", "star"];

const GROUND = {
  light: { ink: "#1d2733", soft: "#566474", grid: "#e3e8ee", paper: "#ffffff", precision: "#5b3fa0", bytes: "#b3243c" },
  dark: { ink: "#e8edf3", soft: "#a3b1c0", grid: "#2c3743", paper: "#18202a", precision: "#b9a4ff", bytes: "#ff8494" },
};

/** Steps of a call, in order; image work in warm hues, the call in cool ones. */
const STEPS = {
  light: { decode: "#8a6d00", resize: "#c98a2b", encode: "#e8c88a", serialize: "#a8478a", network: "#6fb1dc", server: "#0072b2", unsplit: "#8795a5" },
  dark: { decode: "#e8c547", resize: "#d99a4a", encode: "#8a6432", serialize: "#f0a0d0", network: "#2f6d99", server: "#5ab4f0", unsplit: "#8795a5" },
};

/** The theme that is in force: "light" or "dark". */
export function theme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export const ground = (name) => GROUND[name];
export const steps = (name) => STEPS[name];

/** Colour, dash and marker of the server or encoding at this place in its list. */
export const style = (name, at) => ({
  color: HUES[name][at % HUES[name].length],
  dash: DASHES[at % DASHES.length],
  symbol: MARKERS[at % MARKERS.length],
});

/** Above the plot, where it takes no width. */
export const LEGEND = { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left", font: { size: 12.5 } };

/** A layout in the page's type and colours around what a chart itself asks for. */
export function themed(name, layout) {
  const { ink, soft, grid, paper } = GROUND[name];
  const axis = { gridcolor: grid, linecolor: soft, zerolinecolor: grid, tickcolor: soft, automargin: true, title: { standoff: 10, font: { size: 13, color: soft } } };
  const axes = Object.fromEntries(
    Object.entries(layout)
      .filter(([key]) => /^[xy]axis/.test(key))
      .map(([key, value]) => [key, { ...axis, ...value, title: { ...axis.title, ...value.title } }]),
  );
  return {
    font: { family: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif", size: 13, color: ink },
    paper_bgcolor: paper,
    plot_bgcolor: paper,
    margin: { l: 8, r: 8, t: 12, b: 8 },
    hoverlabel: { font: { family: "system-ui, sans-serif" }, bgcolor: paper, bordercolor: soft },
    legend: LEGEND,
    ...layout,
    ...axes,
  };
}

/** Text that Plotly must not read as its markup. */
export const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
