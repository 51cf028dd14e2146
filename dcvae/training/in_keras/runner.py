"""Epochs in Keras: steps of any network, on the framework that Keras runs on."""

from collections.abc import Iterator

import keras
import numpy as np

from dcvae._arrays import Float32Array, Int32Array
from dcvae._precision import float32_products
from dcvae.config import TrainingKeys
from dcvae.data import gather_windows
from dcvae.networks import Autoencoder
from dcvae.training.state import Variables

# XLA halves a step (benchmarks/README.md); torch has another compiler, slow to start.
_BY_XLA = keras.backend.backend() != "torch"
_AT_A_TIME = 50  # steps


class KerasEpochs:
    """An `EpochRunner` of a network in Keras, with Adam.

    Args:
        network: from `networks.build_network`; changed in place.
        values: (rows, series) float32, scaled, the training table.
        keys: learning rate and its decay.
    """

    def __init__(self, network: Autoencoder, values: Float32Array, keys: TrainingKeys) -> None:
        # Without a name, its variables would be named by the number of optimizers made before.
        network.compile(
            optimizer=keras.optimizers.Adam(
                _learning_rate(keys), global_clipnorm=network.gradient_norm, name="adam"
            ),
            jit_compile=_BY_XLA and network.supports_xla,
        )
        network.optimizer.build(network.trainable_variables)
        self._network = network
        self._values = values
        self._length = network.encoder.input_shape[1]
        self._tf32 = keys.tf32

    @property
    def learning_rate(self) -> float:
        """Learning rate of the next step."""
        return float(keras.ops.convert_to_numpy(self._network.optimizer.learning_rate))

    def values(self) -> Variables:
        """Return copies of the values of all variables; see `EpochRunner`."""
        return {
            name: keras.ops.convert_to_numpy(variable).copy()
            for name, variable in self._variables().items()
        }

    def restore(self, values: Variables) -> None:
        """Give variables the values stored under their names; see `EpochRunner`."""
        variables = self._variables()
        for name, value in values.items():
            variables[name].assign(value)

    def train(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Make one step for each batch of windows; see `EpochRunner`."""
        losses = []
        for first in range(0, len(starts), batch_size):
            batch = starts[first : first + batch_size]
            windows = gather_windows(self._values, batch, self._length)
            self._network.begin_means()
            with float32_products(tf32=self._tf32):
                reported = self._network.train_on_batch(windows, return_dict=True)
            losses.append([reported["reconst"], reported["kl"]])
            if len(losses) == _AT_A_TIME or first + batch_size >= len(starts):
                yield np.array(losses, dtype=np.float32)
                losses = []

    def validate(self, starts: Int32Array, batch_size: int) -> Iterator[Float32Array]:
        """Compute the losses of batches of windows; see `EpochRunner`."""
        for first in range(0, len(starts), batch_size):
            windows = gather_windows(self._values, starts[first : first + batch_size], self._length)
            # Another shape would be compiled anew. The loss of an artificial window could be
            # infinite, so one of the data is repeated.
            missing = batch_size - len(windows)
            weights = np.pad(np.ones(len(windows), dtype=np.float32), (0, missing))
            padded = np.pad(windows, [(0, missing), (0, 0), (0, 0)], mode="edge")
            self._network.begin_means()
            with float32_products():
                reported = self._network.test_on_batch(padded, weights, return_dict=True)
            yield np.array([[reported["reconst"], reported["kl"]]], dtype=np.float32)

    def _variables(self) -> dict[str, keras.Variable]:
        """Return all variables by position and name.

        Not by path, in which recurrent layers have the number of layers made before them.
        """
        return {
            f"{part}/{number:03d}/{variable.name}": variable
            for part, variables in (
                ("network", self._network.variables),
                ("optimizer", self._network.optimizer.variables),
            )
            for number, variable in enumerate(variables)
        }


def _learning_rate(keys: TrainingKeys) -> float | keras.optimizers.schedules.ExponentialDecay:
    if not keys.lr_decay:
        return keys.lr
    return keras.optimizers.schedules.ExponentialDecay(
        keys.lr, keys.decay_step, keys.decay_rate, staircase=True
    )
