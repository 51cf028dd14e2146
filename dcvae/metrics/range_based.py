"""How good a set of alarms is, judged against labels.

Two measures, both made of precision, recall and their harmonic mean F1. The point-wise one counts
rows. The range-based one (Tatbul et al. 2018, "Precision and Recall for Time Series") judges
uninterrupted runs of rows, here called segments: every true segment is asked how well alarms cover
it (recall), every alarm segment how well truth covers it (precision). Three things can be weighed:
that a true segment was noticed at all (``alpha``), in how many pieces it was found
(``cardinality``), and which part of it was found (``bias``).

The answer always exists. Where there is nothing to judge, the same convention holds for both
measures: neither truth nor alarms is a perfect 1, 1, 1; truth without alarms and alarms without
truth are 0, 0, 0.

Segments are half-open, ``start <= row < stop``. Nothing here loops over rows or over segments: a
range-based score costs one pass over the masks and then a few sorted look-ups in the segments.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

Cardinality = Literal["one", "reciprocal"]
Bias = Literal["flat", "front", "middle", "back"]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


class PrecisionRecallF1(NamedTuple):
    """Precision, recall and their harmonic mean, each between 0 and 1."""

    precision: float
    recall: float
    f1: float


class Segments(NamedTuple):
    """Uninterrupted runs of rows: ``starts`` and ``stops``, (segments,) int64, half-open."""

    starts: IntArray
    stops: IntArray


def segments(mask: BoolArray) -> Segments:
    """Find the uninterrupted runs of True in a mask.

    Args:
        mask: (rows,) bool.

    Returns:
        Segments in time order; ``mask[start:stop]`` is True and both neighbors are not.

    Raises:
        ValueError: if the mask is not one-dimensional or not bool.
    """
    check_mask("mask", mask)
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).astype(np.int64)
    return Segments(edges[0::2], edges[1::2])


def point_wise(truth: BoolArray, alarm: BoolArray) -> PrecisionRecallF1:
    """Judge alarms row by row: Tatbul et al. 2018, equations 1 and 2.

    No truth and no alarms give 1, 1, 1; truth without alarms and alarms without truth 0, 0, 0.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Raises:
        ValueError: if a mask is not one-dimensional bool, or the lengths differ.
    """
    check_pair(truth, alarm)
    num_true = int(np.count_nonzero(truth))
    num_alarms = int(np.count_nonzero(alarm))
    if num_true == 0 and num_alarms == 0:
        return PrecisionRecallF1(1.0, 1.0, 1.0)
    hits = int(np.count_nonzero(truth & alarm))
    return PrecisionRecallF1(
        precision=hits / num_alarms if num_alarms else 0.0,
        recall=hits / num_true if num_true else 0.0,
        # One division of whole numbers: equal scores compare equal, whatever they are made of.
        f1=2 * hits / (num_true + num_alarms),
    )


def range_based(
    truth: BoolArray,
    alarm: BoolArray,
    *,
    alpha: float = 0.0,
    precision_alpha: float = 0.0,
    cardinality: Cardinality = "reciprocal",
    bias: Bias = "front",
) -> PrecisionRecallF1:
    """Judge alarms segment by segment (Tatbul et al. 2018); the defaults are DC-VAE's.

    Precision and recall share cardinality and bias; in the paper, recall alone has an existence
    reward. No truth and no alarms give 1, 1, 1; truth without alarms and alarms without truth give
    0, 0, 0.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.
        alpha: weight in [0, 1], in recall, of having noticed a true segment at all.
        precision_alpha: weight in [0, 1], in precision, of an alarm segment's having met any truth
            at all. Not in the paper: an extension that the package prts makes.
        cardinality: "one" ignores in how many pieces a segment was met, "reciprocal" divides by it.
        bias: which rows of a segment count most.

    Raises:
        ValueError: if a mask is not one-dimensional bool, the lengths differ, or an option is
            unknown or out of range.
    """
    check_pair(truth, alarm)
    return range_based_from_segments(
        segments(truth),
        segments(alarm),
        alpha=alpha,
        precision_alpha=precision_alpha,
        cardinality=cardinality,
        bias=bias,
    )


def range_based_from_segments(
    truth: Segments,
    alarm: Segments,
    *,
    alpha: float = 0.0,
    precision_alpha: float = 0.0,
    cardinality: Cardinality = "reciprocal",
    bias: Bias = "front",
) -> PrecisionRecallF1:
    """Do the work of ``range_based`` when the segments are known, so one truth serves many alarms.

    Args:
        truth: segments of the labels, in time order.
        alarm: segments of the predictions, in time order.
        alpha: see ``range_based``.
        precision_alpha: see ``range_based``.
        cardinality: see ``range_based``.
        bias: see ``range_based``.

    Raises:
        ValueError: if an option is unknown or out of range.
    """
    _check_share("alpha", alpha)
    _check_share("precision_alpha", precision_alpha)
    _check_options(cardinality, bias)
    if truth.starts.size == 0 and alarm.starts.size == 0:
        return PrecisionRecallF1(1.0, 1.0, 1.0)
    overlaps = find_overlaps(truth, alarm)
    # Equation 4 for each true segment, averaged by equation 3; for alarms, equations 9 and 8, which
    # have no existence reward: there the weight is 0.
    recall = _mean(_reward(truth, overlaps.truth, overlaps, alpha, cardinality, bias))
    precision = _mean(_reward(alarm, overlaps.alarm, overlaps, precision_alpha, cardinality, bias))
    return PrecisionRecallF1(precision, recall, harmonic_mean(precision, recall))


class Overlaps(NamedTuple):
    """Every pair of a true and an alarm segment that share rows; all arrays (pairs,) int64.

    truth, alarm: which segments they are. starts, stops: the rows they share, half-open.
    """

    truth: IntArray
    alarm: IntArray
    starts: IntArray
    stops: IntArray


def find_overlaps(truth: Segments, alarm: Segments) -> Overlaps:
    """List the overlaps, in time order.

    Segments of one kind never share rows, so those that a true segment meets are neighbors, and
    there are fewer pairs than segments of both kinds together.
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


def _reward(
    ranges: Segments,
    owner: IntArray,
    overlaps: Overlaps,
    alpha: float,
    cardinality: Cardinality,
    bias: Bias,
) -> FloatArray:
    """Weigh existence against overlap for each range: equation 4. Arguments and result as below."""
    existence = _existence_reward(ranges, owner)
    overlap = _overlap_reward(ranges, owner, overlaps, cardinality, bias)
    return alpha * existence + (1.0 - alpha) * overlap


def _existence_reward(ranges: Segments, owner: IntArray) -> FloatArray:
    """One where a range is in any overlap: equation 5. (ranges,) from (pairs,) owner indices."""
    return (np.bincount(owner, minlength=ranges.starts.size) > 0).astype(np.float64)


def _overlap_reward(
    ranges: Segments, owner: IntArray, overlaps: Overlaps, cardinality: Cardinality, bias: Bias
) -> FloatArray:
    """Cardinality factor times the covered share of each range: equation 6.

    Args:
        ranges: the segments to reward, either kind.
        owner: (pairs,) the index in ``ranges`` of each overlap.
        overlaps: what the ranges share with the other kind.
        cardinality: see ``range_based``.
        bias: see ``range_based``.

    Returns:
        (ranges,) float64.
    """
    return _cardinality_factor(ranges, owner, cardinality) * _omega(ranges, owner, overlaps, bias)


def _cardinality_factor(
    ranges: Segments, owner: IntArray, cardinality: Cardinality
) -> FloatArray | float:
    """One for a range with at most one overlap, gamma of their number otherwise: equation 7."""
    if cardinality == "one":
        return 1.0
    return 1.0 / np.maximum(np.bincount(owner, minlength=ranges.starts.size), 1)


def _omega(ranges: Segments, owner: IntArray, overlaps: Overlaps, bias: Bias) -> FloatArray:
    """Sum, over the overlaps of each range, their share of its positional bias: figure 2a."""
    lengths = ranges.stops - ranges.starts
    before = _bias_sum(overlaps.starts - ranges.starts[owner], lengths[owner], bias)
    until = _bias_sum(overlaps.stops - ranges.starts[owner], lengths[owner], bias)
    covered = np.bincount(owner, weights=until - before, minlength=lengths.size)
    return covered / _bias_sum(lengths, lengths, bias)


def _bias_sum(count: IntArray, length: IntArray, bias: Bias) -> IntArray:
    """Sum the positional bias delta over the first ``count`` rows of a segment: figure 2b.

    With rows numbered i = 1 .. length, delta is 1 (flat), length - i + 1 (front), i (back), or
    whichever of the last two is the smaller (middle). All sums are closed forms of whole numbers.
    """
    if bias == "flat":
        return count
    if bias == "front":
        return count * length - _triangle(count - 1)
    if bias == "back":
        return _triangle(count)
    rising = np.minimum(count, length // 2)
    falling_total = _triangle(length - length // 2)
    falling_rest = _triangle(length - np.maximum(count, length // 2))
    return _triangle(rising) + falling_total - falling_rest


def _triangle(n: IntArray) -> IntArray:
    """1 + 2 + .. + n (0 for n = -1)."""
    return n * (n + 1) // 2


def _mean(rewards: FloatArray) -> float:
    """Average over the segments; 0 where there are none."""
    return float(rewards.mean()) if rewards.size else 0.0


def harmonic_mean(precision: float, recall: float) -> float:
    """F1 of a precision and a recall; 0 where both are 0."""
    total = precision + recall
    return 2.0 * precision * recall / total if total > 0.0 else 0.0


def check_mask(name: str, mask: BoolArray) -> None:
    """Refuse what is no mask of one series: `ValueError`, in which the argument is called name."""
    if mask.ndim != 1 or mask.dtype != np.bool_:
        raise ValueError(
            f"`{name}` must be a one-dimensional bool array, one value a row. "
            f"Received: shape {mask.shape}, dtype {mask.dtype}. "
            "Pass one series at a time, as `array == 1` if it holds 0 and 1."
        )


def check_pair(truth: BoolArray, alarm: BoolArray) -> None:
    """Refuse, by `ValueError`, labels and alarms that are not two masks of the same rows."""
    check_mask("truth", truth)
    check_mask("alarm", alarm)
    if truth.shape != alarm.shape:
        raise ValueError(
            "`truth` and `alarm` must have one value for each of the same rows. "
            f"Received: {truth.size} and {alarm.size} rows. Align them by timestamp first."
        )


def _check_share(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(
            f"`{name}`, the weight of the existence reward, must lie in [0, 1]. "
            f"Received: {name}={value!r}."
        )


def _check_options(cardinality: str, bias: str) -> None:
    if cardinality not in get_args(Cardinality):
        raise ValueError(
            f"`cardinality` must be one of {', '.join(get_args(Cardinality))}. "
            f"Received: cardinality={cardinality!r}."
        )
    if bias not in get_args(Bias):
        raise ValueError(
            f"`bias` must be one of {', '.join(get_args(Bias))}. Received: bias={bias!r}."
        )
