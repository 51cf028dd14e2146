"""Alarm rules: the beginning and the end of an alarm, of a series and of the system alike.

A flag is about one cell; an alarm is what an operator is called for. All rules are causal: whether
there is an alarm in a row never depends on a later row.
"""

from dataclasses import asdict, dataclass
from typing import Any, Self, get_args

import numpy as np

from dcvae._arrays import BoolArray, Float64Array, IntArray
from dcvae.config import AlarmKeys, AlarmSystem, rows_of

_MOST_ROWS = 1_000_000_000  # as the settings allow


@dataclass(frozen=True)
class AlarmRules:
    """The rules by which an alarm begins and ends; settings keys `alarm_...`.

    Attributes:
        system: what puts the system in alarm: its score above the threshold ("weighted"), "any"
            series in alarm, or "at least" `series` of them.
        series: number of series that the score averages, or that must be in alarm, >= 1.
        smoothing: rows over which the score averages squared errors, >= 1.
        enter: (k, n), an alarm begins when k of the last n rows are beyond the threshold.
        leave: share of the threshold below which an alarm ends, in (0, 1].
        min_rows: rows that an alarm must last before it is raised, >= 1.
        hold: rows that a raised alarm stays on after its end, >= 0.

    Examples:
        >>> AlarmRules.published()  # a row with any flagged cell is an alarm
        AlarmRules(system='any', series=1, smoothing=1, enter=(1, 1), leave=1.0, min_rows=1, hold=0)
        >>> AlarmRules("weighted", 3, 6, enter=(2, 3), leave=0.5, min_rows=4, hold=0).delay_rows
        4
    """

    system: AlarmSystem
    series: int
    smoothing: int
    enter: tuple[int, int]
    leave: float
    min_rows: int
    hold: int

    @classmethod
    def of(cls, keys: AlarmKeys, step_seconds: float) -> Self:
        """Return the rules that a settings file asks for.

        Args:
            keys: the alarm keys of the settings.
            step_seconds: sampling step, in seconds, for keys that are durations.
        """
        first, of_rows = keys.alarm_enter
        return cls(
            keys.alarm_system,
            keys.alarm_series,
            rows_of(keys.alarm_smoothing, step_seconds),
            (first, of_rows),
            keys.alarm_leave,
            keys.alarm_min_rows,
            rows_of(keys.alarm_hold, step_seconds),
        )

    @classmethod
    def published(cls) -> Self:
        """Return the rules of the published program: a row with any flagged cell is an alarm."""
        return cls("any", 1, 1, (1, 1), 1.0, 1, 0)

    @property
    def delay_rows(self) -> int:
        """Rows by which the rules delay an alarm at least, without the averaging of the score."""
        return self.enter[0] - 1 + self.min_rows - 1

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self) | {"enter": list(self.enter)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Read rules from the values of `to_dict`.

        Raises:
            KeyError: a value is missing.
            TypeError: a value is of another type, or unknown.
            ValueError: a value is out of range.
        """
        first, of_rows = stored["enter"]
        rules = cls(**{**stored, "enter": (first, of_rows)})
        counts = (rules.series, rules.smoothing, first, of_rows, rules.min_rows, rules.hold + 1)
        if not (
            rules.system in get_args(AlarmSystem)
            and all(isinstance(count, int) and 1 <= count <= _MOST_ROWS + 1 for count in counts)
            and first <= of_rows
            and 0 < rules.leave <= 1
        ):
            raise ValueError(f"no rules of an alarm: {stored}")
        return rules


def persistent(enter: BoolArray, stay: BoolArray, rules: AlarmRules) -> BoolArray:
    """Raise alarms from rows beyond a threshold, as the rules ask.

    In this order: an alarm begins in a row where k of the last n rows are beyond the threshold; it
    goes on while rows stay beyond the lower one; what has lasted less than `min_rows` rows is
    not raised yet; what was raised stays on for `hold` more rows. Each column is treated alone.

    Args:
        enter: (rows, columns) bool, beyond the threshold.
        stay: (rows, columns) bool, beyond `leave` times the threshold.
        rules: k and n, `min_rows`, `hold`.

    Returns:
        (rows, columns) bool; a row depends on no later row.

    Examples:
        >>> rules = AlarmRules("any", 1, 1, enter=(1, 1), leave=1.0, min_rows=2, hold=1)
        >>> beyond = np.array([[False], [True], [True], [False], [False]])
        >>> persistent(beyond, beyond, rules).ravel()  # raised one row late, held one row longer
        array([False, False,  True,  True, False])
    """
    row = np.arange(len(enter))[:, np.newaxis]
    needed, of_rows = rules.enter
    counts = np.cumsum(enter, axis=0, dtype=np.int64)
    counts[of_rows:] -= counts[:-of_rows].copy()
    begins = counts >= needed
    # On since the last beginning, unless a row below the lower threshold has followed.
    on = _last(begins, row) > _last(~stay & ~begins, row)
    # How long an alarm had lasted before the file is not known.
    lasting = on & (row - np.maximum(_last(~on, row), -1) >= rules.min_rows)
    held: BoolArray = row - _last(lasting, row) <= rules.hold
    return held


def persistent_score(score: Float64Array, threshold: float, rules: AlarmRules) -> BoolArray:
    """Raise the system's alarm from its score.

    Args:
        score: (rows,) float64; NaN where nothing is scored.
        threshold: the score above which a row may begin an alarm.
        rules: the rules by which an alarm begins and ends.

    Returns:
        (rows,) bool; False where the score is NaN.
    """
    with np.errstate(invalid="ignore"):
        enter, stay = score > threshold, score > rules.leave * threshold
    raised: BoolArray = persistent(enter[:, None], stay[:, None], rules)[:, 0]
    return raised & np.isfinite(score)


def above(strangeness: Float64Array, limit: float, lower: float, rules: AlarmRules) -> BoolArray:
    """Raise alarms from a strangeness.

    Args:
        strangeness: (rows,) float64 >= 1; NaN where nothing is judged.
        limit: above it a row may begin an alarm, > 1.
        lower: below it an alarm ends, in [1, limit].
        rules: the rules.

    Returns:
        (rows,) bool; False where nothing is judged.
    """
    with np.errstate(invalid="ignore"):
        enter, stay = strangeness > limit, strangeness > lower
    raised: BoolArray = persistent(enter[:, None], stay[:, None], rules)[:, 0]
    return raised & np.isfinite(strangeness)


def _last(mask: BoolArray, row: IntArray) -> IntArray:
    """Find for each row the last row up to it where the mask is True; -2**40 before the first."""
    never = -(1 << 40)
    last: IntArray = np.maximum.accumulate(np.where(mask, row, never), axis=0)
    return last
