"""What is known of every judged row once a file has been scored.

Scores come block by block and scaled; whatever looks at a whole file afterwards (events, metrics,
figures, the page) reads them here, each made once.
"""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.data.preprocessing import Preprocessor
from dcvae.detection import band as detection
from dcvae.detection.alphas import Alphas
from dcvae.detection.system_alarm import SystemAlarm

if TYPE_CHECKING:  # importing scoring would import Keras
    from dcvae.scoring.causal import Scores

CALIBRATION_SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
"""How many sigmas away the share of cells is compared with what a Gaussian promises."""

# Columns of the calibration beside the series: names that no series has.
PROMISED = "promised by a Gaussian"
TOGETHER = "all series together"


@dataclass(eq=False)
class Verdicts:
    """The judged rows of a file, filled in block by block with `add`.

    Attributes:
        frame: (rows, series) float64, the measured values by time, data units, NaN where missing.
        alphas: the band of every series.
        level: (series,) float64, data units: what a scaled 0 stands for.
        scale: (series,) float64, data units: what a scaled 1 is wide.
        mean: (rows, series) float32, scaled: what the network expected. In data units float32 would
            not do: a counter of 1.7e9 moves by less than its last digit.
        sigma: (rows, series) float32, scaled: its standard deviation.
        residual: (rows, series) float32, sigmas; NaN where the cell was missing.
        flags: (rows, series) bool: cells outside their band.
        latent: (rows, latent) float32: the latent vector of each row.
        score: (rows,) float64: the severity of each row, NaN where nothing was judged; until
            `raise_alarms`, the largest residual.
        alarm: (rows,) bool: the system is in alarm; until `raise_alarms`, any cell is flagged.
        series_alarms: (rows, series) bool: a series is in alarm; until `raise_alarms`, the flags.
        offline: (rows,) float64: the severity by the windows that contain a row; None if it was not
            worked out.
        system: when the system is in alarm; None until `raise_alarms`.
    """

    frame: pd.DataFrame
    alphas: Alphas
    level: NDArray[np.float64]
    scale: NDArray[np.float64]
    mean: NDArray[np.float32]
    sigma: NDArray[np.float32]
    residual: NDArray[np.float32]
    flags: NDArray[np.bool_]
    latent: NDArray[np.float32]
    error: NDArray[np.float32] | None = None
    offline: NDArray[np.float64] | None = None
    system: SystemAlarm | None = None
    _filled: int = 0
    _raised: tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]] | None = None

    @classmethod
    def awaiting(
        cls, frame: pd.DataFrame, alphas: Alphas, latent_size: int, preprocessor: Preprocessor
    ) -> "Verdicts":
        """Make room for the rows of a table; `add` fills it.

        Args:
            frame: (rows, series), the rows that will be judged, in data units.
            alphas: the band of every series, in the order of the columns.
            latent_size: numbers of a latent vector.
            preprocessor: knows the units.
        """
        return cls(
            frame=frame,
            alphas=alphas,
            level=np.array(preprocessor.mean, dtype=np.float64),
            scale=np.array(preprocessor.scale, dtype=np.float64),
            mean=np.empty(frame.shape, dtype=np.float32),
            sigma=np.empty(frame.shape, dtype=np.float32),
            residual=np.empty(frame.shape, dtype=np.float32),
            flags=np.empty(frame.shape, dtype=bool),
            latent=np.empty((len(frame), latent_size), dtype=np.float32),
            error=np.empty(frame.shape, dtype=np.float32),
        )

    def add(self, scores: "Scores") -> NDArray[np.bool_]:
        """Judge the next rows and keep what is known of them.

        Args:
            scores: of the rows that follow those added before.

        Returns:
            (block rows, series) bool, their flags.
        """
        rows = slice(self._filled, self._filled + len(scores.mean))
        self._filled = rows.stop
        self.mean[rows] = scores.mean
        self.sigma[rows] = scores.sigma
        self.residual[rows] = detection.standardized_residual(scores.error, scores.sigma)
        self.flags[rows] = detection.flags(self.residual[rows], self.alphas)
        self.latent[rows] = scores.latent
        if self.error is not None:
            self.error[rows] = scores.error
        flags: NDArray[np.bool_] = self.flags[rows]
        return flags

    def raise_alarms(self, system: SystemAlarm, offline: NDArray[np.float64]) -> None:
        """Turn the judged rows into alarms, once all are there.

        Args:
            system: when the system is in alarm.
            offline: (rows,) the offline score of the same rows.
        """
        self.offline, self.system = offline, system
        # Not residual times sigma, which is rounded otherwise than what thresholds were learned on.
        error = self.residual * self.sigma if self.error is None else self.error
        score = system.score(error)
        self._raised = (score, *system.alarms(score, self.residual, self.alphas))

    @property
    def score(self) -> NDArray[np.float64]:
        """Severity of each row, (rows,)."""
        if self._raised is not None:
            return self._raised[0]
        largest: NDArray[np.float64] = np.nan_to_num(np.abs(self.residual)).max(axis=1)
        return largest.astype(np.float64)

    @property
    def alarm(self) -> NDArray[np.bool_]:
        """Rows in which the system is in alarm, (rows,)."""
        return np.logical_or.reduce(self.flags, axis=1) if self._raised is None else self._raised[1]

    @property
    def series_alarms(self) -> NDArray[np.bool_]:
        """Rows in which each series is in alarm, (rows, series)."""
        return self.flags if self._raised is None else self._raised[2]

    @property
    def series(self) -> tuple[str, ...]:
        """Names of the series, in the order of the columns."""
        return self.alphas.series

    def expected(self, column: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of a series, each (rows,) float64 in data units."""
        mean, sigma = (part[:, column].astype(np.float64) for part in (self.mean, self.sigma))
        return self.level[column] + self.scale[column] * mean, self.scale[column] * sigma

    @property
    def times(self) -> pd.DatetimeIndex:
        """Times of the judged rows."""
        return pd.DatetimeIndex(self.frame.index)

    def calibration(self) -> pd.DataFrame:
        """Compare how often cells lie outside k sigmas with what a Gaussian promises.

        Returns:
            One line for each k of `CALIBRATION_SIGMAS`, index `sigmas`. Columns: `PROMISED`, the
            promised share; one a series and `TOGETHER`, the observed shares of the cells that were
            not missing, NaN where all were.
        """
        observed = np.isfinite(self.residual).sum(axis=0)
        table = pd.DataFrame(
            {PROMISED: [math.erfc(k / math.sqrt(2.0)) for k in CALIBRATION_SIGMAS]},
            index=pd.Index(CALIBRATION_SIGMAS, name="sigmas"),
        )
        limits = np.array(CALIBRATION_SIGMAS, dtype=np.float32)
        counts = np.zeros((len(CALIBRATION_SIGMAS), len(self.series)))
        for column in range(len(self.series)):  # one at a time: no second table of residuals
            distances = np.sort(np.abs(self.residual[:, column]))[: observed[column]]  # NaN last
            inside = np.searchsorted(distances, limits, side="right")
            counts[:, column] = observed[column] - inside
        with np.errstate(invalid="ignore"):  # 0 of 0 cells: NaN
            shares = pd.DataFrame(counts / observed, table.index, list(self.series))
            shares[TOGETHER] = counts.sum(axis=1) / observed.sum()
        return pd.concat([table, shares], axis=1)
