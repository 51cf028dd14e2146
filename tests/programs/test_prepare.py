"""Public data sets in their raw layouts, made up small, become files that the scripts read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dcvae.data.tables import read_table
from dcvae.data.truth.labels import read_labels
from support.script_tools import load_program

load_program("prepare_swat")
load_program("prepare_rows")
prepare = load_program("prepare")

TIMES = pd.date_range("2020-03-09 10:00", periods=500, freq="s")
MADE_UP = pd.Timestamp("2000-01-01")


def rows(count: int, series: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, series)).round(3)


def write_csv(path: Path, table: Any, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(table).to_csv(path, **options)


def write_npy(path: Path, array: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, np.asarray(array))


def telco(raw: Path) -> None:
    for number, part in enumerate(("train", "val", "test")):
        times = pd.date_range(f"2021-0{number + 1}-01", periods=6, freq="5min", name="time")
        data = pd.DataFrame(rows(6, 2, number), times, ["TS1", "TS2"])
        data.iloc[2, 0] = np.nan
        labels = pd.DataFrame(0, times, data.columns)
        labels.iloc[4, 1] = number
        write_csv(raw / f"TELCO_data_{part}.csv", data)
        write_csv(raw / f"TELCO_labels_{part}.csv", labels.clip(upper=1))


def skab(raw: Path) -> None:
    for place in ("valve1/0", "valve1/1", "valve2/0", "other/13"):
        table = pd.DataFrame(rows(420, 2), TIMES[:420], ["Current", "Pressure"])
        table["anomaly"] = (np.arange(420) >= 415).astype(float)
        table["changepoint"] = 0.0
        write_csv(raw / f"{place}.csv", table, sep=";", index_label="datetime")
    normal = pd.DataFrame(rows(10, 2), TIMES[:10], ["Current", "Pressure"])
    write_csv(raw / "anomaly-free/anomaly-free.csv", normal, sep=";", index_label="datetime")


def smd(raw: Path) -> None:
    for name in ("machine-1-1", "machine-1-2"):
        for part, count in (("train", 5), ("test", 4)):
            write_csv(raw / part / f"{name}.txt", rows(count, 3, count), header=False, index=False)
        write_csv(raw / "test_label" / f"{name}.txt", [0, 1, 1, 0], header=False, index=False)


def telemetry(raw: Path) -> None:
    lines = [
        ("P-2", "SMAP", "[[1, 2]]"),
        ("P-2", "SMAP", "[[5, 5]]"),
        ("A-1", "SMAP", "[[0, 0], [6, 7]]"),
        ("M-6", "MSL", "[[3, 4]]"),
    ]
    write_csv(
        raw / "labeled_anomalies.csv",
        pd.DataFrame(lines, columns=["chan_id", "spacecraft", "anomaly_sequences"]),
        index=False,
    )
    for channel, series in (("P-2", 25), ("A-1", 25), ("M-6", 55)):
        write_npy(raw / "train" / f"{channel}.npy", rows(6, series))
        write_npy(raw / "test" / f"{channel}.npy", rows(8, series, 1))


def psm(raw: Path) -> None:
    for name, first in (("train", 0), ("test", 132480)):
        table = pd.DataFrame(rows(4, 2), columns=["feature_0", "feature_1"])
        table.insert(0, "timestamp_(min)", first + np.arange(4))
        table.iloc[1, 1] = np.nan
        write_csv(raw / f"{name}.csv", table, index=False)
    labels = {"timestamp_(min)": 132480 + np.arange(4), "label": [0, 0, 1, 0]}
    write_csv(raw / "test_label.csv", labels, index=False)


def asd(raw: Path) -> None:
    write_npy(raw / "omi-1_train.npy", rows(6, 19))
    write_npy(raw / "omi-1_test.npy", rows(4, 19, 1))
    write_npy(raw / "omi-1_test_label.npy", [0, 1, 1, 0])


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "telco": telco,
    "skab": skab,
    "smd": smd,
    "smap": telemetry,
    "msl": telemetry,
    "psm": psm,
    "asd": asd,
}
THREE = ["labels.csv", "test.csv", "train.csv"]
WRITTEN = {
    "telco": {"": [f"{k}{p}.csv" for k in ("labels_", "") for p in ("test", "train", "val")]},
    "skab": {
        **dict.fromkeys(("valve1-0", "valve1-1", "valve2-0", "other-13"), THREE),
        "anomaly-free": ["train.csv"],
    },
    "smd": dict.fromkeys(("machine-1-1", "machine-1-2"), THREE),
    "smap": dict.fromkeys(("A-1", "P-2"), THREE),
    "msl": {"M-6": THREE},
    "psm": {"": THREE},
    "asd": {"omi-1": THREE},
}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    return tmp_path / "raw"


def prepared(name: str, raw: Path) -> Path:
    LAYOUTS[name](raw)
    assert prepare.main([name, str(raw), str(raw.parent / "out")]) == 0
    return raw.parent / "out"


def truth_of(folder: Path) -> list[int]:
    labels = pd.read_csv(folder / "labels.csv", index_col=0)
    assert list(labels) == ["anomaly"]
    return np.flatnonzero(labels["anomaly"]).tolist()


def problem(name: str, raw: Path, capsys: Any) -> str:
    """What the program says of a set that it refuses; nothing is left behind."""
    assert prepare.main([name, str(raw), str(raw.parent / "out")]) == 2
    assert sorted(path.name for path in raw.parent.iterdir()) in (["raw"], [])
    printed = capsys.readouterr()
    assert printed.out == ""
    return str(printed.err)


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_is_written_is_read_by_the_scripts(name: str, raw: Path, capsys: Any) -> None:
    out = prepared(name, raw)
    found: dict[str, list[str]] = {}
    for path in sorted(out.rglob("*.csv")):
        found.setdefault("" if path.parent == out else path.parent.name, []).append(path.name)
    assert found == WRITTEN[name]
    for folder, names in WRITTEN[name].items():
        tables = {n: read_table(out / folder / n) for n in names if "labels" not in n}
        assert len({tuple(table.frame.columns) for table in tables.values()}) == 1
        for labels in (n for n in names if "labels" in n):
            of = labels.replace("labels_", "") if name == "telco" else "test.csv"
            read_labels(out / folder / labels, tables[of])
    assert f"licence and source: {prepare.SETS[name].source}" in capsys.readouterr().out


def test_telco_keeps_times_missing_cells_and_a_label_a_series(raw: Path) -> None:
    out = prepared("telco", raw)
    data = pd.read_csv(out / "val.csv", index_col=0)
    assert data.index[1] == "2021-02-01 00:05:00"
    assert data.isna().to_numpy().nonzero() == (2, 0)
    labels = pd.read_csv(out / "labels_val.csv", index_col=0)
    assert labels.to_numpy().nonzero() == (4, 1)
    assert not pd.read_csv(out / "labels_train.csv", index_col=0).to_numpy().any()


def test_skab_trains_on_the_first_400_rows(raw: Path) -> None:
    out = prepared("skab", raw)
    assert len(pd.read_csv(out / "other-13" / "train.csv")) == 400
    assert truth_of(out / "other-13") == [15, 16, 17, 18, 19]
    test = pd.read_csv(out / "valve2-0" / "test.csv", index_col=0)
    assert list(test) == ["Current", "Pressure"]
    assert test.index[0] == "2020-03-09 10:06:40"


@pytest.mark.parametrize(
    ("name", "entity", "truth", "second_row", "series"),
    [
        ("smd", "machine-1-1", [1, 2], 6, 3),
        ("smap", "P-2", [1, 2, 5], 7, 25),
        ("smap", "A-1", [0, 6, 7], 7, 25),
        ("msl", "M-6", [3, 4], 7, 55),
        ("asd", "omi-1", [1, 2], 35, 19),
    ],
)
def test_sets_without_times_get_some_that_go_on_from_training_to_test(
    name: str, entity: str, truth: list[int], second_row: int, series: int, raw: Path, capsys: Any
) -> None:
    out = prepared(name, raw)
    assert truth_of(out / entity) == truth
    test = pd.read_csv(out / entity / "test.csv", index_col=0, parse_dates=True)
    assert test.index[1] == MADE_UP + pd.Timedelta(minutes=second_row)
    assert list(test) == [f"v{number}" for number in range(1, series + 1)]
    np.testing.assert_array_equal(test, rows(len(test), series, 4 if name == "smd" else 1))
    step = "5min" if name == "asd" else "1min"
    told = f"The set has no times: rows are {step} apart, from 2000-01-01 00:00:00 on.\n"
    assert capsys.readouterr().out.endswith(told)


def test_psm_has_minutes(raw: Path) -> None:
    out = prepared("psm", raw)
    test = pd.read_csv(out / "test.csv", index_col=0, parse_dates=True)
    assert test.index[0] == MADE_UP + pd.Timedelta(days=92)
    assert test.isna().to_numpy().nonzero() == (1, 0)
    assert truth_of(out) == [2]


def test_swat_is_read_as_by_its_own_program(raw: Path, capsys: Any) -> None:
    raw.mkdir()
    assert "Expected SWaT_Dataset_Normal_v1.xlsx or" in problem("swat", raw, capsys)


@pytest.mark.parametrize(
    ("name", "missing", "message"),
    [
        ("telco", "TELCO_labels_val.csv", "TELCO_labels_val.csv is missing. RAW must be the"),
        ("skab", "valve2/0.csv", "Expected files *.csv in"),
        ("smd", "test/machine-1-2.txt", "machine-1-2.txt is missing"),
        ("smd", "test_label/machine-1-1.txt", "machine-1-1.txt is missing"),
        ("smap", "labeled_anomalies.csv", "labeled_anomalies.csv is missing"),
        ("smap", "test/A-1.npy", "A-1.npy is missing. RAW must be the publisher's folder"),
        ("psm", "test_label.csv", "test_label.csv is missing"),
        ("asd", "omi-1_test.npy", "omi-1_test.npy is missing"),
    ],
)
def test_a_file_that_is_missing_is_named(
    name: str, missing: str, message: str, raw: Path, capsys: Any
) -> None:
    LAYOUTS[name](raw)
    (raw / missing).unlink()
    assert message in problem(name, raw, capsys)


def sequences(text: str) -> Callable[[Path], None]:
    line = {"chan_id": ["A-1"], "spacecraft": ["SMAP"], "anomaly_sequences": [text]}
    return lambda raw: write_csv(raw / "labeled_anomalies.csv", line, index=False)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (
            "telco",
            lambda raw: write_csv(raw / "TELCO_labels_val.csv", rows(3, 2)),
            "Expected times in the first column of",
        ),
        (
            "telco",
            lambda raw: (raw / "TELCO_labels_val.csv").write_bytes(
                (raw / "TELCO_labels_test.csv").read_bytes()
            ),
            "Expected the same times and series in",
        ),
        (
            "skab",
            lambda raw: (raw / "other/13.csv").write_text("datetime;a\n2020-01-01;1\n"),
            "Expected the columns anomaly, changepoint in",
        ),
        (
            "skab",
            lambda raw: (raw / "other/13.csv").write_text(
                "datetime;a;anomaly;changepoint\n2020-01-01;1;0;0\n"
            ),
            "Expected more than 400 rows in",
        ),
        (
            "smd",
            lambda raw: write_csv(
                raw / "test_label/machine-1-1.txt", [0, 2, 1, 3], header=False, index=False
            ),
            "expected labels of 0 and 1. Received 2.0 in row 1, the first of 2 such rows",
        ),
        (
            "smd",
            lambda raw: write_csv(
                raw / "test_label/machine-1-1.txt", [0, 1], header=False, index=False
            ),
            "Expected a label for each of the 4 rows to judge in",
        ),
        (
            "smd",
            lambda raw: write_csv(
                raw / "test/machine-1-1.txt", rows(4, 2), header=False, index=False
            ),
            "Expected as many series to train on as to judge",
        ),
        ("smap", sequences("[[1, 2"), "channel A-1, column anomaly_sequences: expected pairs"),
        ("smap", sequences("[[3, 8]]"), "channel A-1: expected rows between 0 and 7, as its test"),
        (
            "smap",
            sequences("__import__('os')"),
            "expected pairs of rows such as [[3, 9], [20, 25]]",
        ),
        (
            "msl",
            sequences("[[1, 2]]"),
            "Expected channels of MSL in",
        ),
        (
            "smap",
            lambda raw: write_npy(raw / "train/A-1.npy", rows(6, 1)[:, 0]),
            "Expected numbers in 2 dimensions in",
        ),
        (
            "smap",
            lambda raw: np.save(raw / "train/A-1.npy", np.array([{}]), allow_pickle=True),
            "A-1.npy is no array of numbers: Object arrays cannot be loaded",
        ),
        (
            "psm",
            lambda raw: write_csv(raw / "test.csv", rows(4, 2), index=False),
            "Expected the columns timestamp_(min) in",
        ),
        (
            "asd",
            lambda raw: [path.rename(path.with_suffix(".pkl")) for path in raw.glob("*.npy")],
            "holds pickles, which can run any code when they are read; this program reads none.",
        ),
    ],
)
def test_what_is_not_as_the_publisher_has_it_is_refused(
    name: str, change: Callable[[Path], object], message: str, raw: Path, capsys: Any
) -> None:
    LAYOUTS[name](raw)
    change(raw)
    assert message in problem(name, raw, capsys)


def test_a_folder_that_is_not_empty_is_left_alone(raw: Path, capsys: Any) -> None:
    out = prepared("psm", raw)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert prepare.main(["psm", str(raw), str(out)]) == 2
    assert "out is not empty. Give a new folder." in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_help_names_licences_and_sources(capsys: Any) -> None:
    with pytest.raises(SystemExit):
        prepare.main(["--help"])
    printed = capsys.readouterr().out
    for name, data in prepare.SETS.items():
        assert f"  {name:7} {data.source}" in printed
