// Elements of the document, the formats of names, numbers and times, and the style of all plots.
// Text of a user goes into the document as text (textContent), never as HTML.

import { data, firstTime } from "./data.js";

export const byId = (id) => document.getElementById(id);

/** Make an element; children are elements or text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A small drawing for a legend, given as SVG: markup of our own, nothing of the user's. */
export function swatch(drawn) {
  const holder = element("span");
  holder.innerHTML = `<svg width="26" height="14" viewBox="0 0 26 14" aria-hidden="true">${drawn}</svg>`;
  return holder.firstChild;
}

/** A name that may be cut short on the screen, and is whole when pointed at. */
export const nameTag = (text) => element("span", { class: "name", title: text }, text);

export const shortened = (text, length) => (text.length > length ? text.slice(0, length - 1) + "…" : text);

export const counting = new Intl.NumberFormat("en");
export const count = (number, noun) => `${counting.format(number)} ${noun}${number === 1 ? "" : "s"}`;

/** A share in percent, with enough digits for small ones. */
export function percent(share) {
  if (share === 0) return "0 %";
  const hundredths = share * 100;
  return `${hundredths >= 1 ? Number(hundredths.toFixed(1)) : Number(hundredths.toPrecision(2))} %`;
}

/** A number with three digits: 0.478, 39.7, 1.2e6. */
export function rounded(number) {
  const short = Number(number.toPrecision(3));
  return short !== 0 && (short >= 1e5 || short < 1e-3) ? short.toExponential().replace("e+", "e") : counting.format(short);
}

const finerThan = (unit) => data.step % unit !== 0 || firstTime % unit !== 0;
export const timeLength = finerThan(1_000) ? 23 : finerThan(60_000) ? 19 : 16;

/** The same, as plots write it. */
export const timeHover = { 16: "%Y-%m-%d %H:%M", 19: "%Y-%m-%d %H:%M:%S", 23: "%Y-%m-%d %H:%M:%S.%3f" }[timeLength];

/** A time as the data have it. Times have no zone; inside, they are taken for UTC throughout. */
export function timeText(milliseconds) {
  const text = new Date(milliseconds).toISOString();
  return text.slice(0, 10) + " " + text.slice(11, timeLength);
}

export function durationText(seconds) {
  if (seconds === null) return "–";
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
  const units = [["d", 86_400], ["h", 3_600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  const [large, small] = units.slice(first, first + 2);
  const rest = small && Math.floor((seconds % large[1]) / small[1]);
  return `${Math.floor(seconds / large[1])} ${large[0]}` + (rest ? ` ${rest} ${small[0]}` : "");
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

// --- Style of plots: layout and axes, the colors of the theme, and the switch of the theme ---

/** The color of a CSS variable, resolved for the theme that is shown: plots know no variables. */
const probe = document.body.appendChild(element("span", { hidden: "" }));
export function color(variable) {
  probe.style.color = `var(--${variable})`;
  return getComputedStyle(probe).color;
}

/** A color between those of two variables: `share` 0 is the first, 1 the second. */
export function blend(from, to, share) {
  probe.style.color = `color-mix(in srgb, var(--${to}) ${share * 100}%, var(--${from}))`;
  const mixed = getComputedStyle(probe).color;
  const parts = mixed.match(/[\d.]+/g).map(Number);
  // Chromium answers "color(srgb 0.1 0.2 0.3)", which plotly does not read.
  return mixed.startsWith("color(") ? `rgb(${parts.map((part) => Math.round(part * 255)).join(",")})` : mixed;
}

/** Text as plotly should show it: it takes <b> and the like, and entities, for markup. */
export const plain = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export const plotConfig = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false };

export function baseLayout() {
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("text") },
    hoverlabel: { bgcolor: color("raised"), bordercolor: color("line"), font: { color: color("text") }, align: "left" },
    showlegend: false,
    margin: { l: 64, r: 12, t: 8, b: 42 },
  };
}

export const axis = (more) => ({
  gridcolor: color("grid"), linecolor: color("line"), zeroline: false, tickfont: { color: color("muted") }, ...more,
});

/** Let the buttons choose light or dark; `redraw` draws the plots again, as they hold their colors. */
export function setUpTheme(redraw) {
  const root = document.documentElement;
  const buttons = [...document.querySelectorAll("[data-theme-choice]")];
  const show = () => {
    const chosen = root.dataset.theme ?? "auto";
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === chosen));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const choice = button.dataset.themeChoice;
      if (choice === "auto") delete root.dataset.theme;
      else root.dataset.theme = choice;
      try {
        localStorage.setItem("dcvae-theme", choice);
      } catch { /* a browser may refuse storage to a file */ }
      show();
      redraw();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  show();
}
