"""Time zones: local times as UTC, the words that name a zone, and where local days end."""

import zoneinfo
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from dcvae._arrays import BoolArray, IntArray
from dcvae._text import SHOWN, all_quoted, shortened
from dcvae.data.files.messages import RowPlaces, refuse, row_numbers
from dcvae.data.times.layouts import DAY, SECOND

# What a word may stand for. One that names several clocks is never guessed, nor one that names the
# clock of many places, as they may change it on different days.
_ZONES_OF_WORDS = {
    "ACDT": "Australia/Adelaide",
    "ACST": "Australia/Adelaide, Australia/Darwin",
    "ADT": "America/Halifax",
    "AEDT": "Australia/Sydney",
    "AEST": "Australia/Sydney, Australia/Brisbane",
    "AKDT": "America/Anchorage",
    "AKST": "America/Anchorage",
    "AST": "America/Halifax, America/Puerto_Rico, Asia/Riyadh",
    "AWST": "Australia/Perth",
    "BST": "Europe/London, Asia/Dhaka",
    "CAT": "Africa/Maputo",
    "CDT": "America/Chicago, America/Havana",
    "CEST": "Europe/Berlin, Europe/Madrid, Europe/Paris",
    "CET": "Europe/Berlin, Europe/Madrid, Europe/Paris",
    "CST": "America/Chicago, Asia/Shanghai, America/Havana",
    "EAT": "Africa/Nairobi",
    "EDT": "America/New_York, Australia/Sydney",
    "EEST": "Europe/Athens, Europe/Helsinki",
    "EET": "Europe/Athens, Europe/Helsinki, Africa/Cairo",
    "EST": "America/New_York, America/Panama, Australia/Sydney",
    "HKT": "Asia/Hong_Kong",
    "HST": "Pacific/Honolulu",
    "IDT": "Asia/Jerusalem",
    "IST": "Asia/Kolkata, Europe/Dublin, Asia/Jerusalem",
    "JST": "Asia/Tokyo",
    "KST": "Asia/Seoul",
    "MDT": "America/Denver",
    "MSK": "Europe/Moscow",
    "MST": "America/Denver, America/Phoenix, Asia/Kuala_Lumpur",
    "NZDT": "Pacific/Auckland",
    "NZST": "Pacific/Auckland",
    "PDT": "America/Los_Angeles",
    "PKT": "Asia/Karachi",
    "PST": "America/Los_Angeles, Asia/Manila",
    "SAST": "Africa/Johannesburg",
    "SGT": "Asia/Singapore",
    "SST": "Pacific/Pago_Pago, Asia/Singapore",
    "WAT": "Africa/Lagos",
    "WEST": "Europe/Lisbon",
    "WET": "Europe/Lisbon",
    "WIB": "Asia/Jakarta",
}


def local_to_utc(times: pd.Series, time_zone: str, file: RowPlaces) -> pd.Series:
    """Convert local times to naive times in UTC, the hour that autumn repeats by the rows' order.

    Times that a clock change skips are refused, and so are those of the repeated hour if the order
    of the rows does not tell which of the two hours they are of.

    Args:
        times: (rows,) naive local times.
        time_zone: IANA name of their zone.
        file: the file that they are from.

    Returns:
        (rows,) naive times in UTC.

    Raises:
        InputError: a time does not exist in the zone, or may be either of two.
    """
    _refuse_skipped(times, time_zone, file)
    try:
        local = times.dt.tz_localize(time_zone, ambiguous="infer")
    except ValueError:  # pandas names one time, but no row
        unclear = row_numbers(times.dt.tz_localize(time_zone, ambiguous="NaT").isna())
        refuse(
            file.path,
            f"the clocks of {time_zone} were set back in an hour that this file has not twice in "
            f"full, so that {len(unclear):,} of its times may mean either hour: "
            f"{_examples(times, unclear, file)}; write the times in UTC or with their offset, or "
            "leave out the rows of that hour",
        )
    utc: pd.Series = local.dt.tz_convert("UTC").dt.tz_localize(None)
    return utc


def refuse_words(words: Sequence[str], name: str, file: RowPlaces) -> None:
    """Refuse words of time zones where no zone is given, with what each may stand for.

    Args:
        words: the words in upper case, such as `CST`.
        name: of the column.
        file: the file.
    """
    known = [word for word in words if word in _ZONES_OF_WORDS]
    if not known:
        refuse(
            file.path,
            f"the times in column `{name}` end in {all_quoted(words)}, which is no time zone that "
            "is known; write them with their UTC offset, such as `2021-01-31 13:05:00+01:00`",
        )
    meanings = [f"`{word}` may be {_ZONES_OF_WORDS[word].replace(', ', ' or ')}" for word in known]
    zone = _ZONES_OF_WORDS[known[0]].split(",")[0]
    refuse(
        file.path,
        f"the times in column `{name}` name a time zone by a word that is not clear: "
        f"{shortened(meanings)}; name the zone in `time_zone`, such as "
        f'"{zone}", or write the UTC offset in its place',
    )


def words_to_utc(
    times: pd.Series, words: Sequence[str], numbers: IntArray, time_zone: str, file: RowPlaces
) -> pd.Series:
    """Convert local times that name their clock to UTC; the words settle the hour that is repeated.

    Args:
        times: (rows,) naive local times.
        words: the words in upper case, such as `CET` and `CEST`.
        numbers: (rows,) int64, which of the words each row has.
        time_zone: IANA name of the zone whose clocks the words are of.
        file: the file that they are from.

    Returns:
        (rows,) naive times in UTC.

    Raises:
        InputError: the clocks of the zone did not have that name then, or skipped that time.
    """
    _refuse_skipped(times, time_zone, file)
    named = np.array(words)[numbers]
    instants: list[IntArray] = []
    fitting: list[BoolArray] = []
    for summer in (True, False):
        clock = np.full(len(times), summer)
        utc = times.dt.tz_localize(time_zone, ambiguous=clock).dt.tz_convert("UTC")
        instants.append(pd.DatetimeIndex(utc).as_unit("us").asi8)
        fitting.append(_names_of(instants[-1], times, time_zone) == named)
    wrong = row_numbers(~(fitting[0] | fitting[1]))
    if wrong:
        shown = zip(file.places(wrong[:SHOWN]), times.iloc[wrong], named[wrong], strict=False)
        cells = [f"{place} holds {time} {word}" for place, time, word in shown]
        refuse(
            file.path,
            f"the clocks of {time_zone} (`time_zone`) are not called so then: "
            f"{shortened(cells, SHOWN, len(wrong))}; name the zone that these words are of",
        )
    chosen = np.where(fitting[0], instants[0], instants[1])
    return pd.Series(chosen.astype("datetime64[us]"), times.index)


def midnights(first: int, last: int, days: int, time_zone: str) -> IntArray:
    """Return where steps of whole local days end.

    A day whose midnight is skipped starts when the clocks are put forward.

    Args:
        first: earliest time that the steps must hold, in microseconds since 1970 in UTC.
        last: latest time that they must hold.
        days: days of a step; steps are counted from 1 January 1970.
        time_zone: IANA name of the zone.

    Returns:
        (steps,) int64 microseconds since 1970 in UTC, strictly increasing, the first of them
        before `first` and the last one not before `last`.
    """
    length = days * DAY
    # An offset is at most 14 hours, so one step more on both sides is enough.
    numbers = np.arange((first - DAY) // length - 1, (last + DAY) // length + 2)
    local = pd.DatetimeIndex((numbers * length).astype("datetime64[us]"))
    summer = np.ones(len(local), dtype=bool)  # of a midnight that comes twice, the first
    ends = local.tz_localize(time_zone, ambiguous=summer, nonexistent="NaT")
    instants = ends.tz_convert("UTC").as_unit("us").asi8.copy()
    zone = zoneinfo.ZoneInfo(time_zone)
    for row in row_numbers(ends.isna()):  # one a year at most; by the offset from before
        instants[row] = round(local[row].to_pydatetime().replace(tzinfo=zone).timestamp()) * SECOND
    # A zone that moved over the date line left out a day: two of its midnights are one.
    return np.unique(instants)


def _refuse_skipped(times: pd.Series, time_zone: str, file: RowPlaces) -> None:
    """Refuse times that no clock of the zone has shown."""
    summer = np.ones(len(times), dtype=bool)
    skipped = row_numbers(times.dt.tz_localize(time_zone, summer, nonexistent="NaT").isna())
    if skipped:
        refuse(
            file.path,
            f"the clocks of {time_zone} were put forward over {len(skipped):,} of its times: "
            f"{_examples(times, skipped, file)}; is `time_zone` the zone of this file? It may have "
            "been recorded in another one, or in UTC",
        )


def _names_of(instants: IntArray, times: pd.Series, time_zone: str) -> np.ndarray:
    """Return (rows,) str, what the clocks of a zone are called: CET, CEST."""
    zone = zoneinfo.ZoneInfo(time_zone)
    offsets = pd.DatetimeIndex(times).as_unit("us").asi8 - instants
    # A clock keeps its name as long as its offset, within a year.
    groups, _ = pd.factorize(offsets * 10_000 + times.dt.year.to_numpy())
    _, first = np.unique(groups, return_index=True)
    names = [
        datetime.fromtimestamp(int(instants[row]) / SECOND, UTC).astimezone(zone).tzname()
        for row in first
    ]
    return np.array(names, dtype=str)[groups]


def _examples(times: pd.Series, rows: list[int], file: RowPlaces) -> str:
    """Name the places of some times."""
    shown = zip(file.places(rows[:SHOWN]), times.iloc[rows[:SHOWN]], strict=True)
    return shortened([f"{place} holds {time}" for place, time in shown], SHOWN, len(rows))
