"""What alpha_definition.py defines: how far is too far, for each series and for the system.

With labels, the alphas are those with the best F1 and the alarm is tuned on events. Without, both
are what raises no more alarms than asked for on data taken to be normal. A model that has just been
trained starts with the latter, defined on its own training file.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.config.settings import Settings
from dcvae.data.loading import TrainingData
from dcvae.data.preprocessing import Preprocessor
from dcvae.data.quality import after_gap, judgeable
from dcvae.data.windows import windows_with
from dcvae.detection.alarm_search import tuned
from dcvae.detection.alphas import Alphas, alphas_from_labels
from dcvae.detection.alphas_from_normal import alphas_from_normal, expected_events
from dcvae.detection.band import AlarmRules, standardized_residual
from dcvae.detection.system_alarm import SystemAlarm
from dcvae.scoring.calibration import Calibration, learn

if TYPE_CHECKING:  # importing it would import Keras
    from dcvae.networks.base import Autoencoder

Float32Array = NDArray[np.float32]


class Definition(NamedTuple):
    """What was defined, and what it means on the data it was defined on.

    alphas: the bands. alarm: that of the system. events_per_week: (series,) runs of flagged rows a
    week there, NaN for a series without a judged cell. notices: what the user should know, one
    sentence each.
    """

    alphas: Alphas
    alarm: SystemAlarm
    events_per_week: NDArray[np.float64]
    notices: list[str]


def define(
    error: Float32Array,
    residual: Float32Array,
    series: tuple[str, ...],
    settings: Settings,
    *,
    step_seconds: float,
    labels: NDArray[np.bool_] | None = None,
) -> Definition:
    """Define alphas and alarm on scored rows.

    Args:
        error: (rows, series) float32, scaled; NaN where nothing is judged.
        residual: (rows, series) float32, the same in sigmas as the settings read them.
        series: names.
        settings: say how.
        step_seconds: sampling step.
        labels: (T - 1 + rows, series) bool, of the whole windows; None takes all rows for normal.
    """
    normal = error
    notices: list[str] = []
    if labels is None:
        alphas, notices = alphas_from_normal(
            residual,
            series,
            method=settings.normal_alpha_method,
            default_alpha=settings.default_alpha,
            step_seconds=step_seconds,
            false_alarms_per_week=settings.false_alarms_per_week,
            quantile=settings.alpha_quantile,
        )
    else:
        truth = labels[settings.window_length - 1 :]
        alphas = alphas_from_labels(
            residual,
            truth,
            series,
            measure=settings.alpha_measure,
            search=settings.alpha_search,
            default_alpha=settings.default_alpha,
        )
        near = _near_labels(labels, settings.window_length)
        normal = np.where(near, np.float32(np.nan), error)
    alarm = SystemAlarm.learn(
        normal,
        AlarmRules.of(settings),
        false_alarms_per_week=settings.system_false_alarms_per_week,
        step_seconds=step_seconds,
    )
    if labels is not None and settings.tune_alarms and truth.any():
        alarm = tuned(
            alarm, alarm.score(error), residual, alphas, np.logical_or.reduce(truth, axis=1)
        )
    return Definition(alphas, alarm, expected_events(residual, alphas, step_seconds), notices)


def _near_labels(labels: NDArray[np.bool_], window_length: int) -> NDArray[np.bool_]:
    """Tell which judged cells (rows, series) have a label of their own series in their window."""
    return np.column_stack(
        [windows_with(labels[:, column], window_length) for column in range(labels.shape[1])]
    )


class Beginning(NamedTuple):
    """What a model that has just been trained knows of normal data."""

    calibration: Calibration
    definition: Definition


def begin(
    network: "Autoencoder",
    settings: Settings,
    preprocessor: Preprocessor,
    data: TrainingData,
    step_seconds: float,
) -> Beginning:
    """Calibrate a trained model on its validation part, and define alphas and alarm for it.

    Alphas and alarm count events a week, and weeks are what a validation part is short of. They are
    defined on the whole training file: measured, that comes nearer to the rate asked for on later
    data than the validation part alone (benchmarks/severity.md).

    Args:
        network: the trained network.
        settings: those of the training.
        preprocessor: learned on the training file.
        data: the training file. What labels or gaps kept out of training is not judged here.
        step_seconds: sampling step.
    """
    frame, length = data.table.frame, settings.window_length
    gaps = after_gap(pd.DatetimeIndex(frame.index), step_seconds, settings.max_gap)
    observed = judgeable(preprocessor.observed(frame), gaps, length)
    if data.labels is not None:
        near = windows_with(data.labels.frame.any(axis=1).to_numpy(), length)
        observed[length - 1 :] &= ~near[:, np.newaxis]
    scaled, series = preprocessor.transform(frame), preprocessor.series
    scores, calibration = learn(network, settings, series, scaled, observed, data.split)
    sigma = calibration.sigma(settings.sigma).apply(scores.sigma)
    residual = standardized_residual(scores.error, sigma)
    defined = define(scores.error, residual, series, settings, step_seconds=step_seconds)
    return Beginning(calibration, defined)
