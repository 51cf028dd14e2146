"""The endings of a training: patience, losses that are no number, Ctrl-C at every place."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from dcvae import InputError
from dcvae.networks import build_network
from dcvae.training import KerasEpochs, TrainingState, train
from dcvae.training.state import Ending
from support.builders import inputs_of
from support.training_tools import (
    INPUTS,
    RESUMED,
    SERIES,
    MadeUpEpochs,
    assert_same_states,
    run,
    run_replayed,
    small,
    split_of,
    variables_of,
)


def test_endings_are_the_documented_ones() -> None:
    assert set(get_args(Ending)) == {
        "all epochs done",
        "early stopping",
        "interrupted",
        "loss is not a number",
    }


# ------------------------------------------------------------------- patience


def test_stops_after_patience_epochs_without_progress() -> None:
    losses = [5.0, 4.0, 3.995, 4.2, 4.1, 1.0]
    result, weight, num_epochs = run_replayed(losses, patience=3, min_delta=0.01)
    assert result.ending == "early stopping"
    assert num_epochs == len(result.state.history) == 5
    assert result.state.best_epoch == weight == 3


def test_progress_on_the_last_chance_goes_on() -> None:
    losses = [5.0, 6.0, 6.0, 4.0, 6.0, 6.0, 6.0, 1.0]
    result, _, num_epochs = run_replayed(losses, patience=3)
    assert (result.ending, num_epochs, result.state.best_epoch) == ("early stopping", 7, 4)


def test_patience_that_ends_with_the_epochs_is_all_epochs_done() -> None:
    result, _, num_epochs = run_replayed([1.0, 2.0, 2.0], patience=2)
    assert (result.ending, num_epochs) == ("all epochs done", 3)


# ------------------------------------------------------------------- no number


@pytest.mark.parametrize(("bad", "scale"), [(math.nan, True), (math.inf, False)])
def test_loss_that_is_no_number_in_the_first_epoch(bad: float, scale: bool) -> None:
    """The loop does not know `scale`: the hint says when it is one."""
    series = SERIES.copy()
    series[60, 1] = bad
    with pytest.raises(
        InputError,
        match=r"^The loss is not a number \(NaN or infinite\) in epoch 1, the first of this run, "
        r"and nothing was kept\. Expected finite losses; `lr` 0\.01 may be too large for this "
        r"data: try a tenth of it, or set `scale` to true if it is false\.$",
    ):
        run(small(scale=scale), inputs_of(series))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_loss_that_is_no_number_later_keeps_the_best(bad: float) -> None:
    result, weight, num_epochs = run_replayed([2.0, 1.0, 1.5, bad, 0.1])
    assert result.ending == "loss is not a number"
    assert (num_epochs, len(result.state.history)) == (4, 3)
    assert result.state.best_epoch == weight == 2


def test_loss_that_is_no_number_right_after_resuming(whole: TrainingState) -> None:
    settings = small(**RESUMED | {"epochs": 9})
    kept: list[TrainingState] = []
    inputs = inputs_of(np.full_like(SERIES, np.nan))
    with pytest.raises(InputError, match=r"in epoch 5, the first of this run, and nothing"):
        run(settings, inputs, state=whole, keep=kept.append)
    assert kept == []


def test_one_that_was_not_saved_yet_ends_with_what_it_has(whole: TrainingState) -> None:
    """Where another would have nothing left to train, or nothing new to keep."""
    unsaved = replace(whole, is_unsaved=True)
    inputs = inputs_of(np.full_like(SERIES, np.nan))
    for keys, ending in (
        ({"epochs": 4}, "all epochs done"),
        ({"epochs": 2}, "all epochs done"),
        ({"epochs": 9}, "loss is not a number"),
    ):
        kept: list[TrainingState] = []
        result = run(small(**RESUMED | keys), inputs, state=unsaved, keep=kept.append)
        assert (result.ending, kept) == (ending, [])
        assert_same_states(result.state, whole)


def test_validation_loss_that_is_no_number() -> None:
    settings = small(epochs=3)
    runner = MadeUpEpochs(itertools.repeat(1.0), [1.0, math.nan])  # one batch an epoch
    result = train(runner, split_of(INPUTS, settings), settings)
    assert (result.ending, result.state.best_epoch) == ("loss is not a number", 1)


# ------------------------------------------------------------------- Ctrl-C


class Interrupted(KerasEpochs):
    """Epochs in one of whose steps Ctrl-C is pressed."""

    at_step = 0

    def train(self, starts: NDArray[np.int32], batch_size: int) -> Iterator[NDArray[np.float32]]:
        for losses in super().train(starts, batch_size):
            self.at_step -= len(losses)
            if self.at_step <= 0:
                raise KeyboardInterrupt
            yield losses


def test_interrupted_training_keeps_whole_epochs_and_can_go_on(whole: TrainingState) -> None:
    settings = small(**RESUMED)
    split = split_of(INPUTS, settings)
    steps_an_epoch = len(split.train) // settings.batch_size
    network = build_network(settings)
    runner = Interrupted(network, INPUTS.values, settings)
    runner.at_step = steps_an_epoch + 2
    result = train(runner, split, settings)
    assert (result.ending, len(result.state.history)) == ("interrupted", 1)
    for left, right in zip(variables_of(network), result.state.best.values(), strict=True):
        np.testing.assert_array_equal(left, right)

    assert_same_states(run(settings, state=result.state).state, whole)


@pytest.mark.parametrize("epoch", [1, 2])
def test_interrupted_while_the_state_is_written(epoch: int) -> None:
    kept: list[TrainingState] = []

    def keep(state: TrainingState) -> None:
        kept.append(state)
        if len(kept) == epoch:
            raise KeyboardInterrupt

    result = run(small(epochs=9), keep=keep)
    assert (result.ending, len(result.state.history)) == ("interrupted", epoch)
    assert kept[epoch:] == [result.state]


def test_interrupted_before_the_first_epoch_is_over() -> None:
    settings = small()
    runner = MadeUpEpochs([])
    runner.interrupt_at = 1
    with pytest.raises(KeyboardInterrupt):
        train(runner, split_of(INPUTS, settings), settings)


def test_interrupted_before_the_first_epoch_after_resuming() -> None:
    first, _, _ = run_replayed([2.0, 1.0])
    settings = small(epochs=9, val_percent=0, batch_size=10**6)
    runner = MadeUpEpochs([])
    runner.interrupt_at = 1
    with pytest.raises(KeyboardInterrupt):
        train(runner, split_of(INPUTS, settings), settings, state=first.state)


# ------------------------------------------------------------------- memory


class OutOfMemoryError(RuntimeError):
    """Named as torch names it."""


class ForgetfulEpochs(MadeUpEpochs):
    """Steps of which one finds no memory."""

    def __init__(self, losses: list[float], fails_at: int) -> None:
        super().__init__(losses)
        self.fails_at = fails_at

    def train(self, starts: NDArray[np.int32], batch_size: int) -> Iterator[NDArray[np.float32]]:
        for losses in super().train(starts, batch_size):
            if self.steps == self.fails_at:
                raise OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
            yield losses


@pytest.mark.parametrize(
    ("fails_at", "kept"),
    [
        (1, ""),
        (2, " What was kept of the epoch so far stays: once memory is free, resume it as it was."),
        (3, " What was kept of the 2 epochs so far stays: once memory is free, resume it as it"),
    ],
)
def test_memory_that_runs_out_is_refused_and_the_epochs_so_far_are_kept(
    fails_at: int, kept: str
) -> None:
    settings = small(epochs=5, val_percent=0, batch_size=10**6, min_delta=0)
    split = split_of(INPUTS, settings)
    count = len(split.train)
    states: list[TrainingState] = []
    runner = ForgetfulEpochs([3.0, 2.0, 1.0], fails_at)
    with pytest.raises(InputError) as refused:
        train(runner, split, settings, keep=states.append)
    assert str(refused.value).startswith(
        f"Memory ran out in epoch {fails_at}, whose steps have {count} windows of `T` "
        f"{settings.window_length} rows. Expected enough for a step. Set `batch_size` to "
        f"{count // 2} or less, or close other programs that use this device.{kept}"
    )
    assert len(states) == fails_at - 1
    if states:
        finished = train(MadeUpEpochs([1.0] * 5), split, settings, state=states[-1])
        assert len(finished.state.history) == 5
