// Calibration: the share of values more than k sigmas from the mean, next to what a Gaussian promises.

import { byId, element } from "../shared/elements.js";
import { percent, shortened } from "../shared/formats.js";
import { makePlot } from "../shared/plot.js";
import { boxed, numberTable } from "../shared/tables.js";
import { color } from "../shared/theme.js";
import { data, titleOfName } from "./data.js";

const PROMISED = "promised by a Gaussian";
const TOGETHER = "all series together";
let calibrationPlot = null;

function drawCalibration() {
  const { index, columns, values } = data.calibration;
  const chosen = byId("calibration-series").value;
  const known = values.flat().filter((share) => share > 0);
  const lowest = Math.floor(Math.log10(Math.min(...known, 0.1)));
  const last = (column) => (column === PROMISED || column === TOGETHER ? 1 : 0) + (column === chosen ? 2 : 0);
  const order = columns.map((_, place) => place).sort((a, b) => last(columns[a]) - last(columns[b]));
  const looks = (column) => {
    if (column === PROMISED) return { stroke: "text", width: 2, dash: [6, 4] };
    if (column === chosen) return { stroke: "flag", width: 3 };
    if (column === TOGETHER) return { stroke: "value", width: 3 };
    return { stroke: "faint", width: 1 };
  };
  const series = order.map((place) => {
    const { stroke, ...look } = looks(columns[place]);
    return { ...look, stroke: () => color(stroke), points: { show: true, size: look.width > 1 ? 7 : 4, fill: () => color(stroke) } };
  });
  const powers = Array.from({ length: 1 - lowest }, (_, place) => lowest + place);
  calibrationPlot?.u.destroy();
  calibrationPlot = makePlot(byId("calibration-plot"), {
    height: 320, series,
    x: { time: false, splits: () => index, values: (_, ks) => ks.map((k) => `${k} σ`) },
    y: { splits: () => powers, values: (_, found) => found.map((power) => percent(10 ** power)), size: 74 },
    tip: (place, table) => [`more than ${table.k[place]} sigmas from the mean`, ...[PROMISED, TOGETHER, chosen].filter(Boolean).map((column) => {
      const share = values[place][columns.indexOf(column)];
      return `${shortened(titleOfName(column), 40)}: ${share === null || share === undefined ? "–" : percent(share)}`;
    })],
  });
  const table = { k: index };
  for (const place of order) table[`column ${place}`] = values.map((row) => (row[place] > 0 ? Math.log10(row[place]) : null)); // no logarithm of 0
  const margin = index.length > 1 ? 0.03 * (index.at(-1) - index[0]) : 1;
  calibrationPlot.show({ table, x: [index[0] - margin, index.at(-1) + margin], y: [lowest - 0.1, 0.1] });
}

/** Draw the plot again, if there is one. */
export const redrawCalibration = () => calibrationPlot?.redraw();

export function setUpCalibration() {
  const { index, columns, values } = data.calibration;
  if (!data.has_bands || !index.length || !columns.length) {
    const why = data.has_bands ? "No cell had a value, so nothing can be said." : "No values with a spread are expected here, so there is nothing to calibrate.";
    byId("calibration-body").replaceChildren(element("p", { class: "empty" }, why));
    return;
  }
  const single = columns.filter((column) => column !== PROMISED && column !== TOGETHER);
  byId("calibration-series").append(element("option", { value: "" }, "none"),
    ...single.map((column) => element("option", { value: column }, shortened(titleOfName(column), 60))));
  byId("calibration-series").addEventListener("change", drawCalibration);
  const formats = index.map(() => (share) => (share === null ? "–" : percent(share)));
  // One row per series: there may be many of them, and there are few k.
  const turned = { index: columns.map(titleOfName), columns: index.map((k) => `${k}\u00a0σ`), values: columns.map((_, place) => values.map((row) => row[place])) };
  byId("calibration-table").append(boxed(numberTable(turned, { corner: "Outside", formats }), "Table of shares"));
  // Drawn when it comes into view: it is far down.
  const observer = new IntersectionObserver((entries) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    drawCalibration();
  }, { rootMargin: "300px 0px" });
  observer.observe(byId("calibration-plot"));
  window.addEventListener("beforeprint", () => { if (!calibrationPlot) drawCalibration(); });
}
