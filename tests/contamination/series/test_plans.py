"""Order in which events contaminate, shares of whole events, and what a detector is given."""

import numpy as np
import pandas as pd
import pytest

from dcvae.contamination.series.plans import Plan, PoolEvent, in_order
from dcvae.pipeline import PlantedEvent


def event(windows: int, start: int = 0, planted: PlantedEvent | None = None) -> PoolEvent:
    return PoolEvent((start, start + windows), start + np.arange(windows), planted)


def plan_of(pool: list[PoolEvent], normal: int = 90) -> Plan:
    frame = pd.DataFrame({"A": np.arange(200.0)})
    return Plan(
        frame,
        np.arange(200),
        np.zeros(200, dtype=bool),
        np.arange(200 - normal, 200),
        tuple(pool),
        frame,
        np.arange(200, 400),
        np.arange(10, 30),
        np.arange(20) < 5,
        (1, 2),
    )


class TestOrder:
    def test_a_large_event_waits_until_it_fits(self):
        large, small = event(30), [event(1) for _ in range(6)]
        ordered = in_order([large, *small], normal=100)
        assert [len(each.ends) for each in ordered] == [1] * 6 + [30]

    @pytest.mark.parametrize("seed", range(10))
    def test_all_events_stay_and_small_shares_are_made(self, seed):
        random = np.random.default_rng(seed)
        drawn = [event(int(count)) for count in random.integers(8, 40, 60)]
        ordered = in_order(drawn, normal=2000)
        assert sorted(map(id, ordered)) == sorted(map(id, drawn))
        touched = np.cumsum([len(each.ends) for each in ordered])
        shares = touched / (2000 + touched)
        for share in (0.02, 0.05, 0.12):
            assert np.abs(shares - share).min() < 0.2 * share

    def test_the_order_of_those_that_fit_is_as_drawn(self):
        drawn = [event(1) for _ in range(5)]
        assert [id(each) for each in in_order(drawn, 10_000)] == [id(each) for each in drawn]


class TestShares:
    def test_by_hand(self):
        plan = plan_of([event(10), event(20, 20)])
        np.testing.assert_allclose(plan.shares, [10 / 100, 30 / 120])
        assert [plan.taken(rho) for rho in (0.0, 0.001, 0.1, 0.17, 0.18, 0.25)] == [
            0, 1, 1, 1, 2, 2
        ]  # fmt: skip

    def test_no_event_is_taken_for_none(self):
        material = plan_of([event(10)]).material(0.0)
        assert not material.contaminated.any()
        assert sorted(material.ends) == [*range(110, 200)]


class TestMaterial:
    def test_labeled_events_are_missing_until_they_are_taken(self):
        plan = plan_of([event(10), event(20, 20)])
        for rho, missing, known in ((0.0, 30, 0), (0.1, 20, 10), (0.25, 0, 30)):
            material = plan.material(rho)
            assert np.isnan(material.training["A"]).sum() == missing
            np.testing.assert_array_equal(np.isnan(material.training["A"]), material.excluded)
            assert material.known.sum() == material.contaminated.sum() == known
        assert plan.training["A"].notna().all()  # left as it was

    def test_invented_events_are_planted_when_they_are_taken(self):
        planted = PlantedEvent("spike", 20, np.array([0]), np.full((2, 1), -5.0))
        plan = plan_of([event(10, 20, planted)])
        before, after = plan.material(0.0), plan.material(0.1)
        assert before.training.equals(plan.training)
        assert after.training["A"].iloc[[19, 20, 21, 22]].tolist() == [19.0, -5.0, -5.0, 22.0]
        assert not after.excluded.any()

    def test_the_order_of_windows_tells_of_no_label(self):
        material = plan_of([event(20)]).material(0.2)
        places = np.flatnonzero(material.contaminated)
        assert places.min() < 20
        assert places.max() > 90
        labeled = np.flatnonzero(material.test_labels)
        assert not np.array_equal(labeled, np.arange(5))

    def test_test_windows_are_the_same_at_every_share(self):
        plan = plan_of([event(10), event(20, 20)])
        first, last = plan.material(0.0), plan.material(0.25)
        np.testing.assert_array_equal(first.test_ends, last.test_ends)
        np.testing.assert_array_equal(first.test_labels, last.test_labels)
        assert last.test_labels[np.argsort(last.test_ends)].tolist() == plan.test_labels.tolist()
