"""Reference levels and running mean squares, by hand and against loops."""

import numpy as np
import pytest

from dcvae.scoring.levels import mean_squares, reference_level


def squares_of(rows: int = 300, series: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(4, (rows, series)) ** 2


# ------------------------------------------------------------------- levels


def test_level_is_exceeded_by_one_row_in_a_hundred() -> None:
    squares = squares_of(5000)
    above = np.mean(squares > reference_level(squares, 1e-8), axis=0)
    np.testing.assert_allclose(above, 0.01, atol=1e-3)


def test_level_by_hand() -> None:
    squares = np.stack([np.arange(101.0), 2 * np.arange(101.0)], axis=1)
    assert reference_level(squares, 1e-8).tolist() == [99.0, 198.0]


def test_rows_without_squares_do_not_count() -> None:
    squares = squares_of()
    expected = reference_level(squares[:200], 1e-8)
    squares[200:] = np.nan
    np.testing.assert_array_equal(reference_level(squares, 1e-8), expected)


def test_a_series_without_squares_is_like_the_others() -> None:
    squares = squares_of()
    levels = reference_level(squares, 1e-8)
    squares[:, 1] = np.nan
    found = reference_level(squares, 1e-8)
    assert found[1] == np.median(levels[[0, 2, 3]])
    np.testing.assert_array_equal(found[[0, 2, 3]], levels[[0, 2, 3]])


@pytest.mark.parametrize("rows", [0, 5])
def test_without_any_squares_every_level_is_1(rows: int) -> None:
    assert reference_level(np.full((rows, 3), np.nan), 1e-8).tolist() == [1.0, 1.0, 1.0]


def test_a_level_is_never_below_the_lowest() -> None:
    squares = np.stack([np.zeros(50), np.ones(50)], axis=1)
    assert reference_level(squares, 0.25).tolist() == [0.25, 1.0]


def test_squares_are_not_changed() -> None:
    squares = squares_of()
    squares[3:9, 2] = np.nan
    kept = squares.copy()
    reference_level(squares, 1e-8)
    np.testing.assert_array_equal(squares, kept)


# ------------------------------------------------------------------- mean squares


def test_mean_squares_by_hand() -> None:
    error = np.array([[1.0], [np.nan], [3.0], [np.nan], [np.nan], [np.nan]], dtype=np.float32)
    expected = [[1.0], [1.0], [5.0], [9.0], [9.0], [np.nan]]
    np.testing.assert_allclose(mean_squares(error, 3), expected)


@pytest.mark.parametrize("rows", [1, 2, 7, 40, 41, 1000])
def test_mean_squares_are_those_of_loops(rows: int) -> None:
    random = np.random.default_rng(rows)
    error = random.normal(size=(40, 3)).astype(np.float32)
    error[random.random(error.shape) < 0.3] = np.nan
    expected = np.full(error.shape, np.nan)
    for row, column in np.ndindex(error.shape):
        last = error[max(0, row - rows + 1) : row + 1, column].astype(float)
        last = last[~np.isnan(last)]
        if len(last):
            expected[row, column] = np.mean(last**2)
    np.testing.assert_allclose(mean_squares(error, rows), expected, rtol=1e-12)


def test_a_very_far_cell_leaves_no_trace_beyond_its_rows() -> None:
    error = np.full((20, 1), 0.1, dtype=np.float32)
    error[5] = 1e18
    means = mean_squares(error, 3)
    assert (means[5:8] > 1e35).all()
    np.testing.assert_array_equal(means[8:], np.full((12, 1), means[0, 0]))


def test_no_rows_no_means() -> None:
    assert mean_squares(np.empty((0, 2), dtype=np.float32), 3).shape == (0, 2)
