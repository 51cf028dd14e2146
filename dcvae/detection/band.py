"""Turning scores into alarms: the residual in sigmas, the band around the mean, flags, persistence.

A score says how far a cell lies from what the network expected, in the network's own sigmas; the
alphas say how far is too far. The rule is the one the alphas were tuned with,
``thresholds.exceeds``, applied to the same float32 residual, so that a cell can never be an alarm
for one and not for the other. The band says the same in the units of the data, for people and
plots: at its very edge it may differ from the flags by rounding, and then the flags are right.

A flag is about one cell; an alarm is what somebody is called for. ``AlarmRules`` say how one
becomes the other, and ``persistent`` applies them, to a series or to the system alike. All rules
look back only: whether there is an alarm in a row never depends on a later one.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

import numpy as np
import numpy.typing as npt

from dcvae.config.settings import Settings
from dcvae.detection.alphas import Alphas, exceeds
from dcvae.errors import InputError

System = Literal["weighted", "any", "at least"]
BoolArray = npt.NDArray[np.bool_]
Float32Array = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.floating]


def standardized_residual(error: FloatArray, sigma: FloatArray) -> Float32Array:
    """Divide the error by the spread expected of it.

    Args:
        error: (rows, series), ``x - mean``, in any units; NaN where the cell was missing.
        sigma: (rows, series), standard deviations in the same units, > 0.

    Returns:
        (rows, series) float32, in sigmas; NaN where the error is. A quotient beyond the range of
        float32 becomes its largest number, with the sign of the error.

    Raises:
        ValueError: if the shapes differ.
        InputError: if sigma is not a finite number > 0 where there is an error, as after a training
            that went wrong.
    """
    if error.shape != sigma.shape:
        raise ValueError(
            "`error` and `sigma` must have the same shape (rows, series). "
            f"Received: {error.shape} and {sigma.shape}."
        )
    unusable = ~((sigma > 0) & np.isfinite(sigma)) & ~np.isnan(error)
    if unusable.any():
        where = tuple(int(place) for place in np.argwhere(unusable)[0])
        raise InputError(
            "`sigma` must be a finite number > 0 wherever there is an error to judge. "
            f"Received: {sigma[where]} at {where}, counted from 0 (row, series). "
            "The network's spread has vanished or overflowed: train it again, more slowly."
        )
    residual = np.full(error.shape, np.nan)
    # Two float32 numbers have a quotient in float64, always; it may not have one in float32.
    np.divide(error, sigma, out=residual, where=~np.isnan(error), dtype=np.float64)
    limit = float(np.finfo(np.float32).max)
    clipped: Float32Array = np.clip(residual, -limit, limit).astype(np.float32)
    return clipped


def flags(residual: Float32Array, alphas: Alphas) -> BoolArray:
    """Tell which cells are alarms (García González et al. 2022).

    Args:
        residual: (rows, series) float32, in sigmas, from ``standardized_residual``; NaN where the
            cell was missing, which is never an alarm.
        alphas: one pair a series, in the order of the columns.

    Returns:
        (rows, series) bool: residual > alpha_up or residual < -alpha_down.

    Raises:
        ValueError: if the columns are not as many as the alphas.
    """
    _check_columns("residual", residual, alphas)
    return exceeds(np.asarray(residual, dtype=np.float32), alphas.down, alphas.up)


def band(mean: FloatArray, sigma: FloatArray, alphas: Alphas) -> tuple[FloatArray, FloatArray]:
    """Give the lower and upper edge that a value must cross to be an alarm.

    Args:
        mean: (rows, series), what the network expects, in data units or scaled.
        sigma: (rows, series), standard deviations in the same units.
        alphas: one pair a series, in the order of the columns.

    Returns:
        ``mean - alpha_down * sigma`` and ``mean + alpha_up * sigma``, each (rows, series) float64
        in the units given.

    Raises:
        ValueError: if the shapes differ or the columns are not as many as the alphas.
    """
    _check_columns("mean", mean, alphas)
    if mean.shape != sigma.shape:
        raise ValueError(
            "`mean` and `sigma` must have the same shape (rows, series). "
            f"Received: {mean.shape} and {sigma.shape}."
        )
    return mean - alphas.down * sigma, mean + alphas.up * sigma


@dataclass(frozen=True)
class AlarmRules:
    """When an alarm begins and when it ends; settings keys ``alarm_...``.

    Attributes:
        system: what puts the system in alarm: its score ("weighted"), "any" series in alarm, or
            "at least" so many.
        series: how many series the score averages, or must be in alarm.
        smoothing: rows over which the score averages squared errors.
        enter: (k, n), an alarm begins when k of the last n rows are beyond the threshold.
        leave: share of the threshold under which it ends.
        min_rows: rows it must last before it is raised.
        hold: rows it stays on after that.
    """

    system: System
    series: int
    smoothing: int
    enter: tuple[int, int]
    leave: float
    min_rows: int
    hold: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Take the rules that a settings file asks for."""
        first, of_rows = settings.alarm_enter
        return cls(
            settings.alarm_system,
            settings.alarm_series,
            settings.alarm_smoothing,
            (first, of_rows),
            settings.alarm_leave,
            settings.alarm_min_rows,
            settings.alarm_hold,
        )

    @classmethod
    def published(cls) -> Self:
        """Give the published program's: a row with any flagged cell is an alarm."""
        return cls("any", 1, 1, (1, 1), 1.0, 1, 0)

    @property
    def delay_rows(self) -> int:
        """Rows by which the rules put off an alarm, at least; averaging the score comes on top."""
        return self.enter[0] - 1 + self.min_rows - 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self) | {"enter": list(self.enter)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Read back what `to_dict` gave; raises KeyError, TypeError or ValueError if it is not."""
        first, of_rows = stored["enter"]
        rules = cls(**{**stored, "enter": (first, of_rows)})
        counts = (rules.series, rules.smoothing, first, of_rows, rules.min_rows, rules.hold + 1)
        if not (
            rules.system in get_args(System)
            and all(isinstance(count, int) and count >= 1 for count in counts)
            and first <= of_rows
            and 0 < rules.leave <= 1
        ):
            raise ValueError(f"no rules of an alarm: {stored}")
        return rules


def exceeds_by(residual: Float32Array, alphas: Alphas, share: float) -> BoolArray:
    """Tell which cells are beyond a share of their alphas: (rows, series) bool."""
    _check_columns("residual", residual, alphas)
    return exceeds(residual, share * alphas.down, share * alphas.up)


def persistent(enter: BoolArray, stay: BoolArray, rules: AlarmRules) -> BoolArray:
    """Turn rows beyond a threshold into alarms that begin and end as the rules say.

    In this order: an alarm begins in a row where k of the last n rows are beyond the threshold; it
    goes on while the row stays beyond the lower one; what has lasted less than ``min_rows`` rows is
    not raised yet; what was raised stays on for ``hold`` more rows. Each column is treated alone.

    Args:
        enter: (rows, columns) bool, beyond the threshold.
        stay: (rows, columns) bool, beyond the one at which alarms end.
        rules: k and n, ``min_rows``, ``hold``.

    Returns:
        (rows, columns) bool; a row depends on rows up to it alone.
    """
    row = np.arange(len(enter))[:, np.newaxis]
    needed, of_rows = rules.enter
    counts = np.cumsum(enter, axis=0, dtype=np.int64)
    counts[of_rows:] -= counts[:-of_rows].copy()
    begins = counts >= needed
    # On after the last beginning, unless a row that lets go has come since.
    on = _last(begins, row) > _last(~stay & ~begins, row)
    # A file that begins within an alarm tells nothing of how long it had lasted.
    lasting = on & (row - np.maximum(_last(~on, row), -1) >= rules.min_rows)
    held: BoolArray = row - _last(lasting, row) <= rules.hold
    return held


def _last(mask: BoolArray, row: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Give each row the last one up to it where the mask holds; before the first, far away."""
    never = -(1 << 40)
    last: npt.NDArray[np.int64] = np.maximum.accumulate(np.where(mask, row, never), axis=0)
    return last


def _check_columns(name: str, array: FloatArray, alphas: Alphas) -> None:
    if array.ndim != 2 or array.shape[1] != len(alphas.series):
        raise ValueError(
            f"`{name}` must be (rows, series) with one column for each of the "
            f"{len(alphas.series)} series that have alphas. Received: shape {array.shape}."
        )
