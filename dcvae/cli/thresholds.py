"""Command `dcvae thresholds`, or alpha_definition.py: alphas and alarm of a model.

Writes alphas.csv and alarms.json. Without labels, all rows are taken for normal.
"""

import argparse

from dcvae.cli import arguments as command_line
from dcvae.cli.printer import Printer
from dcvae.errors import InputError


def _parser(program: str | None) -> argparse.ArgumentParser:
    parser = command_line.parser(
        "Choose each series' alphas and the alarm of the system, by labels or on normal data.",
        program=program,
        labels=True,
    )
    # The other commands have it; refused with the right form, as labels are a choice here.
    parser.add_argument("--labels", dest="option", nargs="?", const="", help=argparse.SUPPRESS)
    return parser


def _fit_thresholds(arguments: argparse.Namespace) -> None:
    # pandas is imported only now, so that --help need not wait for it.
    from dcvae import _backend
    from dcvae.cli import output
    from dcvae.cli.progress import Display
    from dcvae.config import read_settings
    from dcvae.data import new_value_notices, read_data
    from dcvae.storage import open_model, trained_until

    if arguments.option is not None:
        words = [str(arguments.data), arguments.option or "LABELS.csv"]
        raise InputError(
            "--labels is no option of this command: labels stand after the data, as in "
            f"`{command_line.typed('thresholds', words, arguments)}`."
        )
    printer = Printer.of(arguments)
    given = read_settings(arguments.settings)
    given.check_labels(arguments.labels)
    stored = open_model(arguments.models, given).snapshot()
    _ = stored.calibration  # refused here, before anything slow, if it is damaged
    if stored.settings.has_network:
        _backend.chosen()
    table, labels = read_data(
        arguments.data, stored.settings, series=stored.series, labels=arguments.labels
    )
    printer.notice(table.notices + (labels.notices if labels else []) + stored.step_notice(table))
    printer.notice(stored.quality(table).notices())
    printer.notice(new_value_notices(table.frame, stored.preprocessor.constants))

    with Display(printer) as display:
        if stored.settings.has_network:
            display.start_backend()
        thresholds = stored.calibrated().fit_thresholds(table, labels, trained_until(stored.run))
    paths = stored.write_thresholds(thresholds, table, labels, arguments.changes)
    output.alphas_table(printer, thresholds)
    facts = {"system alarm": thresholds.alarm.describe(stored.step_seconds)}
    if thresholds.alarm.expected is not None:
        facts["expected"] = thresholds.alarm.expected.describe()
    printer.facts(facts)
    printer.notice([*thresholds.notices, *output.moved(stored.folder, paths[0].parent, paths[0])])
    printer.machine_readable(
        {
            "alphas": thresholds.alphas.to_records(),
            "system_alarm": thresholds.alarm.to_dict(stored.series),
        }
    )
    printer.say("written: " + ", ".join(str(path) for path in paths))
    printer.say("next:")
    printer.say(f"  {command_line.typed('detect', ('TEST.csv',), arguments)}")


main = command_line.command(_parser, _fit_thresholds)
