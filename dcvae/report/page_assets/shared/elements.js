// Elements of the document. Text of a user goes into it as text (textContent), never as HTML.

export const byId = (id) => document.getElementById(id);

/** Make an element; children are elements or text. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null && value !== false) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** A button that does something. */
export function button(text, action, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", action);
  return made;
}

/** A small drawing for a legend, given as SVG: markup of our own, nothing of the user's. */
function swatch(drawn) {
  const holder = element("span");
  holder.innerHTML = `<svg width="26" height="14" viewBox="0 0 26 14" aria-hidden="true">${drawn}</svg>`;
  return holder.firstChild;
}

const SWATCHES = {
  value: '<path d="M1 9 L8 4 L16 10 L25 5" fill="none" stroke="var(--value)" stroke-width="1.8"/>',
  mean: '<path d="M1 7 H25" stroke="var(--mean)" stroke-width="1.6" stroke-dasharray="2 3"/>',
  band: '<rect x="1" y="1" width="24" height="12" fill="var(--band)"/>',
  marks: '<path d="M2 11 L7 3 L12 11 Z M14 3 L24 3 L19 11 Z" fill="var(--flag)"/>',
  flagged: '<rect x="1" y="9" width="24" height="3" fill="var(--flag)"/>',
  label: '<rect x="1" y="1" width="24" height="12" fill="var(--label-fill)"/><path d="M2 13 L10 1 M9 13 L17 1 M16 13 L24 1" stroke="var(--label)" stroke-width="1.4"/>',
  limit: '<path d="M1 7 H25" stroke="var(--flag)" stroke-width="2"/>',
  lower: '<path d="M1 7 H25" stroke="var(--flag)" stroke-width="1.2" stroke-dasharray="5 3"/>',
  alarm: '<rect x="1" y="1" width="24" height="12" fill="var(--alarm)"/><rect x="1" y="11" width="24" height="2" fill="var(--flag)"/>',
  unjudged: '<rect x="1" y="1" width="24" height="12" fill="var(--unjudged)"/>',
  missed: '<rect x="1" y="1" width="24" height="12" fill="var(--missed)" stroke="var(--accent)" stroke-dasharray="3 2"/>',
};

/** An entry of a legend; `kind` is one of SWATCHES. */
export const legendEntry = (kind, text) => element("li", {}, swatch(SWATCHES[kind]), text);

/** A name that may be cut short on the screen, and is whole when pointed at. */
export const nameTag = (text, whole = text) => element("span", { class: "name", title: whole }, text);

/** Let the browser save a text as a file. */
export function download(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
  const link = element("a", { href: address, download: name, hidden: "" });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Put a text on the clipboard; false where the browser refuses both ways to do so. */
export async function copyText(text, place) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch { /* a browser may refuse it to a file: then the old way */ }
  const field = element("textarea", { class: "unseen", "aria-label": "Text to copy" });
  field.value = text;
  place.append(field);
  field.select();
  let done = false;
  try {
    done = document.execCommand("copy");
  } catch { /* refused */ }
  field.remove();
  return done;
}
