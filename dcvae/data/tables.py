"""From a file to a table: the rules on times, on series and on labels.

A data file has the time in its first column, whatever that column is called, and one numeric
series in every other; a label file has the same times and 0 or 1. ``read_table`` and
``read_labels`` take such a file, in any format that ``files`` reads, and return a ``Table``: the
numbers, indexed by time, and the notices a user should hear. What is odd but usable (missing cells,
constant series, gaps in time) is told. What would make results wrong or meaningless (repeated or
unordered times, text among numbers, another set of series) is refused with an ``InputError`` that
names the file, the row, the line and the column.

Times are always naive with a resolution of microseconds; times that carry a UTC offset are
converted to UTC, and so are local times whose time zone is given, and a notice says so. In UTC no
hour is missing in spring and none is repeated in autumn.
"""

import difflib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dcvae.data.readers import (
    MISSING,
    SHOWN,
    File,
    check_names,
    describe_cells,
    open_file,
    refuse,
    row_numbers,
    shortened,
)
from dcvae.errors import InputError

# Seconds since 1970 of the years 1990 to 2200. The same range in milliseconds does not overlap it,
# nor do compact dates (20210131, 202101311205), so the magnitude alone decides.
EPOCH_SECONDS = (631_152_000, 7_258_118_400)

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f")
_CLOCKS_12 = (" %I:%M %p", " %I:%M:%S %p")
TIME_FORMATS = (
    *(f"%Y/%m/%d{clock}" for clock in _CLOCKS),
    *(f"%d.%m.%Y{clock}" for clock in _CLOCKS),
    *(f"{date}{clock}" for date in ("%d-%m-%Y", "%m-%d-%Y") for clock in _CLOCKS),
    *(f"{date}{clock}" for date in ("%d/%m/%Y", "%m/%d/%Y") for clock in (*_CLOCKS, *_CLOCKS_12)),
)

_LARGEST_CLOCK_CHANGE = 2 * 3_600_000_000  # microseconds; an hour nearly everywhere

_TIME_ADVICE = (
    "the first column must be the time: ISO 8601 such as `2021-01-31 13:05:00`, or seconds or "
    "milliseconds since 1970"
)


@dataclass(frozen=True, eq=False)
class Table:
    """A file as read.

    frame: (rows, series), float64 with NaN for missing cells in data units, or bool for labels;
    strictly increasing naive DatetimeIndex in microseconds, named as the file's first column.
    notices: one sentence each, for the user to hear.
    """

    path: Path
    frame: pd.DataFrame
    notices: list[str]


def read_table(
    path: Path,
    *,
    series: Sequence[str] | None = None,
    minimum_rows: int = 1,
    allow_empty: bool = False,
    time_zone: str | None = None,
) -> Table:
    """Read a data file: its time and the given series, or all of its series.

    With ``series`` (a trained model's), columns are matched by name and returned in that order;
    other columns are left out, need not be numeric, and are named in a notice.

    ``allow_empty`` lets pass a series without any value; it is for tables that ``prepend_context``
    is to join, which checks them together, and for models that can do without.

    ``time_zone`` is the IANA name of the zone whose local times the file has, if it has such.

    Raises: InputError for anything but times that strictly increase and finite numbers, for a
    series that is missing or entirely empty, and for fewer than ``minimum_rows`` rows.
    """
    file = _open_table(Path(path))
    wanted = file.names[1:] if series is None else list(series)
    notices = _match_series(file, wanted)
    times, frame = file.read(wanted, "a number or empty", {})
    frame.index, time_notices = _read_times(times, file, time_zone)
    problems = [
        *_order_problems(frame.index, file, time_zone),
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
    """Read the labels of a data table: bool, True where a cell is labeled an anomaly.

    The label file has exactly the data's times and, matched by name, one column a series, or a
    single column under another name that stands for all series. ``time_zone`` as in ``read_table``.

    Returns: a table with the rows, the series and the order of ``data.frame``.
    Raises: InputError for times or series that do not match, for missing cells and for anything
    but 0, 1, true or false.
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
    index, time_notices = _read_times(times, file, time_zone)
    problems = [
        *describe_cells(unusable, columns, file, expected),
        *(_order_problems(index, file, time_zone) or _other_times_problems(index, data)),
    ]
    if problems:
        refuse(file.path, *problems)
    anomalies = np.broadcast_to(is_anomaly, data.frame.shape)  # from (rows, 1) where shared
    frame = pd.DataFrame(anomalies, data.frame.index, data.frame.columns, copy=True)
    return Table(file.path, frame, [*notices, *file.notices, *time_notices])


def prepend_context(
    data: Table, context: Table, num_rows: int, *, allow_empty: bool = False
) -> Table:
    """Put the last ``num_rows`` rows of an earlier table in front of the data.

    With T - 1 rows of context the first row of the data is the last row of a whole window.
    ``allow_empty`` lets pass a series without any value, as in ``read_table``.

    Returns: a table with at most ``num_rows`` more rows, and the data's notices with those about
    the join: too few rows of context, or a gap longer than the sampling step.
    Raises: InputError if the context does not end before the data start or has other series, and
    if even both together are too short for a window, and if they leave a series without any value
    that is not allowed to be.
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
            f"The context {context.path} has {len(context.frame):,} rows where {num_rows:,} would "
            f"be used: the first {num_rows - len(context.frame):,} rows of the data get no verdict."
        )
    frame = pd.concat([context.frame.tail(num_rows), data.frame])
    frame.index.name = data.frame.index.name
    problems = [] if allow_empty else _empty_problems(frame, is_trained=True)
    if problems:
        refuse(data.path, f"even after the end of its context {context.path}, {problems[0]}")
    step = sampling_step(frame.index)
    if num_rows > 0 and start - end > step:
        notices.append(
            f"Between the context {context.path} and the data lies a gap of "
            f"{_duration(start - end)}, where the sampling step is {_duration(step)}."
        )
    return Table(data.path, frame, notices)


def sampling_step(index: pd.Index) -> pd.Timedelta:
    """Return the median step of a time index (the lower of two middle ones), 0 for a single row."""
    steps = _steps(index)
    if not len(steps):
        return pd.Timedelta(0)
    middle = (len(steps) - 1) // 2
    return pd.Timedelta(int(np.partition(steps, middle)[middle]), unit="us")


def describe_table(frame: pd.DataFrame) -> list[str]:
    """Tell what is unusual, yet usable, about a data table: one sentence each."""
    notices = []
    missing = frame.isna().sum()
    missing = missing[missing > 0].sort_values(ascending=False, kind="stable")
    if len(missing):
        shares = [f"`{name}` {n:,} ({n / len(frame):.2%})" for name, n in missing.items()]
        notices.append(
            f"Cells are missing in {len(missing)} of {frame.shape[1]} series: {shortened(shares)}."
        )
    constant = [
        f"`{name}`" for name in frame.columns[(frame.min() == frame.max()) & (frame.count() > 1)]
    ]
    if constant:
        notices.append(
            f"{len(constant)} of {frame.shape[1]} series never change: {shortened(constant)}."
        )
    if frame.isin([0.0, 1.0]).to_numpy().all():
        notices.append("Every cell is 0 or 1, as in a label file.")
    if len(frame) > 1:
        notices += _describe_steps(frame.index)
    return notices


def _describe_steps(index: pd.Index) -> list[str]:
    """Tell of steps that differ from the sampling step, and where the longest one is."""
    step, steps = sampling_step(index), _steps(index)
    irregular = int((steps != step // pd.Timedelta(1, unit="us")).sum())
    if not irregular:
        return []
    longest = int(steps.argmax())
    return [
        f"The sampling step is {_duration(step)}, but {irregular:,} of {len(steps):,} steps differ "
        f"from it; the longest is {_duration(pd.Timedelta(int(steps[longest]), unit='us'))}, "
        f"after {index[longest]}."
    ]


def step_notice(index: pd.Index, trained_step_seconds: float) -> list[str]:
    """Tell if the sampling step of a scored table is not the one that the model was trained on.

    A step of 0, that of a table with a single row, says nothing. Nor does a difference of less
    than a hundredth, as between clocks that are not exact.
    """
    step = sampling_step(index)
    seconds = step.total_seconds()
    if not (seconds and trained_step_seconds):
        return []
    if math.isclose(seconds, trained_step_seconds, rel_tol=0.01):
        return []
    trained = pd.Timedelta(trained_step_seconds, unit="s").round("us")
    return [
        f"The sampling step is {_duration(step)}, but the model was trained on steps of "
        f"{_duration(trained)}: it takes every row for one such step, so its verdicts may be wrong."
    ]


# --- Columns ---------------------------------------------------------------------------------


def _open_table(path: Path) -> File:
    """Open a file whose header names the time and then every series, each once."""
    file = open_file(path)
    time, *series = file.names
    if _reads_as_time(time):
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
    """Refuse a file that lacks one of the series by name; tell of the columns left out."""
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
    quoted = shortened([f"`{name}`" for name in others])
    return [f"Columns that are not among the series are left out: {quoted}."]


# --- Times -----------------------------------------------------------------------------------


def _read_times(
    cells: pd.Series, file: File, time_zone: str | None
) -> tuple[pd.DatetimeIndex, list[str]]:
    """Turn the time column into a naive index in microseconds; tell of a conversion to UTC."""
    is_time = pd.api.types.is_datetime64_any_dtype(cells)
    if not is_time:
        cells = cells.astype("str").str.strip()
        cells = cells.mask(cells.isin(MISSING))
    missing = row_numbers(cells.isna())
    if missing:
        places = shortened(file.places(missing[:SHOWN]), SHOWN, len(missing))
        refuse(file.path, f"the time is missing in {places}; {_TIME_ADVICE}")
    is_epoch = not is_time and _is_epoch(cells)
    times = cells if is_time else _parse_times(cells, file, time_zone)
    notices = []
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
        notices.append("Its times carry a UTC offset and are converted to UTC.")
        if time_zone:
            notices.append("`time_zone` has no effect on them.")
    elif time_zone and is_epoch:
        notices.append("Its times count from 1970 in UTC; `time_zone` has no effect on them.")
    elif time_zone:
        times = _local_to_utc(times.dt.as_unit("us"), time_zone, file)
        notices.append(f"Its times are those of {time_zone} (`time_zone`) and converted to UTC.")
    return pd.DatetimeIndex(times, name=file.names[0]).as_unit("us"), notices


def _local_to_utc(times: pd.Series, time_zone: str, file: File) -> pd.Series:
    """Convert local times to naive times in UTC, the hour that autumn repeats by the rows' order.

    Refuses times that a clock change skips, and those of the repeated hour where it cannot be told
    which of the two hours they are of.
    """
    summer = np.ones(len(times), dtype=bool)
    skipped = row_numbers(times.dt.tz_localize(time_zone, summer, nonexistent="NaT").isna())
    if skipped:
        refuse(
            file.path,
            f"the clocks of {time_zone} were put forward over {len(skipped):,} of its times: "
            f"{_examples(times, skipped, file)}; is `time_zone` the zone of this file? It may have "
            "been recorded in another one, or in UTC",
        )
    try:
        local = times.dt.tz_localize(time_zone, ambiguous="infer")
    except ValueError:  # pandas names one time, and not where it stands
        unclear = row_numbers(times.dt.tz_localize(time_zone, ambiguous="NaT").isna())
        refuse(
            file.path,
            f"the clocks of {time_zone} were set back in an hour that this file has not twice in "
            f"full, so that {len(unclear):,} of its times may mean either hour: "
            f"{_examples(times, unclear, file)}; write the times in UTC or with their offset, or "
            "leave out the rows of that hour",
        )
    utc: pd.Series = local.dt.tz_convert("UTC").dt.tz_localize(None)
    return utc


def _examples(times: pd.Series, rows: list[int], file: File) -> str:
    """Name the places of some times."""
    shown = zip(file.places(rows[:SHOWN]), times.iloc[rows[:SHOWN]], strict=True)
    return shortened([f"{place} holds {time}" for place, time in shown], SHOWN, len(rows))


def _is_epoch(text: pd.Series) -> bool:
    """Tell whether times are numbers, by the first of them."""
    return bool(pd.to_numeric(text.iloc[:1], errors="coerce").notna().all())


def _parse_times(text: pd.Series, file: File, time_zone: str | None) -> pd.Series:
    """Read times as epoch numbers, as ISO 8601, or in the one common format that fits them all."""
    first = text.iloc[:1]
    if _is_epoch(text):
        readings = [_read_epoch(text)]
    else:
        readings = [_read_iso(text, file)]
        if readings[0].isna().any():
            readings += [
                _read_format(text, time_format)
                for time_format in TIME_FORMATS
                if _read_format(first, time_format).notna().all()
            ]
    complete = [reading for reading in readings if reading.notna().all()]
    if not complete:
        best = min(readings, key=lambda reading: int(reading.isna().sum()))
        rows = row_numbers(best.isna())
        shown = zip(file.places(rows[:SHOWN]), text.iloc[rows[:SHOWN]], strict=True)
        examples = [f"{place} holds `{cell}`" for place, cell in shown]
        refuse(
            file.path,
            f"column `{file.names[0]}` is not a time everywhere: "
            f"{shortened(examples, SHOWN, len(rows))}; {_TIME_ADVICE}",
        )
    # Day first or month first? The reading in which time goes forward; if both do, neither.
    back = -_LARGEST_CLOCK_CHANGE if time_zone else 0
    forward = [reading for reading in complete if (_steps(reading) > back).all()]
    for rival in forward[1:]:
        if not rival.equals(forward[0]):
            refuse(
                file.path,
                f"the times in column `{file.names[0]}` are ambiguous: `{text.iloc[0]}` may be "
                f"{forward[0].iloc[0]} or {rival.iloc[0]}; write them as ISO 8601, such as "
                "`2021-01-31 13:05:00`",
            )
    return (forward or complete)[0]


def _read_epoch(text: pd.Series) -> pd.Series:
    """Read seconds or milliseconds since 1970, told apart by magnitude; NaT where neither fits."""
    seconds = pd.to_numeric(text, errors="coerce").astype("float64")
    if seconds.iloc[0] >= EPOCH_SECONDS[0] * 1000:
        seconds = seconds / 1000
    seconds = seconds.where(seconds.between(*EPOCH_SECONDS))
    return (seconds * 1e6).round().astype("Int64").astype("datetime64[us]")


def _read_iso(text: pd.Series, file: File) -> pd.Series:
    """Read ISO 8601, NaT where it does not fit; in UTC where the UTC offsets differ."""
    # pandas would also take the words `now` and `today`, which mean another time every day.
    numeric = text.str.match(r"\d")
    if not numeric.all():
        text = text.where(numeric)
    try:
        return pd.to_datetime(text, format="ISO8601", errors="coerce")
    except ValueError:  # raised in spite of `coerce`, for offsets that differ
        has_offset = text.str.contains(r"\d[T ]\d.*(?:Z|[+-]\d\d:?(?:\d\d)?)$", na=False)
    naive = row_numbers(~has_offset & text.notna())
    if naive:
        rows = sorted((naive[0], row_numbers(has_offset)[0]))
        both = zip(file.places(rows), text.iloc[rows], strict=True)
        refuse(
            file.path,
            "some times carry a UTC offset and some do not: "
            + ", ".join(f"{place} holds `{cell}`" for place, cell in both)
            + "; write all of them one way",
        )
    return pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)


def _read_format(text: pd.Series, time_format: str) -> pd.Series:
    return pd.to_datetime(text, format=time_format, errors="coerce")


def _reads_as_time(name: str) -> bool:
    """Whether a column name is a time, that is, whether the header is missing."""
    text = pd.Series([name], dtype="str")
    readings = [_read_epoch(text)]
    readings += [_read_format(text, time_format) for time_format in TIME_FORMATS]
    if not name.isdigit() and name[:1].isdigit():
        readings.append(_read_format(text, "ISO8601"))
    return any(reading.notna().all() for reading in readings)


# --- Problems: each function returns sentences without the file's name, or nothing ------------


def _order_problems(index: pd.DatetimeIndex, file: File, time_zone: str | None) -> list[str]:
    """Name times that repeat and the first that goes backwards, and what may be the reason."""
    if index.is_monotonic_increasing and index.is_unique:
        return []
    problems = []
    repeats = row_numbers(index.duplicated())
    if repeats:
        earlier = row_numbers(index == index[repeats[0]])[0]
        first, second = file.places([earlier, repeats[0]])
        problems.append(
            f"{first} and {second} have the same time, {index[earlier]} "
            f"({len(repeats):,} repeated in all); keep one row a time"
        )
    backwards = row_numbers(_steps(index) < 0)
    if backwards:
        row = backwards[0]
        before, after = file.places([row, row + 1])
        problems.append(
            f"time goes backwards from {before}, {index[row]}, to {after}, {index[row + 1]} "
            f"({len(backwards):,} times in all); sort the rows by time"
        )
    if time_zone is None:
        # Where this is so, each of the remedies above would spoil an hour of data.
        problems[-1] += (
            "; if the clocks were set back here, write the times in UTC or with their offset "
            "instead, or name their zone in `time_zone`"
        )
    return problems


def _empty_problems(frame: pd.DataFrame, *, is_trained: bool) -> list[str]:
    """Name the series without any value, which a file to train on can do without."""
    empty = [f"`{name}`" for name in frame.columns[frame.isna().all()]]
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


# --- Units and words -------------------------------------------------------------------------


def _steps(times: pd.Index | pd.Series) -> np.ndarray:
    """Return the steps from each time to the next, int64 in microseconds."""
    return np.diff(pd.DatetimeIndex(times).as_unit("us").asi8)


def _duration(duration: pd.Timedelta) -> str:
    return str(duration).removeprefix("0 days ")


def _plain(name: str) -> str:
    """Return a name as far as near misses are concerned: letters and digits, no case."""
    return "".join(letter for letter in name.casefold() if letter.isalnum())
