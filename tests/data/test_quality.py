"""Quality against a slow twin that looks at one row at a time, and against truncated files."""

import numpy as np
import pandas as pd
import pytest

from dcvae.data.inputs.gaps import after_gap
from dcvae.data.quality import (
    COLUMNS,
    FILLED_SHARE,
    assess,
    constant_runs,
    longest_constant,
    scorable,
)

NAN = np.nan


def frame_of(values, minutes=None, names="abcdefgh"):
    values = np.asarray(values, dtype=np.float64)
    minutes = np.arange(len(values)) if minutes is None else np.asarray(minutes)
    times = pd.Timestamp("2021-01-01") + pd.to_timedelta(minutes, unit="min")
    index = pd.DatetimeIndex(times, name="time").as_unit("us")
    return pd.DataFrame(values, index, list(names[: values.shape[1]]))


def hard_case(seed, num_rows=160):
    """Few values, so that runs come; holes; gaps of several lengths; a series that dies."""
    random = np.random.default_rng(seed)
    values = random.integers(0, 2, (num_rows, 4)).astype(np.float64)
    values[random.random(values.shape) < 0.15] = NAN
    values[40:70, 0] = 1.0
    values[100:, 1] = NAN
    values[:, 3] = 7.0
    steps = random.choice([1, 1, 1, 1, 1, 1, 1, 1, 2, 3, 4, 9], num_rows)
    return frame_of(values, np.cumsum(steps))


# --- Gaps ------------------------------------------------------------------------------------


def test_windows_that_cross_a_gap_have_no_score():
    gaps = np.array([False, False, False, True, False, False, False])
    observed = np.ones((7, 2), dtype=bool)
    observed[6, 1] = False
    expected = np.array([[1, 1], [1, 1], [1, 1], [0, 0], [0, 0], [1, 1], [1, 0]], dtype=bool)
    assert (scorable(observed, gaps, 3) == expected).all()
    assert observed.sum() == 13  # not changed


# --- Stale -----------------------------------------------------------------------------------


def test_runs_by_hand():
    values = np.array([NAN, 1, 1, NAN, 1, 2, NAN, NAN, 2, 1, 1])
    assert constant_runs(values).tolist() == [0, 1, 2, 0, 3, 1, 0, 0, 2, 1, 2]
    assert constant_runs(np.array([])).tolist() == []
    assert constant_runs(np.array([NAN, NAN])).tolist() == [0, 0]


def test_runs_of_the_largest_numbers():
    assert constant_runs(np.array([1.7e308, -1.7e308, -1.7e308])).tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    ("values", "longest"),
    [
        ([1, 1, NAN, 1, 2, 2], 3),
        ([1, 2, 3], 1),
        ([4, 4, 4], None),
        ([4, NAN, 4], None),
        ([NAN, NAN], None),
        ([4], None),
    ],
)
def test_longest_run(values, longest):
    assert longest_constant(np.array(values, dtype=np.float64)) == longest


# --- Rows ------------------------------------------------------------------------------------


def assess_slowly(frame, step_seconds, max_gap, longest, length):
    """The words of the module's first lines, a row at a time."""
    lines = []
    for row in range(length - 1, len(frame)):
        window = frame.iloc[row - length + 1 : row + 1]
        seconds = [
            (later - earlier).total_seconds()
            for earlier, later in zip(window.index[:-1], window.index[1:], strict=True)
        ]
        crosses = max_gap is not None and any(
            round(step / step_seconds) > max_gap for step in seconds
        )
        stale = []
        for name, limit in zip(frame.columns, longest, strict=True):
            past = frame[name].iloc[: row + 1]
            if limit is None or np.isnan(past.iloc[-1]):
                continue
            run = 0
            for value in past.dropna().iloc[::-1]:
                if value != past.iloc[-1]:
                    break
                run += 1
            if run > limit:
                stale.append(name)
        missing = [name for name in frame.columns if np.isnan(frame[name].iloc[row])]
        share = float(window.isna().to_numpy().mean())
        word = "observed"
        if missing or share > FILLED_SHARE:
            word = "partly filled"
        if stale:
            word = "stale"
        if crosses:
            word = "after a gap"
        lines.append((word, len(missing), share, "; ".join(missing), "; ".join(stale)))
    return pd.DataFrame(lines, frame.index[length - 1 :], list(COLUMNS))


@pytest.mark.parametrize("max_gap", [1, 3, None])
@pytest.mark.parametrize("seed", range(4))
def test_quality_is_that_of_a_slow_twin(seed, max_gap):
    frame, longest, length = hard_case(seed), (6, 3, 5, None), 5
    quality = assess(frame, after_gap(frame.index, 60.0, max_gap), longest, length)
    expected = assess_slowly(frame, 60.0, max_gap, longest, length)
    pd.testing.assert_frame_equal(quality.table, expected, check_dtype=False)
    assert sum(quality.counts().values()) == len(frame) - length + 1
    assert quality.counts() == {
        word: int((expected["quality"] == word).sum()) for word in quality.counts()
    }
    for name in frame.columns:
        named = expected["stale_series"].map(lambda names, name=name: name in names.split("; "))
        assert quality.stale_rows[name] == named.sum()
    if max_gap == 1:
        assert min(quality.counts()[word] for word in ("after a gap", "stale")) > 0


@pytest.mark.parametrize("seed", range(3))
def test_nothing_said_of_a_row_depends_on_later_ones(seed):
    frame, longest, length = hard_case(seed, 60), (6, 3, 5, None), 5

    def table(rows):
        part = frame.iloc[:rows]
        gaps = after_gap(part.index, 60.0, 2)
        cells = scorable(part.notna().to_numpy(), gaps, length)
        return assess(part, gaps, longest, length).table, cells

    whole, cells = table(len(frame))
    for rows in range(length, len(frame)):
        part, part_cells = table(rows)
        pd.testing.assert_frame_equal(part, whole.iloc[: len(part)])
        np.testing.assert_array_equal(part_cells, cells[:rows])


@pytest.mark.parametrize("context_rows", [0, 3, 4, 5, 40])
def test_rows_of_the_context_are_looked_at_but_not_told(context_rows):
    frame, longest, length = hard_case(1), (6, 3, 5, None), 5
    gaps = after_gap(frame.index, 60.0, 3)
    whole = assess(frame, gaps, longest, length).table
    quality = assess(frame, gaps, longest, length, context_rows)
    told = whole[whole.index >= frame.index[max(context_rows, length - 1)]]
    pd.testing.assert_frame_equal(quality.table, told)
    names = told["stale_series"].str.split("; ").explode()
    assert quality.stale_rows.to_dict() == {name: (names == name).sum() for name in frame}


def test_a_clean_file_is_observed_and_nothing_is_said():
    frame = frame_of(np.random.default_rng(0).normal(size=(30, 3)))
    quality = assess(frame, after_gap(frame.index, 60.0, 12), (1, 1, 1), 4)
    assert quality.counts() == {"after a gap": 0, "stale": 0, "partly filled": 0, "observed": 27}
    assert quality.notices() == []
    assert (quality.table[["missing_series", "stale_series"]] == "").all(axis=None)


def test_notices():
    values = np.random.default_rng(0).normal(size=(30, 9))
    values[20:25, :] = values[20, :]
    values[10, 0] = NAN
    frame = frame_of(values, [*range(28), 99, 100], "abcdefghi")
    gaps = after_gap(frame.index, 60.0, 12)
    assert assess(frame, gaps, (1,) * 8 + (3,), 4).notices() == [
        "2 of 27 rows are not scored: their windows cross a gap longer than `max_gap`.",
        "Series are on one value for longer than ever in training (9 of 9, with the rows): `a` 3, "
        "`b` 3, `c` 3, `d` 3, `e` 3 and 4 more.",
        "1 of 27 rows are partly filled: a cell is missing there, or more than 10% of the cells of "
        "their windows.",
    ]


def test_two_equal_values_are_chance_even_where_training_had_none():
    frame = frame_of([[1.0], [2.0], [2.0], [3.0], [3.0], [3.0], [4.0]])
    words = assess(frame, np.zeros(7, dtype=bool), (1,), 2).table["quality"]
    assert words.tolist() == ["observed"] * 4 + ["stale", "observed"]


def test_a_series_that_dies_is_missing_and_not_stale():
    values = np.random.default_rng(0).normal(size=(40, 2))
    values[20:, 1] = NAN
    frame = frame_of(values)
    table = assess(frame, after_gap(frame.index, 60.0, 12), (1, 1), 4).table
    assert (table["quality"].iloc[:17] == "observed").all()
    assert (table["quality"].iloc[17:] == "partly filled").all()
    assert (table["missing_series"].iloc[17:] == "b").all()
    assert table["filled_share"].iloc[-1] == 0.5


def test_names_with_the_separator_are_counted_apart():
    values = np.zeros((6, 2))
    values[:, 1] = range(6)
    frame = frame_of(values)
    frame.columns = pd.Index(["a; b", "c"])
    quality = assess(frame, np.zeros(6, dtype=bool), (2, 1), 2)
    assert quality.stale_rows.to_dict() == {"a; b": 4, "c": 0}
