"""SKAB: its published protocol and table, with our line in it.

python -m benchmarks.skab DIR [--settings FILE] [--jobs N] [--seed N]

DIR is the folder with valve1, valve2 and other, 34 experiments of a water loop (Katser & Kozitsin
2020). In each, rows 0 to 399 are for training and the rest is scored, point-wise; counts are pooled
over all files. F1 alone means little, as it is 0.70 where every row is flagged, so FAR (false
alarms among normal rows) and MAR (missed among anomalous rows) are given beside it.

One setting serves all files, and thresholds are fitted to the 400 rows alone: our lines are
`DCVAEDetector.predict` with its defaults, of all rows of a file, so that those for training are the
context of the others. It is causal; with `offline=True` it looks ahead.

The lines below ours flag rows by the score of `decision_function` against multiples of the largest
training score, to show the effect of a fixed threshold. The last two look at the labels of the test
rows and are bounds, no results: of the limits of LIMITS, each for all files alike, the one with the
best F1, and the one with the best F1 among those with a FAR of at most 14 %.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

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
from dcvae.detection import SystemAlarm, microseconds

if TYPE_CHECKING:
    from dcvae import DCVAEDetector

TRAINING_ROWS = 400
PARTS = ("valve1", "valve2", "other")
LABELS = ("anomaly", "changepoint")
MULTIPLES = (1.0, 2.0, 3.0, 4.0)
LIMITS = np.geomspace(0.1, 100.0, 61)  # of the relative score of alarms that follow
HIGHEST_FAR = 0.14
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
        predicted: (rows,) bool, by `predict`.
        ahead: (rows,) bool, by `predict` with `offline=True`.
        by_limit: (limits, rows) bool, the causal alarm with each of LIMITS instead of its own.
        score: (rows,) float64, larger is stranger.
        strangest: the largest score of a training row.
    """

    truth: NDArray[np.bool_]
    predicted: NDArray[np.bool_]
    ahead: NDArray[np.bool_]
    by_limit: NDArray[np.bool_]
    score: NDArray[np.float64]
    strangest: float


class Counts(NamedTuple):
    """Numbers of rows, pooled over files."""

    true_positives: int
    false_positives: int
    true_negatives: int
    false_negatives: int

    @property
    def f1(self) -> float:
        """F1 of the rows."""
        return 2 * self[0] / (2 * self[0] + self[1] + self[3])

    @property
    def far(self) -> float:
        """Share of the normal rows that are flagged."""
        return self.false_positives / (self.false_positives + self.true_negatives)

    @property
    def cells(self) -> list[str]:
        """F1, FAR and MAR, as cells of the table."""
        missed = self.false_negatives / (self.false_negatives + self.true_positives)
        return [f"{self.f1:.2f}", f"{100 * self.far:.2f}", f"{100 * missed:.2f}"]


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
    """Fit to the training rows and judge the others, without labels."""
    start_afresh()
    from dcvae import DCVAEDetector

    series, truth = read_experiment(path)
    detector = DCVAEDetector.from_settings(settings).fit(series.iloc[:TRAINING_ROWS])
    rows = slice(TRAINING_ROWS, None)
    return Judged(
        truth[rows],
        detector.predict(series)[rows] == 1,
        detector.predict(series, offline=True)[rows] == 1,
        alarms_by_limit(detector, series)[:, rows],
        detector.decision_function(series)[rows],
        float(detector.decision_scores_.max()),
    )


def alarms_by_limit(detector: "DCVAEDetector", series: pd.DataFrame) -> NDArray[np.bool_]:
    """Raise the causal alarm with each of LIMITS, (limits, rows) bool.

    References follow as they do with that limit: what it puts in alarm is kept out of them.
    """
    from dcvae.scoring import Scores

    model, table = detector._model, detector._table(series)
    before = model.settings.window_length - 1
    error = Scores.concatenate(list(model.causal_scores(model.inputs(table)))).error
    times = microseconds(table.frame.index[before:])
    raised = np.zeros((len(LIMITS), len(series)), dtype=bool)
    for alarm, limit in zip(raised, LIMITS.tolist(), strict=True):
        system: SystemAlarm = replace(model.thresholds.alarm, threshold=limit)
        alarm[before:] = system.raised(system.judge(error, times))
    return raised


def pooled(files: list[Judged], flag: Callable[[Judged], NDArray[np.bool_]]) -> Counts:
    """Count the rows of all files, as a function flags them."""
    counts = np.zeros(4, dtype=int)
    for file in files:
        alarm = flag(file)
        pairs = ((alarm, True), (alarm, False), (~alarm, False), (~alarm, True))
        counts += [int(np.count_nonzero(said & (file.truth == is_so))) for said, is_so in pairs]
    return Counts(*counts.tolist())


def _above(multiple: float) -> Callable[[Judged], NDArray[np.bool_]]:
    return lambda file: file.score > multiple * file.strangest


def _of_limit(number: int, file: Judged) -> NDArray[np.bool_]:
    alarm: NDArray[np.bool_] = file.by_limit[number]
    return alarm


def bounds(files: list[Judged]) -> list[list[str]]:
    """Return the lines of the best limits; they look at the labels of the rows that are judged."""
    found = [pooled(files, partial(_of_limit, number)) for number in range(len(LIMITS))]
    lines, at_most = [], f"best limit with FAR at most {HIGHEST_FAR:.0%}"
    for told, highest in (("best limit", 1.0), (at_most, HIGHEST_FAR)):
        allowed = [number for number, counts in enumerate(found) if counts.far <= highest]
        if allowed:
            best = max(allowed, key=lambda number: found[number].f1)
            lines.append([f"(bound, by the labels) {told}, {LIMITS[best]:.2g}", *found[best].cells])
    return lines


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
    rows = [
        [name, *(f"{x:.2f}" for x in (f1, far, mar))] for name, (f1, far, mar) in PUBLISHED.items()
    ]
    rows.append(["**DC-VAE, `predict`**", *pooled(files, lambda file: file.predicted).cells])
    ahead = pooled(files, lambda file: file.ahead)
    rows.append(["**DC-VAE, `predict(offline=True)`**", *ahead.cells])
    rows += [
        [f"DC-VAE, {m:g} times the strangest", *pooled(files, _above(m)).cells] for m in MULTIPLES
    ]
    rows.append(["every row flagged", *pooled(files, _above(-1.0)).cells])
    rows += bounds(files)
    print_table([f"{len(files)} files", "F1", "FAR %", "MAR %"], rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
