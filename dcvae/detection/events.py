"""Events: uninterrupted runs of rows in alarm, with the series of each in the order they began it.

These are the runs that metrics count as alarms. Rows after a gap longer than `max_gap` have no
score for the length of a window, so that no event crosses such a gap; single lost rows interrupt
none.

An alarm begins late, as the score averages rows, and is held on after its cause. Start and end of
an event are those of the fault: the first and the last row that by itself is beyond the limit.

A lasting change of level is the same data as an incident until it has lasted for `alarm_longest`.
Then it is an event of its own kind, if the new level is steady.

An event has its times, its length, its strength and direction, and its series: ranked by how early
they left their band and, among those that left it in the same row, by how far out they got. Where
the system is in alarm though every cell is within its band, as when many are a little off, the cell
nearest to the edge of its band stands for the event.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, IntArray, Segments, segments
from dcvae.detection.faults import describe_alarms, find_faults
from dcvae.detection.result import Detection

COLUMNS = (
    "event",
    "kind",
    "start",
    "end",
    "rows",
    "duration_seconds",
    "alarm_start",
    "alarm_end",
    "ended",
    "times_limit",
    "peak_score",
    "reference",
    "peak_time",
    "peak_series",
    "peak_strength",
    "direction",
    "began_with",
    "actual",
    "expected",
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
    "actual",
    "expected",
)


class Events(NamedTuple):
    """The events of a file, in time order.

    Attributes:
        table: one line per event, `COLUMNS`: number from 1; kind; times of the first and the last
            row of the fault; its rows; its duration in seconds, the last row's sampling step
            included; times of the first and the last row in alarm, and why it ended; the largest
            relative score, in times the limit and as it is, and the references that it was held
            against, in times the trained ones (all NaN where series decide); time, series,
            strength (sigmas from what was expected, >= 0) and direction ("up" or "down") of the
            strongest cell; the series that began it, and what was measured and expected there in
            the strongest cell of its first run of flagged rows, data units; number of series
            outside their bands, or 1 if only the nearest to its edge is named; their names as a
            list, ranked.
        series: one line per event and series, `SERIES_COLUMNS`: the ranking in full;
            `delay_seconds` counts from the start of the event.
    """

    table: pd.DataFrame
    series: pd.DataFrame

    def since(self, time: pd.Timestamp | None) -> "Events":
        """Return the events that are on at a time or later, numbered anew; all of them for None."""
        if time is None or not len(self.table):
            return self
        table = self.table[self.table["alarm_end"] >= time]
        number = {event: new for new, event in enumerate(table["event"], start=1)}
        series = self.series[self.series["event"].isin(list(number))]
        return Events(
            table.assign(event=table["event"].map(number)).reset_index(drop=True),
            series.assign(event=series["event"].map(number)).reset_index(drop=True),
        )


def find_events(detection: Detection, step_seconds: float) -> Events:
    """Find the events of a file.

    Args:
        detection: flags and alarms of the scored rows.
        step_seconds: sampling step in seconds, which the last row of an event is taken to last.

    Returns:
        The events in time order; both tables are empty without any.

    Examples:
        Six rows of one series, expected at 0 with a sigma of 1; two rows leave a band of 3 sigmas.

        >>> from dcvae.data import Preprocessor
        >>> from dcvae.detection import Alphas, DetectionBuilder, SystemAlarm, Thresholds
        >>> from dcvae.scoring import Scores
        >>> times = pd.date_range("2024-01-01", periods=6, freq="5min")
        >>> frame = pd.DataFrame({"flow": [0.0, 0.0, 4.0, 5.0, 0.0, 0.0]}, times)
        >>> units = Preprocessor(("flow",), (0,), (1,), None, "training", None, (0,), (None,))
        >>> inputs = units.transform(frame, np.zeros(6, dtype=bool))
        >>> thresholds = Thresholds(Alphas.default(["flow"], 3.0), SystemAlarm.published(1))
        >>> builder = DetectionBuilder(frame, inputs, thresholds, units, latent_size=1)
        >>> zero = np.zeros((6, 1), dtype=np.float32)
        >>> builder.add(Scores(mean=zero, sigma=zero + 1, error=inputs.values, latent=zero))
        >>> events = find_events(builder.build(offline=np.zeros(6)), step_seconds=300.0)
        >>> event = events.table.iloc[0]
        >>> str(event["start"]), float(event["duration_seconds"]), float(event["peak_strength"])
        ('2024-01-01 00:10:00', 600.0, 5.0)
        >>> event["began_with"], float(event["actual"]), float(event["expected"])
        ('flow', 5.0, 0.0)
    """
    times = detection.times
    found = segments(detection.alarm)
    faults = find_faults(detection, found)
    # From the first row of the fault to the last in alarm; no row is of two events.
    before = np.append(0, found.stops[:-1]) if len(found.stops) else found.stops
    spans = Segments(np.maximum(np.minimum(faults.starts, found.starts), before), found.stops)
    starts = times[faults.starts]
    # One series at a time, as a table of all flagged cells could double the memory.
    lines = pd.concat(
        [_lines_of_series(detection, column, spans) for column in range(len(detection.series))]
    )
    without = np.setdiff1d(np.arange(len(starts)), lines["event"].to_numpy() - 1)
    lines = pd.concat([lines, _lines_within_bands(detection, found, without)])
    lines["delay_seconds"] = (lines["first_time"] - starts[lines["event"] - 1]).dt.total_seconds()
    lines = lines.sort_values(
        ["event", "first_time", "peak_strength"], ascending=[True, True, False], kind="stable"
    )
    lines["rank"] = lines.groupby("event").cumcount() + 1
    lines = lines.reset_index(drop=True)
    table = _event_table(lines, times[faults.starts], times[faults.stops - 1], step_seconds)
    table["rows"] = faults.stops - faults.starts
    table["alarm_start"] = times[found.starts]
    table["alarm_end"] = times[found.stops - 1]
    for name, values in describe_alarms(detection, found).items():
        table[name] = values
    return Events(table[list(COLUMNS)], lines[list(SERIES_COLUMNS)])


def order_of_call(table: pd.DataFrame) -> IntArray:
    """Order events by how much they are worth a call.

    Incidents before changes of level; among them by how far the score went beyond the limit, which
    weighs all series that were strange at once, and by the strongest cell where series decide.

    Args:
        table: `Events.table`.

    Returns:
        (events,) int64, row numbers of the table, the first to call for first.
    """
    strength = table["times_limit"].fillna(-np.inf).to_numpy()
    shift = (table["kind"] != "incident").to_numpy()
    return np.lexsort((-table["peak_strength"].to_numpy(), -strength, shift))


def _lines_of_series(detection: Detection, column: int, found: Segments) -> pd.DataFrame:
    """Make one line per event in which a series is outside its band, in time order."""
    rows = np.flatnonzero(detection.flags[:, column] & _within(found, len(detection.flags)))
    residual = detection.residual[rows, column].astype(np.float64)
    strength = np.abs(residual)
    event = np.searchsorted(found.starts, rows, side="right") - 1
    begins = np.flatnonzero(np.diff(event, prepend=-1))
    counts = np.diff(begins, append=len(rows))
    # The strongest cell of each event, the earlier one on ties: last in this order.
    order = np.lexsort((-rows, strength, event))
    peaks = order[begins + counts - 1]
    # Likewise of the first run alone: what a series does later may be of another fault.
    run = np.cumsum((np.diff(rows, prepend=-2) != 1) | (np.diff(event, prepend=-1) != 0))
    of_first = np.where(run == np.repeat(run[begins], counts), strength, -1.0)
    first = np.lexsort((-rows, of_first, event))[begins + counts - 1]
    times = detection.times
    return pd.DataFrame(
        {
            "event": event[begins] + 1,
            "series": np.full(len(begins), detection.series[column], dtype=object),
            "first_time": times[rows[begins]],
            "flagged_rows": counts,
            "peak_time": times[rows[peaks]],
            "peak_strength": strength[peaks],
            "direction": np.where(residual[peaks] > 0, "up", "down"),
            "actual": detection.frame.iloc[rows[peaks], column].to_numpy(),
            "expected": detection.expected(column, rows[peaks])[0],
            "first_actual": detection.frame.iloc[rows[first], column].to_numpy(),
            "first_expected": detection.expected(column, rows[first])[0],
        }
    )


def _within(found: Segments, num_rows: int) -> BoolArray:
    """Return which rows are within one of these runs, (rows,) bool."""
    change = np.zeros(num_rows + 1, dtype=np.int64)
    change[found.starts] += 1
    np.subtract.at(change, found.stops, 1)
    inside: BoolArray = np.cumsum(change[:-1]) > 0
    return inside


def _lines_within_bands(detection: Detection, found: Segments, events: IntArray) -> pd.DataFrame:
    """Make one line, of the cell nearest to the edge of its band, per event without flags."""
    lines, frame = [], detection.frame.to_numpy()
    for event in events:  # seldom many
        rows = slice(found.starts[event], found.stops[event])
        residual = detection.residual[rows].astype(np.float64)
        beyond = np.maximum(residual - detection.alphas.up, -residual - detection.alphas.down)
        beyond[np.isnan(beyond)] = -np.inf
        row, column = np.unravel_index(int(np.argmax(beyond)), beyond.shape)
        peak = int(found.starts[event] + row)
        expected = detection.expected(int(column), np.array([peak]))[0][0]
        lines.append(
            {
                "event": event + 1,
                "series": detection.series[column],
                "first_time": detection.times[found.starts[event]],
                "flagged_rows": 0,
                "peak_time": detection.times[peak],
                "peak_strength": abs(residual[row, column]),
                "direction": "up" if residual[row, column] > 0 else "down",
                **dict.fromkeys(("actual", "first_actual"), frame[peak, column]),
                **dict.fromkeys(("expected", "first_expected"), expected),
            }
        )
    return pd.DataFrame(lines)


def _event_table(
    lines: pd.DataFrame,
    starts: pd.DatetimeIndex,
    ends: pd.DatetimeIndex,
    step_seconds: float,
) -> pd.DataFrame:
    """Make one line per event from those of its series."""
    strongest = lines.sort_values(
        ["event", "peak_strength", "peak_time"], ascending=[True, False, True], kind="stable"
    ).drop_duplicates("event")
    table = pd.DataFrame(
        {
            "event": np.arange(1, len(starts) + 1),
            "start": starts,
            "end": ends,
            "duration_seconds": (ends - starts).total_seconds() + step_seconds,
        }
    )
    for name in ("peak_time", "peak_strength", "direction"):
        table[name] = strongest[name].to_numpy()
    table["peak_series"] = strongest["series"].to_numpy()
    first = lines.drop_duplicates("event")
    table["began_with"] = first["series"].to_numpy()
    for name in ("actual", "expected"):
        table[name] = first[f"first_{name}"].to_numpy()
    ranked = lines.groupby("event", sort=True)["series"]
    table["num_series"] = ranked.size().to_numpy()
    table["series"] = pd.Series([list(names) for _, names in ranked], dtype=object)
    return table
