"""Rows with labels, as a detector of rows and those who judge it take them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dcvae._arrays import AnyArray, BoolArray, Float64Array
from dcvae._text import quoted, shortened
from dcvae.data.labeled_rows.classes import Chosen, Classes, as_labels, classes_of
from dcvae.errors import InputError

_KINDS = {"S": "text", "U": "text", "O": "Python objects", "V": "records", "c": "complex numbers"}
_KINDS |= {"M": "dates", "m": "durations", "T": "text"}


@dataclass(frozen=True, eq=False)
class LabeledRows:
    """Rows of numbers, each an anomaly or normal, in the order of their file.

    Attributes:
        values: (rows, columns) float64, finite, in data units.
        labels: (rows,) bool, True for an anomaly; there are rows of both kinds.
        columns: (columns,) names.
        anomaly: which class is the anomaly, in words.
        notices: one sentence each, for the user.
        path: of the file, or a name for messages.
    """

    values: Float64Array
    labels: BoolArray
    columns: tuple[str, ...]
    anomaly: str
    notices: list[str] = field(default_factory=list)
    path: Path | str = "the arrays"

    @property
    def share(self) -> float:
        """Share of the anomalies among the rows."""
        return float(self.labels.mean())

    def describe(self) -> str:
        """Return a sentence: how many rows, columns and anomalies, and what an anomaly is.

        Examples:
            >>> rows_from_arrays([[1.0], [2.0], [9.0]], [0, 0, 1]).describe()
            '3 rows of 1 column, 1 of them anomalies (33.33 %): label 1.'
        """
        rows, columns = self.values.shape
        return (
            f"{rows:,} rows of {columns:,} column{'s' * (columns != 1)}, "
            f"{int(self.labels.sum()):,} of them anomalies ({self.share:.2%}".replace("%", " %")
            + f"): {self.anomaly}."
        )


def rows_from_arrays(
    X: Any,  # noqa: N803
    y: Any,
    *,
    columns: Sequence[str] | None = None,
    anomaly: Chosen = None,
    normal: Chosen = None,
    source: Path | str = "the arrays",
) -> LabeledRows:
    """Check arrays of rows and labels.

    Args:
        X: (rows, columns) numbers or truth values, finite; an array, a DataFrame or lists.
        y: (rows,) or (rows, 1) labels: 0 and 1, 1 for an anomaly, or any that `anomaly` or `normal`
            tells of.
        columns: names of the columns; those of a DataFrame, otherwise v1, v2 and so on.
        anomaly: the labels that are anomalies; None: 1, or all but `normal`.
        normal: the labels that are normal; None: all others. Rows with a label that neither names
            are left out where both are given.
        source: where they are from, for messages.

    Returns:
        The rows; the values are a copy only where another type takes one.

    Raises:
        InputError: X is not a table of finite numbers, y has another length or labels that are
            neither 0 nor 1 and not told of, or all rows are of one class.

    Examples:
        >>> rows = rows_from_arrays([[0.5], [0.6], [7.0]], ["ok", "ok", "leak"], anomaly="leak")
        >>> rows.labels, rows.anomaly
        (array([False, False,  True]), 'label `leak`')
    """
    if columns is None and hasattr(X, "columns"):
        columns = [str(name) for name in X.columns]
    values = checked_values(np.asarray(X), f"{source}: `X`")
    labels = as_labels(np.asarray(y), f"{source}: `y`")
    refuse_other_lengths(len(values), len(labels), str(source))
    names = [f"v{number + 1}" for number in range(values.shape[1])] if columns is None else columns
    if len(names) != values.shape[1]:
        raise InputError(
            f"{source}: {len(names):,} names of columns are given for {values.shape[1]:,} columns "
            "of `X`. Give one for each."
        )
    refuse_not_finite(values, f"{source}: `X`")
    classes = classes_of(labels, f"{source}: `y`", anomaly=anomaly, normal=normal)
    return assembled(values, names, classes, [], source)


def assembled(
    values: Float64Array,
    columns: Sequence[str],
    classes: Classes,
    notices: Sequence[str],
    path: Path | str,
) -> LabeledRows:
    """Put rows and their classes together, without the rows that are of neither.

    Args:
        values: (rows, columns) float64, finite.
        columns: their names.
        classes: of the same rows.
        notices: what was said of them so far.
        path: where they are from.
    """
    if not classes.kept.all():
        values = values[classes.kept]
    return LabeledRows(
        np.ascontiguousarray(values),
        classes.labels[classes.kept],
        tuple(columns),
        classes.anomaly,
        [*notices, *classes.notices],
        path,
    )


def checked_values(values: AnyArray, what: str) -> Float64Array:
    """Return an array of numbers as float64, cells unchecked.

    Args:
        values: (rows, columns) of any type.
        what: its source and name, for messages.

    Raises:
        InputError: it is no table of real numbers, has no columns or fewer than two rows.
    """
    if values.ndim != 2:
        fix = "X.reshape(-1, 1) makes a column of it" if values.ndim == 1 else "flatten each row"
        raise InputError(
            f"{what} has {values.ndim} dimension{'s' * (values.ndim != 1)}, shape {values.shape}; "
            f"expected two, (rows, columns): {fix}."
        )
    if values.dtype.kind not in "biuf":
        held = _KINDS.get(values.dtype.kind, str(values.dtype))
        raise InputError(
            f"{what} holds {held} (type {values.dtype}); expected numbers. Turn them into numbers "
            "first (words into one column of 0 and 1 each), or give a CSV, in which columns of "
            "words are allowed."
        )
    rows, columns = values.shape
    if not columns:
        raise InputError(f"{what} has no columns, shape {values.shape}; expected at least one.")
    if rows < 2:
        raise InputError(
            f"{what} has {rows:,} row{'s' * (rows != 1)}; expected at least two, one normal and "
            "one an anomaly."
        )
    converted: Float64Array = values.astype(np.float64, copy=False)
    return converted


def refuse_other_lengths(rows: int, labels: int, source: str) -> None:
    """Refuse labels that are more or fewer than the rows."""
    if rows != labels:
        raise InputError(
            f"{source}: `X` has {rows:,} rows and `y` {labels:,} labels; expected one label for "
            "each row. Were they saved from the same selection of rows?"
        )


def refuse_not_finite(values: Float64Array, what: str) -> None:
    """Refuse NaN and infinite cells, by their places in the array."""
    wrong = ~np.isfinite(values)
    if not wrong.any():
        return
    places = [
        f"[{row}, {column}] is {values[row, column]:g}" for row, column in np.argwhere(wrong)[:3]
    ]
    raise InputError(
        f"{what} has cells that are no finite number: "
        f"{shortened(places, 3, int(wrong.sum()))} (counted from 0), "
        f"in {int(wrong.any(axis=1).sum()):,} of {len(values):,} rows. Fill them, for example with "
        "the median of their column, or remove these rows, and save it again."
    )


def refuse_repeated(names: Sequence[str], source: Path) -> None:
    """Refuse columns that share a name."""
    repeated = sorted({name for name in names if list(names).count(name) > 1})
    if repeated:
        raise InputError(
            f"{source}: the column name {shortened(quoted(repeated), 3)} is repeated. Give every "
            "column its own name."
        )
