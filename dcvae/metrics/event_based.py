"""Event-wise metrics: detected events, false alarms, delays.

Operators count incidents, not rows: how many were detected, how many alarms were false, how early
an alarm came. An uninterrupted run of labeled rows is an event here, one of alarm rows an alarm
segment:

* `event_wise`: detected events and false alarm segments, as in the ESA anomaly detection benchmark
  (Kotowski et al. 2024), which publishes figures for DC-VAE;
* `detection_delay`: rows between the beginning of an event and its first alarm.
"""

from typing import NamedTuple

import numpy as np

from dcvae._arrays import BoolArray, check_pair, find_overlaps, segments


class EventWise(NamedTuple):
    """Numbers of events and alarm segments, and shares of them, each 0 to 1.

    Attributes:
        precision: detected events / (detected events + false alarms).
        recall: detected events / events.
        f05: F0.5 of precision and recall.
        f1: F1 of precision and recall.
        corrected_precision: precision times the share of normal rows without an alarm.
        corrected_f05: F0.5 of corrected precision and recall.
        num_events: number of events.
        num_alarms: number of alarm segments.
        detected_events: number of events with an alarm row.
        false_alarms: number of alarm segments that overlap no event.

    Examples:
        Without events, one alarm is false and the precision 0:

        >>> import numpy as np
        >>> from dcvae.metrics import event_wise
        >>> result = event_wise(np.zeros(3, dtype=bool), np.array([False, True, True]))
        >>> result.num_events, result.false_alarms, result.precision
        (0, 1, 0.0)
    """

    precision: float
    recall: float
    f05: float
    f1: float
    corrected_precision: float
    corrected_f05: float
    num_events: int
    num_alarms: int
    detected_events: int
    false_alarms: int


def event_wise(truth: BoolArray, alarm: BoolArray) -> EventWise:
    """Count detected events and false alarms, as the ESA benchmark does (Kotowski et al. 2024).

    An event is detected if an alarm row lies in it. Recall is detected / events. Precision is
    detected / (detected + false alarm segments), so its true positives are events, not alarms. It
    differs from the share of alarm segments that meet an event: five alarms within one event count
    once here and five times there, one alarm across three events three times here and once there.

    An alarm that never ends has no false segment and detects every event. The corrected precision
    accounts for that: it is the precision times the true negative rate of the rows, the share of
    normal rows without an alarm (1 if no row is normal); Sehili and Zhang 2023. F0.5 weighs
    precision more than recall, because every false alarm costs an operator's time.

    The benchmark measures the rate in seconds between time stamps, this function in rows.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Returns:
        Counts and shares; without events and alarms all shares are 1.

    Raises:
        ValueError: a mask is not one-dimensional bool, or the lengths differ.

    Examples:
        One event, two alarm segments within it and one outside: the two count as one detection.

        >>> import numpy as np
        >>> from dcvae.metrics import event_wise
        >>> truth = np.array([0, 1, 1, 1, 0, 0, 0, 0]) == 1
        >>> alarm = np.array([0, 1, 0, 1, 0, 0, 1, 0]) == 1
        >>> result = event_wise(truth, alarm)
        >>> result.precision, result.recall, result.false_alarms, result.corrected_precision
        (0.5, 1.0, 1, 0.4)
    """
    check_pair(truth, alarm)
    events, alarms = segments(truth), segments(alarm)
    num_events, num_alarms = events.starts.size, alarms.starts.size
    if num_events == 0 and num_alarms == 0:
        return EventWise(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0, 0, 0, 0)
    overlaps = find_overlaps(events, alarms)
    detected = int(np.unique(overlaps.truth).size)
    missed = num_events - detected
    false_alarms = num_alarms - int(np.unique(overlaps.alarm).size)
    precision = _share(detected, detected + false_alarms)
    recall = _share(detected, num_events)
    corrected = precision * _true_negative_rate(truth, alarm)
    weighted = 0.25 * corrected + recall
    return EventWise(
        precision=precision,
        recall=recall,
        # One division of whole numbers each: equal counts give equal scores.
        f05=_share(5 * detected, 5 * detected + missed + 4 * false_alarms),
        f1=_share(2 * detected, 2 * detected + missed + false_alarms),
        corrected_precision=corrected,
        corrected_f05=1.25 * corrected * recall / weighted if weighted > 0.0 else 0.0,
        num_events=num_events,
        num_alarms=num_alarms,
        detected_events=detected,
        false_alarms=false_alarms,
    )


def detection_delay(truth: BoolArray, alarm: BoolArray) -> float:
    """Return the mean delay of detected events: rows from the beginning to the first alarm row.

    A missed event has no delay, so report this together with the recall of `event_wise`. An alarm
    that is already on when an event begins has delay 0.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Returns:
        Mean delay in rows, >= 0; NaN if no event is detected.

    Raises:
        ValueError: a mask is not one-dimensional bool, or the lengths differ.

    Examples:
        The first event is detected after two rows, the second is missed:

        >>> import numpy as np
        >>> from dcvae.metrics import detection_delay
        >>> truth = np.array([0, 1, 1, 1, 0, 1]) == 1
        >>> alarm = np.array([0, 0, 0, 1, 0, 0]) == 1
        >>> detection_delay(truth, alarm)
        2.0
    """
    check_pair(truth, alarm)
    events = segments(truth)
    overlaps = find_overlaps(events, segments(alarm))
    if overlaps.truth.size == 0:
        return float("nan")
    # Overlaps are in time order, so the first of each event is its earliest.
    detected, first = np.unique(overlaps.truth, return_index=True)
    return float(np.mean(overlaps.starts[first] - events.starts[detected]))


def _true_negative_rate(truth: BoolArray, alarm: BoolArray) -> float:
    """Return the share of normal rows without an alarm; 1 if no row is normal."""
    num_normal = truth.size - int(np.count_nonzero(truth))
    return 1.0 - _share(int(np.count_nonzero(alarm & ~truth)), num_normal)


def _share(part: int, whole: int) -> float:
    """Divide a part by the whole; 0 if the whole is 0."""
    return part / whole if whole else 0.0
