"""Command `dcvae detect`, or test.py: flags, alarms and events of a file.

Writes CSV files, events and an HTML page to models/<model_name>/results/<data file stem>/.
"""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

from dcvae.cli import arguments as command_line
from dcvae.cli.printer import Printer

if TYPE_CHECKING:  # importing these would import pandas
    import pandas as pd

    from dcvae.evaluation import Review

# What the command exits with.
ALARM = 3
NOT_JUDGED = 4


def _parser(program: str | None) -> argparse.ArgumentParser:
    parser = command_line.parser("Say which cells fall outside mu ± alpha·sigma.", program=program)
    parser.epilog = (
        f"exit status: {ALARM} with --fail-on-alarm if there is an alarm; {NOT_JUDGED} if no row "
        "could be scored, or with --fail-on-alarm none in which an alarm could be on"
    )
    parser.add_argument("--labels", type=Path, metavar="FILE", help="evaluate the flags by these")
    parser.add_argument(
        "--events",
        type=Path,
        metavar="FILE",
        help="true events with `start`, `end` and `series`: which were detected, what was blamed",
    )
    parser.add_argument(
        "--baselines",
        metavar="NAMES",
        help="further detectors to compare with, with commas between, such as ecod,pca: each is "
        "shown the last 8 rows; needs --labels or --events",
    )
    parser.add_argument(
        "--context",
        type=Path,
        metavar="FILE",
        help="an earlier CSV that DATA.csv goes on from: its first rows get a score, alarms go on",
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="DIR",
        help="the folder of the results; default: results/<data file> of the model",
    )
    parser.add_argument(
        "--since",
        metavar="TIME",
        help="show only alarms that are on at TIME or later; the files of results hold all",
    )
    parser.add_argument(
        "--fail-on-alarm",
        action="store_true",
        help=f"exit with status {ALARM} if there is an alarm (at TIME or later)",
    )
    parser.add_argument("--figures", choices=("png", "pdf"), help="also draw figures for a paper")
    return parser


def _detect(arguments: argparse.Namespace) -> int:
    # pandas is imported only now, so that --help need not wait for it.
    from dcvae._engine import scoring_engine
    from dcvae.cli import output
    from dcvae.cli.progress import Display, counted
    from dcvae.config import read_settings
    from dcvae.data import read_data, read_time, read_true_events
    from dcvae.detection import find_events
    from dcvae.errors import InputError
    from dcvae.evaluation import baseline_names, evaluate_by_labels, make_review
    from dcvae.report import ResultsFolder
    from dcvae.storage import open_model

    printer = Printer.of(arguments)
    started = time.monotonic()
    baselines: tuple[str, ...] = ()
    if arguments.baselines is not None:
        if arguments.labels is None and arguments.events is None:
            raise InputError(
                "--baselines compares detectors by labels. Expected --labels or --events with it. "
                f"Received: --baselines {arguments.baselines} alone."
            )
        baselines = baseline_names(arguments.baselines)
    stored = open_model(arguments.models, read_settings(arguments.settings)).snapshot()
    if stored.settings.has_network:
        scoring_engine()  # refused here, before anything slow, if what is asked for is not there
    since = None
    if arguments.since is not None:
        since = read_time(arguments.since, "--since", stored.settings.time_zone)
    table, labels = read_data(
        arguments.data,
        stored.settings,
        series=stored.series,
        labels=arguments.labels,
        context=arguments.context,
    )
    true_events = None
    if arguments.events is not None:
        true_events = read_true_events(arguments.events, table, stored.settings)
        table.notices.extend(true_events.notices)
        if labels is not None:
            table.notices.extend(true_events.contradictions(labels, stored.settings))
        else:
            labels = true_events.labels(table, stored.settings)
    target = ResultsFolder(
        stored.folder,
        arguments.data,
        arguments.results,
        keys=stored.settings,
        identity=stored.identity,
        changes=arguments.changes,
    )
    thresholds = stored.thresholds()
    _ = stored.calibration  # refused here, before anything slow, if it is damaged
    history = stored.history() if arguments.figures and stored.settings.has_network else []
    notices = table.notices + stored.step_notice(table) + (labels.notices if labels else [])
    printer.notice([*notices, *stored.name_notices(), *thresholds.notices])

    with Display(printer) as display:
        if stored.settings.has_network:
            display.start_backend(scoring_engine())
        with target as results:
            model = stored.load(thresholds)
            whole = model.detect(table, shown=lambda blocks, total: counted(display, blocks, total))
            before = stored.rows_before(table)
            detection = whole.since(before)
            reviewed = make_review(
                stored,
                stored.run,
                table,
                detection,
                find_events(whole, stored.step_seconds).since(detection.times[0]),
                model.losses(detection.inputs),
                stored.threshold_source(table),
                None
                if labels is None
                else evaluate_by_labels(stored, detection, labels, baselines),
                true_events,
                engine=model.scorer.engine,
            )
            display.begin("writing the results", None)
            results.write(reviewed, arguments.figures, history)
    output.verdict(printer, reviewed, since)
    printer.notice(output.moved(stored.folder, results.model_folder, results.folder))
    if since is None:
        printer.notice(reviewed.quality.notices())
        output.review(printer, reviewed)
        printer.say()
        output.verdict(printer, reviewed, since)  # once more: the first has left the screen
    else:
        output.new_events(printer, reviewed, since)
    output.written(printer, reviewed, results.folder, time.monotonic() - started)
    printer.machine_readable(reviewed.to_dict(since))
    if reviewed.not_judged:
        printer.warn(f"not scored: {reviewed.not_judged}")
        return NOT_JUDGED
    return _status(reviewed, since) if arguments.fail_on_alarm else 0


def _status(reviewed: "Review", since: "pd.Timestamp | None") -> int:
    """Return whether there is an alarm, or none, or no row that could raise one.

    A file that ends before the time that is asked about is of the latter: where data have stopped
    to come, silence is no good sign.
    """
    from dcvae.evaluation import alarms_since, judged_rows

    if len(alarms_since(reviewed.events, since)):
        return ALARM
    return 0 if judged_rows(reviewed.detection, since).any() else NOT_JUDGED


main = command_line.command(_parser, _detect)
