"""Incidents in training data: rows so strange that levels and thresholds must not rest on them.

Training data are taken to be normal, and seldom are entirely. An incident that nobody labeled would
become the measure of what is normal: thresholds beyond the largest value seen would lie beyond the
incident. Such rows are found by their errors, said, and left out of what is fitted after training.

The level of a series is what its errors exceed in a tenth of the rows, which a few percent of dirt
do not move; the strangeness of a row is the mean logarithm of the three strangest series over their
levels. The middle of its distribution tells how fast it falls off, exponentially. What stands apart
from the rest by a gap that such a distribution has once in a hundred such files is not of it: the
gap below the k-th largest value, times k, is itself exponential with the same scale (Rényi 1953).
"""

import math
from collections.abc import Iterator

import numpy as np

from dcvae._arrays import BoolArray, Float32Array, Float64Array, segments
from dcvae.scoring.levels import mean_squares

_ROWS_OF_A_MEAN = 6
_SERIES = 3
_LEVEL_QUANTILE = 0.9
_MIDDLE, _HIGH = 0.5, 0.9  # quantiles between which the fall is measured
_FILES = 100.0  # of which one may have such a gap by chance
_FEWEST_ROWS = 60  # too few to tell a fall by
# More than this is no incident but how the data are, such as a backup every night.
_LARGEST_SHARE = 0.05
_FEW_STRETCHES, _MOST_STRETCHES = 5, 20
# Tails of real data fall off more slowly than that. More stretches than a few must stand apart by
# more: this share of how far the largest of the rest is from the middle.
_WIDE_GAP = 0.35
_LOWEST_LEVEL = 1e-12


def incident_rows(error: Float32Array, contamination: float | None = None) -> BoolArray:
    """Find the rows of training data that look like an incident.

    Args:
        error: (rows, series) float32, scaled; NaN where there is none.
        contamination: share of the rows, the strangest, that are taken to be anomalous; None finds
            them by how far they stand out, and none if that would be more than one row in
            twenty, or many stretches.

    Returns:
        (rows,) bool.

    Examples:
        >>> error = np.random.default_rng(1).normal(size=(2000, 3)).astype(np.float32)
        >>> error[700:720] += 30
        >>> segments(incident_rows(error))
        Segments(starts=array([700]), stops=array([720]))
        >>> int(incident_rows(error, contamination=0.02).sum())
        40
    """
    strange = _strangeness(error)
    known = np.isfinite(strange)
    found = np.zeros(len(error), dtype=bool)
    if contamination is not None:
        count = round(contamination * np.count_nonzero(known))
        if count:
            order = np.argsort(np.where(known, strange, -np.inf), kind="stable")
            found[order[-count:]] = True
        return found
    if np.count_nonzero(known) < _FEWEST_ROWS:
        return found
    # Neighbors share five of six rows: of each six the largest.
    blocks = np.fmax.reduceat(strange, np.arange(0, len(strange), _ROWS_OF_A_MEAN))
    alone = _strangeness(error, rows=1)
    usual = float(np.quantile(strange[known], _HIGH))
    for limit, is_wide in _limits(np.sort(blocks[np.isfinite(blocks)])[::-1]):
        with np.errstate(invalid="ignore"):
            # What follows an incident within the mean is strange by its rows, not by its own.
            beyond = (strange > limit) & (alone > usual)
        starts = segments(beyond).starts
        stretches = np.count_nonzero(np.diff(starts, prepend=-math.inf) > _FEWEST_ROWS)
        few = np.count_nonzero(beyond) <= _LARGEST_SHARE * np.count_nonzero(known)
        if few and stretches <= (_MOST_STRETCHES if is_wide else _FEW_STRETCHES):
            return beyond
    return found


def _limits(ordered: Float64Array) -> Iterator[tuple[float, bool]]:
    """Yield the middles of gaps that the largest values leave below them, the lowest first.

    Args:
        ordered: (blocks,) float64, descending.

    Yields:
        A limit, and whether the gap is a wide one.
    """
    middle, high = np.quantile(ordered, [_MIDDLE, _HIGH])
    scale = (high - middle) / math.log((1 - _MIDDLE) / (1 - _HIGH))
    # A few rows may touch twice as many blocks; that they are few is seen from the rows.
    most = min(max(int(2 * _LARGEST_SHARE * len(ordered)), 1), len(ordered) - 1)
    rest = ordered[1 : most + 1]
    gaps = ordered[:most] - rest
    apart = np.arange(1, most + 1) * gaps > scale * math.log(_FILES * most)
    for lowest in np.flatnonzero(apart)[::-1]:
        is_wide = gaps[lowest] > _WIDE_GAP * (rest[lowest] - middle)
        yield float(rest[lowest] + gaps[lowest] / 2), bool(is_wide)


def _strangeness(error: Float32Array, rows: int = _ROWS_OF_A_MEAN) -> Float64Array:
    """Return the mean logarithm of 1 + squares over level, of the strangest series, (rows,)."""
    squares = mean_squares(error, rows)
    known = ~np.isnan(squares).all(axis=0)
    if not known.any():
        return np.full(len(error), np.nan)
    squares = squares[:, known]
    level = np.maximum(np.nanquantile(squares, _LEVEL_QUANTILE, axis=0), _LOWEST_LEVEL)
    with np.errstate(divide="ignore"):
        logs = np.log1p(squares / level)
    nothing = np.isnan(logs).all(axis=1)
    logs[np.isnan(logs)] = 0.0
    count = min(_SERIES, logs.shape[1])
    strange: Float64Array = np.partition(logs, logs.shape[1] - count, axis=1)[:, -count:].mean(
        axis=1
    )
    strange[nothing] = np.nan
    return strange


def incident_notice(rows: BoolArray, first_row: int) -> str:
    """Say which rows look like an incident; "" if none does.

    Args:
        rows: (rows,) bool, from `incident_rows`.
        first_row: number of its first row in the file, from 1.

    Examples:
        >>> incident_notice(np.array([False, True, True, False]), first_row=64)
        'Rows 65-66 of the training data look like an incident: they are left out.'
    """
    found = segments(rows)
    runs = list(zip(found.starts + first_row, found.stops + first_row - 1, strict=True))
    if not runs:
        return ""
    shown = ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs[:5])
    more = f" and {len(runs) - 5} more stretches" if len(runs) > 5 else ""
    verb = "looks" if len(runs) == 1 and runs[0][0] == runs[0][1] else "look"
    return (
        f"Row{'' if verb == 'looks' else 's'} {shown}{more} of the training data {verb} like an "
        f"incident: {'it is' if verb == 'looks' else 'they are'} left out."
    )
