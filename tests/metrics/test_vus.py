"""Volume under the surface: by hand, and against a slow twin that counts and loops; periods."""

import math

import numpy as np
import pytest

from dcvae.metrics import average_precision
from dcvae.metrics.vus import Vus, period_from_autocorrelation, vus
from support import oracles
from support.masks import mask, random_case

# ---------------------------------------------------------------- by hand


def test_without_a_buffer_vus_is_the_area_of_the_rows() -> None:
    # From the highest score down, rows 1, 3, 2 (the label), 0. Recall 0 0 1 1, precision of the
    # third 1/3; false positive rate 1/3, 2/3, 2/3, 1.
    truth, score = mask("..#."), np.array([1.0, 4.0, 2.0, 3.0])
    assert vus(truth, score, 0, num_thresholds=4) == pytest.approx((1 / 3, 1 / 3), abs=1e-15)


def test_vus_with_buffers_by_hand() -> None:
    # The same rows. Buffers 0 and 1 reach no row. Buffer 2 reaches rows 1 and 3, with weight
    # r = sqrt(1 - 1/2); the buffered event is rows 1 to 3 and found from the first alarm on.
    truth, score = mask("..#."), np.array([1.0, 4.0, 2.0, 3.0])
    r = math.sqrt(1 / 2)
    true_positives = np.array([r, 2 * r, 1 + 2 * r, 1 + 2 * r])
    positives = np.array([1 + r / 2, 1 + r, 1 + r, 1 + r])
    # (1 + 2r) / (1 + r) is cut off at 1.
    recall = np.array([r / (1 + r / 2), 2 * r / (1 + r), 1, 1])
    rate = (np.array([1, 2, 3, 4]) - true_positives) / (4 - positives)
    pr = recall[0] * r + (recall[1] - recall[0]) * r + (1 - recall[1]) * (1 + 2 * r) / 3
    roc = rate[0] * recall[0] / 2 + (rate[1] - rate[0]) * (recall[0] + recall[1]) / 2
    roc += (rate[3] - rate[2]) + (1 - rate[3])  # between thresholds 2 and 3 the rate stands still
    assert rate[1] == pytest.approx(rate[2])
    expected = ((1 / 3 + 1 / 3 + pr) / 3, (1 / 3 + 1 / 3 + roc) / 3)
    assert vus(truth, score, 2, num_thresholds=4) == pytest.approx(expected, abs=1e-12)


def test_buffered_events_that_touch_are_two_and_that_share_a_row_are_one() -> None:
    # Buffer 2 reaches one row to each side. In the first drawing rows 1-3 and 4-6 touch; in the
    # second 1-3 and 3-5 share row 3. At the only threshold the top row alone alarms: it finds half
    # of two events, or one whole.
    for picture, share in (("..#..#..", 1 / 2), ("..#.#...", 1.0)):
        truth = mask(picture)
        score = np.zeros(truth.size)
        score[2] = 1.0
        # TP = 1, P' = 2: half of the labeled rows; precision 1.
        without_reach = 1 / 2 * 1 / 2
        expected = (2 * without_reach + 1 / 2 * share) / 3
        assert vus(truth, score, 2, num_thresholds=1).pr == pytest.approx(expected, abs=1e-15)


def test_a_row_between_two_events_is_labeled_once() -> None:
    # Row 1 gets sqrt(1/2) from either side, cut off at 1: alone above the threshold, it is a full
    # true positive. P' = (2 + 2 + 1) / 2; one buffered event.
    truth, score = mask("#.#.."), np.array([0.0, 1.0, 0.0, 0.0, 0.0])
    expected = (0 + 0 + 1 / 2.5) / 3
    assert vus(truth, score, 2, num_thresholds=1).pr == pytest.approx(expected, abs=1e-15)


# ---------------------------------------------------------------- against the twin


@pytest.mark.parametrize("num_thresholds", [1, 2, 7, 40])
def test_vus_equals_a_slow_twin(num_thresholds: int) -> None:
    generator = np.random.default_rng(num_thresholds)
    compared = 0
    for _ in range(120):
        truth, score = random_case(generator, 50)
        if not truth.any() or truth.all():
            continue
        compared += 1
        # Windows longer than the series are among them.
        window = int(generator.integers(0, 14)) if compared % 20 else 120
        expected = oracles.volume_under_surface(truth, score, window, num_thresholds)
        assert vus(truth, score, window, num_thresholds) == pytest.approx(expected, abs=1e-12)
    assert compared > 80


def test_vus_tries_250_thresholds_if_not_told_otherwise() -> None:
    generator = np.random.default_rng(2)
    truth = np.zeros(600, dtype=bool)
    truth[100:130] = truth[135:140] = truth[595:] = True
    score = generator.random(600) + 0.3 * truth
    expected = oracles.volume_under_surface(truth, score, 12, 250)
    assert vus(truth, score, 12) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("picture", ["#....", "....#", "#...#", "##.##", ".#", "#.", "#.#.#.#.#.#"])
def test_vus_of_events_at_the_borders(picture: str) -> None:
    truth = mask(picture)
    score = np.random.default_rng(3).random(truth.size)
    for window in range(8):
        expected = oracles.volume_under_surface(truth, score, window, 20)
        assert vus(truth, score, window, 20) == pytest.approx(expected, abs=1e-12)


# ---------------------------------------------------------------- properties


def test_only_the_order_of_the_scores_counts() -> None:
    generator = np.random.default_rng(4)
    for _ in range(30):
        truth, score = random_case(generator, 60)
        if not truth.any() or truth.all():
            continue
        expected = pytest.approx(vus(truth, score, 4), abs=1e-12)
        assert vus(truth, 3 * score - 7, 4) == expected
        assert vus(truth, np.exp(score), 4) == expected
        assert vus(truth, score.astype(np.float32), 4) == expected


def test_reversing_time_changes_nothing() -> None:
    generator = np.random.default_rng(5)
    for _ in range(50):
        truth, score = random_case(generator, 60)
        forward, backward = vus(truth, score, 9), vus(truth[::-1], score[::-1], 9)
        assert forward == pytest.approx(backward, abs=1e-12, nan_ok=True)


def test_arguments_are_not_changed() -> None:
    truth, score = mask(".##."), np.array([0.1, 0.4, 0.2, 0.3])
    vus(truth, score, 4)
    period_from_autocorrelation(score)
    np.testing.assert_array_equal(truth, mask(".##."))
    np.testing.assert_array_equal(score, [0.1, 0.4, 0.2, 0.3])


# ---------------------------------------------------------------- nothing to judge


def test_undefined_is_not_a_number() -> None:
    for rows in (0, 1, 4):
        score, none = np.arange(float(rows)), np.zeros(rows, dtype=bool)
        assert all(math.isnan(volume) for volume in vus(none, score, 3))
    for rows in (1, 4):
        score, every = np.arange(float(rows)), np.ones(rows, dtype=bool)
        assert all(math.isnan(volume) for volume in vus(every, score, 3))


def test_a_constant_score_ranks_by_chance() -> None:
    assert vus(mask(".#.."), np.full(4, 2.0), 0) == Vus(1 / 4, 1 / 2)


def test_a_perfect_score_without_a_buffer_is_perfect() -> None:
    truth = mask("..##...#.")
    assert vus(truth, truth.astype(float), 0) == pytest.approx((1.0, 1.0), abs=1e-15)


# ---------------------------------------------------------------- period


def test_period_of_a_sine() -> None:
    rows = np.arange(20_000)
    for period in (6, 24, 50, 303):
        assert period_from_autocorrelation(np.sin(2 * np.pi * rows / period)) == period
    # Outside of what TSB-AD accepts.
    for period in (5, 304, 350):
        assert period_from_autocorrelation(np.sin(2 * np.pi * rows / period)) == 125
        assert period_from_autocorrelation(np.sin(2 * np.pi * rows / period), default=7) == 7


def test_period_sees_lags_up_to_400_and_both_neighbors_of_a_maximum() -> None:
    rows = np.arange(20_000)
    for period, expected in ((399, 125), (400, 47)):
        # The highest maximum is at the slow period, lower ones near multiples of the fast one. At
        # lag 399 it is seen, and refused; at lag 400 it has no neighbor, and the one at 50 counts,
        # which the falling slow wave pulls to 47.
        slow, fast = (np.sin(2 * np.pi * rows / every) for every in (period, period / 8))
        values = slow + 0.5 * fast
        assert period_from_autocorrelation(values) == expected
        assert oracles.autocorrelation_period(values, 125) == expected


def test_period_sees_the_first_20000_values() -> None:
    rows = np.arange(40_000)
    values = np.where(rows < 20_000, np.sin(2 * np.pi * rows / 50), 9 * np.sin(rows / 13))
    assert period_from_autocorrelation(values) == 50


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 4, 5, 1000])
def test_no_period_is_the_default(rows: int) -> None:
    assert period_from_autocorrelation(np.full(rows, 0.1)) == 125
    assert period_from_autocorrelation(np.arange(float(rows)), default=9) == 9


def test_period_equals_direct_sums() -> None:
    generator = np.random.default_rng(6)
    found = set()
    for _ in range(150):
        rows = int(generator.integers(5, 700))
        wave = np.sin(2 * np.pi * np.arange(rows) / generator.uniform(3, 400))
        values = wave * generator.uniform(0, 3) + generator.normal(size=rows)
        period = period_from_autocorrelation(values, default=-1)
        assert period == oracles.autocorrelation_period(values, -1)
        found.add(period)
    assert -1 in found
    assert len(found) > 30


# ---------------------------------------------------------------- refusals


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match=r"`truth` and `score`.*Received: 3 and 2 rows"):
        vus(mask("#.."), np.zeros(2), 4)


def test_truth_is_a_mask_and_score_a_row_of_finite_floats() -> None:
    with pytest.raises(ValueError, match=r"`truth` must be .* bool array.*dtype int64"):
        vus(np.array([0, 1]), np.zeros(2), 4)
    with pytest.raises(ValueError, match=r"`score` must be .* float array.*shape \(1, 2\)"):
        vus(mask("#."), np.zeros((1, 2)), 4)
    with pytest.raises(ValueError, match=r"`score` must be .* float array.*dtype bool"):
        vus(mask("#."), mask("#."), 4)
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match=rf"`score` must be finite.*Received: {bad} in row 1"):
            vus(mask("#."), np.array([0.0, bad]), 4)


def test_vus_refuses_impossible_options() -> None:
    truth, score = mask("#."), np.zeros(2)
    with pytest.raises(ValueError, match=r"`window` must be at least 0. Received: window=-1"):
        vus(truth, score, -1)
    with pytest.raises(ValueError, match=r"`num_thresholds` must be at least 1.*num_thresholds=0"):
        vus(truth, score, 3, num_thresholds=0)


def test_period_refuses_what_is_no_series() -> None:
    with pytest.raises(ValueError, match=r"`values` must be .* float array.*shape \(3, 1\)"):
        period_from_autocorrelation(np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"`values` must be finite.*nan in row 2"):
        period_from_autocorrelation(np.array([1.0, 2.0, np.nan]))


def test_thresholds_are_too_coarse_for_labels_that_are_rarer_than_they() -> None:
    """As docs/guide/evaluation.md warns: a perfect ranking, few labels, many rows."""
    random = np.random.default_rng(0)
    volumes = []
    for rows in (2_000, 20_000):
        truth = np.zeros(rows, dtype=bool)
        truth[rows // 2 : rows // 2 + 20] = True
        score = np.where(truth, random.uniform(0.9, 1.0, rows), random.uniform(0.0, 0.5, rows))
        volumes.append(vus(truth, score, 12).pr)
        assert average_precision(truth, score) == 1.0
        assert vus(truth, np.round(score), 12).pr == 1.0
    assert volumes[0] > 0.9
    assert volumes[1] < 0.3
