"""TSB-AD-M: metrics of the detector on every file of a folder in its form.

python -m benchmarks.tsb_ad_m DIR [--settings FILE] [--jobs N] [--out OUT] [--seed N]

A file holds series and, in its last column `Label`, 0 or 1; `tr_N` in its name is the number of
leading rows to train on, and the word after the number in front is its family (Liu & Paparrizos
2024). The detector is fitted to those rows and scores all; labels are read only to evaluate. One
setting serves all files, settings/recommended.txt unless another is given.

OUT (default: tsb_ad_m_scores/) gets for each file NAME.csv, one score per row, and NAME.json, the
measures. A file whose measures are there, of the same data, settings and code, is not done again: a
run that was stopped is resumed. Then two tables are printed: of the files, of the families.

VUS-PR, VUS-ROC, AUC-PR and AUC-ROC need no threshold; the window of VUS is the period of the first
series. The three F1s are the best over thresholds, as in TSB-AD, so they bound what a detector with
that score can reach: of 100 thresholds evenly spaced from the lowest score to the highest for
range-based F1 (existence weighs 0.2 in recall, flat bias) and affiliation F1, of all thresholds for
the point-wise one.
"""

import hashlib
import json
import re
import time
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import dcvae
from benchmarks.common import (
    given_settings,
    in_processes,
    parser_of_files,
    print_table,
    start_afresh,
)
from benchmarks.sets import LabeledSet, tsb_ad_m_file
from dcvae._arrays import segments
from dcvae.config import Settings
from dcvae.metrics import (
    affiliation,
    average_precision,
    period_from_autocorrelation,
    roc_auc,
    vus,
)
from dcvae.metrics.range_based import range_based_from_segments
from dcvae.storage import as_json, sha256_of, whole_file, write_text

MEASURES = (
    *("VUS-PR", "VUS-ROC", "AUC-PR", "AUC-ROC", "standard F1", "range-based F1"),
    *("affiliation F1", "seconds"),
)
_THRESHOLDS = 100
PACKAGE = Path(dcvae.__file__).parent


def measures(truth: NDArray[np.bool_], score: NDArray[np.float64], period: int) -> dict[str, float]:
    """Compute the measures of a file's scores; NaN for those undefined without a label.

    Args:
        truth: (rows,) bool.
        score: (rows,) float64, finite, larger is stranger.
        period: period of the series in rows, the window of VUS.
    """
    volume = vus(truth, score, period)
    found = dict.fromkeys(MEASURES[:-1], float("nan"))
    found |= {"VUS-PR": volume.pr, "VUS-ROC": volume.roc}
    found |= {"AUC-PR": average_precision(truth, score), "AUC-ROC": roc_auc(truth, score)}
    if truth.any():
        found["standard F1"] = best_point_wise_f1(truth, score)
        events = segments(truth)
        ranges, near = [0.0], [0.0]
        for threshold in np.linspace(score.min(), score.max(), _THRESHOLDS):
            alarm = score >= threshold
            alarms = segments(alarm)
            ranges.append(range_based_from_segments(events, alarms, alpha=0.2, bias="flat").f1)
            near.append(affiliation(truth, alarm).f1)
        found |= {"range-based F1": max(ranges), "affiliation F1": max(near)}
    return found


def best_point_wise_f1(truth: NDArray[np.bool_], score: NDArray[np.float64]) -> float:
    """Find the best F1 of all thresholds; rows of one score are alarms together or not at all."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(truth[order])
    last_of_its_score = np.append(np.diff(score[order]) != 0, True)
    f1 = 2 * hits / (np.arange(1, len(score) + 1) + truth.sum())
    return float(f1[last_of_its_score].max())


def scores_of(data: LabeledSet, settings: Settings) -> tuple[NDArray[np.float64], list[str], float]:
    """Fit to the training rows and score all; return scores, notices and seconds."""
    from dcvae import DCVAEDetector

    started = time.perf_counter()
    columns = data.training.columns[data.training.notna().any()]
    detector = DCVAEDetector.from_settings(settings).fit(data.training[columns].to_numpy())
    score = detector.decision_function(data.judged[columns].to_numpy())
    return score, detector.notices_, time.perf_counter() - started


def do_file(path: Path, settings: Settings, out: Path, key: str) -> dict[str, Any]:
    """Fit, score, evaluate and write one file; return its line."""
    start_afresh()
    data = tsb_ad_m_file(path)
    score, notices, seconds = scores_of(data, settings)
    first = data.judged.iloc[:, 0].ffill().fillna(0.0).to_numpy()
    found = measures(data.of_system, score, period_from_autocorrelation(first))
    with whole_file(out / f"{path.stem}.csv") as stream:
        pd.DataFrame({"score": score}).to_csv(stream, index=False, lineterminator="\n")
    line: dict[str, Any] = {
        "file": path.stem,
        "family": family_of(path),
        "key": key,
        "notices": notices,
    }
    line |= {name: None if np.isnan(value) else value for name, value in found.items()}
    line |= {"seconds": round(seconds, 1)}
    write_text(out / f"{path.stem}.json", as_json(line))
    return line


def family_of(path: Path) -> str:
    """Return the collection that a file is from: 004_MSL_id_3_... is from MSL."""
    named = re.match(r"\d+_([^_]+)_", path.name)
    return named[1] if named else "-"


def key_of(path: Path, settings: Settings) -> str:
    """Return a hash of data, settings and code, so that finished files are not done again."""
    parts = (sha256_of(path), settings.to_json(), source_hash(PACKAGE))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def source_hash(package: Path) -> str:
    """Return a hash of the Python files of a package, each by its name and its content."""
    files = sorted(path.relative_to(package).as_posix() for path in package.rglob("*.py"))
    lines = (f"{name} {sha256_of(package / name)}" for name in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def line_done(path: Path, out: Path, key: str) -> dict[str, Any] | None:
    """Read the line of a file from an earlier run; None if there is none."""
    try:
        line: dict[str, Any] = json.loads((out / f"{path.stem}.json").read_text())
    except (OSError, ValueError):
        return None
    return line if line.get("key") == key else None


def print_tables(lines: list[dict[str, Any]]) -> None:
    """Print the lines of the files, then the means of the families and of all."""
    table = pd.DataFrame(lines)
    values = table[list(MEASURES)].astype(float)
    names = table["file"].str.split("_").str[:4].str.join("_")
    print_table(["file", *MEASURES], _cells(values.set_axis(names)))
    means = values.groupby(table["family"]).mean()
    means.index = [f"{name} ({sum(table['family'] == name)})" for name in means.index]
    means.loc[f"all ({len(table)})"] = values.mean()
    print_table(["mean of a family", *MEASURES], _cells(means))
    print(f"\nmedian seconds a file: {values['seconds'].median():.1f}")


def _cells(values: pd.DataFrame) -> list[list[str]]:
    rows = []
    for name, line in values.iterrows():
        shown = [f"{value:.3f}" for value in line.iloc[:-1]]
        rows.append([str(name), *shown, f"{line['seconds']:.1f}"])
    return rows


def main() -> int:
    """Do the files that are left, one line each, then print the tables."""
    parser = parser_of_files(__doc__)
    parser.add_argument("--out", type=Path, default=Path("tsb_ad_m_scores"))
    arguments = parser.parse_args()
    settings = given_settings(arguments)
    paths = sorted(arguments.folder.glob("*_tr_*.csv"))
    if not paths:
        parser.error(f"no file named like 004_MSL_id_3_tr_530.csv in {arguments.folder}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    keys = {path: key_of(path, settings) for path in paths}
    lines = {path: line_done(path, arguments.out, keys[path]) for path in paths}
    left = [path for path in paths if lines[path] is None]
    print(f"{len(paths)} files, {len(paths) - len(left)} of them done before", flush=True)
    tasks = [(path, partial(do_file, path, settings, arguments.out, keys[path])) for path in left]
    failed = {}
    for path, line in in_processes(tasks, arguments.jobs):
        if isinstance(line, Exception):
            failed[path] = line
        else:
            lines[path] = line
    print_tables([line for line in lines.values() if line is not None])
    for path, error in failed.items():
        print(f"not done: {path.name}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
