"""Tables of series and of labels, read from files and checked.

A data file has the time in its first column, whatever the name of that column, and one numeric
series in every other; a label file has the same times and 0 or 1. `read_table` and `read_labels`
take such a file, in any format of `files`, and return a `Table`: the values by time, and notices
for the user. A notice tells of what is unusual but usable (missing cells, constant series, gaps in
time). What would make results wrong or meaningless (repeated or unordered times, text among
numbers, another set of series) is refused with an `InputError` that names the file, the row, the
line and the column.
"""

import difflib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, quoted, shortened
from dcvae.data.files.messages import File, describe_cells, refuse
from dcvae.data.files.opening import open_file
from dcvae.data.times.reading import (
    describe_steps,
    order_problems,
    read_times,
    reads_as_time,
    sampling_step,
    time_span,
)
from dcvae.data.times.steps import clock_change
from dcvae.errors import InputError

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
            first column.
        notices: one sentence each, for the user.
        context_rows: how many of the first rows are of an earlier file, put in front.

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


def read_table(
    path: Path,
    *,
    series: Sequence[str] | None = None,
    minimum_rows: int = 1,
    allow_empty: bool = False,
    time_zone: str | None = None,
) -> Table:
    """Read a data file: its time and the given series, or all of its series.

    Args:
        path: of the file.
        series: names of a model's series, in its order. Columns are matched by name; others are
            left out, need not be numeric, and are named in a notice. None for all columns.
        minimum_rows: number of rows that the file must have.
        allow_empty: whether a series may be without any value; for tables that `prepend_context`
            joins, which checks them together, and for models that can do without.
        time_zone: IANA name of the zone of local times without UTC offset; None takes times as
            they are.

    Returns:
        (rows, series) float64, data units, NaN where missing.

    Raises:
        InputError: times do not strictly increase, cells are not finite numbers, a series is
            missing or entirely empty, or there are too few rows.
    """
    file = _open_table(Path(path))
    wanted = file.names[1:] if series is None else list(series)
    notices = _match_series(file, wanted)
    times, frame = file.read(wanted, "a number or empty", {})
    frame.index, time_notices = read_times(times, file, time_zone)
    problems = [
        *order_problems(frame.index, file, time_zone),
        *describe_cells(np.isinf(frame.to_numpy()), wanted, file, "a finite number or empty"),
    ]
    if not allow_empty:
        problems += _empty_problems(frame, is_trained=series is not None)
    if len(frame) < minimum_rows:
        problems.append(
            f"it has {len(frame):,} rows but at least {minimum_rows:,} are needed: "
            "a window is `T` rows"
        )
    if problems:
        refuse(file.path, *problems)
    notices += [*file.notices, *time_notices, *describe_table(frame)]
    return Table(file.path, frame, notices)


def read_labels(path: Path, data: Table, *, time_zone: str | None = None) -> Table:
    """Read the labels of a data table.

    The label file has exactly the data's times and, matched by name, one column per series, or a
    single column under another name that labels all series.

    Args:
        path: of the label file.
        data: the table that is labeled.
        time_zone: as in `read_table`.

    Returns:
        (rows, series) bool, True where a cell is an anomaly, rows and series as in `data.frame`.

    Raises:
        InputError: times or series do not match, or a cell is missing or anything but 0, 1,
            true or false.
    """
    file = _open_table(Path(path))
    series = list(data.frame.columns)
    shared = len(file.names) == 2 and file.names[1] not in series
    if shared:
        notices = [f"The only label column, `{file.names[1]}`, stands for all series."]
    else:
        notices = _match_series(file, series)
    expected = "0 or 1 (or true or false)"
    columns = file.names[1:] if shared else series
    times, values = file.read(columns, expected, {"true": "1", "false": "0"})
    is_anomaly = values == 1
    unusable = ~(is_anomaly | (values == 0)).to_numpy()
    index, time_notices = read_times(times, file, time_zone)
    problems = [
        *describe_cells(unusable, columns, file, expected),
        *(order_problems(index, file, time_zone) or _other_times_problems(index, data)),
    ]
    if problems:
        refuse(file.path, *problems)
    anomalies = np.broadcast_to(is_anomaly, data.frame.shape)  # from (rows, 1) where shared
    frame = pd.DataFrame(anomalies, data.frame.index, data.frame.columns, copy=True)
    return Table(file.path, frame, [*notices, *file.notices, *time_notices])


def prepend_context(
    data: Table, context: Table, num_rows: int, *, allow_empty: bool = False
) -> Table:
    """Put an earlier table in front of the data.

    With T - 1 rows of context the first row of the data is the last row of a whole window; all of
    them are taken, as what is in alarm depends on what was before.

    Args:
        data: (rows, series), data units.
        context: earlier rows of the same series.
        num_rows: rows of context without which the first rows of the data have no score.
        allow_empty: whether a series may be without any value, as in `read_table`.

    Returns:
        A table of the rows of both, and the data's notices with those about the
        join: too few rows of context, or a gap longer than the sampling step.

    Raises:
        InputError: the context does not end before the data start, has other series, both
            together are too short for a window, or a series is without any value and must not be.
    """
    if list(context.frame.columns) != list(data.frame.columns):
        raise InputError(f"{context.path} and {data.path} must have the same series in one order.")
    start, end = data.frame.index[0], context.frame.index[-1]
    if end >= start:
        raise InputError(
            f"{context.path} must end before {data.path} starts, but it ends at {end} and the data "
            f"start at {start}. Give as context the rows that come just before the data."
        )
    together = len(context.frame) + len(data.frame)
    if together <= num_rows:
        raise InputError(
            f"{data.path} and its context {context.path} have {together:,} rows together, but at "
            f"least {num_rows + 1:,} are needed: a window is `T` rows. Give more context."
        )
    notices = list(data.notices)
    if len(context.frame) < num_rows:
        notices.append(
            f"The context {context.path} has {len(context.frame):,} rows where {num_rows:,} are "
            f"needed: the first {num_rows - len(context.frame):,} rows of the data get no score."
        )
    frame = pd.concat([context.frame, data.frame])
    frame.index.name = data.frame.index.name
    problems = [] if allow_empty else _empty_problems(frame, is_trained=True)
    if problems:
        refuse(data.path, f"even after the end of its context {context.path}, {problems[0]}")
    step = sampling_step(frame.index)
    if start - end > step + clock_change(step):
        notices.append(
            f"Between the context {context.path} and the data lies a gap of "
            f"{time_span(start - end)}, where the sampling step is {time_span(step)}."
        )
    return Table(data.path, frame, notices, len(context.frame))


def describe_table(frame: pd.DataFrame) -> list[str]:
    """Tell what is unusual, yet usable, about a data table.

    Args:
        frame: (rows, series), data units, NaN where missing, indexed by time.

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
    notices = []
    missing = frame.isna().sum()
    missing = missing[missing > 0].sort_values(ascending=False, kind="stable")
    if len(missing):
        shares = [f"`{name}` {n:,} ({n / len(frame):.2%})" for name, n in missing.items()]
        notices.append(
            f"Cells are missing in {len(missing)} of {frame.shape[1]} series: {shortened(shares)}."
        )
    constant = quoted(frame.columns[(frame.min() == frame.max()) & (frame.count() > 1)])
    if constant:
        notices.append(
            f"{len(constant)} of {frame.shape[1]} series never change: {shortened(constant)}."
        )
    if frame.isin([0.0, 1.0]).to_numpy().all():
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


def _open_table(path: Path) -> File:
    """Open a file, and check that its header names the time and then every series, each once."""
    file = open_file(path)
    time, *series = file.names
    if reads_as_time(time):
        refuse(
            path,
            f"the first line starts with the time `{time}`; expected a header with the names of "
            "the columns",
        )
    if not series:
        refuse(
            path,
            f"its only column is `{time}`; expected the time and at least one series, separated by "
            "commas or semicolons",
        )
    check_names(file)
    return file


def _match_series(file: File, series: Sequence[str]) -> list[str]:
    """Check that a file has the series, by their names; tell of the columns left out."""
    columns = file.names[1:]
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
    if not others:
        return []
    return [f"Columns that are not among the series are left out: {shortened(quoted(others))}."]


# --- Problems: sentences without the file's name; none where there is no problem --------------


def _empty_problems(frame: pd.DataFrame, *, is_trained: bool) -> list[str]:
    """Name the series without any value; a file to train on can leave them out."""
    empty = quoted(frame.columns[frame.isna().all()])
    if not empty:
        return []
    if not is_trained:
        return [f"column {shortened(empty)} is empty in every row; take it out"]
    return [
        f"column {shortened(empty)} is empty in every row, but the model needs at least one value "
        "of every series; give a longer file, one in which the series was recorded, or earlier "
        "rows (--context of test.py), or train a model without it"
    ]


def _other_times_problems(index: pd.DatetimeIndex, data: Table) -> list[str]:
    """Name times of labels without data and of data without labels."""
    if index.equals(data.frame.index):
        return []
    problems = []
    data_index = pd.DatetimeIndex(data.frame.index)
    for missing, present, absent in (
        (data_index.difference(index), data.path, "the labels"),
        (index.difference(data_index), "the labels", data.path),
    ):
        if len(missing):
            examples = shortened([str(time) for time in missing[:SHOWN]], SHOWN, len(missing))
            problems.append(f"{len(missing):,} times of {present} are not in {absent}: {examples}")
    return problems


def _plain(name: str) -> str:
    """Return the letters and digits of a name, without case, to find near misses."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
