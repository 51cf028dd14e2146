"""What the tests of settings share: the published file, and ways to read a file of a few keys."""

import json
from pathlib import Path
from typing import Any

import pytest

from dcvae import InputError
from dcvae.config import Settings
from dcvae.config.keys.properties import FIDELITY_KEYS

FOLDER = Path(__file__).parents[2] / "settings"

# The values García González et al. published for TELCO, typed from their file.
PUBLISHED: dict[str, Any] = {
    "dataset_name": "TELCO",
    "model_name": "dc-vae",
    "scale": True,
    "wo_outliers": True,
    "max_std": 7,
    "T": 128,
    "M": 12,
    "cnn_units": [64, 64, 64, 64, 64, 64],
    "dil_rate": [1, 2, 4, 8, 16, 32, 64],
    "kernel": 2,
    "strs": 1,
    "activation": "tanh",
    "alpha_reg": 1e-4,
    "batch_size": 32,
    "J": 4,
    "epochs": 100,
    "lr": 1e-4,
    "lr_decay": False,
    "decay_rate": 0.96,
    "decay_step": 7000,
    "val_percent": 0.2,
    "seed": 123,
    "summary": True,
    "custom_metrics": True,
}
NEW_KEYS = [
    *("patience", "min_delta", "train_stride", "steps_per_epoch", "trim_windows", "tf32"),
    *("max_gap", "max_fill"),
    *("resample", "time_zone", "time_column", "ignore", "missing_values", "counters", "by"),
    *("entity", "titles", "units", "metadata"),
    *("default_alpha", "alpha_method", "false_alarms_per_week", "alpha_lowest", "alpha_quantile"),
    *("alpha_search", "sigma", "threshold", "alarm_window", "alarm_longest", "alarm_system"),
    *("alarm_series", "alarm_smoothing", "alarm_enter", "alarm_leave", "alarm_min_rows"),
    *("alarm_hold", "system_false_alarms_per_week", "budget_confidence", "contamination"),
    *("tune_alarms", "fidelity"),
]
# Those of an effective file of DC-VAE, in its order.
ALL_KEYS = ["detector", "ensemble_members", "architecture", *PUBLISHED, *NEW_KEYS, *FIDELITY_KEYS]
ALL_KEYS.insert(ALL_KEYS.index("scale") + 1, "robust_scale")

ARCHITECTURES = ("dc-vae", "rnn-vae", "seq2seq")
# Keys that not every architecture has: a value, and who has it.
ONLY_OF: dict[str, tuple[Any, list[str]]] = {
    "cnn_units": ([4, 4], ["dc-vae"]),
    "dil_rate": ([1, 2, 4, 8, 16, 32], ["dc-vae"]),
    "kernel": (2, ["dc-vae"]),
    "strs": (1, ["dc-vae"]),
    "fidelity_encoder": ("code", ["dc-vae"]),
    "fidelity_decoder": ("paper", ["dc-vae"]),
    "rnn_units": ([8, 4], ["rnn-vae"]),
    "layer_type": ("gru", ["rnn-vae", "seq2seq"]),
    "J": (4, ["dc-vae", "rnn-vae"]),
    "activation": ("tanh", ["dc-vae", "rnn-vae"]),
    "fidelity_spread": ("code", ["dc-vae", "rnn-vae"]),
    "fidelity_latent": ("code", ["dc-vae", "rnn-vae"]),
    "fidelity_bounds": ("code", ["dc-vae", "rnn-vae"]),
    "fidelity_norm": ("code", ["dc-vae", "rnn-vae"]),
    "fidelity_batches": ("code", ["dc-vae", "rnn-vae"]),
    "fidelity_losses": ("code", ["dc-vae", "rnn-vae"]),
    "hidden_size": (8, ["seq2seq"]),
    "embedding_size": (8, ["seq2seq"]),
    "loss": ("mse", ["seq2seq"]),
}


def read(source: str = "settings/x.txt", **keys: Any) -> Settings:
    """Settings of a file that is complete but for the given keys."""
    return Settings.from_text(json.dumps({"model_name": "a"} | keys), source)


def refusal(text: str) -> str:
    """The message that refuses a text."""
    with pytest.raises(InputError) as caught:
        Settings.from_text(text, "settings/x.txt")
    return str(caught.value)


def problems(**keys: Any) -> list[str]:
    """The lines of problems of a file that is complete but for the given keys."""
    first, *lines = refusal(json.dumps({"model_name": "a"} | keys)).split("\n")
    assert first == "settings/x.txt is not a usable settings file:"
    assert all(line.startswith("  `") for line in lines)
    return [line.strip() for line in lines]
