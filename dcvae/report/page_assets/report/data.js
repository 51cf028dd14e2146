// Data of the page: the JSON that dcvae/report/page/data.py wrote into it, decoded when it is needed.

import { pointsWithin, unpackChannels, unpackTimes } from "../shared/decode.js";
import { setTimeFormat } from "../shared/formats.js";

export const data = JSON.parse(document.getElementById("data").textContent);
export const firstTime = data.span[0];
export const lastTime = data.span[1];
setTimeFormat(data.step, firstTime);

/** The points of all series and of the score. */
export const points = {
  times: unpackTimes(data.points.times), breakAfter: data.points.break_after, step: data.step * data.rows_per_point,
};
export const labelRuns = data.labels && data.labels.series.map(unpackTimes);
export const eventTimes = {
  start: unpackTimes(data.events.start), end: unpackTimes(data.events.end), peak: unpackTimes(data.events.peak_time),
  alarmStart: unpackTimes(data.events.alarm_start), alarmEnd: unpackTimes(data.events.alarm_end),
};
export const alarmRuns = unpackTimes(data.score.states.series[0]);
export const notJudgedRuns = unpackTimes(data.score.states.series[1]);
export const scoredRows = data.rows - data.score.states.cells[1];

/** The name of a series to show, and its unit. */
export const titleOf = (number) => data.titles[number] ?? "–";
export const unitOf = (number) => data.units[number] ?? "";
export const titledUnit = (number) => (unitOf(number) ? `${titleOf(number)} [${unitOf(number)}]` : titleOf(number));

/** What to show for the name of a line of a table: of a series its title. */
export function titleOfName(name) {
  const number = data.series.indexOf(name);
  return number < 0 ? name : titleOf(number);
}

const unpackedFlags = new Map();

/** Times of the first and the last row of every run of flagged cells of a series. */
export function flagRunsOf(number) {
  if (!unpackedFlags.has(number)) unpackedFlags.set(number, unpackTimes(data.flags.series[number]));
  return unpackedFlags.get(number);
}

const unpackedSeries = new Map();

/** Channels of a series and which of its points hold a flag; unpacked when first needed. */
export function channelsOf(number) {
  if (!unpackedSeries.has(number)) {
    const channels = unpackChannels(data.points.series[number]);
    channels.flagged = pointsWithin(flagRunsOf(number), points.times);
    unpackedSeries.set(number, channels);
  }
  return unpackedSeries.get(number);
}

let unpackedScore = null;

/** Channels of the score of the system, in powers of ten; there is no band, and no flag of a point. */
export function scoreChannels() {
  if (!unpackedScore) {
    const { low, high, reference } = unpackChannels(data.score.channels);
    unpackedScore = { low, high, mean: reference ?? low, lower: low, upper: high };
  }
  return unpackedScore;
}

const kinds = data.events.kind;
const endings = data.events.ended;
const durations = data.events.duration;

/** What is known of an event, by its place in the table of events. */
export const eventOf = (place) => ({
  place,
  number: data.events.event[place],
  kind: kinds.names[kinds.places[place]],
  ended: endings.names[endings.places[place]],
  duration: durations.names[durations.places[place]],
  seconds: data.events.seconds[place],
  start: eventTimes.start[place],
  end: eventTimes.end[place],
  peak: eventTimes.peak[place],
  alarmStart: eventTimes.alarmStart[place],
  alarmEnd: eventTimes.alarmEnd[place],
  rows: data.events.rows[place],
  score: data.events.score[place],
  strength: data.events.strength[place],
  up: Boolean(data.events.up[place]),
  strongest: data.events.peak[place],
  series: data.events.series[place],
  measured: data.events.measured[place],
});

/** The place of the event that is on at a time, or null. */
export function eventAt(time, margin = 0) {
  let found = null;
  for (let place = 0; place < data.events.event.length; place++) {
    const from = Math.min(eventTimes.start[place], eventTimes.alarmStart[place]) - margin;
    if (from > time) break;
    if (Math.max(eventTimes.end[place], eventTimes.alarmEnd[place]) + margin >= time) found = place;
  }
  return found;
}
