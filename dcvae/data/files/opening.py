"""Opening of files: what a file is, by its first bytes."""

from pathlib import Path

import pandas as pd

from dcvae.data.exports import HEAD, recognized
from dcvae.data.files.compression import unpacked
from dcvae.data.files.csv_file import CsvFile, named
from dcvae.data.files.frame_file import FrameFile
from dcvae.data.files.messages import File
from dcvae.errors import InputError

_PARQUET = b"PAR1"


def open_file(path: Path) -> File:
    """Open a file: Parquet, an export of a tool, or delimited text, compressed or not.

    Raises:
        InputError: the file does not exist, or cannot be read as any of these.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist. Give the path of a CSV file.")
    if path.is_dir():
        raise InputError(f"{path} is a directory. Give the path of a CSV file in it.")
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    raw = _content(path)
    if raw.startswith(_PARQUET):
        return _parquet(path)
    form = recognized(raw[:HEAD].decode("utf-8-sig", errors="replace"))
    if form is None:
        return CsvFile(path, raw, lambda: _content(path))
    return form.read(path, raw.decode("utf-8-sig", errors="replace"))


def _content(path: Path) -> bytes:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return unpacked(path, raw)


def _parquet(path: Path) -> FrameFile:
    """Read a Parquet file; a stored index is its first column, of any type."""
    try:
        frame = pd.read_parquet(path, engine="pyarrow")
    except ImportError as error:
        raise InputError(
            f"{path} is a Parquet file, which takes pyarrow to read: pip install pyarrow, or "
            "save it as CSV."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from error
    is_counter = isinstance(frame.index, pd.RangeIndex)
    frame = frame.reset_index(drop=is_counter, allow_duplicates=True)
    return FrameFile(
        path, frame.set_axis(named([str(name).strip() for name in frame.columns]), axis=1)
    )
