// Charts of all series: drawn when they come into view, and again when the range or the theme changes.

import { byId, element, legendEntry } from "../shared/elements.js";
import { count, grouped, percent } from "../shared/formats.js";
import { data, labelRuns, titledUnit, titleOf } from "./data.js";
import { missedRunsOf } from "../events/marks.js";
import { reset, setRange, view } from "./range.js";
import { seriesPlot } from "./series_plot.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const charts = []; // {number, figure, holder, plot, state: "waiting" | "drawn" | "stale", visible}

const ofChosenEvent = (number) => (view.event !== null && data.events.series[view.event].includes(number) ? view.event : null);

function drawChart(chart) {
  const { number, holder } = chart;
  chart.plot ??= seriesPlot(holder, number, {
    height: 230, framed: () => ofChosenEvent(number), missed: () => missedRunsOf(number), zoomed: setRange, moved: setRange, reset,
  });
  chart.plot.draw(view.from, view.to, view.height === "band");
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

function captionOf(number) {
  const observed = data.heat.judged[number].reduce((a, b) => a + b, 0);
  const flagged = data.flags.cells[number];
  const [down, up] = data.bands[number];
  const about = [`${grouped(flagged)} of ${count(observed, "value")} ${data.has_bands ? "outside the band" : "flagged"}` + (observed ? ` (${percent(flagged / observed)})` : "")];
  if (!observed) about[0] = "no value in this file";
  if (data.has_bands && down !== null && up !== null) about.push(`band −${Number(down.toPrecision(4))} to +${Number(up.toPrecision(4))} sigmas`);
  if (titleOf(number) !== data.series[number]) about.unshift(data.series[number]);
  return about;
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
  byId("legend").append(legendEntry("value", "value"));
  if (data.expects) byId("legend").append(legendEntry("mean", "expected value"));
  if (data.has_bands) byId("legend").append(legendEntry("band", "band"), legendEntry("marks", "outside the band: above, below"));
  byId("legend").append(legendEntry("flagged", data.has_bands ? "rows outside the band" : "flagged rows"));
  if (labelRuns) byId("legend").append(legendEntry("label", "labeled as anomaly"));
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) charts[target.dataset.number].visible = isIntersecting;
    drawWhatIsVisible();
  }, { rootMargin: "200px 0px" });
  data.series.forEach((name, number) => {
    const holder = element("div", { class: "plot", id: `plot-${number}`, role: "img", "aria-label": `Chart of ${titleOf(number)}` });
    const figure = element("figure", { class: "chart", id: `chart-${number}`, "data-number": number, "data-state": "waiting" },
      element("figcaption", {}, element("h3", { title: name }, titledUnit(number)), ...captionOf(number).map((text) => element("span", {}, text))), holder);
    byId("chart-list").append(figure);
    charts.push({ number, figure, holder, plot: null, state: "waiting", visible: false });
    observer.observe(figure);
  });
  // Before printing, charts that were not in view yet are drawn.
  window.addEventListener("beforeprint", () => charts.filter(({ state }) => state !== "drawn").forEach(drawChart));
}
