"""Folder names, steps and time zones: values that a type and a range do not describe."""

from datetime import timedelta

import pytest

from dcvae.config.values import duration_of, is_time_zone, problem_of_folder_name
from support.settings_files import problems, read


class TestModelName:
    @pytest.mark.parametrize(
        "name", ["a", "dc-vae", "TELCO 2021", "v1.2_b", "-x", "console", "a.previous.b", "x" * 100]
    )
    def test_accepts(self, name):
        assert read(model_name=name).model_name == name

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("", "empty"),
            ("x" * 101, "longer than 100 characters"),
            (".hidden", "a dot or a space at the start or the end"),
            ("..", "a dot or a space at the start or the end"),
            ("a.", "a dot or a space at the start or the end"),
            (" a", "a dot or a space at the start or the end"),
            ("a ", "a dot or a space at the start or the end"),
            ("a/b", "another character"),
            ("a\\b", "another character"),
            ("C:a", "another character"),
            ("a\n", "another character"),
            ("detección", "another character"),
            ("nul", "reserved by Windows"),
            ("CON", "reserved by Windows"),
            ("com1.txt", "reserved by Windows"),
            ("Aux .b", "reserved by Windows"),
            ("a.previous", "used by this project"),
            ("a.PARTIAL", "used by this project"),
            ("readme.md", "used by this project"),
        ],
    )
    def test_refuses(self, name, reason):
        (line,) = problems(model_name=name)
        assert line.startswith("`model_name`: expected a folder name of letters")
        assert line.endswith(f"({reason})")

    def test_a_good_name_has_no_problem(self):
        assert problem_of_folder_name("dc-vae 2.1_b") == ""


@pytest.mark.parametrize(
    ("resample", "seconds"),
    [("250ms", 0.25), ("30s", 30), ("5min", 300), ("2h", 7200), ("1d", 86_400)],
)
def test_step_of_resampling(resample, seconds):
    settings = read(resample=resample)
    assert settings.resample == resample  # kept as given
    assert settings.resample_step.total_seconds() == seconds
    assert read().resample_step is None


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("1ms", timedelta(milliseconds=1)),
        ("366d", timedelta(days=366)),
        ("8784h", timedelta(days=366)),
        ("367d", None),
        ("8785h", None),
        ("05min", None),
        ("5 min", None),
        ("5m", None),
        ("min", None),
        ("", None),
        ("99999999999d", None),
    ],
)
def test_a_step_is_a_whole_number_and_a_unit(step, expected):
    assert duration_of(step) == expected


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("UTC", True),
        ("Europe/Madrid", True),
        ("", False),
        ("Europe", False),
        ("Europe/Madird", False),
        ("../UTC", False),
        ("a\0b", False),
    ],
)
def test_a_time_zone_is_one_of_the_database(name, known):
    assert is_time_zone(name) is known
