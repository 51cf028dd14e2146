"""What a review of a long judged file takes beyond scoring, part by part, and how big its page is.

python -m benchmarks.review [--rows 100000] [--series 24]
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

from benchmarks.common import print_table, random_walks
from benchmarks.scripts import run
from dcvae.config.settings import read_settings
from dcvae.data import tables
from dcvae.detection.alphas import Alphas
from dcvae.detection.result import Verdicts
from dcvae.evaluation import review
from dcvae.report.results_folder import ResultsWriter
from dcvae.storage import model_folder as artefacts


def main() -> None:
    """Train on the first rows, then score and review all of them with labels."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--series", type=int, default=24)
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    taken = []

    def took(part: str) -> None:
        nonlocal then
        now = time.perf_counter()
        taken.append([part, f"{now - then:.2f}"])
        then = now

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values = random_walks(arguments.rows, arguments.series) + 0.05 * random.normal(
            size=(arguments.rows, arguments.series)
        )
        times = pd.date_range("2021-01-01", periods=arguments.rows, freq="5min", name="time")
        columns = [f"TS{number}" for number in range(1, arguments.series + 1)]
        labels = pd.DataFrame(0, times, columns)
        for column in range(arguments.series):
            for start in random.integers(0, arguments.rows - 40, size=20):
                stop = start + random.integers(1, 40)
                labels.iloc[start:stop, column] = 1
                values[start:stop, column] += random.normal(scale=0.5)
        frame = pd.DataFrame(values.astype(np.float64).round(4), times, columns)
        frame.to_csv(folder / "data.csv")
        labels.to_csv(folder / "labels.csv")
        frame[:4000].to_csv(folder / "train.csv")
        settings = folder / "settings.txt"
        settings.write_text(json.dumps({"model_name": "m", "summary": False}), encoding="utf-8")
        run("train.py", str(folder / "train.csv"), str(settings), "--models", name, "--epochs", "1")

        from dcvae.scoring.causal import Scorer
        from dcvae.scoring.model_fit import losses_of_file

        model = artefacts.open_model(folder, read_settings(settings))
        network, alphas = model.network(), Alphas.default(model.series, 3.0)
        then = time.perf_counter()
        table = tables.read_table(folder / "data.csv", series=model.series)
        truth = tables.read_labels(folder / "labels.csv", table)
        took("read data and labels")
        scaled = model.preprocessor.transform(table.frame)
        observed = model.preprocessor.observed(table.frame)
        before = model.settings.window_length - 1
        verdicts = Verdicts.awaiting(
            table.frame[before:], alphas, model.settings.latent_channels, model.preprocessor
        )
        with ResultsWriter(model, folder / "data.csv", verdicts.times) as results:
            for scores in Scorer.of(network, model.settings).blocks(scaled, observed):
                results.write(scores, verdicts.add(scores))
            took("score and write five CSVs")
            losses = losses_of_file(network, scaled, observed, model.settings.window_length)
            took("losses of the file")
            reviewed = review.review(model, table, verdicts, losses, truth)
            took("events, metrics, baselines")
            results.add_review(reviewed, None)
            took("page and further files")
        size = (results.folder / "report.html").stat().st_size / 1e6
    print_table([f"{arguments.rows:,} rows x {arguments.series} series", "seconds"], taken)
    print(f"\nreport.html: {size:.1f} MB, {len(reviewed.events.table):,} events")


if __name__ == "__main__":
    main()
