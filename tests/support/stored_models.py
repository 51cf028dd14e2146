"""A trained model on disk with a stand-in for its network, for the tests of what is kept."""

import hashlib
import json
import math
import zipfile
from pathlib import Path

import numpy as np

from dcvae.config.settings import Settings
from dcvae.data.inputs.preprocessing import Preprocessor
from dcvae.data.tables import Table, read_table
from dcvae.data.truth.labels import read_labels
from dcvae.data.windows import split_windows
from dcvae.detection.alarms.system import SystemAlarm
from dcvae.detection.alphas import Alphas
from dcvae.detection.thresholds import Thresholds
from dcvae.pipeline import FittedModel, NetworkScorer, TrainingSummary
from dcvae.scoring.calibration import Calibration
from dcvae.scoring.model_fit import WindowLosses
from dcvae.scoring.sigma import SigmaCalibration
from dcvae.training.state import EpochLosses, TrainingResult, TrainingState

SERIES = ("a", "b, c")  # a name with a comma must survive every CSV
KEYS = {"model_name": "toy", "T": 4, "cnn_units": [3, 3], "dil_rate": [1, 2, 4], "J": 2}
SOURCE = {  # what `source_record` says of a training file, as far as it matters here
    "sampling_step_seconds": 60.0,
    "training_file": "train.csv",
    "training_path": "/data/train.csv",
    "training_file_sha256": "abc",
    "first_time": "2021-01-01 00:00:00",
    "last_time": "2021-01-01 00:19:00",
}
BEST_LOSSES = dict.fromkeys(EpochLosses._fields[1:], 0.5)
REFERENCE = WindowLosses(2, reconst=0.5, kl=0.25, median=0.7, percentile_95=1.5)


def settings_with(source="given.txt", **keys):
    return Settings.from_text(json.dumps(KEYS | keys), source)


def preprocessor_with(scale=(2.0, 1.0), mean=(10.0, -1.0), series=SERIES):
    longest = (None,) * len(series)
    return Preprocessor(series, mean, scale, 7.0, "training", 12, mean, longest)


def calibration_with(series=SERIES):
    ones = np.ones(len(series))
    modes = tuple(
        SigmaCalibration(mode, exponent, ones + exponent)
        for mode, exponent in (("calibrated", 1.0), ("tempered", 0.5), ("constant", 0.0))
    )
    levels = np.full((2, len(series)), 0.25)
    return Calibration(series, modes, levels, 1.5, "2 rows of the validation part", {})


def thresholds_with(alphas):
    """Given alphas and the alarm of the published program."""
    return Thresholds(alphas, SystemAlarm.published(len(alphas.series)))


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too, with their bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def seal(folder, **more):
    """Write run.json with the hashes of the files as they are now."""
    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.keras", "settings.txt", "preprocessing.json")
    }
    run = {"sampling_step_seconds": 60.0, "best_losses": BEST_LOSSES, "sha256": hashes}
    (folder / "run.json").write_text(json.dumps(run | more))


# --- A training --------------------------------------------------------------------------------


def losses(epoch, val_loss=0.5):
    return EpochLosses(epoch, 1.0 / epoch, 0.1 + 0.2, 1e-300, val_loss, math.nan, -0.0, 1e-4)


def state_with(num_epochs=2):
    random = np.random.default_rng(0)
    variables = {
        "network/000/encoder/kernel": random.normal(size=(2, 3, 4)).astype(np.float32),
        "network/001/seed_generator_state": np.array([1, 2**32 - 1], dtype=np.uint32),
        "optimizer/000/iteration": np.array(7, dtype=np.int64),
    }
    best = {"network/000/encoder/kernel": variables["network/000/encoder/kernel"] + 1}
    history = tuple(losses(epoch) for epoch in range(1, num_epochs + 1))
    return TrainingState(history, 1, 0.1 + 0.2, float("inf"), 3, variables, best)


def summary_with(state=None, ending="early stopping", seconds=1.26):
    """How a training on 20 rows in windows of 4 went."""
    result = TrainingResult(state or state_with(), ending)
    split = split_windows(20, 4, 0.25, 1, "train.csv")
    trained_by = "keras", (("jax", "0.10.2"), ("keras", "3.15.1"))
    return TrainingSummary(result, split, REFERENCE, seconds, "CPU", np.empty(0), *trained_by)


class Network:
    """Stands in for a network: saves an archive with a few bytes in it, or fails half way."""

    def __init__(self, content=b"weights", error=None):
        self.content, self.error = content, error

    def get_config(self):
        return {"content": self.content, "error": self.error}

    @classmethod
    def from_config(cls, config):
        return cls(**config)

    def get_weights(self):
        return []

    def set_weights(self, weights):
        """It has none."""

    def save(self, path):
        assert path.suffix == ".keras"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("weights", self.content)
            if self.error:
                raise self.error


def fitted_with(network=None, **keys):
    """A model as `pipeline.fit` returns it, around a stand-in for its network."""
    settings = settings_with(**keys).with_num_series(len(SERIES), "train.csv")
    return FittedModel(
        settings,
        preprocessor_with(),
        60.0,
        NetworkScorer(network or Network(), settings),
        calibration_with(),
        thresholds_with(Alphas.default(SERIES, 3.0)),
        summary_with(),
    )


def weights_in(folder):
    """Bytes that the stand-in of a network saved."""
    with zipfile.ZipFile(folder / "model.keras") as archive:
        return archive.read("weights")


# --- Data and labels of the model -------------------------------------------------------------


def labeled(folder: Path) -> tuple[Table, Table]:
    """Write a data file and its labels; their tables."""
    data, labels = folder / "labeled.csv", folder / "labels.csv"
    for path, texts in ((data, ("1.5", "2.5")), (labels, ("0", "1"))):
        lines = [f"2021-01-01 00:0{m}:00,{texts[m % 2]},{texts[m // 4]}" for m in range(8)]
        path.write_text("\n".join(['time,a,"b, c"', *lines]) + "\n")
    table = read_table(data)
    return table, read_labels(labels, table)
