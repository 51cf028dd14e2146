"""Metadata of series: a CSV of their titles and units."""

import csv
import difflib
import os
from pathlib import Path
from typing import Any

from dcvae._text import all_quoted
from dcvae.config.json_file import first_bytes, show
from dcvae.config.keys.names import problem_of_text
from dcvae.errors import describe_os_error

_COLUMNS = {"title": "titles", "unit": "units"}  # and the keys that they are read into
_LARGEST = 16 * 1024 * 1024  # bytes
_LONGEST_PATH = 4096  # characters
_MOST_PROBLEMS = 5


def with_metadata(values: dict[str, Any], folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Read the CSV of the key `metadata` into `titles` and `units`, so that settings need no file.

    Args:
        values: of a settings file, by its keys, unchecked; what they say precedes the CSV.
        folder: that paths are relative to.

    Returns:
        The values, of which `metadata` is null then; and lines about what is wrong with the CSV.
    """
    path = values.get("metadata")
    if not isinstance(path, str):
        return values, []  # no file, or reported with the other values
    if not 0 < len(path) <= _LONGEST_PATH or "\0" in path:
        return values | {"metadata": None}, [
            f"`metadata`: expected the path of a CSV, received {show(path)}"
        ]
    read, problems = read_metadata(folder / path)
    found: dict[str, Any] = {"metadata": None}
    for key, texts in read.items():
        given = values.get(key)
        if given is None or isinstance(given, dict):  # others are reported
            found[key] = texts | (given or {})
    return values | found, [f"`metadata`: {problem}" for problem in problems]


def read_metadata(path: Path) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Read titles and units of series from a CSV.

    Its columns are separated by commas, semicolons or tabs: `series`, and `title` or `unit` or
    both, in any order; others are left out. Empty cells and empty lines say nothing.

    Args:
        path: of the CSV, in UTF-8.

    Returns:
        Titles and units by the names of series, as the keys `titles` and `units` take them; and
        what is wrong with the file, each with its line: then nothing is read.
    """
    if os.path.isdir(path):  # which no name is too long for
        return {}, [f"{path} is a folder; expected a CSV"]
    try:
        content = first_bytes(path, _LARGEST)
    except FileNotFoundError:
        return {}, [f"{path} does not exist; expected a CSV there, or null"]
    except OSError as error:
        return {}, [describe_os_error(error)]
    if len(content) > _LARGEST:
        return {}, [f"{path} is larger than {_LARGEST:,} bytes"]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        return {}, [f"{path} is not UTF-8 text, line {line}; save it as UTF-8"]
    lines = text.splitlines(keepends=True)
    first = next((line for line in lines if line.strip()), "")
    separator = max(",;\t", key=first.count)
    try:
        rows = csv.reader(lines, delimiter=separator, strict=True)
        cells = [(rows.line_num, [cell.strip() for cell in row]) for row in rows if any(row)]
    except csv.Error as error:
        return {}, [f"{path}, line {rows.line_num}: {error}"]
    header = [cell.casefold() for cell in cells[0][1]] if cells else []
    problems = _problems_of(header)
    if not problems:
        found, problems = _texts_of(header, cells[1:])
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        told = [f"{path}, {problem}" for problem in problems[:_MOST_PROBLEMS]]
        return {}, [*told, f"{path}: {more:,} more lines like these"] if more > 0 else told
    return found, []


def _problems_of(header: list[str]) -> list[str]:
    """Return what is wrong with a header, or nothing."""
    columns = ["series", *_COLUMNS]
    missing = [name for name in columns if name not in header]
    twice = [name for name in columns if header.count(name) > 1]
    if twice:
        return [f"line 1: expected every column once, received {all_quoted(twice)} more than once"]
    for name in header:
        near = difflib.get_close_matches(name, missing, n=1, cutoff=0.75)
        if near:
            return [f"line 1: unknown column `{name}`; did you mean `{near[0]}`?"]
    if "series" in missing or len(missing) == len(columns) - 1:
        received = all_quoted(header) or "nothing"
        return [f"line 1: expected the columns `series` and `title` or `unit`, received {received}"]
    return []


def _texts_of(
    header: list[str], rows: list[tuple[int, list[str]]]
) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Return titles and units by series, and what is wrong with the rows."""
    found: dict[str, dict[str, str]] = {key: {} for key in _COLUMNS.values()}
    lines: dict[str, int] = {}
    problems = []
    for line, cells in rows:
        if len(cells) != len(header):
            problems.append(f"line {line}: expected {len(header)} cells, received {len(cells)}")
            continue
        row = dict(zip(header, cells, strict=True))
        series = row["series"]
        if not series:
            problems.append(f"line {line}: expected the name of a series, received nothing")
        elif series in lines:
            problems.append(f"line {line}: `{series}` is in line {lines[series]} already")
        lines.setdefault(series, line)
        for column, key in _COLUMNS.items():
            problem = problem_of_text(row.get(column, ""), key, series)
            if problem:
                problems.append(f"line {line}: {problem}")
            elif row.get(column):
                found[key][series] = row[column]
    return found, problems
