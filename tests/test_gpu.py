"""One model on a GPU and on the CPU: the same numbers to 1e-5, and the same flags.

Each side is a process of its own, as a framework sees the cards that it saw first. The one with the
GPU is asked to round products, by the environment and by the program that it runs in, and trains
the model that both score. Without a GPU, both sides are the CPU: that shows that the comparison
compares.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcvae import _backend

ROOT = Path(__file__).parents[1]
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "dc-vae": {},
    "dc-vae, z drawn": {"fidelity_latent": "code"},
    "rnn-vae, simple": {"architecture": "rnn-vae", "layer_type": "rnn"},
    "rnn-vae, GRU": {"architecture": "rnn-vae", "layer_type": "gru"},
    "rnn-vae, LSTM": {"architecture": "rnn-vae", "layer_type": "lstm"},
    "seq2seq, GRU": {"architecture": "seq2seq", "layer_type": "gru"},
    "seq2seq, LSTM": {"architecture": "seq2seq", "layer_type": "lstm"},
}
SIZES: dict[str, dict[str, Any]] = {
    "dc-vae": {"T": 64, "cnn_units": [32, 32, 32], "dil_rate": [1, 2, 4, 8], "J": 4},
    "rnn-vae": {"T": 24, "rnn_units": [32, 16], "J": 4},
    "seq2seq": {"T": 24, "hidden_size": 32, "embedding_size": 16},
}

PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np, pandas as pd
from dcvae import Settings, _backend

asked = json.loads(sys.argv[1])
folder = Path(asked["folder"])
device = _backend.start()
if asked["rounds"] and sys.modules["keras"].backend.backend() == "torch":
    import torch
    torch.set_float32_matmul_precision("medium")

from dcvae import pipeline
from dcvae.data import table_from_array, training_data
from dcvae.storage import load_model, memory_record, save_model

random = np.random.default_rng(3)
rows = 1500
waves = np.sin(np.arange(rows)[:, None] / 7 + np.arange(6)) + random.normal(size=(rows, 6)) * 0.2
waves[1200:1230, 2] += 3.0
table = table_from_array(waves, waves, [f"s{number}" for number in range(6)], pd.Timedelta("1min"))
settings = Settings.from_values(asked["settings"], "the test")
if asked["trains"]:
    model = pipeline.fit(training_data(table, settings), settings)
    save_model(model, folder.parent, memory_record(table))
model = load_model(folder)
detection = model.detect(table)
losses = model.losses(detection.inputs)
np.savez(
    asked["results"], mean=detection.mean, sigma=detection.sigma, error=detection.error,
    offline=detection.offline, flags=detection.flags, alarm=detection.alarm,
    losses=[losses.reconst, losses.kl, losses.median, losses.percentile_95],
)
print(device)
"""

WITHOUT_GPU = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu"}
ROUNDING = {"JAX_DEFAULT_MATMUL_PRECISION": "tensorfloat32"}  # as TensorFlow does by itself


def run(results: Path, *, on_gpu: bool, **asked: Any) -> dict[str, Any]:
    """Run the program above; what it wrote, and the device that it ran on."""
    backend = {"KERAS_BACKEND": _backend.chosen(), "DCVAE_ENGINE": "keras"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps({"results": str(results), **asked})],
        env=os.environ
        | backend
        | {"PYTHONPATH": str(ROOT)}
        | (ROUNDING if asked["rounds"] else {})
        | ({} if on_gpu else WITHOUT_GPU),
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(results) as written:
        return dict(written) | {"device": done.stdout.splitlines()[-1]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("on_gpu", "name"),
    [(False, "dc-vae"), *((True, name) for name in ARCHITECTURES)],
    ids=["CPU: dc-vae", *(f"GPU: {name}" for name in ARCHITECTURES)],
)
def test_a_model_scores_alike_on_both(on_gpu: bool, name: str, tmp_path: Path) -> None:
    if on_gpu and not _backend.cards_in_use():
        pytest.skip("no GPU is visible to the framework")
    own = ARCHITECTURES[name]
    sizes = SIZES[own.get("architecture", "dc-vae")]
    settings = {"model_name": "both", "epochs": 2, "lr": 1e-3} | sizes | own
    shared = {"folder": str(tmp_path / "both"), "settings": settings}
    first = run(tmp_path / "first.npz", on_gpu=on_gpu, trains=True, rounds=True, **shared)
    second = run(tmp_path / "second.npz", on_gpu=False, trains=False, rounds=False, **shared)
    assert first.pop("device").startswith("CPU") is not on_gpu
    assert second.pop("device").startswith("CPU")
    assert first["flags"].any()
    for key in ("flags", "alarm"):
        np.testing.assert_array_equal(first[key], second[key], err_msg=key)
    for key in ("mean", "sigma", "error"):
        np.testing.assert_allclose(first[key], second[key], rtol=0, atol=1e-5, err_msg=key)
    for key in ("offline", "losses"):  # squares, and of draws of z
        np.testing.assert_allclose(first[key], second[key], rtol=1e-4, atol=1e-5, err_msg=key)
