"""Parameters of deep detectors: refused with their names where no training can have them."""

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real

from dcvae.detectors.base import AnomalyDetector
from dcvae.errors import InputError


def check_number(
    detector: AnomalyDetector,
    name: str,
    *,
    least: float,
    above: bool = False,
    most: float = math.inf,
    whole: bool = False,
) -> None:
    """Refuse a parameter that is no number within bounds.

    Args:
        detector: whose parameter it is.
        name: of the parameter.
        least: the least value that is taken.
        above: whether the least value itself is refused.
        most: the largest value that is taken.
        whole: whether it must be a whole number.

    Raises:
        InputError: it is not.
    """
    value = getattr(detector, name)
    kind = Integral if whole else Real
    fits = isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)
    if fits and (least < value if above else least <= value) and value <= most:
        return
    bound = f"above {least:g}" if above else f"of at least {least:g}"
    if most < math.inf:
        bound += f" and at most {most:g}"
    raise InputError(
        f"Expected `{name}` of {detector.title} to be a {'whole ' if whole else ''}number {bound}. "
        f"Received: {value!r}."
    )


def check_word(detector: AnomalyDetector, name: str, words: Iterable[str]) -> None:
    """Refuse a parameter that is none of some words.

    Raises:
        InputError: it is not.
    """
    value = getattr(detector, name)
    if value not in tuple(words):
        known = ", ".join(f'"{word}"' for word in words)
        raise InputError(
            f"Expected `{name}` of {detector.title} to be one of {known}. Received: {value!r}."
        )


def check_hidden(detector: AnomalyDetector, name: str = "hidden") -> None:
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
        raise InputError(
            f"Expected `{name}` of {detector.title} to be a list of whole numbers of at least 1, "
            f"widths of layers. Received: {value!r}."
        )
