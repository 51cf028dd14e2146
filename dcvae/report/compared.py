"""Comparison of two runs: their events side by side, and what differs in metrics and settings.

Runs are read from their folders of results, so that no model is needed: two detectors on one file,
one model before and after a training, or other thresholds.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, Float64Array
from dcvae._text import duration
from dcvae.config import Settings, values_that_differ
from dcvae.errors import InputError
from dcvae.report.results_folder import SETTINGS
from dcvae.report.results_source import data_hash_in

_TIMES = ("start", "alarm_start", "alarm_end")  # columns of events.csv that are read
_NUMBERS = ("event", "rows", "duration_seconds", "times_limit")
_TEXTS = ("kind", "began_with")
_NEEDED = ("metrics.json", SETTINGS, "events.csv", "scores.csv")
_SHOWN_METRICS = "system alarm"  # the line of metrics.csv that is about the run as a whole


@dataclass(frozen=True, eq=False)
class Run:
    """A run, read from its folder of results.

    Attributes:
        folder: the folder.
        summary: content of metrics.json.
        settings: the settings it was made with.
        events: what is compared of events.csv, numbers and times parsed.
        times: (rows,), of the scored rows.
        score: (rows,) float64, `relative` of scores.csv; NaN where nothing is judged.
        reference: (rows,) float64, likewise.
        limit: what the score must exceed; NaN where series decide.
        alarm: (rows,) bool, the system is in alarm.
        not_judged: (rows,) bool.
        data_hash: SHA-256 of the scored file; None if it is not known.
    """

    folder: Path
    summary: dict[str, Any]
    settings: Settings
    events: pd.DataFrame
    times: pd.DatetimeIndex
    score: Float64Array
    reference: Float64Array
    limit: float
    alarm: BoolArray
    not_judged: BoolArray
    data_hash: str | None = None

    @property
    def verdict(self) -> str:
        """The sentence on its alarms."""
        return str(self.summary.get("verdict") or "")

    @property
    def title(self) -> str:
        """Model and file, as one names the run."""
        return f"{self.summary['model']} on {self.summary['data']}"


def read_run(folder: Path) -> Run:
    """Read a run from its folder of results.

    Args:
        folder: models/<model_name>/results/<data file>, or the folder that --results was given.

    Raises:
        InputError: it is no folder of results, or one of an earlier version, or is damaged.
    """
    if not folder.is_dir():
        raise InputError(
            f"Expected a folder of results of test.py. Received {folder}, which is "
            f"{'a file' if folder.exists() else 'not there'}: give the folder that a run names "
            "after `written:`."
        )
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"{folder} holds no results that can be compared: {missing[0]} is missing. Give the "
            "folder that test.py names after `written:`; results of an earlier version are made "
            "anew by running test.py again."
        )
    try:
        summary = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        settings = Settings.from_text(
            (folder / SETTINGS).read_text(encoding="utf-8"), str(folder / SETTINGS)
        )
        _of_system(summary)  # refused here if it has no numbers
        events = _read_events(folder / "events.csv")
        scores = pd.read_csv(folder / "scores.csv", index_col=0, parse_dates=[0])
        if (
            not len(scores)
            or not _are_times(scores.index)
            or not scores.index.is_monotonic_increasing
        ):
            raise ValueError("scores.csv has no rows in the order of time")
        limits = scores["limit"].to_numpy(dtype=np.float64)
        known = limits[np.isfinite(limits)]
        return Run(
            folder=folder,
            summary={**summary, "model": str(summary["model"]), "data": str(summary["data"])},
            settings=settings,
            events=events,
            times=pd.DatetimeIndex(scores.index),
            score=scores["relative"].to_numpy(dtype=np.float64),
            reference=scores["reference"].to_numpy(dtype=np.float64),
            limit=float(known[0]) if known.size else float("nan"),
            alarm=(scores["state"] == "alarm").to_numpy(),
            not_judged=(scores["state"] == "not judged").to_numpy(),
            data_hash=data_hash_in(folder),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(
            f"The results in {folder} are damaged ({what}). Run test.py again."
        ) from error


def _read_events(path: Path) -> pd.DataFrame:
    """Read what is compared of events.csv.

    Raises:
        ValueError: a column is missing, or a cell is none that test.py writes.
    """
    events = pd.read_csv(path, dtype="str", keep_default_na=False)
    missing = [name for name in (*_NUMBERS, *_TIMES, *_TEXTS) if name not in events.columns]
    if missing:
        raise ValueError(f"events.csv has no column `{missing[0]}`")
    events = events[[*_NUMBERS, *_TIMES, *_TEXTS]].copy()
    for name in _NUMBERS:
        events[name] = pd.to_numeric(events[name].mask(events[name] == ""))
    for name in _TIMES:
        times = pd.to_datetime(pd.Index(events[name]), format="ISO8601", errors="coerce")
        if not _are_times(times):
            raise ValueError(f"column `{name}` of events.csv has cells without a plain time")
        events[name] = times
    if events["event"].tolist() != list(range(1, len(events) + 1)):
        raise ValueError("the events of events.csv are not numbered from 1 on")
    return events


def _are_times(index: pd.Index) -> bool:
    """Return whether these are times as results have them: all known, without a zone."""
    return isinstance(index, pd.DatetimeIndex) and index.tz is None and not index.hasnans


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two runs beside each other.

    Attributes:
        first: a run.
        second: the other.
        pairs: one line per pair of events that overlap, and per event alone, in time order;
            `first` and `second`: numbers of the events, <NA> where there is none; `later_seconds`:
            by how much the alarm of the second begins later than that of the first, NaN without a
            pair.
        metrics: index: names of metrics; columns `first`, `second`; None unless both have labels.
        settings: keys that differ, with the value of the first and of the second.
    """

    first: Run
    second: Run
    pairs: pd.DataFrame
    metrics: pd.DataFrame | None
    settings: tuple[tuple[str, str, str], ...]

    def counts(self) -> dict[str, int]:
        """Return how many events are in both runs, and in one alone.

        An event is in both if one of the other run overlaps it: two of the second that lie in one
        of the first are one in both.
        """
        both = self.pairs.dropna(subset=["first", "second"])
        alone = {name: self.pairs[other].isna().sum() for name, other in _OTHERS}
        return {
            "both": int(both["first"].nunique()),
            **{name: int(number) for name, number in alone.items()},
        }

    def sentence(self) -> str:
        """Say in one sentence what the two runs agree on."""
        counts = self.counts()
        if not any(counts.values()):
            return "Neither run has an event."
        parts = [
            f"{counts['both']:,} event{'' if counts['both'] == 1 else 's'} in both",
            f"{counts['first']:,} only in the first",
            f"{counts['second']:,} only in the second",
        ]
        return f"{', '.join(parts)}."

    def events_side_by_side(self, most: int | None = None) -> list[list[str]]:
        """Return, for each pair, start and duration in both runs and who was later, in words.

        Args:
            most: of how many pairs, the first ones; None for all.
        """

        def words(run: Run, number: Any) -> list[str]:
            if pd.isna(number):
                return ["-", ""]
            event = run.events.iloc[int(number) - 1]
            return [str(event["start"]), duration(event["duration_seconds"])]

        return [
            [*words(self.first, first), *words(self.second, second), later_words(seconds)]
            for first, second, seconds in self.pairs[:most].itertuples(index=False)
        ]

    def notices(self) -> list[str]:
        """Return a notice if the two runs are known to be of different files."""
        one, other = self.first.data_hash, self.second.data_hash
        if one is None or other is None or one == other:
            return []
        return [
            "The two runs are of different files: what differs between them may be the data's, and "
            "metrics rest on different labels."
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; None where a number is not defined."""
        pairs = self.pairs.astype(object).where(self.pairs.notna(), None)
        return {
            "first": {"folder": str(self.first.folder), "run": self.first.title},
            "second": {"folder": str(self.second.folder), "run": self.second.title},
            "events": self.counts(),
            "pairs": pairs.to_dict("records"),
            "metrics": None
            if self.metrics is None
            else self.metrics.astype(object).where(self.metrics.notna(), None).to_dict("index"),
            "settings": {key: [one, other] for key, one, other in self.settings},
        }


def later_words(seconds: float) -> str:
    """Say by how much the alarm of the second run begins later than that of the first.

    Examples:
        >>> later_words(300.0), later_words(0.0), later_words(float("nan"))
        ('5 min later', 'at the same time', '')
    """
    if np.isnan(seconds):
        return ""
    if seconds == 0:
        return "at the same time"
    return f"{duration(abs(seconds))} {'later' if seconds > 0 else 'earlier'}"


_OTHERS = (("first", "second"), ("second", "first"))


def compare_runs(first: Run, second: Run) -> Comparison:
    """Put two runs beside each other.

    Raises:
        InputError: they have no time in common.
    """
    begin = max(first.times[0], second.times[0])
    end = min(first.times[-1], second.times[-1])
    if begin > end:
        raise InputError(
            f"Expected two runs of the same time. Received {first.folder}, of {first.times[0]} to "
            f"{first.times[-1]}, and {second.folder}, of {second.times[0]} to {second.times[-1]}: "
            "score one file by both models, and compare these results."
        )
    return Comparison(
        first,
        second,
        match_events(first.events, second.events),
        _metrics(first.summary, second.summary),
        values_that_differ(first.settings, second.settings),
    )


def match_events(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Find the pairs of events that overlap, and those without a partner.

    An event lasts from the start of its fault to the end of its alarm.

    Args:
        first: `event`, `start`, `alarm_start`, `alarm_end` of one run, in time order; events of one
            run do not overlap.
        second: the same of the other.

    Returns:
        See `Comparison.pairs`.

    Examples:
        >>> times = pd.date_range("2024-01-01", periods=9, freq="h")
        >>> def events(*spans):
        ...     starts, ends = times[[a for a, _ in spans]], times[[b for _, b in spans]]
        ...     numbers = range(1, len(spans) + 1)
        ...     return pd.DataFrame(
        ...         {"event": numbers, "start": starts, "alarm_start": starts, "alarm_end": ends}
        ...     )
        >>> pairs = match_events(events((0, 2), (5, 6)), events((1, 3), (8, 8)))
        >>> pairs["first"].tolist(), pairs["second"].tolist(), pairs["later_seconds"].tolist()
        ([1, 2, <NA>], [1, <NA>, 2], [3600.0, nan, nan])
    """
    lines = list(_overlaps(first, second))
    paired = [{number for pair in lines if (number := pair[side]) is not None} for side in (0, 1)]
    lines += [(number, None) for number in range(len(first)) if number not in paired[0]]
    lines += [(None, number) for number in range(len(second)) if number not in paired[1]]

    def begins(line: tuple[int | None, int | None]) -> list[pd.Timestamp]:
        sides = zip(line, (first, second), strict=True)
        return sorted(run["start"].iloc[row] for row, run in sides if row is not None)

    lines.sort(key=begins)
    events = [
        [None if row is None else int(run["event"].iloc[row]) for row in rows]
        for rows, run in zip(
            ([one for one, _ in lines], [other for _, other in lines]),
            (first, second),
            strict=True,
        )
    ]
    later = [
        float("nan")
        if one is None or other is None
        else (second["alarm_start"].iloc[other] - first["alarm_start"].iloc[one]).total_seconds()
        for one, other in lines
    ]
    return pd.DataFrame(
        {
            "first": pd.array(events[0], dtype="Int64"),
            "second": pd.array(events[1], dtype="Int64"),
            "later_seconds": later,
        }
    )


def _overlaps(first: pd.DataFrame, second: pd.DataFrame) -> Iterator[tuple[int | None, int | None]]:
    """Yield row numbers of the pairs that overlap."""
    starts, ends = second["start"].to_numpy(), second["alarm_end"].to_numpy()
    spans = zip(first["start"].to_numpy(), first["alarm_end"].to_numpy(), strict=True)
    for row, (start, end) in enumerate(spans):
        one = int(np.searchsorted(ends, start, side="left"))
        stop = int(np.searchsorted(starts, end, side="right"))
        for other in range(one, stop):
            yield row, other


def _metrics(first: dict[str, Any], second: dict[str, Any]) -> pd.DataFrame | None:
    """Return the metrics of the system's alarm that both runs have; None without labels."""
    one, other = _of_system(first), _of_system(second)
    if one is None or other is None:
        return None
    names = [name for name in one if name in other]
    return pd.DataFrame(
        {"first": [one[name] for name in names], "second": [other[name] for name in names]},
        index=names,
        dtype=np.float64,
    )


def _of_system(summary: dict[str, Any]) -> dict[str, float] | None:
    """Return the metrics of the system's alarm, NaN where not defined; None without labels."""
    table = summary.get("metrics")
    if table is None:
        return None
    return {
        str(name): math.nan if value is None else float(value)
        for name, value in table[_SHOWN_METRICS].items()
    }
