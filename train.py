"""Train DC-VAE on normal data: python train.py DATA.csv SETTINGS.txt.

Writes models/<model_name>/, everything that alpha_definition.py and test.py need.
"""

import time

from dcvae import console


def main() -> None:
    """Parse, read, train, write, say."""
    parser = console.parser("Train DC-VAE on a CSV of normal data.")
    parser.add_argument(
        "--epochs", type=console.positive_number, metavar="N", help="instead of the settings' own"
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last epoch of an earlier run"
    )
    arguments = console.parse(parser)

    # pandas and scikit-learn only now, so that --help need not wait for them.
    from dcvae import artefacts, plots, tables, windows
    from dcvae.preprocessing import Preprocessor
    from dcvae.settings import read_settings

    settings = read_settings(arguments.settings)
    if arguments.epochs:
        settings = settings.model_copy(update={"epochs": arguments.epochs})
    table = tables.read_table(arguments.data, minimum_rows=settings.window_length)
    settings = settings.with_num_series(table.frame.shape[1], arguments.data)
    split = windows.split_windows(
        len(table.frame), settings.window_length, settings.val_percent, settings.train_stride
    )
    preprocessor = Preprocessor.learn(table.frame, settings)
    series = preprocessor.transform_training(table.frame)
    source = artefacts.source_record(table)
    folder = artefacts.TrainingFolder(arguments.models, settings.model_name)
    if arguments.resume:
        folder.check_resumable(settings, source)
    console.notice(table.notices + settings.notices())

    started = time.monotonic()
    device = console.start_tensorflow()
    from dcvae.network import build_network
    from dcvae.training import train

    network = build_network(settings)
    if settings.summary:
        console.summary(network)
    console.training_start(table, split, settings, network, device, folder.final)
    state = folder.begin(settings, preprocessor, source, resume=arguments.resume)
    with console.TrainingDisplay(settings.epochs, len(state.history)) as display:
        result = train(
            network,
            series,
            split,
            settings,
            state=state,
            keep=folder.keep_state,
            progress=display,
        )
    seconds = time.monotonic() - started
    run = artefacts.run_record(source, split, result, seconds=seconds, device=device)
    figure = plots.loss_figure(result.state.history, result.state.best_epoch, settings.model_name)
    folder.finish(network, figure, run)
    console.training_end(result, folder.final, seconds)
    console.next_commands(
        f"python alpha_definition.py VAL.csv LABELS.csv {arguments.settings}",
        f"python test.py TEST.csv {arguments.settings}",
    )


if __name__ == "__main__":
    console.run(main)
