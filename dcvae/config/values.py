"""Values of keys that no type and range describe: steps, time zones, folder names."""

import re
import zoneinfo
from datetime import timedelta

_STEP = re.compile(r"([1-9][0-9]{0,10})(ms|s|min|h|d)")
_STEP_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_LONGEST_STEP = timedelta(days=366)
_MOST_ROWS = 1_000_000_000  # of a duration: as many as of a key in rows

_NAME_PATTERN = re.compile(r"[A-Za-z0-9._ -]+")
_LONGEST_NAME = 100  # with the suffixes of temporary folders still below 255 bytes
_PROJECT_SUFFIXES = (".previous", ".partial")
_PROJECT_NAMES = ("readme.md",)
_WINDOWS_DEVICES = re.compile(r"con|prn|aux|nul|com[0-9]|lpt[0-9]")


def duration_of(step: str) -> timedelta | None:
    """Return the duration of a step such as "5min".

    Args:
        step: a whole number from 1 and a unit, one of ms, s, min, h and d.

    Returns:
        The duration; None for any other text and for more than 366 days.

    Examples:
        >>> duration_of("90s"), duration_of("1.5h")
        (datetime.timedelta(seconds=90), None)
    """
    parts = _STEP.fullmatch(step)
    if parts is None:
        return None
    count, unit = int(parts[1]), _STEP_UNITS[parts[2]]
    return count * unit if count <= _LONGEST_STEP / unit else None


def rows_of(span: int | str, step_seconds: float, fewest: int = 1) -> int:
    """Return the number of rows of a span.

    Args:
        span: rows, or a duration such as "30min".
        step_seconds: sampling step, in seconds.
        fewest: rows that a duration is at least.

    Examples:
        >>> rows_of(6, 300.0), rows_of("1h", 300.0), rows_of("1h", 86_400.0)
        (6, 12, 1)
    """
    if isinstance(span, int):
        return span
    duration = duration_of(span)
    if duration is None:
        raise ValueError(f"Expected rows or a duration. Received: {span!r}.")
    return max(round(min(duration.total_seconds() / step_seconds, _MOST_ROWS)), fewest)


def is_time_zone(name: str) -> bool:
    """Tell whether a name is in the IANA time zone database."""
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder
        return False
    return True


def problem_of_folder_name(name: str) -> str:
    """Return why a folder cannot have a name on Linux, macOS and Windows, or "" if it can.

    Examples:
        >>> problem_of_folder_name("pump"), problem_of_folder_name("con.txt")
        ('', ' (reserved by Windows)')
    """
    lowered = name.casefold()
    if not name:
        return " (empty)"
    if len(name) > _LONGEST_NAME:
        return f" (longer than {_LONGEST_NAME} characters)"
    if name[0] in ". " or name[-1] in ". ":
        return " (a dot or a space at the start or the end)"
    if not _NAME_PATTERN.fullmatch(name):
        return " (another character)"
    if _WINDOWS_DEVICES.fullmatch(lowered.split(".")[0].rstrip()):
        return " (reserved by Windows)"
    if lowered.endswith(_PROJECT_SUFFIXES) or lowered in _PROJECT_NAMES:
        return " (used by this project)"
    return ""
