"""Thresholds of a model: the alphas of each series and the alarm of the system.

With labels, the alphas are those with the best F1 and the alarm is tuned on events. Without, both
raise no more alarms than asked for on data taken to be normal. A model that has just been trained
has the latter, fitted to its own training file.
"""

from dataclasses import dataclass

import numpy as np

from dcvae._arrays import BoolArray, Float32Array, Float64Array
from dcvae.config import DetectionKeys
from dcvae.data import windows_with
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.search import tuned
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas import Alphas
from dcvae.detection.alphas_from_labels import alphas_from_labels
from dcvae.detection.alphas_from_normal import alphas_from_normal, expected_events


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Alphas and alarm, and the events that the alphas raise on the data they were fitted to.

    Attributes:
        alphas: the bands.
        alarm: the alarm of the system.
        events_per_week: (series,) float64, runs of flagged rows per week on that data, NaN for a
            series without a scored cell; None where it is not known, as of thresholds read from a
            file.
        notices: notices for the user, one sentence each.
    """

    alphas: Alphas
    alarm: SystemAlarm
    events_per_week: Float64Array | None = None
    notices: tuple[str, ...] = ()


def fit_thresholds(
    error: Float32Array,
    residual: Float32Array,
    series: tuple[str, ...],
    keys: DetectionKeys,
    *,
    step_seconds: float,
    labels: BoolArray | None = None,
) -> Thresholds:
    """Fit alphas and alarm to scored rows.

    Args:
        error: (rows, series) float32, scaled; NaN where nothing is scored.
        residual: (rows, series) float32, the error in sigmas of the mode that the settings ask for.
        series: names of the series.
        keys: the threshold and alarm keys of the settings.
        step_seconds: sampling step, in seconds.
        labels: (T - 1 + rows, series) bool, from the first row of the first window on; None takes
            all rows for normal.

    Returns:
        The thresholds, with the events that the alphas raise on these rows.

    Raises:
        ValueError: shapes differ, or a name repeats.

    Examples:
        A week of noise with a sigma of 1; the settings allow 14 events per week and series.

        >>> from dcvae.config import Settings, preset
        >>> keys = Settings.from_values(preset("recommended"), "recommended.txt")
        >>> error = np.random.default_rng(1).standard_normal((2016, 1)).astype(np.float32)
        >>> thresholds = fit_thresholds(error, error, ("flow",), keys, step_seconds=300.0)
        >>> thresholds.alphas.up.round(1), thresholds.events_per_week.round()
        (array([2.8]), array([14.]))
    """
    normal = error
    notices: list[str] = []
    if labels is None:
        alphas, notices = alphas_from_normal(
            residual,
            series,
            method=keys.normal_alpha_method,
            default_alpha=keys.default_alpha,
            step_seconds=step_seconds,
            false_alarms_per_week=keys.false_alarms_per_week,
            quantile=keys.alpha_quantile,
        )
    else:
        truth = labels[keys.window_length - 1 :]
        alphas = alphas_from_labels(
            residual,
            truth,
            series,
            measure=keys.alpha_measure,
            search=keys.alpha_search,
            default_alpha=keys.default_alpha,
        )
        near = _near_labels(labels, keys.window_length)
        normal = np.where(near, np.float32(np.nan), error)
    alarm = SystemAlarm.fit(
        normal,
        AlarmRules.of(keys),
        false_alarms_per_week=keys.system_false_alarms_per_week,
        step_seconds=step_seconds,
    )
    if labels is not None and keys.tune_alarms and truth.any():
        alarm = tuned(
            alarm, alarm.score(error), residual, alphas, np.logical_or.reduce(truth, axis=1)
        )
    return Thresholds(
        alphas, alarm, expected_events(residual, alphas, step_seconds), tuple(notices)
    )


def _near_labels(labels: BoolArray, window_length: int) -> BoolArray:
    """Return which scored cells (rows, series) have a label of their own series in their window."""
    return np.column_stack(
        [windows_with(labels[:, column], window_length) for column in range(labels.shape[1])]
    )
