"""Bounds by hand and against a slow twin; constants in any unit; numbers at the ends of float64."""

import numpy as np
import pandas as pd
import pytest

from dcvae.data import ModelInput, Preprocessor
from dcvae.data.inputs.bounds import NEW_VALUE, SAME, fit_bounds, is_new, new_value_notices
from support.builders import settings_with
from support.tables import frame_of, no_gaps, random_frame, values_to_train_on

NAN = np.nan
LARGEST = np.finfo(np.float64).max


def inputs_of(preprocessor: Preprocessor, frame: pd.DataFrame) -> ModelInput:
    return preprocessor.transform(frame, no_gaps(frame))


# ------------------------------------------------------------------- bounds


@pytest.mark.parametrize(
    ("values", "bounds"),
    [
        ([1.0, NAN, 3.0, 5.0], (-1.0, 7.0)),
        ([0.0, 1.0], (-0.5, 1.5)),
        ([4.0, NAN, 4.0], (4.0, 4.0)),
        ([0.1, 0.1 + 2e-17, 0.1 - 2e-17], (0.1, 0.1)),
        ([1.7e9, 1.7e9 + 1.0], (1.7e9 - 0.5, 1.7e9 + 1.5)),
        ([-1e308, 1e308], (-LARGEST, LARGEST)),
        ([LARGEST, LARGEST], (LARGEST, LARGEST)),
        ([2e-300, 0.0], (-1e-300, 3e-300)),
    ],
)
def test_bounds_by_hand(values: list[float], bounds: tuple[float, float]) -> None:
    lower, upper = fit_bounds(frame_of(np.array(values)[:, None]))
    assert (lower[0], upper[0]) == pytest.approx(bounds, rel=1e-15, abs=0)


def test_outliers_of_training_do_not_widen_the_bounds() -> None:
    frame = random_frame(400)
    frame.iloc[100, 0] = 1e9
    kept = Preprocessor.fit(frame, settings_with())
    assert kept.upper is not None
    assert kept.upper[0] < 20
    assert (values_to_train_on(kept, frame)[:, 0] < 10).all()
    every = Preprocessor.fit(frame, settings_with(wo_outliers=False))
    assert every.upper is not None
    assert every.upper[0] > 1e9


@pytest.mark.parametrize("scale", [True, False])
def test_what_is_shown_is_clipped_and_what_was_measured_is_not(scale: bool) -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with(scale=scale))
    frame = random_frame(seed=1) + np.array([0.0, 300.0, 0.0])
    frame.iloc[[5, 7], 0] = [1e9, NAN]
    frame.iloc[9, 2] = -1.7e308
    inputs = inputs_of(preprocessor, frame)
    assert preprocessor.lower is not None
    assert preprocessor.upper is not None
    filled = frame.ffill().to_numpy()
    mean, width = np.array(preprocessor.mean), np.array(preprocessor.scale)
    for row in range(len(frame)):
        for column in range(3):
            value, low = filled[row, column], preprocessor.lower[column]
            shown = min(max(value, low), preprocessor.upper[column])
            assert inputs.values[row, column] == np.float32((shown - mean[column]) / width[column])
            if inputs.observed[row, column]:
                far = max((value - mean[column]) / width[column], -1e18)
                assert inputs.measured()[row, column] == np.float32(far)
    assert inputs.constant is None
    assert inputs.far is not None
    assert len(inputs.far.cells) > 100  # the second series has moved
    assert (np.diff(inputs.far.cells) > 0).all()


def test_within_the_bounds_nothing_is_far() -> None:
    frame = random_frame()
    inputs = inputs_of(Preprocessor.fit(frame, settings_with()), frame)
    assert inputs.far is None
    assert inputs.measured() is not inputs.values  # a view of it
    assert np.shares_memory(inputs.measured(), inputs.values)


def test_a_far_value_that_fills_a_missing_cell_is_shown_within_the_bounds() -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with())
    frame = random_frame(seed=1)
    frame.iloc[50, 0], frame.iloc[51:60, 0] = 1e9, NAN
    inputs = inputs_of(preprocessor, frame)
    assert (inputs.values[50:60, 0] == inputs.values[50, 0]).all()
    assert inputs.values[50, 0] < 10
    assert inputs.far is not None
    assert inputs.far.cells.tolist() == [150]


def test_the_published_program_bounds_nothing() -> None:
    preprocessor = Preprocessor.fit(
        random_frame(), settings_with(fidelity_outliers="code", wo_outliers=False)
    )
    assert (preprocessor.lower, preprocessor.upper) == (None, None)
    frame = random_frame(seed=1)
    frame.iloc[50, 0] = 1e9
    inputs = inputs_of(preprocessor, frame)
    assert inputs.values[50, 0] > 1e8
    assert inputs.far is None


# ------------------------------------------------------------------- constants


@pytest.mark.parametrize("constant", [0.0, 0.1, -273.15, 1.7e9, 1e-12])
@pytest.mark.parametrize("unit", [1.0, 1e6, 1e-9])
@pytest.mark.parametrize("scale", [True, False])
def test_another_value_is_as_far_in_any_unit(constant: float, unit: float, scale: bool) -> None:
    training = frame_of([[constant * unit, 1.0], [constant * unit, 2.0], [NAN, 3.0]])
    preprocessor = Preprocessor.fit(training, settings_with(scale=scale))
    assert preprocessor.constants == (constant * unit, None)
    step = 1e-3 * (abs(constant) or 1.0)
    values = np.array([constant, constant + step, constant - step, constant * (1 + SAME / 4)])
    frame = frame_of(np.column_stack([values * unit, [1.0, 2.0, 3.0, 2.0]]))
    inputs = inputs_of(preprocessor, frame)
    assert inputs.constant is not None
    assert inputs.constant.tolist() == [True, False]
    assert (inputs.values[:, 0] == inputs.values[0, 0]).all()  # all that the network is shown
    assert inputs.far is not None
    assert inputs.far.cells.tolist() == [2, 4]
    away = inputs.measured()[:, 0].astype(float) - inputs.values[:, 0]
    least = max(abs(float(inputs.values[0, 0])), 1.0)
    assert away == pytest.approx([0, NEW_VALUE * least, -NEW_VALUE * least, 0], rel=1e-6)
    if scale:
        assert inputs.values[0, 0] == 0
        assert away.tolist() == [0, NEW_VALUE, -NEW_VALUE, 0]


def test_what_is_the_same_value() -> None:
    third = 1 / 3
    assert not is_new(np.array([third, np.float32(third), NAN]), third).any()
    assert is_new(np.array([third * (1 + 1e-6), 0.0, -third]), third).all()
    assert is_new(np.array([1e-300, -1e-300]), 0.0).all()
    assert is_new(np.array([LARGEST, -LARGEST]), -LARGEST).tolist() == [True, False]


def test_a_series_that_is_constant_but_for_outliers() -> None:
    """What it was before is not new to it; its unit is the spread of all its values."""
    training = frame_of(np.zeros((300, 2)))
    training.iloc[:, 1] = np.random.default_rng(0).normal(size=300)
    training.iloc[70, 0] = 5.0
    training.iloc[80:90, 0] = NAN
    preprocessor = Preprocessor.fit(training, settings_with())
    assert preprocessor.constants == (None, None)
    assert (values_to_train_on(preprocessor, training)[:, 0] == 0).all()
    spread = 5.0 * np.sqrt(1 / 290 - 1 / 290**2)  # of 289 zeros and a five
    assert preprocessor.scale[0] == pytest.approx(spread)
    assert (preprocessor.lower[0], preprocessor.upper[0]) == (-2.5, 7.5)
    inputs = inputs_of(preprocessor, training)
    assert inputs.measured()[70, 0] == pytest.approx(5.0 / spread)


def test_far_cells_of_other_series_are_kept_for_what_is_fitted() -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with())
    frame = random_frame(seed=1)
    frame.iloc[50, 0] = 1e9
    inputs = inputs_of(preprocessor, frame)
    assert inputs.without_new() is inputs


def test_a_switch_is_not_constant() -> None:
    training = frame_of((np.arange(40) % 8 == 0).astype(float)[:, None])
    preprocessor = Preprocessor.fit(training, settings_with())
    assert preprocessor.constants == (None,)
    assert (preprocessor.lower, preprocessor.upper) == ((-0.5,), (1.5,))


# ------------------------------------------------------------------- what is said


def test_new_values_are_told() -> None:
    frame = frame_of([[0.0, 5.0, 1.0], [0.25, 5.0, 2.0], [NAN, 7.0, 3.0], [0.125, 5.0, 4.0]])
    assert new_value_notices(frame, (0.0, 5.0, None)) == [
        "`A` was 0 throughout training and is not in 2 rows from 2024-01-01 00:05:00 (0.125 to "
        "0.25), `B` was 5 throughout training and is not in 1 row from 2024-01-01 00:10:00 "
        "(7)."
    ]
    assert new_value_notices(frame.iloc[:1], (0.0, 5.0, None)) == []
    assert new_value_notices(frame, (None, None, None)) == []


def test_at_most_five_series_are_told_by_name() -> None:
    [told] = new_value_notices(frame_of(np.ones((2, 7))), (0.0,) * 7)
    assert told.count("throughout") == 5
    assert told.endswith(" and 2 more.")
