// Words about an event: its time, its cause, its values; short, as a text for a ticket, and as a line of a CSV.

import { csvLine, exactTime, grouped, rounded, timeText } from "../shared/formats.js";
import { data, eventOf, titleOf } from "../report/data.js";
import { markOf } from "./marks.js";

export const beginsAt = data.score.limit === null ? "" : `an alarm begins at ${rounded(data.score.limit)}`;

/** In which series, where it is not the one that began the event. */
export const strongestText = ({ series, strongest }) => (strongest === series[0] || strongest === undefined ? "" : ` in ${titleOf(strongest)}`);

export function strengthText(strength) {
  if (strength === null) return "–";
  return Math.abs(strength) < 1000 ? `${strength.toFixed(2)} σ` : `${strength.toExponential(1)} σ`;
}

export const scoreText = (score) => (score === null ? "" : data.score.unit ? `${rounded(score)} ${data.score.unit}` : `score ${rounded(score)}`);

/** "13 k where 37 k was expected", or "" where it is not known. */
export function measuredText([actual, expected] = []) {
  if (!actual && !expected) return "";
  if (!expected) return actual;
  return `${actual || "nothing"} where ${expected} was expected`;
}

/** What an event began with: the series, and its value where one is known. */
export function beganText({ series, measured }) {
  if (!series.length) return "";
  const said = measuredText(measured[0]);
  return titleOf(series[0]) + (said ? `: ${said}` : "");
}

/** When an event was, and for how long. */
export const whenText = ({ start, end, duration }) => `${timeText(start)}${end > start ? ` to ${timeText(end)}` : ""}, ${duration}`;

/** How far out the system was, when it was in alarm, and why the alarm ended. */
export function alarmText({ score, alarmStart, alarmEnd, ended }) {
  const height = score === null ? "" : `${scoreText(score)}; ${beginsAt}. `;
  return `${height[0]?.toUpperCase() ?? ""}${height.slice(1)}In alarm ${timeText(alarmStart)} to ${timeText(alarmEnd)}; it ended: ${ended}.`;
}

/** A text for a ticket. */
export function ticketText(place) {
  const event = eventOf(place);
  const lines = [
    `Event ${event.number} (${event.kind}) in ${data.file}`,
    `When: ${whenText(event)}`,
    `Peak: ${timeText(event.peak)}, ${strengthText(event.strength)} ${event.up ? "above" : "below"} what was expected${strongestText(event)}`,
    alarmText(event),
    "Series, the first to leave its band first:",
    ...event.series.map((number, rank) => {
      const said = measuredText(event.measured[rank]);
      return `  ${rank + 1}. ${titleOf(number)}${said ? `: ${said}` : ""}`;
    }),
    `Model: ${data.model}`,
  ];
  return lines.join("\n") + "\n";
}

/** Events as CSV, in the order given. */
export function eventsText(places) {
  const lines = [csvLine([
    ...["event", "kind", "start", "end", "duration_seconds", "rows", "alarm_start", "alarm_end", "ended", "peak_score", "peak_time"],
    ...["peak_strength", "direction", "began_with", "measured", "expected", "series", "mark"],
  ])];
  for (const place of places) {
    const event = eventOf(place);
    const [actual, expected] = event.measured[0] ?? [];
    lines.push(csvLine([
      ...[event.number, event.kind, exactTime(event.start), exactTime(event.end), event.seconds, event.rows],
      ...[exactTime(event.alarmStart), exactTime(event.alarmEnd), event.ended, event.score, exactTime(event.peak)],
      ...[event.strength, event.up ? "up" : "down", data.series[event.series[0]], actual, expected],
      ...[event.series.map((number) => data.series[number]).join("; "), markOf(place)],
    ]));
  }
  return lines.join("");
}

export const rowsText = ({ rows }) => `${grouped(rows)} ${rows === 1 ? "row" : "rows"}`;
