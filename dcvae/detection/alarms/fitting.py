"""Fitting of an alarm that follows: its references, and the limit that keeps the budget."""

from dataclasses import replace

import numpy as np

from dcvae._arrays import Float32Array, IntArray, segments
from dcvae.config import AlarmKeys, rows_of
from dcvae.detection.alarms.budget import MOST_ROWS, SECONDS_PER_WEEK, bounded, find_limit
from dcvae.detection.alarms.following import BLOCKS, Clock, Following, block_rows
from dcvae.detection.alarms.rules import AlarmRules, above
from dcvae.detection.alarms.system import HIGHEST, LOWEST_LEVEL, SystemAlarm
from dcvae.scoring import mean_squares, reference_level

_CALM_QUANTILE = 0.9
_HIGH_QUANTILE = 0.999


def fit_following(
    error: Float32Array,
    times: IntArray,
    rules: AlarmRules,
    keys: AlarmKeys,
    *,
    step_seconds: float,
    trained_until: int | None = None,
) -> tuple[SystemAlarm, list[str]]:
    """Fit an alarm that follows to data taken to be normal.

    Args:
        error: (rows, series) float32, scaled; NaN where a cell was missing or not scored.
        times: (rows,) int64, microseconds, ascending.
        rules: the rules by which an alarm begins and ends.
        keys: window, longest, budget and confidence of the settings.
        step_seconds: sampling step, in seconds.
        trained_until: time of the last row that the network was trained on, in microseconds.

    Returns:
        The alarm, and notices for the user, one sentence each.
    """
    squares = mean_squares(error, rules.smoothing)
    level = reference_level(squares, LOWEST_LEVEL)
    asked, notices = rows_of(keys.alarm_window, step_seconds), []
    window = BLOCKS * block_rows(asked)  # whole blocks
    scored = int(np.count_nonzero(~np.isnan(error).all(axis=1)))
    if scored < window:
        window = max(scored // 2, BLOCKS)
        notices.append(
            f"`alarm_window` is {window:,} rows, as there are only {scored:,} to learn it on."
        )
    elif window != asked:
        notices.append(
            f"`alarm_window` is {window:,} rows, not {asked:,}: {BLOCKS} blocks of whole rows."
        )
    following = Following.fit(
        np.minimum(squares / level, HIGHEST),
        Clock.of(times, step_seconds, window),
        window=window,
        longest=rows_of(keys.alarm_longest, step_seconds),
        series=rules.series,
        step_seconds=step_seconds,
    )
    alarm = SystemAlarm(rules, level, 0.0, "budget", following)
    past = alarm.past(error, times)
    known = past.strangeness[np.isfinite(past.strangeness)]
    judged = known.size
    if judged:
        of_rows = replace(alarm, rules=replace(rules, smoothing=1)).relative_squares(error)
        single = past.against(past.run(np.inf, 1.0, rules.hold), of_rows)
        high, of_single = (
            float(np.log(np.nanquantile(part, _HIGH_QUANTILE))) for part in (known, single)
        )
        alone = max(of_single / high, 1.0) if high > 0 else 1.0
        calm = float(np.quantile(known, _CALM_QUANTILE))
        following = replace(following, calm=calm, alone=alone)
        alarm = replace(alarm, following=following)
        past.learned(following)
    budget, more = bounded(
        keys.system_budget,
        max(judged, 1),
        step_seconds,
        "system_false_alarms_per_week",
        # An alarm lasts as long as rules make it last; more would be on in a twentieth of the rows.
        most_rows=max(20 * (rules.hold + rules.smoothing), MOST_ROWS),
    )

    def count_alarms(limit: float) -> int:
        followed = past.run(limit, rules.leave, rules.hold)
        lower = following.lower(limit, rules.leave)
        return len(segments(above(followed.strangeness, limit, lower, rules)).starts)

    limit, found = find_limit(
        past.largest,
        count_alarms,
        max(judged, 1) * step_seconds / SECONDS_PER_WEEK,
        budget,
        keys.budget_confidence,
        following.lowest_limit,
    )
    # Without a judged row, and where series decide, it says nothing of the alarms to come.
    expected = found if judged and rules.system == "weighted" else None
    alarm = replace(
        alarm,
        threshold=float(following.relative_score(np.array(limit))),
        expected=expected,
        following=replace(following, trained_until=trained_until),
    )
    return alarm, notices + more
