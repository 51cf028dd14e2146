"""Residuals, flags and the band: one rule, whichever way it is asked."""

import numpy as np
import pytest

from dcvae import InputError
from dcvae.detection.alphas import Alphas
from dcvae.detection.alphas_from_labels import alphas_from_labels
from dcvae.detection.band import band, exceeds, flags, standardized_residual


def alphas_of(down: list[float], up: list[float]) -> Alphas:
    alphas = Alphas.default([f"TS{index + 1}" for index in range(len(down))], 3.0)
    alphas.down[:], alphas.up[:] = down, up
    return alphas


# ---------------------------------------------------------------- the rule


def test_alarms_are_strictly_outside_and_never_missing() -> None:
    residual = np.array([-2.5, -2.0, 0.0, 3.0, 3.5, np.nan], dtype=np.float32)
    expected = [True, False, False, False, True, False]
    assert exceeds(residual, 2.0, 3.0).tolist() == expected


def test_alphas_are_compared_without_rounding() -> None:
    # 0.1 is no float32: the nearest one is larger, and therefore outside.
    assert exceeds(np.array([0.1], dtype=np.float32), 0.1, 0.1).tolist() == [True]
    assert exceeds(np.array([-0.1], dtype=np.float32), 0.1, 0.1).tolist() == [True]


# ---------------------------------------------------------------- residual


def test_residual_is_error_over_sigma() -> None:
    error = np.array([[2.0, -3.0], [np.nan, 0.0]], dtype=np.float32)
    sigma = np.array([[0.5, 2.0], [1.0, 4.0]], dtype=np.float32)
    residual = standardized_residual(error, sigma)
    np.testing.assert_array_equal(residual, [[4.0, -1.5], [np.nan, 0.0]])
    assert residual.dtype == np.float32


def test_residual_equals_plain_division() -> None:
    generator = np.random.default_rng(31)
    error = generator.normal(size=(500, 4)).astype(np.float32)
    sigma = np.exp(generator.normal(size=(500, 4))).astype(np.float32)
    np.testing.assert_array_equal(standardized_residual(error, sigma), error / sigma)


def test_residual_does_not_depend_on_the_units() -> None:
    generator = np.random.default_rng(32)
    error = generator.normal(size=(50, 2))
    sigma = np.exp(generator.normal(size=(50, 2)))
    units = np.array([1024.0, 0.125])
    np.testing.assert_array_equal(
        standardized_residual(error * units, sigma * units), standardized_residual(error, sigma)
    )


def test_residual_stays_finite() -> None:
    error = np.array([[1e30, -1e30]], dtype=np.float32)
    sigma = np.full((1, 2), 1e-30, dtype=np.float32)
    largest = np.finfo(np.float32).max
    np.testing.assert_array_equal(standardized_residual(error, sigma), [[largest, -largest]])
    error = np.array([[np.inf, -np.inf]])
    np.testing.assert_array_equal(
        standardized_residual(error, np.ones((1, 2))), [[largest, -largest]]
    )


def test_a_missing_cell_needs_no_sigma() -> None:
    missing = np.array([[np.nan, np.nan]])
    assert np.isnan(standardized_residual(missing, np.array([[0.0, np.nan]]))).all()


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_sigma_must_be_usable(bad: float) -> None:
    sigma = np.array([[1.0, 1.0], [1.0, bad]])
    with pytest.raises(InputError, match=r"`sigma` must be a finite number > 0.*at \(1, 1\)"):
        standardized_residual(np.ones((2, 2)), sigma)


def test_error_and_sigma_must_match() -> None:
    message = r"`error` and `sigma`.*\(2, 2\) and \(2, 3\)"
    with pytest.raises(ValueError, match=message) as caught:
        standardized_residual(np.ones((2, 2)), np.ones((2, 3)))
    assert not isinstance(caught.value, InputError)  # the caller's mistake, not a user's


# ---------------------------------------------------------------- flags


def test_flags_by_hand() -> None:
    residual = np.array(
        [[2.5, -2.5], [2.0, -1.0], [-1.0, 4.0], [-1.5, 4.5], [np.nan, np.nan]], dtype=np.float32
    )
    # Strictly outside (-1, 2) for the first series and (-2, 4) for the second.
    expected = [[True, True], [False, False], [False, False], [True, True], [False, False]]
    result = flags(residual, alphas_of([1.0, 2.0], [2.0, 4.0]))
    assert result.tolist() == expected
    assert result.dtype == np.bool_


def test_flags_follow_the_rule_that_tuned_the_alphas() -> None:
    generator = np.random.default_rng(33)
    residual = generator.normal(size=(300, 4)).astype(np.float32) * 3
    truth = generator.random((300, 4)) < 0.1
    names = ["a", "b", "c", "d"]
    alphas = alphas_from_labels(
        residual, truth, names, measure="point-wise", search="exact", default_alpha=3.0
    )
    alarms = flags(residual, alphas)
    np.testing.assert_array_equal(alarms, exceeds(residual, alphas.down, alphas.up))
    hits = (alarms & truth).sum(axis=0)
    np.testing.assert_array_equal(alphas.f1, 2 * hits / (alarms.sum(axis=0) + truth.sum(axis=0)))


def test_wider_alphas_never_add_alarms() -> None:
    generator = np.random.default_rng(34)
    residual = generator.normal(size=(400, 3)).astype(np.float32) * 4
    before = flags(residual, alphas_of([0.0] * 3, [0.0] * 3))
    for width in np.linspace(0.1, 9, 30):
        now = flags(residual, alphas_of([width] * 3, [width / 2] * 3))
        assert not (now & ~before).any()
        before = now


def test_permuting_columns_permutes_flags() -> None:
    generator = np.random.default_rng(35)
    residual = generator.normal(size=(100, 4)).astype(np.float32) * 4
    down, up = generator.uniform(0, 5, size=(2, 4))
    order = [2, 0, 3, 1]
    straight = flags(residual, alphas_of(down.tolist(), up.tolist()))
    permuted = flags(residual[:, order], alphas_of(down[order].tolist(), up[order].tolist()))
    np.testing.assert_array_equal(permuted, straight[:, order])


def test_swapping_the_sign_swaps_the_sides() -> None:
    generator = np.random.default_rng(36)
    residual = generator.normal(size=(100, 2)).astype(np.float32) * 4
    straight = flags(residual, alphas_of([1.0, 2.0], [3.0, 4.0]))
    mirrored = flags(-residual, alphas_of([3.0, 4.0], [1.0, 2.0]))
    np.testing.assert_array_equal(straight, mirrored)


def test_no_rows_no_flags() -> None:
    empty = np.empty((0, 2), dtype=np.float32)
    assert flags(empty, alphas_of([1.0, 1.0], [1.0, 1.0])).shape == (0, 2)


@pytest.mark.parametrize("shape", [(5, 3), (5,), (5, 2, 1)])
def test_flags_need_a_column_a_series(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"`residual` must be .* 2 series that have alphas"):
        flags(np.zeros(shape, dtype=np.float32), alphas_of([1.0, 1.0], [1.0, 1.0]))


# ---------------------------------------------------------------- band


def test_band_by_hand() -> None:
    mean = np.array([[10.0, 100.0], [20.0, 200.0]])
    sigma = np.array([[1.0, 10.0], [2.0, 20.0]])
    lower, upper = band(mean, sigma, alphas_of([2.0, 3.0], [4.0, 0.5]))
    np.testing.assert_array_equal(lower, [[8.0, 70.0], [16.0, 140.0]])
    np.testing.assert_array_equal(upper, [[14.0, 105.0], [28.0, 210.0]])


def test_band_and_flags_say_the_same() -> None:
    generator = np.random.default_rng(37)
    mean = generator.normal(size=(500, 3)) * 100
    sigma = np.exp(generator.normal(size=(500, 3)))
    values = mean + sigma * generator.normal(size=(500, 3)) * 4
    alphas = alphas_of([1.0, 2.0, 3.0], [3.0, 2.0, 1.0])
    lower, upper = band(mean, sigma, alphas)
    alarms = flags(standardized_residual(values - mean, sigma), alphas)
    np.testing.assert_array_equal(alarms, (values < lower) | (values > upper))
    assert 0 < alarms.sum() < alarms.size


def test_inputs_are_not_changed() -> None:
    mean, sigma = np.ones((3, 1)), np.full((3, 1), 2.0)
    alphas = alphas_of([1.0], [2.0])
    band(mean, sigma, alphas)
    standardized_residual(mean, sigma)
    assert (mean == 1.0).all()
    assert (sigma == 2.0).all()
    assert (alphas.down.tolist(), alphas.up.tolist()) == ([1.0], [2.0])


def test_band_needs_matching_shapes() -> None:
    alphas = alphas_of([1.0, 1.0], [1.0, 1.0])
    with pytest.raises(ValueError, match=r"`mean` must be .* 2 series that have alphas"):
        band(np.ones((4, 3)), np.ones((4, 3)), alphas)
    with pytest.raises(ValueError, match=r"`mean` and `sigma`.*\(4, 2\) and \(3, 2\)"):
        band(np.ones((4, 2)), np.ones((3, 2)), alphas)
