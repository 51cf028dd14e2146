// Heat map: rows in alarm, and the share of values of every series outside its band, over time.

import { stretches } from "../shared/curves.js";
import { byId, element } from "../shared/elements.js";
import { percent, shortened, timeText } from "../shared/formats.js";
import { blend, color } from "../shared/theme.js";
import { timeTicks } from "../shared/ticks.js";
import { alarmRuns, data, eventAt, firstTime, labelRuns, notJudgedRuns, titleOf } from "./data.js";
import { fullRange, isWhole, setRange, view } from "./range.js";

const STRIP = 16; // height of the rows of alarms and of labels
const SPACE = 6;
const AXIS = 40;
const heatPlot = byId("heat-plot");
const canvas = heatPlot.appendChild(element("canvas"));
const hint = heatPlot.appendChild(element("div", { class: "tip", hidden: "" }));
const heatTimes = { from: fullRange()[0], to: fullRange()[1], step: data.step, most: 1000 };
let place = null; // of the parts, as it was drawn last

/** Labels of all series in one list of runs, sorted by their beginning. */
function mergedLabels() {
  const runs = [];
  for (const times of labelRuns ?? []) for (let at = 0; at < times.length; at += 2) runs.push([times[at], times[at + 1]]);
  return runs.sort((a, b) => a[0] - b[0]).flat();
}
const allLabels = mergedLabels();

const FONT = "12px system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

function arranged() {
  const width = heatPlot.clientWidth;
  const pen = canvas.getContext("2d");
  pen.font = FONT;
  const most = Math.min(170, Math.round(width * 0.34));
  const names = ["alarm", ...data.series.map((_, number) => titleOf(number))].map((name) => fitting(pen, name, most - 10));
  const left = Math.ceil(Math.max(...names.map((name) => pen.measureText(name).width))) + 10;
  const rowHeight = Math.min(26, Math.max(9, Math.round(520 / data.series.length)));
  const strips = allLabels.length ? 2 : 1;
  const top = strips * (STRIP + 2) + SPACE;
  const bottom = top + rowHeight * data.series.length;
  return { width, height: bottom + AXIS, left, right: width - 12, top, bottom, rowHeight, strips, names };
}

function fitting(pen, name, most) {
  let text = shortened(name, 40);
  for (let length = text.length - 1; length > 1 && pen.measureText(text).width > most; length--) text = shortened(name, length);
  return text;
}

const atTime = (time) => place.left + ((time - heatTimes.from) / (heatTimes.to - heatTimes.from)) * (place.right - place.left);
const timeAt = (x) => heatTimes.from + ((x - place.left) / (place.right - place.left)) * (heatTimes.to - heatTimes.from);

export function drawHeat() {
  canvas.plot = place = arranged();
  const ratio = devicePixelRatio || 1;
  canvas.width = place.width * ratio;
  canvas.height = place.height * ratio;
  canvas.style.width = `${place.width}px`;
  canvas.style.height = `${place.height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  pen.font = FONT;
  drawStrips(pen);
  drawCells(pen);
  drawNames(pen);
  drawTimes(pen);
  if (!isWhole()) drawFrame(pen);
}

function drawStrips(pen) {
  const bar = (row, runs, fill) => {
    pen.fillStyle = fill;
    for (const [start, end] of stretches(runs, heatTimes)) {
      const left = atTime(start);
      pen.fillRect(left, row * (STRIP + 2), Math.max(atTime(end) - left, 2), STRIP);
    }
  };
  const ground = (row) => {
    pen.fillStyle = color("raised");
    pen.fillRect(place.left, row * (STRIP + 2), place.right - place.left, STRIP);
  };
  ground(0);
  bar(0, notJudgedRuns, color("unjudged-solid"));
  bar(0, alarmRuns, color("flag"));
  if (place.strips < 2) return;
  ground(1);
  bar(1, allLabels, color("label"));
}

function drawCells(pen) {
  const { width, flagged, judged } = data.heat;
  const gap = place.rowHeight > 12 ? 2 : 0;
  // From the surface to a strong color: a share is read by lightness, whatever one's color vision.
  const shades = Array.from({ length: 101 }, (_, step) => {
    if (step === 0) return color("raised");
    const root = Math.sqrt(step / 100); // so that one row of fifty is seen
    return root < 0.5 ? blend("raised", "flag", 0.25 + 1.5 * root) : blend("flag", "heat-end", 2 * root - 1);
  });
  flagged.forEach((cells, number) => {
    const top = place.top + number * place.rowHeight;
    cells.forEach((found, column) => {
      const all = judged[number][column];
      if (!all) return;
      const left = atTime(firstTime - data.step / 2 + column * width);
      const right = atTime(firstTime - data.step / 2 + (column + 1) * width);
      pen.fillStyle = shades[Math.ceil((100 * found) / all)];
      pen.fillRect(left, top, right - left + 0.5, place.rowHeight - gap);
    });
  });
}

function drawNames(pen) {
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  pen.fillStyle = color("muted");
  pen.fillText("alarm", place.left - 8, STRIP / 2);
  if (place.strips > 1) pen.fillText("labels", place.left - 8, STRIP * 1.5 + 2);
  pen.fillStyle = color("text");
  // Every name, or of very many series every second, so that they do not overlap.
  const every = Math.ceil(13 / place.rowHeight);
  for (let number = 0; number < data.series.length; number += every) {
    pen.fillText(place.names[number + 1], place.left - 8, place.top + (number + 0.5) * place.rowHeight);
  }
}

function drawTimes(pen) {
  pen.textAlign = "center";
  pen.textBaseline = "top";
  pen.fillStyle = color("muted");
  pen.strokeStyle = color("grid");
  for (const { time, lines } of timeTicks(heatTimes.from, heatTimes.to, (place.right - place.left) / 84)) {
    const x = Math.round(atTime(time)) + 0.5;
    pen.beginPath();
    pen.moveTo(x, place.bottom);
    pen.lineTo(x, place.bottom + 5);
    pen.stroke();
    lines.forEach((line, row) => {
      const half = pen.measureText(line).width / 2;
      pen.fillText(line, Math.min(x, place.width - half - 1), place.bottom + 8 + 15 * row);
    });
  }
}

/** A frame around what the charts show. */
function drawFrame(pen) {
  const least = 6; // still to be seen when it is a day of years
  const center = (atTime(view.from) + atTime(view.to)) / 2;
  const half = Math.max(atTime(view.to) - atTime(view.from), least) / 2;
  const left = Math.max(center - half, place.left);
  pen.strokeStyle = color("accent");
  pen.lineWidth = 2;
  pen.strokeRect(left, 1, Math.min(center + half, place.right) - left, place.bottom - 2);
}

/** What lies at a point of the plot: a time, and a series or the row of alarms. */
function under({ offsetX, offsetY }) {
  if (!place || offsetX < place.left || offsetX > place.right || offsetY > place.bottom) return null;
  const time = timeAt(offsetX);
  if (offsetY < place.top) return { time, isAlarm: offsetY < STRIP + 2 };
  const number = Math.min(Math.floor((offsetY - place.top) / place.rowHeight), data.series.length - 1);
  const column = Math.floor((time - firstTime + data.step / 2) / data.heat.width);
  return { time, number, column };
}

function told({ time, number, column, isAlarm }) {
  if (isAlarm) {
    const event = eventAt(time, data.heat.width / 2);
    return [timeText(time), event === null ? "no alarm" : `event ${data.events.event[event]}: click to open it`];
  }
  if (number === undefined) return null;
  const all = data.heat.judged[number][column];
  const found = data.heat.flagged[number][column];
  if (all === undefined) return null;
  return [titleOf(number), `from ${timeText(firstTime + column * data.heat.width)}`,
    !all ? "no value" : `${percent(found / all)} ${data.has_bands ? "outside the band" : "flagged"} (${found} of ${all})`];
}

/** Set up the map. open: shows an event, by its place; goTo: brings the chart of a series into view */
export function setUpHeat({ open, goTo }) {
  const below = data.has_bands ? "the share of each series' values outside its band" : "the share of each series' values that are flagged (this detector has no bands)";
  byId("heat-note").textContent = `Rows in alarm, and below them ${below}, ` +
    `in stretches of ${data.heat.lasts}. Click to see a stretch in the charts, or an alarm as an event.`;
  new ResizeObserver(() => { if (heatPlot.clientWidth !== place?.width) drawHeat(); }).observe(heatPlot);
  canvas.addEventListener("mousemove", (moved) => {
    const found = under(moved);
    const lines = found && told(found);
    hint.hidden = !lines;
    if (!lines) return;
    hint.replaceChildren(...lines.map((line) => element("div", {}, line)));
    const isRight = moved.offsetX > place.width / 2;
    hint.style.left = isRight ? "auto" : `${moved.offsetX + 14}px`;
    hint.style.right = isRight ? `${place.width - moved.offsetX + 14}px` : "auto";
    hint.style.top = `${Math.max(0, moved.offsetY - 20)}px`;
  });
  canvas.addEventListener("mouseleave", () => { hint.hidden = true; });
  canvas.addEventListener("click", (pressed) => {
    const found = under(pressed);
    if (!found) return;
    const event = found.isAlarm ? eventAt(found.time, data.heat.width / 2) : null;
    if (event !== null) open(event);
    if (found.number === undefined) return;
    const half = Math.max(data.heat.width, 60 * data.step) * 1.5;
    setRange(found.time - half, found.time + half);
    goTo(found.number);
  });
}
