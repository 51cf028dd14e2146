"""Sigma modes: the sigma of the band as the network predicts it, or calibrated on normal data.

The network predicts a sigma for every cell (García González et al. 2022). It may be right about
which rows are noisy and wrong about how noisy they are, and where the input is strange it may grow
and hide an anomaly. All modes are one formula with two numbers::

    sigma = factor · predicted ** exponent

    predicted     exponent 1, factor 1: as published
    calibrated    exponent 1, a factor for every series
    tempered      one exponent between 0 and 1 for the model, a factor for every series
    constant      exponent 0: one sigma for every series

Factors are fitted to data taken to be normal that the network was not trained on, the validation
part, so that two sigmas hold 95.45 % of its cells, as of a Gaussian. The exponent of "tempered" is
the one of largest likelihood on those cells.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dcvae._arrays import Float32Array, Float64Array, is_number
from dcvae.config import SigmaMode
from dcvae.errors import InputError

_HELD_SIGMAS = 2.0
_HELD_SHARE = math.erf(_HELD_SIGMAS / math.sqrt(2.0))
_LARGEST = 1e30  # factor; beyond it, float32 cannot compute with what it is multiplied with
_EXPONENTS = np.linspace(0.0, 1.0, 21)

# The network's own sigma ends here (`losses.LOG_VARIANCE_BOUND`). A series that never changes is
# predicted exactly, and its errors would calibrate a sigma of 0.
SMALLEST = math.exp(-5.0)


@dataclass(frozen=True, eq=False)
class SigmaCalibration:
    """The two numbers of one sigma mode: sigma = factor · predicted ** exponent, scaled.

    Attributes:
        mode: the sigma mode.
        exponent: exponent of the predicted sigma, 0 to 1.
        factor: (series,) float64 > 0.

    Examples:
        >>> predicted = np.float32([[0.5], [2.0]])
        >>> SigmaCalibration("calibrated", 1.0, np.array([3.0])).apply(predicted).ravel()
        array([1.5, 6. ], dtype=float32)
        >>> SigmaCalibration("constant", 0.0, np.array([3.0])).apply(predicted).ravel()
        array([3., 3.], dtype=float32)
    """

    mode: SigmaMode
    exponent: float
    factor: Float64Array

    @classmethod
    def published(cls, num_series: int) -> "SigmaCalibration":
        """Return the mode "predicted", which leaves the network's sigma as it is."""
        return cls("predicted", 1.0, np.ones(num_series))

    def apply(self, sigma: Float32Array) -> Float32Array:
        """Return the sigmas of this mode.

        Args:
            sigma: (rows, series) float32, scaled, as the network predicts it.

        Returns:
            (rows, series) float32, scaled; at least `SMALLEST` in every mode but "predicted".
        """
        if self.mode == "predicted":
            return sigma
        wide = self.factor * sigma.astype(np.float64) ** self.exponent
        usable: Float32Array = np.maximum(wide, SMALLEST).astype(np.float32)
        return usable

    def to_dict(self) -> dict[str, Any]:
        """Return plain numbers, for JSON."""
        return {"exponent": self.exponent, "factor": self.factor.tolist()}

    @classmethod
    def from_dict(
        cls, mode: SigmaMode, stored: dict[str, Any], num_series: int, source: str
    ) -> "SigmaCalibration":
        """Read a mode from the numbers of `to_dict`.

        Args:
            mode: the sigma mode.
            stored: the numbers.
            num_series: series of the model.
            source: name of the file, for messages.

        Raises:
            InputError: the numbers are not those of a mode of so many series.
        """
        exponent, factor = stored.get("exponent"), stored.get("factor")
        if not (
            isinstance(exponent, int | float)
            and is_number(exponent, least=0.0, most=1.0)
            and isinstance(factor, list)
            and len(factor) == num_series
            and all(is_number(part, 1.0 / _LARGEST, _LARGEST) for part in factor)
        ):
            raise InputError(
                f"{source} is damaged: expected an exponent and {num_series} factors above 0 for "
                f'`sigma` "{mode}". Train the model again.'
            )
        return cls(mode, float(exponent), np.array(factor, dtype=np.float64))


def fit_sigmas(error: Float32Array, sigma: Float32Array) -> tuple[SigmaCalibration, ...]:
    """Fit every sigma mode that has numbers to cells taken to be normal.

    Args:
        error: (rows, series) float32, scaled, `x - mean`; NaN where the cell was missing.
        sigma: (rows, series) float32, scaled, as the network predicts it.

    Returns:
        One calibration for each mode but "predicted". A series without any cell has factor 1.
    """
    exponents: dict[SigmaMode, float] = {
        "calibrated": 1.0,
        "tempered": _likeliest_exponent(error, sigma),
        "constant": 0.0,
    }
    return tuple(
        SigmaCalibration(mode, exponent, _factors(error, sigma, exponent))
        for mode, exponent in exponents.items()
    )


def shares_outside(
    error: Float32Array, sigma: Float32Array, limits: Sequence[float] = (1.0, 2.0, 3.0)
) -> list[float]:
    """Compute the shares of observed cells that lie beyond so many sigmas.

    Args:
        error: (rows, series) float32, scaled; NaN where the cell was missing.
        sigma: (rows, series) float32, scaled.
        limits: numbers of sigmas.

    Returns:
        One share per limit; NaN without any observed cell.

    Examples:
        >>> shares_outside(np.float32([[0.5, -1.5], [2.5, np.nan]]), np.ones((2, 2), np.float32))
        [0.6666666666666666, 0.3333333333333333, 0.0]
    """
    with np.errstate(invalid="ignore"):
        distance = np.abs(error / sigma)
    distance = distance[np.isfinite(distance)]
    if distance.size == 0:
        return [math.nan] * len(limits)
    return [float(np.mean(distance > limit)) for limit in limits]


def _likeliest_exponent(error: Float32Array, sigma: Float32Array) -> float:
    """Find the exponent of largest likelihood, each series with its own best factor.

    With factor² the mean of (error / sigma**k)², the negative log-likelihood of a cell is
    log(factor) + k·log(sigma) and a constant; series count by their cells.
    """
    # A series without any error fits every exponent.
    observed = ~np.isnan(error) & (error != 0).any(axis=0)
    cells = observed.sum(axis=0)
    if not cells.any():
        return 1.0
    squared = np.where(observed, error.astype(np.float64) ** 2, 0.0)
    logs = np.log(sigma.astype(np.float64))
    mean_log = np.where(observed, logs, 0.0).sum(axis=0) / np.maximum(cells, 1)
    losses = []
    for exponent in _EXPONENTS:
        mean_square = (squared * np.exp(-2 * exponent * logs)).sum(axis=0) / np.maximum(cells, 1)
        factor = np.sqrt(np.maximum(mean_square, SMALLEST**2))
        losses.append(np.sum(cells * (np.log(factor) + exponent * mean_log)))
    return float(_EXPONENTS[int(np.argmin(losses))])


def _factors(error: Float32Array, sigma: Float32Array, exponent: float) -> Float64Array:
    """Fit factors with which two sigmas hold the share of cells that they hold of a Gaussian."""
    distance = np.abs(error.astype(np.float64)) / sigma.astype(np.float64) ** exponent
    factors = np.ones(error.shape[1])
    for column in range(error.shape[1]):
        cells = distance[~np.isnan(distance[:, column]), column]
        if cells.size:
            factors[column] = np.quantile(cells, _HELD_SHARE) / _HELD_SIGMAS
    # A factor of 0 would be a band without width; what it multiplies is bounded again in `apply`.
    return np.maximum(factors, SMALLEST**2)
