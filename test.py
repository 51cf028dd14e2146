"""Judge every row of a file: python test.py DATA.csv SETTINGS.txt [--labels LABELS.csv].

Writes CSVs, events and a page to look at to models/<model_name>/results/<data file stem>/.
"""

import time
from pathlib import Path

from dcvae.cli import output as console


def main() -> None:
    """Parse, read, score, flag, review, write, say."""
    parser = console.parser("Say which cells fall outside mu ± alpha·sigma.")
    parser.add_argument("--labels", type=Path, metavar="FILE", help="judge the flags by these")
    parser.add_argument(
        "--context",
        type=Path,
        metavar="FILE",
        help="an earlier CSV whose last T-1 rows let the first rows of DATA.csv be judged too",
    )
    parser.add_argument("--figures", choices=("png", "pdf"), help="also draw figures for a paper")
    arguments = console.parse(parser)

    # pandas only now, so that --help need not wait for it.
    from dcvae.config.settings import read_settings
    from dcvae.data import loading as reading
    from dcvae.detection.alphas import Alphas
    from dcvae.detection.result import Verdicts
    from dcvae.storage import model_folder as artefacts

    started = time.monotonic()
    model = artefacts.open_model(arguments.models, read_settings(arguments.settings))
    settings = model.settings
    table, labels = reading.read_data(
        arguments.data,
        settings,
        series=model.series,
        labels=arguments.labels,
        context=arguments.context,
    )
    before = settings.window_length - 1
    alphas, system, calibration = model.alphas(), model.system_alarm(), model.calibration()
    notices = table.notices + model.step_notice(table) + (labels.notices if labels else [])
    console.notice(notices + model.alarm_notice(system))
    if alphas is None:
        alphas = Alphas.default(model.series, settings.default_alpha)
        console.notice([f"No alphas.csv yet: every band is ± {settings.default_alpha:g} sigmas."])

    console.start_tensorflow()
    from dcvae.evaluation.review import review
    from dcvae.report.results_folder import ResultsWriter
    from dcvae.scoring.causal import Scorer
    from dcvae.scoring.model_fit import losses_of_file
    from dcvae.scoring.window_average import OfflineScorer

    network, sigma = model.network(), calibration.sigma(settings.sigma)
    scaled = model.preprocessor.transform(table.frame)
    observed = model.observed(table)
    verdicts = Verdicts.awaiting(
        table.frame[before:], alphas, settings.latent_channels, model.preprocessor
    )
    with ResultsWriter(model, arguments.data, verdicts.times) as results:
        blocks = Scorer.of(network, settings, sigma).blocks(scaled, observed)
        for scores in console.counted(blocks, len(verdicts.times)):
            results.write(scores, verdicts.add(scores))
        whole = (scaled, observed, calibration.offline_level, model.after_gap(table))
        ahead = OfflineScorer(network, settings.window_length).score(*whole)
        verdicts.raise_alarms(system, ahead.row[before:])
        losses = losses_of_file(network, scaled, observed, settings.window_length)
        reviewed = review(model, table, verdicts, losses, labels)
        results.add_review(reviewed, arguments.figures)
    console.notice(reviewed.quality.notices())
    console.review(reviewed, results.folder, time.monotonic() - started)
    console.machine_readable(reviewed.to_dict())


if __name__ == "__main__":
    console.run(main)
