// Plots: uPlot with an axis of time or of numbers, stretches and marks, values under the pointer, zoom by dragging.

import { lonelyPlaces } from "./curves.js";
import { element } from "./elements.js";
import { tickTexts } from "./formats.js";
import { color } from "./theme.js";
import { timeTicks } from "./ticks.js";

const PIXELS_A_TICK = 84;
const resizing = new ResizeObserver((entries) => { for (const { target } of entries) target.plot?.resize(); });

const lonely = (u, number, isShown) => (isShown ? null : lonelyPlaces(u.data[number]));

function axisOf(more) {
  const lines = { stroke: () => color("grid"), width: 1 };
  return { stroke: () => color("muted"), grid: lines, ticks: { ...lines, size: 5 }, gap: 4, ...more };
}

function timeAxis(scale) {
  const most = (width) => width / PIXELS_A_TICK;
  let ticks = [];
  return axisOf({
    size: 40,
    splits: (u, _, from, to) => {
      ticks = timeTicks(from, to, most(u.bbox.width / devicePixelRatio));
      return ticks.map(({ time }) => time);
    },
    // No label that would be cut at the edge.
    values: (u) => ticks.map(({ time, lines }) => (u.valToPos(time, scale) > u.bbox.width / devicePixelRatio - 8 ? "" : lines.join("\n"))),
    scale,
  });
}

/**
 * Draw a plot into a holder, an element of its own.
 *
 * options: height; series (of uPlot, without the first); bands; x and y (more of the axes, as
 * `splits` and `values`; x.time: false for numbers); tip(place, table) -> lines of text;
 * before(u), after(u): draw beneath and above the lines; zoomed(from, to), reset(), clicked(x)
 *
 * Returns {show({table, x, y}), redraw(), resize(), u}: `table` has columns by name, the first is x.
 */
export function makePlot(holder, options) {
  const { height, series, bands = [], x = {}, y = {}, tip, before, after, zoomed, reset, clicked, moved } = options;
  const shown = { x: [0, 1], y: [0, 1], table: { x: [] } };
  const { time: isTime = true, ...xMore } = x;
  const plot = { shown, stretches: {}, levels: [], table: null };
  const hover = element("div", { class: "tip", hidden: "" });
  const hooks = {
    drawAxes: [(u) => clipped(u, () => before?.(u, plot))],
    draw: [(u) => {
      plot.levels = [];
      after?.(u, plot);
    }],
    setSelect: [(u) => {
      if (u.select.width < 4) return;
      const range = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      zoomed?.(...range);
    }],
    setCursor: [(u) => showTip(u, hover, tip, shown.table)],
  };
  const startMoving = (u, pressed) => {
    const [from, to] = shown.x;
    const left = pressed.clientX;
    const pixel = (to - from) / (u.bbox.width / devicePixelRatio);
    const move = ({ clientX }) => moved(from - (clientX - left) * pixel, to - (clientX - left) * pixel);
    const end = () => {
      window.removeEventListener("mousemove", move);
      window.removeEventListener("mouseup", end);
    };
    window.addEventListener("mousemove", move);
    window.addEventListener("mouseup", end);
    pressed.preventDefault();
  };
  const u = new uPlot({
    width: Math.max(holder.clientWidth, 40),
    height,
    padding: [8, 16, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => shown.x },
      y: { range: () => shown.y },
    },
    axes: [
      isTime ? timeAxis("x") : axisOf({ size: 34, ...xMore }),
      axisOf({ size: 62, space: 34, values: (_, numbers) => tickTexts(numbers), ...y }),
    ],
    series: [{}, ...series.map(({ points: dots = {}, ...one }) => ({ spanGaps: false, width: 1.4, points: { size: 4, show: false, filter: lonely, ...dots }, ...one }))],
    bands,
    cursor: {
      x: Boolean(tip), y: false, points: { show: false },
      drag: { x: Boolean(zoomed), y: false, setScale: false, dist: 4 },
      bind: {
        mousedown: (self, target, handle) => (pressed) => {
          if (pressed.button !== 0 || pressed.target !== target || !zoomed) return;
          if (pressed.shiftKey && moved) startMoving(self, pressed);
          else handle(pressed);
        },
        dblclick: () => () => reset?.(),
      },
    },
    hooks,
  }, [[], ...series.map(() => [])], holder);
  u.over.append(hover);
  if (clicked) u.over.addEventListener("click", (pressed) => clicked(u.posToVal(pressed.clientX - u.rect.left, "x")));
  plot.u = u;
  plot.show = ({ table, x: xRange, y: yRange }) => {
    [shown.x, shown.y, shown.table, plot.table] = [xRange, yRange, table, table];
    u.setData(Object.values(table), true);
  };
  plot.redraw = () => u.redraw(true, true);
  plot.resize = () => {
    const width = holder.clientWidth;
    if (width && width !== u.width) u.setSize({ width, height });
  };
  holder.plot = plot;
  resizing.observe(holder);
  return plot;
}

function showTip(u, hover, tip, table) {
  const place = u.cursor.idx;
  const lines = tip && place !== null && place !== undefined && u.cursor.left >= 0 ? tip(place, table) : null;
  hover.hidden = !lines;
  if (!lines) return;
  hover.replaceChildren(...lines.map((line) => element("div", {}, line)));
  const width = u.bbox.width / devicePixelRatio;
  const right = u.cursor.left > width / 2;
  hover.style.left = right ? "auto" : `${u.cursor.left + 12}px`;
  hover.style.right = right ? `${width - u.cursor.left + 12}px` : "auto";
}

// --- Drawing beneath and above the lines, in pixels of the canvas ---

function clipped({ ctx, bbox }, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw();
  ctx.restore();
}

/** Fill stretches of time, from a share of the height to another, counted from below. */
export function fillStretches(u, plot, name, spans, fill, bottom = 0, top = 1) {
  plot.stretches[name] = spans;
  const { ctx, bbox } = u;
  ctx.fillStyle = fill;
  for (const [start, end] of spans) {
    const left = u.valToPos(start, "x", true);
    const right = u.valToPos(end, "x", true);
    ctx.fillRect(left, bbox.top + bbox.height * (1 - top), Math.max(right - left, 1), bbox.height * (top - bottom));
  }
}

let hatching = { of: "", pattern: null };

/** A fill of slanted lines, which is told from a plain one without its color. */
export function hatch(ctx, variable) {
  const stroke = color(variable);
  if (hatching.of !== stroke) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 10;
    const pen = tile.getContext("2d");
    pen.fillStyle = color(`${variable}-fill`);
    pen.fillRect(0, 0, 10, 10);
    pen.strokeStyle = stroke;
    pen.beginPath();
    for (const start of [-10, 0, 10]) {
      pen.moveTo(start, 10);
      pen.lineTo(start + 10, 0);
    }
    pen.stroke();
    hatching = { of: stroke, pattern: ctx.createPattern(tile, "repeat") };
  }
  return hatching.pattern;
}

/** A dashed frame from a time to another, over the whole height. */
export function frame(u, from, to) {
  const { ctx, bbox } = u;
  const left = u.valToPos(from, "x", true);
  const right = u.valToPos(to, "x", true);
  ctx.save();
  ctx.strokeStyle = color("accent");
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.strokeRect(left, bbox.top + 1, right - left, bbox.height - 2);
  ctx.restore();
}

/** A line across the plot at a height. */
export function level(u, plot, height, variable, width, dash = []) {
  plot.levels.push(height);
  const { ctx, bbox } = u;
  const top = u.valToPos(height, "y", true);
  if (top < bbox.top || top > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = color(variable);
  ctx.lineWidth = width * devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, top);
  ctx.lineTo(bbox.left + bbox.width, top);
  ctx.stroke();
  ctx.restore();
}

/** Triangles at points {x, y}; those beyond the shown height stay at its edge. */
export function triangles(u, points, isUp) {
  const { ctx, bbox } = u;
  const half = 4.5 * devicePixelRatio;
  ctx.save();
  ctx.fillStyle = color("flag");
  ctx.strokeStyle = color("surface");
  ctx.lineWidth = devicePixelRatio;
  for (const { x, y } of points) {
    const left = u.valToPos(x, "x", true);
    if (left < bbox.left - 1 || left > bbox.left + bbox.width + 1) continue;
    const top = Math.min(Math.max(u.valToPos(y, "y", true), bbox.top), bbox.top + bbox.height);
    const tip = isUp ? -half : half;
    ctx.beginPath();
    ctx.moveTo(left, top + tip);
    ctx.lineTo(left - half, top - tip);
    ctx.lineTo(left + half, top - tip);
    ctx.closePath();
    ctx.fill();
    ctx.stroke();
  }
  ctx.restore();
}
