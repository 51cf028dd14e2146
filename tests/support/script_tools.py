"""What the tests of the commands share: small data, settings, files to spoil, ways to run them."""

import contextlib
import importlib.util
import io
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from unittest import mock

import numpy as np
import pandas as pd

from dcvae._backend import LOG_LEVEL
from dcvae.cli.main import main as program
from dcvae.cli.progress import Display
from dcvae.training import loop

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
REVIEW_FILES = {  # the results besides these five, without labels
    *("alarms.csv", "scores.csv", "quality.csv"),
    *("events.csv", "event_series.csv", "losses.csv", "calibration.csv"),
    *("metrics.json", "report.html", "settings.txt", "source.json"),
}
RESULT_FILES = {f"{name}.csv" for name in RESULTS} | REVIEW_FILES
MODEL_FILES = {
    *("model.keras", "settings.txt", "preprocessing.json", "run.json"),
    *("history.csv", "loss.png", "training_state.npz", "alphas.csv", "alphas_source.json"),
    *("calibration.json", "alarms.json"),
}
DATA_OF = {"train": "train.csv", "alpha_definition": "val.csv", "test": "test.csv"}


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
    """Give this process's variables, with a folder of packages that shadow the installed ones.

    Without the level of logs: JAX sets it in every process that imports it, where a user would ask
    for them by it.
    """
    paths = [str(poison)] if poison else []
    paths += [os.environ["PYTHONPATH"]] if "PYTHONPATH" in os.environ else []
    own = {name: value for name, value in os.environ.items() if name != LOG_LEVEL}
    return own | {"PYTHONPATH": os.pathsep.join(paths)}


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


def run_one_after_the_other(programs: list[str], folder: Path, *words: str) -> list[str]:
    """Run Python programs in one new process and return what each has printed.

    What they import is imported once, which takes longer than the rest.

    Args:
        programs: texts of the programs.
        folder: the folder that they run in.
        *words: options of Python.
    """
    code = (
        "import json, sys\n"
        "for program in json.load(sys.stdin):\n"
        "    exec(compile(program, 'program', 'exec'), {'__name__': '__main__'})\n"
        "    print('\\0', end='', flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, *words, "-c", code],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("\0")[:-1]


@dataclass
class Ended:
    """How a script ended that ran in this process."""

    returncode: int
    stdout: str
    stderr: str


def _ended(argv: list[str], main: Callable[[], object]) -> Ended:
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", argv),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as end:
            return Ended(end.code or 0, out.getvalue(), err.getvalue())
    raise AssertionError("the command did not say how it ended")


def call(script, *words):
    """Run a script in this process; the same file, the same end by sys.exit."""
    path = str(ROOT / f"{script}.py")
    argv = [f"{script}.py", *map(str, words)]
    return _ended(argv, lambda: runpy.run_path(path, run_name="__main__"))


def call_program(*words):
    """Run the program ``dcvae`` in this process."""
    return _ended(["some/where/dcvae", *map(str, words)], program)


def good(ended):
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended


def read_csv(path):
    return pd.read_csv(path, index_col=0, parse_dates=True)


def read_results(folder):
    return {name: read_csv(folder / f"{name}.csv") for name in RESULTS}


@contextlib.contextmanager
def short_epochs(num_steps=2):
    """Train a few steps an epoch, where a settings file has to stay as it was published."""
    whole = loop.starts_of_epoch

    def starts_of_epoch(starts, seed, epoch, batch_size, steps, *, whole_batches):
        drawn = whole(starts, seed, epoch, batch_size, steps, whole_batches=whole_batches)
        return drawn[: num_steps * batch_size]

    with mock.patch.object(loop, "starts_of_epoch", starts_of_epoch):
        yield


# --- Files of one's own ------------------------------------------------------------------------


@dataclass
class Place:
    """Files of one's own to work with and to spoil.

    Attributes:
        folder: train.csv, val.csv, labels.csv, test.csv, settings.txt and models/toy.
        data: the file that the script at hand takes first.
        more: further words of the command line.
    """

    folder: Path
    data: Path
    more: list[str]

    @property
    def models(self) -> Path:
        return self.folder / "models"

    @property
    def model(self) -> Path:
        return self.models / "toy"

    @property
    def settings(self) -> Path:
        return self.folder / "settings.txt"

    @property
    def labels(self) -> Path:
        return self.folder / "labels.csv"

    def words(self, script):
        labels = [self.labels] if script == "alpha_definition" else []
        return [self.data, *labels, self.settings, "--models", self.models, *self.more]

    def call(self, script, *more):
        return call(script, *self.words(script), *more)

    def define(self, *more, **keys):
        """Define thresholds on the training file, taken to be normal."""
        write_settings(self.settings, **keys)
        words = [self.folder / "train.csv", self.settings, "--models", self.models, *more]
        return call("alpha_definition", *words)


def write_test_labels(place):
    """Write the labels of test.csv; their path and table."""
    data = read_csv(place.data)
    labels = pd.DataFrame(0, data.index, data.columns)
    labels.iloc[40, 0] = 1
    labels.iloc[60:63, 1] = 1
    path = place.folder / "test_labels.csv"
    labels.to_csv(path)
    return path, labels


def epochs_of(folder):
    return list(pd.read_csv(folder / "history.csv")["epoch"])


def ending_before_it_computes(failure):
    """End commands where all is read and checked, and what is slow would begin."""
    return mock.patch.object(Display, "start_backend", side_effect=failure)


def notices(place, script, *more):
    """Give the notes that a script prints before it computes, and end it there."""
    with ending_before_it_computes(KeyboardInterrupt):
        ended = place.call(script, *more)
    assert ended.returncode == 130
    return [line for line in ended.stdout.splitlines() if line.startswith("note: ")]


def without_paths(files: dict[str, bytes]) -> dict[str, bytes]:
    """Leave out the records of where the data of results lay, which copies of these have too."""
    return {name: text for name, text in files.items() if Path(name).name != "source.json"}


def flags_from_csvs(folder, data, alphas):
    """Compute flags from nothing but what people can read, and where rounding cannot matter."""
    results = read_results(folder)
    data = data.iloc[-len(results["sigma"]) :]
    residual = (data - results["reconstructions"]) / results["sigma"]
    down, up = alphas["alpha_down"], alphas["alpha_up"]
    expected = (residual < -down) | (residual > up)
    sure = ((residual + down).abs() > 1e-3) & ((residual - up).abs() > 1e-3)
    return expected, sure | residual.isna(), results["anomaly_predictions"]
