"""Resampling: rows at one step.

The row of a time has the mean of what was measured in the step that *ends* then, that end included:
it is complete at its own time, and later rows do not change it::

    measured      .  .   .     .    .        .
    step        |-----------|-----------|-----------|
    rows                    R           R           R

With a time zone, a step of whole days is one of its local days and ends at local midnight, so that
it has 23 or 25 hours where the clocks change.
"""

import sys
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from dcvae._arrays import IntArray
from dcvae.config import DataKeys
from dcvae.data.context import prepend_context
from dcvae.data.tables import Table
from dcvae.data.times.layouts import DAY
from dcvae.data.times.steps import sampling_step, time_span
from dcvae.data.times.zones import midnights
from dcvae.errors import InputError

_MANY_EMPTY = 100  # empty steps for each one with a row: not gaps, but a step that is too short


def resample(
    table: Table, step: pd.Timedelta, max_gap: int | None, time_zone: str | None = None
) -> Table:
    """Resample a table to one step; see the drawing at the top.

    A value is the mean of the observed cells of a step, a label is set if any label of the step
    is. A step without a row becomes a row of missing cells (of labels: not set), unless so many of
    them follow each other that they are a gap: a gap gets no rows.

    Args:
        table: values in data units, or labels.
        step: from a row to the next. Rows lie at whole multiples of it since 1970.
        max_gap: longest step between two rows that is no gap, in units of `step`; None for no gaps.
        time_zone: IANA name of the zone at whose midnights steps of whole days end; None for UTC.

    Returns:
        The resampled table, with a notice if it has values.

    Raises:
        InputError: nearly all rows would be empty, as the step is far shorter than the data's.
    """
    times = pd.DatetimeIndex(table.frame.index)
    steps = _Steps.of(times, step, time_zone)
    groups = table.frame.groupby(steps.numbers(times))
    is_labels = all(kind.kind == "b" for kind in table.frame.dtypes)
    largest = sys.float_info.max
    with np.errstate(over="ignore"):  # infinite means are clipped
        frame = groups.any() if is_labels else groups.mean().clip(-largest, largest)
    present = frame.index.to_numpy()
    apart = np.diff(present)
    bridged = apart - 1 if max_gap is None else np.where(apart <= max_gap, apart - 1, 0)
    if bridged.sum() > _MANY_EMPTY * len(present):
        raise InputError(
            f"`resample` would make {bridged.sum():,} empty rows beside the {len(present):,} that "
            f"{table.path} has something for. Expected a step near that of the data, "
            f"{time_span(sampling_step(times))} in the middle: choose a longer one, or a "
            "smaller `max_gap`."
        )
    # Each row is repeated for the empty rows after it.
    repeats = np.append(bridged, 0) + 1
    starts = np.repeat(np.cumsum(repeats) - repeats, repeats)
    filled = np.repeat(present, repeats) + np.arange(repeats.sum()) - starts
    frame = frame.reindex(filled, fill_value=False if is_labels else np.nan)
    frame.index = pd.DatetimeIndex(steps.ends(filled), name=times.name)
    notices = list(table.notices)
    if not is_labels:
        notices.append(
            f"Its {len(times):,} rows are brought to one step of {time_span(step)} (`resample`)"
            f"{_midnight_of(steps, time_zone)}: "
            f"{len(frame):,} rows, {len(frame) - len(present):,} of them empty."
        )
    return Table(table.path, frame, notices, columns=table.columns)


def resample_joined(
    data: Table,
    context: Table | None,
    step: pd.Timedelta,
    keys: DataKeys,
    *,
    allow_empty: bool,
) -> Table:
    """Resample data together with their context, as a step may begin in one and end in the other.

    Args:
        data: (rows, series), data units.
        context: earlier rows of the same series; None for none.
        step: from a row to the next.
        keys: `T`, `max_gap` and `time_zone`.
        allow_empty: whether a series may be without any value.

    Returns:
        The rows of both.

    Raises:
        InputError: the context does not fit the data, or there are fewer than T rows.
    """
    before = keys.window_length - 1
    joined = data
    if context is not None:
        joined = prepend_context(data, context, 0, allow_empty=allow_empty)
    table = resample(joined, step, keys.max_gap, keys.time_zone)
    missing = 0
    if context is not None:
        # The first row of the data is in the first step that ends not before it.
        first = int(np.searchsorted(table.frame.index, data.frame.index[0]))
        missing = max(before - first, 0)
        table = Table(table.path, table.frame, table.notices, first, table.columns)
    if len(table.frame) <= before:
        raise InputError(
            f"{data.path} has {len(table.frame):,} rows of {time_span(step)} (`resample`), but at "
            f"least {before + 1:,} are needed: a window is `T` rows. Use more data, a shorter "
            "step or a smaller `T`."
        )
    if missing:
        table.notices.append(
            f"The context gives {before - missing:,} rows of {time_span(step)} where {before:,} "
            f"are needed: the first {missing:,} rows of the data get no score."
        )
    return table


@dataclass(frozen=True, eq=False)
class _Steps:
    """Steps that the rows of a table lie in; each holds its end.

    Attributes:
        length: of a step in microseconds, by which steps are numbered from 1970.
        midnights: (steps,) int64 microseconds since 1970, ends of steps of local days, by whose
            place steps are numbered instead; None for steps of one length.
    """

    length: int
    midnights: IntArray | None = None

    @classmethod
    def of(cls, times: pd.DatetimeIndex, step: pd.Timedelta, time_zone: str | None) -> Self:
        length = int(step // pd.Timedelta(1, unit="us"))
        if time_zone is None or length % DAY or not len(times):
            return cls(length)
        first, last = times[[0, -1]].as_unit("us").asi8.tolist()
        return cls(length, midnights(first, last, length // DAY, time_zone))

    def numbers(self, times: pd.DatetimeIndex) -> IntArray:
        """Return (times,) int64, the numbers of the steps that times lie in."""
        instants = times.as_unit("us").asi8
        if self.midnights is None:
            numbers: IntArray = -(-instants // self.length)
            return numbers
        return np.searchsorted(self.midnights, instants)

    def ends(self, numbers: IntArray) -> np.ndarray:
        """Return (numbers,) datetime64, when steps end."""
        ends = numbers * self.length if self.midnights is None else self.midnights[numbers]
        return ends.astype("datetime64[us]")


def _midnight_of(steps: _Steps, time_zone: str | None) -> str:
    return "" if steps.midnights is None else f", which ends at midnight in {time_zone}"
