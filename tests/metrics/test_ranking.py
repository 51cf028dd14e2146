"""Scores row by row, without a threshold: by hand, and against slow twins that count and loop."""

import math

import numpy as np
import pytest

from dcvae.metrics.ranking import average_precision, roc_auc
from support.masks import mask, random_case

MEASURES = (roc_auc, average_precision)


def test_roc_auc_and_average_precision_by_hand() -> None:
    # From the highest score down: normal, labeled, normal, labeled.
    truth, score = mask("##.."), np.array([0.1, 0.3, 0.2, 0.4])
    # One of the four pairs of a labeled and a normal row is in order.
    assert roc_auc(truth, score) == pytest.approx(1 / 4, abs=1e-15)
    # Recall grows by a half at precision 1/2 and by a half at precision 2/4.
    assert average_precision(truth, score) == pytest.approx(1 / 2, abs=1e-15)


def test_roc_auc_counts_pairs_and_average_precision_walks_down() -> None:
    generator = np.random.default_rng(1)
    for _ in range(100):
        truth, score = random_case(generator, 30)
        if not truth.any() or truth.all():
            continue
        above = np.sign(score[truth][:, None] - score[~truth][None])
        assert roc_auc(truth, score) == pytest.approx(((above + 1) / 2).mean(), abs=1e-12)
        area, recall = 0.0, 0.0
        for threshold in sorted(set(score), reverse=True):
            alarm = score >= threshold
            now = (truth & alarm).sum() / truth.sum()
            area += (now - recall) * (truth & alarm).sum() / alarm.sum()
            recall = now
        assert average_precision(truth, score) == pytest.approx(area, abs=1e-12)


# ---------------------------------------------------------------- properties


def test_only_the_order_of_the_scores_counts() -> None:
    generator = np.random.default_rng(4)
    for _ in range(30):
        truth, score = random_case(generator, 60)
        if not truth.any() or truth.all():
            continue
        for measure in MEASURES:
            expected = pytest.approx(measure(truth, score), abs=1e-12)
            assert measure(truth, 3 * score - 7) == expected
            assert measure(truth, np.exp(score)) == expected
            assert measure(truth, score.astype(np.float32)) == expected


def test_arguments_are_not_changed() -> None:
    truth, score = mask(".##."), np.array([0.1, 0.4, 0.2, 0.3])
    for measure in MEASURES:
        measure(truth, score)
    np.testing.assert_array_equal(truth, mask(".##."))
    np.testing.assert_array_equal(score, [0.1, 0.4, 0.2, 0.3])


# ---------------------------------------------------------------- nothing to judge


def test_undefined_is_not_a_number() -> None:
    for rows in (0, 1, 4):
        score, none = np.arange(float(rows)), np.zeros(rows, dtype=bool)
        assert math.isnan(roc_auc(none, score))
        assert math.isnan(average_precision(none, score))
    for rows in (1, 4):
        score, every = np.arange(float(rows)), np.ones(rows, dtype=bool)
        assert math.isnan(roc_auc(every, score))
        assert average_precision(every, score) == 1.0


def test_a_constant_score_ranks_by_chance() -> None:
    truth, score = mask(".#.."), np.full(4, 2.0)
    assert roc_auc(truth, score) == 1 / 2
    assert average_precision(truth, score) == 1 / 4


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("measure", MEASURES)
def test_lengths_must_agree(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match=r"`truth` and `score`.*Received: 3 and 2 rows"):
        measure(mask("#.."), np.zeros(2))


@pytest.mark.parametrize("measure", MEASURES)
def test_truth_is_a_mask_and_score_a_row_of_finite_floats(measure: object) -> None:
    assert callable(measure)
    with pytest.raises(ValueError, match=r"`truth` must be .* bool array.*dtype int64"):
        measure(np.array([0, 1]), np.zeros(2))
    with pytest.raises(ValueError, match=r"`score` must be .* float array.*shape \(1, 2\)"):
        measure(mask("#."), np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"`score` must be .* float array.*dtype bool"):
        measure(mask("#."), mask("#."))
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match=rf"`score` must be finite.*Received: {bad} in row 1"):
            measure(mask("#."), np.array([0.0, bad]))


def test_the_last_bits_are_scikit_learns() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    generator = np.random.default_rng(6)
    for case in range(200):
        truth = generator.random(int(generator.integers(2, 300))) < generator.random()
        score = generator.normal(size=len(truth)) + 2 * truth
        score = np.round(score, case % 3) if case % 2 else score  # ties
        if truth.any() and not truth.all():
            assert roc_auc(truth, score) == metrics.roc_auc_score(truth, score)
            expected = metrics.average_precision_score(truth, score)
            assert average_precision(truth, score) == expected
