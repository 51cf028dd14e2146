// Formats of counts, numbers, shares, times and durations. Times have no zone: they are taken for UTC throughout.

const counting = new Intl.NumberFormat("en");

export const grouped = (number) => counting.format(number);
export const count = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
export const shortened = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);

/** A share in percent, with enough digits for small ones. */
export function percent(share) {
  if (share === 0) return "0 %";
  const hundredths = share * 100;
  return `${hundredths >= 1 ? Number(hundredths.toFixed(1)) : Number(hundredths.toPrecision(2))} %`;
}

/** A number with three digits: 0.478, 39.7, 1.2e6. */
export function rounded(number) {
  const short = Number(number.toPrecision(3));
  return short !== 0 && (short >= 1e5 || short < 1e-3) ? short.toExponential().replace("e+", "e") : grouped(short);
}

/** A measured value with six digits, and its unit. */
export function valueText(value, unit = "") {
  const short = Number(value.toPrecision(6));
  const size = Math.abs(short);
  const text = size !== 0 && (size >= 1e9 || size < 1e-4)
    ? short.toExponential().replace("e+", "e") : new Intl.NumberFormat("en", { maximumSignificantDigits: 6 }).format(short);
  return unit ? `${text} ${unit}` : text;
}

/** The format of the numbers of a column, chosen by all of them; what is not defined is a dash. */
export function numberFormat(numbers) {
  const known = numbers.filter((number) => number !== null);
  const largest = Math.max(0, ...known.map(Math.abs));
  let digits = largest <= 1 ? 3 : 2;
  if (largest > 1 && known.every(Number.isInteger)) digits = 0;
  const format = new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (number) => {
    if (number === null) return "–";
    if (number !== 0 && Math.abs(number) >= 1e7) return number.toExponential(2);
    return format.format(number);
  };
}

/** Labels of an axis of numbers, all with the same digits; thousands as k, M, G. */
export function tickTexts(numbers) {
  const largest = Math.max(0, ...numbers.map(Math.abs));
  if (largest >= 1e15 || (largest > 0 && largest < 1e-4)) return numbers.map((number) => (number === 0 ? "0" : number.toExponential(1).replace("e+", "e")));
  const [size, letter] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]].find(([least]) => largest >= least) ?? [1, ""];
  const divisor = letter === "k" ? 1e3 : size;
  const parts = numbers.map((number) => number / divisor);
  const steps = parts.slice(1).map((part, place) => Math.abs(part - parts[place])).filter((step) => step > 0);
  const digits = Math.min(8, Math.max(0, Math.ceil(-Math.log10(Math.min(...steps, 1)) - 1e-9)));
  const exact = [digits, digits + 1, digits + 2].find((more) => parts.every((part) => Math.abs(part - Number(part.toFixed(more))) < 1e-9 * Math.max(1, largest / divisor))) ?? digits;
  const format = new Intl.NumberFormat("en", { minimumFractionDigits: exact, maximumFractionDigits: exact });
  return parts.map((part) => (part === 0 ? "0" : format.format(part) + letter));
}

let timeLength = 16;

/** Write times as finely as the rows of a file stand: minutes, seconds or milliseconds. */
export function setTimeFormat(step, firstTime) {
  const finerThan = (unit) => step % unit !== 0 || firstTime % unit !== 0;
  timeLength = finerThan(1_000) ? 23 : finerThan(60_000) ? 19 : 16;
}

/** A time as the data have it: 2024-03-01 00:35. */
export function timeText(milliseconds) {
  const text = new Date(milliseconds).toISOString();
  return text.slice(0, 10) + " " + text.slice(11, timeLength);
}

/** A time with all of its digits, for files that are read back. */
export function exactTime(milliseconds) {
  const whole = Math.floor(milliseconds);
  const text = new Date(whole).toISOString();
  const micro = String(Math.round((milliseconds - whole) * 1000)).padStart(3, "0");
  const fraction = text.slice(20, 23) + micro;
  return text.slice(0, 10) + " " + text.slice(11, 19) + (fraction === "000000" ? "" : `.${fraction}`);
}

/** One line of a CSV. */
export const csvLine = (cells) => cells.map((cell) => {
  const text = cell === null || cell === undefined ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}).join(",") + "\n";
