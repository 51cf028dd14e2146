"""Events: what an operator is told instead of thousands of flagged cells.

An event is an uninterrupted run of rows in which at least one series is outside its band. It says
when, how long, how far, in which direction and, first of all, which series began it: the series of
an event are ranked by how early they left their band and, among those that left it in the same
row, by how far out they got.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from dcvae.metrics import segments
from dcvae.verdicts import Verdicts

COLUMNS = (
    "event",
    "start",
    "end",
    "rows",
    "duration_seconds",
    "peak_time",
    "peak_series",
    "peak_strength",
    "direction",
    "num_series",
    "series",
)
SERIES_COLUMNS = (
    "event",
    "rank",
    "series",
    "first_time",
    "delay_seconds",
    "flagged_rows",
    "peak_time",
    "peak_strength",
    "direction",
)


class Events(NamedTuple):
    """The events of a file, in time order.

    Attributes:
        table: one line an event, `COLUMNS`: number from 1; times of the first and the last row;
            rows; duration in seconds, the last row's sampling step included; time, series,
            strength (sigmas beyond the edge of the band) and direction ("up" or "down") of the
            strongest cell; number of series outside their bands; their names as a list, ranked.
        series: one line for each series of each event, `SERIES_COLUMNS`: the ranking in full;
            `delay_seconds` counts from the start of the event.
    """

    table: pd.DataFrame
    series: pd.DataFrame


def find_events(verdicts: Verdicts, step_seconds: float) -> Events:
    """Find the events of a judged file.

    Args:
        verdicts: the judged rows.
        step_seconds: sampling step, which the last row of an event is taken to last.
    """
    found = segments(np.logical_or.reduce(verdicts.flags, axis=1))
    lengths = found.stops - found.starts
    # Rows of all events, one after the other, and where each event begins among them.
    event_of_row = np.repeat(np.arange(len(lengths)), lengths)
    firsts = np.cumsum(lengths) - lengths
    rows = np.arange(lengths.sum()) + np.repeat(found.starts - firsts, lengths)
    residual = verdicts.residual[rows]
    flags = verdicts.flags[rows]
    beyond = np.where(residual > 0, residual - verdicts.alphas.up, -residual - verdicts.alphas.down)

    # One line for each series of each event: its cells lie together once sorted by (event, series).
    row, column = np.nonzero(flags)
    order = np.lexsort((row, column, event_of_row[row]))
    row, column = row[order], column[order]
    event, strength = event_of_row[row], beyond[row, column]
    begins = np.flatnonzero(
        np.diff(event, prepend=-1).astype(bool) | np.diff(column, prepend=-1).astype(bool)
    )
    counts = np.diff(begins, append=len(row))
    line_of_cell = np.repeat(np.arange(len(begins)), counts)
    # The strongest cell of each line, the earlier one on ties: last after sorting by these keys.
    by_strength = np.lexsort((-row, strength, line_of_cell))
    peaks = by_strength[np.cumsum(counts) - 1]

    times = verdicts.times
    lines = pd.DataFrame(
        {
            "event": event[begins] + 1,
            "series": np.array(verdicts.series, dtype=object)[column[begins]],
            "first_time": times[rows[row[begins]]],
            "flagged_rows": counts,
            "peak_time": times[rows[row[peaks]]],
            "peak_strength": strength[peaks].astype(np.float64),
            "direction": np.where(residual[row[peaks], column[peaks]] > 0, "up", "down"),
        }
    )
    starts = times[found.starts]
    lines["delay_seconds"] = (
        lines["first_time"] - starts[lines["event"].to_numpy() - 1]
    ).dt.total_seconds()
    lines = lines.sort_values(
        ["event", "first_time", "peak_strength"], ascending=[True, True, False], kind="stable"
    )
    lines["rank"] = lines.groupby("event").cumcount() + 1
    lines = lines[list(SERIES_COLUMNS)].reset_index(drop=True)
    return Events(_event_table(lines, starts, times[found.stops - 1], lengths, step_seconds), lines)


def _event_table(
    lines: pd.DataFrame,
    starts: pd.DatetimeIndex,
    ends: pd.DatetimeIndex,
    lengths: np.ndarray,
    step_seconds: float,
) -> pd.DataFrame:
    """Sum up the lines of each event."""
    strongest = lines.sort_values(
        ["event", "peak_strength", "peak_time"], ascending=[True, False, True], kind="stable"
    ).drop_duplicates("event")
    table = pd.DataFrame(
        {
            "event": np.arange(1, len(lengths) + 1),
            "start": starts,
            "end": ends,
            "rows": lengths,
            "duration_seconds": (ends - starts).total_seconds() + step_seconds,
        }
    )
    for name in ("peak_time", "peak_strength", "direction"):
        table[name] = strongest[name].to_numpy()
    table["peak_series"] = strongest["series"].to_numpy()
    ranked = lines.groupby("event", sort=True)["series"]
    table["num_series"] = ranked.size().to_numpy()
    table["series"] = pd.Series([list(names) for _, names in ranked], dtype=object)
    return table[list(COLUMNS)]
