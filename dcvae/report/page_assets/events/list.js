// List of events: sorted, filtered by series, in pages, marked and exported; a row opens its event.

import { button, byId, download, element, nameTag } from "../shared/elements.js";
import { count, grouped, rounded, shortened, timeText } from "../shared/formats.js";
import { data, eventOf, titleOf } from "../report/data.js";
import { beginsAt, eventsText, measuredText, strengthText, strongestText } from "./words.js";
import { fileStem, markButtons } from "./marks.js";
import { view } from "../report/range.js";

const EVENTS_A_PAGE = 200;
const ranks = new Map(data.events.order.map((event, rank) => [event, rank + 1]));
const eventList = { order: [], page: 0, sort: "start", ascending: true };

const eventColumns = [
  { key: "event", title: "Event", of: ({ number }) => number, cell: ({ number }) => element("a", { href: `#event=${number}` }, String(number)) },
  { key: "rank", title: "Rank", note: "1 is the event to call for first", of: ({ place }) => ranks.get(place), cell: ({ place }) => grouped(ranks.get(place)) },
  { key: "kind", title: "Kind", text: true, of: ({ kind }) => kind, cell: ({ kind }) => kind },
  { key: "start", title: "Start", of: ({ start }) => start, cell: ({ start }) => timeText(start) },
  { key: "duration", title: "Duration", of: ({ seconds }) => seconds, cell: ({ duration }) => duration },
  { key: "began", title: "Began with", text: true, of: ({ series: [first] }) => titleOf(first), cell: beganCell },
  {
    key: "score", title: "Peak score", note: [data.score.unit, beginsAt].filter(Boolean).join("; ") || undefined,
    of: ({ score }) => score ?? -1, cell: ({ score }) => (score === null ? "–" : rounded(score)),
  },
  {
    key: "strength", title: "Strength", note: "sigmas from what was expected", of: ({ strength }) => strength ?? -1,
    cell: (event) => element("span", {}, `${event.up ? "▲" : "▼"} ${strengthText(event.strength)}${strongestText(event)}`),
  },
  { key: "ended", title: "Alarm ended", text: true, of: ({ ended }) => ended, cell: ({ ended }) => ended },
  { key: "mark", title: "Right?", cell: ({ place }) => markButtons(place) },
];

function beganCell({ series, measured }) {
  const said = measuredText(measured[0]);
  const cell = element("span", { class: "began" }, nameTag(series.length ? titleOf(series[0]) : "–", data.series[series[0]]));
  if (said) cell.append(`: ${said}`);
  if (series.length > 1) cell.append(element("span", { class: "more", title: series.slice(1).map(titleOf).join("\n") }, ` and ${series.length - 1} more`));
  return cell;
}

/** Places of the events that are listed, in the order of the list. */
export const listedEvents = () => eventList.order;

function arrangeEvents() {
  const wanted = byId("event-filter").value;
  const column = eventColumns.find(({ key }) => key === eventList.sort);
  const sign = eventList.ascending ? 1 : -1;
  const keys = new Map();
  const order = data.events.event.map((_, event) => event)
    .filter((event) => wanted === "" || data.events.series[event].includes(Number(wanted)));
  for (const event of order) keys.set(event, column.of(eventOf(event)));
  order.sort((a, b) => {
    const [first, second] = [keys.get(a), keys.get(b)];
    const compared = typeof first === "string" ? first.localeCompare(second, "en", { numeric: true }) : first - second;
    return sign * compared || a - b;
  });
  eventList.order = order;
  eventList.page = 0;
  showEvents();
}

export function showEvents() {
  const { order } = eventList;
  const table = byId("event-table");
  if (!table) return;
  const pages = Math.max(1, Math.ceil(order.length / EVENTS_A_PAGE));
  eventList.page = Math.min(Math.max(eventList.page, 0), pages - 1);
  const first = eventList.page * EVENTS_A_PAGE;
  const focused = document.activeElement?.closest?.("#event-table tbody tr")?.dataset.event;
  const mark = document.activeElement?.dataset?.mark;
  table.tBodies[0].replaceChildren(...order.slice(first, first + EVENTS_A_PAGE).map((place) => {
    const event = eventOf(place);
    return element("tr", { "data-event": place },
      ...eventColumns.map(({ key, title, cell, text }) => element("td", { class: text && "text", "data-key": key, "data-title": title }, cell(event))));
  }));
  for (const header of table.tHead.rows[0].cells) {
    const sorted = header.dataset.key === eventList.sort;
    if (header.dataset.sorts) header.setAttribute("aria-sort", sorted ? (eventList.ascending ? "ascending" : "descending") : "none");
  }
  byId("event-count").value = order.length === data.events.event.length
    ? count(order.length, "event") : `${grouped(order.length)} of ${count(data.events.event.length, "event")}`;
  byId("event-pager").hidden = pages === 1;
  byId("event-page").textContent = `page ${eventList.page + 1} of ${pages}`;
  byId("event-previous").disabled = eventList.page === 0;
  byId("event-next").disabled = eventList.page === pages - 1;
  markEventRow();
  if (mark && focused !== undefined) table.querySelector(`tr[data-event="${focused}"] [data-mark=${mark}]`)?.focus();
}

export function markEventRow() {
  // A report without an event has a sentence where the list was.
  for (const row of byId("event-table")?.tBodies[0].rows ?? []) {
    if (Number(row.dataset.event) === view.event) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** Set up the list; `open` is called with the place of the event of a row that is clicked. */
export function setUpEvents(open) {
  if (!data.events.event.length) {
    byId("event-list").replaceChildren(element("p", { class: "empty" }, "No event to list."));
    return;
  }
  if (data.events.total > data.events.event.length) {
    byId("events-note").append(` Of ${count(data.events.total, "event")} these are the strongest; all are in events.csv.`);
  }
  const involved = new Set(data.events.series.flat());
  byId("event-filter").append(element("option", { value: "" }, "all"),
    ...[...involved].sort((a, b) => a - b).map((number) => element("option", { value: number }, shortened(titleOf(number), 60))));
  byId("event-filter").addEventListener("change", arrangeEvents);
  const head = element("tr");
  const sortBy = (key, turns) => {
    eventList.ascending = turns && eventList.sort === key ? !eventList.ascending : key !== "strength" && key !== "score";
    eventList.sort = byId("event-sort").value = key;
    arrangeEvents();
  };
  for (const { key, title, text, note, of } of eventColumns) {
    const sort = () => sortBy(key, true);
    if (of) byId("event-sort").append(element("option", { value: key, selected: key === eventList.sort && "" }, title));
    head.append(element("th", { scope: "col", class: text && "text", "data-key": key, "data-sorts": of && "yes" },
      of ? button(title, sort, { title: note }) : title));
  }
  byId("event-sort").addEventListener("change", ({ target }) => sortBy(target.value, false)); // where no head is shown
  const table = byId("event-table");
  table.tHead.append(head);
  table.addEventListener("click", (pressed) => {
    const row = pressed.target.closest("tbody tr");
    if (!row || pressed.target.closest("button")) return;
    pressed.preventDefault();
    open(Number(row.dataset.event));
  });
  table.addEventListener("keydown", (pressed) => {
    const row = pressed.target.closest("tbody tr");
    const next = row && { ArrowDown: row.nextElementSibling, ArrowUp: row.previousElementSibling }[pressed.key];
    if (!next) return;
    next.querySelector("a").focus();
    pressed.preventDefault();
  });
  byId("event-previous").addEventListener("click", () => { eventList.page -= 1; showEvents(); });
  byId("event-next").addEventListener("click", () => { eventList.page += 1; showEvents(); });
  byId("export-events").addEventListener("click", () => download(`${fileStem()}_events.csv`, eventsText(eventList.order)));
  arrangeEvents();
}
