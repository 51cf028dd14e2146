"""Training loop: epochs, early stopping, and the state after each epoch.

The loop is written out, instead of Keras's `fit`, for what happens between two epochs: the best
weights are copied (of all parts of the network at once), the state to resume from is passed on, a
loss that is not a number ends the training, and Ctrl-C ends it with the epochs so far. A resumed
training has the batches and the random draws that the uninterrupted one would have had.

Steps are made by an `EpochRunner`. This module imports no framework, writes and prints nothing; it
passes each finished epoch to its caller.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from dcvae._arrays import Int32Array, IntArray
from dcvae._backend import without_retracing_warnings
from dcvae._devices import memory_refusal
from dcvae.config import TrainingKeys
from dcvae.data import WindowSplit, spread_evenly, starts_of_epoch
from dcvae.errors import InputError
from dcvae.training.epochs import EpochRunner, MeanLosses
from dcvae.training.interruption import ctrl_c_is_heard
from dcvae.training.progress import NoProgress, Progress
from dcvae.training.state import Ending, EpochLosses, TrainingResult, TrainingState, Variables
from dcvae.training.trimming import LossesOf, counted, largest

_VALIDATION_BATCH = 64  # windows; measured: a fifth faster per window than 32; larger gains no more
_NETWORK = "network/"  # how the names of its variables begin


def train(
    runner: EpochRunner,
    split: WindowSplit,
    keys: TrainingKeys,
    *,
    state: TrainingState | None = None,
    keep: Callable[[TrainingState], None] = lambda state: None,
    progress: Progress | None = None,
    losses_of: LossesOf | None = None,
) -> TrainingResult:
    """Minimize the loss of a network with Adam, and leave the best weights in it.

    The best epoch is the one with the lowest validation loss (training loss without a validation
    part). Training stops when that loss has not fallen by more than `min_delta` for `patience`
    epochs.

    Args:
        runner: makes the steps, of one network and one training table; changed in place.
        split: starts of training and validation windows, from `data.split_windows`.
        keys: epochs, learning rate, batch size, early stopping and seed.
        state: state to resume from; None to begin.
        keep: called with the state after each epoch, to store it.
        progress: called during the training; None for no progress.
        losses_of: computes the losses of windows for `trim_windows`; None to leave none out.

    Returns:
        The state after the last epoch, and the reason why training ended.

    Raises:
        InputError: the loss is not a number before an epoch of this run is finished, memory ran
            out, or the state to resume from has no epochs left or is of another network.
    """
    state = state or TrainingState()
    progress = progress or NoProgress()
    if state.history:
        state.check_unfinished(keys)
        _check_fits(state, runner, len(split.train))
        runner.restore(state.last)
    epochs_before = len(state.history)
    ending: Ending = "all epochs done"
    try:
        with ctrl_c_is_heard() as check:
            while len(state.history) < keys.epochs:
                if state.epochs_without_progress >= keys.patience:
                    ending = "early stopping"
                    break
                # A second network in a process is traced again, of which TensorFlow would warn.
                refusal = _memory_refusal(keys, len(split.train), len(state.history))
                with without_retracing_warnings(), memory_refusal(refusal):
                    starts, trimmed = _windows_of_epoch(split, keys, state, losses_of)
                    losses = _run_epoch(
                        *(runner, starts, split.validation, keys),
                        *(len(state.history) + 1, progress, check),
                    )
                if losses is None:
                    ending = "loss is not a number"
                    break
                state = replace(state, trimmed=trimmed)
                state = _after_epoch(state, losses, runner, keys.min_delta)
                keep(state)
                progress.epoch(losses, state.best_epoch == losses.epoch)
    except KeyboardInterrupt:
        if len(state.history) == epochs_before:
            raise
        keep(state)  # again, as Ctrl-C may have interrupted it
        ending = "interrupted"
    if len(state.history) == epochs_before and not state.is_unsaved:
        raise InputError(
            f"The loss is not a number (NaN or infinite) in epoch {epochs_before + 1}, the first "
            "of this run, and nothing was kept. Expected finite "
            f"losses; `lr` {keys.lr:g} may be too large for this data: try a tenth of it"
            ", or set `scale` to true if it is false."
        )
    runner.restore(state.best)
    return TrainingResult(state, ending)


def _memory_refusal(keys: TrainingKeys, num_windows: int, num_epochs: int) -> str:
    size = min(keys.batch_size, num_windows)
    kept = ""
    if num_epochs:
        epochs = "the epoch" if num_epochs == 1 else f"the {num_epochs} epochs"
        kept = f" What was kept of {epochs} so far stays: once memory is free, resume it as it was."
    return (
        f"Memory ran out in epoch {num_epochs + 1}, whose steps have {size:,} windows of "
        f"`T` {keys.window_length} rows. Expected enough for a step. Set `batch_size` to "
        f"{max(size // 2, 1):,} or less, or close other programs that use this device.{kept}"
    )


def _check_fits(state: TrainingState, runner: EpochRunner, num_windows: int) -> None:
    variables = runner.values()
    is_other = state.trimmed.shape not in ((2, 0), (2, num_windows))
    for expected, values in ((variables, state.last), (_of_network(variables), state.best)):
        shapes = {name: value.shape for name, value in expected.items()}
        if is_other or shapes != {name: value.shape for name, value in values.items()}:
            raise InputError(
                "The training to go on from is damaged or was stored by another version: its "
                "weights are not those of this network. Train without --resume."
            )


def _windows_of_epoch(
    split: WindowSplit, keys: TrainingKeys, state: TrainingState, losses_of: LossesOf | None
) -> tuple[Int32Array, IntArray]:
    """Return the windows of the next epoch in their order, and the new `state.trimmed`."""
    batch_size = min(keys.batch_size, len(split.train))
    whole_batches = keys.fidelity_batches != "code"
    starts = starts_of_epoch(
        split.train,
        keys.seed,
        len(state.history) + 1,
        batch_size,
        keys.steps_per_epoch,
        whole_batches=whole_batches,
    )
    if losses_of is None or not state.history:
        return starts, state.trimmed
    out = largest(losses_of(starts), keys.trim_windows)
    trimmed = counted(state.trimmed, split.train, starts, out)
    kept = starts[~out]
    if whole_batches and len(kept) > batch_size:
        kept = kept[: len(kept) // batch_size * batch_size]
    return kept, trimmed


def _run_epoch(
    runner: EpochRunner,
    starts: Int32Array,
    validation: Int32Array,
    keys: TrainingKeys,
    epoch: int,
    progress: Progress,
    check: Callable[[], None],
) -> EpochLosses | None:
    """Train one epoch, then validate; None as soon as the loss is not finite.

    Whenever steps are made `check` is called, which raises KeyboardInterrupt if Ctrl-C got lost.
    """
    batch_size = min(keys.batch_size, len(starts))
    by_batch = keys.fidelity_batches == "code"
    trained = MeanLosses(len(starts), batch_size, by_batch=by_batch)
    for losses in runner.train(starts, batch_size):
        check()
        trained.add(losses)
        if not trained.means.are_finite:
            return None
        progress.step(epoch, trained.done, trained.num_batches, sum(trained.means))
    if keys.steps_per_epoch is not None:  # else validation of a long file takes most of the time
        validation = spread_evenly(validation, len(starts))
    batch_size = keys.batch_size if by_batch else _VALIDATION_BATCH
    validated = MeanLosses(len(validation), batch_size, by_batch=by_batch)
    for losses in runner.validate(validation, batch_size):
        check()
        validated.add(losses)
    if len(validation) and not validated.means.are_finite:
        return None
    return EpochLosses(
        epoch,
        *(sum(trained.means), *trained.means),
        *(sum(validated.means), *validated.means),
        runner.learning_rate,
    )


def _after_epoch(
    state: TrainingState,
    losses: EpochLosses,
    runner: EpochRunner,
    min_delta: float,
) -> TrainingState:
    """Return the state with an epoch's losses and weights added."""
    monitored = losses.loss if np.isnan(losses.val_loss) else losses.val_loss
    state = replace(state, history=(*state.history, losses), last=runner.values())
    if monitored < state.best_loss:
        state = replace(
            state,
            best_epoch=losses.epoch,
            best_loss=monitored,
            best=_of_network(state.last),
        )
    if monitored < state.reference_loss - min_delta:
        return replace(state, reference_loss=monitored, epochs_without_progress=0)
    return replace(state, epochs_without_progress=state.epochs_without_progress + 1)


def _of_network(variables: Variables) -> Variables:
    return {name: value for name, value in variables.items() if name.startswith(_NETWORK)}
