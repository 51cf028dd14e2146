"""Review of a long file: the time of each part after scoring, and the size of the page.

python -m benchmarks.review [--rows 100000] [--series 24]
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pandas as pd

from benchmarks.common import print_table, random_walks
from benchmarks.scripts import run
from dcvae.config import read_settings
from dcvae.data import read_data
from dcvae.detection import Alphas, SystemAlarm, Thresholds, find_events
from dcvae.evaluation import evaluate_by_labels, make_review
from dcvae.report import ResultsFolder
from dcvae.storage import open_model


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

        stored = open_model(folder, read_settings(settings))
        alphas, alarm = Alphas.default(stored.series, 3.0), SystemAlarm.published(arguments.series)
        model = replace(stored.load(), thresholds=Thresholds(alphas, alarm))
        then = time.perf_counter()
        table, truth = read_data(
            folder / "data.csv",
            stored.settings,
            series=stored.series,
            labels=folder / "labels.csv",
        )
        took("read data and labels")
        with ResultsFolder(stored.folder, folder / "data.csv") as results:
            detection = model.detect(table)
            took("score and flag")
            losses = model.losses(detection.inputs)
            took("losses of the file")
            evaluation = evaluate_by_labels(stored, detection, truth)
            took("metrics, baselines")
            events = find_events(detection, stored.step_seconds)
            reviewed = make_review(
                stored, stored.run, table, detection, events, losses, None, evaluation
            )
            took("events, findings")
            results.write(reviewed)
            took("CSVs and page")
        size = (results.folder / "report.html").stat().st_size / 1e6
    print_table([f"{arguments.rows:,} rows x {arguments.series} series", "seconds"], taken)
    print(f"\nreport.html: {size:.1f} MB, {len(reviewed.events.table):,} events")


if __name__ == "__main__":
    main()
