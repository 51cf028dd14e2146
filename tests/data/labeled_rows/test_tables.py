"""Tables with a column of labels: what becomes a column, what is left out, what is refused."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import read_labeled_rows
from dcvae.data.files import csv_file

ROWS = Path(__file__).parents[4] / "shared" / "data" / "rows"
RANDOM = np.random.default_rng(5)
COUNT = 60
LABELS = (np.arange(COUNT) % 12 == 7).astype(int)
TABLE = pd.DataFrame(
    {
        "flow": RANDOM.normal(10, 2, COUNT).round(4),
        "proto": np.array(["tcp", "udp", "icmp"])[np.arange(COUNT) % 3],
        "on": np.arange(COUNT) % 2 == 0,
        "still": 4.0,
        "label": LABELS,
    }
)
HOT = ("flow", "proto=icmp", "proto=tcp", "proto=udp", "on", "still")


@pytest.fixture(params=["arrow", "pandas"])
def _parser(request, monkeypatch):
    if request.param == "arrow":
        pytest.importorskip("pyarrow")
    else:
        monkeypatch.setattr(csv_file, "has_arrow", lambda: False)


def written(table, tmp_path, name="rows.csv", **options):
    path = tmp_path / name
    if name.endswith(".parquet"):
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, **options)
    return path


def expected_values(table):
    words = pd.get_dummies(table["proto"], prefix="proto", prefix_sep="=", dtype=float)
    rest = table[["flow"]].join(words)
    return rest.assign(on=table["on"].astype(float), still=table["still"]).to_numpy(float)


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("rows.csv", {}),
        ("rows.csv.gz", {}),
        ("rows.zip", {}),
        ("rows.txt", {"sep": ";", "decimal": ","}),
        ("rows.tsv", {"sep": "\t"}),
    ],
)
def test_words_become_columns_of_0_and_1_and_the_label_none(tmp_path, name, options):
    rows = read_labeled_rows(written(TABLE, tmp_path, name, **options))
    assert rows.columns == HOT
    np.testing.assert_array_equal(rows.values, expected_values(TABLE))
    np.testing.assert_array_equal(rows.labels, LABELS == 1)
    assert rows.anomaly == "label 1"
    said = " ".join(rows.notices)
    assert "The labels are taken from the column `label`." in said
    assert "Words of 1 column are read as 3 columns of 0 and 1." in said


def test_parquet_gives_the_same_rows(tmp_path):
    pytest.importorskip("pyarrow")
    table = TABLE.assign(proto=TABLE["proto"].astype("category"), label=LABELS == 1)
    rows = read_labeled_rows(written(table, tmp_path, "rows.parquet"))
    assert rows.columns == HOT
    np.testing.assert_array_equal(rows.values, expected_values(TABLE))
    np.testing.assert_array_equal(rows.labels, LABELS == 1)


def test_the_column_of_labels_may_stand_anywhere_and_be_named(tmp_path):
    table = TABLE.rename(columns={"label": "state"})[["state", "flow", "still"]]
    rows = read_labeled_rows(written(table, tmp_path), label="State")
    assert rows.columns == ("flow", "still")
    np.testing.assert_array_equal(rows.labels, LABELS == 1)


def test_labels_of_words_are_told_apart_by_the_user_or_by_a_word_for_normal(tmp_path):
    kinds = np.where(LABELS == 1, np.where(np.arange(COUNT) < 20, "Bot", "DoS slow"), "Benign")
    path = written(TABLE.assign(label=kinds), tmp_path)
    rows = read_labeled_rows(path)
    np.testing.assert_array_equal(rows.labels, LABELS == 1)
    assert rows.anomaly == "every label but `Benign`"
    one = read_labeled_rows(path, anomaly="Bot", normal="Benign")
    np.testing.assert_array_equal(one.labels, (LABELS == 1)[kinds != "DoS slow"])
    np.testing.assert_array_equal(one.values, rows.values[kinds != "DoS slow"])
    assert one.notices[-1] == "3 rows with other labels (`DoS slow`) are left out."


def test_labels_of_numbers_may_be_any_two(tmp_path):
    path = written(TABLE.assign(label=np.where(LABELS, -1.0, 1.0)), tmp_path)
    with pytest.raises(InputError, match=r"column `label` has the labels `1` \(55 rows\), `-1`"):
        read_labeled_rows(path)
    np.testing.assert_array_equal(read_labeled_rows(path, anomaly="-1").labels, LABELS == 1)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"attack_cat": np.where(LABELS, "bot", "no_attack")}, "named like a label; rename it"),
        ({"is_anomaly": 1 - LABELS}, "named like a label; rename it if it is a measurement"),
        ({"kind": np.where(LABELS, "x", "z")}, "it tells the label of every row"),
        ({"code": np.where(LABELS, 7, np.arange(COUNT) % 3)}, "it tells the label of every row"),
        ({"": np.arange(COUNT)}, "row numbers, by which files are often ordered"),
        ({"n": np.arange(COUNT) + 100.0}, "row numbers, by which files are often ordered"),
        ({"when": pd.date_range("2020-01-01", periods=COUNT).astype(str)}, "a time, which is no m"),
        ({"host": [f"10.0.{n // 9}.{n}" for n in range(COUNT)]}, "more than 40 different words"),
        ({"nothing": [np.nan] * COUNT}, "no cell of it is filled"),
    ],
)
def test_what_is_no_measurement_is_left_out_and_said(tmp_path, monkeypatch, columns, said):
    monkeypatch.setattr("dcvae.data.labeled_rows.tables.MOST_WORDS", 40)
    table = pd.concat([pd.DataFrame(columns), TABLE], axis=1)
    rows = read_labeled_rows(written(table, tmp_path), label="label")
    assert rows.columns == HOT
    left_out = [notice for notice in rows.notices if notice.startswith("Left out: `")]
    assert len(left_out) == 1
    assert said in left_out[0]


def test_columns_that_only_resemble_labels_are_kept(tmp_path):
    mostly = np.where(LABELS == 1, 1, (np.arange(COUNT) == 3).astype(int))
    table = TABLE.assign(alike=mostly, part=(np.arange(COUNT) == 7).astype(int))
    rows = read_labeled_rows(written(table, tmp_path), label="label")
    assert rows.columns == (*HOT, "alike", "part")


def test_few_rows_do_not_make_a_column_a_label(tmp_path):
    path = tmp_path / "few.csv"
    path.write_text("a,b,label\n0,2,0\n0,3,0\n1,5,1\n0,2,0\n")
    assert read_labeled_rows(path).columns == ("a", "b")


def test_an_empty_cell_among_words_is_a_word_of_its_own(tmp_path):
    table = TABLE.assign(proto=np.where(np.arange(COUNT) % 3 == 0, "-", TABLE["proto"]))
    rows = read_labeled_rows(written(table, tmp_path))
    assert rows.columns[1:4] == ("proto=(none)", "proto=icmp", "proto=udp")
    assert rows.values[:, 1].tolist() == (np.arange(COUNT) % 3 == 0).tolist()


def test_one_column_beside_the_labels_is_enough(tmp_path):
    rows = read_labeled_rows(written(TABLE[["flow", "label"]], tmp_path))
    assert rows.values.shape == (COUNT, 1)
    rows = read_labeled_rows(written(TABLE[["proto", "label"]], tmp_path))
    assert rows.values.shape == (COUNT, 3)


def with_cell(value, column="flow", row=4):
    table = TABLE.astype({column: object}) if isinstance(value, str) else TABLE.copy()
    table.loc[row, column] = value
    return table


HEAD = "a,b,label\n"
REFUSED = {
    "an empty cell": (
        with_cell(np.nan),
        r"rows\.csv: row 5 \(line 6\), column `flow` is empty; expected a number in every cell; "
        r"fill it, for example with the median, or remove the row",
    ),
    "infinity": (with_cell(np.inf), r"row 5 \(line 6\), column `flow` holds `inf`; expected a num"),
    "a word": (with_cell("abc"), r"row 5 \(line 6\), column `flow` holds `abc`; expected a number"),
    "no label": (
        with_cell(np.nan, "label"),
        r"column `label` has no label in row 5 \(line 6\); expected one for each row",
    ),
    "one class": (TABLE.assign(label=0), r"column `label`: all 60 rows have one class: they are n"),
    "no labels": (
        TABLE[["flow", "still"]],
        r"expected a column of labels, but of its 2 columns none is named like labels\. Name it, "
        r"as in `--label still`; a file without a header needs one first",
    ),
    "several": (
        TABLE.rename(columns={"label": "is_outlier", "on": "attack"}),
        r"of its 5 columns `attack`, `is_outlier` may be\. Name it, as in `--label attack`",
    ),
    "labels alone": (TABLE[["label"]], r"rows\.csv has no column beside the labels, `label`"),
    "no measurement": (
        TABLE.assign(row=np.arange(COUNT))[["row", "label"]],
        r"has no column to judge rows by: .*Left out: `row` \(row numbers, .*Expected at least one",
    ),
    "one row": (HEAD + "1,2,0\n", r"rows\.csv has 1 row; expected at least two"),
    "a header alone": (HEAD, r"rows\.csv: it has a header but no rows"),
    "a row cut off": (HEAD + "1,2,0\n3,4,1\n5,", r"row 3 \(line 4\) has 2; every row must have as"),
    "a name twice": ("a,a,label\n1,2,0\n3,4,1\n", r"column name `a` is repeated\. Give every col"),
    "no text": (b"a,b\x00,label\n1,2,0\n", r"this is not a text file \(an Excel workbook"),
}


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(("table", "message"), REFUSED.values(), ids=REFUSED)
def test_other_tables_are_refused_with_the_place(tmp_path, table, message):
    path = tmp_path / "rows.csv"
    if isinstance(table, pd.DataFrame):
        table.to_csv(path, index=False)
    else:
        path.write_bytes(table if isinstance(table, bytes) else table.encode())
    with pytest.raises(InputError, match=message) as caught:
        read_labeled_rows(path)
    assert str(caught.value).startswith(str(path))


def test_a_column_of_labels_that_is_not_there_is_named_with_those_that_are(tmp_path):
    said = r"has no column `lable` of labels; its columns are `flow`, .*`label`\. Did you mean `lab"
    with pytest.raises(InputError, match=said):
        read_labeled_rows(written(TABLE, tmp_path), label="lable")


def test_a_compressed_file_cut_off_is_refused(tmp_path):
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(gzip.compress(TABLE.to_csv(index=False).encode())[:-20])
    with pytest.raises(InputError, match=r"compressed, and damaged or cut off"):
        read_labeled_rows(path)


@pytest.mark.skipif(not ROWS.is_dir(), reason="the data sets are not here")
def test_card_fraud_is_read_whole():
    path = ROWS / "creditcard_subset.csv.gz"
    rows = read_labeled_rows(path)
    table = pd.read_csv(path)
    np.testing.assert_array_equal(rows.labels, table.pop("Class") == 1)
    assert rows.columns == tuple(table)
    np.testing.assert_array_equal(rows.values, table)
