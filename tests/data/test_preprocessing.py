"""Scaling against scikit-learn, outliers in both readings, gaps, and what is stored."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import StandardScaler
from support.builders import settings_with

from dcvae import InputError
from dcvae.data.preprocessing import LARGEST_SCALED, Preprocessor


def table(values: Any, names: str = "ABCDEFG") -> pd.DataFrame:
    values = np.asarray(values, dtype=np.float64)
    index = pd.date_range("2024-01-01", periods=len(values), freq="5min", name="time")
    return pd.DataFrame(values, index=index, columns=list(names[: values.shape[1]]))


def random_table(num_rows: int = 200, num_series: int = 3, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    return table(
        random.normal(
            [5, -300, 1e6][:num_series], [1, 40, 2e3][:num_series], (num_rows, num_series)
        )
    )


def spiked(frame: pd.DataFrame, row: int = 50, deviations: float = 100) -> pd.DataFrame:
    """The same table with one enormous value in its first series."""
    frame = frame.copy()
    frame.iloc[row, 0] += deviations * frame.iloc[:, 0].std()
    return frame


# ------------------------------------------------------------------- scaling


def test_equals_scikit_learn() -> None:
    frame = random_table()
    preprocessor = Preprocessor.learn(frame, settings_with())
    expected = StandardScaler().fit_transform(frame.to_numpy())
    actual = preprocessor.transform_training(frame)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(preprocessor.transform(frame), actual)
    assert preprocessor.series == ("A", "B", "C")


def test_by_hand_with_missing_cells() -> None:
    frame = table([[1.0], [np.nan], [3.0], [5.0], [np.nan]])
    preprocessor = Preprocessor.learn(frame, settings_with())
    assert preprocessor.mean == (3.0,)
    np.testing.assert_allclose(preprocessor.scale, [np.sqrt(8 / 3)])
    scaled = preprocessor.transform(frame)[:, 0] * np.sqrt(8 / 3) + 3
    np.testing.assert_allclose(scaled, [1, 1, 3, 5, 5], rtol=1e-6)


def test_scored_tables_are_scaled_by_the_training_table() -> None:
    frame = random_table()
    preprocessor = Preprocessor.learn(frame, settings_with())
    other = random_table(seed=1) * 3 + 7
    scaler = StandardScaler().fit(frame.to_numpy())
    expected = scaler.transform(other.to_numpy())
    np.testing.assert_allclose(preprocessor.transform(other), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(  # a row's scaling does not depend on the rows beside it
        preprocessor.transform(other.iloc[10:20]), preprocessor.transform(other)[10:20]
    )


def test_constant_series_is_centered_and_not_divided() -> None:
    frame = table([[4.0, 0.0, 1.0], [4.0, 0.0, 2.0], [4.0, 0.0, 3.0]])
    preprocessor = Preprocessor.learn(frame, settings_with())
    assert preprocessor.mean == (4.0, 0.0, 2.0)
    assert preprocessor.scale[:2] == (1.0, 1.0)
    assert (preprocessor.transform(frame)[:, :2] == 0).all()
    assert preprocessor.transform(table([[6.0, -1.0, 2.0]])).tolist() == [[2.0, -1.0, 0.0]]


def test_without_scaling_numbers_stay_as_they_are() -> None:
    frame = random_table()
    preprocessor = Preprocessor.learn(frame, settings_with(scale=False))
    assert preprocessor.mean == (0.0, 0.0, 0.0)
    assert preprocessor.scale == (1.0, 1.0, 1.0)
    np.testing.assert_array_equal(preprocessor.transform(frame), frame.to_numpy(np.float32))


# ------------------------------------------------------------------- outliers


@pytest.mark.parametrize("scale", [True, False])
def test_outliers_are_removed_when_learning(scale: bool) -> None:
    frame = random_table()
    damaged = spiked(frame)
    settings = settings_with(scale=scale)
    preprocessor = Preprocessor.learn(damaged, settings)
    gap = frame.copy()
    gap.iloc[50, 0] = np.nan
    assert preprocessor == Preprocessor.learn(gap, settings)  # as if it had been missing
    np.testing.assert_array_equal(
        preprocessor.transform_training(damaged), preprocessor.transform(gap)
    )


def test_outliers_stay_if_wanted() -> None:
    damaged = spiked(random_table())
    preprocessor = Preprocessor.learn(damaged, settings_with(wo_outliers=False))
    assert preprocessor.max_std is None
    np.testing.assert_allclose(preprocessor.mean, damaged.mean())
    expected = StandardScaler().fit_transform(damaged.to_numpy())
    np.testing.assert_allclose(
        preprocessor.transform_training(damaged), expected, rtol=1e-5, atol=1e-5
    )


def test_the_border_of_an_outlier() -> None:
    """Nine zeros and a one: mean 0.1, population deviation 0.3, so the one is at exactly 3."""
    frame = table([[0.0]] * 9 + [[1.0]])

    def largest(max_std: float) -> float:
        settings = settings_with(max_std=max_std, scale=False)
        preprocessor = Preprocessor.learn(frame, settings)
        return float(preprocessor.transform_training(frame).max())

    assert largest(3.001) == 1.0
    assert largest(2.999) == 0.0


def test_outliers_below_the_mean_count_as_well() -> None:
    damaged = spiked(random_table(), deviations=-100)
    preprocessor = Preprocessor.learn(damaged, settings_with())
    assert preprocessor.transform_training(damaged)[:, 0].min() > -5


def test_paper_keeps_the_spike_of_a_scored_table_and_code_makes_it_vanish() -> None:
    frame = random_table()
    scored = spiked(random_table(seed=1))
    paper = Preprocessor.learn(frame, settings_with(fidelity_outliers="paper"))
    code = Preprocessor.learn(frame, settings_with(fidelity_outliers="code"))
    assert (paper.outliers_of, code.outliers_of) == ("training", "each file")
    assert paper.transform(scored)[50, 0] > 90
    assert abs(code.transform(scored)[50, 0]) < 5
    assert code.transform(scored)[50, 0] == code.transform(scored)[49, 0]  # filled forward
    others = np.ones(scored.shape, dtype=bool)
    others[50, 0] = False
    np.testing.assert_array_equal(paper.transform(scored)[others], code.transform(scored)[others])


def test_code_judges_each_table_by_its_own_statistics() -> None:
    """A level shift of the whole table is no outlier in it, however far from training."""
    frame = random_table()
    shifted = random_table(seed=1) + np.array([1000.0, 0.0, 0.0])
    paper, code = (
        Preprocessor.learn(frame, settings_with(fidelity_outliers=fidelity))
        for fidelity in ("paper", "code")
    )
    np.testing.assert_array_equal(code.transform(shifted), paper.transform(shifted))


def test_code_without_outlier_removal_removes_none() -> None:
    settings = settings_with(fidelity_outliers="code", wo_outliers=False)
    preprocessor = Preprocessor.learn(random_table(), settings)
    assert preprocessor.transform(spiked(random_table(seed=1)))[50, 0] > 90


def test_removed_cells_are_told() -> None:
    frame = random_table(400)
    frame.iloc[[3, 90], 2] = [1e9, np.nan]
    frame.iloc[[5, 6], 0] += 1000
    preprocessor = Preprocessor.learn(frame, settings_with())
    before = frame.copy(deep=True)
    assert preprocessor.outlier_notices(frame) == [
        "Cells more than `max_std` = 7 standard deviations from the mean are taken for missing in "
        "2 of 3 series: `A` 2 (0.50%), `C` 1 (0.25%)."
    ]
    pd.testing.assert_frame_equal(frame, before)


def test_nothing_removed_nothing_told() -> None:
    frame = random_table()
    assert Preprocessor.learn(frame, settings_with()).outlier_notices(frame) == []
    preprocessor = Preprocessor.learn(spiked(frame), settings_with(wo_outliers=False))
    assert preprocessor.outlier_notices(spiked(frame)) == []


def test_series_that_are_constant_without_their_outliers_are_told() -> None:
    frame = random_table(300)
    frame["event"], frame["constant"], frame["rare"] = 0.0, 4.0, 5.0
    frame.iloc[70, 3] = 1.0
    frame.iloc[[7, 8], 5] = [-2.0, np.nan]
    preprocessor = Preprocessor.learn(frame, settings_with(max_std=6.5))
    assert (preprocessor.transform_training(frame)[:, 3:] == 0).all()
    assert preprocessor.outlier_notices(frame) == [
        "Cells more than `max_std` = 6.5 standard deviations from the mean are taken for missing "
        "in 2 of 6 series: `event` 1 (0.33%), `rare` 1 (0.33%).",
        "Without those cells, 2 of 6 series never change, so the model cannot learn when they do: "
        "`event`, `rare`. To keep the cells, raise `max_std` or set `wo_outliers` to false.",
    ]


def test_at_most_five_series_are_told_by_name() -> None:
    values = np.zeros((200, 7))
    values[100] = 1.0
    frame = table(values)
    first, second = Preprocessor.learn(frame, settings_with()).outlier_notices(frame)
    named = ", ".join(f"`{name}` 1 (0.50%)" for name in "ABCDE")
    assert first.endswith(f"7 of 7 series: {named} and 2 more.")
    assert "7 of 7 series never change" in second
    assert "`A`, `B`, `C`, `D`, `E` and 2 more. To keep" in second


def test_series_that_is_all_outliers() -> None:
    frame = table([[-1.0, 5.0], [1.0, 5.0], [-1.0, 5.0], [1.0, 5.0]])
    with pytest.raises(
        InputError,
        match=r"^No cell of the series `A` is within `max_std` = 0\.5 standard deviations of its "
        r"mean\. Raise `max_std`, or set `wo_outliers` to false\.$",
    ):
        Preprocessor.learn(frame, settings_with(max_std=0.5, scale=False))


# ------------------------------------------------------------------- enormous numbers


def test_series_too_large_to_square() -> None:
    frame = table([[1.0, 1e200], [2.0, -1e200], [3.0, 1e200]])
    with pytest.raises(
        InputError, match=r"^The series `B` cannot be standardized: .* write the series in a larger"
    ):
        Preprocessor.learn(frame, settings_with())


def test_enormous_scored_cells_stay_finite() -> None:
    preprocessor = Preprocessor.learn(random_table(), settings_with())
    scored = random_table(seed=1)
    scored.iloc[3, 0], scored.iloc[4, 1] = 1.7e308, -1.7e308
    scaled = preprocessor.transform(scored)
    assert scaled[3, 0] == np.float32(LARGEST_SCALED)
    assert scaled[4, 1] == -np.float32(LARGEST_SCALED)
    assert np.isfinite(scaled).all()
    assert (np.abs(scaled) > 10).sum() == 2


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
    frame = table(HOLES)
    preprocessor = Preprocessor.learn(frame, settings_with(scale=scale, max_fill=max_fill))
    assert preprocessor.center == (4.0, 2.5)
    for scaled in (preprocessor.transform(frame), preprocessor.transform_training(frame)):
        assert preprocessor.mean_in_data_units(scaled) == pytest.approx(np.array(expected))
        if scale and max_fill is not None:
            assert (scaled[:2, 0] == 0).all()  # nothing unusual
    assert Preprocessor.observed(frame).tolist() == [
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
    preprocessor = Preprocessor.learn(random_table(), settings_with(max_fill=max_fill))
    frame = random_table(seed=3)
    frame = frame.mask(np.random.default_rng(4).random(frame.shape) < share)
    scaled = preprocessor.transform(frame)
    for column, name in enumerate(frame.columns):
        center = preprocessor.center[column]
        by_hand = np.array(filled_by_hand(frame[name].tolist(), max_fill, center))
        expected = (by_hand - preprocessor.mean[column]) / preprocessor.scale[column]
        np.testing.assert_allclose(scaled[:, column], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("max_fill", [0, 3, 12])
def test_what_the_network_is_given_does_not_depend_on_later_rows(max_fill: int) -> None:
    preprocessor = Preprocessor.learn(random_table(), settings_with(max_fill=max_fill))
    frame = random_table(seed=3)
    frame = frame.mask(np.random.default_rng(5).random(frame.shape) < 0.6)
    frame.iloc[:30, 1] = frame.iloc[80:, 2] = NAN
    scaled = preprocessor.transform(frame)
    for rows in range(1, len(frame) + 1):
        np.testing.assert_array_equal(preprocessor.transform(frame.iloc[:rows]), scaled[:rows])


def test_a_series_that_is_never_there_is_taken_for_usual() -> None:
    preprocessor = Preprocessor.learn(random_table(), settings_with())
    frame = random_table(seed=3)
    frame["B"] = NAN
    assert (preprocessor.transform(frame)[:, 1] == 0).all()


def test_code_fills_the_outliers_of_a_file_without_end() -> None:
    preprocessor = Preprocessor.learn(random_table(), settings_with(fidelity="code"))
    assert preprocessor.max_fill is None
    scored = random_table(seed=1)
    scored.iloc[60:90, 1] = NAN
    assert (preprocessor.transform(scored)[60:90, 1] == preprocessor.transform(scored)[59, 1]).all()


def test_longest_stretch_on_one_value() -> None:
    frame = table(
        [[1, 5, NAN, 2], [1, 5, 3, 2], [NAN, 5, NAN, 2], [1, 5, 3, 3], [2, 5, NAN, 3]], "ABCD"
    )
    learned = Preprocessor.learn(frame, settings_with(M=4))
    assert learned.longest_constant == (3, None, None, 3)


def test_outliers_are_no_stretch() -> None:
    frame = random_table(400)
    frame.iloc[100:103, 0] = 1e9
    assert Preprocessor.learn(frame, settings_with()).longest_constant[0] == 1
    kept = Preprocessor.learn(frame, settings_with(wo_outliers=False))
    assert kept.longest_constant[0] == 3


def test_an_outlier_counts_as_observed() -> None:
    assert Preprocessor.observed(spiked(random_table())).all()


@pytest.mark.parametrize("fidelity", ["paper", "code"])
def test_tables_are_not_changed(fidelity: str) -> None:
    frame = spiked(random_table())
    frame.iloc[3:6, 1] = np.nan
    kept = frame.copy(deep=True)
    preprocessor = Preprocessor.learn(frame, settings_with(fidelity=fidelity))
    for scaled in (preprocessor.transform_training(frame), preprocessor.transform(frame)):
        assert not np.isnan(scaled).any()
        scaled[:] = 0
    pd.testing.assert_frame_equal(frame, kept)


# ------------------------------------------------------------------- the way back


def test_inverse() -> None:
    frame = random_table()
    preprocessor = Preprocessor.learn(frame, settings_with())
    level = preprocessor.mean_in_data_units(preprocessor.transform(frame))
    assert level.dtype == np.float64
    np.testing.assert_allclose(level, frame.to_numpy(), rtol=1e-6, atol=1e-5)


def test_widths_are_stretched_and_not_shifted() -> None:
    preprocessor = Preprocessor(
        ("A", "B"), (10.0, -5.0), (2.0, 0.5), 7.0, "training", 12, (10.0, -5.0), (1, None)
    )
    scaled = np.array([[1.0, 1.0], [0.0, -4.0]], dtype=np.float32)
    assert preprocessor.width_in_data_units(scaled).tolist() == [[2.0, 0.5], [0.0, -2.0]]
    assert preprocessor.mean_in_data_units(scaled).tolist() == [[12.0, -4.5], [10.0, -7.0]]
    assert scaled.tolist() == [[1.0, 1.0], [0.0, -4.0]]


# ------------------------------------------------------------------- what is stored


@pytest.mark.parametrize("keys", [{}, {"wo_outliers": False}, {"fidelity": "code"}])
def test_stored_and_read_back(keys: dict[str, Any]) -> None:
    preprocessor = Preprocessor.learn(random_table(), settings_with(**keys))
    stored = json.loads(json.dumps(preprocessor.to_dict()))
    assert Preprocessor.from_dict(stored, "preprocessing.json") == preprocessor


STORED = {
    "series": ["A", "B"],
    "mean": [0.5, 1],
    "scale": [2.0, 1],
    "max_std": 7.0,
    "outliers_of": "training",
    "max_fill": 12,
    "center": [0.5, 1],
    "longest_constant": [3, None],
}


def test_the_stored_example_is_accepted() -> None:
    assert Preprocessor.from_dict(STORED, "x.json").series == ("A", "B")


@pytest.mark.parametrize("key", STORED)
def test_stored_without_a_key(key: str) -> None:
    stored = {name: value for name, value in STORED.items() if name != key}
    with pytest.raises(
        InputError,
        match=r"models/a/x\.json is damaged: expected the keys .*, received .* Train the model",
    ):
        Preprocessor.from_dict(stored, "models/a/x.json")


def test_stored_with_another_key() -> None:
    with pytest.raises(InputError, match=r"damaged: expected the keys .*received .*'median'"):
        Preprocessor.from_dict(STORED | {"median": [1, 2]}, "x.json")


@pytest.mark.parametrize(
    "change",
    [
        {"series": []},
        {"series": [], "mean": [], "scale": []},
        {"series": "AB"},
        {"series": None},
        {"series": 2},
        {"series": ["A", 2]},
        {"series": ["A"]},
        {"mean": [0.5]},
        {"mean": {"A": 1, "B": 2}},
        {"mean": [0.5, None]},
        {"mean": [0.5, True]},
        {"mean": [0.5, float("nan")]},
        {"mean": [0.5, "1"]},
        {"mean": [0.5, 10**400]},
        {"scale": [2.0, 0.0]},
        {"scale": [2.0, -1.0]},
        {"scale": [2.0, float("inf")]},
        {"scale": [2.0, "1"]},
        {"max_std": "7"},
        {"max_std": True},
        {"max_std": 0},
        {"max_std": -7.0},
        {"max_fill": -1},
        {"max_fill": 1.5},
        {"max_fill": True},
        {"center": [0.5]},
        {"center": [0.5, None]},
        {"center": 0.5},
        {"longest_constant": [3]},
        {"longest_constant": [3, 0]},
        {"longest_constant": [3, 1.5]},
        {"longest_constant": None},
        {"outliers_of": "nothing"},
        {"outliers_of": None},
    ],
)
def test_stored_values_that_training_cannot_have_stored(change: dict[str, Any]) -> None:
    with pytest.raises(
        InputError,
        match=r"^x\.json is damaged: expected one finite mean and one positive scale for every "
        r"series.*Train the model again\.$",
    ):
        Preprocessor.from_dict(STORED | change, "x.json")
