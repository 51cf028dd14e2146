"""Train DC-VAE on normal data: python train.py DATA.csv SETTINGS.txt.

Writes models/<model_name>/, everything that alpha_definition.py and test.py need.
"""

import time
from pathlib import Path

from dcvae.cli import output as console


def main() -> int:
    """Parse, read, train, write, say."""
    parser = console.parser("Train DC-VAE on a CSV of normal data.")
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="leave labeled anomalies out of training"
    )
    parser.add_argument(
        "--epochs", type=console.positive_number, metavar="N", help="instead of the settings' own"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last epoch of an earlier run"
    )
    parser.add_argument("--tensorboard", action="store_true", help="write logs for TensorBoard")
    arguments = console.parse(parser)

    # pandas and scikit-learn only now, so that --help need not wait for them.
    from dcvae.config.settings import read_settings
    from dcvae.data import loading as reading
    from dcvae.data.preprocessing import Preprocessor
    from dcvae.report import figures as plots
    from dcvae.storage import model_folder as artefacts
    from dcvae.training import tensorboard as training_log

    if arguments.tensorboard:
        training_log.check_installed()
    settings = read_settings(arguments.settings)
    if arguments.epochs:
        settings = settings.model_copy(update={"epochs": arguments.epochs})
    data = reading.read_training(arguments.data, settings, arguments.labels)
    table, split, settings = data.table, data.split, data.settings
    source = artefacts.source_record(table, data.labels)
    folder = artefacts.TrainingFolder(arguments.models, settings.model_name)
    if arguments.resume:
        folder.check_resumable(settings, source)
    preprocessor = Preprocessor.learn(table.frame, settings)
    series = preprocessor.transform_training(table.frame)
    console.notice(data.notices + preprocessor.outlier_notices(table.frame))
    console.notice(settings.notices() + folder.notices(resume=arguments.resume))

    started = time.monotonic()
    device = console.start_tensorflow()
    from dcvae.detection.thresholds import begin
    from dcvae.networks import build_network
    from dcvae.scoring.model_fit import reference_losses
    from dcvae.training.loop import train

    network = build_network(settings)
    console.training_start(table, split, settings, network, device, folder.final)
    to_log = network if arguments.tensorboard else None
    state = folder.begin(settings, preprocessor, source, resume=arguments.resume, to_log=to_log)
    with console.TrainingDisplay(settings.epochs, len(state.history)) as display:
        result = train(
            network, series, split, settings, state=state, keep=folder.keep_state, progress=display
        )
    seconds = time.monotonic() - started
    beginning = begin(network, settings, preprocessor, data, source["sampling_step_seconds"])
    losses = reference_losses(network, series, split, settings.window_length)
    run = artefacts.run_record(source, split, result, losses, seconds=seconds, device=device)
    figure = plots.loss_figure(result.state.history, result.state.best_epoch, settings.model_name)
    notices = folder.finish(network, figure, run, beginning)
    status = console.training_end(result, folder.final, seconds)
    console.notice(notices + beginning.definition.notices)
    console.machine_readable(run)
    console.next_commands(
        arguments, ("alpha_definition.py", "VAL.csv", "LABELS.csv"), ("test.py", "TEST.csv")
    )
    return status


if __name__ == "__main__":
    console.run(main)
