"""The three scripts on files as life writes them: gaps, clock changes, stuck and dying sensors.

Every one of them has to end well, claim nothing of what it cannot judge, and say so.
"""

import contextlib
import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from support.script_tools import BEFORE, RESULTS, call, good, read_csv, toy_frame, write_settings

NUM_ROWS = 160


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Hold train.csv, settings.txt and a model. Shared: look, do not touch."""
    folder = tmp_path_factory.mktemp("hard")
    toy_frame(300).to_csv(folder / "train.csv")
    write_settings(folder / "settings.txt", epochs=1, default_alpha=2.0)
    with contextlib.chdir(folder):
        good(call("train", "train.csv", "settings.txt"))
    return folder


@pytest.fixture
def place(trained, tmp_path, monkeypatch):
    """Stand in a copy of it."""
    shutil.copytree(trained, tmp_path / "place")
    monkeypatch.chdir(tmp_path / "place")
    return tmp_path / "place"


def healthy():
    frame = toy_frame(NUM_ROWS, 3, 2, "2021-05-01")
    frame.iloc[140, 0] += 80.0
    return frame


def with_gaps():
    return healthy().drop(healthy().index[[*range(50, 70), *range(100, 103)]])


def with_missing_cells():
    frame = healthy()
    return frame.mask(np.random.default_rng(0).random(frame.shape) < 0.3)


def with_a_dying_series():
    frame = healthy()
    frame.iloc[NUM_ROWS // 2 :, 1] = np.nan
    return frame


def with_a_dead_series():
    return healthy().assign(s1=np.nan)


def with_a_stuck_sensor():
    frame = healthy()
    frame.iloc[60:100, 2] = frame.iloc[60, 2]
    return frame


def with_rows_far_apart():
    frame = healthy()
    return frame.set_axis(frame.index[0] + 24 * (frame.index - frame.index[0]))


HARD = {
    "gaps": (with_gaps, {"after a gap": BEFORE}),
    "30 % missing": (with_missing_cells, {"partly filled": None}),
    "dying": (with_a_dying_series, {"partly filled": NUM_ROWS // 2}),
    "dead": (with_a_dead_series, {"partly filled": NUM_ROWS - BEFORE}),
    "stuck": (with_a_stuck_sensor, {"stale": 38}),
    "far apart": (with_rows_far_apart, {"after a gap": NUM_ROWS - BEFORE}),
}


def write_with_labels(frame):
    frame.rename_axis("time").to_csv("test.csv")
    labels = pd.DataFrame(0, frame.index, frame.columns).rename_axis("time")
    labels.iloc[-20:-18] = 1
    labels.to_csv("labels.csv")


def results_of(name="test"):
    folder = Path("models/toy/results") / name
    quality = pd.read_csv(
        folder / "quality.csv", index_col=0, parse_dates=True, keep_default_na=False
    )
    return quality, {result: read_csv(folder / f"{result}.csv") for result in RESULTS}


def assert_not_judged(ended):
    """Ended with the status of a file of which no row has a score, and one sentence why."""
    assert ended.returncode == 3
    assert ended.stderr.startswith("not judged: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize("kind", HARD)
def test_a_hard_file_is_judged_as_far_as_it_can_be(place, kind):
    make, expected = HARD[kind]
    frame = make()
    write_with_labels(frame)
    words = ("test", "test.csv", "settings.txt", "--labels", "labels.csv")
    ended = call(*words) if kind == "far apart" else good(call(*words))
    if kind == "far apart":
        assert_not_judged(ended)
    quality, results = results_of()
    assert quality.index.equals(frame.index[BEFORE:])
    assert quality.index.equals(results["anomaly_predictions"].index)
    counts = quality["quality"].value_counts()
    for word, rows in expected.items():
        assert counts[word] == rows if rows else counts[word] > 50
    silent = results["abs_error"].isna()
    judged = quality["quality"] != "after a gap"
    missing = frame.iloc[BEFORE:].isna().to_numpy() | ~judged.to_numpy()[:, None]
    assert (silent.to_numpy() == missing).all()
    assert not results["anomaly_predictions"].to_numpy()[missing].any()
    for name in ("reconstructions", "sigma", "latent_space"):
        assert results[name].notna().all(axis=None)
    # Said once before the tables, and once in short among the findings.
    assert f"Quality of the {len(quality):,} rows (quality.csv): " in ended.stdout
    if "after a gap" in expected:
        said = f"note: {expected['after a gap']:,} of {len(quality):,} rows are not scored: "
        assert said in ended.stdout
    metrics = json.loads(Path("models/toy/results/test/metrics.json").read_text())
    assert metrics["quality"] == {
        word: int(counts.get(word, 0))
        for word in ("after a gap", "stale", "partly filled", "observed")
    }
    good(call("alpha_definition", "test.csv", "labels.csv", "settings.txt"))


def test_a_file_of_gaps_is_not_said_to_have_drifted(place):
    write_with_labels(with_rows_far_apart())
    ended = call("test", "test.csv", "settings.txt")
    assert_not_judged(ended)
    assert "warning: No row of this file can be judged; quality.csv says why.\n" in ended.stdout
    assert "no longer fits" not in ended.stdout
    assert not results_of()[1]["anomaly_predictions"].any(axis=None)


def test_gaps_may_be_crossed_on_request(place):
    write_with_labels(with_gaps())
    write_settings(place / "settings.txt", max_gap=None, default_alpha=2.0)
    good(call("test", "test.csv", "settings.txt"))
    quality, results = results_of()
    assert (quality["quality"] == "observed").all()
    assert results["abs_error"].notna().all(axis=None)


def test_a_stuck_sensor_is_named(place):
    write_with_labels(with_a_stuck_sensor())
    ended = good(call("test", "test.csv", "settings.txt"))
    assert "longer than ever in training (1 of 3, with the rows): `s2` 38.\n" in ended.stdout
    quality, _ = results_of()
    assert set(quality["stale_series"]) == {"", "s2"}
    page = Path("models/toy/results/test/report.html").read_text()
    assert "rows (quality.csv): 38 stale, 115 observed." in page


def test_a_healthy_file_has_nothing_said_of_it(place):
    write_with_labels(healthy())
    ended = good(call("test", "test.csv", "settings.txt"))
    assert "quality" not in ended.stdout.lower()
    quality, _ = results_of()
    assert set(quality["quality"]) == {"observed"}


@pytest.mark.slow
def test_what_is_said_of_a_row_does_not_depend_on_later_ones(place):
    frame = with_missing_cells()
    frame.iloc[60:100, 2] = frame.iloc[59, 2] = 190.0
    frame = frame.drop(frame.index[30:45])
    write_with_labels(frame)
    good(call("test", "test.csv", "settings.txt"))
    quality, results = results_of()
    for rows in (40, 75, 110):
        frame.iloc[:rows].to_csv("part.csv")
        good(call("test", "part.csv", "settings.txt"))
        part_quality, part = results_of("part")
        pd.testing.assert_frame_equal(part_quality, quality.iloc[: rows - BEFORE])
        for name in RESULTS:
            pd.testing.assert_frame_equal(part[name], results[name].iloc[: rows - BEFORE])


# --- Clock changes ---------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["2021-10-30 20:00", "2021-03-27 20:00"])
def test_a_clock_change_in_a_named_zone_is_nothing_special(place, start):
    frame = toy_frame(NUM_ROWS, 3, 2, start)
    local = frame.index.tz_localize("UTC").tz_convert("Europe/Madrid").tz_localize(None)
    write_with_labels(frame.set_axis(local))
    write_settings(place / "settings.txt", time_zone="Europe/Madrid", max_gap=1, default_alpha=2.0)
    good(call("alpha_definition", "test.csv", "labels.csv", "settings.txt"))
    ended = good(call("test", "test.csv", "settings.txt", "--labels", "labels.csv"))
    assert "note: Its times are those of Europe/Madrid (`time_zone`) and conv" in ended.stdout
    assert "k-means" in ended.stdout  # baselines: the training file has no such zone
    quality, _ = results_of()
    assert (quality["quality"] == "observed").all()
    assert quality.index.equals(frame.index[BEFORE:])


def test_without_a_zone_autumn_is_refused_and_spring_is_a_gap(place):
    utc = pd.date_range("2021-10-30 20:00", periods=NUM_ROWS, freq="5min", tz="UTC")
    frame = healthy()
    write_with_labels(frame.set_axis(utc.tz_convert("Europe/Madrid").tz_localize(None)))
    ended = call("test", "test.csv", "settings.txt")
    assert ended.returncode == 2
    assert "with their offset instead, or name their zone in `time_zone`" in ended.stderr
    utc = pd.date_range("2021-03-27 20:00", periods=NUM_ROWS, freq="5min", tz="UTC")
    write_with_labels(frame.set_axis(utc.tz_convert("Europe/Madrid").tz_localize(None)))
    write_settings(place / "settings.txt", max_gap=6, default_alpha=2.0)
    assert (
        f"note: {BEFORE} of 153 rows are not"
        in good(call("test", "test.csv", "settings.txt")).stdout
    )


# --- Resampling ------------------------------------------------------------------------------


@pytest.mark.slow
def test_irregular_steps_walk_when_resampled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    for name, seed in (("train", 0), ("test", 2)):
        frame = toy_frame(1500, 3, seed).round(4)
        seconds = np.cumsum(random.integers(20, 100, len(frame)))
        frame = frame.set_axis(pd.Timestamp("2021-06-01") + pd.to_timedelta(seconds, unit="s"))
        frame.drop(frame.index[300:330]).rename_axis("time").to_csv(f"{name}.csv")
    frame = read_csv("test.csv")
    labels = pd.DataFrame(0, frame.index, frame.columns)
    labels.iloc[700:703, 1] = 1
    labels.to_csv("labels.csv")
    write_settings(tmp_path / "settings.txt", resample="5min", max_gap=3, epochs=1)
    trained = good(call("train", "train.csv", "settings.txt"))
    assert "are brought to one step of 5 min (`resample`): " in trained.stdout
    run = json.loads(Path("models/toy/run.json").read_bytes())
    assert run["sampling_step_seconds"] == 300
    assert run["windows"]["left_out_across_gaps"] == BEFORE
    good(call("alpha_definition", "test.csv", "labels.csv", "settings.txt"))
    ended = good(call("test", "test.csv", "settings.txt", "--labels", "labels.csv"))
    assert "k-means" in ended.stdout
    quality, _ = results_of()
    steps = set(np.diff(quality.index) // np.timedelta64(1, "s"))
    assert 300 in steps
    assert len(steps) == 2  # and the gap
    assert (quality["quality"] == "after a gap").sum() == BEFORE
    write_settings(tmp_path / "settings.txt", max_gap=3, epochs=1)
    ended = call("test", "test.csv", "settings.txt")
    assert '`resample` is null in settings.txt but the model was trained with "5min"' in (
        ended.stderr
    )


# --- Labels for training ---------------------------------------------------------------------


@pytest.fixture
def labeled_place(place):
    """Hold labels of train.csv: two rows of one series."""
    frame = read_csv("train.csv")
    frame.iloc[100:102, 1] += 500.0
    frame.to_csv("train.csv")
    labels = pd.DataFrame(0, frame.index, frame.columns)
    labels.iloc[100:102, 1] = 1
    labels.to_csv("train_labels.csv")
    return place


def train(*more):
    return call("train", "train.csv", "settings.txt", "--quiet", *more)


def test_labeled_anomalies_are_left_out_of_training(labeled_place):
    ended = good(call("train", "train.csv", "settings.txt", "--labels", "train_labels.csv"))
    assert "note: 9 of 286 windows are left out of training: 9 have a labeled an" in ended.stdout
    assert "note: 2 cells are labeled an anomaly and not trained on.\n" in ended.stdout
    assert "windows  224 to train on, 53 to validate\n" in ended.stdout
    run = json.loads(Path("models/toy/run.json").read_bytes())
    assert run["labels_file"] == "train_labels.csv"
    assert run["labels_path"] == str(Path("train_labels.csv").resolve())
    assert len(run["labels_sha256"]) == 64
    assert run["windows"] == {
        "train": 224,
        "validation": 53,
        "left_out_across_gaps": 0,
        "left_out_labeled": 9,
    }
    learned = json.loads(Path("models/toy/preprocessing.json").read_bytes())
    clean = read_csv("train.csv")
    clean.iloc[100:102, 1] = np.nan
    np.testing.assert_allclose(learned["mean"], clean.mean())
    np.testing.assert_allclose(learned["scale"], clean.std(ddof=0))


@pytest.mark.slow
def test_what_was_left_out_of_training_does_not_teach_baselines_either(labeled_place):
    good(train("--labels", "train_labels.csv"))
    write_with_labels(healthy())
    words = ("test.csv", "settings.txt", "--labels", "labels.csv")
    ended = good(call("test", *words))
    assert "k-means" in ended.stdout
    page = Path("models/toy/results/test/report.html").read_text()
    assert str(labeled_place) not in page
    Path("train_labels.csv").unlink()
    ended = good(call("test", *words))
    assert "has changed (or train_labels.csv, its labels)" in ended.stdout


@pytest.mark.slow
def test_resuming_asks_for_the_same_labels(labeled_place):
    good(train("--labels", "train_labels.csv"))
    more = ("--epochs", "2", "--resume")
    ended = train(*more)
    assert ended.returncode == 2
    assert "begun with other --labels (train_labels.csv), received none. Give" in ended.stderr
    text = Path("train_labels.csv").read_text()
    Path("train_labels.csv").write_text(text + "\n")
    ended = train(*more, "--labels", "train_labels.csv")
    assert "begun with other --labels (train_labels.csv), received train_labels" in ended.stderr
    Path("train_labels.csv").write_text(text)
    good(train(*more, "--labels", "train_labels.csv"))
    assert len(pd.read_csv("models/toy/history.csv")) == 2


def test_a_training_of_labeled_rows_alone_is_refused(labeled_place):
    labels = read_csv("train_labels.csv")
    labels.iloc[::5, 0] = 1
    labels.to_csv("train_labels.csv")
    ended = train("--labels", "train_labels.csv")
    assert ended.returncode == 2
    assert (
        "No window of the training part of train.csv is left, of 233: 233 have a labeled anomaly"
        in ended.stderr
    )


def test_a_training_file_of_gaps_is_refused(place):
    frame = read_csv("train.csv")
    frame = frame.drop(frame.index[::5])
    frame.to_csv("train.csv")
    write_settings(place / "settings.txt", max_gap=1)
    ended = train()
    assert ended.returncode == 2
    assert "left, of 185: 185 cross a gap longer than `max_gap`. Use more data" in ended.stderr
