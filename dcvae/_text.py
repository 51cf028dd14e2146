"""Parts of messages, shortened lists, quoted names, durations; and the words of a name."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from unicodedata import combining, normalize

NAMED = 5  # items of a list that a notice names
SHOWN = 3  # items of a list that an error message shows


def shortened(items: Sequence[str], shown: int = NAMED, total: int | None = None) -> str:
    """List the first items and count the rest.

    Args:
        items: texts to list.
        shown: how many to list, at most.
        total: how many there are, if `items` does not hold all of them.

    Returns:
        The items, separated by commas, and the number of the others.

    Examples:
        >>> shortened(["a", "b", "c", "d"], shown=2)
        'a, b and 2 more'
    """
    rest = (len(items) if total is None else total) - min(shown, len(items))
    return ", ".join(items[:shown]) + (f" and {rest:,} more" if rest else "")


def quoted(names: Iterable[str]) -> list[str]:
    """Put each name between backticks, as in messages.

    Examples:
        >>> all_quoted(["flow", "level"])
        '`flow`, `level`'
    """
    return [f"`{name}`" for name in names]


def all_quoted(names: Iterable[str]) -> str:
    """List names between backticks, separated by commas."""
    return ", ".join(quoted(names))


def duration(seconds: float) -> str:
    """Write a duration with the units that fit its length.

    Args:
        seconds: at least 0.

    Returns:
        Seconds with one decimal, or minutes and seconds, or hours and minutes.

    Examples:
        >>> duration(7.26), duration(125), duration(3780)
        ('7.3 s', '2 min 05 s', '1 h 03 min')
    """
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def rough_duration(seconds: float) -> str:
    """Write a duration as one whole number of one unit.

    Args:
        seconds: at least 0.

    Examples:
        >>> rough_duration(6.8 * 86400), rough_duration(26 * 3600), rough_duration(90)
        ('7 days', '26 h', '90 s')
    """
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 120 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 48 * 3600:
        return f"{seconds / 3600:.0f} h"
    days = round(seconds / 86400)
    if days < 60:
        return f"{days} days"
    if days < 730:
        return f"{days / 7:.0f} weeks"
    return f"{days / 365.25:.0f} years"


def short_number(value: float, digits: int = 3) -> str:
    """Write a number with few digits, thousands, millions and so on as k, M, G, T.

    Args:
        value: the number.
        digits: significant digits.

    Examples:
        >>> [short_number(value) for value in (13_000, 37_210, 999.9, -0.98249, 0, 2.5e-7)]
        ['13 k', '37.2 k', '1 k', '-0.982', '0', '2.5e-07']
    """
    if not math.isfinite(value):
        return f"{value:g}"
    rounded = float(f"{value:.{digits - 1}e}")
    for scale, prefix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if scale <= abs(rounded) < 1e15:
            return f"{rounded / scale:.{digits}g} {prefix}"
    return f"{rounded:.{digits}g}" if rounded else "0"


def two_numbers(first: float, second: float) -> tuple[str, str]:
    """Write two numbers with as few digits as tell them apart, at least three.

    Examples:
        >>> two_numbers(13_012, 37_050), two_numbers(0.98249, 0.98244)
        (('13 k', '37 k'), ('0.9825', '0.9824'))
    """
    for digits in range(3, 17):
        both = short_number(first, digits), short_number(second, digits)
        if both[0] != both[1] or first == second:
            break
    return both


def as_value(names: Iterable[str]) -> str:
    """Write names as the list that a key of the settings takes.

    Examples:
        >>> as_value(["flow", "level"])
        '["flow", "level"]'
    """
    return json.dumps(list(names), ensure_ascii=False)


def words_of(name: str) -> list[str]:
    """Return the words of a name, in lower case and without accents.

    Examples:
        >>> words_of("isAnomaly_2"), words_of("Störung")
        (['is', 'anomaly'], ['storung'])
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    plain = "".join(c for c in normalize("NFKD", spaced) if not combining(c)).casefold()
    return re.findall(r"[^\W\d_]+", plain)
