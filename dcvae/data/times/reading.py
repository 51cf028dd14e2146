"""Times of rows: their formats, time zones, order and sampling steps.

Times are always naive with a resolution of microseconds. Times with a UTC offset are converted to
UTC, and so are local times whose time zone is given, with a notice. In UTC no hour is missing in
spring and none is repeated in autumn.
"""

import math

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, shortened
from dcvae.data.files.messages import MISSING, File, refuse, row_numbers

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


def sampling_step(index: pd.Index) -> pd.Timedelta:
    """Return the sampling step of times: their median step, the lower of two middle ones.

    Args:
        index: (rows,) times.

    Returns:
        The step; 0 for a single row.

    Examples:
        One missing row does not change it:

        >>> import pandas as pd
        >>> from dcvae.data import sampling_step
        >>> sampling_step(pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-05"]))
        Timedelta('1 days 00:00:00')
    """
    steps = steps_between(index)
    if not len(steps):
        return pd.Timedelta(0)
    middle = (len(steps) - 1) // 2
    return pd.Timedelta(int(np.partition(steps, middle)[middle]), unit="us")


def step_notice(index: pd.Index, trained_step_seconds: float) -> list[str]:
    """Tell if the sampling step of a scored table differs from that of the training table.

    Differences of less than a hundredth do not count, as no clock is exact, nor does a step of 0,
    that of a table with a single row.

    Args:
        index: (rows,) times of the scored table.
        trained_step_seconds: sampling step of the training table, in seconds.

    Returns:
        At most one sentence.

    Examples:
        >>> import pandas as pd
        >>> from dcvae.data import step_notice
        >>> times = pd.date_range("2024-01-01", periods=3, freq="5min")
        >>> len(step_notice(times, 300)), len(step_notice(times, 60))
        (0, 1)
    """
    step = sampling_step(index)
    seconds = step.total_seconds()
    if not (seconds and trained_step_seconds):
        return []
    if math.isclose(seconds, trained_step_seconds, rel_tol=0.01):
        return []
    trained = pd.Timedelta(trained_step_seconds, unit="s").round("us")
    return [
        f"The sampling step is {time_span(step)}, but the model was trained on steps of "
        f"{time_span(trained)}: it takes every row for one such step, so its scores may be wrong."
    ]


def describe_steps(index: pd.Index) -> list[str]:
    """Tell of steps that differ from the sampling step, and after which row the longest is."""
    step, steps = sampling_step(index), steps_between(index)
    irregular = int((steps != step // pd.Timedelta(1, unit="us")).sum())
    if not irregular:
        return []
    longest = int(steps.argmax())
    return [
        f"The sampling step is {time_span(step)}, but {irregular:,} of {len(steps):,} steps differ "
        f"from it; the longest is {time_span(pd.Timedelta(int(steps[longest]), unit='us'))}, "
        f"after {index[longest]}."
    ]


def read_times(
    cells: pd.Series, file: File, time_zone: str | None
) -> tuple[pd.DatetimeIndex, list[str]]:
    """Convert the time column to naive times in microseconds.

    Args:
        cells: (rows,) text, or times as stored in Parquet.
        file: the file that they are from, for messages and the name of the index.
        time_zone: IANA name of the zone of local times without UTC offset; None takes times as
            they are.

    Returns:
        (rows,) times, and notices about a conversion to UTC.

    Raises:
        InputError: a cell is missing or no time, or it is unclear which time it is.
    """
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

    Times that a clock change skips are refused, and so are those of the repeated hour if the order
    of the rows does not tell which of the two hours they are of.
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
    except ValueError:  # pandas names one time, but no row
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
    """Tell whether times are numbers since 1970, by the first of them."""
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
    # Day first or month first: the format in which time goes forward; undecided if it does in both.
    back = -_LARGEST_CLOCK_CHANGE if time_zone else 0
    forward = [reading for reading in complete if (steps_between(reading) > back).all()]
    for rival in forward[1:]:
        if not rival.equals(forward[0]):
            row = int(np.argmax((rival != forward[0]).to_numpy()))  # `01/01/2026` is not
            refuse(
                file.path,
                f"the times in column `{file.names[0]}` are ambiguous: `{text.iloc[row]}` may be "
                f"{forward[0].iloc[row]} or {rival.iloc[row]}; write them as ISO 8601, such as "
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
    text = _without_words(text)
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
    return pd.to_datetime(_without_words(text), format=time_format, errors="coerce")


def _without_words(text: pd.Series) -> pd.Series:
    """Empty what starts with no digit: pandas takes `now` and `today` for the present."""
    numeric = text.str.match(r"\d")
    return text if numeric.all() else text.where(numeric)


def reads_as_time(name: str) -> bool:
    """Tell whether a column name is a time, as it is if the header is missing.

    Args:
        name: of the first column.

    Returns:
        True for a time in any format that is read.
    """
    text = pd.Series([name], dtype="str")
    readings = [_read_epoch(text)]
    readings += [_read_format(text, time_format) for time_format in TIME_FORMATS]
    if not name.isdigit() and name[:1].isdigit():
        readings.append(_read_format(text, "ISO8601"))
    return any(reading.notna().all() for reading in readings)


def order_problems(index: pd.DatetimeIndex, file: File, time_zone: str | None) -> list[str]:
    """Name times that repeat, and the first that goes backwards, with the likely reason.

    Args:
        index: (rows,) times.
        file: the file that they are from.
        time_zone: zone by which they were converted to UTC; None if they were not.

    Returns:
        Sentences for `refuse`; none if times strictly increase.
    """
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
    backwards = row_numbers(steps_between(index) < 0)
    if backwards:
        row = backwards[0]
        before, after = file.places([row, row + 1])
        problems.append(
            f"time goes backwards from {before}, {index[row]}, to {after}, {index[row + 1]} "
            f"({len(backwards):,} times in all); sort the rows by time"
        )
    if time_zone is None:
        # After a clock change, the corrections named above would damage an hour of data.
        problems[-1] += (
            "; if the clocks were set back here, write the times in UTC or with their offset "
            "instead, or name their zone in `time_zone`"
        )
    return problems


def steps_between(times: pd.Index | pd.Series) -> np.ndarray:
    """Return (rows - 1,) int64, the steps from each time to the next in microseconds."""
    return np.diff(pd.DatetimeIndex(times).as_unit("us").asi8)


def time_span(duration: pd.Timedelta) -> str:
    """Write a step or a gap as pandas does, without days if there are none."""
    return str(duration).removeprefix("0 days ")
