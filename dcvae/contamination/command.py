"""Command `dcvae contamination`: what anomalies among the training data cost each detector."""

import argparse
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dcvae.cli import Printer, bare_parser, command, positive_number, without_framework_log
from dcvae.contamination.series import arguments as of_series

if TYPE_CHECKING:  # --help must not wait for numpy
    from dcvae.contamination.experiment import Experiment
    from dcvae.contamination.results.found import StudyResults
    from dcvae.contamination.study import Step, StudyKeys

FOLDER = Path("robustness")
_SHARES, _RUNS, _SEED, _ASSUMED, _POOL = (0.0, 0.02, 0.05, 0.12), 5, 123, 0.05, 0.5  # as in `study`


class Prepared(NamedTuple):
    """A study that is checked and not begun.

    Attributes:
        experiment: makes its experiments.
        keys: which experiments.
        folder: where its results go.
        notices: sentences to be said before it begins.
    """

    experiment: "Experiment"
    keys: "StudyKeys"
    folder: Path
    notices: list[str]


class Subcommand(NamedTuple):
    """A kind of study on the command line.

    Attributes:
        does: what it does, for the help.
        add_arguments: adds its own arguments to a parser.
        prepare: reads the files and checks everything that is asked for.
    """

    does: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    prepare: Callable[[argparse.Namespace], Prepared]


def _rows_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("data", type=Path, metavar="DATA", help="rows with labels: .npz, .csv, ...")
    parser.add_argument("--label", metavar="COLUMN", help="the column of labels, of a CSV")
    for name, whose in (("--anomaly", "the anomalies"), ("--normal", "the normal rows")):
        parser.add_argument(name, nargs="+", metavar="CLASS", help=f"labels of {whose}")
    parser.add_argument(
        "--pool",
        type=float,
        default=_POOL,
        metavar="SHARE",
        help="of the anomalies that may be put among the training rows; default: 0.5",
    )
    parser.add_argument(
        "--full-training",
        action="store_true",
        help="refuse a share that is out of reach with half of the normal rows; otherwise fewer "
        "of them train",
    )
    parser.add_argument(
        "--max-rows", type=positive_number, metavar="N", help="draw N rows of a larger file"
    )
    parser.add_argument(
        "--published",
        metavar="DATA_SET",
        help="hyperparameters as published for this data set, where there are some",
    )


def _prepare_rows(arguments: argparse.Namespace) -> Prepared:
    from dcvae.contamination.study import RobustnessStudy
    from dcvae.data import read_labeled_rows

    study = RobustnessStudy(
        arguments.detectors,
        rho=arguments.rho,
        runs=arguments.runs,
        seed=arguments.seed,
        pool=arguments.pool,
        assumed=arguments.assumed,
        published=arguments.published,
        full_training=arguments.full_training,
        most_rows=arguments.max_rows,
        threshold=arguments.threshold,
        jobs=arguments.jobs,
    )
    rows = read_labeled_rows(
        arguments.data,
        label=arguments.label,
        anomaly=arguments.anomaly,
        normal=arguments.normal,
    )
    experiment = study.experiment(rows)
    return Prepared(
        experiment,
        study.keys,
        arguments.out or FOLDER / arguments.data.name.partition(".")[0],
        [*experiment.notices(), *study.notices],
    )


SUBCOMMANDS: Mapping[str, Subcommand] = {
    "rows": Subcommand("study detectors of rows with labels", _rows_arguments, _prepare_rows),
    "series": Subcommand(
        "study detectors of series, DC-VAE among them, by labeled or invented events",
        of_series.add_arguments,
        of_series.prepare,
    ),
}


def _parser(program: str | None) -> argparse.ArgumentParser:
    called = program or "python -m dcvae.contamination"
    parser = bare_parser(
        "Study what anomalies among the training data cost each detector: accuracy at several "
        "shares of contamination, in several runs.",
        called,
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)
    for name, subcommand in SUBCOMMANDS.items():
        made = kinds.add_parser(
            name, help=subcommand.does, description=subcommand.does, allow_abbrev=False
        )
        subcommand.add_arguments(made)
        _common_arguments(made)
        made.set_defaults(program=program)
    return parser


def _common_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--detectors",
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        metavar="A,B,...",
        help="names of detectors; default: all of the study that this one follows",
    )
    parser.add_argument(
        "--rho",
        type=float,
        nargs="+",
        default=[*_SHARES],
        metavar="SHARE",
        help="shares of contamination; default: 0 0.02 0.05 0.12",
    )
    parser.add_argument(
        "--runs", type=positive_number, default=_RUNS, help=f"seeded splits; default: {_RUNS}"
    )
    parser.add_argument("--seed", type=_seed, default=_SEED, help=f"default: {_SEED}")
    parser.add_argument(
        "--assumed",
        type=float,
        default=_ASSUMED,
        metavar="SHARE",
        help="of the training data above the threshold from training scores; default: 0.05",
    )
    parser.add_argument(
        "--threshold",
        choices=("training", "published"),
        default="training",
        help="published: measure F1 also at a threshold from test labels, as was published",
    )
    parser.add_argument(
        "--jobs", type=positive_number, default=1, help="processes; default: 1, which has all cores"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder of the results; default: robustness/<DATA>"
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else (but errors)"
    )


def _seed(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 0, received {text}")
    return int(text)


def _study(arguments: argparse.Namespace) -> None:
    prepared = SUBCOMMANDS[arguments.kind].prepare(arguments)
    # matplotlib and the detectors are imported only now, when nothing is left to be refused.
    from dcvae.cli import Display
    from dcvae.contamination.results.folder import PAGE, RESULTS
    from dcvae.contamination.study import cells_of, run_study

    printer = Printer.of(arguments)
    printer.notice(prepared.notices)
    left = len(cells_of(prepared.keys))  # that were not said to be there
    with Display(printer) as display:

        def tell(step: "Step") -> None:
            nonlocal left
            if step.number == 1:
                printer.notice(_already(left - step.total))
                left = 0
            arguments.changes.append(
                f"{step.number:,} of {step.total:,} experiments are in "
                f"{prepared.folder / RESULTS}; the same command continues from there"
            )
            if step.line.get("failure"):
                printer.notice([_described(step)])
            elif not display.moves:
                printer.say(_described(step))

        found = run_study(
            prepared.experiment, prepared.keys, prepared.folder, tell, without_framework_log
        )
    printer.notice(_already(left))
    printer.headline(found.answer)
    _print_table(printer, found)
    printer.notice(found.failures)
    printer.machine_readable({**found.to_dict(), "folder": str(prepared.folder)})
    printer.say()
    printer.say(f"to look at: {prepared.folder / PAGE}")


def _already(experiments: int) -> list[str]:
    return [f"{experiments:,} experiments are there already."] if experiments else []


def _described(step: "Step") -> str:
    from dcvae._text import rough_duration

    line = step.line
    start = (
        f"{step.number}/{step.total} {line['detector']}, {_percent(line['rho'])}, run {line['run']}"
    )
    said = line.get("failure") or f"average precision {line['aupr']:.3f}, {line['seconds']:.1f} s"
    left = f"; about {rough_duration(step.seconds_left)} left" if step.seconds_left >= 1 else ""
    return f"{start}: {said}{left}"


def _percent(share: object) -> str:
    return f"{float(str(share)) * 100:.4g} %"


def _print_table(printer: Printer, found: "StudyResults") -> None:
    table = found.table("aupr")
    if table.empty:
        return
    printer.say()
    printer.say("Average precision, mean of the runs, by share of contamination:")
    printer.table(
        ["detector", *map(_percent, table.columns)],
        [
            [str(name), *("-" if math.isnan(cell) else f"{cell:.3f}" for cell in cells)]
            for name, cells in zip(table.index, table.to_numpy(), strict=True)
        ],
    )
    printer.say()


main = command(_parser, _study)
