"""Time of whole commands, and of the parts of test.py: reading, scoring, reviewing, writing.

python -m benchmarks.scripts [--rows 8640] [--series 12] [--repeats 5]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.common import PUBLISHED, median_of, print_table, random_walks, seconds
from dcvae.config import read_settings
from dcvae.data import read_data
from dcvae.detection import find_events
from dcvae.evaluation import make_review
from dcvae.report import ResultsFolder
from dcvae.storage import open_model

PARTS = ("read", "score and flag", "losses", "review", "write")
PROJECT = Path(__file__).parent.parent


def run(*command: str) -> None:
    """Run a command to its end, its output thrown away."""
    subprocess.run([sys.executable, *command], cwd=PROJECT, check=True, capture_output=True)


def seconds_to_first_epoch(*command: str) -> float:
    """Measure the wall seconds from the start of train.py to the line of its first epoch."""
    start = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-u", *command], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            if line.startswith("epoch"):
                taken = time.perf_counter() - start
        return taken


def seconds_of_parts(data: Path, settings: Path, models: Path) -> dict[str, float]:
    """Measure the wall seconds of the parts of test.py, once it has loaded the model."""
    stored = open_model(models, read_settings(settings))
    model = stored.load()
    parts: dict[str, float] = {}
    for _ in range(2):  # the first time compiles
        then = [time.perf_counter()]
        table, _ = read_data(data, stored.settings, series=stored.series)
        then.append(time.perf_counter())
        detection = model.detect(table)
        then.append(time.perf_counter())
        losses, source = model.losses(detection.inputs), stored.threshold_source(table)
        then.append(time.perf_counter())
        events = find_events(detection, stored.step_seconds)
        reviewed = make_review(stored, stored.run, table, detection, events, losses, source)
        then.append(time.perf_counter())
        with ResultsFolder(stored.folder, data) as results:
            results.write(reviewed)
        then.append(time.perf_counter())
        parts = dict(zip(PARTS, np.diff(then).tolist(), strict=True))
    return parts


def main() -> None:
    """Make a file, train one epoch on it, time the commands in turn."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=8640)
    parser.add_argument("--series", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    repeats: int = arguments.repeats
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data.csv"
        values = random_walks(arguments.rows, arguments.series)
        times = pd.date_range("2021-01-01", periods=arguments.rows, freq="5min", name="time")
        columns = [f"TS{number}" for number in range(1, arguments.series + 1)]
        pd.DataFrame(values.astype(np.float64).round(4), times, columns).to_csv(data)
        settings = folder / "settings.txt"
        text = PUBLISHED.read_text(encoding="utf-8")
        settings.write_text(text.replace('"M": 12', f'"M": {arguments.series}'), encoding="utf-8")
        options = (str(data), str(settings), "--models", str(folder / "models"))
        first = seconds_to_first_epoch("train.py", *options, "--epochs", "1")
        importing = seconds(lambda: run("-c", "import tensorflow"), repeats)
        testing = seconds(lambda: run("test.py", *options), repeats)
        parts = [seconds_of_parts(data, settings, folder / "models") for _ in range(repeats)]
        ratio = float(np.median(testing) / np.median(importing))
    print_table(
        ["whole process", "seconds, median (range)", "times the import"],
        [
            ['python -c "import tensorflow"', median_of(importing), "1.00"],
            [f"test.py, {arguments.rows:,} rows", median_of(testing), f"{ratio:.2f}"],
            ["train.py, Enter to the end of epoch 1 (once)", f"{first:.1f}", "-"],
        ],
    )
    print_table(
        ["inside test.py", "seconds, median (range)"],
        [[part, median_of([taken[part] for taken in parts])] for part in parts[0]],
    )


if __name__ == "__main__":
    main()
