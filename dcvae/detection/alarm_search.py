"""Choosing when the system is in alarm, where labels tell which alarms would have been right.

The measure is what the person who is called cares for: event-wise F0.5, with precision times the
share of normal rows left alone, so that an alarm that never ends is worth nothing (Kotowski et al.
2024). A small grid of rules is tried, each with thresholds from the largest score downward, or with
the alarms of single series. The rules of the settings come first, and win ties: what labels cannot
tell apart stays as it was asked for.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dcvae.detection.alphas import Alphas
from dcvae.detection.band import AlarmRules
from dcvae.detection.system_alarm import SystemAlarm, candidates, persistent_score, series_alarms
from dcvae.metrics.event_based import event_wise

BoolArray = NDArray[np.bool_]

_ENTER = ((1, 1), (2, 3), (4, 6))
_LEAVE = (1.0, 0.5)
_HOLD = (0, 6, 12, 24)
_SERIES = (2, 3, 5)
_THRESHOLDS = 40


def tuned(
    alarm: SystemAlarm,
    score: NDArray[np.float64],
    residual: NDArray[np.float32],
    alphas: Alphas,
    truth: BoolArray,
) -> SystemAlarm:
    """Choose rules and threshold by labels.

    Args:
        alarm: as learned without them.
        score: (rows,) its score.
        residual: (rows, series) float32, in sigmas; NaN where a cell was missing.
        alphas: the bands.
        truth: (rows,) bool, whether any series is labeled; at least one row is.

    Returns:
        The alarm with the best rules and threshold.
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
    """List the given rules, then all others."""
    yield given
    for enter in dict.fromkeys([given.enter, *_ENTER]):
        for leave in dict.fromkeys([given.leave, *_LEAVE]):
            for hold in dict.fromkeys([given.hold, *_HOLD]):
                rules = replace(given, enter=enter, leave=leave, hold=hold)
                if rules != given:
                    yield rules


def _options(
    alarm: SystemAlarm,
    score: NDArray[np.float64],
    residual: NDArray[np.float32],
    alphas: Alphas,
    thresholds: list[float],
) -> Iterator[tuple[SystemAlarm, BoolArray]]:
    """List what these rules leave open, as asked for first: thresholds, or numbers of series."""
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
    count[~np.isfinite(score)] = 0  # as `SystemAlarm.alarms` has it: nothing is judged there
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
