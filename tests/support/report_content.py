"""Made-up contents for the report: daily cycles, noise, events, and whatever a test changes."""

from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from dcvae.evaluation import Finding
from dcvae.report import ReportContent
from dcvae.report.page import OtherLimits, SystemScore

NAMES = (
    "cpu_load",
    "memory_used",
    "disk_read",
    "disk_write",
    "network_in",
    "network_out",
    "requests_per_second",
    "response_time_95",
    "queue_length",
    "errors",
    "connections_of_the_load_balancer_in_the_second_availability_zone",
    "temperature",
)
SIGMAS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0)
NO_EVENTS = pd.DataFrame(
    {
        "event": [],
        "kind": [],
        "start": pd.DatetimeIndex([]),
        "end": pd.DatetimeIndex([]),
        "alarm_start": pd.DatetimeIndex([]),
        "alarm_end": pd.DatetimeIndex([]),
        "ended": [],
        "times_limit": [],
        "peak_score": [],
        "peak_time": pd.DatetimeIndex([]),
        "rows": [],
        "duration_seconds": [],
        "peak_strength": [],
        "direction": [],
        "series": [],
    }
)
METRIC_NOTES = {
    "precision": "Of the cells that were flagged, the share that is labeled.",
    "recall": "Of the cells that are labeled, the share that was flagged.",
    "F1": "Harmonic mean of precision and recall.",
    "event F0.5": "The same over whole events, precision counting twice as much.",
    "average precision": "Area under precision over recall, for all thresholds.",
    "VUS-PR": "The same, over tolerances in time.",
    "ROC-AUC": "Chance that a labeled cell has a higher score than another.",
    "delay": "Median time from the beginning of a labeled stretch to its first flag, in minutes.",
    "false alarms a day": "Alarms outside all labeled stretches.",
}


def content(num_rows: int, num_series: int, num_events: int = 0, seed: int = 0) -> ReportContent:
    """Make a plausible report of 5-minute rows: flags, events and labels agree with the values."""
    random = np.random.default_rng(seed)
    series = [NAMES[i] if i < len(NAMES) else f"sensor_{i}" for i in range(num_series)]
    times = pd.date_range("2024-03-01 00:35", periods=num_rows, freq="5min")
    day = 2 * np.pi * np.arange(num_rows)[:, None] / 288
    phase = random.uniform(0, 6, num_series)
    scale = 10.0 ** random.integers(-1, 4, num_series)
    busy = 1.3 + np.sin(day + phase) + 0.3 * np.sin(7 * day / 7 + phase) * np.sin(day / 7)
    mean = (scale * (4 + busy)).astype(np.float32)
    sigma = (scale * (0.12 + 0.06 * busy)).astype(np.float32)
    values = mean + sigma * random.normal(size=(num_rows, num_series)) * 1.1
    labels = np.zeros((num_rows, num_series), dtype=bool)
    for _ in range(num_events):
        length = int(min(random.integers(1, 60), num_rows))
        start = int(random.integers(0, num_rows - length + 1))
        touched = random.choice(num_series, size=random.integers(1, 4).clip(max=num_series))
        side = random.choice([-1, 1])
        for delay, number in enumerate(touched):
            rows = slice(start + delay, start + length)
            values[rows, number] += side * sigma[rows, number] * random.uniform(5, 12)
            labels[rows, number] |= random.random() < 0.8
    values[random.random(values.shape) < 0.002] = np.nan
    alpha = np.full(num_series, 4.5)
    with np.errstate(invalid="ignore"):
        residual = (values - mean) / sigma
        flags = np.abs(residual) > alpha
    events = events_of(times, residual, flags, alpha, series)
    score = score_of(residual, events, times)
    return ReportContent(
        model_name="sample",
        data_file="servers_2024.csv",
        series=series,
        times=times,
        values=values,
        offset=np.zeros(num_series),
        scale=np.ones(num_series),
        mean=mean,
        sigma=sigma,
        alpha_down=alpha,
        alpha_up=alpha + 0.0,
        flags=flags,
        labels=labels,
        score=score,
        events=events,
        findings=[
            Finding("bad", "Isolation forest beats DC-VAE: event F1 0.41 against 0.33."),
            Finding("warning", "5 % of the cells lie outside 2 sigmas; a Gaussian promises 4.6 %."),
            Finding("info", "Alphas were chosen with the labels of another file, labels_val.csv."),
            Finding("good", "The loss of this file, 0.42, is close to that of validation, 0.40."),
        ],
        summary=[
            ("Judged rows", f"{num_rows:,}"),
            ("Series", str(num_series)),
            ("Flagged cells", f"{int(flags.sum()):,} ({flags.mean():.2%})"),
            ("Missing cells", f"{int(np.isnan(values).sum()):,}"),
            ("Sampling step", "5 minutes"),
            ("Rows of a window", "128"),
            ("Model trained", "2024-02-27, 38 epochs"),
            ("Device", "CPU"),
        ],
        losses=pd.DataFrame(
            {
                "loss": [0.3812, 0.4021, 0.4187],
                "reconst": [0.3511, 0.37, 0.388],
                "kl": [0.03, 0.032, 0.031],
            },
            index=["training", "validation", "this file"],
        ),
        calibration=calibration_of(residual, series),
        metrics=metrics_of(series, random),
        metric_notes=METRIC_NOTES,
        baselines=metrics_of(
            [
                "always",
                "never",
                "random",
                "z-score",
                "persistence",
                "PCA",
                "isolation forest",
                "k-means windows",
            ],
            random,
            first="DC-VAE",
            last=None,
        ),
        threshold_source="The alphas were chosen on labels_val.csv, not on this file.",
        settings={"model_name": "sample", "T": 128, "cnn_units": [16, 16, 16], "J": 4, "lr": 1e-3},
        provenance={
            "dcvae": "0.1.0",
            "packages": {"keras": "3.15.0", "numpy": np.float64(2.3)},
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "notes": [],
        },
        better={"delay": "lower", "false alarms a day": "lower"},
        event_series=event_series_of(times, values, mean, events, series),
        other_limits=other_limits_of(score),
        row_times=times,
    )


def score_of(residual: np.ndarray, events: pd.DataFrame, times: pd.DatetimeIndex) -> SystemScore:
    """Make a score of the largest residual; the system is in alarm as its events say."""
    rows = len(residual)
    score = np.fmax.reduce(np.abs(residual), axis=1) / 4.5
    not_judged = np.isnan(score)
    alarm = np.zeros(rows, dtype=bool)
    firsts, lasts = (times.get_indexer(events[name]) for name in ("alarm_start", "alarm_end"))
    for first, last in zip(firsts, lasts, strict=True):
        alarm[first : last + 1] = True
    not_judged |= (np.arange(rows) < rows // 20) & ~np.maximum.accumulate(alarm)
    score[not_judged] = np.nan
    reference = np.where(not_judged, np.nan, 1.0 + np.arange(rows) // 500 % 3)
    return SystemScore(
        score=score,
        reference=reference,
        alarm=alarm & ~not_judged,
        not_judged=not_judged,
        limit=1.0,
        lower=0.8,
        unit="times its recent level",
        note="Each series is judged against its own last 288 rows (1 day).",
    )


def other_limits_of(score: SystemScore) -> OtherLimits:
    """Compare the score with three limits, row by row."""
    limits = np.array([0.5, 1.0, 2.0])
    with np.errstate(invalid="ignore"):
        alarms = score.score[:, np.newaxis] > limits
    alarms[:, 1] = score.alarm
    return OtherLimits(limits, alarms, 1)


def event_series_of(
    times: pd.DatetimeIndex,
    values: np.ndarray,
    mean: np.ndarray,
    events: pd.DataFrame,
    series: list[str],
) -> pd.DataFrame:
    """Take values and means of the row of each event's peak."""
    rows = times.get_indexer(events["peak_time"])
    lines = [
        (number, name, values[row, series.index(name)], float(mean[row, series.index(name)]))
        for number, row, names in zip(events["event"], rows, events["series"], strict=True)
        for name in names
    ]
    return pd.DataFrame(lines, columns=["event", "series", "actual", "expected"])


def events_of(
    times: pd.DatetimeIndex,
    residual: np.ndarray,
    flags: np.ndarray,
    alpha: np.ndarray,
    series: list[str],
    apart: int = 4,
) -> pd.DataFrame:
    """Join flagged rows that are less than `apart` rows apart."""
    rows = np.flatnonzero(flags.any(axis=1))
    if not len(rows):
        return NO_EVENTS
    events = []
    for stretch in np.split(rows, np.flatnonzero(np.diff(rows) >= apart) + 1):
        first, last = int(stretch[0]), int(stretch[-1])
        cells = np.where(flags[first : last + 1], residual[first : last + 1], 0.0)
        peak, number = np.unravel_index(np.abs(cells).argmax(), cells.shape)
        involved = [int(i) for i in np.flatnonzero(cells.any(axis=0))]
        involved.sort(key=lambda i: int(np.flatnonzero(cells[:, i])[0]))
        events.append(
            {
                "event": len(events) + 1,
                "kind": "level shift" if len(events) % 7 == 3 else "incident",
                "start": times[first],
                "end": times[last],
                "alarm_start": times[min(first + 1, last)],
                "alarm_end": times[min(last + 3, len(times) - 1)],
                "ended": "taken for the new normal" if len(events) % 7 == 3 else "calm again",
                "times_limit": float(np.abs(cells[peak, number]) / alpha[number]),
                "peak_score": float(np.abs(cells[peak, number]) / alpha[number]),
                "peak_time": times[first + peak],
                "rows": last - first + 1,
                "duration_seconds": (last - first + 1) * 300.0,
                "peak_strength": float(np.abs(cells[peak, number]) - alpha[number]),
                "direction": "up" if cells[peak, number] > 0 else "down",
                "series": [series[i] for i in involved],
            }
        )
    return pd.DataFrame(events)


def calibration_of(residual: np.ndarray, series: list[str]) -> pd.DataFrame:
    columns: dict[str, list[float]] = {
        "promised by a Gaussian": [2 * NormalDist().cdf(-k) for k in SIGMAS],
    }
    for number, name in enumerate(series):
        present = residual[~np.isnan(residual[:, number]), number]
        columns[name] = [float(np.mean(np.abs(present) > k)) for k in SIGMAS]
    present = residual[~np.isnan(residual)]
    columns["all series together"] = [float(np.mean(np.abs(present) > k)) for k in SIGMAS]
    return pd.DataFrame(columns, index=pd.Index(SIGMAS))


def metrics_of(
    names: list[str],
    random: np.random.Generator,
    first: str = "system alarm",
    last: str | None = "mean of labeled series",
) -> pd.DataFrame:
    index = [first, *names, *([] if last is None else [last])]
    frame = pd.DataFrame(
        random.uniform(0, 1, (len(index), len(METRIC_NOTES))), index=index, columns=[*METRIC_NOTES]
    )
    frame["delay"] *= 90
    frame["false alarms a day"] *= 7
    frame.iloc[2, :4] = np.nan
    return frame


def changed(made: ReportContent, **fields: Any) -> ReportContent:
    return replace(made, **fields)
