"""Threads of NumPy's arithmetic: how many there may be, and parts of work done in parallel.

Each part runs with the products of NumPy on one thread: parts that each ask for all threads would
wait for one another, and what is between two products would run on one.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MOST = 8  # each holds the arrays of its part; more of them wait for the memory

_Part = TypeVar("_Part")
_Result = TypeVar("_Result")


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
            _set_threads([1] * len(_libraries()))  # a library may have a limit for each thread
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


def _set_threads(numbers: Sequence[int]) -> None:
    for library, number in zip(_libraries(), numbers, strict=True):
        library.set_num_threads(number)


@cache
def _libraries() -> list[Any]:
    """Find the libraries of products that are loaded, NumPy's among them."""
    import numpy  # noqa: F401  whose library is to be found
    from threadpoolctl import ThreadpoolController

    return [x for x in ThreadpoolController().lib_controllers if x.user_api == "blas"]
