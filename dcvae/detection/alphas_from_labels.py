"""Alphas from labels: the pair of each series with the best F1.

Two measures can be maximized, point-wise F1 and range-based F1 (Tatbul et al. 2018), and two
searches do it:

* `grid`: the published rule (García González et al. 2022). Both alphas run over 7, 6, .., 2 and
  the best F1 wins. On ties the pair tried last wins, which gives the narrower band: even a series
  whose F1 is 0 everywhere ends at (2, 2). The pairs are tried in the order of the published
  program: for every `alpha_up`, all `alpha_down`.
* `exact`: all real alphas >= 0. The alarms on the labeled data change only where an alpha crosses
  a residual, so an alpha stands for a cut between two neighboring residual values and is put midway
  between the lowest value that alarms and the next below it (0 where every value of the side
  alarms). A side that should raise no alarm gets the largest value seen on it, and never less than
  the default alpha. On ties the wider band wins: fewer alarms for the same F1. The pair is proven
  to be the best, point-wise by Dinkelbach's iteration and range-based by branch and bound (see
  `dcvae.detection.range_cuts.search`).

A series without a labeled anomaly keeps the default alpha on both sides.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, get_args

import numpy as np

from dcvae import _progress
from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray, Segments, segments
from dcvae.config import AlphaMeasure, AlphaSearch
from dcvae.detection.alphas import Alphas, check_names
from dcvae.detection.band import above, below, exceeds
from dcvae.detection.range_cuts.search import best_cuts
from dcvae.metrics import (
    PrecisionRecallF1,
    point_wise,
    range_based,
    range_based_from_segments,
)

GRID = np.array([7.0, 6.0, 5.0, 4.0, 3.0, 2.0])
"""The published candidates of both alphas, in sigmas, in the order in which they are tried."""

PUBLISHED_TERM = 1e-6
"""Added to the denominator of the range-based F1 in the published program. Of pairs with one F1 the
one with the higher precision + recall then has the higher value, where otherwise they tie."""


def alphas_from_labels(
    residual: Float32Array,
    truth: BoolArray,
    series: Sequence[str],
    *,
    measure: AlphaMeasure,
    search: AlphaSearch,
    default_alpha: float,
    term: float = 0.0,
) -> Alphas:
    """Find for each series alone the pair of alphas with the best F1 on labeled data.

    Args:
        residual: (rows, series) float32, `(x - mean) / sigma`; NaN where the cell was missing.
        truth: (rows, series) bool, the labels of the same rows.
        series: names of the columns.
        measure: the F1 that is maximized, "point-wise" or "range-based".
        search: the alphas that are tried, "grid" or "exact".
        default_alpha: alpha of series without a labeled anomaly, in sigmas; also the lowest alpha
            that the exact search gives a side without alarms.
        term: added to the denominator of the range-based F1; see `PUBLISHED_TERM`.

    Returns:
        The alphas, with F1, precision and recall on this data.

    Raises:
        ValueError: the shapes differ, the residual is infinite, the labels are not bool, a name
            repeats or an option is unknown.

    Examples:
        An alpha between 4.2 and 4.8 separates the labeled row; the grid has none.

        >>> residual = np.array([[0.5], [4.2], [4.8]], dtype=np.float32)
        >>> truth = np.array([[False], [False], [True]])
        >>> for search in ("grid", "exact"):
        ...     found = alphas_from_labels(
        ...         residual, truth, ["flow"], measure="point-wise", search=search, default_alpha=3
        ...     )
        ...     print(search, found.up.round(2), found.f1.round(2))
        grid [2.] [0.67]
        exact [4.5] [1.]
    """
    check_names(series)
    _check_labeled_residual(residual, truth, len(series))
    find = _search_for(measure, search)

    alphas = Alphas.default(series, default_alpha)
    method = list(alphas.method)
    labeled = np.flatnonzero(truth.any(axis=0))
    for index in _progress.counted(labeled, "searching alphas by labels", len(labeled)):
        # Contiguous columns: each is read many times.
        column = np.ascontiguousarray(residual[:, index], dtype=np.float32)
        labels = np.ascontiguousarray(truth[:, index])
        alphas.down[index], alphas.up[index] = find(column, labels, default_alpha, term)
        alarms = exceeds(column, alphas.down[index], alphas.up[index])
        if measure == "point-wise":
            result = point_wise(labels, alarms)
        else:
            result = _with_term(range_based(labels, alarms), term)
        alphas.precision[index], alphas.recall[index], alphas.f1[index] = result
        alphas.labeled_rows[index] = np.count_nonzero(labels)
        method[index] = f"{search} {measure}"
    return replace(alphas, method=tuple(method))


class _Pair(NamedTuple):
    """The two alphas of one series, in sigmas."""

    down: float
    up: float


_FindPair = Callable[[Float32Array, BoolArray, float, float], _Pair]


def _search_for(measure: str, search: str) -> _FindPair:
    searches: dict[tuple[str, str], _FindPair] = {
        ("point-wise", "grid"): _grid_point_wise,
        ("range-based", "grid"): _grid_range_based,
        ("point-wise", "exact"): _exact_point_wise,
        ("range-based", "exact"): _exact_range_based,
    }
    if (measure, search) not in searches:
        raise ValueError(
            f"`measure` must be one of {', '.join(get_args(AlphaMeasure))} and `search` one of "
            f"{', '.join(get_args(AlphaSearch))}. Received: measure={measure!r}, search={search!r}."
        )
    return searches[measure, search]


def _grid_point_wise(
    residual: Float32Array, truth: BoolArray, _default_alpha: float, _term: float
) -> _Pair:
    """Try the published pairs, point-wise.

    No cell can be above and below at once, so counts are taken once per side and alpha, and those
    of the 36 pairs are sums.
    """
    alarms_down = below(residual, GRID[:, np.newaxis])  # (alphas, rows)
    alarms_up = above(residual, GRID[:, np.newaxis])
    alarms = np.add.outer(_count_rows(alarms_down), _count_rows(alarms_up))  # (down, up)
    hits = np.add.outer(_count_rows(alarms_down & truth), _count_rows(alarms_up & truth))
    return _last_best_of_grid(2 * hits / (np.count_nonzero(truth) + alarms))


def _count_rows(masks: BoolArray) -> IntArray:
    """Count the True rows of each mask: (masks, rows) -> (masks,)."""
    counts: IntArray = np.sum(masks, axis=1, dtype=np.int64)
    return counts


def _grid_range_based(
    residual: Float32Array, truth: BoolArray, _default_alpha: float, term: float
) -> _Pair:
    """Try the published pairs, range-based."""
    labeled = segments(truth)
    f1 = [[_range_based_f1(residual, labeled, down, up, term) for up in GRID] for down in GRID]
    return _last_best_of_grid(np.array(f1))


def _last_best_of_grid(f1: Float64Array) -> _Pair:
    """Return the last of the best pairs: f1 is (down, up), both in the order of `GRID`.

    The order is the published program's: for every alpha_up, all alpha_down.
    """
    last = f1.size - 1 - int(np.argmax(f1.T.ravel()[::-1]))
    up, down = divmod(last, GRID.size)
    return _Pair(float(GRID[down]), float(GRID[up]))


def _range_based_f1(
    residual: Float32Array, truth: Segments, down: float, up: float, term: float
) -> float:
    alarms = segments(exceeds(residual, down, up))
    return _with_term(range_based_from_segments(truth, alarms), term).f1


def _with_term(result: PrecisionRecallF1, term: float) -> PrecisionRecallF1:
    """Return a result whose F1 has a term in its denominator; without one, the same result."""
    if not term:
        return result
    precision, recall, _ = result
    return PrecisionRecallF1(
        precision, recall, 2 * precision * recall / (precision + recall + term)
    )


class _Side(NamedTuple):
    """The cells on one side of the mean, as distances from it in sigmas.

    scores: (cells,) float32 > 0, ascending. labeled: those among them that are labeled anomalous.
    """

    scores: Float32Array
    labeled: Float32Array


def _sides(residual: Float32Array, truth: BoolArray) -> tuple[_Side, _Side]:
    """Split a series into the cells below and above the mean; NaN and 0 belong to neither."""
    return _side(-residual, truth), _side(residual, truth)


def _side(scores: Float32Array, truth: BoolArray) -> _Side:
    here = scores > 0
    return _Side(np.sort(scores[here]), np.sort(scores[here & truth]))


def _silent_alpha(side: _Side, default_alpha: float) -> float:
    """Return the alpha of a side without alarms: its largest value, and at least the default.

    New data may alarm above it, and should: no such value was seen here.
    """
    largest = float(side.scores[-1]) if side.scores.size else 0.0
    return max(largest, default_alpha)


def _alpha_under(side: _Side, lowest: np.float32) -> float:
    """Return the alpha at which `lowest`, a value of this side, is the lowest to alarm."""
    rank = int(np.searchsorted(side.scores, lowest, side="left"))
    return _midway(side.scores[rank - 1] if rank else np.float32(0.0), lowest)


def _midway(quiet: np.float32, lowest: np.float32) -> float:
    """Return the alpha between the highest quiet value and the lowest that alarms.

    It is a float32, so that comparing in 32 or in 64 bits splits the cells alike. Where no float32
    lies between the two, the quiet one itself serves: alarms are strictly above alpha.
    """
    middle = np.float32((float(quiet) + float(lowest)) / 2)
    return float(middle if middle < lowest else quiet)


class _Cuts(NamedTuple):
    """The ways to cut one side that can be optimal, from no alarms to most.

    lowest: (cuts - 1,) float32, the lowest value to alarm; the first cut, no alarms, has none.
    hits: (cuts,) int64, alarms that are labeled. alarms: (cuts,) int64.
    """

    lowest: Float32Array
    hits: IntArray
    alarms: IntArray


def _cuts(side: _Side) -> _Cuts:
    """List the cuts just below labeled values: those between only add false alarms."""
    lowest = np.unique(side.labeled)[::-1]
    return _Cuts(lowest, _count_from(side.labeled, lowest), _count_from(side.scores, lowest))


def _count_from(ascending: Float32Array, lowest: Float32Array) -> IntArray:
    """Count the values >= each of `lowest`, after a leading 0 for the cut without alarms."""
    counts = ascending.size - np.searchsorted(ascending, lowest, side="left")
    return np.concatenate([[0], counts]).astype(np.int64)


def _exact_point_wise(
    residual: Float32Array, truth: BoolArray, default_alpha: float, _term: float
) -> _Pair:
    """Find the best point-wise F1 over all real alphas >= 0, by Dinkelbach's iteration.

    F1 = 2 (TP_down + TP_up) / (P + N_down + N_up), with N the alarms and P the labels. For a value
    v = a / b, some pair beats v exactly if max 2 b TP - a N over both sides exceeds a P, and that
    maximum is taken on each side alone. Moving v to the F1 of the maximizing pair climbs to the
    global optimum in a handful of steps. All numbers are whole, so nothing is lost to rounding.

    At the optimal v the best pairs are exactly those that are maximal on each side, so taking the
    first maximum of each side, the one with the fewest alarms, settles ties.
    """
    sides = _sides(residual, truth)
    cuts = [_cuts(side) for side in sides]
    num_labels = int(np.count_nonzero(truth))
    numerator, denominator = 0, 1
    while True:
        picks = [int(np.argmax(2 * denominator * c.hits - numerator * c.alarms)) for c in cuts]
        hits = sum(int(c.hits[pick]) for c, pick in zip(cuts, picks, strict=True))
        alarms = sum(int(c.alarms[pick]) for c, pick in zip(cuts, picks, strict=True))
        if 2 * hits * denominator <= numerator * (num_labels + alarms):
            break
        numerator, denominator = 2 * hits, num_labels + alarms
    down, up = (
        _alpha_under(side, c.lowest[pick - 1]) if pick else _silent_alpha(side, default_alpha)
        for side, c, pick in zip(sides, cuts, picks, strict=True)
    )
    return _Pair(down, up)


def _exact_range_based(
    residual: Float32Array, truth: BoolArray, default_alpha: float, term: float
) -> _Pair:
    """Find the best range-based F1 over all real alphas >= 0."""
    return _Pair(
        *(
            max(float(cut.quiet), default_alpha)
            if cut.lowest is None
            else _midway(cut.quiet, cut.lowest)
            for cut in best_cuts(residual, truth, term)
        )
    )


def _check_labeled_residual(residual: Float32Array, truth: BoolArray, num_series: int) -> None:
    if residual.ndim != 2 or residual.shape != truth.shape or residual.shape[1] != num_series:
        raise ValueError(
            "`residual` and `truth` must both be (rows, series) with one column for each of the "
            f"{num_series} series. Received: {residual.shape} and {truth.shape}. "
            "Align the labels with the scored rows first."
        )
    if truth.dtype != np.bool_:
        raise ValueError(
            f"`truth` must be a bool array. Received: dtype {truth.dtype}. "
            "Pass `labels == 1` if it holds 0 and 1."
        )
    if np.isinf(residual).any():
        row, column = np.argwhere(np.isinf(residual))[0]
        raise ValueError(
            "`residual` must be finite, or NaN where a cell is missing. "
            f"Received: {residual[row, column]} in row {row}, column {column}. "
            "Check the sigma that it was divided by."
        )
