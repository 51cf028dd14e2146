"""Command `dcvae detect`, or test.py: flags, alarms and events of a file.

Writes CSV files, events and an HTML page to models/<model_name>/results/<data file stem>/.
"""

import argparse
import time
from pathlib import Path

from dcvae.cli import arguments as command_line
from dcvae.cli.printer import Printer, start_backend

NOT_JUDGED = 3  # the status to exit with


def _parser(program: str | None) -> argparse.ArgumentParser:
    parser = command_line.parser("Say which cells fall outside mu ± alpha·sigma.", program=program)
    parser.epilog = f"exit status {NOT_JUDGED}: no row of the file could be judged"
    parser.add_argument("--labels", type=Path, metavar="FILE", help="evaluate the flags by these")
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
    parser.add_argument("--figures", choices=("png", "pdf"), help="also draw figures for a paper")
    return parser


def _detect(arguments: argparse.Namespace) -> int:
    # pandas is imported only now, so that --help need not wait for it.
    from dcvae.cli import output
    from dcvae.cli.progress import counted
    from dcvae.config import read_settings
    from dcvae.data import read_data
    from dcvae.detection import find_events
    from dcvae.evaluation import evaluate_by_labels, make_review
    from dcvae.report import ResultsFolder
    from dcvae.storage import open_model

    printer = Printer(quiet=arguments.quiet, as_json=arguments.json)
    started = time.monotonic()
    stored = open_model(arguments.models, read_settings(arguments.settings)).snapshot()
    table, labels = read_data(
        arguments.data,
        stored.settings,
        series=stored.series,
        labels=arguments.labels,
        context=arguments.context,
    )
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
    printer.notice([*notices, *thresholds.notices])

    if stored.settings.has_network:
        start_backend()
    with target as results:
        model = stored.load(thresholds)
        whole = model.detect(table, shown=lambda blocks, total: counted(printer, blocks, total))
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
            None if labels is None else evaluate_by_labels(stored, detection, labels),
        )
        results.write(reviewed, arguments.figures, history)
    printer.notice(reviewed.quality.notices())
    printer.notice(output.moved(stored.folder, results.model_folder, results.folder))
    output.review(printer, reviewed, results.folder, time.monotonic() - started)
    printer.machine_readable(reviewed.to_dict())
    if reviewed.not_judged:
        printer.warn(f"not judged: {reviewed.not_judged}")
        return NOT_JUDGED
    return 0


main = command_line.command(_parser, _detect)
