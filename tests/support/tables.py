"""What the tests of data share: a small file in its plainest form, and tables with holes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float32Array
from dcvae.data import Preprocessor, Table

GOOD = "time,a,b\n2021-01-01 00:00,1,2\n2021-01-01 00:01,3.5,4\n2021-01-01 00:02,5,-6e1\n"
TIMES = pd.date_range("2021-01-01", periods=3, freq="min", unit="us", name="time")
VALUES = [[1.0, 2.0], [3.5, 4.0], [5.0, -60.0]]


def table_of(
    values: Any,
    start: str = "2021-01-01",
    name: str = "data.csv",
    columns: Sequence[str] = ("a", "b"),
) -> Table:
    """A table of the given values (rows, series), rows every minute."""
    values = np.asarray(values, dtype=float)
    index = pd.date_range(start, periods=len(values), freq="min", unit="us", name="time")
    return Table(Path(name), pd.DataFrame(values, index, list(columns)), [])


def uneven_frame(num_rows: int = 120, seed: int = 0, start: str = "2021-01-01") -> pd.DataFrame:
    """Rows every few seconds to minutes, with gaps, and with cells missing."""
    random = np.random.default_rng(seed)
    steps = random.choice(
        [7, 20, 45, 60, 130, 300, 2000], num_rows, p=[0.2] * 4 + [0.1, 0.05, 0.05]
    )
    times = pd.Timestamp(start) + pd.to_timedelta(np.cumsum(steps), unit="s")
    values = random.normal(size=(num_rows, 2))
    values[random.random(values.shape) < 0.2] = np.nan
    return pd.DataFrame(values, pd.DatetimeIndex(times, name="t").as_unit("us"), ["a", "b"])


def resampled_slowly(frame: pd.DataFrame, step: pd.Timedelta, max_gap: int | None) -> pd.DataFrame:
    """Row by row: everything in (t - step, t], empty rows only where the gap is short."""
    ends = [
        (time - pd.Timestamp(0) + step - pd.Timedelta(1, unit="us")) // step for time in frame.index
    ]
    lines, index = [], []
    for number in range(ends[0], ends[-1] + 1):
        inside = frame[[end == number for end in ends]]
        if not len(inside):
            before = max(end for end in ends if end < number)
            after = min(end for end in ends if end > number)
            if max_gap is not None and after - before > max_gap:
                continue
        index.append(pd.Timestamp(0) + number * step)
        if frame.dtypes.iloc[0].kind == "b":
            lines.append([bool(inside[name].any()) for name in frame.columns])
        else:
            lines.append([inside[name].mean() for name in frame.columns])
    times = pd.DatetimeIndex(index, name=frame.index.name).as_unit("us")
    return pd.DataFrame(lines, times, frame.columns)


def written(frame: pd.DataFrame, path: Path, **options: Any) -> Path:
    """The path of a CSV of the frame."""
    frame.to_csv(path, **options)
    return path


def frame_of(values: Any, names: str = "ABCDEFG") -> pd.DataFrame:
    """A frame of the given values (rows, series), rows every 5 minutes."""
    values = np.asarray(values, dtype=np.float64)
    index = pd.date_range("2024-01-01", periods=len(values), freq="5min", name="time")
    return pd.DataFrame(values, index=index, columns=list(names[: values.shape[1]]))


def random_frame(num_rows: int = 200, num_series: int = 3, seed: int = 0) -> pd.DataFrame:
    """Series of very different levels and widths."""
    random = np.random.default_rng(seed)
    return frame_of(
        random.normal(
            [5, -300, 1e6][:num_series], [1, 40, 2e3][:num_series], (num_rows, num_series)
        )
    )


def spiked(frame: pd.DataFrame, row: int = 50, deviations: float = 100) -> pd.DataFrame:
    """The same frame with one enormous value in its first series."""
    frame = frame.copy()
    frame.iloc[row, 0] += deviations * frame.iloc[:, 0].std()
    return frame


def no_gaps(frame: pd.DataFrame) -> BoolArray:
    """No row comes after a gap: (rows,) bool."""
    return np.zeros(len(frame), dtype=bool)


def values_to_score(preprocessor: Preprocessor, frame: pd.DataFrame) -> Float32Array:
    """What a network is given of a frame that is scored: (rows, series) float32."""
    return preprocessor.transform(frame, no_gaps(frame)).values


def values_to_train_on(preprocessor: Preprocessor, frame: pd.DataFrame) -> Float32Array:
    """What a network is given of the frame that it is trained on: (rows, series) float32."""
    return preprocessor.transform_training(frame, no_gaps(frame)).values
