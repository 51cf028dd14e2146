"""Range-based scores: by hand, against prts, and against a slow twin that prts never saw."""

from itertools import product

import numpy as np
import pytest

from dcvae._arrays import segments
from dcvae.metrics.range_based import Bias, Cardinality, range_based, range_based_from_segments
from support.masks import BoolArray, mask, random_mask

BIASES: tuple[Bias, ...] = ("flat", "front", "middle", "back")
CARDINALITIES: tuple[Cardinality, ...] = ("one", "reciprocal")


# ---------------------------------------------------------------- by hand

# One example for all the fractions. Two true segments, two alarm segments:
#
#   row     0 1 2 3 4 5 6 7 8 9
#   truth   . # # # # . . # # .      A = rows 1-4 (length 4), B = rows 7-8 (length 2)
#   alarm   # # . # . . . # # #      p = rows 0-1, q = row 3, s = rows 7-9
#
# A meets p in its 1st row and q in its 3rd; B meets s in both its rows.
# p meets A in its 2nd row; q meets A wholly; s meets B in its 1st and 2nd of 3 rows.
TRUTH = mask(".####..##.")
ALARM = mask("##.#...###")


@pytest.mark.parametrize(
    ("cardinality", "bias", "precision", "recall"),
    [
        # flat: A 2/4, B 1 -> 3/4.  p 1/2, q 1, s 2/3 -> (13/6)/3 = 13/18.
        ("one", "flat", 13 / 18, 3 / 4),
        # A is met by two alarms: its 2/4 is halved to 1/4 -> (1/4 + 1)/2 = 5/8.
        ("reciprocal", "flat", 13 / 18, 5 / 8),
        # front: A weighs 4 3 2 1: (4+2)/10 = 3/5, halved 3/10; B 1 -> 13/20.
        # p weighs 2 1: 1/3; q 1; s weighs 3 2 1: 5/6 -> (13/6)/3 = 13/18.
        ("reciprocal", "front", 13 / 18, 13 / 20),
        # back: A weighs 1 2 3 4: (1+3)/10 = 2/5; B 1 -> 7/10. p 2/3, q 1, s 3/6 -> 13/18.
        ("one", "back", 13 / 18, 7 / 10),
        # middle: A weighs 1 2 2 1: (1+2)/6 = 1/2, halved 1/4; B 1 -> 5/8.
        # p weighs 1 1: 1/2; q 1; s weighs 1 2 1: 3/4 -> (9/4)/3 = 3/4.
        ("reciprocal", "middle", 3 / 4, 5 / 8),
    ],
)
def test_range_based_by_hand(
    cardinality: Cardinality, bias: Bias, precision: float, recall: float
) -> None:
    result = range_based(TRUTH, ALARM, cardinality=cardinality, bias=bias)
    f1 = 2 * precision * recall / (precision + recall)
    assert result == pytest.approx((precision, recall, f1), abs=1e-15)


def test_existence_in_precision_has_a_weight_of_its_own() -> None:
    # p (1 + 1/3)/2 = 2/3, q 1, s (1 + 5/6)/2 = 11/12 -> (31/12)/3 = 31/36. Recall keeps its 13/20.
    expected = pytest.approx((31 / 36, 13 / 20), abs=1e-15)
    assert range_based(TRUTH, ALARM, precision_alpha=0.5)[:2] == expected
    from_segments = range_based_from_segments(segments(TRUTH), segments(ALARM), precision_alpha=0.5)
    assert from_segments[:2] == expected
    # One of two alarm segments meets truth, in one of its three rows.
    truth, alarm = mask("#.......#"), mask("###.###..")
    assert range_based(truth, alarm, precision_alpha=1.0).precision == 0.5


def test_alpha_is_for_recall_alone() -> None:
    # Recall at alpha 1/2: A (1 + 3/10)/2 = 13/20, B 1 -> 33/40. Precision keeps its 13/18.
    precision, recall, _ = range_based(TRUTH, ALARM, alpha=0.5)
    assert precision == pytest.approx(13 / 18, abs=1e-15)
    assert recall == pytest.approx(33 / 40, abs=1e-15)


def test_existence_alone_counts_noticed_segments() -> None:
    # One of three true segments is touched.
    truth, alarm = mask("##.##.##"), mask("....#...")
    assert range_based(truth, alarm, alpha=1.0).recall == pytest.approx(1 / 3, abs=1e-15)


def test_one_alarm_over_two_segments_pays_for_it_in_precision() -> None:
    # The alarm covers 5 rows, 4 of them true, in two segments: (4/5)/2 = 2/5.
    result = range_based(mask("##.##"), mask("#####"), bias="flat")
    assert result[:2] == pytest.approx((2 / 5, 1.0), abs=1e-15)


def test_default_options_are_those_of_dc_vae() -> None:
    expected = range_based(
        TRUTH, ALARM, alpha=0.0, precision_alpha=0.0, cardinality="reciprocal", bias="front"
    )
    assert range_based(TRUTH, ALARM) == expected
    assert range_based_from_segments(segments(TRUTH), segments(ALARM)) == expected


# ---------------------------------------------------------------- against others


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("cardinality", CARDINALITIES)
def test_range_based_equals_prts(cardinality: Cardinality, bias: Bias) -> None:
    prts = pytest.importorskip("prts")
    generator = np.random.default_rng(3)
    compared = 0
    for alpha, precision_alpha in product((0.0, 0.3, 1.0), repeat=2):
        for _ in range(50):
            rows = int(generator.integers(1, 32))
            truth, alarm = random_mask(generator, rows), random_mask(generator, rows)
            if not (truth.any() and alarm.any()):
                continue  # prts asserts here
            compared += 1
            ours = range_based(
                truth,
                alarm,
                alpha=alpha,
                precision_alpha=precision_alpha,
                cardinality=cardinality,
                bias=bias,
            )
            arguments = (truth.astype(int), alarm.astype(int))
            precision = prts.ts_precision(
                *arguments, alpha=precision_alpha, cardinality=cardinality, bias=bias
            )
            recall = prts.ts_recall(*arguments, alpha=alpha, cardinality=cardinality, bias=bias)
            f1 = prts.ts_fscore(
                *arguments,
                p_alpha=precision_alpha,
                r_alpha=alpha,
                cardinality=cardinality,
                p_bias=bias,
                r_bias=bias,
            )
            assert ours == pytest.approx((precision, recall, f1), abs=1e-9)
    assert compared > 300  # for each of eight ways, so thousands in all


def slow_recall(
    truth: BoolArray, alarm: BoolArray, alpha: float, cardinality: Cardinality, bias: Bias
) -> float:
    """Work range-based recall out row by row, straight from the definitions."""
    rewards = []
    for start, stop in zip(*segments(truth), strict=True):
        length = int(stop - start)
        delta = {
            "flat": [1] * length,
            "front": [length - i + 1 for i in range(1, length + 1)],
            "back": list(range(1, length + 1)),
            "middle": [min(i, length - i + 1) for i in range(1, length + 1)],
        }[bias]
        found = alarm[start:stop]
        # One alarm may reach over both ends of the segment and is still one piece.
        pieces = sum(
            1 for first, end in zip(*segments(alarm), strict=True) if first < stop and end > start
        )
        share = sum(weight for weight, hit in zip(delta, found, strict=True) if hit) / sum(delta)
        factor = 1 / pieces if cardinality == "reciprocal" and pieces > 1 else 1.0
        rewards.append(alpha * float(found.any()) + (1 - alpha) * factor * share)
    return float(np.mean(rewards)) if rewards else 0.0


@pytest.mark.parametrize(("cardinality", "bias"), list(product(CARDINALITIES, BIASES)))
def test_range_based_equals_a_row_by_row_twin(cardinality: Cardinality, bias: Bias) -> None:
    generator = np.random.default_rng(4)
    for _ in range(150):
        rows = int(generator.integers(1, 40))
        truth, alarm = random_mask(generator, rows), random_mask(generator, rows)
        alpha = float(generator.random())
        ours = range_based(truth, alarm, alpha=alpha, cardinality=cardinality, bias=bias)
        if truth.any() or alarm.any():
            assert ours.recall == pytest.approx(
                slow_recall(truth, alarm, alpha, cardinality, bias), abs=1e-12
            )
            assert ours.precision == pytest.approx(
                slow_recall(alarm, truth, 0.0, cardinality, bias), abs=1e-12
            )


# ---------------------------------------------------------------- nothing to judge


def test_prts_refuses_what_our_convention_answers() -> None:
    prts = pytest.importorskip("prts")
    for truth, alarm in ([0, 0], [0, 0]), ([0, 1], [0, 0]), ([0, 0], [0, 1]):
        with pytest.raises(AssertionError):
            prts.ts_precision(np.array(truth), np.array(alarm))


# ---------------------------------------------------------------- properties


def test_perfect_alarms_are_perfect_under_every_option() -> None:
    generator = np.random.default_rng(5)
    for cardinality, bias in product(CARDINALITIES, BIASES):
        truth = random_mask(generator, 50)
        truth[:2] = (True, False)
        assert range_based(truth, truth, cardinality=cardinality, bias=bias) == (1.0, 1.0, 1.0)


def test_reversing_time_swaps_front_and_back() -> None:
    generator = np.random.default_rng(6)
    for _ in range(100):
        truth, alarm = random_mask(generator, 50), random_mask(generator, 50)
        forward = range_based(truth, alarm, bias="front")
        backward = range_based(truth[::-1], alarm[::-1], bias="back")
        assert forward == pytest.approx(backward, abs=1e-12)


def test_swapping_truth_and_alarm_swaps_precision_and_recall() -> None:
    generator = np.random.default_rng(7)
    for _ in range(100):
        truth, alarm = random_mask(generator, 50), random_mask(generator, 50)
        precision, recall, f1 = range_based(truth, alarm)
        assert range_based(alarm, truth) == pytest.approx((recall, precision, f1), abs=1e-12)


def test_very_long_segments_do_not_overflow() -> None:
    # The sum of a million front weights is about 5e11, beyond 32 bits.
    truth = np.ones(1_000_000, dtype=bool)
    alarm = np.zeros_like(truth)
    alarm[:500_000] = True
    n = 1_000_000
    expected = (n * n / 2 - (n / 2) * (n / 2 - 1) / 2) / (n * (n + 1) / 2)
    assert range_based(truth, alarm).recall == pytest.approx(expected, abs=1e-12)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", ["alpha", "precision_alpha"])
@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_alpha_is_a_share(name: str, alpha: float) -> None:
    with pytest.raises(ValueError, match=rf"`{name}`.*\[0, 1\].*Received: {name}="):
        range_based(TRUTH, ALARM, **{name: alpha})


def test_options_are_named() -> None:
    with pytest.raises(ValueError, match=r"`cardinality` must be one of one, reciprocal.*'two'"):
        range_based(TRUTH, ALARM, cardinality="two")
    with pytest.raises(ValueError, match=r"`bias` must be one of flat, front.*Received: .*'end'"):
        range_based(TRUTH, ALARM, bias="end")
