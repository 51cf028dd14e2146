"""Widths of layers as parameters of deep detectors: refused by name where they are none."""

from collections.abc import Sequence
from numbers import Integral

from dcvae.detectors.base import AnomalyDetector
from dcvae.errors import InputError


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
