"""Events: what an operator is told instead of thousands of flagged cells.

An event is an uninterrupted run of rows in which the system is in alarm; a gap in time, longer than
a step and a half, interrupts it. It says when, how long, how far, in which direction and, first of
all, which series began it: the series of an event are ranked by how early they left their band and,
among those that left it in the same row, by how far out they got. Where the system is in alarm
though every cell is within its band, as when many are a little off, the cell nearest to leaving
stands for the event.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from dcvae.detection.result import Verdicts
from dcvae.metrics.range_based import IntArray, Segments, segments

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
            strength (sigmas beyond the edge of the band, below 0 within it) and direction ("up" or
            "down") of the strongest cell; number of series outside their bands, or 1 if only the
            nearest to it is named; their names as a list, ranked.
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
    times = verdicts.times
    found = _runs(verdicts, step_seconds)
    starts = times[found.starts]
    # One series at a time: a table of all flagged cells could be as large as all else together.
    lines = pd.concat(
        [_lines_of_series(verdicts, column, found) for column in range(len(verdicts.series))]
    )
    without = np.setdiff1d(np.arange(len(starts)), lines["event"].to_numpy() - 1)
    lines = pd.concat([lines, _lines_within_bands(verdicts, found, without)])
    lines["delay_seconds"] = (lines["first_time"] - starts[lines["event"] - 1]).dt.total_seconds()
    lines = lines.sort_values(
        ["event", "first_time", "peak_strength"], ascending=[True, True, False], kind="stable"
    )
    lines["rank"] = lines.groupby("event").cumcount() + 1
    lines = lines[list(SERIES_COLUMNS)].reset_index(drop=True)
    lengths = found.stops - found.starts
    return Events(_event_table(lines, starts, times[found.stops - 1], lengths, step_seconds), lines)


def _runs(verdicts: Verdicts, step_seconds: float) -> Segments:
    """Find the runs of rows in alarm, divided where rows are missing."""
    alarm = verdicts.alarm
    steps = np.diff(verdicts.times).astype("timedelta64[us]").astype(np.int64) / 1e6
    after_gap = np.flatnonzero(steps > 1.5 * step_seconds) + 1
    borders = after_gap[alarm[after_gap] & alarm[after_gap - 1]]
    whole = segments(alarm)
    return Segments(
        np.sort(np.concatenate([whole.starts, borders])),
        np.sort(np.concatenate([whole.stops, borders])),
    )


def _lines_of_series(verdicts: Verdicts, column: int, found: Segments) -> pd.DataFrame:
    """One line for each event in which a series is outside its band, in time order."""
    rows = np.flatnonzero(verdicts.flags[:, column] & verdicts.alarm)
    residual = verdicts.residual[rows, column].astype(np.float64)
    up, down = verdicts.alphas.up[column], verdicts.alphas.down[column]
    strength = np.where(residual > 0, residual - up, -residual - down)
    event = np.searchsorted(found.starts, rows, side="right") - 1
    begins = np.flatnonzero(np.diff(event, prepend=-1))
    counts = np.diff(begins, append=len(rows))
    # The strongest cell of each event, the earlier one on ties: last in this order.
    order = np.lexsort((-rows, strength, event))
    peaks = order[begins + counts - 1]
    times = verdicts.times
    return pd.DataFrame(
        {
            "event": event[begins] + 1,
            "series": np.full(len(begins), verdicts.series[column], dtype=object),
            "first_time": times[rows[begins]],
            "flagged_rows": counts,
            "peak_time": times[rows[peaks]],
            "peak_strength": strength[peaks],
            "direction": np.where(residual[peaks] > 0, "up", "down"),
        }
    )


def _lines_within_bands(verdicts: Verdicts, found: Segments, events: IntArray) -> pd.DataFrame:
    """One line, that of the cell nearest to leaving its band, for each event without another."""
    lines = []
    for event in events:  # seldom many
        rows = slice(found.starts[event], found.stops[event])
        residual = verdicts.residual[rows].astype(np.float64)
        strength = np.maximum(residual - verdicts.alphas.up, -residual - verdicts.alphas.down)
        strength[np.isnan(strength)] = -np.inf
        row, column = np.unravel_index(int(np.argmax(strength)), strength.shape)
        lines.append(
            {
                "event": event + 1,
                "series": verdicts.series[column],
                "first_time": verdicts.times[found.starts[event]],
                "flagged_rows": 0,
                "peak_time": verdicts.times[found.starts[event] + row],
                "peak_strength": strength[row, column],
                "direction": "up" if residual[row, column] > 0 else "down",
            }
        )
    return pd.DataFrame(lines)


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
