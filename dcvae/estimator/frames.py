"""Rows given to a detector, as tables: times, keys of files, context and labels."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcvae._arrays import AnyFloatArray
from dcvae._text import all_quoted
from dcvae.config import DataKeys
from dcvae.data import (
    Table,
    by_keys,
    columns_in_order,
    prepend_context,
    series_names,
    table_from_array,
    timed_rows,
)
from dcvae.errors import InputError
from dcvae.pipeline import ModelDescription

Check = Callable[[object], AnyFloatArray]


def rows_to_fit(given: object, keys: DataKeys) -> tuple[object, list[str]]:
    """Return rows to fit to: by their times, without columns that `ignore` names; and notices."""
    rows, notices = timed_rows(given, time_columns=keys.time_column)
    if isinstance(rows, pd.DataFrame) and keys.ignore:
        ignored = [name for name in rows.columns if str(name) in keys.ignore]
        rows = rows.drop(columns=ignored)
    return rows, notices


def has_times(rows: object) -> bool:
    """Tell whether rows have times of their own, after `timed_rows`."""
    return isinstance(rows, pd.DataFrame) and isinstance(rows.index, pd.DatetimeIndex)


def table_to_fit(values: AnyFloatArray, rows: object, keys: DataKeys, step: pd.Timedelta) -> Table:
    """Make a table of checked values (rows, series) to fit to.

    Args:
        values: checked, data units.
        rows: from `rows_to_fit`, for names and times.
        keys: how cells are read.
        step: between rows without times.
    """
    names = series_names(rows, values.shape[1])
    table = table_from_array(values.astype(np.float64, copy=False), rows, names, step)
    return by_keys(table, None, keys)[0]


def table_to_score(
    given: object,
    model: ModelDescription,
    check: Check,
    *,
    by_name: bool,
    context: object = None,
) -> Table:
    """Make a table to score, with its context in front.

    Args:
        given: rows as the user gives them.
        model: the model, for series, sampling step and keys.
        check: checks rows and returns them as (rows, series) float.
        by_name: whether columns of a frame are matched by their names.
        context: earlier rows, as the user gives them; None for none.

    Returns:
        The table, its context counted in `context_rows`.

    Raises:
        InputError: a series is missing, times are refused, or the context does not fit.
    """
    table, timed = _read(given, model, check, by_name=by_name)
    before = None
    if context is not None:
        before, before_timed = _read(context, model, check, by_name=by_name)
        before = replace(before, path=Path("`context`"))
        if timed != before_timed:
            raise InputError(
                "Expected both X and `context` with times, or both without. Received times in "
                f"{'X' if timed else '`context`'} alone."
            )
        if not timed:
            step = pd.Timedelta(model.step_seconds, unit="s")
            before = _moved(before, -len(before.frame) * step)
    table, before = by_keys(table, before, model.settings)
    if before is None:
        return table
    return prepend_context(table, before, model.settings.window_length - 1, allow_empty=True)


def _read(
    given: object, model: ModelDescription, check: Check, *, by_name: bool
) -> tuple[Table, bool]:
    keys, series = model.settings, model.series
    rows, notices = timed_rows(given, series, keys.time_column)
    if by_name:
        rows = columns_in_order(rows, series)
    values = check(rows).astype(np.float64, copy=False)
    step = pd.Timedelta(model.step_seconds, unit="s")
    table = table_from_array(values, rows, series, step)
    return replace(table, notices=[*notices, *table.notices]), has_times(rows)


def _moved(table: Table, by: pd.Timedelta) -> Table:
    return replace(table, frame=table.frame.set_axis(table.frame.index + by, axis=0))


def labels_of(given: Any, table: Table) -> Table:
    """Make labels of a table's rows, without those of its context.

    Args:
        given: (rows,), (rows, 1) for all series, or (rows, series): 0 and 1 or bool. Columns of a
            frame are matched by name, and its times must be those of the rows.
        table: the table that is labeled.

    Returns:
        (rows, series) bool.

    Raises:
        InputError: there is not one label for every row, a series has none, or a label is anything
            but 0, 1, True or False.
    """
    frame = table.frame.iloc[table.context_rows :]
    series = [str(name) for name in frame.columns]
    if isinstance(given, pd.Series):
        given = given.to_frame("label")
    rows, _ = timed_rows(given)
    if isinstance(rows, pd.DataFrame):
        names = [str(name) for name in rows.columns]
        lacking = [name for name in series if name not in names]
        if rows.shape[1] > 1 or not lacking:
            if lacking:
                raise InputError(
                    f"Expected a column of `labels` for each of the {len(series)} series, or a "
                    f"single one for all. Received none for {all_quoted(lacking[:5])}."
                )
            rows = rows.set_axis(names, axis=1)[series]
        _check_times(rows, frame)
    values = np.asarray(rows)
    values = values[:, np.newaxis] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != len(frame) or values.shape[1] not in (1, len(series)):
        raise InputError(
            f"Expected `labels` of {len(frame):,} rows, and 1 or {len(series)} columns. Received: "
            f"shape {np.shape(given)}."
        )
    is_label = np.isin(values, (0, 1))
    if not is_label.all():
        row, column = (int(place) for place in np.argwhere(~is_label)[0])
        raise InputError(
            "Expected every label to be 0, 1, True or False. Received "
            f"{values[row, column]!r} in row {row}, column {column} of `labels`, counted from 0."
        )
    truth = np.broadcast_to(values == 1, frame.shape)
    return Table(Path("labels"), pd.DataFrame(truth, frame.index, series, copy=True), [])


def _check_times(labels: pd.DataFrame, frame: pd.DataFrame) -> None:
    """Refuse labels at other times than the rows; without times they are taken in order."""
    if not has_times(labels) or len(labels) != len(frame):
        return
    times = pd.DatetimeIndex(labels.index)
    times = times if times.tz is None else times.tz_convert("UTC").tz_localize(None)
    differ = np.flatnonzero(times.as_unit("us") != frame.index)
    if len(differ):
        row = int(differ[0])
        raise InputError(
            f"Expected `labels` at the times of X. Received {times[row]} in row {row}, where X has "
            f"{frame.index[row]} ({len(differ):,} rows differ)."
        )
