"""Rows for detectors: standardized series, rows thinned out evenly, gaps filled."""

from typing import NamedTuple

import numpy as np

from dcvae._arrays import AnyFloatArray, Float64Array

_LEAST_SPREAD = 1e-9
_FITTED_ROWS = 20_000


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
