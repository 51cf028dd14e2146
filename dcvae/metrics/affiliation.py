"""Affiliation: how near alarms and events are, compared with chance (Huet, Navarro, Rossi 2022)."""

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


def affiliation(truth: BoolArray, alarm: BoolArray) -> PrecisionRecallF1:
    """Measure how near alarms and events are (Huet, Navarro, Rossi 2022, "Local Evaluation ..").

    Time is continuous here, row i is the interval [i, i + 1). The zone of an event is all time that
    is nearer to it than to any other event, so borders lie halfway between events, on half rows
    too, and the outer zones end with the series. Within a zone:

    * precision: each moment of alarm has a distance to the event. Its score is the probability
      that a moment drawn uniformly from the zone is farther away; 1 within the event. Averaged
      over all alarm time in the zone;
    * recall: each moment of the event has a distance to the nearest alarm in the zone. Its score
      is the probability that a moment drawn uniformly from the zone is farther from it; 1 under an
      alarm. Averaged over the event; 0 in a zone without an alarm.

    Precision is averaged over the zones with an alarm, recall over all. Random alarms get about 0.5
    or more, not 0, so compare with a random detector. Where there is truth but no alarm, the
    reference implementation leaves precision undefined; it is 0 here.

    Args:
        truth: (rows,) bool, the labels.
        alarm: (rows,) bool, the predictions.

    Returns:
        Precision, recall and F1, each 0 to 1, 1 is best.

    Raises:
        ValueError: a mask is not one-dimensional bool, or the lengths differ.

    Examples:
        An alarm just after the event overlaps no labeled row, and yet it is near:

        >>> import numpy as np
        >>> from dcvae.metrics import affiliation, point_wise
        >>> rows = np.arange(100)
        >>> truth, alarm = (rows >= 40) & (rows < 50), rows == 51
        >>> point_wise(truth, alarm).f1, round(affiliation(truth, alarm).f1, 2)
        (0.0, 0.87)
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
    """Cut [0, end) halfway between neighboring events: (events,) adjacent segments."""
    borders = (events.stops[:-1] + events.starts[1:]) // 2
    zero, last = np.zeros(1, dtype=np.int64), np.full(1, end, dtype=np.int64)
    return Segments(np.concatenate([zero, borders]), np.concatenate([borders, last]))


def _affiliation_precision(events: Segments, zones: Segments, pieces: Overlaps) -> float:
    """Average, over the zones that hold an alarm, the score of its moments.

    Args:
        events: (events,) in half rows.
        zones: (events,) in half rows, one around each event.
        pieces: the alarms cut by the zones; `pieces.truth` says in which zone each lies.
    """
    owner = pieces.truth
    starts, stops = events.starts[owner], events.stops[owner]
    # Nearer than a moment at distance d are the event itself and what is within d on either side:
    # d on the side of the moment, and at most the whole width on the narrower side.
    narrower = np.minimum(events.starts - zones.starts, zones.stops - events.stops)[owner]
    before = (np.maximum(starts - pieces.starts, 0), np.maximum(starts - pieces.stops, 0))
    after = (np.maximum(pieces.stops - stops, 0), np.maximum(pieces.starts - stops, 0))
    nearer = np.zeros(owner.size)
    for far, near in (before, after):
        nearer += (stops - starts) * (far - near)
        nearer += _integral_within(far, narrower) - _integral_within(near, narrower)
    alarm_time = np.bincount(owner, weights=pieces.stops - pieces.starts)
    lost = np.bincount(owner, weights=nearer / (zones.stops - zones.starts)[owner])
    held = alarm_time > 0.0
    return float(np.mean(1.0 - lost[held] / alarm_time[held]))


def _affiliation_recall(events: Segments, zones: Segments, pieces: Overlaps) -> float:
    """Average, over all events, the score of their moments; 0 for an event without an alarm.

    Args:
        events: as in `_affiliation_precision`.
        zones: as in `_affiliation_precision`.
        pieces: as in `_affiliation_precision`.
    """
    owner = pieces.truth
    # The part of the zone that is nearer to this piece than to its neighbors in the same zone.
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
    # Nearer than the piece to a moment at distance d is what is within d on either side: d towards
    # the piece, and away from it at most the rest of the zone there, which is width - d.
    before, after = pieces.starts - zones.starts[owner], zones.stops[owner] - pieces.stops
    nearer = _integral_around(far_before, before) - _integral_around(near_before, before)
    nearer += _integral_around(far_after, after) - _integral_around(near_after, after)
    num_events = events.starts.size
    lost = np.bincount(owner, weights=nearer, minlength=num_events) / (zones.stops - zones.starts)
    held = np.bincount(owner, minlength=num_events) > 0
    return float(np.mean(np.where(held, 1.0 - lost / (events.stops - events.starts), 0.0)))


def _integral_within(distance: IntArray, limit: IntArray) -> Float64Array:
    """Integrate `t + min(t, limit)` over t from 0 to distance."""
    short = np.minimum(distance, limit)
    integral: Float64Array = (distance**2 + short**2) / 2 + short * (distance - short)
    return integral


def _integral_around(distance: IntArray | Float64Array, width: IntArray) -> Float64Array:
    """Integrate `t + min(t, width - t)` over t from 0 to distance, which is at most width."""
    short = np.minimum(distance, width / 2)
    integral: Float64Array = short**2 + width * (distance - short)
    return integral
