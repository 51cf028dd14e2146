"""Context: rows of an earlier file, put in front of the data."""

import pandas as pd

from dcvae.data.columns.overview import Summary
from dcvae.data.files.messages import refuse
from dcvae.data.tables import Table, empty_problems
from dcvae.data.times.steps import clock_change, sampling_step, time_span
from dcvae.errors import InputError


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
    problems = [] if allow_empty else empty_problems(frame, Summary.of(frame), is_trained=True)
    if problems:
        refuse(data.path, f"even after the end of its context {context.path}, {problems[0]}")
    step = sampling_step(frame.index)
    if start - end > step + clock_change(step):
        notices.append(
            f"Between the context {context.path} and the data lies a gap of "
            f"{time_span(start - end)}, where the sampling step is {time_span(step)}."
        )
    return Table(data.path, frame, notices, len(context.frame), data.columns)
