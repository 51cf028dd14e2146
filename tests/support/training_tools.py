"""Small trainings, real ones and such with losses that are made up, for the tests of the loop."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from dcvae.config import Settings
from dcvae.data import ModelInput, WindowSplit, split_windows
from dcvae.networks import Autoencoder, build_network
from dcvae.training import KerasEpochs, TrainingResult, TrainingState, train
from dcvae.training.state import Variables
from support.builders import inputs_of, random_rows, settings_with

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


def runner_of(network: Autoencoder, settings: Settings, inputs: ModelInput = INPUTS) -> KerasEpochs:
    return KerasEpochs(network, inputs.values, settings)


def run(settings: Settings, inputs: ModelInput = INPUTS, **more: Any) -> TrainingResult:
    runner = runner_of(build_network(settings), settings, inputs)
    return train(runner, split_of(inputs, settings), settings, **more)


def run_keeping(settings: Settings) -> list[TrainingState]:
    """Train and return the state after each epoch."""
    kept: list[TrainingState] = []
    run(settings, keep=kept.append)
    return kept


class MadeUpEpochs:
    """Steps with losses that are made up. Its one weight is the number of the last step.

    Attributes:
        trained: the starts of each step, in order.
        validated: those of each validation.
        steps: how many steps were made.
        interrupt_at: the step in which Ctrl-C is pressed; None for never.
    """

    learning_rate = 1e-3

    def __init__(self, losses: Iterable[float], validation: Iterable[float] = ()) -> None:
        self._losses, self._validation = iter(losses), iter(validation)
        self._weight = np.zeros(2, dtype=np.float32)
        self.trained: list[list[int]] = []
        self.validated: list[list[int]] = []
        self.interrupt_at: int | None = None

    @property
    def steps(self) -> int:
        return len(self.trained)

    def values(self) -> Variables:
        iterations = np.array(self.steps, dtype=np.int64)
        return {"network/000/weight": self._weight.copy(), "optimizer/000/iteration": iterations}

    def restore(self, values: Variables) -> None:
        self._weight[:] = values["network/000/weight"]

    @property
    def weight(self) -> float:
        return float(self._weight[0])

    def train(self, starts: NDArray[np.int32], batch_size: int) -> Iterator[NDArray[np.float32]]:
        for first in range(0, len(starts), batch_size):
            self.trained.append(starts[first : first + batch_size].tolist())
            if self.steps == self.interrupt_at:
                raise KeyboardInterrupt
            self._weight[:] = self.steps
            yield np.array([[next(self._losses), 0.0]], dtype=np.float32)

    def validate(self, starts: NDArray[np.int32], batch_size: int) -> Iterator[NDArray[np.float32]]:
        self.validated.append(starts.tolist())
        for _ in range(0, len(starts), batch_size):
            yield np.array([[next(self._validation), 0.0]], dtype=np.float32)


def run_replayed(losses: list[float], **keys: Any) -> tuple[TrainingResult, float, int]:
    """Train with made-up losses: the result, the epoch the weights are of, epochs begun."""
    keys = {"epochs": len(losses), "val_percent": 0, "batch_size": 10**6, "min_delta": 0} | keys
    settings = small(**keys)
    runner = MadeUpEpochs(losses)
    result = train(runner, split_of(INPUTS, settings), settings)
    return result, runner.weight, runner.steps


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
