// Charts, one per series: drawn when they come into view, and again when the range or the theme changes.

import { bandOutline, bucketsOf, lonelyValues, meanLine, rectangles, valueLine } from "./curves.js";
import { channelsOf, data, eventTimes, flagRuns, labelRuns, pointTimes } from "./data.js";
import { axis, baseLayout, byId, color, count, counting, element, percent, plotConfig, swatch, timeHover } from "./elements.js";
import { reset, setRange, timeOf, view } from "./range.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const charts = []; // {number, figure, plot, state: "waiting" | "drawn" | "stale", visible}

/** The range of y that shows what `view.height` asks for. */
function heightOf(buckets, line) {
  const known = buckets.filter(({ lower, upper }) => Number.isFinite(lower) && Number.isFinite(upper));
  const around = view.height === "band" && known.length > 0;
  const numbers = around ? [] : line.y.filter((value) => value !== null);
  let low = numbers.reduce((a, b) => Math.min(a, b), Infinity);
  let high = numbers.reduce((a, b) => Math.max(a, b), -Infinity);
  if (around) { // without the few rows where the network is unsure and the band very wide
    const lowest = known.map(({ lower }) => lower).sort((a, b) => a - b);
    const highest = known.map(({ upper }) => upper).sort((a, b) => a - b);
    low = lowest[Math.floor(0.02 * (known.length - 1))];
    high = highest[Math.ceil(0.98 * (known.length - 1))];
  } else {
    for (const { lower, upper } of known) {
      low = Math.min(low, lower);
      high = Math.max(high, upper);
    }
  }
  if (low > high) return [0, 1];
  const margin = (high - low) * (around ? 0.5 : 0.06) || Math.abs(high) * 0.05 || 1;
  // Space below for the strip of flags.
  return [low - 1.6 * margin, high + margin];
}

function chartTraces(number, buckets, line, [bottom, top]) {
  const channels = channelsOf(number);
  const strip = { yaxis: "y", type: "scatter", mode: "none", fill: "toself", hoverinfo: "skip" };
  const curve = { yaxis: "y2", type: "scatter", mode: "lines" };
  const traces = [];
  if (labelRuns) {
    traces.push({
      ...strip, name: "labeled", ...rectangles(labelRuns[number], view.from, view.to, 0, 1),
      fillcolor: color("label-fill"),
      fillpattern: { shape: "/", size: 9, solidity: 0.1, fgcolor: color("label"), bgcolor: color("label-fill") },
    });
  }
  traces.push({
    ...strip, name: "flagged rows", ...rectangles(flagRuns[number], view.from, view.to, 0, 0.035), fillcolor: color("flag"),
  });
  traces.push({
    ...curve, name: "band", ...bandOutline(buckets), mode: "none", fill: "toself", fillcolor: color("band"), hoverinfo: "skip",
  });
  traces.push({
    ...curve, name: "expected", ...meanLine(buckets), line: { color: color("mean"), width: 1.2, dash: "dot" },
    hovertemplate: "expected %{y:.6~g}<br>band %{customdata[0]:.6~g} to %{customdata[1]:.6~g}<extra></extra>",
  });
  const sparse = buckets.length <= 120;
  traces.push({
    ...curve, name: "value", ...line, mode: sparse ? "lines+markers" : "lines",
    line: { color: color("value"), width: 1.4 }, marker: { size: 4, color: color("value") },
    hovertemplate: "value %{y:.6~g}<extra></extra>",
  });
  const lonely = lonelyValues(line);
  if (lonely.x.length && !sparse) {
    traces.push({ ...curve, name: "single values", ...lonely, mode: "markers", marker: { size: 4, color: color("value") }, hoverinfo: "skip" });
  }
  for (const [side, channel, symbol] of [["above", channels.high, "triangle-up"], ["below", channels.low, "triangle-down"]]) {
    const places = buckets.map((bucket) => bucket[side]).filter((place) => place >= 0);
    if (!places.length) continue;
    traces.push({
      ...curve, name: `flagged ${side}`, mode: "markers",
      x: places.map((place) => pointTimes[place]),
      // Marks of values beyond the shown height stay at its edge.
      y: places.map((place) => Math.min(Math.max(channel[place], bottom), top)),
      customdata: places.map((place) => channel[place]),
      marker: { symbol, size: 9, color: color("flag"), line: { width: 1, color: color("surface") } },
      hovertemplate: `flagged: ${side} the band, %{customdata:.6~g}<extra></extra>`,
      cliponaxis: false,
    });
  }
  return traces;
}

/** A frame around the chosen event. */
export const eventFrame = () => [{
  type: "rect", xref: "x", yref: "paper", y0: 0, y1: 1, layer: "above",
  x0: eventTimes.start[view.event] - data.step / 2, x1: eventTimes.end[view.event] + data.step / 2,
  line: { color: color("accent"), width: 1.5, dash: "dash" },
}];

function drawChart(chart) {
  const channels = channelsOf(chart.number);
  const buckets = bucketsOf(channels, view.from, view.to);
  const line = valueLine(buckets, channels);
  const height = heightOf(buckets, line);
  const shapes = view.event !== null && data.events.series[view.event].includes(chart.number) ? eventFrame() : [];
  const layout = {
    ...baseLayout(),
    hovermode: "x unified",
    dragmode: "zoom",
    shapes,
    xaxis: axis({ type: "date", range: [view.from, view.to], anchor: "y", hoverformat: timeHover }),
    // Strips lie on an axis of their own, from 0 to 1, under the curves.
    // Types are given, for plotly cannot guess them from a trace without points.
    yaxis: { type: "linear", range: [0, 1], fixedrange: true, visible: false },
    yaxis2: axis({ type: "linear", range: height, fixedrange: true, overlaying: "y", side: "left", tickmode: "auto", nticks: 6 }),
  };
  const fresh = chart.state === "waiting";
  chart.plot.removeAttribute("style");
  Plotly.react(chart.plot, chartTraces(chart.number, buckets, line, height), layout, plotConfig);
  if (fresh) {
    chart.plot.on("plotly_relayout", (changed) => {
      const range = changed["xaxis.range"] ?? [changed["xaxis.range[0]"], changed["xaxis.range[1]"]];
      if (range[0] !== undefined) setRange(...range.map(timeOf));
    });
    chart.plot.on("plotly_doubleclick", reset);
  }
  setState(chart, "drawn");
}

function setState(chart, state) {
  chart.state = state;
  chart.figure.dataset.state = state;
  chart.figure.classList.toggle("began", view.event !== null && data.events.series[view.event][0] === chart.number);
}

// Charts in view are drawn one per frame, so that the page stays responsive.
let drawing = false;
function drawWhatIsVisible() {
  if (drawing) return;
  const next = charts.find((chart) => chart.visible && chart.state !== "drawn");
  if (!next) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    drawChart(next);
    drawWhatIsVisible();
  });
}

export function allStale() {
  for (const chart of charts) if (chart.state === "drawn") setState(chart, "stale");
  drawWhatIsVisible();
}

export function scrollToChart(number) {
  charts[number].figure.scrollIntoView({ behavior: calm.matches ? "auto" : "smooth", block: "start" });
}

export function setUpCharts() {
  const hints = ["Drag across a chart to zoom all of them, hold Shift and drag to move, double-click to see everything."];
  if (data.rows_per_point > 1) {
    hints.push(`So that this page stays small, each point stands for ${count(data.rows_per_point, "row")}: smallest and ` +
      "largest value, widest band. Spikes are all there; exact values are in the CSVs.");
  }
  for (const [what, runs] of [["Flagged", data.flags], ["Labeled", data.labels]]) {
    if (runs && runs.rows > 1) hints.push(`${what} stretches are too many to keep each, and are rounded to ${runs.rows} rows.`);
  }
  byId("charts-note").textContent = hints.join(" ");
  byId("legend").append(
    element("li", {}, swatch('<path d="M1 9 L8 4 L16 10 L25 5" fill="none" stroke="var(--value)" stroke-width="1.8"/>'), "value"),
    element("li", {}, swatch('<path d="M1 7 H25" stroke="var(--mean)" stroke-width="1.6" stroke-dasharray="2 3"/>'), "expected value"),
    element("li", {}, swatch('<rect x="1" y="1" width="24" height="12" fill="var(--band)"/>'), "band"),
    element("li", {}, swatch('<path d="M2 11 L7 3 L12 11 Z M14 3 L24 3 L19 11 Z" fill="var(--flag)"/>'), "flagged above, below"),
    element("li", {}, swatch('<rect x="1" y="9" width="24" height="3" fill="var(--flag)"/>'), "flagged rows"));
  if (labelRuns) {
    byId("legend").append(element("li", {}, swatch('<rect x="1" y="1" width="24" height="12" fill="var(--label-fill)"/>' +
      '<path d="M2 13 L10 1 M9 13 L17 1 M16 13 L24 1" stroke="var(--label)" stroke-width="1.4"/>'), "labeled as anomaly"));
  }
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) charts[target.dataset.number].visible = isIntersecting;
    drawWhatIsVisible();
  }, { rootMargin: "200px 0px" });
  data.series.forEach((name, number) => {
    const judged = data.heat.judged[number].reduce((a, b) => a + b, 0);
    const flagged = data.flags.cells[number];
    const [down, up] = data.bands[number];
    const about = [`${counting.format(flagged)} of ${count(judged, "cell")} flagged` + (judged ? ` (${percent(flagged / judged)})` : "")];
    if (!judged) about[0] = "no value in this file";
    if (down !== null && up !== null) about.push(`band −${Number(down.toPrecision(4))} to +${Number(up.toPrecision(4))} sigmas`);
    const plot = element("div", { class: "plot", id: `plot-${number}`, role: "img", "aria-label": `Chart of ${name}` });
    const figure = element("figure", { class: "chart", id: `chart-${number}`, "data-number": number, "data-state": "waiting" },
      element("figcaption", {}, element("h3", { title: name }, name), ...about.map((text) => element("span", {}, text))), plot);
    byId("chart-list").append(figure);
    charts.push({ number, figure, plot, state: "waiting", visible: false });
    observer.observe(figure);
  });
  // Before printing, charts that were not in view yet are drawn.
  window.addEventListener("beforeprint", () => charts.filter(({ state }) => state !== "drawn").forEach(drawChart));
}
