"""Every detector that has a name, held to the contract of dcvae/detectors/base.py.

A new detector adds an entry to SMALL if a fit of 241 rows takes it longer than a moment: parameters
that are learned enough with to tell a row that is 4 standard deviations off from the others. Where
only bits and messages are looked at, `quick` has one epoch of them.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from dcvae import InputError, detector_names, make_detector
from dcvae.detectors import AnomalyDetector
from dcvae.detectors.cells import CellDetector
from dcvae.detectors.classical.ecod import ECODDetector
from dcvae.detectors.classical.k_means import KMeansDetector
from dcvae.metrics import roc_auc

NAMES = detector_names()
KINDS = {name: type(make_detector(name)) for name in NAMES}

# Parameters that make a fit on few rows quick.
SMALL: dict[str, dict[str, Any]] = {
    "ae": {"epochs": 20, "batch_size": 64, "learning_rate": 5e-3},
    "dae-lr": {"epochs": 20, "batch_size": 64, "learning_rate": 5e-3},
    "dc-vae": {
        "T": 4,
        "cnn_units": [4],
        "dil_rate": [1, 2],
        "J": 1,
        "batch_size": 16,
        "epochs": 1,
        "steps_per_epoch": 2,
    },
    "alad": {"epochs": 20, "learning_rate": 3e-3, "width": 16},
    "dagmm": {"epochs": 60, "latent": 2, "learning_rate": 0.005},
    "deep-svdd": {"epochs": 30},
    "drocc": {"epochs": 30, "plain_epochs": 0, "learning_rate": 0.01, "ascent_steps": 2},
    "dsebm": {"epochs": 3, "hidden": [4, 4], "batch_size": 240, "learning_rate": 0.02},
    "duad": {"epochs": 20, "batch_size": 64, "learning_rate": 5e-3},
    "k-means": {"window": 8, "centers": 4},
    "mem-ae": {"epochs": 20, "batch_size": 64, "learning_rate": 5e-3},
    "neutralad": {"epochs": 20, "hidden": [16], "latent": 8},
    "rec-forest": {"trees": 30},
    "som-dagmm": {"epochs": 60, "latent": 2, "learning_rate": 0.005},
}
REACH = 8  # rows: no window above is longer

# Scores without regard to the values.
KNOW_NOTHING = ("always", "never", "random")
# The score of a row is not made of scores of its cells.
ROWS_ONLY = [
    name
    for name in NAMES
    if KINDS[name]._score_series is AnomalyDetector._score_series
    and KINDS[name].score_series is AnomalyDetector.score_series
]
# Scores of the fit leave a row out of its own neighbors; it is one of them when it is scored later.
LEAVES_A_ROW_OUT = ("lof",)
# Parameters with which a fit draws at all.
DRAWING: dict[str, dict[str, Any]] = {"lof": {"most_rows": 99}, "oc-svm": {"most_rows": 99}}
# What forests of earlier versions did not keep, and may be missing.
MAY_BE_MISSING = {("isolation-forest", "range")}

FAR_ROW, FAR_SERIES = 30, 1


def rows_with(num_rows: int, seed: int) -> np.ndarray:
    """Draw noisy waves (rows, 3), float64, with levels and scales of their own."""
    random = np.random.default_rng(seed)
    size = np.array([1.0, 2.0, 3.0])
    waves = np.sin(np.arange(num_rows)[:, None] / 7 + size)
    return 100 * size + size**2 * (waves + random.normal(0, 0.2, (num_rows, 3)))


TRAINING, DATA = rows_with(241, 0), rows_with(60, 1)  # the last batch may be of one row
TRAINING.setflags(write=False)
DATA.setflags(write=False)


def changed(row: int, column: int, value: float) -> np.ndarray:
    """Give the data another value in one cell."""
    rows = DATA.copy()
    rows[row, column] = value
    return rows


def make(name: str) -> AnomalyDetector:
    return make_detector(name, **SMALL.get(name, {}))


def quick(name: str) -> AnomalyDetector:
    """Make a detector that learns next to nothing, where scores only have to be there."""
    detector = make(name)
    return detector.set_params(epochs=1) if "epochs" in detector.get_params() else detector


@pytest.fixture(scope="module", params=NAMES)
def fitted(request: pytest.FixtureRequest) -> AnomalyDetector:
    return make(request.param).fit(TRAINING)


def only(names: Iterable[str]) -> pytest.MarkDecorator:
    """Run a test with these detectors alone."""
    return pytest.mark.parametrize("fitted", list(names), indirect=True)


def around(row: int) -> np.ndarray:
    """Rows that may be scored by one of the windows that contain a row, or that follow on it."""
    return np.abs(np.arange(len(DATA)) - row) < REACH


# ------------------------------------------------------------ scores


@pytest.mark.parametrize("num_rows", [1, 2, 60])
def test_every_row_has_a_finite_score(fitted: AnomalyDetector, num_rows: int) -> None:
    scores = fitted.decision_function(DATA[:num_rows])
    assert scores.shape == (num_rows,)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()


@pytest.mark.parametrize("far", [1e18, -1e30, 1e160, 1.7e308, -1.7e308])
def test_also_of_values_that_have_no_square(fitted: AnomalyDetector, far: float) -> None:
    """Disconnected sensors write the largest number there is."""
    rows = changed(FAR_ROW, FAR_SERIES, far)
    for single in (rows, np.clip(rows, -3e38, 3e38).astype(np.float32)):
        assert np.isfinite(fitted.decision_function(single)).all()
        assert np.isfinite(fitted.residuals(single)).all()


@only(name for name in NAMES if name not in KNOW_NOTHING)
@pytest.mark.parametrize("sign", [-1, 1])
def test_larger_is_stranger(fitted: AnomalyDetector, sign: int) -> None:
    far = sign * 50 * TRAINING.std(axis=0)
    rows = DATA.copy()
    rows[FAR_ROW] += far
    scores = fitted.decision_function(rows)
    near = around(FAR_ROW) if fitted.needs_order else np.arange(len(rows)) == FAR_ROW
    assert scores[FAR_ROW] > scores[~near].max()
    one = changed(FAR_ROW, FAR_SERIES, DATA[FAR_ROW, FAR_SERIES] + far[FAR_SERIES])
    assert fitted.decision_function(one)[FAR_ROW] > fitted.decision_function(DATA)[FAR_ROW]


@only(name for name in NAMES if name not in LEAVES_A_ROW_OUT)
def test_scores_of_the_fit_are_those_of_its_rows(fitted: AnomalyDetector) -> None:
    scores = fitted.decision_function(TRAINING)
    assert fitted.decision_scores_.dtype == np.float64
    # The network's passes are of another size in the fit.
    tolerance = 1e-5 if fitted.name == "dc-vae" else 0.0
    np.testing.assert_allclose(fitted.decision_scores_, scores, rtol=tolerance)


@only(name for name in NAMES if not KINDS[name].is_fixed and name != "dc-vae")
def test_as_many_rows_of_the_fit_are_above_the_threshold_as_are_asked_for(
    fitted: AnomalyDetector,
) -> None:
    share = fitted.get_params().get("contamination", 0.05)
    threshold = np.quantile(fitted.decision_scores_, 1 - share)
    assert fitted.threshold_ == threshold
    assert 0 < (fitted.decision_scores_ > threshold).sum() <= np.ceil(share * len(TRAINING))
    predicted = fitted.predict(DATA)
    assert predicted.dtype == np.int64
    np.testing.assert_array_equal(predicted, fitted.decision_function(DATA) > threshold)


@only(name for name in NAMES if KINDS[name].is_fixed)
def test_where_all_rows_score_alike_all_are_predicted_alike(fitted: AnomalyDetector) -> None:
    assert fitted.predict(DATA).tolist() == [fitted.name == "always"] * len(DATA)


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in KNOW_NOTHING and not KINDS[name].needs_order]
)
def test_rows_of_another_gaussian_are_stranger(name: str) -> None:
    random = np.random.default_rng(4)
    detector = make(name).fit(random.normal(size=(241, 3)))
    rows = np.concatenate([random.normal(size=(60, 3)), random.normal(4.0, 1.0, (60, 3))])
    assert roc_auc(np.arange(120) >= 60, detector.decision_function(rows)) > 0.75


@only(name for name in NAMES if name not in ROWS_ONLY)
def test_cells_are_scored(fitted: AnomalyDetector) -> None:
    cells = fitted.score_series(DATA)
    assert cells.shape == DATA.shape
    assert cells.dtype == np.float64
    assert np.isfinite(cells).all()
    if fitted.name not in KNOW_NOTHING:
        cell = FAR_ROW, FAR_SERIES
        assert fitted.score_series(changed(*cell, 1e4))[cell] > cells[cell]


@only(ROWS_ONLY)
def test_or_it_is_said_that_they_are_not(fitted: AnomalyDetector) -> None:
    said = (
        rf"{fitted.title} gives a row one score and does not tell its series apart\. Use "
        r"decision_function, or another detector\."
    )
    with pytest.raises(InputError, match=said):
        fitted.score_series(DATA)


def test_residuals_are_finite_float32_cells(fitted: AnomalyDetector) -> None:
    for rows in (DATA, DATA[:1]):
        residuals = fitted.residuals(rows)
        assert residuals.shape == rows.shape
        assert residuals.dtype == np.float32
        assert np.isfinite(residuals).all()


@only(name for name in NAMES if name in ROWS_ONLY or issubclass(KINDS[name], CellDetector))
def test_stranger_rows_have_larger_residuals(fitted: AnomalyDetector) -> None:
    """Or no smaller ones, where both are beyond what float32 holds."""
    order = np.argsort(fitted.decision_function(DATA), kind="stable")
    largest = np.abs(fitted.residuals(DATA)).max(axis=1)[order]
    assert (np.diff(largest) >= 0).all()


@only(name for name in NAMES if KINDS[name] in (KMeansDetector, ECODDetector))
def test_residuals_tell_series_apart_where_scores_of_cells_do(fitted: AnomalyDetector) -> None:
    before = np.abs(fitted.residuals(DATA))[FAR_ROW]
    after = np.abs(fitted.residuals(changed(FAR_ROW, FAR_SERIES, 1e4)))[FAR_ROW]
    assert np.argmax(after - before) == FAR_SERIES


@only(name for name in NAMES if name != "dc-vae")
def test_causal_residuals_rest_on_no_later_row(fitted: AnomalyDetector) -> None:
    residuals = fitted.causal_residuals(DATA)
    part = fitted.causal_residuals(DATA[:41])
    first = REACH - 1  # windows end in later rows before
    np.testing.assert_allclose(part[first:], residuals[first:41], rtol=1e-5, atol=1e-6)
    assert np.isfinite(residuals).all()
    if not fitted.looks_ahead:
        np.testing.assert_array_equal(residuals, fitted.residuals(DATA))


@only(name for name in NAMES if name in ("z-score", "persistence", "pca"))
def test_what_is_expected_is_the_value_less_its_residual(fitted: AnomalyDetector) -> None:
    """A value that is far off does not move it, but by principal components of its series."""
    spread = fitted.expected_spread
    assert spread is not None
    assert (spread > 0).all()
    far = changed(FAR_ROW, FAR_SERIES, 1e6)
    expected = far - fitted.residuals(far) * spread
    if fitted.name != "pca":
        near = DATA - fitted.residuals(DATA) * spread
        np.testing.assert_allclose(expected[FAR_ROW], near[FAR_ROW], rtol=1e-3)
    else:
        assert abs(expected[FAR_ROW, FAR_SERIES]) < 1e6


# ------------------------------------------------------------ state


STORED = [name for name in NAMES if name != "dc-vae"]


@only(STORED)
def test_what_is_stored_scores_alike(fitted: AnomalyDetector) -> None:
    arrays = fitted.to_arrays()
    for array in arrays.values():
        assert array.dtype.kind in "fi"
    again = make(fitted.name).from_arrays(arrays)
    for ask in ("decision_function", "residuals", "causal_residuals"):
        np.testing.assert_array_equal(getattr(again, ask)(DATA), getattr(fitted, ask)(DATA))
    with pytest.raises(ValueError, match="X has 2 features"):
        again.decision_function(DATA[:, :2])


@only(STORED)
def test_what_is_saved_scores_and_predicts_alike(fitted: AnomalyDetector, tmp_path: Path) -> None:
    path = fitted.save(tmp_path / "detector.npz")
    again = AnomalyDetector.load(path)
    assert type(again) is type(fitted)
    assert again.get_params() == fitted.get_params()
    assert again.threshold_ == fitted.threshold_
    for ask in ("decision_function", "residuals", "causal_residuals", "predict"):
        np.testing.assert_array_equal(getattr(again, ask)(DATA), getattr(fitted, ask)(DATA))
    np.testing.assert_array_equal(type(fitted).load(path).predict(DATA), fitted.predict(DATA))


@only(STORED)
def test_what_no_fit_has_made_is_refused(fitted: AnomalyDetector) -> None:
    arrays = fitted.to_arrays()
    for name, array in arrays.items():
        spoiled = {
            "missing": {key: x for key, x in arrays.items() if key != name},
            "one too many": arrays | {"other": array},
            "words": arrays | {name: array.astype(str)},
            "no number": arrays | {name: np.full(array.shape, np.nan)},
            "another shape": arrays | {name: array[..., None]},
        }
        if (fitted.name, name) in MAY_BE_MISSING:
            del spoiled["missing"]
        for what, found in spoiled.items():
            with pytest.raises(ValueError, match=name if what != "one too many" else "other"):
                make(fitted.name).from_arrays(found)
    fewer = arrays | {"columns": arrays["columns"] - 1}
    if any("series" in words for words in fitted._state().values()):
        with pytest.raises(ValueError, match="2 columns, of 3 series"):
            make(fitted.name).from_arrays(fewer)


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("z-score", {"spread": np.zeros(3)}, "a spread is not above 0"),
        ("pca", {"scaling": np.zeros((2, 3))}, "a spread is not above 0"),
        ("k-means", {"typical": np.zeros(3)}, "a distance that is not above 0"),
        ("k-means", {"places": np.zeros((4, 3, 9))}, "centers of other windows"),
        ("ecod", {"sorted": np.array([[2.0] * 3, [1.0] * 3])}, "not in order"),
        ("isolation-forest", {"usual_cuts": np.zeros(1)}, "a tree leads nowhere"),
        ("lof", {"scaling": -np.ones((3, 3))}, "a spread is below 0"),
        ("lof", {"copies": np.zeros(241, dtype=np.int64)}, "a place has no training row"),
        ("lof", {"density": np.zeros(241)}, "a density is not above 0"),
        ("oc-svm", {"width": np.zeros(1)}, "the kernel has no width"),
        ("rec-forest", {"series_cut": np.full((100, 1), 3)}, r"`series_cut` has the shape"),
    ],
)
def test_numbers_that_no_fit_has_made_are_refused(
    name: str, spoil: dict[str, np.ndarray], said: str
) -> None:
    arrays = make(name).fit(TRAINING).to_arrays()
    with pytest.raises(ValueError, match=said):
        make(name).from_arrays(arrays | spoil)


@only(["isolation-forest", "rec-forest"])
def test_a_tree_that_leads_back_is_refused(fitted: AnomalyDetector) -> None:
    """It would never end."""
    arrays = fitted.to_arrays()
    back, beyond = arrays["children"].copy(), arrays["children"].copy()
    back[3, 5], beyond[3, 5] = 0, back.shape[1]
    spoiled = [{"children": x} for x in (back, beyond, arrays["children"] + 0.25)]
    spoiled.append({"series_cut": arrays["series_cut"] + 3})
    if fitted.name == "rec-forest":  # of the two ways down from a node, one alone stays there
        half = arrays["children"].copy()
        half[0, 0, 0] = 0
        spoiled.append({"children": half})
    for found in spoiled:
        with pytest.raises(ValueError, match="a tree leads nowhere"):
            make(fitted.name).from_arrays(arrays | found)


def test_a_forest_of_an_earlier_version_is_read() -> None:
    detector = make("isolation-forest").fit(TRAINING)
    arrays = detector.to_arrays()
    del arrays["range"]
    again = make("isolation-forest").from_arrays(arrays)
    np.testing.assert_array_equal(again.decision_function(DATA), detector.decision_function(DATA))


def test_what_is_given_is_not_changed(fitted: AnomalyDetector) -> None:
    rows = DATA.copy()
    for ask in (fitted.decision_function, fitted.residuals, fitted.score_series):
        if fitted.name in ROWS_ONLY and ask == fitted.score_series:
            continue
        answer = ask(rows)
        answer[:] = np.nan  # it belongs to the caller
        np.testing.assert_array_equal(rows, DATA)
        assert np.isfinite(ask(rows)).all()


# ------------------------------------------------------------ fits


@pytest.mark.parametrize("name", NAMES)
def test_the_same_data_and_seed_give_the_same_bits(name: str) -> None:
    """Also in a detector that was fitted to other rows before."""
    first, second = quick(name), quick(name).fit(rows_with(80, 2)[:, ::-1] ** 2)
    rows = TRAINING.copy()
    assert first.fit(rows) is first
    np.testing.assert_array_equal(rows, TRAINING)
    second.fit(rows)
    assert first.decision_scores_.tobytes() == second.decision_scores_.tobytes()
    scores = [detector.decision_function(DATA).tobytes() for detector in (first, second)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize("name", [name for name in NAMES if "seed" in make(name).get_params()])
@pytest.mark.filterwarnings("ignore:.* is fitted to 99 of the 241 .* rows, drawn by its seed")
def test_another_seed_gives_other_scores(name: str) -> None:
    one, other = (
        quick(name).set_params(seed=seed, **DRAWING.get(name, {})).fit(TRAINING) for seed in (1, 2)
    )
    assert (one.decision_function(DATA) != other.decision_function(DATA)).any()


ZEROS = np.abs(rows_with(60, 3) - 100)
ZEROS[17] = 0.0
EDGES = {
    "one series": rows_with(60, 3)[:, :1],
    "rows that repeat": np.repeat(rows_with(12, 3), 5, axis=0),
    "a row of zeros": ZEROS,
    "rows all alike": np.full((40, 3), 0.7),
}


@pytest.mark.parametrize("what", EDGES)
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:.* never change")
def test_unusual_rows_have_finite_scores(name: str, what: str) -> None:
    rows = EDGES[what]
    if rows.shape[1] < KINDS[name].fewest_series:
        with pytest.raises(InputError, match="needs at least"):
            quick(name).fit(rows)
        return
    detector = quick(name).fit(rows)
    assert np.isfinite(detector.threshold_)
    for scored in (rows, rows[:1], DATA[:, : rows.shape[1]], 0.0 * DATA[:, : rows.shape[1]]):
        assert np.isfinite(detector.decision_function(scored)).all()


@pytest.mark.parametrize("name", NAMES)
def test_parameters_come_and_go(name: str) -> None:
    detector = make(name)
    given = {key: x for key, x in detector.get_params().items() if type(x) in (int, bool)}
    other = {key: not x if type(x) is bool else x + 1 for key, x in given.items()}
    assert detector.set_params(**other) is detector
    assert detector.get_params() == {**make(name).get_params(), **other}
    assert clone(detector).get_params() == detector.get_params()
    written = eval(repr(detector), {type(detector).__name__: type(detector)})
    assert written.get_params() == detector.get_params()
    with pytest.raises(ValueError, match="Invalid parameter 'windows' for estimator"):
        detector.set_params(windows=3)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_fitted_says_so(name: str) -> None:
    detector = make(name)
    said = f"This {type(detector).__name__} instance is not fitted yet"
    for ask in (detector.decision_function, detector.score_series, detector.residuals):
        with pytest.raises(NotFittedError, match=said):
            ask(DATA)
    refused = TRAINING.copy()
    refused[3, 1] = np.inf if detector.takes_missing else np.nan
    with pytest.raises(ValueError, match=r"contains infinity|takes no missing cells"):
        detector.fit(refused)
    with pytest.raises(NotFittedError, match=said):
        detector.decision_function(DATA)


@pytest.mark.parametrize("name", NAMES)
def test_too_few_rows_or_series_are_refused(name: str) -> None:
    detector = make(name)
    fewest = detector.fewest_rows
    if fewest > 1:
        with pytest.raises(ValueError, match=f"while a minimum of {fewest} is required"):
            detector.fit(TRAINING[: fewest - 1])
    if detector.fewest_series > 1:
        said = rf"{detector.title} needs at least {detector.fewest_series} series\. Received X with"
        with pytest.raises(InputError, match=said):
            detector.fit(TRAINING[:, : detector.fewest_series - 1])


# ------------------------------------------------------------ what is refused


def test_another_number_of_columns_is_refused(fitted: AnomalyDetector) -> None:
    said = f"X has 2 features, but {type(fitted).__name__} is expecting 3 features as input"
    for ask in (fitted.decision_function, fitted.residuals):
        with pytest.raises(ValueError, match=said):
            ask(DATA[:, :2])


@pytest.mark.parametrize("far", [np.inf, -np.inf])
def test_infinite_values_are_refused(fitted: AnomalyDetector, far: float) -> None:
    for ask in (fitted.decision_function, fitted.residuals, clone(fitted).fit):
        with pytest.raises(ValueError, match="Input X contains infinity"):
            ask(changed(3, 1, far))


def test_missing_cells_are_taken_or_refused(fitted: AnomalyDetector) -> None:
    rows = changed(3, 1, np.nan)
    assert get_tags(fitted).input_tags.allow_nan is fitted.takes_missing
    if fitted.takes_missing:
        assert np.isfinite(fitted.decision_function(rows)).all()
        assert np.isfinite(fitted.residuals(rows)).all()
        return
    said = rf"{fitted.title} takes no missing cells\. Received NaN in row 3, column 1 of X"
    training = TRAINING.copy()
    training[3, 1] = np.nan
    for ask, asked in (
        *((ask, rows) for ask in (fitted.decision_function, fitted.residuals)),
        (clone(fitted).fit, training),
    ):
        with pytest.raises(InputError, match=said):
            ask(asked)


@only(name for name in NAMES if KINDS[name].takes_missing)
def test_a_missing_cell_is_no_excuse(fitted: AnomalyDetector) -> None:
    for row in range(REACH, len(DATA) - REACH, 6):
        for column in range(3):
            scores = fitted.decision_function(changed(row, column, np.nan))
            assert scores[row] > np.delete(scores, row).min()
    rows = changed(FAR_ROW, FAR_SERIES, 1e4)
    rows[FAR_ROW, 0] = np.nan
    scores = fitted.decision_function(rows)
    assert scores[FAR_ROW] > scores[~around(FAR_ROW)].max()


# ------------------------------------------------------------ what a score rests on


@only(name for name in NAMES if not KINDS[name].needs_order)
def test_a_row_has_its_score_in_any_company(fitted: AnomalyDetector) -> None:
    scores = fitted.decision_function(DATA)
    near = {"rtol": 1e-6}  # products of matrices are summed in another order
    order = np.random.default_rng(2).permutation(len(DATA))
    np.testing.assert_allclose(fitted.decision_function(DATA[order]), scores[order], **near)
    np.testing.assert_allclose(fitted.decision_function(DATA[20:33]), scores[20:33], **near)
    alone = [fitted.decision_function(DATA[row : row + 1])[0] for row in range(len(DATA))]
    np.testing.assert_allclose(alone, scores, **near)
    strange = np.concatenate([DATA, DATA * 1e6])
    np.testing.assert_allclose(fitted.decision_function(strange)[: len(DATA)], scores, **near)


@only(name for name in NAMES if not KINDS[name].looks_ahead)
@pytest.mark.parametrize("stop", [1, 2, 9, 41])
def test_no_later_row_changes_a_score(fitted: AnomalyDetector, stop: int) -> None:
    scores = fitted.decision_function(DATA)
    np.testing.assert_allclose(fitted.decision_function(DATA[:stop]), scores[:stop], rtol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("ignore:1 of 3 series never change")
def test_a_series_that_never_changed_is_noticed_when_it_does(name: str) -> None:
    training = TRAINING.copy()
    training[:, 2] = 0.7
    detector = make(name).fit(training)
    same = DATA.copy()
    same[:, 2] = 0.7
    moved = same.copy()
    moved[FAR_ROW:, 2] = 30.7
    scores, after = detector.decision_function(same), detector.decision_function(moved)
    assert np.isfinite(detector.decision_scores_).all()
    assert np.isfinite(scores).all()
    assert np.isfinite(after).all()
    if name in KNOW_NOTHING:
        np.testing.assert_array_equal(after, scores)  # or it would not be one of them
    else:
        assert after[FAR_ROW] > scores.max()


# ------------------------------------------------------------ scikit-learn


# DC-VAE has tests of its own for this; the checks fit to fewer rows than k-means needs.
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("dc-vae", "k-means")])
def test_scikit_learns_own_checks(name: str) -> None:
    not_meant_for_it = {}
    if KINDS[name].needs_order:
        reason = "rows are scored in their order"
        not_meant_for_it["check_methods_sample_order_invariance"] = reason
        not_meant_for_it["check_methods_subset_invariance"] = reason
    if KINDS[name].fewest_series > 1:
        not_meant_for_it["check_fit2d_1feature"] = "refused in other words"
    check_estimator(quick(name), expected_failed_checks=not_meant_for_it, on_skip=None)


# ------------------------------------------------------------ registry


@pytest.mark.parametrize("name", NAMES)
def test_a_name_makes_a_detector(name: str) -> None:
    detector = make_detector(name)
    assert isinstance(detector, AnomalyDetector)
    assert detector.name == name
    assert detector.title


def test_detectors_that_are_named_here_are_there() -> None:
    assert {*KNOW_NOTHING, *LEAVES_A_ROW_OUT, *DRAWING, *SMALL} <= set(NAMES)
