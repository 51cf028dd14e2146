"""Planted events: what each kind does, where they lie, and what is no event."""

from collections import Counter
from itertools import islice, pairwise

import numpy as np
import pytest

from dcvae.pipeline.planted import EVENT_KINDS, PlantedEvent, planted_events

SPREAD = 2.0


def noise(rows: int = 3000, series: int = 3, level: float = 1000.0) -> np.ndarray:
    return np.random.default_rng(5).normal(level, SPREAD, (rows, series))


def events_of(kind: str, values: np.ndarray) -> list[PlantedEvent]:
    found = list(islice(planted_events(values, [kind], apart=16, seed=[1]), 20))
    assert len(found) == 20
    return found


def changes(event: PlantedEvent, values: np.ndarray) -> np.ndarray:
    """What an event adds to the rows, in standard deviations of the noise."""
    return (event.values - values[event.start : event.stop, event.columns]) / SPREAD


class TestKinds:
    """Sizes are those that data/make_sample.py draws, in spreads of the series."""

    def test_spike_and_level_shift_add_a_constant(self):
        values = noise()
        for kind, rows, sizes in (("spike", (1, 2), (5, 18)), ("level shift", (6, 48), (4, 10))):
            for event in events_of(kind, values):
                change = changes(event, values)
                assert rows[0] <= len(change) <= rows[1]
                assert np.ptp(change, axis=0).max() < 1e-9
                assert (np.abs(change) > 0.9 * sizes[0]).all()
                assert (np.abs(change) < 1.1 * sizes[1]).all()

    def test_both_directions_are_drawn(self):
        values = noise()
        signs = {
            float(np.sign(changes(event, values)[0, 0])) for event in events_of("spike", values)
        }
        assert signs == {-1.0, 1.0}

    def test_ramp_grows_from_a_quarter_to_all(self):
        values = noise()
        for event in events_of("ramp", values):
            change = changes(event, values)
            np.testing.assert_allclose(change[-1], 4 * change[0], rtol=1e-9)
            np.testing.assert_allclose(np.diff(change, 2, axis=0), 0.0, atol=1e-9)

    def test_drop_loses_a_share_of_what_is_above_the_least(self):
        values = noise()
        for event in events_of("drop", values):
            rows = values[event.start : event.stop, event.columns]
            lowest = values.min(axis=0)[event.columns]
            left = (event.values - lowest) / (rows - lowest)
            assert 0 <= left.min() <= left.max() <= 0.4 + 1e-9

    def test_flat_stays_and_burst_is_restless(self):
        wave = 50 * np.sin(np.arange(3000) / 20)[:, np.newaxis] + noise()
        for event in events_of("flat", wave):
            np.testing.assert_array_equal(
                event.values, np.broadcast_to(wave[event.start, event.columns], event.values.shape)
            )
        spreads = [changes(event, wave).std() for event in events_of("burst", wave)]
        assert min(spreads) > 2.0

    def test_flat_where_nothing_moves_is_no_event(self):
        steps = np.repeat(np.random.default_rng(2).normal(0, 10, (30, 1)), 100, axis=0)
        assert not [event for event in islice(planted_events(steps, ["flat"], 4, [1]), 5)
                    if np.ptp(steps[event.start : event.stop, 0]) == 0]  # fmt: skip


class TestPlaces:
    def test_events_keep_apart_and_off_the_ends(self):
        events = list(planted_events(noise(), EVENT_KINDS, apart=16, seed=[1]))
        events.sort(key=lambda event: event.start)
        assert events[0].start >= 16
        assert events[-1].stop <= 3000 - 16
        gaps = [b.start - a.stop for a, b in pairwise(events)]
        assert min(gaps) >= 16

    def test_kinds_take_turns(self):
        kinds = [kind for kind in EVENT_KINDS if kind != "flat"]  # which noise hides here and there
        events = list(islice(planted_events(noise(), kinds, apart=8, seed=[1]), 20))
        assert Counter(event.kind for event in events) == dict.fromkeys(kinds, 4)

    def test_up_to_three_series_of_those_that_move(self):
        values = noise(series=6)
        values[:, 2] = 7.0
        events = list(planted_events(values, EVENT_KINDS, apart=8, seed=[1]))
        assert {len(event.columns) for event in events} == {1, 2, 3}
        assert not any(2 in event.columns for event in events)

    def test_one_seed_is_one_plan(self):
        first, again, other = (
            [(event.kind, event.start) for event in planted_events(noise(), EVENT_KINDS, 8, [seed])]
            for seed in (1, 1, 2)
        )
        assert first == again
        assert first != other

    @pytest.mark.parametrize("values", [np.full((500, 2), 3.0), np.full((500, 1), np.nan)])
    def test_nothing_is_planned_where_nothing_moves(self, values):
        assert list(planted_events(values, EVENT_KINDS, 8, [1])) == []

    def test_no_room(self):
        assert list(planted_events(noise(rows=20), EVENT_KINDS, 16, [1])) == []


class TestValues:
    def test_counts_stay_whole_and_not_negative(self):
        counts = np.random.default_rng(3).poisson(2.0, (3000, 2)).astype(float)
        for event in planted_events(counts, EVENT_KINDS, 8, [1]):
            assert (event.values >= 0).all()
            np.testing.assert_array_equal(event.values % 1, 0)

    def test_missing_cells_stay_missing_and_others_are_not_touched(self):
        values = noise()
        values[np.random.default_rng(4).random(values.shape) < 0.1] = np.nan
        planted = values.copy()
        inside = np.zeros(values.shape, dtype=bool)
        for event in planted_events(values, EVENT_KINDS, 8, [1]):
            event.plant(planted)
            inside[event.start : event.stop, event.columns] = True
        np.testing.assert_array_equal(np.isnan(planted), np.isnan(values))
        np.testing.assert_array_equal(planted[~inside], values[~inside])
        known = inside & ~np.isnan(values)
        assert (planted[known] != values[known]).mean() > 0.9
