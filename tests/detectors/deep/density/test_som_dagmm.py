"""SOM-DAGMM: what its places on the map add to DAGMM."""

from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from dcvae.detectors.deep import numpy_ops
from dcvae.detectors.deep.density.dagmm import DAGMMDetector, DAGMMFormula
from dcvae.detectors.deep.density.som_dagmm import SOMDAGMMDetector

SMALL: dict[str, Any] = {"epochs": 1, "batch_size": 64, "hidden": (6,), "latent": 1}


def rows_of(num_rows: int, columns: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(num_rows, columns))


def test_places_come_before_the_features_of_dagmm() -> None:
    random = np.random.default_rng(1)
    with_places = DAGMMFormula((3, 4, 2), 2, 0.1, 0.005, positions=2)
    weights, rows, places = with_places.initial(random), rows_of(20), random.random((20, 2))
    assert with_places.features == 6
    features, errors = with_places.encoded(
        numpy_ops, weights, np.concatenate([rows, places], axis=1)
    )
    alone, alone_errors = DAGMMFormula((3, 4, 2), 2, 0.1, 0.005).encoded(numpy_ops, weights, rows)
    np.testing.assert_array_equal(features, np.concatenate([places, alone], axis=1))
    np.testing.assert_array_equal(errors, alone_errors)


@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_places_are_those_of_the_nearest_unit(fidelity: str) -> None:
    training, rows = rows_of(300), rows_of(50, seed=1)
    detector = SOMDAGMMDetector(**SMALL, fidelity=fidelity).fit(training)
    units = detector.to_arrays()["made/units"]
    assert units.shape == (16, 3)  # √(5 √300) / 2 is 4 in whole units
    shown = detector._shown(rows)
    for row in shown:
        nearest = int(np.argmin(((units - row[:3]) ** 2).sum(axis=1)))
        scale = 3 if fidelity == "paper" else 1
        np.testing.assert_allclose(row[3:], np.array(divmod(nearest, 4)) / scale)
    assert len(np.unique(shown[:, 3:], axis=0)) > 8


def test_a_map_of_one_fit_is_not_that_of_another() -> None:
    detector = SOMDAGMMDetector(**SMALL).fit(rows_of(300))
    again = detector.fit(rows_of(80, seed=2)).decision_scores_
    fresh = SOMDAGMMDetector(**SMALL).fit(rows_of(80, seed=2))
    assert again.tobytes() == fresh.decision_scores_.tobytes()
    assert fresh.to_arrays()["made/units"].shape == (9, 3)


def test_a_row_alone_has_the_score_that_it_has_among_others() -> None:
    """The program of the study has the mixture of the rows that it scores."""
    rows = rows_of(40, seed=1)
    detector = SOMDAGMMDetector(**SMALL).fit(np.repeat(rows_of(60), 3, axis=0))
    alone = [detector.decision_function(row[None])[0] for row in rows]
    np.testing.assert_allclose(alone, detector.decision_function(rows), rtol=1e-6)


def test_larger_is_stranger_on_two_gaussians() -> None:
    random = np.random.default_rng(3)
    rows = np.concatenate([random.normal(0, 1, (100, 4)), random.normal(6, 1, (100, 4))])
    detector = SOMDAGMMDetector(epochs=40).fit(random.normal(0, 1, (600, 4)))
    assert roc_auc_score(np.repeat([0, 1], 100), detector.decision_function(rows)) > 0.95


HARD = {
    "two rows": rows_of(2),
    "one column": rows_of(50, 1),
    "one row many times, and another": np.repeat(rows_of(2), [49, 1], axis=0),
    "constant": np.ones((40, 3)),
    "one column constant": np.column_stack([rows_of(60, 2), np.ones(60)]),
    "an outlier": np.concatenate([rows_of(80), np.full((1, 3), 1e12)]),
}


@pytest.mark.parametrize("name", HARD)
def test_hard_rows_have_finite_scores(name: str) -> None:
    rows = HARD[name]
    detector = SOMDAGMMDetector(epochs=1, batch_size=16).fit(rows)
    for scored in (rows, rows[:1], rows * 0.0, rows + 1e9):
        assert np.isfinite(detector.decision_function(scored)).all()


def test_units_of_no_square_grid_are_refused() -> None:
    arrays = SOMDAGMMDetector(**SMALL).fit(rows_of(300)).to_arrays()
    for units in (15, 1):
        spoiled = {"made/units": arrays["made/units"][:units]}
        with pytest.raises(ValueError, match="units of no square grid"):
            SOMDAGMMDetector(**SMALL).from_arrays(arrays | spoiled)


def test_published_parameters_are_those_of_dagmm_with_other_components() -> None:
    for data_set, parameters in SOMDAGMMDetector.published.items():
        components = {"components": 2 if data_set == "arrhythmia" else 4}
        assert parameters == {**DAGMMDetector.published[data_set], **components}
