"""Command `dcvae train`, or train.py: a model from normal data.

Writes models/<model_name>/, with all that the commands thresholds and detect need.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from dcvae.cli import arguments as command_line
from dcvae.cli.printer import Printer

if TYPE_CHECKING:  # importing these would import Keras or pandas
    from dcvae.config import Settings
    from dcvae.networks import Autoencoder, Network


def _parser(program: str | None) -> argparse.ArgumentParser:
    parser = command_line.parser("Train DC-VAE on a CSV of normal data.", program=program)
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="leave labeled anomalies out of training"
    )
    parser.add_argument(
        "--epochs",
        type=command_line.positive_number,
        metavar="N",
        help="instead of the settings' own",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last epoch of an earlier run"
    )
    parser.add_argument("--tensorboard", action="store_true", help="write logs for TensorBoard")
    return parser


def _train(arguments: argparse.Namespace) -> int:
    # pandas and scikit-learn are imported only now, so that --help need not wait for them.
    from dcvae import pipeline
    from dcvae._engine import training_engine
    from dcvae.cli import output
    from dcvae.cli.progress import Display, TrainingDisplay
    from dcvae.config import fidelity_departures, read_settings, unknown_names, without_effect
    from dcvae.data import read_data, training_data
    from dcvae.networks import entry_of
    from dcvae.storage import TrainingFolder, run_record, source_record
    from dcvae.training import check_installed

    printer = Printer.of(arguments)
    if arguments.tensorboard:
        check_installed()
    settings = read_settings(arguments.settings)
    if settings.has_network:
        engine = training_engine(settings.architecture)  # refused here, before anything slow
    else:
        engine = "numpy"
        _refuse_epochs(arguments, settings)
    if arguments.epochs:
        settings = settings.model_copy(update={"epochs": arguments.epochs})
    table, labels = read_data(arguments.data, settings, labels=arguments.labels)
    settings = settings.with_num_series(table.frame.shape[1], table.path)
    data = training_data(table, settings, labels)
    source = source_record(data.table, data.labels)
    with TrainingFolder(
        arguments.models,
        settings.model_name,
        arguments.changes,
        hidden=not settings.has_network,  # an earlier training can still be resumed
    ) as folder:
        if arguments.resume:
            folder.check_resumable(settings, source)
        output.columns_table(printer, data.table.columns)
        printer.notice(data.notices)
        printer.notice(without_effect(settings))
        if settings.has_network:
            printer.notice(entry_of(settings).notices(settings))
        printer.notice(fidelity_departures(settings))
        printer.notice(unknown_names(settings, data.preprocessor.series, data.table.path.name))
        printer.notice(folder.notices(resume=arguments.resume))
        state = folder.begin(settings, data.preprocessor, source, resume=arguments.resume)

        with Display(printer) as display:
            if settings.has_network:
                display.start_backend("keras" if arguments.tensorboard else engine)
            else:
                output.fit_start(printer, data, settings, folder.final)
            shown = TrainingDisplay(display, printer, settings.epochs)

            def on_start(network: "Network", device: str) -> None:
                output.training_start(printer, data, settings, network, device, folder.final)
                if arguments.tensorboard:
                    folder.log(_in_keras(network, settings))
                shown.begin(engine)

            model = pipeline.fit(
                data,
                settings,
                state=state,
                on_start=on_start,
                keep=folder.keep_state,
                progress=shown,
            )
        told = folder.finish(model, source)
        training = model.training
        status = output.training_end(printer, training.result, folder.final, training.seconds)
        if model.thresholds.alarm.expected is not None:
            printer.sentence(f"expected: {model.thresholds.alarm.expected.describe()}")
        printer.notice(training.notices())
        printer.notice([*told, *model.scorer.notices(), *model.thresholds.notices])
        printer.machine_readable(run_record(source, training))
        printer.say("next:")
        typed = command_line.typed
        printer.say(f"  {typed('thresholds', ('VAL.csv', 'LABELS.csv'), arguments)}")
        printer.say(f"  {typed('detect', ('TEST.csv',), arguments)}")
        return status


def _in_keras(network: "Network", settings: "Settings") -> "Autoencoder":
    """Return an untrained network with the graph that TensorBoard shows (imports Keras)."""
    from dcvae.networks import Autoencoder, build_network

    return network if isinstance(network, Autoencoder) else build_network(settings)


def _refuse_epochs(arguments: argparse.Namespace, settings: "Settings") -> None:
    """Refuse what is about epochs for a detector that has none.

    Raises:
        InputError: there is such an argument.
    """
    from dcvae.errors import InputError

    given = [f"--{name}" for name in ("resume", "epochs", "tensorboard") if vars(arguments)[name]]
    if given:
        raise InputError(
            f"{given[0]} is about the epochs of a network. Received it for `detector` "
            f'"{settings.detector}" in {settings.source}, which is fitted at once: leave it out.'
        )


main = command_line.command(_parser, _train)
