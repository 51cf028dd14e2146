// Set-up of the page of one file: its parts in order, and what follows a change of the range, the theme or the marks.
// dcvae/report/page/document.py joins the modules that are imported from here into one script.

import { redrawCards, setUpCards } from "./events/cards.js";
import { markEventRow, setUpEvents, showEvents } from "./events/list.js";
import { setUpMarks, whenMarksChange } from "./events/marks.js";
import { openEvent, redrawEvent, setUpEventView, showEventMarks } from "./events/view.js";
import { redrawCalibration, setUpCalibration } from "./report/calibration.js";
import { drawHeat, setUpHeat } from "./report/heat.js";
import { setUpLosses, setUpMetrics, setUpTexts } from "./report/numbers.js";
import { setUpToolbar, whenRangeChanges } from "./report/range.js";
import { drawScore, setUpScore } from "./report/score.js";
import { allStale, scrollToChart, setUpCharts } from "./report/series.js";
import { setUpTheme, whenThemeChanges } from "./shared/theme.js";

whenRangeChanges(drawScore, allStale, drawHeat, markEventRow);
whenThemeChanges(drawScore, drawHeat, redrawCards, redrawCalibration, redrawEvent, allStale);
whenMarksChange(showEvents, showEventMarks, allStale);

setUpTheme();
setUpTexts();
setUpToolbar({ redraw: allStale, goTo: scrollToChart });
setUpScore(openEvent);
setUpCards();
document.documentElement.dataset.state = "first screen";

// The rest after the first screen is painted.
requestAnimationFrame(() => setTimeout(() => {
  setUpMarks();
  setUpHeat({ open: openEvent, goTo: scrollToChart });
  drawHeat();
  setUpEvents(openEvent);
  setUpCharts();
  setUpMetrics();
  setUpLosses();
  setUpCalibration();
  setUpEventView();
  document.documentElement.dataset.state = "ready";
}));
