"""Comparison of a model with simple detectors, by the same metrics on the same rows."""

from collections.abc import Iterable, Mapping
from itertools import chain

import numpy as np
import pandas as pd

from dcvae import _progress
from dcvae._arrays import AnyFloatArray, BoolArray, segments
from dcvae.detection import Detection, flags, microseconds, residual_of
from dcvae.evaluation.baselines import Baseline
from dcvae.evaluation.metrics_table import (
    HEADLINES,
    RANKING,
    SERIES_AVERAGE_PRECISION,
    SERIES_F1,
    Predictions,
    buffers_of,
    chance_levels,
    distance,
    system_metrics,
)
from dcvae.metrics import average_precision, event_wise, point_wise, random_scores
from dcvae.pipeline import ModelDescription, RowScorer

LOOKS_AHEAD = " (looks ahead)"  # suffix of the names of detectors whose scores use later rows
RANDOM = "random"  # title of the detector of chance level
ALARMS = "alarms"  # of a comparison's `attrs`
_FIRST = (SERIES_F1, "f1", "event_f05_corrected", "false_alarms_per_week", *HEADLINES[:2])


class BaselinePredictions:
    """Predictions of simple detectors for the scored rows.

    Args:
        model: the model that they are compared with.
        detection: its detection of the file.
    """

    def __init__(self, model: ModelDescription, detection: Detection) -> None:
        self._window_length = model.settings.window_length
        before = len(detection.inputs.values) - len(detection.times)
        self._inputs = detection.inputs.since(before - (self._window_length - 1))
        self._times = microseconds(detection.times)
        self._missing = np.isnan(detection.residual)

    def of(self, baseline: Baseline) -> Predictions:
        """Return the predictions of a fitted detector, from no later rows, as of a model of it."""
        alphas, system = baseline.alphas, baseline.system
        scores = RowScorer(baseline.detector, self._window_length).score(self._inputs)
        strangeness, residual = scores.strangeness, residual_of(scores)
        strangeness[self._missing] = residual[self._missing] = np.nan
        judged = system.judge(strangeness, self._times)
        residual /= judged.widths
        alarm, _ = system.alarms(judged, residual, alphas)
        return Predictions(residual, flags(residual, alphas), judged.score, alarm)


def compare(
    model: ModelDescription,
    detection: Detection,
    labels: BoolArray,
    baselines: Iterable[Baseline],
    chance: Mapping[str, float] | None = None,
    *,
    asked: Iterable[Baseline] = (),
) -> pd.DataFrame:
    """Compare a model with baselines.

    Args:
        model: the model.
        detection: its detection of a file.
        labels: (rows, series) bool, of the scored rows.
        baselines: fitted to the training data of the model, thresholds as its own.
        chance: see `comparison_table`.
        asked: further baselines, which announce their progress themselves.

    Returns:
        See `comparison_table`.
    """
    predictions = BaselinePredictions(model, detection)
    return comparison_table(
        labels,
        model.settings.name_of_detector,
        Predictions.of(detection),
        (
            (each.detector.described, predictions.of(each))
            for each in chain(_progress.counted(baselines, "comparing with baselines"), asked)
        ),
        offline=detection.offline,
        buffer=buffers_of(detection)[0],
        step_seconds=model.step_seconds,
        chance=chance,
    )


def comparison_table(
    labels: BoolArray,
    name: str,
    ours: Predictions,
    others: Iterable[tuple[str, Predictions]],
    *,
    offline: AnyFloatArray | None,
    buffer: int,
    step_seconds: float,
    chance: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Compute the system's metrics for several detectors.

    Args:
        labels: (rows, series) bool.
        name: name of the model.
        ours: predictions of the model.
        others: names and predictions of the others.
        offline: (rows,) float64, the model's offline score, which gets a line of its own with the
            same alarms; None for no such line.
        buffer: largest buffer of the VUS metrics, in rows.
        step_seconds: sampling step, in seconds.
        chance: `chance_levels` of "any series labeled" with the same buffer, where they are known;
            None to work them out.

    Returns:
        One line per detector, the model first. Columns are the system's metrics and the keys of
        `SYSTEM_NOTES`, the most asked-for first. The ranking metrics of random scores are the means
        of many draws, so that they are the chance level; those of a constant are in the lines of
        the detectors that flag every row or none. Its attribute `ALARMS` has, for each, how many
        alarms it raised and how many of them met a labeled event.

    Examples:
        >>> labels = np.array([[False], [True], [False], [True]])
        >>> score = np.array([0.1, 5.0, 0.2, 0.3])
        >>> residual = score[:, np.newaxis].astype(np.float32)  # one series
        >>> ours = Predictions(residual, residual > 3, score, score > 3)
        >>> table = comparison_table(
        ...     labels, "DC-VAE", ours, [], offline=None, buffer=0, step_seconds=60.0
        ... )
        >>> table[["series_f1", "average_precision"]].round(2).to_dict("index")
        {'DC-VAE': {'series_f1': 0.67, 'average_precision': 1.0}}
    """
    lines = {name: _with_series_means(labels, ours, buffer, step_seconds)}
    alarms = {name: _alarms_of(labels, ours)}
    if offline is not None:
        looking_ahead = ours._replace(score=offline)
        lines[name + LOOKS_AHEAD] = _with_series_means(labels, looking_ahead, buffer, step_seconds)
    for other, predictions in others:
        lines[other] = _with_series_means(labels, predictions, buffer, step_seconds)
        alarms[other] = _alarms_of(labels, predictions)
    if RANDOM in lines:
        of_system = np.logical_or.reduce(labels, axis=1)
        known = chance_levels(of_system, buffer) if chance is None else chance
        lines[RANDOM] |= _of_many_draws(labels, known)
    table = pd.DataFrame.from_dict(lines, orient="index")
    table = table[[*_FIRST, *(column for column in table.columns if column not in _FIRST)]]
    table.attrs[ALARMS] = alarms
    return table


def _alarms_of(labels: BoolArray, predictions: Predictions) -> tuple[int, int]:
    """Count the alarms, and those of them that meet a labeled event."""
    raised = len(segments(predictions.alarm).starts)
    false = event_wise(np.logical_or.reduce(labels, axis=1), predictions.alarm).false_alarms
    return raised, raised - int(false)


def _of_many_draws(labels: BoolArray, levels: Mapping[str, float]) -> dict[str, float]:
    """Return the ranking metrics of random scores, as means of many draws."""
    of_series = [
        random_scores(labels[:, column], 0).average_precision
        for column in np.flatnonzero(labels.any(axis=0))
    ]
    mean = float(np.mean(of_series)) if of_series else float("nan")
    return {figure: levels[f"{figure}_chance"] for figure in RANKING} | {
        SERIES_AVERAGE_PRECISION: mean
    }


def _with_series_means(
    labels: BoolArray, predictions: Predictions, buffer: int, step_seconds: float
) -> dict[str, float]:
    line = system_metrics(labels, predictions, buffer=buffer, step_seconds=step_seconds)
    score = distance(predictions.residual)
    labeled = np.flatnonzero(labels.any(axis=0))
    if len(labeled) == 0:
        return line | {SERIES_F1: float("nan"), SERIES_AVERAGE_PRECISION: float("nan")}
    f1 = [point_wise(labels[:, c], predictions.flags[:, c]).f1 for c in labeled]
    average = [average_precision(labels[:, c], score[:, c]) for c in labeled]
    return line | {
        SERIES_F1: float(np.mean(f1)),
        SERIES_AVERAGE_PRECISION: float(np.mean(average)),
    }
