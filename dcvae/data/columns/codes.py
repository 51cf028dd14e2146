"""Codes for missing values: numbers that tools write where nothing was measured."""

from dataclasses import dataclass

import numpy as np

from dcvae._arrays import Float64Array
from dcvae._text import shortened

_ENDS_OF_RANGES = {float(2**n - less) for n in (15, 16, 31, 32, 63, 64) for less in (0, 1)}
_OTHER_CODES = {-1.0, -200.0, 1e20, 1e30, -1e20, -1e30}
_FEWEST_OTHERS = 30  # cells that are no code, below which none is told
_FAR = 3.0  # a value that is a code is farther from the others than this many times their range
_MOST_OF_TWO = 0.1  # share of cells up to which two extremes are taken for two codes
_MOST_CODES = 4  # of one series


@dataclass(frozen=True)
class Code:
    """A value that seems to stand for a missing one.

    Attributes:
        name: of the series.
        value: the code.
        count: number of its cells.
        first: smallest of the values that are no code.
        last: largest of them.
    """

    name: str
    value: float
    count: int
    first: float
    last: float


def codes_in(name: str, values: Float64Array) -> list[Code]:
    """Find extreme values that stand for missing ones.

    Args:
        name: of the series.
        values: (rows,) data units, NaN where missing.

    Returns:
        Those that stand apart from all others, the farthest first.
    """
    codes: list[Code] = []
    rest = values[~np.isnan(values)]
    rows = len(rest)
    while len(codes) < _MOST_CODES:
        found = _outermost(name, rest, rows)
        if not found:
            break
        codes += found
        for code in found:
            rest = rest[~_cells(rest, code.value)]
    return codes


def describe_codes(codes: list[Code]) -> list[str]:
    """Write a sentence for every value that seems to be a code.

    Args:
        codes: of all series.

    Returns:
        The sentences, with the key that tells the value.
    """
    notices = []
    by_value: dict[str, list[Code]] = {}
    for code in codes:
        by_value.setdefault(_written(code.value), []).append(code)
    for value, of in by_value.items():
        places = [
            f"`{code.name}` {code.count:,} times (all others from {code.first:.6g} to "
            f"{code.last:.6g})"
            for code in of
        ]
        notices.append(
            f"{value} stands apart in {shortened(places)}. If it means that nothing was measured, "
            f'say so with `"missing_values": [{value}]`'
            f"{', in one list with others' if len(by_value) > 1 else ''}: else it is learned as a "
            "value."
        )
    return notices


def _outermost(name: str, values: Float64Array, rows: int) -> list[Code]:
    """Find the code, or the two codes, that are the outermost values."""
    if len(values) <= _FEWEST_OTHERS:
        return []
    low, high = float(values.min()), float(values.max())
    for value in (low, high):
        if value == 0:
            value = -0.0 if low == 0 else np.nan  # a plain 0 is a value
        if code := _judged(name, values, value, (value,), rows):
            return [code]
    # Two codes hide each other: each makes the range of the others wide.
    pairs = [(low, high)]
    if (values == low).sum() >= 2:
        pairs.append((low, float(values[values > low].min(initial=high))))
    if (values == high).sum() >= 2:
        pairs.append((high, float(values[values < high].max(initial=low))))
    for pair in pairs:
        counts = [int((values == value).sum()) for value in pair]
        if 0 in pair or min(counts) < 2 or sum(counts) > _MOST_OF_TWO * rows:
            continue
        codes = [_judged(name, values, value, pair, rows) for value in pair]
        if all(codes):
            return [code for code in codes if code]
    return []


def _judged(
    name: str, values: Float64Array, value: float, left_out: tuple[float, ...], rows: int
) -> Code | None:
    """Return a value as a code if it is one beside all values but those left out."""
    cells = _cells(values, value)
    count = int(cells.sum())
    if count < 2 or count > rows / 2:
        return None
    is_other = np.ones(len(values), dtype=bool)
    for code in left_out:
        is_other &= ~_cells(values, code)
    others = values[is_other]
    if len(others) < _FEWEST_OTHERS:
        return None
    first, last = float(others.min()), float(others.max())
    spread, gap = last - first, min(abs(value - first), abs(value - last))
    if spread == 0:
        return None
    alone = value < 0 <= first  # the only value below zero
    if value == 0:
        is_found = True
    elif _is_code(value) and (gap > spread or alone or abs(value) >= 2**15 - 1):
        is_found = gap > 0.5 * spread or alone
    else:
        stretches = int((np.diff(cells.astype(np.int8)) == 1).sum()) + int(cells[0])
        has_range = bool(((others != first) & (others != last)).any())  # not a switch
        is_found = gap > _FAR * spread and stretches >= 3 and has_range
    return Code(name, value, count, first, last) if is_found else None


def _cells(values: Float64Array, value: float) -> np.ndarray:
    """Return (rows,) bool, where a value is; of a zero, where one of the same sign is."""
    equal: np.ndarray = values == value
    return equal & (np.signbit(values) == np.signbit(value)) if value == 0 else equal


def _is_code(value: float) -> bool:
    """Tell whether a number is one of those that tools write for a missing value."""
    whole = abs(value)
    if value in _OTHER_CODES or whole > 1e300:
        return True
    if whole % 1 == 0 and whole < 1e15:
        digits = str(int(whole))
        if set(digits) == {"9"} and len(digits) >= 2:
            return True
        return whole in _ENDS_OF_RANGES
    return abs(whole - 9999.99) < 1 or whole in (2.0**63, 2.0**64)


def _written(value: float) -> str:
    """Write a number as the settings file takes it, with as few digits as tell it from others."""
    if value % 1 == 0 and 0 < abs(value) < 1e16:
        return f"{value:.0f}"
    return repr(float(value))
