"""Standardization of rows, with a unit for series that never changed; rows that are drawn."""

from types import SimpleNamespace

import numpy as np
import pytest

from dcvae import InputError
from dcvae.detectors.scaling import Standardization, drawn

TRAINING = np.column_stack([np.arange(9.0), np.full(9, 0.1), np.full(9, -1e6)])


def test_series_that_change_are_in_standard_deviations() -> None:
    scaled = Standardization.of(TRAINING).apply(TRAINING)
    np.testing.assert_allclose(scaled[:, 0], (np.arange(9) - 4) / np.arange(9).std())
    np.testing.assert_array_equal(scaled[:, 1:], 0.0)


def test_another_value_of_a_constant_is_as_far_as_if_one_row_had_had_it() -> None:
    """One of n rows that differs is sqrt(n - 1) standard deviations from the mean."""
    scaling = Standardization.of(TRAINING)
    moved = scaling.apply(np.array([[4.0, 0.2, -2e6], [4.0, 0.0999, 0.0]]))
    assert moved.tolist() == [[0.0, 3.0, -3.0], [0.0, -3.0, 3.0]]
    almost = np.r_[np.zeros(8), 1.0]
    assert (1.0 - almost.mean()) / almost.std() == pytest.approx(np.sqrt(8))


def test_what_single_precision_does_not_tell_apart_is_the_same() -> None:
    single = TRAINING.astype(np.float32)
    for training, rows in ((TRAINING, single), (single, TRAINING)):
        np.testing.assert_array_equal(Standardization.of(training).apply(rows)[:, 1:], 0.0)


def test_rows_that_are_scaled_already_keep_their_unit() -> None:
    scaling = Standardization.of(TRAINING, scale=False)
    np.testing.assert_array_equal(scaling.apply(TRAINING)[:, 0], TRAINING[:, 0])
    assert scaling.apply(TRAINING + 1)[0].tolist() == [1.0, 3.0, 3.0]


def test_far_values_have_a_square() -> None:
    scaling = Standardization.of(TRAINING)
    far = scaling.apply(np.array([[1.7e308, 1.7e308, -1.7e308], [-1e200, 0.1, -1e6]]))
    assert np.isfinite(far**2).all()
    assert far[0, 0] > 0 > far[1, 0]


def test_it_is_stored_and_restored() -> None:
    scaling = Standardization.of(TRAINING)
    again = Standardization.restored(scaling.stored())
    np.testing.assert_array_equal(again.apply(TRAINING + 1), scaling.apply(TRAINING + 1))
    with pytest.raises(ValueError, match="a spread is below 0"):
        Standardization.restored(-scaling.stored())


def test_rows_are_drawn_by_the_seed_without_repeating() -> None:
    detector = SimpleNamespace(title="toy", most_rows=10, seed=1)
    with pytest.warns(UserWarning, match=r"^toy is fitted to 10 of the 30 rows, drawn by its seed"):
        chosen = drawn(detector, 30, "rows")
    assert len(set(chosen.tolist())) == 10
    assert (np.diff(chosen) > 0).all()
    detector.seed = 2
    with pytest.warns(UserWarning, match="drawn by its seed"):
        assert (drawn(detector, 30, "rows") != chosen).any()
    assert drawn(detector, 10, "rows").tolist() == list(range(10))
    detector.most_rows = None
    assert len(drawn(detector, 30, "rows")) == 30
    detector.most_rows = "many"
    with pytest.raises(InputError, match=r"`most_rows` of toy to be a whole number of at least 2"):
        drawn(detector, 30, "rows")
