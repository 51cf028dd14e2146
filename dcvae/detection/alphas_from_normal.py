"""Alphas without labels, from data taken to be normal.

Every cell outside a band is a false alarm there. Three methods set how many are allowed, each for
the two sides of a series alone:

* `budget`: runs of rows beyond one side's alpha are counted. Each side may spend half of
  `false_alarms_per_week`; its alpha is the lowest that leaves no more runs than that on this
  data. The allowance is rounded to whole runs: 2.6 allow 3.
* `quantile`: the alpha below which a given share of the cells lies.
* `evt`: extreme value theory, peaks over a threshold. The largest value of every run beyond a
  high threshold is taken to follow a generalized Pareto distribution (Pickands 1975), and the alpha
  is where half of the budget is expected of it, which may be beyond the largest value seen. Where
  there are too few peaks, or they do not follow such a distribution, the side falls back on its
  budget, with a notice.

An alpha that nothing exceeds on this data is the largest value seen, or the default alpha if that
is wider: new data may alarm above it, and should.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from dcvae._arrays import Float32Array, Float64Array, IntArray, segments
from dcvae._text import duration, shortened
from dcvae.config import NormalAlphaMethod
from dcvae.detection.alarms.budget import SECONDS_PER_WEEK, bounded, how_often
from dcvae.detection.alphas import Alphas
from dcvae.detection.band import exceeds

_TAIL = 0.05  # share of a side's cells that are beyond the threshold of its peaks
_ENOUGH_PEAKS = 20
# The highest peaks, to which the distribution is fitted: at least so many, and so many times those
# allowed. Lower ones say little of the tail beyond the alpha.
_MOST_PEAKS = 200
_PEAKS_PER_EVENT = 4
_SIMULATIONS = 49
_REFUSED_BELOW = 0.05  # p-value


class _Choice(NamedTuple):
    """The alpha of one side, and the reason if it is not by the method asked for, else ""."""

    alpha: float
    fallback: str = ""


def alphas_from_normal(
    residual: Float32Array,
    series: Sequence[str],
    *,
    method: NormalAlphaMethod,
    default_alpha: float,
    step_seconds: float,
    false_alarms_per_week: float,
    quantile: float,
    lowest: float = 0.0,
) -> tuple[Alphas, list[str]]:
    """Fit both alphas of every series to data taken to be normal.

    Args:
        residual: (rows, series) float32, in sigmas; NaN where the cell was missing.
        series: names of the columns.
        method: "budget", "quantile" or "evt"; see the module.
        default_alpha: alpha of series without any cell, and the lowest alpha of a side without
            events, in sigmas.
        step_seconds: sampling step, in seconds.
        false_alarms_per_week: runs of flagged rows that a series may have a week, for "budget" and
            "evt".
        quantile: share of the cells on the inner side of each alpha, for "quantile".
        lowest: sigmas below which no alpha is placed.

    Returns:
        The alphas, and notices for the user, one sentence each.

    Raises:
        ValueError: there are not as many columns as names.

    Examples:
        A week with two runs of large residuals above the mean; each side may have one.

        >>> residual = np.zeros((2016, 1), dtype=np.float32)
        >>> residual[[100, 101, 500]] = [[5.0], [6.0], [8.0]]
        >>> alphas, notices = alphas_from_normal(
        ...     residual, ["flow"], method="budget", default_alpha=3.0, step_seconds=300.0,
        ...     false_alarms_per_week=2.0, quantile=0.999,
        ... )
        >>> alphas.up, notices
        (array([7.]), [])
    """
    if residual.ndim != 2 or residual.shape[1] != len(series):
        raise ValueError(
            f"`residual` must be (rows, {len(series)}). Received: shape {residual.shape}."
        )
    alphas = Alphas.default(series, default_alpha)
    methods, empty, fallbacks, raised = list(alphas.method), [], [], []
    budget = false_alarms_per_week
    notices: list[str] = []
    if method != "quantile" and len(residual):
        budget, notices = bounded(
            false_alarms_per_week, len(residual), step_seconds, "false_alarms_per_week"
        )
    for column, name in enumerate(series):
        cells = residual[:, column].astype(np.float64)
        num_scored = int(np.count_nonzero(~np.isnan(cells)))
        if num_scored == 0:
            empty.append(f"`{name}`")
            continue
        allowed = budget * num_scored * step_seconds / SECONDS_PER_WEEK / 2
        sides = [
            _choose(sign * cells, method, allowed, quantile, default_alpha, seed=column)
            for sign in (-1, 1)
        ]
        alphas.down[column], alphas.up[column] = (max(side.alpha, lowest) for side in sides)
        if min(side.alpha for side in sides) < lowest:
            raised.append(f"`{name}`")
        methods[column] = method
        reasons = [
            f"{word}: {side.fallback}"
            for word, side in zip(("down", "up"), sides, strict=True)
            if side.fallback
        ]
        if reasons:
            methods[column] = "budget" if len(reasons) == 2 else "evt and budget"
            fallbacks.append(f"`{name}` ({', '.join(reasons)})")
    notices += _notices(empty, fallbacks, default_alpha)
    if raised:
        notices.append(
            f"By `{method}` the bands of {shortened(raised)} would be so narrow that any noise is "
            f"flagged: an alpha is at least {lowest:g} (`alpha_lowest`)."
        )
    seconds = len(residual) * step_seconds
    if method != "quantile" and budget * seconds < 2 * SECONDS_PER_WEEK:
        notices.append(
            f"{duration(seconds)} of data is short for `false_alarms_per_week`, "
            f"{how_often(budget)}: fewer than 2 runs of flagged rows are allowed, so the alphas "
            "rest on one or two cells. Define them on more data, or raise the key."
        )
    return replace(alphas, method=tuple(methods)), notices


def expected_events(residual: Float32Array, alphas: Alphas, step_seconds: float) -> Float64Array:
    """Count the runs of flagged rows of each series per week of its scored rows.

    Args:
        residual: (rows, series) float32, in sigmas; NaN where the cell was missing.
        alphas: the bands.
        step_seconds: sampling step, in seconds.

    Returns:
        (series,) float64, runs per week; NaN for a series without any scored cell.
    """
    rates = np.full(len(alphas.series), np.nan)
    for column in range(len(rates)):
        cells = residual[:, column]
        weeks = np.count_nonzero(~np.isnan(cells)) * step_seconds / SECONDS_PER_WEEK
        if weeks:
            flagged = exceeds(cells, alphas.down[column], alphas.up[column])
            rates[column] = len(segments(flagged).starts) / weeks
    return rates


def _notices(empty: list[str], fallbacks: list[str], default_alpha: float) -> list[str]:
    notices = []
    if empty:
        notices.append(
            f"No cell to fit to in {', '.join(empty)}: their alphas are {default_alpha:g} sigmas."
        )
    if fallbacks:
        notices.append(
            '`alpha_method` is "evt" but these sides have alphas by "budget": '
            f"{', '.join(fallbacks)}."
        )
    return notices


def _choose(
    distance: Float64Array,
    method: NormalAlphaMethod,
    allowed: float,
    quantile: float,
    default_alpha: float,
    *,
    seed: int,
) -> _Choice:
    """Fit the alpha of one side: distance is (rows,), larger is stranger, NaN where missing."""
    if method == "quantile":
        return _Choice(max(float(np.nanquantile(distance, quantile)), 0.0))
    if method == "evt":
        choice = _by_peaks(distance, allowed, seed)
        if not choice.fallback:
            return choice
        return _Choice(_by_budget(distance, allowed, default_alpha), choice.fallback)
    return _Choice(_by_budget(distance, allowed, default_alpha))


# ---------------------------------------------------------------- budget


def _by_budget(distance: Float64Array, allowed: float, default_alpha: float) -> float:
    """Find the lowest alpha beyond which there are no more runs of rows than allowed.

    The alpha is midway between the lowest value beyond which there are and the next below it.
    """
    values = np.unique(distance[distance > 0])[::-1]
    if values.size == 0:
        return default_alpha
    too_many = _events_above(distance, values) > allowed + 0.5
    first = int(np.argmax(too_many)) if too_many.any() else values.size
    if first <= 1:  # the largest value itself raises nothing
        return max(float(values[0]), default_alpha)
    return float((values[first - 1] + values[first - 2]) / 2)


def _events_above(distance: Float64Array, values: Float64Array) -> IntArray:
    """Count the runs of rows above each value.

    A run begins in a row that is above while the one before is not, so runs are the rows above
    less the pairs of neighbors that are both above.
    """
    cells = np.where(np.isnan(distance), -np.inf, distance)
    pairs = np.minimum(cells[1:], cells[:-1])
    counts = [
        len(ordered) - np.searchsorted(ordered, values, side="right")
        for ordered in (np.sort(cells), np.sort(pairs))
    ]
    return np.asarray(counts[0] - counts[1], dtype=np.int64)


# ---------------------------------------------------------------- extreme values


def _by_peaks(distance: Float64Array, allowed: float, seed: int) -> _Choice:
    """Find the alpha at which a generalized Pareto fitted to the peaks expects those allowed."""
    from scipy.stats import genpareto  # takes a second, and only this method needs it

    threshold, peaks = _peaks(distance, max(_MOST_PEAKS, math.ceil(_PEAKS_PER_EVENT * allowed)))
    if peaks.size < _ENOUGH_PEAKS:
        return _Choice(math.nan, f"{peaks.size} peaks, fewer than {_ENOUGH_PEAKS}")
    if allowed >= peaks.size:
        return _Choice(math.nan, "the budget allows more runs of flagged rows than there are peaks")
    excess = peaks - threshold
    shape, _, scale = genpareto.fit(excess, floc=0)
    fitted = genpareto(shape, 0, scale)
    # A parametric bootstrap: the distance of samples that do follow the fit, each fitted anew.
    random = np.random.default_rng(seed)
    own = _cramer_von_mises(excess, shape, scale)
    worse = 0
    for _ in range(_SIMULATIONS):
        sample = fitted.rvs(excess.size, random_state=random)
        refitted = genpareto.fit(sample, floc=0)
        worse += _cramer_von_mises(sample, refitted[0], refitted[2]) >= own
    p_value = (worse + 1) / (_SIMULATIONS + 1)
    if p_value < _REFUSED_BELOW:
        return _Choice(math.nan, f"no generalized Pareto, p = {p_value:.2f}")
    return _Choice(threshold + float(fitted.isf(allowed / peaks.size)))


def _peaks(distance: Float64Array, most: int) -> tuple[float, Float64Array]:
    """Find a high threshold, and the largest value of each run of rows beyond it.

    With more peaks than `most`, the threshold is raised to leave the highest ones.
    """
    cells = np.where(np.isnan(distance), -np.inf, distance)
    threshold = max(float(np.nanquantile(distance, 1 - _TAIL)), 0.0)
    runs = segments(cells > threshold)
    if not runs.starts.size:
        return threshold, np.empty(0)
    # Every other piece between these borders is a run; the last run may end with the cells.
    borders = np.column_stack([runs.starts, runs.stops]).ravel()
    peaks = np.maximum.reduceat(np.append(cells, -np.inf), borders)[::2]
    if peaks.size > most:
        threshold = float(np.partition(peaks, -most - 1)[-most - 1])
        peaks = peaks[peaks > threshold]
    return threshold, peaks


def _cramer_von_mises(excess: Float64Array, shape: float, scale: float) -> float:
    """Compute the Cramér-von Mises distance of a sample from a generalized Pareto from 0 on."""
    from scipy.stats import cramervonmises, genpareto

    return float(cramervonmises(excess, genpareto(shape, 0, scale).cdf).statistic)
