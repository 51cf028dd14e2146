"""Errors of one model a set, without labels, kept so that rules can be judged again at once."""

import hashlib
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.common import start_afresh
from benchmarks.sets import STEP_SECONDS, LabeledSet
from dcvae.config import DetectionKeys, Settings
from dcvae.data import Table, table_from_array, training_data
from dcvae.detection import microseconds, standardized_residual

STEP_WITHOUT_TIMES = 60.0


class ScoredRows(NamedTuple):
    """Consecutive scored rows.

    Attributes:
        error: (rows, series) float32, scaled; NaN where a cell has none.
        sigma: (rows, series) float32, scaled.
        times: (rows,) int64, microseconds.
    """

    error: NDArray[np.float32]
    sigma: NDArray[np.float32]
    times: NDArray[np.int64]

    @property
    def residual(self) -> NDArray[np.float32]:
        """Errors in sigmas, (rows, series) float32."""
        residual: NDArray[np.float32] = standardized_residual(self.error, self.sigma)
        return residual


class ScoredSet(NamedTuple):
    """A set, scored by one model of it.

    Attributes:
        name: name of the set.
        family: name of its folder.
        seed: seed of the model.
        step_seconds: sampling step.
        has_times: whether that step is known.
        training: rows that the model was trained on.
        later: rows after those.
        truth: (rows,) bool, whether a later row has any label.
    """

    name: str
    family: str
    seed: int
    step_seconds: float
    has_times: bool
    training: ScoredRows
    later: ScoredRows
    truth: NDArray[np.bool_]

    @property
    def rows_per_week(self) -> float:
        """Rows of a week, at the sampling step."""
        return 604_800 / self.step_seconds


def scored(data: LabeledSet, settings: Settings, cache: Path | None) -> ScoredSet:
    """Train on a set and score it, or read what was kept of that; prints a line if it trained.

    Args:
        data: the set.
        settings: settings of the model; its keys of alarms change nothing here.
        cache: folder for what is kept; it notices other data and other settings of the model, but
            no other code.
    """
    path = None if cache is None else cache / f"{_key(data, settings)}.npz"
    if path is not None and path.exists():
        with np.load(path) as stored:
            parts = dict(stored)
    else:
        started = time.perf_counter()
        parts = _errors(data, settings)
        print(
            f"trained on {data.name}, seed {settings.seed}: {time.perf_counter() - started:.0f} s",
            flush=True,
        )
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part.npz")
            np.savez_compressed(unfinished, **parts)
            unfinished.rename(path)
    training, later = (
        ScoredRows(*(parts[f"{part}_{name}"] for name in ScoredRows._fields))
        for part in ("training", "later")
    )
    step = STEP_SECONDS if data.has_times else STEP_WITHOUT_TIMES
    truth = data.of_system[data.later :]
    return ScoredSet(
        data.name, data.family, settings.seed, step, data.has_times, training, later, truth
    )


def _errors(data: LabeledSet, settings: Settings) -> dict[str, NDArray[np.generic]]:
    """Train, then score the training rows, and the later ones with T - 1 rows in front of them."""
    start_afresh()
    from dcvae import pipeline
    from dcvae.scoring import Scores

    settings = settings.model_copy(update={"num_series": data.training.shape[1]})
    before = settings.window_length - 1
    training = _table(data.training)
    model = pipeline.fit(training_data(training, settings), settings)
    later = _table(pd.concat([data.training.iloc[-before:], data.judged.iloc[data.later :]]))
    parts: dict[str, NDArray[np.generic]] = {}
    for name, table in (("training", training), ("later", later)):
        scores = Scores.concatenate(list(model.causal_scores(model.inputs(table))))
        rows = ScoredRows(scores.error, scores.sigma, microseconds(table.frame.index[before:]))
        parts |= {f"{name}_{part}": values for part, values in rows._asdict().items()}
    return parts


def _table(frame: pd.DataFrame) -> Table:
    return table_from_array(frame.to_numpy(float), frame, [str(name) for name in frame.columns])


def _key(data: LabeledSet, settings: Settings) -> str:
    kept = {
        name: value
        for name, value in settings.to_dict().items()
        if name not in DetectionKeys.model_fields
    }
    content = hashlib.sha256(repr(sorted(kept.items())).encode())
    for frame in (data.training, data.judged):
        content.update(frame.to_numpy(float).tobytes())
    return f"{data.family}_{data.name}_{settings.seed}_{content.hexdigest()[:12]}"
