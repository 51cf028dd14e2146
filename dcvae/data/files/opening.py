"""Opening of files: what a file is, by its first bytes."""

import gzip
import zlib
from pathlib import Path

from dcvae.data.files.csv_file import CsvFile
from dcvae.data.files.messages import File
from dcvae.data.files.parquet import read_parquet
from dcvae.errors import InputError


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
        return read_parquet(path)
    try:
        raw = path.read_bytes()
        if raw.startswith(b"\x1f\x8b"):
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    return CsvFile(path, raw)
