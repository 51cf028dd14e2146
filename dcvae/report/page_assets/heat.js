// Heat map: the share of flagged cells of every series over time.

import { scrollToChart } from "./charts.js";
import { rectangles } from "./curves.js";
import { data, firstTime, labelRuns } from "./data.js";
import { axis, baseLayout, blend, byId, color, durationText, percent, plain, plotConfig, shortened, timeText } from "./elements.js";
import { fullRange, setRange, timeOf, view } from "./range.js";

const heatPlot = byId("heat-plot");

export function drawHeat() {
  const { width, count: columns, flagged, judged } = data.heat;
  const x = Array.from({ length: columns }, (_, column) => firstTime - data.step / 2 + (column + 0.5) * width);
  const shares = flagged.map((row, number) => row.map((cells, column) => (judged[number][column] ? cells / judged[number][column] : null)));
  const runs = mergedLabels();
  const labeled = runs.length ? 1 : 0; // an axis without a trace makes plotly draw a line to nowhere
  const rowHeight = Math.min(26, Math.max(9, 520 / data.series.length));
  const strip = labeled * 18;
  const height = Math.max(120, rowHeight * data.series.length) + strip + 50;
  const inner = height - 50;
  // Every name, or of very many series every second or third, so that they do not overlap.
  const named = data.series.map((_, number) => number).filter((number) => number % Math.ceil(14 / rowHeight) === 0);
  const longest = data.series.reduce((length, name) => Math.max(length, Math.min(name.length, 24)), 6);
  // From the surface to a strong color: a share is read by lightness, whatever one's color vision.
  const layout = {
    ...baseLayout(),
    height,
    margin: { l: 24 + 7 * longest, r: 70, t: 8, b: 42 },
    xaxis: axis({ type: "date", range: fullRange(), fixedrange: true, showgrid: false }),
    yaxis: axis({
      type: "linear", range: [data.series.length - 0.5, -0.5], fixedrange: true, showgrid: false, ticks: "", domain: [0, 1 - (strip + labeled * 6) / inner],
      tickvals: named, ticktext: named.map((number) => plain(shortened(data.series[number], 24))),
    }),
    ...(labeled && { yaxis2: axis({ type: "linear", range: [0, 1], fixedrange: true, showgrid: false, ticks: "", linewidth: 0, domain: [1 - strip / inner, 1], tickvals: [0.5], ticktext: ["labels"], anchor: "x" }) }),
    hovermode: "closest",
    shapes: heatShapes(),
  };
  const steps = [0.01, 0.1, 0.25, 0.5, 1];
  const traces = [{
    type: "heatmap", x, y: data.series.map((_, number) => number),
    z: shares.map((row) => row.map((share) => share && Math.sqrt(share))), // so that one row of fifty is seen
    customdata: shares.map((row, number) => row.map((share, column) => [
      share === null ? "no value" : `${percent(share)} flagged (${flagged[number][column]} of ${judged[number][column]} cells)`,
      timeText(firstTime + column * width), plain(shortened(data.series[number], 60))])),
    hovertemplate: "%{customdata[2]}<br>from %{customdata[1]}<br>%{customdata[0]}<extra></extra>",
    zmin: 0, zmax: 1, ygap: rowHeight > 12 ? 2 : 0, hoverongaps: false,
    colorscale: [[0, color("raised")], [0.001, blend("raised", "flag", 0.25)], [0.5, color("flag")], [1, color("heat-end")]],
    colorbar: {
      thickness: 12, outlinewidth: 0, ypad: 0, y: 1, yanchor: "top", lenmode: "pixels", len: Math.min(inner, 320),
      tickvals: steps.map(Math.sqrt), ticktext: steps.map(percent), tickfont: { color: color("muted") },
    },
  }];
  if (labeled) {
    traces.push({
      type: "scatter", mode: "none", fill: "toself", yaxis: "y2", name: "labels", hoverinfo: "skip",
      ...rectangles(runs, ...fullRange(), 0.1, 0.9), fillcolor: color("label"),
    });
  }
  Plotly.react(heatPlot, traces, layout, plotConfig);
}

/** Labels of all series in one list of runs, sorted by their beginning. */
function mergedLabels() {
  const runs = [];
  for (const times of labelRuns ?? []) for (let place = 0; place < times.length; place += 2) runs.push([times[place], times[place + 1]]);
  return runs.sort((a, b) => a[0] - b[0]).flat();
}

/** A frame around what the charts show. */
function heatShapes() {
  const [earliest, latest] = fullRange();
  if (view.from <= earliest && view.to >= latest) return [];
  const least = (latest - earliest) / 300; // still to be seen when it is a day of years
  const center = (view.from + view.to) / 2;
  const half = Math.max(view.to - view.from, least) / 2;
  return [{
    type: "rect", xref: "x", yref: "paper", x0: center - half, x1: center + half, y0: 0, y1: 1,
    line: { color: color("accent"), width: 2 },
  }];
}

export function markHeat() {
  if (heatPlot.data) Plotly.relayout(heatPlot, { shapes: heatShapes() });
}

export function setUpHeat() {
  byId("heat-note").textContent = "Share of the judged cells that left their band, " +
    `in stretches of ${durationText(data.heat.width / 1000)}. Click one to see it in the charts.`;
  drawHeat();
  heatPlot.on("plotly_click", ({ points: [point] }) => {
    if (point.data.type !== "heatmap") return;
    const half = Math.max(data.heat.width, 60 * data.step) * 1.5;
    const center = timeOf(point.x);
    setRange(center - half, center + half);
    scrollToChart(point.y);
  });
}
