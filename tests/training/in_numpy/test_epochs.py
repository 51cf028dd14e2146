"""Epochs in NumPy: one process or two, however many steps at a time, and what ends them."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcvae.networks import initial_weights
from dcvae.training import NumpyEpochs
from dcvae.training.in_numpy import epochs, worker
from dcvae.training.in_numpy.parameters import Parameters
from dcvae.training.in_numpy.part import BatchPart
from dcvae.training.in_numpy.shared_memory import Arrays
from dcvae.training.in_numpy.steps import BatchSteps
from dcvae.training.state import Variables
from support.builders import random_rows, settings_with

# As many windows and channels as make two parts of a batch.
SETTINGS = settings_with(
    T=32, M=2, J=3, cnn_units=[32, 24], dil_rate=[1, 2, 4], kernel=3, lr=1e-3, epochs=50
)
ROWS = random_rows(300, 2)
STARTS = np.random.default_rng(3).permutation(268).astype(np.int32)
BATCH, VALIDATION_BATCH = 50, 70


def runner_of(**keys: Any) -> NumpyEpochs:
    settings = settings_with(**{**SETTINGS.to_dict(), **keys})
    return NumpyEpochs(initial_weights(settings), ROWS, settings)


def results(runner: NumpyEpochs) -> tuple[bytes, Variables]:
    losses = [
        *runner.train(STARTS, BATCH),
        *runner.validate(STARTS, VALIDATION_BATCH),
        *runner.train(STARTS, BATCH),
    ]
    return np.concatenate(losses).tobytes(), runner.values()


def assert_same(found: tuple[bytes, Variables], expected: tuple[bytes, Variables]) -> None:
    assert found[0] == expected[0]
    assert list(found[1]) == list(expected[1])
    for name, value in expected[1].items():
        np.testing.assert_array_equal(found[1][name], value, err_msg=name)


def ready(monkeypatch: Any) -> NumpyEpochs:
    """Return a runner that has a second process, which it uses whenever it can."""
    monkeypatch.setattr(epochs, "_WORTH_A_PROCESS", 0.0)
    monkeypatch.setattr(worker, "usable_threads", lambda: 2)
    monkeypatch.setattr(epochs.Pace, "is_better_with_two", lambda self: True)
    monkeypatch.setattr(epochs, "_FIRST_BATCHES", 2)
    runner = runner_of()
    before = runner.values()
    next(runner.train(STARTS[:BATCH], BATCH))
    if runner._companion is None:
        pytest.skip("this system has no memory that two processes share without a file")
    deadline = time.monotonic() + 60
    while not runner._companion.is_ready:
        assert not runner._companion.is_lost, "it has ended"
        assert time.monotonic() < deadline, "it does not start"
        time.sleep(0.01)
    runner.restore(before)
    return runner


@pytest.fixture
def two(monkeypatch: Any) -> Iterator[NumpyEpochs]:
    runner = ready(monkeypatch)
    yield runner
    runner.close()


def alone(monkeypatch: Any) -> NumpyEpochs:
    monkeypatch.setattr(worker, "usable_threads", lambda: 1)
    runner = runner_of()
    assert runner._memory is None
    return runner


def test_two_processes_have_the_numbers_of_one(two: NumpyEpochs, monkeypatch: Any) -> None:
    found = results(two)
    assert two._bench.batches(BATCH)._steps.num_parts == 2
    assert two._bench.team.size == 2
    assert_same(found, results(alone(monkeypatch)))


def test_a_second_process_that_dies_costs_nothing(two: NumpyEpochs, monkeypatch: Any) -> None:
    companion = two._companion
    assert companion is not None
    original = BatchSteps.train

    def dying(self: Any, *arguments: Any) -> None:
        companion._process.kill()
        companion._process.wait()
        original(self, *arguments)

    monkeypatch.setattr(BatchSteps, "train", dying)
    monkeypatch.setattr("dcvae.training.in_numpy.team._SPINS", 10)
    trained = list(two.train(STARTS[:150], BATCH))
    monkeypatch.setattr(BatchSteps, "train", original)
    assert two._companion is None
    runner = alone(monkeypatch)
    expected = list(runner.train(STARTS[:150], BATCH))
    assert np.concatenate(trained).tobytes() == np.concatenate(expected).tobytes()
    assert_same(results(two), results(runner))


def test_ctrl_c_ends_the_second_process(two: NumpyEpochs, monkeypatch: Any) -> None:
    companion = two._companion
    assert companion is not None

    def pressed(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(BatchSteps, "train", pressed)
    with pytest.raises(KeyboardInterrupt):
        list(two.train(STARTS, BATCH))
    assert companion.is_lost
    assert two._companion is None


def test_what_lies_in_the_working_directory_is_not_run(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    # Python passes over what is no text; the programs of some users have it there.
    monkeypatch.setattr(sys, "path", [folder for folder in sys.path if folder] + [tmp_path / "x"])
    # Nor does Python start by what is beside a script.
    (tmp_path / "script").mkdir()
    (tmp_path / "script" / "re.py").write_text("raise SystemExit")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "script"), *sys.path])
    runner = ready(monkeypatch)
    assert runner._companion is not None
    runner.close()


def test_the_end_of_the_runner_ends_the_second_process(two: NumpyEpochs) -> None:
    companion = two._companion
    assert companion is not None
    two.close()
    assert companion.is_lost


def test_a_short_training_has_no_second_process(monkeypatch: Any) -> None:
    monkeypatch.setattr(worker, "usable_threads", lambda: 2)
    runner = runner_of(epochs=1)
    list(runner.train(STARTS, BATCH))
    assert runner._companion is None


@pytest.mark.parametrize("parent", [None, object()])
def test_no_second_process_of_a_process_that_is_one_of_several(
    parent: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(worker, "usable_threads", lambda: 2)
    monkeypatch.setattr("multiprocessing.parent_process", lambda: parent)
    assert worker.is_possible() == (parent is None)


def test_how_many_steps_at_a_time_makes_no_difference(monkeypatch: Any) -> None:
    found = []
    for seconds in (0.0, 1e9):
        monkeypatch.setattr(epochs, "_SECONDS", seconds)
        found.append(results(alone(monkeypatch)))
    assert_same(*found)


def test_a_resumed_training_goes_on_as_if_nothing_had_been() -> None:
    first = runner_of(lr_decay=True, decay_step=3, decay_rate=0.5)
    list(first.train(STARTS, BATCH))
    second = runner_of(lr_decay=True, decay_step=3, decay_rate=0.5)
    second.restore(first.values())
    assert second.learning_rate == first.learning_rate == np.float32(0.25e-3)
    assert_same(results(second), results(first))


def test_what_it_gives_back_is_the_network_as_it_is() -> None:
    runner = runner_of()
    list(runner.train(STARTS, BATCH))
    again = NumpyEpochs(runner.network(), ROWS, SETTINGS)
    found, expected = again.values(), runner.values()
    for name in (name for name in expected if name.startswith("network/")):
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)


def test_a_bound_on_gradients_is_refused() -> None:
    weights = initial_weights(SETTINGS)
    object.__setattr__(weights, "gradient_norm", 1.0)
    with pytest.raises(ValueError, match=r"Expected no bound on gradients. Received: 1.0."):
        NumpyEpochs(weights, ROWS, SETTINGS)


def test_losses_that_are_no_numbers_are_told_without_a_warning() -> None:
    runner = runner_of(lr=1e30)
    losses = np.concatenate(list(runner.train(np.tile(STARTS, 2), BATCH)))
    assert np.isfinite(losses[0]).all()
    assert not np.isfinite(losses[-1]).all()


def test_a_unit_that_says_one_thing_has_no_variance_in_many_columns() -> None:
    """Mean squares of so many float32 numbers are off by half of what is added to a variance."""
    settings = settings_with(T=512, M=1, J=1, cnn_units=[1], dil_rate=[1, 2], activation="tanh")
    parameters = Parameters(initial_weights(settings), Arrays())
    table = np.zeros((1, 1000), dtype=np.float32)
    part = BatchPart(parameters, table, 512, slice(0, 256), "paper", bounded=True)
    found = []
    for constant in 1.0 - np.geomspace(1e-6, 0.5, 20):
        part.layers[1].inputs[:-1] = constant
        found.append(abs(part.moments(1)[1]).max())
    assert max(found) < 1e-6
