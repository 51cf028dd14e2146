"""What a trained model learns from data that are taken to be normal, before it judges anything.

The network alone does not know how far off is far. That is learned on rows it was not fitted to:
the validation part of the training file, or without one, the training rows themselves, on which a
network is surer of itself than it will ever be again. It is learned once, when the training is
done, so that a model can judge the moment it is trained:

* what a sigma is (`sigma`) and what the windows of a normal file look like (`offline`): these stay
  with the model, in calibration.json;
* the alphas of every series and the alarm of the system (`system_alarm`): these are a first answer,
  in alphas.csv and alarms.json, which alpha_definition.py replaces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dcvae import InputError
from dcvae.settings import Settings
from dcvae.sigma import Reading, SigmaCalibration, calibrate, shares_outside
from dcvae.windows import WindowSplit

if TYPE_CHECKING:  # importing these would import Keras
    from dcvae.network import VariationalAutoencoder
    from dcvae.scoring import Scores

Float32Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Calibration:
    """What stays with the model.

    Attributes:
        series: names, in the network's order.
        readings: what each reading of sigma but the published one is.
        offline_level: (series,) float64, sigmas squared, see `offline.normal_level`.
        learned_on: which rows taught it, in words.
        shares_outside: for each reading, the shares of their cells beyond 1, 2 and 3 sigmas, where
            a Gaussian promises 31.7 %, 4.6 % and 0.27 %.
    """

    series: tuple[str, ...]
    readings: tuple[SigmaCalibration, ...]
    offline_level: NDArray[np.float64]
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
            usable = stored["series"] == list(series) and level.shape == (len(series),)
            calibration = cls(
                tuple(series),
                readings,
                level,
                str(stored["learned_on"]),
                dict(stored["shares_outside_1_2_3_sigmas"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{source} is damaged ({error}). Train the model again.") from error
        if not (usable and (level > 0).all()):
            raise InputError(
                f"{source} is damaged: expected a level above 0 for each of the {len(series)} "
                "series of the model. Train the model again."
            )
        return calibration


def learn(
    network: "VariationalAutoencoder",
    settings: Settings,
    series: tuple[str, ...],
    scaled: Float32Array,
    observed: NDArray[np.bool_],
    split: WindowSplit,
) -> tuple["Scores", Calibration]:
    """Score the rows that are taken to be normal and learn from them (Keras is loaded by now).

    Args:
        network: the trained network.
        settings: those of the training.
        series: names.
        scaled: (rows, series) float32, the training file as a file to judge.
        observed: (rows, series) bool, False where a cell was missing.
        split: the windows that were trained and validated on.

    Returns:
        The scores of the rows that were learned from, sigma as predicted, error NaN in rows that no
        window of theirs ends in; and what they teach.
    """
    from dcvae import offline
    from dcvae.scoring import Scorer

    part, starts = ("validation", split.validation)
    if len(starts) == 0:
        part, starts = ("training", split.train)
    length = settings.window_length
    first, stop = int(starts[0]), int(starts[-1]) + length
    scores = Scorer.of(network, settings).score(scaled[first:stop], observed[first:stop])
    judged = np.zeros(len(scores.error), dtype=bool)
    judged[starts - first] = True
    scores.error[~judged] = np.nan
    readings = calibrate(scores.error, scores.sigma)
    chosen = offline.thinned(starts, length)
    squares = offline.window_squares(network, scaled, observed, chosen, length)
    outside = {"predicted": shares_outside(scores.error, scores.sigma)} | {
        reading.reading: shares_outside(scores.error, reading.apply(scores.sigma))
        for reading in readings
    }
    learned_on = f"{np.count_nonzero(judged):,} rows of the {part} part"
    level = offline.normal_level(squares)
    return scores, Calibration(series, readings, level, learned_on, outside)
