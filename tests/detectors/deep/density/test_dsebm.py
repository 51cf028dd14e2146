"""DSEBM: its slope against differentiation by TensorFlow and against differences of the energy."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from keras import ops as keras_ops
from sklearn.metrics import roc_auc_score

from dcvae import InputError
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.density.dsebm import DSEBMDetector, DSEBMFormula

SMALL: dict[str, Any] = {"epochs": 3, "batch_size": 32}
KINDS = [
    ((6, 3), False),
    ((6, 10, 4), False),
    ((6, 5, 4, 3), False),
    ((6, 3), True),
    ((6, 10, 4), True),
    ((6, 5, 4, 3), True),
    ((1, 2), False),
    ((1, 2, 2), True),
]


def rows_of(num_rows: int, columns: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 2, (num_rows, columns))


def drawn(formula: DSEBMFormula) -> dict[str, np.ndarray]:
    """Draw weights with biases and a center, float64."""
    random = np.random.default_rng(4)
    weights = formula.initial(random)
    return {name: x + 0.3 * random.normal(size=x.shape) for name, x in weights.items()}


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize(("widths", "is_chain"), KINDS)
def test_slope_is_the_derivative_of_the_energy(widths: tuple[int, ...], is_chain: bool) -> None:
    formula = DSEBMFormula(widths, is_chain, 0.3)
    weights, rows = drawn(formula), rows_of(20, widths[0])
    found = formula.slope(numpy_ops, weights, rows, {})
    given = tf.constant(rows)
    wide = {name: tf.constant(x) for name, x in weights.items()}
    with tf.GradientTape() as tape:
        tape.watch(given)
        energy = formula.energy(keras_ops, wide, given, {})
    np.testing.assert_allclose(found, tape.gradient(energy, given).numpy(), rtol=1e-9, atol=1e-12)
    step = 1e-5 * np.eye(widths[0])[:, None]
    higher, lower = (formula.energy(numpy_ops, weights, rows + x, {}) for x in (step, -step))
    np.testing.assert_allclose(found, (higher - lower).T / 2e-5, rtol=1e-4, atol=1e-6)


def test_energy_and_slope_of_two_layers_are_those_of_the_paper() -> None:
    formula = DSEBMFormula((6, 10, 4), is_chain=False, noise=0.3)
    weights, rows = drawn(formula), rows_of(20, 6)
    first, second = weights["layers/0/kernel"].T, weights["layers/1/kernel"].T
    for row, energy, slope in zip(
        rows,
        formula.energy(numpy_ops, weights, rows, {}),
        formula.slope(numpy_ops, weights, rows, {}),
        strict=True,
    ):
        a1 = first @ row + weights["layers/0/bias"]
        a2 = second @ softplus(a1) + weights["layers/1/bias"]
        from_center = row - weights["center"]
        np.testing.assert_allclose(energy, from_center @ from_center / 2 - softplus(a2).sum())
        expected = from_center - (sigmoid(a1) * (sigmoid(a2) @ second)) @ first
        np.testing.assert_allclose(slope, expected)


def test_energy_and_slope_of_the_chain_are_those_of_the_program() -> None:
    formula = DSEBMFormula((6, 10, 4), is_chain=True, noise=1.0, learns_center=False)
    weights, rows, center = drawn(formula), rows_of(20, 6), np.arange(6.0)
    assert "center" not in weights
    first, second = weights["layers/0/kernel"].T, weights["layers/1/kernel"].T
    given = {"center": center}
    for row, energy, slope in zip(
        rows,
        formula.energy(numpy_ops, weights, rows, given),
        formula.slope(numpy_ops, weights, rows, given),
        strict=True,
    ):
        a1 = first @ row + weights["layers/0/bias"]
        a2 = second @ softplus(a1) + weights["layers/1/bias"]
        a3 = second.T @ softplus(a2) + weights["inverse/0/bias"]
        a4 = first.T @ softplus(a3) + weights["inverse/1/bias"]
        from_center = row - center
        np.testing.assert_allclose(energy, from_center @ from_center / 2 - softplus(a4).sum())
        d = sigmoid(a4) @ first.T
        d = (d * sigmoid(a3)) @ second.T
        d = (d * sigmoid(a2)) @ second
        np.testing.assert_allclose(slope, from_center - (d * sigmoid(a1)) @ first)


@pytest.mark.parametrize("is_chain", [False, True])
def test_loss_is_what_is_left_of_noise(is_chain: bool) -> None:
    formula = DSEBMFormula((6, 10, 4), is_chain, 0.3)
    weights, rows = drawn(formula), rows_of(20, 6)
    noise = formula.draws(np.random.default_rng(1), 1, 20)["noise"][0]
    restored = rows + noise - formula.slope(numpy_ops, weights, rows + noise, {})
    expected = np.mean([((a - b) ** 2).sum() for a, b in zip(rows, restored, strict=True)])
    given = {"noise": noise}
    np.testing.assert_allclose(formula.loss(numpy_ops, weights, rows, given), expected)
    single = {
        name: keras_ops.convert_to_tensor(x.astype(np.float32)) for name, x in weights.items()
    }
    shown = keras_ops.convert_to_tensor(rows.astype(np.float32))
    drawn_noise = {"noise": keras_ops.convert_to_tensor(noise)}
    in_keras = formula.loss(keras_ops, single, shown, drawn_noise)
    np.testing.assert_allclose(float(in_keras), expected, rtol=1e-5)


def test_noise_is_normal() -> None:
    noise = DSEBMFormula((6, 3), False, 0.25).draws(np.random.default_rng(1), 30, 50)["noise"]
    assert noise.shape == (30, 50, 6)
    assert noise.dtype == np.float32
    assert abs(noise.std() - 0.25) < 0.01
    assert abs(noise.mean()) < 0.01


def test_score_is_the_length_of_the_slope_or_the_energy() -> None:
    rows = rows_of(200, 3)
    for score in ("reconstruction", "energy"):
        detector = DSEBMDetector(**SMALL, score_by=score).fit(rows)
        formula, shown = detector._formula(3), detector._shown(rows)
        given = numpy_ops, detector._weights, shown, {}
        slope = np.array([np.linalg.norm(row) for row in formula.slope(*given)])
        expected = formula.energy(*given) if score == "energy" else slope
        np.testing.assert_allclose(detector.decision_function(rows), expected, rtol=1e-5, atol=1e-6)


def test_center_is_learned_or_stays_as_it_was_drawn() -> None:
    rows = rows_of(200, 3) + 5
    learned = DSEBMDetector(**SMALL).fit(rows)
    assert (learned._weights["center"] != 0).all()
    drawn_once = [
        DSEBMDetector(**{**SMALL, "epochs": epochs}, fidelity="code").fit(rows).to_arrays()
        for epochs in (1, 3)
    ]
    center = drawn_once[0]["made/center"]
    np.testing.assert_array_equal(center, drawn_once[1]["made/center"])
    assert 0 < np.abs(center).max() < 6 * np.sqrt(2 / (32 + 3))
    kernels = [arrays["weights/layers/0/kernel"] for arrays in drawn_once]
    assert not np.allclose(*kernels)


@pytest.mark.parametrize("parameters", [{}, {"layers": "chain"}, {"score_by": "energy"}])
def test_larger_is_stranger_on_two_gaussians(parameters: dict[str, Any]) -> None:
    random = np.random.default_rng(3)
    training, near = random.normal(0, 1, (600, 4)), random.normal(0, 1, (100, 4))
    rows = np.concatenate([near, random.normal(5, 1, (100, 4))])
    detector = DSEBMDetector(epochs=20, hidden=(16, 8), **parameters).fit(training)
    assert roc_auc_score(np.repeat([0, 1], 100), detector.decision_function(rows)) > 0.98


HARD = {
    "two rows": rows_of(2, 4),
    "one column": rows_of(50, 1),
    "one row many times, and another": np.repeat(rows_of(2, 4), [49, 1], axis=0),
    "constant": np.ones((40, 3)),
    "one column constant": np.column_stack([rows_of(60, 2), np.ones(60)]),
    "an outlier": np.concatenate([rows_of(80, 4), np.full((1, 4), 1e12)]),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_rows_have_finite_scores(name: str) -> None:
    rows = HARD[name]
    detector = DSEBMDetector(epochs=3, batch_size=16, hidden=(4, 3)).fit(rows)
    for scored in (rows, rows[:1], rows * 0.0, rows + 1e9):
        assert np.isfinite(detector.decision_function(scored)).all()


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"hidden": "64"}, r"Expected `hidden` of DSEBM to be a list of whole numbers"),
        ({"hidden": ()}, r"DSEBM needs a layer\. Received: `hidden`=\(\)\."),
        ({"noise": 0.0}, r"Expected `noise` of DSEBM to be a number above 0\. Received: 0\.0\."),
        ({"layers": "deep"}, r"Expected `layers` of DSEBM to be one of `plain`, `chain`\."),
        (
            {"score_by": "loss"},
            r"Expected `score_by` of DSEBM to be one of `reconstruction`, `energy`",
        ),
        ({"fidelity": "seed"}, r"Expected `fidelity` of DSEBM to be one of `paper`, `code`\."),
    ],
)
def test_parameters_that_no_training_has_are_refused(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        DSEBMDetector(**parameters).fit(rows_of(20, 3))


def test_published_parameters_are_taken() -> None:
    for parameters in DSEBMDetector.published.values():
        few = {**parameters, "epochs": 1}
        scores = DSEBMDetector(**few).fit(rows_of(70, 6)).decision_scores_
        assert np.isfinite(scores).all()
