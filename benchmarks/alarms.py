"""Rules of the system's alarm side by side, on labeled sets and on planted faults.

python -m benchmarks.alarms FOLDER ... [--settings FILE] [--seed N ...] [--cache DIR]

Trains one model a set and seed, of the sample and of the folders (see benchmarks.sets), without
labels, scores the rows after training with the last T - 1 training rows in front, and judges them
by all rules of benchmarks.alarm_rules. With --cache errors are kept, so that rules alone are run
anew. Takes 40 s a set and seed, and 10 s for its rules.

* F: corrected event-wise F0.5, any overlap of an alarm and an event counts. Strict: an alarm counts
  for an event it overlaps only if it begins in it or at most 12 rows (an hour) before, else it is
  false. Later: both without the first 576 rows (two days), with what is on then beginning there
* delay: rows from the beginning of an event to its first alarm, of those found
* false alarms a week: alarms without any overlap
* one set left out: the variation of ours that is best on the other sets, by the mean of F and
  strict, on the set left out; and the same with one folder left out
* planted faults: see benchmarks.planted
"""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.alarm_rules import Rule, all_rules
from benchmarks.common import RECOMMENDED, print_table
from benchmarks.planted import print_planted
from benchmarks.scored import ScoredSet, scored
from benchmarks.sets import all_sets
from dcvae._arrays import find_overlaps, segments
from dcvae.config import read_settings
from dcvae.metrics import detection_delay, event_wise

EARLY_ROWS = 12
SKIPPED_ROWS = 576
FEW_A_WEEK = 0.5
MAIN_RULES = 5


class Figures(NamedTuple):
    """The figures of a rule on a set; see the module."""

    f: float
    strict: float
    later: float
    later_strict: float
    precision: float
    recall: float
    share: float
    false: float
    delay: float


class Line(NamedTuple):
    """What a rule came to on a set."""

    rule: Rule
    data: ScoredSet
    figures: Figures


# ---------------------------------------------------------------- figures


def strict_f05(truth: NDArray[np.bool_], alarm: NDArray[np.bool_]) -> float:
    """Compute corrected event-wise F0.5; alarms count for events they begin in, or just before."""
    events, alarms = segments(truth), segments(alarm)
    pairs = find_overlaps(events, alarms)
    meets = alarms.starts[pairs.alarm] >= events.starts[pairs.truth] - EARLY_ROWS
    detected = len(np.unique(pairs.truth[meets]))
    false = len(alarms.starts) - len(np.unique(pairs.alarm[meets]))
    if not len(events.starts) or not detected:
        return float(len(events.starts) == len(alarms.starts) == 0)
    quiet = 1.0 - np.count_nonzero(alarm & ~truth) / max(np.count_nonzero(~truth), 1)
    precision, recall = detected / (detected + false) * quiet, detected / len(events.starts)
    return float(1.25 * precision * recall / (0.25 * precision + recall))


def figures(data: ScoredSet, alarm: NDArray[np.bool_]) -> Figures:
    """Compute the figures of a set's alarms."""
    truth, rest = data.truth, slice(SKIPPED_ROWS, None)
    found = event_wise(truth, alarm)
    return Figures(
        found.corrected_f05,
        strict_f05(truth, alarm),
        event_wise(truth[rest], alarm[rest]).corrected_f05,
        strict_f05(truth[rest], alarm[rest]),
        found.precision,
        found.recall,
        float(alarm.mean()),
        found.false_alarms * data.rows_per_week / len(truth),
        detection_delay(truth, alarm),
    )


def mean_of(lines: Sequence[Line]) -> Figures:
    """Average figures; delays over the sets in which an event was found."""
    table = np.array([line.figures for line in lines])
    known = ~np.isnan(table)
    sums = np.where(known, table, 0.0).sum(axis=0)
    with np.errstate(invalid="ignore"):
        return Figures(*(sums / known.sum(axis=0)).tolist())


def _value(lines: Sequence[Line]) -> float:
    """Return what rules are chosen by."""
    mean = mean_of(lines)
    return (mean.f + mean.strict) / 2


# ---------------------------------------------------------------- tables of sets


def print_means(title: str, lines: list[Line], rules: list[Rule]) -> None:
    """Print the mean figures of every rule over some sets with times."""
    table = []
    for rule in rules:
        of_rule = [line for line in lines if line.rule is rule]
        mean = mean_of(of_rule)
        allowed = "-" if rule.budget is None else f"{rule.budget:g}"
        table.append(
            [
                rule.name,
                *(f"{value:.2f}" for value in mean[:6]),
                f"{100 * mean.share:.1f}",
                f"{mean.false:.2f} ({allowed})",
                f"{mean.delay:.1f}",
            ]
        )
    header = ["F", "strict", "later F", "later strict", "precision", "recall"]
    header += ["% of rows in alarm", "false a week (budget)", "delay"]
    print_table([title, *header], table)


def print_rows_only(lines: list[Line], rules: list[Rule]) -> None:
    """Print mean figures of sets without times, in rows."""
    table = []
    for rule in rules:
        of_rule = [line for line in lines if line.rule is rule]
        mean = mean_of(of_rule)
        false = np.mean([line.figures.false / line.data.rows_per_week for line in of_rule])
        cells = (mean.f, mean.strict, mean.precision, mean.recall)
        share, rate = f"{100 * mean.share:.1f}", f"{1000 * false:.2f}"
        table.append([rule.name, *(f"{x:.2f}" for x in cells), share, rate, f"{mean.delay:.0f}"])
    header = ["F", "strict", "precision", "recall", "% of rows in alarm", "false in 1,000 rows"]
    print_table(["no times: " + _told(lines), *header, "delay"], table)


def print_sets(lines: list[Line], rules: list[Rule]) -> None:
    """Print F, strict and false alarms a week of every set, of the first rules."""
    names = list(dict.fromkeys(line.data.name for line in lines))
    table = []
    for rule in rules[:MAIN_RULES]:
        cells = []
        for name in names:
            mean = mean_of([x for x in lines if x.rule is rule and x.data.name == name])
            cells.append(f"{mean.f:.2f} / {mean.strict:.2f} / {mean.false:.1f}")
        table.append([rule.name, *cells])
    print_table(["F / strict / false a week", *names], table)


def _told(lines: list[Line]) -> str:
    families = dict.fromkeys(line.data.family for line in lines)
    names, seeds = ({getattr(line.data, key) for line in lines} for key in ("name", "seed"))
    sets = "1 set" if len(names) == 1 else f"{len(names)} sets"
    return f"{', '.join(families)}: {sets}, seeds {', '.join(map(str, sorted(seeds)))}"


# ---------------------------------------------------------------- what would have been chosen


def best_without(left_out: str, lines: list[Line], key: Callable[[Line], str]) -> Rule:
    """Choose the variation of ours that is best on all groups of sets but one."""
    others = [line for line in lines if line.rule.follows and key(line) != left_out]
    rules = list({id(line.rule): line.rule for line in others}.values())
    return max(rules, key=lambda rule: _value([line for line in others if line.rule is rule]))


def print_left_out(title: str, lines: list[Line], key: Callable[[Line], str]) -> None:
    """Print what is chosen without each group of sets, and its figures on that group."""
    ours = next(line.rule for line in lines if line.rule.follows)
    table, of_chosen, of_ours = [], [], []
    for group in dict.fromkeys(key(line) for line in lines):
        chosen = best_without(group, lines, key)
        pair = []
        for rule in (chosen, ours):
            pair.append(mean_of([x for x in lines if x.rule is rule and key(x) == group]))
        of_chosen.append(pair[0])
        of_ours.append(pair[1])
        table.append([group, chosen.name, *_cells(pair[0]), *_cells(pair[1])])
    means = [Figures(*np.mean(part, axis=0).tolist()) for part in (of_chosen, of_ours)]
    table.append(["mean", "", *_cells(means[0]), *_cells(means[1])])
    names = ["F", "strict", "later F", "later strict", "false a week"]
    print_table([title, "chosen on the others", *names, *(f"ours: {x}" for x in names)], table)


def _cells(found: Figures) -> list[str]:
    return [*(f"{value:.2f}" for value in found[:4]), f"{found.false:.2f}"]


def print_budgets(lines: list[Line], rules: list[Rule]) -> None:
    """Print how many systems kept the budget."""
    table = []
    for rule in rules:
        rates = np.array([line.figures.false for line in lines if line.rule is rule])
        cells = ["-", "-"]
        if rule.budget is not None:
            near = (rates >= rule.budget / 2) & (rates <= 2 * rule.budget)
            cells = [str(near.sum()), str((rates <= 2 * rule.budget).sum())]
        table.append([rule.name, *cells, str((rates <= FEW_A_WEEK).sum())])
    header = ["within a factor 2 of the budget", "at most twice", f"at most {FEW_A_WEEK:g} a week"]
    print_table([_told(lines), *header], table)


# ---------------------------------------------------------------- program


def _with_mean_of_folders(timed: list[Line]) -> Iterator[tuple[str, list[Line]]]:
    """Yield lines by family, then those of all folders together."""
    families = list(dict.fromkeys(line.data.family for line in timed))
    groups = [[family] for family in families]
    folders = [family for family in families if family != "sample"]
    if len(folders) > 1:
        groups.append(folders)
    for group in groups:
        lines = [line for line in timed if line.data.family in group]
        yield _told(lines), lines


def main() -> None:
    """Train on every set, judge by every rule, then print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folders", type=Path, nargs="*")
    parser.add_argument("--settings", type=Path, default=RECOMMENDED)
    parser.add_argument("--seed", type=int, nargs="+", help="instead of the settings' own")
    parser.add_argument("--cache", type=Path, help="folder to keep errors in")
    arguments = parser.parse_args()
    settings = read_settings(arguments.settings)
    rules = all_rules(settings)
    sets = [
        scored(data, settings.model_copy(update={"seed": seed}), arguments.cache)
        for seed in arguments.seed or [settings.seed]
        for data in all_sets(arguments.folders)
    ]
    lines = [
        Line(rule, data, figures(data, rule.fit(data)(data.later).alarm))
        for data in sets
        for rule in rules
    ]
    timed = [line for line in lines if line.data.has_times]
    for title, group in _with_mean_of_folders(timed):
        print_means(title, group, rules)
    print_sets(timed, rules)
    if len({line.data.name for line in timed}) > 1:
        print_left_out("set left out", timed, lambda line: line.data.name)
    if len({line.data.family for line in timed}) > 1:
        print_left_out("folder left out", timed, lambda line: line.data.family)
    print_budgets(timed, rules)
    spans = [rule for rule in rules if "window" in rule.name or "longest" in rule.name]
    print_planted([data for data in sets if data.has_times], [*rules[:MAIN_RULES], *spans])
    without_times = [line for line in lines if not line.data.has_times]
    if without_times:
        print_rows_only(without_times, rules)


if __name__ == "__main__":
    main()
