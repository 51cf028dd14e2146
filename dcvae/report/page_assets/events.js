// Table of events: sorted, filtered by series, in pages; a row shows its event in the charts.

import { scrollToChart } from "./charts.js";
import { data, eventTimes } from "./data.js";
import { byId, count, counting, durationText, element, nameTag, rounded, shortened, timeText } from "./elements.js";
import { setRange, view } from "./range.js";

const EVENTS_A_PAGE = 200;

const eventList = { order: [], page: 0, sort: "start", ascending: true };

const kindOf = (event) => data.events.kind.names[data.events.kind.places[event]];
const endedOf = (event) => data.events.ended.names[data.events.ended.places[event]];
const beginsAt = data.score.limit === null ? "" : `an alarm begins at ${rounded(data.score.limit)}`;

const eventColumns = [
  { key: "event", title: "Event", of: (event) => data.events.event[event], cell: (event) => String(data.events.event[event]) },
  { key: "kind", title: "Kind", text: true, of: kindOf, cell: kindOf },
  { key: "start", title: "Start", of: (event) => eventTimes.start[event], cell: (event) => timeText(eventTimes.start[event]) },
  { key: "end", title: "End", of: (event) => eventTimes.end[event], cell: (event) => timeText(eventTimes.end[event]) },
  { key: "duration", title: "Duration", of: (event) => data.events.seconds[event], cell: (event) => durationText(data.events.seconds[event]) },
  { key: "began", title: "Began with", text: true, of: (event) => data.series[data.events.series[event][0]] ?? "", cell: (event) => involvedCell(event) },
  {
    key: "score", title: "Peak score", note: [data.score.unit, beginsAt].filter(Boolean).join("; ") || undefined,
    of: (event) => data.events.score[event] ?? -1, cell: (event) => (data.events.score[event] === null ? "–" : rounded(data.events.score[event])),
  },
  {
    key: "strength", title: "Peak strength", note: "sigmas from what was expected", of: (event) => data.events.strength[event],
    cell: (event) => strengthText(data.events.strength[event]),
  },
  { key: "direction", title: "Direction", text: true, of: (event) => data.events.up[event], cell: (event) => (data.events.up[event] ? "▲ up" : "▼ down") },
  { key: "peak", title: "Peak at", of: (event) => eventTimes.peak[event], cell: (event) => timeText(eventTimes.peak[event]) },
  { key: "rows", title: "Rows", of: (event) => data.events.rows[event], cell: (event) => counting.format(data.events.rows[event]) },
  { key: "ended", title: "Alarm ended", text: true, of: endedOf, cell: endedOf },
];

function strengthText(strength) {
  if (strength === null) return "–";
  return Math.abs(strength) < 1000 ? `${strength.toFixed(2)} σ` : `${strength.toExponential(1)} σ`;
}

function involvedCell(event) {
  const names = data.events.series[event].map((number) => data.series[number]);
  const cell = element("span", {}, nameTag(names[0] ?? "–"));
  if (names.length > 1) {
    cell.append(element("span", { class: "more", title: names.slice(1).join("\n") }, `and ${names.length - 1} more`));
  }
  return cell;
}

function arrangeEvents() {
  const wanted = byId("event-filter").value;
  const column = eventColumns.find(({ key }) => key === eventList.sort);
  const sign = eventList.ascending ? 1 : -1;
  const order = data.events.event.map((_, event) => event)
    .filter((event) => wanted === "" || data.events.series[event].includes(Number(wanted)));
  order.sort((a, b) => {
    const [first, second] = [column.of(a), column.of(b)];
    const compared = typeof first === "string" ? first.localeCompare(second, "en", { numeric: true }) : first - second;
    return sign * compared || a - b;
  });
  eventList.order = order;
  eventList.page = 0;
  showEvents();
}

function showEvents() {
  const { order } = eventList;
  const pages = Math.max(1, Math.ceil(order.length / EVENTS_A_PAGE));
  eventList.page = Math.min(Math.max(eventList.page, 0), pages - 1);
  const first = eventList.page * EVENTS_A_PAGE;
  const shown = order.slice(first, first + EVENTS_A_PAGE);
  const table = byId("event-table");
  table.tBodies[0].replaceChildren(...shown.map((event) => element(
    "tr", { tabindex: "0", "data-event": event },
    ...eventColumns.map(({ cell, text }) => element("td", { class: text && "text" }, cell(event))))));
  for (const header of table.tHead.rows[0].cells) {
    const sorted = header.dataset.key === eventList.sort;
    header.setAttribute("aria-sort", sorted ? (eventList.ascending ? "ascending" : "descending") : "none");
  }
  byId("event-count").value = order.length === data.events.event.length
    ? count(order.length, "event") : `${counting.format(order.length)} of ${count(data.events.event.length, "event")}`;
  byId("event-pager").hidden = pages === 1;
  byId("event-page").textContent = `page ${eventList.page + 1} of ${pages}`;
  byId("event-previous").disabled = eventList.page === 0;
  byId("event-next").disabled = eventList.page === pages - 1;
  markEventRow();
}

export function markEventRow() {
  // A report without an event has a sentence where the table was.
  for (const row of byId("event-table")?.tBodies[0].rows ?? []) {
    if (Number(row.dataset.event) === view.event) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** Say above the charts what the chosen event is. */
export function tellEvent() {
  byId("event-words").textContent = view.event === null ? "" : wordsOf(view.event);
}

function wordsOf(event) {
  const span = (from, to) => `${timeText(from)} to ${timeText(to)}`;
  const score = data.events.score[event];
  const unit = data.score.unit;
  const height = score === null ? "" : ` ${unit ? `${rounded(score)} ${unit}` : `Score ${rounded(score)}`}; ${beginsAt}.`;
  return `Event ${data.events.event[event]}, ${kindOf(event)}: ${span(eventTimes.start[event], eventTimes.end[event])}.${height} ` +
    `In alarm ${span(eventTimes.alarmStart[event], eventTimes.alarmEnd[event])}; it ended: ${endedOf(event)}.`;
}

function showEvent(event) {
  view.event = event;
  const [start, end] = [eventTimes.start[event], eventTimes.end[event]];
  const margin = Math.max(2 * (end - start), 50 * data.step);
  setRange(start - margin, end + margin);
  markEventRow();
  scrollToChart(data.events.series[event][0] ?? 0);
}

export function setUpEvents() {
  if (!data.events.event.length) {
    byId("events-body").replaceChildren(element("p", { class: "empty" }, "The system was not in alarm, so there is no event."));
    return;
  }
  if (data.events.total > data.events.event.length) {
    byId("events-note").append(` Of ${count(data.events.total, "event")} these are the strongest; all are in events.csv.`);
  }
  const involved = new Set(data.events.series.flat());
  byId("event-filter").append(element("option", { value: "" }, "all"),
    ...[...involved].sort((a, b) => a - b).map((number) => element("option", { value: number }, shortened(data.series[number], 60))));
  byId("event-filter").addEventListener("change", arrangeEvents);
  const head = element("tr");
  for (const { key, title, text, note } of eventColumns) {
    const button = element("button", { type: "button", title: note }, title);
    button.addEventListener("click", () => {
      eventList.ascending = eventList.sort === key ? !eventList.ascending : key !== "strength" && key !== "score";
      eventList.sort = key;
      arrangeEvents();
    });
    head.append(element("th", { scope: "col", class: text && "text", "data-key": key }, button));
  }
  const table = byId("event-table");
  table.tHead.append(head);
  table.addEventListener("click", ({ target }) => {
    const row = target.closest("tbody tr");
    if (row) showEvent(Number(row.dataset.event));
  });
  table.addEventListener("keydown", (pressed) => {
    const row = pressed.target.closest("tbody tr");
    if (!row) return;
    const next = { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[pressed.key];
    if (next) next.focus();
    else if (pressed.key === "Enter" || pressed.key === " ") showEvent(Number(row.dataset.event));
    else return;
    pressed.preventDefault();
  });
  byId("event-previous").addEventListener("click", () => { eventList.page -= 1; showEvents(); });
  byId("event-next").addEventListener("click", () => { eventList.page += 1; showEvents(); });
  arrangeEvents();
}
