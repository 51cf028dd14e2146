"""Budget: the limit at which alarms stay within so many a week, with a given confidence.

A threshold that raised two alarms in four weeks of training may raise five in the next four: counts
vary, and weeks differ more than chance would have them. So the limit is not the one that kept the
budget in training but the lowest at which the next weeks keep it with the confidence asked. With
`count` alarms in `weeks`, and days that differ `dispersion` times as much as a Poisson's, the
alarms of the next weeks are negative binomial: a Poisson whose rate is gamma distributed, after the
prior of Jeffreys (Gelman et al., Bayesian Data Analysis, 2.6), with all variances times the
dispersion.

Where training is too short to say so even of no alarm at all, the limit lies beyond the largest
value seen: the highest tenth of the blocks are taken to fall off exponentially in the logarithm.
That is not believed beyond `RAREST` times the rows learned on. Nor is a budget of more than an
alarm per `MOST_ROWS` rows, which at one row a day would be an alarm a day.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any, Self

import numpy as np

from dcvae._arrays import Float64Array, IntArray
from dcvae._text import duration, quantity

SECONDS_PER_WEEK = 604_800.0
WEEKS_AHEAD = 4.0
_LONGEST_SAID = 520.0  # weeks
RAREST = 100.0
MOST_ROWS = 100
MOST_COUNTED = 1_000_000_000  # alarms, that a file of a model may give
_SHORTEST_WEEKS = 1e-12
_CANDIDATES = 100
_LARGEST_SHARE_OF_BLOCKS = 0.3  # an alarm that is on in more of the normal rows is of no use
_LOWEST_LIMIT = 1.02
_JUST_ABOVE = 1.0 + 1e-9
_MANY = 100.0  # alarms, of which the negative binomial is near enough to normal
_PARTS = 28  # of the training data, days of four weeks, whose counts tell the dispersion
_BLOCKS_OF_A_PART = 24  # at least, for its count to mean anything
_TAIL = 0.1
_FEWEST_IN_TAIL = 10


@dataclass(frozen=True)
class Expectation:
    """What is expected of the alarms of the weeks after training.

    Attributes:
        per_week: the budget that the limit was placed for, alarms a week.
        confidence: probability with which it is kept.
        counted: alarms on the training rows at that limit.
        weeks: weeks of training rows that were judged.
        dispersion: variance of the alarms of a day over that of a Poisson, >= 1.

    Examples:
        >>> Expectation(1.0, confidence=0.8, counted=1, weeks=4.0, dispersion=1.0).most(4.0)
        3
    """

    per_week: float
    confidence: float
    counted: int
    weeks: float
    dispersion: float

    def most(self, weeks: float) -> int:
        """Return the number of alarms that so many weeks exceed with 1 - confidence at most."""
        mean = (self.counted + 0.5) * weeks / self.weeks
        variance = mean + mean**2 / (self.counted + 0.5)
        # Much dispersion moves a skewed distribution towards 0: days that differ more are never
        # taken for fewer alarms.
        return max(
            _quantile(mean, factor * variance, self.confidence) for factor in (1.0, self.dispersion)
        )

    def describe(self) -> str:
        """Describe in words what is expected of the next weeks.

        Examples:
            >>> Expectation(1.0, confidence=0.6, counted=2, weeks=4.0, dispersion=1.0).describe()
            'at most 3 alarms in 4 weeks of normal data, 60 % sure (2 in 4 weeks of training)'
        """
        ahead = min(_weeks_ahead(self.per_week), _LONGEST_SAID)
        most = self.most(ahead)
        return (
            f"at most {most:,} {'alarm' if most == 1 else 'alarms'} in "
            f"{duration(ahead * SECONDS_PER_WEEK)} of normal data, "
            f"{100 * self.confidence:.0f} % sure ({self.counted:,} in "
            f"{duration(self.weeks * SECONDS_PER_WEEK)} of training)"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Self:
        """Read an expectation from the values of `to_dict`.

        Raises:
            TypeError: a value is missing, unknown or of another type.
            ValueError: a value is out of range.
        """
        made = cls(**stored)
        numbers = made.per_week, made.confidence, made.weeks, made.dispersion
        if not (
            0 <= made.counted <= MOST_COUNTED
            and all(map(math.isfinite, numbers))
            and made.per_week >= 0
            and 0 < made.confidence < 1
            and made.weeks >= _SHORTEST_WEEKS
            and made.dispersion >= 1
        ):
            raise ValueError(f"no expectation of alarms: {stored}")
        return made


def _weeks_ahead(per_week: float) -> float:
    """Return for how many weeks a budget is kept: long enough for it to allow an alarm."""
    return max(WEEKS_AHEAD, 1.0 / per_week) if per_week > 0 else WEEKS_AHEAD


def how_often(per_week: float) -> str:
    """Write a rate: a number a week, or one in so long where a week is no fitting measure.

    Examples:
        >>> how_often(2.5), how_often(0.07), how_often(1000.0), how_often(0.0)
        ('2.5 a week', 'one in 14 weeks', 'one in 10 min 5 s', 'none')
    """
    if not per_week:
        return "none"
    if 0.5 <= per_week <= 100:
        return f"{quantity(per_week)} a week"
    return f"one in {duration(SECONDS_PER_WEEK / per_week)}"


def _quantile(mean: float, variance: float, probability: float) -> int:
    """Return a quantile of the negative binomial distribution with a mean and variance > mean."""
    if mean > _MANY:
        return max(math.ceil(NormalDist(mean, math.sqrt(variance)).inv_cdf(probability)), 0)
    success = mean / variance
    size = mean * success / (1.0 - success)
    at, share = 0, success**size
    total = share
    while total < probability and share > 0.0:
        share *= (at + size) / (at + 1) * (1.0 - success)
        at += 1
        total += share
    return at


def bounded(
    per_week: float, rows: int, step_seconds: float, key: str, most_rows: int = MOST_ROWS
) -> tuple[float, list[str]]:
    """Bound a budget by the rows there are.

    Args:
        per_week: events a week asked for.
        rows: rows that thresholds are learned on, >= 1.
        step_seconds: sampling step, in seconds.
        key: the settings key, for the notice.
        most_rows: the highest budget is one event in so many rows.

    Returns:
        The budget, events a week, and a notice if it is not as asked.

    Examples:
        >>> budget, notices = bounded(14.0, rows=1000, step_seconds=86_400.0, key="budget")
        >>> round(budget, 2), len(notices)  # two a day at one row a day
        (0.07, 1)
    """
    rows_per_week = SECONDS_PER_WEEK / step_seconds
    highest, lowest = rows_per_week / most_rows, rows_per_week / (rows * RAREST)
    budget = min(max(per_week, lowest), highest)
    if math.isclose(budget, per_week):
        return per_week, []
    if budget == highest:
        why = f"more than one in {most_rows} rows: it is taken to be one in {most_rows} rows"
    else:
        why = (
            f"rarer than {rows:,} training rows can tell: it is taken to be one in "
            f"{rows * RAREST:,.0f} rows"
        )
    return budget, [f"`{key}` {per_week:g} a week is {why}, {how_often(budget)}."]


def find_limit(
    largest: Float64Array,
    count_alarms: Callable[[float], int],
    weeks: float,
    per_week: float,
    confidence: float,
    lowest: float = _LOWEST_LIMIT,
) -> tuple[float, Expectation]:
    """Find the lowest limit at which the weeks after training keep the budget.

    Args:
        largest: (blocks,) float64, the largest value of each block of the training rows; NaN where
            nothing is judged.
        count_alarms: takes a limit and returns the alarms that it raises on the training rows.
        weeks: weeks of judged training rows, > 0.
        per_week: the budget, alarms a week.
        confidence: probability with which it is to be kept.
        lowest: limit below which none is placed, > 1.

    Returns:
        The limit, > 1, and what is expected at it.
    """
    known = np.sort(largest[np.isfinite(largest)])[::-1]
    dispersion = _dispersion(largest)
    if not known.size:
        return math.e, Expectation(per_week, confidence, 0, weeks, dispersion)
    ahead = _weeks_ahead(per_week)
    highest = float(known[0])
    best, found = None, Expectation(per_week, confidence, 0, weeks, dispersion)
    ranks = np.geomspace(1, max(_LARGEST_SHARE_OF_BLOCKS * known.size, 1), _CANDIDATES)
    for limit in known[np.unique(np.round(ranks).astype(int)) - 1]:
        limit = float(limit) * _JUST_ABOVE  # rounding never puts its own block above it
        if limit < lowest:
            break
        expected = Expectation(per_week, confidence, count_alarms(limit), weeks, dispersion)
        if expected.most(ahead) > max(per_week * ahead, 1.0):
            break
        best, found = limit, expected
    if best is None:
        best = max(_beyond(known, per_week * weeks), highest, lowest)
    return best, found


def _beyond(known: Float64Array, allowed: float) -> float:
    """Extrapolate from the highest blocks to the value that so many alarms are expected above."""
    logs = np.log(known)
    count = min(max(_FEWEST_IN_TAIL, round(_TAIL * known.size)), known.size - 1)
    if count < 1:
        return float(known[0])
    threshold = logs[count]
    scale = float((logs[:count] - threshold).mean())
    return math.exp(threshold + scale * math.log(max(count / allowed, 1.0)))


def _dispersion(largest: Float64Array) -> float:
    """Estimate how much more the days differ than a Poisson's, from their unusual blocks."""
    known = largest[np.isfinite(largest)]
    parts = min(_PARTS, known.size // _BLOCKS_OF_A_PART)
    if parts < 4:
        return 1.0
    unusual = known > np.quantile(known, 0.98)
    begins = unusual & ~np.append(False, unusual[:-1])
    counts: IntArray = np.array([part.sum() for part in np.array_split(begins, parts)])
    mean = float(counts.mean())
    return max(float(counts.var(ddof=1)) / mean, 1.0) if mean else 1.0
