"""Delimited text: one header, then one row a line.

The fast path parses everything at once in compiled code; its result is used only if the file has no
irregularity. Any other file is read a second time, with the columns that are not numeric as text,
which either finds the offending cells or accepts an untidy but unambiguous file.
"""

import csv
import importlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from dcvae._text import SHOWN, shortened
from dcvae.data.files.cells import to_numbers
from dcvae.data.files.messages import MISSING, refuse

_TRUTHS = (b"True", b"TRUE", b"true", b"False", b"FALSE", b"false")


class CsvFile:
    """Delimited text, held in memory as bytes; the header is read at once, the rows by `read`.

    Attributes:
        path: of the file.
        names: of the columns, stripped; `time` where the first has none, as an index may.
        notices: one sentence each, filled by `read`.
    """

    def __init__(self, path: Path, raw: bytes) -> None:
        self.path = path
        self.notices: list[str] = []
        self._raw = _checked_text(path, raw)
        stream = io.BytesIO(self._raw)
        self._lines_before = 1
        while not (header := stream.readline()).strip():
            self._lines_before += 1
        self._start = stream.tell()
        # The separator is the one that cuts the header into more names.
        cuts = {mark: next(csv.reader([header.decode()], delimiter=mark)) for mark in ",;\t"}
        self._separator = max(cuts, key=lambda mark: len(cuts[mark]))
        if self._separator == "\t":
            refuse(
                path,
                "its columns are separated by tabs; save it with columns that are separated by "
                "commas or semicolons",
            )
        self.names = stripped_names(cuts[self._separator])

    def read(
        self, series: Sequence[str], expected: str, words: Mapping[str, str]
    ) -> tuple[pd.Series, pd.DataFrame]:
        """Read the first column and the given ones.

        Args:
            series: names of columns.
            expected: what their cells should be, for the message.
            words: cells that are read as the number given for them, whatever their case.

        Returns:
            The first column as text, and (rows, series) float64, NaN where missing.

        Raises:
            InputError: there are no rows, a row is longer or shorter than the header, or a cell
                is neither missing, nor a number, nor one of the words.
        """
        if next(self._records(), None) is None:
            refuse(self.path, "it has a header but no rows")
        read_fast = self._read_arrow if _arrow() else self._read_pandas
        decimals = ".," if self._separator == ";" and self._holds(b",") else "."
        # Arrow accepts a quote that is still open at the end of a file.
        all_closed = self._raw.count(b'"', self._start) % 2 == 0
        for decimal in decimals if all_closed else "":
            try:
                cells = read_fast(series, decimal)
            except ValueError:  # the parsing errors of pandas and of Arrow
                continue
            break
        else:
            cells, decimal = self._read_carefully(series, expected, words, decimals)
        if decimal == ",":
            self.notices.append("Its numbers have a decimal comma: `2,5` is read as 2.5.")
        return cells.pop(self.names[0]), cells

    def places(self, rows: Sequence[int]) -> list[str]:
        """Say where rows are, given by number from 0 in ascending order."""
        return [f"row {row + 1:,} (line {line:,})" for row, line, _ in self._find(rows)]

    def texts(self, rows: Sequence[int]) -> list[list[str]]:
        """Return the cells of rows as they are written, stripped; `rows` as in `places`."""
        return [[cell.strip() for cell in cells] for _, _, cells in self._find(rows)]

    def _find(self, rows: Sequence[int]) -> Iterator[tuple[int, int, list[str]]]:
        """Yield the number, the line number and the cells of rows given in ascending order."""
        wanted = list(rows)
        for row, (line, cells) in enumerate(self._records()):
            if not wanted:
                break
            if row == wanted[0]:
                wanted.pop(0)
                yield row, line, cells

    def _holds(self, mark: bytes) -> bool:
        return self._raw.find(mark, self._start) >= 0

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line number and the cells of every row, blank lines left out."""
        stream = io.BytesIO(self._raw)
        stream.seek(self._start)
        lines = io.TextIOWrapper(stream, encoding="utf-8", newline="")
        reader = csv.reader(lines, delimiter=self._separator)
        first_line = 1  # of a row, which has several lines if a quoted cell does
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield self._lines_before + first_line, cells
                first_line = reader.line_num + 1
        except csv.Error as error:
            line = self._lines_before + reader.line_num
            refuse(self.path, f"line {line:,} cannot be read as CSV ({error}); is a quote open?")

    def _read_arrow(self, series: Sequence[str], decimal: str) -> pd.DataFrame:
        """Read with Arrow: several cores, exact numbers, strict about cells and row lengths."""
        arrow, arrow_csv = importlib.import_module("pyarrow"), _arrow()
        used = [self.names[0], *series]
        table = arrow_csv.read_csv(
            arrow.BufferReader(memoryview(self._raw)[self._start :]),
            read_options=arrow_csv.ReadOptions(column_names=self.names),
            parse_options=arrow_csv.ParseOptions(delimiter=self._separator),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=used,
                column_types=dict.fromkeys(used, arrow.float64()) | {self.names[0]: arrow.string()},
                null_values=MISSING,
                strings_can_be_null=True,
                decimal_point=decimal,
            ),
        )
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def _read_pandas(self, series: Sequence[str], decimal: str) -> pd.DataFrame:
        """Read with pandas' own parser; ValueError for truth values, which it reads as 0 and 1."""
        if any(self._holds(word) for word in _TRUTHS):
            raise ValueError("truth values")
        frame = self._parse(dict.fromkeys(series, "float64"), decimal)
        return frame[[self.names[0], *series]]

    def _read_carefully(
        self, series: Sequence[str], expected: str, words: Mapping[str, str], decimals: str
    ) -> tuple[pd.DataFrame, str]:
        """Read with pandas, convert column by column, and refuse cells that are no number.

        Returns:
            The first column and the series, and the decimal mark that the file uses.
        """
        # Letting pandas find the numeric columns is far faster than to read all as text, but right
        # only without truth values and with a known decimal mark.
        clear = decimals == "." and not any(self._holds(word) for word in _TRUTHS)
        types = dict.fromkeys(series, None if clear else "str")
        try:
            text = self._parse(types)
        except ValueError as error:
            problem = f"it cannot be read as CSV ({error}); is a quote open?"
            refuse(self.path, *(self._length_problems() or [problem]))
        cells = text[list(series)]
        with_comma = "," in decimals and _any_contains(cells, ",") and not _any_contains(cells, ".")
        decimal = "," if with_comma else "."
        values = to_numbers(cells, words, decimal, expected, self)
        values.insert(0, self.names[0], text[self.names[0]])
        return values, decimal

    def _parse(self, types: Mapping[str, str | None], decimal: str = ".") -> pd.DataFrame:
        """Read all columns with pandas' parser, as text unless `types` gives another type.

        Type None lets pandas choose. Raises ValueError for rows of a wrong length: pandas fills up
        short ones and cuts a long first one.
        """
        width = len(self.names)
        if len(next(self._records())[1]) != width:
            raise ValueError("the first row and the header differ in length")
        stream = io.BytesIO(self._raw)
        stream.seek(self._start)
        types = dict.fromkeys(self.names, "str") | dict(types)
        frame = pd.read_csv(
            stream,
            sep=self._separator,
            header=None,
            names=self.names,
            index_col=False,
            keep_default_na=False,
            na_values=list(MISSING),
            dtype={name: kind for name, kind in types.items() if kind},
            decimal=decimal,
            low_memory=False,  # one type for a whole column
        )
        if self._holds(b'"'):
            whole = not self._length_problems()
        else:
            separators = self._raw.count(self._separator.encode(), self._start)
            whole = separators == (width - 1) * len(frame)
        if not whole:
            raise ValueError("a row and the header differ in length")
        return frame

    def _length_problems(self) -> list[str]:
        """Name the rows that have more or fewer cells than the header."""
        width = len(self.names)
        examples = [
            f"row {row + 1:,} (line {line:,}) has {len(cells)}"
            for row, (line, cells) in enumerate(self._records())
            if len(cells) != width
        ]
        if not examples:
            return []
        is_open = self._raw.count(b'"', self._start) % 2
        return [
            f"the header has {width} columns but {shortened(examples, SHOWN)}; every row must have "
            f"as many cells as the header{' (is a quote open?)' if is_open else ''}"
        ]


def _arrow() -> Any:
    """Return `pyarrow.csv` where it is installed, otherwise None."""
    try:
        return importlib.import_module("pyarrow.csv")
    except ImportError:
        return None


def _checked_text(path: Path, raw: bytes) -> bytes:
    """Return UTF-8 text without a byte order mark and with line ends that contain a newline."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw.strip():
        refuse(path, "the file is empty; expected a header line, then one row a time")
    if b"\0" in raw:
        refuse(
            path, "this is not a text file (an Excel workbook or UTF-16?); save it as CSV in UTF-8"
        )
    try:
        if not raw.isascii():
            raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        refuse(
            path, f"line {line:,} is not UTF-8 (Latin-1, perhaps); save the file as CSV in UTF-8"
        )
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def stripped_names(names: list[str]) -> list[str]:
    """Return the names of columns without blanks around them; `time` where the first has none."""
    names = [name.strip() for name in names]
    return [names[0] or "time", *names[1:]]


def _any_contains(cells: pd.DataFrame, mark: str) -> bool:
    return any(column.str.contains(mark, regex=False).any() for _, column in cells.items())
