// Data of the page of a study: the JSON that dcvae/contamination/results/page.py wrote into it.

export const data = JSON.parse(document.getElementById("data").textContent);

const COLORS = 7;
const DASHES = [[], [3, 2], [9, 3, 2, 3]]; // of the first lines, of those that repeat their colors

/** How the line of each detector is drawn: the variable of its color, its dashes, its width. */
export const looks = new Map();
let learning = 0;
for (const name of data.detectors) {
  const constant = data.constants.indexOf(name);
  if (constant >= 0) {
    looks.set(name, { variable: "constant", dash: constant ? [2, 4] : [7, 5], width: 1.4 });
  } else {
    looks.set(name, { variable: `line-${learning % COLORS}`, dash: DASHES[Math.floor(learning / COLORS) % DASHES.length], width: 1.8 });
    learning += 1;
  }
}

/** The metric that is shown, and who is told when another is chosen. */
export const chosen = { metric: data.metrics[0], followers: [] };

export function choose(name) {
  chosen.metric = data.metrics.find((metric) => metric.name === name);
  for (const follow of chosen.followers) follow();
}
