"""A training that is interrupted or killed: nothing is lost, and it can go on."""

import contextlib
import errno
import json
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from unittest import mock

import numpy as np
import pytest

from dcvae.cli import output
from dcvae.cli.progress import TrainingDisplay
from dcvae.config import read_settings
from dcvae.report import ResultsFolder
from dcvae.storage import open_model, training_folder
from support.script_tools import (
    DATA_OF,
    MODEL_FILES,
    ROOT,
    command,
    environment,
    epochs_of,
    good,
    notices,
    toy_frame,
    without_paths,
    write_settings,
)
from support.stored_models import contents


@contextlib.contextmanager
def interrupting(name):
    """Make a method of the display press Ctrl-C when it has done its work.

    The key is heard even where the tests run in the background of a shell, which ignores it.
    """
    original = getattr(TrainingDisplay, name)

    def interrupted(self, *arguments):
        original(self, *arguments)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with mock.patch.object(TrainingDisplay, name, interrupted):
            yield
    finally:
        signal.signal(signal.SIGINT, before)


KEPT = (
    "interrupted: the best weights so far are kept; --resume goes on from the last whole epoch.\n"
)


def test_ctrl_c_after_an_epoch_keeps_the_best_weights(training_place):
    with interrupting("epoch"):
        ended = training_place.call("train", "--epochs", "50")
    assert (ended.returncode, ended.stderr) == (130, KEPT)
    assert "\ninterrupted after 1 epoch and " in ended.stdout
    assert f"model: {training_place.model}\n" in ended.stdout
    assert epochs_of(training_place.model) == [1]
    assert json.loads((training_place.model / "run.json").read_bytes())["ending"] == "interrupted"
    training_place.data = training_place.folder / "test.csv"
    good(training_place.call("test"))


@pytest.mark.parametrize("more", [[], ["--resume"]])
def test_ctrl_c_before_the_first_epoch_ends_changes_nothing(training_place, more):
    """Neither the model nor a training that was cut off and can be resumed."""
    shutil.copytree(training_place.model, training_place.models / "toy.partial")
    before = contents(training_place.models)
    with interrupting("step"):
        ended = training_place.call("train", "--epochs", "3", *more)
    assert ended.returncode == 130
    assert ended.stderr == "\ninterrupted; nothing was changed\n"
    assert contents(training_place.models) == before


@contextlib.contextmanager
def long_training(place, until, engine="numpy"):
    """Start a training that would take for ever, and wait for a line of its output."""
    process = subprocess.Popen(
        command("train", *place.words("train"), "--epochs", "1000000"),
        env=environment(ROOT) | {"DCVAE_ENGINE": engine},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever started the tests may have had Ctrl-C ignored, as shells do for background jobs.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    watchdog = threading.Timer(120, process.kill)
    watchdog.start()
    try:
        assert any(re.match(until, line) for line in process.stdout), process.stderr.read()
        yield process
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_a_real_ctrl_c_after_an_epoch(training_place):
    write_settings(training_place.settings, patience=1_000_000)
    with long_training(training_place, r"epoch +1/") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, KEPT)
    assert "interrupted after " in out
    assert f"model: {training_place.model}" in out
    assert set(contents(training_place.model)) == set(MODEL_FILES)


@pytest.mark.slow
def test_a_real_ctrl_c_before_the_first_epoch_ends(training_place):
    """While XLA compiles, that is: outside of Python."""
    toy_frame(3_000).to_csv(training_place.data)
    write_settings(training_place.settings, batch_size=1)
    before = contents(training_place.model)
    with long_training(training_place, "model ", "keras") as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "\ninterrupted; nothing was changed\n")
    assert "epoch" not in out
    assert contents(training_place.model) == before


@pytest.mark.slow
def test_a_killed_training_leaves_the_model_and_can_go_on(training_place):
    write_settings(training_place.settings, patience=1_000_000)
    before = contents(training_place.model)
    assert notices(training_place, "train") == []
    with long_training(training_place, r"epoch +3/") as process:
        process.kill()
    assert contents(training_place.model) == before
    partial = training_place.models / "toy.partial"
    with np.load(partial / "training_state.npz") as stored:
        done = len(stored["history"])
    assert done >= 3
    ended = good(training_place.call("train", "--resume", "--epochs", str(done + 1)))
    assert f"epoch {done + 1}/{done + 1}" in ended.stdout
    assert epochs_of(training_place.model) == list(range(1, done + 2))
    assert contents(training_place.models / "toy.previous") == before
    assert not partial.exists()


# --- What is said is what was changed ------------------------------------------------------------


def pressing_ctrl_c(target, name):
    """Press Ctrl-C when a function is called, in place of it."""
    return mock.patch.object(target, name, side_effect=KeyboardInterrupt)


def test_ctrl_c_after_the_results_are_written(place):
    before = contents(place.model / "results" / "test")
    with pressing_ctrl_c(output, "review"):
        ended = place.call("test")
    assert ended.returncode == 130
    where = place.model / "results" / "test"
    assert ended.stderr == f"\ninterrupted; the results are in {where}\n"
    assert without_paths(contents(where)) == without_paths(before)  # the same run, the same files


def test_ctrl_c_before_the_results_are_written(place):
    before = contents(place.models)
    with pressing_ctrl_c(ResultsFolder, "write"):
        ended = place.call("test")
    assert (ended.returncode, ended.stderr) == (130, "\ninterrupted; nothing was changed\n")
    assert contents(place.models) == before


def test_ctrl_c_after_the_thresholds_are_written(place):
    before = contents(place.model)
    with pressing_ctrl_c(output, "alphas_table"):
        ended = place.define()
    assert ended.returncode == 130
    assert ended.stderr == f"\ninterrupted; the new thresholds are in {place.model}\n"
    after = contents(place.model)
    assert {name for name in before if before[name] != after[name]} == {
        *("alphas.csv", "alphas_source.json", "alarms.json")
    }


@pytest.mark.parametrize("end", ["Ctrl-C", "disk full"])
def test_a_finished_training_that_was_not_saved_is_saved_by_resume(training_place, end):
    before = contents(training_place.model)
    partial = training_place.models / "toy.partial"
    kept = f"he training so far is kept in {partial}: --resume goes on with it"
    full = OSError(errno.ENOSPC, "No space left on device", "x.keras")
    error = KeyboardInterrupt if end == "Ctrl-C" else full
    with mock.patch.object(training_folder, "save_network", side_effect=error):
        ended = training_place.call("train")
    if end == "Ctrl-C":
        assert (ended.returncode, ended.stderr) == (130, f"\ninterrupted; t{kept}\n")
    else:
        assert (ended.returncode, ended.stderr) == (
            2,
            "error: x.keras cannot be written: no space is left on its disk. Free some, and try "
            f"again.\nT{kept}.\n",
        )
    assert contents(training_place.model) == before
    trained = contents(partial)
    ended = good(training_place.call("train", "--resume"))
    assert f"Going on with the training in {partial}." in ended.stdout
    assert "epoch 1/2" not in ended.stdout
    assert "all epochs done after 2 epochs" in ended.stdout
    assert not partial.exists()
    assert contents(training_place.models / "toy.previous") == before
    after = contents(training_place.model)
    assert set(after) == set(MODEL_FILES)
    for name in ("history.csv", "training_state.npz", "preprocessing.json", "settings.txt"):
        assert after[name] == trained[name]


# Runs a script as it is, but for a real kill right after a step that cannot be taken back.
KILLED = """
import os, runpy, signal, sys
from pathlib import Path
from dcvae.storage.changing import files, folders, naming

def then_killed(step):
    def done(*words):
        step(*words)
        os.kill(os.getpid(), signal.SIGKILL)
    return done

folders.exchange = naming.exchange = then_killed(folders.exchange)
rename = Path.rename
Path.rename = lambda path, to: (
    then_killed(rename)(path, to) if path.name == ".writing" else rename(path, to)
)
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="folders are exchanged in one step")
@pytest.mark.parametrize("script", ["test", "alpha_definition"])
def test_a_command_that_is_killed_leaves_the_old_or_the_new(place, script):
    place.data = place.folder / DATA_OF[script]
    if script == "alpha_definition":  # what is there is not what comes
        good(place.define())
    old = contents(place.model)
    python, *words = command(script, *place.words(script))
    ended = subprocess.run(
        [python, "-c", KILLED, *words], env=environment(ROOT), capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    open_model(place.models, read_settings(place.settings))
    found = contents(place.model)
    changed = {name for name in without_paths(old) if old[name] != found[name]}
    thresholds = {"alphas.csv", "alphas_source.json", "alarms.json"}
    assert changed == (thresholds if script == "alpha_definition" else set())
    good(place.call(script))
    assert contents(place.model) == found  # which was that of the whole run
    assert {path.name for path in place.models.iterdir()} == {"toy"}
