"""Autoencoder of rows and DAE-LR, beside layers of Keras and sums over cells."""

import keras
import numpy as np
import pytest

from dcvae import InputError, make_detector
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.reconstruction.autoencoder import (
    AutoEncoderDetector,
    AutoEncoderFormula,
    DAELRDetector,
    autoencoder_widths,
)

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(6, 4))
FORMULA = AutoEncoderFormula((4, 3, 2), "tanh")
# Rows on a curve, and rows off it.
ANGLES = RANDOM.uniform(0.0, 3.0, 400)
CURVE = np.column_stack([np.cos(ANGLES), np.sin(ANGLES), ANGLES, 2.0 * ANGLES])
OFF = CURVE[:50] * [1.0, -1.0, 1.0, 1.0]


def by_keras(formula: AutoEncoderFormula, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Codes and reconstructions by layers of Keras with the same weights."""
    weights = formula.initial(np.random.default_rng(1))
    sides = []
    for side, widths in (("encoder", formula.widths), ("decoder", formula.widths[::-1])):
        last = len(widths) - 2
        for number, width in enumerate(widths[1:]):
            activation = "linear" if number == last else formula.activation
            layer = keras.layers.Dense(width, activation=activation, dtype="float64")
            rows = keras.ops.convert_to_numpy(layer(rows))  # builds it
            kept = [weights[f"{side}/{number}/{part}"] for part in ("kernel", "bias")]
            layer.set_weights(kept)
            rows = keras.ops.convert_to_numpy(layer(sides[-1] if sides else ROWS))
            sides.append(rows)
    return sides[len(formula.widths) - 2], sides[-1]


def test_score_is_the_squared_distance_from_the_reconstruction() -> None:
    weights = FORMULA.initial(np.random.default_rng(1))
    code, reconstruction = by_keras(FORMULA, ROWS)
    np.testing.assert_allclose(FORMULA.code(numpy_ops, weights, ROWS), code, rtol=1e-5)
    scores = FORMULA.score(numpy_ops, weights, ROWS, {})
    np.testing.assert_allclose(scores, ((ROWS - reconstruction) ** 2).sum(axis=1), rtol=1e-5)


def test_losses_by_hand() -> None:
    weights = FORMULA.initial(np.random.default_rng(1))
    code, reconstruction = by_keras(FORMULA, ROWS)
    squares = (ROWS - reconstruction) ** 2
    plain = FORMULA.loss(numpy_ops, weights, ROWS, {})
    np.testing.assert_allclose(plain, squares.sum(axis=1).mean(), rtol=1e-5)
    with_penalty = AutoEncoderFormula((4, 3, 2), "tanh", penalty=0.5)
    expected = squares.sum(axis=1).mean() + 0.5 * np.abs(code).mean()
    np.testing.assert_allclose(with_penalty.loss(numpy_ops, weights, ROWS, {}), expected, rtol=1e-5)
    centered = AutoEncoderFormula((4, 3, 2), "tanh", penalty=0.5, has_center=True)
    known = {**weights, "center": np.array([0.3, -0.2])}
    expected = squares.mean() + 0.5 * ((code - known["center"]) ** 2).mean()
    np.testing.assert_allclose(centered.loss(numpy_ops, known, ROWS, {}), expected, rtol=1e-5)


def test_the_center_begins_near_0_and_is_learned() -> None:
    formula = AutoEncoderFormula((4, 3, 2), "tanh", penalty=1.0, has_center=True)
    assert np.abs(formula.initial(np.random.default_rng(1))["center"]).max() < 0.1
    away = {}
    for weight in (0.0, 10.0):
        detector = DAELRDetector(epochs=40, hidden=(8,), latent=1, center_weight=weight).fit(CURVE)
        center = detector._weights["center"]
        begun = detector._formula(4).initial(np.random.default_rng(detector.seed))["center"]
        assert (center == begun).all() == (weight == 0.0)
        codes = detector._formula(4).code(numpy_ops, detector._weights, detector._shown(CURVE))
        away[weight] = np.sqrt(((codes - center) ** 2).mean())
    assert away[10.0] < away[0.0] / 4


@pytest.mark.parametrize("kind", [AutoEncoderDetector, DAELRDetector])
def test_rows_off_the_curve_are_told_from_rows_on_it(kind: type) -> None:
    detector = kind(epochs=60, seed=1).fit(CURVE)
    normal, strange = detector.decision_function(CURVE), detector.decision_function(OFF)
    assert np.median(strange) > np.quantile(normal, 0.99)
    assert detector.loss_history_.shape == (60,)
    assert detector.loss_history_[-1] < detector.loss_history_[0] / 3
    cells = detector.score_series(OFF)
    np.testing.assert_allclose(cells.sum(axis=1), strange, rtol=1e-9)
    assert np.median(np.argmax(cells, axis=1)) == 1  # the series that was turned around


def test_a_series_that_never_changed_is_worth_the_range_of_the_training_scores() -> None:
    training = np.column_stack([CURVE, np.full(len(CURVE), 2.0)])
    detector = AutoEncoderDetector(epochs=2).fit(training)
    moved = training[:3].copy()
    moved[:, 4] = [2.0, 2.5, 99.0]
    more = detector.decision_function(moved) - detector.decision_function(training[:3])
    worth = np.ptp(detector.decision_scores_)
    np.testing.assert_allclose(more, worth * np.array([0.0, 0.25, 1.0]))  # by its own size
    np.testing.assert_allclose(detector.score_series(moved)[:, 4], more)


def test_published_networks() -> None:
    """Widths of arXiv 2207.03576, by its program."""
    widths = {
        name: AutoEncoderDetector(**AutoEncoderDetector.published[name])._formula(columns).widths
        for name, columns in (("arrhythmia", 274), ("thyroid", 6), ("kdd", 119))
    }
    assert widths == {
        "arrhythmia": (274, 10, 1),
        "thyroid": (6, 12, 4, 1),
        "kdd": (119, 60, 30, 10, 1),
    }


@pytest.mark.parametrize("columns", [1, 2, 6, 40, 300])
def test_default_widths_suit_the_columns(columns: int) -> None:
    widths = autoencoder_widths(columns, None, None)
    assert widths[0] == columns
    assert all(width >= 1 for width in widths)
    assert widths[-1] < max(columns, 2)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"epochs": 0}, r"`epochs` of AE to be a whole number of at least 1\. Received: 0"),
        ({"batch_size": 2.5}, r"`batch_size` of AE to be a whole number of at least 1"),
        ({"learning_rate": 0}, r"`learning_rate` of AE to be a number above 0\. Received: 0"),
        ({"hidden": [8, 0]}, r"`hidden` of AE to be a list of whole numbers of at least 1"),
        ({"hidden": "8"}, r"`hidden` of AE to be a list of whole numbers"),
        ({"latent": True}, r"`latent` of AE to be a whole number of at least 1\. Received: True"),
        (
            {"activation": "gelu"},
            r"`activation` of AE to be one of `relu`, `tanh`\. Received",
        ),
        ({"scaling": "robust"}, r"`scaling` of AE to be one of `min-max`, `standard`\. Received"),
        ({"latent_penalty": -1.0}, r"`latent_penalty` of AE to be a number of at least 0"),
        ({"latent_penalty": float("nan")}, r"`latent_penalty` of AE to be a number"),
    ],
)
def test_parameters_that_no_training_can_have_are_refused(parameters: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        make_detector("ae", **parameters).fit(CURVE)


def test_a_training_that_ran_away_is_refused() -> None:
    with pytest.raises(InputError, match=r"numbers that are not finite after 30 epochs\. Make `le"):
        make_detector("ae", epochs=30, learning_rate=1e30, activation="relu").fit(CURVE)


def test_state_of_another_network_is_refused() -> None:
    arrays = AutoEncoderDetector(epochs=1, hidden=(8,)).fit(CURVE).to_arrays()
    with pytest.raises(ValueError, match="weights/"):
        AutoEncoderDetector(epochs=1, hidden=(9,)).from_arrays(arrays)
