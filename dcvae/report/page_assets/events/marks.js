// Marks of the reader: events that are right or wrong, and stretches that were missed. They stay in the
// browser, by the times of the events, and are exported as labels that the commands take.

import { unpackTimes } from "../shared/decode.js";
import { button, byId, download, element } from "../shared/elements.js";
import { count, csvLine, exactTime, timeText } from "../shared/formats.js";
import { data, eventTimes, firstTime, lastTime, titleOf } from "../report/data.js";
import { view } from "../report/range.js";

// Pages share one store: a file may have several machines, of which one is chosen, and series by number.
const STORE = `dcvae-marks ${JSON.stringify([data.model, data.file, data.settings.entity ?? null, firstTime, lastTime, data.rows, data.series])}`;
const marks = { events: {}, missed: [] }; // key of an event -> "right" or "wrong"; {from, to, series or null}
const markFollowers = [];

const keyOf = (event) => `${eventTimes.start[event]} ${eventTimes.end[event]}`;
/** The name of the data file without its ending, for names of exports. */
export const fileStem = () => data.file.replace(/(\.(csv|parquet|gz|zip|bz2|xz|zst))+$/i, "") || "page";

export const markOf = (event) => marks.events[keyOf(event)] ?? null;

/** Call functions after every change of the marks. */
export const whenMarksChange = (...more) => markFollowers.push(...more);

function saved() {
  try {
    localStorage.setItem(STORE, JSON.stringify(marks));
  } catch { /* a browser may refuse storage to a file: then they last as long as the page */ }
  showMarks();
  for (const follow of markFollowers) follow();
}

/** Mark an event, or take the same mark back. */
function toggleMark(event, mark) {
  if (markOf(event) === mark) delete marks.events[keyOf(event)];
  else marks.events[keyOf(event)] = mark;
  saved();
}

/** Two buttons that mark an event. */
export function markButtons(event) {
  const now = markOf(event);
  const one = (mark, sign) => button(sign, (pressed) => {
    pressed.stopPropagation();
    toggleMark(event, mark);
  }, { class: `mark ${mark}`, "data-mark": mark, "aria-pressed": String(now === mark), "aria-label": `Mark event ${data.events.event[event]} as ${mark}`, title: mark });
  return element("span", { class: "group" }, one("right", "✓"), one("wrong", "✕"));
}

/** Runs that were marked as missed in a series, as first and last times. */
export const missedRunsOf = (number) => marks.missed.filter(({ series }) => series === null || series === number).flatMap(({ from, to }) => [from, to]);

/** Spans in milliseconds that are labeled 1 in a series: of events that are right, and of what was missed. */
function spansOf(number) {
  const spans = marks.missed.filter(({ series }) => series === null || series === number).map(({ from, to }) => [from, to]);
  data.events.series.forEach((involved, event) => {
    if (markOf(event) === "right" && involved.includes(number)) spans.push([eventTimes.start[event], eventTimes.end[event]]);
  });
  return spans;
}

/** Labels of all rows of the file, as CSV: a time, and 0 or 1 for every series. */
function labelsText() {
  const { time_name: timeName, rows, suffix, reach } = data.label_rows;
  const times = unpackTimes(rows);
  const spans = data.series.map((_, number) => spansOf(number));
  const lines = [csvLine([timeName, ...data.series])];
  for (const time of times) {
    // A row of the page may be made of several of the file: those of the step that ends with it.
    const cells = spans.map((of) => (of.some(([from, to]) => time > from - Math.max(reach, 0.0005) && time <= to) ? 1 : 0));
    lines.push(csvLine([exactTime(time) + suffix, ...cells]));
  }
  return lines.join("");
}

// Of the events of this page: an earlier run of the same file may have had others, which are not forgotten.
const numbered = (mark) => data.events.event.filter((_, event) => markOf(event) === mark).length;

function showMarks() {
  const [right, wrong, missed] = [numbered("right"), numbered("wrong"), marks.missed.length];
  const total = data.events.event.length;
  const open = total - data.events.event.filter((_, event) => markOf(event)).length;
  const words = [`${right} right, ${wrong} wrong, ${missed} missed.`];
  if (right + wrong + missed && open) words.push(`${count(open, "event")} not marked: exported as normal.`);
  byId("mark-words").value = words.join(" ");
  byId("export-labels").disabled = !(right + wrong + missed);
  byId("missed-list").replaceChildren(...marks.missed.map((one, place) => element("li", {},
    `missed: ${timeText(one.from)} to ${timeText(one.to)}, ${one.series === null ? "all series" : titleOf(one.series)} `,
    button("Remove", () => { marks.missed.splice(place, 1); saved(); }))));
}

/** Take what charts show as missed, of one series or (null) of all. */
function markMissed(series) {
  const [from, to] = [Math.max(view.from, firstTime), Math.min(view.to, lastTime)];
  marks.missed.push({ from, to, series });
  saved();
}

export function setUpMarks() {
  try {
    const { events = {}, missed = [] } = JSON.parse(localStorage.getItem(STORE) ?? "{}");
    marks.events = events;
    marks.missed = missed.filter(({ series }) => series === null || series < data.series.length);
  } catch { /* none, or none that can be read */ }
  byId("missed-series").append(element("option", { value: "" }, "all series"),
    ...data.series.map((_, number) => element("option", { value: number }, titleOf(number))));
  byId("mark-missed").addEventListener("click", () => {
    const { value } = byId("missed-series");
    markMissed(value === "" ? null : Number(value));
  });
  if (data.label_rows) byId("export-labels").addEventListener("click", () => download(`${fileStem()}_labels.csv`, labelsText()));
  else byId("export-labels").replaceWith(element("span", { class: "note" }, data.no_label_rows), element("button", { hidden: "", id: "export-labels" }));
  showMarks();
}
