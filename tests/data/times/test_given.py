"""One time on a command line: the forms of files, in their zone, and what is refused."""

import pandas as pd
import pytest

from dcvae.data import read_time
from dcvae.errors import InputError


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2024-01-02 10:00", None, "2024-01-02 10:00"),
        (" 2024-01-02 ", None, "2024-01-02 00:00"),
        ("02/01/2024 10:00", None, None),
        ("02.01.2024 10:00", None, "2024-01-02 10:00"),
        ("13/01/2024 10:00", None, "2024-01-13 10:00"),
        ("2024-01-02 10:00", "Europe/Paris", "2024-01-02 09:00"),
        ("2024-07-02 10:00", "Europe/Paris", "2024-07-02 08:00"),
        ("2024-01-02T10:00Z", "Europe/Paris", "2024-01-02 10:00"),
        ("2024-01-02T10:00+05:30", None, "2024-01-02 04:30"),
        ("1704189600", None, "2024-01-02 10:00"),
    ],
)
def test_a_time_in_the_forms_of_files(text: str, zone: str | None, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(InputError, match="which may be 2024-01-02 10:00:00 or 2024-02-01"):
            read_time(text, "--since", zone)
    else:
        time = read_time(text, "--since", zone)
        assert time == pd.Timestamp(expected)
        assert time.tz is None


@pytest.mark.parametrize("text", ["yesterday", "now", "", "10:00", "2024", "2024-13-45", "NaN"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(InputError) as error:
        read_time(text, "--since", None)
    assert str(error.value) == (
        "--since: expected a time such as `2021-01-31 13:05`, or with its UTC offset, "
        f"`2021-01-31 13:05+01:00`; received `{text}`, which is no time."
    )


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("2024-03-31 02:30", "Europe/Paris"),  # skipped
        ("2024-10-27 02:30", "Europe/Paris"),  # twice
        ("2024-01-02 10:00 CST", None),  # Chicago or Shanghai
    ],
)
def test_a_time_that_may_be_two_or_none_is_refused(text: str, zone: str | None) -> None:
    with pytest.raises(InputError, match="clocks of its zone showed twice or never, or its zone"):
        read_time(text, "--since", zone)
