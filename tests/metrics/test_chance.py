"""Chance levels: by hand, over all orders of few rows, and against scores that are drawn."""

import itertools
import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from dcvae.metrics import average_precision, constant_score, random_scores, roc_auc, vus
from support.masks import mask


@pytest.mark.parametrize("picture", ["#....", ".##..", "#.#.#", "##.##", "#."])
def test_average_precision_is_that_of_all_orders(picture: str) -> None:
    truth = mask(picture)
    orders = [
        average_precision_score(truth, order) for order in itertools.permutations(range(truth.size))
    ]
    level = random_scores(truth, 0)
    assert level.average_precision == pytest.approx(sum(orders) / len(orders), abs=1e-12)
    assert level.roc_auc == 0.5


def labeled_rows(rows: int, seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    truth = np.zeros(rows, dtype=bool)
    for start in generator.integers(0, rows, 5):
        truth[start : start + 12] = True
    return truth


@pytest.mark.parametrize("rows", [120, 900])
def test_volumes_are_the_mean_of_random_scores(rows: int) -> None:
    truth, window = labeled_rows(rows, rows), 30
    generator = np.random.default_rng(1)
    drawn = np.array([vus(truth, generator.random(rows), window) for _ in range(200)])
    levels = np.array(
        [
            (level.vus_pr, level.vus_roc)
            for level in (random_scores(truth, window, seed=seed) for seed in range(25))
        ]
    )
    error = drawn.std(axis=0) * math.sqrt(2 / 200)  # of both means, of 200 draws each
    np.testing.assert_array_less(np.abs(levels.mean(axis=0) - drawn.mean(axis=0)), 4 * error)
    # The buffer alone lifts both far above what they are without one.
    assert levels[:, 0].min() > 1.5 * truth.mean()
    assert levels[:, 1].min() > 0.5


def test_one_seed_gives_one_level_and_another_a_near_one() -> None:
    truth = labeled_rows(500, 3)
    first, again, other = (random_scores(truth, 20, seed=seed) for seed in (4, 4, 5))
    assert first == again
    assert first.vus_pr != other.vus_pr
    assert first.vus_pr == pytest.approx(other.vus_pr, rel=0.3)


@pytest.mark.parametrize("window", [0, 1, 7, 40])
def test_a_constant_is_judged_as_any_score(window: int) -> None:
    truth = labeled_rows(300, 2)
    score = np.full(300, 3.0)
    level = constant_score(truth, window)
    assert level.roc_auc == roc_auc(truth, score)
    assert level.average_precision == pytest.approx(average_precision(truth, score))
    assert (level.vus_pr, level.vus_roc) == pytest.approx(vus(truth, score, window), abs=1e-12)


def test_volumes_of_a_constant_by_hand() -> None:
    # One row of four; all rows alarm at once. Buffers 0 and 1 reach no other: precision 1/4, and
    # half of the square. Buffer 2 gives its neighbors r each: TP = 1 + 2r, P' = 1 + r, recall 1.
    r = math.sqrt(1 / 2)
    rate = (4 - (1 + 2 * r)) / (4 - (1 + r))
    level = constant_score(mask(".#.."), 2)
    assert level.vus_pr == pytest.approx((1 / 4 + 1 / 4 + (1 + 2 * r) / 4) / 3)
    assert level.vus_roc == pytest.approx((1 / 2 + 1 / 2 + rate / 2 + 1 - rate) / 3)


@pytest.mark.parametrize("level_of", [random_scores, constant_score])
def test_what_is_not_defined_has_no_level(level_of: object) -> None:
    assert callable(level_of)
    for rows in (0, 3):
        assert all(math.isnan(value) for value in level_of(np.zeros(rows, dtype=bool), 2))
    every = level_of(np.ones(3, dtype=bool), 2)
    assert every.average_precision == 1.0
    assert [math.isnan(value) for value in every] == [True, False, True, True]
    with pytest.raises(ValueError, match=r"`truth` must be .* bool array"):
        level_of(np.array([0, 1]), 2)
    with pytest.raises(ValueError, match="`window` must be at least 0"):
        level_of(mask("#."), -1)
