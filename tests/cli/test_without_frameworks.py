"""A model trained and judged without TensorFlow and Keras, as it would be with them."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from support.bare_environment import bare_environment
from support.script_tools import ROOT, call, command, epochs_of, good, read_results, run

THRESHOLDS = ("val.csv", "labels.csv", "settings.txt")
FRAMEWORKS = ("tensorflow", "keras", "jax", "torch")


def test_no_script_imports_a_framework(place, poison):
    words = ("train.csv", "settings.txt", "--resume", "--epochs", "3")
    trained = good(run("train", *words, cwd=place.folder, poison=poison)).stdout
    assert "device   CPU, " in trained
    assert "starting" not in trained
    assert "compiling" not in trained
    record = json.loads((place.model / "run.json").read_bytes())
    assert record["engine"] == "numpy"
    assert [*record["versions"]] == ["python", "dcvae", "numpy", "pandas"]
    good(run("alpha_definition", *THRESHOLDS, cwd=place.folder, poison=poison))
    ended = good(run("test", "test.csv", "settings.txt", cwd=place.folder, poison=poison))
    assert "starting TensorFlow" not in ended.stdout


def test_what_was_trained_with_keras_goes_on_in_numpy(place, monkeypatch):
    """And the other way round, all the same in between: losses, files, what is said."""
    monkeypatch.chdir(place.folder)
    for engine, epochs in (("keras", "3"), ("numpy", "4")):
        monkeypatch.setenv("DCVAE_ENGINE", engine)
        words = ("train.csv", "settings.txt", "--resume", "--epochs", epochs)
        trained = good(call("train", *words)).stdout
        assert ("compiling the network" in trained) == (engine == "keras")
        assert epochs_of(place.model) == [*range(1, int(epochs) + 1)]
        record = json.loads((place.model / "run.json").read_bytes())
        assert record["engine"] == engine
        assert ("tensorflow" in record["versions"]) == (engine == "keras")
        good(call("test", "test.csv", "settings.txt"))


def test_both_engines_say_the_same(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    results = {}
    for engine in ("keras", "numpy"):
        monkeypatch.setenv("DCVAE_ENGINE", engine)
        good(call("alpha_definition", *THRESHOLDS))
        good(call("test", "test.csv", "settings.txt"))
        folder = place.folder / "models" / "toy"
        shutil.copytree(folder, place.folder / engine)
        results[engine] = read_results(folder / "results" / "test")
        metrics = json.loads((folder / "results" / "test" / "metrics.json").read_text())
        assert metrics["engine"] == engine
        assert ("tensorflow" in metrics["versions"]) == (engine == "keras")
    for name, by_keras in results["keras"].items():
        found = results["numpy"][name]
        if name == "anomaly_predictions":
            pd.testing.assert_frame_equal(found, by_keras)
        else:
            np.testing.assert_allclose(found, by_keras, rtol=1e-4, atol=1e-4, equal_nan=True)
    alphas = [pd.read_csv(place.folder / engine / "alphas.csv") for engine in ("keras", "numpy")]
    np.testing.assert_allclose(alphas[1]["alpha_up"], alphas[0]["alpha_up"], rtol=1e-4)
    for name in ("alarms.csv", "events.csv"):
        tables = [
            pd.read_csv(place.folder / engine / "results" / "test" / name)
            for engine in ("keras", "numpy")
        ]
        pd.testing.assert_frame_equal(*tables, rtol=1e-4, atol=1e-5)


def test_an_engine_that_is_not_known_is_refused_before_anything_slow(place, monkeypatch):
    monkeypatch.chdir(place.folder)
    monkeypatch.setenv("DCVAE_ENGINE", "tensorflow")
    for words in (("alpha_definition", *THRESHOLDS), ("test", "test.csv", "settings.txt")):
        ended = call(*words)
        assert ended.returncode == 2
        assert (
            'DCVAE_ENGINE to be "auto", "numpy" or "keras". Received: "tensorflow"' in ended.stderr
        )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="makes links")
def test_the_scripts_run_where_no_framework_is_installed(place, tmp_path):
    """The environment of requirements-scoring.txt, and of nothing else."""
    python = bare_environment(tmp_path / "bare", ROOT / "requirements-scoring.txt")
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run_bare(*words, **more):
        return subprocess.run(
            [python, *words],
            cwd=place.folder,
            env=variables | more,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    code = f"import importlib.util as u; print([n for n in {FRAMEWORKS} if u.find_spec(n)])"
    assert run_bare("-c", code).stdout.strip() == "[]"
    good(run_bare(*command("train", "train.csv", "settings.txt")[1:]))
    good(run_bare(*command("alpha_definition", *THRESHOLDS)[1:]))
    good(run_bare(*command("test", "test.csv", "settings.txt", "--figures", "png")[1:]))
    results = place.folder / "models" / "toy" / "results" / "test"
    assert json.loads((results / "metrics.json").read_text())["engine"] == "numpy"
    assert [path.name for path in results.rglob("loss.png")] == ["loss.png"]
    code = (
        "import dcvae, pandas as pd; "
        "model = dcvae.load_model('models/toy'); "
        "print(len(dcvae.DCVAEDetector.load('models/toy').predict("
        "pd.read_csv('test.csv', index_col=0, parse_dates=True))))"
    )
    assert good(run_bare("-c", code, PYTHONPATH=str(ROOT))).stdout.strip() == "100"
    for words in (("test", "test.csv"), ("train", "train.csv")):
        asked = run_bare(*command(*words, "settings.txt")[1:], DCVAE_ENGINE="keras")
        assert asked.returncode == 2
        assert "TensorFlow is not installed in " in asked.stderr
        assert "DCVAE_ENGINE=keras asks for Keras; DCVAE_ENGINE=numpy scores" in asked.stderr
