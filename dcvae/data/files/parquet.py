"""Parquet files: columns of any type, brought to what a table of numbers can be made of."""

import importlib
from collections import Counter
from pathlib import Path

import pandas as pd

from dcvae._text import quoted
from dcvae.data.files.csv_file import named
from dcvae.data.files.frame_file import FrameFile
from dcvae.data.files.messages import refuse
from dcvae.errors import InputError

# Of one value repeated, a file of a kilobyte can hold as many rows as one likes.
_MOST_CELLS = 4_000_000_000
_SCALARS = ("string", "floating", "integer", "mixed-integer-float", "decimal", "boolean", "empty")
_TIMES = ("datetime64", "datetime", "date", "time", "timedelta", "timedelta64", "period")


def read_parquet(path: Path) -> FrameFile:
    """Read a Parquet file; a stored index is its first column, of any type.

    Args:
        path: of the file.

    Returns:
        Its columns; what is neither a number nor a time is text, nested cells too.

    Raises:
        InputError: pyarrow is not installed, or the file cannot be read, has no columns or more
            cells than fit into memory.
    """
    if not path.is_file():
        refuse(path, "it is a pipe or a device; a Parquet file is read from its end")
    try:
        importlib.import_module("pyarrow")  # whose parts may be there without it
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise InputError(
            f"{path} is a Parquet file, which takes pyarrow to read: pip install pyarrow, or "
            "save it as CSV."
        ) from error
    try:
        head = parquet.read_metadata(path)
        rows, columns = head.num_rows, head.num_columns
        names = head.schema.to_arrow_schema().names
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if not repeated and rows * columns <= _MOST_CELLS:
            frame = pd.read_parquet(path, engine="pyarrow")
    # Arrow's errors are of these kinds, and so are those of pandas about the notes it left.
    except (
        *(OSError, ValueError, TypeError, LookupError, ArithmeticError),
        *(AttributeError, NotImplementedError, MemoryError),
    ) as error:
        raise _unreadable(path, error) from error
    if repeated:
        refuse(
            path,
            f"the column name {', '.join(quoted(repeated))} is repeated; give every column its "
            "own name",
        )
    if rows * columns > _MOST_CELLS:
        refuse(
            path,
            f"it says that it has {rows:,} rows of {columns:,} columns; at most {_MOST_CELLS:,} "
            "cells can be read at once. Give a part of them",
        )
    frame = frame.reset_index(drop=isinstance(frame.index, pd.RangeIndex), allow_duplicates=True)
    if not len(frame.columns):
        refuse(path, "it has no columns; expected a time column, then series")
    names = named([str(name) for name in frame.columns])
    plain = {number: _plain(frame.iloc[:, number]) for number in range(len(names))}
    return FrameFile(path, pd.DataFrame(plain).set_axis(names, axis=1))


def _unreadable(path: Path, error: BaseException) -> InputError:
    lines = str(error).strip().splitlines()
    reason = lines[0].rstrip(".") if lines else type(error).__name__
    return InputError(
        f"{path} cannot be read as Parquet: {reason}. Was it copied whole? Write it again, or save "
        "it as CSV."
    )


def _plain(column: pd.Series) -> pd.Series:
    """Return a column of numbers, times or texts."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype)
    if column.dtype != object:
        return column
    kind = pd.api.types.infer_dtype(column, skipna=True)
    if kind == "decimal":
        return column.astype("float64")
    if kind in _SCALARS or kind in _TIMES:
        return column
    # Lists, records and bytes are shown as they are where a message names them.
    return column.map(str, na_action="ignore").astype("str")
