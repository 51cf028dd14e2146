// Set-up of the page: its parts in order, and what follows a change of the range or of the theme.
// dcvae/report/page.py joins all modules of this folder into one script.

import { allStale, scrollToChart, setUpCharts } from "./charts.js";
import { setUpTheme } from "./elements.js";
import { markEventRow, setUpEvents } from "./events.js";
import { drawHeat, markHeat, setUpHeat } from "./heat.js";
import { setUpToolbar, showRange, whenRangeChanges, whenReset } from "./range.js";
import { redrawCalibration, setUpCalibration, setUpLosses, setUpMetrics } from "./tables.js";
import { setUpTexts } from "./texts.js";

whenRangeChanges(allStale, markHeat);
whenReset(markEventRow);

setUpTexts();
setUpToolbar({ redraw: allStale, goTo: scrollToChart });
setUpTheme(() => {
  drawHeat();
  redrawCalibration();
  allStale();
});
setUpHeat();
setUpEvents();
setUpCharts();
showRange();
setUpMetrics();
setUpLosses();
setUpCalibration();
