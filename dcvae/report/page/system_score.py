"""Score of the system on the page: its points, its limit, its states, and the words about it.

Scores reach from a hundredth to a million within one file, so that the page draws them on an axis
of powers of ten, and the codes of the points are of their logarithms: of their own range, small
scores would all be the same code.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from dcvae._arrays import BoolArray, Float64Array, IntArray
from dcvae._text import rows_lasting
from dcvae.detection import STATES, Detection
from dcvae.report.page import encoding

_BY_SERIES = "The series decide whether there is an alarm, not this score."
LOWEST = 1e-6  # a score below it, which no axis would show, is drawn as this one


@dataclass(frozen=True, eq=False)
class SystemScore:
    """The score of the system as the page shows it. Arrays hold the scored rows, in time order.

    Attributes:
        score: (rows,) float64 >= 0, what is held against the limit; NaN where nothing is judged.
        reference: (rows,) float64 > 0, how many times the trained ones the references are; NaN
            likewise. None where nothing follows.
        alarm: (rows,) bool, the system is in alarm.
        not_judged: (rows,) bool.
        limit: what the score must exceed to begin an alarm; NaN where series decide.
        lower: what it must fall to before the alarm ends; NaN where series decide.
        unit: words after a score, such as "times its recent level"; "" for the plain score.
        note: how rows are judged, in sentences.
    """

    score: Float64Array
    reference: Float64Array | None
    alarm: BoolArray
    not_judged: BoolArray
    limit: float
    lower: float
    unit: str
    note: str

    @classmethod
    def of(cls, detection: Detection) -> "SystemScore":
        """Take the score of the system from a detection."""
        judged, following = detection.judged, detection.system.following
        states = judged.state_numbers(detection.alarm)
        return cls(
            score=judged.relative,
            reference=None if following is None else judged.reference,
            alarm=states == STATES.index("alarm"),
            not_judged=states == STATES.index("not judged"),
            limit=judged.limit,
            lower=judged.lower,
            unit="" if following is None else "times its recent level",
            note=_note(detection),
        )

    def encoded(self, times: Float64Array, starts: IntArray) -> dict[str, Any]:
        """Encode the score for the page, with the points that the series have.

        Args:
            times: (rows,) float64, milliseconds, ascending.
            starts: (points,) int64, first row of each point.

        Returns:
            `low` and `high` (only where points stand for several rows) and `reference`, channels of
            logarithms to base 10; `states`, the runs of rows in alarm and of rows that are not
            judged; and the other attributes, None where a number is not defined.
        """
        score = _log10(self.score)
        channels = {"low": score}
        if len(starts) < len(score):
            # fmin and fmax pass over rows that are not judged, as long as there is another.
            channels = {
                "low": np.fmin.reduceat(score, starts),
                "high": np.fmax.reduceat(score, starts),
            }
        if self.reference is not None:
            channels["reference"] = np.fmax.reduceat(_log10(self.reference), starts)
        return {
            "channels": {name: encoding.quantized(channel) for name, channel in channels.items()},
            "states": encoding.runs(times, np.column_stack([self.alarm, self.not_judged])),
            "limit": encoding.number_or_none(self.limit),
            "lower": encoding.number_or_none(self.lower),
            "unit": self.unit,
            "note": self.note,
        }


def _log10(numbers: Float64Array) -> Float64Array:
    """Return logarithms to base 10; NaN stays NaN."""
    logs: Float64Array = np.log10(np.maximum(numbers, LOWEST))
    return logs


def _note(detection: Detection) -> str:
    """Say in a sentence or two how rows are judged."""
    rules, following = detection.system.rules, detection.system.following
    needed, of_rows = rules.enter
    begin = "a row above the limit begins an alarm"
    if of_rows > 1:
        begin = f"{needed} of {of_rows} rows above the limit begin an alarm"
    if following is not None:
        step = following.step_seconds
        past = f"Each series is judged against its own last {rows_lasting(following.window, step)}"
        if rules.system != "weighted":
            return f"{past}. {_BY_SERIES}"
        longest = rows_lasting(following.longest, step)
        return f"{past}; {begin}; while it lasts the references do not move, for at most {longest}."
    if rules.system != "weighted":
        return _BY_SERIES
    count = min(rules.series, len(detection.series))
    strangest = "the series" if count == 1 else f"the {count} series"
    averaged = f" of {rules.smoothing} rows" if rules.smoothing > 1 else ""
    return (
        f"The score is of {strangest} furthest off, their mean squared error{averaged} over what "
        f"it exceeds in 1 % of normal rows; {begin}. The limit stays as it was learned."
    )
