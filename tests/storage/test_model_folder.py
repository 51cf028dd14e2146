"""What is on disk: whole or not at all, the same when read back, refused when it does not fit."""

import hashlib
import io
import json
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from support.stored_models import SERIES, contents, preprocessor_with, seal, settings_with

from dcvae import InputError
from dcvae.config.settings import Settings
from dcvae.data.tables import Table, read_labels, read_table
from dcvae.data.windows import split_windows
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import AlarmRules
from dcvae.detection.system_alarm import SystemAlarm
from dcvae.detection.thresholds import Definition
from dcvae.scoring.model_fit import WindowLosses
from dcvae.storage import model_folder as artefacts
from dcvae.training.loop import EpochLosses, TrainingResult, TrainingState

NAN = math.nan


# --- One file --------------------------------------------------------------------------------


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    with artefacts.whole_file(path) as stream:
        stream.write(b"new")
        stream.flush()
        assert not path.exists()
    assert contents(tmp_path) == {"a.txt": b"new"}


def write_half(path, error):
    with artefacts.whole_file(path) as stream:
        stream.write(b"half of the n")
        raise error


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), ValueError("x")])
def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path, error):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    with pytest.raises(type(error)):
        write_half(path, error)
    assert contents(tmp_path) == {"a.txt": b"old"}


def test_a_failure_in_the_middle_leaves_no_new_file(tmp_path):
    with pytest.raises(ZeroDivisionError):
        write_half(tmp_path / "a.txt", ZeroDivisionError())
    assert contents(tmp_path) == {}


def test_text_is_the_same_bytes_everywhere(tmp_path):
    artefacts.write_text(tmp_path / "a.txt", "σ\n1\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xcf\x83\n1\n"


def test_sha256(tmp_path):
    path = tmp_path / "a.bin"
    path.write_bytes(b"x" * 1_000_000)
    assert artefacts.sha256_of(path) == hashlib.sha256(b"x" * 1_000_000).hexdigest()


# --- A training and its state ----------------------------------------------------------------


def losses(epoch, val_loss=0.5):
    return EpochLosses(epoch, 1.0 / epoch, 0.1 + 0.2, 1e-300, val_loss, NAN, -0.0, 1e-4)


def state_with(num_epochs=2):
    random = np.random.default_rng(0)
    variables = {
        "network/000/encoder/kernel": random.normal(size=(2, 3, 4)).astype(np.float32),
        "network/001/seed_generator_state": np.array([1, 2**32 - 1], dtype=np.uint32),
        "optimizer/000/iteration": np.array(7, dtype=np.int64),
    }
    best = {"network/000/encoder/kernel": variables["network/000/encoder/kernel"] + 1}
    history = tuple(losses(epoch) for epoch in range(1, num_epochs + 1))
    return TrainingState(history, 1, 0.1 + 0.2, float("inf"), 3, variables, best)


def same_state(one, other):
    for number in ("best_epoch", "best_loss", "reference_loss", "epochs_without_progress"):
        assert getattr(one, number) == getattr(other, number)
        assert type(getattr(one, number)) is type(getattr(other, number))
    np.testing.assert_array_equal(one.history, other.history)
    assert [type(row.epoch) for row in one.history] == [int] * len(one.history)
    for part in ("last", "best"):
        mine, theirs = getattr(one, part), getattr(other, part)
        assert mine.keys() == theirs.keys()
        for name, value in mine.items():
            assert value.dtype == theirs[name].dtype
            np.testing.assert_array_equal(value, theirs[name])


class Network:
    """Stands in for a network: saves a few bytes, or fails half way."""

    def __init__(self, content=b"weights", error=None):
        self.content, self.error = content, error

    def save(self, path):
        assert path.suffix == ".keras"
        path.write_bytes(self.content)
        if self.error:
            raise self.error


FIGURE = SimpleNamespace(savefig=lambda stream, format, dpi: stream.write(b"png"))
SOURCE = {"training_file": "train.csv", "training_file_sha256": "abc"}


def begin(folder, *, resume=False, source=SOURCE, **keys):
    settings = settings_with(**keys).with_num_series(2, "data.csv")
    return folder.begin(settings, preprocessor_with(), source, resume=resume)


def train_whole(folder, content=b"weights", **keys):
    begin(folder, **keys)
    folder.keep_state(state_with())
    return folder.finish(Network(content), FIGURE, {**SOURCE, "epochs": 2})


def cut_off(folder, num_epochs=5):
    """Leave a training that was killed after some epochs."""
    begin(folder)
    folder.keep_state(state_with(num_epochs))
    return contents(folder.partial)


def again(folder):
    """Open the folder as the next run of the script does."""
    return artefacts.TrainingFolder(folder.final.parent, folder.final.name)


@pytest.fixture
def folder(tmp_path):
    return artefacts.TrainingFolder(tmp_path / "models", "toy")


def test_state_is_the_same_when_read_back(folder):
    begin(folder)
    folder.keep_state(state_with())
    same_state(begin(folder, resume=True), state_with())


def test_a_training_takes_the_name_of_the_model_when_it_is_finished(folder):
    assert begin(folder).history == ()
    folder.keep_state(state_with())
    assert not folder.final.exists()
    assert folder.finish(Network(), FIGURE, {"epochs": 2}) == []
    assert {path.name for path in folder.final.parent.iterdir()} == {"toy"}
    assert set(contents(folder.final)) == {
        *("model.keras", "settings.txt", "preprocessing.json", "run.json"),
        *("history.csv", "loss.png", "training_state.npz"),
    }
    run = json.loads((folder.final / "run.json").read_bytes())
    assert run.keys() == {"epochs", "sha256"}
    assert run["sha256"] == {
        name: hashlib.sha256((folder.final / name).read_bytes()).hexdigest()
        for name in ("model.keras", "settings.txt", "preprocessing.json")
    }


def test_training_again_keeps_one_earlier_model(folder):
    assert train_whole(folder, b"1") == []
    for number in (b"2", b"3"):
        assert train_whole(again(folder), number) == [
            "The model that was here before, its alphas and its results are now in "
            f"{folder.previous}; the new one begins with thresholds from its training file."
        ]
    assert (folder.final / "model.keras").read_bytes() == b"3"
    assert (folder.previous / "model.keras").read_bytes() == b"2"
    assert {path.name for path in folder.final.parent.iterdir()} == {"toy", "toy.previous"}


def test_a_training_that_fails_leaves_the_model_alone(folder):
    train_whole(folder)
    (folder.final / "alphas.csv").write_text("mine")
    before = contents(folder.final)
    begin(folder)
    folder.keep_state(state_with())
    with pytest.raises(OSError, match="disk full"):
        folder.finish(Network(b"half", OSError("disk full")), FIGURE, {})
    assert contents(folder.final) == before
    assert "model.keras" not in contents(folder.partial)
    assert not folder.previous.exists()


def test_nothing_is_written_before_the_first_epoch_is_done(folder):
    begin(folder)
    assert contents(folder.final.parent) == {}
    train_whole(folder)
    before = contents(folder.final.parent)
    begin(again(folder), lr=0.5)
    begin(again(folder), resume=True)
    assert contents(folder.final.parent) == before


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
    assert set(contents(folder.partial)) == {
        *("settings.txt", "preprocessing.json", "run.json"),
        *("history.csv", "training_state.npz"),
    }
    second.keep_state(state_with(2))
    assert len(begin(again(folder), resume=True).history) == 2
    check_resumable(again(folder), lr=0.5)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_first_state_that_was_cut_off_is_whole_when_written_again(folder, monkeypatch, number):
    cut_off(folder)
    second = again(folder)
    begin(second)
    write_text, written = artefacts.write_text, []

    def interrupted(path, text):
        written.append(path)
        if len(written) == number:
            raise KeyboardInterrupt
        write_text(path, text)

    monkeypatch.setattr(artefacts, "write_text", interrupted)
    with pytest.raises(KeyboardInterrupt):
        second.keep_state(state_with(1))
    second.keep_state(state_with(1))
    second.finish(Network(), FIGURE, SOURCE)
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
    assert (folder.final / "model.keras").read_bytes() == b"weights"


def test_resume_of_a_finished_model_starts_a_folder_of_its_own(folder):
    train_whole(folder)
    begin(folder)  # cut off before its first epoch
    before = contents(folder.final)
    second = again(folder)
    assert len(begin(second, resume=True).history) == 2
    second.keep_state(state_with(3))
    assert contents(folder.final) == before
    assert "training_state.npz" in contents(folder.partial)


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


def without(name):
    """Return a function that takes one array out of a stored state."""

    def spoil(content):
        with np.load(io.BytesIO(content)) as stored:
            arrays = dict(stored)
        stream = io.BytesIO()
        np.savez(stream, **{key: value for key, value in arrays.items() if key != name})
        return stream.getvalue()

    return spoil


def one_array(content):
    stream = io.BytesIO()
    np.save(stream, np.arange(3))
    return stream.getvalue()


def pickled(content):
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=True, history=np.array([{}], dtype=object), numbers=[0])
    return stream.getvalue()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda content: b"", id="empty"),
        pytest.param(lambda content: content[: len(content) // 2], id="cut off"),
        pytest.param(lambda content: content[:200] + b"?" + content[201:], id="one byte"),
        pytest.param(lambda content: b"no archive at all", id="text"),
        pytest.param(one_array, id="one array"),
        pytest.param(pickled, id="pickled"),
        pytest.param(without("numbers"), id="without numbers"),
        pytest.param(without("history"), id="without history"),
    ],
)
def test_a_damaged_state_is_refused(folder, spoil):
    train_whole(folder)
    path = folder.final / "training_state.npz"
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(InputError, match=r"training_state.npz is damaged and cannot be resumed"):
        begin(folder, resume=True)
    assert not folder.partial.exists()


def test_models_must_be_a_folder(tmp_path):
    (tmp_path / "models").write_text("")
    with pytest.raises(InputError, match="models is not a folder"):
        artefacts.TrainingFolder(tmp_path / "models", "toy")


def test_record_of_a_run(tmp_path):
    path = tmp_path / "train.csv"
    path.write_text("time,a\n" + "".join(f"2021-01-01 00:{m:02d},{m}\n" for m in range(20)))
    table = read_table(path)
    source = artefacts.source_record(table)
    assert source == {
        "series": ["a"],
        "sampling_step_seconds": 60.0,
        "training_file": "train.csv",
        "training_path": str(path.resolve()),
        "training_file_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "rows": 20,
        "first_time": "2021-01-01 00:00:00",
        "last_time": "2021-01-01 00:19:00",
    }
    path.unlink()  # what happens to the file during a long training does not matter
    result = TrainingResult(state_with(), "early stopping")
    split = split_windows(20, 4, 0.25, 1, path)
    reference = WindowLosses(2, reconst=0.5, kl=0.25, median=0.7, percentile_95=1.5)
    run = artefacts.run_record(source, split, result, reference, seconds=1.26, device="CPU")
    assert source.items() <= run.items()
    assert run["windows"] == {
        "train": 12,
        "validation": 2,
        "left_out_across_gaps": 0,
        "left_out_labeled": 0,
    }
    assert (run["ending"], run["epochs"], run["best_epoch"]) == ("early stopping", 2, 1)
    assert run["best_losses"]["val_loss"] == 0.5
    assert run["best_losses"]["val_reconst"] is None
    assert WindowLosses.from_dict(run["reference_losses"]) == reference
    assert (run["session_seconds"], run["device"]) == (1.3, "CPU")
    assert "seconds" not in run
    assert set(run["versions"]) == {"python", "dcvae", "tensorflow", "keras", "numpy", "pandas"}
    assert json.loads(json.dumps(run, allow_nan=False)) == run


def test_history_as_text():
    lines = artefacts.history_csv([losses(1), losses(2, NAN)]).splitlines()
    assert lines[0] == "epoch,loss,reconst,kl,val_loss,val_reconst,val_kl,learning_rate"
    assert lines[1] == "1,1.0,0.30000000000000004,1e-300,0.5,,-0.0,0.0001"
    assert lines[2] == "2,0.5,0.30000000000000004,1e-300,,,-0.0,0.0001"


# --- A trained model -------------------------------------------------------------------------


def test_open_model(model):
    assert model.series == SERIES
    assert model.settings == settings_with(M=2)
    assert model.preprocessor == preprocessor_with()
    assert model.run == json.loads((model.folder / "run.json").read_bytes())


def test_a_model_opens_as_it_was_finished(folder):
    source = {**SOURCE, "sampling_step_seconds": 60.0}
    begin(folder, source=source)
    folder.keep_state(state_with())
    folder.finish(Network(), FIGURE, source)
    model = artefacts.open_model(folder.final.parent, settings_with())
    assert (model.series, model.run["sampling_step_seconds"]) == (SERIES, 60.0)


def test_keys_that_do_not_make_the_model_are_taken_from_the_file_given_now(models):
    given = settings_with(default_alpha=2.0, alpha_search="exact", epochs=3, fidelity_units="code")
    model = artefacts.open_model(models, given)
    assert (model.settings.default_alpha, model.settings.epochs) == (2.0, 3)
    assert model.settings.fidelity_units == "code"


def test_the_seed_is_that_of_the_training(models):
    """Latents that are drawn are the same whatever seed the file given now has."""
    trained = settings_with().seed
    given = settings_with(seed=trained + 1)
    assert artefacts.open_model(models, given).settings.seed == trained


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
        artefacts.open_model(models, settings_with(**keys))


def test_no_such_model(models):
    with pytest.raises(InputError, match=r"no trained model in .*other.*`model_name` 'other'"):
        artefacts.open_model(models, settings_with(model_name="other"))
    (models / "toy").rename(models / "toy.previous")
    with pytest.raises(InputError, match=r"A whole one is in .*toy.previous: rename that"):
        artefacts.open_model(models, settings_with())
    (models / "toy.previous" / "run.json").unlink()
    with pytest.raises(InputError, match=r"train it first, or give --models\.$"):
        artefacts.open_model(models, settings_with())


@pytest.mark.parametrize("name", ["model.keras", "settings.txt", "preprocessing.json", "run.json"])
def test_an_incomplete_model_is_refused(models, name):
    (models / "toy" / name).unlink()
    with pytest.raises(InputError, match=f"toy is incomplete: {name} missing"):
        artefacts.open_model(models, settings_with())


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
        ("run.json", '{"sampling_step_seconds": 60}', "model.keras is not the file that train.py"),
        ("run.json", '{"sampling_step_seconds": 60, "sha256": 1}', "model.keras is not the file"),
        ("preprocessing.json", "", "preprocessing.json is damaged"),
        ("preprocessing.json", "null", "preprocessing.json is damaged: expected a JSON object"),
        ("preprocessing.json", "{}", "preprocessing.json is damaged: expected the keys"),
        *[
            ("preprocessing.json", json.dumps(STORED | change), "preprocessing.json is damaged: .*")
            for change in (
                {"series": 2},
                {"series": []},
                {"series": ["a"]},
                {"series": ["a", 2]},
                {"mean": None},
                {"mean": [1.0, "x"]},
                {"mean": [1.0, NAN]},
                {"scale": [1.0, 0.0]},
                {"scale": [1.0, -1.0]},
                {"scale": [1.0, math.inf]},
                {"scale": [1.0, True]},
                {"max_std": "7"},
                {"outliers_of": "nothing"},
                {"extra": 1},
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
        artefacts.open_model(models, settings_with())


@pytest.mark.parametrize("name", ["model.keras", "settings.txt", "preprocessing.json"])
def test_a_file_that_was_changed_is_refused(models, name):
    path = models / "toy" / name
    path.write_bytes(path.read_bytes() + b"\n")  # harmless, but who knows that
    message = rf"{name} is not the file that train.py wrote: .*Train the model again, or put the"
    with pytest.raises(InputError, match=message):
        artefacts.open_model(models, settings_with())


def test_a_network_that_does_not_load_is_refused(model):
    with pytest.raises(InputError, match=r"model.keras is damaged: it does not load"):
        model.network()


def test_the_network_of_another_model_is_refused(models):
    from dcvae.networks import build_network

    path = models / "toy" / "model.keras"
    build_network(settings_with(M=2)).save(path)
    seal(path.parent)
    model = artefacts.open_model(models, settings_with())
    assert model.network().encoder.input_shape == (None, 4, 2)
    build_network(settings_with(M=2, J=3)).save(path)
    message = r"expected \(T, M, J\) = \(4, 2, 2\), received \(4, 2, 3\)\. Train the model again"
    with pytest.raises(InputError, match=message):
        model.network()


def labeled(folder):
    """Write a data file and its labels; their tables."""
    data, labels = folder / "labeled.csv", folder / "labels.csv"
    for path, texts in ((data, ("1.5", "2.5")), (labels, ("0", "1"))):
        lines = [f"2021-01-01 00:0{m}:00,{texts[m % 2]},{texts[m // 4]}" for m in range(8)]
        path.write_text("\n".join(['time,a,"b, c"', *lines]) + "\n")
    table = read_table(data)
    return table, read_labels(labels, table)


def definition_of(alphas):
    """A definition around given alphas, as both scripts that define make one."""
    alarm = SystemAlarm.published(len(alphas.series))
    return Definition(alphas, alarm, np.zeros(len(alphas.series)), [])


def write_alphas(model, alphas):
    path, _ = model.write_definition(definition_of(alphas), *labeled(model.folder.parent))
    return path


def test_alphas_are_the_same_when_read_back(model):
    assert model.alphas() is None
    alphas = Alphas(
        SERIES,
        down=np.array([2.0, 0.1 + 0.2]),
        up=np.array([1e-9, 7.0]),
        f1=np.array([1 / 3, NAN]),
        precision=np.array([1.0, NAN]),
        recall=np.array([0.2, NAN]),
        labeled_rows=np.array([12, 0]),
        method=("grid point-wise", "default"),
    )
    path = write_alphas(model, alphas)
    assert path == model.folder / "alphas.csv"
    again = model.alphas()
    for name in ("series", "method"):
        assert getattr(again, name) == getattr(alphas, name)
    for name in ("down", "up", "f1", "precision", "recall", "labeled_rows"):
        np.testing.assert_array_equal(getattr(again, name), getattr(alphas, name))


def test_series_may_have_the_names_of_missing_values(tmp_path):
    for names in (("NA", "nan"), ("1", "1.0"), ("True", "null")):
        model = artefacts.StoredModel(
            settings_with(), preprocessor_with(series=names), {}, tmp_path
        )
        write_alphas(model, Alphas.default(names, 3.0))
        assert model.alphas().series == names


def test_what_the_alphas_were_chosen_on(model):
    assert model.alphas_source() is None
    assert model.definition_tables() is None
    data, labels = labeled(model.folder.parent)
    path, _ = model.write_definition(definition_of(Alphas.default(SERIES, 3.0)), data, labels)
    assert model.alphas_source() == {
        "alphas_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "data": data.path.name,
        "data_path": str(data.path.resolve()),
        "data_sha256": hashlib.sha256(data.path.read_bytes()).hexdigest(),
        "labels_path": str(labels.path.resolve()),
        "labels_sha256": hashlib.sha256(labels.path.read_bytes()).hexdigest(),
        "time_zone": None,
        "sigma": "predicted",
        "first_time": "2021-01-01 00:00:00",
        "last_time": "2021-01-01 00:07:00",
    }
    for again, first in zip(model.definition_tables(), (data, labels), strict=True):
        pd.testing.assert_frame_equal(again.frame, first.frame)


def test_alphas_name_the_data_they_rest_on(model):
    path = write_alphas(model, Alphas.default(SERIES, 3.0))
    assert pd.read_csv(path)["data"].tolist() == ["labeled.csv"] * 2


def test_data_taken_to_be_normal_are_found_again(model):
    data, _ = labeled(model.folder.parent)
    model.write_definition(definition_of(Alphas.default(SERIES, 3.0)), data, None)
    again, labels = model.definition_tables()
    assert labels is None
    pd.testing.assert_frame_equal(again.frame, data.frame)


def test_what_training_defined_rests_on_the_training_file_without_its_labeled_cells(model):
    data, labels = labeled(model.folder.parent)
    trained = replace(model, run=model.run | artefacts.source_record(data, labels))
    trained.write_definition(definition_of(Alphas.default(SERIES, 3.0)), data, None)
    again, no_labels = trained.definition_tables()
    assert no_labels is None
    pd.testing.assert_frame_equal(again.frame, data.frame.mask(labels.frame))
    labels.path.write_text(labels.path.read_text() + "\n")
    assert trained.definition_tables() is None


def test_alphas_in_other_sigmas_are_refused(model):
    write_alphas(model, Alphas.default(SERIES, 3.0))
    other = replace(model, settings=settings_with(sigma="constant"))
    message = (
        r'alphas.csv counts in sigmas of another kind: expected alphas for `sigma` "constant", '
        r'received "predicted". Run alpha_definition.py again, or set `sigma` back'
    )
    with pytest.raises(InputError, match=message):
        other.alphas()


def test_the_alarm_is_the_same_when_read_back(model):
    alarm = SystemAlarm(AlarmRules.of(model.settings), np.array([0.1, 1 / 3]), 1.7, "budget")
    defined = definition_of(Alphas.default(SERIES, 3.0))._replace(alarm=alarm)
    _, path = model.write_definition(defined, *labeled(model.folder.parent))
    assert path == model.folder / "alarms.json"
    again = model.system_alarm()
    assert (again.rules, again.threshold, again.method) == (alarm.rules, 1.7, "budget")
    np.testing.assert_array_equal(again.level, alarm.level)


def test_other_rules_in_the_settings_than_the_alarm_was_made_with_are_told(model):
    made = SystemAlarm(AlarmRules.of(model.settings), np.ones(2), 1.0, "budget")
    assert model.alarm_notice(made) == []
    other = replace(model, settings=settings_with(alarm_hold=3))
    [notice] = other.alarm_notice(made)
    assert "run alpha_definition.py to change them" in notice
    assert other.alarm_notice(replace(made, method="labels")) == []


@pytest.mark.parametrize("name", ["alarms.json", "calibration.json"])
def test_what_training_learned_of_normal_data_must_be_there(model, name):
    read = model.system_alarm if name == "alarms.json" else model.calibration
    message = "is missing. Run alpha" if name == "alarms.json" else "is damaged .*Train the model"
    with pytest.raises(InputError, match=f"{name} {message}"):
        read()


@pytest.mark.parametrize("change", ["edit", "remove"])
def test_alphas_that_are_not_those_that_were_written_have_no_source(model, change):
    path = write_alphas(model, Alphas.default(SERIES, 3.0))
    if change == "edit":
        path.write_text(path.read_text().replace("3.0", "2.0"))
    else:
        path.unlink()
    assert model.alphas_source() is None
    assert model.definition_tables() is None


@pytest.mark.parametrize("name", ["labeled.csv", "labels.csv"])
@pytest.mark.parametrize("change", ["edit", "remove"])
def test_labeled_data_that_changed_is_not_read(model, name, change):
    write_alphas(model, Alphas.default(SERIES, 3.0))
    path = model.folder.parent / name
    if change == "edit":
        path.write_text(path.read_text() + "\n")
    else:
        path.unlink()
    assert model.alphas_source() is not None
    assert model.definition_tables() is None


def test_a_training_table_is_read_as_it_was_learned(model, tmp_path):
    """With the zone of the training, and without the cells that were labeled then."""
    data, labels = labeled(tmp_path)
    source = artefacts.source_record(data, labels)
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


def test_labeled_tables_have_the_zone_they_had(model, tmp_path):
    data, labels = labeled(tmp_path)
    model.write_definition(definition_of(Alphas.default(SERIES, 3.0)), data, labels)
    now = replace(model, settings=model.settings.model_copy(update={"time_zone": "Europe/Madrid"}))
    pd.testing.assert_frame_equal(now.definition_tables()[0].frame, data.frame)


def test_rows_whose_window_crosses_a_gap_are_not_observed(model):
    """The model has windows of 4 rows and was trained on steps of a minute."""
    minutes = [0, 1, 2, 3, 4, 17, 18, 19, 20, 32]
    times = pd.Timestamp("2021-01-01") + pd.to_timedelta(minutes, unit="min")
    frame = pd.DataFrame(1.0, pd.DatetimeIndex(times, name="time"), list(SERIES))
    frame.iloc[4, 1] = np.nan
    table = Table(Path("data.csv"), frame, [])
    assert model.observed(table).astype(int).tolist() == [
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


def test_history(model):
    history = [losses(1), losses(2, NAN)]
    (model.folder / "history.csv").write_text(artefacts.history_csv(history))
    again = model.history()
    np.testing.assert_array_equal(again, history)
    assert all(type(line) is EpochLosses and type(line.epoch) is int for line in again)


@pytest.mark.parametrize("content", [None, b"", b"epoch,loss\n1,2\n", b"\xff\xfe\x00epoch"])
def test_damaged_history_is_refused(model, content):
    if content is not None:
        (model.folder / "history.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"history.csv is damaged"):
        model.history()


HEADER = "series,alpha_down,alpha_up,f1,precision,recall,labeled_rows,method\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"alphas.csv is damaged"),
        ('"a', r"alphas.csv is damaged|must have the columns"),
        ("series,alpha_down\na,1\n", "must have the columns .* Missing: `alpha_up`"),
        (HEADER + "a,1,1,,,,0,x\n", "exactly the 2 series of the model. Missing: `b, c`"),
        (HEADER + 'a,1,1,,,,0,x\n"b, c",1,1,,,,0,x\nd,1,1,,,,0,x\n', "Unknown: `d`"),
        (HEADER + 'a,1,1,,,,0,x\na,1,1,,,,0,x\n"b, c",1,1,,,,0,x\n', "more than one for `a`"),
        (HEADER + 'a,two,1,,,,0,x\n"b, c",1,1,,,,0,x\n', "line 2: `alpha_down` must be"),
        (HEADER + 'a,1,1,,,,0,x\n"b, c",1,-1,,,,0,x\n', "line 3: `alpha_up` must be"),
        (HEADER + 'a,1,1,7,,,0,x\n"b, c",1,1,,,,0,x\n', "line 2: `f1` must be"),
        (HEADER + "a,1,1,,,,0,x,y,z\nb,1\n", "alphas.csv"),
    ],
)
def test_damaged_alphas_are_refused(model, text, message):
    (model.folder / "alphas.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        model.alphas()


def test_binary_alphas_are_refused(model):
    (model.folder / "alphas.csv").write_bytes(b"\xff\xfe\x00series")
    with pytest.raises(InputError, match=r"alphas.csv is damaged"):
        model.alphas()


# ------------------------------------------------------------- folders that cannot be written to


@pytest.mark.parametrize("what", ["model", "models"])
def test_a_folder_without_permission_is_refused_before_the_work(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artefacts.os, "access", lambda path, mode: False)  # root may write anyway
    (tmp_path / "m").mkdir()
    settings = Settings.from_text('{"model_name": "m"}', "s.txt")
    use = {
        "model": lambda: artefacts.open_model(tmp_path, settings),
        "models": lambda: artefacts.TrainingFolder(tmp_path, "m"),
    }
    with pytest.raises(InputError, match=r"Nothing can be written to .* give that with --models"):
        use[what]()
