"""Metrics of the system's score, its alarm and the budgets, with those of alternatives.

python -m benchmarks.severity [FOLDER ...] [--settings FILE] [--epochs N] [--seed N]

Trains one model on each set, the sample and those in the folders (see benchmarks.sets), without
labels, and prints four tables: threshold-free quality of causal and offline scores, alarms by rule,
sigma modes, and how near budgets come to the rate asked for. Takes minutes per set. Alarms here are
fixed, whatever the key `threshold` says; those that follow are in benchmarks.alarms.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.common import RECOMMENDED, given_settings, print_table
from benchmarks.sets import STEP_SECONDS, LabeledSet, all_sets
from dcvae.config import Settings, SigmaMode
from dcvae.data import ModelInput, Preprocessor, WindowSplit, split_windows, windows_with
from dcvae.detection import (
    AlarmRules,
    Alphas,
    SystemAlarm,
    microseconds,
    standardized_residual,
)
from dcvae.detection.alphas_from_normal import alphas_from_normal, expected_events
from dcvae.detectors import fit_baselines
from dcvae.metrics import average_precision, event_wise, period_from_autocorrelation, vus
from dcvae.networks import Autoencoder, build_network
from dcvae.scoring import Calibration, CausalScorer, Scores, WindowAverageScorer, calibrate
from dcvae.scoring import window_average as offline
from dcvae.scoring.sigma import shares_outside
from dcvae.training import KerasEpochs, Progress, train

BUDGETS = (3.0, 7.0, 14.0, 28.0)
OURS = " (ours)"


class Run(NamedTuple):
    """A model and its scores of one set, from the first scored row on."""

    data: LabeledSet
    settings: Settings
    network: Autoencoder
    split: WindowSplit
    training: ModelInput
    judged: ModelInput
    normal: Scores
    scores: Scores
    calibration: Calibration

    @property
    def truth(self) -> NDArray[np.bool_]:
        """Scored rows with any label, (rows,) bool."""
        return self.data.of_system[self.settings.window_length - 1 :]

    @property
    def times(self) -> NDArray[np.int64]:
        """Times of the scored rows, in microseconds."""
        return microseconds(self.data.judged.index[self.settings.window_length - 1 :])


def run(data: LabeledSet, settings: Settings, progress: Progress | None = None) -> Run:
    """Train on a set and score it, without labels."""
    settings = settings.model_copy(update={"num_series": data.training.shape[1]})
    preprocessor = Preprocessor.fit(data.training, settings)
    split = split_windows(
        len(data.training),
        settings.window_length,
        settings.val_percent,
        settings.train_stride,
        data.name,
    )
    network = build_network(settings)
    learned = preprocessor.transform_training(data.training, _no_gaps(data.training))
    runner = KerasEpochs(network, learned.values, settings)
    train(runner, split, settings, progress=progress)
    training, judged = (
        preprocessor.transform(frame, _no_gaps(frame)) for frame in (data.training, data.judged)
    )
    scorer = WindowAverageScorer(network, settings.window_length)
    normal = CausalScorer.of(network, settings).score(training)
    found = calibrate(normal, scorer.squares, settings, preprocessor.series, training, split)
    scores = CausalScorer.of(network, settings).score(judged)
    return Run(data, settings, network, split, training, judged, normal, scores, found.calibration)


def _no_gaps(frame: pd.DataFrame) -> NDArray[np.bool_]:
    return np.zeros(len(frame), dtype=bool)


# ---------------------------------------------------------------- threshold-free


def causal_scores(made: Run) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield causal scores of rows by several variants, with their names."""
    rules = AlarmRules.of(made.settings, STEP_SECONDS)
    residuals = {"error": 0.0, "tempered (0.5)": 0.5, "in predicted sigmas": 1.0}
    for name, exponent in residuals.items():
        normal, error = (s.error / s.sigma**exponent for s in (made.normal, made.scores))
        for rows in (1, rules.smoothing):
            for count, words in ((1, "largest"), (3, "mean of 3"), (10_000, "mean")):
                is_ours = (exponent, rows, count) == (0.0, rules.smoothing, rules.series)
                variant = replace(rules, smoothing=rows, series=count)
                yield (
                    f"causal, {name}, {rows} rows, {words}" + OURS * is_ours,
                    _learned(normal, variant).score(error),
                )


def offline_scores(made: Run) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield scores of rows by the windows that contain them, by several variants, with names."""
    length = made.settings.window_length
    num_rows = len(made.judged.values)
    starts = offline.window_starts(num_rows, length)
    validation = made.split.validation if len(made.split.validation) else made.split.train
    every = np.union1d(made.split.train, made.split.validation).astype(np.int32)
    training = made.training
    known = replace(training, observed=np.ones(training.observed.shape, dtype=bool))
    scorer = WindowAverageScorer(made.network, length)
    of_validation, of_all = (
        scorer.squares(known, offline.thinned(part, length)) for part in (validation, every)
    )
    levels = {
        "mean of validation": np.maximum(of_validation.mean(axis=1), 1e-8),
        "1 % of all windows": offline.reference_levels(of_all),
    }
    squares = scorer.squares(made.judged, starts)
    readings = {"in predicted sigmas": [0], "error": [1], "both": [0, 1]}
    for name, which in readings.items():
        for of_level, level in levels.items():
            relative = np.nan_to_num(squares / level[:, np.newaxis])[which]
            logs = np.log1p(relative).mean(axis=0)
            ways: dict[str, NDArray[np.float64]] = {
                "mean of squares": relative.mean(axis=(0, 2)),
                "mean of roots": np.sqrt(relative).mean(axis=(0, 2)),
                "largest log": logs.max(axis=1),
                "mean of logs": logs.mean(axis=1),
                "mean of 3 logs": np.sort(logs, axis=1)[:, -3:].mean(axis=1),
            }
            for words, values in ways.items():
                chosen_way = ("both", "1 % of all windows", "mean of 3 logs")
                is_ours = (name, of_level, words) == chosen_way
                rows = offline.row_means(values[:, None], starts, num_rows, length)
                title = f"offline, {name} over {of_level}, {words}"
                yield title + OURS * is_ours, rows[length - 1 :, 0]


def k_means(made: Run) -> NDArray[np.float64]:
    """Score rows by the sliding-window k-means of the baselines."""
    fitted = fit_baselines(made.training.values, made.settings.seed)
    found = next((detector for detector in fitted if detector.name == "k-means"), None)
    if found is None:
        return np.zeros(len(made.truth))
    residuals = found.residuals(made.judged.values)
    return residuals[made.settings.window_length - 1 :, 0].astype(np.float64)


def ranking_lines(made: Run) -> dict[str, float]:
    """Compute VUS-PR of the system for every score."""
    window = period_from_autocorrelation(made.judged.values[:, 0])
    every = [("k-means, sliding windows", k_means(made))]
    every += [*causal_scores(made), *offline_scores(made)]
    return {name: vus(made.truth, np.nan_to_num(score), window).pr for name, score in every}


# ---------------------------------------------------------------- alarms


def _learned(error: NDArray[np.float32], rules: AlarmRules, budget: float = 5.0) -> SystemAlarm:
    return SystemAlarm.fit(error, rules, false_alarms_per_week=budget, step_seconds=STEP_SECONDS)


def alarm_lines(made: Run) -> dict[str, str]:
    """Compute event-wise F0.5, recall and false alarms per week of the system, rule by rule."""
    rules = AlarmRules.of(made.settings, STEP_SECONDS)
    budget = made.settings.model_copy(update={"threshold": "fixed"}).system_budget
    residual = standardized_residual(made.scores.error, made.scores.sigma)
    normal = standardized_residual(made.normal.error, made.normal.sigma)
    names = made.calibration.series
    alphas = _budget(normal, names, made.settings.false_alarms_per_week)
    published = Alphas.default(names, 3.0)
    any_series = replace(rules, system="any")
    variants: dict[str, tuple[AlarmRules, Alphas]] = {
        "published: any series, alpha 3": (AlarmRules.published(), published),
        "any series, alphas by budget": (AlarmRules.published(), alphas),
        "any series, alphas by budget, our rules": (any_series, alphas),
        "at least 3 series, our rules": (replace(any_series, system="at least"), alphas),
        "weighted" + OURS: (rules, alphas),
        "weighted, no smoothing": (replace(rules, smoothing=1), alphas),
        "weighted, smoothing 12": (replace(rules, smoothing=12), alphas),
        "weighted, largest series": (replace(rules, series=1), alphas),
        "weighted, mean of all series": (replace(rules, series=10_000), alphas),
        "weighted, no hysteresis": (replace(rules, leave=1.0), alphas),
        "weighted, no hold": (replace(rules, hold=0), alphas),
        "weighted, hold 24": (replace(rules, hold=24), alphas),
        "weighted, enter 2 of 3": (replace(rules, enter=(2, 3)), alphas),
    }
    lines = {}
    weeks = len(made.truth) * STEP_SECONDS / 604_800
    for name, (each, bands) in variants.items():
        alarm = _learned(made.normal.error, each, budget)
        judged = alarm.judge(made.scores.error, made.times)
        raised, _ = alarm.alarms(judged, residual, bands)
        found = event_wise(made.truth, raised)
        lines[name] = f"{found.f05:.3f} / {found.recall:.2f} / {found.false_alarms / weeks:.1f}"
    return lines


# ---------------------------------------------------------------- sigma and budgets


def sigma_lines(made: Run) -> dict[str, str]:
    """Compute mean average precision of the series, and the share of normal cells past 2 sigmas."""
    length = made.settings.window_length
    labels = np.broadcast_to(made.data.labels, made.data.judged.shape)
    truth = labels[length - 1 :]
    near = windows_with(made.data.of_system, length)
    lines = {}
    for mode in get_args(SigmaMode):
        sigma = made.calibration.sigma(mode).apply(made.scores.sigma)
        residual = np.abs(standardized_residual(made.scores.error, sigma))
        precision = [
            average_precision(truth[:, column], np.nan_to_num(residual[:, column]))
            for column in np.flatnonzero(truth.any(axis=0))
        ]
        beyond = shares_outside(made.scores.error[~near], sigma[~near], [2.0])[0]
        lines[f"sigma: {mode}"] = f"{np.mean(precision):.3f} / {beyond:.3f}"
    return lines


def _budget(residual: NDArray[np.float32], names: tuple[str, ...], budget: float) -> Alphas:
    alphas, _ = alphas_from_normal(
        residual,
        names,
        method="budget",
        default_alpha=3.0,
        step_seconds=STEP_SECONDS,
        false_alarms_per_week=budget,
        quantile=0.999,
    )
    return alphas


def budget_lines(made: Run) -> dict[str, str]:
    """Compute the share of series whose later normal rows raise half to twice the budget."""
    names = made.calibration.series
    later = standardized_residual(made.scores.error, made.scores.sigma)
    later[windows_with(made.data.of_system, made.settings.window_length)] = np.nan
    normal = standardized_residual(made.normal.error, made.normal.sigma)
    parts = {"validation part": normal[made.split.validation], "whole training file": normal}
    lines = {}
    for part, residual in parts.items():
        for budget in BUDGETS:
            rates = expected_events(later, _budget(residual, names, budget), STEP_SECONDS)
            changing = made.training.values.std(axis=0) > 0
            met = (rates >= budget / 2) & (rates <= 2 * budget)
            lines[f"learned on the {part}, {budget:g} a week"] = f"{met[changing].mean():.2f}"
    return lines


def _print(title: str, runs: list[Run], line_maker: Callable[[Run], dict[str, Any]]) -> None:
    table = pd.DataFrame({made.data.name: line_maker(made) for made in runs})
    cells = table.map(lambda value: f"{value:.3f}" if isinstance(value, float) else value)
    means: list[list[str]] = []
    for _, line in table.iterrows():
        parts = [[float(part) for part in str(value).split("/")] for value in line]
        means.append([" / ".join(f"{mean:.3f}" for mean in np.mean(parts, axis=0))])
    header = [title, *table.columns, "mean"]
    rows = zip(cells.iterrows(), means, strict=True)
    print_table(header, [[name, *line, *mean] for (name, line), mean in rows])


def main() -> None:
    """Train on every set, then print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--settings", type=Path, default=RECOMMENDED)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    settings = given_settings(arguments)
    runs = []
    for data in all_sets(arguments.folders):
        runs.append(run(data, settings))
        print(f"trained on {data.name}", flush=True)
    timed = [made for made in runs if made.data.has_times]
    _print("VUS-PR of the system", runs, ranking_lines)
    _print("event F0.5 / recall / false alarms a week", timed, alarm_lines)
    _print("mean average precision of series / normal cells beyond 2 sigmas", runs, sigma_lines)
    _print("share of series within a factor 2 of the budget", timed, budget_lines)


if __name__ == "__main__":
    main()
