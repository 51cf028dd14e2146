"""Splits of labeled series into a part that trains and one that tests, events kept whole.

By time, what comes first trains and what comes last tests, as in use. By event, blocks of several
events each are drawn for one of the two, in every run anew: more of what may happen is tested, but
what is tested is not always later than what was trained on. No border lies in an event or near it::

    rows     . . A A . . . . . . . B . . . . . . C C C . . .
    borders              |               |                     halfway between events
"""

import numpy as np

from dcvae._arrays import BoolArray, IntArray, Segments
from dcvae.errors import InputError

LEAST_BLOCK = 4  # of a split by event, in rows that a score looks back


def split_by_time(events: Segments, num_rows: int, test_share: float, source: str) -> BoolArray:
    """Split rows at the border between two events that is nearest to a share of them.

    Args:
        events: in time order.
        num_rows: rows of the table.
        test_share: share of the rows, at the end, that tests.
        source: names the labels in messages.

    Returns:
        (rows,) bool, True where a row tests. Both parts have an event.

    Raises:
        InputError: there are fewer than two events.

    Examples:
        >>> events = Segments(np.array([1, 6]), np.array([2, 8]))
        >>> split_by_time(events, 10, test_share=0.5, source="labels.csv").astype(int)
        array([0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    """
    borders = _borders(events, source)
    border = int(borders[np.abs(borders - (1.0 - test_share) * num_rows).argmin()])
    testing: BoolArray = np.arange(num_rows) >= border
    return testing


def split_by_event(
    events: Segments, num_rows: int, test_share: float, reach: int, seed: list[int], source: str
) -> BoolArray:
    """Split rows into blocks of whole events, and draw those that test.

    Args:
        events: in time order.
        num_rows: rows of the table.
        test_share: share of the blocks that test, at least one and not all.
        reach: rows that a score looks back: blocks have at least four times as many, as the first
            rows of a block have no score of their own.
        seed: of the draw.
        source: names the labels in messages.

    Returns:
        (rows,) bool, True where a row tests. Both parts have an event.

    Raises:
        InputError: there are fewer than two blocks.
    """
    borders, kept = _borders(events, source), [0]
    for border in borders:
        if min(border - kept[-1], num_rows - border) >= LEAST_BLOCK * reach:
            kept.append(int(border))
    if len(kept) < 2:
        raise InputError(
            f"Expected events of {source} to stand in at least two blocks of "
            f"{LEAST_BLOCK * reach:,} rows each, {LEAST_BLOCK} times what a score looks back. "
            f"Received {len(events.starts)} events in {num_rows:,} rows: split by time, give "
            "longer data, or use a smaller `T`."
        )
    count = int(np.clip(round(test_share * len(kept)), 1, len(kept) - 1))
    testing = np.zeros(len(kept), dtype=bool)
    testing[np.random.default_rng(seed).choice(len(kept), count, replace=False)] = True
    return np.repeat(testing, np.diff([*kept, num_rows]))


def _borders(events: Segments, source: str) -> IntArray:
    """Return the rows halfway between events, where a part may begin."""
    if len(events.starts) < 2:
        raise InputError(
            f"Expected at least two events in {source}, one to contaminate the training rows with "
            f"and another to test on. Received {len(events.starts)}: label more, give a test file "
            "(--test and --test-labels), or have events invented (--invent)."
        )
    return (events.stops[:-1] + events.starts[1:]) // 2
