"""Progress of long work, announced where it is done and shown by whoever asked for it."""

import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

Item = TypeVar("Item")


class Listener(Protocol):
    """Receiver of what is being done; at most one thing at a time, the last one that began."""

    def begin(self, words: str, total: int | None) -> None:
        """Receive what begins.

        Args:
            words: what is done, as in "scoring the baselines".
            total: parts that it has; None if they are not counted.
        """

    def advance(self, count: int) -> None:
        """Receive how many of its parts were done."""

    def tell(self, sentence: str) -> None:
        """Receive what a user may not expect and the work goes on with."""


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_told: ContextVar[Listener | None] = ContextVar("told", default=None)  # also within a part


@contextmanager
def shown_by(listener: Listener) -> Iterator[None]:
    """Have progress shown by a listener; without one it is not shown.

    Yields:
        None, while it is.
    """
    token, told = _listener.set(listener), _told.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
        _told.reset(told)


def tell(sentence: str) -> None:
    """Tell what a user may not expect and the work goes on with; a warning if nobody listens."""
    listener = _told.get()
    if listener is None:
        warnings.warn(sentence, UserWarning, stacklevel=2)
    else:
        listener.tell(sentence)


def begin(words: str) -> None:
    """Announce work whose parts are not counted; see `Listener.begin`."""
    listener = _listener.get()
    if listener is not None:
        listener.begin(words, None)


def counted(items: Iterable[Item], words: str, total: int | None = None) -> Iterator[Item]:
    """Pass items through and announce each when it is done with.

    What is announced while an item is at work is a part of it, and not shown.

    Args:
        items: what is gone through.
        words: what is done with each, as in "scoring the baselines".
        total: how many there are; None if that is not known.

    Yields:
        The items.

    Examples:
        >>> class Lines:
        ...     def begin(self, words, total):
        ...         print(words, total)
        ...     def advance(self, count):
        ...         print("done", count)
        >>> with shown_by(Lines()):
        ...     squares = [number**2 for number in counted([1, 2], "squares", 2)]
        squares 2
        done 1
        done 1
    """
    listener = _listener.get()
    if listener is None:
        yield from items
        return
    listener.begin(words, total)
    token = _listener.set(None)
    try:
        for item in items:
            yield item
            listener.advance(1)
    finally:
        _listener.reset(token)
