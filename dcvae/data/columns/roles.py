"""Roles of columns: which are the time, the names of machines, series, and left out."""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from dcvae._text import SHOWN, as_value, quoted, shortened
from dcvae.config import DataKeys
from dcvae.data.columns.long_form import refuse_nameless
from dcvae.data.columns.taking_turns import entity_columns
from dcvae.data.columns.time_columns import time_columns
from dcvae.data.files.cells import TRUTHS
from dcvae.data.files.messages import MISSING, File, refuse
from dcvae.data.times.reading import reads_as_time

_NUMBER = re.compile(r"[-+]?[\d.,' \u00a0\u202f]*\d[\d.,' \u00a0\u202f]*([eE][-+]?\d+)?")
_POINTED = re.compile(r"[-+]?\d{1,3}(\.\d{3})+(,\d*)?")
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
    if lenient and len(file.names) - len(ignored) < 2:
        ignored = ()  # a file of labels may have nothing but what the data leave out
    clash = [name for name in named if name in (*ignored, *by)]
    if clash:
        refuse(
            file.path,
            f"`time_column` names `{clash[0]}`, which `ignore` or `by` names too; it can be one of "
            "them",
        )
    kept = look.loc[:, [name for name in look.columns if name not in (*ignored, *by)]]
    times, notice = time_columns(file, kept, named)
    others = [name for name in file.names if name not in (*times, *by, *ignored)]
    notices = [notice] if notice else []
    first = file.names[0]
    if notice and first in others and _counts_rows(look, first):
        others.remove(first)
        ignored = (*ignored, first)
        notices.append(f"The column `{first}` counts rows and is left out.")
    if by and (metric := _metric_column(look, others, [*times, *by])):
        by = (*by, metric)
        others.remove(metric)
        notices.append(f"The column `{metric}` names what is measured, like those of `by`.")
    return Roles(tuple(times), by, ignored, tuple(others), tuple(notices))


def unknown_notices(file: File, keys: DataKeys) -> list[str]:
    """Tell of names in `ignore` that no column has, with the one that may be meant."""
    notices = []
    for name in keys.ignore:
        if name not in file.names:
            near = difflib.get_close_matches(name.casefold(), [n.casefold() for n in file.names])
            meant = [n for n in file.names if near and n.casefold() == near[0]]
            hint = f" (is it `{meant[0]}`?)" if meant else ""
            notices.append(f"`ignore` names `{name}`, which is no column{hint}.")
    return notices


def word_problems(
    look: pd.DataFrame, names: Sequence[str], roles: Roles, keys: DataKeys
) -> list[str]:
    """Name columns that hold words or times in place of numbers, with what to do about them.

    Args:
        look: rows of the file, from `File.look`.
        names: columns that are to be series.
        roles: of all columns.
        keys: `missing_values`.

    Returns:
        Sentences for `refuse`.
    """
    words: list[str] = []
    times: list[str] = []
    missing = {*MISSING, *(code for code in keys.missing_values if isinstance(code, str))}
    for name in names:
        cells = [cell for cell in look[name].tolist() if cell not in missing]
        if not cells:
            continue
        if not any(_is_number(cell) for cell in cells):
            if all(reads_as_time(cell) for cell in cells[:SHOWN]):
                times.append(name)
            elif not all(cell.casefold() in TRUTHS for cell in cells):
                words.append(name)
    problems = []
    if words:
        held = dict.fromkeys(cell for cell in look[words[0]] if cell not in missing)
        examples = shortened(quoted(held), SHOWN)
        problems.append(
            f"column {shortened(quoted(words))} holds words ({examples}), where a series is "
            f"numbers; {_advice_on_words(look, words, roles)}"
        )
    if times:
        problems.append(
            f"column {shortened(quoted(times))} holds times, such as `{look[times[0]].iloc[0]}`; "
            f"leave it out with `ignore`: {as_value(times)}, or name the column of the time with "
            "`time_column`"
        )
    return problems


def _advice_on_words(look: pd.DataFrame, words: Sequence[str], roles: Roles) -> str:
    """Say what to do about columns of words, by whether they tell rows of one time apart."""
    times = [*roles.times, *roles.by]
    several = [name for name in words if len(look[name].unique()) > 1]
    if look.duplicated(times).mean() > 0.1 and several:
        by = next((name for name in several if not look.duplicated([*times, name]).any()), None)
        named = [by] if by else several
        more = ""
        if rest := [name for name in words if name not in named]:
            more = f", and leave out the others with `ignore`: {as_value(rest)}"
        return (
            "several rows have one time, which they tell apart: name "
            f"{'it' if by else 'them'} with `by`: {as_value(named)}{more}"
        )
    turning = [name for name in several if entity_columns(look[[name]])]
    if turning:
        return (
            f"the rows of several machines take turns: name it with `by`: {as_value(turning[:1])} "
            "(and one of them with `entity`)"
        )
    entity = f'"{words[0]}"'
    return (
        f"leave it out with `ignore`: {as_value(words)}, or, if it tells machines or metrics "
        f"apart, name it with `by`: {entity}; if its words mean that nothing was measured, name "
        "them in `missing_values`"
    )


def turn_problems(
    look: pd.DataFrame, names: Sequence[str], *, is_left_out: bool = False
) -> list[str]:
    """Name a column by whose look machines take turns, though every row has its own time.

    Args:
        look: rows of it, from `File.look`.
        names: columns that are to be series, or that the settings leave out.
        is_left_out: whether they are left out, which is told and not refused.

    Returns:
        At most one sentence, for `refuse` or as a notice.
    """
    looked = look[[name for name in names if name in look]].iloc[:150]
    candidates = [name for name in entity_columns(looked) if len(names) > 1 or is_left_out]
    if not candidates:
        return []
    name = candidates[0]
    values = list(dict.fromkeys(look[name]))
    if is_left_out:
        return [
            f"WARNING: the column `{name}`, which is left out, takes turns "
            f"({shortened(quoted(values), SHOWN)}, and again): if it tells machines apart, every "
            f'window mixes them. Name it with `by`: "{name}" instead.'
        ]
    return [
        f"the column `{name}` takes turns ({shortened(quoted(values), SHOWN)}, and again): the "
        f"rows of {len(values):,} machines stand below each other, and a window would mix them. "
        f'Name it, as in `"by": "{name}"` (and one of them with `entity`), or, if it is a reading '
        f"of one machine, leave it out with `ignore`: {as_value([name])}"
    ]


def _counts_rows(look: pd.DataFrame, name: str) -> bool:
    numbers = pd.to_numeric(look[name].iloc[:20], errors="coerce")
    return len(numbers) > 1 and bool((numbers.diff().iloc[1:] == 1).all())


def _metric_column(look: pd.DataFrame, names: Sequence[str], keyed: Sequence[str]) -> str | None:
    """Return the column of names of metrics in `time, device, metric, value`; None otherwise."""
    if len(names) != 2 or not look.duplicated(list(keyed)).any():
        return None
    words = []
    for name in names:
        cells = [cell for cell in look[name] if cell not in MISSING]
        is_truth = all(cell.casefold() in TRUTHS for cell in cells)
        if cells and not is_truth and not any(_is_number(cell) for cell in cells):
            words.append(name)
    return words[0] if len(words) == 1 and look[words[0]].duplicated().any() else None


def _is_number(cell: str) -> bool:
    """Tell whether a cell is a number in some notation; an address of four numbers is none."""
    if cell.casefold() in _NUMBERS:
        return True
    return bool(_NUMBER.fullmatch(cell)) and (cell.count(".") < 2 or bool(_POINTED.fullmatch(cell)))
