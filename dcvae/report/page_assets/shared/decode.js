// Decoding of numbers: codes, packed times and regular rows, as dcvae/report/page/encoding.py wrote them.

const MISSING_CODE = -32768;
const FAR_CODE = 32767;
const LOWEST_CODE = -32767;

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let place = 0; place < text.length; place++) bytes[place] = text.charCodeAt(place);
  return bytes.buffer;
}

/** Times in milliseconds: packed one by one, or as runs of regular steps. */
export function unpackTimes(packed) {
  if (packed.runs) {
    const times = new Float64Array(packed.runs.reduce((total, [, , size]) => total + size, 0));
    let place = 0;
    for (const [first, step, size] of packed.runs) {
      for (let number = 0; number < size; number++) times[place++] = (first + number * step) / 1000;
    }
    return times;
  }
  const buffer = bytesOf(packed.numbers);
  const numbers = packed.bits === 64 ? new Float64Array(buffer) : new Uint32Array(buffer);
  return Float64Array.from(numbers, (number) => packed.origin + number * packed.unit);
}

/** The numbers of a channel; NaN where there is none. */
function unpackChannel({ codes: coded, low, step, far_places: places, far_numbers: farNumbers }) {
  const codes = new Int16Array(bytesOf(coded));
  const numbers = new Float64Array(codes.length);
  for (let place = 0; place < codes.length; place++) {
    const code = codes[place];
    numbers[place] = code === MISSING_CODE || code === FAR_CODE ? NaN : low + (code - LOWEST_CODE) * step;
  }
  const far = new Float64Array(bytesOf(farNumbers));
  new Uint32Array(bytesOf(places)).forEach((place, number) => { numbers[place] = far[number]; });
  return numbers;
}

/** The channels of a series, with `high` where a point stands for one row too. */
export function unpackChannels(packed) {
  const channels = Object.fromEntries(Object.entries(packed).map(([name, channel]) => [name, unpackChannel(channel)]));
  channels.high ??= channels.low;
  return channels;
}

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

/** Which points hold a row of some runs: 1 for each that does. */
export function pointsWithin(runs, times) {
  const within = new Uint8Array(times.length);
  for (let place = 0; place < runs.length; place += 2) {
    // The point that holds a row begins at the row or before it.
    let point = Math.max(0, firstNotBefore(times, runs[place] + 0.5) - 1);
    for (; point < times.length && times[point] <= runs[place + 1]; point++) within[point] = 1;
  }
  return within;
}
