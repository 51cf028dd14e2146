"""The training of the published program, written again from what it does, in plain TensorFlow.

Nothing here calls the package. A step is written out: convolutions one tap after the other, batch
normalization with its statistics kept by hand, the loss by the published formula, gradients by
TensorFlow, Adam by its paper (Kingma and Ba 2015). All numbers are float64.

What the published program does in a step of training: the encoder runs twice over a batch, inside
the whole network for the latent that is decoded, and once more for the mean and the log variance
that the KL divergence is taken of. Both runs see the same batch, and both update the statistics.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = dict[str, Array]
Layers = list[tuple[str, int]]  # name and dilation of the hidden layers, the first one first

MOMENTUM, NORM_EPSILON = 0.99, 1e-3
BETA_1, BETA_2, ADAM_EPSILON = 0.9, 0.999, 1e-7


@dataclass(eq=False)  # hashable: TensorFlow keeps a graph for each
class PublishedTraining:
    """A training of DC-VAE that goes on step by step.

    Args:
        weights: first weights by "layer/weight": `encoder_conv_1/kernel`, `encoder_norm_1/gamma`,
            `z_mean/bias` and so on.
        cnn_units: as in the settings file; only their number is used.
        dil_rate: as in the settings file.
        lr: learning rate.
        bound: of the log variance of a cell; the published program has none.
        encoder_runs: how often the encoder's statistics are updated in a step.
    """

    weights: Weights
    cnn_units: list[int]
    dil_rate: list[int]
    lr: float
    bound: float = np.inf
    encoder_runs: int = 2
    step: int = 0
    moments: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    def train(self, windows: Array, noise: Array) -> tuple[float, float]:
        """Make one step and return the two losses of its batch, before the step.

        Args:
            windows: (batch, time, series).
            noise: (batch, time, latent), the standard normal numbers of the draw.
        """
        reconst, kl, gradients, statistics = self._gradients(self.weights, windows, noise)
        self.step += 1
        for name, gradient in gradients.items():
            self._adam(name, gradient.numpy())
        for norm, (mean, variance) in statistics.items():
            for _ in range(self.encoder_runs if norm.startswith("encoder") else 1):
                self._move(f"{norm}/moving_mean", mean.numpy())
                self._move(f"{norm}/moving_variance", variance.numpy())
        return float(reconst), float(kl)

    def evaluate(self, windows: Array, noise: Array) -> tuple[float, float]:
        """Return the two losses of a batch by the kept statistics."""
        reconst, kl = self._kept(self.weights, windows, noise)
        return float(reconst), float(kl)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def _gradients(self, values: Any, windows: Any, noise: Any) -> Any:
        trained = {name: value for name, value in values.items() if "moving" not in name}
        statistics: dict[str, tuple[Any, Any]] = {}
        with tf.GradientTape() as tape:
            tape.watch(trained)
            reconst, kl = self._losses(values | trained, windows, noise, statistics)
            loss = reconst + kl
        return reconst, kl, tape.gradient(loss, trained), statistics

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def _kept(self, values: Any, windows: Any, noise: Any) -> Any:
        return self._losses(values, windows, noise, None)

    def _adam(self, name: str, gradient: Array) -> None:
        first, second = self.moments.get(name, (np.zeros_like(gradient),) * 2)
        first = BETA_1 * first + (1 - BETA_1) * gradient
        second = BETA_2 * second + (1 - BETA_2) * gradient**2
        self.moments[name] = first, second
        rate = self.lr * np.sqrt(1 - BETA_2**self.step) / (1 - BETA_1**self.step)
        self.weights[name] = self.weights[name] - rate * first / (np.sqrt(second) + ADAM_EPSILON)

    def _move(self, name: str, value: Array) -> None:
        self.weights[name] = MOMENTUM * self.weights[name] + (1 - MOMENTUM) * value

    def _losses(
        self, values: Any, windows: Array, noise: Array, statistics: Any
    ) -> tuple[Any, Any]:
        """Mean over cells of 0.5 ((x - mu) / exp(s))² + s, and the mean KL divergence."""
        hidden = len(self.cnn_units) - 1
        first = [(f"encoder_{{}}_{i + 1}", self.dil_rate[i]) for i in range(hidden)]
        last = [(f"decoder_{{}}_{i + 1}", self.dil_rate[-1 - i]) for i in range(hidden)]
        x = tf.cast(windows, tf.float64)
        encoded = _hidden(x, values, first, tf.tanh, statistics)
        z_mean, z_log_var = (
            _convolve(encoded, values, head, self.dil_rate[hidden - 1])
            for head in ("z_mean", "z_log_var")
        )
        z = z_mean + tf.exp(0.5 * z_log_var) * tf.cast(noise, tf.float64)
        decoded = _hidden(z, values, last, tf.nn.elu, statistics)
        mean, spread = (
            _convolve(decoded, values, head, self.dil_rate[0]) for head in ("x_mean", "x_spread")
        )
        spread = tf.clip_by_value(spread, -self.bound / 2, self.bound / 2)
        reconst = tf.reduce_mean(0.5 * ((x - mean) / tf.exp(spread)) ** 2 + spread)
        kl = tf.reduce_mean(-0.5 * (1 + z_log_var - z_mean**2 - tf.exp(z_log_var)))
        return reconst, kl


def _hidden(
    x: Any, values: Any, layers: Layers, activation: Callable[[Any], Any], statistics: Any
) -> Any:
    """Convolution, activation, batch normalization; `statistics` collects those of the batch."""
    for name, dilation in layers:
        x = activation(_convolve(x, values, name.format("conv"), dilation))
        norm = name.format("norm")
        if statistics is None:
            mean, variance = values[f"{norm}/moving_mean"], values[f"{norm}/moving_variance"]
        else:
            mean = tf.reduce_mean(x, axis=(0, 1))
            variance = tf.reduce_mean((x - mean) ** 2, axis=(0, 1))
            statistics[norm] = mean, variance
        x = (x - mean) / tf.sqrt(variance + NORM_EPSILON)
        x = x * values[f"{norm}/gamma"] + values[f"{norm}/beta"]
    return x


def _convolve(x: Any, values: Any, name: str, dilation: int) -> Any:
    """Causal: each tap sees the rows so many dilations before, zeros before the window."""
    kernel, length = values[f"{name}/kernel"], x.shape[1]
    total = values[f"{name}/bias"]
    for tap in range(kernel.shape[0]):
        before = (kernel.shape[0] - 1 - tap) * dilation
        shifted = tf.pad(x, [[0, 0], [before, 0], [0, 0]])[:, :length]
        total = total + tf.einsum("btc,cu->btu", shifted, kernel[tap])
    return total
