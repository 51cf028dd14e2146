"""Parsers of rows: Arrow's where it is installed, otherwise pandas'."""

import importlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array
from dcvae.data.files.messages import MISSING

_PIECE = 2**22  # bytes that are parsed at once
_ROWS_AT_ONCE = 2**16

Parse: TypeAlias = Callable[
    ["Rows", Sequence[str], Sequence[str], str | None, str], tuple[pd.DataFrame, pd.DataFrame]
]


@dataclass(frozen=True)
class Rows:
    """Text of rows, and how it is cut into cells.

    Attributes:
        text: of the rows, in UTF-8, without a header.
        columns: names of the columns, each once.
        separator: between the cells of a row.
        is_quoted: whether there are quotes, within which a cell may have several lines.
    """

    text: memoryview
    columns: Sequence[str]
    separator: str
    is_quoted: bool

    def count(self, mark: str) -> int:
        """Count a mark in the text, without a copy of it."""
        return sum(bytes(piece).count(mark.encode()) for piece in _pieces(self.text))


def has_arrow() -> bool:
    """Tell whether Arrow's parser is installed."""
    try:
        importlib.import_module("pyarrow.csv")
    except ImportError:
        return False
    return True


def parse_with_arrow(
    rows: Rows, texts: Sequence[str], numbers: Sequence[str], kind: str | None, decimal: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Parse with Arrow: several cores, exact numbers, strict about cells and row lengths.

    In pieces, into one array: as a whole, all numbers would be in memory twice.

    Args:
        rows: the text.
        texts: columns that stay text.
        numbers: columns that become float64.
        kind: "float64", the one kind that Arrow is asked for.
        decimal: mark before the fraction.

    Returns:
        (rows, texts) text and (rows, numbers) float64.

    Raises:
        ValueError: a row is too short or too long, or a cell is no number.
    """
    arrow: Any = importlib.import_module("pyarrow")
    arrow_csv: Any = importlib.import_module("pyarrow.csv")
    read_options = arrow_csv.ReadOptions(column_names=rows.columns)
    parse_options = arrow_csv.ParseOptions(delimiter=rows.separator)
    convert_options = arrow_csv.ConvertOptions(
        include_columns=[*texts, *numbers],
        column_types=dict.fromkeys(numbers, arrow.float64()) | dict.fromkeys(texts, arrow.string()),
        null_values=MISSING,
        strings_can_be_null=True,
        decimal_point=decimal,
    )
    values = _room_for(rows, numbers)
    parts, end = [], 0
    for piece in [rows.text] if rows.is_quoted else _pieces(rows.text):
        table = arrow_csv.read_csv(
            arrow.BufferReader(piece), read_options, parse_options, convert_options
        )
        first, end = end, end + table.num_rows
        for number, name in enumerate(numbers):
            values[number, first:end] = table[name].to_numpy()
        parts.append(table.select(texts))
    text: pd.DataFrame = arrow.concat_tables(parts).to_pandas()
    return text, pd.DataFrame(values[:, :end].T, columns=list(numbers), copy=False)


def parse_with_pandas(
    rows: Rows, texts: Sequence[str], numbers: Sequence[str], kind: str | None, decimal: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Parse with pandas' own parser, which takes short rows for ones with empty cells.

    Args:
        rows: the text.
        texts: columns that stay text.
        numbers: columns of numbers.
        kind: their type: "float64", "str", or None to let pandas choose.
        decimal: mark before the fraction.

    Returns:
        (rows, texts) text, and (rows, numbers) of that type.

    Raises:
        ValueError: a row is too long, or a cell is no number where numbers are asked for.
    """
    types = dict.fromkeys(rows.columns, "str")
    types |= dict.fromkeys(numbers, kind or "")
    is_fast = kind == "float64"
    values = _room_for(rows, numbers) if is_fast else np.empty((0, 0))
    parts, end = [], 0
    with pd.read_csv(
        io.BufferedReader(_Stream(rows.text)),
        sep=rows.separator,
        header=None,
        names=list(rows.columns),
        index_col=False,
        keep_default_na=False,
        na_values=list(MISSING),
        dtype={name: type_ for name, type_ in types.items() if type_},
        decimal=decimal,
        low_memory=False,  # one type for a whole column
        chunksize=_ROWS_AT_ONCE if is_fast else 2**62,
    ) as reader:
        for frame in reader:
            if not is_fast:
                return frame[list(texts)], frame[list(numbers)]
            first, end = end, end + len(frame)
            for number, name in enumerate(numbers):
                values[number, first:end] = frame[name].to_numpy()
            parts.append(frame[list(texts)])
    text = pd.concat(parts, ignore_index=True)
    return text, pd.DataFrame(values[:, :end].T, columns=list(numbers), copy=False)


def _room_for(rows: Rows, numbers: Sequence[str]) -> Float64Array:
    """Return an array for the numbers of all lines; memory is taken as it is filled."""
    return np.empty((len(numbers), rows.count("\n") + 1))


def _pieces(text: memoryview) -> Iterator[memoryview]:
    """Cut the text of rows into pieces of whole lines."""
    begin = 0
    while begin < len(text):
        end = min(begin + _PIECE, len(text))
        if end < len(text):
            last = bytes(text[begin:end]).rfind(b"\n")
            end = begin + last + 1 if last >= 0 else len(text)
        yield text[begin:end]
        begin = end


class _Stream(io.RawIOBase):
    """A stream that reads from memory without a copy of it."""

    def __init__(self, text: memoryview) -> None:
        self._text = text
        self._place = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Copy the next bytes."""
        piece = self._text[self._place : self._place + len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)
