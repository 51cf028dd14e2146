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
from dcvae.data.files.messages import MISSING, RowPlaces, describe_cells, refuse

TRUTHS = {"true": "1", "false": "0", "on": "1", "off": "0", "yes": "1", "no": "0"}
_POINT = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:([,' \u00a0\u202f])\d{3})(?:\1\d{3})*|\d*)(?:\.\d*)?")
_COMMA = re.compile(r"[+-]?(?:[1-9]\d{0,2}(?:([.' \u00a0\u202f])\d{3})(?:\1\d{3})*|\d*)(?:,\d*)?")
_PATTERNS = {".": _POINT, ",": _COMMA}  # by the decimal mark
_EXPONENT = re.compile(r"[eE][+-]?\d+$")
_POINTED_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")
_BELOW_THOUSAND = re.compile(r"[+-]?\d{1,3}")


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
    cells: pd.DataFrame, rules: CellRules, file: RowPlaces, *, commas_are_decimal: bool = False
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
                fitting = written[_fit(written, marks[0])]
                written = written.drop(written.index[np.isinf(values[written.index])])
                values[written.index] = np.nan
                values[fitting.index] = pd.to_numeric(
                    _in_plain_notation(fitting, *marks), errors="coerce"
                )
                if marks[0] == "," and fitting.str.contains(",", regex=False).any():
                    said["comma"].append(f"`{name}`")
                if marks[1]:
                    said["thousands"].append(f"`{name}`, such as `{_example(fitting, marks[1])}`")
                left = written[~written.index.isin(fitting.index)]
        elif text.str.fullmatch(_POINTED_THOUSANDS).any():
            pointed.append(name)
        unreadable[left.index, number] = True
        columns[name] = values
    problems = describe_cells(unreadable, list(cells.columns), file, rules.expected)
    for name in pointed if said["comma"] else ():
        text = cells[name].astype("str").str.strip()
        text = text[text.notna() & ~text.isin([*MISSING, *rules.missing])]
        if mixed_points(text):
            columns[name][text.index] = pd.to_numeric(_in_plain_notation(text, ",", "."))
            said["thousands"].append(f"`{name}`, such as `{_example(text, '.')}`")
        else:
            problems += _unclear_points(text, name)
    if problems:
        refuse(file.path, *problems)
    return without_codes(pd.DataFrame(columns), rules.missing), _notices(said)


def mixed_points(text: pd.Series) -> tuple[str, str] | None:
    """Find out whether the points of a column may stand between thousands, and some are lacking.

    Args:
        text: cells of a column, stripped, without missing ones.

    Returns:
        An example with a point and one without, if all cells are written as `1.034` or as `794`
        and there are some of both; None otherwise.
    """
    pointed = text.str.fullmatch(_POINTED_THOUSANDS)
    if pointed.all() or not pointed.any():
        return None
    plain = text[~pointed].unique().tolist()
    if not all(_BELOW_THOUSAND.fullmatch(cell) for cell in plain):
        return None
    if len(plain) == 1 and plain[0].startswith("-") and not text[pointed].str.startswith("-").any():
        return None  # a code, as -999 is
    return str(text[pointed].iloc[0]), str(text[~pointed].iloc[0])


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


def has_other_points(text: pd.Series) -> bool:
    """Tell whether a cell of a column (rows,) has a point that is not one between thousands."""
    pointed = text[text.str.contains(".", regex=False, na=False) & ~text.isin(MISSING)]
    return not pointed.str.fullmatch(_POINTED_THOUSANDS).all()


def may_have_thousands_points(column: pd.Series) -> bool:
    """Tell whether a column read with a decimal point may have had it between thousands.

    Args:
        column: (rows,) float64.

    Returns:
        True if its numbers are below 1000, some have no fraction, and the fractions of the others
        have three digits or fewer and stand behind 1 to 999.
    """
    numbers = np.abs(column.to_numpy())
    numbers = numbers[np.isfinite(numbers)]
    with_fraction = numbers[numbers % 1 != 0]
    is_mixed = 0 < len(with_fraction) < len(numbers)
    if not is_mixed or (numbers >= 1000).any() or (with_fraction < 1).any():
        return False
    thousandths = with_fraction * 1000
    return bool((np.abs(thousandths - np.round(thousandths)) < 1e-6).all())


def without_codes(frame: pd.DataFrame, codes: Sequence[float | str]) -> pd.DataFrame:
    """Empty the cells that hold a number which means that nothing was measured.

    Args:
        frame: (rows, columns) float64.
        codes: value of the key `missing_values`; words that read as a number are that number, and
            `inf` is -inf, too; others are passed over. -0.0 is not 0.

    Returns:
        The frame with NaN in these cells; columns without such cells are not copied.
    """
    numbers = {number for code in codes for number in _code_numbers(code)}
    if not numbers:
        return frame
    found = frame.copy(deep=False)
    for column in range(frame.shape[1]):
        values = frame.iloc[:, column].to_numpy()
        is_code = np.zeros(len(values), dtype=bool)
        for number, is_negative in numbers:
            is_equal = values == number
            if number == 0 and is_equal.any():
                is_equal &= np.signbit(values) == is_negative
            is_code |= is_equal
        if is_code.any():
            found.isetitem(column, np.where(is_code, np.nan, values))
    return found


def _code_numbers(code: float | str) -> list[tuple[float, bool]]:
    """Return the numbers of a code, each with its sign, as 0.0 equals -0.0; none for a word."""
    try:
        number = float(code.replace(",", ".") if isinstance(code, str) else code)
    except ValueError:
        return []
    numbers = [number]
    if isinstance(code, str) and np.isinf(number) and not code.strip().startswith(("+", "-")):
        numbers.append(-number)
    return [(number, bool(np.signbit(number))) for number in numbers]


def _notation(texts: Sequence[str], commas_are_decimal: bool) -> tuple[str, str] | None:
    """Return the decimal mark and the mark between thousands that fit the numbers of a column.

    Args:
        texts: its different cells, without missing ones; words among them tell nothing.
        commas_are_decimal: how `1,234` is read where nothing else tells.

    Returns:
        The two marks, the second "" if there is none, that fit all or most numbers; None if there
        are no such marks.
    """
    bodies = [_EXPONENT.sub("", text) for text in texts]
    found = {mark: [_match(body, mark) for body in bodies] for mark in _PATTERNS}
    number = [any(matches) for matches in zip(*found.values(), strict=True)]
    counts = {mark: sum(map(bool, matches)) for mark, matches in found.items()}
    fits: dict[str, str] = {}
    for decimal, matches in found.items():
        marks = {match[1] for match in matches if match is not None and match[1]}
        is_main = counts[decimal] == sum(number) or counts[decimal] > sum(counts.values()) / 2
        if len(marks) < 2 and any(number) and is_main:
            fits[decimal] = marks.pop() if marks else ""
    if len(fits) == 2:
        # `1,234` and the like alone. Numbers below a thousand without a comma tell.
        plain = [body for body, is_number in zip(bodies, number, strict=True) if is_number]
        has_plain = any("," not in body for body in plain)
        decimal = "." if has_plain or not commas_are_decimal else ","
        return decimal, fits[decimal]
    return next(iter(fits.items()), None)


def _match(body: str, decimal: str) -> re.Match[str] | None:
    match = _PATTERNS[decimal].fullmatch(body)
    return match if match is not None and any(map(str.isdigit, body)) else None


def _fit(written: pd.Series, decimal: str) -> pd.Series:
    """Tell which cells (rows,) are numbers with a decimal mark: the others are words."""
    texts = written.unique().tolist()
    return written.isin([text for text in texts if _match(_EXPONENT.sub("", text), decimal)])


def _in_plain_notation(text: pd.Series, decimal: str, thousands: str) -> pd.Series:
    if thousands:
        text = text.str.replace(thousands, "", regex=False)
    return text.str.replace(",", ".", regex=False) if decimal == "," else text


def _example(written: pd.Series, mark: str) -> str:
    return str(written[written.str.contains(mark, regex=False)].iloc[0])


def _unclear_points(text: pd.Series, name: str) -> list[str]:
    """Name a column in which, beside decimal commas in others, a point may mean thousands."""
    with_point = text[text.str.contains(".", regex=False)]
    if not with_point.str.fullmatch(_POINTED_THOUSANDS).all():
        return []
    example = with_point.iloc[0]
    return [
        f"`{example}` in column `{name}` may be {float(example)} or {example.replace('.', '')}, as "
        "other columns have decimal commas; write all columns one way"
    ]


def _notices(said: dict[str, list[str]]) -> list[str]:
    notices = []
    if said["comma"]:
        notices.append("Its numbers have a decimal comma: `2,5` is read as 2.5.")
    if said["thousands"]:
        notices.append(f"Marks between thousands are left out in {shortened(said['thousands'])}.")
    if said["truths"]:
        notices.append(f"Words are read as 1 (true, on, yes) and 0 in {shortened(said['truths'])}.")
    return notices
