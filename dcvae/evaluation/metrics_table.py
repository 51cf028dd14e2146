"""How good the alarms of a file are, by every metric, next to detectors that need no network.

Two questions are asked of a run: of each series, whether its flags meet its labels, and of the
system as a whole, whether its alarm meets "any series is labeled". Both get the same metrics,
computed here and nowhere else, for DC-VAE and for the baselines alike. The published rule, an alarm
wherever any series is flagged, has a line of its own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.detectors.baselines import Baseline
from dcvae.metrics import event_based as event_metrics
from dcvae.metrics import range_based as metrics
from dcvae.metrics import ranking as ranking_metrics

BoolArray = NDArray[np.bool_]
Float32Array = NDArray[np.float32]
Level = Literal["good", "info", "warning", "bad"]

# Lines of tables whose other lines are series: names that no series has.
SYSTEM = "system alarm"
ANY_FLAG = "any series flagged"
MEAN = "mean of labeled series"
LOOKS_AHEAD = " (looks ahead)"  # ends the names of detectors that do
SERIES_F1 = "series_f1"
SERIES_AVERAGE_PRECISION = "series_average_precision"

METRIC_NOTES: Mapping[str, str] = {
    "labeled_rows": "Judged rows labeled anomalous.",
    "flagged_rows": "Judged rows flagged, or for the system, in alarm.",
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
    "false_alarms_per_day": "Runs of flagged rows that meet no labeled event, a day of judged "
    "rows (gaps not counted).",
    "false_alarms_per_week": "The same a week.",
    "roc_auc": "Threshold-free: probability that a labeled row scores above a normal one.",
    "average_precision": "Threshold-free: area under the precision-recall curve; chance reaches "
    "the share of labeled rows.",
    "vus_roc": "Threshold-free: volume under the ROC surface (Paparrizos et al. 2022).",
    "vus_pr": "Threshold-free: volume under the precision-recall surface.",
    "vus_buffer": "Largest buffer of the VUS metrics, in rows: the period of the series by its "
    "autocorrelation, for the system that of the first series. A larger one raises them, also for "
    "detectors that know nothing: compare VUS within one line's buffer only.",
    "point_adjusted_f1": "F1 after counting an event as found whole if one of its rows is flagged. "
    "Random alarms score high on it (Kim et al. 2022): do not quote it alone.",
}
"""What each metric says. NaN where a metric is not defined; threshold-free ones rank |x - mean| in
sigmas, for the system its score, and where any series is flagged the largest over the series."""

SYSTEM_NOTES: Mapping[str, str] = {
    SERIES_F1: "Point-wise F1, mean over the labeled series.",
    SERIES_AVERAGE_PRECISION: "Average precision, mean over the labeled series.",
}

BETTER: Mapping[str, Literal["lower", "neither"]] = {
    "labeled_rows": "neither",
    "flagged_rows": "neither",
    "vus_buffer": "neither",
    "delay_seconds": "lower",
    "false_alarms_per_day": "lower",
    "false_alarms_per_week": "lower",
}
"""Metrics of which more is not better."""

HEADLINES = ("vus_pr", "average_precision", "event_f05_corrected", SERIES_F1)
"""The figures by which the findings compare DC-VAE with the baselines."""


_FIRST = (SERIES_F1, "f1", "event_f05_corrected", "false_alarms_per_week", *HEADLINES[:2])


class Finding(NamedTuple):
    """A plain sentence about a run, and how good or bad the news is."""

    level: Level
    text: str


class Detector(NamedTuple):
    """What a detector said of the judged rows.

    residual: (rows, series) float32, sigmas. flags: (rows, series) bool. score: (rows,) float, how
    severe a row is for the system, NaN where nothing was judged. alarm: (rows,) bool.
    """

    residual: Float32Array
    flags: BoolArray
    score: NDArray[np.floating[Any]]
    alarm: BoolArray


def judge(
    truth: BoolArray,
    alarm: BoolArray,
    score: NDArray[np.floating[Any]],
    *,
    buffer: int,
    step_seconds: float,
) -> dict[str, float]:
    """Compute every metric for one series, or for the system.

    Args:
        truth: (rows,) bool, labels.
        alarm: (rows,) bool, flags.
        score: (rows,) float, the larger the stranger, finite.
        buffer: largest buffer of the VUS metrics, in rows.
        step_seconds: sampling step.

    Returns:
        One number for each key of `METRIC_NOTES`; NaN where a metric is not defined.
    """
    points = metrics.point_wise(truth, alarm)
    ranges = metrics.range_based(truth, alarm)
    events = event_metrics.event_wise(truth, alarm)
    near = event_metrics.affiliation(truth, alarm)
    volume = ranking_metrics.vus(truth, score, buffer)
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
        "delay_seconds": event_metrics.detection_delay(truth, alarm) * step_seconds,
        "false_alarms_per_day": per_day,
        "false_alarms_per_week": 7 * per_day,
        "roc_auc": ranking_metrics.roc_auc(truth, score),
        "average_precision": ranking_metrics.average_precision(truth, score),
        "vus_roc": volume.roc,
        "vus_pr": volume.pr,
        "vus_buffer": float(buffer),
        "point_adjusted_f1": event_metrics.point_adjusted(truth, alarm).f1,
    }


def system_metrics(
    labels: BoolArray, detector: Detector, *, buffer: int, step_seconds: float
) -> dict[str, float]:
    """Judge the system's alarm against "any series labeled"; arguments as of `judge`."""
    return judge(
        np.logical_or.reduce(labels, axis=1),
        detector.alarm,
        _distance(detector.score),
        buffer=buffer,
        step_seconds=step_seconds,
    )


def metrics_table(
    series: Sequence[str],
    labels: BoolArray,
    detector: Detector,
    *,
    buffers: Sequence[int],
    step_seconds: float,
) -> pd.DataFrame:
    """Judge the system and every series.

    Args:
        series: names.
        labels: (rows, series) bool.
        detector: what was said of the same cells.
        buffers: largest buffer of the VUS metrics for each series, in rows; the system takes the
            first.
        step_seconds: sampling step.

    Returns:
        One line for the system, for "any series flagged", for the mean of the series with labeled
        rows (NaN left out), and for each series; the columns are the keys of `METRIC_NOTES`.
    """
    score = _distance(detector.residual)
    single = pd.DataFrame(
        [
            judge(
                labels[:, column],
                detector.flags[:, column],
                score[:, column],
                buffer=buffers[column],
                step_seconds=step_seconds,
            )
            for column in range(len(series))
        ],
        index=list(series),
    )
    published = detector._replace(
        score=score.max(axis=1), alarm=np.logical_or.reduce(detector.flags, axis=1)
    )
    system, any_flag = (
        system_metrics(labels, each, buffer=buffers[0], step_seconds=step_seconds)
        for each in (detector, published)
    )
    mean = single[single["labeled_rows"] > 0].mean()
    head = pd.DataFrame([system, any_flag, dict(mean)], index=[SYSTEM, ANY_FLAG, MEAN])
    return pd.concat([head, single])


def compare(
    labels: BoolArray,
    ours: Detector,
    baselines: Iterable[Baseline],
    judged: Callable[[Baseline], Detector],
    *,
    name: str,
    offline: NDArray[np.floating[Any]] | None,
    buffer: int,
    step_seconds: float,
) -> pd.DataFrame:
    """Judge the model and the baselines as systems, on the same rows by the same metrics.

    Args:
        labels: (rows, series) bool.
        ours: what the model said.
        baselines: fitted detectors.
        judged: what a baseline says of the judged rows, its thresholds found as the model's were.
        name: what the model is called.
        offline: (rows,) the model's offline score, which gets a line with the same alarms; None for
            none.
        buffer: see `judge`.
        step_seconds: sampling step.

    Returns:
        One line a detector, the model first; the system's metrics and the keys of `SYSTEM_NOTES`,
        the most asked-for first.
    """
    lines = {name: _with_series_means(labels, ours, buffer, step_seconds)}
    if offline is not None:
        looking_ahead = ours._replace(score=offline)
        lines[name + LOOKS_AHEAD] = _with_series_means(labels, looking_ahead, buffer, step_seconds)
    for baseline in baselines:
        lines[baseline.name] = _with_series_means(labels, judged(baseline), buffer, step_seconds)
    table = pd.DataFrame.from_dict(lines, orient="index")
    return table[[*_FIRST, *(column for column in table.columns if column not in _FIRST)]]


def comparison_findings(comparison: pd.DataFrame) -> list[Finding]:
    """Say where a baseline is ahead of the model in the headline figures, or that none is.

    Baselines that look ahead are held against the offline line, if there is one. Nothing is said
    of figures that are not defined, and nothing at all where no row is labeled: there whoever is
    silent would be the best.
    """
    ours = str(comparison.index[0])
    ours_offline = ours + LOOKS_AHEAD
    if comparison.loc[ours, "labeled_rows"] == 0:
        return []
    ahead, compared = [], []
    for column in HEADLINES:
        figures = {str(name): float(figure) for name, figure in comparison[column].items()}
        own = figures.pop(ours)
        peers = {False: own, True: figures.pop(ours_offline, own)}
        margins = {
            name: figure - peers[name.endswith(LOOKS_AHEAD)] for name, figure in figures.items()
        }
        best = max(margins, key=lambda name: np.nan_to_num(margins[name], nan=-np.inf))
        if not np.isnan(margins[best]):
            compared.append(title(column))
        if margins[best] > 0:  # never so where either is NaN
            peer = peers[best.endswith(LOOKS_AHEAD)]
            ahead.append(f"{title(column)}: {best} {figures[best]:.3f}, {ours} {peer:.3f}")
    if ahead:
        return [
            Finding(
                "bad",
                f"A simpler detector does better than {ours} on this file. "
                + "; ".join(ahead)
                + ".",
            )
        ]
    if not compared:
        return []
    return [
        Finding(
            "good",
            f"None of the {len(comparison.index.difference([ours, ours_offline]))} baselines does "
            f"better than {ours} in {', '.join(compared)}.",
        )
    ]


def ranking_findings(table: pd.DataFrame, num_rows: int) -> list[Finding]:
    """Say so where the system's scores hardly rank labeled rows above normal ones."""
    line = table.loc[SYSTEM]
    chance = line["labeled_rows"] / num_rows
    if line["labeled_rows"] == 0:
        return [Finding("info", "No judged row is labeled: only false alarms can be counted.")]
    # Twice what chance reaches; where that is out of reach, halfway between chance and perfect.
    if line["average_precision"] < min(2 * chance, (1 + chance) / 2):
        return [
            Finding(
                "bad",
                f"The scores hardly tell labeled rows from normal ones: average precision "
                f"{line['average_precision']:.3f}, where chance reaches {chance:.3f}.",
            )
        ]
    return []


def title(column: str) -> str:
    """Write the name of a metric for people."""
    words = {
        "f1": "F1",
        "f05": "F0.5",
        "roc": "ROC",
        "auc": "AUC",
        "vus": "VUS",
        "pr": "PR",
    }
    text = " ".join(words.get(word, word) for word in column.split("_"))
    text = text.replace("ROC AUC", "ROC-AUC").replace("VUS ", "VUS-")
    return text[0].upper() + text[1:]


def _with_series_means(
    labels: BoolArray, detector: Detector, buffer: int, step_seconds: float
) -> dict[str, float]:
    line = system_metrics(labels, detector, buffer=buffer, step_seconds=step_seconds)
    score = _distance(detector.residual)
    labeled = np.flatnonzero(labels.any(axis=0))
    if len(labeled) == 0:
        return line | {SERIES_F1: float("nan"), SERIES_AVERAGE_PRECISION: float("nan")}
    f1 = [metrics.point_wise(labels[:, c], detector.flags[:, c]).f1 for c in labeled]
    average = [ranking_metrics.average_precision(labels[:, c], score[:, c]) for c in labeled]
    return line | {
        SERIES_F1: float(np.mean(f1)),
        SERIES_AVERAGE_PRECISION: float(np.mean(average)),
    }


def _distance(residual: NDArray[Any]) -> NDArray[Any]:
    """How far each cell or row is from what was expected; where something is missing, not far."""
    distance: NDArray[Any] = np.nan_to_num(np.abs(residual), nan=0.0)
    return distance
