"""How wide a sigma is: the network's own, or one that was held against normal data.

The network predicts a sigma for every cell (García González et al. 2022). It may be right about
which rows are noisy and wrong about how noisy they are, and where the input is strange it may grow
and hide what is sought. All readings here are one formula with two numbers::

    sigma = factor · predicted ** exponent

    predicted     exponent 1, factor 1: as published
    calibrated    exponent 1, a factor for every series
    tempered      one exponent between 0 and 1 for the model, a factor for every series
    constant      exponent 0: one sigma for every series

Factors are learned on data taken to be normal that the network was not fitted to, the validation
part: so that two sigmas hold as many of its cells, 95.45 %, as a Gaussian promises. The exponent of
"tempered" is the one under which those cells are likeliest.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from dcvae.errors import InputError

Reading = Literal["predicted", "calibrated", "tempered", "constant"]
Float32Array = NDArray[np.float32]
Float64Array = NDArray[np.float64]

_HELD_SIGMAS = 2.0
_HELD_SHARE = math.erf(_HELD_SIGMAS / math.sqrt(2.0))
_EXPONENTS = np.linspace(0.0, 1.0, 21)

# The network's own sigma ends here (`losses.LOG_VARIANCE_BOUND`). A series that never changes is
# predicted exactly, and its errors would calibrate a sigma of nothing.
SMALLEST = math.exp(-5.0)


@dataclass(frozen=True, eq=False)
class SigmaCalibration:
    """The two numbers of one reading.

    Attributes:
        reading: which one it is.
        exponent: of the predicted sigma (scaled).
        factor: (series,) float64, > 0.
    """

    reading: Reading
    exponent: float
    factor: Float64Array

    @classmethod
    def published(cls, num_series: int) -> "SigmaCalibration":
        """Leave the network's sigma as it is."""
        return cls("predicted", 1.0, np.ones(num_series))

    def apply(self, sigma: Float32Array) -> Float32Array:
        """Turn predicted sigmas (rows, series), scaled, into those of this reading, scaled."""
        if self.reading == "predicted":
            return sigma
        wide = self.factor * sigma.astype(np.float64) ** self.exponent
        usable: Float32Array = np.maximum(wide, SMALLEST).astype(np.float32)
        return usable

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, for JSON."""
        return {"exponent": self.exponent, "factor": self.factor.tolist()}

    @classmethod
    def from_dict(
        cls, reading: Reading, stored: dict[str, Any], num_series: int, source: str
    ) -> "SigmaCalibration":
        """Read back what `to_dict` gave.

        Raises:
            InputError: it is not what training stored for so many series.
        """
        exponent, factor = stored.get("exponent"), stored.get("factor")
        if not (
            isinstance(exponent, int | float)
            and isinstance(factor, list)
            and len(factor) == num_series
            and all(isinstance(part, int | float) and part > 0 for part in factor)
        ):
            raise InputError(
                f"{source} is damaged: expected an exponent and {num_series} factors above 0 for "
                f'`sigma` "{reading}". Train the model again.'
            )
        return cls(reading, float(exponent), np.array(factor, dtype=np.float64))


def calibrate(error: Float32Array, sigma: Float32Array) -> tuple[SigmaCalibration, ...]:
    """Learn every reading that needs learning from cells taken to be normal.

    Args:
        error: (rows, series) float32, scaled, ``x - mean``; NaN where the cell was missing.
        sigma: (rows, series) float32, scaled, as the network predicts it.

    Returns:
        One calibration for each reading but "predicted". A series without any cell has factor 1.
    """
    exponents: dict[Reading, float] = {
        "calibrated": 1.0,
        "tempered": _likeliest_exponent(error, sigma),
        "constant": 0.0,
    }
    return tuple(
        SigmaCalibration(reading, exponent, _factors(error, sigma, exponent))
        for reading, exponent in exponents.items()
    )


def shares_outside(
    error: Float32Array, sigma: Float32Array, limits: Sequence[float] = (1.0, 2.0, 3.0)
) -> list[float]:
    """Tell what share of the observed cells of a table lies beyond so many sigmas."""
    with np.errstate(invalid="ignore"):
        distance = np.abs(error / sigma)
    distance = distance[np.isfinite(distance)]
    if distance.size == 0:
        return [math.nan] * len(limits)
    return [float(np.mean(distance > limit)) for limit in limits]


def _likeliest_exponent(error: Float32Array, sigma: Float32Array) -> float:
    """Find the exponent with the largest likelihood, each series with its own best factor.

    With factor² the mean of (error / sigma**k)², the negative log-likelihood of a cell is
    log(factor) + k·log(sigma) and a constant; series count by their cells.
    """
    observed = ~np.isnan(error)
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
    """Choose factors that let two sigmas hold the share of cells a Gaussian promises."""
    distance = np.abs(error.astype(np.float64)) / sigma.astype(np.float64) ** exponent
    factors = np.ones(error.shape[1])
    for column in range(error.shape[1]):
        cells = distance[~np.isnan(distance[:, column]), column]
        if cells.size:
            factors[column] = np.quantile(cells, _HELD_SHARE) / _HELD_SIGMAS
    # A factor of 0 would be a band without width; what it multiplies is bounded again in `apply`.
    return np.maximum(factors, SMALLEST**2)


READINGS = get_args(Reading)
