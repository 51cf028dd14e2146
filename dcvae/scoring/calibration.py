"""What a trained model learns from data that are taken to be normal, before it judges anything.

The network alone does not know how far off is far. What a sigma is (`sigma`) is learned on rows
that it was not fitted to: the validation part of the training file, or without one, the training
rows themselves, on which a network is surer of itself than it will ever be again. How strange the
windows of a normal file may be (`offline`) is learned on all windows of training and validation:
the strangest hundredth is asked for, and a validation part is too short to have seen it. All is
learned once, when the training is done, and stays with the model, in calibration.json.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dcvae.config.settings import Settings
from dcvae.data.windows import WindowSplit
from dcvae.errors import InputError
from dcvae.scoring.sigma import Reading, SigmaCalibration, calibrate, shares_outside

if TYPE_CHECKING:  # importing these would import Keras
    from dcvae.networks.base import Autoencoder
    from dcvae.scoring.causal import Scores

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Calibration:
    """What stays with the model.

    Attributes:
        series: names, in the network's order.
        readings: what each reading of sigma but the published one is.
        offline_level: (2, series) float64, see `offline.normal_level`.
        offline_threshold: of the offline score of a row, see `offline.threshold`.
        learned_on: which rows taught the readings, in words.
        shares_outside: for each reading, the shares of their cells beyond 1, 2 and 3 sigmas, where
            a Gaussian promises 31.7 %, 4.6 % and 0.27 %.
    """

    series: tuple[str, ...]
    readings: tuple[SigmaCalibration, ...]
    offline_level: NDArray[np.float64]
    offline_threshold: float
    learned_on: str
    shares_outside: dict[str, list[float]]

    def sigma(self, reading: Reading) -> SigmaCalibration:
        """Give the calibration of one reading."""
        if reading == "predicted":
            return SigmaCalibration.published(len(self.series))
        return next(calibration for calibration in self.readings if calibration.reading == reading)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {
            "learned_on": self.learned_on,
            "series": list(self.series),
            "sigma": {part.reading: part.to_dict() for part in self.readings},
            "shares_outside_1_2_3_sigmas": self.shares_outside,
            "offline_level": self.offline_level.tolist(),
            "offline_threshold": self.offline_threshold,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any], series: Sequence[str], source: str) -> "Calibration":
        """Read back what `to_dict` gave.

        Raises:
            InputError: a part is missing or is not of these series.
        """
        try:
            readings = tuple(
                SigmaCalibration.from_dict(reading, stored["sigma"][reading], len(series), source)
                for reading in ("calibrated", "tempered", "constant")
            )
            level = np.array(stored["offline_level"], dtype=np.float64)
            usable = stored["series"] == list(series) and level.shape == (2, len(series))
            calibration = cls(
                tuple(series),
                readings,
                level,
                float(stored["offline_threshold"]),
                str(stored["learned_on"]),
                dict(stored["shares_outside_1_2_3_sigmas"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{source} is damaged ({error}). Train the model again.") from error
        if not (usable and (level > 0).all() and calibration.offline_threshold > 0):
            raise InputError(
                f"{source} is damaged: expected two levels for each of the "
                f"{len(series)} series of the model and a threshold, all above 0. Train the model "
                "again."
            )
        return calibration


def learn(
    network: "Autoencoder",
    settings: Settings,
    series: tuple[str, ...],
    scaled: Float32Array,
    observed: NDArray[np.bool_],
    split: WindowSplit,
) -> tuple["Scores", Calibration]:
    """Score the training file and learn from it.

    Args:
        network: the trained network (Keras is loaded by now).
        settings: those of the training.
        series: names.
        scaled: (rows, series) float32, the training file as a file to judge.
        observed: (rows, series) bool, False where nothing is to be judged.
        split: the windows that were trained and validated on.

    Returns:
        The scores of all its rows, sigma as predicted; and what is learned.
    """
    from dcvae.scoring import window_average as offline
    from dcvae.scoring.causal import Scorer

    part, starts = ("validation", split.validation)
    if len(starts) == 0:
        part, starts = ("training", split.train)
    length = settings.window_length
    scores = Scorer.of(network, settings).score(scaled, observed)
    error, sigma = scores.error[starts], scores.sigma[starts]
    readings = calibrate(error, sigma)
    every = offline.thinned(np.union1d(split.train, split.validation).astype(np.int32), length)
    squares = offline.OfflineScorer(network, length).squares(scaled, observed, every)
    level = offline.normal_level(squares)
    normal = offline.scores_from(squares, level, every, len(scaled), length).row
    outside = {"predicted": shares_outside(error, sigma)} | {
        reading.reading: shares_outside(error, reading.apply(sigma)) for reading in readings
    }
    learned_on = f"{len(starts):,} rows of the {part} part"
    return scores, Calibration(
        series, readings, level, offline.threshold(normal), learned_on, outside
    )
