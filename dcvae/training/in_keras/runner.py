"""Epochs in Keras: steps of any network, many in one compiled program."""

import importlib
import time
from collections.abc import Callable, Iterator

import keras
import numpy as np
from keras import ops

from dcvae._arrays import Float32Array, Int32Array
from dcvae._precision import float32_products
from dcvae.config import TrainingKeys
from dcvae.networks import Autoencoder
from dcvae.training.in_keras.steps import Steps
from dcvae.training.state import Variables

_STEPS = {"jax": ("on_jax", "JaxSteps"), "tensorflow": ("on_tensorflow", "TensorFlowSteps")}
_STEPS["torch"] = ("on_torch", "TorchSteps")

_BY_XLA = True  # where it pays; JAX always compiles, PyTorch never
# Steps of a training that XLA takes as long to compile as it saves (benchmarks/README.md).
_FEWEST_FOR_XLA = 250
_SECONDS = 0.4  # of steps between two answers to the caller


class KerasEpochs:
    """An `EpochRunner` of a network in Keras, with Adam.

    The table is given to the device once, and windows are gathered there.

    Args:
        network: from `networks.build_network`; changed in place.
        values: (rows, series) float32, scaled, the training table.
        keys: learning rate and its decay; epochs.

    Attributes:
        optimizer: of the network's weights.
    """

    def __init__(self, network: Autoencoder, values: Float32Array, keys: TrainingKeys) -> None:
        # Without a name, its variables would be named by the number of optimizers made before.
        self.optimizer = keras.optimizers.Adam(
            _learning_rate(keys), global_clipnorm=network.gradient_norm, name="adam"
        )
        self.optimizer.build(network.trainable_variables)
        self._network = network
        self._table = values
        self._epochs = keys.epochs
        self._tf32 = keys.tf32
        self._steps: Steps | None = None
        self._at_a_time: dict[str, int] = {}
        self._most_batches: dict[int, int] = {}  # of an epoch so far, by their windows

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return float(ops.convert_to_numpy(self.optimizer.learning_rate))

    def values(self) -> Variables:
        """Return copies of the values of all variables; see `EpochRunner`."""
        return {
            name: ops.convert_to_numpy(variable).copy()
            for name, variable in self._variables().items()
        }

    def restore(self, values: Variables) -> None:
        """Give variables the values stored under their names; see `EpochRunner`."""
        variables = self._variables()
        for name, value in values.items():
            variables[name].assign(value)

    def train(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Make one step for each batch of windows; see `EpochRunner`."""
        whole = len(starts) // batch_size * batch_size
        for some in (starts[:whole].reshape(-1, batch_size), starts[whole:].reshape(1, -1)):
            if some.size:
                # Another number of batches would be compiled anew: fewer have some behind them.
                width = some.shape[1]
                most = self._most_batches[width] = max(self._most_batches.get(width, 0), len(some))
                padded = np.pad(some, [(0, most - len(some)), (0, 0)])
                steps, batches = self._steps_of(some), ops.convert_to_tensor(padded)
                yield from self._in_parts(
                    f"{width} to train",
                    len(some),
                    lambda *part, batches=batches, steps=steps: steps.train(batches, *part),
                    tf32=self._tf32,
                )

    def validate(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Compute the losses of batches of windows; see `EpochRunner`."""
        if not len(starts):
            return
        # Another shape would be compiled anew. The loss of an artificial window could be infinite,
        # so one of the data is repeated.
        missing = -len(starts) % batch_size
        filled = np.pad(starts, (0, missing), mode="edge").reshape(-1, batch_size)
        ones = np.ones(len(starts), dtype=np.float32)
        weights = ops.convert_to_tensor(np.pad(ones, (0, missing)).reshape(filled.shape))
        steps, batches = self._steps_of(filled), ops.convert_to_tensor(filled)
        yield from self._in_parts(
            f"{batch_size} to validate",
            len(filled),
            lambda *part: steps.validate(batches, weights, *part),
        )

    def _steps_of(self, batches: Int32Array) -> Steps:
        if self._steps is None:
            module, name = _STEPS[keras.backend.backend()]
            made = getattr(importlib.import_module(f"{__package__}.{module}"), name)
            by_xla = _BY_XLA and _pays_off(self._network, self._epochs * len(batches))
            self._steps = made(self._network, self.optimizer, self._table, by_xla=by_xla)
        steps: Steps = self._steps
        return steps

    def _in_parts(
        self,
        kind: str,
        num_batches: int,
        compute: Callable[[int, int], Float32Array],
        *,
        tf32: bool = False,
    ) -> Iterator[Float32Array]:
        """Compute batches, as many at a time as take `_SECONDS`, by the time of those before.

        Args:
            kind: of the batches: the same take as long.
            num_batches: number of batches.
            compute: computes batches by the number of the first, and how many.
            tf32: whether their products may be in TF32.
        """
        first, at_a_time = 0, self._at_a_time.get(kind, 1)  # the first one compiles
        while first < num_batches:
            count = min(at_a_time, num_batches - first)
            began = time.perf_counter()
            with float32_products(tf32=tf32):
                losses = compute(first, count)
            fitting = int(_SECONDS * count / (time.perf_counter() - began))
            yield losses
            first += count
            at_a_time = self._at_a_time[kind] = max(1, min(fitting, 4 * at_a_time))

    def _variables(self) -> dict[str, keras.Variable]:
        """Return all variables by position and name.

        Not by path, in which recurrent layers have the number of layers made before them.
        """
        return {
            f"{part}/{number:03d}/{variable.name}": variable
            for part, variables in (
                ("network", self._network.variables),
                ("optimizer", self.optimizer.variables),
            )
            for number, variable in enumerate(variables)
        }


def _learning_rate(keys: TrainingKeys) -> float | keras.optimizers.schedules.ExponentialDecay:
    if not keys.lr_decay:
        return keys.lr
    return keras.optimizers.schedules.ExponentialDecay(
        keys.lr, keys.decay_step, keys.decay_rate, staircase=True
    )


def _pays_off(network: Autoencoder, num_steps: int) -> bool:
    """Tell whether XLA saves more time in the steps than it takes to compile them.

    A recurrent layer has a kernel of its own on a GPU, which XLA does not know. On a CPU, XLA makes
    a step of it 2.5 times as fast.
    """
    on_cpu = all(device.startswith("cpu") for device in keras.distribution.list_devices())
    return num_steps >= _FEWEST_FOR_XLA if on_cpu else network.supports_xla
