// Tables of the page of a study: means and losses of the chosen metric, and the suspects.

import { byId, element } from "../shared/elements.js";
import { grouped, percent, rounded } from "../shared/formats.js";
import { boxed } from "../shared/tables.js";
import { chosen, data } from "./data.js";

const COLUMN_TITLES = {
  place: "Place", row: "Row", labeled: "Labeled an anomaly", contaminated: "Put there on purpose", runs: "Runs it trained in",
  median_rank: "Median rank", in_top: "Among the strangest",
};
const three = (number) => (number === null ? "–" : number.toFixed(3));
const heading = (text, title) => element("th", { scope: "col", title }, text);

export function drawNumbers() {
  const { name: metric, title } = chosen.metric;
  byId("losses-title").textContent = `Numbers: ${title}`;
  const dirty = data.rho.map((share, place) => [share, place]).filter(([share]) => share > 0);
  const head = element("tr", {}, element("th", { class: "text corner", scope: "col" }, "Detector"),
    ...data.rho.map((share) => heading(`${percent(share)}`, `mean and standard deviation of the runs at ${percent(share)} contamination`)),
    ...dirty.map(([share]) => heading(`Loss at ${percent(share)}`, "mean of the loss since no contamination, run by run, and its 95 % bootstrap interval")),
    heading("Tolerated", "the largest share up to which the interval of the loss ends within 5 % of the mean without contamination"),
    heading("Seconds", "median of the experiments: a fit, and the scores of training and test"));
  const rows = data.detectors.filter((name) => data.numbers[metric][name]).map((name) => {
    const { mean, sd, loss, loss_low: low, loss_high: high, tolerated } = data.numbers[metric][name];
    const seconds = data.seconds[name];
    return element("tr", {}, element("th", { scope: "row" }, name),
      ...data.rho.map((_, place) => element("td", {}, three(mean[place]), sd[place] === null ? "" : element("small", {}, ` ± ${three(sd[place])}`))),
      ...dirty.map(([, place]) => element("td", {}, three(loss[place]), low[place] === null ? "" : element("small", {}, ` ${three(low[place])} to ${three(high[place])}`))),
      element("td", {}, tolerated === null ? "–" : percent(tolerated)),
      element("td", {}, seconds === undefined ? "–" : rounded(seconds)));
  });
  byId("losses-body").replaceChildren(boxed(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)), `Numbers of ${title}`));
}

const cellText = (column, cell) => {
  if (cell === true) return "yes";
  if (cell === false) return "no";
  if (cell === null) return "–";
  if (column === "median_rank" || column === "in_top") return percent(cell);
  return typeof cell === "number" ? grouped(cell) : String(cell);
};

export function setUpNumbers() {
  chosen.followers.push(drawNumbers);
  drawNumbers();
  const { columns, rows, total } = data.suspects;
  if (!rows.length) {
    byId("suspects-body").append(element("p", { class: "empty" }, "No training data were ranked."));
    return;
  }
  const head = element("tr", {}, ...columns.map((name) => heading(COLUMN_TITLES[name] ?? name)));
  const lines = rows.map((cells) => element("tr", {}, ...cells.map((cell, place) => element("td", {}, cellText(columns[place], cell)))));
  const shown = rows.length < total ? `The first ${grouped(rows.length)} of ${grouped(total)} in suspects.csv. ` : "";
  byId("suspects-body").append(
    element("p", { class: "note" }, `${shown}Ranked by the median, over detectors and runs, of their rank among the training data at ${percent(data.rho.at(-1))} contamination: the smaller, the stranger.`),
    boxed(element("table", {}, element("thead", {}, head), element("tbody", {}, ...lines)), "Training data to look at first"));
}
