"""Reader of what `sadf -d` of sysstat writes.

Each activity is a block of rows under a header that begins with `# hostname;interval;timestamp`;
after a restart all headers come again. With `-h` all devices of a moment stand in one row.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from dcvae._arrays import IntArray
from dcvae._text import shortened
from dcvae.data.exports.assembly import Assembly, numbered_rows
from dcvae.data.exports.form import Form
from dcvae.data.files.frame_file import FrameFile

# Columns that tell which device a row is of.
_DEVICES = frozenset(
    ("CPU", "NODE", "INTR", "DEV", "IFACE", "FILESYSTEM", "TTY", "FAN", "TEMP", "IN", "BUS")
)
_REPEATED = "[...]"  # ends the header of what `-h` repeats for each device
_HEADER = re.compile(r"(# )?hostname;interval;timestamp")
_EVENT = re.compile(r"[^;]+;-?\d+;([^;]+);(LINUX-RESTART|COM )")


def _recognizes(head: str) -> bool:
    head = head.lstrip()
    return bool(_HEADER.match(head) or _EVENT.match(head.partition("\n")[0]))


def _read(path: Path, text: str) -> FrameFile:
    assembly = Assembly(path, SADF.name)
    rows, lines = numbered_rows(text)
    header = ""
    blocks: dict[str, list[int]] = {}
    # Every activity repeats them, so they are kept as keys.
    events: dict[str, dict[str, None]] = {"LINUX-RESTART": {}, "COM ": {}}
    for number, row in enumerate(rows):
        if _HEADER.match(row):
            header = row.strip()
            blocks.setdefault(header, [])
        elif event := _EVENT.match(row):
            events[event[2]][event[1]] = None
        elif not header:
            assembly.refuse(
                f"line {lines[number]:,} comes before any header (`# hostname;interval; ...`); "
                "export it again"
            )
        else:
            blocks[header].append(number)
    hosts: set[str] = set()
    for header, numbers in blocks.items():
        if numbers:
            part = [rows[number] for number in numbers]
            _add_block(assembly, header.split(";"), part, lines[numbers], hosts)
    for kind, what in (("LINUX-RESTART", "Restarts of the machine"), ("COM ", "Comments")):
        if events[kind]:
            assembly.notices.append(f"{what} at {shortened(list(events[kind]), 3)} are left out.")
    if len(hosts) > 1:
        assembly.refuse(f"it is of {len(hosts):,} machines; export each to a file of its own")
    return assembly.file()


def _add_block(
    assembly: Assembly, names: list[str], rows: list[str], lines: IntArray, hosts: set[str]
) -> None:
    """Add the rows of one activity, or of all with `-h`."""
    if any(name.endswith(_REPEATED) for name in names):
        names = _spread(assembly, names, rows[0].split(";"), int(lines[0]))
    cells, lines = assembly.cells(rows, lines, names, ";")
    hosts.update(cells[0].unique())
    times = _times(assembly, cells[2], lines)
    for group in _groups(names):
        keys = [column for column in group if names[column] in _DEVICES]
        values = {names[column]: cells[column] for column in group if column not in keys}
        if not keys:
            assembly.add(times, values, "", lines)
            continue
        labels = [_labels(names[column], cells[column]) for column in keys]
        entities = labels[0] if len(labels) == 1 else labels[0] + " " + labels[1]
        assembly.add_entities(times, entities, values, lines)


def _times(assembly: Assembly, cells: pd.Series, lines: IntArray) -> pd.Series:
    """Read times as `sadf` writes them: UTC, since 1970 with `-U`, local with `-t` and `-T`."""
    if cells.str.fullmatch(r"\d+").all():
        return assembly.epochs(cells, "s", lines)
    if cells.str.endswith(" UTC").all():
        return assembly.times(cells.str.removesuffix(" UTC"), "%Y-%m-%d %H:%M:%S", lines, utc=True)
    return assembly.times(cells, "%Y-%m-%d %H:%M:%S", lines)


def _labels(name: str, cells: pd.Series) -> pd.Series:
    """Name devices: by their names, or by kind and number; `cpu all` is what sadf calls -1."""
    kind = name.lower()
    is_number = cells.str.fullmatch(r"\d+")
    labels = cells.where(~is_number, kind + cells)
    return labels.mask(cells == "-1", f"{kind} all") if name == "CPU" else labels


def _groups(names: Sequence[str]) -> Iterator[list[int]]:
    """Yield the columns of each device, or of what has none, behind the three of every row."""
    group: list[int] = []
    for column in range(3, len(names)):
        follows_key = bool(group) and names[group[-1]] in _DEVICES
        if (names[column] in _DEVICES and not follows_key) or names[column] == "":
            if group:
                yield group
            group = []
        if names[column]:
            group.append(column)
    yield group


def _spread(assembly: Assembly, names: list[str], cells: list[str], line: int) -> list[str]:
    """Write out the header of `sadf -d -h`, which names what is repeated only once.

    How many devices there are is found from the first row: a name, or a number for a processor,
    opens each, and all other cells are numbers. If that may be read in two ways it is refused.
    """
    parts: list[tuple[list[str], bool]] = []
    part: list[str] = []
    for name in names[3:]:
        if name in _DEVICES and not (part and part[-1] in _DEVICES) and part:
            parts.append((part, False))
            part = []
        part.append(name.removesuffix(_REPEATED))
        if name.endswith(_REPEATED):
            parts.append((part, True))
            part = []
    if part:
        parts.append((part, False))
    # The loopback interface is the first of all, which tells disks and interfaces apart.
    found = list(_counts(parts, cells[3:], False))
    if len(found) > 1:
        found = list(_counts(parts, cells[3:], True)) or found
        assembly.notices.append("Where its interfaces begin is told by the first of them, `lo`.")
    if len(found) != 1:
        cause = "may be cut into devices in several ways" if found else "does not fit its header"
        assembly.refuse(f"line {line:,} {cause}; export it without `-h`")
    return [
        *names[:3],
        *(name for (part, _), count in zip(parts, found[0], strict=True) for name in part * count),
    ]


def _counts(
    parts: list[tuple[list[str], bool]], cells: list[str], has_loopback: bool
) -> Iterator[list[int]]:
    """Yield all ways to tell how often each part of a header is repeated in a row."""
    if not parts:
        if not cells:
            yield []
        return
    (names, is_repeated), rest = parts[0], parts[1:]
    smallest = sum(len(part) for part, _ in rest)
    count = 0
    while len(cells) >= len(names) + smallest:
        if not _fits(names, cells, count, has_loopback):
            return
        cells = cells[len(names) :]
        count += 1
        for others in _counts(rest, cells, has_loopback):
            yield [count, *others]
        if not is_repeated:
            return


def _fits(names: list[str], cells: list[str], count: int, has_loopback: bool) -> bool:
    """Tell whether cells may be the next device under these names, `count` others before it."""
    for name, cell in zip(names, cells, strict=False):
        if name in ("CPU", "INTR", "NODE"):
            if not re.fullmatch(r"-1|\d+|sum", cell) or (count and cell == "-1"):
                return False
        elif name in ("DEV", "IFACE", "FILESYSTEM"):
            if re.fullmatch(r"-?\d+(\.\d+)?", cell):
                return False
            if has_loopback and (cell == "lo") != (name == "IFACE" and count == 0):
                return False
        elif name not in _DEVICES and not re.fullmatch(r"-?(\d|nan|inf).*", cell):
            return False
    return True


SADF = Form("sadf -d (sysstat)", _recognizes, _read)
