"""List of true events: when something was wrong, and with which series, read from a file.

One line per event: `start` and `end`, and, if they are known, `series` (one or several, separated
by `;` or `,`), `event` (its number or name) and `description`. A list of attacks has them under
other names, which are known here too.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dcvae._arrays import Segments
from dcvae._text import SHOWN, all_quoted, quoted, shortened, words_of
from dcvae.config import DataKeys
from dcvae.data.files.cells import CellRules
from dcvae.data.files.messages import MISSING, File, describe_cells, refuse, row_numbers
from dcvae.data.files.opening import open_file
from dcvae.data.files.selection import SelectedRows
from dcvae.data.tables import Table, check_names
from dcvae.data.times.reading import read_times, reads_as_time
from dcvae.data.times.steps import sampling_step
from dcvae.errors import InputError

_ROLES: Mapping[str, tuple[str, ...]] = {  # words of the names of columns, the first preferred
    "event": ("event", "number", "attack", "id", "event number", "attack number", "no", "nr"),
    "start": ("start", "start time", "begin", "beginning", "from"),
    "end": ("end", "end time", "stop", "to", "until"),
    "series": (
        *("series", "attack point", "attack points", "point", "points", "sensor", "sensors"),
        *("channel", "channels", "root cause", "root causes"),
    ),
    "description": ("description", "attack description", "note", "notes", "comment"),
}
_EXPECTED_TIME = "a time with its date, such as 2021-01-31 13:05:00"


@dataclass(frozen=True, eq=False)
class TrueEvents:
    """The true events of a data table, in the order of time.

    Attributes:
        path: of the file.
        table: one line per event: `event`, its number or name as text; `start` and `end`, naive
            times as in the table, the end being its last moment; `series`, a tuple of names of
            series of the data; `others`, a tuple of names that are none of the data's;
            `description`.
        notices: one sentence each, for the user.

    Examples:
        >>> table = pd.DataFrame({"start": pd.to_datetime(["2024-01-01 02:00"])})
        >>> table["end"] = pd.to_datetime(["2024-01-01 03:00"])
        >>> times = pd.date_range("2024-01-01", periods=5, freq="h")
        >>> TrueEvents(Path("events.csv"), table, []).rows(times)
        Segments(starts=array([2]), stops=array([4]))
    """

    path: Path
    table: pd.DataFrame
    notices: list[str]

    def rows(self, data: pd.Index, keys: DataKeys | None = None) -> Segments:
        """Return the rows of each event; none where it falls into a gap or out of the times.

        Rows of an event are those from its start to its end, and the next one if it is over
        before that. Events may share rows.

        Args:
            data: (rows,) times, ascending.
            keys: `resample`, after which a row stands for the step that ends in it.

        Returns:
            Segments in the order of the table, empty ones where an event has no row.
        """
        of_steps = keys is not None and keys.resample_step is not None
        starts, ends = (self.table[name].to_numpy() for name in ("start", "end"))
        first = np.searchsorted(data.to_numpy(), starts, side="left")
        stop = np.searchsorted(data.to_numpy(), ends, side="right")
        after = ends + sampling_step(data).to_timedelta64()
        too_late = np.searchsorted(data.to_numpy(), after, side="left")
        stop = np.where(of_steps | (stop <= first), np.minimum(too_late, stop + 1), stop)
        return Segments(first.astype(np.int64), np.maximum(stop, first).astype(np.int64))

    def labels(self, data: Table, keys: DataKeys | None = None) -> Table:
        """Return labels of the rows of a data table: the series of each event while it lasts.

        An event without a series that the data have labels all of them.

        Args:
            data: the table.
            keys: see `rows`.

        Returns:
            (rows, series) bool.
        """
        names = [str(name) for name in data.frame.columns]
        labeled = np.zeros(data.frame.shape, dtype=bool)
        found = self.rows(data.frame.index, keys)
        for series, first, stop in zip(self.table["series"], *found, strict=True):
            columns = [names.index(name) for name in series] or list(range(len(names)))
            labeled[first:stop, columns] = True
        frame = pd.DataFrame(labeled, data.frame.index, data.frame.columns)
        return Table(self.path, frame, [f"The events of {self.path} serve as labels."])

    def contradictions(self, labels: Table, keys: DataKeys | None = None) -> list[str]:
        """Tell where labels say something else than the events do, but for a row at either end.

        Args:
            labels: (rows, series) bool.
            keys: see `rows`.

        Returns:
            At most one sentence.
        """
        labeled = np.logical_or.reduce(labels.frame.to_numpy(), axis=1)
        first, stop = self.rows(labels.frame.index, keys)
        change = np.zeros(len(labeled) + 1, dtype=np.int64)
        exists = stop > first
        np.add.at(change, np.maximum(first[exists] - 1, 0), 1)
        np.subtract.at(change, np.minimum(stop[exists] + 1, len(labeled)), 1)
        beyond = int(np.count_nonzero(labeled & (np.cumsum(change)[:-1] == 0)))
        before = np.append(0, np.cumsum(labeled))
        without = self.table.loc[exists & (before[stop] == before[first]), "event"].tolist()
        told = []
        if without:
            told.append(f"no row is labeled in event {shortened(without)}")
        if beyond:
            told.append(f"{beyond:,} labeled rows are in no event")
        if not told:
            return []
        return [
            f"{labels.path} and {self.path} contradict each other: {' and '.join(told)}. Metrics "
            "go by the labels, detected events and their ranking by the events."
        ]


def read_true_events(path: Path, data: Table, keys: DataKeys | None = None) -> TrueEvents:
    """Read the true events of a data table.

    Series are matched by name: as it is, or without case and marks (`LIT-301` is `LIT301`) where
    only one series is meant.

    Args:
        path: of the list.
        data: the table.
        keys: `time_zone`, as for the data.

    Returns:
        The events, and notices of names that are no series, of events that overlap, and of columns
        that were not used.

    Raises:
        InputError: a column or a time is missing, an event ends before it starts, a number stands
            twice, or no event lies in the times of the data.
    """
    keys = keys or DataKeys()
    file = open_file(Path(path))
    check_names(file)
    columns = _columns(file)
    texts, _ = file.read(list(columns.values()), [], CellRules())
    texts = texts.set_axis(list(columns), axis=1).astype("str").fillna("")
    texts = texts.apply(lambda cells: cells.str.strip())
    is_missing = texts.isin(MISSING)
    starts, ends, notices = _times(file, columns, texts, is_missing, keys.time_zone)
    table = pd.DataFrame({"event": _names(file, columns, texts, is_missing)})
    table["start"], table["end"] = starts, ends
    found = _series(texts, is_missing, [str(name) for name in data.frame.columns])
    table["series"], table["others"] = (pd.Series(part, dtype=object) for part in found)
    table["description"] = ""
    if "description" in texts:
        table["description"] = texts["description"].mask(is_missing["description"], "")
    _refuse_other_times(file, table, data)
    if not table["start"].is_monotonic_increasing:
        notices.append("Its events are not in the order of time; they are put into it.")
        table = table.sort_values(["start", "end"], kind="stable", ignore_index=True)
    unused = [name for name in file.names if name not in columns.values()]
    if unused:
        notices.append(f"Its columns {shortened(quoted(unused))} are not used.")
    return TrueEvents(file.path, table, [*file.notices, *notices, *_event_notices(table, data)])


def _columns(file: File) -> dict[str, str]:
    """Find which column has which role; the roles in the order of `_ROLES`."""
    words = {name: " ".join(words_of(name)) for name in file.names}
    columns = {}
    for role, known in _ROLES.items():
        named = [name for word in known for name in file.names if words[name] == word]
        if named:
            columns[role] = named[0]
    lacking = [role for role in ("start", "end") if role not in columns]
    if lacking:
        refuse(
            file.path,
            f"it has no column {all_quoted(lacking)}, but {shortened(quoted(file.names))}; a list "
            "of true events has a line per event with `start` and `end`, `series` (one or several, "
            "separated by `;`) and, if wanted, `event` and `description`",
        )
    return columns


def _times(
    file: File,
    columns: Mapping[str, str],
    texts: pd.DataFrame,
    is_missing: pd.DataFrame,
    time_zone: str | None,
) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex, list[str]]:
    """Read starts and ends, decided on together."""
    names = [columns["start"], columns["end"]]
    both = ["start", "end"]
    expected = f"{_EXPECTED_TIME}; a line without both is no event: leave it out"
    if problems := describe_cells(is_missing[both].to_numpy(), names, file, expected):
        refuse(file.path, *problems)
    # One after the other, as a day that is above 12 in one of them decides for all.
    cells = pd.Series(texts[both].to_numpy().ravel(), dtype="str")
    cells.name = " or ".join(quoted(names))[1:-1]  # between backticks in messages
    places = SelectedRows(file, np.arange(len(cells), dtype=np.int64) // 2)
    try:
        times, notices = read_times(cells, places, time_zone)
    except InputError:
        unread = ~texts[both].map(reads_as_time).to_numpy()
        if problems := describe_cells(unread, names, file, _EXPECTED_TIME):
            refuse(file.path, *problems)
        raise
    starts, ends = (pd.DatetimeIndex(times[part::2], name=None) for part in (0, 1))
    backward = row_numbers(ends < starts)
    if backward:
        shown = [
            f"{place}, from {starts[row]} to {ends[row]}"
            for row, place in zip(backward, file.places(backward), strict=True)
        ]
        refuse(
            file.path,
            f"an event ends before it starts in {shortened(shown, SHOWN)}; expected `{names[1]}` "
            f"at or after `{names[0]}`",
        )
    return starts, ends, notices


def _names(
    file: File, columns: Mapping[str, str], texts: pd.DataFrame, is_missing: pd.DataFrame
) -> list[str]:
    """Return what each event is called: its number in the file, or one of its own."""
    if "event" not in columns:
        return [str(number) for number in range(1, len(texts) + 1)]
    name = [columns["event"]]
    missing = is_missing[["event"]].to_numpy()
    if problems := describe_cells(missing, name, file, "the number or the name of the event"):
        refuse(file.path, *problems)
    repeated = row_numbers(texts["event"].duplicated(keep=False))
    if repeated:
        shown = [
            f"{place} `{texts['event'].iloc[row]}`"
            for row, place in zip(repeated, file.places(repeated), strict=True)
        ]
        refuse(
            file.path,
            f"column `{name[0]}` has the same event more than once: {shortened(shown, SHOWN)}; "
            "give every event a number of its own",
        )
    return texts["event"].tolist()


def _series(
    texts: pd.DataFrame, is_missing: pd.DataFrame, series: Sequence[str]
) -> tuple[list[tuple[str, ...]], list[tuple[str, ...]]]:
    """Return the series of each event, and the names that are none."""
    if "series" not in texts:
        return [()] * len(texts), [()] * len(texts)
    plain: dict[str, list[str]] = {}
    for name in series:
        plain.setdefault(_plain(name), []).append(name)

    def match(name: str) -> str | None:
        near = [name] if name in series else plain.get(_plain(name), [])
        return near[0] if len(near) == 1 else None

    def split(cell: str) -> list[str]:
        if match(cell) is None:
            for mark in (";", ","):
                if mark in cell:
                    return [name for part in cell.split(mark) for name in split(part.strip())]
        return [cell] if cell else []

    cells = texts["series"].mask(is_missing["series"], "")
    named = [list(dict.fromkeys(split(cell))) for cell in cells]
    known = [
        tuple(dict.fromkeys(found for name in names if (found := match(name)))) for names in named
    ]
    return known, [tuple(name for name in names if match(name) is None) for names in named]


def _refuse_other_times(file: File, table: pd.DataFrame, data: Table) -> None:
    first, last = data.frame.index[0], data.frame.index[-1]
    if ((table["end"] >= first) & (table["start"] <= last)).any():
        return
    refuse(
        file.path,
        f"none of its {len(table):,} events, from {table['start'].min()} to {table['end'].max()}, "
        f"lies in the times of {data.path}, {first} to {last}; give the list of this file. If only "
        "the time zone differs, say it with `time_zone`, or with an offset such as +01:00 in each "
        "time",
    )


def _event_notices(table: pd.DataFrame, data: Table) -> list[str]:
    """Tell what is unusual about events, yet usable."""
    notices = []
    plain: dict[str, list[str]] = {}
    for name in data.frame.columns:
        plain.setdefault(_plain(str(name)), []).append(str(name))
    others: dict[str, list[str]] = {}
    for event, names in zip(table["event"], table["others"], strict=True):
        for name in names:
            others.setdefault(name, []).append(event)
    if others:
        described = []
        for name, events in others.items():
            near = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.8)
            hint = f"; is it {' or '.join(quoted(plain[near[0]]))}?" if near else ""
            described.append(f"`{name}` (event {shortened(events, SHOWN)}{hint})")
        notices.append(
            f"Not among the series, and so never found by their ranking: {shortened(described)}."
        )
    unknown = table.loc[table["series"].map(len) == 0, "event"].tolist()
    if unknown:
        notices.append(
            f"{len(unknown):,} of {len(table):,} events name no series of the data, and are judged "
            f"by their times alone: {shortened(unknown)}."
        )
    ends = table["end"].cummax().shift()
    overlapping = table.loc[table["start"] < ends, "event"].tolist()
    if overlapping:
        notices.append(
            f"Events begin before an earlier one has ended: {shortened(overlapping)}. An alarm "
            "there counts for each of them."
        )
    return notices


def _plain(name: str) -> str:
    """Return the letters and digits of a name, without case."""
    return re.sub(r"[\W_]+", "", name.casefold())
