"""Reading of texts as times without a file."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dcvae.data.files.frame_file import FrameFile
from dcvae.data.times.reading import read_times


def read_texts(
    texts: Sequence[str], time_zone: str | None = None, name: str | None = None
) -> tuple[list[pd.Timestamp], list[str]]:
    """Read the time column `when` of the file `data.csv`; `name` is that of the cells, if given."""
    cells = pd.Series(list(texts), dtype="str", name=name)
    file = FrameFile(Path("data.csv"), pd.DataFrame({"when": cells, "a": 1.0}))
    times, notices = read_times(cells, file, time_zone)
    assert times.unit == "us"
    assert times.tz is None
    return list(times), notices
