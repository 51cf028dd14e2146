"""Source of results: another file of the same name never replaces them in silence."""

import hashlib
import json

import pytest

from dcvae import InputError
from dcvae.config import DataKeys
from dcvae.report.results_source import SOURCE_FILE, check_results, source_of


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "a" / "data.csv"
    path.parent.mkdir()
    path.write_text("one\n")
    return path


@pytest.fixture
def results(tmp_path, data):
    folder = tmp_path / "models" / "toy" / "results" / "data"
    folder.mkdir(parents=True)
    for name in ("metrics.json", "report.html"):
        (folder / name).write_text("{}")
    (folder / SOURCE_FILE).write_text(json.dumps(source_of(data, folder, DataKeys())))
    return folder


def check(folder, data, **keys):
    check_results(folder, data, folder.parents[1], DataKeys(**keys))


def test_record(data, results):
    assert json.loads((results / SOURCE_FILE).read_text()) == {
        "data_path": str(data),
        "path_from_here": "../../../../a/data.csv",
        "data_sha256": hashlib.sha256(b"one\n").hexdigest(),
        "time_column": [],
        "ignore": [],
        "missing_values": [],
        "by": [],
        "entity": None,
        "time_zone": None,
    }
    data.unlink()
    assert source_of(data, results, DataKeys())["data_sha256"] is None


def test_the_same_path_is_scored_again(data, results):
    data.write_text("two\n")
    check(results, data)


def test_the_same_content_may_lie_elsewhere(data, results, tmp_path):
    check(results, data.rename(tmp_path / "data.csv"))


def test_a_project_may_move(data, results, tmp_path):
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in ("a", "models"):
        (tmp_path / name).rename(moved / name)
    (moved / "a" / "data.csv").write_text("two\n")
    check(moved / results.relative_to(tmp_path), moved / "a" / "data.csv")


def test_another_file_of_that_name_is_refused(data, results, tmp_path):
    other = tmp_path / "b" / "data.csv"
    other.parent.mkdir()
    other.write_text("two\n")
    with pytest.raises(InputError) as refused:
        check(results, other)
    assert str(refused.value) == (
        f"{results} has the results of another file: of {data}; received {other}. Give --results a "
        f"folder of its own, such as {results.parent / 'b-data'}, or rename or delete the earlier "
        "one."
    )


WEB1 = {"by": "host", "entity": "web1"}


def test_results_of_another_entity_of_the_file_are_refused(data, results):
    (results / SOURCE_FILE).write_text(json.dumps(source_of(data, results, DataKeys(**WEB1))))
    check(results, data, **WEB1, ignore=["note"])  # of the same rows, if by other columns
    with pytest.raises(InputError) as refused:
        check(results, data, by="host", entity="web/2")
    assert str(refused.value) == (
        f'{results} has the results of another entity: of `entity` "web1" and `by` ["host"]; '
        f'received `entity` "web/2" and `by` ["host"]. Give --results a folder of its own, such as '
        f"{results.parent / 'data-web-2'}, or rename or delete the earlier one."
    )
    for keys in ({"by": "host"}, {"by": "metric", "entity": "web1"}, {}):
        with pytest.raises(InputError, match="results of another entity"):
            check(results, data, **keys)


def test_a_record_without_the_keys_is_of_the_entity_of_now(data, results):
    (results / SOURCE_FILE).write_text(json.dumps({"data_path": str(data)}))
    check(results, data, **WEB1)


@pytest.mark.parametrize("record", ["", "{", "[]", "[" * 100_000])
def test_a_record_that_is_none_tells_nothing(data, results, record):
    (results / SOURCE_FILE).write_text(record)
    data.write_text("two\n")
    check(results, data)
