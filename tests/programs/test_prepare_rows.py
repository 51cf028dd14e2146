"""Public sets of labeled rows, made up small in their raw layouts, become files of rows."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dcvae.data import read_labeled_rows
from dcvae.data.labeled_rows import kdd
from support.script_tools import load_program

load_program("prepare_swat")
rows_program = load_program("prepare_rows")
prepare = load_program("prepare")

ATTACK = "0,icmp,ecr_i,SF,1032,0" + ",0" * 16 + ",511,511" + ",0.00" * 7 + ",255,255" + ",1.00" * 8
HTTP = "0,tcp,http,SF,181,5450" + ",0" * 5 + ",1" + ",0" * 10 + ",8,8" + ",0.00" * 7 + ",9,9"
HTTP += ",1.00" * 8
FLOWS = "Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Flow Byts/s,Fwd Header Len"
FLOWS += ",Init Fwd Win Byts,Label\n"


def flows(*lines: str) -> str:
    return FLOWS + "".join(f"{line}\n" for line in lines)


def kdd10(raw: Path) -> None:
    lines = [f"{HTTP},normal.", f"{ATTACK},smurf.", f"{ATTACK},neptune."]
    (raw / "kddcup.data_10_percent.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    (raw / "corrected").write_text(f"{HTTP},normal.\n{ATTACK},mailbomb.\n")
    (raw / "kddcup.names").write_text("back,land.\n")


def nsl_kdd(raw: Path) -> None:
    (raw / "KDDTrain+.txt").write_text(f"{HTTP},normal,20\n{ATTACK},smurf,15\n")
    (raw / "KDDTest+.txt").write_text(f"{HTTP},normal,21\n{ATTACK},mscan,1\n")
    (raw / "KDDTest-21.txt").write_text(f"{ATTACK},mscan,1\n")


def ids2018(raw: Path) -> None:
    (raw / "Friday-02-03-2018_TrafficForML_CICFlowMeter.csv").write_text(
        flows(
            "443,6,02/03/2018 08:47:38,141385,9,4.5,208,8192,Benign",
            "49684,6,02/03/2018 08:47:38,281,2,0.25,40,-1,Benign",
            FLOWS.strip(),
            "8080,6,02/03/2018 02:47:38,10,3,1e6,60,251,Bot",
            "443,6,02/03/2018 08:47:40,0,2,Infinity,40,1,Benign",
            "443,6,02/03/2018 08:47:40,0,2,NaN,40,1,Bot",
            "443,6,02/03/2018 08:47:41,-5,2,1,40,1,Benign",
            "22,6,02/03/2018 08:47:42,5,2,1,-32212234632,1,Benign",
            "53,17,02/03/2018 08:47:43,7,1,2.5,8,-1,Benign",
            "0,0,02/03/2018 08:47:44,9,1,2.5,0,-1,Benign",
            "52000,6,02/03/2018 08:47:45,9,1,2.5,20,64,Bot",
        )
    )
    lines = flows("80,6,20/02/2018 10:00:00,5,2,1,40,8192,Benign", "80,6,,6,2,1,40,8192,DDoS")
    ahead = ("Flow ID,Src IP,Src Port,Dst IP", "a-b-1,10.0.0.1,51000,10.0.0.2")
    named = [f"{ahead[n > 0]},{line}" for n, line in enumerate(lines.strip().split("\n"))]
    path = raw / "Thuesday-20-02-2018_TrafficForML_CICFlowMeter.csv"
    path.write_text("\n".join(named) + "\n")


LAYOUTS: dict[str, Callable[[Path], None]] = {
    "kdd10": kdd10,
    "nsl-kdd": nsl_kdd,
    "ids2018": ids2018,
}


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    return tmp_path / "raw"


def prepared(name: str, raw: Path) -> Path:
    LAYOUTS[name](raw)
    assert prepare.main([name, str(raw), str(raw.parent / "out")]) == 0
    return raw.parent / "out"


def problem(name: str, raw: Path, capsys: Any) -> str:
    """What the program says of a set that it refuses; nothing is left behind."""
    assert prepare.main([name, str(raw), str(raw.parent / "out")]) == 2
    assert [path.name for path in raw.parent.iterdir()] == ["raw"]
    printed = capsys.readouterr()
    assert printed.out == ""
    return str(printed.err)


def test_the_features_have_the_names_that_the_reader_knows() -> None:
    assert rows_program.KDD_FEATURES == kdd.FEATURES
    assert rows_program.KDD_WORDS == kdd.WORDS


def test_kdd10_keeps_its_convention(raw: Path, capsys: Any) -> None:
    out = prepared("kdd10", raw)
    assert sorted(path.name for path in out.iterdir()) == ["rows.csv", "test.csv"]
    said = "rows.csv: 3 rows (normal. 1, smurf. 1, neptune. 1)"
    assert said in capsys.readouterr().out
    rows = read_labeled_rows(out / "rows.csv")
    published = read_labeled_rows(raw / "kddcup.data_10_percent.gz")
    np.testing.assert_array_equal(rows.values, published.values)
    assert rows.labels.tolist() == [True, False, False]
    assert rows.anomaly == published.anomaly
    assert rows.notices == published.notices


def test_nsl_kdd_is_one_table_without_the_difficulty(raw: Path, capsys: Any) -> None:
    out = prepared("nsl-kdd", raw)
    text = (out / "rows.csv").read_text().splitlines()
    assert text[0] == ",".join([*kdd.FEATURES, "label"])
    assert text[1:] == [f"{HTTP},normal", f"{ATTACK},smurf", f"{HTTP},normal", f"{ATTACK},mscan"]
    said = "the first 2 are of KDDTrain+.txt, the others of KDDTest+.txt. The difficulty, made from"
    assert said in capsys.readouterr().out
    rows = read_labeled_rows(out / "rows.csv")
    assert rows.labels.tolist() == [False, True, False, True]
    assert rows.anomaly == "attacks, every label but `normal`"


def test_ids2018_is_without_what_is_no_measurement(raw: Path, capsys: Any) -> None:
    out = prepared("ids2018", raw)
    table = pd.read_csv(out / "Friday-02-03-2018" / "rows.csv", dtype=str)
    assert table["Dst Port"].tolist() == [
        *("port 443", "dynamic", "port 8080", "port 53", "system", "dynamic"),
    ]
    assert table["Protocol"].tolist() == ["tcp", "tcp", "tcp", "udp", "hopopt", "tcp"]
    assert table["label"].tolist() == ["Benign", "Benign", "Bot", "Benign", "Benign", "Bot"]
    assert table["Init Fwd Win Byts"].tolist() == ["8192", "-1", "251", "-1", "-1", "64"]
    assert table["Flow Byts/s"].tolist() == ["4.5", "0.25", "1e6", "2.5", "2.5", "2.5"]
    assert (
        "Friday-02-03-2018/rows.csv: 6 rows (Benign 4, Bot 2); left out: 1 repeated headers, 2 "
        "rows with Infinity or an empty cell, 2 with a negative length or time"
    ) in capsys.readouterr().out


def test_every_day_of_ids2018_has_the_same_columns(raw: Path) -> None:
    out = prepared("ids2018", raw)
    days = [pd.read_csv(path) for path in sorted(out.rglob("rows.csv"))]
    assert [path.name for path in sorted(out.iterdir())] == [
        "Friday-02-03-2018",
        "Thuesday-20-02-2018",
    ]
    assert list(days[0]) == list(days[1])
    assert not {"Timestamp", "Src IP", "Flow ID"} & {*days[0]}


def test_one_kind_of_attack_of_ids2018_is_taken_by_itself(raw: Path) -> None:
    out = prepared("ids2018", raw)
    path = out / "Friday-02-03-2018" / "rows.csv"
    rows = read_labeled_rows(path)
    assert rows.anomaly == "every label but `Benign`"
    assert rows.labels.tolist() == [False, False, True, False, False, True]
    assert "Dst Port=port 443" in rows.columns
    assert "Dst Port" not in rows.columns
    one = read_labeled_rows(path, normal="Benign", anomaly="Bot")
    np.testing.assert_array_equal(one.values, rows.values)


@pytest.mark.parametrize(
    ("name", "missing", "message"),
    [
        ("kdd10", "kddcup.data_10_percent.gz", "Expected kddcup.data_10_percent.gz in"),
        ("nsl-kdd", "KDDTrain+.txt", "Received no KDDTrain+. RAW must be the publisher's folder"),
        ("nsl-kdd", "KDDTest+.txt", "Received no KDDTest+."),
    ],
)
def test_a_file_that_is_missing_is_named(
    name: str, missing: str, message: str, raw: Path, capsys: Any
) -> None:
    LAYOUTS[name](raw)
    (raw / missing).unlink()
    assert message in problem(name, raw, capsys)


FRIDAY = "Friday-02-03-2018_TrafficForML_CICFlowMeter.csv"


@pytest.mark.parametrize(
    ("name", "file", "text", "message"),
    [
        ("nsl-kdd", "KDDTest+.txt", f"{HTTP},normal\n", "Expected 43 cells a row in"),
        (
            "nsl-kdd",
            "KDDTest+.txt",
            f"{HTTP},normal,21\n{HTTP.replace('181', 'x')},normal,21\n",
            "column src_bytes: expected numbers. Received 'x' in row 2, the first of 1 such rows",
        ),
        (
            "nsl-kdd",
            "KDDTest+.txt",
            f"{HTTP},normal,21\n{HTTP},,21\n",
            "expected words in the columns protocol_type, service, flag and a label. Received an "
            "empty cell in row 2",
        ),
        ("nsl-kdd", "KDDTest+.txt", f"{HTTP},normal,21\n{HTTP}", "an empty cell in row 2"),
        ("nsl-kdd", "KDDTest+.txt", "", "is no CSV as the publisher's: No columns to parse"),
        ("kdd10", "kddcup.data_10_percent.gz", "x", "is no CSV as the publisher's: Not a gzipped"),
        ("ids2018", FRIDAY, "a,b\n1,2\n", "Expected the columns Dst Port, Protocol and Label in"),
        ("ids2018", FRIDAY, FLOWS, "Expected rows in"),
        (
            "ids2018",
            FRIDAY,
            flows("443,6,,x,9,4.5,208,8192,Benign"),
            "column Flow Duration: expected numbers. Received 'x' in row 1, the first of 1 such",
        ),
        (
            "ids2018",
            FRIDAY,
            flows("443,6,,1,9,4.5,208,8192,Benign", "443,6,,1,9,4.5,208,8192,"),
            "expected a label in every row. Received none in row 2, the first of 1 such rows",
        ),
    ],
)
def test_what_is_not_as_the_publisher_has_it_is_refused(
    name: str, file: str, text: str, message: str, raw: Path, capsys: Any
) -> None:
    LAYOUTS[name](raw)
    (raw / file).write_text(text)
    assert message in problem(name, raw, capsys)


def test_a_folder_without_days_is_refused(raw: Path, capsys: Any) -> None:
    assert "Expected files such as Friday-02-03-2018_Traffic" in problem("ids2018", raw, capsys)
    raw.rmdir()
    assert prepare.main(["ids2018", str(raw), str(raw.parent / "out")]) == 2
    assert "raw is no folder. RAW must be the publisher's folder." in capsys.readouterr().err
