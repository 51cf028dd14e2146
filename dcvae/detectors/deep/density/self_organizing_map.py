"""Self-organizing map: units on a grid, neighbors on it near each other among rows (Kohonen)."""

import math
from collections.abc import Iterator

import numpy as np

from dcvae._arrays import AnyFloatArray, Float64Array, IntArray

_RATE = 0.6
_UPDATES = 8000
_MOST_UNITS_OF_SIDE = 32
_CHUNK_CELLS = 2**22  # distances that are computed at once
_TIE = 1e-12  # of squared lengths: what differs by less is equally near, but for rounding


def side_of(rows: int) -> int:
    """Return the units of a side of the grid for so many rows: √(5 √rows) / 2, from 2 to 32."""
    return min(max(int(math.sqrt(5.0 * math.sqrt(rows))) // 2, 2), _MOST_UNITS_OF_SIDE)


def fit_map(
    rows: Float64Array, side: int, random: np.random.Generator, *, radius: float | None = None
) -> Float64Array:
    """Fit a map to rows that are drawn at random, one an update.

    The unit nearest to the row, and all units of the grid within a radius of it, move towards the
    row by a rate. Rate and radius decay as 1 / (1 + 2 t / T) of the updates t of T.

    Args:
        rows: (rows, columns) float64.
        side: units of a side of the grid.
        random: draws the first places of the units among the rows, and the row of each update.
        radius: on the grid, at first; None for half a side, so that neighbors on the grid come to
            lie near each other.

    Returns:
        (side², columns) float64, places of the units: the unit in row u, column v of the grid is
        number u · side + v.
    """
    units = rows[random.integers(len(rows), size=side**2)].copy()
    if radius is None:
        radius = side / 2
    places = np.arange(side)
    # A row of the map has its units in one piece of memory.
    grid = units.reshape(side, side, -1)
    for number, row in enumerate(rows[part] for part in _drawn(len(rows), random)):
        decay = 1.0 / (1.0 + 2.0 * number / _UPDATES)
        away = units - row
        winner = int(np.argmin(np.einsum("ij,ij->i", away, away)))
        reach, across, along = radius * decay, winner // side, winner % side
        window = tuple(
            slice(max(math.ceil(place - reach), 0), math.floor(place + reach) + 1)
            for place in (across, along)
        )
        near = (
            np.add.outer((places[window[0]] - across) ** 2, (places[window[1]] - along) ** 2)
            <= reach**2
        )
        moved = grid[window]
        moved += (_RATE * decay * near)[:, :, None] * (row - moved)
    return units


def _drawn(rows: int, random: np.random.Generator) -> Iterator[int]:
    yield from random.integers(rows, size=_UPDATES).tolist()


def nearest_units(rows: AnyFloatArray, units: AnyFloatArray) -> IntArray:
    """Find the unit nearest to each row, the first of those that are equally near.

    Args:
        rows: (rows, columns) float.
        units: (units, columns) float.

    Returns:
        (rows,) int64, numbers of units.
    """
    places = units.astype(np.float64)
    lengths = np.einsum("ij,ij->i", places, places)
    nearest = np.empty(len(rows), dtype=np.int64)
    step = max(1, _CHUNK_CELLS // len(units))
    for first in range(0, len(rows), step):
        part = rows[first : first + step].astype(np.float64)
        squares = lengths - 2.0 * part @ places.T
        own = np.einsum("ij,ij->i", part, part)
        # Products are summed in another order in other company: that must not choose.
        least = squares.min(axis=1) + _TIE * (own + lengths.max())
        nearest[first : first + step] = np.argmax(squares <= least[:, None], axis=1)
    return nearest


def positions(rows: AnyFloatArray, units: AnyFloatArray) -> Float64Array:
    """Return the places on the grid of the units nearest to rows.

    Args:
        rows: (rows, columns) float.
        units: (side², columns) float, from `fit_map`.

    Returns:
        (rows, 2) float64, row and column of the grid, from 0 to 1.
    """
    side = math.isqrt(len(units))
    nearest = nearest_units(rows, units)
    return np.column_stack([nearest // side, nearest % side]) / (side - 1.0)
