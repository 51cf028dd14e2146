// Scores of both runs under each other, on one axis of time.

import { bucketsOf, stretches, tableOf } from "../shared/curves.js";
import { byId, element, legendEntry } from "../shared/elements.js";
import { rounded, timeText } from "../shared/formats.js";
import { fillStretches, frame, level, makePlot } from "../shared/plot.js";
import { color } from "../shared/theme.js";
import { powerText, powerTicks } from "../shared/ticks.js";
import { data, runs } from "./data.js";

const margin = Math.max((data.span[1] - data.span[0]) * 0.01, runs[0].step);
const whole = [data.span[0] - margin, data.span[1] + margin];
const view = { range: whole, chosen: null };
const plots = [];

/** Show a range of time in both charts, with a frame around a part of it. */
export function showTimes(from, to, chosen = null) {
  const least = 4 * runs[0].step;
  const middle = (from + to) / 2;
  const width = Math.max(to - from, least);
  view.range = [Math.max(middle - width / 2, whole[0]), Math.min(middle + width / 2, whole[1])];
  view.chosen = chosen;
  drawScores();
}

const reset = () => showTimes(...whole);

function heightOfScore(table, limit) {
  const known = table.value.filter((power) => power !== null).sort((a, b) => a - b);
  const numbers = [known[Math.floor(0.02 * known.length)], known.at(-1), limit > 0 ? Math.log10(limit) : undefined].filter((power) => power !== undefined);
  if (!numbers.length) return [-1, 1];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const more = Math.max(0.06 * (high - low), 0.1);
  return [low - more, high + more];
}

export function drawScores() {
  byId("range").value = `${timeText(Math.max(view.range[0], data.span[0]))} to ${timeText(Math.min(view.range[1], data.span[1]))}`;
  plots.forEach((plot, place) => {
    const { points, channels, limit } = runs[place];
    const { time, value } = tableOf(points, bucketsOf(points, channels, ...view.range), channels);
    const range = heightOfScore({ value }, limit);
    // Scores below the axis stay at its edge, where they are seen to be small.
    const drawn = value.map((power) => power && Math.max(power, range[0]));
    plot.show({ table: { time, value: drawn }, x: view.range, y: range });
    plot.exact = value;
  });
}

function addPlot(run, place) {
  const holder = element("div", { class: "plot", id: `score-plot-${place}`, role: "img", "aria-label": `Chart of the score of ${run.title}, its limit and its alarms` });
  byId("score-plots").append(element("figure", {}, element("figcaption", {}, `${place ? "Second" : "First"}: ${run.title}`), holder));
  const beneath = (u, plot) => {
    const within = { from: view.range[0], to: view.range[1], step: run.step };
    const alarms = stretches(run.alarms, within);
    fillStretches(u, plot, "not judged", stretches(run.unjudged, within), color("unjudged"));
    fillStretches(u, plot, "in alarm", alarms, color("alarm"));
    fillStretches(u, plot, "rows in alarm", alarms, color("flag"), 0, 0.03);
  };
  const above = (u, plot) => {
    if (run.limit > 0) level(u, plot, Math.log10(run.limit), "flag", 1.6);
    if (view.chosen) frame(u, ...view.chosen);
  };
  const plot = makePlot(holder, {
    height: 170,
    series: [{ stroke: () => color("value"), points: { fill: () => color("value") } }],
    y: { splits: (_u, _axis, low, high) => powerTicks(low, high, 6), values: (_, powers) => powers.map(powerText), size: 52 },
    before: beneath, after: above, reset, zoomed: (from, to) => showTimes(from, to), moved: (from, to) => showTimes(from, to),
    tip: (at, { time }) => (plot.exact[at] === null ? null : [timeText(time[at]), `score ${powerText(plot.exact[at])}`]),
  });
  plots.push(plot);
}

export function setUpScores() {
  runs.forEach(addPlot);
  byId("legend").append(legendEntry("value", "score"), legendEntry("alarm", "in alarm"));
  const limits = runs.map(({ limit }) => (limit > 0 ? rounded(limit) : "none: the series decide"));
  byId("legend").append(legendEntry("limit", limits[0] === limits[1] ? `limit ${limits[0]}` : `limit: first ${limits[0]}, second ${limits[1]}`));
  if (runs.some(({ unjudged }) => unjudged.length)) byId("legend").append(legendEntry("unjudged", "not judged"));
  byId("reset").addEventListener("click", reset);
  drawScores();
}
