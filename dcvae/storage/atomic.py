"""Files that are written whole or not at all."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from dcvae.errors import InputError


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for writing that appears under its name when it is whole, or not at all.

    Args:
        path: path of the file; an earlier file is replaced at the end.

    Yields:
        A binary stream. An error within the context leaves an earlier file as it was.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())  # else a power cut could leave the new name without content
        temporary.replace(path)
    except OSError as error:
        if error.errno is not None and error.filename in (None, str(temporary)):
            error.filename = str(path)  # that of a full disk names none
        raise
    finally:
        temporary.unlink(missing_ok=True)


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
