"""Threshold-free metrics of rows: how well a score ranks anomalous rows above normal ones.

A threshold is chosen apart from the score, and a bad one spoils a good score. These metrics,
scikit-learn's, depend on the order of the scores alone.

An undefined metric is NaN, as for a series without a labeled row. An invented 0 or 1 would change a
mean over many series unnoticed; a NaN has to be left out on purpose.
"""

from dcvae._arrays import AnyFloatArray, BoolArray, check_score


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
    # Imported here, so that importing this module stays fast.
    from sklearn.metrics import roc_auc_score

    if not truth.any() or truth.all():
        return float("nan")
    return float(roc_auc_score(truth, score))


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
    from sklearn.metrics import average_precision_score

    if not truth.any():
        return float("nan")
    return float(average_precision_score(truth, score))
