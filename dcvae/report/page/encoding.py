"""Encoding of numbers in the page: 16-bit codes, packed times, runs, and JSON.

A year of 24 series is 2.5 million cells, so a page cannot hold them as text:

* **Points.** A point stands for `n` consecutive rows, with `n` as small as the size of the page
  allows (1 for most files). It keeps the smallest and the largest value, the smallest lower edge,
  the largest upper edge, and the mean of the expected values: an extreme is never lost.
* **Numbers.** Every channel of a series (value, mean, edges) is stored as 16-bit codes on a range
  of its own, in steps of 1/65,533 of it. So that a single far-out value does not make these steps
  coarse, the range ends 10 spans outside the middle 99 % of the numbers; numbers beyond it are kept
  exactly, in a list beside the codes. See `quantized`.
* **Flags and labels.** First and last time of every run, at the resolution of the rows; beyond
  200,000 runs, those of coarser groups of rows.

In the browser, page_assets/shared/decode.js turns all of it back into numbers.
"""

import base64
import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae._arrays import AnyArray, BoolArray, Float64Array

MAX_RUNS = 200_000

MISSING_CODE = -32768
FAR_CODE = 32767
LOWEST_CODE = -32767
STEPS = 65_533  # from LOWEST_CODE to the code before FAR_CODE
SPANS_KEPT = 10.0  # reach of the coded range beyond the middle 99 % of the numbers, in their span
LARGEST_CODED = 8e307  # the range ends here too, or it were wider than float64 can say


def rows_per_point(num_rows: int, num_series: int, budget: int) -> int:
    """Return how many rows a point must stand for so that all points fit into the budget.

    One row per point needs four channels of two bytes; several need five, as the smallest and the
    largest value differ. In base64, three bytes become four characters. Every series has its own
    few hundred bytes of frame, and the list of far-out numbers takes at most 16 characters for
    1 % of the numbers.

    Args:
        num_rows: rows of the file.
        num_series: series of the file.
        budget: bytes that the points may take.

    Examples:
        >>> rows_per_point(num_rows=10_000, num_series=10, budget=10_000_000)
        1
        >>> rows_per_point(num_rows=105_120, num_series=24, budget=10_000_000)  # a year, 5 minutes
        4
    """
    frame = 900 * num_series
    each = 2 * 4 / 3 + 0.01 * 16
    if num_rows * (num_series * 4 * each + 8) + frame <= budget:
        return 1
    points = int((budget - frame) / (num_series * 5 * each + 11))
    return max(2, math.ceil(num_rows / max(points, 1)))


def quantized(numbers: Float64Array) -> dict[str, Any]:
    """Code numbers in 16 bits, on a range that outliers do not stretch.

    Args:
        numbers: (points,) float64, one channel of a series in data units; NaN where there is none.

    Returns:
        `codes`, int16 in base64: MISSING_CODE for NaN (and infinities), FAR_CODE for a number
        outside the range, else `low + (code - LOWEST_CODE) * step`, which is off by at most half
        a step. The numbers outside stand in `far_places` (uint32) and `far_numbers` (float64).

    Examples:
        >>> coded = quantized(np.array([0.0, np.nan, 1.0]))
        >>> codes = np.frombuffer(base64.b64decode(coded["codes"]), dtype="<i2")
        >>> codes.tolist()
        [-32767, -32768, 32766]
        >>> coded["low"] + (int(codes[2]) - LOWEST_CODE) * coded["step"]
        1.0
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
        low = max(float(known.min()), first - margin, -LARGEST_CODED)
        high = min(float(known.max()), last + margin, LARGEST_CODED)
    step = max(high - low, 0.0) / STEPS
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


def milliseconds(times: pd.DatetimeIndex) -> Float64Array:
    """Return times as JavaScript has them: milliseconds since 1970, to the microsecond.

    Examples:
        >>> milliseconds(pd.DatetimeIndex(["1970-01-01 00:00:01.5"]))
        array([1500.])
    """
    return times.as_unit("us").asi8 / 1000.0


def packed_times(times: Float64Array) -> dict[str, Any]:
    """Encode times as whole numbers of their largest common unit, if they fit 32 bits; base64.

    Args:
        times: (times,) float64, milliseconds since 1970, in any order.

    Returns:
        `numbers`, in base64: uint32 if `bits` is 32, float64 if it is 64. A time is `origin +
        number * unit`, in milliseconds.

    Examples:
        >>> packed = packed_times(np.array([60_000.0, 360_000.0, 960_000.0]))
        >>> packed["origin"], packed["unit"]
        (60000.0, 300000.0)
        >>> np.frombuffer(base64.b64decode(packed["numbers"]), dtype="<u4").tolist()
        [0, 1, 3]
    """
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


def row_times(times: Float64Array) -> dict[str, Any]:
    """Encode ascending times of rows: as runs of regular steps, or one by one if that is shorter.

    Args:
        times: (rows,) float64, milliseconds since 1970.

    Returns:
        `runs`, a list of first time, step (both in whole microseconds) and number of rows; or what
        `packed_times` returns.

    Examples:
        >>> row_times(np.array([0.0, 60.0, 120.0, 180.0, 1000.0]))
        {'runs': [[0, 60000, 4], [1000000, 0, 1]]}
    """
    microseconds = np.rint(times * 1000.0).astype(np.int64)
    found: list[list[int]] = []
    row = 0
    steps = np.diff(microseconds)
    changes = np.append(np.flatnonzero(np.diff(steps)) + 1, len(steps))
    while row < len(times):
        if row == len(steps):
            found.append([int(microseconds[row]), 0, 1])
            break
        last = int(changes[np.searchsorted(changes, row, side="right")])
        found.append([int(microseconds[row]), int(steps[row]), last - row + 1])
        row = last + 1
        if 8 * len(found) > len(times) + 64:
            return packed_times(times)
    return {"runs": found}


def break_after(times: Float64Array, usual: float) -> float:
    """Return the distance of two neighboring points beyond which no line joins them.

    Args:
        times: (points,) float64, milliseconds, ascending.
        usual: distance of two points without a gap, in milliseconds.

    Returns:
        The distance, in milliseconds.

    Examples:
        >>> break_after(np.array([0.0, 60.0, 120.0, 600.0]), usual=60.0) > 480  # no usual pace
        True
        >>> break_after(np.arange(100.0) * 60, usual=60.0)
        90.0
    """
    if len(times) < 2:
        return usual
    distances = np.diff(times)
    # Among uneven steps, only those much longer than the rest are gaps.
    irregular = np.mean(distances > 1.5 * usual) > 0.05
    return float(3 * np.quantile(distances, 0.95)) if irregular else 1.5 * usual


def runs(times: Float64Array, marks: BoolArray, most: int | None = None) -> dict[str, Any]:
    """Encode marked cells as runs: first and last time of each.

    Args:
        times: (rows,) float64, milliseconds, ascending.
        marks: (rows, series) bool, the cells to encode.
        most: how many runs to encode at most; None for `MAX_RUNS`.

    Returns:
        `rows`, the number of rows that runs are rounded to (1: exact); `series`, packed pairs of
        times per series; `cells`, the number of marked cells per series.

    Examples:
        >>> marks = np.array([[True], [True], [False], [True]])
        >>> runs(np.arange(4) * 1000.0, marks)["cells"]
        [3]
    """
    group = 1
    while True:
        found = [_runs_of(marks[:, number], group) for number in range(marks.shape[1])]
        if sum(len(first) for first, _ in found) <= (most or MAX_RUNS) or group >= len(times):
            break
        group *= 2
    return {
        "rows": group,
        "cells": [int(count) for count in np.count_nonzero(marks, axis=0)],
        "series": [
            packed_times(np.stack([times[firsts], times[lasts]], axis=1).ravel())
            for firsts, lasts in found
        ],
    }


def _runs_of(marks: BoolArray, group: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Find the first and last row of every run, in groups of rows that are marked if one row is."""
    grouped = np.logical_or.reduceat(marks, np.arange(0, len(marks), group))
    change = np.diff(grouped.astype(np.int8), prepend=0, append=0)
    firsts = np.flatnonzero(change == 1) * group
    lasts = np.flatnonzero(change == -1) * group - 1
    return firsts, np.minimum(lasts, len(marks) - 1)


def table(frame: pd.DataFrame) -> dict[str, Any]:
    """Encode a table of numbers: `index`, `columns`, and `values`, one list per row."""
    return {
        "index": [_plain(name) for name in frame.index],
        "columns": [str(name) for name in frame.columns],
        "values": [[number_or_none(cell) for cell in row] for row in frame.to_numpy(dtype=float)],
    }


def number_or_none(number: float) -> float | None:
    """Return a number for JSON, which has no NaN and no infinity: None in their place."""
    return float(number) if math.isfinite(number) else None


def as_json(data: Mapping[str, Any]) -> str:
    """Return JSON that can stand in a script element: no `<`, so no end tag, and only ASCII.

    Examples:
        >>> as_json({"name": "</script>"})
        '{"name":"\\\\u003c/script>"}'
    """
    return json.dumps(_plain(data), allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _plain(value: object) -> Any:
    """Convert values of settings and provenance to types of JSON, others to their text."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (set, frozenset)):
        # Their order changes from run to run, which the bytes of a page must not.
        return sorted((_plain(entry) for entry in value), key=json.dumps)
    if isinstance(value, Iterable):
        return [_plain(entry) for entry in value]
    return str(value)


def _base64(array: AnyArray) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")
