// View of one event: its involved series under each other, on one range of time. The address names it.

import { button, byId, copyText, element, legendEntry } from "../shared/elements.js";
import { count } from "../shared/formats.js";
import { data, eventOf, titledUnit, titleOf } from "../report/data.js";
import { listedEvents, markEventRow } from "./list.js";
import { alarmText, beganText, measuredText, rowsText, ticketText, whenText } from "./words.js";
import { markButtons } from "./marks.js";
import { drawScore } from "../report/score.js";
import { allStale, scrollToChart } from "../report/series.js";
import { seriesPlot } from "../report/series_plot.js";
import { rangeAround, setRange, view } from "../report/range.js";

const FIRST_SERIES = 8; // the others when they are asked for
const dialog = byId("event-view");
const shownEvent = { place: null, from: 0, to: 0, plots: [], isOfList: false };

function setAddress(hash) {
  // Not a step of the history: closing the view is no way back.
  history.replaceState(history.state, "", hash || location.pathname + location.search);
}

/** The event that the address names, or null. */
function eventOfAddress() {
  const number = /^#event=(\d+)$/.exec(location.hash)?.[1];
  const place = number === undefined ? -1 : data.events.event.indexOf(Number(number));
  return place < 0 ? null : place;
}

function drawSeries(from, to) {
  [shownEvent.from, shownEvent.to] = [from, to];
  for (const plot of shownEvent.plots) plot.draw(from, to, false);
}

/** A height with which few series fill the view, and many can be scrolled through. */
const heightFor = (count) => Math.max(150, Math.min(400, Math.floor((byId("view-body").clientHeight - 140) / count) - 45));

function addSeries(list, numbers, event) {
  const { place } = event;
  for (const number of numbers) {
    const holder = element("div", { class: "plot", role: "img", "aria-label": `Chart of ${titledUnit(number)} around the event` });
    const said = measuredText(event.measured[event.series.indexOf(number)]);
    list.append(element("figure", { class: "chart" },
      element("figcaption", {}, element("h3", { title: data.series[number] }, titledUnit(number)), said ? element("span", {}, said) : ""), holder));
    const plot = seriesPlot(holder, number, {
      height: heightFor(event.series.length), shaded: () => place, zoomed: drawSeries, moved: drawSeries, reset: () => drawSeries(...rangeAround(event.start, event.end)),
    });
    shownEvent.plots.push(plot);
    plot.draw(shownEvent.from, shownEvent.to, false);
  }
}

function neighbor(by) {
  const order = listedEvents();
  const at = order.indexOf(shownEvent.place);
  return at < 0 ? undefined : order[at + by];
}

function fill(place) {
  const event = eventOf(place);
  for (const plot of shownEvent.plots) plot.u.destroy();
  Object.assign(shownEvent, { place, plots: [] });
  byId("view-title").textContent = `Event ${event.number}: ${whenText(event)}`;
  byId("view-began").textContent = event.series.length ? `Began with ${beganText(event)}.` : "";
  byId("view-words").textContent = `${event.kind[0].toUpperCase()}${event.kind.slice(1)}, ${rowsText(event)}. ${alarmText(event)}`;
  byId("view-marks").replaceChildren(markButtons(place));
  byId("view-previous").disabled = neighbor(-1) === undefined;
  byId("view-next").disabled = neighbor(1) === undefined;
  byId("view-copied").value = "";
  const list = byId("view-charts");
  list.replaceChildren();
  [shownEvent.from, shownEvent.to] = rangeAround(event.start, event.end);
  addSeries(list, event.series.slice(0, FIRST_SERIES), event);
  const rest = event.series.slice(FIRST_SERIES);
  if (rest.length) {
    const more = button(`Show ${count(rest.length, "more series").replace(/s$/, "")}`, () => {
      more.remove();
      addSeries(list, rest, event);
    });
    list.append(more);
  }
  byId("view-body").scrollTop = 0;
}

/** Open the view of an event, by its place in the table of events. */
export function openEvent(place) {
  if (!dialog.open) {
    shownEvent.isOfList = Boolean(document.activeElement?.closest("#event-table"));
    dialog.showModal();
  }
  view.event = place;
  fill(place);
  setAddress(`#event=${data.events.event[place]}`);
  markEventRow();
  drawScore();
  allStale();
}

export function redrawEvent() {
  if (dialog.open) for (const plot of shownEvent.plots) plot.redraw();
}

/** Show the marks of the shown event anew, and leave the focus where it is. */
export function showEventMarks() {
  if (!dialog.open) return;
  const mark = document.activeElement?.dataset?.mark;
  byId("view-marks").replaceChildren(markButtons(shownEvent.place));
  if (mark) byId("view-marks").querySelector(`[data-mark=${mark}]`).focus();
}

export function setUpEventView() {
  byId("view-legend").append(legendEntry("value", "value"), legendEntry("alarm", "the event"));
  if (data.expects) byId("view-legend").append(legendEntry("mean", "expected value"));
  if (data.has_bands) byId("view-legend").append(legendEntry("band", "band"), legendEntry("marks", "outside the band"));
  byId("view-legend").append(legendEntry("flagged", data.has_bands ? "rows outside the band" : "flagged rows"));
  if (data.labels) byId("view-legend").append(legendEntry("label", "labeled as anomaly"));
  const step = (by) => {
    const next = neighbor(by);
    if (next !== undefined) openEvent(next);
  };
  byId("view-previous").addEventListener("click", () => step(-1));
  byId("view-next").addEventListener("click", () => step(1));
  byId("view-close").addEventListener("click", () => dialog.close());
  byId("view-in-charts").addEventListener("click", () => {
    const { place } = shownEvent;
    const { start, end, series } = eventOf(place);
    dialog.close();
    setRange(...rangeAround(start, end));
    scrollToChart(series[0] ?? 0);
  });
  byId("view-copy").addEventListener("click", async () => {
    const done = await copyText(ticketText(shownEvent.place), dialog);
    byId("view-copied").value = done ? "Copied." : "This browser does not let a page copy.";
  });
  dialog.addEventListener("close", () => {
    setAddress("");
    // Back to the list, at the event that was looked at last; the browser leads back to anything else.
    if (shownEvent.isOfList) document.querySelector(`#event-table tr[data-event="${shownEvent.place}"] a`)?.focus();
  });
  dialog.addEventListener("keydown", (pressed) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[pressed.key];
    if (!by || pressed.target.matches("input, select")) return;
    pressed.preventDefault();
    step(by);
  });
  dialog.addEventListener("click", ({ target }) => { if (target === dialog) dialog.close(); });
  const follow = () => {
    const place = eventOfAddress();
    if (place !== null && !(dialog.open && place === shownEvent.place)) openEvent(place);
    else if (place === null && dialog.open) dialog.close();
  };
  window.addEventListener("hashchange", follow);
  follow();
}
