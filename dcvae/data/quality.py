"""How far a row can be judged at all: gaps, missing cells, and sensors that are stuck.

A verdict is worth no more than the window that it comes from. Every judged row therefore carries
the worst of four words:

    after a gap     its window crosses a gap in time, so that its rows do not follow each other: it
                    is not judged
    stale           a series has been on one value for longer than it ever was in training
    partly filled   a cell of the row is missing, or more than `FILLED_SHARE` of its window's cells:
                    what the network saw there is not a measurement
    observed        none of these

Nothing here looks ahead: what is said of a row depends on the rows up to it alone. A missing cell
is not stale. It neither ends a stretch on one value nor makes it longer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.data.windows import windows_across

AFTER_A_GAP = "after a gap"
STALE = "stale"
PARTLY_FILLED = "partly filled"
OBSERVED = "observed"
WORST_FIRST = (AFTER_A_GAP, STALE, PARTLY_FILLED, OBSERVED)

FILLED_SHARE = 0.1
"""Share of the cells of a window that may be missing in a row that counts as observed."""

COLUMNS = ("quality", "missing_cells", "filled_share", "missing_series", "stale_series")
_SEPARATOR = "; "


@dataclass(frozen=True, eq=False)
class Quality:
    """What is known of the quality of the judged rows of a file.

    Attributes:
        table: one line a judged row, by time, `COLUMNS`: the worst word of `WORST_FIRST`; number of
            missing cells in the row; share of missing cells in its window; names of the series that
            are missing, and of those that are stale, in the order of the columns.
        stale_rows: number of rows in which each series is stale, by its name.
    """

    table: pd.DataFrame
    stale_rows: pd.Series

    def counts(self) -> dict[str, int]:
        """Count the rows of each quality, the worst first."""
        found = self.table["quality"].value_counts()
        return {word: int(found.get(word, 0)) for word in WORST_FIRST}

    def notices(self) -> list[str]:
        """Tell what is not as it should be: one sentence each."""
        counts, total = self.counts(), len(self.table)
        notices = []
        if counts[AFTER_A_GAP]:
            notices.append(
                f"{counts[AFTER_A_GAP]:,} of {total:,} rows are not judged: their windows cross a "
                "gap longer than `max_gap`."
            )
        stale = self.stale_rows[self.stale_rows > 0].sort_values(ascending=False, kind="stable")
        if len(stale):
            named = [f"`{name}` {rows:,}" for name, rows in stale.items()]
            notices.append(
                f"Series are on one value for longer than ever in training ({len(stale)} of "
                f"{len(self.stale_rows)}, with the rows): {listed(named)}."
            )
        if counts[PARTLY_FILLED]:
            notices.append(
                f"{counts[PARTLY_FILLED]:,} of {total:,} rows are partly filled: a cell is missing "
                f"there, or more than {FILLED_SHARE:.0%} of the cells of their windows."
            )
        return notices


def after_gap(
    times: pd.DatetimeIndex, step_seconds: float, max_gap: int | None
) -> NDArray[np.bool_]:
    """Tell before which rows a gap lies: a step longer than `max_gap` sampling steps.

    Steps are rounded to whole sampling steps first, as no clock is exact.

    Args:
        times: of the rows.
        step_seconds: the sampling step; 0, that of a single row, knows no gaps.
        max_gap: in sampling steps; None knows no gaps.

    Returns:
        (rows,) bool.
    """
    gaps = np.zeros(len(times), dtype=bool)
    if max_gap is not None and step_seconds > 0:
        seconds = np.diff(times.as_unit("us").asi8) / 1e6
        gaps[1:] = seconds >= (max_gap + 0.5) * step_seconds
    return gaps


def judgeable(
    observed: NDArray[np.bool_], gaps: NDArray[np.bool_], window_length: int
) -> NDArray[np.bool_]:
    """Tell which cells can be judged: they are there, and the window of their row crosses no gap.

    Args:
        observed: (rows, series) bool, cells that are not missing.
        gaps: (rows,) bool, from `after_gap`.
        window_length: rows of a window, T.

    Returns:
        (rows, series) bool. The first T - 1 rows, which have no whole window, are as in
        `observed`.
    """
    whole = np.ones(len(observed), dtype=bool)
    whole[window_length - 1 :] = ~windows_across(gaps, window_length)
    return observed & whole[:, None]


def constant_runs(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count for how many observed cells a series has been on one value, up to each row.

    Args:
        values: (rows,), NaN where missing.

    Returns:
        (rows,) int64: 1 where the value is another than the last observed one; 0 where it is
        missing.
    """
    rows = np.flatnonzero(~np.isnan(values))
    runs = np.zeros(len(values), dtype=np.int64)
    position = np.arange(len(rows))
    changes = np.ones(len(rows), dtype=bool)
    changes[1:] = values[rows[1:]] != values[rows[:-1]]
    runs[rows] = position - np.maximum.accumulate(np.where(changes, position, 0)) + 1
    return runs


def longest_constant(values: NDArray[np.float64]) -> int | None:
    """Return the longest run of observed cells on one value; None for a series with one value."""
    seen = values[~np.isnan(values)]
    if not len(seen) or (seen == seen[0]).all():
        return None
    return int(constant_runs(values).max())


def assess(
    frame: pd.DataFrame,
    gaps: NDArray[np.bool_],
    longest: Sequence[int | None],
    window_length: int,
) -> Quality:
    """Tell the quality of every judged row.

    Args:
        frame: (rows, series), data units, NaN where missing; at least `window_length` rows.
        gaps: (rows,) bool, from `after_gap`.
        longest: the longest run of each series on one value in training; None for a series that
            never changed there, which is never stale.
        window_length: rows of a window, T.
    """
    first = window_length - 1
    missing = frame.isna().to_numpy()
    stale = np.zeros(frame.shape, dtype=bool)
    for column, limit in enumerate(longest):
        if limit is not None:
            stale[:, column] = constant_runs(frame.iloc[:, column].to_numpy()) > limit
    counts = missing.sum(axis=1)
    sums = np.concatenate([[0], np.cumsum(counts)])
    share = (sums[window_length:] - sums[:-window_length]) / (window_length * frame.shape[1])
    missing, stale, counts = missing[first:], stale[first:], counts[first:]
    words = np.select(
        [
            windows_across(gaps, window_length),
            np.logical_or.reduce(stale, axis=1),
            (counts > 0) | (share > FILLED_SHARE),
        ],
        WORST_FIRST[:3],
        OBSERVED,
    )
    parts = (words, counts, share, _names(missing, frame.columns), _names(stale, frame.columns))
    table = pd.DataFrame(dict(zip(COLUMNS, parts, strict=True)), frame.index[first:])
    return Quality(table, pd.Series(stale.sum(axis=0), frame.columns))


def _names(marks: NDArray[np.bool_], series: pd.Index) -> NDArray[np.object_]:
    """Join the names of the marked series of each row; few patterns make up many rows."""
    joined: NDArray[np.object_] = np.full(len(marks), "", dtype=object)
    rows = np.flatnonzero(np.logical_or.reduce(marks, axis=1))
    packed, number = np.unique(np.packbits(marks[rows], axis=1), axis=0, return_inverse=True)
    patterns = np.unpackbits(packed, axis=1, count=marks.shape[1]).astype(bool)
    texts = np.array([_SEPARATOR.join(series[pattern]) for pattern in patterns], dtype=object)
    joined[rows] = texts[number.ravel()]
    return joined


def listed(items: list[str]) -> str:
    """List the first five items and count the rest."""
    rest = len(items) - 5
    return ", ".join(items[:5]) + (f" and {rest:,} more" if rest > 0 else "")
