// Range of time that the page shows, and the toolbar that changes it.
// What follows a change is registered by page.js: charts and heat map import the range, not the reverse.

import { data, firstTime, lastTime } from "./data.js";
import { byId, element, shortened, timeText } from "./elements.js";

const DAY = 86_400_000;

export const fullRange = () => {
  const margin = Math.max((lastTime - firstTime) * 0.01, data.step);
  return [firstTime - margin, lastTime + margin];
};

/** What is shown now: a range of time, an event (its place in the table of events) or null, and the height of charts. */
export const view = { from: fullRange()[0], to: fullRange()[1], event: null, height: "all" };

const rangeFollowers = [];
const resetFollowers = [];

/** Call functions after every change of the range, in their order. */
export const whenRangeChanges = (...followers) => rangeFollowers.push(...followers);

/** Call functions when everything is to be shown again, before the range changes. */
export const whenReset = (...followers) => resetFollowers.push(...followers);

export function setRange(from, to) {
  const [earliest, latest] = fullRange();
  const shortest = Math.min(4 * data.step, latest - earliest);
  const width = Math.min(Math.max(to - from, shortest), latest - earliest);
  from = Math.min(Math.max((from + to - width) / 2, earliest), latest - width);
  [view.from, view.to] = [from, from + width];
  showRange();
  for (const follow of rangeFollowers) follow();
}

export function showRange() {
  const [earliest, latest] = fullRange();
  const whole = view.from <= earliest && view.to >= latest;
  byId("range").value = `${timeText(Math.max(view.from, firstTime))} to ${timeText(Math.min(view.to, lastTime))}`;
  byId("earlier").disabled = view.from <= earliest;
  byId("later").disabled = view.to >= latest;
  for (const button of byId("zoom-buttons").children) {
    const days = button.dataset.days;
    const width = days === "all" ? latest - earliest : Number(days) * DAY;
    button.disabled = width > latest - earliest;
    button.setAttribute("aria-pressed", String(days === "all" ? whole : !whole && Math.abs(view.to - view.from - width) < 1));
  }
}

export function reset() {
  view.event = null;
  view.height = byId("height").value = "all";
  for (const follow of resetFollowers) follow();
  setRange(...fullRange());
}

/** A time that plotly gives back, as a number or as text without a zone. */
export const timeOf = (time) => (typeof time === "number" ? time : Date.parse(String(time).replace(" ", "T").padEnd(11, "T00:00") + "Z"));

/**
 * Let the toolbar change the range, the height and the place on the page.
 * redraw: draws all charts again; goTo: brings the chart of a series, by its number, into view
 */
export function setUpToolbar({ redraw, goTo }) {
  byId("zoom-buttons").addEventListener("click", ({ target }) => {
    const days = target.dataset.days;
    if (!days) return;
    const center = (view.from + view.to) / 2;
    if (days === "all") setRange(...fullRange());
    else setRange(center - (days * DAY) / 2, center + (days * DAY) / 2);
  });
  const shift = (share) => () => {
    const by = (view.to - view.from) * share;
    setRange(view.from + by, view.to + by);
  };
  byId("earlier").addEventListener("click", shift(-0.5));
  byId("later").addEventListener("click", shift(0.5));
  byId("reset").addEventListener("click", reset);
  byId("height").addEventListener("change", ({ target }) => {
    view.height = target.value;
    redraw();
  });
  byId("go-to").append(element("option", { value: "" }, "choose a series"),
    ...data.series.map((name, number) => element("option", { value: number }, shortened(name, 60))));
  byId("go-to").addEventListener("change", ({ target }) => {
    if (target.value !== "") goTo(Number(target.value));
    target.value = "";
  });
}
