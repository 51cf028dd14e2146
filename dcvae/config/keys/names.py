"""Settings keys of how series are shown: their titles and units."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationInfo, field_validator

from dcvae._text import SHOWN, quoted, shortened
from dcvae.config.json_file import show
from dcvae.config.keys.common import CommonKeys
from dcvae.config.keys.properties import MOST_CHANNELS, Key

MOST_CHARACTERS = 2_000_000  # of names and texts together: a settings file has a bound too
LONGEST = {"titles": 200, "units": 40}  # characters
_MAPPED = 'an object from names of series to {what}, such as {{"TS4": "{example}"}}'


class SeriesNames(NamedTuple):
    """The words that series are shown with, in the order of the series.

    Attributes:
        titles: the name of the series where there is none.
        units: "" where there is none.
    """

    titles: tuple[str, ...]
    units: tuple[str, ...]

    def axis(self, column: int) -> str:
        """Return title and unit of a series, for an axis or the head of a table.

        Examples:
            >>> SeriesNames(("Tank", "Door"), ("°C", "")).axis(0)
            'Tank [°C]'
        """
        unit = self.units[column]
        return self.titles[column] + (f" [{unit}]" if unit else "")


class Texts(dict[str, str]):
    """Texts by the names of series: a part of settings, which can be hashed and are not changed."""

    def __hash__(self) -> int:  # type: ignore[override]  # a dictionary has none
        return hash(frozenset(self.items()))


class NameKeys(CommonKeys):
    """Keys of how series are shown, which no number depends on."""

    titles: Annotated[
        dict[str, str], Key("shown", values=_MAPPED.format(what="titles", example="Tank"))
    ] = Field(
        Texts(),
        description="Titles of series, shown on pages, in figures and in what is said of events in "
        "place of their names in the file.",
    )
    units: Annotated[
        dict[str, str], Key("shown", values=_MAPPED.format(what="units", example="°C"))
    ] = Field(
        Texts(),
        description="Units of series, shown beside their values; of `counters`, those of their "
        "growth, such as B/s.",
    )
    metadata: Annotated[
        str | None,
        Key("shown", values="null, or the path of a CSV with columns series, title, unit"),
    ] = Field(
        None,
        description="CSV of titles and units, relative to the settings file. It is read with the "
        "settings, into `titles` and `units`, where what the settings say themselves precedes.",
    )

    @field_validator("titles", "units", mode="plain")
    @classmethod
    def _check_texts(cls, value: Any, info: ValidationInfo) -> Texts:
        """Refuse what is no object of texts, with the entries that are none; take null for {}."""
        name, values = str(info.field_name), {} if value is None else value
        if not isinstance(values, Mapping) or len(values) > MOST_CHANNELS:
            words = next(p for p in cls.model_fields[name].metadata if isinstance(p, Key)).values
            is_list = name == "units" and isinstance(value, list)  # of layers, as others call them
            hint = "; did you mean `cnn_units`?" if is_list else ""
            raise ValueError(f"expected {words}, received {show(value)}{hint}")
        found = [problem_of_text(text, name, series) for series, text in values.items()]
        problems = [problem for problem in found if problem]
        if problems:
            raise ValueError(shortened(problems, SHOWN))
        size = sum(len(series) + len(text) for series, text in values.items())
        if size > MOST_CHARACTERS:
            raise ValueError(
                f"expected at most {MOST_CHARACTERS:,} characters of names and texts in all, "
                f"received {size:,}"
            )
        return Texts({series: text.strip() for series, text in values.items() if text.strip()})


def problem_of_text(text: Any, key: str, series: str) -> str:
    """Return what is wrong with a title or a unit, or "" if it can be shown.

    Args:
        text: the title or unit.
        key: "titles" or "units".
        series: whose it is.

    Examples:
        >>> problem_of_text("kB/s", "units", "rx"), problem_of_text(5, "units", "rx")
        ('', 'expected text for `rx`, received 5')
    """
    name = show(series).strip('"')
    if not isinstance(text, str):
        return f"expected text for `{name}`, received {show(text)}"
    if len(text) > LONGEST[key]:
        return f"expected at most {LONGEST[key]} characters for `{name}`, received {len(text):,}"
    if not text.strip().isprintable():
        return f"expected one line of printable text for `{name}`, received {show(text)}"
    return ""


def series_names(keys: NameKeys, series: Sequence[str]) -> SeriesNames:
    """Return the titles and units of series.

    A title that several have, or that is the name of another, is followed by the name of its own.

    Args:
        keys: titles and units by name.
        series: names of the series.

    Examples:
        >>> keys = NameKeys(titles={"a": "Tank", "b": "Tank"}, units={"a": "°C"})
        >>> series_names(keys, ["a", "b", "c"])
        SeriesNames(titles=('Tank (a)', 'Tank (b)', 'c'), units=('°C', '', ''))
    """
    titles = [keys.titles.get(name, name) for name in series]
    times = Counter(titles)
    times.update({name for name in series if name in keys.titles})
    told = [
        title if title == name or times[title] == 1 else f"{title} ({name})"
        for title, name in zip(titles, series, strict=True)
    ]
    return SeriesNames(tuple(told), tuple(keys.units.get(name, "") for name in series))


def unknown_names(keys: NameKeys, series: Sequence[str], source: str) -> list[str]:
    """Return a notice on titles and units of what is no series, or none.

    Args:
        keys: titles and units by name.
        series: names of the series.
        source: names the data that has them.

    Examples:
        >>> unknown_names(NameKeys(units={"TS-4": "°C"}), ["TS4", "TS5"], "pump.csv")
        ['Units are given for `TS-4`, which is no series of pump.csv; did you mean `TS4`?']
    """
    notices, known = [], {*series}
    for what, given in (("Titles", keys.titles), ("Units", keys.units)):
        unknown = [name for name in given if name not in known]
        if not unknown:
            continue
        hints = []
        free = {name.casefold(): name for name in series if name not in given}
        for name in unknown[:SHOWN]:
            near = difflib.get_close_matches(name.casefold(), free, n=1)
            hints += (
                [f"`{free[near[0]]}`" + (f" by `{name}`" if len(unknown) > 1 else "")]
                if near
                else []
            )
        hint = f"; did you mean {' and '.join(hints)}?" if hints else "."
        are = "which is no series" if len(unknown) == 1 else "which are no series"
        notices.append(
            f"{what} are given for {shortened(quoted(unknown), SHOWN)}, {are} of {source}{hint}"
        )
    return notices
