"""Keys of titles and units: what they take, and the words that series are shown with."""

import json

import pytest

from dcvae import InputError
from dcvae.config import NameKeys, Settings, read_settings, series_names, unknown_names
from support.settings_files import problems, read

MAPPED = (
    '`units`: expected an object from names of series to units, such as {"TS4": "°C"}, received '
)


def test_texts_are_kept_without_spaces_around_them_and_empty_ones_are_none():
    settings = read(titles={"a": " Tank ", "b": ""}, units={"a": "m³/h"})
    assert settings.titles == {"a": "Tank"}
    assert settings.units == {"a": "m³/h"}
    assert read(titles=None, units={}) == read()


def test_settings_with_them_are_written_read_hashed_and_compared():
    given = read(titles={"a": "Tank"}, units={"a": "°C"})
    again = Settings.from_text(given.to_json(), "x")
    assert again == given
    assert hash(again) == hash(given)
    assert given != read(titles={"a": "Tank"}, units={"a": "K"})
    assert json.loads(given.to_json())["titles"] == {"a": "Tank"}


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (5, f"{MAPPED}5"),
        ("°C", f'{MAPPED}"°C"'),
        ([["a", "V"]], f'{MAPPED}[["a", "V"]]; did you mean `cnn_units`?'),
        ({"a": 5}, "`units`: expected text for `a`, received 5"),
        ({"a": None, "b": "V"}, "`units`: expected text for `a`, received null"),
        (
            {"a": "V" * 41},
            "`units`: expected at most 40 characters for `a`, received 41",
        ),
        (
            {"a": "k\nB"},
            '`units`: expected one line of printable text for `a`, received "k\\nB"',
        ),
        (
            dict.fromkeys("abcdef", 1),
            "`units`: expected text for `a`, received 1, expected text for `b`, received 1, "
            "expected text for `c`, received 1 and 3 more",
        ),
    ],
)
def test_refuses(value, line):
    assert problems(units=value) == [line]


def test_bounds():
    assert read(titles={"a": "x" * 200}, units={"a": "x" * 40})
    assert problems(titles={"a": "x" * 201})[0].endswith("for `a`, received 201")
    many = {str(number): "V" for number in range(100_001)}
    assert problems(units=many)[0].startswith("`units`: expected an object")
    long = {f"{number:05d}": "x" * 200 for number in range(10_000)}
    assert problems(titles=long) == [
        "`titles`: expected at most 2,000,000 characters of names and texts in all, received "
        "2,050,000"
    ]


def test_a_title_of_two_series_or_of_another_is_followed_by_the_name():
    keys = NameKeys(titles={"a": "Tank", "b": "Tank", "c": "d", "d": "Pump", "e": "e"})
    assert series_names(keys, ["a", "b", "c", "d", "e", "f"]).titles == (
        *("Tank (a)", "Tank (b)", "d (c)", "Pump", "e", "f"),
    )
    assert series_names(keys, ["a"]).titles == ("Tank",)


def test_an_axis_has_the_unit():
    names = series_names(NameKeys(titles={"a": "Tank"}, units={"a": "°C"}), ["a", "b"])
    assert [names.axis(0), names.axis(1)] == ["Tank [°C]", "b"]


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, []),
        ({"titles": {"TS4": "Tank"}}, []),
        (
            {"titles": {"flow": "Flow"}},
            ["Titles are given for `flow`, which is no series of a.csv."],
        ),
        (
            {"units": {"TS-4": "K"}},
            ["Units are given for `TS-4`, which is no series of a.csv; did you mean `TS4`?"],
        ),
        (
            {"units": {"TS-4": "K", "TS4": "K", "x": "K"}},
            ["Units are given for `TS-4`, `x`, which are no series of a.csv."],  # TS4 has its own
        ),
        (
            {"units": {"TS_5": "K", "x": "K"}},
            [
                "Units are given for `TS_5`, `x`, which are no series of a.csv; did you mean "
                "`TS5` by `TS_5`?"
            ],
        ),
        (
            {"titles": dict.fromkeys("vwxyz", "t"), "units": {"z": "u"}},
            [
                "Titles are given for `v`, `w`, `x` and 2 more, which are no series of a.csv.",
                "Units are given for `z`, which is no series of a.csv.",
            ],
        ),
    ],
)
def test_names_that_are_no_series_are_told(keys, told):
    assert unknown_names(NameKeys(**keys), ["TS4", "TS5"], "a.csv") == told


class TestMetadata:
    """The CSV is read with the settings, which then need it no more."""

    def test_is_read_into_titles_and_units(self, tmp_path):
        (tmp_path / "names.csv").write_text(
            "series,title,unit\na,Tank,°C\nb,,V\n", encoding="utf-8"
        )
        path = tmp_path / "pump.txt"
        path.write_text('{"model_name": "p", "metadata": "names.csv", "units": {"a": "K"}}')
        settings = read_settings(path)
        assert settings.titles == {"a": "Tank"}
        assert settings.units == {"a": "K", "b": "V"}  # what the settings say precedes
        assert settings.metadata is None
        (tmp_path / "names.csv").unlink()
        assert Settings.from_text(settings.to_json(), "elsewhere/settings.txt") == settings

    def test_is_beside_the_settings_or_where_a_whole_path_says(self, tmp_path):
        (tmp_path / "names.csv").write_text("series,unit\na,V\n")
        given = {"model_name": "p", "metadata": str(tmp_path / "names.csv")}
        assert Settings.from_values(given, "the keys").units == {"a": "V"}

    def test_what_is_wrong_with_it_is_told_with_all_the_rest(self, tmp_path):
        (tmp_path / "names.csv").write_text("series,unit\na,V\na,W\n")
        path = tmp_path / "pump.txt"
        path.write_text('{"model_name": "p", "metadata": "names.csv", "units": 5, "epochs": 0}')
        with pytest.raises(InputError) as refusal:
            read_settings(path)
        first, *lines = str(refusal.value).split("\n  ")
        assert first == f"{path} is not a usable settings file:"
        assert lines == [
            f"`metadata`: {tmp_path / 'names.csv'}, line 3: `a` is in line 2 already",
            "`epochs`: expected a whole number, at least 1, received 0",
            f"{MAPPED}5",
        ]

    @pytest.mark.parametrize(
        ("value", "line"),
        [
            (5, "`metadata`: expected null, or the path of a CSV with columns series, title, unit"),
            ("", '`metadata`: expected the path of a CSV, received ""'),
            ("a\0b", r'`metadata`: expected the path of a CSV, received "a\u0000b"'),
            ("none.csv", "`metadata`: settings/none.csv does not exist; expected a CSV there, or"),
            (".", "`metadata`: settings is a folder; expected a CSV"),
        ],
    )
    def test_refuses(self, value, line):
        [told] = problems(metadata=value)
        assert told.startswith(line)
