"""Data of the page: what its program reads as JSON, with points as fine as its size allows."""

import math
from typing import Any

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float64Array, IntArray
from dcvae._text import duration
from dcvae.detection import order_of_call
from dcvae.report.page import encoding, words
from dcvae.report.page.content import ReportContent

PAGE_BYTES = 9_600_000  # target; what is only estimated below stays under 10 MB with it
MAX_EVENTS = 50_000
HEAT_COLUMNS = 400
MOST_UNEVEN_ROWS = 200_000  # of a file whose rows can be labeled: a megabyte of times
_NO_LABEL_ROWS = "Labels cannot be exported: the times of the file's rows are not known."
_UNEVEN_LABEL_ROWS = "Labels cannot be exported: the file has too many rows at uneven times."
MOST_MEASURED = 20_000  # values of series in events, beside the one of the series that began each


def page_data(content: ReportContent, budget: int) -> dict[str, Any]:
    """Collect the data that data.js reads; points get what is left of the budget, in bytes."""
    times = encoding.milliseconds(content.times)
    step = float(np.median(np.diff(times))) if len(times) > 1 else 60_000.0
    scored = len(times) - int(np.count_nonzero(content.score.not_judged))
    limits = content.other_limits
    expects = bool(np.isfinite(content.mean).any())  # not every detector expects values
    data: dict[str, Any] = {
        "model": content.model_name,
        "file": content.data_file,
        "verdict": content.verdict or words.verdict_words(len(content.events), len(times), scored),
        "series": list(content.series),
        "titles": list(content.titles or content.series),
        "units": list(content.units or [""] * len(content.series)),
        "rows": len(times),
        "span": [times[0], times[-1]],
        "step": step,
        "expects": expects,
        "has_bands": bool(np.isfinite(content.sigma).any()),  # nor has each that does a spread
        "flags": encoding.runs(times, content.flags),
        "labels": None if content.labels is None else encoding.runs(times, content.labels),
        "heat": _heat(times, step, content.values, content.flags),
        "bands": [
            [encoding.number_or_none(down), encoding.number_or_none(up)]
            for down, up in zip(content.alpha_down, content.alpha_up, strict=True)
        ],
        "events": _events(content),
        "other_limits": None if limits is None else limits.encoded(times),
        "no_other_limits": ""
        if limits is not None
        else "There is no limit to move: the series decide whether there is an alarm.",
        "label_rows": _label_rows(content),
        "no_label_rows": _NO_LABEL_ROWS if content.row_times is None else _UNEVEN_LABEL_ROWS,
        "findings": [[finding.severity, finding.text] for finding in content.findings],
        "summary": [list(pair) for pair in content.summary],
        "fit_words": words.fit_words(content.losses) if expects else words.NOTHING_EXPECTED,
        "losses_words": words.losses_words(content.losses),
        "losses": encoding.table(content.losses),
        "calibration": encoding.table(content.calibration),
        "metrics": None if content.metrics is None else encoding.table(content.metrics),
        "metric_notes": dict(content.metric_notes),
        "better": dict(content.better),
        "baselines": None if content.baselines is None else encoding.table(content.baselines),
        "threshold_source": content.threshold_source,
        "settings": content.settings,
        "provenance": content.provenance,
    }
    left = budget - len(encoding.as_json(data))
    data["rows_per_point"] = rows_per_point = encoding.rows_per_point(
        len(times),
        1 + len(content.series),
        left,  # the score of the system is like another series
    )
    starts = np.arange(0, len(times), rows_per_point)
    data["score"] = content.score.encoded(times, starts)
    data["points"] = {
        "times": encoding.row_times(times[starts]),
        "break_after": encoding.break_after(times[starts], step * rows_per_point),
        "series": [_channels(content, number, starts) for number in range(len(content.series))],
    }
    return data


def _label_rows(content: ReportContent) -> dict[str, Any] | None:
    """Encode the times of all rows of the file, for labels that the commands take."""
    if content.row_times is None:
        return None
    rows = encoding.row_times(encoding.milliseconds(content.row_times))
    if "runs" not in rows and len(content.row_times) > MOST_UNEVEN_ROWS:
        return None
    return {
        "time_name": content.times.name or "time",
        "rows": rows,
        # Local times were turned into UTC, and labels are read with the same settings.
        "suffix": "Z" if content.settings.get("time_zone") else "",
        "reach": content.resampled_seconds * 1000.0,
    }


def _channels(content: ReportContent, number: int, starts: IntArray) -> dict[str, Any]:
    """Encode the channels of one series; only its columns are ever copied to float64.

    Args:
        content: all arrays.
        number: number of the series, from 0.
        starts: (points,) int64, first row of each point.
    """
    value = np.ascontiguousarray(content.values[:, number])
    offset, scale = content.offset[number], content.scale[number]
    mean = offset + scale * content.mean[:, number].astype(np.float64)
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
    return {name: encoding.quantized(channel) for name, channel in channels.items()}


def _heat(
    times: Float64Array, step: float, values: Float64Array, flags: BoolArray
) -> dict[str, Any]:
    """Count flagged and observed cells over stretches of equal time, so that gaps stay empty."""
    steps = (times[-1] - times[0]) / step + 1
    # Whole steps in each stretch: with 3 and 4 rows in turn, the counts would show a pattern.
    width = step * max(1, math.ceil(steps / HEAT_COLUMNS))
    column = ((times - times[0]) / width).astype(np.int64)
    count = int(column[-1]) + 1
    flagged, observed = [], []
    for number in range(values.shape[1]):
        flagged.append(np.bincount(column[flags[:, number]], minlength=count).tolist())
        present = ~np.isnan(values[:, number])
        observed.append(np.bincount(column[present], minlength=count).tolist())
    return {
        "width": width,
        "lasts": duration(width / 1000.0),
        "count": count,
        "flagged": flagged,
        "judged": observed,
    }


def _events(content: ReportContent) -> dict[str, Any]:
    """Encode events by column; of too many, the strongest, in time order."""
    events, series, total = content.events, content.series, len(content.events)
    if total > MAX_EVENTS:
        events = events.iloc[np.sort(order_of_call(events)[:MAX_EVENTS])]
    place = {name: number for number, name in enumerate(series)}
    involved = [[place.get(name, -1) for name in names] for names in events["series"]]
    if any(-1 in numbers for numbers in involved):
        unknown = {name for names in events["series"] for name in names} - set(series)
        raise ValueError(
            "`events` must name series of the report in its column 'series'. "
            f"Received: {sorted(unknown)}."
        )
    return {
        "total": total,
        "event": [int(number) for number in events["event"]],
        "order": [int(row) for row in order_of_call(events)] if total else [],
        "kind": _named(events["kind"]),
        "ended": _named(events["ended"]),
        "rows": [int(number) for number in events["rows"]],
        "seconds": [encoding.number_or_none(seconds) for seconds in events["duration_seconds"]],
        "duration": _named(
            pd.Series([duration(seconds) for seconds in events["duration_seconds"]], dtype=object)
        ),
        "score": _rounded(events["peak_score"]),
        "strength": _rounded(events["peak_strength"]),
        "up": [int(direction == "up") for direction in events["direction"]],
        "series": involved,
        # The strongest cell may be of another series than the one that began the event.
        "peak": [place[name] for name in events["peak_series"]]
        if "peak_series" in events.columns
        else [numbers[0] for numbers in involved],
        "measured": _measured(content, events, involved),
    } | {
        column: encoding.packed_times(encoding.milliseconds(pd.DatetimeIndex(events[column])))
        for column in ("start", "end", "peak_time", "alarm_start", "alarm_end")
    }


def _measured(
    content: ReportContent, events: pd.DataFrame, involved: list[list[int]]
) -> list[list[list[str]]]:
    """Write, per event and series of it, what was measured and what was expected.

    Of many events with many series, only what the series that began each did.
    """
    lines = content.event_series
    if lines is None or "actual" not in lines.columns:
        return [[] for _ in involved]
    values = {
        (int(event), str(name)): (float(actual), float(expected))
        for event, name, actual, expected in zip(
            *(lines[column] for column in ("event", "series", "actual", "expected")), strict=True
        )
    }
    if "actual" in events.columns:  # of where it began
        values |= {
            (int(event), str(name)): (float(actual), float(expected))
            for event, name, actual, expected in zip(
                *(events[column] for column in ("event", "began_with", "actual", "expected")),
                strict=True,
            )
        }
    many = sum(map(len, involved)) > MOST_MEASURED
    units = content.units or [""] * len(content.series)
    unknown = (math.nan, math.nan)
    return [
        [
            words.measured_words(
                values.get((int(event), content.series[number]), unknown), units[number]
            )
            for number in (numbers[:1] if many else numbers)
        ]
        for event, numbers in zip(events["event"], involved, strict=True)
    ]


def _rounded(numbers: pd.Series) -> list[float | None]:
    """Encode numbers with four digits, None for NaN."""
    return [encoding.number_or_none(float(f"{number:.4g}")) for number in numbers.astype(float)]


def _named(texts: pd.Series) -> dict[str, Any]:
    """Encode texts of which there are few: each once, and which of them each line has."""
    names = sorted(set(texts))
    place = {name: number for number, name in enumerate(names)}
    return {"names": names, "places": [place[text] for text in texts]}
