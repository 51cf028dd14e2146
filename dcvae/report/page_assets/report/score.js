// Score of the system over time: its limit, its alarms, what another limit would have raised, and its references.

import { bucketsOf, stretches, tableOf } from "../shared/curves.js";
import { unpackTimes } from "../shared/decode.js";
import { button, byId, element, legendEntry } from "../shared/elements.js";
import { count, rounded, timeText } from "../shared/formats.js";
import { fillStretches, frame, level, makePlot } from "../shared/plot.js";
import { color } from "../shared/theme.js";
import { powerText, powerTicks } from "../shared/ticks.js";
import { alarmRuns, data, eventAt, eventTimes, notJudgedRuns, points, scoreChannels } from "./data.js";
import { reset, setRange, view } from "./range.js";

const limit = data.score.limit; // null where series decide
const lowerLimit = data.score.lower;
const follows = "reference" in data.score.channels;
const others = data.other_limits; // null where there is no limit to move
const tried = { place: others?.chosen ?? 0, runs: new Map() };
let scorePlot = null;
let referencePlot = null;

const isInUse = () => !others || tried.place === others.chosen;

function triedRuns() {
  if (isInUse()) return alarmRuns;
  if (!tried.runs.has(tried.place)) tried.runs.set(tried.place, unpackTimes(others.runs.series[tried.place]));
  return tried.runs.get(tried.place);
}

/** The range of the axis, in powers of ten: limit and largest score within, and not all of the smallest. */
function scoreRange({ value }) {
  const known = Float64Array.from(value.filter((power) => power !== null)).sort();
  const marks = [limit, lowerLimit, isInUse() ? null : others.limits[tried.place]].filter((number) => number > 0).map(Math.log10);
  const numbers = [known[Math.floor(0.02 * known.length)], known.at(-1), ...marks].filter((power) => power !== undefined);
  if (!numbers.length) return [-1, 1];
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  const margin = Math.max(0.06 * (high - low), 0.1);
  return [low - margin, high + margin];
}

const powersAxis = (most) => ({
  splits: (_u, _axis, low, high) => powerTicks(low, high, most), values: (_, powers) => powers.map(powerText), size: 52,
});

function beneath(u, plot) {
  const within = { from: view.from, to: view.to, step: data.step };
  const alarms = stretches(triedRuns(), within);
  fillStretches(u, plot, "not judged", stretches(notJudgedRuns, within), color("unjudged"));
  fillStretches(u, plot, "in alarm", alarms, color("alarm"));
  fillStretches(u, plot, "rows in alarm", alarms, color("flag"), 0, 0.03);
}

function above(u, plot) {
  if (isInUse()) {
    if (limit > 0) level(u, plot, Math.log10(limit), "flag", 1.6);
    if (lowerLimit > 0 && lowerLimit < limit) level(u, plot, Math.log10(lowerLimit), "flag", 1, [6, 4]);
  } else {
    level(u, plot, Math.log10(limit), "flag", 1, [2, 3]);
    level(u, plot, Math.log10(others.limits[tried.place]), "flag", 1.6);
  }
  if (view.event !== null) frame(u, eventTimes.start[view.event] - data.step / 2, eventTimes.end[view.event] + data.step / 2);
}

const powerWords = (power) => `${powerText(power)} ${data.score.unit}`.trim();

export function drawScore() {
  if (!scorePlot) return;
  const buckets = bucketsOf(points, scoreChannels(), view.from, view.to);
  const { time, value, mean } = tableOf(points, buckets, scoreChannels());
  const range = scoreRange({ value });
  // Scores below the axis stay at its edge, where they are seen to be small.
  const drawn = value.map((power) => power && Math.max(power, range[0]));
  scorePlot.show({ table: { time, value: drawn }, x: [view.from, view.to], y: range });
  scorePlot.exact = value;
  if (!referencePlot) return;
  const highest = mean.reduce((a, b) => Math.max(a, b ?? 0), Math.log10(2));
  referencePlot.show({ table: { time, mean }, x: [view.from, view.to], y: [-0.04, highest * 1.1] });
}

const clickedEvent = (time) => eventAt(time, (view.to - view.from) / 400);

function tip(place, { time }) {
  if (scorePlot.exact[place] === null) return null;
  const event = clickedEvent(time[place]);
  return [timeText(time[place]), powerWords(scorePlot.exact[place]), ...(event === null ? [] : [`event ${data.events.event[event]}: click to open it`])];
}

function setUpReference() {
  const details = byId("score-details");
  if (!follows) {
    byId("reference-body").remove();
    return;
  }
  details.addEventListener("toggle", () => {
    if (!details.open || referencePlot) return;
    referencePlot = makePlot(byId("reference-plot"), {
      height: 130, series: [{ stroke: () => color("mean"), width: 1.2 }],
      y: powersAxis(4), zoomed: setRange, reset, moved: setRange,
      tip: (place, { time, mean }) => (mean[place] === null ? null : [timeText(time[place]), `references ${powerText(mean[place])} times the trained ones`]),
    });
    drawScore();
  });
}

function setUpLimits() {
  if (!others) {
    byId("limits").replaceChildren(element("p", { class: "note" }, data.no_other_limits));
    byId("limit-note").remove();
    return;
  }
  if (others.runs.rows > 1) byId("limit-note").append(` Counts are exact; as drawn, alarms of other limits are rounded to ${others.runs.rows} rows.`);
  const slider = byId("limit");
  const back = button("Back to the limit in use", () => tell(others.chosen), { id: "limit-back" });
  byId("limits").append(back);
  slider.max = others.limits.length - 1;
  // The verdict counts level shifts apart; of another limit it is not known which there are.
  const shifts = data.events.kind.names.some((kind) => kind !== "incident") ? ", level shifts included" : "";
  const tell = (place) => {
    tried.place = place;
    slider.value = place;
    const words = (isInUse() ? `${rounded(limit)}, in use: ${count(others.counts[place], "alarm")}`
      : `${rounded(others.limits[place])} would have raised ${count(others.counts[place], "alarm")}; ${rounded(limit)}, in use, raised ${others.counts[others.chosen]}`) + shifts;
    byId("limit-words").value = words;
    slider.setAttribute("aria-valuetext", words);
    back.hidden = isInUse();
    drawScore();
  };
  slider.addEventListener("input", () => tell(Number(slider.value)));
  tell(others.chosen);
}

/** Set up the chart; `open` is called with the place of an event whose alarm is clicked. */
export function setUpScore(open) {
  byId("score-note").textContent = data.score.note;
  if (data.score.states.cells[1] >= data.rows) {
    byId("score-body").replaceChildren(element("p", { class: "empty" }, "No row of this file was judged, so there is nothing to draw."));
    return;
  }
  const list = byId("score-legend");
  list.append(legendEntry("value", data.score.unit ? `score, ${data.score.unit}` : "score"));
  if (limit > 0) list.append(legendEntry("limit", `limit: above ${rounded(limit)} an alarm begins`));
  if (lowerLimit > 0 && lowerLimit < limit) list.append(legendEntry("lower", `at ${rounded(lowerLimit)} it ends`));
  list.append(legendEntry("alarm", "in alarm"));
  if (notJudgedRuns.length) list.append(legendEntry("unjudged", "not judged"));
  scorePlot = makePlot(byId("score-plot"), {
    height: 170,
    series: [{ stroke: () => color("value"), points: { fill: () => color("value") } }],
    y: powersAxis(6), before: beneath, after: above, tip, zoomed: setRange, moved: setRange, reset,
    clicked: (time) => {
      const event = clickedEvent(time);
      if (event !== null) open(event);
    },
  });
  setUpReference();
  setUpLimits();
  drawScore();
}
