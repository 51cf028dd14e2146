"""Arguments of `contamination series`: files of series read, and the study of them prepared.

Importing this module imports nothing heavy, so that `--help` answers at once.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcvae.cli import positive_number
from dcvae.errors import InputError

if TYPE_CHECKING:
    from dcvae.config import Settings
    from dcvae.contamination.command import Prepared
    from dcvae.contamination.series.sources import SeriesKeys, Source

_WINDOW, _TEST_SHARE = 8, 0.4  # as in `sources`
_OF_ROWS = ("z-score", "pca", "k-means", "lof", "ae")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of this kind of study to a parser."""
    parser.add_argument("data", type=Path, metavar="TRAIN.csv", help="as for train.py")
    parser.add_argument(
        "labels", type=Path, metavar="LABELS.csv", nargs="?", help="0/1 per series, or one for all"
    )
    parser.add_argument("settings", type=Path, metavar="SETTINGS.txt", help="of the networks")
    parser.add_argument(
        "--invent",
        action="store_true",
        help="without labels: events are invented and planted in copies of the rows",
    )
    parser.add_argument("--test", type=Path, metavar="T.csv", help="test on another file")
    parser.add_argument("--test-labels", type=Path, metavar="L.csv", help="labels of that file")
    parser.add_argument(
        "--split",
        choices=("time", "event"),
        help="without a test file: test what comes last (default), or blocks of events drawn in "
        "every run",
    )
    parser.add_argument(
        "--test-share",
        type=_share,
        metavar="SHARE",
        help=f"of the rows, without a test file; default: {_TEST_SHARE}",
    )
    parser.add_argument(
        "--window",
        type=positive_number,
        default=_WINDOW,
        metavar="ROWS",
        help=f"that a detector of rows is shown at once; default: {_WINDOW}",
    )
    parser.add_argument(
        "--summaries",
        action="store_true",
        help="show it last value, mean, standard deviation, slope and range of each series instead",
    )


def prepare(arguments: argparse.Namespace) -> "Prepared":
    """Read the files and check everything that is asked for.

    Raises:
        InputError: a file cannot be used, arguments do not fit, events are too few, a share is out
            of reach or a detector cannot be fitted.
    """
    _check_files(arguments)
    from dcvae.config import read_settings
    from dcvae.contamination.command import FOLDER, Prepared
    from dcvae.contamination.series.experiment import SeriesExperiment, known_detectors
    from dcvae.contamination.series.networks import network_detector
    from dcvae.contamination.series.sources import SeriesKeys
    from dcvae.contamination.study import study_keys

    settings = read_settings(arguments.settings)
    asked = arguments.detectors
    if asked is None:
        asked = _usual_detectors(settings, known_detectors())
    networks = [name for name in asked if network_detector(name, settings) is not None]
    keys = study_keys(
        asked,
        [*dict.fromkeys([*known_detectors(), *networks])],
        rho=arguments.rho,
        runs=arguments.runs,
        assumed=arguments.assumed,
        threshold=arguments.threshold,
        jobs=arguments.jobs,
    )
    of_series = SeriesKeys(
        arguments.window,
        arguments.summaries,
        arguments.split or "time",
        arguments.test_share or _TEST_SHARE,
        arguments.seed,
    )
    source = _source(arguments, settings, of_series, max(keys.rho))
    experiment = SeriesExperiment(source, settings, keys.rho, keys.runs)
    experiment.check(keys.detectors)
    folder = arguments.out or FOLDER / arguments.data.name.partition(".")[0]
    return Prepared(experiment, keys, folder, experiment.notices())


def _check_files(arguments: argparse.Namespace) -> None:
    """Refuse files that do not go together."""
    if arguments.invent and arguments.labels is not None:
        raise InputError(
            f"--invent is for data without labels. Received it with the label file "
            f"{arguments.labels}: leave one of them out."
        )
    if not arguments.invent and arguments.labels is None:
        raise InputError(
            "Expected a label file after the training file, whose events contaminate. Received "
            "none: give one, or --invent, by which events are invented and planted in copies of "
            "the rows."
        )
    test = (arguments.test, arguments.test_labels)
    if arguments.invent and test != (None, None):
        raise InputError(
            "--invent tests on the last rows of the training file, with events of its own. "
            "Received --test or --test-labels besides: leave them out."
        )
    if arguments.invent and arguments.split == "event":
        raise InputError(
            "--split event draws among the labeled events of a file. Received it with --invent, "
            "which tests on the last rows: leave it out."
        )
    if test[0] is not None and (arguments.split or arguments.test_share):
        raise InputError(
            "--split and --test-share are about a training file of which a part tests. Received "
            "one of them with --test: leave it out."
        )
    if (test[0] is None) != (test[1] is None):
        given, lacking = ("--test", "--test-labels") if test[0] else ("--test-labels", "--test")
        raise InputError(
            f"Expected a test file and its labels together. Received {given} alone: give {lacking} "
            "too, or leave both out, by which a part of the training file tests."
        )


def _source(
    arguments: argparse.Namespace, settings: "Settings", keys: "SeriesKeys", largest: float
) -> "Source":
    from dcvae.contamination.series.sources import InventedSource, LabeledSource
    from dcvae.data import read_data

    table, labels = read_data(arguments.data, settings, labels=arguments.labels)
    if labels is None:
        return InventedSource(table, settings, keys, largest)
    test = None
    if arguments.test is not None:
        series = tuple(str(name) for name in table.frame.columns)
        tested, truth = read_data(
            arguments.test, settings, series=series, labels=arguments.test_labels
        )
        if truth is not None:
            test = (tested, truth)
    return LabeledSource(table, labels, settings, keys, test)


def _usual_detectors(settings: "Settings", known: Sequence[str]) -> list[str]:
    """Return some detectors of rows, and the network of the settings with and without defenses."""
    own = settings.architecture
    networks = [name for name in known if name.startswith(own) and not name.endswith("+labels")]
    return [*(name for name in _OF_ROWS if name in known), *networks]


def _share(text: str) -> float:
    """Read a share between 0 and 1, for argparse."""
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0.0 < share < 1.0:
        raise argparse.ArgumentTypeError(f"expected a share between 0 and 1, received {text}")
    return share
