"""Best pair of cuts: brute force over all pairs, also of tables far too small for the levels."""

import numpy as np
import pytest

from dcvae._arrays import BoolArray, Float32Array
from dcvae.detection.range_cuts import precision
from dcvae.detection.range_cuts import search as module
from dcvae.detection.range_cuts.search import Cut, best_cuts
from dcvae.metrics import range_based


def random_case(generator: np.random.Generator) -> tuple[Float32Array, BoolArray]:
    """Draw one series with ties, missing cells, zeros, and events at its borders too."""
    rows = int(generator.integers(3, 40))
    residual = generator.normal(size=rows) * 3
    truth = np.zeros(rows, dtype=bool)
    for _ in range(int(generator.integers(1, 5))):
        start = int(generator.integers(-2, rows))
        event = slice(max(start, 0), start + 1 + int(generator.integers(1, 12)))
        truth[event] = True
        residual[event] += generator.choice([-4, 0, 4])
    truth[0] |= not truth.any()
    if generator.random() < 0.2:
        residual = generator.choice([np.sort(residual), np.abs(residual)])
    residual = np.round(residual, int(generator.integers(0, 3)))
    residual[generator.random(rows) < generator.choice([0, 0.05, 0.3])] = np.nan
    return residual.astype(np.float32), truth


def alarms_of(residual: Float32Array, cuts: tuple[Cut, Cut]) -> BoolArray:
    alarms = np.zeros(residual.size, dtype=bool)
    for scores, cut in zip((-residual, residual), cuts, strict=True):
        if cut.lowest is not None:
            alarms |= scores >= cut.lowest
    return alarms


def f1_of(truth: BoolArray, alarms: BoolArray, term: float) -> float:
    p, r, f1 = range_based(truth, alarms)
    return 2 * p * r / (p + r + term) if f1 else 0.0


def brute_force(residual: Float32Array, truth: BoolArray, term: float) -> tuple[float, int]:
    """Return the best F1 of all pairs, and the fewest alarms of the pairs that have it."""
    scored = []
    for down in np.unique([0, *-residual[residual < 0]]):
        for up in np.unique([0, *residual[residual > 0]]):
            alarms = (residual < -down) | (residual > up)
            scored.append((f1_of(truth, alarms, term), int(alarms.sum())))
    best = max(f1 for f1, _ in scored)
    return best, min(alarms for f1, alarms in scored if f1 >= best * (1 - 1e-12))


@pytest.mark.parametrize("term", [0.0, 1e-6])
@pytest.mark.parametrize(("most_lines", "most_single"), [(512, 64), (512, 0), (5, 3), (3, 0)])
def test_the_best_of_all_pairs(
    most_lines: int, most_single: int, term: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_LINES", most_lines)
    monkeypatch.setattr(module, "_MOST_SINGLE_BLOCKS", most_single)
    generator = np.random.default_rng(35)
    for _ in range(30):
        residual, truth = random_case(generator)
        alarms = alarms_of(residual, best_cuts(residual, truth, term))
        best, fewest = brute_force(residual, truth, term)
        assert f1_of(truth, alarms, term) == pytest.approx(best, rel=1e-9)
        assert alarms.sum() == fewest


def test_the_best_by_prts() -> None:
    prts = pytest.importorskip("prts")
    generator = np.random.default_rng(36)
    for _ in range(6):
        residual, truth = random_case(generator)
        best = 0.0
        for down in np.unique([0, *-residual[residual < 0]]):
            for up in np.unique([0, *residual[residual > 0]]):
                alarms = (residual < -down) | (residual > up)
                if not alarms.any() or truth.all():
                    continue  # prts asserts here
                arguments = truth.astype(int), alarms.astype(int), 0, "reciprocal", "front"
                p, r = prts.ts_precision(*arguments), prts.ts_recall(*arguments)
                if p * r > 0:
                    best = max(best, 2 * p * r / (p + r))
        if not truth.all():
            alarms = alarms_of(residual, best_cuts(residual, truth))
            assert range_based(truth, alarms).f1 == pytest.approx(best, rel=1e-9)


def test_more_levels_than_lines_in_long_events() -> None:
    # On one side alone all cuts can be tried: 1,600 levels, most of them labeled.
    generator = np.random.default_rng(37)
    truth = np.arange(1600) % 400 < 300
    residual = (np.abs(generator.normal(size=1600)) + truth * 0.5).astype(np.float32)
    _, cut = cuts = best_cuts(residual, truth)
    f1 = [range_based(truth, residual > quiet).f1 for quiet in np.unique([0, *residual])]
    assert range_based(truth, alarms_of(residual, cuts)).f1 == pytest.approx(max(f1), rel=1e-9)
    assert cut.quiet == pytest.approx(np.unique([0, *residual])[int(np.argmax(f1))])


def test_segments_listed_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "_MOST_SEGMENTS", 10)
    generator = np.random.default_rng(38)
    for _ in range(20):
        residual, truth = random_case(generator)
        alarms = alarms_of(residual, best_cuts(residual, truth))
        best, fewest = brute_force(residual, truth, 0.0)
        assert f1_of(truth, alarms, 0.0) == pytest.approx(best, rel=1e-9)
        assert alarms.sum() == fewest


def test_false_alarms_that_join_count_as_one() -> None:
    # Cut below 3, every second of the first rows is a false alarm of its own; cut below 2 they
    # join, and precision is 1/2 instead of 1/4. Only unlabeled cells lie between the two cuts.
    residual = np.array([3, 2, 3, 2, 3, -9, 3], dtype=np.float32)
    truth = np.array([0, 0, 0, 0, 0, 0, 1], dtype=bool)
    down, up = best_cuts(residual, truth)
    assert (down, up) == (Cut(np.float32(9), None), Cut(np.float32(0), np.float32(2)))


def test_nothing_alarms_where_nothing_can_be_found() -> None:
    residual = np.array([np.nan, 8.0, -1.0, 0.0], dtype=np.float32)
    truth = np.array([True, False, False, True])
    assert best_cuts(residual, truth) == (Cut(np.float32(1), None), Cut(np.float32(8), None))
    missing = np.full(3, np.nan, dtype=np.float32)
    assert best_cuts(missing, np.ones(3, dtype=bool)) == (Cut(np.float32(0), None),) * 2
