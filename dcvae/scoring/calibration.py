"""Calibration of a scorer on normal data: sigma modes, reference levels, threshold.

Sigma modes (`sigma`) are fitted to rows that the network was not trained on: the validation part of
the training file or, without one, the training rows themselves, whose errors are smaller than those
of any later file. Reference levels and the threshold of offline scores (`window_average`) are
fitted to windows all over training and validation: they rest on the largest 1 % of mean squares,
for which a validation part is too short. All is fitted once, at the end of training, and is kept
with the model in calibration.json.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

import numpy as np

from dcvae._arrays import BoolArray, Float64Array, Int32Array
from dcvae.config import ScoringKeys, SigmaMode
from dcvae.data import ModelInput, WindowSplit, windows_with
from dcvae.errors import InputError
from dcvae.scoring.incidents import incident_rows
from dcvae.scoring.scores import Scores
from dcvae.scoring.sigma import SigmaCalibration, fit_sigmas, shares_outside
from dcvae.scoring.window_average import (
    WindowSquares,
    reference_levels,
    scores_from,
    thinned,
    threshold,
)

_STILL = 0.1**2  # scaled squared


@dataclass(frozen=True, eq=False)
class Calibration:
    """The numbers of a calibration that are kept with the model.

    Attributes:
        series: names of the series, in the network's order.
        modes: one calibration per sigma mode but "predicted", which has no numbers.
        reference_levels: (2, series) float64 > 0, in sigmas squared and scaled squared; see
            `window_average.reference_levels`.
        threshold: the offline score above which a row is anomalous, > 0; see
            `window_average.threshold`.
        fitted_on: the rows that the modes were fitted to, in words.
        shares_outside: by mode, the shares of those rows' cells beyond 1, 2 and 3 sigmas; of a
            Gaussian 31.7 %, 4.6 % and 0.27 %.

    Examples:
        >>> modes = fit_sigmas(np.float32([[0.5], [-1.0]]), np.float32([[0.5], [0.5]]))
        >>> calibration = Calibration(("flow",), modes, np.ones((2, 1)), 0.7, "2 rows", {})
        >>> calibration.sigma("predicted").factor  # the network's sigma as it is
        array([1.])
        >>> calibration.sigma("constant").exponent  # one sigma per series, whatever is predicted
        0.0
    """

    series: tuple[str, ...]
    modes: tuple[SigmaCalibration, ...]
    reference_levels: Float64Array
    threshold: float
    fitted_on: str
    shares_outside: dict[str, list[float]]

    def sigma(self, mode: SigmaMode) -> SigmaCalibration:
        """Return the calibration of one sigma mode."""
        if mode == "predicted":
            return SigmaCalibration.published(len(self.series))
        return next(calibration for calibration in self.modes if calibration.mode == mode)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "learned_on": self.fitted_on,
            "series": list(self.series),
            "sigma": {part.mode: part.to_dict() for part in self.modes},
            "shares_outside_1_2_3_sigmas": {
                mode: [None if np.isnan(share) else share for share in shares]  # JSON has no NaN
                for mode, shares in self.shares_outside.items()
            },
            "offline_level": self.reference_levels.tolist(),
            "offline_threshold": self.threshold,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any], series: Sequence[str], source: str) -> "Calibration":
        """Read a calibration from the values of `to_dict`.

        Args:
            stored: the values.
            series: names of the model's series, in its order.
            source: name of the file, for messages.

        Raises:
            InputError: a part is missing, damaged or of other series.
        """
        try:
            modes = tuple(
                SigmaCalibration.from_dict(mode, stored["sigma"][mode], len(series), source)
                for mode in get_args(SigmaMode)
                if mode != "predicted"
            )
            level = np.array(stored["offline_level"], dtype=np.float64)
            usable = stored["series"] == list(series) and level.shape == (2, len(series))
            calibration = cls(
                tuple(series),
                modes,
                level,
                float(stored["offline_threshold"]),
                str(stored["learned_on"]),
                {
                    mode: [np.nan if share is None else share for share in shares]
                    for mode, shares in stored["shares_outside_1_2_3_sigmas"].items()
                },
            )
        except InputError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(f"{source} is damaged ({error}). Train the model again.") from error
        finite = np.isfinite(level).all() and np.isfinite(calibration.threshold)
        if not (usable and finite and (level > 0).all() and calibration.threshold > 0):
            raise InputError(
                f"{source} is damaged: expected two levels for each of the "
                f"{len(series)} series of the model and a threshold, all above 0. Train the model "
                "again."
            )
        return calibration


class CalibrationRun(NamedTuple):
    """A calibration, and what of the training file it was fitted to.

    Attributes:
        calibration: the numbers that are kept with the model.
        windows: mean squared errors of windows all over the training file.
        incidents: (rows,) bool, scored rows that look like an incident and were left out.
    """

    calibration: Calibration
    windows: WindowSquares
    incidents: BoolArray


def calibrate(
    scores: Scores,
    squares_of: Callable[[ModelInput, Int32Array], Float64Array],
    keys: ScoringKeys,
    series: tuple[str, ...],
    inputs: ModelInput,
    split: WindowSplit,
    *,
    find_incidents: bool = False,
    contamination: float | None = None,
) -> CalibrationRun:
    """Calibrate on the scores of the training file.

    Args:
        scores: of all its rows that have one, sigma as it is.
        squares_of: from the table and first rows, mean squared errors of windows; see
            `WindowAverageScorer.squares`.
        keys: the scoring keys of the training's settings.
        series: names of the series, in the model's order.
        inputs: the training file, preprocessed as a file to score.
        split: the windows of training and of validation.
        find_incidents: whether rows that look like an incident are left out.
        contamination: share of the rows to leave out; None leaves out those that stand out.

    Returns:
        The calibration, with the squared errors that it was fitted to.
    """
    part, starts = ("validation", split.validation)
    if len(starts) == 0:
        part, starts = ("training", split.train)
    length = keys.window_length
    incidents = np.zeros(len(scores.error), dtype=bool)
    if find_incidents or contamination is not None:
        incidents = incident_rows(scores.strangeness, contamination)
    if not incidents[starts].all():
        starts = starts[~incidents[starts]]
    error, sigma = scores.error[starts], scores.sigma[starts]
    modes = fit_sigmas(error, sigma)
    every = thinned(np.union1d(split.train, split.validation).astype(np.int32), length)
    windows = WindowSquares(every, squares_of(inputs, every))
    # A strange row is in T windows: all of them are left out, or it would count T times.
    strange = windows_with(np.append(np.zeros(length - 1, dtype=bool), incidents), length)
    usual = ~strange[every] if not strange[every].all() else np.ones(len(every), dtype=bool)
    levels = _levels(windows.squares, usual)
    normal = scores_from(
        windows.squares[:, usual], levels, every[usual], len(inputs.values), length
    ).row
    outside = {"predicted": shares_outside(error, sigma)} | {
        mode.mode: shares_outside(error, mode.apply(sigma)) for mode in modes
    }
    fitted_on = f"{len(starts):,} rows of the {part} part"
    calibration = Calibration(series, modes, levels, threshold(normal), fitted_on, outside)
    return CalibrationRun(calibration, windows, incidents)


def _levels(squares: Float64Array, usual: BoolArray) -> Float64Array:
    """Return reference levels of the usual windows, but those of all windows for still series.

    A series that is predicted to a tenth of its deviation, but in what looks like an incident, is
    one that seldom moves, as switches do: without those windows its level would be next to nothing,
    and its next move would be ranked above everything (measured on telemetry).

    Args:
        squares: (2, windows, series) float64, in sigmas squared and scaled squared.
        usual: (windows,) bool.
    """
    every, without = reference_levels(squares), reference_levels(squares[:, usual])
    return np.where(without[1] < _STILL, every, without)
