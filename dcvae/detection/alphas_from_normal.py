"""How wide the band of each series is, without labels: from data that are taken to be normal.

Whatever is outside a band there is a false alarm. Three ways say how much of that is wanted, each
for the two sides of a series alone:

* ``budget``: an event is a run of rows beyond one side's alpha. Each side may spend half of
  ``false_alarms_per_week``; its alpha is the lowest that raises no more events than that on this
  data. Half an event is granted, as an allowance of 2.6 is nearer to 3 events than to 2.
* ``quantile``: the alpha below which a given share of the cells lies.
* ``evt``: extreme value theory, peaks over a threshold. The largest value of every run beyond a
  high threshold is taken to follow a generalized Pareto distribution (Pickands 1975), and the alpha
  is where it promises half of the budget. That reaches beyond the largest value seen. Where there
  are too few peaks, or they do not look like such a distribution, the side falls back on its
  budget, and it is said.

An alpha that raises nothing on this data is the largest value seen, or the default alpha if that is
wider: new data may well alarm above it, and should.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dcvae.detection.alphas import Alphas

Method = Literal["budget", "quantile", "evt"]
Float64Array = NDArray[np.float64]

SECONDS_A_WEEK = 604_800.0
_TAIL = 0.05  # share of a side's cells that are beyond the threshold of its peaks
_ENOUGH_PEAKS = 20
# Peaks that are looked at, the highest: at least so many, and so many times those allowed. A tail
# further down is not the tail that is asked about.
_MOST_PEAKS = 200
_PEAKS_AN_EVENT = 4
_SIMULATIONS = 49
_REFUSED_BELOW = 0.05  # p-value


class _Choice(NamedTuple):
    """The alpha of one side, and why it is not by the method asked for; "" if it is."""

    alpha: float
    fallback: str = ""


def alphas_from_normal(
    residual: NDArray[np.float32],
    series: Sequence[str],
    *,
    method: Method,
    default_alpha: float,
    step_seconds: float,
    false_alarms_per_week: float,
    quantile: float,
) -> tuple[Alphas, list[str]]:
    """Find both alphas of every series on data that are taken to be normal.

    Args:
        residual: (rows, series) float32, in sigmas; NaN where the cell was missing.
        series: the names of the columns.
        method: how; see the module.
        default_alpha: of series without any cell, and the least of a side that is to stay silent.
        step_seconds: sampling step.
        false_alarms_per_week: events a week that a series may raise; of "budget" and "evt".
        quantile: share of the cells on the inner side of each alpha; of "quantile".

    Returns:
        The alphas, and what the user should know of them, one sentence each.

    Raises:
        ValueError: the residuals have another number of columns than there are names.
    """
    if residual.ndim != 2 or residual.shape[1] != len(series):
        raise ValueError(
            f"`residual` must be (rows, {len(series)}). Received: shape {residual.shape}."
        )
    alphas = Alphas.default(series, default_alpha)
    methods, empty, fallbacks = list(alphas.method), [], []
    for column, name in enumerate(series):
        cells = residual[:, column].astype(np.float64)
        judged = int(np.count_nonzero(~np.isnan(cells)))
        if judged == 0:
            empty.append(f"`{name}`")
            continue
        allowed = false_alarms_per_week * judged * step_seconds / SECONDS_A_WEEK / 2
        sides = [
            _choose(sign * cells, method, allowed, quantile, default_alpha, seed=column)
            for sign in (-1, 1)
        ]
        alphas.down[column], alphas.up[column] = (side.alpha for side in sides)
        methods[column] = method
        reasons = [
            f"{word}: {side.fallback}"
            for word, side in zip(("down", "up"), sides, strict=True)
            if side.fallback
        ]
        if reasons:
            methods[column] = "budget" if len(reasons) == 2 else "evt and budget"
            fallbacks.append(f"`{name}` ({', '.join(reasons)})")
    notices = _notices(empty, fallbacks, default_alpha)
    weeks = len(residual) * step_seconds / SECONDS_A_WEEK
    if method != "quantile" and false_alarms_per_week * weeks < 2:
        notices.append(
            f"{weeks:.2g} weeks of data are short for `false_alarms_per_week` "
            f"{false_alarms_per_week:g}: fewer than 2 events are allowed on them, so the alphas "
            "rest on one or two cells. Define them on more data, or raise the key."
        )
    return replace(alphas, method=tuple(methods)), notices


def expected_events(
    residual: NDArray[np.float32], alphas: Alphas, step_seconds: float
) -> Float64Array:
    """Count the runs of flagged rows of each series a week of its judged rows: (series,)."""
    rates = np.full(len(alphas.series), np.nan)
    for column in range(len(rates)):
        cells = residual[:, column]
        weeks = np.count_nonzero(~np.isnan(cells)) * step_seconds / SECONDS_A_WEEK
        if weeks:
            flagged = (cells > alphas.up[column]) | (cells < -alphas.down[column])
            begins = np.count_nonzero(np.diff(flagged.astype(np.int8), prepend=0) == 1)
            rates[column] = begins / weeks
    return rates


def _notices(empty: list[str], fallbacks: list[str], default_alpha: float) -> list[str]:
    notices = []
    if empty:
        notices.append(
            f"No cell to learn from in {', '.join(empty)}: their alphas are {default_alpha:g} "
            "sigmas."
        )
    if fallbacks:
        notices.append(
            '`alpha_method` is "evt" but these sides have alphas by "budget": '
            f"{', '.join(fallbacks)}."
        )
    return notices


def _choose(
    distance: Float64Array,
    method: Method,
    allowed: float,
    quantile: float,
    default_alpha: float,
    *,
    seed: int,
) -> _Choice:
    """Choose the alpha of one side, on which strange cells are large: (rows,), NaN if missing."""
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
    """Lower the alpha value by value until the next would raise more events than allowed.

    The alpha is midway between the lowest value that raises an event and the next below it.
    """
    values = np.unique(distance[distance > 0])[::-1]
    if values.size == 0:
        return default_alpha
    too_many = _events_above(distance, values) > allowed + 0.5
    first = int(np.argmax(too_many)) if too_many.any() else values.size
    if first <= 1:  # the largest value itself raises nothing
        return max(float(values[0]), default_alpha)
    return float((values[first - 1] + values[first - 2]) / 2)


def _events_above(distance: Float64Array, values: Float64Array) -> NDArray[np.int64]:
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
    """Extrapolate the rate of peaks to the allowed one, if a generalized Pareto fits them."""
    from scipy.stats import genpareto  # takes a second, and only this method needs it

    threshold, peaks = _peaks(distance, max(_MOST_PEAKS, math.ceil(_PEAKS_AN_EVENT * allowed)))
    if peaks.size < _ENOUGH_PEAKS:
        return _Choice(math.nan, f"{peaks.size} peaks, fewer than {_ENOUGH_PEAKS}")
    if allowed >= peaks.size:
        return _Choice(math.nan, "the budget asks for more events than there are peaks")
    excess = peaks - threshold
    shape, _, scale = genpareto.fit(excess, floc=0)
    fitted = genpareto(shape, 0, scale)
    # How far such fits are from samples that do follow them, each fitted anew.
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
    """Find the largest value of each run beyond a high threshold, and the threshold.

    With more peaks than `most` the threshold rises to leave the highest.
    """
    cells = np.where(np.isnan(distance), -np.inf, distance)
    threshold = max(float(np.nanquantile(distance, 1 - _TAIL)), 0.0)
    above = cells > threshold
    run = np.cumsum(above & ~np.concatenate([[False], above[:-1]])) - 1
    if not above.any():
        return threshold, np.empty(0)
    peaks = np.full(int(run[-1]) + 1, -np.inf)
    np.maximum.at(peaks, run[above], cells[above])
    if peaks.size > most:
        threshold = float(np.partition(peaks, -most - 1)[-most - 1])
        peaks = peaks[peaks > threshold]
    return threshold, peaks


def _cramer_von_mises(excess: Float64Array, shape: float, scale: float) -> float:
    """Measure how far a sample is from a generalized Pareto distribution that starts at 0."""
    from scipy.stats import cramervonmises, genpareto

    return float(cramervonmises(excess, genpareto(shape, 0, scale).cdf).statistic)
