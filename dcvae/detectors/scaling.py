"""Rows for detectors: standardized series, rows thinned out evenly, gaps filled."""

import warnings
from typing import Any, NamedTuple

import numpy as np

from dcvae._arrays import AnyFloatArray, BoolArray, Float64Array, IntArray
from dcvae.detectors.parameters import whole_number

_LEAST_SPREAD = 1e-9
_FITTED_ROWS = 20_000
_FARTHEST = 1e100  # standard deviations: sums of squares of such are finite
_SAME = float(np.finfo(np.float32).eps)  # relative difference of values that are the same


def mean_and_spread(values: AnyFloatArray) -> tuple[AnyFloatArray, AnyFloatArray]:
    """Compute mean and standard deviation of each series.

    Args:
        values: (rows, series) float.

    Returns:
        Mean and standard deviation, (series,) each, of the same type as the values. The standard
        deviation of a series that never changes is set to 1, so that a later change is outside its
        band.

    Examples:
        >>> mean_and_spread(np.array([[1.0, 5.0], [3.0, 5.0]]))
        (array([2., 5.]), array([1., 1.]))
    """
    mean = values.mean(axis=0, dtype=np.float64)
    spread = values.std(axis=0, dtype=np.float64)
    spread[spread < _LEAST_SPREAD] = 1.0
    return mean.astype(values.dtype), spread.astype(values.dtype)


class Scaling(NamedTuple):
    """Standardization of each series, for detectors whose distances mix series.

    Attributes:
        mean: (series,) float, data units.
        spread: (series,) float, data units.
    """

    mean: AnyFloatArray
    spread: AnyFloatArray

    @classmethod
    def of(cls, values: AnyFloatArray) -> "Scaling":
        """Fit to training rows (rows, series)."""
        return cls(*mean_and_spread(values))

    @classmethod
    def restored(cls, stored: object) -> "Scaling":
        """Restore from an array of mean and spread, (2, series); ValueError if it can be none."""
        mean, spread = np.asarray(stored)
        if not (spread > 0).all():
            raise ValueError("a spread is not above 0")
        return cls(mean, spread)

    def apply(self, values: AnyFloatArray) -> AnyFloatArray:
        """Return rows (rows, series) in standard deviations from the mean."""
        scaled: AnyFloatArray = np.nan_to_num((values - self.mean) / self.spread, copy=False)
        return scaled


class Standardization(NamedTuple):
    """Standardization that also has a unit for series which never changed in training.

    Another value of such a series is as far off as if one of the training rows had had it: the
    square root of their number, in standard deviations. Values are the same if single precision
    cannot tell them apart.

    Attributes:
        mean: (series,) float64, data units; the constant of a series that never changed.
        spread: (series,) float64, data units; 0 for a series that never changed.
        moved: (series,) float64, standard deviations that another value of it stands for.
    """

    mean: Float64Array
    spread: Float64Array
    moved: Float64Array

    @classmethod
    def of(cls, values: AnyFloatArray, *, scale: bool = True) -> "Standardization":
        """Fit to training rows (rows, series); without `scale` they are in their unit already."""
        least, largest = (part.astype(np.float64) for part in (values.min(0), values.max(0)))
        mean = np.zeros(values.shape[1])
        spread = np.ones(values.shape[1])
        if scale:
            mean = values.mean(axis=0, dtype=np.float64)
            spread = values.std(axis=0, dtype=np.float64)
        is_constant = _are_same(least, largest)
        return cls(
            np.nan_to_num(np.where(is_constant, least, mean)),
            np.nan_to_num(np.where(is_constant, 0.0, spread)),
            np.full(len(mean), np.sqrt(float(len(values)))),
        )

    @classmethod
    def restored(cls, stored: object) -> "Standardization":
        """Restore from what `stored` gave, (3, series); ValueError if it can be none."""
        mean, spread, moved = np.asarray(stored, dtype=np.float64)
        if not ((spread >= 0) & (moved > 0)).all():
            raise ValueError("a spread is below 0")
        return cls(mean, spread, moved)

    def stored(self) -> Float64Array:
        """Return all of it as one array (3, series)."""
        return np.stack(self)

    def apply(self, values: AnyFloatArray) -> Float64Array:
        """Return rows (rows, series) in standard deviations; those have a finite square."""
        away = values.astype(np.float64) - self.mean
        scaled = away / np.where(self.spread > 0, self.spread, 1.0)
        constant = np.flatnonzero(self.spread == 0)
        if constant.size:
            same = _are_same(values[:, constant].astype(np.float64), self.mean[constant])
            signs = np.where(same, 0.0, np.sign(away[:, constant]))
            scaled[:, constant] = signs * self.moved[constant]
        clipped: Float64Array = np.clip(np.nan_to_num(scaled, copy=False), -_FARTHEST, _FARTHEST)
        return clipped


def _are_same(one: Float64Array, other: Float64Array) -> BoolArray:
    near: BoolArray = np.abs(one - other) <= _SAME * np.maximum(np.abs(one), np.abs(other))
    return near


def drawn(detector: Any, number: int, what: str) -> IntArray:
    """Draw `most_rows` of some rows by the seed of a detector, with a UserWarning if it has fewer.

    Args:
        detector: with `most_rows` and `seed`.
        number: of rows that there are.
        what: what they are, for the warning.

    Returns:
        Their numbers in order; all of them where they are no more than `most_rows`, or it is None.

    Raises:
        InputError: `most_rows` is no number of rows.
    """
    if detector.most_rows is None or number <= whole_number(detector, "most_rows", least=2):
        return np.arange(number)
    warnings.warn(
        f"{detector.title} is fitted to {detector.most_rows:,} of the {number:,} {what}, drawn by "
        "its seed, as its cost grows with their square. `most_rows` says how many.",
        UserWarning,
        stacklevel=4,
    )
    chosen = np.random.default_rng(detector.seed).choice(number, detector.most_rows, replace=False)
    return np.sort(chosen)


def thinned(rows: AnyFloatArray) -> AnyFloatArray:
    """Return at most `_FITTED_ROWS` rows, evenly spread: more change no detector here."""
    if len(rows) <= _FITTED_ROWS:
        return rows
    kept: AnyFloatArray = rows[np.linspace(0, len(rows) - 1, _FITTED_ROWS).astype(int)]
    return kept


def nearest_known(values: Float64Array) -> Float64Array:
    """Fill each column of (rows,) or (rows, columns) with the nearest known row; 0 without any."""
    table = values.reshape(len(values), -1)
    filled = np.zeros(table.shape)
    rows = np.arange(len(table))
    for column, cells in enumerate(table.T):
        known = np.flatnonzero(~np.isnan(cells))
        if known.size:
            after = np.minimum(np.searchsorted(known, rows), len(known) - 1)
            before = np.maximum(after - 1, 0)
            is_nearer = np.abs(known[before] - rows) <= np.abs(known[after] - rows)
            filled[:, column] = cells[known[np.where(is_nearer, before, after)]]
    return filled.reshape(values.shape)
