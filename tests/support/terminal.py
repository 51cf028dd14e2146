"""A pseudo-terminal of a given width as standard output and standard error of this process."""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

_STYLE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal:
    """What was written to a pseudo-terminal.

    Attributes:
        raw: as it was written, once the terminal is closed.
    """

    raw = ""

    @property
    def lines(self) -> list[str]:
        """Lines without their colors."""
        return _STYLE.sub("", self.raw).replace("\r\n", "\n").splitlines()


@contextmanager
def terminal(columns: int, *names: str, **environment: str) -> Iterator[Terminal]:
    """Let standard streams be a terminal.

    Args:
        columns: its width.
        names: of the streams; both of them if none is named.
        **environment: variables besides TERM; COLUMNS and NO_COLOR are not set but by these.

    Yields:
        The terminal, which has all that was written when the context is left.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    read: list[bytes] = []

    def listen() -> None:
        while True:
            try:
                block = os.read(master, 65536)
            except OSError:  # the other side is closed
                return
            if not block:
                return
            read.append(block)

    listener = threading.Thread(target=listen)
    listener.start()
    seen = Terminal()
    variables = {"TERM": "xterm-256color"} | environment
    cleared = {name: text for name, text in os.environ.items() if name not in _WITHOUT}
    stream = os.fdopen(slave, "w", encoding="utf-8")
    try:
        with mock.patch.dict(os.environ, cleared | variables, clear=True):
            patches = [mock.patch.object(sys, name, stream) for name in names or _BOTH]
            if "".join(names) != "stderr":
                patches.append(mock.patch.object(sys, "__stdout__", stream))
            for patch in patches:
                patch.start()
            try:
                yield seen
            finally:
                for patch in patches:
                    patch.stop()
    finally:
        stream.close()
        listener.join()
        os.close(master)
        seen.raw = b"".join(read).decode()


_BOTH = ("stdout", "stderr")
_WITHOUT = ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "LINES")
