"""Series of noise with labeled events, for studies of contamination."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcvae.contamination.series import LabeledSource, SeriesKeys
from dcvae.data import Table
from support.builders import settings_with

START = "2024-01-01"


def series_table(rows: int, series: int = 2, seed: int = 0, start: str = START) -> Table:
    """Noise around a daily wave, five-minute rows."""
    random = np.random.default_rng(seed)
    wave = 3 * np.sin(np.arange(rows) / 40)[:, np.newaxis]
    times = pd.date_range(start, periods=rows, freq="5min", unit="us")
    names = [f"S{number}" for number in range(1, series + 1)]
    values = 10 + wave + random.normal(0, 0.3, (rows, series))
    return Table(Path("train.csv"), pd.DataFrame(values, times, names), [])


def labels_at(table: Table, starts: list[int], length: int = 6) -> Table:
    """Label rows, in the first series, and move them there."""
    labels = pd.DataFrame(False, table.frame.index, table.frame.columns)
    for start in starts:
        labels.iloc[start : start + length, 0] = True
        table.frame.iloc[start : start + length, 0] += 8.0
    return Table(Path("labels.csv"), labels, [])


def labeled_source(
    rows: int = 1200, starts: list[int] | None = None, seed: int = 1, **keys: Any
) -> LabeledSource:
    """A table whose events begin at random rows."""
    table = series_table(rows)
    if starts is None:
        drawn = np.random.default_rng(seed).choice(np.arange(40, rows - 40, 25), rows // 80, False)
        starts = sorted(drawn.tolist())
    labels = labels_at(table, starts)
    return LabeledSource(table, labels, settings_with(), SeriesKeys(**({"window": 4} | keys)))
