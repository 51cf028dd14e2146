"""JSON text of a settings file: read as an object, its errors explained.

JSON that is written by hand often has a comma too many, True for true, or a key given twice. Each
of these errors is reported with its line, its column and, where one is known, the correction.
"""

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

from dcvae.errors import InputError, describe_os_error

_SHOWN_CHARACTERS = 60  # of each end of a received value, and on each side of an error in a line
_LARGEST = 16 * 1024 * 1024  # bytes: a settings file has a few thousand
# Names of data files end so: with them, files are given in another order than was meant.
_OF_DATA = (".csv", ".gz", ".bz2", ".xz", ".zip", ".zst", ".parquet")


def read_text(path: Path) -> str:
    """Read a settings file as text.

    Args:
        path: of the file.

    Returns:
        Its text, without a byte order mark.

    Raises:
        InputError: it has the name of a data file, cannot be read, or is not UTF-8.
    """
    if path.suffix.lower() in _OF_DATA:
        raise InputError(
            f"{path} has the name of a data file; expected a settings file, a JSON object in a "
            ".txt, as the last of the files"
        )
    if path.is_dir():
        inside = path / "settings.txt"  # of a model
        hint = f" (is it {inside}?)" if inside.is_file() else ""
        raise InputError(
            f"{path} is a folder; expected a settings file, a JSON object in a .txt{hint}"
        )
    try:
        content = first_bytes(path, _LARGEST)
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist; expected a settings file there") from error
    except OSError as error:
        raise InputError(describe_os_error(error)) from error
    if len(content) > _LARGEST:
        raise InputError(
            f"{path} is larger than {_LARGEST:,} bytes; expected a settings file, a JSON object of "
            "a few lines"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path} is not UTF-8 text: byte 0x{content[error.start]:02x} on line {line}; save the "
            "file as UTF-8"
        ) from error


def first_bytes(path: Path, most: int) -> bytes:
    """Read a file up to so many bytes and one more.

    A device may have no end, and a pipe to which nobody writes would be waited for: opened without
    waiting it is empty. One with a writer, as shells make of `<(command)`, is read.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(descriptor, "rb") as stream:
        if hasattr(os, "O_NONBLOCK"):
            os.set_blocking(descriptor, True)
        return stream.read(most + 1)


def parse_object(text: str, source: str | Path) -> tuple[dict[str, Any], list[str]]:
    """Parse a JSON text that holds an object.

    Args:
        text: of a settings file.
        source: names the file in messages.

    Returns:
        The object, and one line for each key that is given more than once.

    Raises:
        InputError: the text is not a JSON object.
    """
    repeated: list[str] = []

    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        times = Counter(key for key, _ in pairs)
        repeated.extend(
            f"`{key}`: expected once, received {count} times; keep one of them"
            for key, count in times.items()
            if count > 1
        )
        return dict(pairs)

    if not text.strip():
        raise InputError(f'{source} is empty; expected a JSON object such as {{"model_name": "a"}}')
    try:
        values = json.loads(text, object_pairs_hook=object_of)
        json.dumps(values, ensure_ascii=False).encode()  # refuses half of a surrogate pair
    except json.JSONDecodeError as error:
        raise InputError(f"{source} is not valid JSON: {_explain(error)}") from error
    except RecursionError as error:
        raise InputError(
            f"{source} is not JSON that can be read: brackets within brackets, hundreds deep"
        ) from error
    except ValueError as error:  # thousands of digits, or half of a surrogate pair
        raise InputError(f"{source} is not JSON that can be read: {error}") from error
    if not isinstance(values, dict):
        raise InputError(
            f'{source} must hold a JSON object such as {{"model_name": "a"}}, received '
            f"{show(values)}"
        )
    return values, repeated


def show(value: Any) -> str:
    """Write a value as JSON, without its middle if it is long.

    Args:
        value: of a key.

    Returns:
        JSON text of one line.

    Examples:
        >>> from dcvae.config import show
        >>> show(True), show((1, 2)), show(None)
        ('true', '[1, 2]', 'null')
    """
    shown = json.dumps(value, ensure_ascii=False)
    if len(shown) <= 2 * _SHOWN_CHARACTERS:
        return shown
    return f"{shown[:_SHOWN_CHARACTERS]} ... {shown[-_SHOWN_CHARACTERS:]}"


def _explain(error: json.JSONDecodeError) -> str:
    """Say where parsing failed: line and column, the line with a caret, a hint if one fits."""
    line = error.doc.split("\n")[error.lineno - 1].rstrip().replace("\t", " ")
    column = error.colno - 1
    start = max(0, column - _SHOWN_CHARACTERS)
    shown = line[start : column + _SHOWN_CHARACTERS]
    message = (
        f"line {error.lineno}, column {error.colno}: {error.msg}\n"
        f"    {shown}\n"
        f"    {' ' * (column - start)}^"
    )
    hint = _hint(error)
    return f"{message}\n  {hint}" if hint else message


def _hint(error: json.JSONDecodeError) -> str:
    """Return how to correct a common error in JSON, or ""."""
    before, after = error.doc[: error.pos].rstrip(), error.doc[error.pos :].lstrip()
    python_word = re.match(r"(True|False|None)\b", after)
    if python_word:
        word = {"True": "true", "False": "false", "None": "null"}[python_word[1]]
        return f"JSON writes {word}, not {python_word[1]}."
    if after.startswith(("#", "//", "/*")):
        return "JSON has no comments; delete it."
    if after.startswith(("'", "‘", "’", "“", "”")):
        return 'JSON has only straight double quotes: ".'
    if re.match(r",\s*[}\]]", after) or (before.endswith(",") and after.startswith(("}", "]"))):
        return "Delete the comma before the closing bracket."
    if error.msg.startswith("Expecting ','") and after.startswith('"'):
        return "A comma may be missing before this place."
    if not before:
        return "A settings file is one JSON object and starts with {."
    return ""
