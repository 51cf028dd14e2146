"""Planted faults in normal rows, by which detectors are compared without labels."""

from dataclasses import replace

import numpy as np

from dcvae._arrays import BoolArray, Float32Array
from dcvae.data import ModelInput

_APART = 4  # rows from one fault to the next, in longest faults
_MOST_FAULTS = 60
_SERIES = 3  # of a fault, at most
_SIZES = (0.5, 3.0)  # of a shift, in standard deviations of training


def with_planted_faults(
    inputs: ModelInput, window_length: int, seed: int
) -> tuple[ModelInput, BoolArray]:
    """Plant faults in a table that is taken to be normal.

    Each lasts up to half a window, in up to three series: a shift, a ramp, a value that stays,
    noise, or rows of another time in place of its own.

    Args:
        inputs: the table.
        window_length: rows of a window, T.
        seed: seed of places, kinds and sizes.

    Returns:
        The table with faults, and (rows,) bool, the rows of faults.
    """
    values, random = inputs.values.copy(), np.random.default_rng(seed)
    longest = max(window_length // 2, 3)
    truth = np.zeros(len(values), dtype=bool)
    moving = np.flatnonzero(values.std(axis=0) > 1e-6)
    starts = np.arange(window_length, len(values) - longest, _APART * longest)
    if len(starts) > _MOST_FAULTS:
        starts = starts[np.linspace(0, len(starts) - 1, _MOST_FAULTS).astype(int)]
    for number, start in enumerate(starts if len(moving) else ()):
        rows = slice(start, start + int(random.integers(3, longest + 1)))
        count = int(random.integers(1, min(_SERIES, len(moving)) + 1))
        for column in random.choice(moving, count, replace=False):
            values[rows, column] = _fault(inputs.values, rows, column, number % 5, random)
        truth[rows] = True
    return replace(inputs, values=values, far=None), truth


def _fault(
    values: Float32Array, rows: slice, column: int, kind: int, random: np.random.Generator
) -> Float32Array:
    """Return what a series shows in place of its values while a fault lasts."""
    own = values[rows, column].astype(np.float64)
    size = float(random.uniform(*_SIZES) * random.choice([-1.0, 1.0]))
    if kind == 0:
        own += size
    elif kind == 1:
        own += size * np.linspace(0.0, 1.0, len(own))
    elif kind == 2:
        own[:] = values[rows.start - 1, column]
    elif kind == 3:
        own += random.normal(0.0, abs(size), len(own))
    else:
        other = int(random.integers(0, len(values) - len(own) + 1))
        own = values[other : other + len(own), column].astype(np.float64)
    return own.astype(np.float32)
