"""System alarm: one score and one alarm for the whole system, from the errors of all series.

A flag is about one cell; an operator needs to know whether something is wrong now. The score takes
the last rows and the other series into account::

    error (rows, series)                    measured less expected, scaled
      -> squared, mean of the last rows     single odd cells are common, half an hour of them is not
      -> over the series' reference level   what it exceeds in 1 % of normal rows
      -> mean of the largest few series     an incident is seldom in one series alone
      =  score (rows,)

so 1 means that the series furthest off are, on average, at their reference levels, whatever the
model, the series or the day. The score grows with every error and depends on no later row. Squares
are not divided by the network's sigma: a sigma that grows where the input is strange hides an
anomaly; a constant one measured best (benchmarks/severity.md).

A fixed alarm holds this score against a threshold. One that follows holds each series against its
own recent past first (`following`), and what that makes, the relative score, against a limit. Both
are fitted to data taken to be normal, through all the rules of `AlarmRules`: the fixed threshold is
the lowest that raises no more alarms a week there than the settings allow, the limit the lowest
with which the weeks after it keep that budget (`budget`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from dcvae._arrays import BoolArray, Float32Array, Float64Array, IntArray, segments
from dcvae._text import duration
from dcvae.detection.alarms.budget import SECONDS_PER_WEEK, Expectation
from dcvae.detection.alarms.following import FEWEST_BLOCKS, Following, block_rows
from dcvae.detection.alarms.judged import Judged, moved
from dcvae.detection.alarms.past import Past
from dcvae.detection.alarms.rules import AlarmRules, above, persistent, persistent_score
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import exceeds_by
from dcvae.errors import InputError
from dcvae.scoring import mean_squares, reference_level

# Scaled squared. A series that never changes in training is predicted to a thousandth or so.
LOWEST_LEVEL = 1e-5
HIGHEST = 1e12  # bound of a square over its level: means of such stay exact enough to compare
_BLOCK_ROWS = 65_536
_CANDIDATES = 200
_LARGEST_SHARE_OF_ROWS = 0.3  # an alarm that is on in more of the normal rows is of no use


@dataclass(frozen=True, eq=False)
class SystemAlarm:
    """The alarm of the system: fitted reference levels and threshold, and the rules of alarms.

    Attributes:
        rules: the rules by which an alarm begins and ends.
        reference_level: (series,) float64 > 0, scaled squared: the 99 % quantile of the mean
            squares of each series on normal data.
        threshold: the score, or the relative score, above which a row may begin an alarm, >= 0.
        method: how the threshold was found: "budget" or "labels"; "published" without any.
        following: what follows; None for a fixed alarm.
        expected: what is expected of the weeks after training; None where labels or a fixed
            threshold leave it open.

    Examples:
        >>> rules = AlarmRules("weighted", 1, 1, enter=(1, 1), leave=1.0, min_rows=1, hold=0)
        >>> normal = np.full((100, 1), 0.1, dtype=np.float32)
        >>> alarm = SystemAlarm.fit(normal, rules, false_alarms_per_week=0.0, step_seconds=60.0)
        >>> error = np.array([[0.1], [0.3], [np.nan]], dtype=np.float32)
        >>> judged = alarm.judge(error, times=np.arange(3) * 60_000_000)
        >>> judged.score.round(1)  # 1 is at the reference level; errors count by their squares
        array([ 1.,  9., nan])
        >>> of_system, of_series = alarm.alarms(judged, error, Alphas.default(["flow"], 3.0))
        >>> of_system
        array([False,  True, False])
    """

    rules: AlarmRules
    reference_level: Float64Array
    threshold: float
    method: str
    following: Following | None = None
    expected: Expectation | None = None

    @classmethod
    def published(cls, num_series: int) -> "SystemAlarm":
        """Return the published rule: the system is in alarm where any cell is flagged."""
        return cls(AlarmRules.published(), np.ones(num_series), 0.0, "published")

    @classmethod
    def fit(
        cls,
        error: Float32Array,
        rules: AlarmRules,
        *,
        false_alarms_per_week: float,
        step_seconds: float,
    ) -> "SystemAlarm":
        """Fit reference levels and a fixed threshold to data taken to be normal.

        Args:
            error: (rows, series) float32, scaled; NaN where a cell was missing or not scored.
            rules: the rules by which an alarm begins and ends.
            false_alarms_per_week: alarms per week that are allowed on this data.
            step_seconds: sampling step, in seconds.
        """
        level = reference_level(mean_squares(error, rules.smoothing), LOWEST_LEVEL)
        alarm = cls(rules, level, 0.0, "budget")
        score = alarm.score(error)
        num_scored = int(np.count_nonzero(np.isfinite(score)))
        allowed = false_alarms_per_week * num_scored * step_seconds / SECONDS_PER_WEEK
        return replace(alarm, threshold=_lowest_threshold(score, rules, allowed))

    def judge(self, error: Float32Array, times: IntArray, *, moves: bool = True) -> Judged:
        """Judge every row, by itself and against its recent past.

        Args:
            error: (rows, series) float32, scaled; NaN where a cell was missing or not scored.
            times: (rows,) int64, microseconds, ascending.
            moves: whether what follows does; otherwise rows are judged against training.
        """
        score = self.score(error)
        by_score = self.rules.system == "weighted"
        if self.following is None:
            limit, lower = (self.threshold, self._lower) if by_score else (np.nan, np.nan)
            alone = replace(self, rules=replace(self.rules, smoothing=1))
            same = np.ones((1, error.shape[1]), dtype=np.float32)
            reference = np.where(np.isfinite(score), 1.0, np.nan)
            own = alone.score(error)
            return Judged(score, score, own, limit, lower, reference, same, (), ())
        # Errors of rows that the network was trained on are smaller than any later ones: no past.
        until = self.following.trained_until
        new = 0 if until is None else int(np.searchsorted(times, until, side="right"))
        if 0 < new < len(error) and moves:
            parts = [
                self._follow(error[rows], times[rows], score[rows])
                for rows in (slice(new), slice(new, None))
            ]
            return Judged.of_parts(*parts)
        return self._follow(error, times, score, moves=moves)

    def _follow(
        self, error: Float32Array, times: IntArray, score: Float64Array, *, moves: bool = True
    ) -> Judged:
        """Judge rows against their past, which begins with the first of them."""
        past, by_score = self.past(error, times, moves=moves), self.rules.system == "weighted"
        if self.following is None:
            raise ValueError("Expected an alarm that follows. Received: a fixed one.")
        following, clock = self.following, past.clock
        limit, lower = (self.threshold, self._lower) if by_score else (np.nan, np.nan)
        alone = replace(self, rules=replace(self.rules, smoothing=1))
        above = following.limit(self.threshold) if by_score else np.inf
        followed = past.run(above, self.rules.leave, self.rules.hold)
        return Judged(
            score,
            following.relative_score(followed.strangeness),
            following.relative_score(
                past.against(followed, alone.relative_squares(error)) ** (1.0 / following.alone)
            ),
            limit,
            lower,
            moved(followed, following)[clock.block],
            past.widths().astype(np.float32)[clock.block],
            tuple(followed.accepted),
            tuple(followed.returned),
        )

    @property
    def rows_before_judging(self) -> int:
        """Rows at the start of a file that are not judged, as they have no past."""
        if self.following is None:
            return 0
        return FEWEST_BLOCKS * block_rows(self.following.window)

    def past(self, error: Float32Array, times: IntArray, *, moves: bool = True) -> Past:
        """Prepare a file to be judged against its recent past; only of an alarm that follows."""
        if self.following is None:
            raise ValueError("Expected an alarm that follows. Received: a fixed one.")
        clock = self.following.clock(times)
        return Past(self.following, self.relative_squares(error), clock, moves=moves)

    def relative_squares(self, error: Float32Array) -> Callable[[int, int], Float64Array]:
        """Return a function of first row and stop: mean squares over their levels, of each cell."""
        before = self.rules.smoothing - 1

        def relative(first: int, stop: int) -> Float64Array:
            squares = mean_squares(error[max(first - before, 0) : stop], self.rules.smoothing)
            found = np.minimum(squares[first - stop :] / self.reference_level, HIGHEST)
            # A row without any error has no score, though those before it are in its mean.
            found[np.isnan(error[first:stop]).all(axis=1)] = np.nan
            return found

        return relative

    def score(self, error: Float32Array) -> Float64Array:
        """Score every row; see the module.

        Args:
            error: (rows, series) float32, scaled; NaN where a cell was missing or not scored.

        Returns:
            (rows,) float64 >= 0, larger is stranger, 1 at the reference levels; NaN in rows
            without any scored cell.
        """
        score = np.empty(len(error))
        before = self.rules.smoothing - 1
        # In blocks, each with the earlier rows that its first means need: a long file of many
        # series would take gigabytes at once.
        for first in range(0, len(error), _BLOCK_ROWS):
            rows = slice(first, first + _BLOCK_ROWS)
            part = self._score(error[max(first - before, 0) : rows.stop])
            score[rows] = part[-len(score[rows]) :]
        return score

    def _score(self, error: Float32Array) -> Float64Array:
        relative = mean_squares(error, self.rules.smoothing) / self.reference_level
        known = np.minimum(np.where(np.isnan(relative), 0.0, relative), HIGHEST)
        count = min(self.rules.series, known.shape[1])
        strangest = np.partition(known, known.shape[1] - count, axis=1)[:, -count:]
        score: Float64Array = strangest.mean(axis=1)
        score[np.isnan(error).all(axis=1)] = np.nan
        return score

    def alarms(
        self, judged: Judged, residual: Float32Array, alphas: Alphas
    ) -> tuple[BoolArray, BoolArray]:
        """Raise the alarms of a file.

        Args:
            judged: from `judge`.
            residual: (rows, series) float32, in sigmas of the band; NaN where a cell was missing.
            alphas: the bands.

        Returns:
            Alarms of the system (rows,) bool, and of each series (rows, series) bool. A row without
            a score has none.
        """
        of_series = series_alarms(residual, alphas, self.rules)
        if self.rules.system == "weighted":
            of_system = self.raised(judged)
        else:
            needed = 1 if self.rules.system == "any" else self.rules.series
            of_system = np.count_nonzero(of_series, axis=1) >= needed
        scored = np.isfinite(judged.score)
        return of_system & scored, of_series & scored[:, None]

    def raised(self, judged: Judged) -> BoolArray:
        """Raise the system's alarm from what was judged, (rows,) bool."""
        if self.following is None:
            return persistent_score(judged.score, self.threshold, self.rules)
        strangeness = (1.0 + judged.relative) ** self.following.series
        limit = self.following.limit(self.threshold)
        lower = self.following.lower(limit, self.rules.leave)
        return above(strangeness, limit, lower, self.rules)

    def describe(self, step_seconds: float) -> str:
        """Describe in words when the system is in alarm, and the delay of the rules.

        Args:
            step_seconds: sampling step, in seconds.

        Examples:
            >>> SystemAlarm.published(num_series=2).describe(step_seconds=60.0).split("; ")[0]
            'when any series is outside its band'
        """
        rules = self.rules
        needed, of_rows = rules.enter
        cause = {
            "weighted": f"its {self._score_name} is above {self.threshold:.3g}",
            "any": "any series is outside its band",
            "at least": f"at least {rules.series} series are outside their bands",
        }[rules.system]
        parts = [f"when {cause}" + (f" in {needed} of {of_rows} rows" if of_rows > 1 else "")]
        if rules.min_rows > 1:
            parts.append(f"for {rules.min_rows} rows")
        if rules.leave < 1:
            parts.append(f"until it is below {self._lower:.3g}")
        if rules.hold:
            parts.append(f"and {rules.hold} rows more")
        chosen = {
            "budget": "threshold from a number of false alarms a week",
            "labels": "chosen by event-wise F0.5 on labels",
        }.get(self.method, "the published rule")
        if self.method == "budget" and rules.system != "weighted":
            chosen = "which the alphas decide"
        delay = duration(rules.delay_rows * step_seconds)
        told = f"; the rules delay it by at least {delay}" if rules.delay_rows else ""
        return f"{', '.join(parts)}; {chosen}{told}"

    @property
    def _score_name(self) -> str:
        if self.following is None:
            return f"score (mean of {self.rules.smoothing} rows)"
        return f"score over that of the {self.following.window} rows before"

    @property
    def _lower(self) -> float:
        """What the score must fall to before an alarm ends."""
        if self.following is None:
            return self.rules.leave * self.threshold
        limit = self.following.limit(self.threshold)
        lower = np.array(self.following.lower(limit, self.rules.leave))
        return float(self.following.relative_score(lower))

    def to_dict(self, series: Sequence[str]) -> dict[str, Any]:
        """Return plain values, for JSON, with reference levels by the names of the series."""
        return {
            "method": self.method,
            "threshold": self.threshold,
            "rules": self.rules.to_dict(),
            "level": dict(zip(series, self.reference_level.tolist(), strict=True)),
            "following": None if self.following is None else self.following.to_dict(),
            "expected": None if self.expected is None else self.expected.to_dict(),
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any], series: Sequence[str], source: str) -> "SystemAlarm":
        """Read an alarm from the values of `to_dict`.

        Args:
            stored: the values.
            series: names of the model's series, in its order.
            source: name of the file, for messages.

        Raises:
            InputError: a part is missing or damaged.
        """
        try:
            level = np.array([stored["level"][name] for name in series], dtype=np.float64)
            follows, expects = stored.get("following"), stored.get("expected")
            alarm = cls(
                AlarmRules.from_dict(stored["rules"]),
                level,
                float(stored["threshold"]),
                str(stored["method"]),
                None if follows is None else Following.from_dict(follows, len(level)),
                None if expects is None else Expectation.from_dict(expects),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(
                f"{source} is damaged ({error}). Run alpha_definition.py again."
            ) from error
        if not (np.isfinite(level).all() and (level > 0).all() and 0 <= alarm.threshold < np.inf):
            raise InputError(
                f"{source} is damaged: expected a level above 0 for every series and a threshold "
                "of at least 0. Run alpha_definition.py again."
            )
        return alarm


def series_alarms(residual: Float32Array, alphas: Alphas, rules: AlarmRules) -> BoolArray:
    """Raise the alarms of each series from its own cells.

    Args:
        residual: (rows, series) float32, in sigmas; NaN where a cell was missing.
        alphas: the bands, which are the thresholds here.
        rules: the rules by which an alarm begins and ends.

    Returns:
        (rows, series) bool.
    """
    enter, stay = exceeds_by(residual, alphas, 1.0), exceeds_by(residual, alphas, rules.leave)
    alarms = np.empty(enter.shape, dtype=bool)
    for column in range(enter.shape[1]):  # one at a time: row numbers take eight bytes a cell
        alone = slice(column, column + 1)
        alarms[:, alone] = persistent(enter[:, alone], stay[:, alone], rules)
    return alarms


def candidates(score: Float64Array) -> Float64Array:
    """List thresholds to try: the largest score, then quantiles with ever more rows above.

    Args:
        score: (rows,) float64; NaN where nothing is scored.

    Returns:
        (candidates,) float64, descending; 1, the score at the reference levels, if no row has one.
    """
    known = score[np.isfinite(score)]
    if known.size == 0:
        return np.ones(1)
    shares = np.geomspace(1 / known.size, _LARGEST_SHARE_OF_ROWS, _CANDIDATES)
    tried = np.append(np.quantile(known, 1.0 - np.minimum(shares, 1.0)), known.max())
    distinct: Float64Array = np.unique(tried)[::-1]
    return distinct


def _lowest_threshold(score: Float64Array, rules: AlarmRules, allowed: float) -> float:
    """Find the lowest threshold, from the highest down, that raises no more alarms than allowed.

    The allowance is rounded to whole alarms: 2.6 allow 3.
    """
    tried = candidates(score)
    best = float(tried[0])
    for threshold in tried:
        alarms = segments(persistent_score(score, float(threshold), rules))
        if len(alarms.starts) > allowed + 0.5:
            break
        best = float(threshold)
    return best
