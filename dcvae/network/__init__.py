"""The networks: one builder an architecture, all of them autoencoders to the rest of the package.

A new architecture is a module here with a `build`, an entry below, and its keys in `settings`.
"""

from collections.abc import Callable

import keras

from dcvae.network import convolutional, recurrent
from dcvae.network.autoencoders import Autoencoder
from dcvae.settings import Architecture, Settings

_BUILDERS: dict[Architecture, Callable[[Settings, int], Autoencoder]] = {
    "dc-vae": convolutional.build,
    "rnn-vae": recurrent.build_variational,
    "seq2seq": recurrent.build_sequence_to_sequence,
}


def build_network(settings: Settings) -> Autoencoder:
    """Build the untrained network that a settings file describes.

    Weights are drawn from `settings.seed`: the same settings give the same network.

    Args:
        settings: settings whose `num_series` is known.

    Raises:
        ValueError: it is not.
    """
    if settings.num_series is None:
        raise ValueError("Expected settings with a known `num_series`. Received: None.")
    keras.utils.set_random_seed(settings.seed)
    return _BUILDERS[settings.architecture](settings, settings.num_series)
