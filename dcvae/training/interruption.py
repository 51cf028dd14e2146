"""Ctrl-C in a training: heard where Python would ignore it."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def ctrl_c_is_heard() -> Iterator[Callable[[], None]]:
    """Remember that Ctrl-C was pressed, should the exception of it get lost.

    A framework that traces and compiles runs Python where exceptions are ignored, such as in what
    is called when an object is freed. Where the program has its own way with Ctrl-C, or this is not
    its main thread, nothing is changed.

    Yields:
        A function that raises KeyboardInterrupt if Ctrl-C was pressed.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield lambda: None
        return
    pressed = False

    def remember(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.default_int_handler(number, frame)

    def check() -> None:
        if pressed:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, remember)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
