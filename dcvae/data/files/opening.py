"""Opening of files: what a file is, by its first bytes."""

import gzip
import zlib
from pathlib import Path

import pandas as pd

from dcvae.data.files.csv_file import CsvFile, stripped_names
from dcvae.data.files.frame_file import FrameFile
from dcvae.data.files.messages import File
from dcvae.errors import InputError, cannot_be_read


def open_file(path: Path) -> File:
    """Open a file: Parquet by the suffix `.parquet`, else CSV, gzipped if its first bytes are.

    Raises:
        InputError: the file does not exist or cannot be read as text or Parquet.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist. Give the path of a CSV file.")
    if path.is_dir():
        raise InputError(f"{path} is a directory. Give the path of a CSV file in it.")
    if path.suffix.lower() == ".parquet":
        return _parquet(path)
    try:
        raw = path.read_bytes()
        if raw.startswith(b"\x1f\x8b"):
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(cannot_be_read(path, error)) from error
    return CsvFile(path, raw)


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
        raise InputError(cannot_be_read(path, error, " as Parquet")) from error
    is_counter = isinstance(frame.index, pd.RangeIndex)
    frame = frame.reset_index(drop=is_counter, allow_duplicates=True)
    return FrameFile(path, frame.set_axis(stripped_names([str(n) for n in frame.columns]), axis=1))
