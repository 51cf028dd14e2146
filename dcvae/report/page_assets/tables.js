// Tables of numbers: metrics, baselines, losses, and the calibration with its plot.

import { data } from "./data.js";
import { axis, baseLayout, byId, color, element, nameTag, numberFormat, percent, plain, plotConfig, shortened } from "./elements.js";

const boxed = (table) => element("div", { class: "scroll fit numbers", tabindex: "0", role: "group", "aria-label": "Table" }, table);

/** Words that a line may break between, but not within, as it would at the hyphen of VUS-PR. */
const words = (text) => text.split(" ").flatMap((word, place) => [place ? " " : "", element("span", { class: "word" }, word)]);

/**
 * A table of numbers.
 * options: corner (text), notes (column -> tooltip), rowClass (row -> class), best (column -> place or -1)
 */
function numberTable({ index, columns, values }, { corner = "", notes = {}, rowClass = () => undefined, best = () => [], formats } = {}) {
  const head = element("tr", {}, element("th", { class: "text corner", scope: "col" }, corner),
    ...columns.map((column) => element("th", { scope: "col", title: notes[column] }, ...words(column))));
  formats ??= columns.map((_, place) => numberFormat(values.map((row) => row[place])));
  const winners = columns.map((column, place) => best(column, place));
  const rows = index.map((name, number) => element("tr", { class: rowClass(String(name)) },
    element("th", { scope: "row" }, nameTag(String(name))),
    ...columns.map((_, place) => {
      const won = winners[place].includes(number);
      return element("td", { class: won && "best", title: won ? "best of this column" : undefined }, formats[place](values[number][place]));
    })));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...rows));
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
    byId("metrics-body").append(boxed(numberTable(data.metrics, { notes, rowClass, corner: "Series" })), list);
  } else {
    byId("metrics-body").append(noLabels());
  }
  if (data.baselines) {
    const { values } = data.baselines;
    const best = (column, place) => {
      const better = data.better[column] ?? "higher";
      const known = values.map((row) => row[place]).filter((number) => number !== null);
      if (better === "neither" || !known.length) return [];
      const winning = better === "lower" ? Math.min(...known) : Math.max(...known);
      if (known.length > 1 && known.every((number) => number === winning)) return []; // none is better
      return values.flatMap((row, number) => (row[place] === winning ? [number] : []));
    };
    const rowClass = (name) => (name === data.baselines.index[0] ? "own" : undefined);
    byId("baselines-body").append(boxed(numberTable(data.baselines, { notes, rowClass, best, corner: "Detector" })),
      element("p", { class: "note after" }, "★ marks the best of a column."));
  } else {
    byId("baselines-body").append(data.metrics ? element("p", { class: "empty" }, "No baseline was run.") : noLabels());
  }
}

export function setUpLosses() {
  const names = { loss: "Loss", reconst: "Reconstruction", kl: "KL divergence" };
  const columns = data.losses.columns.map((column) => names[column] ?? column);
  const formats = columns.map(() => (number) => (number === null ? "–" : number.toFixed(Math.abs(number) < 1000 ? 4 : 1)));
  const rowClass = (name) => (name === "this file" ? "own" : undefined);
  if (!data.losses.index.length) byId("losses-body").append(element("p", { class: "empty" }, "No losses were computed."));
  else byId("losses-body").append(boxed(numberTable({ ...data.losses, columns }, { rowClass, formats })));
}

// --- Calibration: how many cells lie outside k sigmas ---

const calibrationPlot = byId("calibration-plot");

function drawCalibration() {
  const { index, columns, values } = data.calibration;
  const chosen = byId("calibration-series").value;
  const known = values.flat().filter((share) => share > 0);
  const lowest = Math.floor(Math.log10(Math.min(...known, 0.1)));
  const styles = (column) => {
    if (column === "promised by a Gaussian") return { color: color("text"), width: 2, dash: "dash" };
    if (column === chosen) return { color: color("flag"), width: 3, dash: "solid" };
    if (column === "all series together") return { color: color("value"), width: 3, dash: "solid" };
    return { color: color("faint"), width: 1, dash: "solid" };
  };
  const last = (column) => (column === "promised by a Gaussian" || column === "all series together" ? 1 : 0) + (column === chosen ? 2 : 0);
  const traces = columns.map((column, place) => ({ column, place })).sort((a, b) => last(a.column) - last(b.column))
    .map(({ column, place }) => ({
      type: "scatter", mode: "lines+markers", name: plain(shortened(column, 40)), x: index,
      y: values.map((row) => row[place] || null), // no logarithm of 0
      line: styles(column),
      marker: { color: styles(column).color, size: styles(column).width > 1 ? 7 : 4, symbol: column === "promised by a Gaussian" ? "diamond-open" : column === chosen ? "square" : "circle" },
      text: values.map((row) => (row[place] === null ? "" : percent(row[place]))),
      hovertemplate: `${plain(shortened(column, 40))}<br>outside %{x} sigmas: %{text}<extra></extra>`,
      showlegend: last(column) > 0 || place === 1,
      ...(last(column) === 0 && place === 1 ? { name: "single series" } : {}),
    }));
  const powers = Array.from({ length: 1 - lowest }, (_, place) => lowest + place);
  Plotly.react(calibrationPlot, traces, {
    ...baseLayout(),
    height: 340,
    margin: { l: 84, r: 12, t: 8, b: 76 },
    hovermode: "closest",
    xaxis: axis({ title: { text: "k (sigmas)", standoff: 6, font: { color: color("muted") } }, tickvals: index, fixedrange: true }),
    yaxis: axis({
      type: "log", range: [lowest - 0.1, 0.1], tickvals: powers.map((power) => 10 ** power), ticktext: powers.map((power) => percent(10 ** power)),
      fixedrange: true, title: { text: "cells outside", font: { color: color("muted") } },
    }),
    showlegend: true,
    legend: { orientation: "h", x: 0, y: -0.2, yanchor: "top", font: { color: color("text") }, itemclick: false, itemdoubleclick: false },
  }, plotConfig);
}

/** Draw the plot again, if there is one. */
export function redrawCalibration() {
  if (calibrationPlot.data) drawCalibration();
}

export function setUpCalibration() {
  const { index, columns, values } = data.calibration;
  if (!index.length || !columns.length) {
    byId("calibration-body").replaceChildren(element("p", { class: "empty" }, "No cell had a value, so nothing can be said."));
    return;
  }
  const single = columns.filter((column) => column !== "promised by a Gaussian" && column !== "all series together");
  byId("calibration-series").append(element("option", { value: "" }, "none"),
    ...single.map((column) => element("option", { value: column }, shortened(column, 60))));
  byId("calibration-series").addEventListener("change", drawCalibration);
  const formats = index.map(() => (share) => (share === null ? "–" : percent(share)));
  // One row per series: there may be many of them, and there are few k.
  const turned = { index: columns, columns: index.map((k) => `${k}\u00a0σ`), values: columns.map((_, place) => values.map((row) => row[place])) };
  byId("calibration-table").append(boxed(numberTable(turned, { corner: "Outside", formats })));
  drawCalibration();
}
