"""Training loop: optimizer, epochs, early stopping, and the state after each epoch.

The loop is written out, instead of Keras's `fit`, for what happens between two epochs: the best
weights are copied (of all parts of the network at once), the state to resume from is passed on, a
loss that is not a number ends the training, and Ctrl-C ends it with the epochs so far. A resumed
training has the batches and the random draws that the uninterrupted one would have had.

This module writes and prints nothing; it passes each finished epoch to its caller.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import keras
import numpy as np

from dcvae._arrays import Float32Array, Int32Array
from dcvae._backend import without_retracing_warnings
from dcvae.config import TrainingKeys
from dcvae.data import ModelInput, WindowSplit, gather_windows, spread_evenly, starts_of_epoch
from dcvae.errors import InputError
from dcvae.networks import Autoencoder
from dcvae.training.interruption import ctrl_c_is_heard
from dcvae.training.progress import NoProgress, Progress
from dcvae.training.state import Ending, EpochLosses, TrainingResult, TrainingState, Variables

# XLA halves a step (benchmarks/README.md); torch has another compiler, slow to start.
_BY_XLA = keras.backend.backend() != "torch"
_SHOW_EVERY = 50  # steps between two calls of `Progress.step`
_VALIDATION_BATCH = 64  # windows; measured: a fifth faster per window than 32; larger gains no more
_PARTS = ("reconst", "kl")  # of the loss, which is their sum


def train(
    network: Autoencoder,
    inputs: ModelInput,
    split: WindowSplit,
    keys: TrainingKeys,
    *,
    state: TrainingState | None = None,
    keep: Callable[[TrainingState], None] = lambda state: None,
    progress: Progress | None = None,
) -> TrainingResult:
    """Minimize the loss of a network with Adam, and leave the best weights in it.

    The best epoch is the one with the lowest validation loss (training loss without a validation
    part). Training stops when that loss has not fallen by more than `min_delta` for `patience`
    epochs.

    Args:
        network: from `networks.build_network`; changed in place.
        inputs: (rows, series), scaled, of the training table.
        split: starts of training and validation windows, from `data.split_windows`.
        keys: epochs, learning rate, batch size, early stopping and seed.
        state: state to resume from; None to begin.
        keep: called with the state after each epoch, to store it.
        progress: called during the training; None for no progress.

    Returns:
        The state after the last epoch, and the reason why training ended.

    Raises:
        InputError: the loss is not a number before an epoch of this run is finished, or the
            state to resume from has no epochs left or is of another network.
    """
    state = state or TrainingState()
    progress = progress or NoProgress()
    # Without a name, its variables would be named by the number of optimizers made before.
    network.compile(
        optimizer=keras.optimizers.Adam(
            _learning_rate(keys), global_clipnorm=network.gradient_norm, name="adam"
        ),
        jit_compile=_BY_XLA and network.supports_xla,
    )
    network.optimizer.build(network.trainable_variables)
    if state.history:
        state.check_unfinished(keys)
        _check_fits(state, network)
        _restore(_all_variables(network), state.last)
    epochs_before = len(state.history)
    ending: Ending = "all epochs done"
    try:
        with ctrl_c_is_heard() as check:
            while len(state.history) < keys.epochs:
                if state.epochs_without_progress >= keys.patience:
                    ending = "early stopping"
                    break
                # A second network in a process is traced again, of which TensorFlow would warn.
                with without_retracing_warnings():
                    losses = _run_epoch(
                        network, inputs, split, keys, len(state.history) + 1, progress, check
                    )
                if losses is None:
                    ending = "loss is not a number"
                    break
                state = _after_epoch(state, losses, network, keys.min_delta)
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
    _restore(_network_variables(network), state.best)
    return TrainingResult(state, ending)


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


def _learning_rate(keys: TrainingKeys) -> float | keras.optimizers.schedules.ExponentialDecay:
    if not keys.lr_decay:
        return keys.lr
    return keras.optimizers.schedules.ExponentialDecay(
        keys.lr, keys.decay_step, keys.decay_rate, staircase=True
    )


def _run_epoch(
    network: Autoencoder,
    inputs: ModelInput,
    split: WindowSplit,
    keys: TrainingKeys,
    epoch: int,
    progress: Progress,
    check: Callable[[], None],
) -> EpochLosses | None:
    """Train one epoch, then validate; None as soon as the loss is not finite.

    After every step `check` is called, which raises KeyboardInterrupt if Ctrl-C got lost in it.
    """
    batch_size = min(keys.batch_size, len(split.train))
    by_batch = keys.fidelity_batches == "code"
    starts = starts_of_epoch(
        split.train,
        keys.seed,
        epoch,
        batch_size,
        keys.steps_per_epoch,
        whole_batches=not by_batch,
    )
    num_steps = -(-len(starts) // batch_size)
    losses = _MeanLosses(network, by_batch)
    for step, windows in enumerate(_batches(inputs, starts, batch_size, keys), start=1):
        losses.begin_batch()
        losses.end_batch(network.train_on_batch(windows, return_dict=True))
        check()
        if not _is_finite(losses.means):
            return None
        if step % _SHOW_EVERY == 0 or step == num_steps:
            progress.step(epoch, step, num_steps, sum(losses.means[part] for part in _PARTS))
    validation = split.validation
    if keys.steps_per_epoch is not None:  # else validation of a long file takes most of the time
        validation = spread_evenly(validation, len(starts))
    val_means = _validate(network, inputs, validation, keys)
    if len(split.validation) and not _is_finite(val_means):
        return None
    reconst, kl, val_reconst, val_kl = (
        float(means[part]) for means in (losses.means, val_means) for part in _PARTS
    )
    return EpochLosses(
        epoch,
        *(reconst + kl, reconst, kl),
        *(val_reconst + val_kl, val_reconst, val_kl),
        float(keras.ops.convert_to_numpy(network.optimizer.learning_rate)),
    )


class _MeanLosses:
    """Mean losses of an epoch so far.

    Args:
        network: the network; its own means are begun anew.
        by_batch: whether each batch counts alike, however many windows it has (published code);
            otherwise each window does.

    Attributes:
        means: by `_PARTS`; NaN before the first batch.
    """

    def __init__(self, network: Autoencoder, by_batch: bool) -> None:
        self.means = dict.fromkeys(_PARTS, float("nan"))
        self._network = network
        self._by_batch = by_batch
        self._batches = 0
        self._sums = dict.fromkeys(_PARTS, 0.0)
        network.begin_means()

    def begin_batch(self) -> None:
        if self._by_batch:
            self._network.begin_means()

    def end_batch(self, reported: dict[str, float]) -> None:
        """Add what the network reports: the means of all windows since `begin_means`."""
        if not self._by_batch:
            self.means = reported
            return
        self._batches += 1
        for part in _PARTS:
            self._sums[part] += float(reported[part])
            self.means[part] = self._sums[part] / self._batches


def _is_finite(means: dict[str, float]) -> bool:
    return all(np.isfinite(means[part]) for part in _PARTS)


def _validate(
    network: Autoencoder,
    inputs: ModelInput,
    starts: Int32Array,
    keys: TrainingKeys,
) -> dict[str, float]:
    """Return the mean losses over the validation windows, NaN if there are none."""
    by_batch = keys.fidelity_batches == "code"
    batch_size = keys.batch_size if by_batch else _VALIDATION_BATCH
    losses = _MeanLosses(network, by_batch)
    for windows in _batches(inputs, starts, batch_size, keys):
        # The last batch is filled up, as another shape would be compiled anew. It repeats a window
        # of the data, as the loss of an artificial one could be infinite.
        missing = batch_size - len(windows)
        weights = np.pad(np.ones(len(windows), dtype=np.float32), (0, missing))
        padded = np.pad(windows, [(0, missing), (0, 0), (0, 0)], mode="edge")
        losses.begin_batch()
        losses.end_batch(network.test_on_batch(padded, weights, return_dict=True))
    return losses.means


def _batches(
    inputs: ModelInput, starts: Int32Array, batch_size: int, keys: TrainingKeys
) -> Iterator[Float32Array]:
    for first in range(0, len(starts), batch_size):
        yield gather_windows(inputs.values, starts[first : first + batch_size], keys.window_length)


def _after_epoch(
    state: TrainingState,
    losses: EpochLosses,
    network: Autoencoder,
    min_delta: float,
) -> TrainingState:
    """Return the state with an epoch's losses and weights added."""
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
    """Return weights, BatchNorm statistics and the random state, by position and name.

    Not by path, in which recurrent layers have the number of layers made before them.
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
    """Assign stored values to the variables of the same names."""
    for name, variable in variables.items():
        variable.assign(values[name])
