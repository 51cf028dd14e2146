"""Alarm search: rules and threshold of the system's alarm, chosen by labels.

The measure is event-wise F0.5, with precision times the share of normal rows without alarm, so that
an alarm that never ends scores 0 (Kotowski et al. 2024). A small grid of rules is tried, each with
thresholds from the largest score downward, or with the alarms of single series. The rules of the
settings come first and win ties: labels change nothing that they do not improve.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dcvae._arrays import BoolArray, Float32Array, Float64Array
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.system import SystemAlarm, candidates, persistent_score, series_alarms
from dcvae.detection.alphas import Alphas
from dcvae.metrics import event_wise

_ENTER = ((1, 1), (2, 3), (4, 6))
_LEAVE = (1.0, 0.5)
_HOLD = (0, 6, 12, 24)
_SERIES = (2, 3, 5)
_THRESHOLDS = 40


def tuned(
    alarm: SystemAlarm,
    score: Float64Array,
    residual: Float32Array,
    alphas: Alphas,
    truth: BoolArray,
) -> SystemAlarm:
    """Choose rules and threshold by labels, for the best corrected event-wise F0.5.

    Args:
        alarm: the alarm as fitted without labels.
        score: (rows,) float64, its score; NaN where nothing is scored.
        residual: (rows, series) float32, in sigmas; NaN where a cell was missing.
        alphas: the bands.
        truth: (rows,) bool, whether any series is labeled; at least one row is.

    Returns:
        The alarm with the best rules and threshold, its method "labels".
    """
    thresholds = candidates(score)
    spread = np.linspace(0, len(thresholds) - 1, min(_THRESHOLDS, len(thresholds)))
    tried = [alarm.threshold, *thresholds[np.rint(spread).astype(int)]]
    best, best_value = alarm, -1.0
    for rules in _rules(alarm.rules):
        for option, mask in _options(replace(alarm, rules=rules), score, residual, alphas, tried):
            value = event_wise(truth, mask).corrected_f05
            if value > best_value:
                best, best_value = option, value
    return replace(best, method="labels")


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
    score: Float64Array,
    residual: Float32Array,
    alphas: Alphas,
    thresholds: list[float],
) -> Iterator[tuple[SystemAlarm, BoolArray]]:
    """Yield what these rules leave open, as asked for first: thresholds, or numbers of series."""
    rules = alarm.rules
    weighted = replace(rules, system="weighted")
    by_score = (
        (
            replace(alarm, rules=weighted, threshold=float(threshold)),
            persistent_score(score, float(threshold), weighted),
        )
        for threshold in thresholds
    )
    if rules.system == "weighted":
        yield from by_score
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
    if rules.system != "weighted":
        yield from by_score
