"""DROCC: its direction beside autograd, its ascent beside a loop in NumPy, its learning rates."""

import importlib

import keras
import numpy as np
import pytest
from keras import ops

from dcvae import InputError
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.one_class.drocc import DROCCDetector, DROCCFormula, scheduled

RANDOM = np.random.default_rng(0)
ROWS = RANDOM.normal(size=(7, 4)).astype(np.float32)
TRAINING = RANDOM.normal(size=(200, 3)) * [1.0, 5.0, 0.1]
FORMULA = DROCCFormula(4, 9, radius=1.0, rate=0.05)


def drawn() -> dict[str, np.ndarray]:
    """Weights of the formula; biases begin at 0, where they would show nothing."""
    weights = FORMULA.initial(np.random.default_rng(1))
    return {
        name: value + RANDOM.normal(0.0, 0.3, value.shape).astype(np.float32)
        for name, value in weights.items()
    }


WEIGHTS = drawn()


def logit_by_hand(row: np.ndarray) -> float:
    total = float(WEIGHTS["network/1/bias"][0])
    for unit in range(9):
        reached = row @ WEIGHTS["network/0/kernel"][:, unit] + WEIGHTS["network/0/bias"][unit]
        total += max(reached, 0.0) * WEIGHTS["network/1/kernel"][unit, 0]
    return total


def direction_by_hand(row: np.ndarray) -> np.ndarray:
    gradient = np.zeros(4)
    for unit in range(9):
        into = WEIGHTS["network/0/kernel"][:, unit]
        if row @ into + WEIGHTS["network/0/bias"][unit] > 0:
            gradient += WEIGHTS["network/1/kernel"][unit, 0] * into
    return gradient / np.linalg.norm(gradient)


def test_score_is_the_logit_of_anomalous() -> None:
    expected = [-logit_by_hand(row) for row in ROWS]
    scores = FORMULA.score(numpy_ops, WEIGHTS, ROWS, {})
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_loss_by_hand() -> None:
    away = RANDOM.normal(size=ROWS.shape).astype(np.float32)

    def entropy(logit: float, is_normal: bool) -> float:
        share = 1 / (1 + np.exp(-logit))
        return -np.log(share if is_normal else 1 - share)

    rows = np.mean([entropy(logit_by_hand(row), True) for row in ROWS])
    points = np.mean([entropy(logit_by_hand(row), False) for row in ROWS + away])
    plain = DROCCFormula(4, 9)
    np.testing.assert_allclose(plain.loss(numpy_ops, WEIGHTS, ROWS, {}), rows, rtol=1e-5)
    assert plain.draws(RANDOM, 3, 7) == {} == plain.prepared(numpy_ops, WEIGHTS, ROWS, {})
    weighted = DROCCFormula(4, 9, radius=1.0, weight=0.5)
    loss = weighted.loss(numpy_ops, WEIGHTS, ROWS, {"away": away})
    np.testing.assert_allclose(loss, rows + 0.5 * points, rtol=1e-5)


def test_direction_is_the_gradient_by_autograd() -> None:
    name = f"dcvae.training.minibatch.on_{keras.backend.backend()}"
    weights = {name: ops.convert_to_tensor(value) for name, value in WEIGHTS.items()}
    points = ops.convert_to_tensor(ROWS)
    _, gradients = importlib.import_module(name).differentiate(
        lambda x: ops.sum(FORMULA.logit(ops, weights, x["points"])), {"points": points}
    )
    gradient = ops.convert_to_numpy(gradients["points"])
    expected = gradient / np.linalg.norm(gradient, axis=1, keepdims=True)
    found = ops.convert_to_numpy(FORMULA.direction(ops, weights, points))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found, [direction_by_hand(row) for row in ROWS], atol=1e-6)


@pytest.mark.parametrize("steps", [50, 23, 4, 0])
@pytest.mark.parametrize("towards_normal", [True, False])
def test_ascent_beside_a_loop(steps: int, towards_normal: bool) -> None:
    formula = DROCCFormula(4, 9, radius=0.8, rate=0.05, steps=steps, towards_normal=towards_normal)
    begin = formula.draws(np.random.default_rng(3), 1, len(ROWS))["begin"][0]
    expected = []
    for row, step in zip(ROWS.astype(float), begin.astype(float), strict=True):
        away = step.copy()
        for number in range(1, steps + 1):
            up = 0.05 * direction_by_hand(row + away)
            away = away + up if towards_normal else away - up
            if number % 10 == 0 or number == steps:
                away *= np.clip(np.linalg.norm(away), 0.8, 1.6) / np.linalg.norm(away)
        if not steps:
            away *= np.clip(np.linalg.norm(away), 0.8, 1.6) / np.linalg.norm(away)
        expected.append(away)
    given = {"begin": ops.convert_to_tensor(begin)}
    weights = {name: ops.convert_to_tensor(value) for name, value in WEIGHTS.items()}
    made = formula.prepared(ops, weights, ops.convert_to_tensor(ROWS), given)
    found = ops.convert_to_numpy(made["away"])
    np.testing.assert_allclose(found, expected, atol=2e-5)
    # The program's direction makes points look anomalous.
    if steps == 50:
        more = [
            logit_by_hand(row + after) - logit_by_hand(row + before)
            for row, before, after in zip(ROWS, begin, found, strict=True)
        ]
        assert (np.mean(more) > 0) == towards_normal


def test_a_point_at_its_row_has_no_direction_to_go() -> None:
    away = FORMULA.between_radii(numpy_ops, np.zeros((2, 4)))
    np.testing.assert_array_equal(away, np.zeros((2, 4)))
    none = {name: np.zeros_like(value) for name, value in WEIGHTS.items()}
    np.testing.assert_array_equal(FORMULA.direction(numpy_ops, none, ROWS), np.zeros((7, 4)))


def test_learning_rates_by_epoch() -> None:
    rate_of = scheduled(2.0, 50, 150)
    epochs = [0, 49, 50, 79, 80, 109, 110, 139, 140, 149, 400]
    expected = [2.0, 2.0, 2.0, 2.0, 0.2, 0.2, 0.02, 0.02, 0.002, 0.002, 0.002]
    np.testing.assert_allclose([rate_of(epoch) for epoch in epochs], expected)


@pytest.mark.parametrize("plain", [None, 0, 3])
def test_epochs_of_rows_alone_come_first(plain: int | None) -> None:
    """Two entropies are more than one, which begins at log 2."""
    detector = DROCCDetector(epochs=8, plain_epochs=plain, learning_rate=0.01, ascent_steps=2)
    losses = detector.fit(TRAINING).loss_history_
    assert losses.shape == (8,)
    first = 4 if plain is None else plain
    assert (losses[:first] < 0.8).all()
    assert losses[first] > 1.0
    if first:
        assert losses[first] > losses[first - 1] + 0.5


def test_the_radius_grows_with_the_series_that_vary() -> None:
    assert DROCCDetector()._formula(16).radius == 2.0
    assert DROCCDetector(radius=3)._formula(16).radius == 3.0
    assert DROCCDetector(fidelity="code")._formula(16).towards_normal is False


def test_published_networks() -> None:
    thyroid, arrhythmia = (DROCCDetector.as_published(name) for name in ("thyroid", "arrhythmia"))
    assert thyroid._formula(6) == DROCCFormula(6, 128, 2.5, 2.0, 1.0, 0.001, 50)
    assert (thyroid.epochs, thyroid.plain_epochs, thyroid.batch_size) == (100, 50, 256)
    assert (arrhythmia.radius, arrhythmia.learning_rate, arrhythmia.epochs) == (16.0, 1e-4, 200)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        (
            {"epochs": 5, "plain_epochs": 5},
            r"`plain_epochs` of DROCC to be fewer than its 5 epochs, as the epochs after them are "
            r"what it is about\. Received: 5\.",
        ),
        ({"hidden": 0}, r"Expected `hidden` of DROCC to be a whole number of at least 1\."),
        ({"plain_epochs": -1}, r"`plain_epochs` of DROCC to be a whole number of at least 0\."),
        ({"radius": 0}, r"`radius` of DROCC to be a number above 0\. Received: 0\."),
        ({"radius_ratio": 0.5}, r"`radius_ratio` of DROCC to be a number of at least 1\."),
        ({"adversarial_weight": -1}, r"`adversarial_weight` of DROCC to be a number of at least 0"),
        ({"ascent_rate": "x"}, r"`ascent_rate` of DROCC to be a number of at least 0"),
        ({"ascent_steps": 1.5}, r"`ascent_steps` of DROCC to be a whole number of at least 0"),
        ({"fidelity": None}, r"`fidelity` of DROCC to be one of `paper`, `code`\. Received: None"),
    ],
)
def test_parameters_that_cannot_be_are_refused(parameters: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        DROCCDetector(**parameters).fit(TRAINING)
