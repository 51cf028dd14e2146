"""What networks are given: gaps filled, what was observed, what can have a score, no look ahead."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from dcvae.data import FarCells, ModelInput, Preprocessor, after_gap
from support.builders import inputs_of, settings_with
from support.tables import (
    frame_of,
    no_gaps,
    random_frame,
    spiked,
    values_to_score,
    values_to_train_on,
)

# ------------------------------------------------------------------- gaps


NAN = np.nan
HOLES = [[NAN, 1.0], [NAN, NAN], [3.0, NAN], [NAN, 4.0], [5.0, NAN]]  # means 4 and 2.5


@pytest.mark.parametrize(
    ("max_fill", "expected"),
    [
        (None, [[3, 1], [3, 1], [3, 1], [3, 4], [5, 4]]),  # forward, then backward
        (2, [[4, 1], [4, 1], [3, 1], [3, 4], [5, 4]]),
        (1, [[4, 1], [4, 1], [3, 2.5], [3, 4], [5, 4]]),
        (0, [[4, 1], [4, 2.5], [3, 2.5], [4, 4], [5, 2.5]]),
    ],
)
@pytest.mark.parametrize("scale", [False, True])
def test_gaps_are_filled(max_fill: int | None, expected: list[list[float]], scale: bool) -> None:
    frame = frame_of(HOLES)
    preprocessor = Preprocessor.fit(frame, settings_with(scale=scale, max_fill=max_fill))
    assert preprocessor.center == (4.0, 2.5)
    for transform in (preprocessor.transform, preprocessor.transform_training):
        inputs = transform(frame, no_gaps(frame))
        level = preprocessor.mean_in_data_units(inputs.values)
        assert level == pytest.approx(np.array(expected))
        if scale and max_fill is not None:
            assert (inputs.values[:2, 0] == 0).all()  # nothing unusual
        assert inputs.observed.tolist() == [
            [False, True],
            [False, False],
            [True, False],
            [False, True],
            [True, False],
        ]


def filled_by_hand(values: list[float], max_fill: int, center: float) -> list[float]:
    """The rule as a sentence: the last value if it is at most so many rows old."""
    filled = []
    for row in range(len(values)):
        ages = [
            age
            for age in range(max_fill + 1)
            if row >= age and values[row - age] == values[row - age]
        ]
        filled.append(values[row - ages[0]] if ages else center)
    return filled


@pytest.mark.parametrize("max_fill", [0, 1, 5, 12, 100])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_filling_is_that_of_a_slow_twin(max_fill: int, share: float) -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with(max_fill=max_fill))
    frame = random_frame(seed=3)
    frame = frame.mask(np.random.default_rng(4).random(frame.shape) < share)
    scaled = values_to_score(preprocessor, frame)
    for column, name in enumerate(frame.columns):
        center = preprocessor.center[column]
        by_hand = np.array(filled_by_hand(frame[name].tolist(), max_fill, center))
        expected = (by_hand - preprocessor.mean[column]) / preprocessor.scale[column]
        np.testing.assert_allclose(scaled[:, column], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("max_fill", [0, 3, 12])
def test_what_the_network_is_given_does_not_depend_on_later_rows(max_fill: int) -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with(max_fill=max_fill))
    frame = random_frame(seed=3)
    frame = frame.mask(np.random.default_rng(5).random(frame.shape) < 0.6)
    frame.iloc[:30, 1] = frame.iloc[80:, 2] = NAN
    scaled = values_to_score(preprocessor, frame)
    for rows in range(1, len(frame) + 1):
        part = values_to_score(preprocessor, frame.iloc[:rows])
        np.testing.assert_array_equal(part, scaled[:rows])


def test_a_series_that_is_never_there_is_taken_for_usual() -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with())
    frame = random_frame(seed=3)
    frame["B"] = NAN
    assert (values_to_score(preprocessor, frame)[:, 1] == 0).all()


def test_code_fills_the_outliers_of_a_file_without_end() -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with(fidelity="code"))
    assert preprocessor.max_fill is None
    scored = random_frame(seed=1)
    scored.iloc[60:90, 1] = NAN
    scaled = values_to_score(preprocessor, scored)
    assert (scaled[60:90, 1] == scaled[59, 1]).all()


@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_an_outlier_counts_as_observed_where_it_is_scored(fidelity: str) -> None:
    """And not where it is learned from, of which it is taken out."""
    frame = spiked(random_frame())
    preprocessor = Preprocessor.fit(frame, settings_with(fidelity_outliers=fidelity))
    assert preprocessor.transform(frame, no_gaps(frame)).observed.all()
    observed = preprocessor.transform_training(frame, no_gaps(frame)).observed
    assert not observed[50, 0]
    assert observed.sum() == observed.size - 1


@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_tables_are_not_changed(fidelity: str) -> None:
    frame = spiked(random_frame())
    frame.iloc[3:6, 1] = np.nan
    kept = frame.copy(deep=True)
    preprocessor = Preprocessor.fit(frame, settings_with(fidelity=fidelity))
    for scaled in (values_to_train_on(preprocessor, frame), values_to_score(preprocessor, frame)):
        assert not np.isnan(scaled).any()
        scaled[:] = 0
    pd.testing.assert_frame_equal(frame, kept)


# ------------------------------------------------------------------- what goes along


@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_gaps_and_times_go_along_as_they_are(fidelity: str) -> None:
    frame = random_frame().drop(random_frame().index[[50, 51, 90]])
    preprocessor = Preprocessor.fit(frame, settings_with(fidelity=fidelity))
    gaps = after_gap(pd.DatetimeIndex(frame.index), 300.0, 1)
    assert np.flatnonzero(gaps).tolist() == [50, 88]
    for transform in (preprocessor.transform, preprocessor.transform_training):
        inputs = transform(frame, gaps)
        np.testing.assert_array_equal(inputs.gaps, gaps)
        assert inputs.times.equals(frame.index)
        assert inputs.covariates is None
        assert inputs.values.dtype == np.float32
        assert inputs.observed.dtype == inputs.gaps.dtype == np.bool_
        # A gap changes nothing that is in a cell.
        np.testing.assert_array_equal(inputs.values, transform(frame, no_gaps(frame)).values)


# ------------------------------------------------------------------- what can have a score


def test_cells_that_can_have_a_score_by_hand() -> None:
    """Windows of 3 rows: the gap before row 3 is inside those that end in rows 3 and 4."""
    observed = np.ones((7, 2), dtype=bool)
    observed[6, 1] = False
    gaps = np.array([False, False, False, True, False, False, False])
    inputs = inputs_of(np.zeros((7, 2)), observed, gaps)
    expected = [[1, 1], [1, 1], [1, 1], [0, 0], [0, 0], [1, 1], [1, 0]]
    assert inputs.scorable(3).astype(int).tolist() == expected
    assert inputs.observed.sum() == 13  # not changed
    assert inputs.scorable(3).dtype == np.bool_


@pytest.mark.parametrize("length", [2, 3, 8, 40])
@pytest.mark.parametrize("seed", range(3))
def test_cells_that_can_have_a_score_are_those_of_a_slow_twin(seed: int, length: int) -> None:
    random = np.random.default_rng(seed)
    observed, gaps = random.random((40, 3)) < 0.8, random.random(40) < 0.1
    scorable = inputs_of(np.zeros((40, 3)), observed, gaps).scorable(length)
    for row in range(40):
        # A gap before the first row of a window is not in it; the first rows have no whole window.
        inside = gaps[row - length + 2 : row + 1] if row >= length - 1 else []
        for column in range(3):
            assert scorable[row, column] == (observed[row, column] and not any(inside))


def test_a_row_in_which_a_gap_begins_starts_a_window_of_its_own() -> None:
    inputs = inputs_of(np.zeros((4, 1)), gaps=np.array([True, False, False, True]))
    assert inputs.scorable(2)[:, 0].tolist() == [True, True, True, False]


def test_fewer_rows_than_a_window_are_as_observed() -> None:
    observed = np.array([[True], [False]])
    inputs = inputs_of(np.zeros((2, 1)), observed, np.array([False, True]))
    assert inputs.scorable(3).tolist() == [[True], [False]]


@pytest.mark.parametrize("with_covariates", [False, True])
def test_a_later_part_has_the_later_rows_of_every_part(with_covariates: bool) -> None:
    random = np.random.default_rng(0)
    whole = inputs_of(random.normal(size=(9, 2)), random.random((9, 2)) < 0.5, np.arange(9) % 4 < 1)
    if with_covariates:
        whole = replace(whole, covariates=random.normal(size=(9, 3)).astype(np.float32))
    part = whole.since(5)
    for name in ("values", "observed", "gaps"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[5:])
    assert part.times.equals(whole.times[5:])
    if whole.covariates is None:
        assert part.covariates is None
    else:
        np.testing.assert_array_equal(part.covariates, whole.covariates[5:])


def with_far_cells(num_rows: int = 9) -> tuple[ModelInput, np.ndarray]:
    """Rows of two series, the last of them constant, some far; and what was measured."""
    values = np.random.default_rng(1).normal(size=(num_rows, 2)).astype(np.float32)
    values[:, 1] = 0.0
    measured = values.copy()
    measured[[0, 3, 4, 8], [0, 1, 0, 1]] = [50.0, 1000.0, -60.0, -1000.0]
    cells = np.flatnonzero(measured != values)
    far = FarCells(cells, measured.ravel()[cells])
    return replace(inputs_of(values), far=far, constant=np.array([False, True])), measured


def test_what_was_measured_of_any_rows() -> None:
    inputs, measured = with_far_cells()
    shown = inputs.values.copy()
    for first in range(9):
        for stop in range(first, 10):
            np.testing.assert_array_equal(inputs.measured(first, stop), measured[first:stop])
    np.testing.assert_array_equal(inputs.measured(), measured)
    np.testing.assert_array_equal(inputs.values, shown)


def test_a_later_part_and_a_padded_one_were_measured_alike() -> None:
    inputs, measured = with_far_cells()
    for row in range(9):
        part = inputs.since(row)
        np.testing.assert_array_equal(part.measured(), measured[row:])
        assert part.constant is inputs.constant
        padded = part.padded(3)
        np.testing.assert_array_equal(padded.measured(3), measured[row:])
        np.testing.assert_array_equal(padded.measured(0, 3), part.values[[0, 0, 0]])
        assert padded.observed.tolist() == [[False, False]] * 3 + part.observed.tolist()
        assert padded.times[3:].equals(part.times)


def test_it_is_made_of_its_parts_and_of_nothing_else() -> None:
    times = pd.date_range("2021-01-01", periods=2, freq="min")
    inputs = ModelInput(
        np.zeros((2, 1), dtype=np.float32),
        np.ones((2, 1), dtype=bool),
        np.zeros(2, dtype=bool),
        times,
        covariates=np.ones((2, 3), dtype=np.float32),
    )
    assert inputs.covariates is not None
    assert inputs.covariates.shape == (2, 3)
    with pytest.raises(AttributeError):
        inputs.values = inputs.values  # type: ignore[misc]
