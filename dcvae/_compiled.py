"""Compiled programs of JAX, kept from one run of a command to the next."""

import hashlib
import os
import platform
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FOLDER = "JAX_COMPILATION_CACHE_DIR"
_LEAST_SECONDS = "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"


@contextmanager
def kept_programs() -> Iterator[None]:
    """Have JAX, which is imported meanwhile, keep programs that took long to compile.

    For commands alone: in another program's process, JAX is that program's. They are kept in the
    folder for such files of the user, by processor, since a program may have instructions that
    another processor lacks. If the user has named a folder of JAX's own, it is left at that.

    Yields:
        None.
    """
    folder = _folder()
    if os.environ.get("KERAS_BACKEND") != "jax" or _FOLDER in os.environ or folder is None:
        yield
        return
    # What cannot be read or written is compiled again, and no more is lost.
    warnings.filterwarnings("ignore", r"(?i).*persistent compilation cache")
    added = {_FOLDER: str(folder), _LEAST_SECONDS: "0.2"}
    added = {name: value for name, value in added.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:  # read at the import; child processes must not inherit them
            os.environ.pop(name, None)


def _folder() -> Path | None:
    """Return the folder of this processor's programs; None for a user without a home."""
    try:
        caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:
        return None
    return caches / "dcvae" / "jax" / hashlib.sha256(_processor()).hexdigest()[:16]


def _processor() -> bytes:
    """Describe the instructions that this processor has, where the system tells."""
    try:
        with open("/proc/cpuinfo", "rb") as told:
            lines = [line for line in told if line.startswith((b"flags", b"Features"))]
    except OSError:  # not Linux
        lines = []
    return lines[0] if lines else f"{platform.machine()} {platform.processor()}".encode()
