"""Small things that several test files build: settings, networks with weights of their own."""

import json
from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.config import Settings
from dcvae.data import ModelInput
from dcvae.detection import Alphas, Detection, Judged, SystemAlarm, flags
from dcvae.evaluation import Predictions
from dcvae.networks import Autoencoder, ConvHeads, DilatedCausalConv, build_network

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


def inputs_of(values: Any, observed: Any = None, gaps: Any = None) -> ModelInput:
    """Make what a network is given of scaled values (rows, series), rows every minute."""
    values = np.asarray(values, dtype=np.float32)
    return ModelInput(
        values,
        np.ones(values.shape, dtype=bool) if observed is None else np.asarray(observed),
        np.zeros(len(values), dtype=bool) if gaps is None else np.asarray(gaps),
        pd.date_range("2021-01-01", periods=len(values), freq="min"),
    )


def predictions_of(residual: Any, alphas: Alphas) -> Predictions:
    """What the published rule says of residuals (rows, series)."""
    residual = np.asarray(residual, dtype=np.float32)
    flagged = flags(residual, alphas)
    distance = np.nan_to_num(np.abs(residual), nan=0.0)
    return Predictions(
        residual, flagged, distance.max(axis=1), np.logical_or.reduce(flagged, axis=1)
    )


def judged_of(score: NDArray[np.float64], **fields: Any) -> Judged:
    """Scores (rows,) that nothing follows and no limit is for, as by the published rule.

    Args:
        score: the score; what is held against the limit too.
        **fields: others than these.
    """
    judged = Judged(
        score=score,
        relative=score,
        own=score,
        limit=np.nan,
        lower=np.nan,
        reference=np.where(np.isfinite(score), 1.0, np.nan),
        widths=np.ones((1, 1), dtype=np.float32),
        accepted=(),
        returned=(),
    )
    return judged._replace(**fields)


def detection_of_frame(
    frame: pd.DataFrame, residual: Any, alphas: Alphas, **fields: Any
) -> Detection:
    """A detection by the published rule that expects 0 with sigma 1 everywhere.

    Args:
        frame: (rows, series), the scored rows.
        residual: of the same cells.
        alphas: the bands.
        **fields: others than these.
    """
    residual = np.asarray(residual, dtype=np.float32)
    said = predictions_of(residual, alphas)
    zeros = np.zeros_like(residual)
    made = Detection(
        frame=frame,
        inputs=inputs_of(np.nan_to_num(frame.to_numpy())),
        alphas=alphas,
        system=SystemAlarm.published(residual.shape[1]),
        offset=np.zeros(residual.shape[1]),
        scale=np.ones(residual.shape[1]),
        mean=zeros,
        sigma=zeros + 1,
        error=residual,
        residual=residual,
        flags=said.flags,
        latent=np.zeros((len(residual), 2), dtype=np.float32),
        judged=judged_of(said.score.astype(np.float64)),
        offline=np.full(len(residual), np.nan),
        alarm=said.alarm,
        series_alarms=said.flags,
    )
    return replace(made, **fields)


def detection_of(residual: Any, *, down: Any = 3.0, up: Any = 3.0, **fields: Any) -> Detection:
    """A detection with given residuals (rows, series), rows every 5 minutes."""
    residual = np.asarray(residual, dtype=np.float32)
    names = list("abcdefghijklmnopqrstuvwxyz"[: residual.shape[1]])
    times = pd.date_range("2021-01-01", periods=len(residual), freq="5min", name="time")
    default = Alphas.default(names, 3.0)
    alphas = replace(default, down=default.down * 0 + down, up=default.up * 0 + up)
    frame = pd.DataFrame(residual.astype(np.float64), times, names)
    return detection_of_frame(frame, residual, alphas, **fields)
