"""Readers of what recorders of a machine write: `collectl -P`, `pmrep -o csv` of PCP, and nmon.

The first two have a header of metrics with the names of their devices, and one row a time. A line
of nmon begins with the name of its section, whose first line names its columns; the others have the
number of their snapshot, whose time is in the section `ZZZZ`.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dcvae._arrays import IntArray
from dcvae._text import all_quoted
from dcvae.data.exports.assembly import Assembly, distinct, numbered_rows
from dcvae.data.exports.form import Form
from dcvae.data.files.frame_file import FrameFile

# With its separator: any character, a blank if none is asked for.
_COLLECTL = re.compile(r"#(?:Date([^\w\[])Time\1|UTC([^\w\[]))\[")
_COLLECTL_HEAD = re.compile(r"(?:#[^\n]*\n|waiting for [^\n]*\n|\s*\n)*?" + _COLLECTL.pattern)
_COLLECTL_NAME = re.compile(r"\[(\w+)(?::([^\]]+))?\](.+)")
# Names of metrics have dots; a CSV of any other program may well have a column `Time`, too.
_PMREP_NAME = r'"[A-Za-z]\w*(?:\.\w+)+(?:-[^"\n]*)?"'
_PMREP = re.compile(
    rf"(?:#[^\n]*\n)*(?:Host([^\w\n])Interval\1)?Time([^\w\n]){_PMREP_NAME}(?:\2{_PMREP_NAME})*\r?\n"
)

_NMON_ROW = re.compile(r"\w+,T\d{4,}(,|$)")
# Facts about the machine, and sections with one line a process, not a snapshot.
_NMON_FACTS = re.compile(r"AAA|BBB\w*|TOP|UARG|ERROR")


def _read_collectl(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, COLLECTL.name)
    rows, lines = numbered_rows(text)
    header = ""
    blocks: dict[str, list[int]] = {}
    for number, row in enumerate(rows):
        if _COLLECTL.match(row):
            header = row.rstrip()
            blocks.setdefault(header, [])
        elif header and not row.startswith("#"):
            blocks[header].append(number)
    if len([numbers for numbers in blocks.values() if numbers]) > 1:
        assembly.notices.append("Its header changes within the file; all of its columns are read.")
    tables: list[tuple[pd.Series, dict[str, pd.Series], IntArray]] = []
    for header, numbers in blocks.items():
        separator = next(filter(None, _COLLECTL.findall(header)[0]))
        names = header.removeprefix("#").split(separator)
        part = [rows[number].rstrip() for number in numbers]
        cells, where = assembly.cells(part, lines[numbers], names, separator)
        if names[0] == "UTC":
            times = assembly.epochs(cells[0], "s", where)
            first = 1
        else:
            clock = "%H:%M:%S.%f" if cells[1].str.contains(".", regex=False).any() else "%H:%M:%S"
            times = assembly.times(cells[0] + " " + cells[1], f"%Y%m%d {clock}", where)
            first = 2
        series = _series_names(names[first:])
        tables.append((times, {name: cells[first + n] for n, name in enumerate(series)}, where))
    return _below_each_other(assembly, tables)


def _series_names(names: Sequence[str]) -> list[str]:
    """Name series by device and metric, and by the kind of device where two would be alike."""
    series = [_series_name(name) for name in names]
    often = Counter(series)
    return [short if often[short] == 1 else name for short, name in zip(series, names, strict=True)]


def _series_name(name: str) -> str:
    """Turn `[DSK:sda]Reads` into `sda Reads`, `[CPU:0]User%` into `cpu0 User%`."""
    match = _COLLECTL_NAME.fullmatch(name)
    if not match:
        return name
    kind, device, metric = match.groups()
    if device is None:
        return f"{kind} {metric}"
    return f"{kind.lower()}{device} {metric}" if device.isdigit() else f"{device} {metric}"


def _below_each_other(
    assembly: Assembly, tables: Sequence[tuple[pd.Series, dict[str, pd.Series], IntArray]]
) -> FrameFile:
    """Make one table of those of several headers, whose series may be the same in part."""
    frames = [pd.DataFrame(named).assign(**{"": where}) for _, named, where in tables]
    frame = pd.concat(frames, ignore_index=True)
    times = pd.concat([times for times, _, _ in tables], ignore_index=True)
    lines = frame.pop("").to_numpy()
    assembly.add(times, {str(name): frame[name].fillna("") for name in frame}, "", lines)
    return assembly.file()


def _read_pmrep(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, PMREP.name)
    rows, lines = numbered_rows(text)
    first = next(number for number, row in enumerate(rows) if not row.startswith("#"))
    mark = _PMREP.findall(text)[0][1]
    names = [name.strip('"') for name in rows[first].rstrip().split(mark)]
    keep = [row != rows[first] for row in rows]  # a header may come again
    keep[: first + 1] = [False] * (first + 1)
    part = [row for row, kept in zip(rows, keep, strict=True) if kept]
    cells, lines = assembly.cells(part, lines[keep], names, mark)
    column = names.index("Time")
    times = cells[column].str.strip()
    if times.str.contains(" UTC", regex=False).any():
        offsets = times.str.extract(r"^(.*) UTC([+-]\d+)(?::(\d+))?$")
        minutes = offsets[2].fillna("00")
        hours = offsets[1].str[:1] + offsets[1].str[1:].str.zfill(2)
        times = assembly.times(
            (offsets[0] + hours + minutes).fillna(times), "%Y-%m-%d %H:%M:%S%z", lines, utc=True
        )
    if column:
        assembly.notices.append("The columns `Host` and `Interval` are left out.")
        hosts = cells[0].unique()
        if len(hosts) > 1:
            assembly.refuse(f"it is of {len(hosts):,} machines; export each to a file of its own")
    values = zip(distinct(names[column + 1 :]), cells[column + 1 :], strict=True)
    assembly.add(times, dict(values), "", lines)
    return assembly.file()


def _read_nmon(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, NMON.name)
    rows, lines = numbered_rows(text)
    headers: dict[str, list[str]] = {}
    sections: dict[str, list[int]] = {}
    others: set[str] = set()
    for number, row in enumerate(rows):
        section = row.partition(",")[0]
        if _NMON_FACTS.fullmatch(section):
            others.add(section[:3] if section.startswith("BBB") else section)
        elif _NMON_ROW.match(row):
            sections.setdefault(section, []).append(number)
        else:
            headers.setdefault(section, row.rstrip().rstrip(",").split(",")[2:])
    clock = sections.pop("ZZZZ", [])
    if not clock:
        assembly.refuse("it has no section `ZZZZ` with the times of its snapshots; record it again")
    snapshots = _snapshots(assembly, [rows[number] for number in clock], lines[clock])
    for section, numbers in sections.items():
        names = headers.get(section, [])
        parts = [_trimmed(rows[number], len(names) + 2) for number in numbers]
        wrong = [n for n, part in enumerate(parts) if len(part) != len(names) + 2]
        if wrong and numbers[wrong[0]] == len(rows) - 1:
            assembly.refuse(f"line {lines[-1]:,}, its last, is cut off; copy the file again")
        if wrong:
            assembly.notices.append(
                f"The section `{section}` is left out: its header names {len(names):,} columns and "
                f"line {lines[numbers[wrong[0]]]:,} has {len(parts[wrong[0]]) - 2:,}."
            )
            continue
        cells = pd.DataFrame(parts)
        times = cells[1].map(snapshots)
        unknown = np.flatnonzero(times.isna())
        if len(unknown):
            assembly.refuse(
                f"line {lines[numbers[unknown[0]]]:,} is of snapshot {cells[1][unknown[0]]}, which "
                "has no line in section `ZZZZ`; a part of the file is missing"
            )
        columns = {name: cells[2 + n] for n, name in enumerate(distinct(names))}
        assembly.add(times, columns, section, lines[numbers])
    if others - {"AAA"}:
        assembly.notices.append(f"Left out, as no series: {all_quoted(sorted(others - {'AAA'}))}.")
    return assembly.file(named="section and column")


def _snapshots(assembly: Assembly, rows: list[str], lines: IntArray) -> pd.Series:
    """Return the local time of each snapshot, by its number."""
    cells, lines = assembly.cells(rows, lines, ["ZZZZ", "snapshot", "clock", "date"], ",")
    # Months are written in capitals and in English.
    times = assembly.times(cells[2] + " " + cells[3].str.title(), "%H:%M:%S %d-%b-%Y", lines)
    if cells[1].duplicated().any():
        assembly.refuse(
            f"line {lines[cells[1].duplicated()][0]:,} begins a second recording; split the file "
            "before each line `AAA,progname`"
        )
    return pd.Series(times.to_numpy(), index=cells[1])


def _trimmed(row: str, width: int) -> list[str]:
    """Cut a row into cells, without the empty ones that some versions add at its end."""
    cells = row.rstrip().split(",")
    while len(cells) > width and not cells[-1]:
        cells.pop()
    return cells


COLLECTL = Form("collectl -P", lambda head: bool(_COLLECTL_HEAD.match(head)), _read_collectl)
PMREP = Form("pmrep -o csv (PCP)", lambda head: bool(_PMREP.match(head)), _read_pmrep)
NMON = Form("nmon", lambda head: bool(re.match(r"AAA,\w+,[^\n]*\nAAA,", head)), _read_nmon)
