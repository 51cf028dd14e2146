"""Attention over a memory, its loss and its refusals."""

from pathlib import Path

import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
from keras import ops
from sklearn.metrics import roc_auc_score

from dcvae import InputError
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.reconstruction.mem_ae import MemAEDetector, MemAEFormula

ROWS = np.random.default_rng(0).normal(size=(7, 3))
FORMULA = MemAEFormula((3, 5, 2), "tanh", memory=6, shrinkage=1 / 6, entropy_weight=0.5)
IONOSPHERE = Path(__file__).parents[5] / "shared" / "data" / "rows" / "18_Ionosphere.npz"


def weights_of(formula: MemAEFormula) -> dict[str, np.ndarray]:
    """Draw weights, large enough for attention to differ."""
    drawn = formula.initial(np.random.default_rng(1))
    return {name: 3.0 * value.astype(np.float64) for name, value in drawn.items()}


WEIGHTS = weights_of(FORMULA)


def layers(side: str, x: np.ndarray) -> np.ndarray:
    """Pass one row through a side of the network, by hand."""
    hidden = np.tanh(x @ WEIGHTS[f"{side}/0/kernel"] + WEIGHTS[f"{side}/0/bias"])
    return hidden @ WEIGHTS[f"{side}/1/kernel"] + WEIGHTS[f"{side}/1/bias"]


def attention(x: np.ndarray, shrinkage: float) -> np.ndarray:
    """Compute the attention of one row by the formula of the paper."""
    shares = scipy.special.softmax(
        [float(layers("encoder", x) @ code) for code in WEIGHTS["memory"]]
    )
    cut = np.maximum(shares - shrinkage, 0) * shares / (np.abs(shares - shrinkage) + 1e-12)
    return cut / cut.sum()


def test_attention_is_cut_as_in_the_paper() -> None:
    expected = np.stack([attention(x, 1 / 6) for x in ROWS])
    assert 0 < (expected == 0).mean() < 1
    found = FORMULA.attention(numpy_ops, WEIGHTS, ROWS)
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_loss_and_score_are_those_of_the_reconstruction() -> None:
    shares = np.stack([attention(x, 1 / 6) for x in ROWS])
    again = np.stack([layers("decoder", share @ WEIGHTS["memory"]) for share in shares])
    loss = ((ROWS - again) ** 2).mean() + 0.5 * scipy.stats.entropy(shares, axis=1).mean()
    assert float(FORMULA.loss(numpy_ops, WEIGHTS, ROWS, {})) == pytest.approx(loss, rel=1e-9)
    single = {name: tf.constant(value, tf.float32) for name, value in WEIGHTS.items()}
    assert float(FORMULA.loss(ops, single, tf.constant(ROWS, tf.float32), {})) == pytest.approx(
        loss, rel=1e-5
    )
    scores = FORMULA.score(numpy_ops, WEIGHTS, ROWS, {})
    np.testing.assert_allclose(scores, ((ROWS - again) ** 2).sum(axis=1), rtol=1e-9)


def test_program_attends_to_all_of_the_memory() -> None:
    formula = MemAEDetector(fidelity="code")._formula(3)
    found = formula.attention(numpy_ops, weights_of(formula), ROWS)
    assert (found > 0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    paper = MemAEDetector()._formula(3)
    assert (paper.attention(numpy_ops, weights_of(paper), ROWS) == 0).any()


def test_attention_that_is_all_alike_leaves_nothing_and_stays_finite() -> None:
    """A row of zeros has the code 0 at first, and all shares are 1 / memory."""
    formula = MemAEFormula((3, 5, 2), "relu", memory=8, shrinkage=1 / 8)
    weights = {
        name: tf.constant(x) for name, x in formula.initial(np.random.default_rng(0)).items()
    }
    zeros = tf.zeros((4, 3))
    assert not np.asarray(formula.attention(ops, weights, zeros)).any()
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = formula.loss(ops, weights, zeros, {})
    gradients = tape.gradient(loss, weights, unconnected_gradients="zero")
    assert float(loss) == 0.0
    assert all(np.isfinite(value).all() for value in gradients.values())


@pytest.mark.parametrize(
    "rows",
    [
        np.zeros((20, 2)),
        np.repeat(np.eye(3), 5, axis=0),
        np.arange(2.0)[:, None],
        np.vstack([np.zeros((5, 4)), np.random.default_rng(0).normal(size=(30, 4))]),
    ],
    ids=["zeros", "duplicates", "two rows of one series", "rows of zeros"],
)
def test_rows_that_say_little_have_finite_scores(rows: np.ndarray) -> None:
    detector = MemAEDetector(epochs=2).fit(rows)
    assert np.isfinite(detector.decision_scores_).all()
    assert np.isfinite(detector.decision_function(rows - 5.0)).all()


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("memory", 1, "a whole number of at least 2"),
        ("shrinkage", 0.07, r"a number of at least 0 and at most 0\.06"),
        ("shrinkage", -0.1, r"a number of at least 0 and at most 0\.06"),
        ("entropy_weight", -1.0, "a number of at least 0"),
        ("fidelity", "seed", "one of `paper`, `code`"),
        ("latent", 0, "a whole number of at least 1"),
    ],
)
def test_parameters_that_cannot_be_are_refused(
    parameter: str, value: object, expected: str
) -> None:
    detector = MemAEDetector(**{parameter: value})
    with pytest.raises(InputError, match=f"Expected `{parameter}` of MemAE to be {expected}"):
        detector.fit(ROWS)


def test_one_seed_gives_one_detector_and_another_another() -> None:
    first, again, other = (MemAEDetector(epochs=2, seed=seed).fit(ROWS) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.decision_scores_, again.decision_scores_)
    assert (first.decision_scores_ != other.decision_scores_).any()


@pytest.mark.skipif(not IONOSPHERE.exists(), reason="the data sets are not here")
def test_strange_radar_returns_are_found() -> None:
    data = np.load(IONOSPHERE)
    values, strange = data["X"].astype(float), data["y"] == 1
    usual = np.random.default_rng(0).permutation(np.flatnonzero(~strange))
    detector = MemAEDetector(epochs=60).fit(values[usual[:112]])
    test = np.concatenate([usual[112:], np.flatnonzero(strange)])
    assert roc_auc_score(strange[test], detector.decision_function(values[test])) > 0.85
