"""The page: one HTML document that shows a judged file, whole, without a network.

``render`` takes plain arrays and tables and knows nothing of models or files. What a browser does
with them is written in ``page_assets/``: page.html is the skeleton, page.css the looks, page.js the
drawing. Text of a user (names of series, findings, settings) never becomes HTML: it travels as JSON
and is put into the page as text.

How numbers travel. A year of 24 series is 2.5 million cells, so a page cannot hold them as text:

* **Points.** A point stands for ``n`` consecutive rows, with ``n`` as small as the size of the page
  allows (1 for most files). It keeps the smallest and the largest value, the smallest lower edge,
  the largest upper edge, and the mean of the expected values: an extreme is never lost.
* **Numbers.** Every channel of a series (value, mean, edges) is stored as 16-bit codes on a range
  of its own, in steps of 1/65,533 of it. So that a single absurd value does not make these steps
  coarse, the range ends 10 spans outside the middle 99 % of the numbers; what lies beyond it is
  kept exactly, in a list beside the codes. See ``_quantized``.
* **Flags and labels.** First and last time of every run, at the resolution of the rows; beyond
  200,000 runs, those of coarser groups of rows.
"""

import base64
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.evaluation.metrics_table import Finding

PAGE_BYTES = 14_400_000  # aimed at; what is only estimated below stays under 15 MB with it
MAX_RUNS = 200_000
MAX_EVENTS = 50_000
HEAT_COLUMNS = 400

MISSING_CODE = -32768
FAR_CODE = 32767
LOWEST_CODE = -32767
STEPS = 65_533  # from LOWEST_CODE to the code before FAR_CODE
SPANS_KEPT = 10.0  # how far the coded range reaches beyond the middle 99 % of the numbers

EVENT_COLUMNS = (
    "event",
    "start",
    "end",
    "peak_time",
    "rows",
    "duration_seconds",
    "peak_strength",
    "direction",
    "series",
)

Float64Array = NDArray[np.float64]
Better = Literal["higher", "lower", "neither"]


@dataclass(frozen=True)
class ReportContent:
    """All that the page shows. Arrays hold the judged rows, in time order.

    Attributes:
        model_name: name of the model.
        data_file: name of the file that was judged.
        series: names of the M series.
        times: (rows,), without a time zone; may have gaps.
        values: (rows, series), data units; NaN where missing.
        level: (series,), data units: what a scaled 0 stands for.
        scale: (series,), data units: what a scaled 1 is wide.
        mean: (rows, series), what the network expects, scaled.
        sigma: (rows, series), its standard deviation, scaled.
        alpha_down: (series,), sigmas below the mean at which the band ends.
        alpha_up: (series,), sigmas above the mean.
        flags: (rows, series), cells outside their band.
        labels: (rows, series), true anomalies; None if none were given.
        events: one row an event: `event` (from 1), `start`, `end`, `peak_time` (timestamps of
            rows), `rows`, `duration_seconds`, `peak_strength` (sigmas beyond the band),
            `direction` ("up" or "down"), `series` (list of names; the one that began it first).
        findings: plain sentences, the most important first.
        summary: names and values.
        losses: rows "training", "validation", "this file"; columns loss, reconst, kl.
        calibration: index k, in sigmas; "promised by a Gaussian" is the share promised outside k
            sigmas, the other columns are shares observed: one a series and "all series together".
        metrics: rows "system alarm", "any series flagged", "mean of labeled series", the series; a
            column a metric; NaN where it is not defined. None without labels.
        metric_notes: a sentence for each column of metrics.
        baselines: a row a detector, the model first; columns as some of metrics.
        threshold_source: a sentence on where the thresholds came from.
        settings: effective settings.
        provenance: versions, hashes, devices; may be nested.
        better: which end of a metric is the good one; "higher" for columns that are not named.
    """

    model_name: str
    data_file: str
    series: Sequence[str]
    times: pd.DatetimeIndex
    values: Float64Array
    level: Float64Array
    scale: Float64Array
    mean: NDArray[np.float32]
    sigma: NDArray[np.float32]
    alpha_down: Float64Array
    alpha_up: Float64Array
    flags: NDArray[np.bool_]
    labels: NDArray[np.bool_] | None
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


def render(content: ReportContent) -> str:
    """Make the page.

    Returns:
        An HTML document that needs nothing else: style, program, plotly.js and data are in it.
        It stays under 15 MB up to some hundred series: points stand for as many rows as that takes.

    Raises:
        ValueError: if the arrays do not fit each other, there is no row, or the events lack a
            column or name an unknown series.
    """
    # Here, because importing the package should not cost the time that plotly takes.
    from plotly.offline import get_plotlyjs

    _check(content)
    page = resources.files("dcvae") / "report" / "page_assets"
    parts = {
        "style": (page / "page.css").read_text(encoding="utf-8"),
        "program": (page / "page.js").read_text(encoding="utf-8"),
        "plotly": get_plotlyjs(),
    }
    skeleton = (page / "page.html").read_text(encoding="utf-8")
    taken = len(skeleton) + sum(len(part.encode()) for part in parts.values())
    parts["data"] = _as_json(_data(content, PAGE_BYTES - taken))
    # One pass over the skeleton: what is put in is never searched for marks.
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], skeleton)


def _data(content: ReportContent, budget: int) -> dict[str, Any]:
    """Collect what page.js reads; the points get what the rest leaves of the budget, in bytes."""
    times = _milliseconds(content.times)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 60_000.0
    data: dict[str, Any] = {
        "model": content.model_name,
        "file": content.data_file,
        "series": list(content.series),
        "rows": len(times),
        "span": [times[0], times[-1]],
        "step": step,
        "flags": _runs(times, content.flags),
        "labels": None if content.labels is None else _runs(times, content.labels),
        "heat": _heat(times, step, content.values, content.flags),
        "bands": [
            [_number(down), _number(up)]
            for down, up in zip(content.alpha_down, content.alpha_up, strict=True)
        ],
        "events": _events(content.events, content.series),
        "findings": [[finding.level, finding.text] for finding in content.findings],
        "summary": [list(pair) for pair in content.summary],
        "losses": _table(content.losses),
        "calibration": _table(content.calibration),
        "metrics": None if content.metrics is None else _table(content.metrics),
        "metric_notes": dict(content.metric_notes),
        "better": dict(content.better),
        "baselines": None if content.baselines is None else _table(content.baselines),
        "threshold_source": content.threshold_source,
        "settings": content.settings,
        "provenance": content.provenance,
    }
    left = budget - len(_as_json(data))
    data["rows_per_point"] = rows_per_point = _rows_per_point(len(times), len(content.series), left)
    starts = np.arange(0, len(times), rows_per_point)
    data["points"] = {
        "times": _packed_times(times[starts]),
        "break_after": _break_after(times[starts], step * rows_per_point),
        "series": [_channels(content, number, starts) for number in range(len(content.series))],
    }
    return data


def _rows_per_point(num_rows: int, num_series: int, budget: int) -> int:
    """Find how many rows a point must stand for so that all points fit into the budget, in bytes.

    One row a point needs four channels of two bytes; several need five, as the smallest and the
    largest value differ. In base64, three bytes become four characters. Every series has its own
    few hundred bytes of frame, and the list of far-out numbers takes at most 16 characters for
    1 % of the numbers.
    """
    frame = 900 * num_series
    each = 2 * 4 / 3 + 0.01 * 16
    if num_rows * (num_series * 4 * each + 8) + frame <= budget:
        return 1
    points = int((budget - frame) / (num_series * 5 * each + 11))
    return max(2, math.ceil(num_rows / max(points, 1)))


def _channels(content: ReportContent, number: int, starts: NDArray[np.int64]) -> dict[str, Any]:
    """Bucket and code one series: only its columns are ever copied to float64.

    Args:
        content: all arrays.
        number: which series, from 0.
        starts: (points,), first row of each point.
    """
    value = np.ascontiguousarray(content.values[:, number])
    level, scale = content.level[number], content.scale[number]
    mean = level + scale * content.mean[:, number].astype(np.float64)
    sigma = scale * content.sigma[:, number].astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # infinite alphas or sigmas: no edge
        lower = mean - content.alpha_down[number] * sigma
        upper = mean + content.alpha_up[number] * sigma
    channels = {"low": value}
    if len(starts) < len(value):
        # fmin and fmax pass over missing values, as long as there is another.
        channels = {
            "low": np.fmin.reduceat(value, starts),
            "high": np.fmax.reduceat(value, starts),
        }
        lower = np.fmin.reduceat(lower, starts)
        upper = np.fmax.reduceat(upper, starts)
        mean = np.add.reduceat(mean, starts) / np.diff(starts, append=len(value))
    channels |= {"mean": mean, "lower": lower, "upper": upper}
    return {name: _quantized(channel) for name, channel in channels.items()}


def _quantized(numbers: Float64Array) -> dict[str, Any]:
    """Code numbers in 16 bits, on a range that outliers do not stretch.

    Returns:
        `codes`, int16 in base64: MISSING_CODE for NaN (and infinities), FAR_CODE for a number
        outside the range, else ``low + (code - LOWEST_CODE) * step``, which is off by at most half
        a step. The numbers outside stand in `far_places` (uint32) and `far_numbers` (float64).
    """
    finite = np.isfinite(numbers)
    known = numbers[finite]
    low = high = 0.0
    if known.size:
        # An order statistic on either side, so that even in a short file one outlier is outside.
        first, last = sorted(
            (
                float(np.quantile(known, 0.005, method="higher")),
                float(np.quantile(known, 0.995, method="lower")),
            )
        )
        margin = SPANS_KEPT * (last - first)
        low = max(float(known.min()), first - margin)
        high = min(float(known.max()), last + margin)
    step = (high - low) / STEPS
    if not math.isfinite(step):  # a range wider than float64 can say
        step = high / STEPS - low / STEPS
    far = finite & ((numbers < low) | (numbers > high))
    codes = np.full(len(numbers), MISSING_CODE, dtype="<i2")
    codes[finite] = LOWEST_CODE
    near = finite & ~far
    if step > 0:
        codes[near] = np.rint((numbers[near] - low) / step).clip(0, STEPS) + LOWEST_CODE
    codes[far] = FAR_CODE
    return {
        "codes": _base64(codes),
        "low": low,
        "step": step,
        "far_places": _base64(np.flatnonzero(far).astype("<u4")),
        "far_numbers": _base64(numbers[far].astype("<f8")),
    }


def _runs(times: Float64Array, marks: NDArray[np.bool_]) -> dict[str, Any]:
    """Write marked cells as runs: first and last time of each.

    Returns:
        `rows`, how many rows the runs are rounded to (1: exact); `series`, one list of pairs each,
        packed; `cells`, how many cells of each series are marked.
    """
    group = 1
    while True:
        runs = [_runs_of(marks[:, number], group) for number in range(marks.shape[1])]
        if sum(len(firsts) for firsts, _ in runs) <= MAX_RUNS or group >= len(times):
            break
        group *= 2
    return {
        "rows": group,
        "cells": [int(count) for count in np.count_nonzero(marks, axis=0)],
        "series": [
            _packed_times(np.stack([times[firsts], times[lasts]], axis=1).ravel())
            for firsts, lasts in runs
        ],
    }


def _runs_of(marks: NDArray[np.bool_], group: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the first and last row of every run, in groups of rows that are marked if one row is."""
    grouped = np.logical_or.reduceat(marks, np.arange(0, len(marks), group))
    change = np.diff(grouped.astype(np.int8), prepend=0, append=0)
    firsts = np.flatnonzero(change == 1) * group
    lasts = np.flatnonzero(change == -1) * group - 1
    return firsts, np.minimum(lasts, len(marks) - 1)


def _heat(
    times: Float64Array, step: float, values: Float64Array, flags: NDArray[np.bool_]
) -> dict[str, Any]:
    """Count flagged and judged cells over stretches of equal time, so that gaps stay empty."""
    steps = (times[-1] - times[0]) / step + 1
    # Whole steps in each stretch: with 3 and 4 rows in turn, the counts would make a pattern.
    width = step * max(1, math.ceil(steps / HEAT_COLUMNS))
    column = ((times - times[0]) / width).astype(np.int64)
    count = int(column[-1]) + 1
    flagged, judged = [], []
    for number in range(values.shape[1]):
        flagged.append(np.bincount(column[flags[:, number]], minlength=count).tolist())
        present = ~np.isnan(values[:, number])
        judged.append(np.bincount(column[present], minlength=count).tolist())
    return {"width": width, "count": count, "flagged": flagged, "judged": judged}


def _events(events: pd.DataFrame, series: Sequence[str]) -> dict[str, Any]:
    """Write events by column; of too many, the strongest, in time order."""
    total = len(events)
    if total > MAX_EVENTS:
        strongest = np.argsort(-events["peak_strength"].to_numpy(), kind="stable")[:MAX_EVENTS]
        events = events.iloc[np.sort(strongest)]
    place = {name: number for number, name in enumerate(series)}
    involved = [[place.get(name, -1) for name in names] for names in events["series"]]
    if any(-1 in numbers for numbers in involved):
        unknown = {name for names in events["series"] for name in names} - set(series)
        raise ValueError(
            "`events` must name series of the report in its column 'series'. "
            f"Received: {sorted(unknown)}."
        )
    strength = events["peak_strength"].astype(float)
    return {
        "total": total,
        "event": [int(number) for number in events["event"]],
        "rows": [int(number) for number in events["rows"]],
        "seconds": [_number(seconds) for seconds in events["duration_seconds"]],
        "strength": [_number(float(f"{number:.4g}")) for number in strength],
        "up": [int(direction == "up") for direction in events["direction"]],
        "series": involved,
    } | {
        key: _packed_times(_milliseconds(pd.DatetimeIndex(events[column])))
        for key, column in (("start", "start"), ("end", "end"), ("peak", "peak_time"))
    }


def _milliseconds(times: pd.DatetimeIndex) -> Float64Array:
    """Give times as JavaScript has them: milliseconds since 1970, to the microsecond."""
    return times.as_unit("us").asi8 / 1000.0


def _packed_times(times: Float64Array) -> dict[str, Any]:
    """Write times as whole numbers of their largest common unit, if they fit 32 bits; base64."""
    if not len(times):
        return {"origin": 0.0, "unit": 1.0, "bits": 32, "numbers": ""}
    origin = float(times.min())
    microseconds = np.rint((times - origin) * 1000.0).astype(np.int64)
    unit = int(np.gcd.reduce(microseconds)) or 1
    units = microseconds // unit
    if units.max() < 2**32:
        return {
            "origin": origin,
            "unit": unit / 1000.0,
            "bits": 32,
            "numbers": _base64(units.astype("<u4")),
        }
    return {"origin": 0.0, "unit": 1.0, "bits": 64, "numbers": _base64(times.astype("<f8"))}


def _break_after(times: Float64Array, usual: float) -> float:
    """Say how far apart two neighboring points may be and still be joined by a line."""
    if len(times) < 2:
        return usual
    distances = np.diff(times)
    # Rows that keep no pace have no gaps to speak of unless these are much longer than the rest.
    irregular = np.mean(distances > 1.5 * usual) > 0.05
    return float(3 * np.quantile(distances, 0.95)) if irregular else 1.5 * usual


def _table(frame: pd.DataFrame) -> dict[str, Any]:
    return {
        "index": [_plain(name) for name in frame.index],
        "columns": [str(name) for name in frame.columns],
        "values": [[_number(cell) for cell in row] for row in frame.to_numpy(dtype=float)],
    }


def _number(number: float) -> float | None:
    """Give a number to JSON, which has no NaN and no infinity."""
    return float(number) if math.isfinite(number) else None


def _base64(array: NDArray[Any]) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")


def _as_json(data: Mapping[str, Any]) -> str:
    """Write JSON that can stand inside a script element: no `<`, so no end tag, only ASCII."""
    return json.dumps(_plain(data), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _plain(value: object) -> Any:
    """Turn whatever settings and provenance hold into what JSON knows; the rest into its text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, Iterable):
        return [_plain(entry) for entry in value]
    return str(value)


def _check(content: ReportContent) -> None:
    rows, series = len(content.times), len(content.series)
    if not rows or not series:
        raise ValueError(
            "The report needs at least one judged row and one series. "
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
