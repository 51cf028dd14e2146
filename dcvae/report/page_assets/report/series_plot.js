// Plot of one series: value, expected value and band, with its flags, its labels and an event.
// The charts of all series, the cards and the view of an event draw it, each in its own size.

import { MOST_BUCKETS, bucketsOf, heightOf, stretches, tableOf } from "../shared/curves.js";
import { timeText, valueText } from "../shared/formats.js";
import { fillStretches, frame, hatch, makePlot, triangles } from "../shared/plot.js";
import { color } from "../shared/theme.js";
import { channelsOf, data, eventTimes, flagRunsOf, labelRuns, points, unitOf } from "./data.js";

const line = (name) => () => color(name);

/**
 * Draw a series into a holder.
 * options: height; small: without values under the pointer and marks of labels; shaded: () -> event whose
 * rows are shaded, or null; framed: likewise, with a frame; missed: () -> runs marked by the reader;
 * zoomed, moved, reset: see makePlot
 *
 * Returns {draw(from, to, near)}, and what makePlot does.
 */
export function seriesPlot(holder, number, { height, small = false, shaded, framed, missed, ...more }) {
  let [buckets, marks] = [[], { above: [], below: [] }];
  const unit = unitOf(number);
  const without = { points: { filter: null } };
  const edge = { stroke: "transparent", width: 0, ...without };
  const beneath = (u, plot) => {
    const [from, to] = plot.shown.x;
    const within = { from, to, step: data.step };
    const spans = (runs) => stretches(runs, within);
    if (labelRuns && !small) fillStretches(u, plot, "labeled", spans(labelRuns[number]), hatch(u.ctx, "label"));
    const event = shaded?.() ?? null;
    if (event !== null) fillStretches(u, plot, "event", spans([eventTimes.start[event], eventTimes.end[event]]), color("alarm"));
    if (missed) fillStretches(u, plot, "missed", spans(missed()), color("missed"));
    fillStretches(u, plot, "flagged rows", spans(flagRunsOf(number)), color("flag"), 0, 0.035);
  };
  const above = (u) => {
    triangles(u, marks.above, true);
    triangles(u, marks.below, false);
    const event = framed?.() ?? null;
    if (event !== null) frame(u, eventTimes.start[event] - data.step / 2, eventTimes.end[event] + data.step / 2);
  };
  const tip = small ? undefined : (place, table) => {
    const lines = [timeText(table.time[place])];
    const say = (value) => valueText(value, unit);
    if (table.value[place] !== null) lines.push(`value ${say(table.value[place])}`);
    if (table.mean[place] !== null) lines.push(`expected ${say(table.mean[place])}`);
    if (table.lower[place] !== null && table.upper[place] !== null) lines.push(`band ${valueText(table.lower[place])} to ${say(table.upper[place])}`);
    return lines;
  };
  const plot = makePlot(holder, {
    height,
    series: [
      { stroke: line("value"), points: { fill: line("value"), show: () => buckets.length <= 120 && !small } },
      { stroke: line("mean"), width: 1.2, dash: [2, 3], ...without },
      edge,
      edge,
    ],
    bands: [{ series: [4, 3], fill: line("band") }],
    y: small ? { size: 46, space: 26 } : {},
    before: beneath, after: above, tip, ...more,
  });
  plot.draw = (from, to, near) => {
    const channels = channelsOf(number);
    buckets = bucketsOf(points, channels, from, to, Math.min(MOST_BUCKETS, Math.max(holder.clientWidth, 100) * 2));
    const table = tableOf(points, buckets, channels);
    const at = (side, channel) => buckets.filter((bucket) => bucket[side] >= 0)
      .map((bucket) => ({ x: points.times[bucket[side]], y: channel[bucket[side]] }));
    plot.marks = marks = small ? { above: [], below: [] } : { above: at("above", channels.high), below: at("below", channels.low) };
    plot.show({ table, x: [from, to], y: heightOf(buckets, table, near) });
  };
  return plot;
}
