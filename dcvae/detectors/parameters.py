"""Parameters of detectors: checked when they are used, and those of publications by data set."""

import math
from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from dcvae._text import all_quoted
from dcvae.errors import InputError


def whole_number(detector: Any, name: str, least: int = 1, most: int | None = None) -> int:
    """Return a parameter that must be a whole number; True and False are none.

    Args:
        detector: that has the parameter.
        name: of the parameter.
        least: smallest value.
        most: largest value; None for any.

    Raises:
        InputError: it is something else.
    """
    value: Any = getattr(detector, name)
    fits = isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least
    if not fits or (most is not None and value > most):
        upper = "" if most is None else f" and at most {most:,}"
        raise _refused(detector, name, f"a whole number of at least {least:,}{upper}")
    return int(value)


def number(
    detector: Any, name: str, least: float, most: float = math.inf, *, above: bool = False
) -> float:
    """Return a parameter that must be a number.

    Args:
        detector: that has the parameter.
        name: of the parameter.
        least: smallest value.
        most: largest value.
        above: whether it must be larger than the smallest.

    Raises:
        InputError: it is something else.
    """
    value: Any = getattr(detector, name)
    is_number = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not (is_number and least <= value <= most) or (above and value == least):
        lower = f"{'above' if above else 'of at least'} {least:g}"
        upper = "" if most == math.inf else f" and at most {most:g}"
        raise _refused(detector, name, f"a number {lower}{upper}")
    return float(value)


def one_of(detector: Any, name: str, known: Sequence[str]) -> str:
    """Return a parameter that must be one of some words.

    Args:
        detector: that has the parameter.
        name: of the parameter.
        known: the words.

    Raises:
        InputError: it is something else.
    """
    value = getattr(detector, name)
    if not isinstance(value, str) or value not in known:
        raise _refused(detector, name, f"one of {all_quoted(known)}")
    return value


def check_widths(detector: Any, name: str = "hidden") -> None:
    """Refuse widths of hidden layers that are not whole numbers of at least 1; None is taken.

    Raises:
        InputError: they are not.
    """
    value = getattr(detector, name)
    if value is None:
        return
    is_list = isinstance(value, Sequence) and not isinstance(value, str)
    if not is_list or not all(
        isinstance(width, Integral) and not isinstance(width, bool) and int(width) >= 1
        for width in value
    ):
        raise _refused(detector, name, "a list of whole numbers of at least 1, widths of layers")


def published_parameters(kind: Any, data_set: str) -> dict[str, Any]:
    """Return the published parameters of a kind of detector for a data set.

    Args:
        kind: class of detectors.
        data_set: one that its `published` has, in any case.

    Raises:
        InputError: there are none for it.
    """
    found = kind.published.get(data_set.casefold() if isinstance(data_set, str) else data_set)
    if found is None:
        known = f"one of {all_quoted(kind.published)}" if kind.published else "none, as it has none"
        raise InputError(
            f"Expected a data set for which parameters of {kind.title} were published, {known}. "
            f"Received: {data_set!r}. Make the detector with its defaults, or with parameters of "
            "your own."
        )
    return dict(found)


def _refused(detector: Any, name: str, expected: str) -> InputError:
    return InputError(
        f"Expected `{name}` of {detector.title} to be {expected}. "
        f"Received: {getattr(detector, name)!r}."
    )
