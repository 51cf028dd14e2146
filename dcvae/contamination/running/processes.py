"""Processes that do tasks, each with its share of the threads; one that dies fails its task."""

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from dcvae._threads import usable_threads
from dcvae.errors import InputError

_THREADS = (  # what NumPy's libraries, PyTorch and TensorFlow read when they are imported
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
)
_READY = "ready"

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def in_processes(
    do: Callable[[_Task], _Result],
    tasks: Sequence[_Task],
    processes: int,
    died: Callable[[_Task, str], _Result],
) -> Iterator[_Result]:
    """Do tasks in several processes at a time.

    Args:
        do: does one; it and its result can be sent to another process. An error of the operating
            system that it raises is raised here, any other ends its process.
        tasks: what is to be done.
        processes: how many at a time; each has its share of the threads.
        died: makes the result of a task whose process ended, from how it did.

    Yields:
        Results, as they come. The processes end when the iterator is closed.

    Raises:
        InputError: a process ended before it could begin.
    """
    threads = max(usable_threads() // processes, 1)
    waiting = deque(tasks)
    busy: dict[Connection, _Process[_Task, _Result]] = {}
    try:
        for _ in range(min(processes, len(waiting))):
            started = _Process[_Task, _Result](do, threads)
            busy[started.pipe] = started
            started.give(waiting.popleft())
        while busy:
            for pipe in wait([*busy]):
                process = busy[pipe]  # type: ignore[index]
                result = process.result(died)
                if result is None:
                    continue
                if not process.is_usable:
                    process.end()
                    del busy[process.pipe]
                    if waiting:
                        process = _Process[_Task, _Result](do, threads)
                        busy[process.pipe] = process
                yield result
                if process.pipe in busy and waiting:
                    process.give(waiting.popleft())
                elif process.pipe in busy:
                    process.end()
                    del busy[process.pipe]
    finally:
        for process in busy.values():
            process.end()


class _Process(Generic[_Task, _Result]):
    """A process that does one task after another."""

    def __init__(self, do: Callable[[_Task], _Result], threads: int) -> None:
        context = multiprocessing.get_context("spawn")  # a framework does not survive a fork
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, do), daemon=True)
        with _environment(dict.fromkeys(_THREADS, str(threads))):
            self._process.start()
        theirs.close()
        self._tasks: list[_Task] = []
        self._has_begun, self.is_usable = False, True

    def give(self, task: _Task) -> None:
        """Give it a task; it has none."""
        self._tasks = [task]
        with suppress(ConnectionError):  # it died while it had none: `result` will tell
            self.pipe.send(task)

    def result(self, died: Callable[[_Task, str], _Result]) -> _Result | None:
        """Return what has come from it; None for the word that it has begun."""
        try:
            got: Any = self.pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            self.is_usable = False
            if not self._has_begun:
                raise InputError(
                    "A process of the study ended before it could begin. In a program, call a "
                    'study with `jobs` above 1 within `if __name__ == "__main__":`, as every new '
                    "process imports the program."
                ) from None
            return died(self._tasks.pop(), _how_it_ended(self._process.exitcode))
        if isinstance(got, str) and got == _READY:
            self._has_begun = True
            return None
        if isinstance(got, OSError):
            raise got
        result: _Result = got
        return result

    def end(self) -> None:
        """End the process, whatever it does."""
        self._process.terminate()
        self._process.join()
        self.pipe.close()


def _work(pipe: Connection, do: Callable[[Any], Any]) -> None:
    """Do tasks until no more come: the main function of a process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits for this
    pipe.send(_READY)
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            result = do(task)
        except OSError as error:
            result = error
        pipe.send(result)


def _how_it_ended(status: int | None) -> str:
    if status is not None and status < 0:
        name = signal.Signals(-status).name if -status in [*signal.Signals] else str(-status)
        killed = ": the system may have run out of memory" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{killed}"
    return f"its process ended with status {status}"


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables that a new process inherits, and set them back."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
