"""CSV of titles and units: what it may look like, and what is wrong with it, by line."""

from pathlib import Path

import pytest

from dcvae.config.metadata import read_metadata


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "names.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "series,title,unit\na,Tank,°C\nb,,V\n",
        "\ufeffseries,title,unit\r\na,Tank,°C\r\n\r\nb,,V\r\n",
        "Unit;Series;room;Title\n°C;a;2;Tank\nV;b;3;\n",
        'series\ttitle\tunit\n"a"\tTank\t"°C"\n b\t\tV \n',
        "series,title,unit\na,Tank,°C\n,,\nb,,V",
    ],
)
def test_a_file_of_any_form(tmp_path, text):
    assert read_metadata(written(tmp_path, text)) == (
        {"titles": {"a": "Tank"}, "units": {"a": "°C", "b": "V"}},
        [],
    )


def test_one_of_the_two_columns_will_do(tmp_path):
    found, problems = read_metadata(written(tmp_path, 'series,title\na,"Tank, left"\n'))
    assert found == {"titles": {"a": "Tank, left"}, "units": {}}
    assert not problems


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: expected the columns `series` and `title` or `unit`, received nothing"),
        ("a,b\n", "line 1: expected the columns `series` and `title` or `unit`, received `a`, `b`"),
        ("series\na\n", "line 1: expected the columns `series` and `title` or `unit`, received `s"),
        ("series,titel,unit\n", "line 1: unknown column `titel`; did you mean `title`?"),
        ("serie,title\n", "line 1: unknown column `serie`; did you mean `series`?"),
        ("series,unit,Unit\n", "line 1: expected every column once, received `unit` more than"),
        ("series,unit\na,V\nb\n", "line 3: expected 2 cells, received 1"),
        ("series,unit\na,V\n\nb,V,x\n", "line 4: expected 2 cells, received 3"),
        ("series,unit\n,V\n", "line 2: expected the name of a series, received nothing"),
        ("series,unit\na,V\na,V\n", "line 3: `a` is in line 2 already"),
        ("series,unit\na," + "V" * 41, "line 2: expected at most 40 characters for `a`, received"),
        ('series,unit\na,"k\nB"\n', "line 3: expected one line of printable text for `a`, rec"),
        ('series,unit\na,"kB\n', "line 2: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_told_by_line(tmp_path, text, problem):
    path = written(tmp_path, text)
    found, [told] = read_metadata(path)
    assert not found
    assert told.startswith(f"{path}, {problem}")


def test_many_problems_are_counted(tmp_path):
    path = written(tmp_path, "series,unit\n" + "a\n" * 8)
    _, told = read_metadata(path)
    assert told[:5] == [
        f"{path}, line {line}: expected 2 cells, received 1" for line in range(2, 7)
    ]
    assert told[5:] == [f"{path}: 3 more lines like these"]


def test_files_that_are_no_text(tmp_path):
    path = written(tmp_path, b"series,unit\na,\xb0C\n")
    assert read_metadata(path)[1] == [f"{path} is not UTF-8 text, line 2; save it as UTF-8"]
    path = written(tmp_path, b" " * (16 * 1024 * 1024 + 1))
    assert read_metadata(path)[1] == [f"{path} is larger than 16,777,216 bytes"]
    assert read_metadata(tmp_path)[1] == [f"{tmp_path} is a folder; expected a CSV"]
