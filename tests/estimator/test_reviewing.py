"""The detector's answers beyond scores: the same numbers as in the files of the commands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from dcvae import DCVAEDetector, InputError
from dcvae.estimator import reviewing
from support.script_tools import BEFORE, call, read_csv, toy_frame
from support.toy_detector import DATA, NORMAL, QUICK, TOY

LENGTH = BEFORE + 1


class Model(NamedTuple):
    """One trained model in a folder, and loaded from there."""

    models: Path
    settings: Path
    loaded: DCVAEDetector


@pytest.fixture(scope="module")
def model(fitted: DCVAEDetector, tmp_path_factory: Any) -> Model:
    models = tmp_path_factory.mktemp("models")
    folder = fitted.save(models)
    return Model(models, folder / "settings.txt", DCVAEDetector.load(folder))


def of_two_steps() -> pd.DataFrame:
    later = toy_frame(60, seed=4, start="2021-05-02").iloc[::2]
    return pd.concat([toy_frame(150, seed=3, start="2021-05-01"), later])


def changed(change: Callable[[pd.DataFrame], None], rows: int = 200, **keys: Any) -> pd.DataFrame:
    frame = toy_frame(rows, seed=6, **{"start": "2021-05-01"} | keys)
    change(frame)
    return frame


def with_missing(frame: pd.DataFrame) -> None:
    frame.iloc[30:33, 0] = np.nan
    frame.iloc[90] = np.nan
    frame.iloc[150:154, 1] -= 60.0


def with_constant(frame: pd.DataFrame) -> None:
    frame["s2"] = 300.0


def with_dead(frame: pd.DataFrame) -> None:
    frame["s0"] = np.nan
    frame.iloc[120:130, 2] += 90.0


def with_level(frame: pd.DataFrame) -> None:
    frame.iloc[200:, 1] += 50.0


def with_far(frame: pd.DataFrame) -> None:
    frame.iloc[140, 0] = 1e30
    frame.iloc[170, 1] = -1e30


def with_two(frame: pd.DataFrame) -> None:
    frame.iloc[110:116, 1] += 60.0
    frame.iloc[160:170, [0, 2]] += 90.0


CASES = {
    "plain": DATA,
    "two incidents": changed(with_two),
    "missing": changed(with_missing),
    "gap": changed(with_two).drop(index=toy_frame(200, start="2021-05-01").index[120:150]),
    "constant": changed(with_constant),
    "dead": changed(with_dead),
    "level": changed(with_level, rows=700),
    "far": changed(with_far),
    "two steps": of_two_steps(),
    "fractions": changed(with_two).pipe(lambda x: x.set_axis(x.index + pd.Timedelta("0.25s"))),
    "short": DATA[:20],
}
WITHOUT_EVENTS = {"constant", "two steps", "short"}


@pytest.mark.filterwarnings("ignore:The sampling step is")
@pytest.mark.filterwarnings("ignore:Not judged")
@pytest.mark.parametrize("name", CASES)
def test_a_file_and_a_frame_have_the_same_numbers(model: Model, tmp_path: Path, name: str) -> None:
    data, results = tmp_path / "data.csv", tmp_path / "results"
    CASES[name].rename_axis("time").to_csv(data)
    ended = call("test", data, model.settings, "--models", model.models, "--results", results)
    assert ended.returncode == 0, ended.stderr
    given = read_csv(data)
    found = model.loaded.review(given, name=data.name)
    same_as_files(found, given, results)
    assert bool(len(found.events)) == (name not in WITHOUT_EVENTS)
    page = found.report(tmp_path / "page.html")
    assert page.read_bytes() == (results / "report.html").read_bytes()
    if name != "short":
        np.testing.assert_array_equal(model.loaded.predict(given), found.alarms)


def same_as_files(found: Any, given: pd.DataFrame, results: Path, context: int = 0) -> None:
    """Compare a review with the files of test.py, which have rows with a score alone."""
    first = 0 if context else BEFORE
    rows = slice(first, None)
    alarms, flags = read_csv(results / "alarms.csv"), read_csv(results / "anomaly_predictions.csv")
    assert found.alarms.index.equals(given.index)
    assert not found.alarms[:first].any()
    np.testing.assert_array_equal(found.alarms[rows], alarms["system alarm"])
    np.testing.assert_array_equal(found.series_alarms[rows], alarms[given.columns])
    np.testing.assert_array_equal(found.flags[rows], flags)
    expected = found.reconstruction
    assert expected["mean"].index.equals(given.index)
    assert expected[:first].isna().to_numpy().all()
    scale = np.array([1.0, 4.0, 9.0])
    for quantity, file in (("mean", "reconstructions"), ("sigma", "sigma")):
        written = read_csv(results / f"{file}.csv")
        np.testing.assert_allclose(
            expected[quantity][rows] / scale, written / scale, rtol=1e-6, atol=1e-5
        )
    outside = (given < expected["lower"]) | (given > expected["upper"])
    edge = ((given - expected["lower"]).abs() < 1e-4 * scale) | (
        (given - expected["upper"]).abs() < 1e-4 * scale
    )
    has_score = np.isfinite(found._review.detection.error)
    sure = ~edge[rows].to_numpy() & has_score
    np.testing.assert_array_equal(
        outside[rows].to_numpy()[sure], found.flags[rows].to_numpy()[sure]
    )
    written = pd.read_csv(results / "scores.csv", index_col=0)
    for column in ("causal", "relative", "reference", "limit", "offline"):
        np.testing.assert_allclose(found.scores[column][rows], written[column], rtol=1e-6)
    assert found.scores["state"][rows].tolist() == written["state"].tolist()
    same_events(found, pd.read_csv(results / "events.csv", keep_default_na=False, na_values=[""]))
    lines = pd.read_csv(results / "event_series.csv")
    for event in found.events.index:
        written = lines[lines["event"] == event]
        explained = found.explain(event)
        assert explained.index.tolist() == written["rank"].tolist()
        assert explained["series"].tolist() == written["series"].tolist()
        assert explained["delay"].dt.total_seconds().tolist() == written["delay_seconds"].tolist()
        assert explained["first_time"].tolist() == [*map(pd.Timestamp, written["first_time"])]
        assert explained["direction"].tolist() == written["direction"].tolist()
        for name, column in (("strength", "peak_strength"), ("actual",) * 2, ("expected",) * 2):
            np.testing.assert_allclose(explained[name], written[column], rtol=1e-6)


def same_events(found: Any, written: pd.DataFrame) -> None:
    events = found.events
    assert events.index.tolist() == written["event"].tolist()
    assert events.index.name == "event"
    if not len(written):
        return
    for name, column in {
        **{name: name for name in ("start", "end", "alarm_start", "alarm_end")},
        "peak": "peak_time",
    }.items():
        assert events[name].tolist() == [*map(pd.Timestamp, written[column])]
    for name in ("kind", "ended", "direction", "began_with", "peak_series"):
        assert events[name].tolist() == written[name].tolist()
    numbers = {"severity": "times_limit", "strength": "peak_strength"}
    for name, column in {**numbers, "actual": "actual", "expected": "expected"}.items():
        np.testing.assert_allclose(events[name], written[column], rtol=1e-6)
    seconds = events["duration"].dt.total_seconds()
    np.testing.assert_allclose(seconds, written["duration_seconds"])
    assert events["series"].map("; ".join).tolist() == written["series"].tolist()
    assert (events["series"].str[0] == events["began_with"]).all()


def test_context_is_that_of_the_command(model: Model, tmp_path: Path) -> None:
    whole = CASES["two incidents"]
    before, data = whole[:112], whole[112:]  # an incident is on
    for name, frame in (("before", before), ("data", data)):
        frame.to_csv(tmp_path / f"{name}.csv")
    results = tmp_path / "results"
    words = [tmp_path / "data.csv", model.settings, "--models", model.models]
    words += ["--results", results, "--context", tmp_path / "before.csv"]
    assert call("test", *words).returncode == 0
    found = model.loaded.review(data, context=before)
    assert found.events["alarm_start"].iloc[0] < data.index[0]
    same_as_files(found, data, results, context=len(before))
    np.testing.assert_array_equal(model.loaded.predict(data, context=before), found.alarms)
    np.testing.assert_array_equal(model.loaded.alarms(whole)[112:], found.alarms)


def test_labels_give_the_metrics_of_the_command(model: Model, tmp_path: Path) -> None:
    data = CASES["two incidents"]
    labels = pd.DataFrame(0, data.index, data.columns)
    labels.iloc[110:116, 1] = 1
    data.to_csv(tmp_path / "data.csv")
    labels.to_csv(tmp_path / "labels.csv")
    results = tmp_path / "results"
    words = [tmp_path / "data.csv", model.settings, "--models", model.models]
    words += ["--labels", tmp_path / "labels.csv", "--results", results]
    assert call("test", *words).returncode == 0
    found = model.loaded.review(data, labels=labels[["s2", "s0", "s1"]] == 1, name="data.csv")
    written = pd.read_csv(results / "metrics.csv", index_col=0)
    pd.testing.assert_frame_equal(found.metrics, written, check_names=False)
    page = model.loaded.report(data, tmp_path / "page.html", labels, name="data.csv")
    assert page.read_bytes() == (results / "report.html").read_bytes()
    of_rows = model.loaded.review(data, labels=labels.any(axis=1).astype(int))
    assert of_rows.metrics.loc["system alarm", "labeled_rows"] == 6
    assert found.baselines is None


@pytest.mark.slow
def test_short_forms_are_of_the_same_review(fitted: DCVAEDetector, tmp_path: Path) -> None:
    data = CASES["two incidents"]
    found = fitted.review(data)
    pd.testing.assert_frame_equal(fitted.detect(data), found.events)
    pd.testing.assert_series_equal(fitted.alarms(data), found.alarms)
    pd.testing.assert_frame_equal(fitted.reconstruct(data), found.reconstruction)
    pd.testing.assert_frame_equal(fitted.explain(data, 1), found.explain(1))
    assert len(fitted.plot(data, "s1").axes) == 2
    assert fitted.report(data, str(tmp_path / "page.html")) == tmp_path / "page.html"
    assert (tmp_path / "page.html").read_bytes() == found.report(tmp_path / "a.html").read_bytes()


def test_a_detector_that_was_fitted_here_and_one_of_disk_say_the_same(
    fitted: DCVAEDetector, model: Model
) -> None:
    data = CASES["two incidents"]
    here, there = fitted.review(data, labels=data > 200), model.loaded.review(data)
    pd.testing.assert_frame_equal(here.events, there.events)
    assert here.summary() == there.summary()
    told = [finding.text for finding in here.findings if "No baselines" in finding.text]
    assert told == [
        "No baselines: a detector that was fitted from Python keeps no training rows to fit them "
        "to."
    ]


# ------------------------------------------------------------ predict


def test_rows_without_a_score_or_a_past_are_not_alarms(fitted: DCVAEDetector) -> None:
    """Today's rows do not depend on rows made up in front of them."""
    data = CASES["two incidents"].copy()
    data.iloc[:3] += 500.0  # no window ends there
    alarms = fitted.predict(data)
    assert alarms[112:116].any()
    assert not alarms[: LENGTH - 1].any()
    np.testing.assert_array_equal(alarms, fitted.alarms(data))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # TensorFlow's, which `warns` would raise
def test_data_without_a_past_is_predicted_by_the_training_rows(fitted: DCVAEDetector) -> None:
    short = DATA[40:70]
    with pytest.warns(UserWarning, match="^Not judged: no row has a past to be held against: an "):
        assert not fitted.alarms(short).any()
    assert fitted.predict(short)[10:16].any()
    shorter = DATA[46 : 46 + LENGTH - 1]
    assert fitted.predict(shorter).shape == (LENGTH - 1,)
    with pytest.raises(InputError, match=r"^Expected at least 8 rows of X, a window \(`T`\)\. Rec"):
        fitted.detect(shorter)


def test_a_fixed_threshold_raises_the_alarms_of_the_command_too() -> None:
    made = DCVAEDetector(**TOY | QUICK, threshold="fixed").fit(NORMAL)
    found = made.review(DATA)
    assert made.threshold_ == made._model.thresholds.alarm.threshold
    assert found.alarms.any()
    np.testing.assert_array_equal(made.predict(DATA), found.alarms)
    fixed = made.decision_function(DATA) > made._model.calibration.threshold
    np.testing.assert_array_equal(made.predict(DATA, offline=True), fixed)


def test_names_of_other_libraries_mean_the_same(fitted: DCVAEDetector) -> None:
    np.testing.assert_array_equal(fitted.score_samples(DATA), -fitted.decision_function(DATA))
    made = DCVAEDetector(**TOY | QUICK)
    labels = made.fit_predict(NORMAL)
    assert set(np.unique(labels)) <= {0, 1}
    np.testing.assert_array_equal(labels, made.predict(NORMAL))


# ------------------------------------------------------------ what is refused


def test_a_model_without_alarms_says_what_is_missing(model: Model, tmp_path: Path) -> None:
    folder = DCVAEDetector.load(model.models / "toy").save(tmp_path)
    (folder / "alarms.json").unlink()
    loaded = DCVAEDetector.load(folder)
    with pytest.raises(InputError, match=r"has no alarms\.json, and so no alarms and no events"):
        loaded.detect(DATA)
    assert loaded.predict(DATA).shape == (len(DATA),)


def test_nothing_is_scored_for_a_page_that_cannot_be_written(
    fitted: DCVAEDetector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.html").write_text("mine")
    monkeypatch.setattr(reviewing, "review_table", None)
    with pytest.raises(InputError, match="is no such page of this program"):
        fitted.report(DATA, tmp_path / "notes.html")
