"""DAGMM, against its formulas written out for single rows."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from keras import ops as keras_ops
from scipy.stats import multivariate_normal
from sklearn.metrics import roc_auc_score

from dcvae import InputError
from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.density.dagmm import DAGMMDetector, DAGMMFormula

ROWS = Path(__file__).parents[5] / "shared" / "data" / "rows"
FORMULA = DAGMMFormula((5, 4, 2), 3, energy_weight=0.1, variance_weight=0.005)
SMALL: dict[str, Any] = {"epochs": 1, "batch_size": 32}


def normal_rows(num_rows: int = 200, columns: int = 4, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    hidden = random.normal(size=(num_rows, 2))
    return hidden @ random.normal(size=(2, columns)) + 0.1 * random.normal(size=(num_rows, columns))


def features_of_row(weights: dict[str, np.ndarray], x: np.ndarray) -> tuple[np.ndarray, float]:
    """Compute features and error of one row, layer by layer."""

    def layer(name: str, entering: np.ndarray) -> np.ndarray:
        return entering @ weights[f"{name}/kernel"] + weights[f"{name}/bias"]

    code = layer("encoder/1", np.tanh(layer("encoder/0", x)))
    reconstructed = layer("decoder/1", np.tanh(layer("decoder/0", code)))
    distance = np.linalg.norm(x - reconstructed)
    relative = distance / np.linalg.norm(x)
    cosine = x @ reconstructed / (np.linalg.norm(x) * np.linalg.norm(reconstructed))
    return np.array([*code, relative, cosine]), distance**2


def drawn(seed: int = 1) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Draw weights with biases, and rows (30, 5)."""
    random = np.random.default_rng(seed)
    weights = FORMULA.initial(random)
    weights = {name: x + 0.1 * random.normal(size=x.shape) for name, x in weights.items()}
    return weights, random.random((30, 5))


def test_features_are_code_relative_error_and_cosine() -> None:
    weights, rows = drawn()
    features, errors = FORMULA.encoded(numpy_ops, weights, rows)
    for row, found, error in zip(rows, features, errors, strict=True):
        expected, distance = features_of_row(weights, row)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
        np.testing.assert_allclose(error, distance, rtol=1e-12)


def loss_of(kept: np.ndarray, *, mean_of_cells: bool) -> float:
    """Compute the loss of the drawn rows with loops and scipy."""
    weights, rows = drawn()
    features, errors = zip(*(features_of_row(weights, row) for row in rows), strict=True)
    z = np.array(features)
    units = np.tanh(z @ weights["estimation/0/kernel"] + weights["estimation/0/bias"]) * kept
    shares = np.exp(units @ weights["estimation/1/kernel"] + weights["estimation/1/bias"])
    shares /= shares.sum(axis=1, keepdims=True)
    densities, penalty = np.zeros(len(z)), 0.0
    for component in shares.T:
        covariance = np.cov(z.T, aweights=component, ddof=0)
        covariance += np.diag(1e-6 + (1e-4 + 2.5e-7 * len(z)) * np.diag(covariance))
        normal = multivariate_normal(np.average(z, axis=0, weights=component), covariance)
        densities += component.mean() * normal.pdf(z)
        penalty += (1 / np.diag(covariance)).sum()
    error = np.mean(errors) / (5 if mean_of_cells else 1)
    return float(error - 0.1 * np.log(densities).mean() + 0.005 * penalty)


@pytest.mark.parametrize("mean_of_cells", [False, True])
def test_loss_is_error_energy_and_inverse_variances(mean_of_cells: bool) -> None:
    weights, rows = drawn()
    formula = DAGMMFormula((5, 4, 2), 3, 0.1, 0.005, mean_of_cells=mean_of_cells)
    kept = formula.draws(np.random.default_rng(2), 1, len(rows))["kept"][0]
    expected = loss_of(kept, mean_of_cells=mean_of_cells)
    loss = formula.loss(numpy_ops, weights, rows, {"kept": kept})
    np.testing.assert_allclose(loss, expected, rtol=1e-9)
    single = {
        name: keras_ops.convert_to_tensor(x.astype(np.float32)) for name, x in weights.items()
    }
    shown = keras_ops.convert_to_tensor(rows.astype(np.float32))
    drawn_units = {"kept": keras_ops.convert_to_tensor(kept)}
    in_keras = formula.loss(keras_ops, single, shown, drawn_units)
    np.testing.assert_allclose(float(in_keras), expected, rtol=1e-4)


def test_half_of_the_units_are_dropped() -> None:
    kept = FORMULA.draws(np.random.default_rng(2), 20, 100)["kept"]
    assert kept.shape == (20, 100, 10)
    assert set(np.unique(kept)) == {0.0, 2.0}
    assert abs(kept.mean() - 1.0) < 0.03
    assert not (kept[0] == kept[1]).all()


@pytest.mark.parametrize("case", ["zeros", "one row", "one row many times"])
def test_loss_has_gradients_where_norms_and_variances_are_zero(case: str) -> None:
    rows = np.full((8, 5), 0.0 if case == "zeros" else 0.3, np.float32)
    rows = rows[:1] if case == "one row" else rows
    weights = {
        name: tf.constant(x) for name, x in FORMULA.initial(np.random.default_rng(1)).items()
    }
    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = FORMULA.loss(keras_ops, weights, rows, {})
    assert np.isfinite(float(loss))
    for gradient in tape.gradient(loss, weights).values():
        assert np.isfinite(gradient.numpy()).all()


def test_a_row_of_zeros_does_not_set_the_covariances() -> None:
    weights, rows = drawn()
    rows[0] = 0.0
    relative = FORMULA.encoded(numpy_ops, weights, rows)[0][:, 2]
    assert relative[0] == 10.0
    assert relative[1:].max() < 10.0


@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_scores_are_energies_in_the_mixture_of_training_rows(fidelity: str) -> None:
    rows = normal_rows(5000)
    detector = DAGMMDetector(epochs=1, batch_size=960, fidelity=fidelity).fit(rows)
    formula = detector._formula(4)
    scaled = detector._shown(rows).astype(np.float32).astype(np.float64)
    features, _ = formula.encoded(numpy_ops, detector._weights, scaled)
    shares = formula.responsibilities(numpy_ops, detector._weights, features, {})
    # 5,000 rows are 5 batches of 960, and one of 200.
    of = slice(4800, 5000) if fidelity == "code" else slice(0, 5000)
    densities = np.zeros(5000)
    for component in shares[of].T:
        covariance = np.cov(features[of].T, aweights=component, ddof=0)
        covariance += np.diag(1e-6 + 1e-4 * np.diag(covariance))
        mean = np.average(features[of], axis=0, weights=component)
        densities += component.mean() * multivariate_normal(mean, covariance).pdf(features)
    likely = densities > 1e-200
    assert likely.mean() > 0.5
    found = detector.decision_function(rows)
    np.testing.assert_allclose(found[likely], -np.log(densities[likely]), rtol=1e-3, atol=1e-3)


def test_larger_is_stranger_on_two_gaussians() -> None:
    random = np.random.default_rng(3)
    training, near = random.normal(0, 1, (600, 4)), random.normal(0, 1, (100, 4))
    far = random.normal(6, 1, (100, 4))
    scores = DAGMMDetector(epochs=40).fit(training).decision_function(np.concatenate([near, far]))
    assert roc_auc_score(np.repeat([0, 1], 100), scores) > 0.95


def zeros_among(rows: np.ndarray) -> np.ndarray:
    """Bring rows to where some are of zeros when scaled."""
    rows[::7] = rows.mean(axis=0)
    return rows


HARD = {
    "two rows": normal_rows(2),
    "three rows": normal_rows(3),
    "one column": normal_rows(50, 1),
    "one row many times, and another": np.repeat(normal_rows(2), [49, 1], axis=0),
    "ten rows many times": np.tile(normal_rows(10), (9, 1)),
    "constant": np.ones((40, 3)),
    "one column constant": np.column_stack([normal_rows(60, 2), np.ones(60)]),
    "rows of the mean": zeros_among(normal_rows(70)),
    "an outlier": np.concatenate([normal_rows(80), np.full((1, 4), 1e12)]),
    "one column many times": np.repeat(normal_rows(60, 1), 6, axis=1),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_rows_have_finite_scores(name: str) -> None:
    rows = HARD[name]
    detector = DAGMMDetector(epochs=2, batch_size=32).fit(rows)
    for scored in (rows, rows[:1], rows * 0.0, rows + 1e9):
        assert np.isfinite(detector.decision_function(scored)).all()


def test_the_seed_decides() -> None:
    rows = normal_rows()
    first, again, other = (
        DAGMMDetector(**SMALL, seed=seed).fit(rows).decision_function(rows) for seed in (1, 1, 2)
    )
    assert first.tobytes() == again.tobytes()
    assert not np.allclose(first, other)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"hidden": [4, 0]}, r"Expected `hidden` of DAGMM to be a list of whole numbers"),
        ({"latent": 0}, r"Expected `latent` of DAGMM to be a whole number of at least 1\."),
        ({"components": 1.5}, r"Expected `components` of DAGMM to be a whole number of at least"),
        ({"energy_weight": -0.1}, r"Expected `energy_weight` of DAGMM to be a number of at least"),
        ({"variance_weight": None}, r"Expected `variance_weight` of DAGMM to be a number of at"),
        ({"fidelity": "seed"}, r"Expected `fidelity` of DAGMM to be one of `paper`, `code`\."),
    ],
)
def test_parameters_that_no_training_has_are_refused(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        DAGMMDetector(**parameters).fit(normal_rows())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ({"covariances": lambda x: -x}, "a covariance is not positive definite"),
        ({"weights": lambda x: -x}, "a component of less than no rows"),
    ],
)
def test_a_mixture_that_no_fit_makes_is_refused(spoil: dict[str, Any], said: str) -> None:
    arrays = DAGMMDetector(**SMALL).fit(normal_rows()).to_arrays()
    spoiled = {f"made/{name}": change(arrays[f"made/{name}"]) for name, change in spoil.items()}
    with pytest.raises(ValueError, match=said):
        DAGMMDetector(**SMALL).from_arrays(arrays | spoiled)


def test_published_networks_are_those_of_the_paper() -> None:
    widths = {
        data_set: DAGMMDetector(**parameters)._formula(columns).widths
        for (data_set, parameters), columns in zip(
            DAGMMDetector.published.items(), (274, 6, 120), strict=True
        )
    }
    assert widths == {
        "arrhythmia": (274, 10, 2),
        "thyroid": (6, 12, 4, 1),
        "kdd": (120, 60, 30, 10, 1),
    }


@pytest.mark.slow
@pytest.mark.skipif(not ROWS.exists(), reason="data of the detectors are not here")
def test_diseased_thyroids_are_strange() -> None:
    with np.load(ROWS / "2_annthyroid.npz") as data:
        values, labels = data["X"], data["y"] == 1
    training = np.flatnonzero(~labels)[::2]
    tested = np.setdiff1d(np.arange(len(values)), training)
    detector = DAGMMDetector().fit(values[training])
    assert roc_auc_score(labels[tested], detector.decision_function(values[tested])) > 0.85
