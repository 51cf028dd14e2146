"""Steps between the times of rows: the sampling step, and what differs from it."""

import math

import numpy as np
import pandas as pd

_DAY = pd.Timedelta(1, unit="D")
_CLOCK_CHANGE = pd.Timedelta(1, unit="h")  # by which a local day is shorter or longer


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

    Differences of less than a hundredth do not count, as no clock is exact, nor does the hour by
    which a local day may differ, nor a step of 0, that of a table with a single row.

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
    if abs(step - trained) <= clock_change(trained):
        return []
    return [
        f"The sampling step is {time_span(step)}, but the model was trained on steps of "
        f"{time_span(trained)}: it takes every row for one such step, so its scores may be wrong."
    ]


def describe_steps(index: pd.Index) -> list[str]:
    """Tell of steps that differ from the sampling step, and after which row the longest is.

    Local days of 23 and 25 hours do not.
    """
    step, steps = sampling_step(index), steps_between(index)
    microsecond = pd.Timedelta(1, unit="us")
    irregular = int((abs(steps - step // microsecond) > clock_change(step) // microsecond).sum())
    if not irregular:
        return []
    longest = int(steps.argmax())
    return [
        f"The sampling step is {time_span(step)}, but {irregular:,} of {len(steps):,} steps differ "
        f"from it; the longest is {time_span(pd.Timedelta(int(steps[longest]), unit='us'))}, "
        f"after {index[longest]}."
    ]


def steps_between(times: pd.Index | pd.Series) -> np.ndarray:
    """Return (rows - 1,) int64, the steps from each time to the next in microseconds."""
    return np.diff(pd.DatetimeIndex(times).as_unit("us").asi8)


def time_span(duration: pd.Timedelta) -> str:
    """Write a step or a gap as pandas does, without days if there are none."""
    return str(duration).removeprefix("0 days ")


def clock_change(step: pd.Timedelta) -> pd.Timedelta:
    """Return by how much a step may differ from the sampling step where the clocks change.

    Args:
        step: the sampling step.

    Returns:
        An hour for a sampling step of whole days, which may be local ones; else 0.
    """
    return pd.Timedelta(0) if not step or step % _DAY else _CLOCK_CHANGE
