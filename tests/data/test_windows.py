"""Windows on `arange`, so that the content of a window says where it comes from."""

import re
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from dcvae import InputError
from dcvae.data.windows import (
    gather_windows,
    longest_window,
    num_windows,
    shuffled,
    split_windows,
    spread_evenly,
    starts_of_epoch,
    windows_across,
    windows_with,
)


def test_the_drawing_in_the_module() -> None:
    assert num_windows(10, 4) == 7
    series = np.arange(10, dtype=np.float32)[:, None]
    windows = gather_windows(series, split_windows(10, 4, 0.0, 1, "a.csv").train, 4)
    assert windows[:, :, 0].tolist() == [[s, s + 1, s + 2, s + 3] for s in range(7)]
    assert windows[:, -1, 0].tolist() == [3, 4, 5, 6, 7, 8, 9]  # the judged rows


@pytest.mark.parametrize(
    ("num_rows", "window_length", "expected"), [(5, 5, 1), (6, 5, 2), (4, 5, 0), (0, 5, 0)]
)
def test_number_of_windows(num_rows: int, window_length: int, expected: int) -> None:
    assert num_windows(num_rows, window_length) == expected


GRID = list(product((40, 41, 57, 100), (2, 5, 8), (1, 2, 3, 7), ("0", "1/4", "1/3", "1/2")))


@pytest.mark.parametrize(("num_rows", "window_length", "stride", "share"), GRID)
def test_counts_and_border(num_rows: int, window_length: int, stride: int, share: str) -> None:
    split = split_windows(num_rows, window_length, float(Fraction(share)), stride, "a.csv")
    validation_rows = int(num_rows * Fraction(share))
    border = num_rows - validation_rows
    assert len(split.train) == 1 + (border - window_length) // stride
    assert len(split.validation) == (validation_rows - window_length + 1 if validation_rows else 0)

    rows = np.arange(num_rows, dtype=np.float32)[:, None]
    train = gather_windows(rows, split.train, window_length)
    assert train[0, 0, 0] == 0
    assert (np.diff(train[:, 0, 0]) == stride).all()
    assert border - stride <= train.max() < border
    if validation_rows:
        validation = gather_windows(rows, split.validation, window_length)
        assert validation.min() == border  # the first validation row, and none of training
        assert validation.max() == num_rows - 1
        assert (np.diff(validation[:, 0, 0]) == 1).all()


def test_starts_are_int32() -> None:
    split = split_windows(20, 4, 0.3, 1, "a.csv")
    assert split.train.dtype == split.validation.dtype == np.int32


def test_windows_keep_series_apart_and_are_copies() -> None:
    series = np.arange(24, dtype=np.float32).reshape(12, 2)
    windows = gather_windows(series, np.array([3, 0, 3], dtype=np.int32), 2)
    assert windows.dtype == np.float32
    assert windows.tolist() == [[[6, 7], [8, 9]], [[0, 1], [2, 3]], [[6, 7], [8, 9]]]
    windows[:] = -1
    assert series.tolist() == np.arange(24).reshape(12, 2).tolist()


def test_shortest_parts_that_are_accepted() -> None:
    split = split_windows(10, 5, 0.5, 1, "a.csv")
    assert split.train.tolist() == [0]
    assert split.validation.tolist() == [5]


def test_training_part_too_short() -> None:
    with pytest.raises(
        InputError,
        match=r"^x/a\.csv has 10 rows, but at least 12 are needed: a window is `T` = 6 rows, and "
        r"the part that validates \(`val_percent` 0\.5\) holds one\. Use more data or a smaller "
        r"`T`, or set `val_percent` to 0 to train without validation\.$",
    ):
        split_windows(10, 6, 0.5, 1, Path("x/a.csv"))


def test_table_shorter_than_a_window() -> None:
    with pytest.raises(
        InputError, match=r"has 3 rows, but at least 4 are .*: a window is `T` = 4 rows\. Use"
    ):
        split_windows(3, 4, 0.0, 1, "a.csv")


def test_validation_part_too_short() -> None:
    with pytest.raises(
        InputError,
        match=r"x/a\.csv has 20 rows, but at least 30 are needed.*`val_percent` 0\.1\) holds one",
    ):
        split_windows(20, 3, 0.1, 1, Path("x/a.csv"))


def test_share_that_rounds_to_no_rows_is_too_short_as_well() -> None:
    with pytest.raises(InputError, match=r"a\.csv has 20 rows, but at least 300 are needed"):
        split_windows(20, 3, 0.01, 1, "a.csv")


def test_messages_write_numbers_as_people_read_them() -> None:
    with pytest.raises(InputError, match=r"has 2,000 rows, but at least 3,000 are needed"):
        split_windows(2000, 1500, 0.5, 1, "a.csv")


@pytest.mark.parametrize("length", [2, 7, 64])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.2, 1 / 3, 0.5, 0.7, 0.99])
def test_as_many_rows_as_the_message_asks_for_are_enough_and_one_less_is_not(
    length: int, share: float
) -> None:
    with pytest.raises(InputError) as error:
        split_windows(1, length, share, 1, "a.csv")
    number = re.search(r"at least ([\d,]+) are", str(error.value))
    assert number is not None
    fewest = int(number[1].replace(",", ""))
    split = split_windows(fewest, length, share, 1, "a.csv")
    assert len(split.train)
    assert (len(split.validation) > 0) == (share > 0)
    with pytest.raises(InputError, match=f"has {fewest - 1:,} rows, but"):
        split_windows(fewest - 1, length, share, 1, "a.csv")


def test_a_share_that_no_file_is_long_enough_for() -> None:
    with pytest.raises(InputError, match=r"has 20 rows, but at least [\d,]{22,} are needed"):
        split_windows(20, 3, 1e-300, 1, "a.csv")


# ---------------------------------------------------------------- windows left out


@pytest.mark.parametrize("window_length", [2, 3, 7, 30])
@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_windows_with_marks_are_those_of_a_slow_twin(window_length: int, share: float) -> None:
    marks = np.random.default_rng(window_length).random(30) < share
    starts = range(30 - window_length + 1)
    expected = [bool(marks[start : start + window_length].any()) for start in starts]
    assert windows_with(marks, window_length).tolist() == expected
    # A gap before the first row of a window is not in it.
    expected = [bool(marks[start + 1 : start + window_length].any()) for start in starts]
    assert windows_across(marks, window_length).tolist() == expected


@pytest.mark.parametrize("stride", [1, 3])
def test_windows_across_gaps_and_with_labels_are_left_out(stride: int) -> None:
    gaps, labels = np.zeros(60, dtype=bool), np.zeros(60, dtype=bool)
    gaps[[10, 50]], labels[[12, 30, 31]] = True, True
    split = split_windows(60, 5, 0.25, stride, "a.csv", after_gap=gaps, labeled=labels)
    whole = split_windows(60, 5, 0.25, stride, "a.csv")
    for kept, all_starts in zip(split[:2], whole[:2], strict=True):
        assert kept.dtype == np.int32
        expected = [
            start
            for start in all_starts.tolist()
            if not gaps[start + 1 : start + 5].any() and not labels[start : start + 5].any()
        ]
        assert kept.tolist() == expected
    both = np.concatenate(whole[:2]).tolist()
    assert split.across_gaps == sum(bool(gaps[s + 1 : s + 5].any()) for s in both)
    assert len(both) == sum(map(len, split[:2])) + split.across_gaps + split.labeled


def test_windows_left_out_are_told() -> None:
    gaps, labels = np.zeros(2000, dtype=bool), np.zeros(2000, dtype=bool)
    gaps[500], labels[1000] = True, True
    split = split_windows(2000, 5, 0.0, 1, "a.csv", after_gap=gaps, labeled=labels)
    assert split.notices() == [
        "9 of 1,996 windows are left out of training: 4 cross a gap longer than `max_gap` and 5 "
        "have a labeled anomaly."
    ]
    split = split_windows(2000, 5, 0.0, 1, "a.csv", labeled=labels)
    assert split.notices() == [
        "5 of 1,996 windows are left out of training: 5 have a labeled anomaly."
    ]
    assert split_windows(2000, 5, 0.0, 1, "a.csv", after_gap=labels & gaps).notices() == []


@pytest.mark.parametrize(
    ("gaps", "labels", "message"),
    [
        (slice(None), slice(0), r"No window of the training part of x/a\.csv is left, of 26: 26 "),
        (slice(30), slice(0), r"training part .*: 26 cross a gap longer than `max_gap`\. Use more"),
        (slice(0), slice(30), r"training part .*: 26 have a labeled anomaly\. Use more data, a "),
        (slice(32, 40), slice(0), r"validation part of x/a\.csv is left, of 6: 6 cross a gap"),
        (slice(5), slice(4, 30), r"training part .*: 4 cross a gap .* and 22 have a labeled an"),
    ],
)
def test_no_window_left_is_refused(gaps: slice, labels: slice, message: str) -> None:
    marks = np.zeros((2, 40), dtype=bool)
    marks[0, gaps], marks[1, labels] = True, True
    with pytest.raises(InputError, match=message):
        split_windows(40, 5, 0.25, 1, Path("x/a.csv"), after_gap=marks[0], labeled=marks[1])


# ---------------------------------------------------------------- as long as the rows allow


@pytest.mark.parametrize(
    ("num_rows", "asked", "share", "expected"),
    [
        (1000, 64, 0.2, (64, 0.2)),  # as asked
        (320, 64, 0.2, (64, 0.2)),  # 64 rows validate
        (319, 64, 0.2, (63, 0.2)),
        (100, 64, 0.0, (50, 0.0)),  # two side by side
        (101, 64, 0.0, (50, 0.0)),
        (100, 64, 0.5, (25, 0.5)),  # 50 rows train, and two windows of 25 are in them
        (100, 64, 0.9, (5, 0.9)),  # 10 rows train
        (10, 64, 0.2, (2, 0.2)),  # 2 rows validate, which hold the shortest window
        (9, 64, 0.2, (4, 0.0)),  # 1 row would validate, which holds none
        (4, 64, 0.2, (2, 0.0)),
        (9, 3, 0.2, (3, 0.0)),
        (1000, 2, 0.2, (2, 0.2)),
    ],
)
def test_longest_window_by_hand(
    num_rows: int, asked: int, share: float, expected: tuple[int, float]
) -> None:
    assert longest_window(num_rows, asked, share) == expected


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2, 0.3])
def test_longest_window_can_be_trained_and_a_longer_one_has_no_room(share: float) -> None:
    for num_rows in range(4, 120):
        length, kept = longest_window(num_rows, 40, share)
        held_out = int(num_rows * kept)
        assert kept == (share if held_out else 0.0)
        assert 2 <= length <= 40
        split = split_windows(num_rows, length, kept, 1, "a.csv")
        assert len(split.validation) == (held_out - length + 1 if held_out else 0)
        assert num_rows - held_out >= 2 * length
        longer = length + 1
        has_room = (not held_out or held_out >= longer) and num_rows - held_out >= 2 * longer
        assert length == 40 or not has_room


@pytest.mark.parametrize(("num_rows", "share"), [(4, 0.5), (4, 0.8), (5, 0.75)])
def test_the_shortest_window_is_kept_although_the_rows_do_not_hold_it(
    num_rows: int, share: float
) -> None:
    """What follows from so large a share is refused where windows are divided."""
    assert longest_window(num_rows, 40, share) == (2, share)


# ---------------------------------------------------------------- shuffling


def test_shuffling_is_a_permutation_and_leaves_its_input_alone() -> None:
    starts = np.arange(0, 300, 3, dtype=np.int32)
    order = shuffled(starts, seed=1, number=1)
    assert order.dtype == np.int32
    assert order.tolist() != starts.tolist()
    assert sorted(order.tolist()) == starts.tolist() == list(range(0, 300, 3))


def test_shuffling_depends_on_seed_and_epoch_alone() -> None:
    starts = np.arange(100, dtype=np.int32)
    orders = {
        (seed, epoch): tuple(shuffled(starts, seed, epoch).tolist())
        for seed, epoch in product((1, 2), (1, 2, 3))
    }
    assert len(set(orders.values())) == 6
    np.random.default_rng(5).random(1000)
    for (seed, epoch), order in reversed(orders.items()):
        assert tuple(shuffled(starts, seed, epoch).tolist()) == order


def test_no_windows_to_shuffle() -> None:
    assert shuffled(np.arange(0, dtype=np.int32), 1, 1).tolist() == []


def test_an_epoch_is_one_pass_without_the_windows_that_fill_no_batch() -> None:
    starts = np.arange(10, 33, dtype=np.int32)
    drawn = starts_of_epoch(starts, 5, 2, batch_size=5)
    assert drawn.tolist() == shuffled(starts, 5, 2).tolist()[:20]


def test_a_pass_of_the_published_program_has_all_windows() -> None:
    starts = np.arange(23, dtype=np.int32)
    drawn = starts_of_epoch(starts, 5, 2, batch_size=5, whole_batches=False)
    assert drawn.tolist() == shuffled(starts, 5, 2).tolist()
    with_steps = (starts_of_epoch(starts, 5, 2, 5, 3, whole_batches=x) for x in (True, False))
    assert len({drawn.tobytes() for drawn in with_steps}) == 1


@pytest.mark.parametrize(("batch_size", "steps"), [(4, 1), (4, 3), (5, 2), (7, 1), (7, 4), (3, 9)])
def test_epochs_of_so_many_steps_walk_through_passes_without_a_seam(
    batch_size: int, steps: int
) -> None:
    starts = np.arange(10, 17, dtype=np.int32)  # 7 windows, so that passes end within epochs
    drawn = np.concatenate(
        [starts_of_epoch(starts, 5, epoch, batch_size, steps) for epoch in range(1, 9)]
    )
    endless = np.concatenate([shuffled(starts, 5, number) for number in range(1, 60)])
    assert drawn.tolist() == endless.tolist()[: 8 * batch_size * steps]
    assert drawn.dtype == np.int32


def test_starts_are_spread_evenly_from_the_first_to_the_last() -> None:
    starts = np.arange(100, 141, dtype=np.int32)
    assert spread_evenly(starts, 5).tolist() == [100, 110, 120, 130, 140]
    assert spread_evenly(starts, 41) is starts
    assert spread_evenly(starts[:0], 5).size == 0
