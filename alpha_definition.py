"""Choose the band of every series: python alpha_definition.py DATA.csv LABELS.csv SETTINGS.txt.

Writes models/<model_name>/alphas.csv.
"""

from dcvae import console


def main() -> None:
    """Parse, read, score, choose, write, say."""
    arguments = console.parse(
        console.parser("Choose each series' alphas by F1 on labeled data.", labels=True)
    )

    # pandas only now, so that --help need not wait for it.
    from dcvae import artefacts, detection, reading, thresholds
    from dcvae.settings import read_settings

    given = read_settings(arguments.settings)
    model = artefacts.open_model(arguments.models, given)
    settings = model.settings
    table, labels = reading.read_data(
        arguments.data, settings, series=model.series, labels=arguments.labels
    )
    console.notice(table.notices + labels.notices + model.step_notice(table))
    console.notice(model.quality(table).notices())

    console.start_tensorflow()
    from dcvae.scoring import Scorer

    scaled = model.preprocessor.transform(table.frame)
    observed = model.observed(table)
    scores = Scorer.of(model.network(), settings).score(scaled, observed)
    alphas = thresholds.alphas_from_labels(
        detection.standardized_residual(scores.error, scores.sigma),
        labels.frame.to_numpy()[settings.window_length - 1 :],
        model.series,
        measure=settings.alpha_measure,
        search=settings.alpha_search,
        default_alpha=settings.default_alpha,
    )
    path = model.write_alphas(alphas, table, labels)
    console.alphas_table(alphas)
    console.machine_readable({"alphas": alphas.to_records()})
    console.say(f"written: {path}")
    console.next_commands(arguments, ("test.py", "TEST.csv"))


if __name__ == "__main__":
    console.run(main)
