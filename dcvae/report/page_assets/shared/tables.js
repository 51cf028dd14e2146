// Tables of numbers, and trees of names and values.

import { element, nameTag } from "./elements.js";
import { numberFormat } from "./formats.js";

export const boxed = (table, label) => element("div", { class: "scroll fit numbers", tabindex: "0", role: "group", "aria-label": label }, table);

/** Words that a line may break between, but not within, as it would at the hyphen of VUS-PR. */
const words = (text) => text.split(" ").flatMap((word, place) => [place ? " " : "", element("span", { class: "word" }, word)]);

/**
 * A table of numbers.
 * options: corner (text), titleOf (row -> what is shown for its name), notes (column -> tooltip), rowClass (row -> class), best (column, place -> places of rows), formats
 */
export function numberTable({ index, columns, values }, { corner, titleOf: shown = String, notes = {}, rowClass = () => undefined, best = () => [], formats } = {}) {
  const head = element("tr", {}, element("th", { class: "text corner", scope: "col" }, corner),
    ...columns.map((column) => element("th", { scope: "col", title: notes[column] }, ...words(column))));
  formats ??= columns.map((_, place) => numberFormat(values.map((row) => row[place])));
  const winners = columns.map((column, place) => best(column, place));
  const rows = index.map((name, number) => element("tr", { class: rowClass(String(name)) },
    element("th", { scope: "row" }, nameTag(shown(String(name)), String(name))),
    ...columns.map((_, place) => {
      const won = winners[place].includes(number);
      return element("td", { class: won && "best", title: won ? "best of this column" : undefined }, formats[place](values[number][place]));
    })));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
}

/** Names and values, nested as they come. */
export function tree(value) {
  if (value !== null && typeof value === "object" && !Array.isArray(value)) {
    if (!Object.keys(value).length) return element("p", { class: "empty" }, "none");
    return element("dl", { class: "tree" }, ...Object.entries(value).flatMap(([name, entry]) => [
      element("dt", {}, name), element("dd", {}, tree(entry))]));
  }
  if (Array.isArray(value) && value.some((entry) => entry !== null && typeof entry === "object")) {
    return element("ul", {}, ...value.map((entry) => element("li", {}, tree(entry))));
  }
  if (Array.isArray(value)) return value.length ? value.join(", ") : "none";
  return String(value);
}
