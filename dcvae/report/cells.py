"""Cells of long CSV files as bytes: numbers, truth values, words and times, many rows at once.

The cells of a column are a matrix of bytes, one line per row, as wide as its longest cell and
filled up with a byte that UTF-8 never has. Columns are put side by side with commas and line ends
between them, and what fills them up is taken out: a few passes over arrays, where a printf format
would be worked through cell by cell. The digits are those of printf: what arrays of float64 cannot
round for sure, printf writes.
"""

import csv
import io
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae._arrays import AnyArray, AnyFloatArray, BoolArray, Float64Array, IntArray

Cells = NDArray[np.uint8]

_FILL = 0xFF  # in no text of UTF-8
_MOST_DECIMALS = 22  # the largest power of ten that is a float64
_LOWEST_EXPONENT = -4  # of ten, below which `%g` writes an exponent
_POWERS = np.array([10**power for power in range(19)])
_DAY = 86_400_000_000  # microseconds
_FOUR_DIGITS = np.frombuffer(b"".join(b"%04d" % number for number in range(10_000)), np.uint32)
_TRUTH = np.frombuffer(b"False" + b"True" + bytes([_FILL]), np.uint8).reshape(2, 5)


def joined(columns: Sequence[Cells]) -> bytes:
    """Write rows of cells, with commas between them and a line end behind them.

    Args:
        columns: (rows, width) uint8 each, at least one.

    Examples:
        >>> joined([truth_values(np.array([True, False])), fixed(np.array([1.25, np.nan]), 1)])
        b'True,1.2\\nFalse,\\n'
    """
    width = sum(column.shape[1] + 1 for column in columns)
    lines = np.empty((len(columns[0]), width), dtype=np.uint8)
    place = 0
    for column in columns:
        end = place + column.shape[1]
        lines[:, place:end] = column
        lines[:, end] = ord(",")
        place = end + 1
    lines[:, -1] = ord("\n")
    return lines.tobytes().translate(None, bytes([_FILL]))


def fixed(numbers: AnyFloatArray | IntArray, decimals: int) -> Cells:
    """Write numbers as `%.<decimals>f` does, NaN as an empty cell.

    Args:
        numbers: (rows,) float or int.
        decimals: digits after the point.
    """
    number = np.asarray(numbers, dtype=np.float64)
    with np.errstate(over="ignore"):
        scaled = np.abs(number) * float(10 ** min(decimals, _MOST_DECIMALS))
    whole, is_sure = _rounded(scaled)
    is_sure &= decimals <= _MOST_DECIMALS
    whole[~is_sure] = 0
    cells = _with_point(whole, np.signbit(number), decimals)
    return _corrected(cells, number, is_sure, lambda value: f"{value:.{decimals}f}")


def general(numbers: AnyFloatArray, digits: int) -> Cells:
    """Write numbers as `%.<digits>g` does, NaN as an empty cell.

    Args:
        numbers: (rows,) float.
        digits: significant digits, at most 7.
    """
    number = np.asarray(numbers, dtype=np.float64)
    size = np.abs(number)
    # Those with an exponent are few: printf writes them.
    is_sure = (size >= 10.0**_LOWEST_EXPONENT) & (size < 10**digits)
    size = np.where(is_sure, size, 1.0)
    exponent = np.floor(np.log10(size)).astype(np.int64)
    scaled = size * _POWERS[digits - 1 - exponent]
    whole, is_rounded = _rounded(scaled)
    # A logarithm next to a whole number may have been rounded over it.
    is_sure &= is_rounded & (scaled >= 10 ** (digits - 1)) & (scaled < 10**digits)
    decimals = digits - 1 - _LOWEST_EXPONENT
    whole *= _POWERS[exponent - _LOWEST_EXPONENT]
    is_sure &= whole < 10 ** (digits + decimals)
    whole[~is_sure] = 0
    cells = _with_point(whole, np.signbit(number), decimals)
    matters = np.zeros(len(cells), dtype=bool)
    for place in range(cells.shape[1] - 1, cells.shape[1] - 1 - decimals, -1):
        matters |= cells[:, place] != ord("0")
        cells[:, place] |= _fill_where(~matters)
    cells[:, cells.shape[1] - 1 - decimals] |= _fill_where(~matters)  # the point
    is_sure |= number == 0
    return _corrected(cells, number, is_sure, lambda value: f"{value:.{digits}g}")


def truth_values(marks: BoolArray) -> Cells:
    """Write `True` and `False`; (rows,) bool."""
    cells: Cells = _TRUTH[marks.astype(np.intp)]
    return cells


def words(texts: Sequence[str], numbers: IntArray) -> Cells:
    """Write texts of which there are few, quoted as CSV asks for.

    Args:
        texts: each text once.
        numbers: (rows,) int64, which of them each row has.
    """
    return _as_cells([_quoted(text).encode() for text in texts])[numbers]


def times(index: pd.Index, unit: Literal["s", "us"]) -> Cells:
    """Write times as ISO 8601 with a space in place of the T.

    Args:
        index: (rows,) times without a zone.
        unit: the last digits are seconds, or millionths of them.
    """
    values = index.to_numpy().astype("datetime64[us]").astype(np.int64)
    day, rest = np.divmod(values, _DAY)
    changes = np.append(True, day[1:] != day[:-1])[: len(day)]
    dates = np.datetime_as_string(day[changes].astype("datetime64[D]"))
    date = _as_cells([str(text).encode() for text in dates])[np.cumsum(changes) - 1]
    second, fraction = np.divmod(rest, 1_000_000)
    minute, second = np.divmod(second, 60)
    hour, minute = np.divmod(minute, 60)
    parts = [date, _constant(" ", len(day)), _digits(hour, 2), _constant(":", len(day))]
    parts += [_digits(minute, 2), _constant(":", len(day)), _digits(second, 2)]
    if unit == "us":
        parts += [_constant(".", len(day)), _digits(fraction, 6)]
    return np.concatenate(parts, axis=1)


def _rounded(scaled: Float64Array) -> tuple[IntArray, BoolArray]:
    """Round products, each off by up to half a unit in its last place, to whole numbers.

    Returns:
        The whole numbers, and whether each is sure to be that of the exact product.
    """
    with np.errstate(invalid="ignore"):
        whole = np.rint(scaled)
        is_sure = np.abs(scaled - whole) < 0.5 - scaled * 2.0**-52
    return np.where(is_sure, whole, 0.0).astype(np.int64), is_sure


def _with_point(whole: IntArray, is_negative: BoolArray, decimals: int) -> Cells:
    """Write whole numbers >= 0 with a sign in front and a point before the last decimals."""
    places = max(len(str(int(whole.max(initial=0)))), decimals + 1)
    digits = _digits(whole, places)
    before = places - decimals
    for place in range(before - 1):  # zeros in front
        digits[:, place] |= _fill_where(whole < 10 ** (places - 1 - place))
    cells = np.empty((len(whole), places + 1 + (decimals > 0)), dtype=np.uint8)
    cells[:, 0] = ord("-") | _fill_where(~is_negative)
    cells[:, 1 : 1 + before] = digits[:, :before]
    if decimals:
        cells[:, 1 + before] = ord(".")
        cells[:, 2 + before :] = digits[:, before:]
    return cells


def _fill_where(marks: BoolArray) -> Cells:
    """Return what turns the bytes of marked rows into the one that fills up, by `|`."""
    filling: Cells = marks * np.uint8(_FILL)
    return filling


def _digits(whole: IntArray, places: int) -> Cells:
    """Write whole numbers >= 0 with so many digits, zeros in front."""
    groups = -(-places // 4)
    text = np.empty((len(whole), groups), dtype=np.uint32)
    for group in range(groups - 1, 0, -1):
        above = whole // 10_000
        text[:, group] = _FOUR_DIGITS[whole - above * 10_000]
        whole = above
    text[:, 0] = _FOUR_DIGITS[whole]
    return text.view(np.uint8)[:, 4 * groups - places :]


def _corrected(
    cells: Cells, number: Float64Array, is_sure: BoolArray, written: Callable[[float], str]
) -> Cells:
    """Empty the cells of NaN, and write those that are not sure one by one."""
    if is_sure.all():
        return cells
    cells[~is_sure] = _FILL
    rows = np.flatnonzero(~is_sure & ~np.isnan(number))
    if not len(rows):
        return cells
    texts = _as_cells([written(float(value)).encode() for value in number[rows]])
    wider = texts.shape[1] - cells.shape[1]
    if wider > 0:
        cells = np.pad(cells, [(0, 0), (0, wider)], constant_values=_FILL)
    cells[rows, : texts.shape[1]] = texts
    return cells


def _as_cells(texts: Sequence[bytes]) -> Cells:
    """Put texts below each other, (texts, longest) uint8."""
    width = max(map(len, texts), default=0)
    filled = b"".join(text.ljust(width, bytes([_FILL])) for text in texts)
    return np.frombuffer(filled, np.uint8).reshape(len(texts), width)


def _constant(text: str, rows: int) -> Cells:
    return np.full((rows, 1), ord(text), dtype=np.uint8)


def _quoted(text: str) -> str:
    """Quote a text where CSV needs it: one with a comma, a quotation mark or a line end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([text, ""])  # alone, an empty one is quoted
    return line.getvalue()[:-2]


def numbers_of(texts: AnyArray) -> tuple[list[str], IntArray]:
    """Return each text of (rows,) once, and which of them each row has."""
    number, found = pd.factorize(texts)
    return [str(text) for text in found], number.astype(np.int64)
