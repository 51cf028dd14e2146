"""True events beside the alarms: which were detected, how soon, and whether the right series led.

The ranking of a true event is that of the alarms that overlap it: the series of the first of them
in the order in which they left their bands, then those that a later one adds. A series that no
alarm names comes after all others.
"""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dcvae._text import duration
from dcvae.config import DataKeys
from dcvae.data import TrueEvents
from dcvae.detection import Detection, Events
from dcvae.evaluation.findings import Finding
from dcvae.evaluation.metrics_table import SYSTEM
from dcvae.evaluation.verdict import judged_rows
from dcvae.metrics import hit_rate

FIRST = (1, 3, 5)
HIT_NOTES: Mapping[str, str] = {
    name: note
    for k in FIRST
    for name, note in {
        f"hit_rate_at_{k}": f"Share of the detected true events with a true series among the first "
        f"{k} that the alarms name.",
        f"hit_rate_at_{k}_chance": f"What random orders of the series reach of `hit_rate_at_{k}`.",
    }.items()
}
"""A sentence per metric of the ranking of series."""

DETECTED, MISSED, NOT_SCORED = "detected", "missed", "not scored"


@dataclass(frozen=True, eq=False)
class RootCauses:
    """True events beside the alarms of a file.

    Attributes:
        table: one line per true event: `event`, `start`, `end`, `series` and `others` as in
            `TrueEvents`; `status`, "detected", "missed", or "not scored" where no row of it has a
            score that an alarm could rest on; `alarms`, numbers of the events that overlap it;
            `delay_seconds` from its start to the first row in alarm; `ranks` of its series, None
            for one that no alarm names; `blamed`, all series that the alarms name, in order;
            `description`. Series, others, alarms, ranks and blamed are lists.
        metrics: counts, and the keys of `HIT_NOTES`; NaN where no detected event has a series.
    """

    table: pd.DataFrame
    metrics: Mapping[str, float]

    def added_to(self, metrics: pd.DataFrame) -> pd.DataFrame:
        """Return a table of metrics with the hit rates in the line of the system."""
        return metrics.assign(
            **{
                name: np.where(metrics.index == SYSTEM, self.metrics[name], np.nan)
                for name in HIT_NOTES
            }
        )

    def sentences(self) -> list[str]:
        """Say of each event whether it was detected, how soon, and which series were blamed."""
        return [_sentence(line) for line in self.table.to_dict("records")]

    def finding(self) -> Finding:
        """Return what there is to say of all events."""
        metrics = self.metrics
        scored = metrics["true_events"] - metrics["not_scored_true_events"]
        false = metrics["false_alarms"]
        text = (
            f"{metrics['detected_true_events']:.0f} of {scored:.0f} true events were detected, and "
            f"{false:.0f} {'alarm was' if false == 1 else 'alarms were'} false."
        )
        if not metrics["ranked_true_events"]:
            return Finding("info", text)
        rates = ", ".join(f"{metrics[f'hit_rate_at_{k}']:.2f}" for k in FIRST)
        chance = ", ".join(f"{metrics[f'hit_rate_at_{k}_chance']:.2f}" for k in FIRST)
        text += (
            f" Of {metrics['ranked_true_events']:.0f} with known series, a true one is among the "
            f"first 1, 3 and 5 that the alarms name in {rates}; a random order reaches {chance}."
        )
        ahead = any(metrics[f"hit_rate_at_{k}"] > metrics[f"hit_rate_at_{k}_chance"] for k in FIRST)
        return Finding("info" if ahead else "warning", text)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON; None where a number is not defined."""
        lines = self.table.assign(
            start=self.table["start"].map(str),
            end=self.table["end"].map(str),
            text=self.sentences(),
        )
        return {
            "events": [
                {
                    name: None if isinstance(value, float) and math.isnan(value) else value
                    for name, value in line.items()
                }
                for line in lines.to_dict("records")
            ],
            "metrics": {
                name: value if math.isfinite(value) else None
                for name, value in self.metrics.items()
            },
        }


def find_root_causes(
    truth: TrueEvents, detection: Detection, events: Events, keys: DataKeys | None = None
) -> RootCauses:
    """Find what the alarms of a file say of the true events.

    Args:
        truth: the true events.
        detection: detection of the file.
        events: its events.
        keys: `resample`, as the file was read.
    """
    found = truth.rows(detection.times, keys)
    first = detection.times.searchsorted(events.table["alarm_start"], side="left")
    stop = detection.times.searchsorted(events.table["alarm_end"], side="right")
    is_scored = np.append(0, np.cumsum(judged_rows(detection)))
    named = {
        event: lines.tolist() for event, lines in events.series.groupby("event")["series"]
    }  # the series of an event in the order of their ranks
    lines, is_true = [], np.zeros(len(first), dtype=bool)
    for line, begin, end in zip(truth.table.to_dict("records"), *found, strict=True):
        over = np.flatnonzero((first < end) & (stop > begin))
        is_true[over] = True
        numbers = events.table["event"].to_numpy()[over].tolist()
        blamed = list(dict.fromkeys(name for number in numbers for name in named[number]))
        ranks = [blamed.index(name) + 1 if name in blamed else None for name in line["series"]]
        delay = math.nan
        status = NOT_SCORED if is_scored[end] == is_scored[begin] else MISSED
        if len(over):
            status = DETECTED
            row = max(int(first[over[0]]), int(begin))
            delay = (detection.times[row] - line["start"]).total_seconds()
        lines.append(
            {
                **{name: line[name] for name in ("event", "start", "end")},
                "series": list(line["series"]),
                "others": list(line["others"]),
                "status": status,
                "alarms": numbers,
                "delay_seconds": delay,
                "ranks": ranks,
                "blamed": blamed,
                "description": line["description"],
            }
        )
    table = pd.DataFrame(lines)
    return RootCauses(table, _metrics(table, len(detection.series), int((~is_true).sum())))


def _metrics(table: pd.DataFrame, num_series: int, false_alarms: int) -> dict[str, float]:
    ranked = table[(table["status"] == DETECTED) & (table["series"].map(len) > 0)]
    delays = table["delay_seconds"].dropna()
    metrics = {
        "true_events": float(len(table)),
        "detected_true_events": float((table["status"] == DETECTED).sum()),
        "missed_true_events": float((table["status"] == MISSED).sum()),
        "not_scored_true_events": float((table["status"] == NOT_SCORED).sum()),
        "false_alarms": float(false_alarms),
        "mean_delay_seconds": float(delays.mean()) if len(delays) else math.nan,
        "ranked_true_events": float(len(ranked)),
    }
    for k in FIRST:
        result = hit_rate(ranked["blamed"].tolist(), ranked["series"].tolist(), k, num_series)
        metrics[f"hit_rate_at_{k}"] = result.rate
        metrics[f"hit_rate_at_{k}_chance"] = result.chance
    return metrics


def _sentence(line: Mapping[Hashable, Any]) -> str:
    """Say what the alarms say of one event.

    Examples:
        >>> line = {"event": "7", "series": ["LIT301"], "others": [], "status": "detected"}
        >>> _sentence(line | {"delay_seconds": 40.0, "ranks": [2], "blamed": ["FIT101", "LIT301"]})
        'event 7, LIT301: alarm after 40 s, blamed LIT301 (2nd of 2)'
    """
    what = ", ".join([f"event {line['event']}", *line["series"], *line["others"]])
    if line["status"] != DETECTED:
        return f"{what}: {line['status']}"
    return f"{what}: alarm after {duration(line['delay_seconds'])}, blamed {blame(line)}"


def blame(line: Mapping[Hashable, Any]) -> str:
    """Say where the true series of an event stand in the ranking of its alarms.

    Args:
        line: of `RootCauses.table`, of a detected event.
    """
    of = len(line["blamed"])
    if not line["series"]:
        return f"{line['blamed'][0]} (1st of {of})"
    placed = [
        f"{name} ({ordinal(rank)} of {of})"
        for rank, name in sorted(
            (rank, name)
            for name, rank in zip(line["series"], line["ranks"], strict=True)
            if rank is not None
        )
    ]
    if not placed:
        return f"{line['blamed'][0]} (1st of {of}) and not {' or '.join(line['series'])}"
    lacking = [
        name for name, rank in zip(line["series"], line["ranks"], strict=True) if rank is None
    ]
    return ", ".join([*placed, *(f"not {name}" for name in lacking)])


def ordinal(number: int) -> str:
    """Write a number as a place in an order.

    Examples:
        >>> [ordinal(number) for number in (1, 2, 3, 4, 11, 22)]
        ['1st', '2nd', '3rd', '4th', '11th', '22nd']
    """
    last = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{'th' if 10 <= number % 100 <= 20 else last}"
