"""Threshold-free metrics of rows: how well a score ranks anomalous rows above normal ones.

A threshold is chosen apart from the score, and a bad one spoils a good score. These metrics depend
on the order of the scores alone. They are scikit-learn's, to the last bit, without its import.

An undefined metric is NaN, as for a series without a labeled row. An invented 0 or 1 would change a
mean over many series unnoticed; a NaN has to be left out on purpose.
"""

from typing import NamedTuple

import numpy as np

from dcvae._arrays import AnyFloatArray, BoolArray, Float64Array, check_score


def roc_auc(truth: BoolArray, score: AnyFloatArray) -> float:
    """Return the probability that a labeled row has a higher score than a normal one.

    Ties count half.

    Args:
        truth: (rows,) bool, the labels.
        score: (rows,) float, finite, larger is stranger.

    Returns:
        Area under the ROC curve; NaN without a labeled or without a normal row.

    Raises:
        ValueError: `truth` is no mask, `score` not finite floats, or their lengths differ.

    Examples:
        A labeled row ranks above both normal ones, the other above one of them:

        >>> import numpy as np
        >>> from dcvae.metrics import roc_auc
        >>> truth = np.array([False, False, True, True])
        >>> roc_auc(truth, np.array([0.1, 2.0, 1.0, 5.0]))
        0.75
        >>> roc_auc(np.zeros(4, dtype=bool), np.array([0.1, 2.0, 1.0, 5.0]))
        nan
    """
    check_score(truth, score)
    if not truth.any() or truth.all():
        return float("nan")
    labeled, normal = _rows_from_the_highest(truth, score)
    if len(labeled) > 2:  # points on a straight line say nothing
        bends = (np.diff(labeled, 2) != 0) | (np.diff(normal, 2) != 0)
        kept = np.concatenate([[True], bends, [True]])
        labeled, normal = labeled[kept], normal[kept]
    false_positive_rate, recall = (np.append(0.0, part) / part[-1] for part in (normal, labeled))
    return float(np.trapezoid(recall, false_positive_rate))


def average_precision(truth: BoolArray, score: AnyFloatArray) -> float:
    """Return the precision averaged over the recall gained at each score, from the highest down.

    Args:
        truth: (rows,) bool, the labels.
        score: (rows,) float, finite, larger is stranger.

    Returns:
        Average precision, about the share of labeled rows for a random score; NaN without a
        labeled row.

    Raises:
        ValueError: `truth` is no mask, `score` not finite floats, or their lengths differ.

    Examples:
        Half of the recall at precision 1, the other half at precision 2/3:

        >>> import numpy as np
        >>> from dcvae.metrics import average_precision
        >>> truth = np.array([False, False, True, True])
        >>> round(average_precision(truth, np.array([0.1, 2.0, 1.0, 5.0])), 3)
        0.833
    """
    check_score(truth, score)
    if not truth.any():
        return float("nan")
    labeled, normal = _rows_from_the_highest(truth, score)
    precision = np.flip(labeled / (labeled + normal))
    recall = np.append(np.flip(labeled / labeled[-1]), 0.0)
    return float(max(0.0, -np.sum(np.diff(recall) * precision)))


class _Rows(NamedTuple):
    """Rows at each distinct score or above it, from the highest score down.

    Attributes:
        labeled: (scores,) float64, labeled ones.
        normal: (scores,) float64, normal ones.
    """

    labeled: Float64Array
    normal: Float64Array


def _rows_from_the_highest(truth: BoolArray, score: AnyFloatArray) -> _Rows:
    """Count labeled and normal rows at each distinct score or above it."""
    order = np.argsort(-score, kind="stable")
    ordered = score[order]
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(score) - 1)
    labeled = np.cumsum(truth[order], dtype=np.float64)[last]
    return _Rows(labeled, last + 1.0 - labeled)
