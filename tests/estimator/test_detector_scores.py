"""The estimator's scores, its models on disk, and hard tables."""

import pickle
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from dcvae import DCVAEDetector, InputError
from dcvae.data.arrays import FIRST_TIME
from dcvae.scoring import WindowAverageScorer
from support.builders import inputs_of
from support.script_tools import BEFORE, call, good, write_settings
from support.toy_detector import DATA, NORMAL, QUICK, TOY

# ------------------------------------------------------------ scores


def test_one_number_a_row_and_the_strange_ones_are_larger(fitted: DCVAEDetector) -> None:
    scores = fitted.decision_function(DATA)
    assert scores.shape == (120,)
    assert np.isfinite(scores).all()
    assert int(np.argmax(scores)) in range(45, 61)
    cells = fitted.score_series(DATA)
    assert cells.shape == (120, 3)
    assert cells[50:56].mean(axis=0).argmax() == 1
    assert set(np.flatnonzero(fitted.predict(DATA))) >= set(range(50, 56))
    assert set(np.flatnonzero(fitted.predict(DATA, offline=True))) >= set(range(50, 56))


def test_scores_of_the_training_rows_and_the_threshold(fitted: DCVAEDetector) -> None:
    scores = fitted.decision_function(NORMAL)  # its passes are of another size than those of `fit`
    np.testing.assert_allclose(fitted.decision_scores_, scores, rtol=1e-5)
    # About one and a half times: no window across the border of training and validation counts.
    fixed = fitted._model.calibration.threshold  # `threshold_` where thresholds do not follow
    assert fixed == pytest.approx(1.5 * fitted.decision_scores_.max(), rel=0.3)
    assert fitted.threshold_ == fitted._model.thresholds.alarm.threshold
    assert not fitted.predict(NORMAL).any()


def test_arrays_lists_and_frames_give_the_same(fitted: DCVAEDetector) -> None:
    of_array = DCVAEDetector(**TOY).fit(NORMAL.to_numpy())
    assert not hasattr(of_array, "feature_names_in_")
    wanted = fitted.decision_function(DATA)
    np.testing.assert_array_equal(of_array.decision_function(DATA.to_numpy()), wanted)
    np.testing.assert_array_equal(of_array.decision_function(DATA.to_numpy().tolist()), wanted)
    assert of_array._origin.record["first_time"] == str(FIRST_TIME)


def test_columns_of_frames_are_matched_by_name(fitted: DCVAEDetector) -> None:
    turned = DATA[["s2", "s0", "s1"]].assign(another=1.0)
    np.testing.assert_array_equal(fitted.decision_function(turned), fitted.decision_function(DATA))


def test_data_shorter_than_a_window_has_a_score_a_row(fitted: DCVAEDetector) -> None:
    scores = fitted.decision_function(DATA[:3])
    padded = pd.concat([DATA[:1]] * 5 + [DATA[:3]])  # as if the first row had been there before
    model = fitted._model
    values = model.preprocessor.transform(padded, np.zeros(8, dtype=bool)).values
    observed = np.repeat([[False], [True]], [5, 3], axis=0) & np.ones((8, 3), dtype=bool)
    scorer = WindowAverageScorer(model.network, 8)
    wanted = scorer.score(inputs_of(values, observed), model.calibration.reference_levels)
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
    with pytest.warns(UserWarning, match=r"The sampling step is 1 h, but the model was"):
        fitted.decision_function(hourly)


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


def test_a_loaded_detector_has_all_but_the_scores_of_its_fit(
    fitted: DCVAEDetector, in_folder: Path
) -> None:
    loaded = DCVAEDetector.load(fitted.save("models"))
    assert loaded.settings_ == fitted.settings_
    of_any_number = fitted.settings_.model_copy(update={"num_series": None})
    assert loaded._asked_settings() == of_any_number
    assert clone(loaded).get_params() == loaded.get_params()
    assert (loaded.threshold_, loaded.n_features_in_) == (fitted.threshold_, 3)
    np.testing.assert_array_equal(loaded.predict(DATA), fitted.predict(DATA))
    with pytest.raises(InputError, match="residuals are in standard deviations of the scores of"):
        loaded.residuals(DATA)


def test_a_loaded_detector_can_be_fitted_to_other_series(in_folder: Path) -> None:
    made = DCVAEDetector(**TOY | QUICK).fit(NORMAL)
    loaded = DCVAEDetector.load(made.save("models"))
    again = loaded.fit(NORMAL.iloc[:, :2])
    assert again.n_features_in_ == 2
    assert again.decision_scores_.shape == (len(NORMAL),)
    assert again.save("models") == Path("models/toy")


def test_a_fit_that_fails_leaves_the_detector_as_it_was(fitted: DCVAEDetector) -> None:
    detector = pickle.loads(pickle.dumps(fitted)).set_params(lr=1e30)
    with pytest.raises(InputError, match="The loss is not a number"):
        detector.fit(NORMAL.iloc[:, :2])
    assert detector.n_features_in_ == 3
    np.testing.assert_array_equal(detector.predict(DATA), fitted.predict(DATA))


def test_a_loaded_detector_is_saved_from_any_folder(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    DCVAEDetector(**TOY | QUICK).fit(NORMAL).save("models")
    loaded = DCVAEDetector.load("models/toy")
    (in_folder / "elsewhere").mkdir()
    monkeypatch.chdir(in_folder / "elsewhere")
    assert loaded.save("models") == Path("models/toy")


def test_a_model_without_thresholds_can_be_loaded(in_folder: Path) -> None:
    made = DCVAEDetector(**TOY | QUICK).fit(NORMAL)
    folder = made.save("models")
    (folder / "alarms.json").unlink()
    loaded = DCVAEDetector.load(folder)
    np.testing.assert_array_equal(loaded.decision_function(DATA), made.decision_function(DATA))


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
