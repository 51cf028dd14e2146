"""KDD Cup 99 and NSL-KDD as published: recognized by their cells, every column kept."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data import read_labeled_rows
from dcvae.data.labeled_rows import kdd

ROWS = Path(__file__).parents[4] / "shared" / "data" / "rows"
ATTACK = "0,icmp,ecr_i,SF,1032,0" + ",0" * 16 + ",511,511" + ",0.00" * 7 + ",255,255" + ",1.00" * 8
HTTP = "0,tcp,http,SF,181,5450" + ",0" * 5 + ",1" + ",0" * 10 + ",8,8" + ",0.00" * 7 + ",9,9"
HTTP += ",1.00" * 8
UDP = HTTP.replace("tcp,http", "udp,domain_u")
CUP = [f"{HTTP},normal.", f"{ATTACK},smurf.", f"{ATTACK},neptune.", f"{UDP},smurf."]
NSL = [f"{HTTP},normal,21", f"{ATTACK},neptune,20", f"{UDP},normal,15"]
HEADER = ",".join([*(name.replace("_", " ") for name in kdd.FEATURES), "class"])


@pytest.fixture(params=["arrow", "pandas"])
def _parser(request, monkeypatch):
    if request.param == "arrow":
        pytest.importorskip("pyarrow")
    else:
        monkeypatch.setattr(kdd, "has_arrow", lambda: False)


def written(tmp_path, lines, name="data.txt"):
    path = tmp_path / name
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def test_the_rows_here_have_as_many_features_as_the_published():
    assert len(kdd.FEATURES) == len(set(kdd.FEATURES)) == 41
    assert {line.count(",") for line in (ATTACK, HTTP, UDP)} == {40}


@pytest.mark.usefixtures("_parser")
def test_normal_traffic_is_the_anomaly_of_kdd_cup_99(tmp_path):
    rows = read_labeled_rows(written(tmp_path, CUP, "kddcup.data.gz"))
    assert rows.labels.tolist() == [True, False, False, False]
    assert rows.anomaly.startswith("normal traffic (label `normal.`), as attacks are the majority")
    assert rows.notices == ["It is read as KDD Cup 99, by its cells and labels."]


@pytest.mark.usefixtures("_parser")
def test_attacks_are_the_anomalies_of_nsl_kdd_and_the_difficulty_is_no_feature(tmp_path):
    rows = read_labeled_rows(written(tmp_path, NSL))
    assert rows.labels.tolist() == [False, True, False]
    assert rows.anomaly == "attacks, every label but `normal`"
    assert any("difficulty, is left out: it was made from the labels" in n for n in rows.notices)
    assert not [name for name in rows.columns if "difficulty" in name or "label" in name]


@pytest.mark.usefixtures("_parser")
def test_words_are_one_hot_in_place_and_constant_columns_stay(tmp_path):
    rows = read_labeled_rows(written(tmp_path, CUP))
    words = ["protocol_type=icmp", "protocol_type=tcp", "protocol_type=udp"]
    words += ["service=domain_u", "service=ecr_i", "service=http", "flag=SF"]
    assert rows.columns == ("duration", *words, *kdd.FEATURES[4:])
    first = [0, 0, 1, 0, 0, 0, 1, 1, 181, 5450, *[0] * 5, 1, *[0] * 10, 8, 8, *[0] * 7, 9, 9]
    assert rows.values[0].tolist() == [*first, *[1] * 8]
    assert rows.values[3, 1:7].tolist() == [0, 0, 1, 1, 0, 0]


def test_the_convention_gives_way_to_what_is_asked_for(tmp_path):
    path = written(tmp_path, CUP)
    turned = read_labeled_rows(path, normal="normal")
    assert turned.labels.tolist() == [False, True, True, True]
    assert turned.anomaly == "every label but `normal.`"
    one = read_labeled_rows(path, normal="normal.", anomaly="neptune.")
    assert one.labels.tolist() == [False, True]
    assert one.notices[-1] == "2 rows with other labels (`smurf.`) are left out."


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    "before",
    [
        [HEADER + ",difficulty"],
        ["@relation 'KDDTrain'", "@attribute 'duration' real", "@data"],
        ["% a comment", "@RELATION x", "@DATA"],
    ],
)
def test_lines_before_the_rows_are_left_out(tmp_path, before):
    plain = read_labeled_rows(written(tmp_path, NSL, "plain"))
    headed = read_labeled_rows(written(tmp_path, [*before, *NSL], "headed"))
    np.testing.assert_array_equal(headed.values, plain.values)
    np.testing.assert_array_equal(headed.labels, plain.labels)
    assert any(notice.startswith("Lines before its rows are left out") for notice in headed.notices)


def test_a_mark_of_the_encoding_and_windows_line_ends_change_nothing(tmp_path):
    plain = read_labeled_rows(written(tmp_path, NSL, "plain"))
    path = tmp_path / "marked"
    path.write_bytes(b"\xef\xbb\xbf" + "\r\n".join(NSL).encode())
    marked = read_labeled_rows(path)
    np.testing.assert_array_equal(marked.values, plain.values)
    np.testing.assert_array_equal(marked.labels, plain.labels)
    assert marked.columns == plain.columns


def test_nsl_kdd_as_arff_has_two_labels(tmp_path):
    lines = ["@relation x", "@data", f"{HTTP},normal", f"{ATTACK},anomaly"]
    rows = read_labeled_rows(written(tmp_path, lines))
    assert rows.labels.tolist() == [False, True]


@pytest.mark.usefixtures("_parser")
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (
            [*CUP, HTTP],
            r"row 5 \(line 5\) has 41 cells; expected 42 cells a row, numbers but for protocol_typ"
            r"e, service, flag and the label\. Was the file copied whole",
        ),
        ([*CUP, HTTP[:30]], r"row 5 \(line 5\) has 10 cells; expected 42"),
        ([*CUP, f"{CUP[0]},1,2"], r"row 5 \(line 5\) has 44 cells; expected 42"),
        (
            [*CUP, "", CUP[0].replace("181", "many")],
            r"row 5 \(line 6\) holds `many` as `src_bytes`; expected 42 cells",
        ),
        ([*CUP, CUP[0].replace("181", "")], r"row 5 \(line 5\) holds `` as `src_bytes`"),
        ([*CUP, CUP[0].replace("181", "inf")], r"row 5 \(line 5\) holds `inf` as `src_bytes`"),
        ([*CUP, f"{HTTP},"], r"row 5 \(line 5\) has no label \(``\)"),
        (
            [HTTP, ATTACK],
            r"holds connections of KDD Cup 99 without labels \(41 cells a row\)",
        ),
        (CUP[1:], r"the label has the labels `smurf\.` \(2 rows\), `neptune\.` \(1 row\); expecte"),
        ([CUP[0]] * 3, r"the label: all 3 rows have one class: they are an anomaly"),
    ],
)
def test_other_lines_are_refused_with_their_number(tmp_path, lines, message):
    path = written(tmp_path, lines)
    with pytest.raises(InputError, match=message) as caught:
        read_labeled_rows(path)
    assert str(caught.value).startswith(str(path))


def test_other_files_are_not_taken_for_it(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,kind,label\n1,tcp,0\n2,udp,1\n3,tcp,0\n")
    assert read_labeled_rows(path).columns == ("a", "kind=tcp", "kind=udp")


@pytest.mark.skipif(not ROWS.is_dir(), reason="the data sets are not here")
@pytest.mark.parametrize(
    ("name", "anomalies", "words"),
    [
        ("KDDTest+.txt.gz", 12_833, 3 + 64 + 11),
        ("KDDTrain+_20Percent.txt.gz", 11_743, 3 + 66 + 11),
        pytest.param("kddcup.corrected.gz", 60_593, 3 + 65 + 11, marks=pytest.mark.slow),
    ],
)
def test_the_published_files_are_read_whole(name, anomalies, words):
    path = ROWS / name
    rows = read_labeled_rows(path)
    table = pd.read_csv(path, header=None)
    assert rows.values.shape == (len(table), 38 + words)
    assert int(rows.labels.sum()) == anomalies
    numbers = [number for number, name in enumerate(rows.columns) if "=" not in name]
    expected = table.drop(columns=[1, 2, 3]).iloc[:, :38]
    np.testing.assert_array_equal(rows.values[:, numbers], expected)
    tcp = rows.values[:, rows.columns.index("protocol_type=tcp")]
    np.testing.assert_array_equal(tcp == 1, table[1] == "tcp")
