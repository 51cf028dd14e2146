"""Shared memory of the two processes of a training: arrays that both see.

Both take the same arrays in the same order from their `Arrays`, so that nothing needs a name.
"""

import math
import mmap
import os
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

_ALIGNMENT = 64  # bytes of a line of a processor's cache


class Arrays:
    """Arrays one after the other, in memory of this process or in memory that is shared.

    Args:
        memory: that is shared; None for memory of this process alone.
        is_owner: whether arrays begin with what is given; else another process has written it.
    """

    def __init__(self, memory: mmap.mmap | None = None, *, is_owner: bool = True) -> None:
        self._memory = memory
        self._is_owner = is_owner
        self._used = 0

    def zeros(self, shape: Sequence[int], dtype: Any = np.float32) -> Any:
        """Take an array, of zeros if no other process has written to it.

        Args:
            shape: of the array.
            dtype: of its numbers.

        Returns:
            The array.

        Raises:
            MemoryError: the shared memory is used up.
        """
        if self._memory is None:
            return np.zeros(shape, dtype=dtype)
        size = math.prod(shape)
        last = self._used + size * np.dtype(dtype).itemsize
        if last > len(self._memory):
            raise MemoryError(f"{last:,} bytes of {len(self._memory):,} that are shared")
        array = np.frombuffer(self._memory, dtype=dtype, count=size, offset=self._used)
        self._used = -(-last // _ALIGNMENT) * _ALIGNMENT
        return array.reshape(shape)

    def copy(self, values: Any) -> Any:
        """Take an array of given values; another process than the owner finds them there.

        Args:
            values: an array.

        Returns:
            The array, of the same shape and numbers.
        """
        array = self.zeros(np.shape(values), np.asarray(values).dtype)
        if self._is_owner:
            array[...] = values
        return array


class SharedMemory:
    """Memory that another process can be handed.

    Args:
        size: bytes. What is not written to takes no memory.

    Attributes:
        descriptor: file descriptor, for the other process; closed when this object is gone.
        size: bytes.
        memory: all 0.

    Raises:
        OSError: the system has no such memory, or none left.
    """

    def __init__(self, size: int) -> None:
        create = getattr(os, "memfd_create", None)  # Linux
        if create is None:
            raise OSError("no memory without a file")
        self.size = size
        self.descriptor: int = create("dcvae")
        weakref.finalize(self, os.close, self.descriptor)
        os.ftruncate(self.descriptor, size)
        self.memory = mmap.mmap(self.descriptor, size)
