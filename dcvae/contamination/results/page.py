"""Page of a study: the answer first, then curves, tables and suspects, as one HTML document."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from dcvae.contamination.experiment import CONSTANTS
from dcvae.contamination.metrics import METRICS
from dcvae.contamination.results.figure import PANELS
from dcvae.contamination.results.summary import MAIN_METRIC
from dcvae.report import document

if TYPE_CHECKING:
    from dcvae.contamination.results.found import StudyResults

_SUSPECTS = 200  # lines; suspects.csv has more
_NUMBERS = ("mean", "sd", "loss", "loss_low", "loss_high")


def render_study(found: "StudyResults") -> str:
    """Return the page of a study: an HTML document that needs nothing else.

    It names the file of the data and no folder.
    """
    return document(
        "contamination.html",
        ("page.css", "contamination.css"),
        "contamination.js",
        lambda _: _data(found),
    )


def _data(found: "StudyResults") -> dict[str, Any]:
    about, summary = found.about, found.summary
    metrics = [name for name in METRICS if (summary["metric"] == name).any()]
    shares = sorted(float(rho) for rho in summary["rho"].unique())
    detectors = [str(name) for name in summary["detector"].unique()]
    return {
        "answer": found.answer,
        "data": str(about["data"]),
        "anomaly": str(about["anomaly"]),
        "unit": str(about["unit"]),
        "notices": [*about["notices"], *_notes_of(found.results)],
        "failures": found.failures,
        "rho": shares,
        "detectors": detectors,
        "constants": [name for name in detectors if name in CONSTANTS],
        "metrics": [
            {"name": name, "title": PANELS.get(name, name), "note": METRICS[name]}
            for name in sorted(metrics, key=lambda name: name != MAIN_METRIC)
        ],
        "numbers": {
            metric: {
                detector: _numbers(summary, metric, detector, shares) for detector in detectors
            }
            for metric in metrics
        },
        "runs": int(found.results["run"].max()) if len(found.results) else 0,
        "anomaly_share": _number(found.results["anomaly_share"].mean()),
        "seconds": _seconds(found.results),
        "suspects": {
            "columns": [str(name) for name in found.suspects.columns],
            "rows": [
                [_plain(cell) for cell in row]
                for row in found.suspects.head(_SUSPECTS).astype(object).to_numpy()
            ],
            "total": len(found.suspects),
        },
        "settings": {name: value for name, value in about.items() if name != "notices"},
    }


def _numbers(
    summary: pd.DataFrame, metric: str, detector: str, shares: list[float]
) -> dict[str, Any] | None:
    """Return the numbers of a detector by share; None where it has none."""
    own = summary[(summary["metric"] == metric) & (summary["detector"] == detector)]
    if own.empty:
        return None
    by_share = own.set_index("rho").reindex(shares)
    return {
        **{name: [_number(cell) for cell in by_share[name]] for name in _NUMBERS},
        "tolerated": _number(own["tolerated_rho"].iloc[0]),
    }


def _seconds(results: pd.DataFrame) -> Mapping[str, float]:
    """Return the median seconds of an experiment by detector: the first starts a framework."""
    usable = results[results["failure"] == ""]
    medians = usable.groupby("detector", sort=False)["seconds"].median()
    return {str(name): float(seconds) for name, seconds in medians.items()}


def _notes_of(results: pd.DataFrame) -> list[str]:
    """Return what detectors said of their fits, each once."""
    told = results[results["notes"] != ""]
    return [
        f"{detector}, in {len(lines):,} experiment{'s' * (len(lines) != 1)}: {note}"
        for (detector, note), lines in told.groupby(["detector", "notes"], sort=False)
    ]


def _number(cell: float) -> float | None:
    return float(cell) if np.isfinite(cell) else None


def _plain(cell: Any) -> Any:
    return cell.item() if isinstance(cell, np.generic) else cell
