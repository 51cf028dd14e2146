// Lines of the metrics over the share of contamination, and the buttons that show or hide them.

import { byId, element } from "../shared/elements.js";
import { rounded } from "../shared/formats.js";
import { makePlot } from "../shared/plot.js";
import { color } from "../shared/theme.js";
import { choose, chosen, data, looks } from "./data.js";

const shownLines = new Set(data.detectors);
const percents = data.rho.map((share) => Number((share * 100).toPrecision(6)));
let plot = null;

/** A line as it is drawn, for a legend. Names never become markup. */
function lineSwatch(name) {
  const { variable, dash } = looks.get(name);
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ width: 26, height: 10, viewBox: "0 0 26 10", "aria-hidden": "true" })) svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  for (const [key, value] of Object.entries({ d: "M1 5 H25", fill: "none", stroke: `var(--${variable})`, "stroke-width": 2.4, "stroke-dasharray": dash.join(" ") || "none" })) path.setAttribute(key, value);
  svg.append(path);
  return svg;
}

const numbersOf = (name) => (shownLines.has(name) ? data.numbers[chosen.metric.name][name] : null);
const nulls = percents.map(() => null);

function rangeOfLines(table) {
  const known = Object.entries(table).filter(([key]) => key !== "x").flatMap(([, column]) => column).filter((number) => number !== null);
  if (!known.length) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const more = Math.max(0.06 * (high - low), 0.01);
  return [Math.max(low - more, -0.02), Math.min(high + more, 1.02)];
}

export function drawLines() {
  const table = { x: percents };
  for (const name of data.detectors) {
    const numbers = numbersOf(name);
    const edge = (sign) => numbers?.mean.map((mean, place) => (mean === null ? null : mean + sign * (numbers.sd[place] ?? 0))) ?? nulls;
    table[name] = numbers?.mean ?? nulls;
    table[`${name} low`] = edge(-1);
    table[`${name} high`] = edge(1);
  }
  const margin = Math.max((percents.at(-1) - percents[0]) * 0.03, 0.1);
  plot.show({ table, x: [percents[0] - margin, percents.at(-1) + margin], y: rangeOfLines(table) });
  plot.redraw();
  byId("plot").setAttribute("aria-label", `Chart of ${chosen.metric.title} by share of contamination; the numbers are in the table below`);
  byId("metric-note").value = chosen.metric.note;
}

function addButtons() {
  for (const name of data.detectors) {
    const toggle = element("button", { type: "button", "aria-pressed": "true" }, lineSwatch(name), name);
    toggle.addEventListener("click", () => {
      if (!shownLines.delete(name)) shownLines.add(name);
      toggle.setAttribute("aria-pressed", String(shownLines.has(name)));
      drawLines();
    });
    byId("lines").append(toggle);
  }
}

export function setUpLines() {
  for (const { name, title } of data.metrics) byId("metric").append(element("option", { value: name }, title));
  byId("metric").addEventListener("change", ({ target }) => choose(target.value));
  chosen.followers.push(drawLines);
  const invisible = { stroke: () => "transparent", points: { show: false } };
  const bands = [];
  const series = data.detectors.flatMap((name, place) => {
    const { variable, dash, width } = looks.get(name);
    const stroke = () => color(variable);
    bands.push({ series: [3 * place + 3, 3 * place + 2], fill: () => color(variable).replace(/rgba?\(([^)/]*?)(?:,[^,]*)?\)$/, (whole, parts) => (whole.startsWith("rgba") ? whole : `rgba(${whole.slice(4, -1)}, 0.1)`)) });
    return [{ stroke, width, dash, points: { show: true, size: 5, fill: stroke } }, invisible, invisible];
  });
  plot = makePlot(byId("plot"), {
    height: 340, series, bands,
    x: { time: false, values: (_, ticks) => ticks.map((tick) => `${Number(tick.toPrecision(6))} %`) },
    tip: (place) => [`${percents[place]} % contamination`, ...data.detectors
      .map((name) => [name, numbersOf(name)?.mean[place] ?? null])
      .filter(([, mean]) => mean !== null)
      .sort(([, one], [, other]) => other - one)
      .map(([name, mean]) => `${rounded(mean)}  ${name}`)],
  });
  addButtons();
  drawLines();
}
