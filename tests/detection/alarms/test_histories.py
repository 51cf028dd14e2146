"""Histories: an order statistic of lists, and what is kept changes nothing."""

import numpy as np
import pytest

from dcvae.detection.alarms import histories
from dcvae.detection.alarms.following import BLOCKS, Clock, Following
from dcvae.detection.alarms.histories import History, Memory
from dcvae.detection.alarms.past import Past

MINUTE = 60_000_000


def reference_by_hand(known: list[float], lowest: float) -> float:
    """The 90 % quantile, one of the last 48 values; none of fewer than 12."""
    last = sorted(known[-48:])
    return max(last[int(0.9 * (len(last) - 1) + 0.5)], lowest) if len(last) >= 12 else np.nan


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_references_as_blocks_come(share: float) -> None:
    generator = np.random.default_rng(0)
    blocks = generator.exponential(size=(130, 3))
    blocks[generator.random(blocks.shape) < share] = np.nan
    lowest = np.array([0.1, 2.2, 9.0])
    history = History(np.full((3, BLOCKS), np.nan), lowest, Memory())
    known: list[list[float]] = [[], [], []]
    for number, values in enumerate(blocks):
        history = history.after(number, values)
        for of_series, value in zip(known, values, strict=True):
            of_series.extend([] if np.isnan(value) else [value])
        expected = [reference_by_hand(*of) for of in zip(known, lowest, strict=True)]
        np.testing.assert_array_equal(history.reference, expected)


def test_so_much_is_kept_and_only_once_it_has_begun() -> None:
    memory = Memory()
    assert not memory.takes(1)
    memory.begin()
    free = memory.free
    assert memory.takes(free - 1)
    memory.begin()  # it is: what is kept stays
    assert not memory.takes(2)
    assert memory.takes(1)
    memory.begin()  # nor is there more when all is used
    assert memory.free == 0


def test_what_is_kept_is_what_was_worked_out() -> None:
    memory = Memory()
    history, values = History(np.ones((1, BLOCKS)), np.ones(1), memory), np.array([5.0])
    asked = []

    def judge() -> np.ndarray:
        asked.append(1)
        return np.array([7.0])

    assert history.after(0, values) is not history.after(0, values)
    assert history.judged(0, judge) == history.judged(0, judge) == 7.0
    assert len(asked) == 2
    memory.begin()
    assert history.after(0, values) is history.after(0, values)
    assert history.judged(0, judge) == history.judged(0, judge) == 7.0
    assert len(asked) == 3


@pytest.mark.parametrize("kept", [0, 20_000, 4_000_000])
def test_runs_after_others_are_those_of_a_fresh_past(
    kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit by bit, whatever limits came before and however much was kept of them."""
    monkeypatch.setattr(histories, "_KEPT", kept)
    generator = np.random.default_rng(3)
    relative = generator.exponential(size=(1200, 3))
    for start in range(60, 1200, 90):
        relative[start : start + int(generator.choice([5, 30, 100]))] *= 20.0
    relative[generator.random(relative.shape) < 0.05] = np.nan
    ones = np.ones(3)
    following = Following(96, 40, 2, ones * 1.2, ones * 1.1, ones * 0.8, 1.5, 60.0)
    clock = Clock.of(np.arange(1200) * MINUTE, 60.0, 96)

    def past() -> Past:
        return Past(following, lambda first, stop: relative[first:stop], clock)

    shared, events = past(), 0
    for limit in (200.0, 12.0, 30.0, 12.0, 5.0):
        for leave in (1.0, 0.5):
            found, expected = (of.run(limit, leave, 6) for of in (shared, past()))
            np.testing.assert_array_equal(found.strangeness, expected.strangeness)
            np.testing.assert_array_equal(found.references, expected.references)
            np.testing.assert_array_equal(found.held, expected.held)
            assert (found.accepted, found.returned) == (expected.accepted, expected.returned)
            events += len(found.accepted) + len(found.returned)
    assert events > 20
