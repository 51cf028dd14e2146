"""Blocks by the clock, references and what is learned of them, against twins that go by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest

from dcvae.detection.alarms.following import (
    BLOCKS,
    FEWEST_BLOCKS,
    Clock,
    Following,
    block_rows,
    rank,
    unbroken,
)

NAN = np.nan
MINUTE = 60_000_000


def random_times(rows, seed=0, step=MINUTE):
    """Rows a step apart, but for single lost ones and gaps."""
    steps = np.random.default_rng(seed).choice([1, 1, 1, 1, 2, 9, 40], rows)
    return 1_600_000_000_123_456 + np.cumsum(steps) * step


def fitted(relative, times, *, window=96, longest=100, series=2):
    clock = Clock.of(times, 60.0, window)
    return Following.fit(
        relative, clock, window=window, longest=longest, series=series, step_seconds=60.0
    )


# ------------------------------------------------------------------- clock


@pytest.mark.parametrize("window", [1, 48, 96, 288, 500])
@pytest.mark.parametrize("seed", range(3))
def test_blocks_are_those_of_a_row_by_row_twin(seed, window):
    times = random_times(300, seed)
    rows = max(round(window / 48), 1)
    clock = Clock.of(times, 60.0, window)
    starts, block, before = [], [], None
    for row, time in enumerate(times.tolist()):
        number = time // (rows * MINUTE)
        if number != before:
            starts.append(row)
        before = number
        block.append(len(starts) - 1)
    assert clock.starts.tolist() == starts
    assert clock.block.tolist() == block
    np.testing.assert_allclose(clock.first_time * MINUTE, times[starts], rtol=1e-12)
    lasts = [row - 1 for row in starts[1:]] + [len(times) - 1]
    np.testing.assert_allclose(clock.last_time * MINUTE, times[lasts], rtol=1e-12)


@pytest.mark.parametrize("cut", [1, 7, 100, 299])
def test_a_file_cut_anywhere_has_the_same_blocks(cut):
    times = random_times(300)
    whole = Clock.of(times, 60.0, 288)
    first, second = Clock.of(times[:cut], 60.0, 288), Clock.of(times[cut:], 60.0, 288)
    assert first.block.tolist() == whole.block[:cut].tolist()
    # A block that is cut begins in the second part with its first row there.
    assert set((second.starts + cut).tolist()) - {cut} == {
        row for row in whole.starts.tolist() if row > cut
    }


@pytest.mark.parametrize(("window", "rows"), [(1, 1), (48, 1), (71, 1), (73, 2), (288, 6)])
def test_a_block_is_a_48th_of_the_window(window, rows):
    assert block_rows(window) == rows


def test_what_is_in_alarm_for_long_is_so_for_whole_blocks():
    made = fitted(np.ones((200, 2)), np.arange(200) * MINUTE)  # blocks of two rows
    counts = [replace(made, longest=rows).longest_blocks for rows in (1, 2, 3, 100, 101)]
    assert counts == [1, 1, 2, 50, 51]


# ------------------------------------------------------------------- references


def unbroken_twin(blocks, size, quantile):
    """A list of known blocks for each series, looked at before each block."""
    references = np.full(blocks.shape, NAN)
    for column in range(blocks.shape[1]):
        known = []
        for at in range(len(blocks)):
            last = sorted(known[-size:])
            if len(last) >= 12:
                references[at, column] = last[int(quantile * (len(last) - 1) + 0.5)]
            if not np.isnan(blocks[at, column]):
                known.append(blocks[at, column])
    return references


@pytest.mark.parametrize(("size", "quantile"), [(48, 0.9), (12, 0.5), (31, 0.5)])
@pytest.mark.parametrize("missing", [0.0, 0.3, 0.9])
def test_references_are_those_of_the_slow_twin(missing, size, quantile):
    random = np.random.default_rng(1)
    blocks = random.exponential(size=(300, 3))
    blocks[random.random(blocks.shape) < missing] = NAN
    blocks[:, 2] = NAN
    np.testing.assert_array_equal(
        unbroken(blocks, size, quantile), unbroken_twin(blocks, size, quantile)
    )


def test_missing_blocks_age_nothing():
    known = np.random.default_rng(0).exponential(size=(100, 1))
    holes = np.full((250, 1), NAN)
    where = np.sort(np.random.default_rng(1).choice(250, 100, replace=False))
    holes[where] = known
    np.testing.assert_array_equal(unbroken(holes, 48, 0.9)[where], unbroken(known, 48, 0.9))


def test_a_past_of_too_few_blocks_has_no_reference():
    references = unbroken(np.ones((30, 1)), 48, 0.9)[:, 0]
    assert np.isnan(references[:FEWEST_BLOCKS]).all()
    assert (references[FEWEST_BLOCKS:] == 1).all()
    assert np.isnan(unbroken(np.ones((5, 1)), 48, 0.9)).all()


def test_the_quantile_is_the_nearest_of_the_ordered_values():
    assert rank(np.array([1, 12, 21, 48]), 0.9).tolist() == [0, 10, 18, 42]
    assert rank(np.array([1, 12, 13]), 0.5).tolist() == [0, 6, 6]


# ------------------------------------------------------------------- what is learned


def test_what_is_learned_by_hand():
    """Blocks of two rows; the largest of each counts."""
    random = np.random.default_rng(2)
    relative = random.exponential(size=(4000, 2)) * [1.0, 50.0]
    made = fitted(relative, np.arange(4000) * MINUTE)
    blocks = relative.reshape(2000, 2, 2).max(axis=1)
    np.testing.assert_allclose(made.lowest, np.quantile(blocks, 0.9, axis=0))
    np.testing.assert_allclose(made.middle, np.median(blocks, axis=0))
    references = np.maximum(unbroken_twin(blocks, BLOCKS, 0.9), made.lowest)
    ratio = relative / np.repeat(references, 2, axis=0)
    np.testing.assert_allclose(made.usual, np.nanquantile(ratio, 0.99, axis=0))
    assert (made.window, made.longest, made.series, made.step_seconds) == (96, 100, 2, 60.0)


def test_series_without_errors_or_cells_do_not_divide_by_zero():
    relative = np.random.default_rng(0).exponential(size=(400, 3))
    relative[:, 0], relative[:, 1] = 0.0, NAN
    made = fitted(relative, np.arange(400) * MINUTE, series=9)
    for part in (made.lowest, made.usual, made.middle):
        assert (part > 0).all()
    assert made.lowest[1] == made.usual[1] == made.middle[1] == 1.0
    assert made.series == 3  # no more than there are


def test_too_short_data_have_usual_ratios_of_one():
    made = fitted(np.ones((20, 2)), np.arange(20) * MINUTE)
    np.testing.assert_array_equal(made.usual, [1.0, 1.0])


@pytest.mark.parametrize("series", [1, 2, 3])
def test_scores_and_limits_are_each_others_inverse(series):
    made = replace(fitted(np.ones((200, 3)), np.arange(200) * MINUTE), series=series)
    score = np.array([0.0, 0.5, 3.0])
    limits = [made.limit(part) for part in score.tolist()]
    np.testing.assert_allclose(made.relative_score(np.array(limits)), score)
    # So many series, each at the ratio of the score.
    np.testing.assert_allclose(limits, np.prod(np.tile(1 + score, (series, 1)), axis=0))


@pytest.mark.parametrize(
    ("limit", "leave", "calm", "usual", "lower"),
    [
        (9.0, 0.5, 1.0, 1e9, 3.0),
        (9.0, 1.0, 1.0, 1e9, 9.0),
        (9.0, 0.5, 4.0, 1e9, 4.0),
        (9.0, 0.5, 20.0, 1e9, 9.0),
        (9.0, 0.5, 1.0, 1.0, 4.0),  # two series at their references: (1 + 1)²
    ],
)
def test_an_alarm_ends_below_a_power_of_the_limit_but_in_what_is_calm_or_level(
    limit, leave, calm, usual, lower
):
    made = fitted(np.ones((200, 2)), np.arange(200) * MINUTE)
    made = replace(made, calm=calm, usual=np.full(2, usual), series=2)
    assert made.lower(limit, leave) == pytest.approx(lower)


def test_no_limit_is_what_a_steady_level_reaches():
    made = fitted(np.ones((200, 2)), np.arange(200) * MINUTE)
    made = replace(made, usual=np.array([2.0, 4.0]), series=2)
    assert made.level == pytest.approx(1.5 * 1.25)
    score = made.relative_score(np.array(made.lowest_limit))
    assert score == pytest.approx(1.2 * (np.sqrt(1.875) - 1))


# ------------------------------------------------------------------- stored


@pytest.fixture
def learned():
    relative = np.random.default_rng(0).exponential(size=(400, 2))
    made = fitted(relative, np.arange(400) * MINUTE)
    return replace(made, calm=2.5, trained_until=1_600_000_000_000_001)


def test_stored_values_come_back(learned):
    stored = json.loads(json.dumps(learned.to_dict()))
    assert Following.from_dict(stored, 2).to_dict() == learned.to_dict()
    del stored["trained_until"]
    assert Following.from_dict(stored, 2).trained_until is None


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"window": 0}, ValueError, "nothing that follows 2 series"),
        ({"longest": 0}, ValueError, "nothing that follows 2 series"),
        ({"series": 0}, ValueError, "nothing that follows 2 series"),
        ({"series": 3}, ValueError, "nothing that follows 2 series"),
        ({"step_seconds": 0.0}, ValueError, "nothing that follows 2 series"),
        ({"lowest": [1.0]}, ValueError, "nothing that follows 2 series"),
        ({"usual": [1.0, 2.0, 3.0]}, ValueError, "nothing that follows 2 series"),
        ({"middle": [[1.0, 2.0]]}, ValueError, "nothing that follows 2 series"),
        ({"lowest": [1.0, 0.0]}, ValueError, "references must be above 0"),
        ({"usual": [1.0, -1.0]}, ValueError, "references must be above 0"),
        ({"middle": [1.0, NAN]}, ValueError, "references must be above 0"),
        ({"window": "long"}, ValueError, "invalid literal"),
        ({"window": None}, TypeError, "int"),
    ],
    ids=str,
)
def test_damaged_values_are_refused(change, error, message, learned):
    with pytest.raises(error, match=message):
        Following.from_dict(learned.to_dict() | change, 2)


@pytest.mark.parametrize("name", ["window", "longest", "series", "lowest", "usual", "middle"])
def test_a_value_that_is_missing_is_named(name, learned):
    stored = learned.to_dict()
    del stored[name]
    with pytest.raises(KeyError, match=name):
        Following.from_dict(stored, 2)


def test_a_series_without_any_error_says_nothing_of_what_is_usual():
    """Else any error would be beyond measure, and so would be what ends an alarm."""
    relative = np.random.default_rng(0).exponential(size=(960, 3))
    alone = fitted(relative[:, :2], np.arange(960) * MINUTE, series=3)
    relative[:, 2] = 0.0
    following = fitted(relative, np.arange(960) * MINUTE, series=3)
    assert [part[2] for part in (following.lowest, following.usual, following.middle)] == [1, 1, 1]
    assert following.level == pytest.approx(2 * alone.level)
