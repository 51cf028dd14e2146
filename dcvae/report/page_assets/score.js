// Score of the system over time: its limit, its alarms, and how far the references have moved.

import { eventFrame } from "./charts.js";
import { bucketsOf, lonelyValues, meanLine, rectangles, valueLine } from "./curves.js";
import { alarmRuns, data, notJudgedRuns, pointTimes, scoreChannels } from "./data.js";
import { axis, baseLayout, byId, color, element, plotConfig, rounded, swatch, timeHover } from "./elements.js";
import { reset, setRange, timeOf, view } from "./range.js";

const scorePlot = byId("score-plot");
const limit = data.score.limit; // null where series decide
const lowerLimit = data.score.lower;
const follows = "reference" in data.score.channels;

let unpacked = null;

/** The channels that buckets are made of: there is no band here, and no flag of a point. */
function channels() {
  if (!unpacked) {
    const { low, high, reference } = scoreChannels();
    unpacked = { low, high, mean: reference ?? low, lower: low, upper: high, flagged: new Uint8Array(pointTimes.length) };
  }
  return unpacked;
}

/** Round numbers to mark on an axis of powers of ten: not more than some. */
function marksBetween(low, high, most) {
  const powers = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) powers.push(power);
  const shown = (numbers) => numbers.filter((number) => Math.log10(number) >= low - 1e-9 && Math.log10(number) <= high + 1e-9);
  const fine = (digits) => shown(powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`))));
  for (const digits of [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 5], [1, 3], [1]]) if (fine(digits).length <= most) return fine(digits);
  const tens = fine([1]);
  return tens.filter((_, place) => place % Math.ceil(tens.length / most) === 0);
}

const powersAxis = (low, high, most, more) => {
  const marks = marksBetween(low, high, most);
  return axis({ type: "log", range: [low, high], fixedrange: true, tickvals: marks, ticktext: marks.map(rounded), ...more });
};

/** The range of the axis, in powers of ten: limit and largest score within, and not all of the smallest. */
function scoreRange(line) {
  const known = line.y.filter((value) => value !== null).sort((a, b) => a - b);
  const numbers = [known[Math.floor(0.02 * known.length)], known.at(-1), limit, lowerLimit].filter((number) => number > 0);
  if (!numbers.length) return [-1, 1];
  const [low, high] = [Math.log10(Math.min(...numbers)), Math.log10(Math.max(...numbers))];
  const margin = Math.max(0.06 * (high - low), 0.1);
  return [low - margin, high + margin];
}

function scoreTraces(line, references, [bottom]) {
  const strip = { yaxis: "y", type: "scatter", mode: "none", fill: "toself", hoverinfo: "skip" };
  const curve = { yaxis: "y2", type: "scatter", mode: "lines" };
  const level = (name, height, dash, width) => ({
    ...curve, name, x: [view.from, view.to], y: [height, height], hoverinfo: "skip", line: { color: color("flag"), width, dash },
  });
  const traces = [
    { ...strip, name: "not judged", ...rectangles(notJudgedRuns, view.from, view.to, 0, 1), fillcolor: color("unjudged") },
    { ...strip, name: "in alarm", ...rectangles(alarmRuns, view.from, view.to, 0, 1), fillcolor: color("alarm") },
    { ...strip, name: "rows in alarm", ...rectangles(alarmRuns, view.from, view.to, 0, 0.03), fillcolor: color("flag") },
  ];
  if (limit > 0) traces.push(level("limit", limit, "solid", 1.6));
  if (lowerLimit > 0 && lowerLimit < limit) traces.push(level("end of an alarm", lowerLimit, "dash", 1));
  // Scores below the axis stay at its edge, where they are seen to be small.
  const drawn = { x: line.x, y: line.y.map((value) => value && Math.max(value, 10 ** bottom)) };
  const look = { line: { color: color("value"), width: 1.4 }, marker: { size: 4, color: color("value") } };
  traces.push({
    ...curve, name: "score", ...drawn, ...look, customdata: line.y.map((value) => value && rounded(value)),
    hovertemplate: `%{customdata} ${data.score.unit}<extra></extra>`,
  });
  const lonely = lonelyValues(drawn);
  if (lonely.x.length) traces.push({ ...curve, name: "single scores", ...lonely, ...look, mode: "markers", hoverinfo: "skip" });
  if (follows) {
    traces.push({
      ...curve, yaxis: "y3", name: "references", x: references.x, y: references.y, line: { color: color("mean"), width: 1.2 },
      customdata: references.y.map((value) => value && rounded(value)),
      hovertemplate: "references %{customdata} times the trained ones<extra></extra>",
    });
  }
  return traces;
}

export function drawScore() {
  if (!scorePlot.isConnected) return;
  const buckets = bucketsOf(channels(), view.from, view.to);
  const line = valueLine(buckets, channels());
  const references = meanLine(buckets);
  const range = scoreRange(line);
  const highest = references.y.reduce((a, b) => Math.max(a, b ?? 1), 2);
  const domain = follows ? [0.3, 1] : [0, 1];
  const layout = {
    ...baseLayout(),
    height: follows ? 330 : 260,
    hovermode: "x unified",
    dragmode: "zoom",
    shapes: view.event === null ? [] : eventFrame(),
    xaxis: axis({ type: "date", range: [view.from, view.to], anchor: follows ? "y3" : "y", hoverformat: timeHover }),
    yaxis: { type: "linear", range: [0, 1], domain, fixedrange: true, visible: false },
    yaxis2: powersAxis(...range, 7, { domain, overlaying: "y", side: "left", anchor: "x" }),
    ...(follows && { yaxis3: powersAxis(-0.04, Math.log10(highest) * 1.1, 3, { domain: [0, 0.2], anchor: "x" }) }),
  };
  const fresh = !scorePlot.data;
  Plotly.react(scorePlot, scoreTraces(line, references, range), layout, plotConfig);
  if (!fresh) return;
  scorePlot.on("plotly_relayout", (changed) => {
    const range = changed["xaxis.range"] ?? [changed["xaxis.range[0]"], changed["xaxis.range[1]"]];
    if (range[0] !== undefined) setRange(...range.map(timeOf));
  });
  scorePlot.on("plotly_doubleclick", reset);
}

export function setUpScore() {
  byId("score-note").textContent = data.score.note;
  if (!channels().low.some((score) => score >= 0)) {
    byId("score-body").replaceChildren(element("p", { class: "empty" }, "No row was judged."));
    return;
  }
  const entry = (drawn, text) => byId("score-legend").append(element("li", {}, swatch(drawn), text));
  entry('<path d="M1 9 L8 4 L16 10 L25 5" fill="none" stroke="var(--value)" stroke-width="1.8"/>', data.score.unit ? `score, ${data.score.unit}` : "score");
  if (limit > 0) entry('<path d="M1 7 H25" stroke="var(--flag)" stroke-width="2"/>', `limit ${rounded(limit)}: above it an alarm begins`);
  if (lowerLimit > 0 && lowerLimit < limit) {
    entry('<path d="M1 7 H25" stroke="var(--flag)" stroke-width="1.2" stroke-dasharray="5 3"/>', `${rounded(lowerLimit)}: it must fall to this for the alarm to end`);
  }
  entry('<rect x="1" y="1" width="24" height="12" fill="var(--alarm)"/><rect x="1" y="11" width="24" height="2" fill="var(--flag)"/>', "in alarm");
  if (notJudgedRuns.length) entry('<rect x="1" y="1" width="24" height="12" fill="var(--unjudged)"/>', "not judged");
  if (follows) entry('<path d="M1 7 H25" stroke="var(--mean)" stroke-width="1.4"/>', "below: references, times the trained ones");
  drawScore();
}
