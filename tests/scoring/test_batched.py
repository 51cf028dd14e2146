"""Passes over a file in batches of one size, against one NumPy expression over all windows."""

from typing import Any

import numpy as np
import pytest
from keras import ops

from dcvae.scoring.batched import BatchedPass, filled_up
from support.builders import random_network, random_rows, settings_with

BATCH = 4
AROUND_THE_BATCH = (0, 1, 3, 4, 5, 8, 9, 11)


def sums_and_largest(windows: Any) -> tuple[Any, Any]:
    """What every batch is asked for here: (windows, series) and (windows,)."""
    return ops.sum(windows, axis=1), ops.max(windows, axis=(1, 2))


def windows_of(count: int) -> np.ndarray:
    return random_rows(count * 3, 2, seed=count).reshape(count, 3, 2)


def filled(windows: np.ndarray, first: int, count: int) -> np.ndarray:
    """A whole batch; what fills it up is far from any window."""
    missing = BATCH - count
    return np.pad(windows[first : first + count], [(0, missing), (0, 0), (0, 0)]) - 1e6 * (
        np.arange(BATCH) >= count
    ).reshape(-1, 1, 1).astype(np.float32)


@pytest.mark.parametrize("count", AROUND_THE_BATCH)
def test_outputs_are_those_of_all_windows_at_once_the_filling_cut_off(count: int) -> None:
    windows = windows_of(count)
    seen, sums, largest = [], [], []
    batches = BatchedPass(sums_and_largest, BATCH).run(
        count, lambda first, size: filled(windows, first, size)
    )
    for which, (total, most) in batches:
        seen += list(range(which.start, which.stop))
        assert len(total) == len(most) == which.stop - which.start
        sums.append(total)
        largest.append(most)
    assert seen == list(range(count))
    if count:
        np.testing.assert_allclose(np.concatenate(sums), windows.sum(axis=1), rtol=1e-6)
        np.testing.assert_array_equal(np.concatenate(largest), windows.max(axis=(1, 2)))


@pytest.mark.parametrize("count", AROUND_THE_BATCH)
def test_every_batch_is_asked_for_by_its_first_window_and_its_number(count: int) -> None:
    asked: list[tuple[int, int]] = []

    def inputs_of(first: int, size: int) -> np.ndarray:
        asked.append((first, size))
        return np.zeros((BATCH, 3, 2), dtype=np.float32)

    slices = [which for which, _ in BatchedPass(sums_and_largest, BATCH).run(count, inputs_of)]
    expected = [(first, min(BATCH, count - first)) for first in range(0, count, BATCH)]
    assert asked == expected
    assert slices == [slice(first, first + size) for first, size in expected]


def test_several_inputs_go_by_their_names() -> None:
    windows, weights = windows_of(6), random_rows(6, 1)[:, 0]

    def weighted(inputs: dict[str, Any]) -> tuple[Any]:
        return (ops.sum(inputs["windows"], axis=(1, 2)) * inputs["weights"],)

    def inputs_of(first: int, count: int) -> dict[str, np.ndarray]:
        there = slice(first, first + count)
        return {
            "windows": filled(windows, first, count),
            "weights": np.pad(weights[there], (0, BATCH - count)),
        }

    found = [values for _, (values,) in BatchedPass(weighted, BATCH).run(6, inputs_of)]
    expected = windows.sum(axis=(1, 2)) * weights
    np.testing.assert_allclose(np.concatenate(found), expected, rtol=1e-5, atol=1e-6)


def test_batches_are_worked_out_one_at_a_time() -> None:
    """A file is larger than what its windows may take of the memory."""
    asked = []

    def inputs_of(first: int, count: int) -> np.ndarray:
        asked.append(first)
        return np.zeros((BATCH, 3, 2), dtype=np.float32)

    batches = BatchedPass(sums_and_largest, BATCH).run(3 * BATCH, inputs_of)
    assert asked == []
    next(batches)
    assert asked == [0]


def test_the_function_is_traced_once_however_many_files_there_are() -> None:
    traced = 0

    def counting(windows: Any) -> tuple[Any]:
        nonlocal traced
        traced += 1
        return (ops.sum(windows, axis=(1, 2)),)

    batched = BatchedPass(counting, BATCH)
    list(batched.run(3, lambda *_: np.zeros((BATCH, 3, 2), dtype=np.float32)))
    once = traced
    assert once >= 1
    for count in (1, 4, 9):
        list(batched.run(count, lambda *_: np.ones((BATCH, 3, 2), dtype=np.float32)))
    assert traced == once


def test_weights_are_those_that_the_network_has_when_a_batch_is_run() -> None:
    settings = settings_with()
    network = random_network(settings)
    windows = random_rows(BATCH * 8, 2).reshape(BATCH, 8, 2)
    batched = BatchedPass(lambda x: (network.reconstruct(x).mean,), BATCH, network)
    means = []
    for seed in (1, 2):
        network.set_weights(random_network(settings_with(seed=seed), seed).get_weights())
        ((_, (mean,)),) = batched.run(BATCH, lambda *_: windows)
        expected = ops.convert_to_numpy(network.reconstruct(windows).mean)
        np.testing.assert_allclose(mean, expected, atol=1e-5)
        means.append(mean)
    assert np.abs(means[0] - means[1]).max() > 0.01


# ------------------------------------------------------------------- filling up


def test_a_batch_is_filled_up_with_its_last_window() -> None:
    starts = np.array([3, 5, 8, 13, 21], dtype=np.int32)
    assert filled_up(starts, 0, 4, 4).tolist() == [3, 5, 8, 13]
    assert filled_up(starts, 4, 1, 4).tolist() == [21, 21, 21, 21]
    assert filled_up(starts, 3, 2, 4).tolist() == [13, 21, 21, 21]
    assert filled_up(starts, 1, 2, 2).tolist() == [5, 8]
    assert filled_up(starts, 3, 2, 4).dtype == np.int32


@pytest.mark.parametrize("count", AROUND_THE_BATCH[1:])
def test_batches_without_their_filling_are_the_starts(count: int) -> None:
    starts = np.arange(count, dtype=np.int32) * 7
    found: list[int] = []
    for first in range(0, count, BATCH):
        size = min(BATCH, count - first)
        batch = filled_up(starts, first, size, BATCH)
        assert batch.shape == (BATCH,)
        assert set(batch[size:]) <= {starts[-1]}
        found += batch[:size].tolist()
    assert found == starts.tolist()
