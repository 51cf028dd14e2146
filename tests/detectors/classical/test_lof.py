"""LOF, against scikit-learn's and against the definitions of the paper by loops."""

import numpy as np
import pytest
from sklearn.neighbors import LocalOutlierFactor

from dcvae import InputError
from dcvae.detectors.classical.lof import LOFDetector


def scaled(rows: np.ndarray, by: np.ndarray) -> np.ndarray:
    return np.asarray((rows - by.mean(axis=0)) / by.std(axis=0))


def by_loops(training: np.ndarray, row: np.ndarray, k: int, itself: int | None) -> float:
    """The paper's definitions 3 to 7 with k-distinct-distance, of one row."""

    def neighborhood(point: np.ndarray, left_out: int | None) -> tuple[float, list[int]]:
        others = [i for i in range(len(training)) if i != left_out]
        distance = {i: float(np.linalg.norm(point - training[i])) for i in others}
        places: dict[tuple[float, ...], float] = {}
        for i in others:
            if left_out is None or not np.array_equal(training[i], training[left_out]):
                places[tuple(training[i])] = distance[i]
        reach = sorted(places.values())[min(k, len(places)) - 1]
        return reach, [i for i in others if distance[i] <= reach * (1 + 1e-9)]

    def density(point: np.ndarray, left_out: int | None) -> float:
        _, near = neighborhood(point, left_out)
        reached = [
            max(float(np.linalg.norm(point - training[i])), neighborhood(training[i], i)[0])
            for i in near
        ]
        return 1.0 / (float(np.mean(reached)) + 1e-10)

    _, near = neighborhood(row, itself)
    return float(np.mean([density(training[i], i) for i in near])) / density(row, itself)


@pytest.mark.parametrize("columns", [1, 3, 20])
@pytest.mark.parametrize("neighbors", [5, 20, 500])
def test_distinct_rows_score_as_in_scikit_learn(columns: int, neighbors: int) -> None:
    random = np.random.default_rng(0)
    size = np.arange(1, columns + 1)
    training, rows = (random.normal(size=(n, columns)) * size for n in (150, 40))
    rows[3] *= 10
    detector = LOFDetector(neighbors=neighbors).fit(training)
    twin = LocalOutlierFactor(n_neighbors=min(neighbors, 149), novelty=True)
    twin.fit(scaled(training, training))
    np.testing.assert_allclose(
        detector.decision_function(rows), -twin.score_samples(scaled(rows, training)), rtol=1e-9
    )
    np.testing.assert_allclose(detector.decision_scores_, -twin.negative_outlier_factor_, rtol=1e-9)


def test_rows_that_repeat_and_equal_distances_are_those_of_the_paper() -> None:
    """Whole numbers: many at one distance, and each place by as many rows as it has."""
    random = np.random.default_rng(1)
    training = random.integers(0, 4, (40, 2)).astype(float)
    rows = np.vstack([random.integers(-1, 6, (12, 2)), [[2.5, 2.5], [30.0, 0.0]]]).astype(float)
    detector = LOFDetector(neighbors=3, scale=False).fit(training)
    expected = [by_loops(training, row, 3, None) for row in rows]
    np.testing.assert_allclose(detector.decision_function(rows), expected, rtol=1e-9)
    itself = [by_loops(training, row, 3, number) for number, row in enumerate(training)]
    np.testing.assert_allclose(detector.decision_scores_, itself, rtol=1e-9)


def test_copies_in_one_place_leave_its_density_finite() -> None:
    """scikit-learn's factor of a row beside 21 copies is in the millions."""
    random = np.random.default_rng(2)
    training = np.vstack([random.normal(size=(100, 2)), np.full((30, 2), 0.5)])
    beside = np.array([[0.5001, 0.5], [0.3, 0.2]])
    twin = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(scaled(training, training))
    assert -twin.score_samples(scaled(beside, training))[0] > 1e5
    assert (LOFDetector().fit(training).decision_function(beside) < 3).all()


def test_one_place_alone() -> None:
    detector = LOFDetector().fit(np.full((9, 2), 3.0))
    assert detector.decision_scores_.tolist() == [1.0] * 9
    same, other = detector.decision_function([[3.0, 3.0], [3.0, 3.1]])
    assert same == 1.0
    assert other > 1e6


def test_more_rows_are_drawn_from_with_a_warning() -> None:
    training = np.random.default_rng(3).normal(size=(300, 2))
    said = (
        r"^LOF is fitted to 100 of the 300 distinct training rows, drawn by its seed, as its cost "
        r"grows with their square\. `most_rows` says how many\.$"
    )
    with pytest.warns(UserWarning, match=said) as warned:
        detector = LOFDetector(most_rows=100).fit(np.repeat(training, 2, axis=0))
    assert warned[0].filename == __file__
    assert detector.to_arrays()["places"].shape == (100, 2)
    assert set(detector.to_arrays()["copies"].tolist()) == {2}
    # A row that was not drawn is scored as any other, one that was without itself.
    apart = scaled(training, training)[:, None] - detector.to_arrays()["places"]
    is_kept = (np.abs(apart).max(axis=2) < 1e-9).any(axis=1)
    assert is_kept.sum() == 100
    later = detector.decision_function(training)
    fitted = detector.decision_scores_[::2]
    np.testing.assert_allclose(fitted[~is_kept], later[~is_kept], rtol=1e-9)
    assert (fitted[is_kept] != later[is_kept]).all()


@pytest.mark.parametrize("wrong", [{"neighbors": 0}, {"neighbors": 2.5}, {"most_rows": 1}])
def test_parameters_are_refused_by_name(wrong: dict[str, float]) -> None:
    (name,) = wrong
    with pytest.raises(InputError, match=rf"^Expected `{name}` of LOF to be a whole number of at"):
        LOFDetector(**wrong).fit(np.eye(9))  # type: ignore[arg-type]
