"""Volume under the surface, and the period of a series, which sets its window.

Rows next to an event count as partly labeled, because labels of events are rarely exact
(Paparrizos et al. 2022); the benchmark TSB-AD ranks detectors by the volume `pr`.
"""

from typing import NamedTuple

import numpy as np

from dcvae._arrays import (
    AnyFloatArray,
    BoolArray,
    Float64Array,
    IntArray,
    Segments,
    check_floats,
    check_score,
    segments,
)

# The limits of TSB-AD's search for a period.
_PERIOD_ROWS = 20_000
_PERIOD_LAGS = 400
_PERIOD_SKIPPED_LAGS = 3
_PERIOD_OFFSETS = (3, 300)


class Vus(NamedTuple):
    """Volumes under two surfaces, each 0 to 1, 1 is best.

    Attributes:
        pr: volume under the precision-recall surface.
        roc: volume under the ROC surface.

    Examples:
        >>> from dcvae.metrics import Vus
        >>> Vus(pr=0.5, roc=0.9).pr
        0.5
    """

    pr: float
    roc: float


def vus(truth: BoolArray, score: AnyFloatArray, window: int, num_thresholds: int = 250) -> Vus:
    """Return the volumes under the surface (Paparrizos et al. 2022), as TSB-AD computes them.

    For every buffer of 0 .. window rows, labels are softened: a row at distance d from an event, at
    most half a buffer (rounded down), gets sqrt(1 - d / buffer) from it, up to 1 in all. Then, for
    every threshold, with P labeled rows and n rows::

        true positives  TP = sum of the soft labels of the alarm rows
        positives       P' = (P + P + TP - labeled alarm rows) / 2
        existence       E  = share of buffered events that have an alarm row
        recall          min(TP / P', 1) E       precision      TP / alarm rows
        false positive rate                     (alarm rows - TP) / (n - P')

    The two areas (steps for precision over recall, trapezoids for ROC, drawn from (0, 0) and to
    (1, 1)) are averaged over the buffers. Buffered events that share a row are one event; those
    that are only adjacent are two. Thresholds are scores of rows, evenly spaced in rank from the
    highest to the lowest, so a long series is sampled.

    With fewer than one labeled row in `num_thresholds`, the first threshold below the highest score
    already lets in more rows than are labeled: even a perfect score gets a low volume then.

    TSB-AD's details, kept: P' counts only buffer rows with an alarm, so it moves with the threshold
    and TP / P' can fall while alarms are added. The paper counts all of the buffer.

    Args:
        truth: (rows,) bool, the labels.
        score: (rows,) float, finite, larger is stranger.
        window: the largest buffer in rows, >= 0; in TSB-AD the period of the series.
        num_thresholds: number of thresholds, >= 1.

    Returns:
        Both volumes; NaN without a labeled or without a normal row.

    Raises:
        ValueError: `truth` is no mask, `score` not finite floats, their lengths differ, or
            `window` or `num_thresholds` is too small.

    Examples:
        A peak one row after the event is nearly worthless without a buffer:

        >>> import numpy as np
        >>> from dcvae.metrics import vus
        >>> truth = np.arange(100) == 50
        >>> score = np.where(np.arange(100) == 51, 1.0, 0.0)
        >>> round(vus(truth, score, window=0).pr, 2), round(vus(truth, score, window=10).pr, 2)
        (0.01, 0.46)
    """
    check_score(truth, score)
    _check_at_least("window", window, 0)
    _check_at_least("num_thresholds", num_thresholds, 1)
    if not truth.any() or truth.all():
        return Vus(float("nan"), float("nan"))
    events = segments(truth)
    first_alarm = _first_alarm(score, num_thresholds)
    alarms = _cumulative(first_alarm, num_thresholds)
    hits = _cumulative(first_alarm[truth], num_thresholds)
    buffered = _near_rows(truth, events, window // 2)
    buffered_alarm = first_alarm[buffered.rows]
    num_true = int(np.count_nonzero(truth))
    areas = np.empty((window + 1, 2))
    for buffer in range(window + 1):
        reach = buffer // 2
        # Rows are sorted by distance.
        inside = int(np.searchsorted(buffered.nearest, reach, side="right"))
        labels = _soft_labels(buffered.nearest[:inside], buffered.second[:inside], buffer)
        softly = _cumulative(buffered_alarm[:inside], num_thresholds, labels)
        found = _found_share(first_alarm, events, reach, num_thresholds)
        true_positives = hits + softly
        positives = num_true + softly / 2
        recall = np.minimum(true_positives / positives, 1.0) * found
        false_positive_rate = (alarms - true_positives) / (truth.size - positives)
        areas[buffer] = (
            np.sum(np.diff(recall, prepend=0.0) * true_positives / alarms),
            np.trapezoid([0.0, *recall, 1.0], [0.0, *false_positive_rate, 1.0]),
        )
    pr, roc = areas.mean(axis=0)
    return Vus(float(pr), float(roc))


def period_from_autocorrelation(values: AnyFloatArray, default: int = 125) -> int:
    """Find the period of a series as TSB-AD does, which takes it as the window of `vus`.

    The period is the lag of the highest local maximum, beyond lag 3 and up to lag 400, of the
    autocorrelation of the first 20,000 values. There is none if that lag is below 6 or above 303
    rows, if there is no such maximum, or if the series is constant. Of several series, TSB-AD takes
    the first.

    Args:
        values: (rows,) float, finite.
        default: period of a series without one, in rows.

    Returns:
        The period in rows.

    Raises:
        ValueError: `values` is not one-dimensional float, or not finite.

    Examples:
        >>> import numpy as np
        >>> from dcvae.metrics import period_from_autocorrelation
        >>> period_from_autocorrelation(np.sin(2 * np.pi * np.arange(500) / 24))
        24
        >>> period_from_autocorrelation(np.ones(500))
        125
    """
    check_floats("values", values)
    head = values[:_PERIOD_ROWS].astype(np.float64)
    if head.size == 0 or head.min() == head.max():
        return default
    centered = head - head.mean()
    # Zeros after the values, as the transform is circular.
    length = 1 << (2 * head.size - 1).bit_length()
    power = np.abs(np.fft.rfft(centered, length)) ** 2
    # Not divided by the variance, which would not move a maximum.
    correlation = np.fft.irfft(power, length)[: min(_PERIOD_LAGS + 1, head.size)]
    tail = correlation[_PERIOD_SKIPPED_LAGS:]
    peaks = 1 + np.flatnonzero((tail[1:-1] > tail[:-2]) & (tail[1:-1] > tail[2:]))
    if peaks.size == 0:
        return default
    offset = int(peaks[np.argmax(tail[peaks])])
    # The limits are those of the offset after the skipped lags, not of the period.
    lowest, highest = _PERIOD_OFFSETS
    return offset + _PERIOD_SKIPPED_LAGS if lowest <= offset <= highest else default


class _NearRows(NamedTuple):
    """Normal rows near an event, nearest first.

    Attributes:
        rows: (near rows,) int64, row indices.
        nearest: (near rows,) int64, rows to the nearest edge of an event, 1 for a neighbor.
        second: (near rows,) int64, rows to the second nearest edge, of the same or another event.
    """

    rows: IntArray
    nearest: IntArray
    second: IntArray


def _near_rows(truth: BoolArray, events: Segments, reach: int) -> _NearRows:
    """List the normal rows that are at most `reach` rows from an event."""
    rows = np.flatnonzero(~truth)
    # Two imaginary events out of reach on either side, so that every row has two neighbors.
    far = np.full(2, truth.size + reach + 1)
    stops, starts = np.concatenate([-far, events.stops]), np.concatenate([events.starts, far * 2])
    before = np.searchsorted(events.starts, rows)
    left, right = rows - stops[before + 1] + 1, starts[before] - rows
    beyond = np.minimum(rows - stops[before] + 1, starts[before + 1] - rows)
    nearest = np.minimum(left, right)
    second = np.minimum(np.maximum(left, right), beyond)
    order = np.argsort(nearest, kind="stable")
    order = order[: np.count_nonzero(nearest <= reach)]
    return _NearRows(rows[order], nearest[order], second[order])


def _soft_labels(nearest: IntArray, second: IntArray, buffer: int) -> Float64Array:
    """Return the labels of rows within half a buffer of an event, 0 to 1.

    Contributions of all events in reach are added and cut off at 1. Each is at least sqrt(1/2), so
    two of them give 1, and only a row that a single edge reaches has less: the two smallest
    distances of a row suffice.
    """
    labels = np.ones(nearest.size)
    alone = second > buffer // 2
    labels[alone] = np.sqrt(1.0 - nearest[alone] / buffer)
    return labels


def _found_share(
    first_alarm: IntArray, events: Segments, reach: int, num_thresholds: int
) -> Float64Array:
    """Return (thresholds,) the share of the buffered events that have an alarm row."""
    starts = np.maximum(events.starts - reach, 0)
    stops = np.minimum(events.stops + reach, first_alarm.size)
    apart = starts[1:] >= stops[:-1]
    starts = starts[np.concatenate([[True], apart])]
    stops = stops[np.concatenate([apart, [True]])]
    # Events and the gaps between them alternate; the last event may stop after the last row.
    edges = np.column_stack([starts, stops]).ravel()
    padded = np.append(first_alarm, num_thresholds)
    earliest = np.minimum.reduceat(padded, edges)[::2]
    share: Float64Array = _cumulative(earliest, num_thresholds) / starts.size
    return share


def _first_alarm(score: AnyFloatArray, num_thresholds: int) -> IntArray:
    """Return the number of the first threshold that each row reaches.

    Thresholds descend from the highest score to the lowest; a row that reaches none has
    `num_thresholds`.

    Returns:
        (rows,) int64.
    """
    ascending = np.sort(-score)
    chosen = np.linspace(0, score.size - 1, num_thresholds).astype(np.int64)
    return np.searchsorted(ascending[chosen], -score, side="left").astype(np.int64)


def _cumulative(
    first_alarm: IntArray, num_thresholds: int, weights: Float64Array | None = None
) -> Float64Array:
    """Return (thresholds,) the sum of the weights, 1 if none, of the rows in alarm."""
    counts = np.bincount(first_alarm, weights=weights, minlength=num_thresholds + 1)
    return np.cumsum(counts[:num_thresholds], dtype=np.float64)


def _check_at_least(name: str, value: int, lowest: int) -> None:
    if value < lowest:
        raise ValueError(f"`{name}` must be at least {lowest}. Received: {name}={value!r}.")
