"""Array types, runs of True in a mask, overlaps of runs, and checks of arguments.

A run is half-open, `start <= row < stop`. Nothing loops over rows or over runs.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]


Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
AnyFloatArray = npt.NDArray[np.floating[Any]]
AnyArray = npt.NDArray[Any]
Tensor = Any  # of whatever backend Keras runs on


class Segments(NamedTuple):
    """Uninterrupted runs of rows, in time order, half-open.

    Attributes:
        starts: (segments,) int64, the first row of each run.
        stops: (segments,) int64, the row after the last one of each run.

    Examples:
        >>> import numpy as np
        >>> from dcvae.metrics import segments
        >>> runs = segments(np.array([0, 1, 1, 0, 1]) == 1)
        >>> runs.stops - runs.starts  # rows of each run
        array([2, 1])
    """

    starts: IntArray
    stops: IntArray


def segments(mask: BoolArray) -> Segments:
    """Find the uninterrupted runs of True in a mask.

    Args:
        mask: (rows,) bool.

    Returns:
        Segments in time order; `mask[start:stop]` is True and both neighbors are not.

    Raises:
        ValueError: the mask is not one-dimensional or not bool.

    Examples:
        >>> import numpy as np
        >>> from dcvae.metrics import segments
        >>> segments(np.array([0, 1, 1, 0, 1]) == 1)
        Segments(starts=array([1, 4]), stops=array([3, 5]))
    """
    check_mask("mask", mask)
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).astype(np.int64)
    return Segments(edges[0::2], edges[1::2])


class Overlaps(NamedTuple):
    """Pairs of a true and an alarm segment that share rows.

    Attributes:
        truth: (pairs,) int64, index of the true segment.
        alarm: (pairs,) int64, index of the alarm segment.
        starts: (pairs,) int64, the first row that both have.
        stops: (pairs,) int64, the row after the last one that both have.
    """

    truth: IntArray
    alarm: IntArray
    starts: IntArray
    stops: IntArray


def find_overlaps(truth: Segments, alarm: Segments) -> Overlaps:
    """List the overlaps of true and alarm segments, in time order.

    Segments of one kind never share rows, so those that a true segment meets are neighbors, and
    there are fewer pairs than segments of both kinds together.

    Args:
        truth: segments of the labels, in time order.
        alarm: segments of the predictions, in time order.

    Returns:
        Every pair that shares a row.
    """
    first = np.searchsorted(alarm.stops, truth.starts, side="right")
    counts = np.searchsorted(alarm.starts, truth.stops, side="left") - first
    in_truth = np.repeat(np.arange(counts.size), counts)
    # Counting up from `first` within each true segment.
    in_alarm = np.arange(in_truth.size) + np.repeat(first - (np.cumsum(counts) - counts), counts)
    return Overlaps(
        in_truth,
        in_alarm,
        np.maximum(truth.starts[in_truth], alarm.starts[in_alarm]),
        np.minimum(truth.stops[in_truth], alarm.stops[in_alarm]),
    )


def check_mask(name: str, mask: BoolArray) -> None:
    """Check that an argument is a mask of one series.

    Args:
        name: of the argument, for the message.
        mask: (rows,) bool.

    Raises:
        ValueError: it is not one-dimensional or not bool.
    """
    if mask.ndim != 1 or mask.dtype != np.bool_:
        raise ValueError(
            f"`{name}` must be a one-dimensional bool array, one value a row. "
            f"Received: shape {mask.shape}, dtype {mask.dtype}. "
            "Pass one series at a time, as `array == 1` if it holds 0 and 1."
        )


def check_pair(truth: BoolArray, alarm: BoolArray) -> None:
    """Check that labels and alarms are two masks of the same rows.

    Args:
        truth: (rows,) bool.
        alarm: (rows,) bool.

    Raises:
        ValueError: one is not one-dimensional bool, or the lengths differ.
    """
    check_mask("truth", truth)
    check_mask("alarm", alarm)
    _check_same_rows("alarm", truth, alarm)


def check_score(truth: BoolArray, score: AnyFloatArray) -> None:
    """Check that labels are a mask and scores are finite floats of the same rows.

    Args:
        truth: (rows,) bool.
        score: (rows,) float.

    Raises:
        ValueError: one is of another kind or not finite, or the lengths differ.
    """
    check_mask("truth", truth)
    check_floats("score", score)
    _check_same_rows("score", truth, score)


def check_floats(name: str, values: AnyFloatArray) -> None:
    """Check that an argument is one series of finite floats.

    Args:
        name: of the argument, for the message.
        values: (rows,) float.

    Raises:
        ValueError: it is not one-dimensional, not float, or not finite.
    """
    if values.ndim != 1 or not np.issubdtype(values.dtype, np.floating):
        raise ValueError(
            f"`{name}` must be a one-dimensional float array, one value a row. "
            f"Received: shape {values.shape}, dtype {values.dtype}. "
            "Pass one series at a time, as `array.astype(float)` if it holds whole numbers."
        )
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ValueError(
            f"`{name}` must be finite. Received: {values[bad[0]]} in row {bad[0]}, the first of "
            f"{bad.size} such rows. Leave them out, or fill them first."
        )


def _check_same_rows(name: str, truth: BoolArray, other: AnyArray) -> None:
    if truth.shape != other.shape:
        raise ValueError(
            f"`truth` and `{name}` must have one value for each of the same rows. "
            f"Received: {truth.size} and {other.size} rows. Align them by timestamp first."
        )


def is_number(value: Any, least: float = -math.inf, most: float = math.inf) -> bool:
    """Tell whether a value from JSON is a finite number within bounds; true and false are none.

    Examples:
        >>> is_number(2.5, least=0), is_number(True), is_number(float("nan")), is_number(10**400)
        (True, False, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        number = float(value)
    except OverflowError:
        return False
    return math.isfinite(number) and least <= number <= most
