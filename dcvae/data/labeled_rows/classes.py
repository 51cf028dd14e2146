"""Classes of labels: which of the labels of rows are anomalies, as given or by their names."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from dcvae._arrays import AnyArray, BoolArray
from dcvae._text import quoted, shortened
from dcvae.data.files.cells import TRUTHS
from dcvae.errors import InputError

Chosen: TypeAlias = str | float | Sequence[Any] | None
"""Labels that a user names: one, several, or several in one text with commas between them."""
NORMAL_WORDS = ("normal", "benign", "nominal", "inlier", "regular", "genuine", "legitimate")
_LISTED = 20
_Places: TypeAlias = Callable[[Sequence[int]], list[str]]


class Classes(NamedTuple):
    """Classes of rows.

    Attributes:
        labels: (rows,) bool, True for an anomaly.
        kept: (rows,) bool, False for rows that are neither.
        anomaly: which class is the anomaly, in words.
        notices: one sentence each.
    """

    labels: BoolArray
    kept: BoolArray
    anomaly: str
    notices: list[str]


def as_labels(labels: AnyArray, what: str) -> AnyArray:
    """Return labels as one array (rows,); a column or a row of them is flattened.

    Raises:
        InputError: they are no list of labels.
    """
    if labels.ndim == 2 and 1 in labels.shape:
        labels = labels.ravel()
    if labels.ndim != 1:
        raise InputError(
            f"{what} has {labels.ndim} dimension{'s' * (labels.ndim != 1)}, shape {labels.shape}; "
            "expected one label for each row, (rows,)."
        )
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8", errors="replace")
    if labels.dtype.kind == "O" and all(isinstance(label, str) for label in labels):
        labels = labels.astype(str)
    if labels.dtype.kind not in "biufUT":
        raise InputError(
            f"{what} holds labels of type {labels.dtype}; expected 0 and 1, 1 for an anomaly, or "
            "words."
        )
    return labels


def classes_of(
    labels: AnyArray,
    what: str,
    *,
    anomaly: Chosen = None,
    normal: Chosen = None,
    places: _Places | None = None,
) -> Classes:
    """Tell which rows are anomalies.

    Labels of 0 and 1 need no word. Of others, `anomaly` or `normal` names one side or both; of
    words, a single one that means normal, such as `Benign`, tells by itself.

    Args:
        labels: (rows,) numbers, truth values or words.
        what: their source and name, for messages.
        anomaly: the labels that are anomalies.
        normal: the labels that are normal.
        places: says where rows are, given by number from 0; None for arrays.

    Raises:
        InputError: a label is missing, one that is named does not occur, nothing tells which are
            the anomaly, or all rows are of one class.
    """
    _refuse_missing(labels, what, places)
    found, numbers, counts = np.unique(labels, return_inverse=True, return_counts=True)
    names = [_name_of(label) for label in found]
    anomalies = _positions(anomaly, names, what, "anomaly")
    normals = _positions(normal, names, what, "normal")
    if overlap := [names[each] for each in sorted(anomalies & normals)]:
        raise InputError(
            f"{what}: {shortened(quoted(overlap))} is given as an anomaly and as normal. Give it "
            "as one of them."
        )
    everything = set(range(len(names)))
    notices: list[str] = []
    if anomalies and normals:
        said = _say(anomalies, names)
        others = everything - anomalies - normals
        if others:
            rows = int(counts[sorted(others)].sum())
            notices.append(
                f"{rows:,} rows with other labels ({shortened(quoted(_of(others, names)))}) are "
                "left out."
            )
    elif anomalies:
        said, normals = _say(anomalies, names), everything - anomalies
    elif normals:
        said, anomalies = _say_all_but(normals, names), everything - normals
    else:
        anomalies, normals, said = _by_themselves(names, counts, what)
    if not normals or not anomalies:
        kind = "an anomaly" if not normals else "normal"
        raise InputError(
            f"{what}: all {len(labels):,} rows have one class: they are {kind} "
            f"({_listed(names, counts)}). Expected normal rows and anomalies."
        )
    is_anomaly = np.isin(numbers, sorted(anomalies))
    kept = is_anomaly | np.isin(numbers, sorted(normals))
    return Classes(is_anomaly, kept, said, notices)


def _by_themselves(names: list[str], counts: AnyArray, what: str) -> tuple[set[int], set[int], str]:
    """Tell classes by the labels alone: 0 and 1, words that mean them, or one word for normal."""
    plain = [TRUTHS.get(name.lower(), name) for name in names]
    if {*plain} <= {"0", "1"}:
        anomalies = {number for number, name in enumerate(plain) if name == "1"}
        return anomalies, {*range(len(names))} - anomalies, _say(anomalies, names)
    normals = {
        number for number, name in enumerate(names) if name.casefold().strip(" .") in NORMAL_WORDS
    }
    if len(normals) == 1:
        return {*range(len(names))} - normals, normals, _say_all_but(normals, names)
    rarest = names[int(np.argmin(counts))]
    if len(names) > _LISTED:
        raise InputError(
            f"{what} has {len(names):,} different labels ({_listed(names, counts)}); expected 0 "
            "and 1, 1 for an anomaly. Is it a measurement? Name the column of labels with "
            "`--label`, or the normal labels with `--normal`."
        )
    raise InputError(
        f"{what} has the labels {_listed(names, counts)}; expected 0 and 1, 1 for an anomaly. Say "
        f"which are the anomaly, as in `--anomaly {_shell(rarest)}`, or which are normal, as in "
        f"`--normal {_shell(names[int(np.argmax(counts))])}`."
    )


def _refuse_missing(labels: AnyArray, what: str, places: _Places | None) -> None:
    missing = ~np.isfinite(labels) if labels.dtype.kind == "f" else np.zeros(len(labels), bool)
    if labels.dtype.kind in "UT":
        missing = np.char.strip(labels.astype(str)) == ""
    if not missing.any():
        return
    rows = np.flatnonzero(missing).tolist()
    said = places(rows[:3]) if places else [f"[{row}]" for row in rows[:3]]
    raise InputError(
        f"{what} has no label in {shortened(said, 3, len(rows))}; expected one for each row. Label "
        "these rows, or remove them."
    )


def _name_of(label: Any) -> str:
    """Return a label as it is written: 2.0 and True as "2" and "1"."""
    if isinstance(label, str):
        return label.strip()
    number = float(label)
    return str(int(number)) if number.is_integer() else repr(number)


def _positions(chosen: Chosen, names: list[str], what: str, role: str) -> set[int]:
    """Return which of the labels a user has named."""
    if chosen is None:
        return set()
    if isinstance(chosen, str):
        whole = chosen.strip()
        wanted = [whole] if whole in names else [part.strip() for part in whole.split(",")]
    elif isinstance(chosen, Sequence | np.ndarray):
        wanted = [_name_of(each) for each in chosen]
    else:
        wanted = [_name_of(chosen)]
    found: set[int] = set()
    for each in wanted:
        places = [number for number, name in enumerate(names) if _is(name, each)]
        if not places:
            shown = shortened(quoted(names), _LISTED)
            raise InputError(
                f"{what} has no label `{each}`, which is given as `{role}`; its labels are {shown}."
            )
        found.update(places)
    return found


def _is(name: str, wanted: str) -> bool:
    """Tell whether a label is the one that is wanted: KDD Cup 99 ends each with a period."""
    if name == wanted or name.rstrip(".") == wanted:
        return True
    try:
        return float(name) == float(wanted)
    except ValueError:
        return False


def _of(numbers: set[int], names: list[str]) -> list[str]:
    return [names[number] for number in sorted(numbers)]


def _say(numbers: set[int], names: list[str]) -> str:
    said = _of(numbers, names)
    if not said:
        return "label 1"
    if len(said) == 1 and said[0].lstrip("-").replace(".", "", 1).isdigit():
        return f"label {said[0]}"
    return f"label{'s' * (len(said) > 1)} {shortened(quoted(said))}"


def _say_all_but(normals: set[int], names: list[str]) -> str:
    return f"every label but {shortened(quoted(_of(normals, names)))}"


def _listed(names: list[str], counts: AnyArray) -> str:
    order = np.argsort(-counts, kind="stable")
    said = [f"`{names[number]}` ({_rows(int(counts[number]))})" for number in order]
    return shortened(said, _LISTED if len(said) <= _LISTED else 5)


def _shell(word: str) -> str:
    return f'"{word}"' if " " in word else word


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"
