"""Detectors of rows beside public ones: how well they rank, how fast they train, what they take.

python -m benchmarks.detectors quality [DIR ...] [--runs 3] [--rows 3000] [--detectors NAME,...]
python -m benchmarks.detectors epochs [--names ae,deep-svdd,alad] [--rows 8192] [--columns 40]
python -m benchmarks.detectors memory [--rows 1000000] [--columns 40] [--detectors NAME,...]

`quality`: mean AUROC and AUPR over data sets. Half of the normal rows train, the other half and all
anomalies are judged, of each part at most `--rows`, drawn; every detector is given the same rows of
a run. DIR holds files of rows with labels (.npz, .mat, CSV); without one, four sets are made up.
Ours come as `make_detector(name, seed=...)` makes them and scale by themselves; PyOD's and DeepOD's
(see peers.py) come as their libraries make them, on rows standardized by the training rows.

`epochs`: seconds an epoch of our AE, DeepSVDD and ALAD in one compiled program, and of PyOD's loops
in torch, of the same widths, batch and rows, taking turns. Of each, a fit of few epochs is taken
off one of many, so that compiling and scoring do not count; the first fit is told by itself. On a
machine that others use, torch waits for its second thread: `--torch-threads 1` is its best there.

`memory`: peak memory and seconds of fit and score on rows that are made up, each in a process.

A detector that fails on a set is a line with its reason; a mean is of the sets that it has done.
"""

import argparse
import importlib
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks import peers
from benchmarks.common import median_of, print_table
from dcvae.data import LabeledRows, read_labeled_rows, rows_from_arrays
from dcvae.detectors import detector_names, make_detector
from dcvae.metrics import average_precision, roc_auc

PROJECT = Path(__file__).parent.parent
SUFFIXES = (".npz", ".mat", ".csv", ".csv.gz", ".parquet")
# Of ours that judge windows, or know nothing of rows.
NOT_OF_ROWS = ("dc-vae", "persistence", "always", "never", "ensemble", "seq2seq")
_COMPILED_FROM = 100  # steps
_FIT_AND_SCORE = """
import json, resource, sys, time
import numpy as np
from benchmarks.detectors import made
name, rows, columns, epochs = sys.argv[1], *map(int, sys.argv[2:])
x = np.random.default_rng(0).standard_normal((rows, columns))
x[:, 1:] += x[:, :1]
start = time.perf_counter()
detector = made(name, 1, **({"epochs": epochs} if epochs else {}))
fitted = detector.fit(x)
middle = time.perf_counter()
fitted.decision_function(x)
end = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([x.nbytes / 2**20, peak, middle - start, end - middle]))
"""


class Split(NamedTuple):
    """Rows to train on, rows to judge, and their labels."""

    training: NDArray[np.float64]
    judged: NDArray[np.float64]
    labels: NDArray[np.bool_]


def split(rows: LabeledRows, run: int, most: int) -> Split:
    """Divide rows: half of the normal ones train, of each part at most so many."""
    random = np.random.default_rng([run, 21])
    normal = random.permutation(np.flatnonzero(~rows.labels))
    anomalies = random.permutation(np.flatnonzero(rows.labels))[:most]
    half = len(normal) // 2
    judged = np.concatenate([normal[half:][:most], anomalies])
    return Split(rows.values[normal[:half][:most]], rows.values[judged], rows.labels[judged])


def made(name: str, seed: int, **options: Any) -> Any:
    """Make a detector, ours or a peer, by its name."""
    if name in peers.MAKERS:
        return peers.peer(name, seed)
    kind = make_detector(name)
    known = kind.get_params()
    given = {"seed": seed} | options
    return make_detector(name, **{key: value for key, value in given.items() if key in known})


def made_up() -> list[LabeledRows]:
    """Make sets of four kinds: a cluster, clusters, a curve, and columns that depend."""
    random = np.random.default_rng(7)
    count, columns, strange = 1_200, 8, 120
    normal = random.standard_normal((count, columns))
    centers = random.uniform(-6, 6, (4, columns))
    curve = np.sin(random.uniform(0, 6, (count, 1)) + np.arange(columns)) + normal * 0.05
    mixed = normal[:, :2] @ random.standard_normal((2, columns)) + normal * 0.1
    sets = {
        "one cluster": (normal, random.standard_normal((strange, columns)) * 2),
        "four clusters": (
            normal + centers[random.integers(0, 4, count)],
            random.uniform(-8, 8, (strange, columns)),
        ),
        "a curve": (curve, random.uniform(-1, 1, (strange, columns))),
        "dependent columns": (mixed, random.permuted(mixed[:strange], axis=0)),
    }
    return [
        rows_from_arrays(
            np.concatenate([x, a]), np.r_[np.zeros(len(x)), np.ones(len(a))], source=name
        )
        for name, (x, a) in sets.items()
    ]


def read_sets(folders: Sequence[Path]) -> list[LabeledRows]:
    """Read every file of folders that holds rows with labels; files may be given by themselves."""
    paths = [
        path
        for folder in folders
        for path in ([folder] if folder.is_file() else sorted(folder.iterdir()))
        if folder.is_file() or path.name.endswith(SUFFIXES)
    ]
    sets = []
    for path in paths:
        try:
            sets.append(read_labeled_rows(path))
        except ValueError as error:
            print(f"left out: {error}")
    return sets


def judge(name: str, parts: Split, seed: int) -> tuple[float, float, float]:
    """Fit and score; return AUROC, AUPR and seconds."""
    start = time.perf_counter()
    scores = made(name, seed).fit(parts.training).decision_function(parts.judged)
    seconds = time.perf_counter() - start
    if not np.isfinite(scores).all():
        raise ValueError(f"{int((~np.isfinite(scores)).sum())} scores are no finite number")
    return roc_auc(parts.labels, scores), average_precision(parts.labels, scores), seconds


def quality(arguments: argparse.Namespace) -> None:
    """Judge every detector on every set, and print a table of sets and one of means."""
    sets = read_sets(arguments.folders) if arguments.folders else made_up()
    names = chosen(arguments.detectors)
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for rows in sets:
        title = Path(str(rows.path)).name
        print(f"{title}: {rows.describe()}", flush=True)
        for run in range(arguments.runs):
            parts = split(rows, run, arguments.rows)
            for name in names:
                try:
                    result = judge(name, parts, run)
                    found.setdefault((title, name), []).append(result)
                except Exception as error:  # noqa: BLE001 - of any library
                    print(f"{name} failed on {title}: {type(error).__name__}: {error}", flush=True)
                print(f"{title}, run {run + 1}: {name}", file=sys.stderr, flush=True)
    titles = [Path(str(rows.path)).name for rows in sets]
    means = {key: np.mean(values, axis=0) for key, values in found.items()}
    for number, measure in enumerate(("AUROC", "AUPR", "seconds")):
        digits = 3 if number < 2 else 1
        lines = [
            [name, *(_cell(means.get((title, name)), number, digits) for title in titles)]
            for name in names
        ]
        print_table([f"{measure}, mean of {arguments.runs} runs", *titles], lines)
    lines: list[list[object]] = []
    for name in names:
        of = np.array([means[title, name] for title in titles if (title, name) in means])
        over = of.mean(axis=0) if len(of) else np.full(3, np.nan)
        lines.append([name, *(f"{over[at]:.3f}" for at in (0, 1)), f"{over[2]:.1f}", len(of)])
    lines.sort(key=lambda line: str(line[1]).replace("nan", "0"), reverse=True)
    print_table(
        [f"mean over sets, {arguments.runs} runs", "AUROC", "AUPR", "seconds", "sets"], lines
    )


def epochs(arguments: argparse.Namespace) -> None:
    """Time an epoch of ours and of PyOD's, of one size, in turns."""
    random = np.random.default_rng(0)
    x = random.standard_normal((arguments.rows, arguments.columns))
    x[:, 1:] += x[:, :1]
    if arguments.torch_threads and peers.installed():
        importlib.import_module("torch").set_num_threads(arguments.torch_threads)
    steps = math.ceil(arguments.rows / arguments.batch)
    # A training of ours of fewer steps is not compiled: it would be another program.
    few_epochs = max(arguments.few, math.ceil(_COMPILED_FROM / steps))
    many_epochs = max(arguments.many, few_epochs + 10)
    lines = []
    for name in arguments.names.split(","):
        options = peers.OURS_ALIKE[name] | {"batch_size": arguments.batch, "seed": 1}

        def ours(count: int, name: str = name, options: dict[str, Any] = options) -> Any:
            return make_detector(name, epochs=count, **options)

        def theirs(count: int, name: str = name) -> Any:
            return peers.alike(name, count, *x.shape, arguments.batch)

        sides: dict[str, Callable[[int], Any]] = {f"ours, {name}": ours}
        if "PyOD AE" in peers.installed():
            sides[f"PyOD, {name}"] = theirs
        first = {side: _seconds(make(few_epochs), x) for side, make in sides.items()}
        taken: dict[str, list[NDArray[np.float64]]] = {side: [] for side in sides}
        for _ in range(arguments.repeats):
            for side, make in sides.items():
                few = _seconds(make(few_epochs), x)
                many = _seconds(make(many_epochs), x)
                taken[side].append((many - few) / (many_epochs - few_epochs))
        medians = {side: np.median(values, axis=0) for side, values in taken.items()}
        for side, values in taken.items():
            times = medians[side] / medians[f"ours, {name}"]
            wall = median_of([float(value[0]) for value in values])
            cpu = f"{medians[side][1]:.3f}"
            lines.append(
                [side, wall, f"{times[0]:.1f}", cpu, f"{times[1]:.1f}", f"{first[side][0]:.1f}"]
            )
            print(lines[-1], file=sys.stderr, flush=True)
    print_table(
        [
            f"an epoch of {steps} batches of {arguments.batch}, {arguments.columns} columns",
            f"seconds, median (range) of {arguments.repeats}",
            "times ours",
            "CPU seconds",
            "times ours",
            f"first fit, {few_epochs} epochs",
        ],
        lines,
    )


def memory(arguments: argparse.Namespace) -> None:
    """Fit and score in a process each, and print peak memory and seconds."""
    lines = []
    for name in chosen(arguments.detectors):
        sizes = (str(arguments.rows), str(arguments.columns), str(arguments.epochs or 0))
        done = subprocess.run(
            [sys.executable, "-c", _FIT_AND_SCORE, name, *sizes],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
            lines.append([name, reason[:80], "", "", ""])
            continue
        table, peak, fit, score = json.loads(done.stdout.strip().splitlines()[-1])
        lines.append(
            [name, f"{peak:.0f}", f"{peak - table:.0f}", f"{fit:.1f}", f"{score:.1f}"],
        )
        print(f"{name}: {lines[-1]}", file=sys.stderr, flush=True)
    size = f"{arguments.rows:,} rows x {arguments.columns} columns"
    header = [size, "peak MiB", "less the table", "seconds of fit", "seconds of score"]
    print_table(header, lines)


def chosen(text: str | None) -> list[str]:
    """Return the names of detectors that are asked for; all of rows and all peers by default."""
    ours = [name for name in detector_names() if name not in NOT_OF_ROWS]
    known = [*ours, *peers.installed()]
    if text is None:
        return known
    names = [name for name in known if name in text.split(",")]
    # A name of a peer may hold a comma.
    names += [name for name in known if name not in names and "," in name and name in text]
    return names


def _seconds(detector: Any, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return wall and CPU seconds of a fit."""
    start = np.array([time.perf_counter(), time.process_time()])
    detector.fit(rows)
    return np.array([time.perf_counter(), time.process_time()]) - start


def _cell(values: NDArray[np.float64] | None, number: int, digits: int) -> str:
    return "-" if values is None else f"{values[number]:.{digits}f}"


def main() -> None:
    """Do one of the three."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(required=True)
    part = parts.add_parser("quality")
    part.add_argument("folders", nargs="*", type=Path, metavar="DIR")
    part.add_argument("--runs", type=int, default=3)
    part.add_argument("--rows", type=int, default=3000, help="at most, of each part")
    part.add_argument("--detectors", metavar="NAME,...")
    part.set_defaults(do=quality)
    part = parts.add_parser("epochs")
    part.add_argument("--names", default="ae,deep-svdd,alad")
    part.add_argument("--rows", type=int, default=8192)
    part.add_argument("--columns", type=int, default=40)
    part.add_argument("--batch", type=int, default=128)
    part.add_argument("--few", type=int, default=2, help="epochs of the fit that is taken off")
    part.add_argument("--many", type=int, default=32, help="epochs of the fit that it is taken off")
    part.add_argument("--torch-threads", type=int, help="threads of torch (default: its own)")
    part.add_argument("--repeats", type=int, default=5)
    part.set_defaults(do=epochs)
    part = parts.add_parser("memory")
    part.add_argument("--rows", type=int, default=1_000_000)
    part.add_argument("--columns", type=int, default=40)
    part.add_argument("--epochs", type=int, help="of those that have some (default: their own)")
    part.add_argument("--detectors", metavar="NAME,...")
    part.set_defaults(do=memory)
    arguments = parser.parse_args()
    arguments.do(arguments)


if __name__ == "__main__":
    main()
