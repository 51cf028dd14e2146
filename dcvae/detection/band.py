"""Band around the mean: the residual in sigmas, the edges, and the flags of cells outside them.

The residual is the distance of a cell from what the network expected, in sigmas; alphas are its
limits. A cell is flagged when its residual, `(x - mean) / sigma` in float32, is above `alpha_up` or
below `-alpha_down`, strictly: `exceeds`. The searches for alphas call it or, where they count the
same cells by sorting, are tested against it, so that the rule that is tuned is the rule that flags.
A missing cell (NaN) is never flagged, but its label still counts as one that should have been
found. The band has the same limits in the units of the data, for people and plots: at its very edge
it may differ from the flags by rounding, and the flags are then right.
"""

import numpy as np

from dcvae._arrays import AnyFloatArray, BoolArray, Float32Array, Float64Array
from dcvae.detection.alphas import Alphas
from dcvae.errors import InputError
from dcvae.scoring import Scores


def standardized_residual(error: AnyFloatArray, sigma: AnyFloatArray) -> Float32Array:
    """Divide the error by its expected standard deviation.

    Args:
        error: (rows, series) float, `x - mean`, in any unit; NaN where the cell was missing.
        sigma: (rows, series) float, standard deviations in the same unit, > 0.

    Returns:
        (rows, series) float32, in sigmas; NaN where the error is. A quotient beyond the range of
        float32 becomes its largest number, with the sign of the error.

    Raises:
        ValueError: the shapes differ.
        InputError: sigma is not a finite number > 0 where there is an error, as after a training
            that diverged.

    Examples:
        >>> standardized_residual(np.array([[1.0, np.nan]]), np.array([[0.5, 0.5]]))
        array([[ 2., nan]], dtype=float32)
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
            "`sigma` must be a finite number > 0 wherever there is an error. "
            f"Received: {sigma[where]} at {where}, counted from 0 (row, series). "
            "The network's spread has vanished or overflowed: train it again, more slowly."
        )
    residual = np.full(error.shape, np.nan)
    # The quotient of two float32 numbers is always in the range of float64, not of float32.
    np.divide(error, sigma, out=residual, where=~np.isnan(error), dtype=np.float64)
    limit = float(np.finfo(np.float32).max)
    clipped: Float32Array = np.clip(residual, -limit, limit).astype(np.float32)
    return clipped


def residual_of(scores: Scores) -> Float32Array:
    """Return what flags are raised by, in sigmas: the error over sigma, or else the deviation.

    Args:
        scores: with a sigma wherever there is an error, or with a deviation.

    Returns:
        (rows, series) float32; NaN where nothing was scored.

    Raises:
        InputError: as `standardized_residual`.
    """
    if scores.deviation is None:
        return standardized_residual(scores.error, scores.sigma)
    in_sigmas = np.where(np.isnan(scores.sigma), np.float32(np.nan), scores.error)
    residual = standardized_residual(in_sigmas, scores.sigma)
    return np.where(np.isnan(residual), scores.deviation, residual)


def above(residual: Float32Array, alpha_up: Float64Array | float) -> BoolArray:
    """Return where a residual (sigmas) is above the band; NaN never is."""
    return np.greater(residual, np.float64(alpha_up))


def below(residual: Float32Array, alpha_down: Float64Array | float) -> BoolArray:
    """Return where a residual (sigmas) is below the band; NaN never is."""
    return np.less(residual, -np.float64(alpha_down))


def exceeds(
    residual: Float32Array, alpha_down: Float64Array | float, alpha_up: Float64Array | float
) -> BoolArray:
    """Return which cells are outside the band around the mean (García González et al. 2022).

    Args:
        residual: (rows,) or (rows, series) float32, in sigmas; NaN where the cell was missing.
        alpha_down: a number or (series,) float64 >= 0, in sigmas.
        alpha_up: a number or (series,) float64 >= 0, in sigmas.

    Returns:
        bool, the shape of `residual`: residual > alpha_up or residual < -alpha_down.

    Examples:
        >>> residual = np.array([-2.0, 3.0, 3.5, np.nan], dtype=np.float32)
        >>> exceeds(residual, alpha_down=1.5, alpha_up=3.0)  # the edge itself is within the band
        array([ True, False,  True, False])
    """
    return above(residual, alpha_up) | below(residual, alpha_down)


def flags(residual: Float32Array, alphas: Alphas) -> BoolArray:
    """Flag the cells outside their band (García González et al. 2022).

    Args:
        residual: (rows, series) float32, in sigmas, from `standardized_residual`; NaN where the
            cell was missing, which is never flagged.
        alphas: one pair per series, in the order of the columns.

    Returns:
        (rows, series) bool: residual > alpha_up or residual < -alpha_down.

    Raises:
        ValueError: there are not as many columns as alphas.

    Examples:
        >>> alphas = Alphas.default(["flow", "level"], 3.0)
        >>> flags(np.array([[3.5, -3.5], [np.nan, 3.0]], dtype=np.float32), alphas)
        array([[ True,  True],
               [False, False]])
    """
    _check_columns("residual", residual, alphas)
    return exceeds(np.asarray(residual, dtype=np.float32), alphas.down, alphas.up)


def band(
    mean: AnyFloatArray, sigma: AnyFloatArray, alphas: Alphas
) -> tuple[AnyFloatArray, AnyFloatArray]:
    """Compute the lower and upper edge of the band, beyond which a cell is flagged.

    Args:
        mean: (rows, series) float, what the network expects, in data units or scaled.
        sigma: (rows, series) float, standard deviations in the same units.
        alphas: one pair per series, in the order of the columns.

    Returns:
        `mean - alpha_down * sigma` and `mean + alpha_up * sigma`, each (rows, series) float64
        in the units given.

    Raises:
        ValueError: the shapes differ, or there are not as many columns as alphas.

    Examples:
        >>> lower, upper = band(np.array([[20.0]]), np.array([[2.0]]), Alphas.default(["flow"], 3))
        >>> lower, upper
        (array([[14.]]), array([[26.]]))
    """
    _check_columns("mean", mean, alphas)
    if mean.shape != sigma.shape:
        raise ValueError(
            "`mean` and `sigma` must have the same shape (rows, series). "
            f"Received: {mean.shape} and {sigma.shape}."
        )
    return mean - alphas.down * sigma, mean + alphas.up * sigma


def exceeds_by(residual: Float32Array, alphas: Alphas, share: float) -> BoolArray:
    """Return which cells are beyond a share of their alphas: (rows, series) bool."""
    _check_columns("residual", residual, alphas)
    return exceeds(residual, share * alphas.down, share * alphas.up)


def _check_columns(name: str, array: AnyFloatArray, alphas: Alphas) -> None:
    if array.ndim != 2 or array.shape[1] != len(alphas.series):
        raise ValueError(
            f"`{name}` must be (rows, series) with one column for each of the "
            f"{len(alphas.series)} series that have alphas. Received: shape {array.shape}."
        )
