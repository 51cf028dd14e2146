// Texts and tables: the verdict, findings, summary, metrics, baselines, losses, settings.

import { byId, element } from "../shared/elements.js";
import { count, grouped, timeText } from "../shared/formats.js";
import { boxed, numberTable, tree } from "../shared/tables.js";
import { data, firstTime, lastTime, scoredRows, titleOfName } from "./data.js";

const KINDS = { good: ["✓", "Good"], info: ["i", "Note"], warning: ["!", "Warning"], bad: ["✕", "Problem"] };

function findingItem([severity, text]) {
  const [icon, word] = KINDS[severity];
  return element("li", { class: `finding ${severity}` },
    element("span", { class: "icon", "aria-hidden": "true" }, icon), element("b", {}, word), element("span", {}, text));
}

/** What must be seen early: the most severe finding, and the others of its kind folded. */
function setUpConcerns() {
  const severe = data.findings.filter(([severity]) => severity === "bad" || severity === "warning");
  byId("concerns").append(...severe.slice(0, 1).map(findingItem));
  const rest = severe.slice(1);
  if (!rest.length) byId("more-concerns").remove();
  byId("more-concerns-title")?.append(count(rest.length, "more finding"));
  byId("more-concern-list")?.append(...rest.map(findingItem));
}

export function setUpTexts() {
  document.title = `${data.model}, ${data.file}: DC-VAE report`;
  byId("model").textContent = data.model;
  const open = data.rows - scoredRows;
  byId("facts").textContent = `${data.file} · ${timeText(firstTime)} to ${timeText(lastTime)} · ` +
    `${count(data.rows, "row")}${open ? `, ${grouped(open)} of them not judged` : ""} · ${grouped(data.series.length)} series`;
  byId("verdict").textContent = data.verdict;
  setUpConcerns();
  byId("finding-list").append(...data.findings.map(findingItem));
  if (!data.findings.length) byId("finding-list").append(element("li", { class: "empty" }, "Nothing stands out."));
  for (const [name, value] of data.summary) byId("summary-list").append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  byId("settings-body").append(tree(data.settings));
  byId("provenance-body").append(tree(data.provenance));
}

const noLabels = () => element("p", { class: "empty" }, "Give --labels to have the run judged: without them, nobody knows which alarms are true.");

export function setUpMetrics() {
  for (const note of document.querySelectorAll(".threshold")) note.textContent = data.metrics || data.baselines ? data.threshold_source : "";
  const notes = data.metric_notes;
  if (data.metrics) {
    const list = element("dl", { class: "notes" });
    for (const column of data.metrics.columns) {
      if (notes[column]) list.append(element("dt", {}, column), element("dd", {}, notes[column]));
    }
    const rowClass = (name) => (["system alarm", "any series flagged", "mean of labeled series"].includes(name) ? "total" : undefined);
    byId("metrics-body").append(boxed(numberTable(data.metrics, { notes, rowClass, titleOf: titleOfName, corner: "Series" }), "Table of metrics"), list);
  } else {
    byId("metrics-body").append(noLabels());
  }
  if (data.baselines) byId("baselines-body").append(boxed(baselinesTable(notes), "Table of detectors"), element("p", { class: "note after" }, "★ marks the best of a column."));
  else byId("baselines-body").append(data.metrics ? element("p", { class: "empty" }, "No baseline was run.") : noLabels());
}

function baselinesTable(notes) {
  const { values, index } = data.baselines;
  const best = (column, place) => {
    const better = data.better[column] ?? "higher";
    const known = values.map((row) => row[place]).filter((number) => number !== null);
    if (better === "neither" || !known.length) return [];
    const winning = better === "lower" ? Math.min(...known) : Math.max(...known);
    if (known.length > 1 && known.every((number) => number === winning)) return []; // none is better
    return values.flatMap((row, number) => (row[place] === winning ? [number] : []));
  };
  return numberTable(data.baselines, { notes, rowClass: (name) => (name === index[0] ? "own" : undefined), best, corner: "Detector" });
}

export function setUpLosses() {
  byId("fit-words").textContent = data.fit_words;
  [byId("losses-title").textContent, byId("losses-note").textContent] = data.losses_words;
  const names = { loss: "Loss", reconst: "Reconstruction", kl: "KL divergence" };
  const columns = data.losses.columns.map((column) => names[column] ?? column);
  const formats = columns.map(() => (number) => (number === null ? "–" : number.toFixed(Math.abs(number) < 1000 ? 4 : 1)));
  const rowClass = (name) => (name === "this file" ? "own" : undefined);
  if (!data.losses.index.length) byId("losses-body").append(element("p", { class: "empty" }, "No losses were computed."));
  else byId("losses-body").append(boxed(numberTable({ ...data.losses, columns }, { rowClass, formats, corner: "Data" }), "Table of losses"));
}
