"""ECOD by hand, against loops over rows and cells, and by what must not change a score."""

import math

import numpy as np
import pytest

from dcvae.detectors.classical.ecod import ECODDetector


def rows_with(kind: str, num_rows: int, num_series: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    shape = num_rows, num_series
    return {
        "normal": lambda: random.normal(size=shape),
        "skewed": lambda: random.exponential(size=shape) * random.choice([-1.0, 1.0], num_series),
        "ties": lambda: np.round(random.normal(size=shape)),
    }[kind]()


KINDS = ("normal", "skewed", "ties")


# ------------------------------------------------------------ by hand


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5.0, math.log(10 / 6)),  # 5 of 9 on either side and itself: 6 of 10
        (2.0, math.log(10 / 3)),  # 2 of 9 at or below it
        (2.5, math.log(10 / 3)),
        (8.0, math.log(10 / 3)),
        (9.0, math.log(10 / 2)),
        (100.0, math.log(10)),  # none beyond it but itself
        (-1e300, math.log(10)),
    ],
)
def test_one_series_by_hand(value: float, expected: float) -> None:
    detector = ECODDetector().fit([[float(known)] for known in range(1, 10)])
    assert detector.decision_function([[value]]) == pytest.approx([expected], rel=1e-12)
    assert detector.score_series([[value]])[0, 0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        # Series a is skewed to the right, b to the left: the longer tails say the most together.
        ([4.0, -4.0], 2 * math.log(5 / 2)),
        ([9.0, -9.0], 2 * math.log(5)),
        # Left tails: a has 4 of 5, b 5 of 5; right tails the other way round; longer tails 5 of 5.
        ([0.0, 0.0], math.log(5 / 4)),
        # The short tails, one to each side: no sum holds both.
        ([-1.0, 1.0], math.log(5)),
        # Both far to the right: the right tails, of which one is the longer.
        ([9.0, 1.0], 2 * math.log(5)),
    ],
)
def test_the_largest_of_three_sums_by_hand(row: list[float], expected: float) -> None:
    training = [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [4.0, -4.0]]
    detector = ECODDetector().fit(training)
    assert detector.decision_function([row]) == pytest.approx([expected], rel=1e-12)


def test_a_series_that_never_changed_by_hand() -> None:
    training = [[0.0, 7.0], [1.0, 7.0], [5.0, 7.0]]
    detector = ECODDetector().fit(training)
    alone = ECODDetector().fit([[0.0], [1.0], [5.0]])
    same, moved = detector.decision_function([[5.0, 7.0], [5.0, 7.1]])
    assert same == pytest.approx(float(alone.decision_function([[5.0]])[0]), rel=1e-12)
    assert moved - same == pytest.approx(math.log(4), rel=1e-12)
    assert detector.score_series([[1.0, 7.0], [1.0, 6.9]])[:, 1].tolist() == [0.0, math.log(4)]


# ------------------------------------------------------------ by loops


def tails(training: np.ndarray, value: float, column: int) -> tuple[float, float]:
    """-log of the shares at or below and at or above a value, the value itself among them."""
    known = [float(x) for x in training[:, column]]
    at_or_below = 1 + sum(1 for x in known if x <= value)
    at_or_above = 1 + sum(1 for x in known if x >= value)
    size = 1 + len(known)
    return -math.log(at_or_below / size), -math.log(at_or_above / size)


def score_by_loops(training: np.ndarray, row: np.ndarray) -> float:
    """Algorithm 1 of Li et al. 2022, series by series."""
    left = right = longer = 0.0
    for column in range(len(row)):
        below, above = tails(training, float(row[column]), column)
        known = [float(x) for x in training[:, column]]
        mean = sum(known) / len(known)
        skewness = sum((x - mean) ** 3 for x in known)
        left, right = left + below, right + above
        longer += below if skewness < 0 else above
    return max(left, right, longer)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_series", [1, 2, 7])
def test_scores_are_those_of_loops(kind: str, num_series: int) -> None:
    training, rows = (rows_with(kind, size, num_series, size) for size in (60, 40))
    rows[:5] *= 20
    detector = ECODDetector().fit(training)
    for asked in (rows, training):
        expected = [score_by_loops(training, row) for row in asked]
        np.testing.assert_allclose(detector.decision_function(asked), expected, rtol=1e-12)
    cells = [[max(tails(training, row[c], c)) for c in range(num_series)] for row in rows]
    np.testing.assert_allclose(detector.score_series(rows), cells, rtol=1e-12)


# ------------------------------------------------------------ relations


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_row_counts_twice_and_once_in_the_paper(kind: str) -> None:
    """With shares c / n as in the paper and in PyOD, -log of them is turned into ours and back.

    PyOD's score is the sum of the larger tails of all series, where the paper takes the larger of
    the sums; of one series they are the same, and ours ranks its rows as they do.
    """
    training = rows_with(kind, 200, 3, 4)
    at_or_below = (training[None] <= training[:, None]).sum(axis=1)
    at_or_above = (training[None] >= training[:, None]).sum(axis=1)
    of_pyod = -np.log(np.minimum(at_or_below, at_or_above) / 200)
    detector = ECODDetector().fit(training)
    cells = detector.score_series(training)
    np.testing.assert_allclose(201 * np.exp(-cells) - 1, 200 * np.exp(-of_pyod), rtol=1e-9)
    assert (cells < of_pyod + 1e-12).all()
    assert (of_pyod - cells <= math.log(2)).all()
    one = ECODDetector().fit(training[:, :1]).decision_scores_
    np.testing.assert_array_equal(
        np.unique(one, return_inverse=True)[1], np.unique(of_pyod[:, 0], return_inverse=True)[1]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_units_and_order_of_series_do_not_matter(kind: str) -> None:
    training, rows = (rows_with(kind, size, 4, size) for size in (50, 30))
    scores = ECODDetector().fit(training).decision_function(rows)
    scale, level = np.array([1024.0, 0.5, 4.0, 2.0**-20]), np.array([0.0, 8.0, -2.0, 0.0])
    other = ECODDetector().fit(training * scale + level).decision_function(rows * scale + level)
    np.testing.assert_allclose(other, scores, rtol=1e-12)
    order = [2, 0, 3, 1]
    turned = ECODDetector().fit(training[:, order]).decision_function(rows[:, order])
    np.testing.assert_allclose(turned, scores, rtol=1e-12)
    mirrored = ECODDetector().fit(-training).decision_function(-rows)
    np.testing.assert_allclose(mirrored, scores, rtol=1e-12)


def test_no_row_is_stranger_than_one_beyond_all_others() -> None:
    training = rows_with("normal", 100, 3, 0)
    detector = ECODDetector().fit(training)
    highest = 3 * math.log(101)
    assert detector.decision_function([[99.0] * 3])[0] == pytest.approx(highest, rel=1e-12)
    assert detector.decision_function(100 * rows_with("normal", 500, 3, 1)).max() <= highest + 1e-9


def test_extreme_training_rows_leave_ranks_as_they_are() -> None:
    """A rank has no overflow, and neither has what is made of ranks alone."""
    training = rows_with("skewed", 50, 1, 3)
    far = training.copy()
    far[far.argmax()] = np.finfo(float).max
    rows = rows_with("skewed", 30, 1, 5)
    rows = np.minimum(rows, np.sort(training[:, 0])[-2])
    expected = ECODDetector().fit(training).score_series(rows)
    np.testing.assert_array_equal(ECODDetector().fit(far).score_series(rows), expected)
