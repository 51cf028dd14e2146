"""Table of metrics: flags and alarms of a file against its labels, by every metric.

The flags of each series are evaluated by its labels, and the alarm of the system by "any series is
labeled". Both have the same metrics, computed here and nowhere else, for DC-VAE and for the
baselines alike. The published rule, an alarm wherever any series is flagged, has a line of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from dcvae import _progress
from dcvae._arrays import AnyArray, AnyFloatArray, BoolArray, Float32Array
from dcvae.detection import Detection
from dcvae.metrics import (
    affiliation,
    average_precision,
    constant_score,
    detection_delay,
    event_wise,
    period_from_autocorrelation,
    point_adjusted,
    point_wise,
    random_scores,
    range_based,
    roc_auc,
    vus,
)

# Lines of tables whose other lines are series: names that no series has.
SYSTEM = "system alarm"
ANY_FLAG = "any series flagged"
MEAN = "mean of labeled series"
SERIES_F1 = "series_f1"
SERIES_AVERAGE_PRECISION = "series_average_precision"

METRIC_NOTES: Mapping[str, str] = {
    "labeled_rows": "Scored rows labeled anomalous.",
    "flagged_rows": "Scored rows flagged, or for the system, in alarm.",
    "precision": "Point-wise: share of flagged rows that are labeled.",
    "recall": "Point-wise: share of labeled rows that are flagged.",
    "f1": "Point-wise F1, the measure of the published point-wise alphas.",
    "range_precision": "Range-based precision (Tatbul et al. 2018; existence weight 0, cardinality "
    "reciprocal, bias front, as published for DC-VAE).",
    "range_recall": "Range-based recall, the same options.",
    "range_f1": "Harmonic mean of the two.",
    "event_precision": "Detected events / (detected events + false alarms), an alarm being an "
    "uninterrupted run of flagged rows.",
    "event_recall": "Share of labeled events with at least one flagged row.",
    "event_f1": "Harmonic mean of event-wise precision and recall.",
    "event_f05": "Event-wise F0.5, which weighs precision more. An alarm that never ends scores 1.",
    "event_f05_corrected": "Event-wise F0.5 with precision times the share of normal rows left "
    "alone, as in ESA-ADB: an alarm that never ends scores 0.",
    "affiliation_precision": "How near alarms are to labeled events, against chance (Huet et al. "
    "2022); 0.5 is what chance reaches.",
    "affiliation_recall": "How near labeled events are to alarms, against chance.",
    "delay_seconds": "Mean time from the start of a detected event to its first flagged row; rows "
    "times the sampling step, gaps not counted.",
    "false_alarms_per_day": "Runs of flagged rows that meet no labeled event, a day of scored "
    "rows (gaps not counted).",
    "false_alarms_per_week": "The same a week.",
    "roc_auc": "Threshold-free: probability that a labeled row scores above a normal one.",
    "average_precision": "Threshold-free: area under the precision-recall curve; chance reaches "
    "a little more than the share of labeled rows.",
    "vus_roc": "Threshold-free: volume under the ROC surface (Paparrizos et al. 2022).",
    "vus_pr": "Threshold-free: volume under the precision-recall surface.",
    "vus_buffer": "Largest buffer of the VUS metrics, in rows: the period of the series by its "
    "autocorrelation, for the system that of the first series. A larger one raises them, also for "
    "detectors that know nothing: compare VUS within one line's buffer only.",
    "point_adjusted_f1": "F1 after counting an event as found whole if one of its rows is flagged. "
    "Random alarms score high on it (Kim et al. 2022): do not quote it alone.",
}
"""A sentence per metric. NaN where a metric is not defined; threshold-free ones rank |x - mean| in
sigmas, for the system its score, and for "any series flagged" the largest over the series."""

RANKING = ("roc_auc", "average_precision", "vus_roc", "vus_pr")
"""The metrics of scores, which have a chance level each."""

CHANCE_NOTES: Mapping[str, str] = {
    name: note
    for figure in RANKING
    for name, note in {
        f"{figure}_chance": f"What random scores reach of `{figure}` on the mean, on the same "
        "labels and with the same buffer.",
        f"{figure}_constant": f"What a score that never changes reaches of `{figure}`.",
    }.items()
}
"""A sentence per chance level; each stands beside its metric."""

SYSTEM_NOTES: Mapping[str, str] = {
    SERIES_F1: "Point-wise F1, mean over the labeled series.",
    SERIES_AVERAGE_PRECISION: "Average precision, mean over the labeled series.",
}

TABLE_COLUMNS = tuple(
    name
    for figure in METRIC_NOTES
    for name in (figure, f"{figure}_chance", f"{figure}_constant")
    if name in METRIC_NOTES or name in CHANCE_NOTES
)
"""The columns of the table of metrics, each ranking metric followed by its chance levels."""

BETTER: Mapping[str, Literal["lower", "neither"]] = {
    "labeled_rows": "neither",
    "flagged_rows": "neither",
    "vus_buffer": "neither",
    "delay_seconds": "lower",
    "false_alarms_per_day": "lower",
    "false_alarms_per_week": "lower",
    **dict.fromkeys(CHANCE_NOTES, "neither"),
}
"""Metrics of which a higher value is not better."""

HEADLINES = ("vus_pr", "average_precision", "event_f05_corrected", SERIES_F1)
"""The metrics by which findings compare DC-VAE with the baselines."""


class Predictions(NamedTuple):
    """Residuals, flags, scores and alarms of a detector for the scored rows of a file.

    Attributes:
        residual: (rows, series) float32, in sigmas; NaN where nothing was scored.
        flags: (rows, series) bool, cells outside their band.
        score: (rows,) float, score of the system, larger is stranger; NaN where nothing was scored.
        alarm: (rows,) bool, the system is in alarm.
    """

    residual: Float32Array
    flags: BoolArray
    score: AnyFloatArray
    alarm: BoolArray

    @classmethod
    def of(cls, detection: Detection) -> "Predictions":
        """Return those of a model's detection."""
        return cls(detection.residual, detection.flags, detection.score, detection.alarm)


def all_metrics(
    truth: BoolArray,
    alarm: BoolArray,
    score: AnyFloatArray,
    *,
    buffer: int,
    step_seconds: float,
) -> dict[str, float]:
    """Compute every metric for one series, or for the system.

    Args:
        truth: (rows,) bool, labels.
        alarm: (rows,) bool, flags, or alarms of the system.
        score: (rows,) float, finite, larger is stranger.
        buffer: largest buffer of the VUS metrics, in rows.
        step_seconds: sampling step, in seconds.

    Returns:
        One number per key of `METRIC_NOTES`; NaN where a metric is not defined.
    """
    points = point_wise(truth, alarm)
    ranges = range_based(truth, alarm)
    events = event_wise(truth, alarm)
    near = affiliation(truth, alarm)
    volume = vus(truth, score, buffer)
    days = len(truth) * step_seconds / 86_400
    per_day = events.false_alarms / days if days > 0 else float("nan")
    return {
        "labeled_rows": float(np.count_nonzero(truth)),
        "flagged_rows": float(np.count_nonzero(alarm)),
        "precision": points.precision,
        "recall": points.recall,
        "f1": points.f1,
        "range_precision": ranges.precision,
        "range_recall": ranges.recall,
        "range_f1": ranges.f1,
        "event_precision": events.precision,
        "event_recall": events.recall,
        "event_f1": events.f1,
        "event_f05": events.f05,
        "event_f05_corrected": events.corrected_f05,
        "affiliation_precision": near.precision,
        "affiliation_recall": near.recall,
        "delay_seconds": detection_delay(truth, alarm) * step_seconds,
        "false_alarms_per_day": per_day,
        "false_alarms_per_week": 7 * per_day,
        "roc_auc": roc_auc(truth, score),
        "average_precision": average_precision(truth, score),
        "vus_roc": volume.roc,
        "vus_pr": volume.pr,
        "vus_buffer": float(buffer),
        "point_adjusted_f1": point_adjusted(truth, alarm).f1,
    }


def chance_levels(truth: BoolArray, buffer: int) -> dict[str, float]:
    """Return what scores reach that know nothing of the labels.

    Args:
        truth: (rows,) bool, labels.
        buffer: largest buffer of the VUS metrics, in rows.

    Returns:
        One number per key of `CHANCE_NOTES`; NaN where a metric is not defined.
    """
    random, constant = random_scores(truth, buffer), constant_score(truth, buffer)
    return {
        name: float(getattr(of, figure))
        for figure in RANKING
        for name, of in ((f"{figure}_chance", random), (f"{figure}_constant", constant))
    }


def system_chance(metrics: pd.DataFrame) -> dict[str, float]:
    """Return the chance levels of "any series labeled" from a table of metrics."""
    return {name: float(metrics[name][SYSTEM]) for name in CHANCE_NOTES}


def system_metrics(
    labels: BoolArray, predictions: Predictions, *, buffer: int, step_seconds: float
) -> dict[str, float]:
    """Compute every metric of the system's alarm, by "any series labeled".

    Args:
        labels: (rows, series) bool.
        predictions: those of the same rows.
        buffer: largest buffer of the VUS metrics, in rows.
        step_seconds: sampling step, in seconds.
    """
    return all_metrics(
        np.logical_or.reduce(labels, axis=1),
        predictions.alarm,
        distance(predictions.score),
        buffer=buffer,
        step_seconds=step_seconds,
    )


def evaluate(detection: Detection, labels: BoolArray, *, step_seconds: float) -> pd.DataFrame:
    """Compute every metric of a detection, for the system and for every series.

    Args:
        detection: detection of a file.
        labels: (rows, series) bool, of its scored rows.
        step_seconds: sampling step, in seconds.

    Returns:
        See `metrics_of_series`.
    """
    return metrics_of_series(
        detection.series,
        labels,
        Predictions.of(detection),
        buffers=buffers_of(detection),
        step_seconds=step_seconds,
    )


def buffers_of(detection: Detection) -> list[int]:
    """Return the largest buffer of the VUS metrics for each series, in rows: its period."""
    # Values from the whole table, gaps filled: a series may be missing in all scored rows.
    filled = detection.inputs.measured()[-len(detection.times) :]
    return [period_from_autocorrelation(filled[:, column]) for column in range(filled.shape[1])]


def metrics_of_series(
    series: Sequence[str],
    labels: BoolArray,
    predictions: Predictions,
    *,
    buffers: Sequence[int],
    step_seconds: float,
) -> pd.DataFrame:
    """Compute every metric for the system and for every series.

    Args:
        series: names of the series.
        labels: (rows, series) bool.
        predictions: those of the same cells.
        buffers: largest buffer of the VUS metrics for each series, in rows; the system takes the
            first.
        step_seconds: sampling step, in seconds.

    Returns:
        One line for the system, for "any series flagged", for the mean of the series with labeled
        rows (NaN left out), and for each series; the columns are the keys of `METRIC_NOTES`, each
        ranking metric followed by its chance levels, keys of `CHANCE_NOTES`.

    Examples:
        >>> residual = np.array([[0.5], [4.0], [3.5], [0.1]], dtype=np.float32)
        >>> flags, score = residual > 3, residual[:, 0]
        >>> predictions = Predictions(residual, flags, score, alarm=flags[:, 0])
        >>> labels = np.array([[False], [True], [False], [False]])
        >>> table = metrics_of_series(["flow"], labels, predictions, buffers=[0], step_seconds=60.0)
        >>> table.loc["flow", ["precision", "recall", "average_precision"]].tolist()
        [0.5, 1.0, 1.0]
    """
    score = distance(predictions.residual)
    known: dict[tuple[bytes, int], dict[str, float]] = {}

    def levels(truth: BoolArray, buffer: int) -> dict[str, float]:
        key = truth.tobytes(), buffer  # one label column may stand for all series
        if key not in known:
            known[key] = chance_levels(truth, buffer)
        return known[key]

    single = pd.DataFrame(
        [
            all_metrics(
                labels[:, column],
                predictions.flags[:, column],
                score[:, column],
                buffer=buffers[column],
                step_seconds=step_seconds,
            )
            | levels(labels[:, column], buffers[column])
            for column in _progress.counted(range(len(series)), "metrics", len(series))
        ],
        index=list(series),
    )
    published = predictions._replace(
        score=score.max(axis=1), alarm=np.logical_or.reduce(predictions.flags, axis=1)
    )
    system, any_flag = (
        system_metrics(labels, each, buffer=buffers[0], step_seconds=step_seconds)
        | levels(np.logical_or.reduce(labels, axis=1), buffers[0])
        for each in (predictions, published)
    )
    mean = single[single["labeled_rows"] > 0].mean()
    head = pd.DataFrame([system, any_flag, dict(mean)], index=[SYSTEM, ANY_FLAG, MEAN])
    return pd.concat([head, single])[list(TABLE_COLUMNS)]


def distance(residual: AnyArray) -> AnyArray:
    """Return the distance of cells or rows from what was expected, 0 where they are missing.

    Args:
        residual: residuals or scores, any shape; NaN where missing.

    Examples:
        >>> distance(np.array([-2.0, np.nan]))
        array([2., 0.])
    """
    distance: AnyArray = np.nan_to_num(np.abs(residual), nan=0.0)
    return distance
