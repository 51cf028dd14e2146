"""Planted faults: a known incident and a lasting shift, in the errors of normal rows.

The training rows come again as the next 20 days, the errors of three series shifted by 2, 4 or 8 of
their standard deviations on days 5 to 8, and from day 12 on. Which three is drawn, several times a
set, of those whose errors vary at all.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import NamedTuple, cast

import numpy as np

from benchmarks.alarm_rules import Judge, Raised, Rule
from benchmarks.common import print_table
from benchmarks.scored import ScoredRows, ScoredSet
from dcvae._arrays import segments
from dcvae.detection import Detection
from dcvae.detection.faults import describe_alarms

DAYS = 20
INCIDENT = (5, 8)
SHIFT = 12
DEVIATIONS = (2.0, 4.0, 8.0)
DRAWS = 3
SERIES = 3
LOWEST_SPREAD = 1e-3  # of scaled errors; below it a series never changes


class Outcome(NamedTuple):
    """What a rule came to on planted faults.

    Attributes:
        incident: share of the rows of the 3-day incident in alarm.
        found: whether an alarm is on within a day of the beginning of the lasting shift.
        hours: from the shift to the end of that alarm; infinite if it is on at the end of the file.
        is_alone: whether no other alarm follows it.
        is_shift: whether it is said to be a level shift; None if the rule says no kind.
    """

    incident: float
    found: bool
    hours: float
    is_alone: bool
    is_shift: bool | None


def planted(data: ScoredSet, deviations: float) -> Iterator[ScoredRows]:
    """Yield rows after training, with planted faults; every draw of series once."""
    day = round(86_400 / data.step_seconds)
    rows = np.arange(DAYS * day) % len(data.training.error)
    times = data.training.times[-1] + round(data.step_seconds * 1e6) * np.arange(1, len(rows) + 1)
    spread = np.nanstd(data.training.error, axis=0)
    random = np.random.default_rng(0)
    for _ in range(DRAWS):
        error = data.training.error[rows].copy()
        changing = np.flatnonzero(spread > LOWEST_SPREAD)
        chosen = random.choice(changing, min(SERIES, len(changing)), replace=False)
        for part in (slice(INCIDENT[0] * day, INCIDENT[1] * day), slice(SHIFT * day, None)):
            error[part, chosen] += np.float32(deviations) * spread[chosen]
        yield ScoredRows(error, data.training.sigma[rows], times)


def outcome(judge: Judge, rows: ScoredRows, step_seconds: float) -> Outcome:
    """Judge planted rows."""
    day = round(86_400 / step_seconds)
    raised = judge(rows)
    alarms = segments(raised.alarm)
    incident = float(raised.alarm[INCIDENT[0] * day : INCIDENT[1] * day].mean())
    after = np.flatnonzero(alarms.stops > SHIFT * day)
    if not len(after) or alarms.starts[after[0]] >= (SHIFT + 1) * day:
        return Outcome(incident, False, np.nan, False, None)
    stop = int(alarms.stops[after[0]])
    hours = (stop - SHIFT * day) * step_seconds / 3600
    kinds = _kinds(raised, rows)
    return Outcome(
        incident,
        True,
        np.inf if stop == len(raised.alarm) else hours,
        len(after) == 1,
        None if kinds is None else kinds[after[0]] == "level shift",
    )


def _kinds(raised: Raised, rows: ScoredRows) -> list[str] | None:
    if raised.judged is None or raised.system is None or raised.system.following is None:
        return None
    # What kinds are told by; a whole detection would need a network and its inputs.
    seen = SimpleNamespace(
        system=raised.system, judged=raised.judged, strangeness=rows.error, alarm=raised.alarm
    )
    kinds: list[str] = describe_alarms(cast(Detection, seen), segments(raised.alarm))["kind"]
    return kinds


def print_planted(sets: list[ScoredSet], rules: list[Rule]) -> None:
    """Print what rules come to on planted faults, a table for each size of them."""
    judges = [(rule, data, rule.fit(data)) for rule in rules for data in sets]
    for deviations in DEVIATIONS:
        table, count = [], 0
        for rule in rules:
            found = [
                outcome(judge, rows, data.step_seconds)
                for each, data, judge in judges
                if each is rule
                for rows in planted(data, deviations)
            ]
            count = len(found)
            table.append([rule.name, *_cells(found)])
        header = ["% of the incident in alarm, mean (median)", "shift found", "never ends"]
        header += [
            "hours to its end, median (range)",
            "no alarm after it",
            "said to be a level shift",
        ]
        print_table([f"shifted by {deviations:g} deviations, {count} files", *header], table)


def _cells(found: list[Outcome]) -> list[str]:
    shares = 100 * np.array([each.incident for each in found])
    hours = np.array([each.hours for each in found])
    ended, told = hours[np.isfinite(hours)], "-"
    if ended.size:
        told = f"{np.median(ended):.0f} ({ended.min():.0f} to {ended.max():.0f})"
    known = [each.is_shift for each in found if each.is_shift is not None]
    return [
        f"{shares.mean():.0f} ({np.median(shares):.0f})",
        str(sum(each.found for each in found)),
        str(np.isposinf(hours).sum()),
        told,
        str(sum(each.is_alone for each in found)),
        str(sum(known)) if known else "-",
    ]
