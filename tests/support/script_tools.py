"""What the tests of the three scripts share: small data, settings, and ways to run a script."""

import contextlib
import importlib.util
import io
import json
import os
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
SETTINGS = {
    "model_name": "toy",
    "T": 8,
    "cnn_units": [4, 4],
    "dil_rate": [1, 2, 4],
    "J": 2,
    "batch_size": 32,
    "epochs": 2,
    "lr": 0.01,
    "summary": False,
    "custom_metrics": False,
}
BEFORE = SETTINGS["T"] - 1  # rows at the start of a file that no window judges
RESULTS = ("anomaly_predictions", "abs_error", "reconstructions", "sigma", "latent_space")


def load_program(name: str) -> ModuleType:
    """Import a program of ``data`` by its path: that is a folder of files, not a package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "data" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def toy_frame(num_rows, num_series=3, seed=0, start="2021-03-01"):
    """Make noisy waves (rows, series) with levels and scales of their own, 5 minutes a row."""
    random = np.random.default_rng(seed)
    size = np.arange(1, num_series + 1)
    waves = np.sin(np.arange(num_rows)[:, None] / 7 + size) + random.normal(
        0, 0.2, (num_rows, num_series)
    )
    times = pd.date_range(start, periods=num_rows, freq="5min", name="time")
    names = [f"s{number}" for number in range(num_series)]
    return pd.DataFrame(100.0 * size + size**2 * waves, times, names).round(4)


def write_files(folder, num_series=3, **keys):
    """Write train.csv, val.csv, labels.csv, test.csv and settings.txt."""
    toy_frame(240, num_series).to_csv(folder / "train.csv")
    val = toy_frame(120, num_series, 1, "2021-04-01")
    labels = pd.DataFrame(0, val.index, val.columns)
    val.iloc[50:56, 1] += 40.0
    labels.iloc[50:56, 1] = 1
    val.to_csv(folder / "val.csv")
    labels.to_csv(folder / "labels.csv")
    test = toy_frame(100, num_series, 2, "2021-05-01")
    test.iloc[40, 0] += 50.0
    test.iloc[60:63, 1] -= 50.0
    test.iloc[[3, 20, 21, 99], 2] = np.nan
    test.iloc[80] = np.nan
    test.to_csv(folder / "test.csv")
    write_settings(folder / "settings.txt", **keys)


def write_settings(path, **keys):
    path.write_text(json.dumps(SETTINGS | keys))
    return path


def command(script, *words):
    return [sys.executable, str(ROOT / f"{script}.py"), *map(str, words)]


def environment(poison=None):
    """Give this process's variables, with a folder of packages that shadow the installed ones."""
    paths = [str(poison)] if poison else []
    paths += [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def run(script, *words, cwd, poison=None):
    """Run a script in a process of its own."""
    return subprocess.run(
        command(script, *words),
        cwd=cwd,
        env=environment(poison),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass
class Ended:
    """How a script ended that ran in this process."""

    returncode: int
    stdout: str
    stderr: str


def call(script, *words):
    """Run a script in this process; the same file, the same end by sys.exit."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", [f"{script}.py", *map(str, words)]),
        mock.patch.dict(os.environ),  # the scripts set how much TensorFlow logs
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            runpy.run_path(str(ROOT / f"{script}.py"), run_name="__main__")
        except SystemExit as end:
            return Ended(end.code, out.getvalue(), err.getvalue())
    raise AssertionError("the script did not say how it ended")


def good(ended):
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended


def read_csv(path):
    return pd.read_csv(path, index_col=0, parse_dates=True)


def read_results(folder):
    return {name: read_csv(folder / f"{name}.csv") for name in RESULTS}
