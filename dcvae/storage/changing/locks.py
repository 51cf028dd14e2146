"""Locks of models: one writer at a time, known to the others by process, host and since when."""

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from dcvae.errors import InputError

_PAUSE = 0.05  # seconds between two tries
_FAR = 2**30  # byte that Windows locks: what is locked cannot be read there
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EBADF)
NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)

if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> None:
        os.lseek(handle, _FAR, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(error.errno, "locked") from error

else:
    import fcntl

    def _take(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class LockedError(InputError):
    """Error about a lock that another process holds; the message says which, and since when."""


@contextmanager
def lock(path: Path, *, wait: float = 0.0) -> Iterator[None]:
    """Hold the lock of a file, which is there for nothing else and removed in the end.

    It is the operating system's own lock, which ends with its process however that ends: a file
    that was left by a killed process locks nothing. The file says who holds it. On a network file
    system the lock holds between computers if the server and all its clients offer locks (NFS 4,
    or NFS 3 with lockd). Where the file system has no locks, or the user may not write to the
    folder, nothing is locked: then two processes must not write to one model at a time.

    Args:
        path: path of the file, in a folder that is there.
        wait: seconds to wait for another process.

    Raises:
        LockedError: another process holds it.
    """
    handle = _held(path, time.monotonic() + wait)
    try:
        yield
    finally:
        if handle is not None:
            _release(handle, path)


def _release(handle: int, path: Path) -> None:
    if sys.platform == "win32":  # where an open file cannot be removed
        os.close(handle)
        with suppress(OSError):
            path.unlink()
        return
    try:
        with suppress(OSError):
            path.unlink()  # while it is locked: nobody can have taken it
    finally:
        os.close(handle)


def _held(path: Path, until: float) -> int | None:
    """Return the open and locked file; None where nothing can be locked."""
    while True:
        handle = _opened(path)
        if handle is None:
            return None
        try:
            _take(handle)
            if _is_at(handle, path):
                with suppress(OSError):
                    os.lseek(handle, 0, os.SEEK_SET)
                    os.ftruncate(handle, 0)
                    os.write(handle, _own_record())
                return handle
            os.close(handle)  # the process before removed it between the two
        except BlockingIOError as error:
            os.close(handle)
            if time.monotonic() >= until:
                raise LockedError(_holder(path)) from error
            time.sleep(_PAUSE)
        except OSError as error:
            os.close(handle)
            if error.errno in _NO_LOCKS:
                return None
            raise
        except BaseException:
            os.close(handle)
            raise


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        if error.errno not in NOT_ALLOWED:
            raise
    with suppress(OSError):
        return os.open(path, os.O_RDONLY)  # one that another user left
    return None


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _own_record() -> bytes:
    since = datetime.now().astimezone().isoformat(" ", "seconds")
    record = {"process": os.getpid(), "host": socket.gethostname(), "since": since}
    return json.dumps(record).encode()


def _holder(path: Path) -> str:
    """Return who holds a lock, in words."""
    try:
        record = json.loads(path.read_bytes())
        process, host, since = (record[name] for name in ("process", "host", "since"))
        return f"process {process} on {host}, since {since}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
