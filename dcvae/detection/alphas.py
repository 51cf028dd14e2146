"""Alphas: the widths of each series' band in sigmas, as a table and as the file alphas.csv.

`band` has the rule by which a cell is flagged with them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array, IntArray
from dcvae._text import all_quoted
from dcvae.errors import InputError

COLUMNS = (
    "series",
    "alpha_down",
    "alpha_up",
    "f1",
    "precision",
    "recall",
    "labeled_rows",
    "method",
)
"""The columns of the table of alphas, one line per series."""

_MOST_ROWS = 1e15  # that int64 can count

_IF_ABSENT: dict[str, float | str] = {
    "f1": math.nan,
    "precision": math.nan,
    "recall": math.nan,
    "labeled_rows": 0,
    "method": "manual",
}
"""Columns that a table of alphas written by hand may leave out, and their values then."""


@dataclass(frozen=True, eq=False)
class Alphas:
    """The band of every series, and its metrics on the labels that it was fitted to.

    Attributes:
        series: names of the series, in the order of the columns of the data.
        down: (series,) float64, width of the band below the mean, in sigmas.
        up: (series,) float64, width of the band above the mean, in sigmas.
        f1: (series,) float64, NaN where the series has no labeled anomaly or it is not known.
        precision: (series,) float64, NaN likewise.
        recall: (series,) float64, NaN likewise.
        labeled_rows: (series,) int64, number of rows labeled anomalous.
        method: how each pair was found, such as "grid point-wise", "budget", "default" or "manual".

    Examples:
        A table written by hand needs three columns; the metrics of its bands are then not known.

        >>> frame = pd.DataFrame({"series": ["flow"], "alpha_down": [3.0], "alpha_up": [4.5]})
        >>> alphas = Alphas.from_frame(frame, "alphas.csv")
        >>> alphas.up, alphas.f1, alphas.method
        (array([4.5]), array([nan]), ('manual',))
    """

    series: tuple[str, ...]
    down: Float64Array
    up: Float64Array
    f1: Float64Array
    precision: Float64Array
    recall: Float64Array
    labeled_rows: IntArray
    method: tuple[str, ...]

    @classmethod
    def default(cls, series: Sequence[str], default_alpha: float) -> Self:
        """Return the same band for every series, fitted to nothing.

        Args:
            series: names of the series.
            default_alpha: width of the band on both sides, in sigmas.

        Raises:
            ValueError: a name repeats.

        Examples:
            >>> Alphas.default(["flow", "level"], 3.0).down
            array([3., 3.])
        """
        check_names(series)
        unknown = np.full(len(series), np.nan)
        return cls(
            series=tuple(series),
            down=np.full(len(series), float(default_alpha)),
            up=np.full(len(series), float(default_alpha)),
            f1=unknown,
            precision=unknown.copy(),
            recall=unknown.copy(),
            labeled_rows=np.zeros(len(series), dtype=np.int64),
            method=("default",) * len(series),
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, source: str) -> Self:
        """Read a table of alphas, as `to_frame` makes it or as written or edited by hand.

        Args:
            frame: one line per series, the columns of `COLUMNS` in any order; others are ignored.
                Only `series`, `alpha_down` and `alpha_up` must be there. Without the others, the
                metrics are NaN, no row counts as labeled, and the method is "manual".
            source: name of the file, for messages.

        Raises:
            InputError: one of those three is missing, a name is blank or repeats, an alpha is not a
                number >= 0, a metric is neither blank nor within [0, 1], a row count is not whole
                or a method is blank.
        """
        absent = [column for column in COLUMNS if column not in frame.columns]
        missing = [column for column in absent if column not in _IF_ABSENT]
        if missing:
            raise InputError(
                f"{source} must have the columns `series`, `alpha_down`, `alpha_up`. "
                f"Missing: {all_quoted(missing)}. Define the alphas again, or correct the "
                "header."
            )
        frame = frame.assign(**{column: _IF_ABSENT[column] for column in absent})
        series = _texts(frame, "series", source)
        repeated = sorted({name for name in series if series.count(name) > 1})
        if repeated:
            raise InputError(
                f"{source} must have one line a series. Received more than one for "
                f"{all_quoted(repeated)}. Keep one of them."
            )
        return cls(
            series=series,
            down=_column_of_alphas(frame, "alpha_down", source),
            up=_column_of_alphas(frame, "alpha_up", source),
            f1=_column_of_scores(frame, "f1", source),
            precision=_column_of_scores(frame, "precision", source),
            recall=_column_of_scores(frame, "recall", source),
            labeled_rows=_column_of_counts(frame, "labeled_rows", source),
            method=_texts(frame, "method", source),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return the table of alphas: one line per series, the columns of `COLUMNS`."""
        values = (
            self.series,
            self.down,
            self.up,
            self.f1,
            self.precision,
            self.recall,
            self.labeled_rows,
            self.method,
        )
        return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))

    def to_records(self) -> list[dict[str, str | float | None]]:
        """Return plain values for JSON: one dictionary per series, None in place of NaN."""
        return [
            {str(key): None if value != value else value for key, value in line.items()}
            for line in self.to_frame().to_dict("records")
        ]

    def for_series(self, series: Sequence[str], source: str) -> Self:
        """Return the alphas in the order of a model's series, whose names they must match exactly.

        Args:
            series: names of the trained series, in the model's order.
            source: name of the file that the alphas came from, for messages.

        Raises:
            InputError: a trained series has no alphas, or alphas belong to no trained series.
        """
        absent = [name for name in series if name not in self.series]
        unknown = [name for name in self.series if name not in series]
        if absent or unknown:
            raise InputError(
                f"{source} must have alphas for exactly the {len(series)} series of the model. "
                f"Missing: {all_quoted(absent) or 'none'}. "
                f"Unknown: {all_quoted(unknown) or 'none'}. "
                "Define the alphas again with this model, or correct the column `series`."
            )
        order = [self.series.index(name) for name in series]
        return type(self)(
            series=tuple(series),
            down=self.down[order],
            up=self.up[order],
            f1=self.f1[order],
            precision=self.precision[order],
            recall=self.recall[order],
            labeled_rows=self.labeled_rows[order],
            method=tuple(self.method[index] for index in order),
        )


# ---------------------------------------------------------------- checks


def check_names(series: Sequence[str]) -> None:
    """Check that no name repeats.

    Raises:
        ValueError: a name repeats.
    """
    repeated = sorted({name for name in series if list(series).count(name) > 1})
    if repeated:
        raise ValueError(
            f"`series` must name each series once. Received more than once: {all_quoted(repeated)}."
        )


def _line(index: int, source: str) -> str:
    """Return the place of a row of the table in its file, whose first line is the header."""
    return f"{source}, line {index + 2}"


def _texts(frame: pd.DataFrame, column: str, source: str) -> tuple[str, ...]:
    texts = []
    for index, value in enumerate(frame[column]):
        if _is_blank(value):
            raise InputError(f"{_line(index, source)}: `{column}` must not be blank. Fill it in.")
        texts.append(str(value))
    return tuple(texts)


def _column_of_alphas(frame: pd.DataFrame, column: str, source: str) -> Float64Array:
    return _numbers(
        frame,
        column,
        source,
        expected="a finite number of sigmas >= 0",
        is_valid=lambda number: math.isfinite(number) and number >= 0.0,
    )


def _column_of_scores(frame: pd.DataFrame, column: str, source: str) -> Float64Array:
    return _numbers(
        frame,
        column,
        source,
        expected="a number between 0 and 1, or blank where the series has no labeled anomaly",
        is_valid=lambda number: math.isnan(number) or 0.0 <= number <= 1.0,
    )


def _column_of_counts(frame: pd.DataFrame, column: str, source: str) -> IntArray:
    counts = _numbers(
        frame,
        column,
        source,
        expected="a whole number of rows >= 0",
        is_valid=lambda number: 0.0 <= number <= _MOST_ROWS and number.is_integer(),
    )
    return counts.astype(np.int64)


def _numbers(
    frame: pd.DataFrame,
    column: str,
    source: str,
    *,
    expected: str,
    is_valid: Callable[[float], bool],
) -> Float64Array:
    numbers = []
    for index, value in enumerate(frame[column]):
        number = _number(value)
        if number is None or not is_valid(number):
            raise InputError(
                f"{_line(index, source)}: `{column}` must be {expected}. Received: {value}. "
                "Correct it, or define the alphas again."
            )
        numbers.append(number)
    return np.array(numbers, dtype=np.float64)


def _number(value: object) -> float | None:
    """Read one field: NaN where it is blank, None where it is no number."""
    if _is_blank(value):
        return math.nan
    if isinstance(value, bool | np.bool_):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def _is_blank(value: object) -> bool:
    # What a blank field becomes depends on how the file was read: "", None, NaN or NA.
    if isinstance(value, str):
        return not value.strip()
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
