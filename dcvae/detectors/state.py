"""State of a fitted detector: arrays of numbers, checked when taken; kept if another fit fails."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from sklearn.base import BaseEstimator

from dcvae._arrays import AnyArray


def check_state(
    arrays: Mapping[str, AnyArray], shapes: Mapping[str, tuple[str, ...]], **lengths: int
) -> dict[str, int]:
    """Check that arrays are finite numbers of the shapes that they should have.

    Args:
        arrays: by their names.
        shapes: of each array, in words; equal words stand for equal lengths, numbers for
            themselves.
        **lengths: words whose length is known.

    Returns:
        The length that each word stands for.

    Raises:
        ValueError: an array is missing, is one too many, or is not such numbers.

    Examples:
        >>> arrays = {"center": np.zeros(3), "axes": np.eye(3)[:2]}
        >>> check_state(arrays, {"center": ("series",), "axes": ("axis", "series")})
        {'series': 3, 'axis': 2}
    """
    if set(arrays) != set(shapes):
        raise ValueError(f"arrays {sorted(arrays)} where {sorted(shapes)} are expected")
    known = dict(lengths)
    for name, words in shapes.items():
        array = arrays[name]
        if array.dtype.kind not in "fi" or not np.isfinite(array).all():
            raise ValueError(f"`{name}` is not of finite numbers")
        if len(words) == array.ndim:
            sizes = zip(words, array.shape, strict=True)
            fits = [
                (int(word) if word.isdigit() else known.setdefault(word, size)) == size > 0
                for word, size in sizes
            ]
        if len(words) != array.ndim or not all(fits):
            raise ValueError(f"`{name}` has the shape {array.shape}")
    return known


@contextmanager
def whole_or_unchanged(detector: BaseEstimator) -> Iterator[None]:
    """Give a detector back all attributes that it had if a fit of it fails.

    Args:
        detector: fitted before, or not.

    Yields:
        None.
    """
    before = vars(detector).copy()
    try:
        yield
    except BaseException:
        vars(detector).clear()
        vars(detector).update(before)
        raise
