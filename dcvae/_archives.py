"""Archives of arrays that are read: a regular file, no larger than it looks, nothing pickled.

A file may come from elsewhere. A pipe in its place would be waited for, a device has no end, and
the head of an archive may promise more than any memory holds: all that is found out before a file
is read.
"""

import math
import zipfile
from pathlib import Path

import numpy as np

_MOST_MEMBERS = 100_000  # of an archive

DAMAGED = (OSError, EOFError, ValueError, zipfile.BadZipFile)
"""What reading a damaged archive may raise."""


def check_regular(path: Path, largest: int | None = None) -> None:
    """Check that a path is a file with a beginning and an end, not a folder, a pipe or a device.

    Args:
        path: the path; a link to a file is one.
        largest: most bytes; None for any number.

    Raises:
        OSError: there is nothing, or it cannot be looked at.
        ValueError: it is none, or is larger.
    """
    size = path.stat().st_size
    if not path.is_file():
        kind = "a folder" if path.is_dir() else "a pipe or a device"
        raise ValueError(f"expected a file, received {kind}")
    if largest is not None and size > largest:
        raise ValueError(f"expected at most {largest:,} bytes, received {size:,}")


def check_archive(path: Path) -> dict[str, int]:
    """Check that a zip archive holds no more than its own size, before any of it is read.

    Models and states are written uncompressed: what is larger than it lies in the file was not
    written by this project, and may be far larger than memory.

    Args:
        path: of the archive.

    Returns:
        The sizes of its members, in bytes, by their names.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no such archive.
    """
    check_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (EOFError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from error
    total, available = sum(member.file_size for member in members), path.stat().st_size
    plain = all(
        member.compress_type == zipfile.ZIP_STORED
        and member.compress_size == member.file_size
        and not member.flag_bits & 1  # encrypted
        for member in members
    )
    sizes = {member.filename: member.file_size for member in members}
    distinct = len(sizes) == len(members) <= _MOST_MEMBERS
    if not (plain and distinct and total <= available):
        raise ValueError(
            f"expected an archive without compression, each member once; received "
            f"{len(members):,} members of {total:,} bytes in a file of {available:,}"
        )
    return sizes


def check_arrays(path: Path) -> None:
    """Check the heads of all arrays of an archive, before any of them takes memory.

    Args:
        path: of the archive, as `numpy.savez` writes it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no archive of plain numbers as long as their heads say.
        EOFError: it is cut short.
        zipfile.BadZipFile: it is damaged.
    """
    sizes = check_archive(path)
    with zipfile.ZipFile(path) as archive:
        for name, size in sizes.items():
            with archive.open(name) as stream:
                version = np.lib.format.read_magic(stream)
                heads = {(1, 0): np.lib.format.read_array_header_1_0}
                head = heads.get(version, np.lib.format.read_array_header_2_0)
                shape, _, kind = head(stream)
                told = math.prod(shape) * kind.itemsize
                if kind.kind not in "fiu" or told != size - stream.tell():
                    raise ValueError(f"{name}: {kind} of {shape} in {size:,} bytes")


def reason_of(error: BaseException) -> str:
    """Return why a file cannot be read, without the number and the path of the system's errors."""
    if isinstance(error, RecursionError):
        return "too many brackets within brackets"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
