"""A small table to fit a model to, with what real ones have: a gap, missing cells, labels."""

from pathlib import Path

import numpy as np
import pandas as pd

from dcvae.config import Settings
from dcvae.data import Table
from support.builders import settings_with

NUM_ROWS = 240
AFTER_GAP = 100
"""The row before which half an hour is missing; `max_gap` is 3 minutes."""


def quick_settings(**keys: object) -> Settings:
    """One hidden layer a side, windows of 16 rows; sigma and alphas that follow the data."""
    quick = {
        "T": 16,
        "cnn_units": [3],
        "dil_rate": [1, 2],
        "max_gap": 3,
        "sigma": "calibrated",
        "alpha_method": "quantile",
        "alpha_quantile": 0.95,
    }
    return settings_with(**quick | keys)


def table_of(values: np.ndarray, path: str = "train.csv") -> Table:
    """A table of series a and b, rows every minute."""
    times = pd.date_range("2021-01-01", periods=len(values), freq="min", name="time")
    return Table(Path(path), pd.DataFrame(values, times, ["a", "b"]), [])


def training_table() -> Table:
    random = np.random.default_rng(5)
    waves = np.sin(np.arange(NUM_ROWS)[:, None] / 5 + [0.0, 1.0]) * [3.0, 0.5] + [10.0, -2.0]
    table = table_of(waves + random.normal(size=waves.shape) * [0.3, 0.05])
    times = table.frame.index.to_series()
    times.iloc[AFTER_GAP:] += pd.Timedelta("30min")
    table.frame.index = pd.DatetimeIndex(times, name="time")
    table.frame.iloc[20:23, 0] = np.nan
    table.frame.iloc[200, 1] = np.nan
    return table


def labels_of(table: Table, rows: slice) -> Table:
    """Labels that call so many rows of series b an anomaly."""
    marks = pd.DataFrame(False, table.frame.index, table.frame.columns)
    marks.iloc[rows, 1] = True
    return Table(Path("labels.csv"), marks, [])
