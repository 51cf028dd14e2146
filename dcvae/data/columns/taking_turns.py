"""Columns that take turns: machines, sensors or metrics below each other in one table."""

import re

import numpy as np
import pandas as pd

from dcvae._text import words_of

# Last words of names of columns that tell machines apart.
_NAME = re.compile(
    "ids?|devices?|host|hostname|node|server|machine|instance|sensor|entity|unit|station|site|cell"
    "|interface|iface|port|link|vm|pod|container|metric|variable|item|key|tag|name|source|user"
    "|customer|store|shop|group|plant|region|line|well|rack|slot|zone|area|location|loc|city|branch"
    "|no|number|meter|asset|pump|turbine|channel"
)
_MOST = 0.2  # of the rows, different values of a column that tells machines apart


def entity_columns(frame: pd.DataFrame, times: pd.Index | None = None) -> list[str]:
    """Return the columns that may tell machines apart, the likeliest first.

    Such a column has few different values, each in many rows, that are words or whole numbers; and
    it takes turns with the time: within one value no time stands twice, or the values follow each
    other in one order.

    Args:
        frame: (rows, columns) text or numbers.
        times: (rows,) of the rows; None to judge by the columns alone.

    Returns:
        Names of columns.
    """
    found: list[tuple[bool, int, str]] = []
    for name in frame.columns:
        column = frame[name]
        if isinstance(column, pd.DataFrame) or len(column) < 4:
            continue
        codes, values = pd.factorize(column)
        if not 2 <= len(values) <= max(2, _MOST * len(column)) or (codes < 0).any():
            continue
        if np.bincount(codes).min() < 2 or not _is_name(values):
            continue
        sounds = any(map(_NAME.fullmatch, words_of(str(name))[-1:]))
        if times is not None:
            pairs = pd.MultiIndex.from_arrays([codes, pd.factorize(times)[0]])
            if pairs.duplicated().mean() > 0.01:
                continue
            # Of a column that is not named so, every value must stand at nearly every time.
            if not sounds and len(column) < 0.8 * len(values) * pd.Index(times).nunique():
                continue
        elif not (sounds and takes_turns(codes, len(values))):
            continue
        found.append((not sounds, len(found), str(name)))
    return [name for _, _, name in sorted(found)]


def entity_pair(frame: pd.DataFrame, times: pd.Index) -> list[str]:
    """Return two columns that tell rows of one time apart only together; empty if none do."""
    few = []
    for name in frame.columns:
        codes, values = pd.factorize(frame[name])
        if 2 <= len(values) <= max(2, _MOST * len(codes)) and _is_name(values):
            few.append((str(name), codes))
    moments = pd.factorize(times)[0]
    for number, (first, codes) in enumerate(few):
        for second, others in few[number + 1 :]:
            pairs = pd.MultiIndex.from_arrays([moments, codes, others])
            if not pairs.has_duplicates and len(pairs) > 2 * len(np.unique(moments)):
                return [first, second]
    return []


def takes_turns(codes: np.ndarray, count: int) -> bool:
    """Tell whether values follow each other in one order over and over: 0, 1, 2, 0, 1, 2, ...

    Args:
        codes: (rows,) int, which of the values each row has, from 0.
        count: number of different values.

    Returns:
        True if nearly every row has the value of the row `count` before it, and no two neighbors
        share one.
    """
    if len(codes) < 2 * count:
        return False
    again = (codes[count:] == codes[:-count]).mean()
    same = (codes[1:] == codes[:-1]).mean()
    return bool(again > 0.95 and same < 0.05)


def _is_name(values: pd.Index) -> bool:
    """Tell whether values are words or whole numbers, as names of machines are."""
    numbers = pd.to_numeric(pd.Series(values), errors="coerce").to_numpy(dtype="float64")
    if not np.isfinite(numbers).all():
        return bool(np.isnan(numbers).all())
    return bool((np.mod(numbers, 1) == 0).all())
