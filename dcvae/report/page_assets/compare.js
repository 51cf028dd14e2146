// Set-up of the page of two runs: its parts in order.
// dcvae/report/page/document.py joins the modules that are imported from here into one script.

import { data } from "./compare/data.js";
import { setUpPairs } from "./compare/pairs.js";
import { drawScores, setUpScores } from "./compare/scores.js";
import { byId, element, nameTag } from "./shared/elements.js";
import { numberFormat, timeText } from "./shared/formats.js";
import { boxed } from "./shared/tables.js";
import { setUpTheme, whenThemeChanges } from "./shared/theme.js";

whenThemeChanges(drawScores);
setUpTheme();
setUpTexts();
setUpScores();
setUpPairs();
setUpMetrics();
setUpSettings();
document.documentElement.dataset.state = "ready";

function setUpTexts() {
  const [first, second] = data.runs;
  document.title = `${first.title} and ${second.title}: DC-VAE`;
  byId("facts").textContent = `${timeText(data.span[0])} to ${timeText(data.span[1])}`;
  byId("verdict").textContent = data.sentence;
  for (const notice of data.notices) byId("verdict").after(element("p", { class: "note" }, notice));
  data.runs.forEach((run, place) => byId("runs").append(
    element("dt", {}, element("span", {}, place ? "Second" : "First"), run.title), element("dd", {}, run.verdict)));
}

function setUpMetrics() {
  if (!data.metrics) {
    byId("metrics-body").append(element("p", { class: "empty" }, "Both runs need --labels to be compared by metrics: without them, nobody knows which alarms are true."));
    return;
  }
  const { index, values } = data.metrics;
  const better = (metric, [first, second]) => {
    const direction = data.better[metric] ?? "higher";
    if (direction === "neither" || first === null || second === null || first === second) return -1;
    return (first > second) === (direction === "higher") ? 0 : 1;
  };
  const rows = index.map((metric, place) => {
    const format = numberFormat(values[place]);
    const won = better(metric, values[place]);
    return element("tr", {}, element("th", { scope: "row", title: data.metric_notes[metric] }, metric),
      ...values[place].map((number, run) => element("td", { class: run === won && "best", title: run === won ? "the better of the two" : undefined }, format(number))));
  });
  const head = element("tr", {}, element("th", { class: "text", scope: "col" }, "Metric"), ...["First", "Second"].map((title) => element("th", { scope: "col" }, title)));
  byId("metrics-body").append(boxed(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)), "Metrics of both runs"),
    element("p", { class: "note after" }, "★ marks the better of the two, where they differ."));
}

function setUpSettings() {
  if (!data.settings.length) {
    byId("settings-body").append(element("p", { class: "empty" }, "Both runs have the same settings."));
    return;
  }
  const head = element("tr", {}, ...["Key", "First", "Second"].map((title) => element("th", { class: "text", scope: "col" }, title)));
  const rows = data.settings.map(([key, first, second]) => element("tr", {},
    element("th", { scope: "row" }, nameTag(key)), element("td", {}, first), element("td", {}, second)));
  byId("settings-body").append(boxed(element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows)), "Settings that differ"));
}
