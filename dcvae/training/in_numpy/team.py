"""Team of one or two processes that work on a batch side by side.

Threads would do, but for Python's lock: whoever wants it back while another thread holds it sleeps,
and waking up takes as long as the products between. Processes wait for each other by numbers in
shared memory, without going to sleep for the short while that takes.
"""

import threading
import time
from collections.abc import Callable

import numpy as np

from dcvae.training.in_numpy.shared_memory import Arrays

_SPINS = 20_000  # about a millisecond
PATIENCE = 60.0  # seconds; it may have been stopped


class MemberLostError(Exception):
    """The other process has ended, or does not answer."""


class Team:
    """The processes of a training, as one of them sees them.

    Args:
        arrays: where the numbers are that they wait by.
        member: number of this process; 0 is the one that the user started.

    Attributes:
        member: number of this process.
        size: processes at work, 1 or 2.
        is_lost: tells whether the other process has ended.
        fence: to be taken before a number is written, and after it is read, that another process
            waits for: it keeps the processor from showing it before what was written earlier.
    """

    def __init__(self, arrays: Arrays, member: int = 0) -> None:
        self.member = member
        self.size = 1
        self.is_lost: Callable[[], bool] = lambda: False
        # Far apart: a line of the cache that both write to would go back and forth.
        self._arrived = [memoryview(arrays.zeros((8,), np.int64)) for _ in range(2)]
        self.fence = threading.Lock()

    def wait(self) -> None:
        """Wait until the other process has come here too.

        Raises:
            MemberLostError: it never will.
        """
        if self.size == 1:
            return
        own, other = self._arrived[self.member], self._arrived[1 - self.member]
        with self.fence:
            pass
        own[0] += 1
        arrived, spins, deadline = own[0], 0, float("inf")
        while other[0] < arrived:
            spins += 1
            if spins > _SPINS:
                time.sleep(0)
                if spins % _SPINS == 0:
                    deadline = min(deadline, time.monotonic() + PATIENCE)
                    is_first = self.member == 0  # the other one ends with it
                    if self.is_lost() or (is_first and time.monotonic() > deadline):
                        raise MemberLostError
        with self.fence:
            pass
