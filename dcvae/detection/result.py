"""Detection of a file: scores, flags and alarms of all its scored rows.

Scores come block by block and scaled; everything that needs a whole file afterwards (events,
metrics, figures, the page, the files of results) reads them here.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray
from dcvae.data import ModelInput, Preprocessor
from dcvae.detection.alarms.judged import Judged
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import flags, residual_of
from dcvae.detection.thresholds import Thresholds
from dcvae.scoring import Scores

CALIBRATION_SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
"""Numbers of sigmas at which the share of cells beyond is compared with that of a Gaussian."""

_BLOCK_ROWS = 65_536

# Columns of the calibration beside the series: names that no series has.
PROMISED = "promised by a Gaussian"
TOGETHER = "all series together"


@dataclass(frozen=True, eq=False)
class Detection:
    """Scores, flags and alarms of the scored rows of a file; `DetectionBuilder` makes it.

    Attributes:
        frame: (rows, series) float64, the measured values by time, data units, NaN where missing.
        inputs: the whole table as the network was given it, with the rows before the first scored
            one.
        alphas: the band of every series.
        system: the alarm of the system, with its rules and threshold.
        offset: (series,) float64, data units: the mean that was subtracted, a scaled 0.
        scale: (series,) float64, data units: the width of a scaled 1.
        mean: (rows, series) float32, scaled: what the network expected. Float32 would be too coarse
            in data units: a counter at 1.7e9 moves by less than its last digit.
        sigma: (rows, series) float32, scaled: standard deviation of the band, wider than that of
            the network where errors have been larger than in training, if thresholds follow.
        error: (rows, series) float32, scaled: measured less expected; NaN where the cell was
            missing or has no score. Mean, sigma and error are NaN where no value is expected.
        residual: (rows, series) float32, the error in sigmas, or else the deviation; NaN likewise.
        flags: (rows, series) bool: cells outside their band.
        latent: (rows, latent) float32: the latent vector of each row.
        judged: the causal score of the system, its recent past and its limit.
        offline: (rows,) float64 >= 0: score by windows that contain the row, NaN likewise.
        alarm: (rows,) bool: the system is in alarm.
        series_alarms: (rows, series) bool: a series is in alarm.
        deviation: (rows, series) float32: how strange each cell is, where the alarm is raised by
            that and not by errors; NaN where nothing was scored. None otherwise.
    """

    frame: pd.DataFrame
    inputs: ModelInput
    alphas: Alphas
    system: SystemAlarm
    offset: Float64Array
    scale: Float64Array
    mean: Float32Array
    sigma: Float32Array
    error: Float32Array
    residual: Float32Array
    flags: BoolArray
    latent: Float32Array
    judged: Judged
    offline: Float64Array
    alarm: BoolArray
    series_alarms: BoolArray
    deviation: Float32Array | None = None

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the series, in the order of the columns."""
        return self.alphas.series

    @property
    def score(self) -> Float64Array:
        """Causal score of the system, (rows,) float64 >= 0, NaN where nothing was scored."""
        return self.judged.score

    @property
    def strangeness(self) -> Float32Array:
        """Deviation, or else error, which the alarm is raised by. (rows, series) float32."""
        return self.error if self.deviation is None else self.deviation

    def since(self, row: int) -> "Detection":
        """Return the detection of the rows from one on, counted from 0."""
        if row == 0:
            return self
        parts = {
            name: getattr(self, name)[row:]
            for name in (
                *("mean", "sigma", "error", "residual", "flags", "latent", "offline", "alarm"),
                "series_alarms",
            )
        }
        if self.deviation is not None:
            parts["deviation"] = self.deviation[row:]
        return replace(
            self,
            frame=self.frame.iloc[row:],
            inputs=self.inputs.since(row),
            judged=self.judged.since(row),
            **parts,
        )

    @property
    def times(self) -> pd.DatetimeIndex:
        """Times of the scored rows."""
        return pd.DatetimeIndex(self.frame.index)

    def expected(
        self, column: int, rows: IntArray | slice = slice(None)
    ) -> tuple[Float64Array, Float64Array]:
        """Return mean and sigma of a series, each (rows,) float64 in data units.

        Args:
            column: number of the series, from 0.
            rows: numbers of the rows, or all of them.
        """
        mean, sigma = (part[rows, column].astype(np.float64) for part in (self.mean, self.sigma))
        return self.offset[column] + self.scale[column] * mean, self.scale[column] * sigma

    def calibration(self) -> pd.DataFrame:
        """Compare the shares of cells beyond k sigmas with those of a Gaussian.

        Returns:
            One line per k of `CALIBRATION_SIGMAS`, index `sigmas`. Columns: `PROMISED`, the share
            of a Gaussian; one per series and `TOGETHER`, the shares of the cells that were not
            missing, NaN where all were, or have no sigma.
        """
        in_sigmas = np.isfinite(self.sigma)
        observed = (np.isfinite(self.residual) & in_sigmas).sum(axis=0)
        table = pd.DataFrame(
            {PROMISED: [math.erfc(k / math.sqrt(2.0)) for k in CALIBRATION_SIGMAS]},
            index=pd.Index(CALIBRATION_SIGMAS, name="sigmas"),
        )
        limits = np.array(CALIBRATION_SIGMAS, dtype=np.float32)
        counts = np.zeros((len(CALIBRATION_SIGMAS), len(self.series)))
        for column in range(len(self.series)):  # one at a time: no second table of residuals
            cells = self.residual[in_sigmas[:, column], column]
            distances = np.sort(np.abs(cells))[: observed[column]]  # NaN last
            inside = np.searchsorted(distances, limits, side="right")
            counts[:, column] = observed[column] - inside
        with np.errstate(invalid="ignore"):  # 0 of 0 cells: NaN
            shares = pd.DataFrame(counts / observed, table.index, list(self.series))
            shares[TOGETHER] = counts.sum(axis=1) / observed.sum()
        return pd.concat([table, shares], axis=1)


def microseconds(times: pd.Index) -> IntArray:
    """Return times as whole microseconds since 1970, (rows,) int64."""
    numbers: IntArray = pd.DatetimeIndex(times).as_unit("us").asi8
    return numbers


class DetectionBuilder:
    """A detection in the making: arrays that are filled block by block while a file is scored.

    Args:
        frame: (rows, series) float64, the rows that have a score, in data units.
        inputs: the whole table as the network is given it.
        thresholds: bands and alarm, series in the order of the columns.
        preprocessor: offsets and scales of the series.
        latent_size: numbers of a latent vector.

    Examples:
        A network expects 10 (scaled: 0) with a sigma of 2 (scaled: 1), and 17 is measured.

        >>> from dcvae.detection import Alphas
        >>> times = pd.date_range("2024-01-01", periods=2, freq="5min")
        >>> frame = pd.DataFrame({"flow": [10.0, 17.0]}, times)
        >>> units = Preprocessor(("flow",), (10,), (2,), None, "training", None, (10,), (None,))
        >>> inputs = units.transform(frame, np.zeros(2, dtype=bool))
        >>> thresholds = Thresholds(Alphas.default(["flow"], 3.0), SystemAlarm.published(1))
        >>> builder = DetectionBuilder(frame, inputs, thresholds, units, latent_size=1)
        >>> zero = np.zeros((2, 1), dtype=np.float32)
        >>> builder.add(Scores(mean=zero, sigma=zero + 1, error=inputs.values, latent=zero))
        >>> detection = builder.build(offline=np.zeros(2))
        >>> detection.residual.ravel(), detection.flags.ravel()
        (array([0. , 3.5], dtype=float32), array([False,  True]))
        >>> detection.expected(0)  # mean and sigma, data units
        (array([10., 10.]), array([2., 2.]))
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        inputs: ModelInput,
        thresholds: Thresholds,
        preprocessor: Preprocessor,
        latent_size: int,
    ) -> None:
        self._frame = frame
        self._inputs = inputs
        self._thresholds = thresholds
        self._preprocessor = preprocessor
        self._mean, self._sigma, self._error, self._residual = (
            np.empty(frame.shape, dtype=np.float32) for _ in range(4)
        )
        self._deviation: Float32Array | None = None
        self._latent = np.empty((len(frame), latent_size), dtype=np.float32)
        self._filled = 0

    def add(self, scores: Scores) -> None:
        """Add the scores of the rows that follow those added before.

        Args:
            scores: scaled.

        Raises:
            InputError: a sigma is not a finite number > 0 where there is an error.
        """
        rows = slice(self._filled, self._filled + len(scores.mean))
        self._filled = rows.stop
        self._mean[rows] = scores.mean
        self._sigma[rows] = scores.sigma
        self._error[rows] = scores.error
        self._residual[rows] = residual_of(scores)
        self._latent[rows] = scores.latent
        if scores.deviation is not None:
            if self._deviation is None:
                self._deviation = np.empty_like(self._error)
            self._deviation[rows] = scores.deviation

    def build(self, offline: Float64Array) -> Detection:
        """Raise the alarms and return the detection, once the scores of all rows are added.

        Args:
            offline: (rows,) float64, score of each row by windows that contain it.
        """
        alphas, system = self._thresholds.alphas, self._thresholds.alarm
        # Not from residual times sigma, which is rounded otherwise than the levels' own errors.
        strange = self._error if self._deviation is None else self._deviation
        judged = system.judge(strange, microseconds(self._frame.index))
        if system.following is not None:
            self._sigma *= judged.widths
            self._residual /= judged.widths
        flagged = np.empty(self._frame.shape, dtype=bool)
        for first in range(0, len(flagged), _BLOCK_ROWS):
            rows = slice(first, first + _BLOCK_ROWS)
            flagged[rows] = flags(self._residual[rows], alphas)
        alarm, series_alarms = system.alarms(judged, self._residual, alphas)
        return Detection(
            frame=self._frame,
            inputs=self._inputs,
            alphas=alphas,
            system=system,
            offset=np.array(self._preprocessor.mean, dtype=np.float64),
            scale=np.array(self._preprocessor.scale, dtype=np.float64),
            mean=self._mean,
            sigma=self._sigma,
            error=self._error,
            residual=self._residual,
            flags=flagged,
            latent=self._latent,
            judged=judged,
            offline=offline,
            alarm=alarm,
            series_alarms=series_alarms,
            deviation=self._deviation,
        )
