"""Searches for alphas: the time that each takes and the F1 that it reaches.

python -m benchmarks.alphas [--rows 20000] [--series 12] [--repeats 5]

The published search is written as the published program has it: for each of the 36 pairs of alphas
and each series, precision and recall of the package prts, or of scikit-learn (point-wise). It runs
once, in turn with the others, and its seconds are those of the processor, like all of the table.
"""

import argparse
import importlib.util
import time
from collections.abc import Callable
from functools import partial
from typing import get_args

import numpy as np
from sklearn.metrics import f1_score, precision_score, recall_score

from benchmarks.common import median_of, print_table
from dcvae.config import AlphaMeasure, AlphaSearch
from dcvae.detection.alphas_from_labels import GRID, PUBLISHED_TERM, alphas_from_labels


def main() -> None:
    """Measure the searches, which take turns, on one seeded set of residuals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--events", type=int, default=12, help="in each series")
    parser.add_argument("--longest", type=int, default=40, help="rows of the longest event")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    residual, truth = labeled_residual(
        arguments.rows, arguments.series, arguments.events, arguments.longest
    )
    measures = list(get_args(AlphaMeasure))
    if importlib.util.find_spec("prts") is None:
        print("The package prts is not installed: no published range-based search.")
    for measure in measures:
        searches: dict[str, Callable[[], np.ndarray]] = {
            f"ours, {search}": partial(ours, residual, truth, measure, search)
            for search in get_args(AlphaSearch)
        }
        taken: dict[str, list[float]] = {name: [] for name in searches}
        f1: dict[str, np.ndarray] = {}
        if measure == "point-wise" or importlib.util.find_spec("prts") is not None:
            f1["published"], once = timed(partial(published_search, residual, truth, measure))
            taken["published"] = [once]
        for _ in range(arguments.repeats):
            for name, search in searches.items():
                f1[name], once = timed(search)
                taken[name].append(once)
        base = taken.get("published", [float("nan")])[0]
        rows = [
            [name, median_of(times), f"{base / np.median(times):.1f}", f"{f1[name].mean():.4f}"]
            for name, times in sorted(taken.items(), reverse=True)
        ]
        shape = f"{arguments.series} series x {arguments.rows:,} rows"
        header = ["CPU seconds, median (range)", "times as fast", "mean F1"]
        print_table([f"{measure}, {shape}", *header], rows)


def labeled_residual(
    num_rows: int, num_series: int, num_events: int, longest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return residuals that are larger in labeled rows, and the labels, (rows, series)."""
    rng = np.random.default_rng(0)
    truth = np.zeros((num_rows, num_series), dtype=bool)
    for column in range(num_series):
        for start in rng.integers(0, num_rows - longest, size=num_events):
            truth[start : start + rng.integers(1, longest), column] = True
    noise = rng.normal(size=truth.shape)
    return (noise + 3 * truth * rng.normal(size=truth.shape)).astype(np.float32), truth


def timed(action: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return a result and the processor's seconds that it took."""
    start = time.process_time()
    return action(), time.process_time() - start


def ours(
    residual: np.ndarray, truth: np.ndarray, measure: AlphaMeasure, search: AlphaSearch
) -> np.ndarray:
    """Return the F1 of each series with the alphas of one of our searches."""
    names = [f"TS{number}" for number in range(1, residual.shape[1] + 1)]
    return alphas_from_labels(
        residual, truth, names, measure=measure, search=search, default_alpha=3.0
    ).f1


def published_search(residual: np.ndarray, truth: np.ndarray, measure: str) -> np.ndarray:
    """Return the F1 of each series with the alphas that the published program would choose."""
    labels = truth.astype(int)
    best = np.zeros(residual.shape[1])
    for up in GRID:
        for down in GRID:
            alarms = ((residual < -down) | (residual > up)).astype(int)
            for series in range(best.size):
                f1 = published_f1(labels[:, series], alarms[:, series], measure)
                best[series] = max(best[series], f1)
    return best


def published_f1(labels: np.ndarray, alarms: np.ndarray, measure: str) -> float:
    """Score the alarms of one series; precision and recall are computed as there, too."""
    if measure == "point-wise":
        precision_score(labels, alarms, zero_division=0)
        recall_score(labels, alarms, zero_division=0)
        return float(f1_score(labels, alarms, zero_division=0))
    from prts import ts_precision, ts_recall

    found = np.unique(alarms)
    if not (np.allclose(found, [0, 1]) or np.allclose(found, [1])):
        return 0.0
    precision = ts_precision(labels, alarms, 0, "reciprocal", "front")
    recall = ts_recall(labels, alarms, 0, "reciprocal", "front")
    return float(2 * precision * recall / (precision + recall + PUBLISHED_TERM))


if __name__ == "__main__":
    main()
