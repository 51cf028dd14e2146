"""Alphas from labels: both searches against brute force, ties, and what they must not depend on."""

from itertools import product

import numpy as np
import pytest

from dcvae._arrays import BoolArray, Float32Array
from dcvae.config import AlphaMeasure, AlphaSearch
from dcvae.detection.alphas import Alphas
from dcvae.detection.alphas_from_labels import GRID, PUBLISHED_TERM, alphas_from_labels
from dcvae.detection.band import exceeds
from dcvae.metrics import point_wise, range_based

MEASURES: tuple[AlphaMeasure, ...] = ("point-wise", "range-based")
SEARCHES: tuple[AlphaSearch, ...] = ("grid", "exact")
EVERY_WAY = list(product(MEASURES, SEARCHES))
DEFAULT = 3.0
JUDGES = {"point-wise": point_wise, "range-based": range_based}


def column(values: list[float] | Float32Array) -> Float32Array:
    """Make one series of residuals, (rows, 1)."""
    return np.asarray(values, dtype=np.float32)[:, np.newaxis]


def labels(values: list[int]) -> BoolArray:
    return np.asarray(values, dtype=bool)[:, np.newaxis]


def find(
    residual: Float32Array,
    truth: BoolArray,
    measure: AlphaMeasure = "point-wise",
    search: AlphaSearch = "exact",
    default_alpha: float = DEFAULT,
) -> Alphas:
    names = [f"TS{index + 1}" for index in range(residual.shape[1])]
    return alphas_from_labels(
        residual, truth, names, measure=measure, search=search, default_alpha=default_alpha
    )


def random_case(
    generator: np.random.Generator, rows: int, num_series: int = 1
) -> tuple[Float32Array, BoolArray]:
    """Draw residuals with ties, gaps, zeros and labeled runs that partly stick out."""
    residual = generator.normal(size=(rows, num_series)) * 3
    truth = np.zeros((rows, num_series), dtype=bool)
    for index in range(num_series):
        for start in generator.integers(0, rows, size=3):
            stop = start + int(generator.integers(1, 5))
            truth[start:stop, index] = True
            residual[start:stop, index] += generator.choice([-4, 0, 4])
    decimals = int(generator.integers(0, 3))
    residual = np.round(residual, decimals)
    residual[generator.random(residual.shape) < 0.05] = np.nan
    return residual.astype(np.float32), truth


# ---------------------------------------------------------------- grid


def brute_force_grid(
    residual: Float32Array, truth: BoolArray, measure: AlphaMeasure
) -> list[float]:
    """Follow the published rule literally: try the pairs in order, keep the last best."""
    best, kept = 0.0, [0.0, 0.0]
    for up in range(7, 1, -1):
        for down in range(7, 1, -1):
            alarm = (residual < -down) | (residual > up)
            f1 = JUDGES[measure](truth, alarm).f1
            if f1 >= best:
                best, kept = f1, [float(down), float(up)]
    return [best, *kept]


@pytest.mark.parametrize("measure", MEASURES)
def test_grid_equals_brute_force(measure: AlphaMeasure) -> None:
    generator = np.random.default_rng(11)
    for _ in range(40):
        residual, truth = random_case(generator, int(generator.integers(5, 80)))
        alphas = find(residual, truth, measure, "grid")
        expected = brute_force_grid(residual[:, 0], truth[:, 0], measure)
        assert [alphas.f1[0], alphas.down[0], alphas.up[0]] == expected
        assert alphas.method == (f"grid {measure}",)


def test_grid_by_hand() -> None:
    # The anomaly at +5.5 needs up <= 5, the false alarm at +4.5 up >= 5: up = 5, whatever down.
    # No cell is below -2, so every down ties and the last one tried, 2, wins.
    alphas = find(column([0, 5.5, 4.5, -1]), labels([0, 1, 0, 0]), "point-wise", "grid")
    assert (alphas.down[0], alphas.up[0]) == (2.0, 5.0)
    assert (alphas.f1[0], alphas.precision[0], alphas.recall[0]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("measure", MEASURES)
def test_grid_gives_the_narrowest_band_when_nothing_is_found(measure: AlphaMeasure) -> None:
    alphas = find(column([0, 1, 0]), labels([0, 1, 0]), measure, "grid")
    assert (alphas.down[0], alphas.up[0], alphas.f1[0]) == (2.0, 2.0, 0.0)


def test_of_tied_pairs_the_one_tried_last_wins() -> None:
    # Either side finds one of two anomalies at the price of two false alarms when narrow.
    # (7, 2), (2, 7) and (2, 2) score 2/5, 2/5 and 4/8; (7, 7) scores 0: (2, 2) wins outright.
    values, truth = column([2.5, 2.5, 2.5, -2.5, -2.5, -2.5]), labels([1, 0, 0, 1, 0, 0])
    alphas = find(values, truth, "point-wise", "grid")
    assert (alphas.down[0], alphas.up[0], alphas.f1[0]) == (2.0, 2.0, 0.5)
    # Three false alarms below instead of one anomaly: silence below ties from 7 down to 3.
    values, truth = column([2.5, 2.5, -2.5, -2.5, -2.5]), labels([1, 1, 0, 0, 0])
    alphas = find(values, truth, "point-wise", "grid")
    assert (alphas.down[0], alphas.up[0], alphas.f1[0]) == (3.0, 2.0, 1.0)


# ---------------------------------------------------------------- exact


def test_the_published_term_decides_a_tie() -> None:
    """Six events. With alpha_up 4 or more 3 are found, nothing else: P 1, R 1/2, F1 2/3.

    With 3 or less 4 are found among 6 alarms: P 2/3, R 2/3, F1 2/3 too, but a smaller sum.
    """
    events, quiet = [7.5, 7.5, 7.5, 3.5, 0.0, 0.0], [3.5, 3.5]
    residual = column([cell for value in [*events, *quiet] for cell in (value, 0.0)])
    truth = labels([1, 0] * 6 + [0, 0] * 2)
    found = [
        alphas_from_labels(
            residual,
            truth,
            ["a"],
            measure="range-based",
            search="grid",
            default_alpha=3.0,
            term=term,
        )
        for term in (0.0, PUBLISHED_TERM)
    ]
    assert [alphas.up.tolist() for alphas in found] == [[2.0], [4.0]]
    assert found[0].f1[0] == pytest.approx(2 / 3, abs=1e-12)
    assert found[1].f1[0] == pytest.approx(2 * 0.5 / (1.5 + 1e-6), abs=1e-12)
    assert (found[1].precision[0], found[1].recall[0]) == (1.0, 0.5)


def cut_points(values: Float32Array) -> list[float]:
    """List one alpha for every way to cut one side, from its definition."""
    # Exactly on a value: that value is quiet and all larger ones alarm.
    return sorted({float(value) for value in values if value > 0} | {0.0})


def brute_force_exact(
    residual: Float32Array, truth: BoolArray, measure: AlphaMeasure
) -> tuple[float, int]:
    """Try all cuts of both sides; of the best, report F1 and the fewest alarms."""
    scored = []
    for down in cut_points(-residual):
        for up in cut_points(residual):
            alarm = (residual < -down) | (residual > up)
            scored.append((JUDGES[measure](truth, alarm).f1, -int(alarm.sum())))
    f1, negative_alarms = max(scored)
    return f1, -negative_alarms


def test_exact_point_wise_equals_brute_force() -> None:
    generator = np.random.default_rng(12)
    for _ in range(150):
        residual, truth = random_case(generator, int(generator.integers(5, 45)))
        alphas = find(residual, truth)
        alarm = exceeds(residual[:, 0], alphas.down[0], alphas.up[0])
        expected = brute_force_exact(residual[:, 0], truth[:, 0], "point-wise")
        assert (alphas.f1[0], int(alarm.sum())) == expected
        assert alphas.f1[0] == point_wise(truth[:, 0], alarm).f1


def test_exact_range_based_equals_brute_force() -> None:
    generator = np.random.default_rng(13)
    for _ in range(60):
        residual, truth = random_case(generator, int(generator.integers(5, 40)))
        alphas = find(residual, truth, "range-based")
        best, _ = brute_force_exact(residual[:, 0], truth[:, 0], "range-based")
        assert alphas.f1[0] == pytest.approx(best, rel=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_exact_is_never_worse_than_the_grid(measure: AlphaMeasure) -> None:
    generator = np.random.default_rng(14)
    residual, truth = random_case(generator, 400, num_series=25)
    grid = find(residual, truth, measure, "grid")
    exact = find(residual, truth, measure, "exact")
    assert np.all(exact.f1 >= grid.f1)
    assert exact.f1.sum() > grid.f1.sum()


@pytest.mark.parametrize("measure", MEASURES)
def test_alpha_lies_midway_between_alarm_and_quiet(measure: AlphaMeasure) -> None:
    # Above: 4 alarms, 3 does not: 3.5. Below: -2 alarms, -1 does not: 1.5.
    values, truth = column([4, 3, -2, -1, 6]), labels([1, 0, 1, 0, 1])
    alphas = find(values, truth, measure)
    assert (alphas.down[0], alphas.up[0], alphas.f1[0]) == (1.5, 3.5, 1.0)


@pytest.mark.parametrize("measure", MEASURES)
def test_alpha_lies_midway_to_zero_when_the_whole_side_alarms(measure: AlphaMeasure) -> None:
    alphas = find(column([4, 5, -0.5]), labels([1, 1, 0]), measure)
    assert alphas.up[0] == 2.0


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize(("default_alpha", "expected"), [(3.0, 6.5), (9.0, 9.0)])
def test_a_silent_side_stays_silent_on_what_was_seen(
    default_alpha: float, expected: float, measure: AlphaMeasure
) -> None:
    # Below there are only false alarms, the largest 6.5: at least that, at least the default.
    values, truth = column([5, 0.5, -6.5, -1]), labels([1, 0, 0, 0])
    alphas = find(values, truth, measure, default_alpha=default_alpha)
    assert alphas.down[0] == expected
    assert not exceeds(values[:, 0], alphas.down[0], alphas.up[0])[2:].any()


def test_a_side_without_any_cell_gets_the_default() -> None:
    alphas = find(column([5, 0.5, 0.25]), labels([1, 0, 0]))
    assert alphas.down[0] == DEFAULT


def test_neighboring_float32_values_are_split() -> None:
    generator = np.random.default_rng(15)
    for _ in range(200):
        quiet = np.float32(generator.uniform(0.001, 50))
        loud = np.nextafter(quiet, np.float32(np.inf))
        alphas = find(column([quiet, loud, -quiet, -loud]), labels([0, 1, 0, 1]))
        assert alphas.f1[0] == 1.0
        # In 32 bits, as in 64, the split is the same.
        assert not quiet > np.float32(alphas.up[0])
        assert loud > np.float32(alphas.up[0])
        assert alphas.down[0] == alphas.up[0] == float(quiet)


def test_exact_alphas_are_float32_numbers() -> None:
    generator = np.random.default_rng(16)
    residual, truth = random_case(generator, 300, num_series=20)
    for measure in MEASURES:
        alphas = find(residual, truth, measure)
        for values in (alphas.down, alphas.up):
            np.testing.assert_array_equal(values, values.astype(np.float32))


def test_the_smallest_residual_there_is_can_alarm() -> None:
    tiny = float(np.finfo(np.float32).smallest_subnormal)
    alphas = find(column([0.0, tiny]), labels([0, 1]))
    assert (alphas.up[0], alphas.f1[0]) == (0.0, 1.0)


def test_ties_prefer_fewer_alarms() -> None:
    # Above 5: 1 of 1, F1 = 2/(2+1). Down to 2: 2 hits in 4 alarms, F1 = 4/(2+4). Equal at 2/3.
    alphas = find(column([5, 4, 3, 2]), labels([1, 0, 0, 1]))
    assert alphas.f1[0] == 2 / 3
    assert alphas.up[0] == 4.5


def test_nothing_to_find_widens_the_band() -> None:
    # The only labeled cell is missing: no alarm can help, so none is raised.
    values, truth = column([np.nan, 8, -1]), labels([1, 0, 0])
    for measure in MEASURES:
        alphas = find(values, truth, measure)
        assert (alphas.down[0], alphas.up[0], alphas.f1[0]) == (DEFAULT, 8.0, 0.0)
        assert alphas.labeled_rows[0] == 1


# ---------------------------------------------------------------- every search


@pytest.mark.parametrize(("measure", "search"), EVERY_WAY)
def test_reported_scores_are_those_of_the_alarms(
    measure: AlphaMeasure, search: AlphaSearch
) -> None:
    generator = np.random.default_rng(17)
    residual, truth = random_case(generator, 120, num_series=6)
    alphas = find(residual, truth, measure, search)
    alarms = exceeds(residual, alphas.down, alphas.up)
    for index in range(6):
        expected = JUDGES[measure](truth[:, index], alarms[:, index])
        assert (alphas.precision[index], alphas.recall[index], alphas.f1[index]) == expected
        assert alphas.labeled_rows[index] == truth[:, index].sum()
    assert alphas.method == (f"{search} {measure}",) * 6


@pytest.mark.parametrize(("measure", "search"), EVERY_WAY)
def test_a_series_without_labels_keeps_the_default(
    measure: AlphaMeasure, search: AlphaSearch
) -> None:
    generator = np.random.default_rng(18)
    residual, truth = random_case(generator, 60, num_series=3)
    truth[:, 1] = False
    alphas = find(residual, truth, measure, search, default_alpha=4.25)
    assert (alphas.down[1], alphas.up[1], alphas.labeled_rows[1]) == (4.25, 4.25, 0)
    assert np.isnan([alphas.f1[1], alphas.precision[1], alphas.recall[1]]).all()
    assert alphas.method == (f"{search} {measure}", "default", f"{search} {measure}")


@pytest.mark.parametrize(("measure", "search"), EVERY_WAY)
def test_missing_cells_never_alarm_but_their_labels_count(
    measure: AlphaMeasure, search: AlphaSearch
) -> None:
    values, truth = column([9, 0, np.nan, 0]), labels([1, 0, 1, 0])
    alphas = find(values, truth, measure, search)
    assert (alphas.precision[0], alphas.recall[0]) == (1.0, 0.5)
    assert alphas.labeled_rows[0] == 2


@pytest.mark.parametrize(("measure", "search"), EVERY_WAY)
def test_all_missing_and_all_anomalous_and_all_equal(
    measure: AlphaMeasure, search: AlphaSearch
) -> None:
    missing = np.full((4, 1), np.nan, dtype=np.float32)
    everywhere = np.ones((4, 1), dtype=bool)
    assert find(missing, everywhere, measure, search).f1[0] == 0.0
    assert find(column([8, 8, 8, 8]), everywhere, measure, search).f1[0] == 1.0
    assert find(column([0, 0, 0, 0]), everywhere, measure, search).f1[0] == 0.0


@pytest.mark.parametrize(("measure", "search"), EVERY_WAY)
def test_no_rows_leave_the_defaults(measure: AlphaMeasure, search: AlphaSearch) -> None:
    residual = np.empty((0, 2), dtype=np.float32)
    alphas = find(residual, np.empty((0, 2), dtype=bool), measure, search)
    assert alphas.method == ("default", "default")


@pytest.mark.parametrize(("measure", "search"), EVERY_WAY)
def test_permuting_columns_permutes_alphas(measure: AlphaMeasure, search: AlphaSearch) -> None:
    generator = np.random.default_rng(19)
    residual, truth = random_case(generator, 80, num_series=5)
    order = generator.permutation(5)
    straight = find(residual, truth, measure, search)
    permuted = find(residual[:, order], truth[:, order], measure, search)
    np.testing.assert_array_equal(permuted.down, straight.down[order])
    np.testing.assert_array_equal(permuted.up, straight.up[order])
    np.testing.assert_array_equal(permuted.f1, straight.f1[order])


@pytest.mark.parametrize(("measure", "search"), EVERY_WAY)
def test_inputs_are_not_changed(measure: AlphaMeasure, search: AlphaSearch) -> None:
    generator = np.random.default_rng(20)
    residual, truth = random_case(generator, 80, num_series=2)
    residual_before, truth_before = residual.copy(), truth.copy()
    find(residual, truth, measure, search)
    np.testing.assert_array_equal(residual, residual_before)
    np.testing.assert_array_equal(truth, truth_before)


def test_swapping_the_sign_swaps_down_and_up() -> None:
    generator = np.random.default_rng(21)
    residual, truth = random_case(generator, 150, num_series=20)
    straight, mirrored = find(residual, truth), find(-residual, truth)
    np.testing.assert_array_equal(mirrored.down, straight.up)
    np.testing.assert_array_equal(mirrored.up, straight.down)
    straight = find(residual, truth, "range-based")
    mirrored = find(-residual, truth, "range-based")
    np.testing.assert_allclose(mirrored.f1, straight.f1, rtol=1e-12)
    # The grid breaks ties by the order of its loops, so only its score is symmetric.
    for measure in MEASURES:
        straight = find(residual, truth, measure, "grid")
        mirrored = find(-residual, truth, measure, "grid")
        np.testing.assert_allclose(mirrored.f1, straight.f1, rtol=1e-12)


@pytest.mark.parametrize("measure", MEASURES)
def test_rescaling_the_residual_rescales_exact_alphas(measure: AlphaMeasure) -> None:
    generator = np.random.default_rng(22)
    residual, truth = random_case(generator, 150, num_series=10)
    straight = find(residual, truth, measure, default_alpha=0.0)
    doubled = find(residual * np.float32(2), truth, measure, default_alpha=0.0)
    np.testing.assert_array_equal(doubled.down, 2 * straight.down)
    np.testing.assert_array_equal(doubled.up, 2 * straight.up)


@pytest.mark.parametrize(
    ("residual_shape", "truth_shape", "num_series"),
    [((4, 2), (4, 3), 2), ((4, 2), (5, 2), 2), ((4, 2), (4, 2), 3), ((4,), (4,), 1)],
)
def test_shapes_must_agree(
    residual_shape: tuple[int, ...], truth_shape: tuple[int, ...], num_series: int
) -> None:
    with pytest.raises(ValueError, match=r"`residual` and `truth` must both be \(rows, series\)"):
        alphas_from_labels(
            np.zeros(residual_shape, dtype=np.float32),
            np.zeros(truth_shape, dtype=bool),
            [f"TS{index}" for index in range(num_series)],
            measure="point-wise",
            search="grid",
            default_alpha=3.0,
        )


def test_labels_must_be_bool() -> None:
    with pytest.raises(ValueError, match=r"`truth` must be a bool array.*float64"):
        find(column([1.0]), np.ones((1, 1)))


def test_an_infinite_residual_is_located() -> None:
    with pytest.raises(ValueError, match=r"`residual` must be finite.*-inf in row 1, column 0"):
        find(column([1.0, -np.inf]), labels([1, 0]))


def test_options_are_named() -> None:
    with pytest.raises(ValueError, match=r"`measure` must be one of point-wise, range-based.*'x'"):
        find(column([1.0]), labels([1]), measure="x")
    with pytest.raises(ValueError, match=r"`search` one of grid, exact\. .*search='x'"):
        find(column([1.0]), labels([1]), search="x")


def test_the_grid_is_the_published_one() -> None:
    assert GRID.tolist() == [7.0, 6.0, 5.0, 4.0, 3.0, 2.0]
