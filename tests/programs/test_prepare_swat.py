"""The program for SWaT on small files of exactly the publisher's layout."""

import datetime
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dcvae.config.settings import Settings
from dcvae.data.loading import read_data
from dcvae.data.tables import Table
from dcvae.data.truth.true_events import read_true_events
from support.script_tools import call, good, load_program

Cells = list[list[Any]]
ATTACK_LIST = "List_of_attacks_Final"


program = load_program("prepare_swat")

TITLE = ["", "P1", "", "P2", ""]
HEADER = [" Timestamp", "FIT101", " MV 101", "AIT201 ", "Normal/Attack"]
SERIES = ["FIT101", "MV101", "AIT201"]
NORMAL = "SWaT_Dataset_Normal_v1"
ATTACK = "SWaT_Dataset_Attack_v0"
AT_NOON = pd.Timestamp("2016-01-02 11:59:57")  # over noon, on a day that may be taken for February


def as_published(time: pd.Timestamp) -> str:
    """Day first without leading zeros, twelve hours, a space in front."""
    clock = f"{(time.hour - 1) % 12 + 1}:{time:%M:%S} {'AM' if time.hour < 12 else 'PM'}"
    return f" {time.day}/{time.month}/{time.year} {clock}"


def rows_of(start: pd.Timestamp, labels: list[str]) -> Cells:
    """One row a second; the cells tell their row."""
    return [
        [as_published(start + pd.Timedelta(seconds=row)), row, 2, row / 4, label]
        for row, label in enumerate(labels)
    ]


def write_xlsx(path: Path, cells: Cells) -> None:
    pd.DataFrame(cells).to_excel(path.with_suffix(".xlsx"), header=False, index=False)


def write_csv(path: Path, cells: Cells) -> None:
    lines = [",".join("" if cell is None else str(cell) for cell in row) for row in cells]
    path.with_suffix(".csv").write_text("\n".join(lines) + "\n", encoding="utf-8-sig")


LIST_HEADER = ["Attack #", "Start Time", "End Time", "Attack Point", "Start State", "Attack"]
LIST_HEADER += ["Actual Change", "Expected Impact or attacker intent", "Unexpected Outcome"]


def write_list(
    folder: Path, attacks: Cells, write: Callable[[Path, Cells], None] = write_xlsx
) -> None:
    """Write a list of attacks, made up after descriptions of the publisher's: it is not public.

    Its end times are times of day alone; entries without physical impact have neither an end nor
    a point; points are separated by `;` or `,`; those of January are dated 2015; remarks follow.
    """
    rest = ["state", "Opened\n valve", "Yes", "overflow", None]
    remarks: Cells = [[None] * 9, ["Note: times are those of Singapore", *[None] * 8]]
    lines = [[*attack, *rest] for attack in attacks]
    write(folder / ATTACK_LIST, [[f"{name} " for name in LIST_HEADER], *lines, *remarks])


ATTACK_LABELS = ["Normal"] * 3 + ["Attack", "A ttack", "Attack"] + ["Normal "] * 4


def write_raw(
    folder: Path, write: Callable[[Path, Cells], None] = write_csv, title: bool = True
) -> Path:
    folder.mkdir(exist_ok=True)
    top = [TITLE, HEADER] if title else [HEADER]
    write(folder / NORMAL, [*top, *rows_of(AT_NOON - pd.Timedelta(days=9), ["Normal"] * 7200)])
    write(folder / ATTACK, [*top, *rows_of(AT_NOON, ATTACK_LABELS)])
    return folder


def run(raw: Path, out: Path, *words: str) -> dict[str, pd.DataFrame]:
    assert program.main([str(raw), str(out), *words]) == 0
    return {
        path.stem: pd.read_csv(path, index_col=0, parse_dates=path.stem != "attacks")
        for path in out.glob("*.csv")
    }


def refusal(raw: Path, out: Path, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert program.main([str(raw), str(out), *words]) == 2
    assert not out.exists()
    return capsys.readouterr().err


@pytest.mark.parametrize("title", [True, False], ids=["title row", "no title row"])
@pytest.mark.parametrize("write", [write_xlsx, write_csv])
def test_files_as_published(
    write: Callable[[Path, Cells], None], title: bool, tmp_path: Path, capsys: Any
) -> None:
    tables = run(write_raw(tmp_path / "raw", write, title), tmp_path / "out")
    assert set(tables) == {"train", "test", "labels"}
    assert list(tables["train"].columns) == list(tables["test"].columns) == SERIES
    assert len(tables["train"]) == 7200
    assert tables["train"].index[0] == pd.Timestamp("2015-12-24 11:59:57")
    test = tables["test"]
    assert test.index.equals(pd.date_range(AT_NOON, periods=10, freq="s", name="time"))
    assert test["FIT101"].tolist() == list(range(10))
    assert test["AIT201"].tolist() == [row / 4 for row in range(10)]
    assert tables["labels"].index.equals(test.index)
    assert tables["labels"]["attack"].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]
    said = capsys.readouterr().out
    assert f"read {NORMAL}" in said
    assert "train.csv: 7,200 rows\n" in said
    assert said.endswith("3 series; 30.0% of the rows of test.csv are labeled as attacks\n")


AT = pd.Timestamp("2016-01-02 11:59:58")  # in the second row of the recording


def clock(seconds: int) -> datetime.time:
    return (AT + pd.Timedelta(seconds=seconds)).time()


ATTACKS: Cells = [
    [1, AT.to_pydatetime(), clock(2), "FIT-101"],
    [2, None, None, "No Physical Impact Attack"],
    [3, " 2/1/2016 12:00:00 PM", "12:00:03", "ait_201, MV-101"],
    [4, (AT + pd.Timedelta(seconds=3) - pd.DateOffset(years=1)).to_pydatetime(), clock(5), "P-9"],
    [5, datetime.datetime(2016, 1, 1), clock(5), "MV-101"],
    [6, (AT + pd.Timedelta(seconds=4)).to_pydatetime(), datetime.time(), "FIT101; MV101"],
]


def test_the_list_of_attacks(tmp_path: Path, capsys: Any) -> None:
    raw = write_raw(tmp_path / "raw")
    write_list(raw, ATTACKS)
    tables = run(raw, tmp_path / "out", "--step", "2s")
    # The file is a list of true events as `--events` takes it; 6 ends with the day.
    assert (tmp_path / "out" / "attacks.csv").read_text().splitlines() == [
        "event,start,end,series,description",
        "1,2016-01-02 11:59:58,2016-01-02 12:00:00,FIT101,Opened valve",
        "3,2016-01-02 12:00:00,2016-01-02 12:00:03,AIT201; MV101,Opened valve",
        "4,2016-01-02 12:00:01,2016-01-02 12:00:03,P-9,Opened valve",
        "6,2016-01-02 12:00:02,2016-01-03 00:00:00,FIT101; MV101,Opened valve",
    ]
    said = capsys.readouterr().out
    assert f"read {ATTACK_LIST}.xlsx\n" in said
    assert "attacks without an end or without physical impact, left out: 2\n" in said
    assert "attacks dated a year too early, taken for the next: 4\n" in said
    assert "attacks on P-9, which was not recorded: 4\n" in said
    assert "attacks not in the times of the recording, left out: 5\n" in said
    assert "attacks.csv: 4 rows\n" in said
    data = Table(Path("test.csv"), tables["test"], [])
    events = read_true_events(tmp_path / "out" / "attacks.csv", data)
    assert events.table["series"].tolist() == [
        ("FIT101",),
        ("AIT201", "MV101"),
        (),
        ("FIT101", "MV101"),
    ]
    assert events.table["others"].tolist() == [(), (), ("P-9",), ()]


def test_the_list_of_attacks_as_csv_and_its_misspelled_point(tmp_path: Path, capsys: Any) -> None:
    raw = write_raw(tmp_path / "raw")
    for name, top in ((NORMAL, 7202), (ATTACK, 12)):
        path = raw / f"{name}.csv"
        path.write_text(path.read_text(encoding="utf-8-sig").replace("AIT201", "DPIT301"))
        assert len(path.read_text().splitlines()) == top
    header = ",".join(LIST_HEADER)
    line = '23,2016/1/2 11:59:59,12:00:01,"P-602, DIT-301",s,Stop,Yes,i,o'
    (raw / f"{ATTACK_LIST}.csv").write_text(f"{header}\n{line}\n")
    tables = run(raw, tmp_path / "out")
    assert tables["attacks"].reset_index().to_numpy().tolist() == [
        [23, "2016-01-02 11:59:59", "2016-01-02 12:00:01", "P-602; DPIT301", "Stop"]
    ]
    assert "attacks on DIT-301, taken for DPIT301: 23\n" in capsys.readouterr().out


def without_attacks(raw: Path) -> None:
    write_list(raw, [[5, datetime.datetime(2015, 12, 28), clock(5), "MV-101"]])


def bad_end(raw: Path) -> None:
    write_list(raw, [ATTACKS[0], [2, AT.to_pydatetime(), "noon", "MV-101"]])


def bad_start(raw: Path) -> None:
    write_list(raw, [["7", "10:29:14", clock(5), "MV-101"]])


def another_header(raw: Path) -> None:
    write_xlsx(raw / ATTACK_LIST, [["Number", "Start Time"], [1, "x"]])


def test_times_that_a_spreadsheet_kept_as_times(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "raw", write_xlsx)
    cells = rows_of(AT_NOON, ATTACK_LABELS)
    for number, row in enumerate(cells):
        if number % 2:
            row[0] = AT_NOON + pd.Timedelta(seconds=number)  # some are, some are text
    write_xlsx(raw / ATTACK, [TITLE, HEADER, *cells])
    tables = run(raw, tmp_path / "out")
    assert tables["test"].index.equals(pd.date_range(AT_NOON, periods=10, freq="s", name="time"))


def test_either_version_and_a_csv_before_a_spreadsheet(tmp_path: Path, capsys: Any) -> None:
    raw = write_raw(tmp_path / "raw")
    later = rows_of(AT_NOON - pd.Timedelta(days=20), ["Normal"] * 50)
    write_csv(raw / "swat_dataset_normal_V0", [HEADER, *later])
    (raw / f"{ATTACK}.xlsx").write_bytes(b"not read")
    assert len(run(raw, tmp_path / "v0", "--normal", "v0")["train"]) == 50
    assert "read swat_dataset_normal_V0.csv" in capsys.readouterr().out
    assert len(run(raw, tmp_path / "v1")["train"]) == 7200


def test_steps_are_means_of_what_ended_then(tmp_path: Path) -> None:
    tables = run(write_raw(tmp_path / "raw"), tmp_path / "out", "--step", "5s")
    # Rows 0 to 9 are 11:59:57 to 12:00:06: the first step ends at 12:00:00 with rows 0 to 3.
    test = tables["test"]
    assert [f"{time:%H:%M:%S}" for time in test.index] == ["12:00:00", "12:00:05", "12:00:10"]
    assert test["FIT101"].tolist() == [1.5, 6.0, 9.0]
    assert tables["labels"]["attack"].tolist() == [1, 1, 0]


def test_a_step_without_a_row_stays_away(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "raw")
    cells = rows_of(AT_NOON, ["Normal"] * 30)
    write_csv(raw / ATTACK, [HEADER, *cells[:4], *cells[20:]])
    tables = run(raw, tmp_path / "out", "--step", "5s")
    seconds = [int((time - AT_NOON).total_seconds()) for time in tables["test"].index]
    assert seconds == [3, 23, 28, 33]
    assert tables["labels"].index.equals(tables["test"].index)


def test_hours_at_the_start_are_left_out(tmp_path: Path) -> None:
    train = run(write_raw(tmp_path / "raw"), tmp_path / "out", "--drop-hours", "1.5")["train"]
    assert len(train) == 1800
    assert train["FIT101"].iloc[0] == 5400


def test_attacks_in_the_normal_file_are_left_out_and_said(tmp_path: Path, capsys: Any) -> None:
    raw = write_raw(tmp_path / "raw")
    labels = ["Normal"] * 40 + ["Attack"] * 2 + ["Normal"] * 8
    write_csv(raw / NORMAL, [HEADER, *rows_of(AT_NOON - pd.Timedelta(days=9), labels)])
    assert len(run(raw, tmp_path / "out")["train"]) == 48
    expected = f"left out 2 rows of {NORMAL}.csv labeled as attacks"
    assert expected in capsys.readouterr().out


def test_missing_cells_and_empty_rows(tmp_path: Path) -> None:
    raw = write_raw(tmp_path / "raw")
    cells = rows_of(AT_NOON, ATTACK_LABELS)
    cells[2][1] = ""
    write_csv(raw / ATTACK, [TITLE, HEADER, *cells, ["", "", "", "", ""]])
    test = run(raw, tmp_path / "out")["test"]
    assert len(test) == 10
    assert np.flatnonzero(test["FIT101"].isna()).tolist() == [2]


def spoiled(row: int, column: int, value: Any) -> Callable[[Path], None]:
    """Write another cell into the attack file, as CSV with a title row."""

    def spoil(raw: Path) -> None:
        cells = rows_of(AT_NOON, ATTACK_LABELS)
        cells[row][column] = value
        write_csv(raw / ATTACK, [TITLE, HEADER, *cells])

    return spoil


def without_header(raw: Path) -> None:
    write_csv(raw / ATTACK, [["t", *HEADER[1:]], *rows_of(AT_NOON, ATTACK_LABELS)])


def another_series(raw: Path) -> None:
    header = [*HEADER[:3], "AIT202", HEADER[4]]
    write_csv(raw / ATTACK, [header, *rows_of(AT_NOON, ATTACK_LABELS)])


# What is done to the files, options, what is said. Row 1 is the title, row 2 the header.
REFUSALS: dict[str, tuple[Callable[[Path], None], list[str], str]] = {
    "no file": (
        lambda raw: (raw / f"{NORMAL}.csv").unlink(),
        [],
        f"Expected {NORMAL}.xlsx or {NORMAL}.csv in {{raw}}. Received: {ATTACK}.csv.",
    ),
    "other version": (
        lambda raw: None,
        ["--normal", "v0"],
        "Expected SWaT_Dataset_Normal_v0.xlsx or SWaT_Dataset_Normal_v0.csv in {raw}. Received: "
        f"{ATTACK}.csv, {NORMAL}.csv.",
    ),
    "header": (
        without_header,
        [],
        f"{{raw}}/{ATTACK}.csv: expected a header with the columns Timestamp and Normal/Attack in "
        "the first 5 rows. Received: t, FIT101, MV 101, AIT201 , Normal/Attack, ...",
    ),
    "time": (
        spoiled(3, 0, "yesterday"),
        [],
        f"{{raw}}/{ATTACK}.csv, row 6: expected a time such as 28/12/2015 10:00:00 AM. Received: "
        "'yesterday'.",
    ),
    "month first": (
        spoiled(3, 0, "12/28/2015 10:00:00 AM"),
        [],
        f"{{raw}}/{ATTACK}.csv, row 6: expected a time such as 28/12/2015 10:00:00 AM. Received: "
        "'12/28/2015 10:00:00 AM'.",
    ),
    "backward": (
        spoiled(3, 0, "2/1/2016 11:59:58 AM"),
        [],
        f"{{raw}}/{ATTACK}.csv, row 6: expected times that go forward. Received: 2016-01-02 "
        "11:59:58 after 2016-01-02 11:59:59. If the file was saved by a spreadsheet program, it "
        "may have taken days for months: use the publisher's own file.",
    ),
    "label": (
        spoiled(3, 4, "Atack"),
        [],
        f"{{raw}}/{ATTACK}.csv, row 6, column Normal/Attack: expected Normal or Attack. Received: "
        "'Atack'.",
    ),
    "number": (
        spoiled(3, 2, "Bad Input"),
        [],
        f"{{raw}}/{ATTACK}.csv, row 6, column MV101: expected a number. Received: 'Bad Input'.",
    ),
    "series": (
        another_series,
        [],
        f"Expected the same series in {NORMAL}.csv and {ATTACK}.csv. Received: AIT201, AIT202 in "
        "one of them only.",
    ),
    "no attacks": (
        without_attacks,
        [],
        f"{{raw}}/{ATTACK_LIST}.xlsx: expected numbered attacks between 2016-01-02 11:59:57 and "
        "2016-01-02 12:00:06. Received: none.",
    ),
    "end of an attack": (
        bad_end,
        [],
        f"{{raw}}/{ATTACK_LIST}.xlsx, row 3, column End Time: expected a time of day such as "
        "10:29:14. Received: 'noon'.",
    ),
    "start of an attack": (
        bad_start,
        [],
        f"{{raw}}/{ATTACK_LIST}.xlsx, row 2, column Start Time: expected a time such as "
        "28/12/2015 10:29:14. Received: '10:29:14'.",
    ),
    "header of the list": (
        another_header,
        [],
        f"{{raw}}/{ATTACK_LIST}.xlsx: expected a header with the columns Attack # and Start Time "
        "and End Time and Attack Point in the first 5 rows. Received: Number, Start Time, ...",
    ),
    "hours": (
        lambda raw: None,
        ["--drop-hours", "2"],
        f"Nothing is left of {NORMAL}.csv, which lasts 0 days 01:59:59: expected --drop-hours to "
        "leave some of it. Received: 2.",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str, tmp_path: Path, capsys: Any) -> None:
    spoil, words, message = REFUSALS[name]
    raw = write_raw(tmp_path / "raw")
    spoil(raw)
    said = refusal(raw, tmp_path / "out", capsys, *words)
    assert said == f"error: {message.replace('{raw}', str(raw))}\n"


def test_no_folder(tmp_path: Path, capsys: Any) -> None:
    said = refusal(tmp_path / "raw", tmp_path / "out", capsys)
    assert said == (
        f"error: {tmp_path / 'raw'} is not a folder. Give the folder with the SWaT files.\n"
    )


def test_a_spreadsheet_without_openpyxl(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    raw = write_raw(tmp_path / "raw", write_xlsx)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    said = refusal(raw, tmp_path / "out", capsys)
    assert said == (
        f"error: {raw / NORMAL}.xlsx is a spreadsheet, which openpyxl reads. Install it with: pip "
        "install openpyxl\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--step", "10"), "expected a step such as 10s or 1min, received '10'"),
        (("--step", "0s"), "expected a step such as 10s or 1min, received '0s'"),
        (("--drop-hours", "-1"), "expected a number of hours from 0, received '-1'"),
        (("--drop-hours", "six"), "expected a number of hours from 0, received 'six'"),
        (("--normal", "v2"), "invalid choice: 'v2'"),
    ],
)
def test_options_are_checked(words: tuple[str, str], message: str, capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(["raw", "out", *words])
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_what_it_writes_is_read(tmp_path: Path) -> None:
    run(write_raw(tmp_path / "raw"), tmp_path / "out", "--step", "2s")
    settings = Settings.from_text('{"model_name": "a", "T": 4}', "a.txt")
    out = tmp_path / "out"
    data, labels = read_data(out / "test.csv", settings, series=None, labels=out / "labels.csv")
    assert labels is not None
    assert list(labels.frame.columns) == list(data.frame.columns) == SERIES
    assert labels.frame.any(axis=1).sum() == 2


@pytest.mark.slow
def test_scripts_run_on_what_it_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = write_raw(tmp_path / "raw")
    labels = ["Normal"] * 200 + ["Attack"] * 20 + ["Normal"] * 80
    write_csv(raw / ATTACK, [TITLE, HEADER, *rows_of(AT_NOON, labels)])
    run(raw, tmp_path, "--step", "10s")
    keys = {"T": 8, "cnn_units": [4], "dil_rate": [1, 2], "J": 2, "epochs": 1, "summary": False}
    (tmp_path / "settings.txt").write_text(json.dumps({"model_name": "swat", **keys}))
    monkeypatch.chdir(tmp_path)
    good(call("train", "train.csv", "settings.txt"))
    good(call("test", "test.csv", "settings.txt", "--labels", "labels.csv"))
