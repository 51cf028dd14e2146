"""The table of results: appended line by line, read back to the last digit, torn lines dropped."""

import pytest

from dcvae import InputError
from dcvae.contamination.results.table import COLUMNS, Cell, ResultsTable

LINE = {"detector": "lof", "rho": 0.02, "run": 1, "seed": 5, "rows": 10, "contaminated_rows": 2}
LINE |= {"auroc": 0.1 + 0.2, "aupr": 1 / 3, "seconds": 0.5, "device": "CPU, 2 cores"}


def test_lines_are_read_back_as_they_were(tmp_path):
    path = tmp_path / "results.csv"
    table = ResultsTable(path)
    table.append(LINE)
    table.append({**LINE, "run": 2, "notes": 'says "hm, no"', "aupr": float("nan")})
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)
    again = ResultsTable(path)
    assert again.done() == {Cell("lof", 0.02, 1), Cell("lof", 0.02, 2)}
    frame = again.frame()
    assert frame["auroc"].tolist() == [0.1 + 0.2] * 2
    assert frame["aupr"].iloc[0] == 1 / 3
    assert frame["aupr"].isna().tolist() == [False, True]
    assert frame["notes"].tolist() == ["", 'says "hm, no"']
    assert frame["contaminated_rows"].tolist() == [2, 2]
    assert frame.equals(table.frame())


def test_a_failure_is_not_done_and_the_last_line_counts(tmp_path):
    table = ResultsTable(tmp_path / "results.csv")
    table.append({"detector": "lof", "rho": 0.02, "run": 1, "failure": "no memory"})
    again = ResultsTable(tmp_path / "results.csv")
    assert again.done() == set()
    again.append(LINE)
    assert again.done() == {Cell("lof", 0.02, 1)}
    assert ResultsTable(tmp_path / "results.csv").frame()["failure"].tolist() == [""]


@pytest.mark.parametrize("torn", [b"lof,0.02,2,6", b'lof,0.02,2,6,"half a '])
def test_a_line_that_was_torn_is_dropped(tmp_path, torn):
    path = tmp_path / "results.csv"
    ResultsTable(path).append(LINE)
    whole = path.read_bytes()
    path.write_bytes(whole + torn)
    again = ResultsTable(path)
    assert again.done() == {Cell("lof", 0.02, 1)}
    assert path.read_bytes() == whole


@pytest.mark.parametrize("torn", [b"", b"detector,rho,ru"])
def test_a_file_without_a_whole_header_is_a_table_without_lines(tmp_path, torn):
    path = tmp_path / "results.csv"
    path.write_bytes(torn)
    ResultsTable(path).append(LINE)
    assert ResultsTable(path).done() == {Cell("lof", 0.02, 1)}


@pytest.mark.parametrize(
    "content",
    [
        "time,flow\n1,2\n",
        ",".join(COLUMNS) + "\n1,2\n",
        ",".join(COLUMNS)
        + "\n"
        + ",".join(["lof", "much", "1", *[""] * (len(COLUMNS) - 3)])
        + "\n",
        "\udcff\n",
        "time,flow\n1,2",
        "time,flow",
    ],
)
def test_another_table_is_refused_and_stays(tmp_path, content):
    path = tmp_path / "results.csv"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    before = path.read_bytes()
    with pytest.raises(InputError, match="is not the table of results of a study"):
        ResultsTable(path)
    assert path.read_bytes() == before
