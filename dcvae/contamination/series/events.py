"""Events in series: whole, with their surroundings, and the windows that touch them.

What contaminates is an event, never a row: neighboring windows share all but one row, so that a
part of an event in training would tell of the other part in the test. With windows of w rows::

    rows         . . . . . . . A A A . . . . . . . .
    surroundings       s s s s       s s s s            w = 4 rows on either side
    its windows end here     ^ ^ ^ ^ ^ ^
    normal windows end here ^                    ^ ...  they reach into no surroundings

Events with less than two windows between them are one, so that no window touches two.
"""

import numpy as np

from dcvae._arrays import BoolArray, IntArray, Segments, segments
from dcvae.data import windows_with


def events_of(labeled: BoolArray, window: int) -> Segments:
    """Find events in labeled rows.

    Args:
        labeled: (rows,) bool.
        window: rows of a window, w.

    Returns:
        Runs of rows in time order, at least 2w rows apart, that begin and end labeled.

    Examples:
        >>> labeled = np.array([0, 1, 0, 0, 1, 0, 0, 0, 0, 1]) == 1
        >>> events_of(labeled, window=2)
        Segments(starts=array([1, 9]), stops=array([ 5, 10]))
    """
    starts, stops = segments(labeled)
    if not len(starts):
        return Segments(starts, stops)
    apart = starts[1:] - stops[:-1] >= 2 * window
    return Segments(starts[np.append(True, apart)], stops[np.append(apart, True)])


def surroundings(events: Segments, chosen: IntArray, margin: int, num_rows: int) -> BoolArray:
    """Mark the rows of some events and those around them.

    Args:
        events: all events.
        chosen: (n,) int64, numbers of events.
        margin: rows on either side.
        num_rows: rows of the table.

    Returns:
        (rows,) bool.

    Examples:
        >>> events = Segments(np.array([3]), np.array([4]))
        >>> surroundings(events, np.array([0]), margin=1, num_rows=6).astype(int)
        array([0, 0, 1, 1, 1, 0])
    """
    marked = np.zeros(num_rows, dtype=bool)
    for event in chosen:
        first = max(int(events.starts[event]) - margin, 0)
        marked[first : int(events.stops[event]) + margin] = True
    return marked


def ends_within(allowed: BoolArray, length: int) -> BoolArray:
    """Tell in which rows a window ends that has none but allowed rows.

    Args:
        allowed: (rows,) bool.
        length: rows of a window.

    Returns:
        (rows,) bool; False in the first `length` - 1 rows, and everywhere in fewer rows than that.

    Examples:
        >>> ends_within(np.array([True, True, False, True, True]), length=2).astype(int)
        array([0, 1, 0, 0, 1])
    """
    if len(allowed) < length:
        return np.zeros(len(allowed), dtype=bool)
    return np.append(np.zeros(length - 1, dtype=bool), ~windows_with(~allowed, length))


def ends_touching(rows: BoolArray, window: int) -> BoolArray:
    """Tell in which rows a window ends that has a marked row; (rows,) bool of (rows,) bool."""
    touched = np.zeros(len(rows), dtype=bool)
    if len(rows) >= window:
        touched[window - 1 :] = windows_with(rows, window)
    return touched
