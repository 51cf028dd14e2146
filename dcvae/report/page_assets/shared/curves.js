// Curves of a chart: points in buckets, the table that is drawn from them, and stretches of time.
// Points are {times, breakAfter, step}: milliseconds, the distance beyond which no line joins two, and the usual one.

import { firstNotBefore } from "./decode.js";

export const MOST_BUCKETS = 2_000; // the pixels of a screen; more could not be seen

/**
 * Put the points of a range into buckets of equal time, at most `most`, or one per point if that
 * is enough. A bucket keeps the places of its smallest and largest value and of the flagged points
 * furthest above and below, the widest edges of the band, and the mean of the means.
 */
export function bucketsOf(points, channels, from, to, most = MOST_BUCKETS) {
  const { times, breakAfter } = points;
  const start = Math.max(0, firstNotBefore(times, from) - 1);
  const end = Math.min(times.length, firstNotBefore(times, to) + 1);
  const width = end - start > most ? (to - from) / most : 0;
  const buckets = [];
  let bucket = null;
  let previous = -Infinity;
  for (let point = start; point < end; point++) {
    const time = times[point];
    const broken = time - previous > breakAfter;
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
  if (!flagged?.[point]) return;
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

const orNull = (number) => (Number.isFinite(number) ? number : null);

/**
 * The buckets as columns of one table by time: smallest and largest value of each in the order of
 * time, its mean and its edges. null where nothing is known, and a line of them where a gap is.
 */
export function tableOf(points, buckets, { low, high }) {
  const table = { time: [], value: [], mean: [], lower: [], upper: [] };
  const put = (time, value, bucket) => {
    table.time.push(time);
    table.value.push(value);
    table.mean.push(bucket?.size ? bucket.sum / bucket.size : null);
    table.lower.push(bucket ? orNull(bucket.lower) : null);
    table.upper.push(bucket ? orNull(bucket.upper) : null);
  };
  let before = null;
  buckets.forEach((bucket, place) => {
    const { broken, first, last, smallest, largest } = bucket;
    const next = buckets[place + 1];
    if (broken && place) put((buckets[place - 1].last + first) / 2, null, null);
    // A point on its own would have a band without a width.
    const alone = (broken || !place) && (!next || next.broken) && first === last;
    if (alone) put(first - points.step / 2, null, bucket);
    if (smallest < 0) {
      put((first + last) / 2, null, bucket);
    } else {
      const ends = [[points.times[smallest], low[smallest]], [points.times[largest], high[largest]]];
      const nearer = Math.abs(ends[1][1] - before) < Math.abs(ends[0][1] - before);
      if (ends[1][0] < ends[0][0] || (ends[0][0] === ends[1][0] && before !== null && nearer)) ends.reverse();
      put(...ends[0], bucket);
      if (ends[0][0] !== ends[1][0] || ends[0][1] !== ends[1][1]) put(...ends[1], bucket);
      before = ends[1][1];
    }
    if (alone) put(last + points.step / 2, null, bucket);
  });
  return table;
}

/**
 * Runs of times within a range as [start, end], half a step wider on either side.
 * Those a pixel apart become one, and none is too thin to be seen.
 */
export function stretches(runs, { from, to, step, most = MOST_BUCKETS }) {
  const found = [];
  const pixel = (to - from) / most;
  for (let place = 0; place < runs.length; place += 2) {
    const before = runs[place] - step / 2;
    const after = runs[place + 1] + step / 2;
    if (after <= from || before >= to) continue;
    const start = Math.max(before, from);
    const end = Math.min(Math.max(after, start + 2 * pixel), to);
    const previous = found.at(-1);
    if (previous && start <= previous[1] + pixel) previous[1] = Math.max(previous[1], end);
    else found.push([start, end]);
  }
  return found;
}

/** The range of y that shows values and band, or `near` the band, without the few rows where it is very wide. */
export function heightOf(buckets, table, near) {
  const known = buckets.filter(({ lower, upper }) => Number.isFinite(lower) && Number.isFinite(upper));
  const around = near && known.length > 0;
  let low = Infinity;
  let high = -Infinity;
  const take = (number) => {
    if (number < low) low = number;
    if (number > high) high = number;
  };
  if (around) {
    const lowest = known.map(({ lower }) => lower).sort((a, b) => a - b);
    const highest = known.map(({ upper }) => upper).sort((a, b) => a - b);
    take(lowest[Math.floor(0.02 * (known.length - 1))]);
    take(highest[Math.ceil(0.98 * (known.length - 1))]);
  } else {
    for (const value of table.value) if (value !== null) take(value);
    for (const { lower, upper } of known) {
      take(lower);
      take(upper);
    }
  }
  if (low > high) return [0, 1];
  const margin = (high - low) * (around ? 0.5 : 0.06) || Math.abs(high) * 0.05 || 1;
  // Space below for the strip of flags.
  return [low - 1.6 * margin, high + margin];
}

/** Places of values with no neighbor to be joined to: no line would show them. */
export function lonelyPlaces(values) {
  const found = [];
  for (let place = 0; place < values.length; place++) {
    if (values[place] !== null && (values[place - 1] ?? null) === null && (values[place + 1] ?? null) === null) found.push(place);
  }
  return found;
}
