"""Layout of delimited text: its separator, its header, and the lines that are no rows.

Tools put lines before the header (a title, comments, `sep=;`), repeat the header where a recording
was restarted or files were joined, and end every line with separators. All of that is found here,
by looking at the first lines, and said in a notice; what is not understood is left as it is, so
that the reader refuses it with its line.
"""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dcvae._text import SHOWN, quoted, shortened
from dcvae.data.files.messages import refuse

SEPARATORS = ",;\t|"
_HEAD = 65_536  # bytes that are looked at
_LINES = 60  # of them
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # as spreadsheets read and write it
_NUMBER_OR_TIME = re.compile(r"[+-]?[0-9]")
_BLANKS = re.compile(r" {2,}|\t| ")


@dataclass(frozen=True)
class Layout:
    """Where the rows of a text are, and how they are cut.

    Attributes:
        separator: between the cells of a row.
        names: of the columns, as written, stripped.
        width: cells of a row; those beyond the names are empty.
        start: bytes before the first row.
        lines_before: lines before the first row.
        header: the header's line, which may stand again among the rows.
        notices: one sentence each, on lines that are left out.
    """

    separator: str
    names: list[str]
    width: int
    start: int
    lines_before: int
    header: bytes
    notices: list[str]


def find_layout(path: Path, raw: bytes) -> Layout:
    """Find the layout of a text that is not empty.

    Args:
        path: of the file, for messages.
        raw: the text, in UTF-8, lines ended by a newline.

    Returns:
        Its layout.

    Raises:
        InputError: it has one column only.
    """
    lines = _first_lines(raw)
    first = next(number for number, line in enumerate(lines) if line.strip())
    notices: list[str] = []
    told = _SEPARATOR_LINE.fullmatch(lines[first].strip())
    separators = SEPARATORS
    if told:
        separators = told[1]
        first = next((n for n in range(first + 1, len(lines)) if lines[n].strip()), first)
    header, separator = _header_of(lines, first, separators)
    if header > first:
        skipped = [line.strip() for line in lines[first:header] if line.strip()]
        notices.append(
            f"{len(skipped):,} lines before its header are no rows and are left out: "
            f"{shortened(quoted(_short(line) for line in skipped), SHOWN)}."
        )
    cells = _cut(lines[header], separator)
    if lines[header].lstrip().startswith("#"):
        cells[0] = cells[0].lstrip().lstrip("#")
    names = [cell.strip() for cell in cells]
    rows = [_cut(line, separator) for line in lines[header + 1 :] if line.strip()]
    names, width = _without_trailing(names, rows)
    if len(names) == 1 and rows:
        _refuse_one_column(path, names[0], [line for line in lines[header:] if line.strip()])
    start = sum(len(line.encode()) for line in lines[: header + 1])
    return Layout(
        separator, names, width, start, header + 1, lines[header].strip().encode(), notices
    )


def _first_lines(raw: bytes) -> list[str]:
    """Return the first lines, each with its end; the last may be cut off if it is a row."""
    head = raw[:_HEAD].decode("utf-8", errors="ignore").split("\n")
    lines = [f"{line}\n" for line in head[:-1]] + ([head[-1]] if head[-1] else [])
    if len(raw) > _HEAD and len(lines) > 2:
        lines.pop()
    return lines[:_LINES] if any(line.strip() for line in lines[:_LINES]) else lines


def _cut(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [""])
    except csv.Error:
        return [line]


def _header_of(lines: list[str], first: int, separators: str) -> tuple[int, str]:
    """Return the number of the header's line, and the separator.

    The header is the first line, if the line after it has as many cells. Otherwise it is the first
    line, of those near the top, that starts with a name and is followed by rows of its length; a
    line of comment may be one, as `# time,a,b` is.
    """

    def width(number: int, separator: str) -> int:
        return len(_trimmed(_cut(lines[number], separator)))

    def best(number: int) -> str:
        return max(separators, key=lambda mark: len(_cut(lines[number], mark)))

    filled = [number for number in range(first, len(lines)) if lines[number].strip()]
    at, separator = filled[0], best(filled[0])
    if len(filled) < 2:
        return at, separator
    even = [mark for mark in separators if width(filled[1], mark) == width(at, mark) > 1]
    if even and not lines[at].lstrip().startswith("#"):
        return at, max(even, key=lambda mark: width(at, mark))
    for position, number in enumerate(filled[:-1]):
        mark = best(number)
        after = [n for n in filled[position + 1 :] if not lines[n].lstrip().startswith("#")][:5]
        wide = width(number, mark)
        starts = _cut(lines[number], mark)[0].strip().lstrip("#").strip()
        if wide < 2 or not after or _NUMBER_OR_TIME.match(starts):
            continue
        rows = [_cut(lines[n], mark) for n in after]
        is_even = len({len(row) for row in rows}) == 1 and len(rows[0]) >= wide
        is_named = not any(cell.strip() for row in rows for cell in row[wide:])
        if is_even and is_named and any(_NUMBER_OR_TIME.match(cell.strip()) for cell in rows[0]):
            return number, mark
    return at, separator


def _trimmed(cells: list[str]) -> list[str]:
    """Return the cells without empty ones at the end."""
    end = len(cells)
    while end > 1 and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _without_trailing(names: list[str], rows: list[list[str]]) -> tuple[list[str], int]:
    """Return the names without empty ones at the end that stand for nothing, and a row's length."""
    named = _trimmed(names)
    if not rows:
        return names, len(names)
    common = Counter(len(row) for row in rows).most_common(1)[0][0]
    beyond = any(cell.strip() for row in rows for cell in row[len(named) :])
    if common >= len(named) and not beyond:
        return named, common
    return names, len(names)


def _refuse_one_column(path: Path, name: str, lines: list[str]) -> None:
    """Refuse a file of one column, with the separator that it seems to have."""
    cells = {len(_BLANKS.split(line.strip())) for line in lines}
    if len(cells) == 1 and cells != {1}:
        refuse(
            path,
            f"its only column is `{_short(name)}`; its cells seem to be separated by blanks: write "
            "commas, semicolons or tabs between them",
        )


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 60 else f"{text[:59]}…"
