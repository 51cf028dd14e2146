"""Scaling against scikit-learn, outliers in both readings, enormous numbers, and the way back."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import RobustScaler, StandardScaler

from dcvae import InputError
from dcvae.data.inputs.preprocessing import LARGEST_SCALED, Preprocessor
from support.builders import settings_with
from support.tables import (
    frame_of,
    no_gaps,
    random_frame,
    spiked,
    values_to_score,
    values_to_train_on,
)

NAN = np.nan

# ------------------------------------------------------------------- scaling


def test_equals_scikit_learn() -> None:
    frame = random_frame()
    preprocessor = Preprocessor.fit(frame, settings_with())
    expected = StandardScaler().fit_transform(frame.to_numpy())
    actual = values_to_train_on(preprocessor, frame)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(values_to_score(preprocessor, frame), actual)
    assert preprocessor.series == ("A", "B", "C")


def test_robust_scale_equals_scikit_learn() -> None:
    frame = random_frame()
    frame.iloc[::7, 0] = np.nan
    preprocessor = Preprocessor.fit(frame, settings_with(robust_scale=True, wo_outliers=False))
    scaler = RobustScaler(unit_variance=True).fit(frame.to_numpy())
    np.testing.assert_allclose(preprocessor.mean, scaler.center_, rtol=1e-12)
    np.testing.assert_allclose(preprocessor.scale, scaler.scale_, rtol=1e-12)
    assert preprocessor.center == preprocessor.mean  # what missing cells are filled with


def test_robust_scale_is_not_moved_by_a_tenth_of_the_rows() -> None:
    clean = random_frame()
    dirty = clean.copy()
    dirty.iloc[: len(dirty) // 10] += 1000.0
    keys = {"wo_outliers": False}
    moved = {}
    for robust in (True, False):
        settings = settings_with(robust_scale=robust, **keys)
        scales = [np.array(Preprocessor.fit(each, settings).scale) for each in (clean, dirty)]
        moved[robust] = (scales[1] / scales[0]).max()
    assert moved[True] < 1.5
    assert moved[False] > 50


def test_robust_scale_of_a_series_that_is_mostly_one_value_is_its_deviation() -> None:
    values = np.zeros((100, 1))
    values[:20, 0] = np.arange(20)
    preprocessor = Preprocessor.fit(
        frame_of(values.tolist()), settings_with(robust_scale=True, wo_outliers=False)
    )
    assert preprocessor.mean == (0.0,)
    np.testing.assert_allclose(preprocessor.scale, [values.std()])


def test_by_hand_with_missing_cells() -> None:
    frame = frame_of([[1.0], [np.nan], [3.0], [5.0], [np.nan]])
    preprocessor = Preprocessor.fit(frame, settings_with())
    assert preprocessor.mean == (3.0,)
    np.testing.assert_allclose(preprocessor.scale, [np.sqrt(8 / 3)])
    scaled = values_to_score(preprocessor, frame)[:, 0] * np.sqrt(8 / 3) + 3
    np.testing.assert_allclose(scaled, [1, 1, 3, 5, 5], rtol=1e-6)


def test_scored_tables_are_scaled_by_the_training_table() -> None:
    frame = random_frame()
    preprocessor = Preprocessor.fit(frame, settings_with())
    other = random_frame(seed=1) * 3 + 7
    scaler = StandardScaler().fit(frame.to_numpy())
    expected = scaler.transform(other.to_numpy())
    actual = preprocessor.transform(other, no_gaps(other)).measured()
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
    part = other.iloc[10:20]  # whatever rows stand beside it
    np.testing.assert_array_equal(
        preprocessor.transform(part, no_gaps(part)).measured(), actual[10:20]
    )


def test_constant_series_in_the_published_program_is_centered_and_not_divided() -> None:
    frame = frame_of([[4.0, 0.0, 1.0], [4.0, 0.0, 2.0], [4.0, 0.0, 3.0]])
    preprocessor = Preprocessor.fit(frame, settings_with(fidelity="code"))
    assert preprocessor.mean == (4.0, 0.0, 2.0)
    assert preprocessor.scale[:2] == (1.0, 1.0)
    assert preprocessor.constants == (None, None, None)
    assert (values_to_score(preprocessor, frame)[:, :2] == 0).all()
    other = frame_of([[6.0, -1.0, 2.0]])
    assert values_to_score(preprocessor, other).tolist() == [[2.0, -1.0, 0.0]]


def test_without_scaling_numbers_stay_as_they_are() -> None:
    frame = random_frame()
    preprocessor = Preprocessor.fit(frame, settings_with(scale=False))
    assert preprocessor.mean == (0.0, 0.0, 0.0)
    assert preprocessor.scale == (1.0, 1.0, 1.0)
    np.testing.assert_array_equal(values_to_score(preprocessor, frame), frame.to_numpy(np.float32))


# ------------------------------------------------------------------- outliers


@pytest.mark.parametrize("scale", [True, False])
def test_outliers_are_removed_when_learning(scale: bool) -> None:
    frame = random_frame()
    damaged = spiked(frame)
    settings = settings_with(scale=scale)
    preprocessor = Preprocessor.fit(damaged, settings)
    gap = frame.copy()
    gap.iloc[50, 0] = np.nan
    assert preprocessor == Preprocessor.fit(gap, settings)  # as if it had been missing
    np.testing.assert_array_equal(
        values_to_train_on(preprocessor, damaged), values_to_score(preprocessor, gap)
    )


def test_outliers_stay_if_wanted() -> None:
    damaged = spiked(random_frame())
    preprocessor = Preprocessor.fit(damaged, settings_with(wo_outliers=False))
    assert preprocessor.max_std is None
    np.testing.assert_allclose(preprocessor.mean, damaged.mean())
    expected = StandardScaler().fit_transform(damaged.to_numpy())
    np.testing.assert_allclose(
        values_to_train_on(preprocessor, damaged), expected, rtol=1e-5, atol=1e-5
    )


def test_the_border_of_an_outlier() -> None:
    """Nine zeros and a one: mean 0.1, population deviation 0.3, so the one is at exactly 3."""
    frame = frame_of([[0.0]] * 9 + [[1.0]])

    def largest(max_std: float) -> float:
        settings = settings_with(max_std=max_std, scale=False)
        preprocessor = Preprocessor.fit(frame, settings)
        return float(values_to_train_on(preprocessor, frame).max())

    assert largest(3.001) == 1.0
    assert largest(2.999) == 0.0


def test_outliers_below_the_mean_count_as_well() -> None:
    damaged = spiked(random_frame(), deviations=-100)
    preprocessor = Preprocessor.fit(damaged, settings_with())
    assert values_to_train_on(preprocessor, damaged)[:, 0].min() > -5


def test_paper_keeps_the_spike_of_a_scored_table_and_code_makes_it_vanish() -> None:
    frame = random_frame()
    scored = spiked(random_frame(seed=1))
    paper = Preprocessor.fit(frame, settings_with(fidelity_outliers="paper"))
    code = Preprocessor.fit(frame, settings_with(fidelity_outliers="code"))
    assert (paper.outliers_of, code.outliers_of) == ("training", "each file")
    by_paper = paper.transform(scored, no_gaps(scored)).measured()
    by_code = values_to_score(code, scored)
    assert by_paper[50, 0] > 90
    assert abs(by_code[50, 0]) < 5
    assert by_code[50, 0] == by_code[49, 0]  # filled forward
    others = np.ones(scored.shape, dtype=bool)
    others[50, 0] = False
    np.testing.assert_array_equal(by_paper[others], by_code[others])


def test_code_judges_each_table_by_its_own_statistics() -> None:
    """A level shift of the whole table is no outlier in it, however far from training."""
    frame = random_frame()
    shifted = random_frame(seed=1) + np.array([1000.0, 0.0, 0.0])
    paper, code = (
        Preprocessor.fit(frame, settings_with(fidelity_outliers=fidelity))
        for fidelity in ("paper", "code")
    )
    np.testing.assert_array_equal(
        values_to_score(code, shifted), paper.transform(shifted, no_gaps(shifted)).measured()
    )


def test_code_takes_the_standard_deviation_of_pandas() -> None:
    """Of 51 cells one is 1 and the others 0: 7.0711 deviations away, or by n - 1, 7.0014."""
    frame = frame_of([[0.0], [1.0]] + [[0.0]] * 49)
    for max_std, by_paper, by_code in ((7.08, 0, 0), (7.05, 1, 0), (6.99, 1, 1)):
        found = []
        for fidelity in ("paper", "code"):
            settings = settings_with(fidelity_outliers=fidelity, max_std=max_std, scale=False)
            fitted = Preprocessor.fit(frame, settings)
            found.append(len(fitted.outlier_notices(frame)) > 0)
            assert values_to_train_on(fitted, frame).max() == (0.0 if found[-1] else 1.0)
        assert values_to_score(fitted, frame).max() == (0.0 if by_code else 1.0)
        assert found == [bool(by_paper), bool(by_code)]


def test_code_scales_by_the_filled_cells_and_scores_them() -> None:
    """By hand: 1, 2, (2, 2), 3, (3) and the outlier's place; mean 13 / 6 and not 2."""
    nan = float("nan")
    frame = pd.DataFrame({"A": [1.0, 2.0, nan, nan, 3.0, nan]})
    keys = {"max_fill": None, "wo_outliers": False}
    paper, code = (
        Preprocessor.fit(frame, settings_with(fidelity_missing=fidelity, **keys))
        for fidelity in ("paper", "code")
    )
    assert paper.mean == pytest.approx([2.0])
    assert paper.scale == pytest.approx([np.std([1, 2, 3])])
    assert code.mean == pytest.approx([13 / 6])
    assert code.scale == pytest.approx([np.std([1, 2, 2, 2, 3, 3])])
    assert (paper.scores_filled, code.scores_filled) == (False, True)
    gaps = np.zeros(6, dtype=bool)
    frame.index = pd.date_range("2021-01-01", periods=6)
    for transform in (paper.transform, paper.transform_training):
        assert transform(frame, gaps).observed[:, 0].tolist() == frame["A"].notna().tolist()
    for transform in (code.transform, code.transform_training):
        inputs = transform(frame, gaps)
        assert inputs.observed.all()
        data_units = code.mean_in_data_units(inputs.values)[:, 0]
        assert data_units == pytest.approx([1, 2, 2, 2, 3, 3], abs=1e-6)


def test_code_counts_an_outlier_as_what_it_is_filled_with() -> None:
    frame = spiked(random_frame())
    fitted = Preprocessor.fit(frame, settings_with(fidelity="code"))
    filled = frame["A"].copy()
    filled.iloc[50] = filled.iloc[49]
    assert fitted.mean[0] == pytest.approx(filled.mean())
    assert fitted.scale[0] == pytest.approx(filled.std(ddof=0))


def test_a_fill_that_ends_goes_on_with_the_mean_of_what_was_measured() -> None:
    nan = float("nan")
    frame = pd.DataFrame({"A": [1.0, nan, nan, 4.0]})
    fitted = Preprocessor.fit(frame, settings_with(fidelity_missing="code", max_fill=1))
    assert fitted.center == (2.5,)
    assert fitted.mean == pytest.approx([(1 + 1 + 2.5 + 4) / 4])


def test_code_without_outlier_removal_removes_none() -> None:
    settings = settings_with(fidelity_outliers="code", wo_outliers=False)
    preprocessor = Preprocessor.fit(random_frame(), settings)
    assert values_to_score(preprocessor, spiked(random_frame(seed=1)))[50, 0] > 90


def test_removed_cells_are_told() -> None:
    frame = random_frame(400)
    frame.iloc[[3, 90], 2] = [1e9, np.nan]
    frame.iloc[[5, 6], 0] += 1000
    preprocessor = Preprocessor.fit(frame, settings_with())
    before = frame.copy(deep=True)
    assert preprocessor.outlier_notices(frame) == [
        "Cells more than `max_std` = 7 standard deviations from the mean are taken for missing in "
        "2 of 3 series: `A` 2 (0.50%), `C` 1 (0.25%)."
    ]
    pd.testing.assert_frame_equal(frame, before)


def test_nothing_removed_nothing_told() -> None:
    frame = random_frame()
    assert Preprocessor.fit(frame, settings_with()).outlier_notices(frame) == []
    preprocessor = Preprocessor.fit(spiked(frame), settings_with(wo_outliers=False))
    assert preprocessor.outlier_notices(spiked(frame)) == []


def test_series_that_are_constant_without_their_outliers_are_told() -> None:
    frame = random_frame(300)
    frame["event"], frame["constant"], frame["rare"] = 0.0, 4.0, 5.0
    frame.iloc[70, 3] = 1.0
    frame.iloc[[7, 8], 5] = [-2.0, np.nan]
    preprocessor = Preprocessor.fit(frame, settings_with(max_std=6.5))
    assert (values_to_train_on(preprocessor, frame)[:, 3:] == 0).all()
    assert preprocessor.outlier_notices(frame) == [
        "Cells more than `max_std` = 6.5 standard deviations from the mean are taken for missing "
        "in 2 of 6 series: `event` 1 (0.33%), `rare` 1 (0.33%).",
        "Without those cells, 2 of 6 series never change, so the model cannot learn when they do: "
        "`event`, `rare`. To keep the cells, raise `max_std` or set `wo_outliers` to false.",
    ]


def test_at_most_five_series_are_told_by_name() -> None:
    values = np.zeros((200, 7))
    values[100] = 1.0
    frame = frame_of(values)
    first, second = Preprocessor.fit(frame, settings_with()).outlier_notices(frame)
    named = ", ".join(f"`{name}` 1 (0.50%)" for name in "ABCDE")
    assert first.endswith(f"7 of 7 series: {named} and 2 more.")
    assert "7 of 7 series never change" in second
    assert "`A`, `B`, `C`, `D`, `E` and 2 more. To keep" in second


def test_series_that_is_all_outliers() -> None:
    frame = frame_of([[-1.0, 5.0], [1.0, 5.0], [-1.0, 5.0], [1.0, 5.0]])
    with pytest.raises(
        InputError,
        match=r"^No cell of the series `A` is within `max_std` = 0\.5 standard deviations of its "
        r"mean\. Raise `max_std`, or set `wo_outliers` to false\.$",
    ):
        Preprocessor.fit(frame, settings_with(max_std=0.5, scale=False))


@pytest.mark.parametrize("wo_outliers", [True, False])
def test_series_without_a_value(wo_outliers: bool) -> None:
    frame = frame_of([[np.nan, 5.0], [np.nan, 6.0]])
    message = r"^Expected at least one value of every series in .*\. Received none of `A`: take "
    with pytest.raises(InputError, match=message):
        Preprocessor.fit(frame, settings_with(wo_outliers=wo_outliers))


# ------------------------------------------------------------------- enormous numbers


def test_series_too_large_to_square() -> None:
    frame = frame_of([[1.0, 1e200], [2.0, -1e200], [3.0, 1e200]])
    with pytest.raises(
        InputError, match=r"^The series `B` cannot be standardized: .* write the series in a larger"
    ):
        Preprocessor.fit(frame, settings_with())


def test_enormous_scored_cells_stay_finite() -> None:
    preprocessor = Preprocessor.fit(random_frame(), settings_with())
    scored = random_frame(seed=1)
    scored.iloc[3, 0], scored.iloc[4, 1] = 1.7e308, -1.7e308
    scaled = preprocessor.transform(scored, no_gaps(scored)).measured()
    assert scaled[3, 0] == np.float32(LARGEST_SCALED)
    assert scaled[4, 1] == -np.float32(LARGEST_SCALED)
    assert np.isfinite(scaled).all()
    assert (np.abs(scaled) > 10).sum() == 2
    assert (np.abs(values_to_score(preprocessor, scored)) < 10).all()


# ------------------------------------------------------------------- stretches


def test_longest_stretch_on_one_value() -> None:
    frame = frame_of(
        [[1, 5, NAN, 2], [1, 5, 3, 2], [NAN, 5, NAN, 2], [1, 5, 3, 3], [2, 5, NAN, 3]], "ABCD"
    )
    learned = Preprocessor.fit(frame, settings_with(M=4))
    assert learned.longest_constant == (3, None, None, 3)


def test_outliers_are_no_stretch() -> None:
    frame = random_frame(400)
    frame.iloc[100:103, 0] = 1e9
    assert Preprocessor.fit(frame, settings_with()).longest_constant[0] == 1
    kept = Preprocessor.fit(frame, settings_with(wo_outliers=False))
    assert kept.longest_constant[0] == 3


# ------------------------------------------------------------------- the way back


def test_inverse() -> None:
    frame = random_frame()
    preprocessor = Preprocessor.fit(frame, settings_with())
    level = preprocessor.mean_in_data_units(values_to_score(preprocessor, frame))
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
