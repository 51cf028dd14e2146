"""Windows as rows: what the wrapped detector is shown, and where its scores go."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.neighbors import LocalOutlierFactor

from dcvae import InputError, make_detector
from dcvae._arrays import AnyFloatArray, Float64Array
from dcvae.detectors import WindowedDetector, windowed, windows_as_rows
from dcvae.detectors.base import AnomalyDetector

SERIES = 3


def rows_with(num_rows: int, seed: int = 0) -> np.ndarray:
    """Series that follow a common wave, each a little differently."""
    random = np.random.default_rng(seed)
    wave = np.sin(np.arange(num_rows) / 5)[:, None]
    return wave * np.arange(1, SERIES + 1) + random.normal(0.0, 0.2, (num_rows, SERIES))


TRAINING, DATA = rows_with(200), rows_with(60, 1)


class Recorder(AnomalyDetector):
    """Keeps what it is fitted to and scores a row by its first column."""

    def __init__(self, fewest: int = 2) -> None:
        self.fewest = fewest

    @property
    def fewest_rows(self) -> int:
        return self.fewest

    def _fit(self, values: AnyFloatArray) -> None:
        self.shown = values
        self.asked: list[int] = []

    def _score(self, values: AnyFloatArray) -> Float64Array:
        self.asked.append(len(values))
        return values[:, 0].astype(np.float64)


def flattened(rows: np.ndarray, window: int) -> np.ndarray:
    return np.array(
        [rows[end - window + 1 : end + 1].ravel() for end in range(window - 1, len(rows))]
    )


def recorded(detector: WindowedDetector) -> Recorder:
    assert isinstance(detector.detector_, Recorder)
    return detector.detector_


# ------------------------------------------------------------ what is shown


@pytest.mark.parametrize("window", [1, 2, 5])
def test_the_detector_is_shown_all_windows_oldest_row_first(window: int) -> None:
    detector = WindowedDetector(Recorder(), window=window).fit(TRAINING)
    np.testing.assert_array_equal(recorded(detector).shown, flattened(TRAINING, window))


def test_single_precision_stays_single() -> None:
    detector = WindowedDetector(Recorder(), window=4).fit(TRAINING.astype(np.float32))
    assert recorded(detector).shown.dtype == np.float32


def test_summaries_of_each_series() -> None:
    """By NumPy's polynomial fit and its plain statistics, a window at a time."""
    window, ends = 6, np.array([5, 17, 59])
    found = windows_as_rows(DATA, ends, window, summaries=True)
    for row, end in zip(found, ends, strict=True):
        part = DATA[end - window + 1 : end + 1]
        slope = np.polyfit(np.arange(window), part, 1)[0]
        expected = [part[-1], part.mean(axis=0), part.std(axis=0), slope, np.ptp(part, axis=0)]
        np.testing.assert_allclose(row, np.concatenate(expected), rtol=1e-9)


def test_a_series_that_stands_still_has_no_deviation_of_rounding() -> None:
    rows = np.full((9, 1), 0.1)
    found = windows_as_rows(rows, np.array([6, 8]), 7, summaries=True)
    assert found.tolist() == [[0.1, 0.1, 0.0, 0.0, 0.0]] * 2
    assert windows_as_rows(rows, np.array([3]), 1, summaries=True).tolist() == [[0.1, 0.1, 0, 0, 0]]


@pytest.mark.parametrize("summaries", [False, True])
@pytest.mark.parametrize("far", [1.7e308, -1e200])
def test_values_that_have_no_square_have_scores(far: float, summaries: bool) -> None:
    detector = WindowedDetector(make_detector("ecod"), 4, summaries).fit(TRAINING)
    rows = DATA.copy()
    rows[30:32, 1] = far, -far
    assert np.isfinite(detector.decision_function(rows)).all()
    assert np.isfinite(detector.residuals(rows)).all()


def test_more_windows_than_tell_a_detector_anything_are_thinned(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(windowed, "_FITTED_WINDOWS", 50)
    monkeypatch.setattr(windowed, "_CHUNK_NUMBERS", 20 * 4 * SERIES)
    detector = WindowedDetector(Recorder(), window=4).fit(TRAINING)
    kept = np.linspace(0, 196, 50).astype(int)
    np.testing.assert_array_equal(recorded(detector).shown, flattened(TRAINING, 4)[kept])
    # Its own fit scores the 50; then all others are scored, 20 at a time.
    assert recorded(detector).asked == [50] + [20] * 7 + [7]
    np.testing.assert_array_equal(detector.decision_scores_[3:], TRAINING[:-3, 0])


def test_wide_windows_are_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(windowed, "_FITTED_NUMBERS", 1)
    detector = WindowedDetector(Recorder(), window=4).fit(rows_with(1500))
    assert recorded(detector).shown.shape == (1000, 4 * SERIES)


# ------------------------------------------------------------ where the scores go


def test_a_row_has_the_score_of_the_window_that_ends_in_it() -> None:
    """Those before the end of the first window have its score: the first value of row 0."""
    window = 4
    scores = WindowedDetector(Recorder(), window=window).fit(TRAINING).decision_function(DATA)
    assert (
        scores.tolist() == [DATA[0, 0]] * (window - 1) + DATA[: len(DATA) - window + 1, 0].tolist()
    )


def test_principal_components_of_windows_are_scikit_learns() -> None:
    """The squared rest is the distance from the axes, found here by scikit-learn alone."""
    window = 5
    rows, shown = flattened(TRAINING, window), flattened(DATA, window)
    mean, spread = rows.mean(axis=0), rows.std(axis=0)
    pca = PCA(0.9, svd_solver="full").fit((rows - mean) / spread)

    def rest(flat: np.ndarray) -> np.ndarray:
        scaled = (flat - mean) / spread
        return scaled - pca.inverse_transform(pca.transform(scaled))

    expected = np.abs(rest(shown) / rest(rows).std(axis=0)).max(axis=1)
    scores = WindowedDetector(make_detector("pca"), window).fit(TRAINING).decision_function(DATA)
    np.testing.assert_allclose(scores[window - 1 :], expected, rtol=1e-6)
    assert (scores[:window] == scores[window - 1]).all()


def test_no_score_rests_on_a_later_row() -> None:
    detector = WindowedDetector(make_detector("pca"), window=5).fit(TRAINING)
    changed = DATA.copy()
    changed[40:] += 100.0
    before, after = detector.decision_function(DATA), detector.decision_function(changed)
    np.testing.assert_allclose(after[:40], before[:40], rtol=1e-12)
    assert (after[40:] > before[40:]).all()
    np.testing.assert_array_equal(detector.causal_residuals(DATA), detector.residuals(DATA))


@pytest.mark.parametrize("num_rows", [1, 3])
def test_data_shorter_than_a_window_were_as_in_their_first_row(num_rows: int) -> None:
    window = 5
    detector = WindowedDetector(make_detector("pca"), window).fit(TRAINING)
    filled = np.concatenate([np.repeat(DATA[:1], window - num_rows, axis=0), DATA[:num_rows]])
    expected = detector.decision_function(filled)[-1]
    assert detector.decision_function(DATA[:num_rows]).tolist() == [expected] * num_rows


def test_residuals_are_standardized_by_the_rows_of_the_fit() -> None:
    detector = WindowedDetector(make_detector("isolation-forest"), window=3).fit(TRAINING)
    of_fit = detector.decision_function(TRAINING)
    np.testing.assert_array_equal(detector.decision_scores_, of_fit)
    rows = DATA.copy()
    rows[30] += 50.0
    expected = (detector.decision_function(rows)[30] - of_fit.mean()) / of_fit.std()
    assert expected > 1
    np.testing.assert_allclose(detector.residuals(rows)[30], [expected] * SERIES, rtol=1e-5)


def test_a_window_of_the_fit_is_no_neighbor_of_itself() -> None:
    """The local outlier factor of what it was fitted to: by scikit-learn, for all windows."""
    window = 3
    rows = flattened(TRAINING, window)
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    known = LocalOutlierFactor(20).fit(rows)
    scores = WindowedDetector(make_detector("lof"), window).fit(TRAINING).decision_scores_
    np.testing.assert_allclose(scores[window - 1 :], -known.negative_outlier_factor_, rtol=1e-6)


# ------------------------------------------------------------ chosen windows


def test_a_fit_to_chosen_windows_knows_no_others() -> None:
    ends = np.array([150, 3, 90])
    detector = WindowedDetector(Recorder(), window=4).fit_windows(TRAINING, ends)
    np.testing.assert_array_equal(recorded(detector).shown, flattened(TRAINING, 4)[ends - 3])
    assert detector.decision_scores_.tolist() == TRAINING[ends - 3, 0].tolist()
    assert detector.score_windows(DATA, [59, 3]).tolist() == [DATA[56, 0], DATA[0, 0]]
    assert detector.score_windows(DATA, []).shape == (0,)


def test_all_windows_chosen_is_a_fit() -> None:
    ends = np.arange(4, len(TRAINING))
    chosen = WindowedDetector(make_detector("pca"), 5).fit_windows(TRAINING, ends)
    whole = WindowedDetector(make_detector("pca"), 5).fit(TRAINING)
    np.testing.assert_array_equal(chosen.decision_function(DATA), whole.decision_function(DATA))
    np.testing.assert_array_equal(
        whole.score_windows(DATA, np.arange(4, 60)), whole.decision_function(DATA)[4:]
    )


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([2, 10], r"`ends` from 3 to 199: X has 200 rows, and a window 4\. Received: 2\. Leave"),
        ([10, 200, 201], r"Received: 200 and 1 more\. Leave them out\."),
        ([10.0, 11.0], r"whole numbers, the last row of each window\. Received: an array of float"),
        ([[10, 11]], r"of int64 of the shape \(1, 2\)\."),
        ([10], r"Recorder needs at least 2 windows\. Received `ends` of 1: choose more"),
    ],
)
def test_windows_that_are_not_there(ends: Any, said: str) -> None:
    detector = WindowedDetector(Recorder(), window=4)
    with pytest.raises(InputError, match=said):
        detector.fit_windows(TRAINING, ends)
    with pytest.raises(NotFittedError):
        detector.score_windows(DATA, [10])
    with pytest.raises(NotFittedError):
        detector.to_arrays()


# ------------------------------------------------------------ the contract


@pytest.mark.parametrize(
    ("detector", "window", "said"),
    [
        (make_detector("k-means"), 8, r"KMeansDetector\(\), which looks at other rows already"),
        ("ecod", 8, r"such as make_detector\('ecod'\)\. Received: 'ecod'\.$"),
        (make_detector("ecod"), 0, r"`window` .* whole number of at least 1\. Received: 0\."),
        (make_detector("ecod"), True, r"Received: True\."),
        (make_detector("ecod"), 2.5, r"Received: 2\.5\."),
    ],
)
def test_unusable_parameters(detector: Any, window: Any, said: str) -> None:
    made = WindowedDetector(detector, window)
    with pytest.raises(InputError, match=said):
        made.fit(TRAINING)
    with pytest.raises(InputError, match=said):
        made.fit_windows(TRAINING, [20, 21])


def test_as_many_rows_are_needed_as_have_the_windows() -> None:
    detector = WindowedDetector(Recorder(fewest=10), window=4)
    assert len(detector.fit(TRAINING[:13]).decision_scores_) == 13
    with pytest.raises(ValueError, match="minimum of 13 is required"):
        detector.fit(TRAINING[:12])


def test_missing_cells_are_refused() -> None:
    rows = TRAINING.copy()
    rows[7, 1] = np.nan
    with pytest.raises(InputError, match=r"Received NaN in row 7, column 1"):
        WindowedDetector(make_detector("ecod")).fit(rows)


def test_what_is_given_stays_as_it_is_and_is_cloned() -> None:
    given = make_detector("isolation-forest", seed=5)
    detector = WindowedDetector(given, window=3, summaries=True).fit(TRAINING)
    assert not hasattr(given, "decision_scores_")
    copied = clone(detector)
    assert copied.get_params()["detector__seed"] == 5
    np.testing.assert_array_equal(
        copied.fit(TRAINING).decision_function(DATA), detector.decision_function(DATA)
    )
    other = clone(detector).set_params(detector__seed=6).fit(TRAINING)
    assert not np.array_equal(other.decision_function(DATA), detector.decision_function(DATA))


@pytest.mark.parametrize("summaries", [False, True])
def test_what_is_stored_scores_alike(summaries: bool) -> None:
    detector = WindowedDetector(make_detector("pca"), 3, summaries).fit(TRAINING)
    arrays = detector.to_arrays()
    again = WindowedDetector(make_detector("pca"), 3, summaries).from_arrays(arrays)
    np.testing.assert_array_equal(again.residuals(DATA), detector.residuals(DATA))
    other = WindowedDetector(make_detector("pca"), 4, summaries=False)
    with pytest.raises(ValueError, match=r"a detector of \d+ columns, not 12"):
        other.from_arrays(arrays)
    with pytest.raises(NotFittedError):
        other.decision_function(DATA)


def test_a_saved_one_is_loaded_with_the_detector_in_it(tmp_path: Path) -> None:
    given = make_detector("pca")
    detector = WindowedDetector(given, window=3).fit_windows(TRAINING, np.arange(50, 150))
    again = WindowedDetector.load(detector.save(tmp_path / "windowed.npz"))
    assert again.get_params(deep=False).keys() == detector.get_params(deep=False).keys()
    assert (again.window, type(again.detector), again.threshold_) == (
        3,
        type(given),
        detector.threshold_,
    )
    np.testing.assert_array_equal(again.predict(DATA), detector.predict(DATA))
    np.testing.assert_array_equal(again.residuals(DATA), detector.residuals(DATA))


@pytest.mark.parametrize("share", [None, 0.2])
def test_the_threshold_leaves_the_share_above_that_the_wrapped_one_assumes(
    share: float | None,
) -> None:
    given = Recorder()
    if share is not None:
        vars(given)["contamination"] = share
    values = TRAINING[:-2, 0]  # the scores of the windows of 3 rows
    detector = WindowedDetector(given, window=3).fit_windows(TRAINING, np.arange(2, 200))
    assert detector.threshold_ == np.quantile(values, 1 - (share or 0.05))
    assert detector.fit(TRAINING).threshold_ == np.quantile(
        [values[0], values[0], *values], 1 - (share or 0.05)
    )


def test_a_fit_that_fails_changes_nothing() -> None:
    detector = WindowedDetector(make_detector("pca"), window=3).fit(TRAINING)
    expected = detector.decision_function(DATA)
    with pytest.raises(InputError, match="needs at least 2 windows"):
        detector.fit_windows(DATA, [5])
    np.testing.assert_array_equal(detector.decision_function(DATA), expected)


def test_it_is_described_by_what_it_is_shown() -> None:
    assert WindowedDetector(make_detector("ecod")).described == "ECOD of 8 rows"
    described = WindowedDetector(make_detector("pca"), 4, summaries=True).described
    assert described == "PCA of summaries of 4 rows"
