"""Every detector that can be set, and the ensemble of them, on labeled sets.

python -m benchmarks.ensemble FOLDER ... [--settings FILE] [--seed N] [--members NAME ...]
    [--cache DIR] [--without-network]

FOLDER is one of benchmarks.sets, or SKAB's, of whose files rows 0 to 399 are for training. Each
detector is fitted to the training rows of a set and scores the rows after them, with the last T - 1
training rows in front, all by one settings file and without labels:

* F0.5: corrected event-wise F0.5 of the alarm, and its precision and recall
* VUS-PR of the causal score, and of the one that looks ahead; the buffer is the period of the first
  series, as everywhere

Networks are kept in DIR as models; a minute or more a set without.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.common import RECOMMENDED, given_settings, print_table, start_afresh
from benchmarks.sets import LabeledSet, servers, tsb_ad_m
from benchmarks.skab import PARTS, TRAINING_ROWS, read_experiment
from dcvae import InputError
from dcvae.config import DETECTOR_TITLES, NETWORK, Member, Settings
from dcvae.data import Table, TrainingData, table_from_array, training_data
from dcvae.estimator.short_data import settings_for_rows
from dcvae.metrics import event_wise, period_from_autocorrelation, vus
from dcvae.pipeline import FittedModel, Scorer, fit, fit_scorer
from dcvae.storage import load_model, memory_record, save_model


class Figures(NamedTuple):
    """The figures of a detector on a set."""

    f: float
    precision: float
    recall: float
    causal: float
    ahead: float


def all_sets(folders: list[Path]) -> Iterator[LabeledSet]:
    """Yield the sets of folders of servers, of TSB-AD-M's form, and of SKAB."""
    for folder in folders:
        yield from servers(folder)
        yield from tsb_ad_m(folder)
        for part in PARTS:
            for path in sorted((folder / part).glob("*.csv")):
                frame, truth = read_experiment(path)
                training = frame.iloc[:TRAINING_ROWS]
                name = f"{part}/{path.stem}"
                yield LabeledSet(name, training, frame, truth[:, None], True, family=folder.name)


def _table(frame: pd.DataFrame) -> Table:
    return table_from_array(frame.to_numpy(float), frame, [str(name) for name in frame.columns])


def network_of(
    data: LabeledSet, training: TrainingData, settings: Settings, cache: Path | None
) -> Scorer:
    """Train a network on a set, or read the one that was kept."""
    name = f"{data.family}_{data.name}".replace("/", "_") + f"_{settings.seed}"
    if cache is not None and (cache / name).exists():
        return load_model(cache / name).scorer
    started = time.perf_counter()
    start_afresh()
    model = fit(training, settings.model_copy(update={"model_name": name}))
    print(f"trained on {name}: {time.perf_counter() - started:.0f} s", flush=True)
    if cache is not None:
        save_model(model, cache, memory_record(training.table))
    return model.scorer


def figures(model: FittedModel, later: Table, truth: NDArray[np.bool_]) -> Figures:
    """Detect in the later rows and compute the figures."""
    detection = model.detect(later)
    alarm, first = detection.alarm, detection.inputs.measured()[-len(truth) :, 0]
    found, buffer = event_wise(truth, alarm), period_from_autocorrelation(first)
    areas = []
    for score in (detection.score, detection.offline):
        lowest = float(np.nanmin(score)) if np.isfinite(score).any() else 0.0
        areas.append(vus(truth, np.nan_to_num(score, nan=lowest), buffer).pr)
    return Figures(found.corrected_f05, found.precision, found.recall, areas[0], areas[1])


def measure(
    data: LabeledSet, given: Settings, members: list[Member], cache: Path | None
) -> dict[str, Figures]:
    """Fit every detector and the ensemble of some to a set, and compute their figures."""
    training = _table(data.training)
    settings, _ = settings_for_rows(given, len(data.training))
    settings = settings.with_num_series(data.training.shape[1], training.path)
    prepared, before = training_data(training, settings), settings.window_length - 1
    later = _table(pd.concat([data.training.iloc[-before:], data.judged.iloc[data.later :]]))
    truth, fitted = data.of_system[data.later :], {}
    for name in get_args(Member):
        if name != NETWORK:
            try:
                fitted[name] = fit_scorer(name, prepared, settings)
            except InputError as error:
                print(f"{data.name}: {error}")
        elif NETWORK in members:
            fitted[name] = network_of(data, prepared, settings, cache)
    lines = {}
    for name in (*fitted, "ensemble"):
        asked = settings.model_copy(update={"detector": name, "ensemble_members": tuple(members)})
        model = fit(prepared, asked, members=fitted)
        title = settings.name_of_architecture if name == NETWORK else DETECTOR_TITLES[name]
        lines[title] = figures(model, later, truth)
    return lines


def print_lines(title: str, sets: list[dict[str, Figures]]) -> None:
    """Print the mean figures of every detector over sets, best first."""
    names = [name for name in sets[0] if all(name in lines for lines in sets)]
    means = {name: np.mean([lines[name] for lines in sets], axis=0) for name in names}
    order = sorted(names, key=lambda name: -means[name][0])
    header = ["F0.5", "precision", "recall", "VUS-PR", "VUS-PR, looking ahead"]
    print_table(
        [f"{title} ({len(sets)})", *header],
        [[name, *(f"{value:.3f}" for value in means[name])] for name in order],
    )


def main() -> None:
    """Measure, set by set, and print tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--settings", type=Path, default=RECOMMENDED)
    parser.add_argument("--seed", type=int, default=123)
    parser.add_argument("--members", nargs="+", choices=get_args(Member))
    parser.add_argument("--cache", type=Path, metavar="DIR")
    parser.add_argument("--without-network", action="store_true")
    arguments = parser.parse_args()
    settings = given_settings(arguments)
    members = list(arguments.members or settings.ensemble_members)
    if arguments.without_network:
        members = [name for name in members if name != NETWORK]
    by_family: dict[str, list[dict[str, Figures]]] = {}
    for data in all_sets(arguments.folders):
        lines = measure(data, settings, members, arguments.cache)
        by_family.setdefault(data.family, []).append(lines)
        print(
            f"{data.name}: " + ", ".join(f"{n} {x.f:.2f}/{x.causal:.2f}" for n, x in lines.items())
        )
    for family, sets in by_family.items():
        print_lines(family, sets)
    if len(by_family) > 1:
        print_lines("all sets", [lines for sets in by_family.values() for lines in sets])


if __name__ == "__main__":
    main()
