"""Operations on files that fail at a chosen one: as a kill, as Ctrl-C, or as an error of the disk.

Operations are those that change what is on disk: files opened to be written, made, renamed,
removed, exchanged, and brought to the disk.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from dcvae.storage.changing import folders, naming

NAMES = ("rename", "replace", "unlink", "mkdir", "rmdir", "fsync", "ftruncate")


def _do_nothing(handle: int) -> None:
    pass


class KilledError(BaseException):
    """Stands in for the end of the process: nothing can be done to files after it."""


class Operations:
    """Counts operations, and ends one of them.

    Args:
        number: which one, from 1; 0 for none.
        error: makes what it raises; what raises `KilledError` raises it at all others after it.
            What returns None holds the operation until it has returned.
        after: whether the operation is done before that.
    """

    def __init__(
        self,
        number: int = 0,
        error: Callable[[], BaseException | None] = KilledError,
        *,
        after: bool = False,
    ) -> None:
        self.number, self.error, self.after = number, error, after
        self.count = 0
        self.log: list[str] = []

    def around(self, name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def operation(*arguments: Any, **keywords: Any) -> Any:
            self.count += 1
            self.log.append(f"{name} {arguments[:2]}")
            is_last = self.count == self.number
            is_dead = self.error is KilledError and 0 < self.number < self.count
            if is_dead or (is_last and not self.after):
                self.end()
            result = original(*arguments, **keywords)
            if is_last and self.after:
                if hasattr(result, "close"):  # nobody else could
                    result.close()
                self.end()
            return result

        return operation

    def end(self) -> None:
        """Raise the error, if there is one."""
        error = self.error()
        if error is not None:
            raise error

    @contextlib.contextmanager
    def watched(self) -> Iterator["Operations"]:
        """Watch the operations of this process."""
        original_open, io_open = os.open, open

        def os_open(path: Any, flags: int, *more: Any, **keywords: Any) -> int:
            writes = flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR)
            call = self.around("os.open", original_open) if writes else original_open
            return call(path, flags, *more, **keywords)

        def any_open(file: Any, mode: str = "r", *more: Any, **keywords: Any) -> Any:
            writes = any(letter in mode for letter in "wax+")
            return (self.around("open", io_open) if writes else io_open)(
                file, mode, *more, **keywords
            )

        with contextlib.ExitStack() as stack:
            for name in NAMES:
                original = getattr(os, name)
                if name == "fsync":  # slow, and of no matter without a power cut
                    original = _do_nothing
                stack.enter_context(mock.patch.object(os, name, self.around(name, original)))
            stack.enter_context(mock.patch.object(os, "open", os_open))
            stack.enter_context(mock.patch("builtins.open", any_open))
            stack.enter_context(mock.patch("io.open", any_open))
            exchange = self.around("exchange", folders.exchange)
            for module in (folders, naming):
                stack.enter_context(mock.patch.object(module, "exchange", exchange))
            yield self


@contextlib.contextmanager
def without_exchange() -> Iterator[None]:
    """Behave as a system that cannot exchange two folders in one step."""
    with (
        mock.patch.object(folders, "exchange", return_value=False),
        mock.patch.object(naming, "exchange", return_value=False),
    ):
        yield
