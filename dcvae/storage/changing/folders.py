"""Folders that take the place of others in one step, and the steps that must not be interrupted."""

import ctypes
import errno
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_AT_WORKING_FOLDER = -100 if sys.platform != "darwin" else -2
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux, RENAME_SWAP of macOS
ASIDE = ".dcvae-old"  # ends the names of folders that wait; nobody else's has it
_NOT_OFFERED = (errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM)


def exchange(first: Path, second: Path) -> bool:
    """Let two paths exchange what they are, in one step of the file system.

    Returns:
        Whether it was done; False, with nothing changed, where the system does not offer it
        (Windows, and some file systems).

    Raises:
        OSError: it is offered, and failed; nothing was changed.
    """
    names = {"linux": "renameat2", "darwin": "renameatx_np"}
    call = getattr(_C_LIBRARY, names.get(sys.platform, ""), None)
    if call is None:
        return False
    folder = ctypes.c_int(_AT_WORKING_FOLDER)
    paths = os.fsencode(first), os.fsencode(second)
    if call(folder, paths[0], folder, paths[1], ctypes.c_uint(_EXCHANGE)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_OFFERED:
        return False
    raise OSError(number, os.strerror(number), str(second))


def _c_library() -> ctypes.CDLL | None:
    try:
        return None if sys.platform == "win32" else ctypes.CDLL(None, use_errno=True)
    except OSError:
        return None


_C_LIBRARY = _c_library()


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, which a power cut could lose."""
    if sys.platform == "win32":  # which opens no folders
        return
    with suppress(OSError):  # some network file systems refuse it
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sync_files(folder: Path) -> None:
    """Bring all files below a folder to the disk, and their names."""
    flags = os.O_RDWR if sys.platform == "win32" else os.O_RDONLY
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            continue
        if path.is_dir():
            sync_folder(path)
        elif path.is_file():
            handle = os.open(path, flags)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
    sync_folder(folder)


def remove(path: Path) -> None:
    """Remove a folder with all that is in it; of a link the link alone, never what it leads to."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    elif path.exists():
        shutil.rmtree(path)


def aside_of(place: Path) -> Path:
    """Return where the folder of a place waits while another takes it, without `exchange`."""
    return place.with_name(f".{place.name}{ASIDE}")


def put_back(place: Path) -> None:
    """Undo a replacement that was cut off between its two steps, or tidy up after it."""
    aside = aside_of(place)
    if not os.path.lexists(aside):
        return
    if os.path.lexists(place):
        remove(aside)
    else:
        aside.rename(place)


def replace_folder(new: Path, place: Path, done: Callable[[], None] = lambda: None) -> None:
    """Put a folder in the place of another, which is removed; all of it or nothing.

    The two are exchanged in one step where the system offers it. Elsewhere the earlier folder is
    renamed to a name of its own first: if the process is killed before the second renaming,
    `put_back` restores it, which every command does before it reads or writes there.

    Args:
        new: the new folder, whole; gone afterwards.
        place: where it goes; a folder that is there is removed.
        done: called when the new folder is in its place, even if an error is raised after that.
    """
    try:
        _replace(new, place, done)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = place.with_name(f".{place.name}.dcvae-new")  # as `place` is on another disk
        remove(beside)
        shutil.copytree(new, beside, symlinks=True)
        _replace(beside, place, done)
        remove(new)


def _replace(new: Path, place: Path, done: Callable[[], None]) -> None:
    put_back(place)
    sync_files(new)
    stamp, aside = new.stat(), aside_of(place)
    with uninterrupted():
        try:
            if not os.path.lexists(place):
                new.rename(place)
            elif not exchange(new, place):
                place.rename(aside)
                new.rename(place)
        finally:
            if not os.path.lexists(place):
                put_back(place)
            if place.is_dir() and os.path.samestat(place.stat(), stamp):
                done()
    sync_folder(place.parent)
    with suppress(OSError):  # what cannot be removed is in nobody's way
        remove(aside)
        remove(new)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until the few operations within are done."""
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGINT) if in_main else None
    if not callable(before):  # Ctrl-C is ignored, or not Python's
        yield
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if pressed:
            before(signal.SIGINT, None)
