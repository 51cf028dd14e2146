"""How wide the band of each series is: its two alphas, and how labels decide them.

A cell is an alarm when its residual, ``(x - mean) / sigma``, is above ``alpha_up`` or below
``-alpha_down``, strictly. That rule is written once, in ``exceeds``; the searches here and
``detection.flags`` both call it, so what was tuned is what will be run. A missing cell (NaN) is
never an alarm, but its label still counts as something that should have been found.

Two measures can be maximized, point-wise F1 and range-based F1 (Tatbul et al. 2018), and two
searches do it:

* ``grid``: the published rule (García González et al. 2022). Both alphas run over 7, 6, .., 2 and
  the best F1 wins. On ties the pair tried last wins, which gives the narrower band: even a series
  whose F1 is 0 everywhere ends at (2, 2). The pairs are tried in the order of the published
  program: for every ``alpha_up``, all ``alpha_down``.
* ``exact``: all real alphas >= 0. What an alpha does to the labeled data changes only where it
  crosses a residual, so an alpha stands for a cut between two neighboring residual values and is
  put midway between the last value that alarms and the first that does not (0 where every value
  of the side alarms). A side that should stay silent gets the largest value seen on it, and never
  less than the default alpha. On ties the wider band wins: fewer alarms for the same score.
  Point-wise, the best cut is proven to be the best; range-based, it is searched for (see
  ``_search_range_based``) and never worse than the grid's.

A series without a labeled anomaly teaches nothing: it keeps the default alpha on both sides.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, NamedTuple, Self, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from dcvae.errors import InputError
from dcvae.metrics import range_based as metrics

Measure = Literal["point-wise", "range-based"]
Search = Literal["grid", "exact"]

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

GRID = np.array([7.0, 6.0, 5.0, 4.0, 3.0, 2.0])
"""The published candidates for both alphas, in sigmas, in the order in which they are tried."""

COLUMNS = (
    "series",
    "alpha_down",
    "alpha_up",
    "f1",
    "precision",
    "recall",
    "labeled_rows",
    "method",
)
"""The columns of the table of alphas, one line a series."""

_IF_ABSENT: dict[str, float | str] = {
    "f1": math.nan,
    "precision": math.nan,
    "recall": math.nan,
    "labeled_rows": 0,
    "method": "manual",
}
"""What a table of alphas that somebody wrote by hand may leave out, and how it is then read."""


# ---------------------------------------------------------------- the rule


def above(residual: Float32Array, alpha_up: Float64Array | float) -> BoolArray:
    """Tell where a residual (sigmas) leaves the band upward; NaN never does."""
    return np.greater(residual, np.float64(alpha_up))


def below(residual: Float32Array, alpha_down: Float64Array | float) -> BoolArray:
    """Tell where a residual (sigmas) leaves the band downward; NaN never does."""
    return np.less(residual, -np.float64(alpha_down))


def exceeds(
    residual: Float32Array, alpha_down: Float64Array | float, alpha_up: Float64Array | float
) -> BoolArray:
    """Tell which cells are alarms: García González et al. 2022, the band around the mean.

    Args:
        residual: (rows,) or (rows, series) float32, in sigmas; NaN where the cell was missing.
        alpha_down: a number or (series,), in sigmas.
        alpha_up: a number or (series,), in sigmas.

    Returns:
        bool, the shape of ``residual``.
    """
    return above(residual, alpha_up) | below(residual, alpha_down)


# ---------------------------------------------------------------- what is found


@dataclass(frozen=True, eq=False)
class Alphas:
    """The band of every series, and what it scored on the labels it was learned from.

    Attributes:
        series: names, in the order of the columns of the data.
        down: (series,) float64, width of the band below the mean, in sigmas.
        up: (series,) float64, width of the band above the mean, in sigmas.
        f1: (series,) float64, NaN where the series has no labeled anomaly or it is not known.
        precision: (series,) float64, NaN likewise.
        recall: (series,) float64, NaN likewise.
        labeled_rows: (series,) int64, number of rows labeled anomalous.
        method: how each pair was found, such as "grid point-wise", or "default", or "manual".
    """

    series: tuple[str, ...]
    down: Float64Array
    up: Float64Array
    f1: Float64Array
    precision: Float64Array
    recall: Float64Array
    labeled_rows: IntArray
    method: tuple[str, ...]

    @classmethod
    def default(cls, series: Sequence[str], default_alpha: float) -> Self:
        """Give every series the same band, learned from nothing.

        Raises:
            ValueError: if a name repeats.
        """
        _check_names(series)
        unknown = np.full(len(series), np.nan)
        return cls(
            series=tuple(series),
            down=np.full(len(series), float(default_alpha)),
            up=np.full(len(series), float(default_alpha)),
            f1=unknown,
            precision=unknown.copy(),
            recall=unknown.copy(),
            labeled_rows=np.zeros(len(series), dtype=np.int64),
            method=("default",) * len(series),
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, source: str) -> Self:
        """Read the table that ``to_frame`` makes, or that people have edited or written themselves.

        Args:
            frame: one line a series, the columns of ``COLUMNS`` in any order; others are ignored.
                Only `series`, `alpha_down` and `alpha_up` must be there. Without the others, the
                scores are unknown, no row counts as labeled, and the method is "manual".
            source: the name of the file, for messages.

        Raises:
            InputError: if one of those three is missing, a name is blank or repeats, an alpha is
                not a number >= 0, a score is neither blank nor within [0, 1], a row count is not
                whole or a method is blank.
        """
        absent = [column for column in COLUMNS if column not in frame.columns]
        missing = [column for column in absent if column not in _IF_ABSENT]
        if missing:
            raise InputError(
                f"{source} must have the columns `series`, `alpha_down`, `alpha_up`. "
                f"Missing: {_quoted(missing)}. Define the alphas again, or correct the header."
            )
        frame = frame.assign(**{column: _IF_ABSENT[column] for column in absent})
        series = _texts(frame, "series", source)
        repeated = sorted({name for name in series if series.count(name) > 1})
        if repeated:
            raise InputError(
                f"{source} must have one line a series. Received more than one for "
                f"{_quoted(repeated)}. Keep one of them."
            )
        return cls(
            series=series,
            down=_column_of_alphas(frame, "alpha_down", source),
            up=_column_of_alphas(frame, "alpha_up", source),
            f1=_column_of_scores(frame, "f1", source),
            precision=_column_of_scores(frame, "precision", source),
            recall=_column_of_scores(frame, "recall", source),
            labeled_rows=_column_of_counts(frame, "labeled_rows", source),
            method=_texts(frame, "method", source),
        )

    def to_frame(self) -> pd.DataFrame:
        """Make the table of alphas: one line a series, the columns of ``COLUMNS``."""
        values = (
            self.series,
            self.down,
            self.up,
            self.f1,
            self.precision,
            self.recall,
            self.labeled_rows,
            self.method,
        )
        return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))

    def to_records(self) -> list[dict[str, str | float | None]]:
        """Plain values for JSON, one dictionary a series, None where a score is not known."""
        return [
            {str(key): None if value != value else value for key, value in line.items()}
            for line in self.to_frame().to_dict("records")
        ]

    def for_series(self, series: Sequence[str], source: str) -> Self:
        """Put the alphas in the order of the trained series, whose names they must match exactly.

        Args:
            series: the names that the model was trained with, in its order.
            source: the name of the file that the alphas came from, for messages.

        Raises:
            InputError: if a trained series has no alphas, or alphas belong to no trained series.
        """
        absent = [name for name in series if name not in self.series]
        unknown = [name for name in self.series if name not in series]
        if absent or unknown:
            raise InputError(
                f"{source} must have alphas for exactly the {len(series)} series of the model. "
                f"Missing: {_quoted(absent) or 'none'}. Unknown: {_quoted(unknown) or 'none'}. "
                "Define the alphas again with this model, or correct the column `series`."
            )
        order = [self.series.index(name) for name in series]
        return type(self)(
            series=tuple(series),
            down=self.down[order],
            up=self.up[order],
            f1=self.f1[order],
            precision=self.precision[order],
            recall=self.recall[order],
            labeled_rows=self.labeled_rows[order],
            method=tuple(self.method[index] for index in order),
        )


def alphas_from_labels(
    residual: Float32Array,
    truth: BoolArray,
    series: Sequence[str],
    *,
    measure: Measure,
    search: Search,
    default_alpha: float,
) -> Alphas:
    """Find, for each series alone, the pair of alphas with the best F1 on labeled data.

    Args:
        residual: (rows, series) float32, ``(x - mean) / sigma``; NaN where the cell was missing.
        truth: (rows, series) bool, the labels of the same rows.
        series: the names of the columns.
        measure: what F1 is made of.
        search: which alphas are tried.
        default_alpha: for series without a labeled anomaly, in sigmas; also the least that a side
            which is to stay silent gets from the exact search.

    Raises:
        ValueError: if the shapes differ, the residual is infinite, the labels are not bool, a name
            repeats or an option is unknown.
    """
    _check_names(series)
    _check_labeled_residual(residual, truth, len(series))
    find = _search_for(measure, search)
    score = metrics.point_wise if measure == "point-wise" else metrics.range_based

    alphas = Alphas.default(series, default_alpha)
    method = list(alphas.method)
    for index in np.flatnonzero(truth.any(axis=0)):
        # Contiguous columns: each is read many times.
        column = np.ascontiguousarray(residual[:, index], dtype=np.float32)
        labels = np.ascontiguousarray(truth[:, index])
        alphas.down[index], alphas.up[index] = find(column, labels, default_alpha)
        alarms = exceeds(column, alphas.down[index], alphas.up[index])
        result = score(labels, alarms)
        alphas.precision[index], alphas.recall[index], alphas.f1[index] = result
        alphas.labeled_rows[index] = np.count_nonzero(labels)
        method[index] = f"{search} {measure}"
    return replace(alphas, method=tuple(method))


class _Pair(NamedTuple):
    """The two alphas of one series, in sigmas."""

    down: float
    up: float


_FindPair = Callable[[Float32Array, BoolArray, float], _Pair]


def _search_for(measure: str, search: str) -> _FindPair:
    searches: dict[tuple[str, str], _FindPair] = {
        ("point-wise", "grid"): _grid_point_wise,
        ("range-based", "grid"): _grid_range_based,
        ("point-wise", "exact"): _exact_point_wise,
        ("range-based", "exact"): _search_range_based,
    }
    if (measure, search) not in searches:
        raise ValueError(
            f"`measure` must be one of {', '.join(get_args(Measure))} and `search` one of "
            f"{', '.join(get_args(Search))}. Received: measure={measure!r}, search={search!r}."
        )
    return searches[measure, search]


# ---------------------------------------------------------------- grid


def _grid_point_wise(residual: Float32Array, truth: BoolArray, _default_alpha: float) -> _Pair:
    """Try the published pairs, point-wise.

    No cell can be above and below at once, so counts are taken once a side and alpha and the 36
    pairs are sums of them.
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


def _grid_range_based(residual: Float32Array, truth: BoolArray, _default_alpha: float) -> _Pair:
    """Try the published pairs, range-based."""
    segments = metrics.segments(truth)
    f1 = [[_range_based_f1(residual, segments, down, up) for up in GRID] for down in GRID]
    return _last_best_of_grid(np.array(f1))


def _last_best_of_grid(f1: Float64Array) -> _Pair:
    """Take the last of the best pairs: f1 is (down, up), both in the order of ``GRID``.

    The order is the published program's: for every alpha_up, all alpha_down.
    """
    last = f1.size - 1 - int(np.argmax(f1.T.ravel()[::-1]))
    up, down = divmod(last, GRID.size)
    return _Pair(float(GRID[down]), float(GRID[up]))


def _range_based_f1(
    residual: Float32Array, truth: metrics.Segments, down: float, up: float
) -> float:
    alarms = metrics.segments(exceeds(residual, down, up))
    return metrics.range_based_from_segments(truth, alarms).f1


# ---------------------------------------------------------------- cuts between residuals


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
    """Give the alpha of a side that raises no alarm: the largest value seen, if not the default.

    New data may well alarm above it, and should: nothing like that was seen here.
    """
    largest = float(side.scores[-1]) if side.scores.size else 0.0
    return max(largest, default_alpha)


def _alpha_under(side: _Side, lowest: np.float32) -> float:
    """Give the alpha under which ``lowest``, a value of this side, is the lowest to alarm.

    It is a float32, so that comparing in 32 or in 64 bits splits the cells alike. Where no float32
    lies between two neighbors, the quiet one itself serves: alarms are strictly above alpha.
    """
    rank = int(np.searchsorted(side.scores, lowest, side="left"))
    quiet = side.scores[rank - 1] if rank else np.float32(0.0)
    middle = np.float32((float(quiet) + float(lowest)) / 2)
    return float(middle if middle < lowest else quiet)


# ---------------------------------------------------------------- exact, point-wise


class _Cuts(NamedTuple):
    """The ways to cut one side that can be optimal, from no alarms to most.

    lowest: (cuts - 1,) float32, the lowest value to alarm; the first cut, no alarms, has none.
    hits: (cuts,) int64, alarms that are labeled. alarms: (cuts,) int64.
    """

    lowest: Float32Array
    hits: IntArray
    alarms: IntArray


def _cuts(side: _Side) -> _Cuts:
    """List the cuts just under labeled values: lower ones only add false alarms until the next."""
    lowest = np.unique(side.labeled)[::-1]
    return _Cuts(lowest, _count_from(side.labeled, lowest), _count_from(side.scores, lowest))


def _count_from(ascending: Float32Array, lowest: Float32Array) -> IntArray:
    """Count the values >= each of ``lowest``, after a leading 0 for the cut without alarms."""
    counts = ascending.size - np.searchsorted(ascending, lowest, side="left")
    return np.concatenate([[0], counts]).astype(np.int64)


def _exact_point_wise(residual: Float32Array, truth: BoolArray, default_alpha: float) -> _Pair:
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


# ---------------------------------------------------------------- exact, range-based

# Together they decide how long the search takes; more of any gains little.
_NUM_TAIL_CUTS = 8
_NUM_LABELED_CUTS = 4
_NUM_FINER_CUTS = 16
_NUM_STARTS = 8


def _search_range_based(residual: Float32Array, truth: BoolArray, default_alpha: float) -> _Pair:
    """Search all real alphas for the best range-based F1, from coarse to fine.

    Range-based F1 is no sum over cells, because alarms above and below merge into one segment, so
    this is a search and no proof. A cut is known by the rank of its lowest alarming value among the
    sorted values of its side; the rank one past the last stands for no alarms. The coarse cuts of a
    side are: none, tails whose alarm counts grow geometrically, quantiles of the labeled values,
    and the cuts made by the grid's alphas and by the best point-wise one. All pairs of them are
    tried, which includes the grid: the result is never worse. Then, from each of the best few
    pairs, the two sides in turn try finer ranks around the best so far, until neither has any left.
    """
    sides = _sides(residual, truth)
    truth_segments = metrics.segments(truth)
    # The score of a pair of ranks: F1 first and, for the same F1, high ranks, which alarm less.
    known: dict[tuple[int, int], tuple[float, int]] = {}

    def alphas_at(ranks: tuple[int, int]) -> _Pair:
        down, up = (_alpha_at(s, rank, default_alpha) for s, rank in zip(sides, ranks, strict=True))
        return _Pair(down, up)

    def try_pairs(down_ranks: Sequence[int], up_ranks: Sequence[int]) -> list[tuple[int, int]]:
        """Score all pairs of the ranks given and sort them, best first."""
        pairs = list(product(down_ranks, up_ranks))
        for ranks in pairs:
            if ranks not in known:
                f1 = _range_based_f1(residual, truth_segments, *alphas_at(ranks))
                known[ranks] = (f1, sum(ranks))
        return sorted(pairs, key=known.__getitem__, reverse=True)

    point_wise = _exact_point_wise(residual, truth, default_alpha)
    down_ranks, up_ranks = map(_coarse_ranks, sides, point_wise)
    for start in try_pairs(down_ranks, up_ranks)[:_NUM_STARTS]:
        best, num_tried = start, 0
        while len(known) > num_tried:
            num_tried = len(known)
            down_ranks = _with_finer_ranks(down_ranks, best[0], sides[0])
            best = try_pairs(down_ranks, [best[1]])[0]
            up_ranks = _with_finer_ranks(up_ranks, best[1], sides[1])
            best = try_pairs([best[0]], up_ranks)[0]
    return alphas_at(max(known, key=known.__getitem__))


def _alpha_at(side: _Side, rank: int, default_alpha: float) -> float:
    if rank == side.scores.size:
        return _silent_alpha(side, default_alpha)
    return _alpha_under(side, side.scores[rank])


def _coarse_ranks(side: _Side, point_wise_alpha: float) -> list[int]:
    """List the ranks to start from, ascending, ending with the one for no alarms."""
    size = side.scores.size
    counts = np.geomspace(1, max(size, 1), _NUM_TAIL_CUTS)
    tail = size - np.minimum(np.rint(counts), size)
    places = np.linspace(0, side.labeled.size - 1, min(side.labeled.size, _NUM_LABELED_CUTS))
    labeled = np.searchsorted(side.scores, side.labeled[np.rint(places).astype(np.int64)])
    of_alphas = np.searchsorted(side.scores, np.append(GRID, point_wise_alpha), side="right")
    return _distinct_ranks(side, np.concatenate([tail, labeled, of_alphas, [size]]))


def _with_finer_ranks(ranks: list[int], best: int, side: _Side) -> list[int]:
    """Add ranks evenly between the best one and its neighbors on both sides."""
    place = ranks.index(best)
    around = ranks[max(place - 1, 0) : place + 2]
    finer = np.rint(np.linspace(around[0], around[-1], _NUM_FINER_CUTS + 2))
    return _distinct_ranks(side, np.concatenate([ranks, finer]))


def _distinct_ranks(side: _Side, ranks: Float64Array) -> list[int]:
    """Sort ranks and let each run of equal values be known by its first rank alone."""
    size = side.scores.size
    whole = ranks.astype(np.int64)
    with_end = np.append(side.scores, np.float32(np.inf))
    first = np.searchsorted(with_end, with_end[np.minimum(whole, size)], side="left")
    return [int(rank) for rank in np.unique(first)]


# ---------------------------------------------------------------- checks


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _check_names(series: Sequence[str]) -> None:
    repeated = sorted({name for name in series if list(series).count(name) > 1})
    if repeated:
        raise ValueError(
            f"`series` must name each series once. Received more than once: {_quoted(repeated)}."
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


def _line(index: int, source: str) -> str:
    """Say where a row of the table stands in its file, whose first line is the header."""
    return f"{source}, line {index + 2}"


def _texts(frame: pd.DataFrame, column: str, source: str) -> tuple[str, ...]:
    texts = []
    for index, value in enumerate(frame[column]):
        if _is_blank(value):
            raise InputError(f"{_line(index, source)}: `{column}` must not be blank. Fill it in.")
        texts.append(str(value))
    return tuple(texts)


def _column_of_alphas(frame: pd.DataFrame, column: str, source: str) -> Float64Array:
    return _numbers(
        frame,
        column,
        source,
        expected="a finite number of sigmas >= 0",
        is_valid=lambda number: math.isfinite(number) and number >= 0.0,
    )


def _column_of_scores(frame: pd.DataFrame, column: str, source: str) -> Float64Array:
    return _numbers(
        frame,
        column,
        source,
        expected="a number between 0 and 1, or blank where the series has no labeled anomaly",
        is_valid=lambda number: math.isnan(number) or 0.0 <= number <= 1.0,
    )


def _column_of_counts(frame: pd.DataFrame, column: str, source: str) -> IntArray:
    counts = _numbers(
        frame,
        column,
        source,
        expected="a whole number of rows >= 0",
        is_valid=lambda number: number >= 0.0 and number.is_integer(),
    )
    return counts.astype(np.int64)


def _numbers(
    frame: pd.DataFrame,
    column: str,
    source: str,
    *,
    expected: str,
    is_valid: Callable[[float], bool],
) -> Float64Array:
    numbers = []
    for index, value in enumerate(frame[column]):
        number = _number(value)
        if number is None or not is_valid(number):
            raise InputError(
                f"{_line(index, source)}: `{column}` must be {expected}. Received: {value}. "
                "Correct it, or define the alphas again."
            )
        numbers.append(number)
    return np.array(numbers, dtype=np.float64)


def _number(value: object) -> float | None:
    """Read one field: NaN where it is blank, None where it is no number."""
    if _is_blank(value):
        return math.nan
    if isinstance(value, bool | np.bool_):
        return None
    try:
        return float(str(value))
    except ValueError:
        return None


def _is_blank(value: object) -> bool:
    # What a blank field becomes depends on how the file was read: "", None, NaN or NA.
    if isinstance(value, str):
        return not value.strip()
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))
