"""Hit rates: by hand, against arrays of ranks, and chance over all orders of few series."""

import itertools
import math
import re

import numpy as np
import pytest

from dcvae.metrics import hit_rate


def test_by_hand() -> None:
    rankings = ["abcd", "cab", "d", ""]
    causes = ["a", "b", "ab", "c"]
    # Ranks of the causes: 1; 3; none; none, as nothing was named.
    rates = [hit_rate(rankings, causes, k, 4).rate for k in (1, 2, 3, 4)]
    assert rates == [1 / 4, 1 / 4, 2 / 4, 2 / 4]
    assert hit_rate(rankings, causes, 3, 4).num_events == 4
    # One cause of four is first with 1/4, one of two causes with 1/2.
    assert hit_rate(rankings, causes, 1, 4).chance == pytest.approx((3 / 4 + 1 / 2) / 4)
    # All are among as many as there are, and among more.
    assert hit_rate(rankings, causes, 4, 4).chance == hit_rate(rankings, causes, 9, 4).chance == 1.0


@pytest.mark.parametrize("num_causes", [1, 2, 4])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_chance_is_the_mean_of_all_orders(num_causes: int, k: int) -> None:
    causes = set(range(num_causes))
    orders = list(itertools.permutations(range(5)))
    result = hit_rate(orders, [causes] * len(orders), k, 5)
    assert result.rate == pytest.approx(result.chance)


def test_it_equals_a_table_of_ranks() -> None:
    generator = np.random.default_rng(0)
    rankings, causes, best = [], [], []
    for _ in range(200):
        order = generator.permutation(12)[: generator.integers(0, 13)]
        true = generator.choice(12, generator.integers(1, 4), replace=False)
        places = np.flatnonzero(np.isin(order, true))
        best.append(places[0] if len(places) else 99)
        rankings.append(order.tolist())
        causes.append(true.tolist())
    for k in (1, 3, 5):
        assert hit_rate(rankings, causes, k, 12).rate == np.mean(np.array(best) < k)


def test_without_events_nothing_is_known() -> None:
    result = hit_rate([], [], 1, 3)
    assert math.isnan(result.rate)
    assert math.isnan(result.chance)
    assert result.num_events == 0


@pytest.mark.parametrize(
    ("rankings", "causes", "k", "message"),
    [
        (["a"], ["a"], 0, "`k` must be at least 1. Received: k=0."),
        (["a", "b"], ["a"], 1, "must be of the same events. Received: 2 and 1."),
        (["a", "b"], ["a", ""], 1, "needs 1 to 2 causes. Received: 0 of event 1."),
        (["a"], ["abc"], 1, "needs 1 to 2 causes. Received: 3 of event 0."),
        (["aa"], ["a"], 1, "names a series once. Received: ['a', 'a'] of event 0."),
    ],
)
def test_refusals(rankings: list[str], causes: list[str], k: int, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        hit_rate(rankings, causes, k, 2)
