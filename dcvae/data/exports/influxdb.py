"""Readers of CSV from InfluxDB: annotated, of Flux queries, and that of the command line of 1.x.

Both hold several tables below each other, each with a header of its own. Series are named as in the
line protocol: measurement and tags, then the field.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from dcvae._arrays import IntArray
from dcvae._text import all_quoted
from dcvae.data.exports.assembly import Assembly, distinct, numbered_rows, split_row
from dcvae.data.exports.form import Form
from dcvae.data.files.frame_file import FrameFile

_ANNOTATED = re.compile(
    r"#(group|datatype|default),|,?result,table,[^\n]*_time|,?error,reference\r?\n"
)
_NUMBERS = ("double", "long", "unsignedLong", "boolean")
_BOUNDS = ("", "result", "table", "_start", "_stop")  # of no use as series or tag
_LINE = re.compile(r"name,(?:tags,)?time(?:,|\r?\n)")
_LINE_TIME = r"(?:\d{10,19}|\d{4}-\d\d-\d\dT[\d:.]+Z)"
_UNITS = {10: "s", 13: "ms", 16: "us", 19: "ns"}  # by their digits, from 2001 on


@dataclass
class _Part:
    """Rows of one header, with the annotations before it."""

    names: list[str]
    types: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    numbers: list[int] = field(default_factory=list)


def _read_annotated(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, ANNOTATED.name)
    rows, lines = numbered_rows(text)
    for part in _annotated_parts(rows):
        if part.numbers:
            part_rows = [rows[number].rstrip("\r") for number in part.numbers]
            cells, where = assembly.cells(part_rows, lines[part.numbers], part.names, ",")
            _add_annotated(
                assembly,
                part,
                pd.DataFrame(dict(zip(distinct(part.names), cells, strict=True))),
                where,
            )
    return assembly.file(named="measurement, tags and field")


def _annotated_parts(rows: Sequence[str]) -> Iterator[_Part]:
    """Cut a file at its annotations, and at its headers where it has none."""
    annotations: dict[str, list[str]] = {}
    part: _Part | None = None
    for number, row in enumerate(rows):
        is_header = part is None or row.startswith((",result,table,", "result,table,"))
        if part is not None and (is_header or row.startswith("#")):
            yield part
            part = None
        if row.startswith("#"):
            name, *values = split_row(row, ",") or [""]
            if name in annotations:  # those of the next table
                annotations = {}
            annotations[name] = ["", *values]
        elif is_header:
            names = split_row(row, ",")
            types = dict(zip(names, annotations.get("#datatype", ()), strict=False))
            defaults = dict(zip(names, annotations.get("#default", ()), strict=False))
            part = _Part(names, types, defaults)
        elif part is not None:
            part.numbers.append(number)
    if part is not None:
        yield part


def _add_annotated(assembly: Assembly, part: _Part, cells: pd.DataFrame, lines: IntArray) -> None:
    if "error" in cells:
        assembly.refuse(f"the server refused the query: {str(cells['error'].iloc[0]).rstrip('.')}")
    for name, default in part.defaults.items():
        if default and name in cells:
            cells[name] = cells[name].mask(cells[name] == "", default)
    stamps = [name for name, kind in part.types.items() if kind.startswith("dateTime")]
    stamp = "_time" if "_time" in cells else next((n for n in stamps if n not in _BOUNDS), "")
    if not stamp:
        assembly.refuse(
            f"its columns ({all_quoted(n for n in part.names if n)}) have no `_time`; keep it in "
            'the query, or make it of the end of the window: `duplicate(column: "_stop", as: '
            '"_time")`'
        )
    times = assembly.times(cells[stamp], "ISO8601", lines, utc=True)
    others = [name for name in map(str, cells) if name not in (*_BOUNDS, *stamps, stamp)]
    if "_field" in cells and "_value" in cells:
        tags = [name for name in others if name not in ("_field", "_value")]
        fields, values = cells["_field"], {"": cells["_value"]}
    else:
        numeric = [name for name in others if _is_series(part.types.get(name, ""), cells[name])]
        tags = [name for name in others if name not in numeric]
        fields, values = None, {name: cells[name] for name in numeric}
    if "result" in cells and cells["result"].ne(cells["result"].iloc[0]).any():
        tags.insert(0, "result")
    entities = _entities(cells, tags)
    if fields is not None:
        entities = (entities + " " + fields).str.strip()
    assembly.add_entities(times, entities, values, lines)


def _is_series(kind: str, cells: pd.Series) -> bool:
    """Tell a series from a tag by its annotated type, otherwise by its cells."""
    if kind:
        return kind in _NUMBERS
    numbers = pd.to_numeric(cells, errors="coerce")
    return bool(numbers.notna().any())


def _entities(cells: pd.DataFrame, tags: Sequence[str]) -> pd.Series:
    """Write measurement and tags of each row as in the line protocol: `cpu,host=a`."""
    entities = cells["_measurement"] if "_measurement" in tags else pd.Series("", index=cells.index)
    for tag in tags:
        if tag != "_measurement":
            entities = entities + ("," + tag + "=" + cells[tag]).where(cells[tag] != "", "")
    return entities.str.removeprefix(",")


def _is_line_csv(head: str) -> bool:
    """Tell CSV of the command line from long CSV of others: a table is of one measurement."""
    if not _LINE.match(head):
        return False
    rows = [row for row in head.split("\n")[1:-1] if row.strip()] or head.split("\n")[1:2]
    width = 2 if head.startswith("name,tags") else 1
    names = set()
    for row in rows:
        if _LINE.match(row + "\n"):
            break
        cells = split_row(row, ",")
        if len(cells) <= width or not re.fullmatch(_LINE_TIME, cells[width]):
            return False
        names.add(cells[0])
    return len(names) == 1


def _read_line_csv(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, COMMAND_LINE.name)
    rows, lines = numbered_rows(text)
    parts: dict[str, _Part] = {}
    part = _Part([])
    for number, row in enumerate(rows):
        if _LINE.match(row.rstrip("\r") + "\n"):
            header = row.rstrip("\r")
            part = parts.setdefault(header, _Part(split_row(header, ",")))
        else:
            part.numbers.append(number)
    texts: dict[str, None] = {}
    for part in parts.values():
        part_rows = [rows[number].rstrip("\r") for number in part.numbers]
        cells, where = assembly.cells(part_rows, lines[part.numbers], part.names, ",")
        frame = pd.DataFrame(dict(zip(distinct(part.names), cells, strict=True)))
        for _, group in frame.groupby("name", sort=False):
            _add_measurement(assembly, group, where[group.index], texts)
    if texts:
        assembly.notices.append(
            f"The text of {all_quoted(texts)} is taken for tags, which tell series apart."
        )
    return assembly.file(named="measurement, tags and field")


def _add_measurement(
    assembly: Assembly, cells: pd.DataFrame, lines: IntArray, texts: dict[str, None]
) -> None:
    """Add the fields of one measurement, for each combination of its tags."""
    cells = cells.reset_index(drop=True)
    stamps = cells["time"]
    if stamps.str.fullmatch(r"\d+").all():
        digits = int(stamps.str.len().max())
        times = assembly.epochs(
            stamps, next((_UNITS[n] for n in _UNITS if digits <= n), "ns"), lines
        )
    else:
        times = assembly.times(stamps, "ISO8601", lines, utc=True)
    # A field of another measurement is an empty column in this one.
    others = [
        name
        for name in map(str, cells)
        if name not in ("name", "tags", "time") and cells[name].ne("").any()
    ]
    numeric = [name for name in others if _is_series("", cells[name])]
    entities = cells["name"]
    if "tags" in cells:
        entities = entities + ("," + cells["tags"]).where(cells["tags"] != "", "")
    # A text is a tag if several rows of one time differ in it, otherwise a field of text.
    repeats = pd.DataFrame({"time": stamps, "entity": entities}).duplicated().any()
    columns = {name: cells[name] for name in (numeric if repeats else others)}
    if repeats:
        tags = [name for name in others if name not in numeric]
        texts.update(dict.fromkeys(tags))
        entities = entities + ("," + _entities(cells, tags)).str.rstrip(",")
        if pd.DataFrame({"time": stamps, "entity": entities}).duplicated().any():
            assembly.refuse(
                f"several rows of `{cells['name'].iloc[0]}` have one time and the same tags; a tag "
                "that is a number cannot be told from a field: ask for `GROUP BY *`, which writes "
                "the tags into a column of their own"
            )
    assembly.add_entities(times, entities, columns, lines)


ANNOTATED = Form(
    "annotated CSV (InfluxDB)", lambda head: bool(_ANNOTATED.match(head)), _read_annotated
)
COMMAND_LINE = Form("CSV of the InfluxDB 1.x command line", _is_line_csv, _read_line_csv)
