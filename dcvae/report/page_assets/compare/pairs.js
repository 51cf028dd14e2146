// Events of both runs: those that overlap in one line, the others alone.

import { byId, element, nameTag } from "../shared/elements.js";
import { count, grouped, rounded, timeText } from "../shared/formats.js";
import { data, runs } from "./data.js";
import { showTimes } from "./scores.js";

const COLUMNS = ["Event", "Start", "Lasts", "Began with", "× limit"];
const NAMES = ["First", "Second"];
const MOST_SHOWN = 500;

function cellsOf(place, event) {
  const title = (column) => ({ "data-title": `${NAMES[place]}: ${column.toLowerCase()}` });
  if (event === null) return [element("td", { class: "text first-of-run", colspan: COLUMNS.length, ...title("no event") }, "–")];
  const { number, start, lasts, began, severity, kind } = runs[place].events;
  const named = kind[event] === "incident" ? String(number[event]) : `${number[event]}, ${kind[event]}`;
  const cells = [named, timeText(start[event]), lasts[event], nameTag(began[event]), severity[event] === null ? "–" : rounded(severity[event])];
  return cells.map((cell, column) => element("td", { class: classOf(column), ...title(COLUMNS[column]) }, cell));
}

const classOf = (column) => [column === 0 || column === 3 ? "text" : "", column === 0 ? "first-of-run" : ""].join(" ").trim() || undefined;

const isShown = (which, [first, second]) => which === "all" || (which === "both" && first !== null && second !== null) ||
  (which === "first" && second === null) || (which === "second" && first === null);

function choose(row, pair) {
  const times = pair.flatMap((event, place) => (event === null ? [] : [runs[place].events.start[event], runs[place].events.end[event]]));
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const around = Math.max(2 * (to - from), 50 * runs[0].step);
  showTimes(from - around, to + around, [from, to]);
  for (const other of row.parentElement.rows) other.toggleAttribute("aria-current", false);
  row.setAttribute("aria-current", "true");
  byId("scores").scrollIntoView();
}

function showPairs() {
  const which = byId("which").value;
  const shown = data.pairs.map((pair, place) => ({ pair, place })).filter(({ pair }) => isShown(which, pair));
  const most = shown.slice(0, MOST_SHOWN);
  byId("pair-count").value = count(shown.length, "line") + (shown.length > most.length ? `, of which the first ${grouped(most.length)} are shown` : "") +
    (data.total > data.pairs.length ? `; of ${grouped(data.total)} in all the first ${grouped(data.pairs.length)} are here` : "");
  byId("pair-table").tBodies[0].replaceChildren(...most.map(({ pair, place }) => {
    const row = element("tr", { tabindex: "0" }, ...pair.flatMap((event, run) => cellsOf(run, event)), element("td", { class: "text first-of-run", "data-title": "Alarm of the second" }, data.later[place]));
    row.addEventListener("click", () => choose(row, pair));
    row.addEventListener("keydown", (pressed) => {
      if (pressed.key !== "Enter" && pressed.key !== " ") return;
      choose(row, pair);
      pressed.preventDefault();
    });
    return row;
  }));
}

export function setUpPairs() {
  if (!data.pairs.length) {
    byId("events-body").replaceChildren(element("p", { class: "empty" }, "Neither run was in alarm, so there is no event."));
    return;
  }
  const title = (text, attributes = {}) => element("th", { scope: "col", ...attributes }, text);
  byId("pair-table").tHead.append(
    element("tr", {}, ...runs.map((run, place) => title(`${NAMES[place]}: ${run.title}`, { colspan: COLUMNS.length, scope: "colgroup", class: "first-of-run" })),
      title("Alarm of the second", { rowspan: 2, class: "text first-of-run" })),
    element("tr", {}, ...runs.flatMap(() => COLUMNS.map((text, column) => title(text, { class: classOf(column) })))));
  byId("which").addEventListener("change", showPairs);
  showPairs();
}
