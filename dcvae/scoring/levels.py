"""Reference levels: the 99 % quantile of each series' mean squared errors on normal data.

Mean squares of different series are comparable once each is divided by its reference level: in 1 %
of normal rows the quotient of a series is above 1.
"""

import numpy as np

from dcvae._arrays import Float32Array, Float64Array

_LEVEL_QUANTILE = 0.99


def reference_level(squares: Float64Array, lowest: float) -> Float64Array:
    """Compute the reference level of each series: the 99 % quantile of its mean squares.

    Args:
        squares: (rows, series) or (windows, series) float64, mean squared errors on normal data;
            NaN where there is none.
        lowest: the lowest level that is returned, > 0, in the unit of `squares`.

    Returns:
        (series,) float64 >= `lowest`, in the unit of `squares`. A series without any mean square
        gets the median level of the others, or 1 if there are no others.

    Examples:
        >>> squares = np.array([[1.0, np.nan], [3.0, np.nan]])
        >>> reference_level(squares, lowest=1e-5)
        array([2.98, 2.98])
    """
    known = ~np.isnan(squares).all(axis=0)
    level = np.ones(squares.shape[1])
    if known.any():
        level[known] = np.nanquantile(squares[:, known], _LEVEL_QUANTILE, axis=0)
        level[~known] = np.median(level[known])
    usable: Float64Array = np.maximum(level, lowest)
    return usable


def mean_squares(error: Float32Array, rows: int) -> Float64Array:
    """Average the squared errors of each series over each row and the rows before it.

    Args:
        error: (rows, series) float32, scaled; NaN where there is none.
        rows: rows of an average, its own row included; fewer at the start of a file.

    Returns:
        (rows, series) float64, scaled squared. Missing errors are left out of an average, and an
        average without any is NaN.

    Examples:
        >>> mean_squares(np.float32([[2.0], [0.0], [np.nan], [1.0]]), rows=2).ravel()
        array([4., 2., 0., 1.])
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
