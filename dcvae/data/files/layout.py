"""Layout of delimited text: its separator, its header, and the lines that are no rows.

Tools put lines before the header (a title, comments, `sep=;`), repeat the header where a recording
was restarted or files were joined, and end every line with separators. All of that is found here,
by looking at the first lines, and said in a notice; what is not understood is left as it is, so
that the reader refuses it with its line.
"""

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from dcvae._text import SHOWN, quoted, shortened
from dcvae.data.files.messages import MISSING, refuse

SEPARATORS = ",;\t|"
_HEAD = 65_536  # bytes that are looked at, or more if they hold few lines
_FEW = 8
_LINES = 60  # of them
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)  # as spreadsheets read and write it
_NUMBER_OR_TIME = re.compile(r"[+-]?[0-9]")
_BLANKS = re.compile(r" {2,}|\t| ")
_BREAK = re.compile(r"\s*[\r\n]+\s*")
_UP_TO_CLOSED = re.compile(r'(?:[^"]|"")*+"')


@dataclass(frozen=True)
class Layout:
    """Where the rows of a text are, and how they are cut.

    Attributes:
        separator: between the cells of a row.
        names: of the columns, as written, stripped.
        width: cells of a row; those beyond the names are empty.
        start: bytes before the first row.
        lines_before: lines before the first row.
        header: the header's text, which may stand again among the rows.
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
    lines = _joined(_first_lines(raw), SEPARATORS)
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
    names = [_BREAK.sub(" ", cell.strip()) for cell in cells]
    rows = [_cut(line, separator) for line in lines[header + 1 :] if line.strip()]
    names, width = _without_trailing(names, rows)
    if len(names) == 1 and rows:
        _refuse_one_column(path, names[0], [line for line in lines[header:] if line.strip()])
    _refuse_units(path, lines, header, separator)
    before = "".join(lines[: header + 1])
    text = lines[header].strip().encode()
    return Layout(
        separator, names, width, len(before.encode()), _line_number(before), text, notices
    )


def is_left_open(line: str, is_open: bool, separators: str) -> bool:
    """Tell whether a quoted cell goes on in the next line.

    Args:
        line: the line.
        is_open: whether a quoted cell goes on in it.
        separators: marks that a cell starts behind; a quote elsewhere opens nothing.
    """
    opening, place = re.compile(rf'(?:^|[{re.escape(separators)}])"'), 0
    while True:
        if not is_open:
            opened = opening.search(line, place)
            if opened is None:
                return False
            place = opened.end()
        closed = _UP_TO_CLOSED.match(line, place)
        if closed is None:
            return True
        place, is_open = closed.end(), False


def _first_lines(raw: bytes) -> list[str]:
    """Return the first lines, each with its end; the last may be cut off if it is a row."""
    size = _HEAD
    while size < len(raw) and raw.count(b"\n", 0, size) < _FEW:
        size *= 2
    head = raw[:size].decode("utf-8", errors="ignore").split("\n")
    lines = [f"{line}\n" for line in head[:-1]] + ([head[-1]] if head[-1] else [])
    if len(raw) > size and len(lines) > 2:
        lines.pop()
    return lines[:_LINES] if any(line.strip() for line in lines[:_LINES]) else lines


def _joined(lines: list[str], separators: str) -> list[str]:
    """Join lines that a quoted cell goes over; a quote that stays open joins nothing."""
    joined: list[str] = []
    number = 0
    while number < len(lines):
        end = number + 1
        is_open = is_left_open(lines[number], False, separators)
        while is_open and end < len(lines):
            is_open = is_left_open(lines[end], True, separators)
            end += 1
        if is_open or lines[number].startswith("#"):
            end = number + 1
        joined.append("".join(lines[number:end]))
        number = end
    return joined


def _line_number(text: str) -> int:
    """Return the number of the last line of a text that starts at the first line."""
    return text.count("\n") + (not text.endswith("\n"))


def _cut(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=separator), [""])
    except csv.Error:
        return [line]


def _header_of(lines: list[str], first: int, separators: str) -> tuple[int, str]:
    """Return the number of the header's line, and the separator.

    The header is the first line, if the line after it has as many cells. Otherwise it is the first
    line, of those near the top, that starts with a name and is followed by rows of its length; a
    line of comment may be one, as `# time,a,b` is. If rows stood before such a line, they would be
    lost; the first line is the header then, and the reader refuses what does not fit it.
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
        marks = {mark, separator} if width(at, separator) > 1 else {mark}
        skipped = [lines[n] for n in filled[:position]]
        if position and (
            lines[number].strip() == lines[at].strip()
            or any(_is_row(line, lines[at], each) for line in skipped for each in marks)
        ):
            break
        after = [n for n in filled[position + 1 :] if not lines[n].lstrip().startswith("#")][:5]
        wide = width(number, mark)
        starts = _cut(lines[number], mark)[0].strip().lstrip("#").strip()
        if wide < 2 or not after or _NUMBER_OR_TIME.match(starts):
            continue
        rows = [_cut(lines[n], mark) for n in after]
        is_even = len({len(row) for row in rows}) == 1 and len(rows[0]) >= wide
        is_named = not any(cell.strip() for row in rows for cell in row[wide:])
        some = rows if number == at else rows[:1]
        if is_even and is_named and any(_has_number(row) for row in some):
            return number, mark
    return at, separator


def _has_number(cells: list[str]) -> bool:
    return any(_NUMBER_OR_TIME.match(cell.strip()) for cell in cells)


def _is_row(line: str, first: str, separator: str) -> bool:
    """Tell whether a line is more than a title or a pair such as `hall,3`."""
    cells = _cut(line, separator)
    if len(cells) >= 2 and _NUMBER_OR_TIME.match(cells[0].strip()):
        return True
    is_as_wide = len(cells) >= 3 and len(cells) == len(_cut(first, separator))
    return is_as_wide and line != first and _has_number(cells)


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


def _refuse_units(path: Path, lines: list[str], header: int, separator: str) -> None:
    """Refuse a line of words right below the header, in columns that go on with numbers."""
    rows = [
        (number, [cell.strip() for cell in _cut(lines[number], separator)])
        for number in range(header + 1, len(lines))
        if lines[number].strip() and not lines[number].startswith("#")
    ]
    if len(rows) < 2 or lines[rows[0][0]].strip() == lines[header].strip():
        return
    if _NUMBER_OR_TIME.match(lines[header].strip()):  # a row, which is told as one
        return
    number, words = rows[0]
    # A time in words, such as `Mon 3 Jan`, makes a row of it.
    if _has_number(words) or any(character.isdigit() for character in words[0]):
        return
    if any(
        word not in MISSING and _NUMBER_OR_TIME.match(cell)
        for _, row in rows[1:_FEW]
        for word, cell in zip(words, row, strict=False)
    ):
        line = _line_number("".join(lines[:number])) + 1
        refuse(
            path,
            f"line {line} seems to be a second header or a row of units; remove it, or the line "
            "above it if that one is no header",
        )


def _short(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 60 else f"{text[:59]}…"
