"""Turn public data sets, as their publishers give them out, into data and label files.

    python data/prepare.py NAME RAW OUT

RAW is the folder of the publisher's files, OUT a new folder for ours: CSVs with the time first, one
column a series, and labels of the same times. README.md beside this file has a line on each NAME:
where it is to be had, under which licence, and what is written. Sets without times get some, one
step apart from 2000-01-01 on; that they are made up is said when they are written. Sets of rows, in
which nothing follows anything, have none: prepare_rows.py reads those.

OUT appears whole or not at all.
"""

import argparse
import ast
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from prepare_rows import read_ids2018, read_kdd10, read_nsl_kdd
from prepare_swat import CannotPrepareError, read_csv, write
from prepare_swat import prepare as prepare_swat

Tables = dict[str, pd.DataFrame]  # by file name
Entity = tuple[str, Tables] | tuple[str, Tables, list[str]]  # folder in OUT, tables, what to say

LABEL = "anomaly"  # of a label file for all series together: no series has that name
FIRST_TIME = pd.Timestamp("2000-01-01")
SKAB_PARTS = ("valve1", "valve2", "other")
SKAB_TRAINING_ROWS = 400
SKAB_LABELS = ["anomaly", "changepoint"]
ANOMALIES_FILE = "labeled_anomalies.csv"
PSM_TIME = "timestamp_(min)"

_FOLDER = "RAW must be the publisher's folder."


class DataSet(NamedTuple):
    """A public data set.

    read: the raw folder to each entity. source: where it is to be had, and the licence. step: of
    made-up times; None where the set has times, or takes none.
    """

    read: Callable[[Path], Iterator[Entity]]
    source: str
    step: str | None = None


def read_telco(raw: Path) -> Iterator[tuple[str, Tables]]:
    """Read the six files of TELCO: data and labels of three parts, by time."""
    tables = {}
    for part in ("train", "val", "test"):
        data_path, labels_path = (raw / f"TELCO_{kind}_{part}.csv" for kind in ("data", "labels"))
        data, labels = _by_time(data_path), _by_time(labels_path)
        if not (data.index.equals(labels.index) and list(data) == list(labels)):
            raise CannotPrepareError(
                f"Expected the same times and series in {data_path} and {labels_path}. Received "
                f"{data.shape} and {labels.shape} (rows, series), or others in one of them."
            )
        tables[f"{part}.csv"] = data
        tables[f"labels_{part}.csv"] = labels.apply(_labels, path=labels_path)
    yield "", tables


def read_skab(raw: Path) -> Iterator[tuple[str, Tables]]:
    """Read SKAB: rows 0 to 399 of each experiment are for training, the rest is judged."""
    for part in SKAB_PARTS:
        for path in _some(raw / part, "*.csv"):
            table = _by_time(path, sep=";")
            _expect_columns(table, SKAB_LABELS, path)
            truth = _labels(table["anomaly"], path).rename(LABEL).to_frame()
            series = table.drop(columns=SKAB_LABELS)
            if len(series) <= SKAB_TRAINING_ROWS:
                raise CannotPrepareError(
                    f"Expected more than {SKAB_TRAINING_ROWS} rows in {path}. Received "
                    f"{len(series)}."
                )
            training, judged = slice(SKAB_TRAINING_ROWS), slice(SKAB_TRAINING_ROWS, None)
            yield (
                f"{part}-{path.stem}",
                {
                    "train.csv": series.iloc[training],
                    "test.csv": series.iloc[judged],
                    "labels.csv": truth.iloc[judged],
                },
            )
    normal = raw / "anomaly-free" / "anomaly-free.csv"
    if normal.is_file():
        yield "anomaly-free", {"train.csv": _by_time(normal, sep=";")}


def read_smd(raw: Path) -> Iterator[tuple[str, Tables]]:
    """Read SMD: one machine after the other, rows a minute apart."""
    for path in _some(raw / "train", "*.txt"):
        training, judged = (
            read_csv(raw / part / path.name, header=None).to_numpy(np.float64)
            for part in ("train", "test")
        )
        labels_path = raw / "test_label" / path.name
        labels = read_csv(labels_path, header=None).to_numpy(np.float64)
        yield path.stem, _without_times(training, judged, labels, labels_path, "1min")


def read_telemetry(raw: Path, spacecraft: str) -> Iterator[tuple[str, Tables]]:
    """Read the channels of a spacecraft of NASA's; the ends of its anomalies belong to them.

    A channel that is listed twice has the anomalies of both lines.
    """
    path = raw / ANOMALIES_FILE
    listed = read_csv(path)
    _expect_columns(listed, ["chan_id", "spacecraft", "anomaly_sequences"], path)
    lines = listed[listed["spacecraft"] == spacecraft]
    if lines.empty:
        raise CannotPrepareError(f"Expected channels of {spacecraft} in {path}. Received none.")
    for channel, sequences in lines.groupby("chan_id")["anomaly_sequences"]:
        training, judged = (_npy(raw / part / f"{channel}.npy") for part in ("train", "test"))
        truth = np.zeros((len(judged), 1))
        for text in sequences:
            for first, last in _sequences(text, path, str(channel), len(judged)):
                truth[first : last + 1] = 1
        yield str(channel), _without_times(training, judged, truth, path, "1min")


def read_psm(raw: Path) -> Iterator[tuple[str, Tables]]:
    """Read PSM, whose times are minutes."""
    tables = {}
    for name in ("train", "test", "test_label"):
        path = raw / f"{name}.csv"
        table = read_csv(path)
        _expect_columns(table, [PSM_TIME], path)
        minutes = table.pop(PSM_TIME)
        table.index = pd.DatetimeIndex(
            FIRST_TIME + pd.to_timedelta(minutes, unit="min"), name="time"
        )
        tables[name] = table
    labels_path = raw / "test_label.csv"
    _expect_columns(tables["test_label"], ["label"], labels_path)
    _expect_rows(len(tables["test"]), len(tables["test_label"]), labels_path)
    labels = _labels(tables["test_label"]["label"], labels_path).rename(LABEL).to_frame()
    yield "", {"train.csv": tables["train"], "test.csv": tables["test"], "labels.csv": labels}


def read_asd(raw: Path) -> Iterator[tuple[str, Tables]]:
    """Read ASD from arrays: its own files are pickles, which run whatever was put into them."""
    if not any(raw.glob("*_train.npy")) and any(raw.glob("*.pkl")):
        raise CannotPrepareError(
            f"{raw} holds pickles, which can run any code when they are read; this program reads "
            "none. If you trust them, turn each into an array of numbers first:\n"
            "  python -c \"import pickle, sys, numpy; numpy.save(sys.argv[1][:-4] + '.npy', "
            "pickle.load(open(sys.argv[1], 'rb')))\" omi-1_train.pkl"
        )
    for path in _some(raw, "*_train.npy"):
        name = path.name.removesuffix("_train.npy")
        labels_path = raw / f"{name}_test_label.npy"
        labels = _npy(labels_path, dimensions=1)[:, None]
        judged = _npy(raw / f"{name}_test.npy")
        yield name, _without_times(_npy(path), judged, labels, labels_path, "5min")


def read_swat(raw: Path) -> Iterator[tuple[str, Tables]]:
    """Read SWaT as prepare_swat.py does, which has options besides."""
    tables, _ = prepare_swat(raw, version="v1", step=None, drop_hours=0.0)
    yield "", tables


SETS: dict[str, DataSet] = {
    "telco": DataSet(
        read_telco, "see the authors' page, https://github.com/GastonGarciaGonzalez/DC-VAE"
    ),
    "skab": DataSet(read_skab, "GPL-3.0, https://github.com/waico/SKAB"),
    "smd": DataSet(read_smd, "MIT, https://github.com/NetManAIOps/OmniAnomaly", "1min"),
    "smap": DataSet(
        lambda raw: read_telemetry(raw, "SMAP"),
        "see there, https://github.com/khundman/telemanom",
        "1min",
    ),
    "msl": DataSet(
        lambda raw: read_telemetry(raw, "MSL"),
        "see there, https://github.com/khundman/telemanom",
        "1min",
    ),
    "psm": DataSet(read_psm, "see there, https://github.com/eBay/RANSynCoders"),
    "asd": DataSet(read_asd, "MIT, https://github.com/zhhlee/InterFusion", "5min"),
    "kdd10": DataSet(read_kdd10, "see there, https://archive.ics.uci.edu/dataset/130"),
    "nsl-kdd": DataSet(
        read_nsl_kdd, "research, with its citation: https://www.unb.ca/cic/datasets/nsl.html"
    ),
    "ids2018": DataSet(
        read_ids2018, "with its citation: https://www.unb.ca/cic/datasets/ids-2018.html"
    ),
    "swat": DataSet(read_swat, "on request only: iTrust, see README.md"),
}


def _by_time(path: Path, **options: object) -> pd.DataFrame:
    """Read a CSV with the time in its first column."""
    table = read_csv(path, **options)
    text = table.pop(table.columns[0]).astype(str)
    times = pd.to_datetime(text, format="ISO8601", errors="coerce")
    if times.isna().any():
        row = int(np.argmax(times.isna()))
        raise CannotPrepareError(
            f"Expected times in the first column of {path}. Received none in row {row}, the first "
            f"of {int(times.isna().sum())} such rows."
        )
    return table.set_index(pd.DatetimeIndex(times, name="time"))


def _npy(path: Path, dimensions: int = 2) -> NDArray[np.float64]:
    """Read an array of numbers, (rows, series) or (rows,); pickled objects are not read."""
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise CannotPrepareError(
            f"{path} is missing. RAW must be the publisher's folder."
        ) from error
    except ValueError as error:
        raise CannotPrepareError(f"{path} is no array of numbers: {error}.") from error
    if array.ndim != dimensions or array.dtype.kind not in "biuf":
        raise CannotPrepareError(
            f"Expected numbers in {dimensions} dimension{'s' * (dimensions > 1)} in {path}. "
            f"Received {array.dtype} of shape {array.shape}."
        )
    numbers: NDArray[np.float64] = array.astype(np.float64)
    return numbers


def _sequences(text: object, path: Path, channel: str, rows: int) -> list[tuple[int, int]]:
    """Read "[[3, 9], [20, 25]]", first and last rows of anomalies."""
    try:
        pairs = [(int(first), int(last)) for first, last in ast.literal_eval(str(text))]
    except (ValueError, SyntaxError, TypeError) as error:
        raise CannotPrepareError(
            f"{path}, channel {channel}, column anomaly_sequences: expected pairs of rows such as "
            f"[[3, 9], [20, 25]]. Received: {text}."
        ) from error
    for first, last in pairs:
        if not 0 <= first <= last < rows:
            raise CannotPrepareError(
                f"{path}, channel {channel}: expected rows between 0 and {rows - 1}, as its test "
                f"part has them. Received: [{first}, {last}]."
            )
    return pairs


def _without_times(
    training: NDArray[np.float64],
    judged: NDArray[np.float64],
    labels: NDArray[np.float64],
    labels_path: Path,
    step: str,
) -> Tables:
    """Make the tables of a set without times and names; series are called v1, v2 and so on."""
    if training.shape[1] != judged.shape[1]:
        raise CannotPrepareError(
            f"Expected as many series to train on as to judge, beside {labels_path}. Received "
            f"{training.shape[1]} and {judged.shape[1]}."
        )
    _expect_rows(len(judged), len(labels), labels_path)
    times = pd.date_range(
        FIRST_TIME, periods=len(training) + len(judged), freq=step, name="time", unit="us"
    )
    names = [f"v{number + 1}" for number in range(training.shape[1])]
    before, after = times[: len(training)], times[len(training) :]
    truth = _labels(pd.Series(labels[:, 0], after, name=LABEL), labels_path)
    return {
        "train.csv": pd.DataFrame(training, before, names),
        "test.csv": pd.DataFrame(judged, after, names),
        "labels.csv": truth.to_frame(),
    }


def _labels(column: pd.Series, path: Path) -> pd.Series:
    """Check labels and return them as whole numbers."""
    wrong = ~column.isin([0, 1]).to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise CannotPrepareError(
            f"{path}: expected labels of 0 and 1. Received {column.iloc[row]} in row {row}, the "
            f"first of {int(wrong.sum())} such rows."
        )
    return column.astype(int)


def _some(folder: Path, pattern: str) -> list[Path]:
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise CannotPrepareError(f"Expected files {pattern} in {folder}. Received none. {_FOLDER}")
    return paths


def _expect_columns(table: pd.DataFrame, names: list[str], path: Path) -> None:
    lacking = [name for name in names if name not in table]
    if lacking:
        raise CannotPrepareError(
            f"Expected the columns {', '.join(names)} in {path}. Received: "
            f"{', '.join(map(str, table.columns[:12]))}."
        )


def _expect_rows(expected: int, received: int, path: Path) -> None:
    if expected != received:
        raise CannotPrepareError(
            f"Expected a label for each of the {expected:,} rows to judge in {path}. Received "
            f"{received:,}."
        )


def prepare(name: str, raw: Path, out: Path) -> tuple[int, list[str]]:
    """Read a set and write it to a new folder.

    Returns:
        Number of entities (servers, channels, experiments, days), and what is to be said of them.

    Raises:
        CannotPrepareError: files are missing or not as expected, or OUT is not empty.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CannotPrepareError(f"{out} is not empty. Give a new folder.")
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    count = 0
    said: list[str] = []
    try:
        for folder, tables, *notes in SETS[name].read(raw):
            write(tables, partial / folder)
            said += [note for several in notes for note in several]
            count += 1
        if out.exists():
            out.rmdir()
        partial.rename(out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return count, said


def main(words: Sequence[str] | None = None) -> int:
    """Read, write, say."""
    lines = "\n".join(f"  {name:7} {data.source}" for name, data in SETS.items())
    parser = argparse.ArgumentParser(
        description="Make data and label files of a public data set.",
        epilog=f"licences and sources:\n{lines}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", choices=SETS, metavar="NAME", help=", ".join(SETS))
    parser.add_argument("raw", type=Path, metavar="RAW", help="folder of the publisher's files")
    parser.add_argument("out", type=Path, metavar="OUT", help="new folder to write to")
    arguments = parser.parse_args(words)
    data = SETS[arguments.name]
    try:
        count, said = prepare(arguments.name, arguments.raw, arguments.out)
    except (CannotPrepareError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{arguments.out}: {count} of {arguments.name}, licence and source: {data.source}")
    for sentence in said:
        print(sentence)
    if data.step is not None:
        print(f"The set has no times: rows are {data.step} apart, from {FIRST_TIME} on.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
