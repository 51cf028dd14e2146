"""Thresholds of a model: the alphas of each series and the alarm of the system.

With labels, the alphas are those with the best F1 and the alarm is tuned on events. Without, both
raise no more alarms than asked for on data taken to be normal. A model that has just been trained
has the latter, fitted to its own training file.
"""

from dataclasses import dataclass, replace

import numpy as np

from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray
from dcvae.config import DetectionKeys
from dcvae.data import windows_with
from dcvae.detection.alarms.fitting import fit_following
from dcvae.detection.alarms.rules import AlarmRules
from dcvae.detection.alarms.search import tuned
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas import Alphas
from dcvae.detection.alphas_from_labels import PUBLISHED_TERM, alphas_from_labels
from dcvae.detection.alphas_from_normal import alphas_from_normal, expected_events


@dataclass(frozen=True, eq=False)
class Thresholds:
    """Alphas and alarm, and how often the alphas are exceeded on the data they were fitted to.

    Attributes:
        alphas: the bands.
        alarm: the alarm of the system.
        offline: the alarm of the scores by the windows that contain a row; None where none was
            fitted.
        events_per_week: (series,) float64, runs of flagged rows per week on that data, NaN for a
            series without a scored cell; None where it is not known, as of thresholds read from a
            file.
        notices: notices for the user, one sentence each.
    """

    alphas: Alphas
    alarm: SystemAlarm
    events_per_week: Float64Array | None = None
    notices: tuple[str, ...] = ()
    offline: SystemAlarm | None = None


def fit_thresholds(
    error: Float32Array,
    residual: Float32Array,
    series: tuple[str, ...],
    keys: DetectionKeys,
    *,
    times: IntArray,
    step_seconds: float,
    labels: BoolArray | None = None,
    incidents: BoolArray | None = None,
    trained_until: int | None = None,
    offline: Float64Array | None = None,
) -> Thresholds:
    """Fit alphas and alarm to scored rows.

    Args:
        error: (rows, series) float32, scaled; NaN where nothing is scored.
        residual: (rows, series) float32, the error in sigmas of the mode that the settings ask for.
        series: names of the series.
        keys: the threshold and alarm keys of the settings.
        times: (rows,) int64, microseconds, ascending.
        step_seconds: sampling step, in seconds.
        labels: (T - 1 + rows, series) bool, from the first row of the first window on; None takes
            all rows for normal.
        incidents: (rows,) bool, rows that are left out where there are no labels.
        trained_until: time of the last row that the network was trained on, in microseconds.
        offline: (rows, series) float64, scores of cells by the windows that contain them, NaN where
            there is none; None fits no alarm to them.

    Returns:
        The thresholds, with how often the alphas are exceeded on these rows.

    Raises:
        ValueError: shapes differ, or a name repeats.

    Examples:
        A week of noise with a sigma of 1; 14 runs of flagged rows are allowed a series.

        >>> from dcvae.config import Settings, preset
        >>> keys = Settings.from_values(preset("recommended"), "recommended.txt")
        >>> error = np.random.default_rng(1).standard_normal((2016, 1)).astype(np.float32)
        >>> times = np.arange(2016) * 300_000_000
        >>> thresholds = fit_thresholds(
        ...     error, error, ("flow",), keys, times=times, step_seconds=300.0
        ... )
        >>> thresholds.alphas.up.round(1), thresholds.events_per_week.round()
        (array([2.7]), array([14.]))
    """
    rules = AlarmRules.of(keys, step_seconds)
    normal = error
    if labels is not None:
        near = _near_labels(labels, keys.window_length)
        normal = np.where(near, np.float32(np.nan), error)
    elif incidents is not None and incidents.any():
        left_out = incidents[:, np.newaxis]
        normal = np.where(left_out, np.float32(np.nan), error)
        residual = np.where(left_out, np.float32(np.nan), residual)
    notices: list[str] = []
    if keys.threshold == "following":
        alarm, notices = fit_following(
            normal, times, rules, keys, step_seconds=step_seconds, trained_until=trained_until
        )
        residual = residual / alarm.judge(error, times).widths
    else:
        alarm = SystemAlarm.fit(
            normal, rules, false_alarms_per_week=keys.system_budget, step_seconds=step_seconds
        )
    if labels is None:
        alphas, more = alphas_from_normal(
            residual,
            series,
            method=keys.normal_alpha_method,
            default_alpha=keys.default_alpha,
            step_seconds=step_seconds,
            false_alarms_per_week=keys.false_alarms_per_week,
            quantile=keys.alpha_quantile,
            lowest=keys.alpha_lowest,
        )
        notices += more
    else:
        truth = labels[keys.window_length - 1 :]
        alphas = alphas_from_labels(
            residual,
            truth,
            series,
            measure=keys.alpha_measure,
            search=keys.alpha_search,
            default_alpha=keys.default_alpha,
            term=PUBLISHED_TERM if keys.fidelity_f1 == "code" else 0.0,
        )
        if keys.tune_alarms and truth.any():
            of_system = np.logical_or.reduce(truth, axis=1)
            alarm = tuned(alarm, error, times, residual, alphas, of_system)
    of_windows = None
    if offline is not None and keys.threshold == "following":
        cells = np.where(np.isnan(normal), np.float32(np.nan), as_errors(offline))
        if incidents is not None and labels is None:  # they are in the windows of so many rows
            before = keys.window_length - 1
            reached = np.convolve(incidents, np.ones(2 * before + 1))[before:][: len(cells)]
            cells[reached > 0.5] = np.nan
        alone = replace(rules, system="weighted", smoothing=1)
        of_windows, _ = fit_following(
            cells, times, alone, keys, step_seconds=step_seconds, trained_until=trained_until
        )
    return Thresholds(
        alphas,
        alarm,
        expected_events(residual, alphas, step_seconds),
        tuple(notices),
        of_windows,
    )


def as_errors(offline: Float64Array) -> Float32Array:
    """Return errors whose squares are what offline scores of cells, log(1 + x), are made of.

    Args:
        offline: (rows, series) float64 >= 0, NaN where there is none.

    Returns:
        (rows, series) float32.
    """
    errors: Float32Array = np.sqrt(np.expm1(offline)).astype(np.float32)
    return errors


def _near_labels(labels: BoolArray, window_length: int) -> BoolArray:
    """Return which scored cells (rows, series) have a label of their own series in their window."""
    return np.column_stack(
        [windows_with(labels[:, column], window_length) for column in range(labels.shape[1])]
    )
