"""Columns that are not what they seem: labels, counters, row numbers, codes for missing values.

Each is only told, with the key that answers it: whether a column of 0 and 1 is a valve or a label,
nobody knows but the user.
"""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array
from dcvae._text import all_quoted, as_value, quoted, shortened, words_of
from dcvae.data.columns.codes import Code, codes_in, describe_codes
from dcvae.data.columns.overview import Summary
from dcvae.data.times.steps import resolution_notice

# Words that name labels wherever they stand in a name, and those that do so among their like only.
_LABEL_WORD = re.compile(
    r"labels?|(is)?anomal(y|ies|ous|ias?|ien?)|(is)?outliers?|attacks?|(ground)?truth"
    r"|(is)?fault(s|y)?|failures?|incidents?|changepoints?|(is)?abnormal|etiquetas?"
    r"|sto(e)?rung(en)?|(is)?fraud"
)
_LABEL_WORD_ALONE = re.compile("target|class|y|normal|alarm|alert|event|gt|ano|broken|flag")
_WORD_BESIDE = re.compile("is|has|the|ground|true|att|bin|binary")
# At the end of a name they say that it is a measured value, such as `fault_current`.
_QUANTITY = re.compile(
    "rate|ratio|score|count|counter|number|current|voltage|power|pressure|temperature|speed|load"
    "|level|time|duration|distance|threshold|reset"
)
_LARGEST_LABEL = 1_000.0
_FEWEST_ROWS = 30  # below it nothing about a column is told but its name
_PROBE = 2_000  # rows by which a column is ruled out before all of it is looked at
_FEWEST_INCREASES = 20
_MOST_STEPS_BACK = 0.02  # of a counter, as a share of its first rows
_US = 1e6  # microseconds of a second
_EPOCHS = (  # microseconds of a unit, and what is counted up to 1970
    *((_US, 0.0), (1e3, 0.0), (1.0, 0.0), (1e-3, 0.0)),
    *((86_400 * _US, 0.0), (86_400 * _US, 25_569.0)),  # days, and days as spreadsheets have them
)
_TOTAL_WORD = re.compile(
    r"total\w*|cumul\w*|counts?|counters?|bytes|packets|octets|errors|sum|kwh|odometer"
)


def label_notices(
    frame: pd.DataFrame, summary: Summary, labels: pd.DataFrame | None = None
) -> list[str]:
    """Tell of columns that seem to be labels.

    Args:
        frame: (rows, series), data units.
        summary: of it.
        labels: (rows, series) bool, of the same rows; None if there are none.

    Returns:
        Without labels, a sentence about series of two values that are named like a label. With
        them, one about the others that are equal to the labels, whatever their two values are.
    """
    truth = None if labels is None else labels.any(axis=1).to_numpy()
    if truth is not None and (truth.all() or not truth.any()):
        return []
    found: dict[str, list[str]] = {}
    for number, name in enumerate(frame.columns):
        low, high = float(summary.smallest[number]), float(summary.largest[number])
        is_named = _is_label(str(name), low, high)
        if is_named == (truth is not None):
            continue
        values = frame.iloc[:, number].to_numpy()
        if truth is None:
            if _has_only(values, low, high):
                two = "0 or 1" if low in (0, 1) and high in (0, 1) else f"{low:g} or {high:g}"
                found.setdefault(f"{two} and named like a label", []).append(str(name))
        elif why := _equal_to(truth, values, low, high):
            found.setdefault(why, []).append(str(name))
    if not found:
        return []
    names = [name for of in found.values() for name in of]
    parts = [
        f"{all_quoted(of)} {'is' if len(of) == 1 else 'are'} {why}" for why, of in found.items()
    ]
    return [
        f"WARNING: {'; '.join(parts)}: a model that is shown the answer is worth nothing. If it is "
        f"a label, leave it out with `ignore`: `{as_value(names)}`, and train again."
    ]


def is_named_like_label(name: str, *, surely: bool = False) -> bool:
    """Tell whether a column is named as labels are, such as `is_anomaly` or `Class`.

    Args:
        name: of the column.
        surely: whether words that may mean something else do not count: `class`, `flag`, `event`.
    """
    words = words_of(name)
    if not words or _QUANTITY.fullmatch(words[-1]):
        return False
    if surely or any(_LABEL_WORD.fullmatch(word) for word in words):
        return any(_LABEL_WORD.fullmatch(word) for word in words)
    alone = [word for word in words if not _WORD_BESIDE.fullmatch(word)]
    has_digits = re.search(r"\d", name) is not None
    return bool(alone) and not has_digits and all(map(_LABEL_WORD_ALONE.fullmatch, alone))


def suspect_notices(frame: pd.DataFrame, summary: Summary, counters: tuple[str, ...]) -> list[str]:
    """Tell of series that seem to be counters, row numbers, times or to hold codes.

    Args:
        frame: (rows, series), data units, by time.
        summary: of it.
        counters: names of series that were turned into their growth already.

    Returns:
        One sentence for each kind that was found.
    """
    if len(frame) < _FEWEST_ROWS:
        return []
    times = pd.DatetimeIndex(frame.index)
    kinds: dict[str, list[str]] = {"rows": [], "time": [], "part": [], "counter": []}
    head = _parts_of(times[:_PROBE])
    codes: list[Code] = []
    for number, name in enumerate(frame.columns):
        low, high = summary.smallest[number], summary.largest[number]
        if str(name) in counters or not np.isfinite([low, high]).all():
            continue
        values = frame.iloc[:, number].to_numpy()
        if low == high:
            continue
        kind = _time_kind(values, times) if _matches(values[:_PROBE], head) else ""
        if kind := kind or _growing_kind(str(name), values, times):
            kinds[kind].append(str(name))
        else:
            codes += codes_in(str(name), values)
    return [
        *(_describe_growing[kind](names) for kind, names in kinds.items() if names),
        *describe_codes(codes),
    ]


def step_notices(frame: pd.DataFrame, summary: Summary, max_fill: int | None) -> list[str]:
    """Tell of series with a value every k-th row only, and of several resolutions in one file.

    Args:
        frame: (rows, series), data units, by time.
        summary: of it.
        max_fill: rows for which a missing cell takes the value before it; None for all.

    Returns:
        One sentence for each of the two.
    """
    notices = []
    sparse: dict[int, list[str]] = {}
    for number, name in enumerate(frame.columns):
        if not summary.missing[number]:
            continue
        rows = np.flatnonzero(~np.isnan(frame[name].to_numpy()))
        if len(rows) < 4:
            continue
        apart = np.diff(rows)
        every = int(np.median(apart))
        if max_fill is not None and every > max_fill + 1 and (apart >= every * 0.5).mean() > 0.8:
            sparse.setdefault(every, []).append(str(name))
    for every, names in sparse.items():
        notices.append(
            f"{shortened(quoted(names))} {_have(names)} a value every {every:,} rows, but a "
            f"missing cell takes the value before it for {max_fill} rows only (`max_fill`), then "
            f'the mean of training. Set `"max_fill": {every}`, or bring all rows to one step with '
            "`resample`."
        )
    return notices + resolution_notice(frame.index)


def _is_label(name: str, low: float, high: float) -> bool:
    """Tell whether a series is named like a label, and its range is one of labels."""
    if not (low % 1 == 0 and high % 1 == 0 and high < _LARGEST_LABEL):
        return False
    if low == high and low not in (0.0, 1.0):
        return False
    return is_named_like_label(name)


def _has_only(values: Float64Array, low: float, high: float) -> bool:
    """Tell whether a series has no values but these two."""
    return bool(((values == low) | (values == high) | np.isnan(values)).all())


def _equal_to(truth: np.ndarray, values: Float64Array, low: float, high: float) -> str:
    """Say how a series of two values is equal to the labels; "" if it is not."""
    if not low < high or len(values) != len(truth):
        return ""
    head = values[:_PROBE]
    if not _has_only(head, low, high) or not _has_only(values, low, high):
        return ""
    observed = ~np.isnan(values)
    is_high, is_labeled = values[observed] == high, truth[observed]
    if (is_high == is_labeled).all():
        anomaly, normal = high, low
    elif (is_high != is_labeled).all():
        anomaly, normal = low, high
    else:
        return ""
    if (anomaly, normal) == (1.0, 0.0):
        return "equal to the labels"
    return f"equal to the labels, with {anomaly:g} for an anomaly and {normal:g} for normal"


def _time_kind(values: Float64Array, times: pd.DatetimeIndex) -> str:
    """Return "time" for dates as numbers, "part" for an hour, a weekday or the like; else ""."""
    kinds = _matches(values, _parts_of(times))
    if "date" in kinds:
        return "time"
    different = len(np.unique(values[~np.isnan(values)]))
    is_part = "part" in kinds and different >= 3
    is_shifted = ("hour" in kinds and different == 24) or ("weekday" in kinds and different == 7)
    return "part" if is_part or is_shifted else ""


def _parts_of(times: pd.DatetimeIndex) -> dict[str, list[np.ndarray]]:
    """Return numbers that tell the time or a part of it, (rows,) each, by kind."""
    year, month, day = (_whole(part) for part in (times.year, times.month, times.day))
    hour, minute, second = (_whole(part) for part in (times.hour, times.minute, times.second))
    date, clock = (year * 100 + month) * 100 + day, (hour * 100 + minute) * 100 + second
    year_day, of_day = _whole(times.day_of_year), (hour * 60 + minute) * 60 + second
    return {
        "date": [
            *(year, year * 100 + month, date, date % 1_000_000, year * 1000 + year_day),
            *(date * 100 + hour, date * 10_000 + clock // 100, date * 1_000_000 + clock),
        ],
        "part": [
            *(month, month - 1, day, year_day, _whole(times.quarter), hour, minute, second),
            *(_whole(times.isocalendar().week), clock // 100, clock),
            *(of_day, of_day // 60, of_day / 3600, hour + minute / 60),
        ],
        "hour": [hour],
        "weekday": [_whole(times.day_of_week)],
    }


def _whole(part: pd.Index | pd.Series) -> np.ndarray:
    return np.asarray(part, dtype=np.int64)  # dates and clocks in one number have 14 digits


def _matches(values: Float64Array, parts: dict[str, list[np.ndarray]]) -> set[str]:
    """Return the kinds of the parts of the time that a series is equal to."""
    observed = ~np.isnan(values)
    seen = values[observed]
    kinds = set()
    for kind, several in parts.items():
        for part in several:
            if kind in ("hour", "weekday"):
                # Counted from 0 or 1, from Sunday or Monday, in any zone, one clock change apart.
                size = 24 if kind == "hour" else 7
                shift = (seen - part[observed]) % size
                changes = int((np.diff(shift) != 0).sum())
                is_equal = changes <= len(seen) / 1_000 and bool(((seen % 1) == 0).all())
                is_equal &= bool(((seen >= 0) & (seen <= size)).all())
            else:
                is_equal = bool(
                    (np.abs(seen - part[observed]) <= 1e-6 * (1 + np.abs(seen[:1]))).all()
                )
            if is_equal:
                kinds.add(kind)
                break
    return kinds


def _growing_kind(name: str, values: Float64Array, times: pd.DatetimeIndex) -> str:
    """Return "rows", "time" or "counter" for a series that grows like one; "" for any other."""
    head = np.diff(values[:_PROBE])
    if ((head == -1) | np.isnan(head)).all():
        return "rows" if _counts_rows(values, -1.0) else ""
    steps_back = (head < 0).sum()
    if steps_back > max(2, _MOST_STEPS_BACK * len(head)) or not (head > 0).any():
        return ""
    rows = np.flatnonzero(~np.isnan(values))
    seen = values[rows]
    if len(seen) < _FEWEST_ROWS:
        return ""
    change = np.diff(seen)
    ups, falls = int((change > 0).sum()), np.flatnonzero(change < 0)
    if len(falls) == 0:
        if _counts_rows(values, 1.0):
            return "rows"
        ticks = times.as_unit("us").asi8[rows]
        for unit, start in _EPOCHS:
            clock = ticks / unit
            since = clock - clock[0]
            is_epoch = np.abs(seen - clock - start).max() * unit <= 86_400 * _US
            if is_epoch or np.abs(seen - seen[0] - since).max() <= 1e-6 * since[-1]:
                return "time"
    if ups < _FEWEST_INCREASES or len(falls) > ups / 20 or seen.min() < 0:
        return ""
    if len(falls):
        return "counter" if (seen[falls + 1] <= 0.1 * seen[falls]).all() else ""
    # A level that drifts upward without one step back is not one of whole numbers that jump.
    is_named = any(map(_TOTAL_WORD.fullmatch, words_of(name)))
    return "counter" if is_named or (ups > 0.5 * len(change) and _has_unit(seen, change)) else ""


def _counts_rows(values: Float64Array, by: float) -> bool:
    """Tell whether a series of whole numbers changes by as much in every row."""
    rows = np.flatnonzero(~np.isnan(values))
    seen = values[rows]
    if len(seen) < _FEWEST_ROWS or seen[0] % 1:
        return False
    return bool(((np.diff(seen) == by * np.diff(rows)) | (np.diff(seen) == by)).all())


def _has_unit(seen: Float64Array, change: Float64Array) -> bool:
    """Tell whether a total is of whole numbers, or grows by whole multiples of a unit."""
    if (seen % 1 == 0).all():
        return True
    unit = change[change > 0].min()
    multiples = np.round(change / unit)
    off = float(np.abs(change - multiples * unit).max())
    rounding = 1e-9 * float(np.abs(seen).max())
    return off <= min(rounding, 1e-3 * unit) and bool(multiples.max() < 1e6)


def labels_notice(labels: pd.DataFrame) -> list[str]:
    """Tell of labels of which more than half are 1.

    Args:
        labels: (rows, series) bool.
    """
    share = float(labels.any(axis=1).mean()) if len(labels) else 0.0
    if share <= 0.5 or len(labels) < _FEWEST_ROWS:
        return []
    return [
        f"{share:.0%} of the rows are labeled 1, an anomaly: are the labels the other way round? "
        "Here 1 is an anomaly and 0 is normal."
    ]


def _have(names: list[str]) -> str:
    return "has" if len(names) == 1 else "have"


_describe_growing: dict[str, Callable[[list[str]], str]] = {
    "rows": lambda names: (
        f"{shortened(quoted(names))} {'counts' if len(names) == 1 else 'count'} rows: in another "
        "file it has values never seen in training. Leave it out with `ignore`: "
        f"`{as_value(names)}`."
    ),
    "time": lambda names: (
        f"{shortened(quoted(names))} {'repeats' if len(names) == 1 else 'repeat'} the time: in "
        "another file it has values never seen in training. Leave it out with `ignore`: "
        f"`{as_value(names)}`."
    ),
    "part": lambda names: (
        f"{shortened(quoted(names))} {'repeats' if len(names) == 1 else 'repeat'} the time, an "
        "hour, a weekday or another part of it: that is no measurement. Leave it out with "
        f"`ignore`: `{as_value(names)}`."
    ),
    "counter": lambda names: (
        f"{shortened(quoted(names))} only {'grows' if len(names) == 1 else 'grow'}, but for "
        "restarts, as a counter does: in another file it has values never seen in training. Read "
        f"its growth with `counters`: `{as_value(names)}`, or leave it out with `ignore`."
    ),
}
