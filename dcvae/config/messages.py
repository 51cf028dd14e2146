"""Messages about problems of a settings file: key, expected values, received value.

A file is refused as a whole: one message names every problem, by the keys of the file, so that all
of them can be corrected before the next run.
"""

import difflib
import json
import re
from collections.abc import Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from dcvae.config.json_file import show
from dcvae.config.keys.properties import PAPER_LETTERS, key_of

# Upper bounds from here on only keep out slips; they are said when they are exceeded.
_UNSAID_FROM = 1000

# Names of these keys in other programs, where similarity of letters would not find them. In lower
# case and without separators, so that `latentDim` and `latent-dim` are found too.
_OTHER_NAMES = {
    "batch": "batch_size",
    "dilationrate": "dil_rate",
    "dilations": "dil_rate",
    "filters": "cnn_units",
    "hidden": "cnn_units",
    "kernelsize": "kernel",
    "latent": "J",
    "latentdim": "J",
    "learningrate": "lr",
    "name": "model_name",
    "nepochs": "epochs",
    "seqlen": "T",
    "strides": "strs",
    "validationsplit": "val_percent",
    "valsplit": "val_percent",
    "window": "T",
    "windowsize": "T",
    "zdim": "J",
}


def problem_line(details: ErrorDetails, fields: Mapping[str, FieldInfo]) -> str:
    """Write one line about a problem found by pydantic: key, expected values, received value.

    Args:
        details: the problem.
        fields: every key that a file may have.

    Returns:
        The line, without a period.
    """
    key, *place = details["loc"]
    if details["type"] == "extra_forbidden":
        return f"`{key}`: unknown key{_suggestion(str(key), fields)}"
    if details["type"] == "missing":
        return f"`{key}`: missing; expected {expected(fields[str(key)])}"
    if details["type"] == "value_error":
        return f"`{key}`: {details['ctx']['error']}"
    words = expected(fields[str(key)])
    if details["type"] in ("less_than_equal", "too_long"):
        words = _with_bound(words, fields[str(key)], details)
    if details["type"] == "finite_number":
        words = words.replace("a number", "a finite number")
    received = show(details["input"])
    position = f" as entry {int(place[0]) + 1}" if place else ""
    return f"`{key}`: expected {words}, received {received}{position}"


def _with_bound(words: str, field: FieldInfo, details: ErrorDetails) -> str:
    """Add the upper bound that was exceeded, with its reason, where it is not said anyway."""
    context = details["ctx"]
    if details["type"] == "too_long":
        return (
            words if key_of(field).values else f"{words}, at most {context['max_length']} of them"
        )
    if context["le"] < _UNSAID_FROM:
        return words
    why = key_of(field).why_not_more
    return f"{words}, at most {context['le']:,.0f}" + (f" ({why})" if why else "")


def _suggestion(unknown: str, fields: Mapping[str, FieldInfo]) -> str:
    """Return the end of a sentence about an unknown key: the key that may be meant, or ""."""
    other_name = re.sub(r"[-_ ]", "", unknown.casefold())
    if other_name in _OTHER_NAMES:
        return f"; did you mean `{_OTHER_NAMES[other_name]}`?"
    names = {key.casefold(): key for key in fields}
    names |= PAPER_LETTERS
    closest = difflib.get_close_matches(unknown.casefold(), names, n=1)
    return f"; did you mean `{names[closest[0]]}`?" if closest else ""


def expected(field: FieldInfo) -> str:
    """Describe the values that a field may have, with the reason where there is one."""
    words = allowed_values(field)
    return f"{words} ({key_of(field).why})" if key_of(field).why else words


def allowed_values(field: FieldInfo) -> str:
    """Describe the values that a field may have: its type and its range."""
    if key_of(field).values:
        return key_of(field).values
    kind: Any = field.annotation
    bounds = _bounds(field.metadata)
    if get_origin(kind) is tuple:
        return f"a list of {bounds['min_length']} or more whole numbers, each at least 1"
    may_be_null = get_origin(kind) in (UnionType, Union)
    if may_be_null:
        kind = get_args(kind)[0]
    if get_origin(kind) is Literal:
        *first, last = [json.dumps(value) for value in get_args(kind)] + ["null"] * may_be_null
        return f"{', '.join(first)} or {last}"
    if "ge" in bounds and bounds["ge"] == bounds.get("le"):
        return str(bounds["ge"])
    nouns = {int: "a whole number", float: "a number", bool: "true or false", str: "any text"}
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    limits = " and ".join(
        f"{words[name]} {bound}"
        for name, bound in bounds.items()
        if name != "le" or bound < _UNSAID_FROM
    )
    parts = [nouns[kind], limits, "or null" if may_be_null else ""]
    return ", ".join(part for part in parts if part)


def _bounds(metadata: list[Any]) -> dict[str, Any]:
    names = ("ge", "gt", "le", "lt", "min_length")
    return {name: getattr(rule, name) for rule in metadata for name in names if hasattr(rule, name)}
