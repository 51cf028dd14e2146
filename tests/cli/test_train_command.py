"""`dcvae train`: what is kept of a training, training again, going on, and what is said before."""

import json
import shlex
import shutil
from unittest import mock

import numpy as np
import pandas as pd
import pytest

from dcvae.cli.progress import TrainingDisplay
from dcvae.config import read_settings
from dcvae.storage import sha256_of, training_folder
from dcvae.training import loop
from support import spoilers
from support.script_tools import (
    MODEL_FILES,
    ROOT,
    call,
    ending_before_it_computes,
    epochs_of,
    good,
    notices,
    read_csv,
    short_epochs,
    toy_frame,
    write_settings,
)
from support.stored_models import contents


def test_what_is_kept_of_a_training(walk):
    folder = walk[0] / "models" / "toy"
    settings = read_settings(folder / "settings.txt")
    assert settings == read_settings(walk[0] / "settings.txt").with_num_series(3, "train.csv")
    history = pd.read_csv(folder / "history.csv")
    assert list(history["epoch"]) == [1, 2]
    assert history.notna().all(axis=None)
    run_record = json.loads((folder / "run.json").read_bytes())
    assert run_record["series"] == ["s0", "s1", "s2"]
    assert run_record["rows"] == 240
    assert run_record["training_file_sha256"] == sha256_of(walk[0] / "train.csv")
    assert run_record["sampling_step_seconds"] == 300
    assert run_record["session_seconds"] > 0
    for name in ("model.keras", "settings.txt", "preprocessing.json"):
        assert run_record["sha256"][name] == sha256_of(folder / name)
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")
    train = read_csv(walk[0] / "train.csv")
    learned = json.loads((folder / "preprocessing.json").read_bytes())
    np.testing.assert_allclose(learned["mean"], train.mean())
    np.testing.assert_allclose(learned["scale"], train.std(ddof=0))


def test_training_again_keeps_the_model_as_previous_and_quiet_is_quiet(training_place):
    before = contents(training_place.model)

    def lose_the_file(display, losses, is_best):
        """Do what may happen in a long training, when the file has long been read."""
        training_place.data.unlink()

    with mock.patch.object(TrainingDisplay, "epoch", lose_the_file):
        ended = good(training_place.call("train", "--epochs", "1", "--quiet"))
    assert ended.stdout == ""
    assert contents(training_place.models / "toy.previous") == before
    assert epochs_of(training_place.model) == [1]
    assert set(contents(training_place.model)) == set(MODEL_FILES)


def test_resume_goes_on(training_place):
    before = contents(training_place.model)
    ended = good(training_place.call("train", "--resume", "--epochs", "4"))
    assert "epoch 3/4" in ended.stdout
    assert "epoch 2/4" not in ended.stdout
    assert epochs_of(training_place.model) == [1, 2, 3, 4]
    previous = training_place.models / "toy.previous"
    assert contents(previous) == before
    assert f"note: Going on with the training in {training_place.model}.\n" in ended.stdout
    assert f"its alphas and its results are now in {previous}; the new one " in ended.stdout
    models = shlex.join(["--models", str(training_place.models)])
    assert ended.stdout.endswith(f"python test.py TEST.csv {training_place.settings} {models}\n")
    history = (training_place.model / "history.csv").read_bytes()
    assert history.startswith(before["history.csv"])


def test_resume_leaves_out_the_windows_that_the_whole_training_leaves_out(training_place):
    frame = read_csv(training_place.data)
    frame.iloc[60:63] += 8 * frame.std()
    frame.to_csv(training_place.data)
    found = []
    for name, words in (("whole", ["--epochs", "3"]), ("parts", ["--epochs", "2"])):
        write_settings(training_place.settings, model_name=name, trim_windows=0.1, lr=1e-4)
        ended = good(training_place.call("train", *words))
        if name == "parts":
            ended = good(training_place.call("train", "--resume", "--epochs", "3"))
        folder = training_place.models / name
        run_record = json.loads((folder / "run.json").read_bytes())
        found.append((contents(folder)["training_state.npz"], run_record["trimmed"]))
    assert found[0] == found[1]
    trimmed = found[0][1]
    assert trimmed["left_out"] == 2 * int(0.1 * (trimmed["ranked"] / 2))
    assert len(trimmed["suspects"]) > 0
    first = trimmed["suspects"][0]["first_time"]
    assert f"note: Left out most often by `trim_windows`: {first}" in ended.stdout


def test_resume_with_nothing_left_is_refused(training_place):
    before = contents(training_place.models)
    with ending_before_it_computes(KeyboardInterrupt):
        ended = training_place.call("train", "--resume")
    assert ended.returncode == 2
    assert ended.stderr == (
        "error: Nothing is left to train: the model has 2 epochs and `epochs` is 2. Raise "
        "`epochs`, or give --epochs.\n"
    )
    after = contents(training_place.models)
    assert {name: after[name] for name in before} == before


def test_a_state_of_other_weights_is_refused(training_place):
    path = training_place.model / "training_state.npz"
    with np.load(path) as stored:
        arrays = dict(stored)
    arrays.pop(next(name for name in arrays if name.startswith("last/network")))
    np.savez(path, **arrays)
    ended = training_place.call("train", "--resume", "--epochs", "3")
    assert ended.returncode == 2
    assert "its weights are not those of this network" in ended.stderr


def test_a_loss_that_is_no_number_leaves_the_model(training_place):
    write_settings(training_place.settings, lr=1e30)
    before = contents(training_place.model)
    ended = training_place.call("train")
    assert ended.returncode == 2
    assert ended.stderr.startswith("error: The loss is not a number")
    assert contents(training_place.model) == before
    assert not (training_place.models / "toy.previous").exists()


def test_a_training_that_breaks_at_the_very_end_leaves_the_model(training_place):
    before = contents(training_place.model)
    with mock.patch.object(training_folder, "run_record", side_effect=OSError("disk full")):
        ended = training_place.call("train", "--epochs", "1")
    assert ended.returncode == 2
    assert ended.stderr == (
        "error: disk full. Check the path and the disk.\nThe training so far is kept in "
        f"{training_place.models / 'toy.partial'}: --resume goes on with it.\n"
    )
    assert contents(training_place.model) == before


def test_a_loss_that_is_no_number_later_keeps_the_best_weights(training_place):
    run_epoch = loop._run_epoch

    def diverging(runner, starts, validation, settings, epoch, *more):
        if epoch > 1:
            return None
        return run_epoch(runner, starts, validation, settings, epoch, *more)

    with mock.patch.object(loop, "_run_epoch", diverging):
        ended = training_place.call("train", "--quiet")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("warning: the loss became NaN or infinite")
    assert epochs_of(training_place.model) == [1]
    assert set(contents(training_place.model)) == set(MODEL_FILES)


def test_removed_outliers_are_told(training_place):
    spoilers.data(spoilers.cell(9, 2, "99999"))(training_place)
    assert notices(training_place, "train") == [
        "note: Cells more than `max_std` = 7 standard deviations from the mean are taken for "
        "missing in 1 of 3 series: `s1` 1 (0.42%).",
    ]


def test_what_settings_may_surprise_with_is_told_in_one_order(training_place):
    """Keys without effect, rows out of reach, departures from fidelity, names of no series."""
    keys = {"decay_rate": 0.9, "fidelity_spread": "code", "T": 40, "val_percent": 0.3}
    write_settings(training_place.settings, **keys, units={"s1": "V", "s-2": "W"})
    unused, *reach, fidelity, names = notices(training_place, "train")
    assert unused.endswith("without effect: `decay_rate` (`lr_decay` is false).")
    assert reach
    assert all("receptive field" in note for note in reach)
    assert fidelity == 'note: `fidelity` is "paper" but `fidelity_spread` is "code".'
    assert names == (
        "note: Units are given for `s-2`, which is no series of train.csv; did you mean `s2`?"
    )


def test_a_training_that_was_cut_off_is_told(training_place):
    partial = training_place.models / "toy.partial"
    shutil.copytree(training_place.model, partial)
    [note] = notices(training_place, "train")
    assert note.startswith(f"note: An earlier training was cut off ({partial}). --resume would go")
    assert notices(training_place, "train", "--resume", "--epochs", "3") == [
        f"note: Going on with the training in {partial}."
    ]


@pytest.mark.slow
def test_the_published_settings_train_unchanged(tmp_path):
    toy_frame(650, 12).to_csv(tmp_path / "train.csv")
    toy_frame(140, 12, 1, "2021-05-01").to_csv(tmp_path / "test.csv")
    settings = ROOT / "settings" / "model_settings.txt"
    where = ("--models", tmp_path / "models")
    with short_epochs():
        trained = good(call("train", tmp_path / "train.csv", settings, "--epochs", "1", *where))
    assert "receptive field 128 (encoder) and 128 (decoder) of T = 128 rows" in trained.stdout
    assert "Keys in" in trained.stdout
    assert "encoder_conv_1" in trained.stdout  # `summary` is true
    good(call("test", tmp_path / "test.csv", settings, *where))
    assert len(read_csv(tmp_path / "models/dc-vae/results/test/sigma.csv")) == 13
