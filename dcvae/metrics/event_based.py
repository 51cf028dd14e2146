"""How good a set of alarms is to whoever has to answer them: events found, false calls, delays.

An operator does not count rows. He asks how many incidents were seen, how often he was called for
nothing, and how soon. Here a labeled segment is an event, an uninterrupted run of alarm rows one
alarm segment, and four answers are given:

* ``event_wise``: events detected against false alarm segments, as in the ESA anomaly detection
  benchmark (Kotowski et al. 2024), which publishes figures for DC-VAE;
* ``detection_delay``: rows between the beginning of an event and its first alarm;
* ``affiliation``: how near alarms are to events and events to alarms, compared with an alarm put
  down at random (Huet, Navarro, Rossi 2022);
* ``point_adjusted``: what much of the literature reports, and nobody should read alone.

All take the same two masks, (rows,) bool. As in ``metrics``: neither truth nor alarms is perfect
(1); truth without alarms and alarms without truth are 0.
"""

from typing import NamedTuple

import numpy as np

from dcvae.metrics.range_based import (
    BoolArray,
    FloatArray,
    IntArray,
    Overlaps,
    PrecisionRecallF1,
    Segments,
    check_pair,
    find_overlaps,
    harmonic_mean,
    point_wise,
    segments,
)


class EventWise(NamedTuple):
    """Events and alarm segments, counted; the shares lie between 0 and 1.

    ``false_alarms`` are alarm segments that meet no event. ``corrected_precision`` is the precision
    times the share of normal rows without an alarm; ``corrected_f05`` is made of it.
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

    An alarm that never ends has no false segment and finds everything. The corrected precision
    takes that away: it is the precision times the true negative rate of the rows, the share of
    normal rows without an alarm (1 if no row is normal); Sehili and Zhang 2023. F0.5 counts
    precision more than recall, because every false alarm costs an operator's time.

    The benchmark measures the rate in seconds between time stamps, this function in rows.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Raises:
        ValueError: if a mask is not one-dimensional bool, or the lengths differ.
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
    """Average the rows from the beginning of an event to its first alarm row, in rows.

    Only detected events count: a missed one has no delay, so read this beside the recall of
    ``event_wise``. An alarm that is already on when an event begins has delay 0.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Returns:
        Mean delay in rows, >= 0; NaN if no event is detected.

    Raises:
        ValueError: if a mask is not one-dimensional bool, or the lengths differ.
    """
    check_pair(truth, alarm)
    events = segments(truth)
    overlaps = find_overlaps(events, segments(alarm))
    if overlaps.truth.size == 0:
        return float("nan")
    # Overlaps are in time order, so the first of each event is its earliest.
    detected, first = np.unique(overlaps.truth, return_index=True)
    return float(np.mean(overlaps.starts[first] - events.starts[detected]))


def point_adjusted(truth: BoolArray, alarm: BoolArray) -> PrecisionRecallF1:
    """Judge row by row after every event with one alarm row has been declared found whole.

    Warning: never quote this alone. A long event is almost sure to be hit by chance, so random
    alarms score as high as published detectors (Kim et al. 2022, "Towards a Rigorous Evaluation of
    Time-Series Anomaly Detection"). It is here because much of the literature reports it.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Raises:
        ValueError: if a mask is not one-dimensional bool, or the lengths differ.
    """
    check_pair(truth, alarm)
    events = segments(truth)
    detected = np.zeros(events.starts.size, dtype=np.bool_)
    detected[find_overlaps(events, segments(alarm)).truth] = True
    adjusted = alarm.copy()
    adjusted[truth] = np.repeat(detected, events.stops - events.starts)
    return point_wise(truth, adjusted)


def affiliation(truth: BoolArray, alarm: BoolArray) -> PrecisionRecallF1:
    """Judge how near alarms and events are: Huet, Navarro, Rossi 2022, "Local Evaluation ..".

    Time is continuous here, row i is the interval [i, i + 1). The zone of an event is all that is
    nearer to it than to any other event, so borders lie halfway between events, on half rows too,
    and the outer zones end with the series. Within a zone:

    * precision: each moment of alarm has a distance to the event. Its score is the probability
      that a moment drawn uniformly from the zone is farther away; 1 within the event. Averaged
      over all alarm time in the zone;
    * recall: each moment of the event has a distance to the nearest alarm in the zone. Its score
      is the probability that a moment drawn uniformly from the zone is farther from it; 1 under an
      alarm. Averaged over the event; 0 in a zone without an alarm.

    Precision is averaged over the zones that hold an alarm, recall over all. Alarms at random score
    about 0.5 or more, not 0: compare with a random detector before praising a number. Where there
    is truth but no alarm, the reference implementation leaves precision undefined; it is 0 here.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Raises:
        ValueError: if a mask is not one-dimensional bool, or the lengths differ.
    """
    check_pair(truth, alarm)
    events, alarms = _in_half_rows(segments(truth)), _in_half_rows(segments(alarm))
    if events.starts.size == 0 or alarms.starts.size == 0:
        perfect = float(events.starts.size == alarms.starts.size)
        return PrecisionRecallF1(perfect, perfect, perfect)
    zones = _zones(events, 2 * truth.size)
    pieces = find_overlaps(zones, alarms)
    precision = _affiliation_precision(events, zones, pieces)
    recall = _affiliation_recall(events, zones, pieces)
    return PrecisionRecallF1(precision, recall, harmonic_mean(precision, recall))


def _in_half_rows(ranges: Segments) -> Segments:
    """Count in half rows, so that the borders of zones are whole numbers."""
    return Segments(2 * ranges.starts, 2 * ranges.stops)


def _zones(events: Segments, end: int) -> Segments:
    """Cut [0, end) halfway between neighboring events: (events,) touching segments."""
    borders = (events.stops[:-1] + events.starts[1:]) // 2
    zero, last = np.zeros(1, dtype=np.int64), np.full(1, end, dtype=np.int64)
    return Segments(np.concatenate([zero, borders]), np.concatenate([borders, last]))


def _affiliation_precision(events: Segments, zones: Segments, pieces: Overlaps) -> float:
    """Average, over the zones that hold an alarm, the score of its moments.

    Args:
        events: (events,) in half rows.
        zones: (events,) in half rows, one around each event.
        pieces: the alarms cut by the zones; ``pieces.truth`` says in which zone each lies.
    """
    owner = pieces.truth
    starts, stops = events.starts[owner], events.stops[owner]
    # A moment at distance d is beaten by the event itself and by what is within d on either side,
    # which is d on the side of the moment and no more than there is on the narrower side.
    narrower = np.minimum(events.starts - zones.starts, zones.stops - events.stops)[owner]
    before = (np.maximum(starts - pieces.starts, 0), np.maximum(starts - pieces.stops, 0))
    after = (np.maximum(pieces.stops - stops, 0), np.maximum(pieces.starts - stops, 0))
    beaten = np.zeros(owner.size)
    for far, near in (before, after):
        beaten += (stops - starts) * (far - near)
        beaten += _integral_within(far, narrower) - _integral_within(near, narrower)
    alarm_time = np.bincount(owner, weights=pieces.stops - pieces.starts)
    lost = np.bincount(owner, weights=beaten / (zones.stops - zones.starts)[owner])
    held = alarm_time > 0.0
    return float(np.mean(1.0 - lost[held] / alarm_time[held]))


def _affiliation_recall(events: Segments, zones: Segments, pieces: Overlaps) -> float:
    """Average, over all events, the score of their moments; arguments as above."""
    owner = pieces.truth
    # Which part of the zone is nearer to this piece than to its neighbors in the same zone.
    halfway = (pieces.stops[:-1] + pieces.starts[1:]) / 2
    neighbors = owner[:-1] == owner[1:]
    lower, upper = zones.starts[owner].astype(np.float64), zones.stops[owner].astype(np.float64)
    lower[1:] = np.where(neighbors, halfway, lower[1:])
    upper[:-1] = np.where(neighbors, halfway, upper[:-1])
    # The part of the event that lies there before the piece, and the part after it, by distance.
    near_before = np.maximum(pieces.starts - events.stops[owner], 0)
    far_before = np.maximum(pieces.starts - np.maximum(events.starts[owner], lower), near_before)
    near_after = np.maximum(events.starts[owner] - pieces.stops, 0)
    far_after = np.maximum(np.minimum(events.stops[owner], upper) - pieces.stops, near_after)
    # From a moment at distance d, the piece is beaten by what is within d on either side: d towards
    # the piece, and away from it no more than is left there, which is room - d.
    room_before, room_after = pieces.starts - zones.starts[owner], zones.stops[owner] - pieces.stops
    beaten = _integral_around(far_before, room_before) - _integral_around(near_before, room_before)
    beaten += _integral_around(far_after, room_after) - _integral_around(near_after, room_after)
    num_events = events.starts.size
    lost = np.bincount(owner, weights=beaten, minlength=num_events) / (zones.stops - zones.starts)
    held = np.bincount(owner, minlength=num_events) > 0
    return float(np.mean(np.where(held, 1.0 - lost / (events.stops - events.starts), 0.0)))


def _integral_within(distance: IntArray, limit: IntArray) -> FloatArray:
    """Integrate ``t + min(t, limit)`` over t from 0 to distance."""
    short = np.minimum(distance, limit)
    integral: FloatArray = (distance**2 + short**2) / 2 + short * (distance - short)
    return integral


def _integral_around(distance: IntArray | FloatArray, room: IntArray) -> FloatArray:
    """Integrate ``t + min(t, room - t)`` over t from 0 to distance, which is at most room."""
    short = np.minimum(distance, room / 2)
    integral: FloatArray = short**2 + room * (distance - short)
    return integral


def _true_negative_rate(truth: BoolArray, alarm: BoolArray) -> float:
    """Share of normal rows without an alarm; 1 if no row is normal."""
    num_normal = truth.size - int(np.count_nonzero(truth))
    return 1.0 - _share(int(np.count_nonzero(alarm & ~truth)), num_normal)


def _share(part: int, whole: int) -> float:
    """Part of the whole; 0 where there is nothing to share."""
    return part / whole if whole else 0.0
