"""A scored file with a model that never saw a network: a made-up detection, all else real."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dcvae.data import Preprocessor, Table
from dcvae.data.context import prepend_context
from dcvae.data.tables import read_table
from dcvae.data.truth.labels import read_labels
from dcvae.detection import Alphas, Detection, SystemAlarm, Thresholds, find_events
from dcvae.evaluation import Review, Severity, evaluate_by_labels, make_review
from dcvae.scoring import WindowLosses
from dcvae.storage import StoredModel, sha256_of
from support.builders import detection_of_frame, inputs_of, settings_with

SERIES = ("a", "b")
WINDOW = 4
BEFORE = WINDOW - 1
REFERENCE = WindowLosses(40, reconst=0.5, kl=0.25, median=0.7, percentile_95=1.5)
BEST = {"epoch": 2, "loss": 0.8, "reconst": 0.6, "kl": 0.2}
BASELINES = [
    *("DC-VAE", "DC-VAE (looks ahead)", "always", "never", "random", "z-score"),
    *("persistence", "PCA", "isolation forest", "k-means"),
]
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
    settings = settings_with(T=WINDOW, cnn_units=[4], dil_rate=[1, 2], threshold="fixed")
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
    stored = StoredModel(settings, preprocessor, 60.0, json.loads(json.dumps(content | run)), place)
    return Files(stored, training, data, labels)


def detection_of_table(table: Table, alphas: Alphas, residual_factor: float = 1.0) -> Detection:
    """Expect 0 with sigma 1 everywhere."""
    frame = table.frame.iloc[BEFORE:]
    residual = frame.to_numpy().astype(np.float32) * np.float32(residual_factor)
    latent = np.arange(2.0 * len(frame), dtype=np.float32).reshape(-1, 2)
    inputs = inputs_of(np.nan_to_num(table.frame.to_numpy()))
    return detection_of_frame(frame, residual, alphas, latent=latent, inputs=inputs)


def review_of(
    files: Files,
    *,
    with_labels: bool = True,
    losses: WindowLosses = REFERENCE,
    context: Path | None = None,
    residual_factor: float = 1.0,
    baselines: Sequence[str] = (),
) -> Review:
    """Review the data file as test.py does, but for the network."""
    table = read_table(files.data, series=SERIES, allow_empty=context is not None)
    labels = read_labels(files.labels, table) if with_labels else None
    if context is not None:
        before = read_table(context, series=SERIES, allow_empty=True)
        table = prepend_context(table, before, BEFORE)
    model = files.model
    alphas = model.alphas() or Alphas.default(SERIES, model.settings.default_alpha)
    detection = detection_of_table(table, alphas, residual_factor)
    of_data = detection.since(model.rows_before(table))
    evaluation = None
    if labels is not None:
        evaluation = evaluate_by_labels(model, of_data, labels, baselines)
    source = model.threshold_source(table)
    before = model.rows_before(table)
    events = find_events(detection, model.step_seconds)
    detection = detection.since(before)
    events = events.since(detection.times[0])
    return make_review(model, model.run, table, detection, events, losses, source, evaluation)


def choose_alphas(files: Files, data: Path, labels: Path | None) -> None:
    """Write alphas as alpha_definition.py does: 2.5 sigmas downward, 3 upward."""
    table = read_table(data, series=SERIES)
    alphas = replace(
        Alphas.default(SERIES, 3.0),
        down=np.array([2.5, 2.5]),
        method=("exact range-based", "default"),
    )
    fitted = Thresholds(alphas, SystemAlarm.published(len(SERIES)), np.zeros(len(SERIES)))
    truth = None if labels is None else read_labels(labels, table)
    files.model.write_thresholds(fitted, table, truth)


def other_file(files: Files) -> tuple[Path, Path]:
    """Write another labeled file, of January."""
    data, labels = files.data.with_name("january.csv"), files.data.with_name("january_labels.csv")
    values, truth = values_with(50, 4), np.zeros((50, 2), int)
    values[20:24, 1] -= 7
    truth[20:24, 1] = 1
    write_csv(data, values, "2021-01-10")
    write_csv(labels, truth, "2021-01-10")
    return data, labels


def texts(review: Review, severity: Severity | None = None) -> list[str]:
    """List what the findings say."""
    return [f.text for f in review.findings if severity is None or f.severity == severity]


def mentions(review: Review, text: str) -> list[str]:
    """List what the findings say of something."""
    return [found for found in texts(review) if text in found]
