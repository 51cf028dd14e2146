"""Files that are written whole or not at all."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from dcvae._atomic import whole_file
from dcvae.errors import InputError


def write_text(path: Path, text: str) -> None:
    """Write a UTF-8 file whole or not at all, with the same line ends on every system."""
    with whole_file(path) as stream:
        stream.write(text.encode("utf-8"))


def as_json(content: dict[str, Any]) -> str:
    """Return JSON text as in all files of a model: two spaces of indent, a newline at the end.

    Examples:
        >>> as_json({"rows": 3})
        '{\\n  "rows": 3\\n}\\n'
    """
    return json.dumps(content, indent=2) + "\n"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, by which unchanged files are recognized."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def check_writable(folder: Path) -> None:
    """Check that a folder can be written to, before the work that would be lost.

    Raises:
        InputError: it cannot.
    """
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(
            f"Nothing can be written to {folder}. Change its permissions, or copy it to a folder "
            "of your own and give that with --models."
        )
