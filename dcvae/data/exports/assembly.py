"""Assembly of an export: cells to numbers, and the series of several entities side by side."""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pandas as pd

from dcvae._arrays import IntArray
from dcvae._text import quoted, shortened
from dcvae.data.files.cells import TRUTHS
from dcvae.data.files.frame_file import FrameFile
from dcvae.data.files.messages import MISSING, refuse

# What the tools write where a value is missing, beside the words that any file may have.
MISSING_WORDS = frozenset((*MISSING, "undefined"))
_LAST_SECOND = 7_258_118_400  # the year 2200, as of other files
_SPARSE = 0.5  # share of empty cells from which differing times are told of


@dataclass(frozen=True)
class _Part:
    """Series of one entity: (rows, series) by time, and the line numbers of the rows."""

    table: pd.DataFrame
    entity: str
    lines: IntArray | None


class Assembly:
    """Series of one file, added table by table and joined by time.

    Args:
        path: of the file, for messages.
        kind: what the file is taken for.

    Attributes:
        path: as given.
        kind: as given.
        notices: one sentence each, on what was left out, joined or decided.
    """

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        self.kind = kind
        self.notices: list[str] = []
        self._parts: list[_Part] = []
        self._words: dict[str, str] = {}  # an example of each column of text
        self._infinite: Counter[str] = Counter()

    def refuse(self, problem: str) -> NoReturn:
        """Raise what is wrong with the file; without a period."""
        refuse(self.path, f"it was taken for {self.kind}, but {problem}")

    def json(self, text: str) -> Any:
        """Read JSON; refuse text that is cut off or is none."""
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            is_cut = not text[error.pos + 1 :].strip() or error.msg.startswith("Unterminated")
            cause = "it is cut off; export it again" if is_cut else "export it again"
            self.refuse(f"line {error.lineno:,} cannot be read as JSON ({error.msg}): {cause}")
        except (RecursionError, ValueError) as error:
            self.refuse(f"it cannot be read as JSON ({error})")

    def cells(
        self, rows: list[str], lines: IntArray, names: Sequence[str], separator: str
    ) -> tuple[list[pd.Series], IntArray]:
        """Cut rows of delimited text into cells; refuse rows longer or shorter than the header.

        Args:
            rows: (rows,) text, without blank rows.
            lines: (rows,) their line numbers, from 1.
            names: (columns,) of the header; they may repeat.
            separator: between cells.

        Returns:
            (columns,) of (rows,) text as written, and the lines of the rows.
        """
        width = len(names)
        has_quotes = any('"' in row for row in rows)
        if has_quotes:
            counts, starts, end = [], [], 0
            reader = csv.reader(rows, delimiter=separator, strict=True)
            try:
                for record in reader:
                    counts.append(len(record))
                    starts.append(end)
                    end = reader.line_num
            except csv.Error as error:
                self.refuse(
                    f"line {lines[end]:,} cannot be read as CSV ({error}); is a quote open?"
                )
            lines = lines[starts]
        else:
            counts = [row.count(separator) + 1 for row in rows]
        wrong = np.flatnonzero(np.array(counts, dtype=np.int64) != width)
        if len(wrong):
            examples = [f"line {lines[row]:,} has {counts[row]:,}" for row in wrong[:3]]
            cause = "the last row is cut off; " if wrong[0] == len(counts) - 1 else ""
            self.refuse(
                f"its header has {width:,} columns and {shortened(examples, 3, len(wrong))}: "
                f"{cause}export it again"
            )
        if not rows:
            return [pd.Series(dtype="str") for _ in names], lines
        frame = pd.read_csv(
            io.StringIO("\n".join(rows)),
            sep=separator,
            header=None,
            names=list(range(width)),
            index_col=False,
            dtype="str",
            na_filter=False,
            quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE,
            skip_blank_lines=False,
        )
        if len(frame) != len(lines):
            self.refuse("it cannot be read as CSV: a quote is open; export it again")
        return [frame.iloc[:, column] for column in range(width)], lines

    def floats(self, cells: Any, name: str, lines: IntArray | None = None) -> pd.Series | None:
        """Convert one column to float64; infinite values become missing ones, which is told.

        Args:
            cells: (rows,) text, numbers, truth values or None.
            name: of the column, for messages.
            lines: (rows,) line numbers.

        Returns:
            (rows,) float64; None for a column that is text throughout, which is told, too.
        """
        column = pd.Series(cells).reset_index(drop=True)
        if not pd.api.types.is_numeric_dtype(column):
            text = column.astype("str").str.strip()
            column = pd.to_numeric(text, errors="coerce")
            left = text[column.isna() & text.notna()]
            left = left[~left.isin(MISSING_WORDS)]
            if len(left) and left.str.lower().isin(TRUTHS).all():
                column[left.index] = pd.to_numeric(left.str.lower().map(TRUTHS))
            elif len(left) and column.notna().any():
                row = int(left.index[0])
                place = f"row {row + 1:,}" if lines is None else f"line {lines[row]:,}"
                self.refuse(
                    f"{place} holds `{left.iloc[0]}` as `{name}`; expected a number in each of its "
                    f"{len(column):,} rows, but {len(left):,} have none"
                )
            elif len(left):
                self._words.setdefault(name, str(left.iloc[0]))
                return None
        values = column.to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
        if (is_infinite := np.isinf(values)).any():
            self._infinite[name] += int(is_infinite.sum())
            values[is_infinite] = np.nan
        return pd.Series(values, name=name)

    def epochs(self, cells: Any, unit: str = "s", lines: IntArray | None = None) -> pd.Series:
        """Convert times since 1970 to UTC, to the microsecond; refuse what is none.

        Args:
            cells: (rows,) numbers, or text of numbers.
            unit: "s", "ms", "us" or "ns".
            lines: (rows,) line numbers.
        """
        counts = pd.Series(cells).astype("object")
        numbers = pd.to_numeric(counts.astype("str"), errors="coerce")
        second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
        wrong = np.flatnonzero(~((numbers > 0) & (numbers < _LAST_SECOND * second)).to_numpy())
        if len(wrong):
            self._no_time(counts.iloc[wrong[0]], int(wrong[0]), lines, f"{unit} since 1970")
        if pd.api.types.is_integer_dtype(numbers):
            whole = numbers.astype("int64")
            steps = whole // (second // 10**6) if second > 10**6 else whole * (10**6 // second)
        else:
            steps = (numbers.astype("float64") / second * 1e6).round().astype("int64")
        return pd.Series(pd.to_datetime(steps, unit="us", utc=True)).dt.as_unit("us")

    def times(
        self, cells: pd.Series, time_format: str, lines: IntArray | None = None, utc: bool = False
    ) -> pd.Series:
        """Read times of one format; refuse what is none.

        Args:
            cells: (rows,) text.
            time_format: of `strptime`, or "ISO8601".
            lines: (rows,) line numbers.
            utc: whether they are in UTC, or have their offset written.
        """
        text = cells.astype("str").str.strip()
        read = pd.to_datetime(text, format=time_format, errors="coerce", utc=utc)
        wrong = np.flatnonzero(read.isna())
        if len(wrong):
            expected = "ISO 8601" if time_format == "ISO8601" else f"the form {time_format}"
            self._no_time(text.iloc[wrong[0]], int(wrong[0]), lines, expected)
        return read.dt.as_unit("us")

    def add(
        self,
        times: pd.Series,
        columns: dict[str, Any],
        entity: str = "",
        lines: IntArray | None = None,
    ) -> None:
        """Add series of one entity.

        Args:
            times: (rows,) of their values; text only if no other table is added.
            columns: names, and (rows,) cells of each.
            entity: put before the names; "" for none.
            lines: (rows,) line numbers.
        """
        values = {}
        for name, cells in columns.items():
            name = f"{entity} {name}".strip()
            if (column := self.floats(cells, name, lines)) is not None:
                values[name] = column.to_numpy()
        table = pd.DataFrame(values, index=pd.Index(times))
        self._parts.append(_Part(table, entity, lines))

    def add_entities(
        self, times: pd.Series, entities: pd.Series, columns: dict[str, Any], lines: IntArray | None
    ) -> None:
        """Add the series of several entities that take turns in the rows.

        Args:
            times: (rows,).
            entities: (rows,) text, the name of the entity of each row; "" for none.
            columns: names, and (rows,) cells of each.
            lines: (rows,) line numbers.
        """
        cells = {name: pd.Series(column).to_numpy() for name, column in columns.items()}
        groups = entities.reset_index(drop=True).groupby(entities.to_numpy(), sort=False).indices
        for entity, rows in groups.items():
            part = {name: column[rows] for name, column in cells.items()}
            where = None if lines is None else lines[rows]
            self.add(times.iloc[rows].reset_index(drop=True), part, str(entity), where)

    def file(self, *, named: str = "entity and metric") -> FrameFile:
        """Join what was added into one table; refuse a file of no series.

        Args:
            named: after what the series are named, for the notice.
        """
        parts = [part for part in self._parts if part.table.size]
        if not parts:
            self.refuse("it holds no rows of numbers; widen the span of the export")
        notices = [f"It was taken for {self.kind}."]
        parts = [self._in_order(part, len(parts) == 1) for part in parts]
        frame, lines = parts[0].table, parts[0].lines
        if len(parts) > 1:
            frame, lines = self._joined([part.table for part in parts], notices, named), None
        if isinstance(frame.index, pd.DatetimeIndex) and frame.index.tz is None:
            notices.append(
                "Its times are local ones; `time_zone` in the settings names their zone."
            )
        names = distinct(list(map(str, frame.columns)))
        if repeated := [name for name in names if name not in frame]:
            notices.append(f"Series of one name are numbered: {shortened(quoted(repeated))}.")
        frame = frame.set_axis(names, axis=1)
        if self._words:
            shown = [f"`{name}` (`{word}`)" for name, word in self._words.items()]
            notices.append(f"Columns of text are left out: {shortened(shown)}.")
        if self._infinite:
            shown = [f"{count:,} of `{name}`" for name, count in self._infinite.items()]
            notices.append(f"Infinite values are taken for missing: {shortened(shown)}.")
        frame.insert(0, "time", frame.index, allow_duplicates=True)
        frame = frame.reset_index(drop=True)
        return FrameFile(self.path, frame, self.kind, [*notices, *self.notices], lines)

    def _in_order(self, part: "_Part", is_alone: bool) -> "_Part":
        """Put rows in the order of time where that is certain; refuse times that repeat.

        Of local times only rows that stand newest first are, as the order of rows tells which hour
        is meant where autumn repeats one. One table of them is judged with those of other files.
        """
        index, lines = part.table.index, part.lines
        if not isinstance(index, pd.DatetimeIndex):
            return part
        is_utc = index.tz is not None
        if not index.is_monotonic_increasing and (is_utc or index.is_monotonic_decreasing):
            self._tell("Its rows were not in the order of time and are put in it.")
            # Of rows that stand newest first, those of one time are turned round, too.
            order = len(index) - 1 - index[::-1].argsort(kind="stable")
            lines = None if lines is None else lines[order]
            part = _Part(part.table.iloc[order], part.entity, lines)
        times = part.table.index
        rows = np.flatnonzero(times[1:] <= times[:-1]) + 1
        if len(rows) and (is_utc or not is_alone):
            place = "" if lines is None else f" (line {lines[rows[0]]:,})"
            self.refuse(
                f"{part.entity or 'a series'} has {times[rows[0]]}{place} after "
                f"{times[rows[0] - 1]}; is it of several machines, of spans that overlap, or in "
                "local times of the hour that autumn repeats? Export them apart, or in UTC"
            )
        return part

    def _joined(self, tables: list[pd.DataFrame], notices: list[str], named: str) -> pd.DataFrame:
        frame = pd.concat(tables, axis=1, join="outer", sort=True)
        notices.append(
            f"Its {len(frame.columns):,} series stand side by side, named by {named}: "
            f"{shortened(quoted(str(name) for name in frame.columns), 3)}."
        )
        share = 1 - sum(table.size for table in tables) / frame.size
        if share > _SPARSE:
            notices.append(
                f"Its series have times of their own: {share:.0%} of the cells are empty. "
                "`resample` in the settings brings them to one step."
            )
        return frame

    def _tell(self, notice: str) -> None:
        if notice not in self.notices:
            self.notices.append(notice)

    def _no_time(self, cell: Any, row: int, lines: IntArray | None, expected: str) -> NoReturn:
        place = f"row {row + 1:,}" if lines is None else f"line {lines[row]:,}"
        self.refuse(f"{place} holds `{cell}` as its time; expected {expected}")


def numbered_rows(text: str) -> tuple[list[str], IntArray]:
    """Return the lines of a text without blank ones, and their numbers from 1."""
    lines = text.replace("\r\n", "\n").split("\n")
    numbers = [number for number, line in enumerate(lines) if line.strip()]
    return [lines[number] for number in numbers], np.array(numbers, dtype=np.int64) + 1


def distinct(names: Sequence[str]) -> list[str]:
    """Number the names that repeat: `a`, `a (2)`."""
    seen: Counter[str] = Counter()
    result = []
    for name in names:
        seen[name] += 1
        result.append(f"{name} ({seen[name]})" if seen[name] > 1 else name)
    return result


def split_row(row: str, separator: str) -> list[str]:
    """Cut one row into cells; none if it cannot be read as CSV."""
    try:
        return next(csv.reader([row.rstrip("\r")], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
