"""Tables with a column of labels: CSV and Parquet, whose words become columns of 0 and 1."""

import difflib
import re

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float64Array, IntArray
from dcvae._text import SHOWN, all_quoted, quoted, shortened
from dcvae.data.columns.suspects import is_named_like_label
from dcvae.data.files.cells import TRUTHS, CellRules
from dcvae.data.files.messages import MISSING, File, describe_cells
from dcvae.data.labeled_rows.classes import Chosen, classes_of
from dcvae.data.labeled_rows.one_hot import WordColumn, side_by_side
from dcvae.data.labeled_rows.rows import LabeledRows, assembled, refuse_repeated
from dcvae.data.times.reading import reads_as_time
from dcvae.errors import InputError

MOST_WORDS = 200
"""Different words of a column that are made into columns of 0 and 1; with more it is left out."""
_FEWEST_ROWS = 30  # below it no column is told by its values to be a label or a row number
_MOST_CLASSES = 50
_LOOKED_AT = 12  # different words that must all be times
_PROBE = 2_000
_NUMBER = re.compile(  # with any decimal mark and any mark between thousands
    r"[+-]?(?:\d{1,3}(?:[,.' \u00a0\u202f]\d{3})+|\d*)(?:[.,]\d*)?(?:e[+-]?\d+)?"
    r"|[+-]?inf(?:inity)?",
    re.IGNORECASE,
)
_EXPECTED = "a number in every cell; fill it, for example with the median, or remove the row"


def read_with_labels(file: File, label: str | None, anomaly: Chosen, normal: Chosen) -> LabeledRows:
    """Read a table that says in one column which rows are anomalies.

    What is no measurement does not become a column: a further label, times, row numbers, words of
    which nearly every row has its own. Each is said.

    Args:
        file: the file, opened.
        label: name of the column of labels; None for the one that is named like labels.
        anomaly: see `rows_from_arrays`.
        normal: see `rows_from_arrays`.

    Raises:
        InputError: the column of labels is missing, a cell is empty or no number, there is no other
            column, or the labels do not tell two classes apart.
    """
    path = file.path
    refuse_repeated([name for name in file.names if name], path)
    look = file.look()
    name = _label_column(file, label)
    others = [each for each in file.names if each != name]
    if not others:
        raise InputError(
            f"{path} has no column beside the labels, `{name}`; expected at least one."
        )
    words = [each for each in others if _holds_words(look[each])]
    numbers = [each for each in others if each not in words]
    texts, cells = file.read([name, *words], numbers, CellRules(expected=_EXPECTED))
    if len(texts) < 2:
        raise InputError(f"{path} has 1 row; expected at least two, one normal and one an anomaly.")
    empty = [each for each in numbers if cells[each].isna().all()]
    wrong = ~np.isfinite(cells.to_numpy()) & ~np.isin(numbers, empty)
    if problems := describe_cells(wrong, numbers, file, _EXPECTED):
        raise InputError(f"{path}: {problems[0]}.")
    labels = texts[name].astype("str").str.strip()
    labels = labels.where(labels.notna() & ~labels.isin(MISSING), "")
    classes = classes_of(
        _as_numbers(labels),
        f"{path}: column `{name}`",
        anomaly=anomaly,
        normal=normal,
        places=file.places,
    )
    notices = [] if label is not None else [f"The labels are taken from the column `{name}`."]
    parts: list[tuple[str, Float64Array | WordColumn]] = []
    left_out: dict[str, list[str]] = {}
    for each in others:
        if each in empty:
            why = "no cell of it is filled"
        elif each in words:
            why = _why_no_words(each, texts[each], classes.labels)
        else:
            why = _why_no_numbers(each, cells[each].to_numpy(), classes.labels)
        if why:
            left_out.setdefault(why, []).append(each)
        elif each in words:
            parts.append((each, WordColumn(each, texts[each])))
        else:
            parts.append((each, cells[each].to_numpy()))
    notices += [f"Left out: {shortened(quoted(names))} ({why})." for why, names in left_out.items()]
    if not parts:
        raise InputError(
            f"{path} has no column to judge rows by: {' '.join(notices)} Expected at least one "
            "column of measurements beside the labels."
        )
    values, columns = side_by_side(len(texts), parts)
    if hot := sum(isinstance(part, WordColumn) for _, part in parts):
        notices.append(
            f"Words of {hot:,} column{'s' * (hot > 1)} are read as "
            f"{len(columns) - len(parts) + hot:,} columns of 0 and 1."
        )
    return assembled(values, columns, classes, [*file.notices, *notices], path)


def _label_column(file: File, label: str | None) -> str:
    """Return the name of the column of labels."""
    names = [name for name in file.names if name]
    if label is not None:
        if label in names:
            return label
        folded = [name for name in names if name.casefold() == label.strip().casefold()]
        if len(folded) == 1:
            return folded[0]
        close = difflib.get_close_matches(label, names, 1)
        hint = f" Did you mean `{close[0]}`?" if close else ""
        raise InputError(
            f"{file.path} has no column `{label}` of labels; its columns are "
            f"{shortened(quoted(names), 12)}.{hint}"
        )
    likely = [name for name in names if is_named_like_label(name)]
    plain = [name for name in likely if name.casefold() in ("label", "class", "y", "anomaly")]
    if len(likely) == 1 or len(plain) == 1:
        return (likely if len(likely) == 1 else plain)[0]
    found = f"{all_quoted(likely[:SHOWN])} may be" if likely else "none is named like labels"
    named = likely[0] if likely else names[-1]
    raise InputError(
        f"{file.path}: expected a column of labels, but of its {len(names):,} columns {found}. "
        f"Name it, as in `--label {named}`; a file without a header needs one first."
    )


def _holds_words(cells: pd.Series) -> bool:
    """Tell whether some cells of a column (rows,) are words and none is a number."""
    text = cells[~cells.isin(MISSING)].unique().tolist()
    if not text or any(map(_NUMBER.fullmatch, text)):
        return False
    return not {cell.lower() for cell in text} <= {*TRUTHS}


def _as_numbers(labels: pd.Series) -> np.ndarray:
    """Return labels as numbers where all are, otherwise as they are written."""
    if (labels == "").any():
        return labels.to_numpy(dtype=str)
    different = pd.Series(labels.unique())
    numbers = pd.to_numeric(different, errors="coerce")
    if numbers.isna().any():
        return labels.to_numpy(dtype=str)
    return labels.map(dict(zip(different, numbers, strict=True))).to_numpy(dtype=np.float64)


def _why_no_words(name: str, words: pd.Series, is_anomaly: BoolArray) -> str:
    """Say why a column of words is no measurement; "" if it may be one."""
    codes, different = pd.factorize(words.astype("str").str.strip())
    if len(different) and all(reads_as_time(str(text)) for text in different[:_LOOKED_AT]):
        return "a time, which is no measurement"
    if len(different) > MOST_WORDS:
        return (
            f"more than {MOST_WORDS} different words, as names and addresses are; to use it, "
            "replace them by fewer"
        )
    return _why_label(name, codes, is_anomaly)


def _why_no_numbers(name: str, values: Float64Array, is_anomaly: BoolArray) -> str:
    """Say why a column of numbers is no measurement; "" if it may be one."""
    is_index = re.sub(r"[\W_\d]", "", name).casefold() in ("", "time", "index", "id", "unnamed")
    fewest = 3 if is_index else _FEWEST_ROWS
    if len(values) >= fewest and (np.diff(values) == 1).all():
        return "row numbers, by which files are often ordered"
    if len(np.unique(values[:_PROBE])) > _MOST_CLASSES:
        return ""
    return _why_label(name, pd.factorize(values)[0], is_anomaly)


def _why_label(name: str, codes: IntArray, is_anomaly: BoolArray) -> str:
    """Say why a column, given by the number of each cell's value, is a further label."""
    different, rows = int(codes.max(initial=-1)) + 1, len(codes)
    if not 2 <= different <= _MOST_CLASSES:
        return ""
    if is_named_like_label(name, surely=True):
        return "named like a label; rename it if it is a measurement"
    if rows < _FEWEST_ROWS or different > rows // 3:
        return ""
    known = codes >= 0
    count = np.bincount(codes[known], minlength=different)
    anomalies = np.bincount(codes[known & is_anomaly], minlength=different)
    if ((anomalies == 0) | (anomalies == count)).all():
        return "it tells the label of every row, so it is a label itself"
    return ""
