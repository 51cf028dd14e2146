"""Findings: plain sentences about the scores of a file, each with its severity."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from dcvae.config import DETECTOR_TITLES
from dcvae.data import OBSERVED, Quality, new_value_notices
from dcvae.detection import PROMISED, TOGETHER, Alphas, Detection
from dcvae.evaluation.comparison import ALARMS, LOOKS_AHEAD
from dcvae.evaluation.metrics_table import HEADLINES, RANKING, SYSTEM
from dcvae.scoring import ENOUGH_WINDOWS, WindowLosses, still_fits
from dcvae.storage import ThresholdSource

Severity = Literal["bad", "warning", "good", "info"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # the most severe first
_NEAR_CHANCE = 1.1  # times what chance reaches, below which a figure says nothing


class Finding(NamedTuple):
    """A plain sentence about the scores of a file.

    Attributes:
        severity: "bad", "warning", "good" or "info".
        text: the sentence.

    Examples:
        >>> Finding("good", "The model fits this file.").to_dict()
        {'level': 'good', 'text': 'The model fits this file.'}
    """

    severity: Severity
    text: str

    def to_dict(self) -> dict[str, str]:
        """Return plain values, for JSON."""
        return {"level": self.severity, "text": self.text}


def comparison_findings(comparison: pd.DataFrame) -> list[Finding]:
    """Return the headline metrics in which a baseline is ahead of the model, or that none is.

    Baselines that look ahead are compared with the offline line, if there is one. Metrics that are
    not defined are left out. Without a labeled row there is no finding, as a detector without
    alarms would be the best.

    Args:
        comparison: from `comparison_table`.
    """
    ours = str(comparison.index[0])
    ours_offline = ours + LOOKS_AHEAD
    if comparison.loc[ours, "labeled_rows"] == 0:
        return []
    ahead, compared, leading = [], [], []
    for column in HEADLINES:
        # As they are printed: none is ahead by what nobody sees.
        figures = {str(name): round(float(x), 3) for name, x in comparison[column].items()}
        own = figures.pop(ours)
        peers = {False: (ours, own), True: (ours, own)}
        if ours_offline in figures:
            peers[True] = ours_offline, figures.pop(ours_offline)
        margins = {
            name: figure - peers[name.endswith(LOOKS_AHEAD)][1] for name, figure in figures.items()
        }
        best = max(margins, key=lambda name: np.nan_to_num(margins[name], nan=-np.inf))
        if not np.isnan(margins[best]):
            compared.append(metric_title(column))
        if margins[best] > 0:  # never so where either is NaN
            peer, figure = peers[best.endswith(LOOKS_AHEAD)]
            ahead.append(f"{metric_title(column)}: {best} {figures[best]:.3f}, {peer} {figure:.3f}")
            leading.append(best)
    if ahead:
        text = f"A simpler detector does better than {ours} on this file. {'; '.join(ahead)}."
        return [Finding("bad", text + _advice(comparison, ours, leading))]
    if not compared:
        return []
    return [
        Finding(
            "good",
            f"None of the {len(comparison.index.difference([ours, ours_offline]))} baselines does "
            f"better than {ours} in {', '.join(compared)}.",
        )
    ]


def _advice(comparison: pd.DataFrame, ours: str, leading: Sequence[str]) -> str:
    """Say which detector to set, and what it would have raised; "" where it is none to set.

    Args:
        comparison: from `comparison_table`.
        ours: name of the model.
        leading: names of those that are ahead, one for each metric.
    """
    known = {title: name for name, title in DETECTOR_TITLES.items()}
    alarms = comparison.attrs.get(ALARMS, {})
    usable = [name for name in leading if name in known and name in alarms]
    if not usable or ours not in alarms:
        return ""
    best = max(usable, key=usable.count)
    raised = {name: _alarms_in_words(*alarms[name]) for name in (best, ours)}
    return (
        f' {best} is ahead: set `detector` to "{known[best]}". It would have raised '
        f"{raised[best]}, where {ours} raised {raised[ours]}."
    )


def _alarms_in_words(raised: int, true: int) -> str:
    """Say how many alarms were raised, and how many were false.

    Examples:
        >>> _alarms_in_words(3, 2), _alarms_in_words(1, 0), _alarms_in_words(0, 0)
        ('3 alarms (2 true, 1 false)', '1 alarm (0 true, 1 false)', 'no alarm')
    """
    if not raised:
        return "no alarm"
    return f"{raised:,} alarm{'s' if raised > 1 else ''} ({true:,} true, {raised - true:,} false)"


def ranking_findings(table: pd.DataFrame) -> list[Finding]:
    """Return a finding where the system's scores hardly rank labeled rows above normal ones.

    Args:
        table: from `metrics_of_series`.
    """
    line = table.loc[SYSTEM]
    if line["labeled_rows"] == 0:
        return [Finding("info", "No scored row is labeled: only false alarms can be counted.")]
    at_chance = [
        f"{metric_title(figure)} {line[figure]:.3f}, where chance reaches {level:.3f}"
        for figure in RANKING
        if figure != "average_precision"
        for level in [max(line[f"{figure}_chance"], line[f"{figure}_constant"])]
        if line[figure] < min(_NEAR_CHANCE * level, (1 + level) / 2)  # never so where it is NaN
    ]
    chance = line["average_precision_chance"]
    # Twice what chance reaches; where that is out of reach, halfway between chance and perfect.
    if line["average_precision"] < min(2 * chance, (1 + chance) / 2):
        precision = line["average_precision"]
        first = f"average precision {precision:.3f}, where chance reaches {chance:.3f}"
        figures = "; ".join([first, *at_chance])
        text = f"The scores hardly tell labeled rows from normal ones: {figures}."
        return [Finding("bad", text)]
    if at_chance:
        return [Finding("warning", f"Hardly better than chance: {'; '.join(at_chance)}.")]
    return []


def metric_title(column: str) -> str:
    """Return the name of a metric as people write it.

    Args:
        column: its name in tables.

    Examples:
        >>> metric_title("vus_pr"), metric_title("event_f05_corrected")
        ('VUS-PR', 'Event F0.5 corrected')
    """
    words = {
        "f1": "F1",
        "f05": "F0.5",
        "roc": "ROC",
        "auc": "AUC",
        "vus": "VUS",
        "pr": "PR",
    }
    text = " ".join(words.get(word, word) for word in column.split("_"))
    text = text.replace("ROC AUC", "ROC-AUC").replace("VUS ", "VUS-")
    return text[0].upper() + text[1:]


FEW_ROWS = 100  # with fewer rows, shares of cells mean nothing
_MUCH_MISSING = 0.1  # share of the cells of a series above which it is named
_MANY_TIMES = 10  # cells beyond 3 sigmas, in multiples of a Gaussian's, above which it is a finding


def fit_findings(
    run: Mapping[str, Any], file: WindowLosses, num_rows: int, window_length: int
) -> list[Finding]:
    """Return a finding on whether the model still fits a file, see `still_fits`.

    Args:
        run: content of run.json.
        file: losses of the file.
        num_rows: rows of the file.
        window_length: rows of a window, T.
    """
    stored = run.get("reference_losses")
    if stored is None:
        text = "Trained by an earlier version: whether the model fits this file is not known."
        return [Finding("info", text)]
    reference = WindowLosses.from_dict(stored)
    fits = still_fits(file, reference, num_rows=num_rows, window_length=window_length)
    if not file.windows:
        return [Finding("warning", "No row of this file can be scored; quality.csv says why.")]
    if fits is None:
        return [
            Finding(
                "info",
                f"The file is too short to say whether the model still fits: {num_rows:,} rows, "
                f"where {ENOUGH_WINDOWS * window_length:,} are needed.",
            )
        ]
    part = "validated" if run.get("windows", {}).get("validation") else "trained"
    windows = f"the windows that it was {part} on"
    figures = f"(loss {file.median:.3f}; 95 % of theirs are below {reference.percentile_95:.3f})"
    if fits:
        text = f"its middle window is as well reconstructed as {windows} {figures}"
        return [Finding("good", f"The model fits this file: {text}.")]
    return [
        Finding(
            "bad",
            "The model no longer fits this file: its middle window is less well reconstructed than "
            f"95 % of {windows} {figures}. The data have changed since training, "
            "or more is wrong than right in them; look at the series, and train anew on recent "
            "normal data before trusting the flags.",
        )
    ]


def quality_findings(quality: Quality) -> list[Finding]:
    """Return the number of rows of each quality, if some are not observed."""
    counts = {word: rows for word, rows in quality.counts().items() if rows}
    if set(counts) == {OBSERVED}:
        return []
    listed = ", ".join(f"{rows:,} {word}" for word, rows in counts.items())
    text = f"Quality of the {len(quality.table):,} rows (quality.csv): {listed}."
    return [Finding("info", text)]


def missing_findings(detection: Detection, titles: Sequence[str]) -> list[Finding]:
    """Return the series that are missing in more than 10 % of the scored rows.

    Args:
        detection: of the scored rows.
        titles: of the series.
    """
    shares = detection.frame.isna().mean().to_numpy()
    order = np.argsort(-shares, kind="stable")
    named = [
        f"{titles[column]} ({shares[column]:.0%})"
        for column in order
        if shares[column] > _MUCH_MISSING
    ]
    if not named:
        return []
    return [
        Finding(
            "warning",
            f"Much is missing of {', '.join(named)}: such cells are never flagged, and what fills "
            "them for the network makes it expect less of the other series too.",
        )
    ]


def new_value_findings(
    detection: Detection, constants: Sequence[float | None], titles: Sequence[str]
) -> list[Finding]:
    """Return the series that were constant in training and are something else.

    Args:
        detection: of the scored rows.
        constants: what each series was throughout training; None for one that changed.
        titles: of the series.
    """
    told = new_value_notices(detection.frame.set_axis(list(titles), axis=1), constants)
    return [Finding("warning", text) for text in told]


def calibration_findings(calibration: pd.DataFrame) -> list[Finding]:
    """Return a finding if cells lie beyond 3 sigmas far more often than of a Gaussian.

    Args:
        calibration: from `Detection.calibration`.
    """
    promised, seen = (float(calibration[name][3.0]) for name in (PROMISED, TOGETHER))
    if not seen > _MANY_TIMES * promised:
        return []
    return [
        Finding(
            "warning",
            f"{seen:.2%} of all cells lie beyond 3 sigmas, where a Gaussian promises "
            f"{promised:.2%}: sigma is too narrow for this file, and a fixed alpha flags too much.",
        )
    ]


def threshold_findings(
    source: ThresholdSource | None, alphas: Alphas, default_alpha: float, times: pd.Index
) -> tuple[str, list[Finding]]:
    """Describe the source of the alphas, with findings on metrics that it makes too good.

    Args:
        source: the data that they were fitted to; None if not known.
        alphas: the bands.
        default_alpha: alpha of series without a fit, in sigmas.
        times: times of the rows of the file that they are used on.

    Returns:
        A phrase, and findings.

    Examples:
        >>> times = pd.date_range("2024-01-01", periods=2, freq="h")
        >>> threshold_findings(None, Alphas.default(["flow"], 3.0), 3.0, times)
        ('the default alpha of 3 sigmas; no labels used', [])
    """
    if set(alphas.method) == {"default"}:
        return f"the default alpha of {default_alpha:g} sigmas; no labels used", []
    if source is None:
        return "alphas.csv, written or edited by hand", []
    span = f"{source.data} ({source.first_time} to {source.last_time})"
    if not source.has_labels:
        methods = ", ".join(
            f"{alphas.method.count(m)} by {m}" for m in dict.fromkeys(alphas.method)
        )
        return f"{span} taken to be normal, no labels used; {methods}", []
    if source.is_this_file:
        warning = "The alphas were chosen on the labels of this very file: every figure that rests "
        warning += "on flags is better than it would be on a new file."
        return "labels of this very file", [Finding("warning", warning)]
    text = f"labels of {span}"
    unlabeled = alphas.method.count("default")
    if unlabeled:
        text += f"; {unlabeled} of {len(alphas.series)} series without labels: "
        text += f"{default_alpha:g} sigmas"
    first, last = pd.Timestamp(source.first_time), pd.Timestamp(source.last_time)
    if times[0] <= last and first <= times[-1]:
        warning = f"The times of this file overlap those of {source.data}, on whose labels the "
        warning += "alphas were chosen. If it holds the same rows, figures that rest on flags are "
        warning += "better than they would be on a new file."
        return text, [Finding("warning", warning)]
    return text, []
