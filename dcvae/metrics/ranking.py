"""How good a score is before any threshold: does it put anomalous rows above normal ones?

A threshold is a decision of its own, and a good score can be spoiled by a bad one. These measures
see only the order of the scores:

* ``roc_auc``, ``average_precision``: row by row, scikit-learn's;
* ``vus``: volume under the surface (Paparrizos et al. 2022), which forgives rows next to a label,
  because labels of events are rarely exact; the benchmark TSB-AD ranks detectors by its ``pr``.
  ``period_from_autocorrelation`` finds the window that the benchmark uses for a series.

All take ``truth``, (rows,) bool, and ``score``, (rows,) float, larger is stranger.

Where a measure is undefined the answer is NaN. A series without a labeled row, say, ranks nothing
above nothing. A made-up 0 or 1 there would move an average over many series without anyone's
noticing; a NaN has to be left out on purpose.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dcvae.metrics.range_based import (
    BoolArray,
    FloatArray,
    IntArray,
    Segments,
    check_mask,
    segments,
)

FloatInput = npt.NDArray[np.floating]

# What TSB-AD looks at to find a period.
_PERIOD_ROWS = 20_000
_PERIOD_LAGS = 400
_PERIOD_SKIPPED_LAGS = 3
_PERIOD_OFFSETS = (3, 300)


class Vus(NamedTuple):
    """Volumes under the precision-recall and the ROC surface; larger is better, 1 the best."""

    pr: float
    roc: float


def roc_auc(truth: BoolArray, score: FloatInput) -> float:
    """Probability that a labeled row scores higher than a normal one; ties count half.

    Args:
        truth: (rows,) bool, the labels.
        score: (rows,) float, finite, larger is stranger.

    Returns:
        Area under the ROC curve; NaN without a labeled or without a normal row.

    Raises:
        ValueError: if `truth` or `score` is not what is said above, or their lengths differ.
    """
    _check_score(truth, score)
    # Inside the function, so that importing this module stays quick.
    from sklearn.metrics import roc_auc_score

    if not truth.any() or truth.all():
        return float("nan")
    return float(roc_auc_score(truth, score))


def average_precision(truth: BoolArray, score: FloatInput) -> float:
    """Precision averaged over the recall gained at each distinct score, from the highest down.

    Args:
        truth: (rows,) bool, the labels.
        score: (rows,) float, finite, larger is stranger.

    Returns:
        Average precision, about the share of labeled rows for a random score; NaN without a
        labeled row.

    Raises:
        ValueError: if `truth` or `score` is not what is said above, or their lengths differ.
    """
    _check_score(truth, score)
    from sklearn.metrics import average_precision_score

    if not truth.any():
        return float("nan")
    return float(average_precision_score(truth, score))


def vus(truth: BoolArray, score: FloatInput, window: int, num_thresholds: int = 250) -> Vus:
    """Volume under the surface: Paparrizos et al. 2022, in the form in which TSB-AD computes it.

    For every buffer of 0 .. window rows, labels are softened: a row at distance d from an event, at
    most half a buffer (rounded down), gets sqrt(1 - d / buffer) from it, up to 1 in all. Then, for
    every threshold, with P labeled rows and n rows::

        true positives  TP = sum of the soft labels of the alarm rows
        positives       P' = (P + P + TP - labeled alarm rows) / 2
        existence       E  = share of buffered events that hold an alarm row
        recall          min(TP / P', 1) E       precision      TP / alarm rows
        false positive rate                     (alarm rows - TP) / (n - P')

    The two areas (steps for precision over recall, trapezoids for ROC, drawn from (0, 0) and to
    (1, 1)) are averaged over the buffers. Buffered events that share a row are one event; those
    that only touch are two. A threshold is the score of every so-many-th row, evenly spaced from
    the highest to the lowest, so a long series is sampled.

    TSB-AD's details, kept: P' counts only buffer rows with an alarm, so it moves with the threshold
    and TP / P' can fall while alarms are added. The paper counts all of the buffer.

    Args:
        truth: (rows,) bool, the labels.
        score: (rows,) float, finite, larger is stranger.
        window: the largest buffer in rows, >= 0; TSB-AD takes the period of the series.
        num_thresholds: how many thresholds to try, >= 1.

    Returns:
        Both volumes; NaN without a labeled or without a normal row.

    Raises:
        ValueError: if `truth` or `score` is not what is said above, their lengths differ, or
            `window` or `num_thresholds` is too small.
    """
    _check_score(truth, score)
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


def period_from_autocorrelation(values: FloatInput, default: int = 125) -> int:
    """Find the period of a series as TSB-AD does; its window for ``vus``.

    The autocorrelation of the first 20,000 values, at lags up to 400, is looked through for local
    maxima beyond lag 3. The highest gives the period, unless that is below 6 or above 303 rows. A
    constant series, or one without such a maximum, has no period: `default`. For series with many
    columns, TSB-AD passes the first.

    Args:
        values: (rows,) float, finite.
        default: what to answer when there is no period, in rows.

    Returns:
        The period in rows.

    Raises:
        ValueError: if `values` is not one-dimensional float, or not finite.
    """
    _check_floats("values", values)
    head = values[:_PERIOD_ROWS].astype(np.float64)
    if head.size == 0 or head.min() == head.max():
        return default
    centered = head - head.mean()
    # Zeros behind the values keep their end from meeting their beginning.
    length = 1 << (2 * head.size - 1).bit_length()
    power = np.abs(np.fft.rfft(centered, length)) ** 2
    # Not divided by the variance, which changes no maximum.
    correlation = np.fft.irfft(power, length)[: min(_PERIOD_LAGS + 1, head.size)]
    tail = correlation[_PERIOD_SKIPPED_LAGS:]
    peaks = 1 + np.flatnonzero((tail[1:-1] > tail[:-2]) & (tail[1:-1] > tail[2:]))
    if peaks.size == 0:
        return default
    offset = int(peaks[np.argmax(tail[peaks])])
    # The limits are for the offset behind the skipped lags, not for the period.
    lowest, highest = _PERIOD_OFFSETS
    return offset + _PERIOD_SKIPPED_LAGS if lowest <= offset <= highest else default


class _NearRows(NamedTuple):
    """Normal rows near an event, nearest first; all arrays (near rows,) int64.

    nearest: rows to the nearest edge of an event, 1 for a neighbor. second: to the next edge but
    one, whichever event it belongs to.
    """

    rows: IntArray
    nearest: IntArray
    second: IntArray


def _near_rows(truth: BoolArray, events: Segments, reach: int) -> _NearRows:
    """List the normal rows that are at most `reach` rows from an event."""
    rows = np.flatnonzero(~truth)
    # Two events that are out of reach on either side, so that every row has two neighbors.
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


def _soft_labels(nearest: IntArray, second: IntArray, buffer: int) -> FloatArray:
    """Labels of rows within half a buffer of an event, from their two smallest distances.

    Contributions of all events in reach are added and cut off at 1. Each is at least sqrt(1/2), so
    two are enough for a 1, and only a row that one edge alone reaches has less.
    """
    labels = np.ones(nearest.size)
    alone = second > buffer // 2
    labels[alone] = np.sqrt(1.0 - nearest[alone] / buffer)
    return labels


def _found_share(
    first_alarm: IntArray, events: Segments, reach: int, num_thresholds: int
) -> FloatArray:
    """Share of the buffered events with an alarm row, at each threshold: (thresholds,)."""
    starts = np.maximum(events.starts - reach, 0)
    stops = np.minimum(events.stops + reach, first_alarm.size)
    apart = starts[1:] >= stops[:-1]
    starts = starts[np.concatenate([[True], apart])]
    stops = stops[np.concatenate([apart, [True]])]
    # Every other piece is an event, the others are the gaps. The last may stop behind the last row.
    edges = np.column_stack([starts, stops]).ravel()
    padded = np.append(first_alarm, num_thresholds)
    earliest = np.minimum.reduceat(padded, edges)[::2]
    share: FloatArray = _cumulative(earliest, num_thresholds) / starts.size
    return share


def _first_alarm(score: FloatInput, num_thresholds: int) -> IntArray:
    """Number of the first threshold that a row reaches; ``num_thresholds`` if it reaches none.

    Thresholds run from the highest score to the lowest.

    Returns:
        (rows,) int64.
    """
    ascending = np.sort(-score)
    chosen = np.linspace(0, score.size - 1, num_thresholds).astype(np.int64)
    return np.searchsorted(ascending[chosen], -score, side="left").astype(np.int64)


def _cumulative(
    first_alarm: IntArray, num_thresholds: int, weights: FloatArray | None = None
) -> FloatArray:
    """Sum the weights (1 if none) of the rows that alarm at each threshold: (thresholds,)."""
    counts = np.bincount(first_alarm, weights=weights, minlength=num_thresholds + 1)
    return np.cumsum(counts[:num_thresholds], dtype=np.float64)


def _check_floats(name: str, values: FloatInput) -> None:
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


def _check_score(truth: BoolArray, score: FloatInput) -> None:
    check_mask("truth", truth)
    _check_floats("score", score)
    if truth.shape != score.shape:
        raise ValueError(
            "`truth` and `score` must have one value for each of the same rows. "
            f"Received: {truth.size} and {score.size} rows. Align them by timestamp first."
        )


def _check_at_least(name: str, value: int, lowest: int) -> None:
    if value < lowest:
        raise ValueError(f"`{name}` must be at least {lowest}. Received: {name}={value!r}.")
