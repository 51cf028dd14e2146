"""Parts of messages, shortened lists, quoted names, durations; and the words of a name."""

import json
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
