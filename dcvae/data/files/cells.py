"""Cells of a file, from text to numbers."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dcvae.data.files.messages import MISSING, File, describe_cells, refuse


def to_numbers(
    cells: pd.DataFrame, words: Mapping[str, str], decimal: str, expected: str, file: File
) -> pd.DataFrame:
    """Convert columns to float64; refuse the file if a cell is no number, naming such cells."""
    columns = {}
    unreadable = np.zeros(cells.shape, dtype=bool)
    for number, (name, column) in enumerate(cells.items()):
        if pd.api.types.is_numeric_dtype(column):
            columns[name] = pd.Series(column.to_numpy(dtype="float64", na_value=np.nan))
            continue
        text = column.astype("str")
        values = pd.to_numeric(text, errors="coerce").astype("float64")
        # The few cells left: blank ones, words, decimal commas, and wrong ones.
        left = text[values.isna() & text.notna()].str.strip()
        left = left[~left.isin(MISSING)]
        plain = left.str.lower().replace(words) if words else left
        if decimal == ",":
            plain = plain.str.replace(",", ".", regex=False)
        values[left.index] = pd.to_numeric(plain, errors="coerce")
        unreadable[left.index, number] = values[left.index].isna()
        columns[name] = values
    problems = describe_cells(unreadable, list(cells.columns), file, expected)
    if problems:
        refuse(file.path, *problems)
    return pd.DataFrame(columns)
