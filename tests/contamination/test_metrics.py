"""Metrics of an outcome against scikit-learn and a loop, and the share found in training."""

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    f1_score,
    precision_score,
    recall_score,
    roc_auc_score,
)

from dcvae.contamination.experiment import Outcome
from dcvae.contamination.metrics import METRICS, hits_at_the_top, measure, published_protocol


def outcome_with(seed: int, *, digits: int = 6) -> Outcome:
    random = np.random.default_rng(seed)
    labels = random.random(400) < 0.1
    contaminated = random.random(300) < 0.08
    return Outcome(
        np.arange(300),
        contaminated,
        np.round(random.normal(contaminated * 1.0), digits),
        np.arange(300, 700),
        labels,
        np.round(random.normal(labels * 1.5), digits),
    )


@pytest.mark.parametrize("digits", [6, 0])  # with many ties too
def test_against_scikit_learn(digits):
    made = outcome_with(1, digits=digits)
    found = measure(made, assumed=0.1, seed=3)
    assert found["auroc"] == pytest.approx(roc_auc_score(made.labels, made.scores))
    assert found["aupr"] == pytest.approx(average_precision_score(made.labels, made.scores))
    flagged = made.scores > np.quantile(made.training_scores, 0.9)
    assert found["f1_train_threshold"] == pytest.approx(f1_score(made.labels, flagged))
    assert found["precision"] == pytest.approx(precision_score(made.labels, flagged))
    assert found["recall"] == pytest.approx(recall_score(made.labels, flagged))
    assert set(found) == set(METRICS) - {"f1_published"}


def test_f1_at_the_true_rate_is_f1():
    made = outcome_with(2)
    top = np.zeros(400, dtype=bool)
    top[np.argsort(made.scores)[::-1][: made.labels.sum()]] = True
    found = measure(made, assumed=0.05, seed=3)
    assert found["f1_true_rate"] == pytest.approx(f1_score(made.labels, top))


def test_ties_keep_the_order_of_the_units():
    scores = np.zeros(4)
    assert hits_at_the_top(np.array([True, False, False, True]), scores) == 0.5
    assert hits_at_the_top(np.array([True, True, False, False]), scores) == 1.0
    assert hits_at_the_top(np.array([False, False, True, True]), scores) == 0.0


def test_recall_of_the_contamination():
    made = outcome_with(3)
    strange = np.where(made.contaminated, 9.0, made.training_scores)
    found = measure(made._replace(training_scores=strange), assumed=0.05, seed=3)
    assert found["contamination_recall"] == 1.0
    clean = made._replace(contaminated=np.zeros(300, dtype=bool))
    assert np.isnan(measure(clean, assumed=0.05, seed=3)["contamination_recall"])


def test_the_threshold_reads_no_test_score():
    made = outcome_with(4)
    moved = made._replace(scores=np.where(made.scores > 2.0, made.scores + 100.0, made.scores))
    threshold = np.quantile(made.training_scores, 0.95)
    assert threshold < 2.0  # so that the same rows are above it
    names = ("f1_train_threshold", "precision", "recall")
    before, after = (measure(one, assumed=0.05, seed=1) for one in (made, moved))
    assert [before[name] for name in names] == [after[name] for name in names]


def test_the_published_protocol_by_a_loop():
    made = outcome_with(5)
    order = np.random.default_rng([9, 2]).permutation(400)
    searched, judged = order[:80], order[80:]
    normal = 1 - made.labels.mean()
    best = (-1.0, 0.0)
    for level in np.linspace(normal - 0.05, normal + 0.05, 100):
        threshold = np.quantile(made.scores[searched], level)
        flagged = made.scores[searched] > threshold
        found = f1_score(made.labels[searched], flagged, zero_division=0.0)
        best = max(best, (found, threshold), key=lambda pair: pair[0])
    expected = f1_score(made.labels[judged], made.scores[judged] > best[1])
    assert published_protocol(made.labels, made.scores, 9).f1 == pytest.approx(expected)
    found = measure(made, assumed=0.05, seed=9, published=True)
    assert found["f1_published"] == pytest.approx(expected)


def test_the_published_threshold_may_be_above_all_scores():
    labels = np.array([False] * 99 + [True])
    found = published_protocol(labels, labels * 1.0, 1)
    assert 0.0 <= found.f1 <= 1.0
