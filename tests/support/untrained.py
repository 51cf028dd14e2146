"""A model as `pipeline.fit` makes it, but for the training: the network keeps its weights."""

import os
from unittest import mock

from dcvae import pipeline
from dcvae.config import Settings
from dcvae.data import TrainingData
from dcvae.networks import Autoencoder


def untrained_model(
    data: TrainingData, settings: Settings, network: Autoencoder
) -> pipeline.FittedModel:
    """Calibrate a network and fit thresholds for it, without a step of training."""
    with (
        mock.patch.dict(os.environ, {"DCVAE_ENGINE": "keras"}),  # of which the network is
        mock.patch("dcvae.networks.build_network", return_value=network),
        mock.patch("dcvae.training.train", return_value=None),
    ):
        return pipeline.fit(data, settings)
