"""Figure of a study: metrics over the share of contamination, a panel each, as robustness.png."""

from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcvae.contamination.experiment import CONSTANTS

PANELS = {
    "aupr": "average precision",
    "auroc": "area under the ROC curve",
    "f1_true_rate": "F1 at the true rate",
    "f1_train_threshold": "F1, threshold from training",
    "contamination_recall": "contamination found in training",
}
# Okabe and Ito's colors, which color-blind people tell apart; more lines than colors have markers.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = "osD^vPX"
_WIDTH, _HEIGHT = 4.2, 3.4  # inches of a panel


def robustness_figure(summary: pd.DataFrame) -> Figure:
    """Draw the mean of each metric over the share of contamination, with a band of one sd.

    Args:
        summary: from `summarize`.

    Returns:
        The figure: a line for each detector, dashed for those that learn nothing.
    """
    names = [str(name) for name in summary["detector"].unique()]
    shown = [name for name in PANELS if (summary["metric"] == name).any()]
    columns = min(len(shown), 3) or 1
    lines = -(-len(shown) // columns) or 1
    with mpl.rc_context({"font.size": 9.0}):
        figure = Figure(figsize=(_WIDTH * columns, _HEIGHT * lines + 0.9), layout="constrained")
        panels = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes, metric in zip(panels, shown, strict=False):
            _draw(axes, summary[summary["metric"] == metric], names, PANELS[metric])
        for axes in panels[len(shown) :]:
            axes.set_axis_off()
        if shown:
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    return figure


def _draw(axes: Axes, table: pd.DataFrame, names: Sequence[str], title: str) -> None:
    learning = [name for name in names if name not in CONSTANTS]
    for name in names:
        own = table[table["detector"] == name].sort_values("rho")
        percent, mean = own["rho"].to_numpy() * 100.0, own["mean"].to_numpy(dtype=float)
        spread = np.nan_to_num(own["sd"].to_numpy(dtype=float))
        if name in CONSTANTS:
            color, style, marker = "0.45", ("--", ":")[CONSTANTS.index(name)], ""
        else:
            turn, place = divmod(learning.index(name), len(_COLORS))
            color, style, marker = _COLORS[place], "-", _MARKERS[turn % len(_MARKERS)]
        axes.fill_between(
            percent, mean - spread, mean + spread, color=color, alpha=0.1, linewidth=0
        )
        axes.plot(
            percent,
            mean,
            color=color,
            linestyle=style,
            marker=marker,
            markersize=4,
            linewidth=1.3,
            label=name,
        )
    axes.set_title(title, loc="left")
    axes.set_xlabel("anomalies among the training data, %")
    axes.set_ylim(0.0, 1.02)
    axes.grid(alpha=0.3)
