"""Architectures: the module that builds each, and what is known of it without building it.

A new architecture is a module of this package with a function `build`, an entry here, and its
keys in `config`; no other part of the project depends on the architecture.
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dcvae import _backend
from dcvae.config import Architecture, NetworkKeys
from dcvae.networks import plan

if TYPE_CHECKING:  # importing it would import Keras
    from dcvae.networks.base import Autoencoder


def _latent_size(keys: NetworkKeys) -> int:
    return keys.latent_size


def _embedding_size(keys: NetworkKeys) -> int:
    return keys.embedding_size


def _whole_window(keys: NetworkKeys) -> str:
    return f"every row of the window (T = {keys.window_length}) in reach"


def _no_notices(keys: NetworkKeys) -> list[str]:
    return []


def _no_changes(keys: NetworkKeys, window_length: int) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Entry:
    """Properties of an architecture that are known before a network of it is built.

    Attributes:
        module: name of the module with its builder, `build(keys, num_series)`.
        latent_channels: from the keys, the length of a latent vector.
        reach: from the keys, the rows of a window that an output can depend on, in words.
        notices: from the keys, what a reader of them might not expect, one sentence each.
        shorter: from the keys and a shorter window length, the attributes that change with it.
    """

    module: str
    latent_channels: Callable[[NetworkKeys], int] = _latent_size
    reach: Callable[[NetworkKeys], str] = _whole_window
    notices: Callable[[NetworkKeys], list[str]] = _no_notices
    shorter: Callable[[NetworkKeys, int], dict[str, Any]] = _no_changes


ARCHITECTURES: Mapping[Architecture, Entry] = {
    "dc-vae": Entry(
        "dcvae.networks.dc_vae",
        reach=plan.convolutional_reach,
        notices=plan.receptive_field_notices,
        shorter=plan.without_far_dilations,
    ),
    "rnn-vae": Entry("dcvae.networks.rnn_vae"),
    "seq2seq": Entry("dcvae.networks.seq2seq", latent_channels=_embedding_size),
}
"""Entry of each architecture, by the value of the key `architecture`."""


def entry_of(keys: NetworkKeys) -> Entry:
    """Return the entry of the architecture of some keys.

    Args:
        keys: of any architecture.

    Returns:
        An entry of `ARCHITECTURES`.

    Examples:
        >>> from dcvae.config import NetworkKeys
        >>> from dcvae.networks import entry_of
        >>> keys = NetworkKeys(T=8, cnn_units=(4, 4), dil_rate=(1, 2, 4), J=2)
        >>> entry_of(keys).latent_channels(keys)
        2
        >>> entry_of(keys).reach(keys)
        'receptive field 8 (encoder) and 8 (decoder) of T = 8 rows'
    """
    return ARCHITECTURES[keys.architecture]


def build_network(keys: NetworkKeys) -> "Autoencoder":
    """Build the untrained network of some keys (imports Keras).

    Weights are drawn from `seed`: the same keys give the same network.

    Args:
        keys: with a known `num_series`.

    Returns:
        The network; it takes windows (batch, T, M).

    Raises:
        ValueError: `num_series` is None.

    Examples:
        >>> from dcvae.config import NetworkKeys
        >>> from dcvae.networks import build_network
        >>> network = build_network(NetworkKeys(T=8, M=2, cnn_units=(4,), dil_rate=(1, 2), J=3))
        >>> network.name, network.latent_size, network.encoder.input_shape
        ('dc_vae', 3, (None, 8, 2))
    """
    if keys.num_series is None:
        raise ValueError("Expected settings with a known `num_series`. Received: None.")
    builder = importlib.import_module(entry_of(keys).module)
    with _backend.drawing_from(keys.seed):
        network: Autoencoder = builder.build(keys, keys.num_series)
        return network


def register_layers() -> None:
    """Import every architecture, so that Keras finds its classes when it loads a network.

    Examples:
        >>> import keras
        >>> from dcvae.networks import register_layers
        >>> register_layers()
        >>> keras.saving.get_registered_object("dcvae>ConvHeads").__name__
        'ConvHeads'
    """
    for entry in ARCHITECTURES.values():
        importlib.import_module(entry.module)
