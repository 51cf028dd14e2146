// Data of the page of two runs: the JSON that dcvae/report/page/comparison.py wrote into it, decoded.

import { unpackChannels, unpackTimes } from "../shared/decode.js";
import { setTimeFormat } from "../shared/formats.js";

export const data = JSON.parse(document.getElementById("data").textContent);
setTimeFormat(Math.min(...data.runs.map(({ step }) => step)), data.span[0]);

/** The runs with their points, scores in powers of ten, alarms and events. */
export const runs = data.runs.map((run) => {
  const { low, high } = unpackChannels(run.score.channels);
  return {
    title: run.title,
    limit: run.score.limit,
    step: run.step,
    points: { times: unpackTimes(run.points.times), breakAfter: run.points.break_after, step: run.step * run.rows_per_point },
    channels: { low, high, mean: low, lower: low, upper: high },
    alarms: unpackTimes(run.score.states.series[0]),
    unjudged: unpackTimes(run.score.states.series[1]),
    events: { ...run.events, start: unpackTimes(run.events.start), end: unpackTimes(run.events.alarm_end) },
  };
});
