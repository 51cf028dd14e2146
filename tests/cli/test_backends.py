"""The scripts on another backend than TensorFlow, in an environment without it, and on none."""

import importlib.util
import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae.data import read_data
from dcvae.storage import load_model
from support.script_tools import (
    MODEL_FILES,
    RESULT_FILES,
    Ended,
    command,
    environment,
    good,
    write_files,
)

ROUND = {
    "train": ("train.csv", "settings.txt"),
    "alpha_definition": ("val.csv", "labels.csv", "settings.txt"),
    "test": ("test.csv", "settings.txt"),
}


@pytest.fixture
def without_tensorflow(tmp_path: Path) -> Path:
    """A folder of packages that shadow the installed ones; no import of TensorFlow succeeds."""
    folder = tmp_path / "shadow"
    folder.mkdir()
    (folder / "tensorflow.py").write_text("raise ModuleNotFoundError('shadowed')\n")
    return folder


def run_on(backend: str, script: str, folder: Path, *options: str, shadow: Path) -> Ended:
    done = subprocess.run(
        command(script, *ROUND[script], *options),
        cwd=folder,
        env=environment(shadow) | {"KERAS_BACKEND": backend, "DCVAE_ENGINE": "keras"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.slow
def test_the_round_of_the_scripts_on_jax_without_tensorflow(
    tmp_path: Path, without_tensorflow: Path
) -> None:
    if importlib.util.find_spec("jax") is None:
        pytest.skip("JAX is not installed")
    write_files(tmp_path)
    model, results = tmp_path / "models/toy", tmp_path / "models/toy/results/test"
    for script in ROUND:
        ended = good(run_on("jax", script, tmp_path, shadow=without_tensorflow))
        assert "starting JAX, about 10 s" in ended.stdout
        if script == "train":
            assert "(no GPU visible to jax)" in ended.stdout or "(gpu:0)" in ended.stdout
    assert {path.name for path in model.iterdir() if path.is_file()} == MODEL_FILES
    assert {path.name for path in results.iterdir() if path.is_file()} >= RESULT_FILES
    run = json.loads((model / "run.json").read_text())
    assert run["backend"] == "jax"
    assert list(run["versions"]) == ["python", "dcvae", "jax", "keras", "numpy", "pandas"]

    # The model is read, and scores alike, on another backend: that of this process.
    loaded = load_model(model)
    table, _ = read_data(tmp_path / "test.csv", loaded.settings)
    detection = loaded.detect(table)
    flags, expected = (
        pd.read_csv(results / f"{name}.csv", index_col=0)
        for name in ("anomaly_predictions", "reconstructions")
    )
    np.testing.assert_array_equal(detection.flags, flags.to_numpy(dtype=bool))
    assert detection.flags.any()
    units = detection.offset + detection.scale * detection.mean
    np.testing.assert_allclose(units, expected, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("backend", ["theano", "torch"])
def test_a_backend_that_is_not_there_is_refused_before_the_data_are_read(
    backend: str, tmp_path: Path, without_tensorflow: Path
) -> None:
    if backend == "torch" and importlib.util.find_spec("torch"):
        pytest.skip("it is installed")
    write_files(tmp_path)
    (tmp_path / "train.csv").unlink()
    ended = run_on(backend, "train", tmp_path, shadow=without_tensorflow)
    assert (ended.returncode, ended.stdout) == (2, "")
    words = {"theano": r'Received: "theano"\. Set the', "torch": r"Install it, `pip install torch`"}
    assert re.search(words[backend], " ".join(ended.stderr.split()))
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "models").exists()
