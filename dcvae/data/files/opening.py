"""Opening of files: what a file is, by its first bytes."""

from pathlib import Path

from dcvae.data.exports import HEAD, recognized
from dcvae.data.files.compression import unpacked
from dcvae.data.files.csv_file import CsvFile
from dcvae.data.files.messages import File
from dcvae.data.files.parquet import read_parquet
from dcvae.errors import InputError, cannot_be_read

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
    if not path.is_file():
        raise InputError(
            f"{path} is a pipe or a device, but a file is read more than once. Save what it gives "
            "to a file, and give the path of that."
        )
    if path.suffix.lower() == ".parquet":
        return read_parquet(path)
    return open_content(path, content_of(path))


def open_content(path: Path, raw: bytes) -> File:
    """Open a file whose content has been read; as `open_file`.

    Args:
        path: of the file.
        raw: its content, from `content_of`.
    """
    if raw.startswith(_PARQUET):
        return read_parquet(path)
    form = recognized(raw[:HEAD].decode("utf-8-sig", errors="replace"))
    if form is None:
        return CsvFile(path, raw, lambda: content_of(path))
    return form.read(path, raw.decode("utf-8-sig", errors="replace"))


def content_of(path: Path) -> bytes:
    """Return what a file holds, unpacked if it is compressed.

    Raises:
        InputError: it cannot be read, or is compressed and damaged.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(cannot_be_read(path, error)) from error
    return unpacked(path, raw)
