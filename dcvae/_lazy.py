"""Exports of a package that are imported on first use.

`import dcvae` and an error message about an argument must not wait for pandas, scikit-learn or
Keras, and yet `from dcvae.networks import Autoencoder` must work. A package lists its names by
module; a type checker reads the same from imports under `TYPE_CHECKING`.
"""

from __future__ import annotations

import importlib
import sys

TYPE_CHECKING = False  # a type checker takes it for True; these take longer than all else here
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def lazy_exports(
    package: str, modules: Mapping[str, Sequence[str]]
) -> tuple[list[str], Callable[[str], object], Callable[[], list[str]]]:
    """Make the `__all__`, `__getattr__` and `__dir__` of a package.

    Args:
        package: its name.
        modules: names to export, by the full name of the module that holds them.

    Returns:
        The names, sorted; a function that imports one; a function that lists all names of the
        package.
    """
    places = {name: module for module, names in modules.items() for name in names}

    def get(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(places[name]), name)
        setattr(sys.modules[package], name, value)  # later look-ups find it without this function
        return value

    def listed() -> list[str]:
        return sorted({*vars(sys.modules[package]), *places})

    return sorted(places), get, listed
