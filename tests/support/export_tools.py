"""Reading of samples of exports."""

from pathlib import Path

import pandas as pd

from dcvae.data.exports.form import Form
from dcvae.data.files.cells import CellRules


def series_of(form: Form, text: str) -> tuple[pd.Series, pd.DataFrame, list[str]]:
    """Times, series and notices of a sample, as the table of data would read them."""
    file = form.read(Path("export.txt"), text)
    texts, frame = file.read(file.names[:1], file.names[1:], CellRules())
    assert file.kind == form.name
    return texts.iloc[:, 0], frame, file.notices
