"""Source of results: the file that they were made from, recorded so that no other replaces them."""

import json
import os
import re
from pathlib import Path
from typing import Any

from dcvae.config import DataKeys, show
from dcvae.errors import InputError
from dcvae.report.results_place import stem_of
from dcvae.storage import RESULTS_FOLDER, read_by, sha256_of

SOURCE_FILE = "source.json"
_LARGEST = 16_000_000  # bytes of a record
_WHOSE = ("entity", "by")  # keys that tell whose rows of a file are read


def source_of(data: Path, folder: Path, keys: DataKeys) -> dict[str, Any]:
    """Record the path and the hash of a scored file, and how it was read.

    Reads the file once more to hash it.

    Args:
        data: path of the file, which may be gone by now: then it has no hash.
        folder: the folder of its results; the path from there stays when both are moved.
        keys: how the file was read.
    """
    return _file_of(data, folder) | read_by(keys)


def _file_of(data: Path, folder: Path) -> dict[str, Any]:
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


def check_results(folder: Path, data: Path, model_folder: Path, keys: DataKeys) -> None:
    """Check that the results of a file may be written to a folder, before anything slow.

    Results of the same path or of the same content are replaced, if they are of the same entity.
    Results of an earlier version, without a record, are taken for those of the file of that name
    and of the entity of now.

    Args:
        folder: where the results of the file shall be.
        data: path of the file.
        model_folder: models/<model_name>, for the message.
        keys: how the file is read.

    Raises:
        InputError: the folder has results of another file, or of another entity of this one.
    """
    recorded = _recorded(folder)
    if recorded is None:
        return
    now = _file_of(data, folder)
    if not any(recorded.get(key) == value for key, value in now.items() if value is not None):
        found, given = str(recorded.get("data_path")), str(data.resolve())
        of, name = "file", f"{data.resolve().parent.name}-{data.name.removesuffix(data.suffix)}"
    else:
        whose = {key: value for key, value in read_by(keys).items() if key in _WHOSE}
        before = {key: recorded.get(key, value) for key, value in whose.items()}
        if before == whose:
            return
        found, given = _in_words(before), _in_words(whose)
        of, name = "entity", f"{stem_of(data)}-{keys.entity or 'all'}"
    # A name for results that tells the two apart.
    other = model_folder / RESULTS_FOLDER / re.sub(r"[^\w.-]+", "-", name).strip(".-")
    raise InputError(
        f"{folder} has the results of another {of}: of {found}; received {given}. Give --results a "
        f"folder of its own, such as {other}, or rename or delete the earlier one."
    )


def data_hash_in(folder: Path) -> str | None:
    """Return the hash of the file that results were made from; None if it is not known."""
    found = (_recorded(folder) or {}).get("data_sha256")
    return found if isinstance(found, str) else None


def _in_words(whose: dict[str, Any]) -> str:
    return " and ".join(f"`{key}` {show(whose[key])}" for key in _WHOSE)


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
