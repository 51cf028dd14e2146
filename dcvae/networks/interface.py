"""Interface of a trained network, as scoring uses it: in Keras and in NumPy alike."""

from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, Self

from dcvae._arrays import Tensor
from dcvae.networks.in_numpy.weights import NetworkWeights


class Reconstruction(NamedTuple):
    """Reconstruction of whole windows, without training behavior such as random latent draws.

    Attributes:
        mean: (batch, time, series) float32, scaled.
        sigma: (batch, time, series) float32, scaled: the standard deviation of the band.
        latent: (batch, latent) float32: the latent vector of the last row.

    Examples:
        >>> import numpy as np
        >>> from dcvae.config import NetworkKeys
        >>> from dcvae.networks import build_network
        >>> network = build_network(NetworkKeys(T=8, M=2, cnn_units=(4,), dil_rate=(1, 2), J=3))
        >>> reconstruction = network.reconstruct(np.zeros((5, 8, 2), dtype=np.float32))
        >>> [tuple(part.shape) for part in reconstruction]
        [(5, 8, 2), (5, 8, 2), (5, 3)]
    """

    mean: Tensor
    sigma: Tensor
    latent: Tensor


class Network(Protocol):
    """A trained network.

    Attributes:
        bounded: whether log variances of cells are bounded, see `losses.log_variance_from`.
    """

    bounded: bool

    @property
    def ops(self) -> Any:
        """The module of its operations on arrays: `numpy` or `keras.ops`."""

    @property
    def latent_size(self) -> int:
        """Length of a latent vector."""

    def __call__(self, windows: Tensor) -> dict[str, Tensor]:
        """Return what `losses_of` takes, of windows (batch, time, series), the latent drawn."""

    def losses_of(self, windows: Tensor, outputs: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the reconstruction loss and the latent loss of every window, each (batch,)."""

    def reconstruct(self, windows: Tensor, noise: Tensor = None) -> Reconstruction:
        """Reconstruct windows deterministically, from the mean latent or from given noise."""

    def copy(self) -> Self:
        """Return it as it is now, whatever becomes of its weights."""

    def describe(self) -> NetworkWeights:
        """Return layers and weights without the framework that they are in."""

    def keeping_draws(self) -> AbstractContextManager[None]:
        """Leave the state of its random draws as it was."""
