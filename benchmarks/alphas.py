"""Searches for alphas: the time that each takes and the F1 that it reaches.

python -m benchmarks.alphas [--rows 20000] [--series 12] [--repeats 5]
"""

import argparse
from typing import get_args

import numpy as np

from benchmarks.common import median_of, print_table, seconds
from dcvae.config import AlphaMeasure, AlphaSearch
from dcvae.detection import Alphas
from dcvae.detection.alphas_from_labels import alphas_from_labels


def main() -> None:
    """Measure all four searches on one seeded set of residuals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    shape = (arguments.rows, arguments.series)
    truth = np.zeros(shape, dtype=bool)
    for column in range(arguments.series):
        for start in rng.integers(0, arguments.rows - 40, size=12):
            truth[start : start + rng.integers(1, 40), column] = True
    residual = (rng.normal(size=shape) + 3 * truth * rng.normal(size=shape)).astype(np.float32)
    names = [f"TS{number}" for number in range(1, arguments.series + 1)]
    rows = []
    for measure in get_args(AlphaMeasure):
        for search in get_args(AlphaSearch):

            def choose(measure: AlphaMeasure = measure, search: AlphaSearch = search) -> Alphas:
                return alphas_from_labels(
                    residual, truth, names, measure=measure, search=search, default_alpha=3.0
                )

            taken = seconds(choose, arguments.repeats)
            rows.append([measure, search, median_of(taken), f"{choose().f1.mean():.4f}"])
    print_table(["measure", "search", "seconds, median (range)", "mean F1"], rows)


if __name__ == "__main__":
    main()
