"""Architectures: time of training and scoring, and metrics of detection, of each.

python -m benchmarks.architectures [FOLDER ...] [--epochs N] [--only NAME]

Trains every architecture on the sample, and on the sets in the folders that have a labeled
validation part (see benchmarks.sets), all with the windows and the training of
settings/sample.txt. Prints one table per set:

* parameters; seconds of an epoch after the first, validation included; rows scored per second
* mean F1: point-wise, over the series labeled in the test part, alphas by the labels of the
  validation part
* VUS-PR of the system on the test part, causal and offline, and event-wise F0.5 of its alarm, which
  is a fixed one: no labels used
"""

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import f1_score

from benchmarks.common import FOR_THE_SAMPLE, print_table, seconds
from benchmarks.sets import STEP_SECONDS, LabeledSet, all_sets
from benchmarks.severity import Run, run
from dcvae.config import Settings
from dcvae.detection import AlarmRules, SystemAlarm, flags, standardized_residual
from dcvae.detection.alphas_from_labels import alphas_from_labels
from dcvae.metrics import event_wise, period_from_autocorrelation, vus
from dcvae.scoring import CausalScorer, WindowAverageScorer
from dcvae.training import EpochLosses

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "DC-VAE": {},
    "RNN-VAE, simple": {"layer_type": "rnn", "rnn_units": [32, 16]},
    "RNN-VAE, GRU": {"layer_type": "gru", "rnn_units": [32, 16]},
    "RNN-VAE, LSTM": {"layer_type": "lstm", "rnn_units": [32, 16]},
    "seq2seq, GRU": {"architecture": "seq2seq", "hidden_size": 64, "embedding_size": 32},
    "seq2seq, LSTM": {
        "architecture": "seq2seq",
        "layer_type": "lstm",
        "hidden_size": 64,
        "embedding_size": 32,
    },
}
_OF_DC_VAE = ("cnn_units", "dil_rate")
HEADER = ["parameters", "s an epoch", "rows scored a s", "mean F1"]
HEADER += ["VUS-PR causal", "VUS-PR offline", "event F0.5"]


class _Clock:
    """A record of the times at which epochs end."""

    def __init__(self) -> None:
        self._ends: list[float] = []

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        pass

    def epoch(self, losses: EpochLosses, is_best: bool) -> None:
        self._ends.append(time.perf_counter())

    def median(self) -> float:
        return statistics.median(np.diff(self._ends))


def settings_of(name: str, epochs: int | None) -> Settings:
    """Return the settings of the sample with the network of an architecture."""
    keys: dict[str, Any] = json.loads(FOR_THE_SAMPLE.read_text(encoding="utf-8"))
    if ARCHITECTURES[name]:
        foreign = [*_OF_DC_VAE, *(["J"] if "architecture" in ARCHITECTURES[name] else [])]
        keys = {key: value for key, value in keys.items() if key not in foreign}
    keys |= ARCHITECTURES[name] | ({"epochs": epochs} if epochs else {})
    return Settings.from_text(json.dumps(keys), name)


def found(made: Run) -> Iterator[str]:
    """Yield F1 of alphas by labels, VUS-PR and event-wise F0.5 without labels, of the test part."""
    first = made.settings.window_length - 1
    test = slice(made.data.num_choosing - first, None)
    labels = np.broadcast_to(made.data.labels, made.data.judged.shape)[first:]
    sigma = made.calibration.sigma(made.settings.sigma)
    residual = standardized_residual(made.scores.error, sigma.apply(made.scores.sigma))
    alphas = alphas_from_labels(
        residual[: test.start],
        labels[: test.start],
        made.calibration.series,
        measure="point-wise",
        search="grid",
        default_alpha=made.settings.default_alpha,
    )
    flagged = flags(residual, alphas)
    labeled = np.flatnonzero(labels[test].any(axis=0))
    f1 = [f1_score(labels[test, column], flagged[test, column]) for column in labeled]
    yield f"{np.mean(f1):.3f}"
    fixed = made.settings.model_copy(update={"threshold": "fixed"})
    alarm = SystemAlarm.fit(
        made.normal.error,
        AlarmRules.of(fixed, STEP_SECONDS),
        false_alarms_per_week=fixed.system_budget,
        step_seconds=STEP_SECONDS,
    )
    judged = alarm.judge(made.scores.error, made.times)
    levels = made.calibration.reference_levels
    ahead = WindowAverageScorer(made.network, first + 1).score(made.judged, levels)
    truth, window = made.truth[test], period_from_autocorrelation(made.judged.values[:, 0])
    for score in (judged.score, ahead.row[first:]):
        yield f"{vus(truth, np.nan_to_num(score[test]), window).pr:.3f}"
    raised, _ = alarm.alarms(judged, residual, alphas)
    yield f"{event_wise(truth, raised[test]).f05:.3f}"


def line(data: LabeledSet, name: str, epochs: int | None) -> list[str]:
    """Train one architecture on one set and return its line of the table."""
    settings, clock = settings_of(name, epochs), _Clock()
    made = run(data, settings, clock)
    scorer = CausalScorer.of(made.network, made.settings)
    scorer.score(made.judged)  # compiles
    taken = min(seconds(lambda: scorer.score(made.judged), repeats=3))
    return [
        name,
        f"{made.network.count_params():,}",
        f"{clock.median():.2f}",
        f"{len(made.truth) / taken:,.0f}",
        *found(made),
    ]


def main() -> None:
    """Train every architecture on every set, and print one table per set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--only", action="append", choices=ARCHITECTURES)
    arguments = parser.parse_args()
    for data in all_sets(arguments.folders):
        if not data.num_choosing:
            print(f"{data.name} has no labeled validation part")
            continue
        lines = [
            line(data, name, arguments.epochs) for name in arguments.only or list(ARCHITECTURES)
        ]
        print_table([data.name, *HEADER], lines)


if __name__ == "__main__":
    main()
