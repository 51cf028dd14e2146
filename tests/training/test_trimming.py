"""Trimming: which windows are left out of an epoch, what is counted, which rows are suspects."""

import itertools
from typing import Any

import numpy as np
import pytest

from dcvae import InputError
from dcvae._arrays import Float64Array, Int32Array, IntArray
from dcvae.data.windows import shuffled
from dcvae.training import TrainingState, suspect_rows, train
from dcvae.training.trimming import counted, largest
from support.training_tools import INPUTS, MadeUpEpochs, small, split_of

# ------------------------------------------------------------ the largest losses


@pytest.mark.parametrize(
    ("losses", "share", "expected"),
    [
        ([1.0, 5.0, 2.0, 4.0], 0.5, [1, 3]),
        ([1.0, 5.0, 2.0, 4.0], 0.49, [1]),
        ([1.0, 5.0, 2.0, 4.0], 0.24, []),
        ([2.0, 2.0, 2.0], 0.34, [2]),
        ([np.nan, 1.0, np.inf, 7.0], 0.25, [0]),
        ([np.nan, 1.0, np.inf, 7.0], 0.5, [0, 2]),
        (list(range(100)), 0.29, list(range(71, 100))),  # 0.29 * 100 is below 29
        ([], 0.5, []),
    ],
)
def test_the_largest_losses_are_left_out(
    losses: list[float], share: float, expected: list[int]
) -> None:
    assert np.flatnonzero(largest(np.array(losses), share)).tolist() == expected


# ------------------------------------------------------------ epochs


def epochs_with(
    losses: Any,
    state: TrainingState | None = None,
    kept: list[TrainingState] | None = None,
    **keys: Any,
) -> list[list[int]]:
    """Train with made-up steps; the windows of each epoch in their order."""
    settings = small(**{"epochs": 3, "val_percent": 0.0, "batch_size": 8, "patience": 9} | keys)
    runner = MadeUpEpochs(itertools.repeat(1.0))
    states = [] if kept is None else kept
    done = 0 if state is None else len(state.history)
    ends: list[int] = []

    def keep(state: TrainingState) -> None:
        states.append(state)
        ends.append(runner.steps)

    train(runner, split_of(INPUTS, settings), settings, state=state, keep=keep, losses_of=losses)
    assert len(ends) == settings.epochs - done
    return [
        list(itertools.chain(*runner.trained[first:last]))
        for first, last in itertools.pairwise([0, *ends])
    ]


def by_start(starts: Int32Array) -> Float64Array:
    """Let later windows be stranger."""
    return starts.astype(np.float64)


def test_an_epoch_goes_without_its_largest_losses_but_for_the_first() -> None:
    """Of 143 windows in steps of 8, 136 are drawn, 13 of them left out, and 120 fill 15 steps."""
    asked: list[list[int]] = []

    def losses_of(starts: Int32Array) -> Float64Array:
        asked.append(starts.tolist())
        return by_start(starts)

    kept: list[TrainingState] = []
    epochs = epochs_with(losses_of, kept=kept, trim_windows=0.1)
    settings = small()
    windows = split_of(INPUTS, small(val_percent=0.0)).train
    assert len(windows) == 143
    drawn = [shuffled(windows, settings.seed, number)[:136].tolist() for number in (1, 2, 3)]
    assert epochs[0] == drawn[0]
    assert asked == drawn[1:]
    for epoch, of_all in zip(epochs[1:], drawn[1:], strict=True):
        limit = sorted(of_all)[-13]
        assert epoch == [start for start in of_all if start < limit][:120]
    assert [state.trimmed.shape for state in kept] == [(2, 0), (2, 143), (2, 143)]
    ranked, out = kept[-1].trimmed
    assert ranked.tolist() == [sum(start in epoch for epoch in drawn[1:]) for start in windows]
    limits = [sorted(epoch)[-13] for epoch in drawn[1:]]
    assert out.tolist() == [
        sum(
            start in epoch and start >= limit
            for epoch, limit in zip(drawn[1:], limits, strict=True)
        )
        for start in windows
    ]


def test_nothing_is_left_out_without_the_key() -> None:
    kept: list[TrainingState] = []
    assert epochs_with(None, kept=kept) == epochs_with(by_start, trim_windows=0.0)
    assert kept[-1].trimmed.shape == (2, 0)


def test_the_published_batches_keep_their_last_smaller_one() -> None:
    epochs = epochs_with(by_start, trim_windows=0.1, fidelity_batches="code")
    assert [len(epoch) for epoch in epochs] == [143, 129, 129]


def test_fewer_windows_than_a_step_are_a_smaller_step() -> None:
    epochs = epochs_with(by_start, trim_windows=0.1, batch_size=1000)
    assert [len(epoch) for epoch in epochs] == [143, 129, 129]


def test_epochs_of_some_steps_rank_the_windows_of_these_steps() -> None:
    whole = epochs_with(None, steps_per_epoch=10)
    trimmed = epochs_with(by_start, trim_windows=0.1, steps_per_epoch=10)
    assert trimmed[0] == whole[0]
    for epoch, of_all in zip(trimmed[1:], whole[1:], strict=True):
        limit = sorted(of_all)[-8]
        assert epoch == [start for start in of_all if start < limit]
        assert len(epoch) == 72


def test_a_resumed_training_leaves_out_and_counts_the_same() -> None:
    kept: list[TrainingState] = []
    keys = {"trim_windows": 0.2, "epochs": 4}
    epochs = epochs_with(by_start, kept=kept, **keys)
    again: list[TrainingState] = []
    assert epochs_with(by_start, kept[1], again, **keys) == epochs[2:]
    np.testing.assert_array_equal(again[-1].trimmed, kept[-1].trimmed)


def test_a_state_of_other_windows_is_refused() -> None:
    kept: list[TrainingState] = []
    epochs_with(by_start, kept=kept, trim_windows=0.2)
    with pytest.raises(InputError, match="is damaged or was stored by another version"):
        epochs_with(by_start, kept[1], trim_windows=0.2, train_stride=2)


# ------------------------------------------------------------ counts and suspects


def test_windows_are_counted_by_their_place() -> None:
    windows = np.array([0, 3, 6, 20], dtype=np.int32)
    none = np.zeros((2, 0), dtype=np.int64)
    drawn, out = np.array([20, 3, 3], dtype=np.int32), np.array([True, False, True])
    once = counted(none, windows, drawn, out)
    assert once.tolist() == [[0, 2, 0, 1], [0, 1, 0, 1]]
    assert counted(once, windows, drawn, ~out).tolist() == [[0, 4, 0, 2], [0, 2, 0, 1]]
    assert once.tolist() == [[0, 2, 0, 1], [0, 1, 0, 1]]


def shares_by_loops(counts: IntArray, windows: Int32Array, length: int, rows: int) -> list[float]:
    shares = []
    for row in range(rows):
        having = [place for place, start in enumerate(windows) if start <= row < start + length]
        ranked, out = (sum(int(line[place]) for place in having) for line in counts)
        shares.append(out / ranked if ranked else 0.0)
    return shares


@pytest.mark.parametrize("stride", [1, 2, 7])
def test_suspects_are_the_rows_that_most_of_their_windows_are_left_out_with(stride: int) -> None:
    random = np.random.default_rng(stride)
    length, rows = 6, 80
    windows = np.arange(0, rows - length + 1, stride, dtype=np.int32)
    ranked = random.integers(0, 5, len(windows))
    out = np.minimum(random.integers(0, 5, len(windows)), ranked)
    shares = shares_by_loops(np.array([ranked, out]), windows, length, rows)
    found = suspect_rows(np.array([ranked, out]), windows, length, rows)
    assert found
    assert [rows.share for rows in found] == sorted((rows.share for rows in found), reverse=True)
    for start, stop, share in found:
        first, last = start, stop  # of the run of rows above a half
        while first and shares[first - 1] > 0.5:
            first -= 1
        while last < rows and shares[last] > 0.5:
            last += 1
        assert share == max(shares[first:last]) > 0.5
        assert all(one >= 0.95 * share for one in shares[start:stop])
    named = {row for start, stop, _ in found for row in range(start, stop)}
    assert int(np.argmax(shares)) in named
    assert all(shares[row] > 0.5 for row in named)


def test_nothing_ranked_has_no_suspects() -> None:
    assert suspect_rows(np.zeros((2, 0), np.int64), np.arange(3, dtype=np.int32), 2, 4) == []
    assert suspect_rows(np.zeros((2, 3), np.int64), np.arange(3, dtype=np.int32), 2, 4) == []
