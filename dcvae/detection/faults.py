"""Faults behind alarms: when each began and ended, of what kind it is, and why its alarm ended."""

from typing import Any, Literal, get_args

import numpy as np

from dcvae._arrays import BoolArray, Segments
from dcvae.detection.alarms.following import block_rows
from dcvae.detection.result import Detection

Kind = Literal["incident", "level shift"]
Ending = Literal["calm again", "taken for the new normal", "no data", "end of file"]
INCIDENT, LEVEL_SHIFT = get_args(Kind)
_STEADY = 0.5  # spread of a new level, in shares of the shift, below which it is steady


def find_faults(detection: Detection, alarms: Segments) -> Segments:
    """Find the rows of the faults that raised alarms.

    The score of a row averages those before it, and an alarm stays on after its cause. A row is of
    the fault if by itself, without those before it, it is beyond the limit.

    Args:
        detection: scores, flags and alarms of the scored rows.
        alarms: the runs of rows in alarm.

    Returns:
        As many runs of rows, half-open, each from at most the rows averaged before its alarm to at
        most its end.
    """
    rules, strange = detection.system.rules, _strange_rows(detection)
    averaged = rules.smoothing - 1 if rules.system == "weighted" else 0
    early = averaged + rules.delay_rows
    row = np.arange(len(strange))
    # The first strange row from each on, and the last up to each.
    after = np.minimum.accumulate(np.where(strange, row, len(row))[::-1])[::-1]
    before = np.maximum.accumulate(np.where(strange, row, -1))
    previous = np.append(0, alarms.stops)[:-1][: len(alarms.starts)]
    first = alarms.starts
    if len(row):
        first = after[np.maximum(alarms.starts - early, previous)]
    starts = np.where(first <= alarms.starts, first, alarms.starts)
    last = before[alarms.stops - 1] + 1
    shortest = np.maximum(alarms.stops - rules.hold - averaged, starts + 1)
    stops = np.where(last > starts, last, np.minimum(shortest, alarms.stops))
    return Segments(starts, stops)


def _strange_rows(detection: Detection) -> BoolArray:
    if detection.system.rules.system == "weighted":
        with np.errstate(invalid="ignore"):
            strange: BoolArray = detection.judged.own > detection.judged.limit
        return strange
    flagged: BoolArray = np.logical_or.reduce(detection.flags, axis=1)
    return flagged


def describe_alarms(detection: Detection, alarms: Segments) -> dict[str, list[Any]]:
    """Describe alarms: columns `kind`, `ended`, `times_limit`, `peak_score` and `reference`.

    Args:
        detection: scores, flags and alarms of the scored rows.
        alarms: the runs of rows in alarm.
    """
    judged = detection.judged
    columns: dict[str, list[Any]] = {
        name: [] for name in ("kind", "ended", "times_limit", "peak_score", "reference")
    }
    for first, stop in zip(alarms.starts.tolist(), alarms.stops.tolist(), strict=True):
        accepted = [row for row in judged.accepted if first <= row < stop]
        peak, reference = np.nan, np.nan
        if np.isfinite(judged.limit):
            peak = float(np.fmax.reduce(judged.relative[first:stop]))
            reference = float(judged.reference[first])
        columns["kind"].append(_kind(detection, first, stop, accepted))
        columns["ended"].append(_ending(detection, stop, accepted))
        columns["times_limit"].append(peak / judged.limit if judged.limit else np.nan)
        columns["peak_score"].append(peak)
        columns["reference"].append(reference)
    return columns


def _ending(detection: Detection, stop: int, accepted: list[int]) -> Ending:
    if stop == len(detection.alarm):
        return "end of file"
    if not np.isfinite(detection.judged.score[stop]):
        return "no data"
    return "taken for the new normal" if accepted else "calm again"


def _kind(detection: Detection, first: int, stop: int, accepted: list[int]) -> Kind:
    """Tell a steady new level, which was accepted and stayed, from an incident."""
    following = detection.system.following
    if following is None or not accepted:
        return "incident"
    at = accepted[-1]
    longest = (following.longest_blocks + 1) * block_rows(following.window)
    if any(at < row <= at + longest for row in detection.judged.returned):
        return "incident"
    late = detection.strangeness[max(at - following.longest // 2, first) : at + 1].astype(
        np.float64
    )
    past = detection.strangeness[max(first - following.window, 0) : first].astype(np.float64)
    usable = ~np.isnan(late).all(axis=0)
    if len(past):
        usable &= ~np.isnan(past).all(axis=0)
    if not usable.any():
        return "incident"
    late = late[:, usable]
    before = np.nanmedian(past[:, usable], axis=0) if len(past) else np.zeros(late.shape[1])
    level = np.nanmedian(late, axis=0)
    spread = np.nanmedian(np.abs(late - level), axis=0)
    # Of the series that has moved most, in what is usual for each.
    root = np.sqrt(detection.system.reference_level[usable])
    moved = int(np.argmax(np.abs(level - before) / root))
    steady = spread[moved] < _STEADY * abs(level[moved] - before[moved])
    return "level shift" if steady else "incident"
