"""Steps between the times of rows: the sampling step, and what differs from it."""

import math

import numpy as np
import pandas as pd

from dcvae._text import quantity

_DAY = pd.Timedelta(1, unit="D")
_CLOCK_CHANGE = pd.Timedelta(1, unit="h")  # by which a local day is shorter or longer
_SHORTEST_MONTH = pd.Timedelta(28, unit="D")
_UNITS = {"d": 86_400_000_000, "h": 3_600_000_000, "min": 60_000_000, "s": 1_000_000, "ms": 1_000}
_APART = 1.9  # times as long is another resolution
_MOST_RESOLUTIONS = 5  # one after the other; more are a step that varies


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
    """Tell of steps that differ from the sampling step, and where the longest or shortest is.

    Local days of 23 and 25 hours do not, nor do calendar months, quarters and years, whose
    lengths differ. Of a file with several resolutions `resolution_notice` tells.
    """
    step, steps = sampling_step(index), steps_between(index)
    usual, allowed = _microseconds(step), _microseconds(clock_change(step))
    irregular = abs(steps - usual) > allowed
    if not irregular.any() or resolution_notice(index):
        return []
    name, months = time_span(step), _calendar_months(index, step)
    if months is not None:
        usual = int(np.median(months))
        irregular, allowed, steps = months != usual, 0, months
        name = f"{usual} calendar month{'s' if usual > 1 else ''}"
        if not irregular.any():
            return []
    which, row = "longest", int(steps.argmax())
    if steps[row] <= usual + allowed:
        which, row = "shortest", int(steps.argmin())
    extreme = (
        time_span(pd.Timedelta(int(steps[row]), unit="us"))
        if months is None
        else f"{steps[row]} month{'s' if steps[row] > 1 else ''}"
    )
    return [
        f"The sampling step is {name}, but {irregular.sum():,} of {len(steps):,} steps differ "
        f"from it; the {which} is {extreme}, after {index[row]}."
    ]


def resolution_notice(index: pd.Index) -> list[str]:
    """Tell of a file whose rows are at one step first and at others later, as archives have them.

    Args:
        index: (rows,) times.

    Returns:
        At most one sentence.
    """
    times, steps = pd.DatetimeIndex(index), steps_between(index)
    if len(steps) < 40:
        return []
    block = max(len(steps) // 20, 10)
    medians = [
        float(np.median(steps[start : start + block]))
        for start in range(0, len(steps) - block // 2, block)
    ]
    medians[-1] = float(np.median(steps[-block:]))
    if min(medians) <= 0 or max(medians) < _APART * min(medians):
        return []
    change = _only_change(steps, medians[0], medians[-1])
    if change:
        levels = [medians[0], medians[-1]]
        number, until = "two resolutions", f" until {times[change]}"
    else:
        levels = _levels(steps, medians, block)
        number, until = "several resolutions", ""
    if not levels:
        return []
    spans = [time_span(pd.Timedelta(round(level), unit="us")) for level in levels]
    return [
        f"The file has {number}: its rows are {spans[0]} apart{until}, then "
        f"{', then '.join(spans[1:])}. The network takes every row for one step: give the part "
        "that is meant, or bring all rows to the coarsest step with "
        f'`"resample": "{_resample_value(max(levels))}"`.'
    ]


def _only_change(steps: np.ndarray, first: float, last: float) -> int:
    """Return the row at which the steps change from one to another, for good; 0 if they do not."""
    if max(first, last) < _APART * min(first, last):
        return 0
    is_long = steps > np.sqrt(first * last)
    falls = np.cumsum(np.where(is_long == (first > last), 1, -1))
    change = int(np.argmax(falls)) + 1
    wrong = (is_long[:change] != (first > last)).sum() + (is_long[change:] == (first > last)).sum()
    # A third resolution would be on the right side of the change, but not near either step.
    middle = np.where(np.arange(len(steps)) < change, first, last)
    far = np.abs(np.log(np.maximum(steps, 1) / middle)) > np.log(_APART) / 2
    return change if max(wrong, far.sum()) <= 0.05 * len(steps) else 0


def _levels(steps: np.ndarray, medians: list[float], block: int) -> list[float]:
    """Return the steps of stretches, one after the other; none if the steps vary otherwise."""
    levels = [medians[0]]
    of_rows = np.empty(len(steps))
    for number, median in enumerate(medians):
        if max(median, levels[-1]) >= _APART * min(median, levels[-1]):
            levels.append(median)
        of_rows[number * block :] = levels[-1]
    far = np.abs(np.log(np.maximum(steps, 1) / of_rows)) > np.log(_APART) / 2
    return levels if 2 < len(levels) <= _MOST_RESOLUTIONS and far.mean() <= 0.1 else []


def _calendar_months(index: pd.Index, step: pd.Timedelta) -> np.ndarray | None:
    """Return (rows - 1,) the calendar months between times that are on one day of the month.

    Args:
        index: (rows,) times.
        step: between them.

    Returns:
        The months; None if the times are not on one day, or on the last one of short months.
    """
    times = pd.DatetimeIndex(index)
    if step < _SHORTEST_MONTH - _CLOCK_CHANGE:
        return None
    clock = times[0] - times[0].normalize()
    days = (times - clock).round("D")  # a local midnight is at two times of UTC
    away = np.abs(np.asarray(times - clock - days))
    if bool((away > _CLOCK_CHANGE.to_timedelta64()).any()):
        return None
    if (days.day != np.minimum(days.day.max(), days.days_in_month)).any():
        return None
    months: np.ndarray = np.diff(np.asarray(days.year) * 12 + np.asarray(days.month))
    return months


def _resample_value(microseconds: float) -> str:
    """Write a step as the key `resample` takes it, in the largest unit that it is whole of."""
    for name, unit in _UNITS.items():
        count = round(microseconds / unit)
        if count and abs(microseconds - count * unit) <= 0.001 * microseconds:
            return f"{count}{name}"
    return f"{max(round(microseconds / _UNITS['ms']), 1)}ms"


def _microseconds(duration: pd.Timedelta) -> int:
    return duration // pd.Timedelta(1, unit="us")


def steps_between(times: pd.Index | pd.Series) -> np.ndarray:
    """Return (rows - 1,) int64, the steps from each time to the next in microseconds."""
    return np.diff(pd.DatetimeIndex(times).as_unit("us").asi8)


def time_span(duration: pd.Timedelta) -> str:
    """Write a step or a gap in words, whole: steps that differ a little look different.

    Examples:
        >>> time_span(pd.Timedelta(minutes=5)), time_span(pd.Timedelta("1 days 00:00:00.2"))
        ('5 min', '1 day 200 ms')
    """
    if duration < pd.Timedelta(0):
        return f"-{time_span(-duration)}"
    rest, parts = _microseconds(duration), []
    for name in ("d", "h", "min"):
        count, rest = divmod(rest, _UNITS[name])
        if count:
            word = name if name != "d" else "day" if count == 1 else "days"
            parts.append(f"{count:,} {word}")
    if rest or not parts:
        parts.append(quantity(rest / 1e6, "s", digits=8))  # below a minute, to the microsecond
    return " ".join(parts)


def clock_change(step: pd.Timedelta) -> pd.Timedelta:
    """Return by how much a step may differ from the sampling step where the clocks change.

    Args:
        step: the sampling step.

    Returns:
        An hour for a sampling step of whole days, which may be local ones; else 0.
    """
    return pd.Timedelta(0) if not step or step % _DAY else _CLOCK_CHANGE
