"""Peak memory of test.py on a long file, and the same for windows half and twice as long.

python -m benchmarks.memory [--rows 1000000] [--series 24] [--lengths 64,128,256]
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.common import print_table, random_walks

PROJECT = Path(__file__).parent.parent
MEASURE = (
    "import resource, runpy, sys; sys.argv = sys.argv[1:]\n"
    "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
    "finally: print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


def peak_mebibytes(*command: str) -> float:
    """Run a script in a process of its own and return its largest resident size (Linux)."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *command],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )
    return int(done.stdout.rsplit("peak ", 1)[1]) / 1024


def main() -> None:
    """Train on the first rows, test on all, for several window lengths."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--series", type=int, default=24)
    parser.add_argument("--lengths", default="64,128,256")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        values = random_walks(arguments.rows, arguments.series)
        times = pd.date_range("2015-01-01", periods=arguments.rows, freq="5min", name="time")
        columns = [f"TS{number}" for number in range(1, arguments.series + 1)]
        frame = pd.DataFrame(values.astype(np.float64).round(4), times, columns)
        frame.to_csv(folder / "data.csv")
        frame[:4000].to_csv(folder / "train.csv")
        table = frame.to_numpy().nbytes / 2**20
        for length in (int(text) for text in arguments.lengths.split(",")):
            settings = folder / f"{length}.txt"
            dilations = [2**power for power in range(length.bit_length() - 1)]
            content = {
                "model_name": str(length),
                "T": length,
                "dil_rate": dilations,
                "cnn_units": [64] * (len(dilations) - 1),
                "summary": False,
            }
            settings.write_text(json.dumps(content), encoding="utf-8")
            options = (str(settings), "--models", str(folder / "models"))
            peak_mebibytes("train.py", str(folder / "train.csv"), *options, "--epochs", "1")
            short = peak_mebibytes("test.py", str(folder / "train.csv"), *options)
            peak = peak_mebibytes("test.py", str(folder / "data.csv"), *options)
            rows.append([length, f"{short:.0f}", f"{peak:.0f}", f"{peak - table:.0f}"])
    print_table(
        ["T", "peak MiB, 4,000 rows", f"peak MiB, {arguments.rows:,} rows", "less the table"],
        rows,
    )


if __name__ == "__main__":
    main()
