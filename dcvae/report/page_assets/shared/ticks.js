// Ticks of axes of time, and of axes of powers of ten, with their labels.

import { rounded } from "./formats.js";

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
export const DAY = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((steps) => steps * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((steps) => steps * MINUTE),
  ...[1, 2, 3, 6, 12].map((steps) => steps * HOUR),
  ...[1, 2, 4, 7, 14].map((steps) => steps * DAY),
];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];
const MONTH = 30.44 * DAY;
const MONDAY = 4 * DAY; // weeks begin on one; 1970 began on a Thursday

function monthsBetween(from, to, step) {
  const start = new Date(from);
  const found = [];
  let month = Math.floor((start.getUTCFullYear() * 12 + start.getUTCMonth()) / step) * step;
  for (let time; (time = Date.UTC(Math.floor(month / 12), month % 12, 1)) <= to; month += step) if (time >= from) found.push(time);
  return found;
}

/** Times to mark between two, at most `most`, each with the lines of its label. */
export function timeTicks(from, to, most) {
  const least = (to - from) / Math.max(most, 1);
  const step = STEPS.find((candidate) => candidate >= least);
  if (step === undefined) {
    const months = MONTH_STEPS.find((candidate) => candidate * MONTH >= least) ?? MONTH_STEPS.at(-1);
    const times = monthsBetween(from, to, months);
    return labeled(times, (time) => (months >= 12 ? "" : MONTHS[time.getUTCMonth()]), (time) => String(time.getUTCFullYear()));
  }
  const offset = step % (7 * DAY) === 0 ? MONDAY : 0;
  const times = [];
  for (let time = Math.ceil((from - offset) / step) * step + offset; time <= to; time += step) times.push(time);
  const day = (time) => `${time.getUTCDate()} ${MONTHS[time.getUTCMonth()]}`;
  if (step >= DAY) return labeled(times, day, (time) => String(time.getUTCFullYear()));
  const digits = step >= MINUTE ? 16 : step >= SECOND ? 19 : 23;
  return labeled(times, (time) => time.toISOString().slice(11, digits), day);
}

/** The upper line of every label, and the lower one where it is another than before. */
function labeled(times, upper, lower) {
  let before = null;
  return times.map((milliseconds) => {
    const time = new Date(milliseconds);
    const [first, second] = [upper(time), lower(time)];
    const lines = first ? [first] : [];
    if (second !== before) lines.push(second);
    before = second;
    return { time: milliseconds, lines: first ? lines : [second] };
  });
}

/** Powers to mark on an axis of logarithms to base 10, at round numbers; not more than some. */
export function powerTicks(low, high, most) {
  const powers = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power++) powers.push(power);
  const shown = (numbers) => numbers.filter((number) => Math.log10(number) >= low - 1e-9 && Math.log10(number) <= high + 1e-9);
  const fine = (digits) => shown(powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`))));
  for (const digits of [[1, 1.5, 2, 3, 4, 5, 7], [1, 2, 5], [1, 3], [1]]) {
    const marks = fine(digits);
    if (marks.length <= most) return marks.map(Math.log10);
  }
  const tens = fine([1]);
  return tens.filter((_, place) => place % Math.ceil(tens.length / most) === 0).map(Math.log10);
}

export const powerText = (power) => rounded(Number((10 ** power).toPrecision(3)));
