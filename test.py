"""Judge every row of a file: python test.py DATA.csv SETTINGS.txt.

Writes five CSVs to models/<model_name>/results/<data file stem>/.
"""

import time
from pathlib import Path

from dcvae import console


def main() -> None:
    """Parse, read, score, flag, write, say."""
    parser = console.parser("Say which cells fall outside mu ± alpha·sigma.")
    parser.add_argument(
        "--context",
        type=Path,
        metavar="FILE",
        help="an earlier CSV whose last T-1 rows let the first rows of DATA.csv be judged too",
    )
    arguments = console.parse(parser)

    # pandas only now, so that --help need not wait for it.
    from dcvae import artefacts, detection, tables
    from dcvae.settings import read_settings
    from dcvae.thresholds import Alphas

    started = time.monotonic()
    given = read_settings(arguments.settings)
    model = artefacts.open_model(arguments.models, given)
    settings = model.settings
    before = settings.window_length - 1
    table = tables.read_table(
        arguments.data,
        series=model.series,
        minimum_rows=1 if arguments.context else settings.window_length,
        allow_empty=bool(arguments.context),
    )
    if arguments.context:
        context = tables.read_table(arguments.context, series=model.series, allow_empty=True)
        table = tables.prepend_context(table, context, before)
    alphas = model.alphas()
    console.notice(table.notices + model.step_notice(table))
    if alphas is None:
        alphas = Alphas.default(model.series, settings.default_alpha)
        console.notice([f"No alphas.csv yet: every band is ± {settings.default_alpha:g} sigmas."])

    console.start_tensorflow()
    from dcvae.scoring import Scorer

    scorer = Scorer.of(model.network(), settings)
    scaled = model.preprocessor.transform(table.frame)
    observed = model.preprocessor.observed(table.frame)
    judged = table.frame.index[before:]
    with artefacts.ResultsWriter(model, arguments.data, judged) as results:
        for scores in console.counted(scorer.blocks(scaled, observed), len(judged)):
            residual = detection.standardized_residual(scores.error, scores.sigma)
            results.write(scores, detection.flags(residual, alphas))
    console.flag_counts(model.series, results.flag_counts, len(judged))
    console.say(
        f"written: {results.folder} ({len(judged):,} judged rows, "
        f"{console.duration(time.monotonic() - started)})"
    )


if __name__ == "__main__":
    console.run(main)
