// Draws the page's plots: unpacks plotly.js, which stands packed in the page, and gives each plot its place. Data comes from
// the element `data`; nothing is loaded from anywhere.
"use strict";
(async () => {
  // The same hues as in palette.rs. Servers differ in dash and marker too, so that no reader needs to tell colours apart.
  const HUES = ["#0072b2", "#c04a00", "#00785a", "#a8478a", "#8a6d00", "#2f4b7c"];
  const OWN = ["#5b3fa0", "#c98a2b", "#6f7f90", "#3f9fb5", "#b3243c", "#9db4c8", "#5f7f3a"];
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot"];
  const MARKERS = ["circle", "square", "diamond", "triangle-up", "cross", "star"];
  const PATTERNS = ["", "/", ".", "x", "-", "\\"];
  const INK = "#1d2733", SOFT = "#536172", GRID = "#e3e8ee";
  const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

  const { plots } = JSON.parse(document.getElementById("data").textContent);
  const places = new Map([...document.querySelectorAll("[data-plot]")].map((place) => [place.dataset.plot, place]));
  for (const place of places.values()) place.classList.add("drawing");

  try {
    await load();
  } catch {
    for (const place of places.values()) {
      place.classList.remove("drawing");
      place.textContent = "This browser cannot unpack the library that draws plots. All numbers are below.";
    }
    return;
  }
  for (const plot of plots) await draw(plot);
  window.addEventListener("resize", later(() => plots.forEach((plot) => draw(plot))));
  // Paper is narrower than most windows, and the page is laid out anew only after the picture is taken.
  window.addEventListener("beforeprint", () => plots.forEach((plot) => draw(plot, 680)));
  window.addEventListener("afterprint", () => plots.forEach((plot) => draw(plot)));
  document.documentElement.dataset.drawn = "yes";

  async function load() {
    const packed = Uint8Array.from(atob(document.getElementById("library").textContent), (letter) => letter.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script");
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    document.getElementById("library").remove();
    if (!window.Plotly) throw new Error("no library");
  }

  function later(act) {
    let timer;
    return () => { clearTimeout(timer); timer = setTimeout(act, 150); };
  }

  async function draw(plot, width) {
    const place = places.get(plot.id);
    if (!place) return;
    const room = width ?? place.clientWidth;
    await window.Plotly.react(place, traces(plot), layout(plot, room), {
      displaylogo: false,
      displayModeBar: room < 480 ? false : "hover",
      modeBarButtons: [["toImage", "resetScale2d"]],
      toImageButtonOptions: { filename: plot.id, scale: 2 },
    });
    place.classList.remove("drawing");
  }

  /** Text that Plotly must not read as its markup. */
  function plain(text) {
    return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  }

  function traces(plot) {
    const seen = new Map();
    let own = 0;
    const named = plot.series.filter((series) => !fitted(plot, series));
    // One series a server: the server decides the dash; several: their order within the server does.
    const alone = new Set(named.map((series) => series.server)).size === named.length;
    const looks = new Map();
    return plot.series.map((series) => {
      const of = series.server;
      const dots = fitted(plot, series);
      if (looks.has(dots)) return { ...trace(plot, series, ...looks.get(dots)), mode: "lines", showlegend: false, legendgroup: plain(dots.name) };
      const nth = seen.get(of) ?? 0;
      seen.set(of, nth + 1);
      const color = of == null ? OWN[own++ % OWN.length] : HUES[of % HUES.length];
      const look = [color, of == null ? nth : alone ? of : nth];
      looks.set(series, look);
      return { ...trace(plot, series, ...look), legendgroup: plain(series.name) };
    });
  }

  /** The dots that a line is fitted to: of the same server, and their name begins the line's. */
  function fitted(plot, line) {
    if (line.kind !== "line") return undefined;
    return plot.series.find((dots) => dots.kind === "dots" && dots.server === line.server && line.name.startsWith(dots.name));
  }

  function trace(plot, series, color, nth) {
    const points = series.points.filter((at) => at.y != null && (!plot.y.log || at.y > 0) && at.x != null);
    const least = floor(plot);
    const gap = (at, end) => (at[end] == null ? 0 : Math.abs((end === "low" ? Math.max(at.low, least) : at.high) - at.y));
    const spread = points.some((at) => at.low != null || at.high != null);
    const common = {
      name: plain(series.name),
      x: points.map((at) => (typeof at.x === "string" ? plain(at.x) : at.x)),
      y: points.map((at) => at.y),
      customdata: points.map(told),
      hovertemplate: "%{x}: %{customdata}<extra>%{fullData.name}</extra>",
      showlegend: plot.series.length > 1,
      ...(spread && {
        error_y: {
          type: "data", symmetric: false, thickness: 1.5, width: series.kind === "line" ? 3 : 5,
          array: points.map((at) => gap(at, "high")), arrayminus: points.map((at) => gap(at, "low")),
          color: series.kind === "bars" ? INK : color,
        },
      }),
    };
    if (series.kind === "bars") {
      return { ...common, type: "bar", marker: { color, line: { color: "#fff", width: 1 }, pattern: { shape: plot.stacked ? "" : PATTERNS[nth % PATTERNS.length], solidity: .2, fgcolor: "#fff", fgopacity: .7, size: 7, fillmode: "overlay" } } };
    }
    const crowded = points.length > 60;
    const mode = series.kind === "dots" ? "markers" : crowded ? "lines" : "lines+markers";
    return {
      ...common, type: "scatter", mode,
      line: { color, dash: DASHES[nth % DASHES.length], width: 2.5 },
      marker: { color, symbol: MARKERS[nth % MARKERS.length], size: series.kind === "dots" && crowded ? 5 : 9, opacity: series.kind === "dots" && crowded ? .65 : 1, line: { color: "#fff", width: 1 } },
    };
  }

  function told(at) {
    const between = at.low == null || at.high == null ? "" : ` (${figures(at.low)} to ${figures(at.high)})`;
    return `${figures(at.y)}${between}${at.note ? `<br>${plain(at.note)}` : ""}`;
  }

  function figures(value) {
    return value === 0 ? "0" : Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 6 });
  }

  /** Below it an interval's end on a logarithmic axis would take the plot's whole height. */
  function floor(plot) {
    if (!plot.y.log) return -Infinity;
    const ys = plot.series.flatMap((series) => series.points).map((at) => at.y).filter((y) => y > 0);
    return Math.min(...ys) / 3;
  }

  function layout(plot, room) {
    const narrow = room < 480;
    const points = plot.series.flatMap((series) => series.points);
    const named = points.some((at) => typeof at.x === "string");
    const bars = plot.series.some((series) => series.kind === "bars");
    const xs = points.map((at) => at.x).filter((x) => x != null);
    const ys = points.flatMap((at) => [at.y, at.low, at.high]).filter((y) => y != null && (!plot.y.log || y > floor(plot)));
    const height = narrow ? 330 : room > 800 ? 420 : 370;
    const rows = plot.series.length > 1 ? legendRows(plot, room) : 0;
    const top = 34 + 21 * rows;
    const axis = { gridcolor: GRID, linecolor: SOFT, zerolinecolor: "#c3ccd6", tickcolor: SOFT, automargin: true, tickfont: { size: narrow ? 11 : 12.5 } };
    return {
      height: height + 21 * rows,
      width: room,
      font: { family: FONT, size: narrow ? 12 : 13, color: INK },
      paper_bgcolor: "#fff", plot_bgcolor: "#fff",
      margin: { l: 8, r: 14, t: top, b: 8 },
      // Dots of several servers at one name stand beside each other.
      scattermode: named && plot.series.every((series) => series.kind === "dots") ? "group" : "overlay", scattergap: .5,
      barmode: plot.stacked ? "stack" : "group", bargap: .25, bargroupgap: .08,
      dragmode: narrow ? false : "zoom",
      hoverlabel: { bgcolor: "#fff", bordercolor: SOFT, font: { family: FONT, size: 13, color: INK } },
      legend: { orientation: "h", x: 0, xanchor: "left", xref: "container", y: 1, yref: "container", yanchor: "top", font: { size: narrow ? 12 : 13 }, traceorder: "normal", tracegroupgap: 0, itemsizing: "constant" },
      xaxis: {
        ...axis,
        title: { text: plain(plot.x.title), standoff: 8, font: { size: 13, color: SOFT } },
        ...(named ? { type: "category", categoryorder: "array", categoryarray: [...new Set(xs.map((x) => plain(x)))], showgrid: false, tickangle: "auto" } : scaled(plot.x, xs, plot.lines.filter((line) => !line.horizontal), bars, true)),
      },
      yaxis: { ...axis, ...(plot.stacked ? { rangemode: "tozero" } : scaled(plot.y, ys, plot.lines.filter((line) => line.horizontal), bars, false)) },
      // The title of the y axis lies above it: nobody turns their head.
      annotations: [
        { text: plain(plot.y.title), xref: "paper", yref: "paper", x: 0, y: 1, xanchor: "left", yanchor: "bottom", yshift: 8, showarrow: false, align: "left", font: { size: 13, color: SOFT } },
        ...plot.lines.map((line) => label(plot, line)),
      ],
      shapes: plot.lines.map(across),
    };
  }

  /** Rows that the legend will need, by the length of its words. */
  function legendRows(plot, room) {
    const named = plot.series.filter((series) => !fitted(plot, series));
    const longest = Math.max(...named.map((series) => series.name.length)) * 7.2 + 60;
    return Math.ceil(named.length / Math.max(1, Math.floor(room / longest)));
  }

  function across({ horizontal, at }) {
    const ends = horizontal ? { xref: "paper", x0: 0, x1: 1, y0: at, y1: at } : { yref: "paper", y0: 0, y1: 1, x0: at, x1: at };
    return { type: "line", ...ends, line: { color: SOFT, width: 1.5, dash: "dash" } };
  }

  /** A line's name, at the end of the line where there is less in its way. */
  function label(plot, { horizontal, at, name }) {
    const place = (axis) => (axis.log ? Math.log10(at) : at);
    const look = { text: plain(name), showarrow: false, bgcolor: "rgba(255,255,255,.8)", borderpad: 1, font: { size: 12, color: SOFT } };
    if (!horizontal) return { ...look, x: place(plot.x), yref: "paper", y: 1, xanchor: "right", yanchor: "top", xshift: -3 };
    const apart = (y) => Math.abs(plot.y.log ? Math.log(y / at) : y - at);
    const nearest = (points) => Math.min(...points.filter(Boolean).map((point) => apart(point.y)));
    const end = nearest(plot.series.map((series) => series.points.at(-1))) > nearest(plot.series.map((series) => series.points[0]));
    const side = end ? { x: 1, xanchor: "right" } : { x: 0, xanchor: "left", xshift: 4 };
    return { ...look, ...side, xref: "paper", y: place(plot.y), yanchor: "bottom" };
  }

  /** Range and ticks of an axis of numbers: lines that are near are in sight, ticks of a logarithmic axis are round. */
  function scaled(axis, values, lines, bars, across) {
    let [from, to] = [Math.min(...values), Math.max(...values)];
    if (!Number.isFinite(from)) return {};
    const reach = (axis.log ? to / Math.max(from, 1e-12) : to - from) || 1;
    for (const { at } of lines) {
      const near = axis.log ? at > from / Math.max(reach, 3) && at < to * Math.max(reach, 3) : at > from - 1.5 * reach && at < to + 1.5 * reach;
      if (near) [from, to] = [Math.min(from, at), Math.max(to, at)];
    }
    if (axis.log) return logarithmic(from, to, across ? [...new Set(values)].sort((a, b) => a - b) : []);
    const room = (to - from) * .06 || Math.abs(to) * .1 || 1;
    if (!across && from >= 0 && (bars || from < to / 2)) return { range: [0, to + room] };
    if (across && bars) return {};
    const share = from >= 0 && to <= 1;
    return { range: [from - room < 0 && from >= 0 ? 0 - room / 2 : from - room, share ? Math.min(to + room, 1 + room / 2) : to + room] };
  }

  function logarithmic(from, to, own) {
    from = Math.max(from, 1e-12);
    const decades = Math.log10(to / from);
    const room = Math.max(decades * .06, .03);
    const steps = decades > 2.5 ? [1] : decades > 1.2 ? [1, 3] : decades > .6 ? [1, 2, 5] : decades > .25 ? [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 9] : null;
    const ends = [Math.log10(from) - room, Math.log10(to) + room];
    let ticks = own.length <= 9 ? own : [];
    if (ticks.length === 0 && steps) {
      for (let power = Math.floor(ends[0]); power <= ends[1]; power += 1) ticks.push(...steps.map((step) => step * 10 ** power));
    }
    if (ticks.length === 0) {
      const [low, high] = ends.map((end) => 10 ** end);
      const step = niceStep((high - low) / 6);
      for (let at = Math.ceil(low / step) * step; at <= high; at += step) ticks.push(Number(at.toPrecision(6)));
    }
    return { type: "log", range: ends, tickvals: ticks, ticktext: ticks.map(tick) };
  }

  /** In full, as ticks are round or a setting's own numbers; of bytes only thousands and millions. */
  function tick(at) {
    const many = at >= 10_000 ? { notation: "compact" } : {};
    return at.toLocaleString("en", { maximumSignificantDigits: 5, ...many });
  }

  function niceStep(step) {
    const power = 10 ** Math.floor(Math.log10(step));
    return [1, 2, 5, 10].map((factor) => factor * power).find((round) => round >= step);
  }
})();
