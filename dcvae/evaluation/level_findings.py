"""Findings on levels and alarms: what has moved for good, and whether the budget was kept."""

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array
from dcvae._text import duration, quantities, quantity
from dcvae.config import SeriesNames
from dcvae.data import AFTER_A_GAP, Quality
from dcvae.detection import SECONDS_PER_WEEK, Detection, Events
from dcvae.evaluation.findings import Finding

_MOVED = 1.0  # a level is off by so many roots of the trained reference level
_LEAST_SHARE = 0.5  # of the last window, that must be observed to speak of a level
_MOST_NAMED = 5


def budget_findings(detection: Detection, events: Events, step_seconds: float) -> list[Finding]:
    """Return how many alarms there were, next to what was expected after training.

    Args:
        detection: of the scored rows.
        events: its events.
        step_seconds: sampling step, in seconds.
    """
    expected = detection.system.expected
    judged = int(np.count_nonzero(np.isfinite(detection.judged.relative)))
    if expected is None or not judged:
        return []
    seconds = judged * step_seconds
    most, count = (
        expected.most(seconds / SECONDS_PER_WEEK),
        int((events.table["kind"] == "incident").sum()),
    )
    alarms = "1 alarm" if count == 1 else f"{count} alarms"
    told = (
        f"{alarms} in {duration(seconds)} of judged rows; with normal data at most {most:,} were "
        f"expected ({100 * expected.confidence:.0f} % sure, {expected.counted:,} in "
        f"{duration(expected.weeks * SECONDS_PER_WEEK)} of training)."
    )
    return [Finding("info", told)]


def unjudged_findings(detection: Detection, context_rows: int = 0) -> list[Finding]:
    """Return a finding on the rows at the start of a file that have no past.

    Args:
        detection: of the scored rows.
        context_rows: rows of an earlier file that were given.
    """
    judged = np.isfinite(detection.judged.relative)
    scored = np.isfinite(detection.score)
    following = detection.system.following
    first = int(np.argmax(judged)) if judged.any() else len(judged)
    count = int(np.count_nonzero(scored[:first]))
    if following is None or np.isnan(detection.judged.limit) or not count:
        return []
    advice = "Give the rows before with --context."
    if context_rows:
        advice = "The context has too few: rows that the model was trained on do not count."
    return [
        Finding(
            "info",
            f"The first {count:,} rows with a score are not judged: an alarm holds each series "
            f"against its own last {following.window:,} rows, and needs a quarter of them. "
            f"{advice}",
        )
    ]


def why_nothing_is_judged(detection: Detection, quality: Quality, window_length: int) -> str:
    """Say why no row of a file has a score, and what to do; "" if one has.

    Args:
        detection: of the scored rows.
        quality: of the rows of the table.
        window_length: rows of a window, T.
    """
    if np.isfinite(detection.score).any():
        return ""  # its cells are, even where too little is known for an alarm that follows
    rows = f"none of the {len(detection.times):,} rows with a whole window could be scored"
    if detection.frame.isna().to_numpy().all():
        return (
            f"{rows}: every cell of the {len(detection.series):,} series is missing. Look at the "
            "file: were the series measured in that time, and are its numbers numbers?"
        )
    if quality.counts()[AFTER_A_GAP] == len(quality.table):
        return (
            f"{rows}: every window of {window_length:,} rows (`T`) crosses a gap longer than "
            "`max_gap`. Give rows that follow each other, set `resample` to their usual step, or "
            "raise `max_gap`."
        )
    return f"{rows}: cells are missing or follow a gap; quality.csv says of each row which."


def level_findings(detection: Detection, events: Events, names: SeriesNames) -> list[Finding]:
    """Return the series whose level has moved for good, in data units, and since when.

    A level is off where the median error of the last window is more than what the root of the mean
    squared error exceeds in 1 % of training.

    Args:
        detection: of the scored rows.
        events: its events.
        names: titles and units of the series.
    """
    following = detection.system.following
    if following is None or len(detection.times) < following.window:
        return []
    if detection.deviation is not None:  # levels of it say nothing of errors
        return []
    root = np.sqrt(detection.system.reference_level)
    last = detection.error[-following.window :].astype(np.float64)
    known = np.count_nonzero(~np.isnan(last), axis=0) >= _LEAST_SHARE * len(last)
    off = np.zeros(len(root))
    off[known] = np.nanmedian(last[:, known], axis=0)
    moved = [int(column) for column in np.argsort(-np.abs(off) / root, kind="stable")]
    moved = [column for column in moved if abs(off[column]) > _MOVED * root[column]]
    if not moved:
        return []
    named = [
        _sentence(detection, column, off[column], following.window, names)
        for column in moved[:_MOST_NAMED]
    ]
    shifts = int((events.table["kind"] == "level shift").sum())
    told = "; ".join(named)
    more = f"; and {len(moved) - len(named):,} more series" if len(moved) > len(named) else ""
    count = f" {shifts} of the events are such shifts." if shifts else ""
    return [
        Finding(
            "warning",
            f"Levels have moved since training: {told}{more}. Retrain on data from after that, or "
            f"accept it: alarms are against the new level.{count}",
        )
    ]


def _sentence(
    detection: Detection, column: int, off: float, window: int, names: SeriesNames
) -> str:
    """Say since when a series is how much higher or lower than expected of the last window."""
    mean, _ = detection.expected(column)
    usual = float(np.nanmedian(mean[-window:]))
    difference = off * float(detection.scale[column])
    constant = detection.inputs.constant
    if constant is not None and constant[column]:  # off by as much whatever its value is
        values = detection.frame.iloc[-window:, column].to_numpy()
        difference = float(np.nanmedian(values)) - usual
    since = _since(detection, column, off)
    word = "higher" if difference > 0 else "lower"
    # Of a level near 0, or of time in seconds since 1970, a share says nothing.
    share = abs(difference / usual) if usual else np.inf
    told = f"{quantity(100 * share, '%', 2)} " if 0.01 <= share <= 10 else ""
    now, before = quantities([usual + difference, usual], names.units[column])
    title = names.titles[column]
    return f"since {since} the level of `{title}` is {told}{word} ({now} instead of {before})"


def _since(detection: Detection, column: int, off: float) -> str:
    """Return the time since which the error has mostly been on the same side, beyond half."""
    beyond = np.sign(off) * detection.error[:, column].astype(np.float64) > abs(off) / 2
    # The start that parts the rows best: most beyond after it, fewest before.
    score: Float64Array = np.where(beyond, 1.0, -1.0)
    start = int(np.argmax(np.cumsum(score[::-1])[::-1]))
    time: pd.Timestamp = detection.times[start]
    return "the first row" if start == 0 else f"{time:%Y-%m-%d %H:%M}"
