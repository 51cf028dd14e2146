"""The one door for data: a file, its labels and its context, read as the settings ask.

Every script reads its files here, so that none forgets a key: local times become UTC (`time_zone`),
labels are matched to the rows as they were measured, an earlier file is put in front, and only then
are rows brought to one step (`resample`).

The row of a time, after resampling, is made of what was measured in the step that *ends* then, that
end included: whoever acts on it at that time knows all of it, and rows that come later change
nothing.

    measured      .  .   .     .    .        .
    step        |-----------|-----------|-----------|
    rows                    J           J           J
"""

import sys
from pathlib import Path
from typing import NamedTuple, overload

import numpy as np
import pandas as pd

from dcvae.config.settings import Settings
from dcvae.data.quality import after_gap
from dcvae.data.tables import Table, prepend_context, read_labels, read_table, sampling_step
from dcvae.data.windows import WindowSplit, split_windows
from dcvae.errors import InputError

_MANY_EMPTY = 100  # empty steps for each one with a row: not gaps, but a step that is too short


class TrainingData(NamedTuple):
    """What a training learns from.

    Attributes:
        table: the data, cells labeled an anomaly taken for missing.
        labels: of the same rows; None if none were given.
        split: the windows to train and to validate on.
        settings: the settings, with the number of series.
        notices: one sentence each, for the user to hear.
    """

    table: Table
    labels: Table | None
    split: WindowSplit
    settings: Settings
    notices: list[str]


def read_training(path: Path, settings: Settings, labels: Path | None = None) -> TrainingData:
    """Read a file to train on and choose its windows.

    Windows that cross a gap or have a labeled anomaly are left out. Labeled cells are taken for
    missing besides: they teach no mean either, and fill no gap.

    Raises:
        InputError: a file is refused, the settings are for another number of series, no window is
            left, or every cell of a series is labeled.
    """
    table, labeled = read_data(path, settings, labels=labels)
    return training_data(table, settings, labeled)


def training_data(table: Table, settings: Settings, labeled: Table | None = None) -> TrainingData:
    """Choose the windows of a table to train on; see `read_training`."""
    settings = settings.with_num_series(table.frame.shape[1], table.path)
    times = pd.DatetimeIndex(table.frame.index)
    split = split_windows(
        len(table.frame),
        settings.window_length,
        settings.val_percent,
        settings.train_stride,
        table.path,
        after_gap=after_gap(times, sampling_step(times).total_seconds(), settings.max_gap),
        labeled=None if labeled is None else labeled.frame.any(axis=1).to_numpy(),
    )
    notices = [*table.notices, *split.notices()]
    if labeled is not None:
        table = without_labeled(table, labeled)
        count = int(labeled.frame.to_numpy().sum())
        notices += [*labeled.notices, f"{count:,} cells are labeled an anomaly and not learned."]
    return TrainingData(table, labeled, split, settings, notices)


def without_labeled(table: Table, labels: Table) -> Table:
    """Empty the cells that are labeled an anomaly.

    Raises:
        InputError: a series has no other cells.
    """
    frame = table.frame.mask(labels.frame)
    emptied = [f"`{name}`" for name in frame.columns[frame.isna().all()]]
    if emptied:
        raise InputError(
            f"Every cell of the series {', '.join(emptied)} of {table.path} is labeled an anomaly "
            f"in {labels.path} or missing. Expected some that are normal: use more data, take the "
            "series out of both files, or mend the labels."
        )
    return Table(table.path, frame, table.notices)


@overload
def read_data(
    path: Path,
    settings: Settings,
    *,
    series: tuple[str, ...] | None = None,
    labels: Path,
    context: Path | None = None,
) -> tuple[Table, Table]: ...


@overload
def read_data(
    path: Path,
    settings: Settings,
    *,
    series: tuple[str, ...] | None = None,
    labels: Path | None = None,
    context: Path | None = None,
) -> tuple[Table, Table | None]: ...


def read_data(
    path: Path,
    settings: Settings,
    *,
    series: tuple[str, ...] | None = None,
    labels: Path | None = None,
    context: Path | None = None,
) -> tuple[Table, Table | None]:
    """Read a data file and its labels.

    Args:
        path: the data file.
        settings: `T`, `time_zone`, `resample`, `max_gap`, and `max_fill`: unless it is null, a
            trained series may be missing altogether.
        series: those of a trained model; None for all that the file has.
        labels: labels of the same rows.
        context: an earlier file, whose last T - 1 rows are put in front of the data.

    Returns:
        The data, context in front, and the labels, without context.

    Raises:
        InputError: a file is refused, or too short for a window.
    """
    step = settings.resample_step
    dead_allowed = series is not None and settings.max_fill is not None
    table = read_table(
        path,
        series=series,
        minimum_rows=1 if context or step else settings.window_length,
        allow_empty=bool(context) or dead_allowed,
        time_zone=settings.time_zone,
    )
    truth = read_labels(labels, table, time_zone=settings.time_zone) if labels else None
    before = None
    if context:
        before = read_table(
            context,
            series=list(table.frame.columns),
            allow_empty=True,
            time_zone=settings.time_zone,
        )
    if step is None:
        if before is None:
            return table, truth
        num_rows = settings.window_length - 1
        return prepend_context(table, before, num_rows, allow_empty=dead_allowed), truth
    span = pd.Timedelta(step)
    resampled = _resample_joined(table, before, span, settings, allow_empty=dead_allowed)
    return resampled, None if truth is None else resample(truth, span, settings.max_gap)


def resample(table: Table, step: pd.Timedelta, max_gap: int | None) -> Table:
    """Bring a table to one step; see the drawing at the top.

    Numbers become the mean of those that are there, labels are set if any is. A step without a row
    becomes a row of missing cells (of labels: not set), unless so many follow each other that they
    are a gap: then they stay out, and the gap stays one.

    Args:
        table: numbers or labels.
        step: from a row to the next. Rows lie at whole multiples of it since 1970.
        max_gap: the longest step between two rows that is no gap; None if there are no gaps.

    Raises:
        InputError: nearly all rows would be empty, as the step is far shorter than the data's.
    """
    times = pd.DatetimeIndex(table.frame.index)
    length = step // pd.Timedelta(1, unit="us")
    numbers = _steps_of(times, step)  # of the step that ends at number * length
    groups = table.frame.groupby(numbers)
    is_labels = all(kind.kind == "b" for kind in table.frame.dtypes)
    largest = sys.float_info.max
    with np.errstate(over="ignore"):  # a mean of the largest numbers is clipped
        frame = groups.any() if is_labels else groups.mean().clip(-largest, largest)
    present = frame.index.to_numpy()
    apart = np.diff(present)
    bridged = apart - 1 if max_gap is None else np.where(apart <= max_gap, apart - 1, 0)
    if bridged.sum() > _MANY_EMPTY * len(present):
        raise InputError(
            f"`resample` would make {bridged.sum():,} empty rows beside the {len(present):,} that "
            f"{table.path} has something for. Expected a step near that of the data, "
            f"{sampling_step(times)} in the middle: choose a longer one, or a smaller `max_gap`."
        )
    # Every row is followed by as many empty ones as are bridged after it.
    repeats = np.append(bridged, 0) + 1
    starts = np.repeat(np.cumsum(repeats) - repeats, repeats)
    filled = np.repeat(present, repeats) + np.arange(repeats.sum()) - starts
    frame = frame.reindex(filled, fill_value=False if is_labels else np.nan)
    index = (filled * length).astype("datetime64[us]")
    frame.index = pd.DatetimeIndex(index, name=times.name)
    notices = list(table.notices)
    if not is_labels:
        notices.append(
            f"Its {len(times):,} rows are brought to one step of {_words(step)} (`resample`): "
            f"{len(frame):,} rows, {len(frame) - len(present):,} of them empty."
        )
    return Table(table.path, frame, notices)


def _resample_joined(
    data: Table,
    context: Table | None,
    step: pd.Timedelta,
    settings: Settings,
    *,
    allow_empty: bool,
) -> Table:
    """Resample data, together with the context where a step begins in one and ends in the other."""
    before = settings.window_length - 1
    joined = data
    if context is not None:
        joined = prepend_context(data, context, len(context.frame), allow_empty=allow_empty)
    table = resample(joined, step, settings.max_gap)
    missing = 0
    if context is not None:
        first_step = _steps_of(pd.DatetimeIndex(data.frame.index[:1]), step)
        all_steps = _steps_of(pd.DatetimeIndex(table.frame.index), step)
        first = int(np.searchsorted(all_steps, first_step[0]))
        missing = max(before - first, 0)
        table = Table(table.path, table.frame.iloc[max(first - before, 0) :], table.notices)
    if len(table.frame) <= before:
        raise InputError(
            f"{data.path} has {len(table.frame):,} rows of {_words(step)} (`resample`), but at "
            f"least {before + 1:,} are needed: a window is `T` rows. Use more data, a shorter "
            "step or a smaller `T`."
        )
    if missing:
        table.notices.append(
            f"The context gives {before - missing:,} rows of {_words(step)} where {before:,} would "
            f"be used: the first {missing:,} rows of the data get no verdict."
        )
    return table


def _steps_of(times: pd.DatetimeIndex, step: pd.Timedelta) -> np.ndarray:
    """Number the steps that times lie in, int64: step n ends at n times the step since 1970."""
    numbers: np.ndarray = -(-times.as_unit("us").asi8 // (step // pd.Timedelta(1, unit="us")))
    return numbers


def _words(step: pd.Timedelta) -> str:
    return str(step).removeprefix("0 days ")
