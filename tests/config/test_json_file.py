"""The text of a settings file: mistakes in JSON by line, column and caret, files that are none."""

import json
import re
from pathlib import Path

import pytest

from dcvae import InputError
from dcvae.config import read_settings
from dcvae.config.json_file import parse_object, read_text, show
from support.settings_files import refusal


class TestJson:
    def test_refuses_a_key_given_twice_even_with_one_value(self):
        message = refusal('{"model_name": "a", "T": 8, "T": 8, "T": 8}')
        assert "`T`: expected once, received 3 times; keep one of them" in message

    def test_shows_the_place_of_a_mistake(self):
        message = refusal('{\n\t"model_name": "a",\n\t"T": 8 9\n}')
        assert message.split("\n") == [
            "settings/x.txt is not valid JSON: line 3, column 9: Expecting ',' delimiter",
            '     "T": 8 9',
            "            ^",
        ]

    def test_caret_stays_right_in_a_long_line(self):
        text = '{"dataset_name": "' + "a" * 300 + '" !' + " " * 300 + "}"
        _, line, caret = refusal(text).split("\n")
        assert line[caret.index("^")] == "!"
        assert len(line) < 150

    @pytest.mark.parametrize(
        ("text", "hint"),
        [
            ('{"T": 8,}', "Delete the comma before the closing bracket"),
            ('{"T": 8,\n}', "Delete the comma before the closing bracket"),
            ('{"dil_rate": [1, 2, ]}', "Delete the comma before the closing bracket"),
            ("{'T': 8}", "only straight double quotes"),
            ('{"model_name": “a”}', "only straight double quotes"),
            ('{"T": 8 # rows\n}', "JSON has no comments"),
            ('{// rows\n"T": 8}', "JSON has no comments"),
            ('{/* rows */ "T": 8}', "JSON has no comments"),
            ('{"scale": True}', "JSON writes true, not True"),
            ('{"scale": False}', "JSON writes false, not False"),
            ('{"M": None}', "JSON writes null, not None"),
            ('{"T": 8\n"J": 4}', "A comma may be missing before this place"),
            ("time,TS1\n2021-01-01,3", "one JSON object and starts with {"),
        ],
    )
    def test_hints(self, text, hint):
        assert hint in refusal(text)

    @pytest.mark.parametrize("text", ['{"T" 8}', '{"T": 8', '{"T": "8}'])
    def test_gives_no_hint_where_none_is_sure(self, text):
        assert refusal(text).count("\n") == 2

    @pytest.mark.parametrize(("text", "shown"), [("[1]", "[1]"), ('"a"', '"a"'), ("null", "null")])
    def test_refuses_another_top_level(self, text, shown):
        message = refusal(text)
        assert message.startswith("settings/x.txt must hold a JSON object")
        assert message.endswith(f"received {shown}")

    @pytest.mark.parametrize("text", ["", " \n\t"])
    def test_refuses_an_empty_file(self, text):
        assert refusal(text).startswith("settings/x.txt is empty; expected a JSON object")

    @pytest.mark.parametrize("text", ["[" * 100_000, '{"T": ' + "1" * 5000 + "}"])
    def test_refuses_the_absurd(self, text):
        assert refusal(text).startswith("settings/x.txt is not JSON that can be read: ")

    @pytest.mark.parametrize("text", [r'{"model_name": "\ud800"}', r'{"\udfff": 1}'])
    def test_refuses_half_a_character(self, text):
        message = refusal(text)
        assert message.startswith("settings/x.txt is not JSON that can be read: ")
        message.encode("utf-8")


class TestReadSettings:
    def write(self, folder: Path, content: bytes) -> Path:
        path = folder / "x.txt"
        path.write_bytes(content)
        return path

    def test_accepts_a_byte_order_mark(self, tmp_path):
        path = self.write(tmp_path, b'\xef\xbb\xbf{"model_name": "a"}\r\n')
        assert read_settings(path).model_name == "a"

    def test_names_the_file(self, tmp_path):
        path = self.write(tmp_path, b"{}")
        with pytest.raises(InputError, match=re.escape(f"{path} is not a usable settings file")):
            read_settings(path)

    def test_refuses_a_missing_file(self, tmp_path):
        with pytest.raises(InputError, match=r"none\.txt does not exist; expected a settings file"):
            read_settings(tmp_path / "none.txt")

    @pytest.mark.parametrize("name", ["normal.csv", "labels.CSV", "a.csv.gz", "b.parquet"])
    def test_refuses_what_is_named_as_data_are(self, tmp_path, name):
        (tmp_path / name).write_text("time,a\n")
        message = rf"{name} has the name of a data file; expected .* as the last of the files$"
        with pytest.raises(InputError, match=message):
            read_settings(tmp_path / name)

    def test_refuses_a_folder(self, tmp_path):
        with pytest.raises(InputError, match="is a folder; expected a settings file"):
            read_settings(tmp_path)
        (tmp_path / "settings.txt").write_text("{}")
        with pytest.raises(InputError, match=r"in a \.txt \(is it .*settings\.txt\?\)$"):
            read_settings(tmp_path)

    def test_refuses_a_path_through_a_file(self, tmp_path):
        with pytest.raises(
            InputError, match=r"x\.txt does not exist|x\.txt has a file on its way where a"
        ):
            read_settings(self.write(tmp_path, b"{}") / "x.txt")

    def test_refuses_another_encoding(self, tmp_path):
        path = self.write(tmp_path, '{\n"dataset_name": "señal"}'.encode("latin-1"))
        with pytest.raises(InputError, match="not UTF-8 text: byte 0xf1 on line 2; save the file"):
            read_settings(path)


class TestTextOfAFile:
    def test_is_returned_as_it_is_but_for_the_byte_order_mark(self, tmp_path):
        path = tmp_path / "x.txt"
        path.write_bytes("\ufeff{\r\n señal".encode())
        assert read_text(path) == "{\r\n señal"

    def test_its_keys_keep_their_order_and_repeated_ones_are_told(self):
        values, repeated = parse_object('{"b": 1, "a": {"c": [2]}, "b": 3}', "x.txt")
        assert list(values.items()) == [("b", 3), ("a", {"c": [2]})]
        assert repeated == ["`b`: expected once, received 2 times; keep one of them"]
        assert parse_object("{}", "x.txt") == ({}, [])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        ((1, 1.0), "[1, 1.0]"),
        ("señal", '"señal"'),
        ("a" * 118, json.dumps("a" * 118)),  # 120 characters with its quotes
        ("a" * 119, '"' + "a" * 59 + " ... " + "a" * 59 + '"'),
    ],
)
def test_values_are_shown_as_a_file_would_write_them(value, shown):
    assert show(value) == shown
