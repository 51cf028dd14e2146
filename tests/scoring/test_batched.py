"""Passes over a file in batches of one size, against one NumPy expression over all windows."""

import warnings
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from dcvae import InputError
from dcvae._devices import Card
from dcvae.networks import network_in_numpy
from dcvae.scoring import CausalScorer, WindowAverageScorer, batched, losses_of_file
from dcvae.scoring.batched import BatchedPass, filled_up, pass_size
from support.builders import inputs_of as inputs_of_rows
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


# ------------------------------------------------------------------- memory


class ResourceExhaustedError(Exception):
    """Named as TensorFlow names it."""


def limit(monkeypatch: pytest.MonkeyPatch, most: int, error: Exception) -> list[int]:
    """Let memory run out in batches of more windows; the sizes of batches that were tried."""
    tried: list[int] = []
    predict = keras.Model.predict_on_batch

    def predict_on_batch(graph: Any, inputs: Any) -> Any:
        windows = inputs["windows"] if isinstance(inputs, dict) else inputs
        tried.append(len(windows))
        if len(windows) > most:
            raise error
        return predict(graph, inputs)

    monkeypatch.setattr(keras.Model, "predict_on_batch", predict_on_batch)
    return tried


@pytest.mark.parametrize(
    "error", [ResourceExhaustedError("OOM"), RuntimeError("CUDA out of memory. Tried")]
)
def test_a_batch_that_does_not_fit_is_halved_until_it_does(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows = windows_of(11)
    tried = limit(monkeypatch, 2, error)
    run = BatchedPass(sums_and_largest, 8)

    def inputs_of(first: int, count: int) -> np.ndarray:
        missing = run.batch_size - count
        return np.pad(windows[first : first + count], [(0, missing), (0, 0), (0, 0)])

    for expected in ([8, 4, *[2] * 6], [2] * 6):  # a second file has the size that fits
        tried.clear()
        seen, sums = [], []
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            for which, (total, _) in run.run(11, inputs_of):
                seen += list(range(which.start, which.stop))
                sums.append(total)
        assert (seen, tried) == (list(range(11)), expected)
        np.testing.assert_allclose(np.concatenate(sums), windows.sum(axis=1), rtol=1e-6)
        texts = [str(warning.message) for warning in told]
        assert len(texts) == (1 if expected[0] == 8 else 0)
        assert all(text.startswith("Memory ran out in a pass, so passes are") for text in texts)


def test_memory_that_runs_out_between_batches_loses_none(monkeypatch: pytest.MonkeyPatch) -> None:
    windows = windows_of(11)
    run = BatchedPass(sums_and_largest, 4)
    calls = 0
    predict = keras.Model.predict_on_batch

    def predict_on_batch(graph: Any, inputs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:  # another program takes the memory
            raise MemoryError
        return predict(graph, inputs)

    monkeypatch.setattr(keras.Model, "predict_on_batch", predict_on_batch)

    def inputs_of(first: int, count: int) -> np.ndarray:
        missing = run.batch_size - count
        return np.pad(windows[first : first + count], [(0, missing), (0, 0), (0, 0)])

    with pytest.warns(UserWarning, match="Memory ran out in a pass"):
        outputs = list(run.run(11, inputs_of))
    assert [which.start for which, _ in outputs] == [0, 4, 6, 8, 10]
    sums = np.concatenate([total for _, (total, _) in outputs])
    np.testing.assert_allclose(sums, windows.sum(axis=1), rtol=1e-6)


def test_memory_for_not_even_one_window_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = limit(monkeypatch, 0, MemoryError())
    run = BatchedPass(sums_and_largest, 4)
    with (
        pytest.warns(UserWarning, match="Memory ran out in a pass"),
        pytest.raises(InputError, match=r"^Memory ran out in a pass of one window\. .*`cnn_units`"),
    ):
        list(run.run(3, lambda *_: np.zeros((run.batch_size, 3, 2), dtype=np.float32)))
    assert tried == [4, 2, 1]


def test_other_errors_of_a_pass_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = limit(monkeypatch, 0, RuntimeError("CUDA error: device-side assert triggered"))
    with pytest.raises(RuntimeError, match="device-side assert"):
        list(BatchedPass(sums_and_largest, 4).run(3, lambda *_: np.zeros((4, 3, 2))))
    assert tried == [4]


@pytest.mark.parametrize("kind", ["causal", "window average", "losses"])
def test_scores_are_the_same_in_passes_made_smaller(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = inputs_of_rows(random_rows(150, 2))
    network = random_network(settings_with())
    starts = np.arange(0, 140, 3, dtype=np.int32)

    def computed() -> Any:
        if kind == "causal":
            scores = CausalScorer(network, 8, sample_latent=True).score(inputs)
            return np.concatenate([scores.mean, scores.sigma], axis=1)
        if kind == "window average":
            return WindowAverageScorer(network, 8).squares(inputs, starts)
        return losses_of_file(network, inputs, 8).windows

    expected = computed()
    predict = keras.Model.predict_on_batch
    sizes = set()

    def predict_on_batch(graph: Any, given: Any) -> Any:
        first = next(iter(given.values())) if isinstance(given, dict) else given
        if len(first) > 20:
            raise MemoryError
        sizes.add(len(first))
        return predict(graph, given)

    told: list[str] = []
    monkeypatch.setattr(batched._progress, "tell", told.append)
    monkeypatch.setattr(keras.Model, "predict_on_batch", predict_on_batch)
    found = computed()
    assert len(told) == len(sizes) == 1
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


# ------------------------------------------------------------------- cards


@pytest.mark.parametrize(
    ("memory", "times"),
    [
        (None, 1),
        (10**15, 8),
        (1, 1),
    ],
)
def test_a_pass_is_as_large_as_a_card_has_memory(
    memory: int | None, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = random_network(settings_with())
    monkeypatch.setattr(batched, "cards_in_use", lambda: [Card("gpu:0", "A card", memory)])
    assert pass_size(64, network) == 64 * times


def test_a_pass_in_numpy_makes_nothing_of_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    network = network_in_numpy(random_network(settings_with()).describe())
    monkeypatch.setattr(batched, "cards_in_use", lambda: [Card("gpu:0", "A card", 10**15)])
    assert pass_size(64, network) == 64


def test_a_pass_takes_an_eighth_of_the_memory_of_the_first_card(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_with()
    network = random_network(settings)
    outputs = keras.tree.flatten(
        [layer.output for layer in [*network.encoder.layers, *network.decoder.layers]]
    )
    window = 4 * sum(settings.window_length * output.shape[-1] for output in outputs)  # bytes

    def size_with(memory: int) -> int:
        cards = [Card("gpu:0", "A card", memory), Card("gpu:1", "Another", 10**15)]
        monkeypatch.setattr(batched, "cards_in_use", lambda: cards)
        return pass_size(64, network)

    assert size_with(8 * window * 64 * 4) == 64 * 4
    assert size_with(8 * window * 64 * 4 - 1) == 64 * 2
    assert size_with(8 * window * 64 * 2 - 1) == 64
    monkeypatch.setattr(batched, "cards_in_use", list)
    assert pass_size(64, network) == 64
