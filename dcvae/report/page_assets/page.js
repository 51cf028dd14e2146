// Set-up of the page: its parts in order, and what follows a change of the range or of the theme.
// dcvae/report/page.py joins all modules of this folder into one script.

import { allStale, scrollToChart, setUpCharts } from "./charts.js";
import { byId, count, counting, element, setUpTheme, timeText } from "./elements.js";
import { markEventRow, setUpEvents, tellEvent } from "./events.js";
import { drawHeat, markHeat, setUpHeat } from "./heat.js";
import { setUpToolbar, showRange, whenRangeChanges, whenReset } from "./range.js";
import { drawScore, setUpScore } from "./score.js";
import { redrawCalibration, setUpCalibration, setUpLosses, setUpMetrics } from "./tables.js";
import { data, firstTime, lastTime } from "./data.js";

whenRangeChanges(drawScore, allStale, markHeat, tellEvent);
whenReset(markEventRow);

setUpTexts();
setUpToolbar({ redraw: allStale, goTo: scrollToChart });
setUpTheme(() => {
  drawScore();
  drawHeat();
  redrawCalibration();
  allStale();
});
setUpScore();
setUpHeat();
setUpEvents();
setUpCharts();
showRange();
setUpMetrics();
setUpLosses();
setUpCalibration();

function setUpTexts() {
  document.title = `${data.model}, ${data.file}: DC-VAE report`;
  byId("model").textContent = data.model;
  byId("facts").textContent = `${data.file} · ${timeText(firstTime)} to ${timeText(lastTime)} · ` +
    `${count(data.rows, "judged row")} · ${counting.format(data.series.length)} series`;
  const kinds = { good: ["✓", "Good"], info: ["i", "Note"], warning: ["!", "Warning"], bad: ["✕", "Problem"] };
  byId("finding-list").append(...data.findings.map(([level, text]) => element(
    "li", { class: `finding ${level}` },
    element("span", { class: "icon", "aria-hidden": "true" }, kinds[level][0]), element("b", {}, kinds[level][1]), element("span", {}, text))));
  if (!data.findings.length) byId("finding-list").append(element("li", { class: "empty" }, "Nothing stands out."));
  for (const [name, value] of data.summary) byId("summary-list").append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  byId("settings-body").append(tree(data.settings));
  byId("provenance-body").append(tree(data.provenance));
}

/** Names and values, nested as they come. */
function tree(value) {
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
