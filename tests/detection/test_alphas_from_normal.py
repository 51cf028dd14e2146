"""Alphas without labels, against counting every run and against tails that are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import genpareto

from dcvae._arrays import segments
from dcvae.detection.alphas import Alphas
from dcvae.detection.alphas_from_normal import alphas_from_normal, expected_events
from dcvae.detection.band import exceeds

STEP = 300.0
A_WEEK = 2016  # rows


def residual_of(rows=2 * A_WEEK, series=3, seed=0, missing=0.02):
    """Heavy tails, correlated in time, some cells missing."""
    random = np.random.default_rng(seed)
    noise = random.standard_t(3, (rows + 2, series))
    table = (noise[:-2] + noise[1:-1] + 0.5 * noise[2:]).astype(np.float32)
    table[random.random(table.shape) < missing] = np.nan
    return table


def alphas_by(
    residual, method="budget", *, budget=7.0, quantile=0.99, default=3.0, step=STEP, lowest=0.0
):
    names = [f"TS{column}" for column in range(residual.shape[1])]
    return alphas_from_normal(
        residual,
        names,
        method=method,
        default_alpha=default,
        step_seconds=step,
        false_alarms_per_week=budget,
        quantile=quantile,
        lowest=lowest,
    )


def runs_above(distance, alpha):
    return len(segments(np.nan_to_num(distance, nan=-np.inf) > alpha).starts)


@pytest.mark.parametrize("budget", [1.0, 3.0, 14.0, 20.0])
@pytest.mark.parametrize("seed", range(4))
def test_a_side_spends_half_the_budget_and_the_next_value_would_be_too_much(budget, seed):
    residual = residual_of(seed=seed)
    alphas, _ = alphas_by(residual, budget=budget)
    assert set(alphas.method) == {"budget"}
    for column in range(3):
        weeks = np.count_nonzero(~np.isnan(residual[:, column])) / A_WEEK
        for sign, alpha in ((1, alphas.up[column]), (-1, alphas.down[column])):
            distance = sign * residual[:, column].astype(float)
            allowed = budget * weeks / 2 + 0.5
            assert runs_above(distance, alpha) <= allowed
            below = np.unique(distance[distance > 0])
            below = below[below < alpha]
            assert runs_above(distance, np.nextafter(below[-1], 0)) > allowed


def test_events_a_week_are_counted_as_the_metrics_count_them():
    residual = residual_of()
    residual[:, 2] = np.nan
    alphas, _ = alphas_by(residual)
    rates = expected_events(residual, alphas, STEP)
    for column in range(2):
        flagged = exceeds(residual[:, column], alphas.down[column], alphas.up[column])
        weeks = np.count_nonzero(~np.isnan(residual[:, column])) / A_WEEK
        assert rates[column] == pytest.approx(len(segments(flagged).starts) / weeks)
    assert np.isnan(rates[2])


def test_a_budget_met_on_one_half_is_about_met_on_the_other():
    residual = residual_of(20 * A_WEEK, series=40)
    alphas, _ = alphas_by(residual[: 10 * A_WEEK], budget=14.0)
    rates = expected_events(residual[10 * A_WEEK :], alphas, STEP)
    assert np.mean((rates > 7) & (rates < 28)) == 1.0
    assert np.mean(rates) == pytest.approx(14.0, rel=0.1)


def test_a_side_that_may_raise_nothing_is_silent():
    residual = residual_of()
    alphas, notices = alphas_by(residual, budget=0.1)
    np.testing.assert_array_equal(alphas.up, np.nanmax(residual, axis=0))
    np.testing.assert_array_equal(alphas.down, -np.nanmin(residual, axis=0))
    assert (
        "2 weeks of data is short for `false_alarms_per_week`, one in 10 weeks: fewer than 2"
        in notices[-1]
    )
    quiet, _ = alphas_by(residual * np.float32(0.01), budget=0.1)
    assert set(quiet.up) == {3.0}


def test_series_without_cells_or_errors_keep_the_default():
    residual = residual_of()
    residual[:, 0], residual[:, 1] = np.nan, 0.0
    alphas, notices = alphas_by(residual, default=2.5)
    assert alphas.down[:2].tolist() == alphas.up[:2].tolist() == [2.5, 2.5]
    assert alphas.method == ("default", "budget", "budget")
    assert notices == ["No cell to fit to in `TS0`: their alphas are 2.5 sigmas."]


@pytest.mark.parametrize("quantile", [0.6, 0.95, 0.999])
def test_quantiles_leave_the_share_they_say_outside(quantile):
    residual = residual_of(50_000)
    alphas, notices = alphas_by(residual, "quantile", quantile=quantile)
    for column in range(3):
        cells = residual[:, column]
        cells = cells[~np.isnan(cells)]
        outside = np.mean(cells > alphas.up[column]), np.mean(cells < -alphas.down[column])
        np.testing.assert_allclose(outside, 1 - quantile, atol=1e-4)
    assert notices == []
    assert set(alphas.method) == {"quantile"}


def test_a_quantile_on_the_other_side_of_the_mean_is_a_band_that_ends_there():
    alphas, _ = alphas_by(np.full((100, 1), 2.0, np.float32), "quantile")
    assert (alphas.down[0], alphas.up[0]) == (0.0, 2.0)


def pareto_tails(weeks, shape, scale, seed=0):
    """Sparse peaks that follow a generalized Pareto beyond 2 sigmas, both sides, on quiet rows."""
    random = np.random.default_rng(seed)
    rows = weeks * A_WEEK
    residual = random.uniform(-0.5, 0.5, (rows, 1))
    # Beyond the 95th percentile of a side lie only peaks, and one peak in nine rows at most.
    for sign, offset in ((1, 0), (-1, 5)):
        where = np.arange(offset, rows, 9)
        residual[where, 0] = sign * (
            2.0 + genpareto(shape, 0, scale).rvs(where.size, random_state=random)
        )
    return residual.astype(np.float32)


@pytest.mark.parametrize(("shape", "scale"), [(0.0, 1.0), (0.2, 0.7), (-0.2, 2.0)])
def test_extreme_values_find_the_alpha_of_a_tail_that_is_known(shape, scale):
    weeks, budget = 8, 2.0
    residual = pareto_tails(weeks, shape, scale)
    alphas, notices = alphas_by(residual, "evt", budget=budget)
    assert (alphas.method, notices) == (("evt",), [])
    # A side has a peak in nine rows; half of the budget may be beyond alpha.
    rate = budget / 2 / (A_WEEK / 9)
    known = 2.0 + genpareto(shape, 0, scale).isf(rate)
    # 8 of 1,792 peaks are beyond: the largest values of such a sample vary by about a fifth.
    assert alphas.up[0] == pytest.approx(known, rel=0.2)
    assert alphas.down[0] == pytest.approx(known, rel=0.2)


def test_extreme_values_reach_beyond_what_was_seen():
    residual = pareto_tails(8, 0.1, 1.0)
    alphas, _ = alphas_by(residual, "evt", budget=0.01)
    assert alphas.up[0] > np.max(residual)
    by_budget, _ = alphas_by(residual, "budget", budget=0.01)
    assert by_budget.up[0] == np.max(residual)


def test_too_few_peaks_fall_back_on_the_budget_and_say_so():
    residual = residual_of(150, series=1)
    alphas, notices = alphas_by(residual, "evt", budget=14.0)
    expected, _ = alphas_by(residual, "budget", budget=14.0)
    assert alphas.method == ("budget",)
    np.testing.assert_array_equal(alphas.up, expected.up)
    assert (
        '`alpha_method` is "evt" but these sides have alphas by "budget": `TS0` (down: '
        in notices[0]
    )
    assert "peaks, fewer than 20" in notices[0]


def test_a_tail_of_another_form_is_refused_on_its_side_alone():
    residual = pareto_tails(8, 0.0, 1.0)
    up = np.flatnonzero(residual[:, 0] > 1)
    residual[up, 0] = np.where(np.arange(up.size) % 20, 2.1, 9.0)  # two lumps, nothing between
    residual[up, 0] += np.random.default_rng(1).uniform(0, 0.1, up.size)
    alphas, notices = alphas_by(residual, "evt", budget=2.0)
    assert alphas.method == ("evt and budget",)
    assert "`TS0` (up: no generalized Pareto, p = 0.02)" in notices[0]
    assert alphas.up[0] == alphas_by(residual, "budget", budget=2.0)[0].up[0]


def test_a_budget_beyond_all_peaks_is_not_in_the_tail():
    residual = np.random.default_rng(0).uniform(-0.5, 0.5, (4 * A_WEEK, 1)).astype(np.float32)
    for start in range(100, 25 * 300, 300):  # 25 runs, of 5 % of the rows
        residual[start : start + 16] += 5.0
    _, notices = alphas_by(residual, "evt", budget=20.0)
    assert "the budget allows more runs of flagged rows than there are peaks" in notices[0]


def test_the_same_data_give_the_same_alphas():
    residual = residual_of(4 * A_WEEK)
    first, second = (alphas_by(residual, "evt")[0] for _ in range(2))
    np.testing.assert_array_equal(first.up, second.up)


def test_columns_must_be_as_many_as_names():
    with pytest.raises(ValueError, match=r"`residual` must be \(rows, 2\). Received: shape"):
        alphas_from_normal(
            residual_of(10),
            ["a", "b"],
            method="budget",
            default_alpha=3.0,
            step_seconds=STEP,
            false_alarms_per_week=1.0,
            quantile=0.9,
        )


@pytest.mark.parametrize("method", ["budget", "quantile"])
def test_no_alpha_is_placed_below_the_lowest_and_that_is_said(method):
    residual = residual_of()
    residual[:, 1] *= np.float32(1e-3)
    free, _ = alphas_by(residual, method, budget=14.0)
    floored, notices = alphas_by(residual, method, budget=14.0, lowest=1.0)
    np.testing.assert_array_equal(floored.up, np.maximum(free.up, 1.0))
    np.testing.assert_array_equal(floored.down, np.maximum(free.down, 1.0))
    assert free.up[1] < 1.0 < min(free.up[0], free.up[2])
    assert notices == [
        f"By `{method}` the bands of `TS1` would be so narrow that any noise is flagged: an alpha "
        "is at least 1 (`alpha_lowest`)."
    ]


@pytest.mark.parametrize("method", ["budget", "evt"])
def test_at_one_row_a_day_a_budget_is_one_event_in_a_hundred_rows(method):
    """Fourteen runs of flagged rows a week would be two a day."""
    random = np.random.default_rng(0)
    residual = random.normal(size=(4000, 5)).astype(np.float32)
    alphas, notices = alphas_by(residual, method, budget=14.0, step=86_400.0)
    assert notices[0] == (
        "`false_alarms_per_week` 14 a week is more than one in 100 rows: it is taken to be one in "
        "100 rows, one in 14 weeks."
    )
    later = random.normal(size=(4000, 5)).astype(np.float32)
    share = exceeds(later, alphas.down, alphas.up).mean(axis=0)
    assert ((share > 0.01 / 3) & (share < 0.01 * 3)).all()


def test_expected_events_of_given_alphas_by_hand():
    residual = np.array([[4.0], [4.0], [0.0], [-4.0], [4.0], [np.nan], [4.0]], dtype=np.float32)
    alphas = replace(Alphas.default(["a"], 3.0))
    weeks = 6 * STEP / 604_800
    assert expected_events(residual, alphas, STEP)[0] == pytest.approx(3 / weeks)


def test_extreme_values_do_not_run_out_of_peaks_on_long_data():
    """Thirty weeks allow more events than the 200 peaks that short data are looked at by."""
    alphas, _ = alphas_by(residual_of(rows=30 * A_WEEK, series=1, missing=0.0), "evt", budget=14.0)
    assert "evt" in alphas.method[0]
