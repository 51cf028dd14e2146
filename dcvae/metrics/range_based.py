"""Range-based precision, recall and F1 (Tatbul et al. 2018).

"Precision and Recall for Time Series" compares uninterrupted runs of rows, here called segments:
recall is the mean of how well alarms cover each true segment, precision of how well truth covers
each alarm segment. Three things can be weighed: whether a true segment was detected at all
(`alpha`), in how many pieces it was covered (`cardinality`), and which part of it (`bias`).

Nothing here loops over rows or over segments: the cost is one pass over the masks and then a few
sorted look-ups in the segments.
"""

from typing import Literal, get_args

import numpy as np

from dcvae._arrays import (
    BoolArray,
    Float64Array,
    IntArray,
    Overlaps,
    Segments,
    check_pair,
    find_overlaps,
    segments,
)
from dcvae.metrics.point_wise import PrecisionRecallF1, harmonic_mean

Cardinality = Literal["one", "reciprocal"]
Bias = Literal["flat", "front", "middle", "back"]


def range_based(
    truth: BoolArray,
    alarm: BoolArray,
    *,
    alpha: float = 0.0,
    precision_alpha: float = 0.0,
    cardinality: Cardinality = "reciprocal",
    bias: Bias = "front",
) -> PrecisionRecallF1:
    """Evaluate alarms segment by segment (Tatbul et al. 2018); the defaults are DC-VAE's.

    Precision and recall share cardinality and bias; in the paper, recall alone has an existence
    reward. No truth and no alarms give 1, 1, 1; truth without alarms and alarms without truth give
    0, 0, 0.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.
        alpha: weight in [0, 1], in recall, of detecting a true segment at all.
        precision_alpha: weight in [0, 1], in precision, of an alarm segment's overlapping any truth
            at all. Not in the paper: an extension of the package prts.
        cardinality: "one" ignores in how many pieces a segment is covered, "reciprocal" divides by
            their number.
        bias: which rows of a segment count most: all alike ("flat"), the first, the middle or the
            last.

    Returns:
        Precision, recall and F1 of segments.

    Raises:
        ValueError: a mask is not one-dimensional bool, the lengths differ, or an option is
            unknown or out of range.

    Examples:
        With front bias, the first rows of an event count most, so an early alarm gets more recall:

        >>> import numpy as np
        >>> from dcvae.metrics import range_based
        >>> truth = np.array([0, 1, 1, 1, 1, 0]) == 1
        >>> early = np.array([0, 1, 1, 0, 0, 0]) == 1
        >>> late = np.array([0, 0, 0, 1, 1, 0]) == 1
        >>> range_based(truth, early).recall, range_based(truth, late).recall
        (0.7, 0.3)
        >>> range_based(truth, early, bias="flat").recall
        0.5
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
    """Evaluate as `range_based` does, given the segments: those of the labels are found once.

    Args:
        truth: segments of the labels, in time order.
        alarm: segments of the predictions, in time order.
        alpha: see `range_based`.
        precision_alpha: see `range_based`.
        cardinality: see `range_based`.
        bias: see `range_based`.

    Returns:
        Precision, recall and F1 of segments.

    Raises:
        ValueError: an option is unknown or out of range.

    Examples:
        >>> import numpy as np
        >>> from dcvae.metrics import range_based_from_segments, segments
        >>> truth = segments(np.array([0, 1, 1, 1, 1, 0]) == 1)
        >>> alarm = segments(np.array([0, 1, 1, 0, 0, 0]) == 1)
        >>> range_based_from_segments(truth, alarm).recall
        0.7
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


def _reward(
    ranges: Segments,
    owner: IntArray,
    overlaps: Overlaps,
    alpha: float,
    cardinality: Cardinality,
    bias: Bias,
) -> Float64Array:
    """Weigh existence against overlap for each range: equation 4; see `_overlap_reward`."""
    existence = _existence_reward(ranges, owner)
    overlap = _overlap_reward(ranges, owner, overlaps, cardinality, bias)
    return alpha * existence + (1.0 - alpha) * overlap


def _existence_reward(ranges: Segments, owner: IntArray) -> Float64Array:
    """Return (ranges,) 1 where a range is in any overlap, else 0: equation 5."""
    return (np.bincount(owner, minlength=ranges.starts.size) > 0).astype(np.float64)


def _overlap_reward(
    ranges: Segments, owner: IntArray, overlaps: Overlaps, cardinality: Cardinality, bias: Bias
) -> Float64Array:
    """Multiply the cardinality factor and the covered share of each range: equation 6.

    Args:
        ranges: (ranges,) true segments or alarm segments.
        owner: (pairs,) int64, index in `ranges` of each overlap.
        overlaps: (pairs,) rows that the ranges share with segments of the other kind.
        cardinality: see `range_based`.
        bias: see `range_based`.

    Returns:
        (ranges,) float64.
    """
    return _cardinality_factor(ranges, owner, cardinality) * _omega(ranges, owner, overlaps, bias)


def _cardinality_factor(
    ranges: Segments, owner: IntArray, cardinality: Cardinality
) -> Float64Array | float:
    """Return 1 for a range with at most one overlap, else gamma of their number: equation 7."""
    if cardinality == "one":
        return 1.0
    return 1.0 / np.maximum(np.bincount(owner, minlength=ranges.starts.size), 1)


def _omega(ranges: Segments, owner: IntArray, overlaps: Overlaps, bias: Bias) -> Float64Array:
    """Sum, over the overlaps of each range, their share of its positional bias: figure 2a."""
    lengths = ranges.stops - ranges.starts
    before = _bias_sum(overlaps.starts - ranges.starts[owner], lengths[owner], bias)
    until = _bias_sum(overlaps.stops - ranges.starts[owner], lengths[owner], bias)
    covered = np.bincount(owner, weights=until - before, minlength=lengths.size)
    return covered / _bias_sum(lengths, lengths, bias)


def _bias_sum(count: IntArray, length: IntArray, bias: Bias) -> IntArray:
    """Sum the positional bias delta over the first `count` rows of a segment: figure 2b.

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
    """Return 1 + 2 + .. + n (0 for n = -1)."""
    return n * (n + 1) // 2


def _mean(rewards: Float64Array) -> float:
    """Average over the segments; 0 if there are none."""
    return float(rewards.mean()) if rewards.size else 0.0


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
