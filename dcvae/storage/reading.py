"""Files of a model that are read: regular ones, of a bounded size, whatever their line ends.

A folder may come from elsewhere. A pipe in the place of a file would be waited for, a device has no
end, and the head of an archive may promise more than any memory holds: all that is found out before
a file is read. Text may have passed through a program that changes line ends, as git does on
Windows; it is compared as if it had not.
"""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any, TypeGuard

import pandas as pd

from dcvae.errors import InputError, describe_os_error

LARGEST_TEXT = 256 * 1024 * 1024  # bytes: that of 100,000 series, and far more than any other
_DEEPEST = 32  # brackets within brackets
_MOST_MEMBERS = 100_000  # of an archive


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


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object of a model folder.

    Raises:
        InputError: the file cannot be read, or holds no JSON object.
    """
    return parse_json(content_of(path), path)


def content_of(path: Path, largest: int | None = LARGEST_TEXT) -> bytes | None:
    """Read a file; None if there is none.

    Args:
        path: of the file.
        largest: most bytes; None for any number.

    Raises:
        InputError: it cannot be read, is larger, or is no file.
    """
    try:
        check_regular(path, largest)
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(describe_os_error(error)) from error
    except ValueError as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}). Train the model again."
        ) from error


def parse_json(text: bytes | None, path: Path) -> dict[str, Any]:
    """Parse a JSON object of a model folder.

    Args:
        text: content of the file; None if there is none.
        path: path of the file, for the message.

    Raises:
        InputError: there is no file, or it holds no JSON object.
    """
    if text is None:
        raise InputError(f"{path} is missing. Train the model again, or put it back.")
    try:
        content = json.loads(text.decode("utf-8"))
        if _depth(content) > _DEEPEST:
            raise ValueError("too many brackets within brackets")
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}). Train the model again."
        ) from error
    if not isinstance(content, dict):
        raise InputError(f"{path} is damaged: expected a JSON object. Train the model again.")
    return content


def reason_of(error: BaseException) -> str:
    """Return why a file cannot be read, without the number and the path of the system's errors."""
    if isinstance(error, RecursionError):
        return "too many brackets within brackets"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _depth(content: Any) -> int:
    """Return how deep the parts of a JSON value lie in each other; level by level, no recursion."""
    depth, level = 0, [content]
    while level and depth <= _DEEPEST:
        level = [
            part
            for value in level
            if isinstance(value, dict | list)
            for part in (value.values() if isinstance(value, dict) else value)
        ]
        depth += 1
    return depth


def is_time(value: Any) -> bool:
    """Tell whether a value from JSON is the text of a time.

    Examples:
        >>> is_time("2021-01-31 00:05:00"), is_time("soon"), is_time(7)
        (True, False, False)
    """
    try:
        return isinstance(value, str) and not pd.isna(pd.Timestamp(value))
    except (ValueError, OverflowError):
        return False


def hash_of_text(content: bytes | None) -> str:
    r"""Return the SHA-256 of a text as it is with line ends of one character, in hexadecimal.

    Args:
        content: of a file; `\r\n` counts as `\n`. None, of a file that is not there, is empty.
    """
    return hashlib.sha256((content or b"").replace(b"\r\n", b"\n")).hexdigest()


def is_unchanged(path: Any, sha256: Any) -> TypeGuard[str]:
    """Return whether a stored path names a regular file with the stored hash.

    Args:
        path: from a JSON file, of any type.
        sha256: likewise.
    """
    if not isinstance(path, str) or not isinstance(sha256, str):
        return False
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
    except (OSError, ValueError):  # ValueError: a zero byte in the path
        return False


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
