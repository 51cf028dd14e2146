"""Turning scores into alarms: the residual in sigmas, the band around the mean, the flags.

A score says how far a cell lies from what the network expected, in the network's own sigmas; the
alphas say how far is too far. The rule is the one the alphas were tuned with,
``thresholds.exceeds``, applied to the same float32 residual, so that a cell can never be an alarm
for one and not for the other. The band says the same in the units of the data, for people and
plots: at its very edge it may differ from the flags by rounding, and then the flags are right.
"""

import numpy as np
import numpy.typing as npt

from dcvae import InputError
from dcvae.thresholds import Alphas, exceeds

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


def _check_columns(name: str, array: FloatArray, alphas: Alphas) -> None:
    if array.ndim != 2 or array.shape[1] != len(alphas.series):
        raise ValueError(
            f"`{name}` must be (rows, series) with one column for each of the "
            f"{len(alphas.series)} series that have alphas. Received: shape {array.shape}."
        )
