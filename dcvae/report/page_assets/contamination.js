// Set-up of the page of a study of contamination: its parts in order.
// dcvae/report/page/document.py joins the modules that are imported from here into one script.

import { data } from "./contamination/data.js";
import { drawLines, setUpLines } from "./contamination/lines.js";
import { setUpNumbers } from "./contamination/numbers.js";
import { byId, element } from "./shared/elements.js";
import { grouped, percent } from "./shared/formats.js";
import { tree } from "./shared/tables.js";
import { setUpTheme, whenThemeChanges } from "./shared/theme.js";

setUpTheme();
setUpWords();
if (data.metrics.length) {
  whenThemeChanges(drawLines);
  setUpLines();
  setUpNumbers();
} else {
  for (const id of ["curves", "losses", "suspects"]) {
    byId(id).remove();
    document.querySelector(`nav a[href="#${id}"]`).parentElement.remove();
  }
}
byId("settings-body").append(tree(data.settings));
document.documentElement.dataset.state = "ready";

function setUpWords() {
  document.title = `${data.data}: contamination, DC-VAE`;
  byId("facts").textContent = data.data;
  byId("answer").textContent = data.answer;
  const tile = (name, value) => byId("about").append(element("dt", {}, name), element("dd", {}, value));
  tile("Anomaly", data.anomaly);
  tile("Anomalies in the test", data.anomaly_share === null ? "–" : percent(data.anomaly_share));
  tile("Runs", grouped(data.runs));
  tile("Shares of contamination", data.rho.map(percent).join(", "));
  for (const sentence of [...data.failures, ...data.notices]) byId("notices").append(element("p", { class: "note" }, sentence));
}
