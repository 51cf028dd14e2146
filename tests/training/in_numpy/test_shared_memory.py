"""Arrays of two processes: the same ones, taken in the same order."""

import mmap

import numpy as np
import pytest

from dcvae.training.in_numpy.shared_memory import Arrays


def test_both_see_the_same_numbers() -> None:
    memory = mmap.mmap(-1, 4096)
    owner, other = Arrays(memory), Arrays(memory, is_owner=False)
    mine = [owner.copy(np.arange(3, dtype=np.int64)), owner.zeros((2, 2))]
    theirs = [other.copy(np.zeros(3, dtype=np.int64)), other.zeros((2, 2))]
    assert theirs[0].tolist() == [0, 1, 2]
    mine[1][1, 0] = 5
    assert theirs[1].tolist() == [[0, 0], [5, 0]]
    assert all(array.ctypes.data % 64 == 0 for array in mine)


def test_more_than_there_is() -> None:
    arrays = Arrays(mmap.mmap(-1, 4096))
    with pytest.raises(MemoryError, match=r"8,192 bytes of 4,096 that are shared"):
        arrays.zeros((1024, 2))
