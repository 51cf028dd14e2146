"""Deep SVDD beside sums written out, its center, its warning, its published networks."""

from typing import Any

import numpy as np
import pytest

import dcvae.training
from dcvae import InputError
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.one_class.deep_svdd import (
    DeepSVDDDetector,
    DeepSVDDFormula,
    PretrainingObjective,
    moved_from_zero,
)

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(6, 4))
TRAINING = RANDOM.normal(size=(200, 3)) * [1.0, 5.0, 0.1]


def image_by_hand(formula: DeepSVDDFormula, weights: dict, row: np.ndarray) -> np.ndarray:
    x = np.append(row - 0.5, formula.constant) if formula.constant else row
    last = len(formula.widths) - 2
    for layer in range(last + 1):
        x = x @ weights[f"encoder/{layer}/kernel"]
        if formula.has_biases:
            x = x + weights[f"encoder/{layer}/bias"]
        if layer < last:
            slope = 0.0 if formula.activation == "relu" else 0.2
            x = np.where(x > 0, x, slope * x)
    return x


@pytest.mark.parametrize(
    "formula",
    [
        DeepSVDDFormula((5, 7, 3), "relu", constant=2.0),
        DeepSVDDFormula((4, 7, 6, 3), "leaky_relu"),
        DeepSVDDFormula((4, 2), "relu", has_biases=True),
    ],
)
def test_score_is_the_squared_distance_from_the_center(formula: DeepSVDDFormula) -> None:
    weights = formula.initial(np.random.default_rng(1))
    for name in weights:
        assert name.endswith("kernel") or formula.has_biases
        weights[name] = weights[name] + np.float32(0.1)  # biases begin at 0
    center = RANDOM.normal(size=formula.widths[-1])
    expected = [((image_by_hand(formula, weights, row) - center) ** 2).sum() for row in ROWS]
    given = {"center": center}
    np.testing.assert_allclose(formula.score(numpy_ops, weights, ROWS, given), expected, rtol=1e-9)
    loss = formula.loss(numpy_ops, weights, ROWS, given)
    np.testing.assert_allclose(loss, np.mean(expected), rtol=1e-9)


def test_coordinates_of_the_center_stay_away_from_0() -> None:
    center = np.array([0.0, 0.05, -0.05, 0.1, -0.1, 0.3, -2.0])
    expected = [0.1, 0.1, -0.1, 0.1, -0.1, 0.3, -2.0]
    np.testing.assert_array_equal(moved_from_zero(center), expected)


def test_the_center_is_the_mean_of_the_first_images_of_all_rows() -> None:
    rows = RANDOM.uniform(size=(5000, 4)).astype(np.float32)  # more than are mapped at once
    detector = DeepSVDDDetector()
    formula = detector._formula(4)
    weights = formula.initial(np.random.default_rng(2))
    images = np.array([image_by_hand(formula, weights, row) for row in rows.astype(float)])
    given = detector._prepare(formula, weights, rows, RANDOM)
    expected = moved_from_zero(images.mean(axis=0))
    assert (np.abs(expected) == 0.1).any()
    np.testing.assert_allclose(given["center"], expected, rtol=1e-5)


def test_a_second_fit_has_a_center_of_its_own() -> None:
    detector = DeepSVDDDetector(epochs=2).fit(TRAINING)
    first = detector._made["center"]
    again = detector.fit(TRAINING**2)
    fresh = DeepSVDDDetector(epochs=2).fit(TRAINING**2)
    np.testing.assert_array_equal(again.decision_scores_, fresh.decision_scores_)
    assert not np.array_equal(again._made["center"], first)


def test_a_loss_that_collapses_is_warned_of() -> None:
    detector = DeepSVDDDetector(epochs=300, learning_rate=0.01, latent=1, fidelity="code")
    said = r"The loss of DeepSVDD fell from \S+ to \S+: the network maps all training rows to"
    with pytest.warns(UserWarning, match=said):
        detector.fit(TRAINING)
    assert detector.loss_history_[-1] < 1e-4 * detector.loss_history_[0]


def test_layers_have_no_biases_and_few_epochs_suffice_unless_as_in_the_program() -> None:
    detector = DeepSVDDDetector()
    assert detector._formula(6).widths == (7, 64, 32)
    assert detector._plan(10_000).weight_decay == 1e-6
    assert [detector._epochs(rows) for rows in (10, 1000, 2560, 10**6)] == [500, 125, 50, 20]
    code = DeepSVDDDetector(fidelity="code")
    assert code._formula(6) == DeepSVDDFormula((6, 3, 1), "relu", has_biases=True)
    assert code._formula(1).widths == (1, 1, 1)
    assert code._plan(10).weight_decay == 0.0


def test_published_networks() -> None:
    """Half and a quarter of the columns, by the program of arXiv 2207.03576."""
    for name, columns in (("arrhythmia", 274), ("thyroid", 6), ("kdd", 119), ("nsl-kdd", 122)):
        formula = DeepSVDDDetector.as_published(name)._formula(columns)
        assert formula == DeepSVDDFormula((columns, columns // 2, columns // 4), "relu")


def test_pretraining_begins_with_the_encoder_of_a_trained_autoencoder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    minimize, made = dcvae.training.minimize, []

    def watched(*args: Any, **kwargs: Any) -> Any:
        made.append(minimize(*args, **kwargs))
        return made[-1]

    monkeypatch.setattr(dcvae.training, "minimize", watched)
    detector = DeepSVDDDetector(epochs=1, hidden=(16,), latent=2, pretraining_epochs=60)
    detector.fit(TRAINING)
    autoencoder, network = made
    assert autoencoder.losses[-1] < autoencoder.losses[0] / 3
    formula, rows = detector._formula(3), detector._shown(TRAINING)
    images = [image_by_hand(formula, autoencoder.weights, row) for row in rows]
    center = moved_from_zero(np.mean(images, axis=0))
    np.testing.assert_allclose(detector._made["center"], center, rtol=1e-4)
    first = np.square(images - center).sum(axis=1).mean()
    assert network.losses[0] < first * 1.05  # it goes on from there
    assert set(network.weights) == {"encoder/0/kernel", "encoder/1/kernel"}


def test_loss_of_the_pretraining_by_hand() -> None:
    formula = DeepSVDDFormula((5, 3, 2), "relu", constant=1.0)
    objective = PretrainingObjective(formula)
    weights = formula.initial(np.random.default_rng(1)) | objective.initial(RANDOM)
    total = 0.0
    for row in ROWS:
        image = image_by_hand(formula, weights, row)
        hidden = np.maximum(image @ weights["decoder/0/kernel"], 0.0)
        again = hidden @ weights["decoder/1/kernel"]
        total += ((np.append(row - 0.5, 1.0) - again) ** 2).sum()
    loss = objective.loss(numpy_ops, weights, ROWS, {})
    np.testing.assert_allclose(loss, total / len(ROWS), rtol=1e-9)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"latent": 0}, r"Expected `latent` of DeepSVDD to be a whole number of at least 1\."),
        ({"activation": "tanh"}, r"`activation` of DeepSVDD to be one of `relu`, `leaky_relu`"),
        ({"constant": -1}, r"`constant` of DeepSVDD to be a number of at least 0\. Received: -1"),
        ({"pretraining_epochs": 0.5}, r"`pretraining_epochs` of DeepSVDD to be a whole number"),
        ({"fidelity": "seed"}, r"`fidelity` of DeepSVDD to be one of `paper`, `code`\. Received"),
        ({"hidden": 3}, r"`hidden` of DeepSVDD to be a list of whole numbers"),
    ],
)
def test_parameters_that_cannot_be_are_refused(parameters: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        DeepSVDDDetector(**parameters).fit(TRAINING)
