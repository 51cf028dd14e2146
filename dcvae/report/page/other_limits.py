"""Other limits: what other limits of the system's score would have raised, by the same rules."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dcvae._arrays import BoolArray, Float64Array, segments
from dcvae.detection import Detection
from dcvae.report.page import encoding

_STEPS = 12  # of limits on either side of the one in use
_LOWEST, _HIGHEST = 0.25, 16.0  # in limits in use
_MOST_RUNS = 40_000


@dataclass(frozen=True, eq=False)
class OtherLimits:
    """Alarms by several limits. The references are as they were with the limit in use.

    Attributes:
        limits: (limits,) float64 > 0, of what is held against the limit, ascending.
        alarms: (rows, limits) bool, the system would be in alarm.
        chosen: place of the limit in use.
    """

    limits: Float64Array
    alarms: BoolArray
    chosen: int

    @classmethod
    def of(cls, detection: Detection) -> "OtherLimits | None":
        """Raise the alarms of a file by other limits; None where series decide.

        Args:
            detection: the detection by the limit in use.
        """
        system, judged = detection.system, detection.judged
        if not judged.limit > 0:  # NaN where series decide
            return None
        below = np.geomspace(_LOWEST, 1.0, _STEPS + 1)[:-1]
        above = np.geomspace(1.0, _HIGHEST, _STEPS + 1)[1:]
        limits = judged.limit * np.concatenate([below, [1.0], above])
        alarms = np.empty((len(judged.score), len(limits)), dtype=bool)
        scored = np.isfinite(judged.score)
        for place, limit in enumerate(limits):
            # Of the limit in use the alarms themselves, which may have begun before the file.
            if place == _STEPS:
                alarms[:, place] = detection.alarm
            else:
                alarms[:, place] = replace(system, threshold=float(limit)).raised(judged) & scored
        return cls(limits, alarms, _STEPS)

    def counts(self) -> list[int]:
        """Return the number of alarms by each limit."""
        return [len(segments(self.alarms[:, place]).starts) for place in range(len(self.limits))]

    def encoded(self, times: Float64Array) -> dict[str, Any]:
        """Encode limits, counts and runs for the page; times (rows,) float64, milliseconds."""
        return {
            "limits": [float(f"{limit:.6g}") for limit in self.limits],
            "counts": self.counts(),
            "chosen": self.chosen,
            "runs": encoding.runs(times, self.alarms, _MOST_RUNS),
        }
