"""Numbers as dashboards show them: with thousands separators, and with units that change by row."""

import re
from collections.abc import Mapping

import pandas as pd

from dcvae._text import all_quoted, quoted, shortened
from dcvae.data.exports.assembly import MISSING_WORDS, Assembly

_CELL = re.compile(r"(?P<number>[-+−]?[\d.,]*\d[\d.,]*(?:[eE][-+]?\d+)?)\s*(?P<unit>[^\d\s,.].*)?")
_ENGLISH = r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?"
_COMMA = r"[-+]?\d{1,3}(?:\.\d{3})*,\d+|[-+]?\d+,\d+"


def _scales(kilo: int) -> Mapping[str, tuple[float, str]]:
    """Return what to multiply each unit with, and the unit that it becomes."""
    scales: dict[str, tuple[float, str]] = {"K": (1e3, ""), "k": (1e3, "")}
    for power, names in enumerate((("Mil", "M"), ("Bil", "G"), ("Tri", "T"), ("Quadr", "P")), 2):
        scales.update(dict.fromkeys(names, (1e3**power, "")))
    for base in ("B", "b"):
        for rate in ("", "/s", "ps"):
            unit = base + rate
            scales[unit] = (1.0, unit)
            for power, prefix in enumerate("kMGTP", 1):
                scales[prefix + unit] = (float(kilo**power), unit)
                scales[prefix.upper() + "i" + unit] = (1024.0**power, unit)
            scales["K" + unit] = (float(kilo), unit)
    seconds = {"ns": 1e-9, "µs": 1e-6, "μs": 1e-6, "us": 1e-6, "ms": 1e-3, "s": 1.0}
    seconds |= dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0)
    seconds |= dict.fromkeys(("h", "hour", "hours"), 3_600.0)
    seconds |= dict.fromkeys(("d", "day", "days"), 86_400.0)
    seconds |= dict.fromkeys(("week", "weeks"), 604_800.0)
    seconds |= dict.fromkeys(("year", "years"), 31_536_000.0)
    return scales | {name: (factor, "s") for name, factor in seconds.items()}


_SCALES = {kilo: _scales(kilo) for kilo in (1_000, 1_024)}


def plain_numbers(assembly: Assembly, cells: pd.DataFrame, kilo: int = 1_000) -> pd.DataFrame:
    """Write the numbers of formatted columns plainly, in their smallest unit.

    Args:
        assembly: of the file; told of units, and of what commas were taken for.
        cells: (rows, columns) text. Columns that are plain or are no numbers stay as they are.
        kilo: bytes of a kB: 1,000, or 1,024.

    Returns:
        (rows, columns) text.

    Raises:
        InputError: a column has units that cannot be brought to one.
    """
    told: dict[str, list[str]] = {}
    plain = {
        str(name): _plain(assembly, column, str(name), kilo, told) for name, column in cells.items()
    }
    assembly.notices += [f"{what}: {shortened(quoted(names))}." for what, names in told.items()]
    return pd.DataFrame(plain, index=cells.index)


def _plain(
    assembly: Assembly, cells: pd.Series, name: str, kilo: int, told: dict[str, list[str]]
) -> pd.Series:
    text = cells.astype("str").str.strip()
    rest = text[pd.to_numeric(text, errors="coerce").isna() & ~text.isin(MISSING_WORDS)]
    found = rest.str.extract(rf"^{_CELL.pattern}$")
    if rest.empty or found["number"].isna().any():
        return text
    numbers = found["number"].str.replace("−", "-", regex=False)
    has_comma = numbers.str.contains(",", regex=False)
    if has_comma.any():
        if numbers[has_comma].str.fullmatch(_ENGLISH).all():
            meaning, numbers = "separators of thousands", numbers.str.replace(",", "", regex=False)
        elif numbers[has_comma].str.fullmatch(_COMMA).all():
            meaning = "decimal marks"
            numbers = numbers.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
        else:
            return text
        told.setdefault(f"Commas are taken for {meaning}", []).append(name)
    values = pd.to_numeric(numbers, errors="coerce")
    if values.isna().any():
        return text
    units = found["unit"].fillna("").str.strip()
    kinds = sorted(set(units) - {""})
    bases = {_SCALES[kilo][unit][1] if unit in _SCALES[kilo] else unit for unit in kinds}
    if len(bases) > 1:
        assembly.refuse(
            f"`{name}` has the units {all_quoted(kinds)}, which cannot be brought to one; export "
            "it without formatting"
        )
    for base in bases:
        told.setdefault(f"Numbers with units, brought to {base or 'ones'}", []).append(name)
    factors = units.map(lambda unit: _SCALES[kilo].get(unit, (1.0,))[0])
    text[values.index] = (values * factors).map(repr)
    return text
