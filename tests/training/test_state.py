"""The state of a training: how an epoch changes it, and that it is enough to go on from."""

import math
from dataclasses import replace
from typing import Any

import pytest

from dcvae import InputError
from dcvae.networks import build_network
from dcvae.training import EpochLosses, EpochRunner, KerasEpochs, TrainingState, train
from dcvae.training.loop import _after_epoch
from support.training_tools import (
    INPUTS,
    RESUMED,
    MadeUpEpochs,
    assert_same_states,
    assert_same_variables,
    run,
    run_keeping,
    run_replayed,
    runner_of,
    small,
    split_of,
)


@pytest.fixture(scope="module")
def runner() -> KerasEpochs:
    return runner_of(build_network(small()), small())


def after(
    runner: EpochRunner, losses: list[float], min_delta: float, validated: bool = True
) -> TrainingState:
    state = TrainingState()
    for epoch, loss in enumerate(losses, start=1):
        if validated:  # the training loss tells the opposite, and must not be heard
            row = EpochLosses(epoch, -loss, 0, 0, loss, 0, 0, 1e-3)
        else:
            row = EpochLosses(epoch, loss, 0, 0, math.nan, math.nan, math.nan, 1e-3)
        state = _after_epoch(state, row, runner, min_delta)
    return state


# ------------------------------------------------------------------- after an epoch


@pytest.mark.parametrize("validated", [True, False])
@pytest.mark.parametrize(
    ("losses", "min_delta", "best_epoch", "without_progress"),
    [
        ([1.0], 0.1, 1, 0),
        ([3.0, 2.0, 1.0], 0.1, 3, 0),
        ([1.0, 2.0, 3.0], 0.1, 1, 2),
        ([1.0, 0.95, 0.93], 0.1, 3, 2),  # better, so kept, but by too little to go on for
        ([1.0, 0.95, 0.89], 0.1, 3, 0),  # little steps add up
        ([1.0, 0.75], 0.25, 2, 1),  # "more than", not "as much as"
        ([1.0, 2.0, 0.5, 0.6], 0.1, 3, 1),
        ([-1.0, -2.0, -1.5], 0.1, 2, 1),
        ([1.0, 1.0, 1.0], 0.0, 1, 2),
    ],
)
def test_progress_by_hand(
    runner: KerasEpochs,
    losses: list[float],
    min_delta: float,
    best_epoch: int,
    without_progress: int,
    validated: bool,
) -> None:
    state = after(runner, losses, min_delta, validated)
    assert state.best_epoch == best_epoch
    assert state.best_loss == losses[best_epoch - 1] == min(losses)
    assert state.epochs_without_progress == without_progress
    assert [row.epoch for row in state.history] == list(range(1, len(losses) + 1))


def test_states_do_not_share_memory_with_the_network(runner: KerasEpochs) -> None:
    state = after(runner, [1.0], 0.0)
    before = {name: value.copy() for name, value in state.last.items()}
    runner.restore({name: value + 1 for name, value in state.last.items()})
    assert_same_variables(state.last, before)
    assert_same_variables(state.best, {name: before[name] for name in state.best})


# ------------------------------------------------------------------- going on


def test_same_seed_same_states_also_if_it_ends_earlier(kept: list[TrainingState]) -> None:
    assert_same_states(run(small(**RESUMED | {"epochs": 2})).state, kept[1])


def test_other_seed_other_weights(kept: list[TrainingState]) -> None:
    other = run(small(**RESUMED | {"epochs": 1, "seed": 8})).state
    assert other.history != kept[0].history


@pytest.mark.parametrize(
    "keys",
    [
        pytest.param({}, id="plain"),
        pytest.param({"val_percent": 0}, id="no validation", marks=pytest.mark.slow),
        pytest.param(
            {"lr_decay": True, "decay_step": 5, "decay_rate": 0.5},
            id="decay",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_resumed_training_is_the_uninterrupted_one(
    keys: dict[str, Any], kept: list[TrainingState]
) -> None:
    settings = small(**RESUMED | keys)
    *_, half, _, whole = run_keeping(settings) if keys else kept
    assert len(half.history) == 2
    resumed = run(settings, state=half)
    assert resumed.ending == "all epochs done"
    assert_same_states(resumed.state, whole)


def test_best_epoch_before_the_resumption_is_still_the_best() -> None:
    first, _, _ = run_replayed([2.0, 1.0, 3.0], patience=2)
    settings = small(epochs=9, val_percent=0, batch_size=10**6, min_delta=0, patience=2)
    runner = MadeUpEpochs([4.0])
    result = train(runner, split_of(INPUTS, settings), settings, state=first.state)
    assert (result.ending, result.state.best_epoch) == ("early stopping", 2)
    assert runner.weight == 2


def test_nothing_is_left_to_train(runner: KerasEpochs) -> None:
    state = after(runner, [2.0, 1.0], 0.0)
    with pytest.raises(
        InputError,
        match=r"^Nothing is left to train: the model has 2 epochs and `epochs` is 2\. Raise "
        r"`epochs`, or give --epochs\.$",
    ):
        run(small(), state=state)


def test_patience_is_used_up(runner: KerasEpochs) -> None:
    state = after(runner, [1.0, 2.0, 2.0, 2.0], 0.0)
    with pytest.raises(
        InputError,
        match=r"^Nothing is left to train: the last 3 epochs brought no progress and `patience` is "
        r"3\. Raise `patience` to go on\.$",
    ):
        run(small(epochs=10, patience=3), state=state)


@pytest.mark.parametrize("part", ["last", "best"])
@pytest.mark.parametrize("damage", ["missing", "shape"])
def test_state_of_another_network(runner: KerasEpochs, part: str, damage: str) -> None:
    state = after(runner, [1.0], 0.0)
    values = dict(getattr(state, part))
    name = next(iter(values))
    if damage == "missing":
        del values[name]
    else:
        values[name] = values[name][..., :1]
    with pytest.raises(
        InputError,
        match=r"^The training to go on from is damaged or was stored by another version: its "
        r"weights are not those of this network\. Train without --resume\.$",
    ):
        run(small(epochs=10), state=replace(state, **{part: values}))
