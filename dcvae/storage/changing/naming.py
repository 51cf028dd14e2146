"""Name of a model: given to a finished folder in one step, the model before kept beside it.

A finished folder is marked by a file in it, FINISHED. From then on it is the model: whatever stops
the process, the next command that holds the lock carries the renaming on from where it stands. The
mark moves with its folder, so that every moment between two renamings tells where that is:

    NAME.partial marked                      it takes the name, exchanged with a model that has it
    NAME marked, the old model still where   it goes to NAME.previous
      the new one was written
    NAME marked, nothing else                only the mark and what is given up are left to remove

Where the system cannot exchange two folders the old model goes to NAME.previous first, and for
a moment nothing has the name.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dcvae.storage.changing.folders import (
    exchange,
    put_back,
    remove,
    sync_files,
    sync_folder,
    uninterrupted,
)
from dcvae.storage.layout import FINISHED, LOG_FOLDER, MODEL_FILES, RESULTS_FOLDER

_OF_SYSTEMS = ("Thumbs.db", "desktop.ini")
_OF_RESULTS = (".csv", ".json", ".html", ".png", ".pdf")


class Names(NamedTuple):
    """Paths of a model and of what is beside it.

    Attributes:
        final: models/<model_name>.
        partial: where a training is written.
        saved: where a model of Python is written.
        previous: the model that had the name before.
        lock: held by who reads or writes a model, for a moment.
        training_lock: held by a training, for as long as it takes.
    """

    final: Path
    partial: Path
    saved: Path
    previous: Path
    lock: Path
    training_lock: Path

    @classmethod
    def of(cls, folder: Path) -> "Names":
        """Return the names of the model that has, or had, a folder."""
        models, name = folder.parent, folder.name.removesuffix(".previous")
        return cls(
            models / name,
            models / f"{name}.partial",
            models / f".{name}.saved",
            models / f"{name}.previous",
            models / f".{name}.lock",
            models / f".{name}.training.lock",
        )


def _mark_finished(staged: Path, final: Path) -> None:
    """Mark a folder as finished, which makes it the model from now on; see above."""
    replaces = os.lstat(final).st_ino if os.path.lexists(final) else None
    content = json.dumps({"written_in": staged.name, "replaces": replaces})
    making = staged / f"{FINISHED}.tmp"
    making.write_text(content, encoding="utf-8")
    sync_files(staged)
    making.replace(staged / FINISHED)
    sync_folder(staged)


def settle_name(names: Names) -> list[str]:
    """Carry on with what a killed command, or this one, has begun; under the lock.

    Returns:
        Notices, one sentence each, if there was something to do.
    """
    notices: list[str] = []
    with uninterrupted():
        for staged in (names.partial, names.saved):
            put_back(staged)
            if _mark(staged).get("written_in") == staged.name:
                notices += _exchange_names(staged, names)
        mark = _mark(names.final)
        if mark:
            notices += _tidy(mark, names)
    return notices


def give_name(staged: Path, names: Names, done: Callable[[], None]) -> list[str]:
    """Give a finished folder the model's name, all of it or nothing; under the lock.

    Args:
        staged: `names.partial` or `names.saved`, complete.
        names: names of the model.
        done: called when the folder has the name, even if an error is raised after that.

    Returns:
        Notices on what was given up, one sentence each.
    """
    stamp = os.lstat(staged)
    try:
        _mark_finished(staged, names.final)
        return settle_name(names)
    except BaseException:
        try:
            settle_name(names)
        except OSError:  # it can have the name another time
            (staged / FINISHED).unlink(missing_ok=True)
        raise
    finally:
        if os.path.lexists(names.final) and os.path.samestat(os.lstat(names.final), stamp):
            done()


def _exchange_names(staged: Path, names: Names) -> list[str]:
    notices: list[str] = []
    if not os.path.lexists(names.final):
        staged.rename(names.final)
    elif not exchange(staged, names.final):
        given_up, notices = _give_up(names.previous)
        try:
            names.final.rename(names.previous)
        except OSError:
            if given_up is not None:
                given_up.rename(names.previous)
            raise
        staged.rename(names.final)
    sync_folder(names.final.parent)
    return notices


def _tidy(mark: dict[str, object], names: Names) -> list[str]:
    notices: list[str] = []
    models = names.final.parent
    old = next((p for p in (names.partial, names.saved) if p.name == mark["written_in"]), None)
    if old is not None and os.path.lexists(old) and os.lstat(old).st_ino == mark["replaces"]:
        _, notices = _give_up(names.previous)
        old.rename(names.previous)
    (names.final / FINISHED).unlink()
    sync_folder(models)
    for given_up in models.glob(f".{names.final.name}.removed*"):
        with suppress(OSError):  # what cannot be removed is in nobody's way
            remove(given_up)
    return notices


def _mark(folder: Path) -> dict[str, object]:
    """Return the mark of a finished folder; empty if there is none, or one of somebody else."""
    try:
        content = json.loads((folder / FINISHED).read_bytes())
    except (OSError, ValueError):
        return {}
    is_ours = isinstance(content, dict) and content.keys() == {"written_in", "replaces"}
    return content if is_ours else {}


def _give_up(previous: Path) -> tuple[Path | None, list[str]]:
    """Make way for the next model before: rename the one that is there, to be removed.

    Returns:
        Where it is now, None if there was none, and a notice if it holds more than a model and is
        kept.
    """
    if not os.path.lexists(previous):
        return None, []
    foreign = foreign_files(previous)
    if not foreign:
        return previous.rename(_free(previous.with_name(f".{previous.stem}.removed"))), []
    kept = previous.rename(_free(previous.with_name(f"{previous.name}-2")))
    return kept, [
        f"{previous} held files that are not of this program ({foreign[0]}), so it was not "
        f"removed but renamed to {kept}."
    ]


def _free(path: Path) -> Path:
    numbers = iter(range(2, 1_000_000))
    stem = path.name.removesuffix("-2")
    while os.path.lexists(path):
        path = path.with_name(f"{stem}-{next(numbers)}")
    return path


def foreign_files(folder: Path) -> list[str]:
    """List what is in the folder of a model but was not written by this program.

    Hidden files, those of desktops and editors, do not count; nor does what is behind a link, which
    is not removed with it.
    """
    if folder.is_symlink() or not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in (*_OF_SYSTEMS, *MODEL_FILES, LOG_FOLDER):
            continue
        if path.name != RESULTS_FOLDER:
            found.append(path.name)
        elif not path.is_symlink():
            found += [
                str(inside.relative_to(folder))
                for inside in sorted(path.rglob("*"))
                if inside.is_file()
                and not inside.name.startswith(".")
                and inside.name not in _OF_SYSTEMS
                and inside.suffix not in _OF_RESULTS
            ]
    return found


def is_of_a_model(folder: Path) -> bool:
    """Return whether a folder holds a file of a model, or nothing."""
    if not folder.is_dir():
        return False
    entries = {path.name for path in folder.iterdir()}
    return not entries or bool(entries & set(MODEL_FILES))
