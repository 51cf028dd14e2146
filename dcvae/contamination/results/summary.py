"""Summary of a study: mean and spread over the runs, paired losses, and the tolerated share."""

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array
from dcvae.contamination.experiment import CONSTANTS, REFERENCES
from dcvae.contamination.metrics import METRICS

RESAMPLES = 2_000
_OF_USE = 0.5  # of the best average precision: detectors below are not named as tolerant
TOLERATED_LOSS = 0.05  # of what a metric is without contamination
MAIN_METRIC = "aupr"  # a little contamination shows in it first, when it hardly does in AUROC


def loss_interval(losses: Float64Array, seed: int) -> tuple[float, float]:
    """Return a 95 % bootstrap interval of the mean loss, by drawing runs with replacement.

    Args:
        losses: (runs,) float64, the loss of each run.
        seed: of the draws, the same for all that is compared.

    Returns:
        Its ends; NaN from fewer than two runs, which tell nothing of other runs.
    """
    if len(losses) < 2:
        return float("nan"), float("nan")
    random = np.random.default_rng([seed, 4])
    drawn = random.integers(0, len(losses), (RESAMPLES, len(losses)))
    low, high = np.quantile(losses[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def summarize(results: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Summarize results.

    Args:
        results: as results.csv, with the share 0 for every detector.
        seed: of the bootstrap.

    Returns:
        One line for each detector (references first, the others by name), metric and share: `runs`,
        `mean`, `sd` (of the runs, n - 1), `loss` (mean of the loss since no contamination, run by
        run), `loss_low` and `loss_high` (its 95 % interval), and `tolerated_rho`, the same in all
        lines of a detector and metric: the largest share up to which the interval ends within 5 %
        of the mean at 0, below any at which the detector always failed; NaN where one run gives no
        interval.
    """
    usable = results[results["failure"] == ""]
    lines = []
    for detector in _in_order(usable["detector"].unique()):
        own = usable[usable["detector"] == detector]
        asked = results.loc[results["detector"] == detector, "rho"]
        failed = min({*asked} - {*own["rho"]}, default=math.inf)  # the smallest share without any
        for metric in METRICS:
            table = own.set_index(["run", "rho"])[metric].unstack().astype(float)  # noqa: PD010
            if table.notna().any(axis=None):
                lines += _lines_of(detector, metric, table, seed, failed)
    return pd.DataFrame(lines, columns=[*_COLUMNS])


def _in_order(names: Iterable[str]) -> list[str]:
    """Sort names, the references first: lines of results come in any order from several jobs."""
    rank = {name: place for place, name in enumerate(REFERENCES)}
    return sorted(map(str, names), key=lambda name: (rank.get(name, len(rank)), name))


class _Line(NamedTuple):
    """A line of the summary, but for the tolerated share."""

    detector: str
    metric: str
    rho: float
    runs: int
    mean: float
    sd: float
    loss: float
    loss_low: float
    loss_high: float


_COLUMNS = (*_Line._fields, "tolerated_rho")


def _lines_of(
    detector: str, metric: str, table: pd.DataFrame, seed: int, failed: float
) -> list[dict[str, Any]]:
    """Return the lines of a detector and metric from its values, (runs, shares).

    What is tolerated is below the share at which it `failed` in every run.
    """
    lines: list[_Line] = []
    shares = [float(rho) for rho in table.columns]
    values = table.to_numpy(dtype=float)
    clean = values[:, shares.index(0.0)] if 0.0 in shares else np.full(len(values), np.nan)
    for place, rho in enumerate(shares):
        known = values[~np.isnan(values[:, place]), place]
        losses = clean - values[:, place]
        losses = losses[~np.isnan(losses)]
        low, high = loss_interval(losses, seed)
        lines.append(
            _Line(
                detector,
                metric,
                rho,
                len(known),
                float(known.mean()) if len(known) else math.nan,
                float(known.std(ddof=1)) if len(known) > 1 else math.nan,
                float(losses.mean()) if len(losses) else math.nan,
                low,
                high,
            )
        )
    tolerated = _tolerated([line for line in lines if line.rho < failed])
    return [{**line._asdict(), "tolerated_rho": tolerated} for line in lines]


def _tolerated(lines: Sequence[_Line]) -> float:
    """Return the largest share up to which losses stay small; NaN where that cannot be said."""
    clean = math.nan
    tolerated = math.nan
    for line in lines:  # in ascending order of their shares
        if line.rho == 0.0:
            clean = line.mean
            continue
        if math.isnan(line.loss_high):
            return tolerated
        if line.loss_high > TOLERATED_LOSS * clean:
            return 0.0 if math.isnan(tolerated) else tolerated
        tolerated = line.rho
    return tolerated


def answer(summary: pd.DataFrame, unit: str) -> str:
    """Return the answer of a study in a sentence or two: what contamination costs whom.

    Args:
        summary: from `summarize`.
        unit: "rows" or "windows".
    """
    own = summary[(summary["metric"] == MAIN_METRIC) & (summary["detector"] != "random")]
    shares = sorted({rho for rho in own["rho"] if rho > 0})
    if own.empty:
        return "No detector could be studied: every line of results.csv has its reason."
    if not shares:
        best = _largest(own, "mean")
        return (
            f"Nothing was contaminated: {best['detector']} has the largest average precision, "
            f"{best['mean']:.3f}."
        )
    # Another run is another split: means of other runs cannot be compared.
    runs = own.groupby("detector", sort=False)["runs"].min()
    fewer = list(runs.index[runs < runs.max()])
    own = own[~own["detector"].isin(fewer)]
    left_out = f" Not compared, having fewer runs: {', '.join(fewer)}." if fewer else ""
    clean = own[own["rho"] == 0.0].set_index("detector")["mean"]
    judged = own[own["rho"] > 0].assign(
        relative=lambda lines: lines["loss"] / lines["detector"].map(clean)
    )
    # One that finds next to nothing has next to nothing to lose.
    of_use = clean.index[clean >= _OF_USE * clean.max()]
    useful = judged[judged["detector"].isin(of_use)]
    if useful.empty:
        return f"{_at_most(judged, shares[-1])}{left_out}"
    return f"{_tolerant(useful, unit)} {_at_most(judged, shares[-1])}{left_out}"


def _tolerant(judged: pd.DataFrame, unit: str) -> str:
    if judged["tolerated_rho"].isna().all():
        return "One run gives no interval, so that nothing can be said of what is tolerated."
    most = float(judged["tolerated_rho"].max())
    if most == 0.0:
        smallest = judged["rho"].min()
        return (
            f"Already {_percent(smallest)} of anomalies among the training {unit} may cost each of "
            "the better detectors more than a twentieth of its average precision."
        )
    at_most = judged[(judged["tolerated_rho"] == most) & (judged["rho"] == most)]
    best = _largest(at_most, "mean")
    others = len(at_most) - 1
    whom = f"{best['detector']}" + (f" and {others} more" if others else "")
    return (
        f"Up to {_percent(most)} of anomalies among the training {unit} cost {whom} less than a "
        "twentieth of the average precision."
    )


def _at_most(judged: pd.DataFrame, share: float) -> str:
    """Say which detector is best at the largest share, and which has lost most there."""
    there = judged[(judged["rho"] == share) & judged["relative"].notna()]
    learning = there[~there["detector"].isin(CONSTANTS)]
    if there.empty:
        return "No detector could be studied with and without contamination."
    compared = learning if len(learning) else there
    best, worst = _largest(there, "mean"), _largest(compared, "relative")
    said = f"At {_percent(share)}, {best['detector']} is best with {best['mean']:.3f}"
    if worst["relative"] <= TOLERATED_LOSS:
        return f"{said}, and none has lost more than a twentieth."
    if worst["detector"] == best["detector"]:
        return f"{said}, and has lost {_percent(worst['relative'])}."
    return f"{said}, and {worst['detector']} has lost most, {_percent(worst['relative'])}."


def _largest(lines: pd.DataFrame, column: str) -> "pd.Series[Any]":
    return lines.sort_values(column, ascending=False, kind="stable").iloc[0]


def _percent(share: float) -> str:
    """Write a share in percent, without digits that say nothing."""
    return f"{share * 100:.2g} %"
