"""Events and the windows that touch them, against windows that are gone through one by one."""

import numpy as np
import pytest

from dcvae._arrays import Segments
from dcvae.contamination.series.events import (
    ends_touching,
    ends_within,
    events_of,
    surroundings,
)


def windows(rows: int, length: int) -> dict[int, range]:
    return {end: range(end - length + 1, end + 1) for end in range(length - 1, rows)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length", [1, 2, 5])
def test_ends_of_windows(seed, length):
    marked = np.random.default_rng(seed).random(60) < 0.2
    within, touching = ends_within(marked, length), ends_touching(marked, length)
    for end in range(60):
        rows = windows(60, length).get(end)
        assert within[end] == (rows is not None and all(marked[row] for row in rows))
        assert touching[end] == (rows is not None and any(marked[row] for row in rows))


def test_fewer_rows_than_a_window():
    assert not ends_within(np.ones(3, dtype=bool), 4).any()
    assert not ends_touching(np.ones(3, dtype=bool), 4).any()


@pytest.mark.parametrize("seed", range(8))
def test_no_window_touches_an_event_and_the_surroundings_of_another(seed):
    window = 4
    labeled = np.random.default_rng(seed).random(300) < 0.04
    events = events_of(labeled, window)
    numbers = range(len(events.starts))
    # Every labeled row is in one event, whose ends are labeled.
    inside = np.zeros(300, dtype=int)
    for start, stop in zip(*events, strict=True):
        inside[start:stop] += 1
        assert labeled[start]
        assert labeled[stop - 1]
    assert inside.max() == 1
    assert inside[labeled].all()
    around = [surroundings(events, np.array([each]), window, 300) for each in numbers]
    for rows in windows(300, window).values():
        touched = [each for each in numbers if any(
            labeled[row] for row in rows if events.starts[each] <= row < events.stops[each]
        )]  # fmt: skip
        near = [each for each in numbers if around[each][rows.start : rows.stop].any()]
        assert len(touched) <= 1
        assert not touched or near == touched


def test_two_windows_between_labels_part_events():
    labeled = np.array([1, *[0] * 7, 1, *[0] * 8, 1]) == 1
    assert events_of(labeled, 4).starts.tolist() == [0, 17]
    assert events_of(labeled, 4).stops.tolist() == [9, 18]


def test_no_label_is_no_event():
    assert events_of(np.zeros(9, dtype=bool), 4).starts.tolist() == []


def test_surroundings_end_with_the_table():
    events = Segments(np.array([1, 8]), np.array([2, 9]))
    assert surroundings(events, np.array([0, 1]), 3, 10).tolist() == [
        *[True] * 5, *[True] * 5
    ]  # fmt: skip
    assert surroundings(events, np.array([0]), 3, 10).tolist() == [*[True] * 5, *[False] * 5]
