// Range of time that the page shows, and the toolbar that changes it.
// What follows a change is registered by page.js: charts and heat map import the range, not the reverse.

import { byId, element } from "../shared/elements.js";
import { shortened, timeText } from "../shared/formats.js";
import { DAY } from "../shared/ticks.js";
import { data, firstTime, lastTime, titleOf } from "./data.js";

export const fullRange = () => {
  const margin = Math.max((lastTime - firstTime) * 0.01, data.step);
  return [firstTime - margin, lastTime + margin];
};

/** What is shown now: a range of time, an event (its place in the table of events) or null, and the height of charts. */
export const view = { from: fullRange()[0], to: fullRange()[1], event: null, height: "all" };

const rangeFollowers = [];

/** Call functions after every change of the range or of the chosen event, in their order. */
export const whenRangeChanges = (...more) => rangeFollowers.push(...more);

export const isWhole = () => {
  const [earliest, latest] = fullRange();
  return view.from <= earliest && view.to >= latest;
};

export function setRange(from, to) {
  const [earliest, latest] = fullRange();
  const shortest = Math.min(4 * data.step, latest - earliest);
  const width = Math.min(Math.max(to - from, shortest), latest - earliest);
  from = Math.min(Math.max((from + to - width) / 2, earliest), latest - width);
  [view.from, view.to] = [from, from + width];
  showRange();
  for (const follow of rangeFollowers) follow();
}

/** A range around an event, wide enough to see what was before. */
export const rangeAround = (start, end) => {
  const margin = Math.max(2 * (end - start), 50 * data.step);
  return [start - margin, end + margin];
};

function showRange() {
  const [earliest, latest] = fullRange();
  byId("range").value = `${timeText(Math.max(view.from, firstTime))} to ${timeText(Math.min(view.to, lastTime))}`;
  byId("earlier").disabled = view.from <= earliest;
  byId("later").disabled = view.to >= latest;
  for (const choice of byId("zoom-buttons").children) {
    const days = choice.dataset.days;
    const width = days === "all" ? latest - earliest : Number(days) * DAY;
    choice.disabled = width > latest - earliest;
    choice.setAttribute("aria-pressed", String(days === "all" ? isWhole() : !isWhole() && Math.abs(view.to - view.from - width) < 1));
  }
}

export function reset() {
  view.event = null;
  view.height = byId("height").value = "all";
  setRange(...fullRange());
}

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
    ...data.series.map((_, number) => element("option", { value: number }, shortened(titleOf(number), 60))));
  byId("go-to").addEventListener("change", ({ target }) => {
    if (target.value !== "") goTo(Number(target.value));
    target.value = "";
  });
  showRange();
}
