"""A trained model on disk: opened, checked, and refused when it does not fit."""

import hashlib
import json
import math
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.tables import Table, read_table
from dcvae.detection import Alphas
from dcvae.networks import build_network
from dcvae.storage import load_model, open_folder, open_model, save_model
from dcvae.storage.provenance import source_record
from dcvae.training import EpochLosses, history_csv
from support.builders import random_network, random_rows
from support.stored_models import (
    BEST_LOSSES,
    SERIES,
    SOURCE,
    fitted_with,
    labeled,
    losses,
    preprocessor_with,
    seal,
    settings_with,
    thresholds_with,
)

NAN = math.nan
RUN = {"sampling_step_seconds": 60, "best_losses": BEST_LOSSES}


def test_open_model(model):
    assert model.series == SERIES
    assert model.settings == settings_with(M=2)
    assert model.preprocessor == preprocessor_with()
    assert model.run == json.loads((model.folder / "run.json").read_bytes())


def test_keys_that_do_not_make_the_model_are_taken_from_the_file_given_now(models):
    given = settings_with(default_alpha=2.0, alpha_search="exact", epochs=3, fidelity_units="code")
    model = open_model(models, given)
    assert (model.settings.default_alpha, model.settings.epochs) == (2.0, 3)
    assert model.settings.fidelity_units == "code"


def test_the_seed_is_that_of_the_training(models):
    """Latents that are drawn are the same whatever seed the file given now has."""
    trained = settings_with().seed
    given = settings_with(seed=trained + 1)
    assert open_model(models, given).settings.seed == trained


def test_another_sampling_step_is_told(model, tmp_path):
    path = tmp_path / "x.csv"
    for step, notices in ((1, 0), (2, 1)):
        path.write_text(
            "time,a\n" + "".join(f"2021-01-01 00:{m * step:02d},{m}\n" for m in range(9))
        )
        assert len(model.step_notice(read_table(path))) == notices


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"T": 5}, r"`T` is 5 in given.txt but the model was trained with 4\."),
        ({"J": 3}, r"`J` is 3 in given.txt but the model was trained with 2\."),
        ({"M": 3}, r"`M` is 3 in given.txt but the model was trained with 2\."),
        ({"kernel": 3}, "`kernel` is 3"),
        ({"cnn_units": [3, 4]}, r"`cnn_units` is \[3, 4\] .* trained with \[3, 3\]"),
        ({"dil_rate": [1, 2, 3]}, r"`dil_rate` is \[1, 2, 3\] .* trained with \[1, 2, 4\]"),
        ({"activation": "relu"}, '`activation` is "relu"'),
        ({"scale": False}, "`scale` is false"),
        ({"wo_outliers": False}, "`wo_outliers` is false"),
        ({"max_std": 3}, "`max_std` is 3.0"),
        ({"fidelity_spread": "code"}, '`fidelity_spread` is "code"'),
        ({"fidelity_outliers": "code"}, '`fidelity_outliers` is "code"'),
        ({"T": 5, "J": 3}, r"`T` is 5 .*\n.*`J` is 3 .*\nTrain it again, or give the settings"),
    ],
)
def test_a_model_trained_with_other_settings_is_refused(models, keys, message):
    with pytest.raises(InputError, match=message):
        open_model(models, settings_with(**keys))


def test_no_such_model(models):
    with pytest.raises(InputError, match=r"no trained model in .*other.*`model_name` 'other'"):
        open_model(models, settings_with(model_name="other"))
    (models / "toy").rename(models / "toy.previous")
    with pytest.raises(InputError, match=r"A whole one is in .*toy.previous: rename that"):
        open_model(models, settings_with())
    (models / "toy.previous" / "run.json").unlink()
    with pytest.raises(InputError, match=r"train it first, or give --models\.$"):
        open_model(models, settings_with())


@pytest.mark.parametrize("name", ["model.keras", "settings.txt", "preprocessing.json", "run.json"])
def test_an_incomplete_model_is_refused(models, name):
    (models / "toy" / name).unlink()
    with pytest.raises(InputError, match=f"toy is incomplete: {name} missing"):
        open_model(models, settings_with())


STORED = preprocessor_with().to_dict()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.keras", "no archive", "model.keras is not the file that train.py wrote"),
        ("model.keras", "", "model.keras is not the file that train.py wrote"),
        ("settings.txt", "{", "settings.txt is not valid JSON"),
        ("settings.txt", '{"model_name": "toy", "Tee": 3}', "settings.txt is not a usable"),
        ("run.json", "garbage", "run.json is damaged"),
        ("run.json", "[1]", "run.json is damaged: expected a JSON object"),
        ("run.json", "{}", "run.json is damaged"),
        ("run.json", '{"sampling_step_seconds": "60"}', "run.json is damaged"),
        ("run.json", '{"sampling_step_seconds": 60}', "expected `best_losses` to be the losses"),
        ("run.json", json.dumps(RUN), "model.keras is not the file that train.py"),
        ("run.json", json.dumps(RUN | {"sha256": 1}), "model.keras is not the file"),
        ("preprocessing.json", "", "preprocessing.json is damaged"),
        ("preprocessing.json", "null", "preprocessing.json is damaged: expected a JSON object"),
        ("preprocessing.json", "{}", "preprocessing.json is damaged: expected the keys"),
        *[
            (
                "preprocessing.json",
                json.dumps(STORED | change),
                f"preprocessing.json is damaged: expected {expected}",
            )
            for change, expected in (
                ({"series": 2}, "`series` to be a list .*, received 2. Train the model again"),
                ({"series": []}, "`series` to be a list of one or more names"),
                ({"series": ["a"]}, "`mean` to be a finite number for each of the 1 series"),
                ({"series": ["a", 2]}, "`series` to be a list of one or more names"),
                ({"mean": None}, "`mean` to be a finite number for each of the 2 series, rec"),
                ({"mean": [1.0, "x"]}, r"`mean` to be .*, received \[1.0, \"x\"\]"),
                ({"mean": [1.0, NAN]}, r"`mean` to be .*, received \[1.0, NaN\]"),
                ({"scale": [1.0, 0.0]}, "`scale` to be a finite number above 0"),
                ({"scale": [1.0, -1.0]}, "`scale` to be a finite number above 0"),
                ({"scale": [1.0, math.inf]}, "`scale` to be a finite number above 0"),
                ({"scale": [1.0, True]}, "`scale` to be a finite number above 0"),
                ({"max_std": "7"}, "`max_std` to be null or a finite number above 0, rec"),
                ({"outliers_of": "nothing"}, '`outliers_of` to be "training" or "each file"'),
                ({"extra": 1}, r"the keys \['center', .*'upper'\], received .*'extra'"),
            )
        ],
        (
            "preprocessing.json",
            json.dumps(
                STORED
                | {"series": ["a"], "mean": [0.0], "scale": [1.0]}
                | {"center": [0.0], "longest_constant": [None]}
            ),
            "`M` is 2 in settings.txt but preprocessing.json has 1 series",
        ),
    ],
)
def test_a_damaged_model_is_refused(models, name, content, message):
    (models / "toy" / name).write_text(content)
    with pytest.raises(InputError, match=message):
        open_model(models, settings_with())


@pytest.mark.parametrize("name", ["model.keras", "settings.txt", "preprocessing.json"])
def test_a_file_that_was_changed_is_refused(models, name):
    path = models / "toy" / name
    path.write_bytes(path.read_bytes() + b"\n")  # harmless, but who knows that
    message = rf"{name} is not the file that train.py wrote: .*Train the model again, or put the"
    with pytest.raises(InputError, match=message):
        open_model(models, settings_with())


def test_a_network_that_does_not_load_is_refused(model):
    with pytest.raises(InputError, match=r"model.keras is damaged: it does not load"):
        model.network()


def test_the_network_of_another_model_is_refused(models):
    path = models / "toy" / "model.keras"
    build_network(settings_with(M=2)).save(path)
    seal(path.parent)
    model = open_model(models, settings_with())
    found = model.network().describe()
    assert (found.window_length, found.num_series, found.latent_size) == (4, 2, 2)
    build_network(settings_with(M=2, J=3)).save(path)
    message = r"expected \(T, M, J\) = \(4, 2, 2\), received \(4, 2, 3\)\. Train the model again"
    with pytest.raises(InputError, match=message):
        model.network()


@pytest.mark.parametrize("name", ["alarms.json", "calibration.json"])
def test_what_training_learned_of_normal_data_must_be_there(model, name):
    read = model.system_alarm if name == "alarms.json" else lambda: model.calibration
    message = "is missing. Run alpha" if name == "alarms.json" else "is missing. Train the model"
    with pytest.raises(InputError, match=f"{name} {message}"):
        read()


def test_a_model_of_any_size_is_read_in_one_moment(model):
    """What is read as text has a bound; a network has none, and what is not used is not read."""
    for name in ("training_state.npz", "loss.png", "calibration.json"):
        (model.folder / name).write_bytes(b"{}")
    larger = 256 * 1024 * 1024 + 1
    for name in ("model.keras", "training_state.npz", "loss.png"):
        os.truncate(model.folder / name, larger)
    kept = model.snapshot().kept
    assert len(kept["model.keras"]) == larger
    assert not {"training_state.npz", "loss.png"} & kept.keys()
    os.truncate(model.folder / "calibration.json", larger)
    with pytest.raises(InputError, match=r"calibration.json is damaged .*at most 268,435,456 b"):
        model.snapshot()


def test_a_training_table_is_read_as_it_was_learned(model, tmp_path):
    """With the zone of the training, and without the cells that were labeled then."""
    data, labels = labeled(tmp_path)
    source = source_record(data, labels)
    assert (source["labels_file"], source["rows"]) == ("labels.csv", 8)
    assert source["labels_sha256"] == hashlib.sha256(labels.path.read_bytes()).hexdigest()
    stored = replace(
        model,
        run=model.run | source,
        settings=model.settings.model_copy(update={"time_zone": "Europe/Madrid"}),
    )
    expected = data.frame.mask(labels.frame)
    assert expected.isna().to_numpy().sum() == 8
    pd.testing.assert_frame_equal(stored.training_table().frame, expected)
    labels.path.write_text(labels.path.read_text() + "\n")
    assert stored.training_table() is None


def test_rows_whose_window_crosses_a_gap_are_not_observed(model):
    """The model has windows of 4 rows and was trained on steps of a minute."""
    minutes = [0, 1, 2, 3, 4, 17, 18, 19, 20, 32]
    times = pd.Timestamp("2021-01-01") + pd.to_timedelta(minutes, unit="min")
    frame = pd.DataFrame(1.0, pd.DatetimeIndex(times, name="time"), list(SERIES))
    frame.iloc[4, 1] = np.nan
    table = Table(Path("data.csv"), frame, [])
    inputs = model.inputs(table)
    assert inputs.times.equals(frame.index)
    assert inputs.observed[:, 0].all()
    assert inputs.gaps.tolist() == [minute == 17 for minute in minutes]
    assert inputs.scorable(4).astype(int).tolist() == [
        *[[1, 1]] * 4,
        [1, 0],
        *[[0, 0]] * 3,  # 13 minutes before the first of them
        *[[1, 1]] * 2,  # 12 minutes before the last one, which is no gap yet
    ]
    words = model.quality(table).table["quality"].tolist()
    assert words == ["observed", "partly filled", *["after a gap"] * 3, "observed", "observed"]


def test_training_table(model, tmp_path):
    data, _ = labeled(tmp_path)
    run = {
        "training_path": str(data.path),
        "training_file_sha256": hashlib.sha256(data.path.read_bytes()).hexdigest(),
    }
    stored = replace(model, run=run)
    pd.testing.assert_frame_equal(stored.training_table().frame, data.frame)
    for other in ({}, run | {"training_path": str(tmp_path)}, run | {"training_file_sha256": "x"}):
        assert replace(model, run=other).training_table() is None


def test_why_there_is_no_training_table_is_said_without_paths(model):
    run = {"training_file": "t.csv", "training_path": "/secret/t.csv"}
    reason = "t.csv, the file the model was trained on, is not there any more or has changed"
    assert replace(model, run=run).why_no_training_table() == reason
    labeled_run = run | {"labels_file": "l.csv", "labels_path": "/secret/l.csv"}
    with_labels = replace(model, run=labeled_run).why_no_training_table()
    assert with_labels == f"{reason} (or l.csv, its labels)"


def test_history(model):
    history = [losses(1), losses(2, NAN)]
    (model.folder / "history.csv").write_text(history_csv(history))
    again = model.history()
    np.testing.assert_array_equal(again, history)
    assert all(type(line) is EpochLosses and type(line.epoch) is int for line in again)


def test_missing_history_is_refused(model):
    with pytest.raises(InputError, match=r"history\.csv is missing\. Train the model again, or "):
        model.history()


@pytest.mark.parametrize("content", [b"", b"epoch,loss\n1,2\n", b"\xff\xfe\x00epoch"])
def test_damaged_history_is_refused(model, content):
    (model.folder / "history.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"history.csv is damaged"):
        model.history()


# --- All that is needed to score ---------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A folder with a model whose network is real, and what was saved: look, do not touch."""
    fitted = fitted_with(random_network(settings_with(M=2)))
    models = tmp_path_factory.mktemp("real")
    return save_model(fitted, models, {**SOURCE, "training_path": None}), fitted


@pytest.fixture
def saved(real, tmp_path):
    """The same in a folder of one's own."""
    folder = tmp_path / "models" / "toy"
    shutil.copytree(real[0], folder)
    return folder, real[1]


def table_of(num_rows=12):
    times = pd.date_range("2021-01-01", periods=num_rows, freq="min", name="time")
    values = 10 + random_rows(num_rows, 2).astype(np.float64)
    return Table(Path("data.csv"), pd.DataFrame(values, times, list(SERIES)), [])


def same_detection(one, other):
    for name in ("mean", "sigma", "residual", "flags", "latent", "score", "alarm"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    np.testing.assert_allclose(one.offline, other.offline, rtol=1e-6)


def test_a_loaded_model_detects_what_the_fitted_one_did(saved, monkeypatch):
    monkeypatch.setenv("DCVAE_ENGINE", "keras")  # as it was fitted
    folder, fitted = saved
    table = table_of()
    expected = fitted.detect(table)
    for path in (folder, str(folder)):
        model = load_model(path)
        same_detection(model.detect(table), expected)
        assert model.settings == fitted.settings
        with pytest.raises(ValueError, match="Expected a model that was fitted here"):
            _ = model.training


def test_a_loaded_model_has_the_thresholds_that_were_written_last(saved, tmp_path):
    folder, _ = saved
    stored = open_folder(folder)
    data, labels = labeled(tmp_path)
    stored.write_thresholds(thresholds_with(Alphas.default(SERIES, 0.5)), data, labels)
    model = load_model(folder)
    assert model.thresholds.alphas.up.tolist() == [0.5, 0.5]
    detection = model.detect(table_of())
    np.testing.assert_array_equal(detection.flags, np.abs(detection.residual) > 0.5)


def test_a_model_can_be_loaded_with_other_settings_for_its_scores(saved, tmp_path):
    folder, fitted = saved
    changed = fitted.settings.model_copy(update={"sigma": "constant", "model_name": "any"})
    (tmp_path / "constant.txt").write_text(changed.to_json())
    table = table_of()
    expected = replace(fitted, settings=changed).detect(table)
    assert not np.array_equal(expected.sigma, fitted.detect(table).sigma)
    for settings in (changed, tmp_path / "constant.txt", str(tmp_path / "constant.txt")):
        (folder / "alphas.csv").unlink(missing_ok=True)  # they are for the sigma of before
        model = load_model(folder, settings)
        np.testing.assert_array_equal(model.detect(table).sigma, expected.sigma)
    with pytest.raises(InputError, match=r"^Expected `settings` to be .* Received: {'sigma': 'co"):
        load_model(folder, {"sigma": "constant"})
    other = fitted.settings.model_copy(update={"latent_size": 9})
    with pytest.raises(InputError, match=r"was trained with other settings:\n  `J` is 9 in"):
        load_model(folder, other)


def test_alarm_keys_hold_for_thresholds_that_are_fitted_and_it_is_said(saved):
    folder, fitted = saved
    rules = fitted.thresholds.alarm.rules
    changed = fitted.settings.model_copy(update={"alarm_hold": rules.hold + 5})
    model = load_model(folder, changed)
    assert model.thresholds.alarm.rules == rules
    [notice] = [text for text in model.thresholds.notices if "alarm_..." in text]
    assert notice.endswith("which hold: run alpha_definition.py to change them.")
    assert model.fit_thresholds(table_of(400)).alarm.rules.hold == rules.hold + 5


def test_without_thresholds_a_model_scores_and_fits_some(saved):
    folder, _ = saved
    (folder / "alarms.json").unlink()
    stored = open_folder(folder)
    with pytest.raises(InputError, match=r"alarms\.json is missing\. Run alpha_definition\.py"):
        stored.load()
    model = stored.calibrated()
    thresholds = model.fit_thresholds(table_of(400))
    assert thresholds.alphas.series == SERIES
    assert set(thresholds.alphas.method) == {"budget"}
    assert np.isfinite(model.score(table_of()).row).all()


def test_a_folder_is_opened_under_the_name_it_has_now(saved):
    folder, fitted = saved
    moved = folder.rename(folder.with_name("moved"))
    stored = open_folder(moved)
    assert (stored.settings.model_name, stored.folder) == ("moved", moved)
    assert stored.settings.model_copy(update={"model_name": "toy"}) == fitted.settings
    assert stored.step_seconds == 60.0


def test_a_folder_without_a_model_is_refused(tmp_path):
    message = (
        rf"no trained model in {tmp_path}: settings\.txt is missing\. Expected a folder that "
        r"train\.py or DCVAEDetector\.save wrote\."
    )
    with pytest.raises(InputError, match=message):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "name", ["model.keras", "preprocessing.json", "run.json", "calibration.json", "alarms.json"]
)
def test_a_model_that_lacks_a_file_is_not_loaded(saved, name):
    folder, _ = saved
    (folder / name).unlink()
    with pytest.raises(InputError, match=name):
        load_model(folder)
