// Data of the page: the JSON that dcvae/report/page.py wrote into it, decoded to numbers.
// The format is described in dcvae/report/encoding.py.

const MISSING_CODE = -32768;
const FAR_CODE = 32767;
const LOWEST_CODE = -32767;

export const data = JSON.parse(document.getElementById("data").textContent);
export const firstTime = data.span[0];
export const lastTime = data.span[1];

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return bytes.buffer;
}

function unpackTimes(packed) {
  const buffer = bytesOf(packed.numbers);
  const numbers = packed.bits === 64 ? new Float64Array(buffer) : new Uint32Array(buffer);
  return Float64Array.from(numbers, (number) => packed.origin + number * packed.unit);
}

function unpackChannel(packed) {
  const codes = new Int16Array(bytesOf(packed.codes));
  const numbers = Float64Array.from(codes, (code) =>
    code === MISSING_CODE || code === FAR_CODE ? NaN : packed.low + (code - LOWEST_CODE) * packed.step);
  const places = new Uint32Array(bytesOf(packed.far_places));
  const far = new Float64Array(bytesOf(packed.far_numbers));
  places.forEach((place, number) => { numbers[place] = far[number]; });
  return numbers;
}

export const pointTimes = unpackTimes(data.points.times);
export const labelRuns = data.labels && data.labels.series.map(unpackTimes);
export const flagRuns = data.flags.series.map(unpackTimes);
export const eventTimes = {
  start: unpackTimes(data.events.start), end: unpackTimes(data.events.end), peak: unpackTimes(data.events.peak_time),
  alarmStart: unpackTimes(data.events.alarm_start), alarmEnd: unpackTimes(data.events.alarm_end),
};
export const alarmRuns = unpackTimes(data.score.states.series[0]);
export const notJudgedRuns = unpackTimes(data.score.states.series[1]);

/** The first place in sorted times that is not before a time. */
export function firstNotBefore(times, time) {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

const unpackedSeries = new Map();

/** Channels of a series and which of its points hold a flag; unpacked when first needed. */
export function channelsOf(number) {
  if (!unpackedSeries.has(number)) {
    const channels = Object.fromEntries(
      Object.entries(data.points.series[number]).map(([name, packed]) => [name, unpackChannel(packed)]));
    channels.high ??= channels.low;
    channels.flagged = new Uint8Array(pointTimes.length);
    const runs = flagRuns[number];
    for (let place = 0; place < runs.length; place += 2) {
      // The point that holds a row begins at the row or before it.
      let point = firstNotBefore(pointTimes, runs[place] + 0.5) - 1;
      for (; point < pointTimes.length && pointTimes[point] <= runs[place + 1]; point++) channels.flagged[point] = 1;
    }
    unpackedSeries.set(number, channels);
  }
  return unpackedSeries.get(number);
}

/** Channels of the score of the system; the codes are of logarithms. */
export function scoreChannels() {
  const channels = Object.fromEntries(Object.entries(data.score.channels).map(
    ([name, packed]) => [name, unpackChannel(packed).map((power) => 10 ** power)]));
  channels.high ??= channels.low;
  return channels;
}
