"""Cells of a file, from text to numbers.

A column decides for itself how its numbers are written: with a decimal point or a decimal comma,
with or without marks between thousands. What could be read both ways, and nothing in the column
tells, is said in a notice or refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dcvae._text import shortened
from dcvae.data.files.messages import MISSING, File, describe_cells, refuse

TRUTHS = {"true": "1", "false": "0", "on": "1", "off": "0", "yes": "1", "no": "0"}
_SPACES = " \u00a0\u202f"  # between thousands: a blank, and the two that do not break a line
_POINT = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:([,' \u00a0\u202f])\d{3})(?:\1\d{3})*|\d*)(?:\.\d*)?")
_COMMA = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:([.' \u00a0\u202f])\d{3})(?:\1\d{3})*|\d*)(?:,\d*)?")
_EXPONENT = re.compile(r"[eE][+-]?\d+$")
_POINTED_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")


@dataclass(frozen=True)
class CellRules:
    """How cells of numbers are read.

    Attributes:
        expected: what a cell should be, for messages.
        missing: words that mean a missing value, beside those of `MISSING`.
    """

    expected: str = "a number or empty"
    missing: tuple[str, ...] = ()


def to_numbers(
    cells: pd.DataFrame, rules: CellRules, file: File, *, commas_are_decimal: bool = False
) -> tuple[pd.DataFrame, list[str]]:
    """Convert columns to float64.

    Args:
        cells: (rows, columns) text, numbers or truth values.
        rules: how they are read.
        file: the file that they are from, for messages.
        commas_are_decimal: how `1,234` is read where nothing else in its column tells.

    Returns:
        (rows, columns) float64, NaN where missing, and a sentence each about decimal commas, marks
        between thousands and words that were read as 0 and 1.

    Raises:
        InputError: a cell is no number, or a column may be read in two ways.
    """
    columns: dict[str, pd.Series] = {}
    unreadable = np.zeros(cells.shape, dtype=bool)
    said: dict[str, list[str]] = {"comma": [], "thousands": [], "truths": []}
    pointed: list[str] = []
    for number, (name, column) in enumerate(cells.items()):
        name = str(name)
        if pd.api.types.is_bool_dtype(column):
            said["truths"].append(f"`{name}`")
        if pd.api.types.is_numeric_dtype(column):  # truth values are
            columns[name] = pd.Series(column.to_numpy(dtype="float64", na_value=np.nan))
            continue
        text = column.astype("str")
        values = pd.to_numeric(text, errors="coerce").astype("float64")
        # The few cells left: blank ones, words, other notations, and wrong ones.
        left = text[values.isna() & text.notna()].str.strip()
        left = left[~left.isin([*MISSING, *rules.missing])]
        plain = pd.to_numeric(left, errors="coerce")
        values[left.index] = plain
        left = left[plain.isna()]
        lowered = left.str.lower()
        if len(left) and lowered.isin(TRUTHS).all():
            said["truths"].append(f"`{name}`")
            values[left.index] = pd.to_numeric(lowered.map(TRUTHS)).astype("float64")
            left = left[:0]
        if len(left):
            written = text[text.notna()].str.strip()
            written = written[~written.isin([*MISSING, *rules.missing])]
            marks = _notation(written.unique().tolist(), commas_are_decimal)
            if marks is not None:
                values[written.index] = pd.to_numeric(
                    _in_plain_notation(written, *marks), errors="coerce"
                )
                if marks[0] == ",":
                    said["comma"].append(f"`{name}`")
                if marks[1]:
                    said["thousands"].append(f"`{name}`, such as `{_example(written, marks[1])}`")
                left = left[:0]
        elif text.str.fullmatch(_POINTED_THOUSANDS).any():
            pointed.append(name)
        unreadable[left.index, number] = True
        columns[name] = values
    problems = describe_cells(unreadable, list(cells.columns), file, rules.expected)
    if said["comma"]:
        problems += _unclear_points(cells, [name for name in pointed if name in columns])
    if problems:
        refuse(file.path, *problems)
    return pd.DataFrame(columns), _notices(said)


def may_be_thousands(values: pd.DataFrame) -> bool:
    """Tell whether numbers read with a decimal comma may have had it between thousands.

    Args:
        values: (rows, columns) float64, read with a decimal comma.

    Returns:
        True if all fractions of a column have three digits or fewer and stand behind 1 to 999,
        while other numbers of it have none.
    """
    for _, column in values.items():
        numbers = column.to_numpy()
        numbers = np.abs(numbers[np.isfinite(numbers)])
        with_fraction = numbers[numbers % 1 != 0]
        if len(with_fraction) and (with_fraction >= 1).all() and (with_fraction < 1000).all():
            thousandths = with_fraction * 1000
            if (np.abs(thousandths - np.round(thousandths)) < 1e-6).all() and (
                np.round(with_fraction * 100) / 100 != with_fraction
            ).any():
                return True
    return False


def without_codes(frame: pd.DataFrame, codes: Sequence[float | str]) -> pd.DataFrame:
    """Empty the cells that hold a number which means that nothing was measured.

    Args:
        frame: (rows, columns) float64.
        codes: value of the key `missing_values`; words are passed over. -0.0 is not 0.

    Returns:
        The frame with NaN in these cells.
    """
    numbers = [float(code) for code in codes if not isinstance(code, str)]
    for code in numbers:
        equal = frame == code
        if code == 0:
            equal &= np.signbit(frame) == np.signbit(code)
        frame = frame.mask(equal)
    return frame


def _notation(texts: Sequence[str], commas_are_decimal: bool) -> tuple[str, str] | None:
    """Return the decimal mark and the mark between thousands that fit all cells of a column.

    Args:
        texts: its different cells, without missing ones.
        commas_are_decimal: how `1,234` is read where nothing else tells.

    Returns:
        The two marks, the second "" if there is none; None if no notation fits.
    """
    bodies = [_EXPONENT.sub("", text) for text in texts]
    fits: dict[str, str] = {}
    for decimal, pattern in ((".", _POINT), (",", _COMMA)):
        found = [pattern.fullmatch(body) for body in bodies]
        if all(match is not None and any(c.isdigit() for c in match[0]) for match in found):
            marks = {match[1] for match in found if match is not None and match[1]}
            if len(marks) < 2:
                fits[decimal] = marks.pop() if marks else ""
    if len(fits) == 2:
        # `1,234` and the like alone. Numbers below a thousand without a comma tell.
        has_plain = any("," not in body for body in bodies)
        decimal = "." if has_plain or not commas_are_decimal else ","
        return decimal, fits[decimal]
    return next(iter(fits.items()), None)


def _in_plain_notation(text: pd.Series, decimal: str, thousands: str) -> pd.Series:
    if thousands:
        text = text.str.replace(thousands, "", regex=False)
    return text.str.replace(",", ".", regex=False) if decimal == "," else text


def _example(written: pd.Series, mark: str) -> str:
    return str(written[written.str.contains(mark, regex=False)].iloc[0])


def _unclear_points(cells: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Name columns in which, beside decimal commas in other columns, a point may mean thousands."""
    unclear = []
    for name in names:
        text = cells[name].astype("str").str.strip()
        with_point = text[text.str.contains(".", regex=False, na=False)]
        if with_point.str.fullmatch(_POINTED_THOUSANDS).all():
            example = with_point.iloc[0]
            unclear.append(
                f"`{example}` in column `{name}` may be {float(example)} or "
                f"{example.replace('.', '')}, as other columns have decimal commas; write all "
                "columns one way"
            )
    return unclear


def _notices(said: dict[str, list[str]]) -> list[str]:
    notices = []
    if said["comma"]:
        notices.append("Its numbers have a decimal comma: `2,5` is read as 2.5.")
    if said["thousands"]:
        notices.append(f"Marks between thousands are left out in {shortened(said['thousands'])}.")
    if said["truths"]:
        notices.append(f"Words are read as 1 (true, on, yes) and 0 in {shortened(said['truths'])}.")
    return notices
