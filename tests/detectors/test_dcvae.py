"""The estimator: scikit-learn's conventions, the same house as the scripts, hard tables."""

import contextlib
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks
from support.script_tools import BEFORE, SETTINGS, call, good, toy_frame, write_settings

import dcvae
from dcvae import DCVAEDetector, InputError
from dcvae.config.settings import Settings, read_settings
from dcvae.data.arrays import FIRST_TIME
from dcvae.training import loop as training

TOY = {key: value for key, value in SETTINGS.items() if key != "summary"}
QUICK = {"T": 4, "cnn_units": [4], "dil_rate": [1, 2], "J": 1, "epochs": 1, "steps_per_epoch": 2}
NORMAL, DATA = toy_frame(240), toy_frame(120, seed=1, start="2021-04-01")
DATA.iloc[50:56, 1] += 40.0
SETTINGS_FOLDER = Path(__file__).parents[2] / "settings"

# What scikit-learn asks of estimators that see rows one by one. Here a row is judged by the rows
# around it, so another order, or a part of the rows, is other data.
OF_ROWS_ALONE = {
    "check_methods_sample_order_invariance": "rows are judged in their order",
    "check_methods_subset_invariance": "rows are judged by the rows around them",
}


@pytest.fixture(scope="module")
def fitted() -> DCVAEDetector:
    return DCVAEDetector(**TOY).fit(NORMAL)


@pytest.fixture
def in_folder(tmp_path: Path) -> Iterator[Path]:
    with contextlib.chdir(tmp_path):
        yield tmp_path


# ------------------------------------------------------------ scikit-learn


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The training data have only")
@parametrize_with_checks(
    [DCVAEDetector(**QUICK, batch_size=4)], expected_failed_checks=lambda _: OF_ROWS_ALONE
)
def test_scikit_learns_own_checks(estimator: Any, check: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(training, "_BY_XLA", False)  # networks this small compile longer than learn
    check(estimator)


def test_parameters_are_the_keys_of_a_settings_file_that_are_not_about_files() -> None:
    keys = read_settings(SETTINGS_FOLDER / "model_settings.txt").to_dict().keys()
    parameters = DCVAEDetector().get_params().keys()
    assert keys - parameters == {"resample", "time_zone", "summary"}
    assert {"layer_type", "hidden_size", "verbose"} <= parameters - keys


def test_parameters_come_and_go() -> None:
    detector = DCVAEDetector(T=16, cnn_units=(8, 8), dil_rate=[1, 2])
    assert detector.get_params()["T"] == 16
    detector.set_params(T=32, seed=5)
    copy = clone(detector)
    assert (copy.T, copy.seed, copy.cnn_units) == (32, 5, (8, 8))
    assert repr(copy) == "DCVAEDetector(T=32, cnn_units=(8, 8), dil_rate=[1, 2], seed=5)"


def test_a_parameter_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"unexpected parameter 'windows'\. Expected keys of a"):
        DCVAEDetector(windows=3)
    with pytest.raises(TypeError, match=r"unexpected parameter 'resample' \(it is about files\)"):
        DCVAEDetector(resample="5min")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"T": 1}, r"The parameters of DCVAEDetector cannot be used:\n  `T`: expected a whole"),
        ({"lr": "fast", "J": 0}, r"`J`: expected .*\n  `lr`: expected"),
        ({"rnn_units": [4, 2], "cnn_units": [4]}, r'`cnn_units`: belongs to `architecture` "dc-v'),
        ({"M": 7}, r"`M` is 7 in The parameters of DCVAEDetector but X has 3 series"),
    ],
)
def test_parameters_are_checked_when_it_is_fitted(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        DCVAEDetector(**parameters).fit(NORMAL)


def test_numbers_of_numpy_do() -> None:
    made = DCVAEDetector(T=np.int64(16), lr=np.float64(0.01), cnn_units=np.array([8] * 5))
    settings = made._asked_settings()
    assert (settings.window_length, settings.lr, settings.cnn_units) == (16, 0.01, (8,) * 5)


def test_what_is_not_given_is_recommended() -> None:
    settings = DCVAEDetector()._asked_settings()
    recommended = read_settings(SETTINGS_FOLDER / "recommended.txt")
    assert settings == recommended.model_copy(update={"model_name": "detector"})
    for of_another in ({"architecture": "rnn-vae"}, {"rnn_units": [8, 4]}):
        assert DCVAEDetector(**of_another)._asked_settings().window_length == 512


def test_infinity_stands_for_no_limit() -> None:
    endless = float("inf")
    settings = DCVAEDetector(max_gap=endless, max_fill=0, steps_per_epoch=endless)._asked_settings()
    assert (settings.max_gap, settings.max_fill, settings.steps_per_epoch) == (None, 0, None)
    again = DCVAEDetector.from_settings(settings)
    assert (again.max_gap, again.max_fill, again.steps_per_epoch) == (endless, 0, endless)
    assert again._asked_settings() == settings


def test_settings_about_files_are_not_used_and_named() -> None:
    settings = Settings.from_values({"model_name": "a", "resample": "5min"}, "These")
    with pytest.warns(UserWarning, match="`resample` and `time_zone` of the settings are not used"):
        DCVAEDetector.from_settings(settings)


@pytest.mark.parametrize("name", ["model_settings", "rnn_vae_settings", "seq2seq", "sample"])
def test_a_settings_file_comes_through_unchanged(name: str) -> None:
    path = SETTINGS_FOLDER / f"{name}.txt"
    made = dict(DCVAEDetector.from_settings(path)._asked_settings())
    assert made | {"summary": None} == dict(read_settings(path)) | {"summary": None}


def test_importing_it_is_lazy_and_other_names_are_none() -> None:
    assert dcvae.DCVAEDetector is DCVAEDetector
    with pytest.raises(AttributeError, match="has no attribute 'Detector'"):
        _ = dcvae.Detector


def test_it_shows_the_epochs_only_if_asked(capsys: Any) -> None:
    DCVAEDetector(**TOY | QUICK).fit(NORMAL)
    assert capsys.readouterr() == ("", "")
    DCVAEDetector(**TOY | QUICK, verbose=True).fit(NORMAL)
    assert capsys.readouterr().out.startswith("epoch 1/1  loss")


def test_it_does_not_touch_the_callers_random_numbers() -> None:
    np.random.seed(3)  # noqa: NPY002  what a caller may still use
    wanted = np.random.random(4)  # noqa: NPY002
    np.random.seed(3)  # noqa: NPY002
    DCVAEDetector(**TOY | QUICK).fit(NORMAL)
    np.testing.assert_array_equal(np.random.random(4), wanted)  # noqa: NPY002


# ------------------------------------------------------------ scores


def test_one_number_a_row_and_the_strange_ones_are_larger(fitted: DCVAEDetector) -> None:
    scores = fitted.decision_function(DATA)
    assert scores.shape == (120,)
    assert np.isfinite(scores).all()
    assert int(np.argmax(scores)) in range(45, 61)
    cells = fitted.score_series(DATA)
    assert cells.shape == (120, 3)
    assert cells[50:56].mean(axis=0).argmax() == 1
    assert fitted.predict(DATA).tolist() == (scores > fitted.threshold_).astype(int).tolist()
    assert set(fitted.predict(DATA)) == {0, 1}


def test_scores_of_the_training_rows_and_the_threshold(fitted: DCVAEDetector) -> None:
    np.testing.assert_array_equal(fitted.decision_scores_, fitted.decision_function(NORMAL))
    # About one and a half times: no window across the border of training and validation counts.
    assert fitted.threshold_ == pytest.approx(1.5 * fitted.decision_scores_.max(), rel=0.3)
    assert not fitted.predict(NORMAL).any()


def test_arrays_lists_and_frames_give_the_same(fitted: DCVAEDetector) -> None:
    of_array = DCVAEDetector(**TOY).fit(NORMAL.to_numpy())
    assert not hasattr(of_array, "feature_names_in_")
    wanted = fitted.decision_function(DATA)
    np.testing.assert_array_equal(of_array.decision_function(DATA.to_numpy()), wanted)
    np.testing.assert_array_equal(of_array.decision_function(DATA.to_numpy().tolist()), wanted)
    assert of_array._fitted.run["first_time"] == str(FIRST_TIME)


def test_columns_of_frames_are_matched_by_name(fitted: DCVAEDetector) -> None:
    turned = DATA[["s2", "s0", "s1"]].assign(another=1.0)
    np.testing.assert_array_equal(fitted.decision_function(turned), fitted.decision_function(DATA))


def test_data_shorter_than_a_window_has_a_score_a_row(fitted: DCVAEDetector) -> None:
    scores = fitted.decision_function(DATA[:3])
    padded = pd.concat([DATA[:1]] * 5 + [DATA[:3]])  # as if the first row had been there before
    values = fitted._fitted.preprocessor.transform(padded)
    observed = np.repeat([[False], [True]], [5, 3], axis=0) & np.ones((8, 3), dtype=bool)
    wanted = fitted._offline_scorer().score(values, observed, fitted._calibration.offline_level)
    np.testing.assert_array_equal(scores, wanted.row[5:])
    assert np.isfinite(fitted.decision_function(DATA[:1])).all()


def test_rows_in_no_whole_window_have_the_score_of_the_nearest_row(fitted: DCVAEDetector) -> None:
    cut = pd.concat([DATA[:60], DATA[80:84], DATA[100:]])  # 4 rows between gaps, too few for T = 8
    scores = fitted.decision_function(cut)
    assert scores[60:64].tolist() == [scores[59], scores[59], scores[64], scores[64]]


def test_rows_that_nothing_is_known_of_score_nothing(fitted: DCVAEDetector) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = fitted.decision_function(DATA * np.nan)
    assert scores.tolist() == [0.0] * 120
    assert not fitted.predict(DATA * np.nan).any()


def test_a_frame_with_a_time_zone_is_judged_in_utc(fitted: DCVAEDetector) -> None:
    local = DATA.tz_localize("UTC").tz_convert("Europe/Madrid")
    np.testing.assert_array_equal(fitted.decision_function(local), fitted.decision_function(DATA))


def test_another_sampling_step_is_told(fitted: DCVAEDetector) -> None:
    hourly = DATA.set_axis(pd.date_range("2021-04-01", periods=120, freq="h"))
    with pytest.warns(UserWarning, match=r"The sampling step is 01:00:00, but the model was"):
        fitted.decision_function(hourly)


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x.drop(columns="s1"), "1 of the 3 series that the detector was fitted on are"),
        (lambda x: pd.concat([x, x[["s1"]]], axis=1), "every column of X once. Received several"),
        (lambda x: x[::-1], "Expected the times of X to increase from row to row. Received"),
        (lambda x: x.set_axis([pd.NaT, *x.index[1:]]), "a time for every row of X. Received none"),
        (lambda x: x.replace(x.iloc[3, 1], np.inf), "Input X contains infinity"),
        (lambda x: x.assign(s1="a"), "could not convert string to float"),
        (lambda x: x.to_numpy()[:, :2], "X has 2 features, but DCVAEDetector is expecting 3"),
        (lambda x: x.to_numpy()[:, 0], "Expected 2D array, got 1D array instead"),
    ],
)
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_data_that_cannot_be_judged(fitted: DCVAEDetector, change: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fitted.decision_function(change(DATA))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (NORMAL.assign(s1=np.nan), r"at least one value of every series in X\. Received none of `"),
        (NORMAL[:3], r"3 sample\(s\) .* while a minimum of 4 is required"),
    ],
)
def test_data_that_cannot_be_learned_from(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DCVAEDetector(**TOY).fit(data)


def test_what_is_not_fitted_says_so() -> None:
    for ask in ("decision_function", "score_series", "predict"):
        with pytest.raises(ValueError, match="This DCVAEDetector instance is not fitted yet"):
            getattr(DCVAEDetector(), ask)(DATA)
    with pytest.raises(ValueError, match="not fitted yet"):
        DCVAEDetector().save("models")


# ------------------------------------------------------------ one house, two doors


@pytest.mark.slow
def test_a_model_of_either_door_gives_the_same_bytes_through_both(in_folder: Path) -> None:
    write_settings(in_folder / "settings.txt")
    NORMAL.to_csv("train.csv")
    data = DATA.drop(DATA.index[70:95])  # a gap that no window crosses
    data.iloc[20:23, 0] = np.nan
    data.iloc[40] = np.nan
    data.to_csv("data.csv")
    good(call("train", "train.csv", "settings.txt", "--models", "scripts"))
    good(call("test", "data.csv", "settings.txt", "--models", "scripts"))
    detector = DCVAEDetector.from_settings("settings.txt").fit(NORMAL)
    assert detector.save("estimator") == Path("estimator/toy")
    good(call("test", "data.csv", "settings.txt", "--models", "estimator"))

    of_script = Path("scripts/toy/results/data")
    of_estimator = Path("estimator/toy/results/data")
    names = sorted(path.name for path in of_script.glob("*.csv"))
    assert len(names) > 8
    for name in names:
        assert (of_script / name).read_bytes() == (of_estimator / name).read_bytes(), name
    for name in ("calibration.json", "alarms.json", "history.csv", "preprocessing.json"):
        left, right = (Path(models, "toy", name) for models in ("scripts", "estimator"))
        if name == "alarms.json":  # which names its data
            assert left.read_text() == right.read_text().replace('"X"', '"train.csv"')
        else:
            assert left.read_bytes() == right.read_bytes(), name

    scores = detector.decision_function(data)
    texts = pd.read_csv(of_script / "scores.csv", dtype=str)["offline"]
    assert len(texts) == len(scores) - BEFORE
    written = pd.Series([f"{score:.7g}" for score in scores[BEFORE:]])
    assert texts.dropna().tolist() == written[texts.notna()].tolist()
    loaded = DCVAEDetector.load("scripts/toy")
    np.testing.assert_array_equal(loaded.decision_function(data), scores)
    np.testing.assert_array_equal(loaded.score_series(data), detector.score_series(data))
    assert loaded.threshold_ == detector.threshold_
    assert loaded.settings_ == detector.settings_


def test_saved_loaded_and_saved_again(fitted: DCVAEDetector, in_folder: Path) -> None:
    scores = fitted.decision_function(DATA)
    folder = fitted.save("models")
    loaded = DCVAEDetector.load(folder)
    assert not hasattr(loaded, "decision_scores_")
    assert loaded.feature_names_in_.tolist() == ["s0", "s1", "s2"]
    np.testing.assert_array_equal(loaded.decision_function(DATA), scores)
    assert loaded.save("models") == folder  # nothing to do
    (folder / "results").mkdir()
    again = loaded.save("others")
    assert {path.name for path in again.iterdir()} == {path.name for path in folder.iterdir()} - {
        "results"
    }
    np.testing.assert_array_equal(DCVAEDetector.load(again).decision_function(DATA), scores)
    loaded.save("others")
    assert (in_folder / "others" / "toy.previous").is_dir()


def test_a_model_of_an_array_is_loaded_for_arrays(in_folder: Path) -> None:
    made = DCVAEDetector(**TOY | QUICK).fit(NORMAL.to_numpy())
    loaded = DCVAEDetector.load(made.save("models"))
    values = DATA.to_numpy()
    np.testing.assert_array_equal(loaded.decision_function(values), made.decision_function(values))


def test_pickled_for_other_processes_it_is_the_same(fitted: DCVAEDetector, in_folder: Path) -> None:
    scores = fitted.decision_function(DATA)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.decision_function(DATA), scores)
    again.save("models")
    np.testing.assert_array_equal(
        DCVAEDetector.load("models/toy").score_series(DATA)[:, 0], (fitted.score_series(DATA)[:, 0])
    )


def test_a_folder_without_a_model_is_refused(in_folder: Path) -> None:
    with pytest.raises(InputError, match=r"no trained model in nothing: settings\.txt is missing"):
        DCVAEDetector.load("nothing")


# ------------------------------------------------------------ hard tables


def test_constant_nearly_constant_and_binary_columns(in_folder: Path) -> None:
    random = np.random.default_rng(0)
    normal = np.column_stack(
        [
            np.sin(np.arange(400) / 6) + random.normal(0, 0.1, 400),
            np.full(400, 7.0),
            np.where(np.arange(400) == 200, 1.0, 0.0),  # a command given once
            (np.arange(400) // 10 % 2).astype(float),
            np.zeros(400),
        ]
    )
    data = normal.copy()
    data[300:305, 1] = 9.0  # what never changed does
    data[100, 4] = 1e30  # far outside the range of training
    detector = DCVAEDetector(**TOY).fit(normal)
    scores = detector.decision_function(data)
    assert np.isfinite(scores).all()
    assert scores[100] > detector.threshold_
    assert scores[300:305].min() > np.quantile(scores[:90], 0.99)
    assert any("2 of 5 series never change" in notice for notice in detector.notices_)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's, which `warns` would raise
@pytest.mark.parametrize(
    ("rows", "length", "share"), [(4, 2, 0.0), (9, 4, 0.0), (10, 2, 0.2), (60, 12, 0.2)]
)
def test_a_table_too_short_for_the_window_gets_a_shorter_one_and_says_so(
    rows: int, length: int, share: float
) -> None:
    told = rf"The training data have only {rows} rows: `T` is {length}, not 64, "
    with pytest.warns(UserWarning, match=told):
        detector = DCVAEDetector(T=64, epochs=1, steps_per_epoch=1).fit(NORMAL[:rows])
    assert detector.settings_.window_length == length
    assert detector.settings_.val_percent == share
    assert detector.get_params()["T"] == 64
    assert np.isfinite(detector.decision_function(DATA)).all()
