"""Page of a comparison: two runs beside each other, their scores, events, metrics and settings."""

from typing import Any

import numpy as np
import pandas as pd

from dcvae._text import duration
from dcvae.config import series_names
from dcvae.evaluation import BETTER, METRIC_NOTES, SYSTEM_NOTES
from dcvae.report.compared import Comparison, Run, later_words
from dcvae.report.page import encoding
from dcvae.report.page.document import document
from dcvae.report.page.system_score import SystemScore

_SCORE_BYTES = 2_000_000  # of each run
MAX_PAIRS = 20_000


def render_comparison(comparison: Comparison) -> str:
    """Return the page of two runs.

    Args:
        comparison: the runs.

    Returns:
        An HTML document that needs nothing else. It names no folder of the disk.
    """
    return document(
        "compare.html", ("page.css", "compare.css"), "compare.js", lambda _: _data(comparison)
    )


def _data(comparison: Comparison) -> dict[str, Any]:
    runs = (comparison.first, comparison.second)
    first, last = (
        pick(encoding.milliseconds(pd.DatetimeIndex([run.times[row] for run in runs])))
        for pick, row in ((min, 0), (max, -1))
    )
    pairs = comparison.pairs[:MAX_PAIRS]
    metrics = comparison.metrics
    return {
        "sentence": comparison.sentence(),
        "notices": comparison.notices(),
        "runs": [_run(run) for run in runs],
        "span": [float(first), float(last)],
        "total": len(comparison.pairs),
        "pairs": [
            [None if pd.isna(number) else int(number) - 1 for number in numbers]
            for numbers in zip(pairs["first"], pairs["second"], strict=True)
        ],
        "later": [later_words(seconds) for seconds in pairs["later_seconds"]],
        "metrics": None if metrics is None else encoding.table(metrics),
        "metric_notes": {**METRIC_NOTES, **SYSTEM_NOTES},
        "better": dict(BETTER),
        "settings": [list(line) for line in comparison.settings],
    }


def _run(run: Run) -> dict[str, Any]:
    times = encoding.milliseconds(run.times)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 60_000.0
    rows = encoding.rows_per_point(len(times), 1, _SCORE_BYTES)
    starts = np.arange(0, len(times), rows)
    score = SystemScore(
        score=run.score,
        reference=None,
        alarm=run.alarm,
        not_judged=run.not_judged,
        limit=run.limit,
        lower=float("nan"),
        unit="",
        note="",
    )
    events = run.events
    began = [str(name) for name in events["began_with"]]
    names = list(dict.fromkeys([*run.settings.titles, *began]))
    titles = dict(zip(names, series_names(run.settings, names).titles, strict=True))
    return {
        "title": run.title,
        "verdict": run.verdict,
        "step": step,
        "rows_per_point": rows,
        "score": score.encoded(times, starts),
        "points": {
            "times": encoding.row_times(times[starts]),
            "break_after": encoding.break_after(times[starts], step * rows),
        },
        "events": {
            "number": [int(number) for number in events["event"]],
            "start": encoding.packed_times(
                encoding.milliseconds(pd.DatetimeIndex(events["start"]))
            ),
            "alarm_end": encoding.packed_times(
                encoding.milliseconds(pd.DatetimeIndex(events["alarm_end"]))
            ),
            "lasts": [duration(seconds) for seconds in events["duration_seconds"]],
            "kind": list(events["kind"]),
            "began": [titles[name] for name in began],
            "severity": [encoding.number_or_none(float(x)) for x in events["times_limit"]],
        },
    }
