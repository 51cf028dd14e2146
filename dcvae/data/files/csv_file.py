"""Delimited text: a header, then one row a line.

The fast path parses everything at once in compiled code; its result is used only if the file has no
irregularity. Any other file is read a second time, with the columns that are not numeric as text,
which either finds the offending cells or accepts an untidy but unambiguous file. Both paths give
the same numbers, and so does a machine without Arrow.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, shortened
from dcvae.data.files.cells import (
    CellRules,
    has_other_points,
    may_be_thousands,
    may_have_thousands_points,
    mixed_points,
    to_numbers,
    without_codes,
)
from dcvae.data.files.layout import find_layout, is_left_open
from dcvae.data.files.messages import MISSING, refuse
from dcvae.data.files.parsers import Parse, Rows, has_arrow, parse_with_arrow, parse_with_pandas

_TRUTHS = (b"True", b"TRUE", b"true", b"False", b"FALSE", b"false")
_LOOKS = 12  # places in the file that are looked at, beside its start
_LOOK_BYTES = 4_096  # at each of them


class CsvFile:
    """Delimited text, held in memory as bytes; the header is read at once, the rows by `read`.

    Args:
        path: of the file.
        raw: its content, unpacked.
        load: returns the content again, for messages after the rows were read.

    Attributes:
        path: of the file.
        names: of the columns, stripped; `time` where the first has none, as an index may.
        notices: one sentence each; `read` adds some.
    """

    def __init__(self, path: Path, raw: bytes, load: Callable[[], bytes]) -> None:
        self.path = path
        self._load = load
        self._kept: bytes | None = _checked_text(path, raw)
        self._layout = find_layout(path, self._raw)
        self.names = named(self._layout.names)
        self.notices = list(self._layout.notices)
        self._columns = [f"c{number}" for number in range(self._layout.width)]
        self._has_skipped = self._has_lines_to_skip()

    @property
    def _raw(self) -> bytes:
        """The text; loaded again for a message after `read` has let go of it."""
        if self._kept is None:
            self._kept = _checked_text(self.path, self._load())
        return self._kept

    def look(self) -> pd.DataFrame:
        """Return rows of the start and of places spread over the file, as text.

        Returns:
            (rows, columns) text, stripped, under the names of the columns; rows of another length
            than the header are left out.
        """
        lines = self._layout.start
        raw, size = self._raw, len(self._raw)
        places = [lines, *np.linspace(lines, size, _LOOKS + 2)[1:-1].astype(int).tolist()]
        rows: list[list[str]] = []
        for number, place in enumerate(places):
            begin = place if number == 0 else raw.find(b"\n", place) + 1
            end = min(begin + _LOOK_BYTES * (8 if number == 0 else 1), size)
            end = size if end == size else raw.rfind(b"\n", begin, end) + 1
            if begin <= 0 or end <= begin or (number and begin < places[0] + 8 * _LOOK_BYTES):
                continue
            text = raw[begin:end].decode("utf-8", errors="replace").splitlines()
            try:
                rows += csv.reader(text, delimiter=self._layout.separator)
            except csv.Error:
                continue
        width, known = self._layout.width, len(self.names)
        kept = [[cell.strip() for cell in row[:known]] for row in rows if len(row) == width]
        header = [cell.strip() for cell in self._layout.names]
        kept = [row for row in kept if row != header and not row[0].startswith("#")]
        return pd.DataFrame(kept, columns=pd.Index(self.names, dtype="str"), dtype="str")

    def read(
        self, texts: Sequence[str], numbers: Sequence[str], rules: CellRules
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Read some columns as text and some as numbers.

        Args:
            texts: names of columns that are returned as they are written.
            numbers: names of columns of numbers.
            rules: how their cells are read.

        Returns:
            (rows, texts) text, and (rows, numbers) float64, NaN where missing.

        Raises:
            InputError: there are no rows, a row is longer or shorter than the header, or a cell
                is neither missing nor a number.
        """
        if next(self._records(), None) is None:
            refuse(self.path, "it has a header but no rows")
        surplus = self._columns[len(self.names) :]
        text_columns = [*map(self._column, texts), *surplus]
        number_columns = [*map(self._column, numbers)]
        is_quoted = self._holds(b'"')
        rows = Rows(self._rows_without_skipped(), self._columns, self._layout.separator, is_quoted)
        parse = parse_with_arrow if has_arrow() else parse_with_pandas
        has_commas = rows.separator != "," and self._holds(b",")
        # Arrow accepts a quote that is still open at the end of a file.
        all_closed = not is_quoted or self._raw.count(b'"', self._layout.start) % 2 == 0
        for decimal in (".," if has_commas else ".") if all_closed else "":
            try:
                text, cells = self._parsed(
                    rows, parse, text_columns, number_columns, decimal=decimal
                )
            except ValueError:  # the parsing errors of pandas and of Arrow
                continue
            if decimal == "," and may_be_thousands(cells):
                continue
            if decimal == ",":
                self.notices.append("Its numbers have a decimal comma: `2,5` is read as 2.5.")
            cells.columns = list(numbers)
            break
        else:
            text, cells = self._read_text(rows, text_columns, number_columns)
            cells.columns = list(numbers)
            cells, told = to_numbers(cells, rules, self, commas_are_decimal=rows.separator != ",")
            self.notices += told
        if rows.separator in ";\t":
            self._refuse_mixed_points(rows, cells, rules)
        cells = without_codes(cells, rules.missing)
        self._refuse_surplus(text[surplus])
        self._kept = None  # as large as the table; only messages need it from here on
        found = text.iloc[:, : len(texts)]
        found.columns = list(texts)
        return found, cells

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

    def _column(self, name: str) -> str:
        return self._columns[self.names.index(name)]

    def _holds(self, mark: bytes) -> bool:
        return self._raw.find(mark, self._layout.start) >= 0

    def _has_lines_to_skip(self) -> bool:
        """Tell whether there are lines of comment, or the header stands again among the rows."""
        start = self._layout.start - 1
        return any(self._raw.find(mark, start) >= 0 for mark in (self._layout.header, b"\n#"))

    def _rows_without_skipped(self) -> memoryview:
        """Return the text of the rows, without lines of comment and repeated headers."""
        rows = memoryview(self._raw)[self._layout.start :]
        if not self._has_skipped:
            return rows
        kept, headers, comments = [], 0, 0
        for kind, lines in self._sorted_lines(io.BytesIO(rows)):
            headers += kind == "header"
            comments += kind == "comment"
            if not kind:
                kept += lines
        if headers:
            self.notices.append(
                f"Its header stands again in {headers:,} of its lines, which are left out."
            )
        if comments:
            self.notices.append(f"{comments:,} lines that start with `#` are left out.")
        return memoryview(b"".join(kept))

    def _sorted_lines(self, lines: Iterable[bytes]) -> Iterator[tuple[str, list[bytes]]]:
        """Yield what lines are, "comment", "header" or "" for a row, and the lines of one record.

        A line within a quoted cell is part of its record, whatever it starts with.
        """
        record: list[bytes] = []
        is_open = False
        for line in lines:
            if not is_open and line.startswith(b"#"):
                yield "comment", [line]
                continue
            record.append(line)
            if b'"' in line:
                is_open = is_left_open(line.decode(), is_open, self._layout.separator)
            if not is_open:
                text = b"".join(record).removeprefix(b"\xef\xbb\xbf").strip()
                yield "header" if text == self._layout.header else "", record
                record = []
        if record:
            yield "", record

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the line number and the cells of every row, blank lines left out."""
        numbers: list[int] = []  # of the lines that the reader has taken
        stream = io.BytesIO(self._raw)
        stream.seek(self._layout.start)

        def lines() -> Iterator[str]:
            text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
            if not self._has_skipped:
                for number, line in enumerate(text, start=self._layout.lines_before + 1):
                    numbers.append(number)
                    yield line
                return
            last = self._layout.lines_before
            for kind, record in self._sorted_lines(line.encode() for line in text):
                first, last = last + 1, last + len(record)
                if not kind:
                    numbers.extend(range(first, last + 1))
                    yield from (line.decode() for line in record)

        reader = csv.reader(lines(), delimiter=self._layout.separator)
        first = 0  # of a row, which has several lines if a quoted cell does
        try:
            for cells in reader:
                if len(cells) > 1 or (cells and cells[0].strip()):
                    yield numbers[first], cells
                first = reader.line_num
        except csv.Error as error:
            line = numbers[-1]
            refuse(self.path, f"line {line:,} cannot be read as CSV ({error}); is a quote open?")

    def _read_text(
        self, rows: Rows, texts: Sequence[str], numbers: Sequence[str]
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Read with pandas; columns of numbers are float64 where all their cells are plain."""
        # Letting pandas find the numeric columns is far faster than to read all as text, but right
        # only without truth values and with a known decimal mark.
        has_commas = rows.separator != "," and self._holds(b",")
        kind = "str" if has_commas or any(self._holds(word) for word in _TRUTHS) else None
        try:
            return self._parsed(rows, parse_with_pandas, texts, numbers, kind)
        except ValueError as error:
            problem = f"it cannot be read as CSV ({error}); is a quote open?"
            refuse(self.path, *(self._length_problems() or [problem]))

    def _parsed(
        self,
        rows: Rows,
        parse: Parse,
        texts: Sequence[str],
        numbers: Sequence[str],
        kind: str | None = "float64",
        decimal: str = ".",
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Parse all rows; ValueError for rows of a wrong length, or cells of another kind."""
        if parse is parse_with_arrow:  # which is strict about lengths itself
            return parse(rows, texts, numbers, kind, decimal)
        if kind == "float64" and any(self._holds(word) for word in _TRUTHS):
            raise ValueError("truth values, which pandas reads as 0 and 1")
        # pandas cuts a long first row, and fills up short ones.
        if len(next(self._records())[1]) != self._layout.width:
            raise ValueError("the first row and the header differ in length")
        text, cells = parse(rows, texts, numbers, kind, decimal)
        if rows.is_quoted:
            whole = not self._length_problems()
        else:
            whole = rows.count(rows.separator) == (self._layout.width - 1) * len(cells)
        if not whole:
            raise ValueError("a row and the header differ in length")
        return text, cells

    def _length_problems(self) -> list[str]:
        """Name the rows that have more or fewer cells than the header."""
        width = self._layout.width
        wrong = [
            (row, line, cells)
            for row, (line, cells) in enumerate(self._records())
            if len(cells) != width
        ]
        if not wrong:
            return []
        examples = [
            f"row {row + 1:,} (line {line:,}) has {len(cells)}" for row, line, cells in wrong
        ]
        is_open = self._raw.count(b'"', self._layout.start) % 2
        cause = " (is a quote open?)" if is_open else ""
        _, line, cells = wrong[0]
        if not is_open and len(cells) > 1 and not any(_starts_as_number(cell) for cell in cells):
            cause = (
                f"; line {line:,} seems to be a header: give the rows before and after it as two "
                "files"
            )
        return [
            f"the header has {width} columns but {shortened(examples, SHOWN)}; every row must have "
            f"as many cells as the header{cause}"
        ]

    def _refuse_mixed_points(self, rows: Rows, cells: pd.DataFrame, rules: CellRules) -> None:
        """Refuse columns of `1.034` and `794`, which may be 1034 and 794 in a local notation."""
        unclear = [str(name) for name, column in cells.items() if may_have_thousands_points(column)]
        look = self.look()  # tells almost always, and fast
        unclear = [name for name in unclear if not has_other_points(look[name])]
        if not unclear:
            return
        parse = parse_with_arrow if has_arrow() and not rows.is_quoted else parse_with_pandas
        text, _ = parse(rows, [*map(self._column, unclear)], [], "str", ".")
        problems = []
        for name in unclear:
            column = text[self._column(name)].astype("str").str.strip()
            column = column[column.notna() & ~column.isin([*MISSING, *rules.missing])]
            if examples := mixed_points(column):
                with_point, without = examples
                plain = with_point.replace(".", "")
                problems.append(
                    f"column `{name}` holds `{with_point}` and `{without}`: the point may be a "
                    f"decimal mark, or stand between thousands; write `{without}` as "
                    f"`{without}.000` if it is decimal, or `{with_point}` as `{plain}` if not"
                )
        if problems:
            refuse(self.path, *problems)

    def _refuse_surplus(self, surplus: pd.DataFrame) -> None:
        """Refuse cells behind the last name, where nothing but separators was seen at the start."""
        for name in surplus:
            rows = np.flatnonzero(surplus[name].notna().to_numpy())
            if len(rows):
                place = self.places([int(rows[0])])[0]
                refuse(
                    self.path,
                    f"{place} has a cell behind the last named column, `{self.names[-1]}`; name "
                    "its column in the header, or mend the row",
                )


def _checked_text(path: Path, raw: bytes) -> bytes:
    """Return UTF-8 text without a byte order mark and with line ends that contain a newline."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw or raw.isspace():
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


def named(names: list[str]) -> list[str]:
    """Return names of columns; a first one without a name, as of an index, is called `time`.

    It is called `index` where another column is the time by its name.
    """
    if names[0]:
        return names
    is_taken = any(name.casefold() in ("time", "timestamp", "date", "datetime") for name in names)
    return ["index" if is_taken else "time", *names[1:]]


def _starts_as_number(cell: str) -> bool:
    return cell.strip()[:1].isdigit() or cell.strip()[:2] in ("-0", "-1", "-.")
