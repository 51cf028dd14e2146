"""Output of the commands on a training, on thresholds and on a scored file."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcvae._text import duration
from dcvae.cli.printer import Printer
from dcvae.networks import entry_of

if TYPE_CHECKING:  # importing these would import Keras or pandas
    import pandas as pd

    from dcvae.config import Settings
    from dcvae.data import ColumnOverview, TrainingData
    from dcvae.detection import Thresholds
    from dcvae.evaluation import Review
    from dcvae.networks import Autoencoder
    from dcvae.training import TrainingResult

SHOWN_COLUMNS = 20  # of a file, in the table before a training
POOR_F1 = 0.1  # below it, alphas say more about the labels than about the series


def columns_table(printer: Printer, columns: Sequence["ColumnOverview"]) -> None:
    """Print what each column of a file was taken for, so that a mistake is seen before training.

    Args:
        printer: prints the lines.
        columns: of the file; the time first.
    """
    lines = [
        [
            column.name,
            column.role,
            f"{column.smallest} to {column.largest}" if column.smallest else "",
            column.step,
            f"{column.missing:.1%}" if column.role in ("series", "counter") else "",
        ]
        for column in columns
    ]
    printer.table(["column", "role", "range", "step", "missing"], lines[:SHOWN_COLUMNS])
    if len(lines) > SHOWN_COLUMNS:
        printer.say(f"... and {len(lines) - SHOWN_COLUMNS:,} more")


def training_start(
    printer: Printer,
    data: "TrainingData",
    settings: "Settings",
    network: "Autoencoder",
    device: str,
    folder: Path,
) -> None:
    """Print data, network and device before a training; the layers too if `summary` is set.

    Args:
        printer: prints the lines.
        data: the training data.
        settings: settings of the training.
        network: the untrained network.
        device: device that it is trained on.
        folder: the folder of the model.
    """
    if settings.summary:
        for side in (network.encoder, network.decoder):
            side.summary(print_fn=printer.say)
    frame, split = data.table.frame, data.split
    printer.facts(
        {
            "data": f"{data.table.path}: {len(frame):,} rows, {frame.shape[1]} series",
            "windows": f"{len(split.train):,} to train on, {len(split.validation):,} to validate",
            "network": f"{settings.name_of_architecture}, {network.count_params():,} parameters, "
            f"{entry_of(settings).reach(settings)}",
            "device": device,
            "model": str(folder),
        }
    )


def fit_start(printer: Printer, data: "TrainingData", settings: "Settings", folder: Path) -> None:
    """Print data and detector before a fit without a network.

    Args:
        printer: prints the lines.
        data: the training data.
        settings: settings of the model.
        folder: the folder of the model.
    """
    frame = data.table.frame
    printer.facts(
        {
            "data": f"{data.table.path}: {len(frame):,} rows, {frame.shape[1]} series",
            "detector": settings.described_detector,
            "model": str(folder),
        }
    )


def training_end(
    printer: Printer, result: "TrainingResult | None", folder: Path, seconds: float
) -> int:
    """Print the end of a training and the place of the model.

    Args:
        printer: prints the lines.
        result: end of the training; None without a network.
        folder: the folder of the model.
        seconds: duration of the training.

    Returns:
        The status to exit with: 0, or what stops a chain of commands after a training that was cut
        short: 130 for Ctrl-C, 1 for a loss that is no number. The model is whole in either case.
    """
    if result is None:
        printer.say(f"fitted in {duration(seconds)}")
        printer.say(f"model: {folder}")
        return 0
    state = result.state
    best = state.history[state.best_epoch - 1]
    validation = "" if math.isnan(best.val_loss) else f", validation loss {best.val_loss:.4f}"
    epochs = "1 epoch" if len(state.history) == 1 else f"{len(state.history)} epochs"
    printer.say(f"{result.ending} after {epochs} and {duration(seconds)}")
    printer.say(
        f"best epoch {state.best_epoch}: loss {best.loss:.4f} (reconst {best.reconst:.4f}, "
        f"kl {best.kl:.4f}){validation}"
    )
    printer.say(f"model: {folder}")
    if result.ending == "loss is not a number":
        printer.warn(
            "warning: the loss became NaN or infinite, which no further epoch can mend; the best "
            "weights before that are kept. A smaller `lr` may go further."
        )
        return 1
    if result.ending == "interrupted":
        printer.warn(
            "interrupted: the best weights so far are kept; --resume goes on from the last whole "
            "epoch."
        )
        return 130
    return 0


def moved(folder: Path, now: Path, written: Path) -> list[str]:
    """Return a notice if another model has taken the name while a command was running.

    Args:
        folder: the folder of the model when the command began.
        now: its folder when the command wrote.
        written: what the command has written.
    """
    if now == folder:
        return []
    return [
        f"Another model has taken the name of this one in the meantime. What is said here is of "
        f"the model before, and is written to {written}; run the command again for the new one."
    ]


def alphas_table(printer: Printer, thresholds: "Thresholds") -> None:
    """Print fitted alphas, one line per series.

    Args:
        printer: prints the lines.
        thresholds: alphas; those fitted without labels are shown with their events per week.
    """
    alphas, events_per_week = thresholds.alphas, thresholds.events_per_week
    width = max(len("series"), *(len(name) for name in alphas.series))
    without_labels = all(map(math.isnan, alphas.f1)) and set(alphas.method) != {"default"}
    if without_labels and events_per_week is not None:
        printer.say(f"{'series':<{width}}  alpha_down  alpha_up  events/week  method")
        for number, name in enumerate(alphas.series):
            rate = "-" if math.isnan(events_per_week[number]) else f"{events_per_week[number]:.1f}"
            printer.say(
                f"{name:<{width}}  {alphas.down[number]:10.3g}  {alphas.up[number]:8.3g}  "
                f"{rate:>11}  {alphas.method[number]}"
            )
        return
    printer.say(
        f"{'series':<{width}}  alpha_down  alpha_up      F1  precision  recall  labeled rows  "
        "method"
    )
    for number, name in enumerate(alphas.series):
        figures = [alphas.f1[number], alphas.precision[number], alphas.recall[number]]
        shown = ["-" if math.isnan(figure) else f"{figure:.3f}" for figure in figures]
        printer.say(
            f"{name:<{width}}  {alphas.down[number]:10.3g}  {alphas.up[number]:8.3g}  "
            f"{shown[0]:>6}  {shown[1]:>9}  {shown[2]:>6}  {alphas.labeled_rows[number]:12,d}  "
            f"{alphas.method[number]}"
        )
    defaults = [n for n, m in zip(alphas.series, alphas.method, strict=True) if m == "default"]
    if defaults:
        printer.notice(
            [f"No labeled anomaly in a scored row, default alphas kept: {', '.join(defaults)}."]
        )
    poor = [name for name, f1 in zip(alphas.series, alphas.f1, strict=True) if f1 < POOR_F1]
    if poor:
        printer.notice(
            [
                f"No band reaches an F1 of {POOR_F1} on the labels of {', '.join(poor)}: these "
                "alphas mean little. A single label column, for one, marks also the series in "
                "which nothing happened."
            ]
        )


def review(printer: Printer, result: "Review", folder: Path, seconds: float) -> None:
    """Print the review of a file: summary, series, strongest events, comparison, findings.

    Args:
        printer: prints the lines.
        result: review of the file.
        folder: the folder of its results.
        seconds: duration of the command.
    """
    printer.facts(result.summary())
    printer.say()
    _series_table(printer, result)
    if len(result.events.table):
        printer.say()
        _event_table(printer, result.events.table)
    if result.comparison is not None:
        printer.say()
        _comparison_table(printer, result.comparison)
    printer.say()
    for finding in result.findings:
        printer.finding(finding.severity, finding.text)
    num_rows = len(result.detection.times)
    printer.say(f"written: {folder} ({num_rows:,} judged rows, {duration(seconds)})")
    printer.say(f"to look at: {folder / 'report.html'}")


def _series_table(printer: Printer, result: "Review") -> None:
    """Print one line per series: flagged cells, and with labels the most asked-for metrics."""
    counts = result.detection.flags.sum(axis=0)
    header = ["series", "flagged", "share"]
    lines = [
        [name, f"{count:,}", f"{count / len(result.detection.times):.3%}"]
        for name, count in zip(result.detection.series, counts, strict=True)
    ]
    if result.metrics is not None:
        columns = {
            "f1": "F1",
            "precision": "precision",
            "recall": "recall",
            "event_f05_corrected": "event F0.5",
            "average_precision": "avg prec",
            "vus_pr": "VUS-PR",
        }
        header += columns.values()
        from dcvae.evaluation import ANY_FLAG, MEAN, SYSTEM  # loaded by now

        totals = [MEAN, ANY_FLAG, SYSTEM]
        lines += [[name, "", ""] for name in totals]
        names = [*result.detection.series, *totals]
        for line, name in zip(lines, names, strict=True):
            line += [_figure(result.metrics[column][name]) for column in columns]
    printer.table(header, lines)


def _event_table(printer: Printer, events: "pd.DataFrame", shown: int = 10) -> None:
    """Print the events that are most worth a call; see `detection.order_of_call`."""
    from dcvae.detection import order_of_call

    strongest = events.iloc[order_of_call(events)[:shown]]
    printer.say(
        f"strongest {len(strongest)} of {len(events):,} events (strength: sigmas from what was "
        "expected)"
    )
    columns = {
        "start": strongest["start"].map(str),
        "lasts": strongest["duration_seconds"].map(duration),
        "kind": strongest["kind"],
        "score": strongest["times_limit"].map("{:.1f} x limit".format),
        "strength": strongest["peak_strength"].map("{:.1f}".format),
        "": strongest["direction"],
        "series, earliest first": strongest["series"].map(", ".join),
    }
    if (strongest["kind"] == "incident").all():
        del columns["kind"]
    if strongest["times_limit"].isna().all():  # series decide
        del columns["score"]
    printer.table(list(columns), [list(line) for line in zip(*columns.values(), strict=True)])


def _comparison_table(printer: Printer, comparison: "pd.DataFrame") -> None:
    """Print the metrics of the model and of the baselines."""
    columns = {
        "series_f1": "series F1",
        "f1": "system F1",
        "event_f05_corrected": "event F0.5",
        "false_alarms_per_week": "false alarms/week",
        "average_precision": "avg prec",
        "vus_pr": "VUS-PR",
    }
    printer.table(
        ["detector", *columns.values()],
        [
            [str(name), *(_figure(comparison[column][name]) for column in columns)]
            for name in comparison.index
        ],
    )


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
