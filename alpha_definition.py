"""Define how far is too far: python alpha_definition.py DATA.csv [LABELS.csv] SETTINGS.txt.

Writes models/<model_name>/alphas.csv and alarms.json. Without labels, DATA.csv is taken for normal.
"""

from dcvae.cli import output as console


def main() -> None:
    """Parse, read, score, define, write, say."""
    arguments = console.parse(
        console.parser(
            "Define each series' alphas and the alarm of the system, by labels or on normal data.",
            labels=True,
        )
    )

    # pandas only now, so that --help need not wait for it.
    from dcvae.config.settings import read_settings
    from dcvae.data import loading as reading
    from dcvae.storage import model_folder as artefacts

    given = read_settings(arguments.settings)
    given.check_labels(arguments.labels)
    model = artefacts.open_model(arguments.models, given)
    settings, sigma = model.settings, model.calibration().sigma(given.sigma)
    table, labels = reading.read_data(
        arguments.data, settings, series=model.series, labels=arguments.labels
    )
    console.notice(table.notices + (labels.notices if labels else []) + model.step_notice(table))
    console.notice(model.quality(table).notices())

    console.start_tensorflow()
    from dcvae.detection.band import standardized_residual
    from dcvae.detection.thresholds import define
    from dcvae.scoring.causal import Scorer

    scaled = model.preprocessor.transform(table.frame)
    scores = Scorer.of(model.network(), settings, sigma).score(scaled, model.observed(table))
    defined = define(
        scores.error,
        standardized_residual(scores.error, scores.sigma),
        model.series,
        settings,
        step_seconds=model.step_seconds,
        labels=labels.frame.to_numpy() if labels else None,
    )
    paths = model.write_definition(defined, table, labels)
    console.alphas_table(defined.alphas, defined.events_per_week.tolist())
    console.facts({"system alarm": defined.alarm.describe(model.step_seconds)})
    console.notice(defined.notices)
    console.machine_readable(
        {
            "alphas": defined.alphas.to_records(),
            "system_alarm": defined.alarm.to_dict(model.series),
        }
    )
    console.say("written: " + ", ".join(str(path) for path in paths))
    console.next_commands(arguments, ("test.py", "TEST.csv"))


if __name__ == "__main__":
    console.run(main)
