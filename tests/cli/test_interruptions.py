"""A training that is interrupted or killed: nothing is lost, and it can go on."""

import contextlib
import json
import re
import shutil
import signal
import subprocess
import threading
import time
from unittest import mock

import numpy as np
import pytest

from dcvae.cli.progress import TrainingDisplay
from support.script_tools import (
    MODEL_FILES,
    ROOT,
    command,
    environment,
    epochs_of,
    good,
    notices,
    toy_frame,
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


# Runs a script as it is, but for a step that is not compiled by XLA, which takes seconds.
WITHOUT_XLA = """
import runpy, sys
from dcvae.cli.printer import start_backend
start_backend()
from dcvae.training import loop
loop._BY_XLA = False
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@contextlib.contextmanager
def long_training(place, until, *, by_xla=False):
    """Start a training that would take for ever, and wait for a line of its output."""
    python, *words = command("train", *place.words("train"), "--epochs", "1000000")
    process = subprocess.Popen(
        [python, *words] if by_xla else [python, "-c", WITHOUT_XLA, *words],
        env=environment(ROOT),
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
    with long_training(training_place, "model ", by_xla=True) as process:
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "\ninterrupted; nothing was changed\n")
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
