"""Score of the system with its recent past, its limit, and the state of its alarm, row by row."""

from typing import Literal, NamedTuple, get_args

import numpy as np

from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray
from dcvae.detection.alarms.following import Following
from dcvae.detection.alarms.past import Followed

State = Literal["not judged", "calm", "alarm"]
STATES: tuple[State, ...] = get_args(State)


class Judged(NamedTuple):
    """The rows of a file as the alarm of the system sees them.

    Attributes:
        score: (rows,) float64 >= 0, see the module; NaN where nothing was scored.
        relative: (rows,) float64 >= 0, what is held against `limit`: the score over the recent
            past, or the score itself where nothing follows; NaN where nothing is judged.
        own: (rows,) float64 >= 0, `relative` of the row alone, without those it is averaged with.
        limit: what it must exceed to begin an alarm; NaN where series decide.
        lower: what it must fall to before the alarm ends; NaN where series decide.
        reference: (rows,) float64 > 0, how many times the trained ones the references are, the
            geometric mean of the series; 1 where nothing follows, NaN where nothing is judged.
        widths: (rows or 1, series) float32 >= 1, how many times as wide as trained the bands are.
        accepted: rows with which what was in alarm became the new normal.
        returned: rows with which the references of before came back.
    """

    score: Float64Array
    relative: Float64Array
    own: Float64Array
    limit: float
    lower: float
    reference: Float64Array
    widths: Float32Array
    accepted: tuple[int, ...]
    returned: tuple[int, ...]

    def since(self, row: int) -> "Judged":
        """Return what was judged of the rows from one on, counted from 0."""
        return self._replace(
            score=self.score[row:],
            relative=self.relative[row:],
            own=self.own[row:],
            reference=self.reference[row:],
            widths=self.widths if len(self.widths) == 1 else self.widths[row:],
            accepted=tuple(at - row for at in self.accepted if at >= row),
            returned=tuple(at - row for at in self.returned if at >= row),
        )

    @classmethod
    def of_parts(cls, first: "Judged", second: "Judged") -> "Judged":
        """Join what was judged of two parts of a file, one after the other."""
        rows = len(first.score)
        return second._replace(
            score=np.concatenate([first.score, second.score]),
            relative=np.concatenate([first.relative, second.relative]),
            own=np.concatenate([first.own, second.own]),
            reference=np.concatenate([first.reference, second.reference]),
            widths=np.concatenate([first.widths, second.widths]),
            accepted=first.accepted + tuple(row + rows for row in second.accepted),
            returned=first.returned + tuple(row + rows for row in second.returned),
        )

    def states(self, alarm: BoolArray) -> list[State]:
        """Return the state of each row.

        Args:
            alarm: (rows,) bool, the alarm of the system.
        """
        return [STATES[state] for state in self.state_numbers(alarm)]

    def state_numbers(self, alarm: BoolArray) -> IntArray:
        """Return which of `STATES` each row has, (rows,) int64.

        Args:
            alarm: (rows,) bool, the alarm of the system.
        """
        decides = self.score if np.isnan(self.limit) else self.relative
        return np.where(alarm, 2, np.isfinite(decides)).astype(np.int64)


def moved(followed: Followed, following: Following) -> Float64Array:
    """Return how many times the trained ones the references of each block are, (blocks,)."""
    logs = np.log(followed.references / following.lowest)
    judged = ~np.isnan(logs)
    counts = judged.sum(axis=1)
    mean = np.where(judged, logs, 0.0).sum(axis=1) / np.maximum(counts, 1)
    return np.where(counts > 0, np.exp(mean), np.nan)
