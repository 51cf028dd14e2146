"""Self-organizing map, against loops over units that follow its definition."""

import math

import numpy as np
import pytest

from dcvae.detectors.deep.density import self_organizing_map
from dcvae.detectors.deep.density.self_organizing_map import (
    fit_map,
    nearest_units,
    positions,
    side_of,
)


def map_by_loops(rows: np.ndarray, side: int, seed: int, radius: float, updates: int) -> np.ndarray:
    """Fit a map unit by unit, with the same drawn rows."""
    random = np.random.default_rng(seed)
    units = [rows[number].copy() for number in random.integers(len(rows), size=side * side)]
    for t, number in enumerate(random.integers(len(rows), size=updates)):
        row = rows[number]
        distances = [((unit - row) ** 2).sum() for unit in units]
        winner = distances.index(min(distances))
        decay = 1 / (1 + 2 * t / updates)
        for unit in range(side * side):
            on_grid = math.dist(divmod(unit, side), divmod(winner, side))
            if on_grid <= radius * decay:
                units[unit] = units[unit] + 0.6 * decay * (row - units[unit])
    return np.array(units)


@pytest.mark.parametrize(("side", "radius"), [(2, 1.0), (5, 1.0), (5, 2.5), (6, 3.0)])
def test_map_is_that_of_the_definition(
    monkeypatch: pytest.MonkeyPatch, side: int, radius: float
) -> None:
    monkeypatch.setattr(self_organizing_map, "_UPDATES", 300)
    rows = np.random.default_rng(1).random((40, 3))
    found = fit_map(rows, side, np.random.default_rng(7), radius=radius)
    np.testing.assert_allclose(found, map_by_loops(rows, side, 7, radius, 300), rtol=1e-9)
    if radius == side / 2:
        by_default = fit_map(rows, side, np.random.default_rng(7))
        np.testing.assert_array_equal(by_default, found)


def test_neighbors_on_the_grid_are_near_each_other() -> None:
    rows = np.random.default_rng(1).random((500, 2))
    units = fit_map(rows, 8, np.random.default_rng(2)).reshape(8, 8, 2)
    beside = np.linalg.norm(np.diff(units, axis=1), axis=2).mean()
    across = np.linalg.norm(units[:, :4] - units[:, 4:], axis=2).mean()
    assert beside < 0.4 * across


def test_rows_are_not_changed() -> None:
    rows = np.random.default_rng(1).random((9, 2))
    before = rows.copy()
    fit_map(rows, 2, np.random.default_rng(2))
    np.testing.assert_array_equal(rows, before)


@pytest.mark.parametrize(
    ("rows", "side"), [(1, 2), (2, 2), (452, 5), (3772, 8), (494_021, 29), (10**9, 32)]
)
def test_side_grows_with_the_rows(rows: int, side: int) -> None:
    """8 and 29 are those of the program of the study, for thyroid and for KDD10."""
    assert side_of(rows) == side


def test_nearest_unit_is_that_of_the_least_distance() -> None:
    random = np.random.default_rng(3)
    rows, units = random.normal(size=(200, 4)), random.normal(size=(49, 4))
    expected = [int(np.argmin([math.dist(row, unit) for unit in units])) for row in rows]
    np.testing.assert_array_equal(nearest_units(rows, units), expected)


def test_of_equal_units_the_first_is_nearest_in_any_company(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(3)
    units = np.repeat(random.normal(size=(5, 33)), 20, axis=0)[random.permutation(100)]
    rows = random.normal(size=(301, 33))
    firsts = nearest_units(rows, units)
    for number in set(firsts.tolist()):
        assert not (units[:number] == units[number]).all(axis=1).any()
    alone = [nearest_units(row[None], units)[0] for row in rows]
    np.testing.assert_array_equal(alone, firsts)
    monkeypatch.setattr(self_organizing_map, "_CHUNK_CELLS", 700)
    np.testing.assert_array_equal(nearest_units(rows, units), firsts)


def test_positions_are_places_on_the_grid() -> None:
    units = np.arange(9.0)[:, None]
    found = positions(np.array([[-5.0], [0.4], [4.2], [5.1], [80.0]]), units)
    np.testing.assert_array_equal(found, [[0, 0], [0, 0], [0.5, 0.5], [0.5, 1], [1, 1]])
