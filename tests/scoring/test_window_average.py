"""Window-average scores against plain loops over whole windows."""

from dataclasses import replace

import keras
import numpy as np
import pytest

from dcvae.data import FarCells
from dcvae.networks.losses import sigma_from
from dcvae.scoring import WindowAverageScorer, window_average
from support.builders import inputs_of, random_network, random_rows, settings_with

ONES = np.ones((2, 2))  # levels of two series


def squares_twin(network, scaled, counted, starts, length):
    """Whole windows through the network, z its mean; means over the cells that count, by loops."""
    windows = np.stack([scaled[start : start + length] for start in starts])
    z_mean, _ = network.encoder(windows, training=False)
    mean, spread = (keras.ops.convert_to_numpy(x) for x in network.decoder(z_mean, training=False))
    sigma = keras.ops.convert_to_numpy(sigma_from(spread))
    error = (windows - mean).astype(float)
    squares = np.full((2, len(starts), scaled.shape[1]), np.nan)
    for window, start in enumerate(starts):
        for column in range(scaled.shape[1]):
            there = counted[start : start + length, column]
            if there.any():
                off, width = error[window, there, column], sigma[window, there, column]
                squares[:, window, column] = np.mean((off / width) ** 2), np.mean(off**2)
    return squares


def scores_twin(squares, level, starts, num_rows, length):
    """Row by row, over the windows that contain it: the score of the row, then of its cells."""
    lines = []
    for row in range(num_rows):
        of_windows = []
        for window, start in enumerate(starts):
            if start <= row < start + length:
                cells = [
                    np.mean([np.log(1 + squares[r, window, s] / level[r, s]) for r in (0, 1)])
                    for s in range(squares.shape[2])
                ]
                known = sorted((x for x in cells if not np.isnan(x)), reverse=True)[:3]
                of_windows.append([np.mean(known) if known else np.nan, *cells])
        columns = np.array(of_windows).T if of_windows else np.full((4, 1), np.nan)
        lines.append(
            [np.mean(c[~np.isnan(c)]) if (~np.isnan(c)).any() else np.nan for c in columns]
        )
    return np.array(lines)


@pytest.mark.parametrize(("rows", "length"), [(8, 8), (9, 8), (100, 16), (131, 16), (40, 5)])
def test_every_row_is_in_a_window_and_neighbors_are_an_eighth_apart(rows, length):
    starts = window_average.window_starts(rows, length)
    covered = {row for start in starts for row in range(start, start + length)}
    assert covered == set(range(rows))
    assert (np.diff(starts) <= max(length // 8, 1)).all()


@pytest.mark.parametrize("gap", range(40, 50))
def test_rows_up_to_a_gap_are_in_a_window_too(gap):
    gaps = np.arange(100) == gap
    starts = window_average.window_starts(100, 24, gaps)
    assert {gap - 24, gap, 76} <= set(starts.tolist())
    assert {row for start in starts for row in range(start, start + 24)} == set(range(100))
    assert not any(start < gap < start + 24 for start in starts)


def test_a_file_shorter_than_a_window_has_no_windows():
    assert window_average.window_starts(7, 8).size == 0


def test_windows_that_are_left_are_thinned_where_they_lie():
    starts = np.array([3, 4, 5, 40, 41, 42, 43, 90], dtype=np.int32)
    np.testing.assert_array_equal(window_average.thinned(starts, 32), [3, 4, 40, 90])
    assert window_average.thinned(starts[:0], 32).size == 0


def test_squares_are_those_of_whole_windows():
    settings = settings_with()
    network = random_network(settings)
    scaled = random_rows(90, 2)
    observed = np.random.default_rng(1).random(scaled.shape) < 0.8
    observed[20:40, 1] = False
    starts = window_average.window_starts(90, 8)
    squares = WindowAverageScorer(network, 8).squares(inputs_of(scaled, observed), starts)
    expected = squares_twin(network, scaled, observed, starts, 8)
    assert np.isnan(expected).any()
    np.testing.assert_allclose(squares, expected, rtol=2e-4)


@pytest.mark.parametrize("rows", [90, 700])  # one batch of windows, and several
def test_squares_are_of_what_was_measured_and_of_constants_as_they_were(rows):
    network = random_network(settings_with())
    shown = random_rows(rows, 2)
    shown[:, 1] = 0.0
    measured = shown.copy()
    measured[[20, 50, 51, rows - 1], [0, 1, 1, 0]] = [40.0, 1000.0, 1000.0, -40.0]
    cells = np.flatnonzero(measured != shown)
    far = FarCells(cells, measured.ravel()[cells])
    inputs = replace(inputs_of(shown), far=far, constant=np.array([False, True]))
    starts = window_average.window_starts(rows, 8)
    squares = WindowAverageScorer(network, 8).squares(inputs, starts)
    whole = WindowAverageScorer(network, 8).squares(inputs_of(shown), starts)
    for window, start in enumerate(starts):
        rows_of_window = slice(start, start + 8)
        constant = np.mean(measured[rows_of_window, 1].astype(float) ** 2)
        assert squares[:, window, 1].tolist() == [constant, constant]  # a sigma of 1
        if (measured[rows_of_window, 0] == shown[rows_of_window, 0]).all():
            np.testing.assert_allclose(squares[:, window, 0], whole[:, window, 0], rtol=1e-5)
        else:
            assert squares[1, window, 0] > 30**2 / 8


def test_cells_without_a_score_do_not_count_in_the_windows_after_a_gap():
    network = random_network(settings_with())
    gaps = np.zeros(40, dtype=bool)
    gaps[20] = True
    inputs = inputs_of(random_rows(40, 2), gaps=gaps)
    starts = window_average.window_starts(40, 8, gaps)
    counted = np.ones((40, 2), dtype=bool)
    counted[20:27] = False  # the first row whose window is whole again is 27
    squares = WindowAverageScorer(network, 8).squares(inputs, starts)
    expected = squares_twin(network, inputs.values, counted, starts, 8)
    np.testing.assert_allclose(squares, expected, rtol=2e-4)


def test_rows_and_cells_get_the_mean_of_their_windows():
    random = np.random.default_rng(0)
    starts = window_average.window_starts(75, 16)
    squares = random.random((2, len(starts), 5)) ** 4
    squares[:, random.random(squares.shape[1:]) < 0.4] = np.nan
    squares[:, 5] = np.nan
    level = np.array([[0.1, 1.0, 3.0, 0.5, 0.2], [2.0, 0.3, 0.1, 1.0, 1.0]])
    row, cell = window_average.scores_from(squares, level, starts, 75, 16)
    expected = scores_twin(squares, level, starts, 75, 16)
    np.testing.assert_allclose(row, expected[:, 0], rtol=1e-12)
    np.testing.assert_allclose(cell, expected[:, 1:], rtol=1e-12)


def test_a_row_is_as_strange_as_its_three_strangest_series_by_hand():
    # Over the levels: 0, 1, 3, 7 in sigmas, and the same as it is; the logs of 2, 4 and 8 count.
    squares = np.array([[[0.0, 2.0, 6.0, 14.0]], [[0.0, 3.0, 9.0, 21.0]]])
    level = np.array([[2.0] * 4, [3.0] * 4])
    row, cell = window_average.scores_from(squares, level, np.array([0], dtype=np.int32), 8, 8)
    np.testing.assert_allclose(row, np.full(8, 2 * np.log(2)))
    np.testing.assert_allclose(cell[0], np.log([1.0, 2.0, 4.0, 8.0]))


def test_the_two_errors_count_the_same():
    squares = np.array([[[3.0]], [[0.0]]])  # far out in sigmas, not at all in the error
    row, _ = window_average.scores_from(
        squares, np.ones((2, 1)), np.array([0], dtype=np.int32), 8, 8
    )
    np.testing.assert_allclose(row, np.full(8, np.log(4.0) / 2))


def test_rows_that_no_window_scores_have_no_score():
    starts = window_average.window_starts(24, 8)
    row, cell = window_average.scores_from(
        np.full((2, len(starts), 2), np.nan), np.ones((2, 2)), starts, 24, 8
    )
    assert np.isnan(row).all()
    assert np.isnan(cell).all()


def test_a_whole_file_that_is_as_normal_as_what_the_level_was_fitted_to_scores_below_log_2():
    settings = settings_with()
    network = random_network(settings)
    scaled = random_rows(600, 2)
    starts = window_average.window_starts(600, 8)
    scorer = WindowAverageScorer(network, 8)
    level = window_average.reference_levels(scorer.squares(inputs_of(scaled), starts))
    scores = scorer.score(inputs_of(scaled), level).row
    assert scores.shape == (600,)
    assert 0 < np.mean(scores) < np.quantile(scores, 0.99) < np.log(2)
    scaled[300:310] += 20
    strange = scorer.score(inputs_of(scaled), level).row
    assert int(np.argmax(strange)) in range(297, 313)


def test_the_largest_cells_stay_within_float32():
    network = random_network(settings_with())
    scaled, observed = random_rows(20, 2), np.ones((20, 2), dtype=bool)
    scaled[10] = 1e18
    scores = WindowAverageScorer(network, 8).score(inputs_of(scaled, observed), ONES).row
    assert np.isfinite(scores).all()


def test_level_ignores_windows_without_cells_and_is_never_nothing():
    squares = np.zeros((2, 101, 3))
    squares[0, :, 0] = np.arange(101)  # 99 is exceeded by one window in a hundred
    squares[1, :, 0] = 2 * np.arange(101)
    squares[:, :, 1] = np.nan
    level = window_average.reference_levels(squares)
    assert level[:, 0].tolist() == [99.0, 198.0]
    assert (level[:, 1:] > 0).all()


def test_no_window_crosses_a_gap_and_rows_in_no_window_have_no_score():
    gaps = np.zeros(60, dtype=bool)
    gaps[[30, 34]] = True  # 30 rows, 4 rows, 26 rows; windows of 8
    starts = window_average.window_starts(60, 8, gaps)
    covered = {row for start in starts for row in range(start, start + 8)}
    assert covered == set(range(60)) - set(range(30, 34))
    assert not any(start < border < start + 8 for start in starts for border in (30, 34))
    scorer = WindowAverageScorer(random_network(settings_with()), 8)
    scaled = random_rows(60, 2)
    scores = scorer.score(inputs_of(scaled, gaps=gaps), ONES).row
    assert np.flatnonzero(np.isnan(scores)).tolist() == list(range(30, 34))
    changed = scaled.copy()
    changed[:30] += 5.0  # what was before the gap says nothing of what came after
    after = scorer.score(inputs_of(changed, gaps=gaps), ONES).row
    np.testing.assert_array_equal(after[34:], scores[34:])
    everywhere = np.ones(60, dtype=bool)
    none = scorer.score(inputs_of(scaled, gaps=everywhere), ONES).row
    assert np.isnan(none).all()
