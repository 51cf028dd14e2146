"""Rules by which the system may be in alarm, side by side: ours, those before it, and variations.

All are fitted to the training rows of a set, without labels, and judge the rows after them:

* published: any cell beyond 3 predicted sigmas
* fixed: the score above a threshold that allows 5 alarms a week on the training rows
* over its past median: the score over its own median of the past 288 rows, those of training as the
  first past; the factor above which an alarm begins allows 2 a week on the training rows
* frozen: the same of 576 rows, but rows of an alarm are kept out of the past for 360 rows, then fed
  all at once
* following: the settings' own
* those before it with the budget of the settings, and the settings with one key changed
"""

from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.scored import ScoredRows, ScoredSet
from dcvae._arrays import segments
from dcvae.config import AlarmKeys, Settings
from dcvae.detection import AlarmRules, Alphas, Judged, SystemAlarm, fit_thresholds
from dcvae.scoring import incident_rows

HOLD = 12
LEAVE = 0.5
FEWEST_PAST = 72
LOWEST = 1e-9  # of a median that a score is divided by
CANDIDATES = 60
VARIATIONS = (
    *({"alarm_window": rows} for rows in (144, 576)),
    *({"alarm_longest": rows} for rows in (72, 864)),
    *({"alarm_series": series} for series in (1, 2, 5)),
    *({"system_false_alarms_per_week": budget} for budget in (0.5, 2.0, 3.0)),
    *({"budget_confidence": confidence} for confidence in (0.5, 0.8, 0.9)),
    *({"alarm_hold": rows} for rows in (0, 36)),
)


class Raised(NamedTuple):
    """The alarms of a rule.

    Attributes:
        alarm: (rows,) bool, of the later rows.
        system: the fitted alarm, if it is one of the package.
        judged: what it saw, likewise.
    """

    alarm: NDArray[np.bool_]
    system: SystemAlarm | None = None
    judged: Judged | None = None


Judge = Callable[[ScoredRows], Raised]


class Rule(NamedTuple):
    """A rule of alarms.

    Attributes:
        name: name in tables.
        fit: fits the rule to the training rows of a set, and returns what judges rows after them.
        budget: alarms a week that it allows itself, None without any.
        follows: whether it is ours, or a variation of it.
    """

    name: str
    fit: Callable[[ScoredSet], Judge]
    budget: float | None
    follows: bool = False


def all_rules(settings: Settings) -> list[Rule]:
    """List the rules, the settings' own as the fifth."""
    following = settings.model_copy(update={"threshold": "following"})
    same = following.system_budget
    return [
        Rule("published: any cell, alpha 3", published, None),
        _fixed(settings, 5.0),
        _past(over_past_median, 2.0),
        _past(frozen_median, 2.0),
        _following("**following (ours)**", following),
        _fixed(settings, same),
        _past(over_past_median, same),
        _past(frozen_median, same),
        *(_following(_told(change), following.model_copy(update=change)) for change in VARIATIONS),
    ]


def _fixed(settings: Settings, budget: float) -> Rule:
    keys = {"threshold": "fixed", "system_false_alarms_per_week": budget, "contamination": None}
    fit = partial(fit_settings, settings=settings.model_copy(update=keys))
    return Rule(f"fixed, {budget:g} a week", fit, budget)


def _past(fit: Callable[[ScoredSet, float], Judge], budget: float) -> Rule:
    told = {
        over_past_median: "over its past median of 288",
        frozen_median: "over its median of 576, frozen up to 360",
    }[fit]
    return Rule(f"{told}, {budget:g} a week", partial(fit, budget=budget), budget)


def _following(name: str, settings: Settings) -> Rule:
    fit = partial(fit_settings, settings=settings)
    return Rule(name, fit, settings.system_budget, follows=True)


def _told(change: dict[str, int] | dict[str, float]) -> str:
    return ", ".join(f"`{key}` {value:g}" for key, value in change.items())


# ---------------------------------------------------------------- rules of the package


def published(data: ScoredSet) -> Judge:
    """Raise an alarm in rows with any cell beyond 3 predicted sigmas."""
    system = SystemAlarm.published(len(_names(data)))
    alphas = Alphas.default(_names(data), 3.0)

    def judge(later: ScoredRows) -> Raised:
        judged = system.judge(later.error, later.times)
        return Raised(system.alarms(judged, later.residual, alphas)[0])

    return judge


def fit_settings(data: ScoredSet, settings: Settings) -> Judge:
    """Raise the alarms that settings ask for, fitted as a training does."""
    training, incidents = data.training, None
    if settings.finds_incidents:
        incidents = incident_rows(training.error, settings.contamination)
    system = fit_thresholds(
        training.error,
        training.residual,
        _names(data),
        settings,
        times=training.times,
        step_seconds=data.step_seconds,
        incidents=incidents,
        trained_until=int(training.times[-1]),
    ).alarm

    def judge(later: ScoredRows) -> Raised:
        judged = system.judge(later.error, later.times)
        return Raised(system.raised(judged), system, judged)

    return judge


def _names(data: ScoredSet) -> tuple[str, ...]:
    return tuple(f"x{column}" for column in range(data.training.error.shape[1]))


# ---------------------------------------------------------------- the score over its own past


def over_past_median(data: ScoredSet, budget: float) -> Judge:
    """Divide the score by its median of the past 288 rows, whatever they held."""
    system, training = _fixed_alarm(data)

    def ratio(score: NDArray[np.float64]) -> NDArray[np.float64]:
        return score / np.maximum(_past_median(score, 288), LOWEST)

    known = ratio(training)
    allowed = budget * len(training) / data.rows_per_week
    factor = _factor(known, lambda factor: _above(known, factor), allowed)

    def judge(later: ScoredRows) -> Raised:
        score = np.concatenate([training, system.score(later.error)])
        return Raised(_above(ratio(score), factor)[len(training) :])

    return judge


def frozen_median(data: ScoredSet, budget: float) -> Judge:
    """Divide the score by its median of the past 576 rows that were in no alarm."""
    system, training = _fixed_alarm(data)
    lowest = max(float(np.nanmedian(training)) / 2, LOWEST)
    known = training / np.maximum(_past_median(training, 576), lowest)
    allowed = budget * len(training) / data.rows_per_week
    factor = _factor(known, lambda factor: _machine(training, factor, lowest), allowed)

    def judge(later: ScoredRows) -> Raised:
        score = np.concatenate([training, system.score(later.error)])
        return Raised(_machine(score, factor, lowest)[len(training) :])

    return judge


def _fixed_alarm(data: ScoredSet) -> tuple[SystemAlarm, NDArray[np.float64]]:
    """Return the fixed alarm, of which the score is taken, and the score of the training rows."""
    rules = AlarmRules.of(AlarmKeys(), data.step_seconds)
    system = SystemAlarm.fit(
        data.training.error, rules, false_alarms_per_week=5.0, step_seconds=data.step_seconds
    )
    return system, system.score(data.training.error)


def _past_median(score: NDArray[np.float64], window: int) -> NDArray[np.float64]:
    """Return the median of the last rows before each; NaN with too few."""
    rolling = pd.Series(score).rolling(window, min_periods=FEWEST_PAST)
    median: NDArray[np.float64] = rolling.median().shift(1).to_numpy()
    return median


def _above(ratio: NDArray[np.float64], factor: float) -> NDArray[np.bool_]:
    """Raise alarms above a factor, until half way between it and 1, and `HOLD` rows more."""
    row = np.arange(len(ratio))
    known = np.nan_to_num(ratio)
    lower = 1 + (factor - 1) * LEAVE

    def last(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.maximum.accumulate(np.where(mask, row, -len(row) - HOLD - 1))

    is_on = last(known > factor) > last(known <= lower)
    alarm: NDArray[np.bool_] = (row - last(is_on) <= HOLD) & np.isfinite(ratio)
    return alarm


def _factor(
    ratio: NDArray[np.float64],
    alarms: Callable[[float], NDArray[np.bool_]],
    allowed: float,
) -> float:
    """Find the lowest factor, from the highest down, that raises no more alarms than allowed."""
    known = ratio[np.isfinite(ratio)]
    shares = np.geomspace(1 / known.size, 0.3, CANDIDATES)
    tried = np.unique(np.append(np.quantile(known, 1 - shares), known.max()))[::-1]
    best = float(tried[0])
    for factor in tried[tried > 1.02]:
        if len(segments(alarms(float(factor))).starts) > allowed + 0.5:
            break
        best = float(factor)
    return best


def _machine(
    score: NDArray[np.float64],
    factor: float,
    lowest: float,
    window: int = 576,
    longest: int = 360,
) -> NDArray[np.bool_]:
    """Raise alarms above a factor of the past median, kept from what is in alarm for so long."""
    past = _Past(window)
    alarm = np.zeros(len(score), dtype=bool)
    kept: list[float] = []
    is_on, left = False, 0
    for row, value in enumerate(score.tolist()):
        if value != value:
            continue
        if len(past.values) < FEWEST_PAST:
            past.feed(value)
            continue
        reference = max(past.median(), lowest)
        if value > factor * reference:
            is_on, left = True, HOLD
        elif is_on and value > reference * (1 + (factor - 1) * LEAVE):
            left = HOLD
        elif is_on:
            left -= 1
            if left < 0:
                is_on, kept = False, []
        alarm[row] = is_on
        if not is_on:
            past.feed(value)
            continue
        kept.append(value)
        if len(kept) >= longest:
            for each in kept:
                past.feed(each)
            is_on, kept = False, []
    return alarm


class _Past:
    """The last values, with their median."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.values: deque[float] = deque()
        self._ordered: list[float] = []

    def feed(self, value: float) -> None:
        self.values.append(value)
        insort(self._ordered, value)
        if len(self.values) > self._size:
            del self._ordered[bisect_left(self._ordered, self.values.popleft())]

    def median(self) -> float:
        count = len(self._ordered)
        return (self._ordered[count // 2] + self._ordered[(count - 1) // 2]) / 2
