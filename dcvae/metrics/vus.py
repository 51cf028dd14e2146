"""Volume under the surface, and the period of a series, which sets its window.

Rows next to an event count as partly labeled, because labels of events are rarely exact
(Paparrizos et al. 2022); the benchmark TSB-AD ranks detectors by the volume `pr`.
"""

from itertools import pairwise
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
_BUFFERS_AT_ONCE = 16


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
    surface = Surface(truth, window, num_thresholds)
    first_alarm = _first_alarm(score, num_thresholds)
    alarms = _cumulative(first_alarm, num_thresholds)
    return surface.volumes(alarms, first_alarm[surface.rows])


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
        event: (near rows,) int64, the event of the nearest edge.
    """

    rows: IntArray
    nearest: IntArray
    second: IntArray
    event: IntArray


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
    event = np.where(left <= right, before - 1, before)
    return _NearRows(rows[order], nearest[order], second[order], event[order])


class Surface:
    """The labels of a surface, prepared for the scores of any detector.

    Args:
        truth: (rows,) bool, with a labeled and a normal row.
        window: the largest buffer in rows, >= 0.
        num_thresholds: number of thresholds, >= 1.

    Attributes:
        rows: (labeled and near rows,) int64, the rows whose alarms decide.
    """

    def __init__(self, truth: BoolArray, window: int, num_thresholds: int) -> None:
        _check_at_least("window", window, 0)
        self._num_rows, self._num_thresholds = truth.size, num_thresholds
        self._events = segments(truth)
        self._near = _near_rows(truth, self._events, window // 2)
        self._labeled = np.flatnonzero(truth)
        self._buffers = np.arange(window + 1)
        self.rows = np.concatenate([self._labeled, self._near.rows])
        # What follows does not depend on a score.
        self._reaches = window // 2 + 1
        self._weight = self._weights()
        self._twice, self._groups = self._reached_twice(), self._merged()

    def volumes(self, alarms: Float64Array, first_alarm: IntArray) -> Vus:
        """Return the volumes of a score.

        Args:
            alarms: (thresholds,) rows in alarm at each threshold.
            first_alarm: (labeled and near rows,) int64, from `_first_alarm`.
        """
        labeled, near = np.split(first_alarm, [len(self._labeled)])
        softly = self._softly(near)  # (buffers, thresholds), as all that follows
        found = self._found(labeled, near)[self._buffers // 2]
        true_positives = _cumulative(labeled, self._num_thresholds) + softly
        positives = len(self._labeled) + softly / 2
        recall = np.minimum(true_positives / positives, 1.0) * found
        rate = (alarms - true_positives) / (self._num_rows - positives)
        precision = true_positives / alarms
        pr = recall[:, 0] * precision[:, 0]
        pr += np.einsum("bt,bt->b", np.diff(recall), precision[:, 1:])
        # Twice the trapezoids, from (0, 0) and to (1, 1).
        roc = recall[:, 0] * rate[:, 0] + (1.0 + recall[:, -1]) * (1.0 - rate[:, -1])
        roc += np.einsum("bt,bt->b", recall[:, 1:] + recall[:, :-1], np.diff(rate))
        return Vus(float(pr.mean()), float(roc.mean()) / 2)

    def _softly(self, first_alarm: IntArray) -> Float64Array:
        """Return (buffers, thresholds) the sum of the labels of the near rows in alarm.

        Contributions of all events in reach are added and cut off at 1. Each is at least sqrt(1/2),
        so two of them give 1, and only a row that a single edge reaches has less: the two smallest
        distances of a row suffice.
        """
        width, reach = self._num_thresholds + 1, int(self._buffers[-1]) // 2
        nearest = self._near.nearest
        # Near rows by distance and first alarm: those that a single edge reaches, and the others.
        alone = _counts(nearest * width + first_alarm, (reach + 1, width))
        several = np.zeros(width)
        sums = np.empty((len(self._buffers), width))
        for begin, end, rows in self._twice:
            if rows.size:
                np.subtract.at(alone, (nearest[rows], first_alarm[rows]), 1.0)
                several += np.bincount(first_alarm[rows], minlength=width)
            # Those whose half is in [begin, end), a few at a time: a larger product would be shared
            # out to threads, which wait for each other longer than it takes.
            for first in range(2 * begin, min(2 * end, len(sums)), _BUFFERS_AT_ONCE):
                buffers = slice(first, min(first + _BUFFERS_AT_ONCE, 2 * end))
                np.matmul(self._weight[buffers, :end], alone[:end], out=sums[buffers])
                sums[buffers] += several
        return np.cumsum(sums[:, :-1], axis=1)

    def _weights(self) -> Float64Array:
        """Return (buffers, distances) the label of a row that a single edge reaches."""
        distance, buffers = np.arange(self._reaches), self._buffers[:, np.newaxis]
        with np.errstate(divide="ignore", invalid="ignore"):
            weight: Float64Array = np.sqrt(1.0 - distance / buffers)
        weight[distance > buffers // 2] = 0.0
        weight[:, 0] = 0.0
        return weight

    def _reached_twice(self) -> list[tuple[int, int, IntArray]]:
        """Return reaches [begin, end), and the near rows that a second edge reaches from begin."""
        second = self._near.second
        twice = np.flatnonzero(second < self._reaches)
        twice = twice[np.argsort(second[twice], kind="stable")]
        changes = [0, *np.unique(second[twice]).tolist(), self._reaches]
        stops = np.searchsorted(second[twice], changes[:-1], side="right")
        rows = np.split(twice, stops[:-1])
        return [(*ends, part) for ends, part in zip(pairwise(changes), rows, strict=True)]

    def _merged(self) -> list[tuple[int, int, IntArray]]:
        """Return reaches [begin, end) in which the same events are one, and the first of each."""
        gaps = self._events.starts[1:] - self._events.stops[:-1]
        merging = np.unique(gaps[gaps < 2 * (self._reaches - 1)] // 2 + 1)
        return [
            (begin, end, np.flatnonzero(np.append(True, gaps >= 2 * begin)))
            for begin, end in pairwise([0, *merging.tolist(), self._reaches])
        ]

    def _found(self, labeled: IntArray, near: IntArray) -> Float64Array:
        """Return (reaches, thresholds) the share of the buffered events that have an alarm row."""
        width = self._num_thresholds + 1
        lengths = self._events.stops - self._events.starts
        earliest = np.full((self._reaches, len(lengths)), self._num_thresholds, dtype=np.int64)
        np.minimum.at(earliest, (self._near.nearest, self._near.event), near)
        earliest[0] = np.minimum.reduceat(labeled, np.cumsum(lengths) - lengths)
        np.minimum.accumulate(earliest, axis=0, out=earliest)
        found = np.empty((self._reaches, width))
        for begin, end, groups in self._groups:
            of_group = np.minimum.reduceat(earliest[begin:end], groups, axis=1)
            of_group += np.arange(end - begin)[:, np.newaxis] * width
            counts = _counts(of_group.ravel(), (end - begin, width))
            found[begin:end] = np.cumsum(counts, axis=1) / len(groups)
        return found[:, :-1]


def _first_alarm(score: AnyFloatArray, num_thresholds: int) -> IntArray:
    """Return the number of the first threshold that each row reaches.

    Thresholds descend from the highest score to the lowest; a row that reaches none has
    `num_thresholds`.

    Returns:
        (rows,) int64.
    """
    ascending = np.sort(-score)
    thresholds = ascending[threshold_ranks(score.size, num_thresholds)]
    return np.searchsorted(thresholds, -score, side="left").astype(np.int64)


def threshold_ranks(num_rows: int, num_thresholds: int) -> IntArray:
    """Return (thresholds,) int64, the rank from 0 of the score that each threshold is."""
    return np.linspace(0, num_rows - 1, num_thresholds).astype(np.int64)


def _cumulative(first_alarm: IntArray, num_thresholds: int) -> Float64Array:
    """Return (thresholds,) the number of rows in alarm."""
    counts = np.bincount(first_alarm, minlength=num_thresholds + 1)
    return np.cumsum(counts[:num_thresholds], dtype=np.float64)


def _counts(numbers: IntArray, shape: tuple[int, int]) -> Float64Array:
    """Count cells of a table by their number, row by row."""
    counts = np.bincount(numbers, minlength=shape[0] * shape[1])
    return counts.reshape(shape).astype(np.float64)


def _check_at_least(name: str, value: int, lowest: int) -> None:
    if value < lowest:
        raise ValueError(f"`{name}` must be at least {lowest}. Received: {name}={value!r}.")
