// Curves of a chart: points in buckets, and the lines, bands and stretches that are drawn from them.

import { data, firstNotBefore, pointTimes } from "./data.js";

const BUCKETS = 2_000; // the pixels of a screen; more could not be seen

/**
 * Put the points of a range into buckets of equal time, at most BUCKETS, or one per point if that
 * is enough. A bucket keeps the places of its smallest and largest value and of the flagged points
 * furthest above and below, the widest edges of the band, and the mean of the means.
 */
export function bucketsOf(channels, from, to) {
  const start = Math.max(0, firstNotBefore(pointTimes, from) - 1);
  const end = Math.min(pointTimes.length, firstNotBefore(pointTimes, to) + 1);
  const width = end - start > BUCKETS ? (to - from) / BUCKETS : 0;
  const buckets = [];
  let bucket = null;
  let previous = -Infinity;
  for (let point = start; point < end; point++) {
    const time = pointTimes[point];
    const broken = time - previous > data.points.break_after;
    if (!bucket || width === 0 || time >= bucket.until || broken) {
      bucket = {
        until: from + (Math.floor((time - from) / width) + 1) * width,
        broken, first: time, last: time, smallest: -1, largest: -1, above: -1, below: -1,
        lower: Infinity, upper: -Infinity, sum: 0, size: 0,
      };
      buckets.push(bucket);
    }
    bucket.last = previous = time;
    addPoint(bucket, channels, point);
  }
  return buckets;
}

function addPoint(bucket, channels, point) {
  const { low, high, mean, lower, upper, flagged } = channels;
  if (!Number.isNaN(low[point])) {
    if (bucket.smallest < 0 || low[point] < low[bucket.smallest]) bucket.smallest = point;
    if (bucket.largest < 0 || high[point] > high[bucket.largest]) bucket.largest = point;
  }
  if (lower[point] < bucket.lower) bucket.lower = lower[point];
  if (upper[point] > bucket.upper) bucket.upper = upper[point];
  if (!Number.isNaN(mean[point])) {
    bucket.sum += mean[point];
    bucket.size += 1;
  }
  if (!flagged[point]) return;
  // The edges of a point that stands for several rows are the widest of them, so a flagged value may
  // lie within: then the side on which it is nearer to its edge is the one it left by.
  const over = high[point] - upper[point];
  const under = lower[point] - low[point];
  if (over > 0 || over >= under) {
    if (bucket.above < 0 || high[point] > high[bucket.above]) bucket.above = point;
  }
  if (under > 0 || under > over) {
    if (bucket.below < 0 || low[point] < low[bucket.below]) bucket.below = point;
  }
}

/** Smallest and largest value of each bucket, in the order of time; null where the line breaks. */
export function valueLine(buckets, { low, high }) {
  const x = [];
  const y = [];
  const put = (time, value) => { x.push(time); y.push(value); };
  for (const { broken, first, smallest, largest } of buckets) {
    if (y.length && (broken || smallest < 0) && y.at(-1) !== null) put(first, null);
    if (smallest < 0) continue;
    const ends = [[pointTimes[smallest], low[smallest]], [pointTimes[largest], high[largest]]];
    const before = y.at(-1) ?? ends[0][1];
    const nearer = Math.abs(ends[1][1] - before) < Math.abs(ends[0][1] - before);
    if (ends[1][0] < ends[0][0] || (ends[0][0] === ends[1][0] && nearer)) ends.reverse();
    put(...ends[0]);
    if (ends[0][0] !== ends[1][0] || ends[0][1] !== ends[1][1]) put(...ends[1]);
  }
  return { x, y };
}

/** Values with no neighbor to be joined to: no line would show them. */
export function lonelyValues({ x, y }) {
  const lonely = { x: [], y: [] };
  y.forEach((value, place) => {
    if (value === null || (y[place - 1] ?? null) !== null || (y[place + 1] ?? null) !== null) return;
    lonely.x.push(x[place]);
    lonely.y.push(value);
  });
  return lonely;
}

const middle = (bucket) => (bucket.first + bucket.last) / 2;

export function meanLine(buckets) {
  const line = { x: [], y: [], customdata: [] };
  for (const bucket of buckets) {
    if (bucket.broken && line.x.length) {
      line.x.push(bucket.first);
      line.y.push(null);
      line.customdata.push(null);
    }
    line.x.push(middle(bucket));
    line.y.push(bucket.size ? bucket.sum / bucket.size : null);
    line.customdata.push([bucket.lower, bucket.upper]);
  }
  return line;
}

/** The outline of the band, one closed piece for each stretch without a gap. */
export function bandOutline(buckets) {
  const outline = { x: [], y: [] };
  let piece = [];
  const close = () => {
    if (piece.length === 1) { // a row on its own would have no width
      const [bucket] = piece;
      piece = [{ ...bucket, first: bucket.first - data.step / 2, last: bucket.first - data.step / 2 },
        { ...bucket, first: bucket.last + data.step / 2, last: bucket.last + data.step / 2 }];
    }
    if (!piece.length) return;
    const back = piece.toReversed();
    if (outline.x.length) { outline.x.push(null); outline.y.push(null); }
    outline.x.push(...piece.map(middle), ...back.map(middle));
    outline.y.push(...piece.map(({ upper }) => upper), ...back.map(({ lower }) => lower));
    piece = [];
  };
  for (const bucket of buckets) {
    const known = Number.isFinite(bucket.lower) && Number.isFinite(bucket.upper);
    if (bucket.broken || !known) close();
    if (known) piece.push(bucket);
  }
  close();
  return outline;
}

/** Runs in a range as rectangles between two heights; those a pixel apart become one. */
export function rectangles(runs, from, to, bottom, top) {
  const x = [];
  const y = [];
  const pixel = (to - from) / BUCKETS;
  let left = null;
  let right = null;
  const close = () => {
    if (left === null) return;
    x.push(left, left, right, right, left, null);
    y.push(bottom, top, top, bottom, bottom, null);
  };
  for (let place = 0; place < runs.length; place += 2) {
    const before = runs[place] - data.step / 2;
    const after = runs[place + 1] + data.step / 2;
    if (after <= from || before >= to) continue;
    const start = Math.max(before, from);
    const end = Math.min(Math.max(after, start + 2 * pixel), to); // never too thin to be seen
    if (left !== null && start <= right + pixel) { right = Math.max(right, end); continue; }
    close();
    [left, right] = [start, end];
  }
  close();
  return { x, y };
}
