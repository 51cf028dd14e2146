"""Masks for the tests of metrics: drawn by hand, or at random."""

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


def mask(picture: str) -> BoolArray:
    """Read a drawing such as ``"..##."``."""
    return np.array([character == "#" for character in picture], dtype=bool)


def random_mask(generator: np.random.Generator, rows: int) -> BoolArray:
    """Draw a mask with runs, from almost empty to almost full, now and then empty or full."""
    if generator.random() < 0.05:
        return np.full(rows, bool(generator.integers(2)))
    change = generator.uniform(0.05, 0.9)
    start = bool(generator.integers(2))
    return (np.cumsum(generator.random(rows) < change) + start) % 2 == 1


def random_case(generator: np.random.Generator, most_rows: int) -> tuple[BoolArray, FloatArray]:
    """Draw labels with runs and scores, half the time with ties."""
    rows = int(generator.integers(2, most_rows))
    change = generator.uniform(0.05, 0.6)
    truth = (np.cumsum(generator.random(rows) < change) + generator.integers(2)) % 2 == 1
    score = generator.random(rows)
    if generator.random() < 0.5:
        score = np.floor(score * generator.integers(1, rows + 1))
    return truth, score
