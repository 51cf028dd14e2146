"""Team of threads that work on a batch side by side: NumPy lets others run while it computes."""

import threading
from collections.abc import Callable


class Team:
    """Threads that run one function, each with its number, and wait for each other in it.

    Args:
        num_threads: at least 1; the first is the calling thread.

    Examples:
        >>> team = Team(2)
        >>> done = [False, False]
        >>> def work(thread: int) -> None:
        ...     done[thread] = True
        ...     team.wait()  # from here on both are done
        >>> team.run(work)
        >>> done
        [True, True]
    """

    def __init__(self, num_threads: int) -> None:
        self.num_threads = num_threads
        self._barrier = threading.Barrier(num_threads)

    def wait(self) -> None:
        """Wait until every thread has come here.

        Raises:
            threading.BrokenBarrierError: another thread has failed.
        """
        if self.num_threads > 1:
            self._barrier.wait()

    def run(self, task: Callable[[int], None]) -> None:
        """Run a function in every thread, and return when all are done.

        Args:
            task: takes the number of a thread.

        Raises:
            BaseException: what the function raised, of the first thread that failed.
        """
        failures: list[BaseException] = []

        def guarded(number: int) -> None:
            try:
                task(number)
            except BaseException as failure:
                failures.append(failure)
                self._barrier.abort()  # the others would wait for ever

        threads = [
            threading.Thread(target=guarded, args=(number,), daemon=True)
            for number in range(1, self.num_threads)
        ]
        for thread in threads:
            thread.start()
        try:
            guarded(0)
        finally:
            for thread in threads:
                thread.join()
        if failures:
            self._barrier.reset()
            raise failures[0]
