"""Point-wise precision, recall and F1: counts of rows.

Neither truth nor alarms gives 1, 1, 1; truth without alarms and alarms without truth give 0, 0, 0.
That convention holds for the precision, recall and F1 of every metric of alarms.
"""

from typing import NamedTuple

import numpy as np

from dcvae._arrays import BoolArray, check_pair, find_overlaps, segments


class PrecisionRecallF1(NamedTuple):
    """Precision, recall and their harmonic mean, each 0 to 1, 1 is best.

    Attributes:
        precision: share of what is in alarm that is anomalous.
        recall: share of what is anomalous that is in alarm.
        f1: harmonic mean of both; 0 if both are 0.

    Examples:
        >>> from dcvae.metrics import PrecisionRecallF1
        >>> PrecisionRecallF1(precision=0.5, recall=1.0, f1=2 / 3)._asdict()
        {'precision': 0.5, 'recall': 1.0, 'f1': 0.6666666666666666}
    """

    precision: float
    recall: float
    f1: float


def point_wise(truth: BoolArray, alarm: BoolArray) -> PrecisionRecallF1:
    """Evaluate alarms row by row (Tatbul et al. 2018, equations 1 and 2).

    No truth and no alarms give 1, 1, 1; truth without alarms and alarms without truth 0, 0, 0.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Returns:
        Precision, recall and F1 of rows.

    Raises:
        ValueError: a mask is not one-dimensional bool, or the lengths differ.

    Examples:
        >>> import numpy as np
        >>> from dcvae.metrics import point_wise
        >>> truth = np.array([0, 1, 1, 1, 1, 0]) == 1
        >>> alarm = np.array([0, 0, 0, 1, 1, 0]) == 1
        >>> point_wise(truth, alarm)
        PrecisionRecallF1(precision=1.0, recall=0.5, f1=0.6666666666666666)
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
        # One division of whole numbers, so that equal ratios of counts compare equal.
        f1=2 * hits / (num_true + num_alarms),
    )


def point_adjusted(truth: BoolArray, alarm: BoolArray) -> PrecisionRecallF1:
    """Evaluate alarms row by row, with all rows of an event in alarm if one of them is.

    Never report this alone. A long event is almost sure to be hit by chance, so random alarms get
    values as high as published detectors (Kim et al. 2022, "Towards a Rigorous Evaluation of
    Time-Series Anomaly Detection"). It is here because much of the literature reports it.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Returns:
        Precision, recall and F1 of rows, adjusted.

    Raises:
        ValueError: a mask is not one-dimensional bool, or the lengths differ.

    Examples:
        One alarm row in 50 finds a long event "whole":

        >>> import numpy as np
        >>> from dcvae.metrics import point_adjusted, point_wise
        >>> truth, alarm = np.arange(100) >= 50, np.arange(100) == 75
        >>> point_wise(truth, alarm).recall, point_adjusted(truth, alarm).recall
        (0.02, 1.0)
    """
    check_pair(truth, alarm)
    events = segments(truth)
    detected = np.zeros(events.starts.size, dtype=np.bool_)
    detected[find_overlaps(events, segments(alarm)).truth] = True
    adjusted = alarm.copy()
    adjusted[truth] = np.repeat(detected, events.stops - events.starts)
    return point_wise(truth, adjusted)


def harmonic_mean(precision: float, recall: float) -> float:
    """Return the F1 of a precision and a recall; 0 if both are 0."""
    total = precision + recall
    return 2.0 * precision * recall / total if total > 0.0 else 0.0
