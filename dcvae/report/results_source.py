"""Source of results: the file that they were made from, recorded so that no other replaces them."""

import json
import os
from pathlib import Path
from typing import Any

from dcvae.errors import InputError
from dcvae.storage import sha256_of

SOURCE_FILE = "source.json"
_LARGEST = 1_000_000  # bytes of a record


def source_of(data: Path, folder: Path) -> dict[str, Any]:
    """Record the path and the hash of a scored file; reads it once more to hash it.

    Args:
        data: path of the file, which may be gone by now: then it has no hash.
        folder: the folder of its results; the path from there stays when both are moved.
    """
    return {
        "data_path": str(data.resolve()),
        "path_from_here": _path_from(folder, data),
        "data_sha256": sha256_of(data) if data.is_file() else None,
    }


def _path_from(folder: Path, data: Path) -> str | None:
    try:
        return Path(os.path.relpath(data.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return None


def check_results(folder: Path, data: Path, model_folder: Path) -> None:
    """Check that the results of a file may be written to a folder, before anything slow.

    Results of the same path or of the same content are replaced. Results of an earlier version,
    without a record, are taken for those of the file of that name.

    Args:
        folder: where the results of the file shall be.
        data: path of the file.
        model_folder: models/<model_name>, for the message.

    Raises:
        InputError: the folder has results of another file.
    """
    recorded = _recorded(folder)
    if recorded is None:
        return
    path = recorded.get("data_path")
    now = source_of(data, folder)
    if any(recorded.get(key) == value for key, value in now.items() if value is not None):
        return
    raise InputError(
        f"{folder} has the results of another file: of {path}; received {data.resolve()}. Give "
        f"--results a folder of its own, such as {model_folder / 'results' / _longer(data)}, or "
        "rename or delete the earlier one."
    )


def _longer(data: Path) -> str:
    """Return a name for results that tells files of one name in several folders apart."""
    stem = data.name.removesuffix(data.suffix)
    return f"{data.resolve().parent.name}-{stem}".strip(".-")


def _recorded(folder: Path) -> dict[str, Any] | None:
    """Return the record of the file that results were made from; None if it is not known."""
    record = folder / SOURCE_FILE
    try:
        if not record.is_file() or record.stat().st_size > _LARGEST:
            return None
        content = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
