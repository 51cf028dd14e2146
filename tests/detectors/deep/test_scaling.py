"""Scaling of rows for deep detectors."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from dcvae.detectors.deep.scaling import RowScaling

ROWS = np.random.default_rng(0).normal(size=(50, 3)) * [1.0, 10.0, 100.0] + 5.0


@pytest.mark.parametrize(
    ("kind", "other"), [("min-max", MinMaxScaler), ("standard", StandardScaler)]
)
def test_training_rows_are_scaled_as_by_scikit_learn(kind: str, other: type) -> None:
    scaling = RowScaling.of(ROWS, kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(scaling.apply(ROWS), other().fit_transform(ROWS), atol=1e-12)


def test_values_are_bounded_to_one_range_beyond_training() -> None:
    scaling = RowScaling.of(ROWS, "min-max")
    far = np.array([[1e300, -1e300, ROWS[:, 2].max()]])
    np.testing.assert_allclose(scaling.apply(far), [[2.0, -1.0, 1.0]])
    standard = RowScaling.of(ROWS, "standard")
    low, high = ROWS.min(axis=0), ROWS.max(axis=0)
    expected = (2 * high - low - ROWS.mean(axis=0)) / ROWS.std(axis=0)
    np.testing.assert_allclose(standard.apply(np.full((1, 3), 1e9)), [expected])


def test_constant_series_are_told_apart() -> None:
    rows = np.column_stack([ROWS[:, 0], np.full(50, 4.0), np.zeros(50)])
    for kind in ("min-max", "standard"):
        scaling = RowScaling.of(rows, kind)  # type: ignore[arg-type]
        assert scaling.is_constant.tolist() == [False, True, True]
        assert scaling.columns == 1
        assert scaling.apply(rows).shape == (50, 1)
        moved = np.array([[0.0, 4.0, 0.0], [0.0, 5.0, -0.5], [0.0, 1e9, 7.0]])
        # By its own size where that is not 0, and one at most.
        np.testing.assert_allclose(scaling.moved(moved), [[0.0, 0.0], [0.25, 0.5], [1.0, 1.0]])


def test_a_table_that_is_constant_altogether_is_shown() -> None:
    scaling = RowScaling.of(np.full((4, 2), 3.0), "min-max")
    assert scaling.columns == 2
    np.testing.assert_array_equal(scaling.apply(np.full((1, 2), 3.0)), [[0.0, 0.0]])


def test_values_without_a_square_are_scaled() -> None:
    rows = ROWS.copy()
    rows[3, 1] = 1.7e308
    for kind in ("min-max", "standard"):
        assert np.isfinite(RowScaling.of(rows, kind).apply(rows)).all()  # type: ignore[arg-type]


def test_what_is_stored_scales_alike() -> None:
    scaling = RowScaling.of(ROWS, "standard")
    again = RowScaling.restored(scaling.to_array())
    np.testing.assert_array_equal(again.apply(ROWS), scaling.apply(ROWS))
    for part in (0, 3):  # a least value above the largest, a unit of 0
        spoiled = scaling.to_array()
        spoiled[part] = 1e9 if part == 0 else 0.0
        with pytest.raises(ValueError, match="a unit is not above 0, or a least value above"):
            RowScaling.restored(spoiled)
