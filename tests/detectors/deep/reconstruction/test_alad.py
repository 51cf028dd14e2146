"""Losses of both players of ALAD in one sum, what is drawn for them, and the score."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops
from sklearn.metrics import roc_auc_score

from dcvae import InputError
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.reconstruction.alad import ALADDetector, ALADFormula

FORMULA = ALADFormula(3, 2, 5, "xavier_normal", 1)
ROWS = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


def drawn_once() -> dict[str, np.ndarray]:
    drawn = FORMULA.draws(np.random.default_rng(2), 1, len(ROWS))
    return {name: value[0] for name, value in drawn.items()}


def weights_of(formula: ALADFormula) -> dict[str, np.ndarray]:
    """Draw weights, with biases and a scale that are not what they begin as."""
    random = np.random.default_rng(1)
    return {
        name: value + random.normal(0, 0.3, value.shape).astype(np.float32)
        for name, value in formula.initial(random).items()
    }


WEIGHTS, GIVEN = weights_of(FORMULA), drawn_once()


def layer(name: str, x: np.ndarray, slope: float = 1.0) -> np.ndarray:
    """Return a dense layer, by hand; the slope is that of negative numbers."""
    x = x @ WEIGHTS[f"{name}/kernel"] + WEIGHTS.get(f"{name}/bias", 0.0)
    return np.where(x > 0, x, slope * x)


def encoded(x: np.ndarray) -> np.ndarray:
    return layer("encoder/1", layer("encoder/0", x, 0.2))


def generated(z: np.ndarray) -> np.ndarray:
    hidden = layer("generator/1", layer("generator/0", z, 0.0), 0.0)
    return layer("generator/2", hidden)


def both_losses() -> tuple[float, float]:
    """Compute the losses of discriminators, and of encoder and generator, by logistic functions."""
    x, z = ROWS.astype(np.float64), GIVEN["drawn"].astype(np.float64)

    def xz(x: np.ndarray, z: np.ndarray) -> np.ndarray:
        row = layer("xz_row/0", x)
        row = (row - row.mean(axis=0)) / np.sqrt(row.var(axis=0) + 1e-3)
        row = row * WEIGHTS["xz_scale"] + WEIGHTS["xz_shift"]
        row = np.maximum(row, 0.2 * row)
        code = layer("xz_code/0", z, 0.2) * GIVEN["kept_code"]
        both = layer("xz_both/0", np.hstack([row, code]), 0.2) * GIVEN["kept_both"]
        return layer("xz_end/0", both)

    def xx(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        hidden = layer("xx/hidden/0", np.hstack([x, y]), 0.2)
        return layer("xx/end/0", hidden * GIVEN["kept_xx"])

    def zz(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        hidden = layer("zz/hidden/0", np.hstack([x, y]), 0.2)
        return layer("zz/end/0", hidden * GIVEN["kept_zz"])

    def bce(logits: np.ndarray, label: int) -> float:
        share = 1 / (1 + np.exp(-logits))
        return float(-np.log(share if label else 1 - share).mean())

    ex, gz = encoded(x), generated(z)
    gex, egz = generated(ex), encoded(gz)
    discriminators = bce(xz(x, ex), 1) + bce(xz(gz, z), 0)
    discriminators += bce(xx(x, x), 1) + bce(xx(x, gex), 0) + bce(zz(z, z), 1) + bce(zz(z, egz), 0)
    makers = bce(xz(gz, z), 1) + bce(xz(x, ex), 0) + bce(xx(x, gex), 1) + bce(zz(z, egz), 1)
    return discriminators, makers


def test_loss_is_the_sum_of_both() -> None:
    discriminators, makers = both_losses()
    found = float(FORMULA.loss(ops, tensors(WEIGHTS), tf.constant(ROWS), tensors(GIVEN)))
    assert found == pytest.approx(discriminators + makers, rel=1e-5)


def tensors(values: dict[str, np.ndarray]) -> dict[str, tf.Tensor]:
    return {name: tf.constant(value) for name, value in values.items()}


def gradients(kind: str) -> dict[str, np.ndarray]:
    """Differentiate the sum, or the loss of one player without any gradient that is stopped."""
    weights, given, rows = tensors(WEIGHTS), tensors(GIVEN), tf.constant(ROWS)
    with tf.GradientTape() as tape:
        tape.watch(weights)
        if kind == "sum":
            loss = FORMULA.loss(ops, weights, rows, given)
        else:
            made = FORMULA.exchanged(ops, weights, rows, given["drawn"])
            loss = getattr(FORMULA, f"{kind}_loss")(ops, weights, rows, given, made)
    found = tape.gradient(loss, weights, unconnected_gradients="zero")
    return {name: value.numpy() for name, value in found.items()}


def test_each_player_steps_by_its_own_loss() -> None:
    found = gradients("sum")
    own = {"discriminator": gradients("discriminator"), "generator": gradients("generator")}
    for name, gradient in found.items():
        is_maker = name.startswith(("encoder", "generator"))
        expected = own["generator" if is_maker else "discriminator"][name]
        other = own["discriminator" if is_maker else "generator"][name]
        np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-7)
        # The other player's loss has another gradient; of the bias of a logit it is the same.
        if name.endswith("kernel"):
            assert np.abs(other - expected).max() > 1e-6


def test_score_compares_what_the_discriminator_of_rows_sees() -> None:
    x = ROWS.astype(np.float64)
    features = [layer("xx/hidden/0", np.hstack([x, y]), 0.2) for y in (x, generated(encoded(x)))]
    away = features[0] - features[1]
    weights = {name: value.astype(np.float64) for name, value in WEIGHTS.items()}
    np.testing.assert_allclose(
        FORMULA.score(numpy_ops, weights, x, {}), np.abs(away).sum(axis=1), rtol=1e-9
    )
    euclidean = ALADFormula(3, 2, 5, "xavier_normal", 2)
    np.testing.assert_allclose(
        euclidean.score(numpy_ops, weights, x, {}), np.linalg.norm(away, axis=1), rtol=1e-9
    )


def test_units_are_dropped_at_their_rates_and_keep_their_mean() -> None:
    drawn = ALADFormula(3, 40, 50, "xavier_normal", 1).draws(np.random.default_rng(0), 10, 40)
    for name, dropped in {
        "kept_code": 0.5,
        "kept_both": 0.5,
        "kept_xx": 0.2,
        "kept_zz": 0.2,
    }.items():
        assert drawn[name].dtype == np.float32
        np.testing.assert_allclose(np.unique(drawn[name]), [0.0, 1 / (1 - dropped)])
        assert drawn[name].mean() == pytest.approx(1.0, abs=0.03)
    assert drawn["drawn"].shape == (10, 40, 40)
    assert drawn["drawn"].std() == pytest.approx(1.0, abs=0.02)


def test_paper_and_program_differ_in_weights_norm_and_average() -> None:
    paper, code = ALADDetector(), ALADDetector(fidelity="code")
    for detector, norm, scale, deviation in (
        (paper, 1, 1.0, np.sqrt(2 / 256)),
        (code, 2, 0.0, 0.02),
    ):
        formula = detector._formula(128)
        weights = formula.initial(np.random.default_rng(0))
        assert formula.norm == norm
        assert weights["xz_row/0/kernel"].shape == (128, 128)
        assert weights["xz_row/0/kernel"].std() == pytest.approx(deviation, rel=0.05)
        assert weights["xz_scale"].mean() == pytest.approx(scale, abs=0.01)
    assert paper._plan(1000).average_decay == 0.999
    assert code._plan(1000).average_decay is None
    assert paper._plan(1000).beta_1 == 0.5


def test_published_parameters_make_the_published_networks() -> None:
    assert ALADDetector(**ALADDetector.published["arrhythmia"])._formula(274).latent == 64
    kdd = ALADDetector(**ALADDetector.published["kdd"])
    assert (kdd.batch_size, kdd.learning_rate, kdd._formula(119).latent) == (50, 1e-5, 32)


@pytest.mark.parametrize(
    ("rows", "batch"),
    [
        (np.zeros((20, 2)), 8),
        (np.repeat(np.eye(3), 5, axis=0), 128),
        (np.arange(2.0)[:, None], 128),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), 1),
    ],
    ids=["zeros", "duplicates", "two rows of one series", "batches of one row"],
)
def test_rows_that_say_little_have_finite_scores(rows: np.ndarray, batch: int) -> None:
    detector = ALADDetector(epochs=2, batch_size=batch, width=8).fit(rows)
    assert np.isfinite(detector.decision_scores_).all()
    assert np.isfinite(detector.decision_function(rows - 5.0)).all()


@pytest.mark.slow
def test_far_rows_are_strange() -> None:
    random = np.random.default_rng(0)
    mixed = random.normal(size=(4, 4))
    usual, test = random.normal(size=(300, 4)) @ mixed, random.normal(size=(200, 4)) @ mixed
    test[100:] += 6.0 * usual.std(axis=0)
    detector = ALADDetector(epochs=60, batch_size=64, learning_rate=1e-3, width=32).fit(usual)
    assert roc_auc_score(np.arange(200) >= 100, detector.decision_function(test)) > 0.9


def test_one_seed_gives_one_detector_and_another_another() -> None:
    first, again, other = (ALADDetector(epochs=2, seed=seed).fit(ROWS) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.decision_scores_, again.decision_scores_)
    assert (first.decision_scores_ != other.decision_scores_).any()


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("latent", 0, "a whole number of at least 1"),
        ("width", 1.5, "a whole number of at least 1"),
        ("average_decay", 1.5, "a number of at least 0 and at most 1"),
        ("fidelity", "seed", "one of `paper`, `code`"),
    ],
)
def test_parameters_that_cannot_be_are_refused(
    parameter: str, value: object, expected: str
) -> None:
    with pytest.raises(InputError, match=f"Expected `{parameter}` of ALAD to be {expected}"):
        ALADDetector(**{parameter: value}).fit(ROWS)
