"""Threads of NumPy's arithmetic: how many there may be, and parts of work done in parallel.

Each part runs with the products of NumPy on one thread: parts that each ask for all threads would
wait for one another, and what is between two products would run on one.
"""

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MOST = 8  # each holds the arrays of its part; more of them wait for the memory

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")
_Item = TypeVar("_Item")


def usable_cores() -> int:
    """Return how many cores the process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def processor() -> str:
    """Return what computes where there is no card, for messages.

    Examples:
        >>> processor().startswith("CPU, ")
        True
    """
    cores = usable_cores()
    return f"CPU, {cores} core{'' if cores == 1 else 's'}"


def usable_threads() -> int:
    """Return how many threads may compute, from 1 to 8.

    They are as many as cores that the process may run on, fewer if OMP_NUM_THREADS,
    OPENBLAS_NUM_THREADS or MKL_NUM_THREADS asks for fewer.
    """
    asked = [os.environ.get(name, "").split(",")[0].strip() for name in _LIMITS]
    return max(
        min(usable_cores(), _MOST, *(int(number) for number in asked if number.isdecimal())), 1
    )


class Workers:
    """Threads that do the parts of some work; a context manager.

    Args:
        number: how many; None for as many as may be.

    Attributes:
        number: how many.

    Examples:
        >>> with Workers() as workers:
        ...     workers.map(abs, [-1, 2, -3])
        [1, 2, 3]
    """

    def __init__(self, number: int | None = None) -> None:
        self.number = usable_threads() if number is None else number
        self._pool = ThreadPoolExecutor(self.number, "dcvae") if self.number > 1 else None

    def map(self, function: Callable[[_Part], _Result], parts: Sequence[_Part]) -> list[_Result]:
        """Do the parts and return their results in order, when all are done."""

        def done(part: _Part) -> _Result:
            _limit_this_thread()
            return function(part)

        with one_thread_a_product():
            if self._pool is None or len(parts) == 1:
                return [function(part) for part in parts]
            return list(self._pool.map(done, parts))

    def __enter__(self) -> "Workers":
        """Return itself."""
        return self

    def __exit__(self, *details: object) -> None:
        """End the threads, once they have done their parts."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


class Ahead(Generic[_Item]):
    """Items that a thread of their own makes while others compute; a context manager.

    What goes wrong is raised where the items are asked for. Leaving the context before all were
    asked for ends the thread after the item that it is at. With one thread in all, an item is made
    when it is asked for. Until the context is left, products run on one thread.

    Args:
        items: what is gone through in the thread, once.

    Examples:
        >>> with Ahead(number**2 for number in range(3)) as squares:
        ...     list(squares)
        [0, 1, 4]
    """

    def __init__(self, items: Iterable[_Item]) -> None:
        self._items, self._made = items, SimpleQueue[tuple[_Item] | None]()
        self._is_left, self._thread = False, None
        if usable_threads() > 1:
            # By this thread, for both: OpenBLAS hears one thread alone for as long as that lives.
            self._limit = _found().limit(limits=1, user_api="blas")
            self._thread = ThreadPoolExecutor(1, "dcvae ahead")
            self._end = self._thread.submit(self._make)

    def __iter__(self) -> Iterator[_Item]:
        """Yield the items in order, each as soon as it is made."""
        if self._thread is None:
            yield from self._items
            return
        while (made := self._made.get()) is not None:
            yield made[0]
        self._end.result()  # raises what went wrong

    def __enter__(self) -> "Ahead[_Item]":
        """Return itself."""
        return self

    def __exit__(self, *details: object) -> None:
        """End the thread, and let products run on as many threads as before."""
        if self._thread is not None:
            self._is_left = True
            self._thread.shutdown()
            with self._limit:
                """It is set with the object, and given back here."""

    def _make(self) -> None:
        try:
            _limit_this_thread()
            for item in self._items:
                self._made.put((item,))
                if self._is_left:
                    break
        finally:
            self._made.put(None)  # the end


class _Products:
    """How many threads a product of NumPy had before any of this project's limits."""

    lock = threading.Lock()
    users = 0
    before: Sequence[int] = ()


@contextmanager
def one_thread_a_product() -> Iterator[None]:
    """Let each product of NumPy run on one thread.

    Whoever leaves sets what was before the first one came, even while others are within, who may be
    slower then: OpenBLAS hears one thread alone for as long as that lives, so that nobody can leave
    it to the last.

    Yields:
        None.
    """
    with _Products.lock:
        if not _Products.users:
            _Products.before = [library.get_num_threads() for library in _libraries()]
        _Products.users += 1
        _set_threads([1] * len(_Products.before))
    try:
        yield
    finally:
        with _Products.lock:
            _Products.users -= 1
            _set_threads(_Products.before)


def _limit_this_thread() -> None:
    """Limit the libraries that have a limit for each thread, and no others.

    Of those with one for the process, this thread might be the one that is heard from then on, and
    whoever limited them could not give back what was before.
    """
    for library in _libraries():
        if getattr(library, "threading_layer", "") != "pthreads":
            library.set_num_threads(1)


def _set_threads(numbers: Sequence[int]) -> None:
    for library, number in zip(_libraries(), numbers, strict=True):
        library.set_num_threads(number)


@cache
def _libraries() -> list[Any]:
    """Return the libraries of products, NumPy's among them, that were loaded at the first call."""
    return [x for x in _found().lib_controllers if x.user_api == "blas"]


def _found() -> Any:
    """Find the libraries of arithmetic that are loaded now."""
    import numpy  # noqa: F401  whose library is to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()
