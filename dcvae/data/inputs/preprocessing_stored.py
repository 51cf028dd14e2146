"""Preprocessor on disk: what each part of preprocessing.json must be."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

from dcvae._arrays import is_number
from dcvae.config import show
from dcvae.errors import InputError

OutliersOf = Literal["training", "each file"]


def check_stored(stored: dict[str, Any], names: Sequence[str], source: str) -> None:
    """Check the parts of a stored preprocessor.

    Args:
        stored: parsed JSON.
        names: names of all parts.
        source: names the file in messages.

    Raises:
        InputError: a part is missing, unknown or cannot be what training stored.
    """
    if set(stored) != set(names):
        raise InputError(
            f"{source} is damaged: expected the keys {sorted(names)}, received {sorted(stored)}. "
            "Train the model again."
        )
    series = stored["series"]
    number = len(series) if isinstance(series, list) else 0
    for key, (words, is_right) in _STORED.items():
        if not is_right(stored[key], number):
            words = words.format(number=number)
            raise InputError(
                f"{source} is damaged: expected `{key}` to be {words}, received "
                f"{show(stored[key])}. Train the model again."
            )
    lower, upper = stored["lower"], stored["upper"]
    pairs = zip(lower or [0.0], upper or [0.0], strict=False)
    if (lower is None) != (upper is None) or any(below > above for below, above in pairs):
        raise InputError(
            f"{source} is damaged: expected `lower` to be at most `upper` in every series, or "
            f"both null, received {show(lower)} and {show(upper)}. Train the model again."
        )


def _is_count(value: object, least: int) -> bool:
    """Tell whether a value is a whole number of rows, at least `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= 10**15


def _are_numbers(value: Any, number: int) -> bool:
    return isinstance(value, list) and len(value) == number and all(map(is_number, value))


_EACH = "a finite number for each of the {number} series"
# The expected value of each part of a stored preprocessor, in words, and its check, given the
# number of series. Names come first: their number is what the other lengths must be.
_STORED: dict[str, tuple[str, Callable[[Any, int], bool]]] = {
    "series": (
        "a list of one or more names, each once",
        lambda value, number: (
            number > 0
            and all(isinstance(name, str) for name in value)
            and len(set(value)) == number
        ),
    ),
    "mean": (_EACH, _are_numbers),
    "scale": (
        "a finite number above 0 for each of the {number} series",
        lambda value, number: _are_numbers(value, number) and all(part > 0 for part in value),
    ),
    "center": (_EACH, _are_numbers),
    "longest_constant": (
        "null or a whole number of at least 1 for each of the {number} series",
        lambda value, number: (
            isinstance(value, list)
            and len(value) == number
            and all(run is None or _is_count(run, 1) for run in value)
        ),
    ),
    "max_fill": (
        "null or a whole number of at least 0",
        lambda value, _: value is None or _is_count(value, 0),
    ),
    "max_std": (
        "null or a finite number above 0",
        lambda value, _: value is None or (is_number(value) and value > 0),
    ),
    **dict.fromkeys(
        ("lower", "upper"),
        ("null or " + _EACH, lambda value, number: value is None or _are_numbers(value, number)),
    ),
    "scores_filled": ("true or false", lambda value, _: isinstance(value, bool)),
    "outliers_of": (
        '"training" or "each file"',
        lambda value, _: value in get_args(OutliersOf),
    ),
}
