"""One number and one alarm for the whole system, from the errors of all its series.

A cell outside its band is a statement about a cell. An operator wants to know whether something is
wrong now. That takes time and the other series into account::

    error (rows, series)                    what the network did not expect, scaled
      -> squared, mean of the last rows     one odd cell is weather, half an hour is not
      -> over the series' own level         what it exceeds in 1 % of normal time
      -> mean of the strangest few series   an incident is seldom in one series alone
      =  score (rows,)

so 1 means: the strangest few series are, on average, as far off as each is in its strangest 1 % of
normal time, whatever the model, the series or the day. The score grows with every error and looks
at no row after its own. Squares are not divided by the network's sigma: a sigma that grows where
the input is strange hides what is sought; a constant one measured best (benchmarks/severity.md).

The levels and the threshold are learned on data taken to be normal. The threshold is as low as it
can be without more alarms a week there, through all the rules of `detection.AlarmRules`, than the
settings allow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcvae.detection.alphas import Alphas
from dcvae.detection.band import AlarmRules, exceeds_by, persistent
from dcvae.errors import InputError
from dcvae.metrics import range_based as metrics

BoolArray = NDArray[np.bool_]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

_LEVEL_QUANTILE = 0.99
# Scaled and squared. A series that never changes in training is predicted to a thousandth or so.
_LOWEST_LEVEL = 1e-5
_HIGHEST = 1e12  # of a square over its level: means of it stay exact enough to be compared
_BLOCK_ROWS = 65_536
_CANDIDATES = 200
_LARGEST_SHARE_OF_ROWS = 0.3  # an alarm that is on for more of normal time tells nothing
SECONDS_A_WEEK = 604_800.0


@dataclass(frozen=True, eq=False)
class SystemAlarm:
    """What was learned, and the rules it was learned with.

    Attributes:
        rules: when an alarm begins and ends.
        level: (series,) float64, scaled and squared: what the mean square error of a series exceeds
            in 1 % of normal rows.
        threshold: of the score.
        method: how the threshold was found: "budget" or "labels".
    """

    rules: AlarmRules
    level: Float64Array
    threshold: float
    method: str

    @classmethod
    def published(cls, num_series: int) -> "SystemAlarm":
        """Give the published rule: the system is in alarm where any cell is flagged."""
        return cls(AlarmRules.published(), np.ones(num_series), 0.0, "published")

    @classmethod
    def learn(
        cls,
        error: Float32Array,
        rules: AlarmRules,
        *,
        false_alarms_per_week: float,
        step_seconds: float,
    ) -> "SystemAlarm":
        """Learn levels and threshold from data taken to be normal.

        Args:
            error: (rows, series) float32, scaled; NaN where a cell was missing or not judged.
            rules: when an alarm begins and ends.
            false_alarms_per_week: how many alarms a week are allowed on this data.
            step_seconds: sampling step.
        """
        level = normal_level(mean_squares(error, rules.smoothing), _LOWEST_LEVEL)
        alarm = cls(rules, level, 0.0, "budget")
        score = alarm.score(error)
        judged = int(np.count_nonzero(np.isfinite(score)))
        allowed = false_alarms_per_week * judged * step_seconds / SECONDS_A_WEEK
        return replace(alarm, threshold=_lowest_threshold(score, rules, allowed))

    def score(self, error: Float32Array) -> Float64Array:
        """Give every row its severity; see the module.

        Args:
            error: (rows, series) float32, scaled; NaN where a cell was missing or not judged.

        Returns:
            (rows,) float64 >= 0; NaN in rows without any judged cell.
        """
        score = np.empty(len(error))
        before = self.rules.smoothing - 1
        # In blocks, each with the rows that its first means look back on: a long file of many
        # series would take gigabytes at once.
        for first in range(0, len(error), _BLOCK_ROWS):
            rows = slice(first, first + _BLOCK_ROWS)
            part = self._score(error[max(first - before, 0) : rows.stop])
            score[rows] = part[-len(score[rows]) :]
        return score

    def _score(self, error: Float32Array) -> Float64Array:
        relative = mean_squares(error, self.rules.smoothing) / self.level
        known = np.minimum(np.where(np.isnan(relative), 0.0, relative), _HIGHEST)
        count = min(self.rules.series, known.shape[1])
        strangest = np.partition(known, known.shape[1] - count, axis=1)[:, -count:]
        score: Float64Array = strangest.mean(axis=1)
        score[np.isnan(error).all(axis=1)] = np.nan
        return score

    def alarms(
        self, score: Float64Array, residual: Float32Array, alphas: Alphas
    ) -> tuple[BoolArray, BoolArray]:
        """Raise the alarms of a file: of the system (rows,) and of each series (rows, series).

        In a row where nothing is judged nobody is in alarm.

        Args:
            score: (rows,) from `score`.
            residual: (rows, series) float32, in sigmas; NaN where a cell was missing.
            alphas: the bands.
        """
        of_series = series_alarms(residual, alphas, self.rules)
        if self.rules.system == "weighted":
            of_system = persistent_score(score, self.threshold, self.rules)
        else:
            needed = 1 if self.rules.system == "any" else self.rules.series
            of_system = np.count_nonzero(of_series, axis=1) >= needed
        judged = np.isfinite(score)
        return of_system & judged, of_series & judged[:, None]

    def describe(self, step_seconds: float) -> str:
        """Say in words when the system is in alarm, and what the rules delay.

        Args:
            step_seconds: sampling step.
        """
        rules = self.rules
        needed, of_rows = rules.enter
        cause = {
            "weighted": f"its score (mean of {rules.smoothing} rows) is above {self.threshold:.3g}",
            "any": "any series is outside its band",
            "at least": f"at least {rules.series} series are outside their bands",
        }[rules.system]
        parts = [f"when {cause}" + (f" in {needed} of {of_rows} rows" if of_rows > 1 else "")]
        if rules.min_rows > 1:
            parts.append(f"for {rules.min_rows} rows")
        if rules.leave < 1:
            parts.append(f"until it is below {rules.leave:.0%} of that")
        if rules.hold:
            parts.append(f"and {rules.hold} rows more")
        chosen = {
            "budget": "threshold from a number of false alarms a week",
            "labels": "chosen by event-wise F0.5 on labels",
        }.get(self.method, "the published rule")
        if self.method == "budget" and rules.system != "weighted":
            chosen = "which the alphas decide"
        rows = rules.delay_rows + (rules.smoothing - 1 if rules.system == "weighted" else 0)
        delay = rows * step_seconds / 60
        return f"{', '.join(parts)}; {chosen}; the rules delay it by up to {delay:g} minutes"

    def to_dict(self, series: Sequence[str]) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "method": self.method,
            "threshold": self.threshold,
            "rules": self.rules.to_dict(),
            "level": dict(zip(series, self.level.tolist(), strict=True)),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any], series: Sequence[str], source: str) -> "SystemAlarm":
        """Read back what `to_dict` gave.

        Raises:
            InputError: a part is missing or cannot be what was stored.
        """
        try:
            level = np.array([stored["level"][name] for name in series], dtype=np.float64)
            alarm = cls(
                AlarmRules.from_dict(stored["rules"]),
                level,
                float(stored["threshold"]),
                str(stored["method"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{source} is damaged ({error}). Run alpha_definition.py again."
            ) from error
        if not (np.isfinite(level).all() and (level > 0).all() and alarm.threshold >= 0):
            raise InputError(
                f"{source} is damaged: expected a level above 0 for every series and a threshold "
                "of at least 0. Run alpha_definition.py again."
            )
        return alarm


def normal_level(squares: Float64Array, lowest: float) -> Float64Array:
    """Tell what the mean squares of each series exceed in 1 % of normal rows, or windows.

    Args:
        squares: (rows, series), NaN where there is none.
        lowest: the least that is returned, > 0.

    Returns:
        (series,) float64. A series without any is taken to be like the others, and to have a level
        of 1 if there are no others.
    """
    known = ~np.isnan(squares).all(axis=0)
    level = np.ones(squares.shape[1])
    if known.any():
        level[known] = np.nanquantile(squares[:, known], _LEVEL_QUANTILE, axis=0)
        level[~known] = np.median(level[known])
    usable: Float64Array = np.maximum(level, lowest)
    return usable


def mean_squares(error: Float32Array, rows: int) -> Float64Array:
    """Average the squared errors of each series over the last so many rows.

    Args:
        error: (rows, series) float32, scaled; NaN where there is none.
        rows: how many, the own row included; at the start as many as there are.

    Returns:
        (rows, series) float64, over the errors that there are; NaN where there is none.
    """
    # No running sum: one very far cell would leave nothing but rounding of all that follow it.
    total = np.zeros(error.shape)
    count = np.zeros(error.shape)
    squares = error.astype(np.float64) ** 2
    there = ~np.isnan(squares)
    squares = np.where(there, squares, 0.0)
    for back in range(min(rows, len(error))):
        total[back:] += squares[: len(error) - back]
        count[back:] += there[: len(error) - back]
    means: Float64Array = np.full(error.shape, np.nan)
    return np.divide(total, count, out=means, where=count > 0)


def series_alarms(residual: Float32Array, alphas: Alphas, rules: AlarmRules) -> BoolArray:
    """Raise the alarms of each series from its own cells: (rows, series) bool."""
    enter, stay = exceeds_by(residual, alphas, 1.0), exceeds_by(residual, alphas, rules.leave)
    alarms = np.empty(enter.shape, dtype=bool)
    for column in range(enter.shape[1]):  # one at a time: row numbers take eight bytes a cell
        alone = slice(column, column + 1)
        alarms[:, alone] = persistent(enter[:, alone], stay[:, alone], rules)
    return alarms


def persistent_score(score: Float64Array, threshold: float, rules: AlarmRules) -> BoolArray:
    """Raise the system's alarm from its score: (rows,) bool; never where the score is NaN."""
    with np.errstate(invalid="ignore"):
        enter, stay = score > threshold, score > rules.leave * threshold
    raised: BoolArray = persistent(enter[:, None], stay[:, None], rules)[:, 0]
    return raised & np.isfinite(score)


def candidates(score: Float64Array) -> Float64Array:
    """List thresholds to try, from the highest: the largest score, then ever larger shares above.

    Returns:
        (candidates,) float64, descending; a 1, as far off as in the strangest hundredth of normal
        time, if no row has a score.
    """
    known = score[np.isfinite(score)]
    if known.size == 0:
        return np.ones(1)
    shares = np.geomspace(1 / known.size, _LARGEST_SHARE_OF_ROWS, _CANDIDATES)
    tried = np.append(np.quantile(known, 1.0 - np.minimum(shares, 1.0)), known.max())
    distinct: Float64Array = np.unique(tried)[::-1]
    return distinct


def _lowest_threshold(score: Float64Array, rules: AlarmRules, allowed: float) -> float:
    """Lower the threshold until the next step would raise more alarms than are allowed.

    Half an alarm is granted: an allowance of 2.6 is nearer to 3 alarms than to 2.
    """
    tried = candidates(score)
    best = float(tried[0])
    for threshold in tried:
        alarms = metrics.segments(persistent_score(score, float(threshold), rules))
        if len(alarms.starts) > allowed + 0.5:
            break
        best = float(threshold)
    return best
