// Cards of the strongest events: when, how long, what it began with, and a small chart of that series.

import { byId, element } from "../shared/elements.js";
import { count, shortened, timeText } from "../shared/formats.js";
import { data, eventOf, scoredRows, titledUnit, titleOf } from "../report/data.js";
import { measuredText, scoreText, strengthText } from "./words.js";
import { seriesPlot } from "../report/series_plot.js";

const CARDS = 4;
const drawnCards = [];

function card(place) {
  const event = eventOf(place);
  const [began] = event.series;
  const said = measuredText(event.measured[0]);
  const others = event.series.length - 1;
  const holder = element("div", { class: "plot", role: "img", "aria-label": began === undefined ? "No series" : `Chart of ${titledUnit(began)} around event ${event.number}` });
  const made = element("li", { class: "card" },
    element("h3", {}, element("a", { href: `#event=${event.number}` }, timeText(event.start)), element("span", {}, event.duration)),
    element("p", { class: "began" }, element("b", { title: titleOf(began) }, shortened(titleOf(began), 60)),
      said ? `: ${said}` : "", others > 0 ? ` (and ${others} more)` : ""),
    holder,
    element("p", { class: "note" }, [`Event ${event.number}`, ...(event.kind === "incident" ? [] : [event.kind]), event.score === null ? strengthText(event.strength) : scoreText(event.score)].join(" · ")));
  if (began !== undefined) {
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      const plot = seriesPlot(holder, began, { height: 108, small: true, shaded: () => place });
      const around = Math.max(1.5 * (event.end - event.start), 30 * data.step);
      plot.draw(event.start - around, event.end + around, false);
      drawnCards.push(plot);
    }, { rootMargin: "200px 0px" });
    observer.observe(holder);
  }
  return made;
}

export function redrawCards() {
  for (const plot of drawnCards) plot.redraw();
}

export function setUpCards() {
  const { order } = data.events;
  if (!order.length) {
    const why = scoredRows ? "The system was not in alarm, so there is no event." : "No row could be judged, so no event could be found.";
    byId("cards-body").replaceChildren(element("p", { class: "empty" }, why));
    return;
  }
  byId("cards-title").textContent = order.length > CARDS ? "Strongest events" : "Events, the strongest first";
  byId("cards").append(...order.slice(0, CARDS).map(card));
  if (order.length > CARDS) byId("all-events").textContent = `All ${count(data.events.total, "event")}`;
  else byId("all-events").remove();
}
