"""Splits by time and by event: whole events on either side, borders far from them."""

import numpy as np
import pytest

from dcvae import InputError
from dcvae._arrays import Segments
from dcvae.contamination.series.splits import split_by_event, split_by_time


def events_at(*starts: int) -> Segments:
    return Segments(np.array(starts), np.array(starts) + 5)


def test_by_time_the_nearest_border_between_events_is_taken():
    testing = split_by_time(events_at(10, 100, 200, 290), 300, 0.4, "labels.csv")
    # Halfway between 105 and 200 lies 152, between 205 and 290 247; 180 is asked for.
    assert np.flatnonzero(np.diff(testing.astype(int))).tolist() == [151]
    assert not testing[0]
    assert testing[-1]


@pytest.mark.parametrize("share", [0.01, 0.99])
def test_by_time_both_parts_have_an_event(share):
    testing = split_by_time(events_at(10, 100, 200), 300, share, "labels.csv")
    assert {bool(testing[start]) for start in (10, 100, 200)} == {True, False}


@pytest.mark.parametrize("seed", range(6))
def test_by_event_blocks_hold_whole_events(seed):
    starts = np.arange(30, 1970, 60)
    events, reach = events_at(*starts), 20
    testing = split_by_event(events, 2000, 0.4, reach, [seed], "labels.csv")
    for start, stop in zip(*events, strict=True):
        assert len(set(testing[start - 20 : stop + 20].tolist())) == 1  # and what is around them
    edges = np.flatnonzero(np.diff(testing.astype(int))) + 1
    assert np.diff([0, *edges, 2000]).min() >= 4 * reach
    assert 0.3 < testing.mean() < 0.5


def test_by_event_runs_differ_and_a_seed_tells_the_run():
    events = events_at(*range(30, 1970, 60))
    drawn = [split_by_event(events, 2000, 0.4, 20, [5, run], "x").tobytes() for run in range(8)]
    assert len(set(drawn)) > 4
    assert split_by_event(events, 2000, 0.4, 20, [5, 3], "x").tobytes() == drawn[3]


def test_one_event_is_refused():
    with pytest.raises(InputError, match=r"at least two events in labels\.csv.*Received 1: .*--in"):
        split_by_time(events_at(10), 300, 0.4, "labels.csv")


def test_events_in_one_block_are_refused():
    with pytest.raises(InputError, match=r"at least two blocks of 400 rows.*Received 2 events in"):
        split_by_event(events_at(100, 200), 700, 0.4, 100, [1], "labels.csv")
