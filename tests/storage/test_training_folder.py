"""The folder that a training grows in: nothing is lost on its way to the name of the model."""

import errno
import hashlib
import io
import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dcvae import InputError, make_detector
from dcvae.pipeline import EnsembleScorer, RowScorer, restored_scorer
from dcvae.storage import copy_model, open_model, save_model, training_folder
from dcvae.storage.training_folder import TrainingFolder
from support.stored_models import (
    SERIES,
    SOURCE,
    Network,
    contents,
    fitted_with,
    preprocessor_with,
    settings_with,
    state_with,
    weights_in,
)

FIRST_FILES = {
    *("settings.txt", "preprocessing.json", "run.json"),
    *("history.csv", "training_state.npz"),
}
LAST_FILES = {
    *("model.keras", "loss.png", "calibration.json"),
    *("alphas.csv", "alphas_source.json", "alarms.json"),
}
FROM_DISK = replace(fitted_with(), summary=None)


def begin(folder, *, resume=False, source=SOURCE, **keys):
    settings = settings_with(**keys).with_num_series(2, "data.csv")
    return folder.begin(settings, preprocessor_with(), source, resume=resume)


def train_whole(folder, content=b"weights", **keys):
    begin(folder, **keys)
    folder.keep_state(state_with())
    return folder.finish(fitted_with(Network(content), **keys), SOURCE)


def cut_off(folder, num_epochs=5):
    """Leave a training that was killed after some epochs."""
    begin(folder)
    folder.keep_state(state_with(num_epochs))
    return contents(folder.partial)


def again(folder):
    """Open the folder as the next run of the command does."""
    return TrainingFolder(folder.final.parent, folder.final.name)


@pytest.fixture(autouse=True)
def without_drawing(monkeypatch):
    """Drawing takes longer than all else here; test_layout.py has a figure drawn."""

    def figure(history, best_epoch, title):
        content = f"png of {title}, best epoch {best_epoch} of {len(history)}".encode()
        return SimpleNamespace(savefig=lambda stream, format, dpi: stream.write(content))

    monkeypatch.setattr(training_folder, "loss_figure", figure)


@pytest.fixture
def folder(tmp_path):
    return TrainingFolder(tmp_path / "models", "toy")


# --- A training from the start -----------------------------------------------------------------


def test_a_training_takes_the_name_of_the_model_when_it_is_finished(folder):
    assert begin(folder).history == ()
    folder.keep_state(state_with())
    assert not folder.final.exists()
    assert folder.finish(fitted_with(), SOURCE) == []
    assert {path.name for path in folder.final.parent.iterdir()} == {"toy"}
    assert set(contents(folder.final)) == FIRST_FILES | LAST_FILES
    assert (folder.final / "loss.png").read_bytes() == b"png of toy, best epoch 1 of 2"
    run = json.loads((folder.final / "run.json").read_bytes())
    assert SOURCE.items() <= run.items()
    assert (run["epochs"], run["ending"]) == (2, "early stopping")
    assert run["sha256"] == {
        name: hashlib.sha256((folder.final / name).read_bytes()).hexdigest()
        for name in ("model.keras", "settings.txt", "preprocessing.json")
    }


def test_a_model_opens_as_it_was_finished(folder):
    train_whole(folder)
    model = open_model(folder.final.parent, settings_with())
    fitted = fitted_with()
    assert (model.series, model.step_seconds) == (SERIES, 60.0)
    assert model.settings == fitted.settings
    assert model.preprocessor == fitted.preprocessor
    assert model.calibration.to_dict() == fitted.calibration.to_dict()
    thresholds = model.thresholds()
    assert thresholds.alphas.to_records() == fitted.thresholds.alphas.to_records()
    assert thresholds.alarm.to_dict(SERIES) == fitted.thresholds.alarm.to_dict(SERIES)
    np.testing.assert_array_equal(model.history(), state_with().history)


def test_thresholds_of_a_training_rest_on_its_file(folder):
    train_whole(folder)
    model = open_model(folder.final.parent, settings_with())
    of_files = {"data": "train.csv", "data_path": "/data/train.csv", "data_sha256": "abc"}
    of_labels = {"labels_path": None, "labels_sha256": None}
    times = {name: SOURCE[name] for name in ("first_time", "last_time")}
    assert model.alphas_source().items() >= (of_files | of_labels | times).items()


def test_training_again_keeps_one_earlier_model(folder):
    assert train_whole(folder, b"1") == []
    for number in (b"2", b"3"):
        [notice] = train_whole(again(folder), number)
        assert notice == (
            "The model that was here before, its alphas and its results are now in "
            f"{folder.previous}; the new one begins with thresholds from its training file."
        )
    assert weights_in(folder.final) == b"3"
    assert weights_in(folder.previous) == b"2"
    assert {path.name for path in folder.final.parent.iterdir()} == {"toy", "toy.previous"}


def test_a_training_that_fails_leaves_the_model_alone(folder):
    train_whole(folder)
    (folder.final / "alphas.csv").write_text("mine")
    before = contents(folder.final)
    begin(folder)
    folder.keep_state(state_with())
    with pytest.raises(OSError, match="disk full"):
        folder.finish(fitted_with(Network(b"half", OSError("disk full"))), SOURCE)
    assert contents(folder.final) == before
    assert set(contents(folder.partial)) == FIRST_FILES
    assert not folder.previous.exists()


def test_a_model_that_was_read_from_disk_is_no_end_of_a_training(folder):
    begin(folder)
    folder.keep_state(state_with())
    with pytest.raises(ValueError, match="Expected a model that was fitted here"):
        folder.finish(FROM_DISK, SOURCE)
    with pytest.raises(ValueError, match="Expected a model that was fitted here"):
        save_model(FROM_DISK, folder.final.parent, SOURCE)
    assert not folder.final.exists()


def test_nothing_is_written_before_the_first_epoch_is_done(folder):
    begin(folder)
    assert contents(folder.final.parent) == {}
    train_whole(folder)
    before = contents(folder.final.parent)
    begin(again(folder), lr=0.5)
    begin(again(folder), resume=True)
    assert contents(folder.final.parent) == before


def test_models_must_be_a_folder(tmp_path):
    (tmp_path / "models").write_text("")
    with pytest.raises(InputError, match="models is not a folder"):
        TrainingFolder(tmp_path / "models", "toy")


# --- One that was cut off ----------------------------------------------------------------------


@pytest.mark.parametrize("resume", [False, True])
def test_a_training_that_was_cut_off_survives_until_the_first_epoch_is_done(folder, resume):
    before = cut_off(folder)
    begin(again(folder), resume=resume)
    assert contents(folder.partial) == before
    check_resumable(again(folder))
    assert len(begin(again(folder), resume=True).history) == 5


def test_a_training_from_the_start_takes_the_place_of_one_that_was_cut_off(folder):
    cut_off(folder)
    (folder.partial / "left.over").write_text("x")
    second = again(folder)
    assert begin(second, lr=0.5).history == ()
    second.keep_state(state_with(1))
    assert set(contents(folder.partial)) == FIRST_FILES
    second.keep_state(state_with(2))
    assert len(begin(again(folder), resume=True).history) == 2
    check_resumable(again(folder), lr=0.5)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_first_state_that_was_cut_off_is_whole_when_written_again(folder, monkeypatch, number):
    cut_off(folder)
    second = again(folder)
    begin(second)
    write_text, written = training_folder.write_text, []

    def interrupted(path, text):
        written.append(path)
        if len(written) == number:
            raise KeyboardInterrupt
        write_text(path, text)

    monkeypatch.setattr(training_folder, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        second.keep_state(state_with(1))
    second.keep_state(state_with(1))
    second.finish(fitted_with(), SOURCE)
    assert len(begin(again(folder), resume=True).history) == 1


def test_going_on_keeps_what_the_training_has_written(folder):
    cut_off(folder)
    second = again(folder)
    begin(second, resume=True, epochs=77)
    second.keep_state(state_with(6))
    assert len(begin(again(folder), resume=True).history) == 6
    assert b'"epochs": 77' in contents(folder.partial)["settings.txt"]


def test_what_is_said_of_a_training_that_was_cut_off(folder):
    assert folder.notices(resume=False) == []
    train_whole(folder)
    assert folder.notices(resume=False) == []
    assert folder.notices(resume=True) == [f"Going on with the training in {folder.final}."]
    cut_off(folder)
    [notice] = again(folder).notices(resume=False)
    assert notice.startswith(f"An earlier training was cut off ({folder.partial}). --resume would")
    assert "given up when the first epoch of this one is done" in notice
    assert folder.notices(resume=True) == [f"Going on with the training in {folder.partial}."]


def test_resume_prefers_the_training_that_was_cut_off(folder):
    train_whole(folder)
    begin(folder)
    folder.keep_state(state_with(5))
    assert len(begin(folder, resume=True).history) == 5
    assert weights_in(folder.final) == b"weights"


def test_resume_of_a_finished_model_starts_a_folder_of_its_own(folder):
    train_whole(folder)
    begin(folder)  # cut off before its first epoch
    before, second = contents(folder.final), again(folder)
    assert len(begin(second, resume=True).history) == 2
    second.keep_state(state_with(3))
    assert contents(folder.final) == before
    assert "training_state.npz" in contents(folder.partial)


def test_a_damaged_state_is_refused_and_leaves_no_folder(folder):
    train_whole(folder)
    path = folder.final / "training_state.npz"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match=r"training_state.npz is damaged and cannot be resumed"):
        begin(folder, resume=True)
    assert not folder.partial.exists()


# --- What can be resumed -----------------------------------------------------------------------


def check_resumable(folder, source=SOURCE, **keys):
    folder.check_resumable(settings_with(**keys).with_num_series(2, "data.csv"), source)


def test_resumable_with_more_epochs_and_patience(folder):
    train_whole(folder)
    check_resumable(folder)
    check_resumable(folder, epochs=1000, patience=50, summary=False, dataset_name="other")


def test_not_resumable(folder):
    with pytest.raises(InputError, match=r"no training to resume in .*toy: training_state.npz is"):
        check_resumable(folder)
    train_whole(folder)
    begun = "but the training was begun with"
    message = (
        rf"The training in .*toy cannot be resumed:\n"
        rf"  `batch_size` is 2 in given\.txt {begun} 32\.\n"
        rf"  `lr` is 0\.5 in given\.txt {begun} [0-9.e-]+\.\n"
        rf"  `seed` is 1 in given\.txt {begun} \d+\.\n"
        r"Give the settings it was begun with, train without --resume, or under another"
    )
    with pytest.raises(InputError, match=message):
        check_resumable(folder, lr=0.5, seed=1, batch_size=2)
    with pytest.raises(InputError, match=rf'`fidelity_spread` is "code" in given.txt {begun} "pa'):
        check_resumable(folder, fidelity="code")
    with pytest.raises(InputError, match="it was begun on other data"):
        check_resumable(folder, {"training_file_sha256": "abd"})
    with pytest.raises(InputError, match=r"with other --labels \(none\), received l\.csv\. Give"):
        check_resumable(folder, SOURCE | {"labels_file": "l.csv", "labels_sha256": "d"})
    (folder.final / "run.json").write_text("[]")
    with pytest.raises(InputError, match=r"run.json is damaged: expected a JSON object"):
        check_resumable(folder)
    (folder.final / "settings.txt").unlink()
    with pytest.raises(InputError, match=r"settings.txt does not exist"):
        check_resumable(folder)


@pytest.mark.parametrize("content", [b"", b"no archive at all"])
def test_a_state_that_is_no_archive_is_refused_before_keras_starts(folder, content):
    train_whole(folder)
    (folder.final / "training_state.npz").write_bytes(content)
    with pytest.raises(InputError, match=r"training_state.npz is damaged .*Train without --resume"):
        check_resumable(folder)


# --- A training whose saving failed ------------------------------------------------------------


def test_a_finished_training_that_could_not_be_saved_is_saved_by_resuming_it(folder):
    train_whole(folder, b"1")
    second = again(folder)
    begin(second, epochs=2)
    second.keep_state(state_with(2))
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(OSError, match="No space left"):
        second.finish(fitted_with(Network(b"half", full), epochs=2), SOURCE)
    (folder.partial / ".model.keras").write_bytes(b"half")
    third = again(folder)
    check_resumable(third, epochs=2, default_alpha=2.5)
    state = begin(third, resume=True, epochs=2, default_alpha=2.5)
    assert state.is_unsaved
    assert len(state.history) == 2  # none is left to train
    third.finish(fitted_with(Network(b"2"), epochs=2, default_alpha=2.5), SOURCE)
    assert weights_in(folder.final) == b"2"
    assert weights_in(folder.previous) == b"1"
    assert set(contents(folder.final)) == FIRST_FILES | LAST_FILES
    assert b'"default_alpha": 2.5' in contents(folder.final)["settings.txt"]  # as given last


def test_a_saved_training_that_is_finished_leaves_nothing_to_resume(folder):
    train_whole(folder, epochs=2)
    with pytest.raises(InputError, match="Nothing is left to train"):
        begin(again(folder), resume=True, epochs=2)


def test_what_is_changed_is_told_when_it_is(tmp_path):
    told = []
    folder = TrainingFolder(tmp_path / "models", "toy", told)
    begin(folder)
    assert told == []
    folder.keep_state(state_with())
    assert told == [f"the training so far is kept in {folder.partial}: --resume goes on with it"]
    folder.finish(fitted_with(), SOURCE)
    assert told == [f"the new model is in {folder.final}"]


# --- What is in the way ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["toy", "toy.partial", "toy.previous"])
def test_a_folder_of_others_is_refused_before_the_work(tmp_path, name):
    place = tmp_path / "models" / name
    place.mkdir(parents=True)
    (place / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match=rf"{name} is in the way: it was not written by this prog"):
        TrainingFolder(tmp_path / "models", "toy")
    assert contents(tmp_path) == {f"models/{name}/thesis.tex": b"mine"}
    TrainingFolder(tmp_path / "models", "other")


def test_training_over_a_link_leaves_what_it_leads_to(folder, tmp_path):
    train_whole(folder, b"1")
    elsewhere = tmp_path / "elsewhere"
    shutil.move(folder.final, elsewhere)
    folder.final.symlink_to(elsewhere)
    (elsewhere / "notes.md").write_text("mine")
    before = contents(elsewhere)
    for content in (b"2", b"3"):
        train_whole(again(folder), content)
        assert contents(elsewhere) == before
    assert weights_in(folder.final) == b"3"
    assert weights_in(folder.previous) == b"2"


# --- Logs for TensorBoard ----------------------------------------------------------------------


class Log:
    """Stands in for `TrainingLog`: writes how many epochs it was told of."""

    def __init__(self, folder, network):
        folder.mkdir()
        self.path, self.network, self.is_open = folder / "events", network, True
        LOGS.append(self)

    def write(self, history):
        assert self.is_open
        self.path.write_text(f"{self.network} {len(history)}")

    def close(self):
        self.is_open = False


LOGS = []


@pytest.fixture
def logs(monkeypatch):
    LOGS.clear()
    monkeypatch.setattr(training_folder, "TrainingLog", Log)
    return LOGS


def test_logs_are_written_after_each_epoch_and_closed_before_the_folder_is_renamed(folder, logs):
    begin(folder)
    folder.log("network")
    assert logs == []  # nothing is written before the first epoch is done
    assert not folder.partial.exists()
    for number in (1, 2):
        folder.keep_state(state_with(number))
        assert (folder.partial / "logs" / "events").read_text() == f"network {number}"
    folder.finish(fitted_with(), SOURCE)
    [log] = logs
    assert not log.is_open
    assert (folder.final / "logs" / "events").read_text() == "network 2"


def test_without_being_asked_for_there_are_no_logs(folder, logs):
    train_whole(folder)
    assert logs == []
    assert "logs" not in {path.name for path in folder.final.iterdir()}


# --- Models saved and copied -------------------------------------------------------------------


def test_a_saved_model_is_that_of_a_training(folder):
    train_whole(folder)
    trained, models = contents(folder.final), folder.final.parent.parent / "others"
    assert save_model(fitted_with(), models, SOURCE) == models / "toy"
    assert contents(models / "toy") == trained
    save_model(fitted_with(Network(b"2")), models, SOURCE)
    assert weights_in(models / "toy") == b"2"
    assert contents(models / "toy.previous") == trained


def test_an_ensemble_is_saved_with_its_network_and_its_other_members(folder):
    keys = {"detector": "ensemble", "ensemble_members": ["dc-vae", "z-score"]}
    alone = fitted_with(Network(b"member"), **keys)
    rows = np.arange(6.0).reshape(3, 2)
    other = RowScorer(make_detector("z-score").fit(rows), alone.settings.window_length)
    ones = {name: np.ones(2) for name in ("dc-vae", "z-score")}
    joined = EnsembleScorer(
        {"dc-vae": alone.scorer, "z-score": other},
        {"dc-vae": 0.75, "z-score": 0.25},
        ones,
        {name: np.ones((2, 2)) for name in ones},
    )
    models = folder.final.parent
    save_model(replace(alone, scorer=joined), models, SOURCE)
    assert weights_in(models / "toy") == b"member"
    stored = open_model(models, settings_with(**keys)).snapshot()
    with np.load(io.BytesIO(stored.kept["detector.npz"])) as arrays:
        again = restored_scorer(stored.settings, alone.network, dict(arrays))
    assert again.weights == joined.weights
    assert again.network is alone.network
    assert again.members["dc-vae"].network is alone.network
    np.testing.assert_array_equal(again.members["z-score"].detector._mean, rows.mean(axis=0))


def test_a_copy_has_all_but_results_and_logs(folder):
    train_whole(folder)
    trained = contents(folder.final)
    for name in ("results", "logs"):
        (folder.final / name).mkdir()
        (folder.final / name / "x").write_text("x")
    models = folder.final.parent
    assert copy_model(folder.final, models, "other") == models / "other"
    assert contents(models / "other") == trained
    assert copy_model(folder.final, models, "toy") == folder.final
    assert "results/x" in contents(folder.final)


def test_a_copy_keeps_the_model_that_had_its_name(folder):
    models = folder.final.parent
    train_whole(folder, b"1")
    train_whole(TrainingFolder(models, "other"), b"2")
    shutil.copytree(models / "other", models / ".other.saved" / "x")  # what an earlier copy left
    cut_off(TrainingFolder(models, "other"))
    before = contents(models / "other.partial")
    copy_model(folder.final, models, "other")
    assert weights_in(models / "other") == b"1"
    assert weights_in(models / "other.previous") == b"2"
    assert contents(models / "other.partial") == before  # can still be resumed
    assert not (models / "other" / "x").exists()
    assert {path.name for path in models.iterdir()} == {
        *("toy", "other", "other.previous", "other.partial"),
    }


def test_a_model_that_is_gone_is_not_copied(folder):
    train_whole(folder)
    identity = open_model(folder.final.parent, settings_with()).identity
    shutil.move(folder.final, folder.final.parent / "elsewhere")
    with pytest.raises(InputError, match=r"loaded from .*toy is not there any more. Put the folde"):
        copy_model(folder.final, folder.final.parent, "other", identity)
    assert {path.name for path in folder.final.parent.iterdir()} == {"elsewhere"}


def test_a_copy_is_of_the_model_that_was_loaded(folder):
    models = folder.final.parent
    train_whole(folder, b"1")
    identity = open_model(models, settings_with()).identity
    train_whole(again(folder), b"2")
    copy_model(folder.final, models, "other", identity)
    assert weights_in(models / "other") == b"1"
    train_whole(again(folder), b"3")
    with pytest.raises(InputError, match=r"read from .*toy is not there any more: it was trained"):
        copy_model(folder.final, models, "another", identity)
