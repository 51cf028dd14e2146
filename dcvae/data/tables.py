"""Tables of series and of labels, read from files and checked.

A data file has a time and series, in columns of any order; a label file (`labels`) has the same
times and 0 or 1. `read_table` takes such a file, in any format of `files`, and returns a `Table`:
the values by time, and notices for the user. A notice tells of what is unusual but usable (missing
cells, constant series, gaps in time). What would make results wrong or meaningless (repeated or
unordered times, text among numbers, another set of series) is refused with an `InputError` that
names the file, the row, the line and the column.
"""

import difflib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, quoted, shortened
from dcvae.config import DataKeys
from dcvae.data.columns.counters import counters_in
from dcvae.data.columns.overview import ColumnOverview, Summary, overview
from dcvae.data.columns.roles import Roles, roles_of, turn_problems, unknown_notices, word_problems
from dcvae.data.columns.suspects import (
    label_notices,
    step_notices,
    suspect_notices,
)
from dcvae.data.files.messages import File, refuse
from dcvae.data.files.opening import open_file
from dcvae.data.rows import read_rows
from dcvae.data.times.reading import reads_as_time
from dcvae.data.times.steps import describe_steps

_DATE = re.compile(r"\d[-/.:]\d")

# Names of lines and columns of result tables, beside those of the series.
RESERVED_NAMES = (
    "system alarm",
    "any series flagged",
    "mean of labeled series",
    "all series together",
    "promised by a Gaussian",
)


@dataclass(frozen=True, eq=False)
class Table:
    """Values or labels of series by time, as read from a file.

    Attributes:
        path: of the file, or a name for messages.
        frame: (rows, series), float64 in data units, NaN where missing, or bool for labels; its
            index is a strictly increasing naive DatetimeIndex in microseconds, named as the file's
            column of the time.
        notices: one sentence each, for the user.
        context_rows: how many of the first rows are of an earlier file, put in front.
        columns: what each column of the file was taken for; empty for arrays and labels.
        measured: times of the rows as measured, where the frame has resampled ones.

    Examples:
        >>> import numpy as np
        >>> from dcvae.data import MADE_UP_STEP, table_from_array
        >>> table = table_from_array(np.array([[1.0], [3.0]]), None, ["flow"], MADE_UP_STEP)
        >>> table.frame["flow"].tolist(), table.path.name
        ([1.0, 3.0], 'X')
    """

    path: Path
    frame: pd.DataFrame
    notices: list[str]
    context_rows: int = 0
    columns: tuple[ColumnOverview, ...] = ()
    measured: pd.DatetimeIndex | None = None

    @property
    def row_times(self) -> pd.DatetimeIndex:
        """Times of the rows of the file, as measured, without those of its context."""
        if self.measured is not None:
            return self.measured
        return pd.DatetimeIndex(self.frame.index[self.context_rows :])


def read_table(
    path: Path,
    keys: DataKeys | None = None,
    *,
    series: Sequence[str] | None = None,
    minimum_rows: int = 1,
    allow_empty: bool = False,
) -> Table:
    """Read a data file: its time and the given series, or all of its series.

    Args:
        path: of the file.
        keys: `time_column`, `ignore`, `missing_values`, `counters`, `by`, `entity`, `time_zone`,
            `resample` and `max_fill`; None for their defaults.
        series: names of a model's series, in its order. Columns are matched by name; others are
            left out, need not be numeric, and are named in a notice. None for all columns.
        minimum_rows: number of rows that the file must have.
        allow_empty: whether a series may be without any value; for tables that `prepend_context`
            joins, which checks them together, and for models that can do without.

    Returns:
        (rows, series) float64, data units, NaN where missing; counters as the totals that they
        are.

    Raises:
        InputError: times do not strictly increase, cells are not finite numbers, a series is
            missing or entirely empty, or there are too few rows.
    """
    keys = keys or DataKeys()
    file, roles, look = open_table(Path(path), keys)
    notices = [*roles.notices]
    wanted = list(roles.series)
    left_out = list(roles.ignored)
    if series is not None and not roles.by:
        notices += match_series(file, roles, series)
        wanted = list(series)
        left_out += [name for name in roles.series if name not in set(series)]
    else:
        problems = word_problems(look, wanted, roles, keys) + _series_problems(roles)
        if problems:
            refuse(file.path, *problems)
        notices += unknown_notices(file, keys)
    if not roles.by:
        if problems := turn_problems(look, wanted):
            refuse(file.path, *problems)
        notices += turn_problems(look, left_out, is_left_out=True)
    frame, told, problems = read_rows(file, roles, wanted, keys)
    notices += told
    if series is not None and roles.by:
        match_names(file, list(frame.columns), series)
        frame = frame[list(series)]
    counters = counters_in(frame.columns, keys.counters)
    _refuse_unknown_counters(file, frame, keys)
    summary = Summary.of(frame)
    if not allow_empty:
        problems += empty_problems(frame, summary, is_trained=series is not None)
    if len(frame) < minimum_rows:
        problems.append(
            f"it has {len(frame):,} rows but at least {minimum_rows:,} are needed: "
            "a window is `T` rows"
        )
    if problems:
        refuse(file.path, *problems)
    notices += [*file.notices, *describe_table(frame, summary)]
    notices += label_notices(frame, summary)
    notices += suspect_notices(frame, summary, tuple(counters))
    notices += step_notices(frame, summary, keys.max_fill) if keys.resample is None else []
    roles_by_name = dict.fromkeys(roles.by, "tells apart") | dict.fromkeys(roles.ignored, "ignored")
    roles_by_name |= dict.fromkeys(counters, "counter")
    columns = overview(frame, summary, " + ".join(roles.times), roles_by_name)
    return Table(file.path, frame, notices, columns=tuple(columns))


def describe_table(frame: pd.DataFrame, summary: Summary | None = None) -> list[str]:
    """Tell what is unusual, yet usable, about a data table.

    Args:
        frame: (rows, series), data units, NaN where missing, indexed by time.
        summary: of it; None to work it out.

    Returns:
        One sentence each about missing cells, constant series, cells that are all 0 or 1, and
        uneven steps; none where there is nothing to tell.

    Examples:
        >>> import pandas as pd
        >>> from dcvae.data import describe_table
        >>> times = pd.date_range("2024-01-01", periods=3, freq="h")
        >>> describe_table(pd.DataFrame({"flow": [5.0, 6.0, 7.0], "valve": [2.0] * 3}, times))
        ['1 of 2 series never change: `valve`.']
    """
    summary = Summary.of(frame) if summary is None else summary
    notices = []
    missing = pd.Series(summary.missing, frame.columns)
    missing = missing[missing > 0].sort_values(ascending=False, kind="stable")
    if len(missing):
        shares = [f"`{name}` {n:,} ({n / len(frame):.2%})" for name, n in missing.items()]
        notices.append(
            f"Cells are missing in {len(missing)} of {frame.shape[1]} series: {shortened(shares)}."
        )
    several = len(frame) - summary.missing > 1
    constant = quoted(frame.columns[(summary.smallest == summary.largest) & several])
    if constant:
        notices.append(
            f"{len(constant)} of {frame.shape[1]} series never change: {shortened(constant)}."
        )
    bits = np.isin(summary.smallest, (0.0, 1.0)) & np.isin(summary.largest, (0.0, 1.0))
    if bits.all() and not summary.missing.any() and frame.isin([0.0, 1.0]).to_numpy().all():
        notices.append("Every cell is 0 or 1, as in a label file.")
    if len(frame) > 1:
        notices += describe_steps(frame.index)
    return notices


def check_names(file: File) -> None:
    """Check that every column has a name, which no other column and no result has.

    Raises:
        InputError: with every column that does not.
    """
    problems = []
    unnamed = [str(number) for number, name in enumerate(file.names, start=1) if not name]
    if unnamed:
        problems.append(
            f"column {shortened(unnamed, SHOWN)} has no name; name every series in the header (is "
            "there a separator too many?)"
        )
    counts = Counter(name for name in file.names if name)
    repeated = quoted(name for name, count in counts.items() if count > 1)
    if repeated:
        problems.append(
            f"the column name {shortened(repeated, SHOWN)} is repeated; give every column its own "
            "name"
        )
    taken = quoted(name for name in file.names if name in RESERVED_NAMES)
    if taken:
        problems.append(
            f"the column name {shortened(taken, SHOWN)} is one that results are given under; name "
            "the series otherwise"
        )
    if problems:
        refuse(file.path, *problems)


# --- Columns ---------------------------------------------------------------------------------


def open_table(
    path: Path, keys: DataKeys, *, lenient: bool = False
) -> tuple[File, Roles, pd.DataFrame]:
    """Open a file, and find the roles of its columns, each of which has a name of its own."""
    file = open_file(path)
    time, *others = file.names
    timely = [name for name in file.names if _DATE.search(name) and reads_as_time(name)]
    if timely or reads_as_time(time):
        where = "starts with" if reads_as_time(time) else "holds"
        refuse(
            path,
            f"the first line {where} the time `{(timely or [time])[0]}`; expected a header with "
            "the names of the columns",
        )
    if not others:
        refuse(
            path,
            f"its only column is `{time}`; expected the time and at least one series, separated by "
            "commas or semicolons",
        )
    check_names(file)
    look = file.look()
    return file, roles_of(file, look, keys, lenient=lenient), look


def match_series(file: File, roles: Roles, series: Sequence[str]) -> list[str]:
    """Check that a file has the series, by their names; tell of the columns left out."""
    others = match_names(file, [*roles.series, *roles.ignored], series)
    left = [name for name in others if name not in roles.ignored]
    if not left:
        return []
    return [f"Columns that are not among the series are left out: {shortened(quoted(left))}."]


def match_names(file: File, columns: Sequence[str], series: Sequence[str]) -> list[str]:
    """Return the columns that are no series; refuse the file if a series is missing."""
    others = [name for name in columns if name not in set(series)]
    lacking = [name for name in series if name not in columns]
    if lacking:
        plain = {_plain(name): name for name in others}
        described = []
        for name in lacking:
            near = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.8)
            described.append(f"`{name}`" + (f" (is it `{plain[near[0]]}`?)" if near else ""))
        refuse(
            file.path,
            f"{len(lacking)} of the {len(series)} series are missing: {shortened(described)}; "
            "columns are matched by name, in any order",
        )
    return others


def _series_problems(roles: Roles) -> list[str]:
    if roles.series:
        return []
    return ["no column is left to be a series: all are the time, or named by `ignore` or `by`"]


def _refuse_unknown_counters(file: File, frame: pd.DataFrame, keys: DataKeys) -> None:
    lacking = [name for name in keys.counters if not counters_in(frame.columns, [name])]
    if lacking:
        refuse(
            file.path,
            f"`counters` names {shortened(quoted(lacking), SHOWN)}, but the series are "
            f"{shortened(quoted(map(str, frame.columns)))}",
        )


# --- Problems: sentences without the file's name; none where there is no problem --------------


def empty_problems(frame: pd.DataFrame, summary: Summary, *, is_trained: bool) -> list[str]:
    """Name the series without any value; a file to train on can leave them out."""
    empty = quoted(frame.columns[summary.missing == len(frame)])
    if not empty:
        return []
    if not is_trained:
        return [f"column {shortened(empty)} is empty in every row; leave it out with `ignore`"]
    return [
        f"column {shortened(empty)} is empty in every row, but the model needs at least one value "
        "of every series; give a longer file, one in which the series was recorded, or earlier "
        "rows (--context of test.py), or train a model without it"
    ]


def _plain(name: str) -> str:
    """Return the letters and digits of a name, without case, to find near misses."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
