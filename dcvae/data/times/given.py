"""Time that is given by itself, as on a command line, read as those of a file are."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dcvae.data.times.layouts import NOT_A_TIME
from dcvae.data.times.parsing import parse
from dcvae.data.times.reading import read_times
from dcvae.data.times.shapes import LONGEST_TEXT
from dcvae.errors import InputError


class _OneCell:
    """The place of a time that is given by itself, for messages."""

    def __init__(self, source: str) -> None:
        self.path = Path(source)
        self.names = [source]

    def places(self, rows: Sequence[int]) -> list[str]:
        return [self.names[0] for _ in rows]

    def texts(self, rows: Sequence[int]) -> list[list[str]]:
        return [[] for _ in rows]


def read_time(text: str, source: str, time_zone: str | None) -> pd.Timestamp:
    """Read one time that is given by itself, in any form that the times of a file may have.

    Args:
        text: the time.
        source: where it is from, for messages.
        time_zone: see `read_times`; that of the files which it is held against.

    Returns:
        A naive time, in UTC where those of a file would be.

    Raises:
        InputError: it is no time, or it is unclear which.

    Examples:
        >>> from dcvae.data import read_time
        >>> str(read_time("2024-01-02 10:00", "--since", "Europe/Paris"))
        '2024-01-02 09:00:00'
    """
    try:
        times, _ = read_times(pd.Series([text]), _OneCell(source), time_zone)
    except InputError:
        raise InputError(
            f"{source}: expected a time such as `2021-01-31 13:05`, or with its UTC offset, "
            f"`2021-01-31 13:05+01:00`; received `{text[:LONGEST_TEXT]}`, which {_unclear(text)}."
        ) from None
    time: pd.Timestamp = times[0]
    return time


def _unclear(text: str) -> str:
    """Say why one text is not read as a time."""
    readings = parse(pd.Series([text.strip()], dtype="str")).readings.values()
    numbers = {int(times[0]) for times in readings if times[0] != NOT_A_TIME}
    found = [pd.Timestamp(number, unit="us") for number in sorted(numbers)]
    if not found:
        return "is no time"
    if len(found) > 1:
        return f"may be {' or '.join(map(str, found))}"
    return "clocks of its zone showed twice or never, or its zone is not clear"
