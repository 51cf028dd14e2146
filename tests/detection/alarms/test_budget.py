"""Budgets: counts of later weeks against SciPy and simulations, limits against closed forms."""

import math

import numpy as np
import pytest
from scipy.stats import nbinom, poisson

from dcvae.detection.alarms.budget import (
    Expectation,
    _quantile,
    bounded,
    find_limit,
    how_often,
)

WEEK = 604_800.0
BLOCKS_A_WEEK = 336


def expectation(counted=2, weeks=4.0, dispersion=1.0, confidence=0.8):
    return Expectation(1.0, confidence, counted, weeks, dispersion)


# ------------------------------------------------------------------- expectation


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.7, 0.99])
@pytest.mark.parametrize(("mean", "variance"), [(0.5, 0.6), (3.0, 4.0), (3.0, 30.0), (80.0, 95.0)])
def test_quantiles_are_those_of_scipy(mean, variance, probability):
    share = mean / variance
    expected = nbinom.ppf(probability, mean * share / (1 - share), share)
    assert _quantile(mean, variance, probability) == expected


@pytest.mark.parametrize("counted", [0, 1, 7])
def test_later_weeks_are_a_poisson_of_a_rate_that_is_not_known(counted):
    """The rate is gamma distributed after the prior of Jeffreys; here it is drawn."""
    random = np.random.default_rng(counted)
    rates = random.gamma(counted + 0.5, 1 / 3.0, 200_000)  # a week, after three
    drawn = random.poisson(rates * 4.0)
    for confidence in (0.5, 0.7, 0.9):
        most = expectation(counted, 3.0, confidence=confidence).most(4.0)
        assert np.mean(drawn <= most) > confidence - 0.005
        assert np.mean(drawn <= most - 1) < confidence + 0.005


@pytest.mark.parametrize(
    "rising",
    [
        [expectation(counted=count).most(4.0) for count in range(9)],
        [expectation(confidence=share).most(4.0) for share in (0.1, 0.5, 0.8, 0.99)],
        [expectation().most(weeks) for weeks in (0.5, 1.0, 4.0, 50.0)],
        [expectation(weeks=weeks).most(4.0) for weeks in (50.0, 4.0, 1.0, 0.5)],
    ],
    ids=["counted", "confidence", "weeks ahead", "weeks"],
)
def test_more_is_expected_of_more(rising):
    assert rising == sorted(rising)
    assert rising[0] < rising[-1]


@pytest.mark.parametrize("dispersion", [1.0, 2.0, 5.0])
def test_days_that_differ_have_so_many_times_the_variance(dispersion):
    mean = 2.5 * 4 / 3
    poisson_like = mean + mean**2 / 2.5
    for confidence in (0.5, 0.7, 0.95):
        found = expectation(weeks=3.0, dispersion=dispersion, confidence=confidence).most(4.0)
        shares = mean / (np.array([1.0, dispersion]) * poisson_like)
        # Never less than if days did not differ, though the distribution moves towards 0.
        assert found == nbinom.ppf(confidence, mean * shares / (1 - shares), shares).max()


def test_long_training_leaves_the_poisson():
    for confidence in (0.3, 0.7, 0.95):
        known = expectation(counted=20_000, weeks=10_000.0, confidence=confidence)
        assert known.most(4.0) == poisson.ppf(confidence, 8.0)


def test_one_alarm_is_said_as_one():
    assert expectation(counted=0, weeks=4.0, confidence=0.8).describe() == (
        "at most 1 alarm in 4 weeks of normal data, 80 % sure (0 in 4 weeks of training)"
    )


def test_at_one_row_a_day_the_time_is_as_long_as_the_budget_needs_for_an_alarm():
    told = Expectation(0.05, confidence=0.7, counted=2, weeks=40.0, dispersion=1.0).describe()
    assert told.startswith("at most 2 alarms in 20 weeks of normal data, 70 % sure (2 in 40 weeks")
    seldom = Expectation(1e-300, confidence=0.7, counted=2, weeks=40.0, dispersion=1.0)
    assert "in 10 years of normal data" in seldom.describe()


@pytest.mark.parametrize(
    ("per_week", "words"),
    [
        (0.0, "none"),
        (14.0, "14 a week"),
        (100.0, "100 a week"),
        (0.5, "0.5 a week"),
        (0.07, "one in 14 weeks"),
        (0.0005, "one in 38.3 years"),
        (201_600.0, "one in 3 s"),
    ],
)
def test_how_often(per_week, words):
    assert how_often(per_week) == words


def test_stored_values_come_back():
    assert Expectation(**expectation().to_dict()) == expectation()


# ------------------------------------------------------------------- bounds


@pytest.mark.parametrize("asked", [0.01, 1.0, 20.0])
def test_a_budget_that_can_be_is_as_asked(asked):
    assert bounded(asked, rows=4032, step_seconds=300.0, key="k") == (asked, [])


def test_a_budget_too_high_is_one_in_a_hundred_rows():
    budget, notices = bounded(14.0, rows=500, step_seconds=86_400.0, key="k")
    assert budget == 7 / 100
    assert notices == [
        "`k` 14 a week is more than one in 100 rows: it is taken to be one in 100 rows, one in "
        "14 weeks."
    ]
    assert bounded(14.0, 500, 86_400.0, "k", most_rows=350)[0] == 7 / 350


def test_a_budget_too_low_is_a_hundred_times_as_rare_as_what_was_seen():
    budget, notices = bounded(0.001, rows=2016, step_seconds=300.0, key="k")
    assert budget == pytest.approx(0.01)  # a week of rows
    assert notices == [
        "`k` 0.001 a week is rarer than 2,016 training rows can tell: it is taken to be one in "
        "201,600 rows, one in 100 weeks."
    ]


# ------------------------------------------------------------------- limits


def alarms_above(largest):
    """Count blocks above a limit: peaks here are one block wide."""
    return lambda limit: int(np.count_nonzero(largest > limit))


@pytest.mark.parametrize(("weeks", "per_week"), [(6, 2.0), (26, 1.0)])
def test_fresh_weeks_keep_the_budget_about_as_often_as_asked(weeks, per_week):
    """With blocks that know nothing of each other, as often as asked or a little more.

    Counts are whole: of those that may be met with the confidence asked, the largest is met more
    often. Candidates are a hundred, which makes a limit higher yet.
    """
    random, trials, confidence, kept = np.random.default_rng(5), 400, 0.7, 0
    for _ in range(trials):
        blocks = np.exp(random.exponential(size=BLOCKS_A_WEEK * weeks))
        limit, _ = find_limit(blocks, alarms_above(blocks), float(weeks), per_week, confidence)
        share_above = 1.0 / limit  # of such blocks, in closed form
        kept += random.binomial(4 * BLOCKS_A_WEEK, share_above) <= 4 * per_week
    error = math.sqrt(confidence * (1 - confidence) / trials)
    assert confidence - 3 * error < kept / trials < confidence + 0.15


def test_the_limit_is_the_lowest_candidate_that_keeps_the_budget():
    blocks = np.exp(np.random.default_rng(0).exponential(size=BLOCKS_A_WEEK * 10))
    limit, expected = find_limit(blocks, alarms_above(blocks), 10.0, 2.0, 0.7)
    assert expected.counted == np.count_nonzero(blocks > limit)
    assert expected.most(4.0) <= 8
    lower = np.sort(blocks[blocks < limit])[-3]  # candidates are a few blocks apart
    more = Expectation(2.0, 0.7, int(np.sum(blocks > lower)), 10.0, expected.dispersion)
    assert more.most(4.0) > 8


def test_a_higher_confidence_asks_for_a_higher_limit():
    blocks = np.exp(np.random.default_rng(0).exponential(size=BLOCKS_A_WEEK * 10))
    limits = [
        find_limit(blocks, alarms_above(blocks), 10.0, 2.0, confidence)[0]
        for confidence in (0.5, 0.7, 0.9, 0.99)
    ]
    assert limits == sorted(limits)
    assert limits[0] < limits[-1]


def test_days_are_counted_for_how_much_they_differ():
    """One block in fifty is unusual: at random, or all within seven of 28 days."""
    random, days, blocks_a_day = np.random.default_rng(0), 28, 48
    is_high = random.random(days * blocks_a_day) < 0.02
    even = np.where(is_high, random.uniform(5, 9, is_high.size), random.uniform(1, 2, is_high.size))
    uneven = np.random.default_rng(1).uniform(1, 2, is_high.size)
    within = np.flatnonzero(np.arange(is_high.size) % (4 * blocks_a_day) < blocks_a_day)
    uneven[within[::12][:27]] = 9.0  # about four in each of seven days
    found = [
        find_limit(blocks, alarms_above(blocks), 4.0, 2.0, 0.7)[1].dispersion
        for blocks in (even, uneven)
    ]
    assert found[0] == pytest.approx(1.0, abs=0.6)
    counts = np.where(np.arange(days) % 4 == 0, 4, 0)
    counts[24] = 3
    assert found[1] == pytest.approx(counts.var(ddof=1) / counts.mean())


def test_short_data_are_extended_as_an_exponential_is():
    """Logarithms are exact quantiles of an exponential distribution, of scale 0.3."""
    count, weeks, per_week, scale = 400, 0.5, 0.1, 0.3
    share_above = (np.arange(count) + 0.5) / count
    blocks = np.exp(-scale * np.log(share_above))
    limit, expected = find_limit(blocks, alarms_above(blocks), weeks, per_week, 0.7)
    assert expected.counted == 0
    assert limit > blocks.max()
    # So many of the blocks that come in those weeks are above it.
    closed = math.exp(-scale * math.log(per_week * weeks / count))
    assert math.log(limit) == pytest.approx(math.log(closed), rel=0.02)


def test_blocks_that_are_not_judged_count_for_nothing():
    blocks = np.exp(np.random.default_rng(0).exponential(size=2000))
    holes = np.full(4000, np.nan)
    holes[np.sort(np.random.default_rng(1).choice(4000, 2000, replace=False))] = blocks
    assert find_limit(holes, alarms_above(holes), 6.0, 2.0, 0.7) == find_limit(
        blocks, alarms_above(blocks), 6.0, 2.0, 0.7
    )


def test_nothing_judged_is_no_reason_for_alarms_all_day():
    limit, expected = find_limit(np.full(5, np.nan), lambda limit: 0, 1.0, 1.0, 0.7)
    assert limit == math.e
    assert expected.counted == 0


def test_data_that_are_all_alike_have_a_limit_above_them():
    blocks = np.ones(2000)
    limit, _ = find_limit(blocks, alarms_above(blocks), 6.0, 1.0, 0.7)
    assert 1.0 < limit < 1.1
