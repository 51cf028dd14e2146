"""The networks: one builder an architecture, all of them autoencoders to the rest of the package.

A new architecture is a module here with a `build`, an entry below, and its keys in `settings`.
"""

import random
from collections.abc import Callable

import keras
import numpy as np

from dcvae.config.settings import Architecture, Settings
from dcvae.networks import dc_vae as convolutional
from dcvae.networks import rnn_vae as recurrent
from dcvae.networks.base import Autoencoder

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
    # Those of a caller who draws random numbers of his own stay as they are.
    states = random.getstate(), np.random.get_state()  # noqa: NPY002  Keras seeds that one
    keras.utils.set_random_seed(settings.seed)
    try:
        return _BUILDERS[settings.architecture](settings, settings.num_series)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
