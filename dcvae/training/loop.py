"""Train the network: the optimizer, the epochs, early stopping, and what is kept of each epoch.

The loop is written out because everything a user needs to rely on happens between two epochs: the
best weights are set aside (for every part of the network at once), the state to resume from is
handed on, a loss that is no number stops the run, and Ctrl-C ends it with what it has. A resumed
training sees the batches and the random draws that the uninterrupted one would have seen.

This module writes and prints nothing; it hands each finished epoch to its caller.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol

import keras
import numpy as np
from numpy.typing import NDArray

from dcvae.config.settings import Settings
from dcvae.data.windows import WindowSplit, gather_windows, spread_evenly, starts_of_epoch
from dcvae.errors import InputError
from dcvae.networks.base import Autoencoder

Ending = Literal["all epochs done", "early stopping", "interrupted", "loss is not a number"]
Variables = dict[str, NDArray[np.generic]]

# XLA halves a step (benchmarks/README.md); torch has another compiler, slow to start.
_BY_XLA = keras.backend.backend() != "torch"
_SHOW_EVERY = 50  # steps between two looks of the display
_VALIDATION_BATCH = 64  # windows; measured: a fifth faster a window than 32, larger gains no more
_PARTS = ("reconst", "kl")  # whose sum is the loss


class EpochLosses(NamedTuple):
    """One row of the history; `val_` entries are NaN when there is no validation part."""

    epoch: int
    loss: float
    reconst: float
    kl: float
    val_loss: float
    val_reconst: float
    val_kl: float
    learning_rate: float


@dataclass(frozen=True)
class TrainingState:
    """All that is needed to go on after an epoch as if nothing had happened.

    Attributes:
        history: losses of every epoch so far.
        best_epoch: epoch with the lowest monitored loss; 0 before the first.
        best_loss: its loss.
        reference_loss: the loss that a later one must undercut by `min_delta` to count as progress.
        epochs_without_progress: epochs since that happened.
        last: every variable of network and optimizer after the last epoch.
        best: every variable of the network after the best epoch.
    """

    history: tuple[EpochLosses, ...] = ()
    best_epoch: int = 0
    best_loss: float = float("inf")
    reference_loss: float = float("inf")
    epochs_without_progress: int = 0
    last: Variables = field(default_factory=dict)
    best: Variables = field(default_factory=dict)


class Progress(Protocol):
    """What is told of a training while it runs."""

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        """Take the mean loss of the epoch so far; called every few steps."""

    def epoch(self, losses: EpochLosses, is_best: bool) -> None:
        """Take the losses of a finished epoch."""


class _NoProgress:
    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        pass

    def epoch(self, losses: EpochLosses, is_best: bool) -> None:
        pass


class TrainingResult(NamedTuple):
    """How a training ended. The network holds the weights of `state.best_epoch`."""

    state: TrainingState
    ending: Ending


def train(
    network: Autoencoder,
    series: NDArray[np.float32],
    split: WindowSplit,
    settings: Settings,
    *,
    state: TrainingState | None = None,
    keep: Callable[[TrainingState], None] = lambda state: None,
    progress: Progress | None = None,
) -> TrainingResult:
    """Minimize the network's loss with Adam and leave the best weights in it.

    The best epoch is the one with the lowest validation loss (training loss without a validation
    part). Training stops when that loss has not fallen by more than `min_delta` for `patience`
    epochs.

    Args:
        network: from `network.build_network`; changed in place.
        series: (rows, series) float32, scaled.
        split: window starts, see `windows.split_windows`.
        settings: epochs, learning rate, batch size, early stopping and seed.
        state: state to go on from; None begins.
        keep: called with the state after each epoch, to be written somewhere.
        progress: told of steps and epochs.

    Raises:
        InputError: the loss is not a number before an epoch was finished here, or the state to go
            on from leaves nothing to do or is of another network.
    """
    state = state or TrainingState()
    progress = progress or _NoProgress()
    # Named, or its variables would be called by the number of optimizers made before it.
    network.compile(
        optimizer=keras.optimizers.Adam(
            _learning_rate(settings), global_clipnorm=network.gradient_norm, name="adam"
        ),
        jit_compile=_BY_XLA and network.supports_xla,
    )
    network.optimizer.build(network.trainable_variables)
    if state.history:
        _check_unfinished(state, settings)
        _check_fits(state, network)
        _restore(_all_variables(network), state.last)
    epochs_before = len(state.history)
    ending: Ending = "all epochs done"
    try:
        while len(state.history) < settings.epochs:
            if state.epochs_without_progress >= settings.patience:
                ending = "early stopping"
                break
            losses = _run_epoch(network, series, split, settings, len(state.history) + 1, progress)
            if losses is None:
                ending = "loss is not a number"
                break
            state = _after_epoch(state, losses, network, settings.min_delta)
            keep(state)
            progress.epoch(losses, state.best_epoch == losses.epoch)
    except KeyboardInterrupt:
        if len(state.history) == epochs_before:
            raise
        keep(state)  # once more: Ctrl-C may have come in the middle of it
        ending = "interrupted"
    if len(state.history) == epochs_before:
        raise InputError(
            f"The loss is not a number (NaN or infinite) in epoch {epochs_before + 1}, the first "
            "of this run, and nothing was kept. Expected finite "
            f"losses; `lr` {settings.lr:g} may be too large for this data: try a tenth of it"
            f"{'' if settings.scale else ', or set `scale` to true'}."
        )
    _restore(_network_variables(network), state.best)
    return TrainingResult(state, ending)


def _check_unfinished(state: TrainingState, settings: Settings) -> None:
    if len(state.history) >= settings.epochs:
        raise InputError(
            f"Nothing is left to train: the model has {len(state.history)} epochs and `epochs` is "
            f"{settings.epochs}. Raise `epochs`, or give --epochs."
        )
    if state.epochs_without_progress >= settings.patience:
        raise InputError(
            f"Nothing is left to train: the last {state.epochs_without_progress} epochs brought no "
            f"progress and `patience` is {settings.patience}. Raise `patience` to go on."
        )


def _check_fits(state: TrainingState, network: Autoencoder) -> None:
    for variables, values in (
        (_all_variables(network), state.last),
        (_network_variables(network), state.best),
    ):
        if {name: tuple(variable.shape) for name, variable in variables.items()} != {
            name: value.shape for name, value in values.items()
        }:
            raise InputError(
                "The training to go on from is damaged or was stored by another version: its "
                "weights are not those of this network. Train without --resume."
            )


def _learning_rate(settings: Settings) -> float | keras.optimizers.schedules.ExponentialDecay:
    if not settings.lr_decay:
        return settings.lr
    return keras.optimizers.schedules.ExponentialDecay(
        settings.lr, settings.decay_step, settings.decay_rate, staircase=True
    )


def _run_epoch(
    network: Autoencoder,
    series: NDArray[np.float32],
    split: WindowSplit,
    settings: Settings,
    epoch: int,
    progress: Progress,
) -> EpochLosses | None:
    """Train one epoch, then validate; None as soon as the loss is not finite."""
    batch_size = min(settings.batch_size, len(split.train))
    starts = starts_of_epoch(
        split.train, settings.seed, epoch, batch_size, settings.steps_per_epoch
    )
    num_steps = len(starts) // batch_size
    network.begin_means()
    means = dict.fromkeys(_PARTS, float("nan"))
    batches = _batches(series, starts, batch_size, settings)
    for step, windows in enumerate(batches, start=1):
        means = network.train_on_batch(windows, return_dict=True)
        if not _is_finite(means):
            return None
        if step % _SHOW_EVERY == 0 or step == num_steps:
            progress.step(epoch, step, num_steps, sum(means[part] for part in _PARTS))
    validation = split.validation
    if settings.steps_per_epoch is not None:  # or a long file would spend its time validating
        validation = spread_evenly(validation, len(starts))
    val_means = _validate(network, series, validation, settings)
    if len(split.validation) and not _is_finite(val_means):
        return None
    reconst, kl, val_reconst, val_kl = (
        float(losses[part]) for losses in (means, val_means) for part in _PARTS
    )
    return EpochLosses(
        epoch,
        *(reconst + kl, reconst, kl),
        *(val_reconst + val_kl, val_reconst, val_kl),
        float(keras.ops.convert_to_numpy(network.optimizer.learning_rate)),
    )


def _is_finite(means: dict[str, float]) -> bool:
    return all(np.isfinite(means[part]) for part in _PARTS)


def _validate(
    network: Autoencoder,
    series: NDArray[np.float32],
    starts: NDArray[np.int32],
    settings: Settings,
) -> dict[str, float]:
    """Mean losses over the validation windows, NaN if there are none."""
    network.begin_means()
    means = dict.fromkeys(_PARTS, float("nan"))
    for windows in _batches(series, starts, _VALIDATION_BATCH, settings):
        # The last batch is filled up, as another shape would be compiled anew; with a window of the
        # data, as the loss of one the network has never seen the like of could be infinite.
        missing = _VALIDATION_BATCH - len(windows)
        weights = np.pad(np.ones(len(windows), dtype=np.float32), (0, missing))
        padded = np.pad(windows, [(0, missing), (0, 0), (0, 0)], mode="edge")
        means = network.test_on_batch(padded, weights, return_dict=True)
    return means


def _batches(
    series: NDArray[np.float32], starts: NDArray[np.int32], batch_size: int, settings: Settings
) -> Iterator[NDArray[np.float32]]:
    for first in range(0, len(starts), batch_size):
        yield gather_windows(series, starts[first : first + batch_size], settings.window_length)


def _after_epoch(
    state: TrainingState,
    losses: EpochLosses,
    network: Autoencoder,
    min_delta: float,
) -> TrainingState:
    """Take an epoch's losses and weights into the state."""
    monitored = losses.loss if np.isnan(losses.val_loss) else losses.val_loss
    state = replace(state, history=(*state.history, losses), last=_values(_all_variables(network)))
    if monitored < state.best_loss:
        state = replace(
            state,
            best_epoch=losses.epoch,
            best_loss=monitored,
            best=_values(_network_variables(network)),
        )
    if monitored < state.reference_loss - min_delta:
        return replace(state, reference_loss=monitored, epochs_without_progress=0)
    return replace(state, epochs_without_progress=state.epochs_without_progress + 1)


def _network_variables(network: Autoencoder) -> dict[str, keras.Variable]:
    """Weights, BatchNorm statistics and the state of the random draws, by position and name.

    Not by path: recurrent layers number theirs by how many there were before them.
    """
    return {
        f"network/{number:03d}/{variable.name}": variable
        for number, variable in enumerate(network.variables)
    }


def _all_variables(network: Autoencoder) -> dict[str, keras.Variable]:
    optimizer = {
        f"optimizer/{number:03d}/{variable.name}": variable
        for number, variable in enumerate(network.optimizer.variables)
    }
    return _network_variables(network) | optimizer


def _values(variables: dict[str, keras.Variable]) -> Variables:
    return {name: keras.ops.convert_to_numpy(value).copy() for name, value in variables.items()}


def _restore(variables: dict[str, keras.Variable], values: Variables) -> None:
    """Assign values of this network."""
    for name, variable in variables.items():
        variable.assign(values[name])
