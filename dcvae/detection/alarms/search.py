"""Alarm search: rules and threshold of the system's alarm, chosen by labels.

The measure is event-wise F0.5, with precision times the share of normal rows without alarm, so that
an alarm that never ends scores 0 (Kotowski et al. 2024). A small grid of rules is tried, each with
thresholds from the largest score downward, or with the alarms of single series. The rules of the
settings come first and win ties: labels change nothing that they do not improve.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray
from dcvae.detection.alarms.rules import AlarmRules, above, persistent_score
from dcvae.detection.alarms.system import SystemAlarm, candidates, series_alarms
from dcvae.detection.alphas import Alphas
from dcvae.metrics import event_wise

_ENTER = ((1, 1), (2, 3), (4, 6))
_LEAVE = (1.0, 0.5)
_HOLD = (0, 6, 12, 24)
_SERIES = (2, 3, 5)
_THRESHOLDS = 40


def tuned(
    alarm: SystemAlarm,
    error: Float32Array,
    times: IntArray,
    residual: Float32Array,
    alphas: Alphas,
    truth: BoolArray,
) -> SystemAlarm:
    """Choose rules and threshold by labels, for the best corrected event-wise F0.5.

    Args:
        alarm: the alarm as fitted without labels.
        error: (rows, series) float32, scaled; NaN where a cell was missing or not scored.
        times: (rows,) int64, microseconds, ascending.
        residual: (rows, series) float32, in sigmas of the band; NaN where a cell was missing.
        alphas: the bands.
        truth: (rows,) bool, whether any series is labeled; at least one row is.

    Returns:
        The alarm with the best rules and threshold, its method "labels".
    """
    best_value, equals, is_given = (-1.0, -1.0), [alarm], True
    after: dict[int, BoolArray] = {}
    for number, (option, mask) in enumerate(_options(alarm, error, times, residual, alphas)):
        rules = option.rules
        rows = rules.smoothing - 1 + rules.hold
        if rows not in after:
            after[rows] = ~_just_after(truth, rows)
        found = event_wise(truth, mask & after[rows])
        value = (found.corrected_f05, found.recall)
        if value > best_value:
            best_value, equals, is_given = value, [option], number == 0
        elif value == best_value and rules == equals[0].rules and not is_given:
            equals.append(option)
    # What was asked for wins ties; of thresholds that labels cannot tell apart the middle one is
    # as far from their false alarms as from their misses.
    return replace(equals[len(equals) // 2], method="labels", expected=None)


def _just_after(truth: BoolArray, rows: int) -> BoolArray:
    """Return rows just after an event, in which an alarm that is ending is no false one."""
    row = np.arange(len(truth))
    last = np.maximum.accumulate(np.where(truth, row, -rows - 1))
    after: BoolArray = (row - last <= rows) & ~truth
    return after


def _rules(given: AlarmRules) -> Iterator[AlarmRules]:
    """Yield the given rules, then all others of the grid."""
    yield given
    for enter in dict.fromkeys([given.enter, *_ENTER]):
        for leave in dict.fromkeys([given.leave, *_LEAVE]):
            for hold in dict.fromkeys([given.hold, *_HOLD]):
                rules = replace(given, enter=enter, leave=leave, hold=hold)
                if rules != given:
                    yield rules


def _options(
    alarm: SystemAlarm,
    error: Float32Array,
    times: IntArray,
    residual: Float32Array,
    alphas: Alphas,
) -> Iterator[tuple[SystemAlarm, BoolArray]]:
    """Yield what may be chosen, as asked for first: alarms of the score, and of the series."""
    score = alarm.score(error)
    by_score = _of_score(alarm, error, times, score)
    if alarm.rules.system == "weighted":
        yield from by_score
    for rules in _rules(alarm.rules):
        yield from _of_series(replace(alarm, rules=rules), score, residual, alphas)
    if alarm.rules.system != "weighted":
        yield from by_score


def _of_score(
    alarm: SystemAlarm, error: Float32Array, times: IntArray, score: Float64Array
) -> Iterator[tuple[SystemAlarm, BoolArray]]:
    """Yield alarms of the score, or of the score over its past, rules by rules."""
    given = replace(alarm.rules, system="weighted")
    past = None if alarm.following is None else alarm.past(error, times)
    tried = [alarm.threshold, *_thresholds(score)]
    known: dict[tuple[float, float], Float64Array] = {}
    if alarm.following is not None and past is not None:
        relative = alarm.following.relative_score(past.strangeness)
        tried = [alarm.threshold, *_thresholds(relative)]
    for rules in _rules(given):
        for threshold in tried:
            option = replace(alarm, rules=rules, threshold=float(threshold))
            if alarm.following is None or past is None:
                yield option, persistent_score(score, float(threshold), rules)
                continue
            limit, key = alarm.following.limit(float(threshold)), (threshold, rules.leave)
            if key not in known:  # but for gaps, only these decide what is kept out of the past
                known[key] = past.run(limit, rules.leave, given.hold).strangeness
            lower = alarm.following.lower(limit, rules.leave)
            yield option, above(known[key], limit, lower, rules)


def _of_series(
    alarm: SystemAlarm, score: Float64Array, residual: Float32Array, alphas: Alphas
) -> Iterator[tuple[SystemAlarm, BoolArray]]:
    """Yield alarms of one or several series at once."""
    rules = alarm.rules
    count = np.count_nonzero(series_alarms(residual, alphas, rules), axis=1)
    count[~np.isfinite(score)] = 0  # as in `SystemAlarm.alarms`: nothing is scored there
    asked = rules.series if rules.system == "at least" else 1
    for needed in dict.fromkeys([asked, 1, *_SERIES]):
        if needed > residual.shape[1]:
            continue
        of_series = (
            replace(rules, system="any")
            if needed == 1
            else replace(rules, system="at least", series=needed)
        )
        yield replace(alarm, rules=of_series), count >= needed


def _thresholds(score: Float64Array) -> list[float]:
    """Return thresholds to try, from the largest score down."""
    known = candidates(score)
    spread = np.linspace(0, len(known) - 1, min(_THRESHOLDS, len(known)))
    return [float(threshold) for threshold in known[np.rint(spread).astype(int)]]
