// Theme: light or dark, chosen by buttons or by the system, and its colors for canvases, which know no variables.

const probe = document.body.appendChild(document.createElement("span"));
probe.hidden = true;
const known = new Map(); // of the theme that is shown
const followers = [];

function resolved(css) {
  if (!known.has(css)) {
    probe.style.color = css;
    known.set(css, getComputedStyle(probe).color);
  }
  return known.get(css);
}

/** The color of a CSS variable, as the theme that is shown has it. */
export const color = (variable) => resolved(`var(--${variable})`);

/** A color between those of two variables: `share` 0 is the first, 1 the second. */
export const blend = (from, to, share) => resolved(`color-mix(in srgb, var(--${to}) ${(share * 100).toFixed(1)}%, var(--${from}))`);

/** Call functions after every change of the theme: canvases hold their colors, and are drawn again. */
export const whenThemeChanges = (...more) => followers.push(...more);

function changed() {
  known.clear();
  for (const follow of followers) follow();
}

/** Let the buttons choose light or dark. */
export function setUpTheme() {
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
      changed();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  // Paper is light: canvases too are drawn anew for it.
  let before;
  window.addEventListener("beforeprint", () => {
    before = root.dataset.theme;
    root.dataset.theme = "light";
    changed();
  });
  window.addEventListener("afterprint", () => {
    if (before === undefined) delete root.dataset.theme;
    else root.dataset.theme = before;
    changed();
  });
  show();
}
