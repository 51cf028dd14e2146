"""Overview of a table: what each column was taken for, for a glance before anything is learned."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from dcvae.data.times.steps import sampling_step, time_span


@dataclass(frozen=True)
class ColumnOverview:
    """What a column of a file was taken for.

    Attributes:
        name: of the column.
        role: "time", "series", "counter", "tells apart" or "ignored".
        smallest: of its values, in words; "" where it was not read.
        largest: of its values, in words.
        step: median step between its values, in words; only of the time, and of series with a
            value in some of the rows only.
        missing: share of its cells that are missing, 0 to 1.
    """

    name: str
    role: str
    smallest: str = ""
    largest: str = ""
    step: str = ""
    missing: float = 0.0


@dataclass(frozen=True, eq=False)
class Summary:
    """Smallest and largest values and missing cells of every series, worked out once.

    Attributes:
        smallest: (series,) data units; NaN for a series without a value.
        largest: (series,) data units.
        missing: (series,) number of missing cells.
    """

    smallest: np.ndarray
    largest: np.ndarray
    missing: np.ndarray

    @classmethod
    def of(cls, frame: pd.DataFrame) -> "Summary":
        """Summarize a table, column by column, without a copy of it.

        Args:
            frame: (rows, series) float64, NaN where missing.
        """
        parts = np.full((3, frame.shape[1]), np.nan)
        for number in range(frame.shape[1]):
            values = frame.iloc[:, number].to_numpy()
            smallest, largest = values.min(initial=np.inf), values.max(initial=-np.inf)
            missing = 0
            if np.isnan(smallest):
                observed = values[~np.isnan(values)]
                missing = len(values) - len(observed)
                smallest = observed.min() if len(observed) else np.nan
                largest = observed.max() if len(observed) else np.nan
            parts[:, number] = smallest, largest, missing
        return cls(parts[0], parts[1], parts[2].astype(int))


def overview(
    frame: pd.DataFrame,
    summary: Summary,
    time_name: str,
    roles: dict[str, str],
) -> list[ColumnOverview]:
    """Describe the columns of a table.

    Args:
        frame: (rows, series), data units, by time.
        summary: of it.
        time_name: name of the columns that the time is from.
        roles: roles of columns that are no plain series, by their names.

    Returns:
        One line each for the time, the columns that are no series, and the series.
    """
    index = pd.DatetimeIndex(frame.index)
    step = sampling_step(index)
    lines = [ColumnOverview(time_name, "time", str(index[0]), str(index[-1]), time_span(step))]
    own = {str(name) for name in frame.columns}
    lines += [ColumnOverview(name, role) for name, role in roles.items() if name not in own]
    for number, name in enumerate(frame.columns):
        missing = summary.missing[number] / max(len(frame), 1)
        lines.append(
            ColumnOverview(
                str(name),
                roles.get(str(name), "series"),
                _number(summary.smallest[number]),
                _number(summary.largest[number]),
                _own_step(frame.iloc[:, number], step) if missing > 0 else "",
                float(missing),
            )
        )
    return lines


def _own_step(column: pd.Series, step: pd.Timedelta) -> str:
    """Return the step between observed cells where it is longer than that of the rows."""
    own = sampling_step(column.index[column.notna().to_numpy()])
    return time_span(own) if own > step else ""


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:.6g}"
