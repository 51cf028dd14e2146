"""Small things that several test files build: settings, networks with weights of their own."""

import json
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.config.settings import Settings
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import flags
from dcvae.detection.result import Verdicts
from dcvae.evaluation.metrics_table import Detector
from dcvae.networks import build_network
from dcvae.networks.base import Autoencoder
from dcvae.networks.dc_vae import ConvHeads, DilatedCausalConv

TINY = {
    "model_name": "tiny",
    "T": 8,
    "M": 2,
    "cnn_units": [4, 3],
    "dil_rate": [1, 2, 4],
    "J": 2,
    "batch_size": 16,
    "epochs": 2,
    "lr": 1e-2,
    "val_percent": 0.25,
    "seed": 7,
}


def settings_with(**keys: Any) -> Settings:
    """Tiny settings with some keys, under their published names, given other values."""
    return Settings.from_text(json.dumps(TINY | keys), "tiny.txt")


def randomized(network: Autoencoder, seed: int = 0) -> Autoencoder:
    """Give biases and BatchNorm values that matter, as a trained network has; same network."""
    random = np.random.default_rng(seed)
    for layer in [*network.encoder.layers, *network.decoder.layers]:
        for weight in layer.weights:
            value = keras.ops.convert_to_numpy(weight)
            if weight.name in ("gamma", "moving_variance"):
                value = random.uniform(0.5, 1.5, weight.shape)
            elif weight.name in ("bias", "beta", "moving_mean"):
                value = random.normal(0.0, 0.3, weight.shape)
            weight.assign(value)
    return network


def random_network(settings: Settings, seed: int = 0) -> Autoencoder:
    return randomized(build_network(settings), seed)


def weights_of(network: Autoencoder) -> dict[str, NDArray[np.float64]]:
    """Weights by layer and name, in float64, for the oracles."""
    return {
        "/".join(weight.path.split("/")[-2:]): keras.ops.convert_to_numpy(weight).astype(np.float64)
        for side in (network.encoder, network.decoder)
        for weight in side.weights
    }


def head_of(side: keras.Model, name: str) -> DilatedCausalConv:
    """Find one of the two heads of a side by its name."""
    heads = next(layer for layer in side.layers if isinstance(layer, ConvHeads))
    return next(head for head in heads.heads if head.name == name)


def random_rows(num_rows: int, num_series: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=(num_rows, num_series)).astype(np.float32)


def detector_of(residual: Any, alphas: Alphas) -> Detector:
    """What the published rule says of residuals (rows, series)."""
    residual = np.asarray(residual, dtype=np.float32)
    flagged = flags(residual, alphas)
    distance = np.nan_to_num(np.abs(residual), nan=0.0)
    return Detector(residual, flagged, distance.max(axis=1), np.logical_or.reduce(flagged, axis=1))


def verdicts_of(residual: Any, *, down: Any = 3.0, up: Any = 3.0) -> Verdicts:
    """Verdicts with given residuals (rows, series): expected 0 with sigma 1, rows every 5 min."""
    residual = np.asarray(residual, dtype=np.float32)
    names = list("abcdefghijklmnopqrstuvwxyz"[: residual.shape[1]])
    times = pd.date_range("2021-01-01", periods=len(residual), freq="5min", name="time")
    default = Alphas.default(names, 3.0)
    alphas = replace(default, down=default.down * 0 + down, up=default.up * 0 + up)
    zeros = np.zeros_like(residual)
    return Verdicts(
        pd.DataFrame(residual.astype(np.float64), times, names),
        alphas,
        np.zeros(residual.shape[1]),
        np.ones(residual.shape[1]),
        zeros,
        np.ones_like(residual),
        residual,
        flags(residual, alphas),
        np.zeros((len(residual), 2), dtype=np.float32),
    )
