"""Parts of messages: shortened lists, quoted names, quantities, durations; the words of a name."""

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


def quantity(value: float, unit: str = "", digits: int = 3, *, prefix_from: int = 4) -> str:
    """Write a value as people say it, with its unit.

    From 10,000 on, a prefix stands for thousands, unless the unit has one already or takes none.
    Digits before the point are kept where there is no prefix.

    Args:
        value: in the unit.
        unit: such as "kB/s" or "%"; "" for none.
        digits: significant digits, at least 1.
        prefix_from: the power of ten from which a prefix stands for thousands, at least 3.

    Returns:
        Number, prefix and unit; "nothing" for NaN.

    Examples:
        >>> quantity(13_042), quantity(1.3e6), quantity(42.0), quantity(0.012)
        ('13 k', '1.3 M', '42', '0.012')
        >>> quantity(37_200, "B/s"), quantity(37_200, "kB/s"), quantity(37_200, "requests/s")
        ('37.2 kB/s', '37,200 kB/s', '37.2 k requests/s')
        >>> quantity(-273.0, "°C"), quantity(0.012, "V"), quantity(float("nan"), "bar")
        ('-273 °C', '12 mV', 'nothing')
    """
    if math.isnan(value):
        return "nothing"
    if math.isinf(value):
        return f"{'-infinity' if value < 0 else 'infinity'} {unit}".rstrip()
    value = value + 0.0  # of two zeros, the one without a sign
    base = re.split(r"[/·* ]", unit, maxsplit=1)[0]
    exponent = _exponent(value, digits)
    if _exponent(value, max(digits, 4)) >= prefix_from and _takes_large(base):
        power = max(min(exponent // 3, len(_LARGE)), 1)
        if exponent < 3 * len(_LARGE) + 3:
            is_attached = not unit or base in (*_COUNTED, *_MEASURED)
            end = _LARGE[power - 1] + ("" if is_attached else " ") + unit
            return f"{_plain(value / 1000.0**power, digits)} {end}"
    if base in _DIVIDED and exponent < (0 if base == "s" else -1):
        power = -(exponent // 3)
        if power <= len(_SMALL):
            return f"{_plain(value * 1000.0**power, digits)} {_SMALL[power - 1]}{unit}"
    if not _SMALLEST <= exponent <= _LARGEST:
        mantissa, _, of_ten = f"{value:.{digits - 1}e}".partition("e")
        return f"{_without_zeros(mantissa)}e{int(of_ten)} {unit}".rstrip()
    return f"{_plain(value, digits)} {unit}".rstrip()


def quantities(values: Sequence[float], unit: str = "") -> list[str]:
    """Write values that are compared: with as many digits as tell different ones apart.

    Args:
        values: in the unit.
        unit: see `quantity`.

    Examples:
        >>> quantities([13_042, 37_168]), quantities([230.12, 230.31], "V")
        (['13 k', '37.2 k'], ['230.1 V', '230.3 V'])
        >>> quantities([15_912, 5258]), quantities([1199, 654])
        (['15.9 k', '5.26 k'], ['1,199', '654'])
    """
    different = len({value + 0.0 for value in values if not math.isnan(value)})
    # One of them with a prefix, and those of thousands have it too.
    has_prefix = any(_exponent(value, 4) >= 4 for value in values if math.isfinite(value))
    least = 3 if has_prefix else 4
    written: list[str] = []
    for digits in range(3, 18):  # with 17, no two numbers of float64 look the same
        written = [quantity(value, unit, digits, prefix_from=least) for value in values]
        if len({*written} - {"nothing"}) == different:
            break
    return written


_LARGE, _SMALL = "kMGTPE", "mµnp"
_SMALLEST, _LARGEST = -4, 14  # powers of ten within which a number without a prefix is spelled out
_COUNTED = ("B", "b", "bit", "bps", "Bps")  # nobody says millibytes
_MEASURED = (
    "W",
    "Wh",
    "V",
    "A",
    "Ah",
    "VA",
    "var",
    "Hz",
    "Pa",
    "J",
    "N",
    "g",
    "m",
    "F",
    "Ω",
    "eV",
    "Bq",
)
_DIVIDED = (*_MEASURED, "s")  # nor kiloseconds
_PREFIXED = re.compile(
    rf"([kKMGTPEdchmµμunp]|[KMGTPE]i)({'|'.join((*_COUNTED, *_DIVIDED, 'bar', 'l', 'L'))})"
)
_WITHOUT = (  # units that take no prefix for thousands
    *("1", "%", "‰", "ppm", "ppb", "°", "°C", "°F", "K", "bar", "psi", "atm", "mmHg", "rpm", "pH"),
    *("s", "sec", "seconds", "min", "minutes", "h", "hours", "d", "days", "weeks"),
    *("t", "l", "L", "m2", "m²", "m3", "m³", "ft", "in", "ha"),
)


def _takes_large(base: str) -> bool:
    return base not in _WITHOUT and _PREFIXED.fullmatch(base) is None


def _exponent(value: float, digits: int) -> int:
    """Return the power of ten of a number that is rounded to significant digits."""
    return int(f"{value:.{digits - 1}e}".partition("e")[2]) if value else 0


def _plain(number: float, digits: int) -> str:
    """Write the digits before the point, and of those after it the significant ones."""
    return _without_zeros(f"{number:,.{max(digits - 1 - _exponent(number, digits), 0)}f}")


def _without_zeros(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: float) -> str:
    """Write a duration in words: in its largest unit and the one below, to which it is rounded.

    From ten days or weeks on it is rounded to these. Weeks begin at 14 days, years at two, which
    have 365.25 days and a decimal.

    Examples:
        >>> duration(0.25), duration(7.26), duration(125), duration(8400)
        ('250 ms', '7.3 s', '2 min 5 s', '2 h 20 min')
        >>> duration(3 * 86_400), duration(1896 * 3600), duration(59.97)
        ('3 days', '11 weeks', '1 min')
    """
    if not math.isfinite(seconds):
        return "an unknown time"
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if round(seconds, 1) < 60:
        return quantity(seconds if seconds < 1 else round(seconds, 1), "s")
    for name, size, below, end in _SPANS:
        step = _SIZES[below]
        if name in ("day", "week") and seconds >= 10 * size - step / 2:
            step = size
        total = math.floor(seconds / step + 0.5) * step
        if max(total, seconds) < end:
            whole, rest = divmod(total, size)
            parts = [_counted(whole, name), *([_counted(rest // step, below)] if rest else [])]
            return " ".join(parts)
    years = round(seconds / _YEAR, 1)
    return f"{quantity(years)} years"


_YEAR = 31_557_600
_SIZES = {"s": 1, "min": 60, "h": 3600, "day": 86_400, "week": 604_800}
_SPANS = (  # a unit, its seconds, the unit below, and the seconds from which another is taken
    ("min", 60, "s", 3600),
    ("h", 3600, "min", 86_400),
    ("day", 86_400, "h", 14 * 86_400),
    ("week", 604_800, "day", 2 * _YEAR),
)


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'s' if unit in ('day', 'week') and count != 1 else ''}"


def rows_lasting(count: int, step_seconds: float) -> str:
    """Write a number of rows and how long they last.

    Args:
        count: number of rows.
        step_seconds: sampling step, in seconds.

    Examples:
        >>> rows_lasting(288, 300.0), rows_lasting(1, 86_400.0)
        ('288 rows (1 day)', '1 row (1 day)')
    """
    return f"{count:,} {'row' if count == 1 else 'rows'} ({duration(count * step_seconds)})"


def rough_duration(seconds: float) -> str:
    """Write a duration as one whole number of one unit; below a second as `duration` does.

    Args:
        seconds: at least 0.

    Examples:
        >>> rough_duration(6.8 * 86400), rough_duration(26 * 3600), rough_duration(90)
        ('7 days', '26 h', '90 s')
    """
    if 0 < seconds < 1:
        return duration(seconds)
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
