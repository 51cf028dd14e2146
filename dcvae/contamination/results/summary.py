"""Summary of a study: mean and spread over the runs, paired losses, and the tolerated share."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dcvae._arrays import Float64Array
from dcvae.contamination.experiment import REFERENCES
from dcvae.contamination.metrics import METRICS

RESAMPLES = 2_000
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
        One line for each detector, metric and share: `runs`, `mean`, `sd` (of the runs, n - 1),
        `loss` (mean of the loss since no contamination, run by run), `loss_low` and `loss_high`
        (its 95 % interval), and `tolerated_rho`, the same in all lines of a detector and metric:
        the largest share up to which the interval ends within 5 % of the mean at 0; NaN where one
        run gives no interval.
    """
    usable = results[results["failure"] == ""]
    lines = []
    for detector, own in usable.groupby("detector", sort=False):
        for metric in METRICS:
            table = own.pivot(index="run", columns="rho", values=metric).astype(float)
            if table.notna().any(axis=None):
                lines += _lines_of(str(detector), metric, table, seed)
    return pd.DataFrame(lines, columns=[*_COLUMNS])


_COLUMNS = (
    *("detector", "metric", "rho", "runs", "mean", "sd"),
    *("loss", "loss_low", "loss_high", "tolerated_rho"),
)


def _lines_of(
    detector: str, metric: str, table: pd.DataFrame, seed: int
) -> list[dict[str, object]]:
    lines = []
    clean = table[0.0] if 0.0 in table else pd.Series(np.nan, table.index)
    for rho in table:
        known = table[rho].dropna()
        losses = (clean - table[rho]).dropna().to_numpy()
        low, high = loss_interval(losses, seed)
        lines.append(
            {
                "detector": detector,
                "metric": metric,
                "rho": float(rho),
                "runs": len(known),
                "mean": known.mean(),
                "sd": known.std(ddof=1),
                "loss": losses.mean() if len(losses) else float("nan"),
                "loss_low": low,
                "loss_high": high,
            }
        )
    tolerated = _tolerated(lines, float(clean.mean()))
    return [{**line, "tolerated_rho": tolerated} for line in lines]


def _tolerated(lines: Sequence[dict[str, object]], clean: float) -> float:
    """Return the largest share up to which losses stay small; NaN where that cannot be said."""
    tolerated = 0.0
    dirty = [line for line in lines if line["rho"] != 0.0]
    if not dirty:
        return float("nan")
    for line in dirty:
        if np.isnan(line["loss_high"]):
            return float("nan")
        if line["loss_high"] > TOLERATED_LOSS * clean:
            break
        tolerated = float(line["rho"])
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
        best = own.loc[own["mean"].idxmax()]
        return (
            f"Nothing was contaminated: {best['detector']} has the largest average precision, "
            f"{best['mean']:.3f}."
        )
    clean = own[own["rho"] == 0.0].set_index("detector")["mean"]
    judged = own[own["rho"] > 0].assign(
        relative=lambda lines: lines["loss"] / lines["detector"].map(clean)
    )
    said = [_tolerant(judged, unit), _losing(judged, shares)]
    return " ".join(sentence for sentence in said if sentence)


def _tolerant(judged: pd.DataFrame, unit: str) -> str:
    if judged["tolerated_rho"].isna().all():
        return "One run gives no interval, so that nothing can be said of what is tolerated."
    most = float(judged["tolerated_rho"].max())
    if most == 0.0:
        smallest = judged["rho"].min()
        return (
            f"Already {_percent(smallest)} of anomalies among the training {unit} may cost every "
            "detector more than a twentieth of its average precision."
        )
    at_most = judged[(judged["tolerated_rho"] == most) & (judged["rho"] == most)]
    best = at_most.loc[at_most["mean"].idxmax()]
    others = len(at_most) - 1
    whom = f"{best['detector']}" + (f" and {others} more" if others else "")
    return (
        f"Up to {_percent(most)} of anomalies among the training {unit} cost {whom} less than a "
        f"twentieth of the average precision ({best['mean']:.3f} of {best['detector']} there)."
    )


def _losing(judged: pd.DataFrame, shares: Sequence[float]) -> str:
    """Say which detector loses most at the smallest share at which one loses a twentieth."""
    compared = judged[~judged["detector"].isin([name for name in REFERENCES[:2]])]
    compared = compared if len(compared) else judged
    for share in shares:
        there = compared[(compared["rho"] == share) & compared["relative"].notna()]
        if there.empty:
            continue
        worst = there.loc[there["relative"].idxmax()]
        if worst["relative"] > TOLERATED_LOSS:
            return (
                f"{worst['detector']} loses {_percent(worst['relative'])} of its average precision "
                f"at {_percent(share)}."
            )
    return f"No detector loses a twentieth of its average precision up to {_percent(shares[-1])}."


def _percent(share: float) -> str:
    """Write a share in percent, without digits that say nothing."""
    return f"{share * 100:.2g} %"
