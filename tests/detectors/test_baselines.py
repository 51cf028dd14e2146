"""Baselines, each against a naive computation or scikit-learn used in the plainest way."""

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest

from dcvae import InputError
from dcvae.detection import Alphas, flags
from dcvae.detectors import (
    AnomalyDetector,
    fit_baselines,
    make_detector,
    row_detector,
    scaling,
)
from dcvae.detectors.baselines import KMeansDetector
from dcvae.detectors.classical import k_means

NAMES = [
    *("always", "never", "random", "z-score", "persistence"),
    *("pca", "isolation-forest", "k-means"),
]
TITLES = [*NAMES[:5], "PCA", "isolation forest", "k-means"]
WINDOW, CENTERS = KMeansDetector().window, KMeansDetector().centers


def rows_with(num_rows: int, num_series: int = 3, seed: int = 0) -> np.ndarray:
    """Series that follow a common wave, each a little differently."""
    random = np.random.default_rng(seed)
    wave = np.sin(np.arange(num_rows) / 7)[:, None]
    noise = random.normal(0.0, 0.3, (num_rows, num_series))
    return (wave * np.arange(1, num_series + 1) + noise).astype(np.float32)


def fitted(training: np.ndarray, seed: int = 5) -> dict[str, AnomalyDetector]:
    return {detector.name: detector for detector in fit_baselines(training, seed)}


@pytest.fixture(scope="module")
def training() -> np.ndarray:
    return rows_with(200)


@pytest.fixture(scope="module")
def detectors(training: np.ndarray) -> dict[str, AnomalyDetector]:
    return fitted(training)


def test_all_are_there_in_this_order(detectors: dict[str, AnomalyDetector]) -> None:
    assert list(detectors) == NAMES
    assert [detector.title for detector in detectors.values()] == TITLES
    looking_ahead = [name for name, detector in detectors.items() if detector.looks_ahead]
    assert looking_ahead == ["k-means"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("num_rows", [1, 2, 90])
def test_one_finite_float32_a_cell(
    detectors: dict[str, AnomalyDetector], name: str, num_rows: int
) -> None:
    rows = rows_with(num_rows, seed=1)
    before = rows.copy()
    residual = detectors[name].residuals(rows)
    assert residual.shape == rows.shape
    assert residual.dtype == np.float32
    assert np.isfinite(residual).all()
    np.testing.assert_array_equal(rows, before)
    residual[0] = np.nan  # the caller empties missing cells: the answer is nobody else's
    np.testing.assert_array_equal(rows, before)


@pytest.mark.parametrize("alpha", [0.0, 3.0, 1e6])
def test_always_and_never(detectors: dict[str, AnomalyDetector], alpha: float) -> None:
    rows = rows_with(30)
    alphas = Alphas.default(("a", "b", "c"), alpha)
    for name, expected in (("always", True), ("never", False)):
        residual = detectors[name].residuals(rows)
        residual[3, 1] = np.nan
        flagged = flags(residual, alphas)
        assert not flagged[3, 1]
        flagged[3, 1] = expected
        assert (flagged == expected).all()


def test_random_is_standard_normal_and_different_for_every_seed(training: np.ndarray) -> None:
    rows = rows_with(20_000)
    residual = fitted(training, 1)["random"].residuals(rows)
    assert abs(residual.mean()) < 0.02
    assert abs(residual.std() - 1) < 0.02
    assert not np.array_equal(residual, fitted(training, 2)["random"].residuals(rows))


def test_the_same_seed_gives_the_same(
    training: np.ndarray, detectors: dict[str, AnomalyDetector]
) -> None:
    rows = rows_with(120, seed=3)
    for name, again in fitted(training).items():
        np.testing.assert_array_equal(again.residuals(rows), detectors[name].residuals(rows))
        np.testing.assert_array_equal(again.residuals(rows), again.residuals(rows))


def test_z_score_by_loops(training: np.ndarray, detectors: dict[str, AnomalyDetector]) -> None:
    rows = rows_with(25, seed=1)
    residual = detectors["z-score"].residuals(rows)
    for column in range(3):
        known = [float(value) for value in training[:, column]]
        mean = sum(known) / len(known)
        spread = (sum((value - mean) ** 2 for value in known) / len(known)) ** 0.5
        for row in range(25):
            expected = (float(rows[row, column]) - mean) / spread
            assert residual[row, column] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def test_z_score_by_hand() -> None:
    training = np.array([[1, 5], [3, 5]], np.float32)  # means 2 and 5; 1 and never changing
    residual = fitted(training)["z-score"].residuals(np.array([[4, 5], [0, 7]], np.float32))
    assert residual.tolist() == [[2, 0], [-2, 2]]


def test_persistence_by_loops(training: np.ndarray, detectors: dict[str, AnomalyDetector]) -> None:
    rows = rows_with(25, seed=1)
    residual = detectors["persistence"].residuals(rows)
    assert residual[0].tolist() == [0, 0, 0]
    for column in range(3):
        changes = [float(training[i + 1, column]) - float(training[i, column]) for i in range(199)]
        mean = sum(changes) / 199
        spread = (sum((change - mean) ** 2 for change in changes) / 199) ** 0.5
        for row in range(1, 25):
            expected = (float(rows[row, column]) - float(rows[row - 1, column])) / spread
            assert residual[row, column] == pytest.approx(expected, rel=1e-4, abs=1e-5)


def pca_rest(training: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, int]:
    """What the fewest right singular vectors with 90 % of the squared singular values leave."""
    center = training.astype(float).mean(axis=0)
    _, singular, directions = np.linalg.svd(training - center, full_matrices=False)
    shares = singular**2 / np.sum(singular**2)
    kept = 1
    while sum(shares[:kept]) < 0.9 and kept < len(center) - 1:  # all would leave nothing
        kept += 1
    rest = []
    for row in rows:
        deviation = row - center
        projection = sum((deviation @ direction) * direction for direction in directions[:kept])
        rest.append(deviation - projection)
    return np.array(rest), kept


@pytest.mark.parametrize(("noise", "components"), [(0.1, 1), (1.5, 2), (20.0, 3)])
def test_pca_against_a_singular_value_decomposition(noise: float, components: int) -> None:
    random = np.random.default_rng(1)
    wave = np.sin(np.arange(300) / 7)[:, None] * np.array([3.0, -2.0, 1.0, 1.0])
    strengths = np.array([0.1, 0.1, 2.0, 0.1]) if components == 2 else np.ones(4)
    training = (wave + noise * random.normal(size=(300, 4)) * strengths).astype(np.float32)
    rows = random.normal(size=(40, 4)).astype(np.float32)
    known, kept = pca_rest(training, training)
    assert kept == components
    rest, _ = pca_rest(training, rows)
    residual = fitted(training)["pca"].residuals(rows)
    np.testing.assert_allclose(residual, rest / known.std(axis=0), rtol=1e-3, atol=1e-4)


def positive(score: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Standardize by the training rows; below their mean, something small that keeps the order."""
    result = []
    for value in (score - known.mean()) / known.std():
        small = 1e-3 * np.exp(min(value, 0.0))
        result.append(max(value, small))
    return np.array(result)


def test_isolation_forest_is_that_of_scikit_learn(
    training: np.ndarray, detectors: dict[str, AnomalyDetector]
) -> None:
    rows = rows_with(150, seed=2)
    rows[40] = [9, -9, 9]
    forest = IsolationForest(random_state=5).fit(training)
    score, known = -forest.score_samples(rows), -forest.score_samples(training)
    residual = detectors["isolation-forest"].residuals(rows)
    np.testing.assert_allclose(residual[:, 0], positive(score, known), rtol=1e-4)
    assert (residual == residual[:, :1]).all()
    assert np.argmax(residual[:, 0]) == 40
    assert (residual > 0).all()
    order = np.argsort(score, kind="stable")
    assert (np.diff(residual[order, 0]) >= 0).all()
    apart = np.diff(score[order]) > 1e-3
    assert (np.diff(residual[order, 0])[apart] > 0).all()


def k_means_scores(means: KMeans, rows: np.ndarray) -> np.ndarray:
    """By loops: windows that contain the row, of each the distance to the nearest center."""
    num_windows = len(rows) - WINDOW + 1
    nearest = []
    for first in range(num_windows):
        window = rows[first : first + WINDOW].astype(float).T.ravel()
        nearest.append(
            min(float(np.sqrt(np.sum((window - center) ** 2))) for center in means.cluster_centers_)
        )
    scores = []
    for row in range(len(rows)):
        containing = [
            nearest[first] for first in range(num_windows) if first <= row < first + WINDOW
        ]
        scores.append(sum(containing) / len(containing))
    return np.array(scores)


def test_k_means_forgets_a_far_window_when_it_has_passed(
    detectors: dict[str, AnomalyDetector],
) -> None:
    rows = rows_with(200, seed=2)
    expected = detectors["k-means"].residuals(rows)
    rows[50] = 1e18
    residual = detectors["k-means"].residuals(rows)
    assert residual[50, 0] > 1e17
    # The last window that holds row 50 begins there and ends before row 50 + WINDOW; a row after
    # that is in none of them.
    np.testing.assert_allclose(residual[50 + WINDOW :], expected[50 + WINDOW :], rtol=1e-4)


@pytest.mark.parametrize("num_rows", [WINDOW, WINDOW + 1, 2 * WINDOW, 130])
def test_k_means_by_loops(
    training: np.ndarray, detectors: dict[str, AnomalyDetector], num_rows: int
) -> None:
    windows = [training[first : first + WINDOW].T.ravel() for first in range(200 - WINDOW + 1)]
    means = KMeans(CENTERS, n_init=1, random_state=5).fit(np.array(windows))
    rows = rows_with(num_rows, seed=2)
    rows[num_rows // 2] += 5
    scores = detectors["k-means"].decision_function(rows)
    np.testing.assert_allclose(scores, k_means_scores(means, rows), rtol=1e-4)

    def distances_of(values: np.ndarray) -> np.ndarray:
        """Of each window, by series, from the center that is nearest to the whole."""
        places = means.cluster_centers_.reshape(CENTERS, 3, WINDOW)
        distances = []
        for first in range(len(values) - WINDOW + 1):
            window = values[first : first + WINDOW].T
            nearest = min(places, key=lambda place: np.square(window - place).sum())
            distances.append(np.sqrt(np.square(window - nearest).sum(axis=1)))
        return np.array(distances)

    distances = distances_of(rows) / np.sqrt(np.square(distances_of(training)).mean(axis=0))
    by_row = [distances[max(row - WINDOW + 1, 0) : row + 1].mean(axis=0) for row in range(num_rows)]
    np.testing.assert_allclose(detectors["k-means"].residuals(rows), by_row, rtol=1e-3)
    causal = [distances[max(row - WINDOW + 1, 0)] for row in range(num_rows)]
    np.testing.assert_allclose(detectors["k-means"].causal_residuals(rows), causal, rtol=1e-3)


def test_k_means_does_not_depend_on_the_chunk(
    training: np.ndarray, detectors: dict[str, AnomalyDetector], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_with(130, seed=2)
    expected = detectors["k-means"].residuals(rows)
    monkeypatch.setattr(k_means, "_CHUNK", 7)
    np.testing.assert_allclose(detectors["k-means"].residuals(rows), expected, rtol=1e-4)


def test_k_means_says_nothing_of_fewer_rows_than_a_window(
    detectors: dict[str, AnomalyDetector],
) -> None:
    residual = detectors["k-means"].residuals(rows_with(WINDOW - 1))
    assert len(np.unique(residual)) == 1
    assert (residual < 0.01).all()


def test_long_training_files_are_thinned(monkeypatch: pytest.MonkeyPatch) -> None:
    """As few rows as are allowed are spread from the first to the last."""
    monkeypatch.setattr(scaling, "_FITTED_ROWS", 4)
    thinned = scaling.thinned(np.arange(10, dtype=np.float32)[:, None])
    assert thinned[:, 0].tolist() == [0, 3, 6, 9]
    assert len(scaling.thinned(np.zeros((4, 1), np.float32))) == 4
    assert list(fitted(rows_with(200))) == NAMES


def test_one_series_has_no_pca() -> None:
    detectors = fitted(rows_with(100, 1))
    assert list(detectors) == [name for name in NAMES if name != "pca"]
    for detector in detectors.values():
        assert detector.residuals(rows_with(50, 1)).shape == (50, 1)


@pytest.mark.parametrize("num_rows", [2, WINDOW, 2 * WINDOW - 1])
def test_short_training_has_no_k_means(num_rows: int) -> None:
    detectors = fitted(rows_with(num_rows))
    assert list(detectors) == [name for name in NAMES if name != "k-means"]
    for detector in detectors.values():
        assert np.isfinite(detector.residuals(rows_with(50))).all()


@pytest.mark.parametrize("parameter", ["window", "centers"])
@pytest.mark.parametrize("value", [0, -1, 2.5, None])
def test_k_means_needs_windows_and_centers(parameter: str, value: object) -> None:
    said = rf"^Expected `{parameter}` of k-means to be a whole number of at least 1\. Received: "
    with pytest.raises(InputError, match=said):
        KMeansDetector(**{parameter: value}).fit(rows_with(100))


def test_k_means_needs_as_many_rows_as_two_of_its_windows() -> None:
    assert KMeansDetector(window=8, centers=2).fit(rows_with(16)).decision_scores_.shape == (16,)
    with pytest.raises(ValueError, match="minimum of 16 is required by KMeansDetector"):
        KMeansDetector(window=8).fit(rows_with(15))


def constant(num_rows: int, num_series: int = 2) -> np.ndarray:
    return np.full((num_rows, num_series), 0.7, np.float32)


@pytest.fixture(scope="module")
def detectors_of_constants() -> dict[str, AnomalyDetector]:
    return fitted(constant(100))


@pytest.mark.parametrize("name", NAMES)
def test_series_that_never_changed_in_training(
    detectors_of_constants: dict[str, AnomalyDetector], name: str
) -> None:
    """The same again is no alarm; one that changes is judged in scaled units."""
    residuals = detectors_of_constants[name].residuals
    same, changed = residuals(constant(60)), constant(60)
    changed[30:, 0] += 2
    residual = residuals(changed)
    assert np.isfinite(same).all()
    assert np.isfinite(residual).all()
    if name in ("z-score", "persistence", "pca", "never"):
        assert np.abs(same).max() < 1e-6
    if name == "z-score":
        np.testing.assert_allclose(residual[30:, 0], 2, rtol=1e-6)
    if name == "persistence":
        np.testing.assert_allclose(residual[30], [2, 0], rtol=1e-6)
        assert not residual[31:].any()


def test_one_of_the_series_never_changed() -> None:
    training = rows_with(120)
    training[:, 1] = 0.5
    for detector in fitted(training).values():
        assert np.isfinite(detector.residuals(rows_with(60))).all()


@pytest.mark.parametrize("num_series", [1, 12])
def test_the_farthest_values_that_scaling_lets_through(num_series: int) -> None:
    """Disconnected sensors write 1.8e308, which is scaled to 1e18."""
    rows = rows_with(100, num_series, seed=1)
    rows[20:80] = 1e18
    for detector in fitted(rows_with(100, num_series)).values():
        assert np.isfinite(detector.residuals(rows)).all()


def test_detectors_are_fitted_one_after_the_other() -> None:
    """So that one can be judged and forgotten before the next takes its memory."""
    assert isinstance(fit_baselines(rows_with(100), 1), Iterator)


@pytest.mark.parametrize("name", ["z-score", "persistence", "pca", "k-means"])
def test_a_large_level_costs_no_digits(name: str) -> None:
    """A counter of 1.7e9 that moves by ones, in float64: float32 knows it to 128."""
    training, rows = (rows_with(size, seed=size).astype(np.float64) for size in (200, 60))
    rows[30] += 3
    expected = make_detector(name).fit(training).decision_function(rows)
    scores = make_detector(name).fit(training + 1.7e9).decision_function(rows + 1.7e9)
    np.testing.assert_allclose(scores, expected, rtol=1e-3, atol=1e-4)


def test_rows_that_are_scaled_are_not_scaled_again() -> None:
    assert repr(row_detector("pca", seed=1, window_length=8)) == "PCADetector(scale=False)"
    assert row_detector("k-means", seed=7, window_length=8).get_params() == {
        "window": 8,
        "centers": CENTERS,
        "scale": False,
        "seed": 7,
    }
    assert row_detector("k-means", seed=7, window_length=640).get_params()["window"] == WINDOW
    assert row_detector("ecod", seed=1, window_length=8).get_params() == {}


def test_one_is_left_out() -> None:
    names = [detector.name for detector in fit_baselines(rows_with(100), 1, but="PCA")]
    assert names == [name for name in NAMES if name != "pca"]
