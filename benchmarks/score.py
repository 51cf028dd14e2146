"""Time of scoring: ours against the plain port, same weights, same rows.

python -m benchmarks.score [--rows 8640] [--series 12] [--repeats 5] [--passes 128,256,512]
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

from benchmarks.common import (
    median_of,
    print_table,
    published_settings,
    random_walks,
    seconds,
    whole_input,
)
from benchmarks.plain import PlainVAE, windows_of
from dcvae.data import gather_windows
from dcvae.networks import build_network
from dcvae.scoring import causal as scoring


def main() -> None:
    """Measure the times, compare the scores, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8640)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--passes", default=str(scoring.PASS_WINDOWS))
    arguments = parser.parse_args()
    settings = published_settings(arguments.series)
    network = build_network(settings)
    plain = PlainVAE(settings)
    plain.copy_weights(network)
    series = random_walks(arguments.rows, arguments.series)
    inputs_of_ours = whole_input(series)
    length = settings.window_length
    batches = windows_of(series, length)

    inputs = keras.Input((length, arguments.series))
    mean, log_var = plain.decoder(plain.encoder(inputs)[0])
    reconstruction = keras.Model(inputs, [mean, log_var])

    def predict() -> list[np.ndarray]:
        """Predict as the published program does: once for the bands, once for the latent."""
        mean, log_var = reconstruction.predict(batches, verbose=0)
        latent = plain.encoder.predict(batches, verbose=0)[0]
        return [mean[:, -1], np.exp(log_var[:, -1] / 2), latent[:, -1]]

    reference = predict()
    rows = []
    predicted = seconds(predict, arguments.repeats)
    rows.append(["plain port, predict, batch 32", median_of(predicted), "1.0", "-"])
    fastest, batch_of_fastest = [float("inf")], 0
    both = keras.Model(inputs, [mean, log_var, plain.encoder(inputs)[0]])
    for batch in (8, 16, 32, 64, 128, 256):
        starts = np.arange(len(series) - length + 1, dtype=np.int32)

        def forward(batch: int = batch, starts: np.ndarray = starts) -> None:
            """Predict all windows once, gathered by slices; outputs are not kept."""
            for first in range(0, len(starts) - batch + 1, batch):
                both.predict_on_batch(gather_windows(series, starts[first : first + batch], length))

        forward()
        taken = seconds(forward, arguments.repeats)
        if np.median(taken) < np.median(fastest):
            fastest, batch_of_fastest = taken, batch
    ratio = np.median(predicted) / np.median(fastest)
    name = f"plain port, one pass, its best batch ({batch_of_fastest})"
    rows.append([name, median_of(fastest), f"{ratio:.1f}", "-"])
    for scoring.PASS_WINDOWS in (int(text) for text in arguments.passes.split(",")):
        scorer = scoring.CausalScorer(network, length)
        scores = scorer.score(inputs_of_ours)
        ours = seconds(lambda scorer=scorer: scorer.score(inputs_of_ours), arguments.repeats)
        difference = max(
            float(np.abs(a - b).max() / b.std())
            for a, b in zip([scores.mean, scores.sigma, scores.latent], reference, strict=True)
        )
        ratio = np.median(predicted) / np.median(ours)
        rows.append(
            [
                f"ours, {scoring.PASS_WINDOWS} windows a pass",
                *(median_of(ours), f"{ratio:.1f}", f"{difference:.1e}"),
            ]
        )
    print_table(
        [
            f"score {arguments.rows:,} rows x {arguments.series} series",
            "seconds, median (range)",
            "times predict",
            "largest difference / spread",
        ],
        rows,
    )


if __name__ == "__main__":
    main()
