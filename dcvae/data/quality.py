"""Quality of rows: how far their windows were measured, and series stuck at one value.

A score is only as good as the window that it comes from. Every row with a whole window therefore
has a quality, the worst of four words that applies::

    after a gap     its window crosses a gap in time, so that its rows do not follow each other: it
                    has no score
    stale           a series has kept one value for longer than it ever did in training, and for
                    three rows at least
    partly filled   a cell of the row is missing, or more than `FILLED_SHARE` of the cells of its
                    window: the network got filled values instead of measurements
    observed        none of these

The quality of a row depends on the rows up to it alone. A missing cell is not stale; it neither
ends a run of one value nor makes it longer.

Two equal values in a row are never stale. Values have so many digits and no more, so neighbors are
equal now and then: of a series that never repeated a value in n rows of training, up to 3 / n of
the neighbors may be (the upper 95 % bound of none in n), a few in as many new rows. The share of
three in a row is the square of that, of which none is expected.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae._arrays import BoolArray, Float64Array, IntArray
from dcvae._text import shortened
from dcvae.data.windows import windows_across

AFTER_A_GAP = "after a gap"
STALE = "stale"
PARTLY_FILLED = "partly filled"
OBSERVED = "observed"
WORST_FIRST = (AFTER_A_GAP, STALE, PARTLY_FILLED, OBSERVED)

FILLED_SHARE = 0.1
"""Share of the cells of a window that may be missing in a row that counts as observed."""

_BY_CHANCE = 2  # equal values in a row that say nothing

COLUMNS = ("quality", "missing_cells", "filled_share", "missing_series", "stale_series")
_SEPARATOR = "; "


@dataclass(frozen=True, eq=False)
class Quality:
    """Quality of the rows of a file that have a whole window.

    Attributes:
        table: (rows - T + 1, `COLUMNS`) by time, one line per row: the worst word of `WORST_FIRST`
            that applies; number of missing cells in the row; share of missing cells in its window,
            0 to 1; names of the missing series, and of the stale ones, in the order of the columns.
        stale_rows: (series,) number of rows in which each series is stale, by its name.

    Examples:
        >>> import numpy as np
        >>> import pandas as pd
        >>> from dcvae.data import assess
        >>> frame = pd.DataFrame({"flow": [1.0, 2.0, 3.0, np.nan]})
        >>> quality = assess(frame, np.zeros(4, dtype=bool), [None], window_length=2)
        >>> quality.counts()
        {'after a gap': 0, 'stale': 0, 'partly filled': 1, 'observed': 2}
    """

    table: pd.DataFrame
    stale_rows: pd.Series

    def counts(self) -> dict[str, int]:
        """Count the rows of each quality.

        Returns:
            Number of rows by word, the worst first; 0 for a quality that no row has.
        """
        found = self.table["quality"].value_counts()
        return {word: int(found.get(word, 0)) for word in WORST_FIRST}

    def notices(self) -> list[str]:
        """Tell of rows after a gap, stale series and partly filled rows: one sentence each."""
        counts, total = self.counts(), len(self.table)
        notices = []
        if counts[AFTER_A_GAP]:
            notices.append(
                f"{counts[AFTER_A_GAP]:,} of {total:,} rows are not scored: their windows cross a "
                "gap longer than `max_gap`."
            )
        stale = self.stale_rows[self.stale_rows > 0].sort_values(ascending=False, kind="stable")
        if len(stale):
            named = [f"`{name}` {rows:,}" for name, rows in stale.items()]
            notices.append(
                f"Series are on one value for longer than ever in training ({len(stale)} of "
                f"{len(self.stale_rows)}, with the rows): {shortened(named)}."
            )
        if counts[PARTLY_FILLED]:
            notices.append(
                f"{counts[PARTLY_FILLED]:,} of {total:,} rows are partly filled: a cell is missing "
                f"there, or more than {FILLED_SHARE:.0%} of the cells of their windows."
            )
        return notices


def scorable(observed: BoolArray, gaps: BoolArray, window_length: int) -> BoolArray:
    """Tell which cells can have a score: observed ones whose window crosses no gap.

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


def constant_runs(values: Float64Array) -> IntArray:
    """Count, up to each row, for how many observed cells a series has kept its value.

    Args:
        values: (rows,) float64, NaN where missing.

    Returns:
        (rows,) int64: 1 where the value differs from the last observed one; 0 where it is missing.
    """
    rows = np.flatnonzero(~np.isnan(values))
    runs = np.zeros(len(values), dtype=np.int64)
    position = np.arange(len(rows))
    changes = np.ones(len(rows), dtype=bool)
    changes[1:] = values[rows[1:]] != values[rows[:-1]]
    runs[rows] = position - np.maximum.accumulate(np.where(changes, position, 0)) + 1
    return runs


def longest_constant(values: Float64Array) -> int | None:
    """Return the length of the longest run of observed cells with one value.

    Args:
        values: (rows,) float64, NaN where missing.

    Returns:
        Number of observed cells; None for a series that never changes.
    """
    seen = values[~np.isnan(values)]
    if not len(seen) or (seen == seen[0]).all():
        return None
    return int(constant_runs(values).max())


def assess(
    frame: pd.DataFrame,
    gaps: BoolArray,
    longest: Sequence[int | None],
    window_length: int,
    context_rows: int = 0,
) -> Quality:
    """Assess the quality of every row that has a whole window.

    Args:
        frame: (rows, series), data units, NaN where missing; at least `window_length` rows.
        gaps: (rows,) bool, from `after_gap`.
        longest: (series,) longest run of each series with one value in training, in observed
            cells, no less than two here; None for a series that never changed there, which is
            never stale.
        window_length: rows of a window, T.
        context_rows: how many of the first rows are of an earlier file.

    Returns:
        The quality of rows T - 1, T, ..., without those of the context.

    Examples:
        A series that kept a value for two rows at most in training is stale in the third. A
        missing cell makes every row partly filled whose window has it:

        >>> import numpy as np
        >>> import pandas as pd
        >>> from dcvae.data import assess
        >>> frame = pd.DataFrame({"flow": [1.0, 2.0, 2.0, 2.0, np.nan, 3.0]})
        >>> quality = assess(frame, np.zeros(6, dtype=bool), [2], window_length=2)
        >>> quality.table["quality"].tolist()
        ['observed', 'observed', 'stale', 'partly filled', 'partly filled']
    """
    first = window_length - 1
    missing = frame.isna().to_numpy()
    stale = np.zeros(frame.shape, dtype=bool)
    for column, limit in enumerate(longest):
        if limit is not None:
            runs = constant_runs(frame.iloc[:, column].to_numpy())
            stale[:, column] = runs > max(limit, _BY_CHANCE)
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
    earlier = max(context_rows - first, 0)
    return Quality(table.iloc[earlier:], pd.Series(stale[earlier:].sum(axis=0), frame.columns))


def _names(marks: BoolArray, series: pd.Index) -> NDArray[np.object_]:
    """Join the names of the marked series of each row.

    Rows have few different patterns, so names are joined once for each pattern.
    """
    joined: NDArray[np.object_] = np.full(len(marks), "", dtype=object)
    rows = np.flatnonzero(np.logical_or.reduce(marks, axis=1))
    packed, number = np.unique(np.packbits(marks[rows], axis=1), axis=0, return_inverse=True)
    patterns = np.unpackbits(packed, axis=1, count=marks.shape[1]).astype(bool)
    texts = np.array([_SEPARATOR.join(series[pattern]) for pattern in patterns], dtype=object)
    joined[rows] = texts[number.ravel()]
    return joined
