"""Long form: machines below each other in one table, chosen or put side by side.

Two forms are common: one row a time and machine (`time, device, cpu, mem`), and one row a time,
machine and metric (`time, device, metric, value`). The key `by` names the columns that tell rows of
one time apart, `entity` chooses one value of the first of them; without it every machine becomes
series of its own, `web1 cpu`, `web1 mem`, `web2 cpu` and so on, so that nothing is lost.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dcvae._text import SHOWN, quoted, shortened
from dcvae.data.files.messages import RowPlaces, refuse, row_numbers

_MOST_SERIES = 2_000
_SHARED = 1.5  # times in all, over those of the machine with most, above which they are apart


def chosen_rows(file: RowPlaces, names: pd.DataFrame, entity: str | None) -> np.ndarray:
    """Return the rows of one entity, or all rows.

    Args:
        file: the file, for messages.
        names: (rows, by) text, from the columns that `by` names.
        entity: value of the first of them; None for all rows.

    Returns:
        Numbers of rows.

    Raises:
        InputError: no row has the value.
    """
    if entity is None:
        return np.arange(len(names))
    first = names.columns[0]
    rows = np.flatnonzero(names[first].to_numpy() == entity)
    if not len(rows):
        known = names[first].dropna().unique().tolist()
        refuse(
            file.path,
            f'`entity` is "{entity}", but the column `{first}` has {len(known):,} other values: '
            f"{shortened(quoted(map(str, known)))}; choose one of them",
        )
    return rows


def side_by_side(
    file: RowPlaces,
    times: pd.DatetimeIndex,
    names: pd.DataFrame,
    frame: pd.DataFrame,
    *,
    may_differ: bool,
) -> tuple[pd.DataFrame, list[str]]:
    """Put the rows of each entity side by side, one row a time.

    Args:
        file: the file, for messages.
        times: (rows,) times of the rows.
        names: (rows, by) text; rows of one time differ in them.
        frame: (rows, columns) float64.
        may_differ: whether entities may be measured at different times, as resampling brings them
            together.

    Returns:
        (times, entities x columns) float64, in the order of time, NaN where an entity was not
        measured; and a notice.

    Raises:
        InputError: a time stands twice for one entity, there are too many of them, or they were
            measured at different times.
    """
    by = list(names.columns)
    joined = names.iloc[:, 0].astype("str")
    for name in by[1:]:
        joined = joined + " " + names[name].astype("str")
    codes, entities = pd.factorize(joined)
    keys = pd.MultiIndex.from_arrays([codes, times])
    repeats = row_numbers(keys.duplicated())
    if repeats:
        earlier = row_numbers(keys == keys[repeats[0]])[0]
        first, second = file.places([earlier, repeats[0]])
        refuse(
            file.path,
            f"{first} and {second} have the same time, {times[earlier]}, and the same "
            f"{' and '.join(quoted(by))}, `{entities[codes[earlier]]}` ({len(repeats):,} such rows "
            "in all); name in `by` what else tells them apart",
        )
    if len(entities) * frame.shape[1] > _MOST_SERIES:
        refuse(
            file.path,
            f"`by` makes {len(entities) * frame.shape[1]:,} series of {len(entities):,} entities, "
            f"at most {_MOST_SERIES:,} are expected: choose one with `entity`",
        )
    unique = times.unique().sort_values()
    most = int(np.bincount(codes).max())
    if len(unique) > _SHARED * most and not may_differ:
        refuse(
            file.path,
            f"the {len(entities):,} values of {' and '.join(quoted(by))} have times of their own: "
            f"{len(unique):,} in all, {most:,} at most of one; bring them to one step with "
            "`resample`, or choose one with `entity`",
        )
    position = unique.get_indexer(times)
    wide = np.full((len(unique), len(entities), frame.shape[1]), np.nan)
    wide[position, codes] = frame.to_numpy()
    is_value = frame.shape[1] == 1  # one row a metric: the names of its columns say it all
    labels = [
        str(entity) if is_value else f"{entity} {column}"
        for entity in entities
        for column in frame.columns
    ]
    index = pd.DatetimeIndex(unique, name=times.name)
    table = pd.DataFrame(wide.reshape(len(unique), -1), index, pd.Index(labels, dtype="str"))
    return table, [
        f"Its {len(entities):,} values of {' and '.join(quoted(by))} stand side by side, each a "
        f"series of its own ({shortened(quoted(labels), SHOWN)}); `entity` would choose one."
    ]


def texts_of(columns: pd.DataFrame, file: RowPlaces) -> pd.DataFrame:
    """Return names of entities as text; whole numbers without a fraction.

    Raises:
        InputError: a cell is empty.
    """
    texts = {}
    for name in columns:
        column = columns[name]
        empty = row_numbers(column.isna() | (column.astype("str").str.strip() == ""))
        if empty:
            places = shortened(file.places(empty[:SHOWN]), SHOWN, len(empty))
            refuse(
                file.path,
                f"the column `{name}`, which `by` names, is empty or a word for a missing value in "
                f"{places}; name the machine of every row",
            )
        if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
            column = column.astype("Int64")
        texts[name] = column.astype("str").str.strip()
    return pd.DataFrame(texts)


def refuse_nameless(file: RowPlaces, names: Sequence[str]) -> None:
    """Refuse names in `by` that are no columns."""
    lacking = [name for name in names if name not in file.names]
    if lacking:
        refuse(
            file.path,
            f"`by` names {shortened(quoted(lacking), SHOWN)}, but the columns are "
            f"{shortened(quoted(file.names))}",
        )
