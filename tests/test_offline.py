"""The offline score against plain loops over whole windows."""

import keras
import numpy as np
import pytest
from builders import random_network, random_rows, settings_with

from dcvae import offline
from dcvae.losses import sigma_from


def squares_twin(network, scaled, observed, starts, length):
    """One window after the other through the network, z its mean; means over observed cells."""
    squares = []
    for start in starts:
        window = scaled[start : start + length][None]
        z_mean, _ = network.encoder(window, training=False)
        mean, spread = network.decoder(z_mean, training=False)
        sigma = keras.ops.convert_to_numpy(sigma_from(spread))
        residual = ((window - keras.ops.convert_to_numpy(mean)) / sigma)[0].astype(float)
        residual[~observed[start : start + length]] = np.nan
        with np.errstate(invalid="ignore"):
            there = ~np.isnan(residual)
            total = np.where(there, residual**2, 0.0).sum(axis=0)
            squares.append(np.where(there.any(axis=0), total / there.sum(axis=0), np.nan))
    return np.array(squares)


def rows_twin(squares, level, starts, num_rows, length):
    """Row by row, over the windows that contain it."""
    scores = []
    for row in range(num_rows):
        of_windows = []
        for window, start in enumerate(starts):
            strangeness = np.log(1 + squares[window] / level)
            if start <= row < start + length and not np.isnan(strangeness).all():
                of_windows.append(np.nanmean(strangeness))
        scores.append(np.mean(of_windows) if of_windows else np.nan)
    return np.array(scores)


@pytest.mark.parametrize(("rows", "length"), [(8, 8), (9, 8), (100, 16), (131, 16), (40, 5)])
def test_every_row_is_in_a_window_and_neighbors_are_an_eighth_apart(rows, length):
    starts = offline.window_starts(rows, length)
    covered = {row for start in starts for row in range(start, start + length)}
    assert covered == set(range(rows))
    assert (np.diff(starts) <= max(length // 8, 1)).all()


def test_a_file_shorter_than_a_window_has_no_windows():
    assert offline.window_starts(7, 8).size == 0


def test_windows_that_are_left_are_thinned_where_they_lie():
    starts = np.array([3, 4, 5, 40, 41, 42, 43, 90], dtype=np.int32)
    np.testing.assert_array_equal(offline.thinned(starts, 32), [3, 4, 40, 90])
    assert offline.thinned(starts[:0], 32).size == 0


def test_squares_are_those_of_whole_windows():
    settings = settings_with()
    network = random_network(settings)
    scaled = random_rows(90, 2)
    observed = np.random.default_rng(1).random(scaled.shape) < 0.8
    observed[20:40, 1] = False
    starts = offline.window_starts(90, 8)
    squares = offline.window_squares(network, scaled, observed, starts, 8)
    expected = squares_twin(network, scaled, observed, starts, 8)
    assert np.isnan(expected).any()
    np.testing.assert_allclose(squares, expected, rtol=2e-4)


def test_rows_get_the_mean_of_their_windows():
    random = np.random.default_rng(0)
    starts = offline.window_starts(75, 16)
    squares = random.random((len(starts), 3)) ** 4
    squares[random.random(squares.shape) < 0.2] = np.nan
    squares[5] = np.nan
    level = np.array([0.1, 1.0, 3.0])
    scores = offline.row_scores(squares, level, starts, 75, 16)
    np.testing.assert_allclose(scores, rows_twin(squares, level, starts, 75, 16), rtol=1e-12)


def test_rows_that_no_window_judges_have_no_score():
    starts = offline.window_starts(24, 8)
    scores = offline.row_scores(np.full((len(starts), 2), np.nan), np.ones(2), starts, 24, 8)
    assert np.isnan(scores).all()


def test_a_whole_file_that_is_as_normal_as_what_taught_the_level_scores_below_log_2():
    settings = settings_with()
    network = random_network(settings)
    scaled, observed = random_rows(600, 2), np.ones((600, 2), dtype=bool)
    starts = offline.window_starts(600, 8)
    level = offline.normal_level(offline.window_squares(network, scaled, observed, starts, 8))
    scores = offline.scores_of_file(network, scaled, observed, level, 8)
    assert scores.shape == (600,)
    assert 0 < np.mean(scores) < np.quantile(scores, 0.99) < np.log(2)
    scaled[300:310] += 20
    strange = offline.scores_of_file(network, scaled, observed, level, 8)
    assert int(np.argmax(strange)) in range(297, 313)


def test_the_largest_cells_stay_within_float32():
    network = random_network(settings_with())
    scaled, observed = random_rows(20, 2), np.ones((20, 2), dtype=bool)
    scaled[10] = 1e18
    scores = offline.scores_of_file(network, scaled, observed, np.ones(2), 8)
    assert np.isfinite(scores).all()


def test_level_ignores_windows_without_cells_and_is_never_nothing():
    squares = np.zeros((101, 3))
    squares[:, 0] = np.arange(101)  # 99 is exceeded by one window in a hundred
    squares[:, 1] = np.nan
    level = offline.normal_level(squares)
    assert level[0] == 99.0
    assert (level[1:] > 0).all()


def test_no_window_crosses_a_gap_and_rows_in_no_window_have_no_score():
    gaps = np.zeros(60, dtype=bool)
    gaps[[30, 34]] = True  # 30 rows, 4 rows, 26 rows; windows of 8
    starts = offline.window_starts(60, 8, gaps)
    covered = {row for start in starts for row in range(start, start + 8)}
    assert covered == set(range(60)) - set(range(30, 34))
    assert not any(start < border < start + 8 for start in starts for border in (30, 34))
    network = random_network(settings_with())
    scaled, observed = random_rows(60, 2), np.ones((60, 2), dtype=bool)
    scores = offline.scores_of_file(network, scaled, observed, np.ones(2), 8, gaps)
    assert np.flatnonzero(np.isnan(scores)).tolist() == list(range(30, 34))
    changed = scaled.copy()
    changed[:30] += 5.0  # what was before the gap says nothing of what came after
    after = offline.scores_of_file(network, changed, observed, np.ones(2), 8, gaps)
    np.testing.assert_array_equal(after[34:], scores[34:])
    everywhere = np.ones(60, dtype=bool)
    none = offline.scores_of_file(network, scaled, observed, np.ones(2), 8, everywhere)
    assert np.isnan(none).all()
