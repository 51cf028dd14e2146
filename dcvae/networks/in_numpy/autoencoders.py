"""Trained autoencoders in NumPy: the interface of scoring, for every architecture.

The same networks in Keras are `networks.vae` and `networks.seq2seq`; tests hold both to the same
results, and to plain loops in float64.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import ModuleType
from typing import Self, cast

import numpy as np

from dcvae._arrays import Float32Array
from dcvae.networks.in_numpy.convolutional import Convolutions
from dcvae.networks.in_numpy.draws import advanced, standard_normal
from dcvae.networks.in_numpy.recurrent import by_time, hidden_states, linear, states_of
from dcvae.networks.in_numpy.weights import (
    ConvolutionSide,
    Dense,
    NetworkWeights,
    Recurrent,
    RecurrentSide,
)
from dcvae.networks.interface import Reconstruction
from dcvae.networks.losses import LOG_VARIANCE_BOUND, distance_terms, elbo_terms, sigma_from


class NetworkInNumpy(ABC):
    """A trained network that needs nothing but NumPy.

    Args:
        weights: layers and weights, which are not changed.

    Attributes:
        bounded: whether log variances of cells are bounded, see `losses.log_variance_from`.
    """

    def __init__(self, weights: NetworkWeights) -> None:
        self.bounded = weights.bounded
        self._weights = weights
        self._draws = None if weights.draw_state is None else advanced([*weights.draw_state], 0)

    @property
    def ops(self) -> ModuleType:
        """The module of its operations on arrays."""
        return np

    @property
    def latent_size(self) -> int:
        """Length of a latent vector."""
        return self._weights.latent_size

    def copy(self) -> Self:
        """Return a network of the same weights, which nothing changes."""
        return type(self)(self.describe())

    def describe(self) -> NetworkWeights:
        """Return layers and weights, and the state of the draws as it is now."""
        if self._draws is None:
            return self._weights
        return replace(self._weights, draw_state=np.array(self._draws, dtype=np.uint32))

    @contextmanager
    def keeping_draws(self) -> Iterator[None]:
        """Leave the state of its random draws as it was.

        Yields:
            None.
        """
        state = self._draws
        try:
            yield
        finally:
            self._draws = state

    def draw(self, num_windows: int) -> Float32Array | None:
        """Draw the noise of some windows, (num_windows, T, latent); None if nothing is drawn."""
        if self._draws is None:
            return None
        shape = (num_windows, self._weights.window_length, self.latent_size)
        noise = standard_normal(shape, self._draws)
        self._draws = advanced(self._draws)
        return noise

    @abstractmethod
    def __call__(
        self, windows: Float32Array, noise: Float32Array | None = None
    ) -> dict[str, Float32Array]:
        """Return what `losses_of` takes.

        Args:
            windows: (batch, T, series) float32, scaled.
            noise: from `draw`; None to draw it.
        """

    @abstractmethod
    def losses_of(
        self, windows: Float32Array, outputs: dict[str, Float32Array] | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Return reconstruction loss and latent loss of every window, each (batch,).

        Args:
            windows: (batch, T, series) float32, scaled.
            outputs: of a call for these windows; None to call.
        """

    @abstractmethod
    def reconstruct(
        self, windows: Float32Array, noise: Float32Array | None = None
    ) -> Reconstruction:
        """Reconstruct windows; see `networks.base.Autoencoder.reconstruct`."""


class VariationalNetwork(NetworkInNumpy):
    """DC-VAE or RNN-VAE, trained; see `networks.vae.VariationalAutoencoder`.

    Args:
        weights: of one of the two.
    """

    def __init__(self, weights: NetworkWeights) -> None:
        super().__init__(weights)
        sides: list[Convolutions | _RecurrentHeads] = []
        for side in (weights.encoder, weights.decoder):
            if isinstance(side, ConvolutionSide):
                sides.append(Convolutions(side, weights.window_length))
            else:
                sides.append(_RecurrentHeads(side))
        self._encoder, self._decoder = sides
        self._bounds_latent = self.bounded and isinstance(weights.encoder, RecurrentSide)

    def __call__(
        self, windows: Float32Array, noise: Float32Array | None = None
    ) -> dict[str, Float32Array]:
        """Encode windows, draw a latent sequence of each, and decode it."""
        noise = self.draw(len(windows)) if noise is None else noise
        z_mean, z_log_var = self._encode(windows)
        mean, spread = self._decoder(_drawn(z_mean, z_log_var, noise))
        return {"z_mean": z_mean, "z_log_var": z_log_var, "mean": mean, "spread": spread}

    def losses_of(
        self, windows: Float32Array, outputs: dict[str, Float32Array] | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Return the terms of the negative ELBO, each (batch,)."""
        outputs = self(windows) if outputs is None else outputs
        return elbo_terms(windows, outputs, self._weights.spread_convention, bounded=self.bounded)

    def reconstruct(
        self, windows: Float32Array, noise: Float32Array | None = None
    ) -> Reconstruction:
        """Reconstruct windows from z_mean, or from a draw of z."""
        z, z_log_var = self._encode(windows)
        if noise is not None:
            z = _drawn(z, z_log_var, noise)
        mean, spread = self._decoder(z)
        return Reconstruction(mean, sigma_from(spread, bounded=self.bounded), z[:, -1])

    def _encode(self, windows: Float32Array) -> tuple[Float32Array, Float32Array]:
        z_mean, z_log_var = self._encoder(windows)
        if self._bounds_latent:
            z_log_var = np.clip(z_log_var, -LOG_VARIANCE_BOUND, LOG_VARIANCE_BOUND)
        return z_mean, z_log_var


class SequenceNetwork(NetworkInNumpy):
    """The sequence-to-sequence autoencoder, trained; see `networks.seq2seq`.

    Args:
        weights: of such a network.
    """

    def __init__(self, weights: NetworkWeights) -> None:
        super().__init__(weights)
        encoder, decoder = weights.encoder, weights.decoder
        self._encoder, self._decoder = (
            cast("RecurrentSide", encoder),
            cast("RecurrentSide", decoder),
        )

    def __call__(
        self, windows: Float32Array, noise: Float32Array | None = None
    ) -> dict[str, Float32Array]:
        """Encode and decode windows; nothing is drawn."""
        return {"mean": self.reconstruct(windows).mean}

    def losses_of(
        self, windows: Float32Array, outputs: dict[str, Float32Array] | None = None
    ) -> tuple[Float32Array, Float32Array]:
        """Return the mean distance of a cell, and 0, as the embedding has no loss."""
        outputs = self(windows) if outputs is None else outputs
        return distance_terms(windows, outputs, self._weights.distance)

    def reconstruct(
        self, windows: Float32Array, noise: Float32Array | None = None
    ) -> Reconstruction:
        """Reconstruct windows from their embeddings; sigma is 1, as nothing predicts it."""
        last = cast("Recurrent", self._encoder.heads[0])
        embedding = states_of(last, hidden_states(self._encoder, by_time(windows)))[-1]
        repeated = np.broadcast_to(embedding, (self._weights.window_length, *embedding.shape))
        decoded = hidden_states(self._decoder, repeated)
        mean = by_time(linear(cast("Dense", self._decoder.heads[0]), decoded))
        return Reconstruction(mean, np.ones_like(mean), embedding)


def network_in_numpy(weights: NetworkWeights) -> NetworkInNumpy:
    """Make a network of its weights.

    Args:
        weights: of any architecture.
    """
    return (SequenceNetwork if weights.architecture == "seq2seq" else VariationalNetwork)(weights)


class _RecurrentHeads:
    """The forward pass of an encoder or a decoder of recurrent layers over whole windows."""

    def __init__(self, side: RecurrentSide) -> None:
        self._side = side
        self._first, self._second = (cast("Recurrent", head) for head in side.heads)

    def __call__(self, inputs: Float32Array) -> tuple[Float32Array, Float32Array]:
        hidden = hidden_states(self._side, by_time(inputs))
        return by_time(states_of(self._first, hidden)), by_time(states_of(self._second, hidden))


def _drawn(
    z_mean: Float32Array, z_log_var: Float32Array, noise: Float32Array | None
) -> Float32Array:
    z: Float32Array = z_mean + np.exp(0.5 * z_log_var) * noise
    return z
