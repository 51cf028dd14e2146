"""Metrics of an outcome: ranking, three F1, and whether the contamination is found in training."""

import numpy as np

from dcvae._arrays import AnyFloatArray, BoolArray, Float64Array
from dcvae.contamination.experiment import Outcome
from dcvae.metrics import PrecisionRecallF1, average_precision, point_wise, roc_auc

METRICS = {
    "auroc": "area under the ROC curve",
    "aupr": "average precision, as area under the precision-recall curve",
    "f1_true_rate": "F1 with as many test rows flagged as are anomalies",
    "f1_train_threshold": "F1 at a threshold from the training scores alone",
    "precision": "precision at that threshold",
    "recall": "recall at that threshold",
    "f1_published": "F1 by the published protocol, at a threshold from test labels",
    "contamination_recall": "share of the contamination among the strangest training rows",
}
"""Metrics by their names in results.csv."""

_SHARE_SEARCHED = 0.2  # of the test, whose labels the published protocol uses for its threshold
_LEVELS, _POINTS = 100, 0.05


def measure(
    outcome: Outcome, *, assumed: float, seed: int, published: bool = False
) -> dict[str, float]:
    """Measure an outcome.

    Args:
        outcome: scores of training and test.
        assumed: share of the training units above the threshold that a user would choose.
        seed: of the draw of the published protocol.
        published: whether its F1 is measured too.

    Returns:
        By the names of `METRICS`, without `f1_published` unless asked for; NaN where a metric is
        not defined, as the recall of contamination without any.
    """
    labels, scores = outcome.labels, outcome.scores
    threshold = np.quantile(outcome.training_scores, 1.0 - assumed)
    at_threshold = point_wise(labels, scores > threshold)
    found = {
        "auroc": roc_auc(labels, scores),
        "aupr": average_precision(labels, scores),
        "f1_true_rate": hits_at_the_top(labels, scores),
        "f1_train_threshold": at_threshold.f1,
        "precision": at_threshold.precision,
        "recall": at_threshold.recall,
        "contamination_recall": hits_at_the_top(outcome.contaminated, outcome.training_scores),
    }
    if published:
        found["f1_published"] = published_protocol(labels, scores, seed).f1
    return found


def hits_at_the_top(labels: BoolArray, scores: AnyFloatArray) -> float:
    """Return which share of the k labeled units is among the k with the largest scores.

    Precision and recall are equal there, and so is F1. Equal scores keep the order of the units,
    so that no threshold is searched for.

    Args:
        labels: (units,) bool.
        scores: (units,) float.

    Returns:
        The share; NaN without a labeled unit.

    Examples:
        >>> hits_at_the_top(np.array([True, False, True]), np.array([3.0, 2.0, 1.0]))
        0.5
    """
    labeled = int(np.count_nonzero(labels))
    if not labeled:
        return float("nan")
    top = np.argsort(-scores, kind="stable")[:labeled]
    return int(np.count_nonzero(labels[top])) / labeled


def published_protocol(labels: BoolArray, scores: Float64Array, seed: int) -> PrecisionRecallF1:
    """Evaluate by the protocol of the contamination study of 2022, which reads test labels.

    A fifth of the test units, drawn at random, gives the threshold: of 100 quantiles of their
    scores, within 5 points of the share of normal units, that with the best F1 on them (the first
    among equals). The other units are evaluated.

    Args:
        labels: (units,) bool.
        scores: (units,) float64.
        seed: of the draw.
    """
    order = np.random.default_rng([seed, 2]).permutation(len(labels))
    searched, judged = np.split(order, [round(len(order) * _SHARE_SEARCHED)])
    normal = 1.0 - float(np.mean(labels))
    levels = np.clip(np.linspace(normal - _POINTS, normal + _POINTS, _LEVELS), 0.0, 1.0)
    best, threshold = -1.0, 0.0
    for candidate in np.quantile(scores[searched], levels):
        found = point_wise(labels[searched], scores[searched] > candidate).f1
        if found > best:
            best, threshold = found, float(candidate)
    return point_wise(labels[judged], scores[judged] > threshold)
