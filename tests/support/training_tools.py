"""Small trainings, real ones and such with losses that are made up, for the tests of the loop."""

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae.config import Settings
from dcvae.data import ModelInput, WindowSplit, split_windows
from dcvae.networks import Autoencoder, build_network
from dcvae.training import TrainingResult, TrainingState, train
from support.builders import head_of, inputs_of, random_rows, settings_with

NUM_ROWS = 150
SINE = np.sin(np.arange(NUM_ROWS) / 5)
SERIES = np.stack([SINE, np.roll(SINE, 9)], axis=1).astype(np.float32)
SERIES += 0.1 * random_rows(NUM_ROWS, 2)
INPUTS = inputs_of(SERIES)

RESUMED = {"epochs": 4, "patience": 100, "min_delta": 0.0, "batch_size": 32}


def small(**keys: Any) -> Settings:
    """One hidden layer a side: TensorFlow takes seconds to trace the training step of more."""
    return settings_with(**{"cnn_units": [3], "dil_rate": [1, 2]} | keys)


def split_of(inputs: ModelInput, settings: Settings) -> WindowSplit:
    return split_windows(
        len(inputs.values),
        settings.window_length,
        settings.val_percent,
        settings.train_stride,
        "a.csv",
    )


def run(settings: Settings, inputs: ModelInput = INPUTS, **more: Any) -> TrainingResult:
    return train(build_network(settings), inputs, split_of(inputs, settings), settings, **more)


def run_keeping(settings: Settings) -> list[TrainingState]:
    """Train and return the state after each epoch."""
    kept: list[TrainingState] = []
    run(settings, keep=kept.append)
    return kept


def replay(network: Autoencoder, losses: list[float], monkeypatch: Any) -> Callable[[], int]:
    """Let the epochs of a one-batch training have these losses; every step moves one weight.

    Returns how many steps were made.
    """
    steps = 0
    bias = head_of(network.encoder, "z_mean").bias

    def step(windows: NDArray[np.float32], return_dict: bool) -> dict[str, float]:
        nonlocal steps
        loss = losses[steps]
        steps += 1
        bias.assign(np.full(bias.shape, float(steps)))
        return {"loss": loss, "reconst": loss, "kl": 0.0}

    monkeypatch.setattr(network, "train_on_batch", step)
    return lambda: steps


def run_replayed(
    losses: list[float], monkeypatch: Any, **keys: Any
) -> tuple[TrainingResult, float, int]:
    """Train with made-up losses: the result, the epoch the weights are of, epochs begun."""
    keys = {"epochs": len(losses), "val_percent": 0, "batch_size": 10**6, "min_delta": 0} | keys
    settings = small(**keys)
    network = build_network(settings)
    num_steps = replay(network, losses, monkeypatch)
    result = train(network, INPUTS, split_of(INPUTS, settings), settings)
    weight = float(ops.convert_to_numpy(head_of(network.encoder, "z_mean").bias)[0])
    return result, weight, num_steps()


def variables_of(network: Autoencoder) -> list[NDArray[Any]]:
    return [ops.convert_to_numpy(variable) for variable in network.variables]


def assert_same_variables(left: dict[str, Any], right: dict[str, Any]) -> None:
    assert list(left) == list(right)
    assert left
    for name, value in left.items():
        np.testing.assert_array_equal(value, right[name], err_msg=name)


def assert_same_states(left: TrainingState, right: TrainingState) -> None:
    np.testing.assert_equal(left.history, right.history)  # NaN equals NaN
    assert_same_variables(left.last, right.last)
    assert_same_variables(left.best, right.best)
    for name in ("best_epoch", "best_loss", "reference_loss", "epochs_without_progress"):
        assert getattr(left, name) == getattr(right, name), name
