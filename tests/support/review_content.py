"""A judged file with a model that never saw a network: verdicts made up, everything else real."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from support.builders import settings_with

from dcvae.data.preprocessing import Preprocessor
from dcvae.data.tables import Table, prepend_context, read_labels, read_table
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import flags
from dcvae.detection.result import Verdicts
from dcvae.evaluation.review import Review, review
from dcvae.scoring.model_fit import WindowLosses
from dcvae.storage.model_folder import StoredModel, sha256_of

SERIES = ("a", "b")
WINDOW = 4
BEFORE = WINDOW - 1
REFERENCE = WindowLosses(40, reconst=0.5, kl=0.25, median=0.7, percentile_95=1.5)
BEST = {"epoch": 2, "loss": 0.8, "reconst": 0.6, "kl": 0.2}
VALIDATION = {"val_loss": 0.9, "val_reconst": None, "val_kl": 0.3, "learning_rate": 1e-3}


class Files(NamedTuple):
    """A model and the files around it."""

    model: StoredModel
    training: Path
    data: Path
    labels: Path


def write_csv(path: Path, values: np.ndarray, start: str) -> None:
    times = pd.date_range(start, periods=len(values), freq="min", name="time")
    pd.DataFrame(values, times, list(SERIES)).to_csv(path)


def values_with(num_rows: int, seed: int) -> np.ndarray:
    wave = np.sin(np.arange(num_rows) / 5)[:, None]
    return np.round(wave + 0.2 * np.random.default_rng(seed).normal(size=(num_rows, 2)), 4)


def files_in(folder: Path, *, num_rows: int = 60, **run: Any) -> Files:
    """Write training data, data with an event in rows 30-34 of series a, and its labels."""
    training, data, labels = (folder / f"{name}.csv" for name in ("training", "data", "labels"))
    write_csv(training, values_with(120, 0), "2021-01-01")
    values, truth = values_with(num_rows, 1), np.zeros((num_rows, 2), int)
    values[30:35, 0] += 9
    truth[30:35, 0] = 1
    write_csv(data, values, "2021-02-01")
    write_csv(labels, truth, "2021-02-01")
    settings = settings_with(T=WINDOW, cnn_units=[4], dil_rate=[1, 2])
    content = {
        "sampling_step_seconds": 60.0,
        "training_file": training.name,
        "training_path": str(training),
        "training_file_sha256": sha256_of(training),
        "windows": {"train": 100, "validation": 20},
        "best_epoch": 2,
        "best_losses": BEST | VALIDATION,
        "reference_losses": REFERENCE.to_dict(),
    }
    place = folder / "models" / "tiny"
    place.mkdir(parents=True)
    (place / "settings.txt").write_text(settings.to_json())
    (place / "history.csv").write_text(
        "epoch,loss,reconst,kl,val_loss,val_reconst,val_kl,learning_rate\n"
        "1,2.0,1.5,0.5,,,,0.001\n2,0.8,0.6,0.2,0.9,,0.3,0.001\n"
    )
    preprocessor = Preprocessor(
        SERIES, (0.0, 0.0), (1.0, 1.0), None, "training", 12, (0.0, 0.0), (None, None)
    )
    stored = StoredModel(settings, preprocessor, json.loads(json.dumps(content | run)), place)
    return Files(stored, training, data, labels)


def verdicts_of_table(table: Table, alphas: Alphas) -> Verdicts:
    """Expect 0 with sigma 1 everywhere."""
    frame = table.frame.iloc[BEFORE:]
    residual = frame.to_numpy().astype(np.float32)
    zeros, latent = np.zeros_like(residual), np.arange(2.0 * len(frame)).reshape(-1, 2)
    return Verdicts(
        frame,
        alphas,
        np.zeros(len(SERIES)),
        np.ones(len(SERIES)),
        zeros,
        zeros + 1,
        residual,
        flags(residual, alphas),
        latent.astype(np.float32),
    )


def review_of(
    files: Files,
    *,
    with_labels: bool = True,
    losses: WindowLosses = REFERENCE,
    context: Path | None = None,
    residual_factor: float = 1.0,
) -> Review:
    """Judge the data file as test.py does, but for the network."""
    table = read_table(files.data, series=SERIES, allow_empty=context is not None)
    labels = read_labels(files.labels, table) if with_labels else None
    if context is not None:
        before = read_table(context, series=SERIES, allow_empty=True)
        table = prepend_context(table, before, BEFORE)
    alphas = files.model.alphas() or Alphas.default(SERIES, files.model.settings.default_alpha)
    verdicts = verdicts_of_table(table, alphas)
    residual = verdicts.residual * np.float32(residual_factor)
    verdicts = replace(verdicts, residual=residual, flags=flags(residual, alphas))
    return review(files.model, table, verdicts, losses, labels)
