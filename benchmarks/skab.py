"""SKAB: its published protocol and table, with our line in it.

python -m benchmarks.skab DIR [--settings FILE] [--jobs N] [--seed N]

DIR is the folder with valve1, valve2 and other, 34 experiments of a water loop (Katser & Kozitsin
2020). In each, rows 0 to 399 are for training and the rest is scored, point-wise; counts are pooled
over all files. F1 alone means little, as it is 0.70 where every row is flagged, so FAR (false
alarms among normal rows) and MAR (missed among anomalous rows) are given beside it.

One setting serves all files, and thresholds are fitted to the 400 rows alone: our line is
`DCVAEDetector.predict` with its defaults. The lines below it flag rows above other multiples of the
largest training score, to show the effect of that threshold; none of them was chosen on SKAB.
"""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.common import (
    given_settings,
    in_processes,
    parser_of_files,
    print_table,
    start_afresh,
)
from dcvae import InputError
from dcvae.config import Settings

TRAINING_ROWS = 400
PARTS = ("valve1", "valve2", "other")
LABELS = ("anomaly", "changepoint")
MULTIPLES = (1.0, 2.0, 3.0, 4.0)
# F1, FAR and MAR, of SKAB's README.
PUBLISHED = {
    "Conv-AE": (0.78, 13.55, 28.02),
    "MSET": (0.78, 39.73, 14.13),
    "T-squared+Q": (0.76, 26.62, 24.92),
    "LSTM-AE": (0.74, 29.96, 25.92),
    "T-squared": (0.66, 19.21, 42.60),
    "LSTM-VAE": (0.56, 9.13, 55.03),
    "vanilla LSTM": (0.54, 12.54, 59.53),
    "vanilla AE": (0.39, 2.59, 75.15),
    "isolation forest": (0.29, 2.56, 82.89),
}


class Judged(NamedTuple):
    """The scored rows of a file.

    Attributes:
        truth: (rows,) bool.
        score: (rows,) float64, larger is stranger.
        strangest: the largest score of a training row.
        threshold: the threshold of `predict`.
    """

    truth: NDArray[np.bool_]
    score: NDArray[np.float64]
    strangest: float
    threshold: float


class Counts(NamedTuple):
    """Numbers of rows, pooled over files."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @property
    def cells(self) -> list[str]:
        """F1, FAR and MAR, as cells of the table."""
        hits, false, quiet, missed = self
        return [
            f"{2 * hits / (2 * hits + false + missed):.2f}",
            f"{100 * false / (false + quiet):.2f}",
            f"{100 * missed / (missed + hits):.2f}",
        ]


def read_experiment(path: Path) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Read a file: (rows, series) by time, and (rows,) whether a row is anomalous.

    Raises:
        InputError: it is no such file, or has no rows to score.
    """
    table = pd.read_csv(path, sep=";", index_col=0, parse_dates=True)
    if not {*LABELS} <= {*table.columns} or len(table) <= TRAINING_ROWS:
        raise InputError(
            f"Expected columns `anomaly` and `changepoint`, separated by semicolons, and more than "
            f"{TRAINING_ROWS} rows in {path}. Received {len(table)} rows of {list(table.columns)}."
        )
    truth = table["anomaly"].to_numpy() == 1
    return table.drop(columns=list(LABELS)), truth


def judge_file(path: Path, settings: Settings) -> Judged:
    """Fit to the training rows and score the others, without labels."""
    start_afresh()
    from dcvae import DCVAEDetector

    series, truth = read_experiment(path)
    detector = DCVAEDetector.from_settings(settings).fit(series.iloc[:TRAINING_ROWS])
    score = detector.decision_function(series)[TRAINING_ROWS:]
    strangest = float(detector.decision_scores_.max())
    return Judged(truth[TRAINING_ROWS:], score, strangest, detector.threshold_)


def pooled(files: list[Judged], multiple: float | None) -> Counts:
    """Count the rows of all files, flagged above a threshold.

    Args:
        files: scored rows of each file.
        multiple: threshold in multiples of the largest training score; None for that of `predict`.
    """
    counts = np.zeros(4, dtype=int)
    for file in files:
        alarm = file.score > (file.threshold if multiple is None else multiple * file.strangest)
        pairs = ((alarm, True), (alarm, False), (~alarm, False), (~alarm, True))
        counts += [int(np.count_nonzero(said & (file.truth == is_so))) for said, is_so in pairs]
    return Counts(*counts.tolist())


def main() -> int:
    """Score all files, then print the table."""
    parser = parser_of_files(__doc__)
    arguments = parser.parse_args()
    settings = given_settings(arguments)
    paths = [path for part in PARTS for path in sorted((arguments.folder / part).glob("*.csv"))]
    if not paths:
        parser.error(f"none of the folders {', '.join(PARTS)} in {arguments.folder} has a CSV")
    tasks = [(path, partial(judge_file, path, settings)) for path in paths]
    results = dict(in_processes(tasks, arguments.jobs))
    for path, result in results.items():
        if isinstance(result, Exception):
            print(f"{path}: {result}")
            return 1
    files = [result for result in results.values() if isinstance(result, Judged)]
    rows = [[name, f"{f1:.2f}", far, mar] for name, (f1, far, mar) in PUBLISHED.items()]
    rows.append(["**DC-VAE, `predict`**", *pooled(files, None).cells])
    rows += [[f"DC-VAE, {m:g} times the strangest", *pooled(files, m).cells] for m in MULTIPLES]
    rows.append(["every row flagged", *pooled(files, -1.0).cells])
    print_table([f"{len(files)} files", "F1", "FAR %", "MAR %"], rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
