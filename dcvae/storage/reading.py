"""Files of a model that are read: regular ones, of a bounded size, whatever their line ends.

A folder may come from elsewhere: what a file is, is found out before it is read
(`dcvae._archives`). Text may have passed through a program that changes line ends, as git does on
Windows; it is compared as if it had not.
"""

import hashlib
import json
from pathlib import Path
from typing import Any, TypeGuard

import pandas as pd

from dcvae._archives import check_regular, reason_of
from dcvae.errors import InputError, describe_os_error

LARGEST_TEXT = 256 * 1024 * 1024  # bytes: that of 100,000 series, and far more than any other
_DEEPEST = 32  # brackets within brackets


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
