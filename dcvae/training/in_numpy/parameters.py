"""Parameters of DC-VAE in training: weights, gradients and Adam's moments, each in one array.

What the optimizer does is the same for every number, so all weights lie in one array, and layers
hold views of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from dcvae._arrays import AnyArray, Float32Array
from dcvae.networks import Convolution, ConvolutionSide, NetworkWeights, Norm
from dcvae.training.in_numpy.layers import Layer, Normalization
from dcvae.training.in_numpy.shared_memory import Arrays

_HEADS = {"encoder": ("z_mean", "z_log_var"), "decoder": ("x_mean", "x_spread")}


class Parameters:
    """All numbers that a training of DC-VAE changes.

    Args:
        weights: of the network that training starts from; copied.
        arrays: where the numbers are kept.

    Attributes:
        values: (parameters,) float32, in the order of Keras's trainable variables.
        gradients: (parameters,) float32.
        momenta: (parameters,) float32, Adam's first moments.
        velocities: (parameters,) float32, Adam's second moments.
        draws: [seed, number of draws so far] of the latent noise.
        steps: [steps so far].
        encoder: layers with views of the above; the heads are one layer.
        decoder: likewise.
    """

    def __init__(self, weights: NetworkWeights, arrays: Arrays) -> None:
        self._weights = weights
        trained = _trained(weights)
        flat = np.concatenate([array.ravel() for _, array in trained])
        self.values = arrays.copy(flat)
        self.gradients, self.momenta, self.velocities = (arrays.zeros(flat.shape) for _ in range(3))
        self.draws = arrays.copy(np.array(weights.draw_state, dtype=np.int64))
        self.steps = arrays.zeros((1,), np.int64)
        self._views: dict[str, tuple[Float32Array, ...]] = {}
        first = 0
        for name, array in trained:
            last = first + array.size
            views = tuple(
                part[first:last].reshape(array.shape)
                for part in (self.values, self.gradients, self.momenta, self.velocities)
            )
            self._views[name] = views
            first = last
        self._statistics = {name: arrays.copy(array) for name, array in _statistics(weights)}
        self.encoder, self.decoder = (self._layers(name, side) for name, side in _sides(weights))

    def network(self) -> NetworkWeights:
        """Return a copy of the network as it is now."""

        def now(convolution: Convolution, name: str, norm: str | None) -> Convolution:
            kernel, bias = (self._views[f"{name}/{part}"][0].copy() for part in ("kernel", "bias"))
            changed = replace(convolution, kernel=kernel, bias=bias)
            if norm is None or convolution.norm is None:
                return changed
            gamma, beta = (self._views[f"{norm}/{part}"][0].copy() for part in ("gamma", "beta"))
            mean, variance = (
                self._statistics[f"{norm}/moving_{part}"].copy() for part in ("mean", "variance")
            )
            changed_norm = replace(
                convolution.norm, gamma=gamma, beta=beta, mean=mean, variance=variance
            )
            return replace(changed, norm=changed_norm)

        sides = []
        for name, side in _sides(self._weights):
            hidden = tuple(
                now(layer, f"{name}_conv_{number}", f"{name}_norm_{number}")
                for number, layer in enumerate(side.hidden, start=1)
            )
            first, second = (
                now(head, f"{name}_heads/{part}", None)
                for head, part in zip(side.heads, _HEADS[name], strict=True)
            )
            sides.append(ConvolutionSide(hidden, (first, second)))
        return replace(
            self._weights,
            encoder=sides[0],
            decoder=sides[1],
            draw_state=self.draws.astype(np.uint32),
        )

    def variables(self) -> dict[str, AnyArray]:
        """Return all arrays, not copied, by the names that `EpochRunner` gives them.

        A learning rate is not among them.
        """
        network: list[tuple[str, AnyArray]] = []
        for name, _ in _in_keras_order(self._weights):
            view = self._views[name][0] if name in self._views else self._statistics[name]
            network.append((name.rpartition("/")[2], view))
        network.append(("seed_generator_state", self.draws))
        numbered = {
            f"network/{number:03d}/{name}": view for number, (name, view) in enumerate(network)
        }
        numbered["optimizer/000/iteration"] = self.steps.reshape(())
        return numbered

    def moments(self, first: int) -> Iterator[tuple[str, AnyArray]]:
        """Yield Adam's moments, not copied, by the names that `EpochRunner` gives them.

        Args:
            first: number of the first of them among the optimizer's variables.
        """
        number = first
        for name, (_, _, momentum, velocity) in self._views.items():
            for moment, view in (("momentum", momentum), ("velocity", velocity)):
                yield f"optimizer/{number:03d}/{name.replace('/', '_')}_{moment}", view
                number += 1

    def _layers(self, name: str, side: ConvolutionSide) -> tuple[Layer, ...]:
        layers: list[Layer] = []
        before: Normalization | None = None
        for number, convolution in enumerate(side.hidden, start=1):
            own = [f"{name}_conv_{number}"]
            layers.append(self._layer(own, convolution, before))
            before = self._normalization(f"{name}_norm_{number}", convolution.norm or _missing())
        heads = [f"{name}_heads/{part}" for part in _HEADS[name]]
        layers.append(self._layer(heads, side.heads[0], before))
        return tuple(layers)

    def _layer(
        self, names: Sequence[str], convolution: Convolution, before: Normalization | None
    ) -> Layer:
        kernels, biases = (
            [self._views[f"{name}/{part}"] for name in names] for part in ("kernel", "bias")
        )
        return Layer(
            kernels=[views[0] for views in kernels],
            biases=[views[0] for views in biases],
            kernel_gradients=[views[1] for views in kernels],
            bias_gradients=[views[1] for views in biases],
            dilation=convolution.dilation,
            activation=convolution.activation,
            before=before,
        )

    def _normalization(self, name: str, norm: Norm) -> Normalization:
        gamma, beta = (self._views[f"{name}/{part}"] for part in ("gamma", "beta"))
        return Normalization(
            *(gamma[0], beta[0], gamma[1], beta[1]),
            mean=self._statistics[f"{name}/moving_mean"],
            variance=self._statistics[f"{name}/moving_variance"],
            epsilon=norm.epsilon,
            momentum=norm.momentum,
        )


def _missing() -> Norm:
    raise ValueError("Expected batch normalization after every hidden layer. Received: none.")


def _sides(weights: NetworkWeights) -> list[tuple[str, ConvolutionSide]]:
    sides = []
    for name, side in (("encoder", weights.encoder), ("decoder", weights.decoder)):
        if not isinstance(side, ConvolutionSide):
            raise ValueError(f"Expected a network of convolutions. Received: {weights}.")
        sides.append((name, side))
    return sides


def _in_keras_order(weights: NetworkWeights) -> Iterator[tuple[str, Float32Array]]:
    """Yield paths and arrays of a network's variables, but for the state of its draws."""
    for name, side in _sides(weights):
        for number, layer in enumerate(side.hidden, start=1):
            yield f"{name}_conv_{number}/kernel", layer.kernel
            yield f"{name}_conv_{number}/bias", layer.bias
            norm = layer.norm or _missing()
            yield f"{name}_norm_{number}/gamma", norm.gamma
            yield f"{name}_norm_{number}/beta", norm.beta
            yield f"{name}_norm_{number}/moving_mean", norm.mean
            yield f"{name}_norm_{number}/moving_variance", norm.variance
        for part, head in zip(_HEADS[name], side.heads, strict=True):
            yield f"{name}_heads/{part}/kernel", head.kernel
            yield f"{name}_heads/{part}/bias", head.bias


def _is_statistic(name: str) -> bool:
    return name.rpartition("/")[2].startswith("moving_")


def _trained(weights: NetworkWeights) -> list[tuple[str, Float32Array]]:
    return [pair for pair in _in_keras_order(weights) if not _is_statistic(pair[0])]


def _statistics(weights: NetworkWeights) -> list[tuple[str, Float32Array]]:
    return [pair for pair in _in_keras_order(weights) if _is_statistic(pair[0])]
