"""Verdict on a file: its alarms in one sentence for people, and as plain values for programs."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray
from dcvae._text import duration, quantities, rough_duration
from dcvae.detection import Detection, Events, order_of_call

if TYPE_CHECKING:
    from dcvae.evaluation.review import Review

_DAY = 86_400.0  # seconds
_OF_EVENT = (
    *("event", "kind", "start", "end", "duration_seconds", "alarm_start", "alarm_end", "ended"),
    *("peak_time", "times_limit", "peak_strength", "began_with", "actual", "expected"),
)
_OF_SERIES = (
    *("series", "first_time", "delay_seconds", "flagged_rows", "peak_time", "peak_strength"),
    *("direction", "actual", "expected"),
)
_RENAMED = {"times_limit": "severity", "peak_strength": "strength", "series": "name"}
_MONTHS = (  # not from the locale, which writes the rest of the sentence in no other language
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


def verdict(review: "Review", since: pd.Timestamp | None = None) -> str:
    """Say in one sentence what happened in a file: how many alarms, and the worst of them.

    Args:
        review: the review of the file.
        since: only alarms that are on then or later count; None for all.

    Returns:
        The sentence, without a period. An alarm that was taken for a lasting change of level is
        counted apart. Where nothing is judged it says why; no alarm does not mean that all is well.
    """
    table = alarms_since(review.events, since)
    words = _Times.of(review, since)
    if since is None:
        seconds = np.count_nonzero(judged_rows(review.detection)) * review.model.step_seconds
        time = f"in {rough_duration(seconds)}"
    else:
        time = f"since {words.time(since)}"
    if not len(table):
        return _without_alarms(review, since, time, words)
    shifts = int((table["kind"] != "incident").sum())
    count = _count(len(table) - shifts, shifts)
    worst = table.iloc[int(order_of_call(table)[0])]
    before = ": " if len(table) == 1 else "; worst "
    return f"{count} {time}{before}{_event(review, worst, words)}"


def alarms_since(events: Events, since: pd.Timestamp | None) -> pd.DataFrame:
    """Return the lines of `Events.table` whose alarm is on at a time or later; all for None."""
    if since is None:
        return events.table
    return events.table[events.table["alarm_end"] >= since]


def judged_rows(detection: Detection, since: pd.Timestamp | None = None) -> BoolArray:
    """Return the rows in which an alarm could have been on, (rows,) bool.

    Those without a score are not among them, nor those without the past that an alarm needs which
    follows.

    Args:
        detection: of the scored rows.
        since: rows before it are not among them either; None for no such rows.
    """
    judged = detection.judged
    decides = judged.score if math.isnan(judged.limit) else judged.relative
    return np.isfinite(decides) & _rows(detection, since)


def event_records(events: Events, since: pd.Timestamp | None = None) -> list[dict[str, Any]]:
    """Return events as plain values, for JSON; times as ISO 8601, None where nothing is defined.

    Args:
        events: the events of a file.
        since: only events whose alarm is on then or later; None for all. They keep their numbers.

    Returns:
        One dictionary per event, in time order, each with a list `series` of one dictionary per
        series, the one that began it first.
    """
    series: dict[int, list[dict[str, Any]]] = {}
    for line in events.series.to_dict("records"):
        series.setdefault(line["event"], []).append(_record(line, _OF_SERIES))
    return [
        _record(line, _OF_EVENT) | {"series": series[line["event"]]}
        for line in alarms_since(events, since).to_dict("records")
    ]


def _record(line: Mapping[Hashable, Any], columns: Sequence[str]) -> dict[str, Any]:
    return {_RENAMED.get(column, column): _plain(line[column]) for column in columns}


def _plain(value: Any) -> Any:
    """Return a cell as JSON has it."""
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class _Times:
    """The way times of a file are written: the year and the clock only where they tell anything."""

    def __init__(self, *, with_year: bool, with_clock: bool, with_seconds: bool) -> None:
        self._with_year = with_year
        self._clock = "" if not with_clock else (" %H:%M:%S" if with_seconds else " %H:%M")

    @classmethod
    def of(cls, review: "Review", since: pd.Timestamp | None) -> "_Times":
        table = review.events.table
        times = [review.detection.times[0], review.detection.times[-1], *table["start"]]
        if since is not None:
            times.append(since)
        step = review.model.step_seconds
        return cls(
            with_year=len({time.year for time in times}) > 1,
            with_clock=bool(step % _DAY) or any(time != time.normalize() for time in times),
            with_seconds=bool(step % 60),
        )

    def time(self, time: pd.Timestamp) -> str:
        """Write a time, as in 16 April 18:25."""
        year = f" {time.year}" if self._with_year else ""
        return f"{time.day} {_MONTHS[time.month - 1]}{year}{time.strftime(self._clock)}"


def _count(incidents: int, shifts: int) -> str:
    alarms = "1 alarm" if incidents == 1 else f"{incidents:,} alarms"
    moved = "1 level shift" if shifts == 1 else f"{shifts:,} level shifts"
    if not shifts:
        return alarms
    return f"{alarms} and {moved}" if incidents else f"{moved} and no other alarm"


def _event(review: "Review", event: "pd.Series[Any]", words: _Times) -> str:
    """Say when an event began, how long it was, and what its first series did."""
    lasted = duration(float(event["duration_seconds"]))
    still = ", still on at the end" if event["ended"] == "end of file" else ""
    when = f"{words.time(event['start'])}, {lasted}{still}"
    if not review.model.settings.tells_series_apart:  # the first series is any of them
        return when
    names, column = review.model.names, review.detection.series.index(event["began_with"])
    both = [float(event["actual"]), float(event["expected"])]
    actual, expected = quantities(both, names.units[column])
    figures = f"{names.titles[column]}: {actual}"
    if not math.isnan(both[1]):  # not every detector expects a value
        figures += f" where {expected} was expected"
    lines = review.events.series
    flagged = int(lines.loc[lines["event"] == event["event"], "flagged_rows"].sum())
    if not flagged:  # many series a little off
        alone = "no series left its band by itself, nearest to its edge"
        if not _has_bands(review.detection):
            alone = "no series was flagged by itself, nearest to it"
        began = f"{alone} {figures}"
    else:
        began = f"began with {figures}"
        furthest = names.titles[review.detection.series.index(event["peak_series"])]
        if event["peak_series"] != event["began_with"]:
            began += f", furthest off {furthest}"
    return f"{when}, {began}"


def _has_bands(detection: Detection) -> bool:
    """Return whether the detector has bands: not every one expects values with a spread."""
    return bool(np.isfinite(detection.sigma).any())


def _rows(detection: Detection, since: pd.Timestamp | None) -> BoolArray:
    rows: BoolArray = np.ones(len(detection.times), dtype=bool)
    return rows if since is None else rows & (detection.times >= since)


def _without_alarms(review: "Review", since: pd.Timestamp | None, time: str, words: _Times) -> str:
    """Say that there is no alarm, or why there could be none."""
    detection = review.detection
    rows = _rows(detection, since)
    if review.not_judged:
        return f"No verdict: {review.not_judged.rstrip('.')}"
    if not rows.any():
        return f"No alarm {time}: the file ends before, {words.time(detection.times[-1])}"
    if not judged_rows(detection, since).any():
        following = detection.system.following
        if following is None or not np.isfinite(detection.score[rows]).any():
            return f"No verdict: no row {time} has a score; quality.csv says why"
        return (
            "No verdict: an alarm holds each series against its own last "
            f"{following.window:,} rows and needs a quarter of them before"
        )
    flagged = int(np.count_nonzero(detection.flags[rows]))
    if not flagged:
        return f"No alarm {time}"
    cells = "1 cell left its band" if flagged == 1 else f"{flagged:,} cells left their band"
    if not _has_bands(detection):
        cells = "1 cell was flagged" if flagged == 1 else f"{flagged:,} cells were flagged"
    return f"No alarm {time}; {cells} without raising one"
