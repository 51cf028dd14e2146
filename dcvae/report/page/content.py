"""Content of the page: arrays and tables of a scored file, which depend on no model and no file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from dcvae._arrays import BoolArray, Float32Array, Float64Array
from dcvae.evaluation import Finding
from dcvae.report.page.other_limits import OtherLimits
from dcvae.report.page.system_score import SystemScore

EVENT_COLUMNS = (
    "event",
    "kind",
    "start",
    "end",
    "alarm_start",
    "alarm_end",
    "ended",
    "times_limit",
    "peak_score",
    "peak_time",
    "rows",
    "duration_seconds",
    "peak_strength",
    "direction",
    "series",
)

Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class ReportContent:
    """The content of the page. Arrays hold the scored rows, in time order.

    Attributes:
        model_name: name of the model.
        data_file: name of the scored file.
        series: names of the M series.
        times: (rows,), without a time zone; may have gaps.
        values: (rows, series) float64, data units; NaN where missing.
        offset: (series,) float64, data units: the mean that was subtracted, a scaled 0.
        scale: (series,) float64, data units: the width of a scaled 1.
        mean: (rows, series) float32, what the network expects, scaled.
        sigma: (rows, series) float32, standard deviation of the band, scaled.
        alpha_down: (series,) float64, width of the band below the mean, in sigmas.
        alpha_up: (series,) float64, width of the band above the mean, in sigmas.
        flags: (rows, series) bool, cells outside their band.
        labels: (rows, series) bool, true anomalies; None without labels.
        score: the score of the system, its limit and its states.
        events: one row per event: `event` (from 1), `kind`, `start`, `end`, `alarm_start`,
            `alarm_end`, `peak_time` (timestamps of rows), `ended` (why the alarm did), `rows`,
            `duration_seconds`, `times_limit` and `peak_score` (as `score`; may be NaN),
            `peak_strength` (sigmas), `direction` ("up" or "down"), `series` (list of names; the one
            that began it first).
        findings: findings, the most severe first.
        summary: names and values.
        losses: rows "training", "validation", "this file"; columns loss, reconst, kl; nats.
        calibration: index k, in sigmas; "promised by a Gaussian" is a Gaussian's share outside k
            sigmas, the other columns are shares observed: one per series and "all series together".
        metrics: rows "system alarm", "any series flagged", "mean of labeled series", the series;
            one column per metric; NaN where it is not defined. None without labels.
        metric_notes: one sentence per column of metrics.
        baselines: one row per detector, the model first; columns as some of metrics.
        threshold_source: a sentence on the data that the thresholds were fitted to.
        settings: effective settings.
        provenance: versions, hashes, devices; may be nested.
        better: the better direction of a metric; "higher" for columns that are not named.
        verdict: what happened, when and where, in one sentence; "" for a short one made here.
        titles: names of the series to show; () for their own.
        units: units of the series, "" for none; () for none at all.
        event_series: one row per event and series: `event`, `series`, `actual` and `expected` (data
            units; NaN where not known); None where it is not known of any.
        other_limits: what other limits would have raised; None where there is no limit to move.
        row_times: times of all rows of the data file, for labels of them; None if not known.
        resampled_seconds: what a row of the page lasts, where it was made of several of the file;
            0 otherwise.
    """

    model_name: str
    data_file: str
    series: Sequence[str]
    times: pd.DatetimeIndex
    values: Float64Array
    offset: Float64Array
    scale: Float64Array
    mean: Float32Array
    sigma: Float32Array
    alpha_down: Float64Array
    alpha_up: Float64Array
    flags: BoolArray
    labels: BoolArray | None
    score: SystemScore
    events: pd.DataFrame
    findings: Sequence[Finding]
    summary: Sequence[tuple[str, str]]
    losses: pd.DataFrame
    calibration: pd.DataFrame
    metrics: pd.DataFrame | None
    metric_notes: Mapping[str, str]
    baselines: pd.DataFrame | None
    threshold_source: str
    settings: Mapping[str, object]
    provenance: Mapping[str, object]
    better: Mapping[str, Better] = field(default_factory=dict)
    verdict: str = ""
    titles: Sequence[str] = ()
    units: Sequence[str] = ()
    event_series: pd.DataFrame | None = None
    other_limits: OtherLimits | None = None
    row_times: pd.DatetimeIndex | None = None
    resampled_seconds: float = 0.0


def check_content(content: ReportContent) -> None:
    """Refuse a content whose parts do not fit.

    Raises:
        ValueError: shapes of arrays differ, there is no row, or the events lack a column.
    """
    rows, series = len(content.times), len(content.series)
    if not rows or not series:
        raise ValueError(
            "The report needs at least one scored row and one series. "
            f"Received: {rows} rows, {series} series."
        )
    arrays = {
        name: getattr(content, name) for name in ("values", "mean", "sigma", "flags", "labels")
    }
    for name, array in arrays.items():
        if array is not None and array.shape != (rows, series):
            raise ValueError(
                f"`{name}` must be (rows, series), here {(rows, series)}. "
                f"Received: shape {array.shape}."
            )
    if content.score.score.shape != (rows,):
        shape = content.score.score.shape
        raise ValueError(f"`score` must have {rows} rows. Received: shape {shape}.")
    limits = content.other_limits
    if limits is not None and limits.alarms.shape != (rows, len(limits.limits)):
        shape = limits.alarms.shape
        raise ValueError(f"`other_limits` must have {rows} rows. Received: alarms of {shape}.")
    for name in ("titles", "units"):
        given = len(getattr(content, name))
        if given not in (0, series):
            raise ValueError(f"`{name}` must have {series} entries or none. Received: {given}.")
    for name in ("alpha_down", "alpha_up"):
        shape = getattr(content, name).shape
        if shape != (series,):
            raise ValueError(f"`{name}` must have {series} entries. Received: shape {shape}.")
    missing = [column for column in EVENT_COLUMNS if column not in content.events.columns]
    if missing:
        raise ValueError(
            f"`events` must have the columns {', '.join(EVENT_COLUMNS)}. "
            f"Received no {', '.join(missing)}."
        )
