"""Output of the commands on a training, on thresholds and on a scored file."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcvae._text import duration, quantities
from dcvae.cli.printer import Printer
from dcvae.networks import entry_of, layer_lines, num_parameters

if TYPE_CHECKING:  # importing these would import Keras or pandas
    import pandas as pd

    from dcvae.config import Settings
    from dcvae.data import ColumnOverview, TrainingData
    from dcvae.detection import Thresholds
    from dcvae.evaluation import Review, RootCauses
    from dcvae.networks import Network
    from dcvae.training import TrainingResult

SHOWN_COLUMNS = 20  # of a file, in the table before a training
WIDE = 90  # columns from which on a table of events has the values too
BY_CHANCE = "system, by chance"  # a line of the table of series: figures of random scores
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
    network: "Network",
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
    weights = network.describe()
    if settings.summary:
        lines = [[*line[:2], f"{line[2]:,}", f"{line[3]:,}"] for line in layer_lines(weights)]
        printer.table(["layer", "kind", "channels", "parameters"], lines)
    frame, split = data.table.frame, data.split
    printer.facts(
        {
            "data": f"{data.table.path}: {len(frame):,} rows, {frame.shape[1]} series",
            "windows": f"{len(split.train):,} to train on, {len(split.validation):,} to validate",
            "network": f"{settings.name_of_architecture}, {num_parameters(weights):,} parameters, "
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
    printer.sentence(f"{result.ending} after {epochs} and {duration(seconds)}")
    printer.sentence(
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
    without_labels = all(map(math.isnan, alphas.f1)) and set(alphas.method) != {"default"}
    columns = {
        "series": alphas.series,
        "alpha_down": [f"{alpha:.3g}" for alpha in alphas.down],
        "alpha_up": [f"{alpha:.3g}" for alpha in alphas.up],
    }
    if without_labels and events_per_week is not None:
        columns["events/week"] = [_figure(rate, 1) for rate in events_per_week]
        columns["method"] = alphas.method
        _print_columns(printer, columns)
        return
    columns["F1"], columns["precision"], columns["recall"] = (
        [_figure(figure) for figure in figures]
        for figures in (alphas.f1, alphas.precision, alphas.recall)
    )
    columns["labeled rows"] = [f"{count:,d}" for count in alphas.labeled_rows]
    columns["method"] = alphas.method
    _print_columns(printer, columns)
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


def verdict(printer: Printer, result: "Review", since: "pd.Timestamp | None") -> None:
    """Print the one sentence on a file, before all else.

    Args:
        printer: prints the lines.
        result: review of the file.
        since: see `evaluation.verdict`.
    """
    from dcvae import evaluation  # loaded by now

    printer.headline(evaluation.verdict(result, since))
    printer.say()


def review(printer: Printer, result: "Review") -> None:
    """Print the review of a file: summary, series, strongest events, comparison, findings.

    Args:
        printer: prints the lines.
        result: review of the file.
    """
    printer.facts(result.summary())
    printer.say()
    _series_table(printer, result)
    if len(result.events.table):
        printer.say()
        _event_table(printer, result, result.events.table)
    if result.comparison is not None:
        printer.say()
        _comparison_table(printer, result.comparison)
    if result.root_causes is not None:
        printer.say()
        _true_event_table(printer, result.root_causes)
    printer.say()
    for finding in result.findings:
        printer.finding(finding.severity, finding.text)


def new_events(printer: Printer, result: "Review", since: "pd.Timestamp") -> None:
    """Print the events that are on at a time or later, where only what is new is asked for.

    Args:
        printer: prints the lines.
        result: review of the file.
        since: the time.
    """
    from dcvae.evaluation import alarms_since

    table = alarms_since(result.events, since)
    if len(table):
        _event_table(printer, result, table)
        printer.say()


def written(printer: Printer, result: "Review", folder: Path, seconds: float) -> None:
    """Print the place of the results of a file.

    Args:
        printer: prints the lines.
        result: review of the file.
        folder: the folder of its results.
        seconds: duration of the command.
    """
    num_rows = len(result.detection.times)
    printer.say(f"written: {folder} ({num_rows:,} scored rows, {duration(seconds)})")
    printer.say(f"to look at: {folder / 'report.html'}")


def _series_table(printer: Printer, result: "Review") -> None:
    """Print one line per series: flagged cells, and with labels the most asked-for metrics."""
    counts = result.detection.flags.sum(axis=0)
    header = ["series", "flagged"]
    lines = [
        [name, f"{count:,}"] for name, count in zip(result.detection.series, counts, strict=True)
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
        lines += [[name, ""] for name in totals]
        names = [*result.detection.series, *totals]
        for line, name in zip(lines, names, strict=True):
            line += [_figure(result.metrics[column][name]) for column in columns]
        # What scores that know nothing reach, beside what the system's reach.
        chance = [f"{column}_chance" for column in columns]
        known = [name in result.metrics and result.metrics[name][SYSTEM] for name in chance]
        figures = ["" if level is False else _figure(level) for level in known]
        lines.append([BY_CHANCE, "", *figures])
    else:
        header.append("share")
        for line, count in zip(lines, counts, strict=True):
            line.append(f"{count / len(result.detection.times):.3%}")
    printer.table(header, lines)


def _event_table(
    printer: Printer, result: "Review", events: "pd.DataFrame", shown: int = 10
) -> None:
    """Print the events that are most worth a call; see `detection.order_of_call`."""
    from dcvae.detection import order_of_call

    strongest = events.iloc[order_of_call(events)[:shown]]
    is_expected = strongest["expected"].notna().any()  # not every detector expects values
    usual = "sigmas from the usual deviation, at the peak"
    sigmas = "sigmas at the peak; values where it began" if is_expected else usual
    printer.sentence(
        f"strongest {len(strongest)} of {len(events):,} events ({sigmas}; earliest series first)"
    )
    has_seconds = any(time.second or time.microsecond for time in strongest["start"])
    columns = {
        "start": [str(time)[: None if has_seconds else -3] for time in strongest["start"]],
        "lasts": [duration(seconds) for seconds in strongest["duration_seconds"]],
        "kind": list(strongest["kind"]),
        "x limit": [f"{severity:.1f}" for severity in strongest["times_limit"]],
        "sigmas": [f"{strength:.1f}" for strength in strongest["peak_strength"]],
        "": list(strongest["direction"]),
    }
    if printer.width >= WIDE:
        units = dict(zip(result.detection.series, result.model.names.units, strict=True))
        values = zip(
            *(strongest[name] for name in ("actual", "expected", "began_with")), strict=True
        )
        both = [quantities([actual, expected], units[name]) for actual, expected, name in values]
        columns["actual"] = [actual for actual, _ in both]
        if is_expected:
            del columns[""]  # the two say it, of the series that began the event
            columns["expected"] = [expected for _, expected in both]
    titles = dict(zip(result.detection.series, result.model.names.titles, strict=True))
    columns["series"] = [
        ", ".join(titles.get(name, name) for name in names) for names in strongest["series"]
    ]
    if (strongest["kind"] == "incident").all():
        del columns["kind"]
    if strongest["times_limit"].isna().all():  # series decide
        del columns["x limit"]
    _print_columns(printer, columns, first_is_name=False, last_is_list=True)


def _true_event_table(printer: Printer, found: "RootCauses", shown: int = 50) -> None:
    """Print one line per true event: when its alarm came, and where its series stand."""
    from dcvae.evaluation import blame  # loaded by now

    table = found.table.head(shown)
    lines = [
        [
            line["event"],
            str(line["start"]),
            ", ".join([*line["series"], *line["others"]]),
            line["status"] if not line["alarms"] else f"after {duration(line['delay_seconds'])}",
            blame(line) if line["alarms"] else "",
        ]
        for line in table.to_dict("records")
    ]
    header = ["true event", "start", "series", "alarm", "blamed (place in the order)"]
    printer.table(header, lines, last_is_list=True)
    if len(found.table) > shown:
        printer.say(f"... and {len(found.table) - shown:,} more, in true_events.csv")


def _comparison_table(printer: Printer, comparison: "pd.DataFrame") -> None:
    """Print the metrics of the model and of the baselines."""
    columns = {
        "series_f1": "series F1",
        "f1": "system F1",
        "event_f05_corrected": "event F0.5",
        "false_alarms_per_week": "false/week",
        "average_precision": "avg prec",
        "vus_pr": "VUS-PR",
    }
    lines = [
        [str(name), *(_figure(comparison[column][name]) for column in columns)]
        for name in comparison.index
    ]
    printer.table(["detector", *columns.values()], lines)


def _print_columns(printer: Printer, columns: Mapping[str, Sequence[str]], **kinds: bool) -> None:
    """Print a table given by its columns; `kinds` as `Printer.table` has them."""
    printer.table(list(columns), [*zip(*columns.values(), strict=True)], **kinds)


def _figure(value: float, digits: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
