"""Roles of columns: which are the time, the names of machines, series, and left out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dcvae._text import SHOWN, quoted, shortened
from dcvae.config import DataKeys
from dcvae.data.columns.long_form import refuse_nameless
from dcvae.data.columns.taking_turns import entity_columns
from dcvae.data.columns.time_columns import time_columns
from dcvae.data.files.cells import TRUTHS
from dcvae.data.files.messages import MISSING, File
from dcvae.data.times.reading import reads_as_time

_WORD = re.compile(r"[^\W\d]", re.UNICODE)
_NUMBER = re.compile(r"[-+\d.,eE ]*")
_NUMBERS = ("inf", "+inf", "-inf", "infinity", "-infinity", "nan")


@dataclass(frozen=True)
class Roles:
    """Roles of the columns of a file.

    Attributes:
        times: columns that the time is joined from.
        by: columns that tell apart rows of one time; empty where there is one row a time.
        ignored: columns that the settings leave out.
        series: all others.
        notices: one sentence each on what was decided by looking.
    """

    times: tuple[str, ...]
    by: tuple[str, ...]
    ignored: tuple[str, ...]
    series: tuple[str, ...]
    notices: tuple[str, ...]


def roles_of(file: File, look: pd.DataFrame, keys: DataKeys, *, lenient: bool = False) -> Roles:
    """Find the roles of the columns of a file, by the settings and by looking at it.

    Args:
        file: the file.
        look: rows of it, from `File.look`.
        keys: `time_column`, `ignore`, `by`.
        lenient: whether columns that the keys name may be missing, as in a file of labels.

    Returns:
        The role of every column.

    Raises:
        InputError: a named column is missing, or no column holds the time.
    """
    named = keys.time_column
    if lenient and not set(named) <= set(file.names):
        named = ()
    by = tuple(name for name in keys.by if name in file.names or not lenient)
    refuse_nameless(file, by)
    ignored = tuple(name for name in file.names if name in keys.ignore)
    kept = look.loc[:, [name for name in look.columns if name not in (*ignored, *by)]]
    times, notice = time_columns(file, kept, named)
    others = [name for name in file.names if name not in (*times, *by, *ignored)]
    notices = [notice] if notice else []
    first = file.names[0]
    if notice and first in others and first not in times and _counts_rows(look, first):
        others.remove(first)
        ignored = (*ignored, first)
        notices.append(f"The column `{first}` counts rows and is left out.")
    if by and (metric := _metric_column(look, others)):
        by = (*by, metric)
        others.remove(metric)
        notices.append(f"The column `{metric}` names what is measured, like those of `by`.")
    return Roles(tuple(times), by, ignored, tuple(others), tuple(notices))


def word_problems(file: File, look: pd.DataFrame, names: Sequence[str]) -> list[str]:
    """Name columns that hold words or times in place of numbers, with what to do about them.

    Args:
        file: the file.
        look: rows of it, from `File.look`.
        names: columns that are to be series.

    Returns:
        Sentences for `refuse`.
    """
    words: list[str] = []
    times: list[str] = []
    for name in names:
        cells = [cell for cell in look[name].tolist() if cell not in MISSING]
        if not cells:
            continue
        if all(_WORD.match(cell) and cell.casefold() not in _NUMBERS for cell in cells):
            if not all(cell.casefold() in TRUTHS for cell in cells):
                words.append(name)
        elif not _NUMBER.fullmatch(cells[0]) and all(map(reads_as_time, cells[:SHOWN])):
            times.append(name)
    problems = []
    if words:
        held = dict.fromkeys(cell for cell in look[words[0]] if cell not in MISSING)
        examples = shortened(quoted(held), SHOWN)
        entities = [name for name in entity_columns(look[words]) if name in words]
        entity = entities[0] if entities else words[0]
        problems.append(
            f"column {shortened(quoted(words))} holds words ({examples}), where a series is "
            f"numbers; leave it out with `ignore`: {_listed(words)}, or, if it tells machines or "
            f'metrics apart, name it with `by`: "{entity}"'
        )
    if times:
        problems.append(
            f"column {shortened(quoted(times))} holds times, such as `{look[times[0]].iloc[0]}`; "
            f"leave it out with `ignore`: {_listed(times)}, or name the column of the time with "
            "`time_column`"
        )
    return problems


def turn_problems(
    look: pd.DataFrame, names: Sequence[str], *, is_ignored: bool = False
) -> list[str]:
    """Name a column by whose look machines take turns, though every row has its own time.

    Args:
        look: rows of it, from `File.look`.
        names: columns that are to be series, or that the settings leave out.
        is_ignored: whether they are left out, which is told and not refused.

    Returns:
        At most one sentence, for `refuse` or as a notice.
    """
    candidates = entity_columns(look[[name for name in names if name in look]].iloc[:150])
    if not candidates:
        return []
    name = candidates[0]
    values = list(dict.fromkeys(look[name]))
    if is_ignored:
        return [
            f"WARNING: the column `{name}`, which `ignore` leaves out, takes turns "
            f"({shortened(quoted(values), SHOWN)}, and again): if it tells machines apart, every "
            f'window mixes them. Name it with `by`: "{name}" instead.'
        ]
    return [
        f"the column `{name}` takes turns ({shortened(quoted(values), SHOWN)}, and again): the "
        f"rows of {len(values):,} machines stand below each other, and a window would mix them. "
        f'Name it, as in `"by": "{name}"` (and one of them with `entity`), or, if it is a reading '
        f"of one machine, leave it out with `ignore`: {_listed([name])}"
    ]


def _counts_rows(look: pd.DataFrame, name: str) -> bool:
    numbers = pd.to_numeric(look[name].iloc[:20], errors="coerce")
    return len(numbers) > 1 and bool((numbers.diff().iloc[1:] == 1).all())


def _metric_column(look: pd.DataFrame, names: Sequence[str]) -> str | None:
    """Return the column of names of metrics in `time, device, metric, value`; None otherwise."""
    if len(names) != 2:
        return None
    words = [
        name
        for name in names
        if len(look) and all(_WORD.match(cell) for cell in look[name] if cell not in MISSING)
    ]
    return words[0] if len(words) == 1 and look[words[0]].duplicated().any() else None


def _listed(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
