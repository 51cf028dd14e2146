"""Parameters of `DCVAEDetector`, and the settings that they stand for."""

import difflib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from dcvae._text import all_quoted
from dcvae.config import FIELDS, UNLIMITED, Settings, architecture_of, keys_of, preset
from dcvae.errors import InputError

# How files are read, and what commands print.
OF_FILES = ("resample", "time_zone", "by", "entity", "summary")
ADVICE = (
    "Give rows that are at one step already, with times in UTC, and the series of each machine in "
    "columns of their own."
)
_NOT_KEYS = ("settings", "verbose")
_SOURCE = "the parameters of DCVAEDetector"


def parameters_of(kind: type) -> dict[str, Any]:
    """Return the parameters of a detector that are keys of a settings file, with their defaults."""
    return {
        name: parameter.default
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in _NOT_KEYS
    }


def check_keys(names: Iterable[str], settings: Any, kind: type) -> None:
    """Check that names given to a detector are keys of a settings file, given once.

    Args:
        names: given by name, and no parameters of the detector.
        settings: further keys and values; what is no mapping is refused by `fit`.
        kind: the detector.

    Raises:
        TypeError: one is no key, as Python raises it for any function.
        InputError: one is given in `settings` too.
    """
    names = list(names)
    twice = [name for name in names if isinstance(settings, Mapping) and name in settings]
    if twice:
        raise InputError(
            f"Expected every key of {kind.__name__} once. Received {all_quoted(twice)} by name "
            "and in `settings`: give it one way."
        )
    known = _known(kind)
    for name in names:
        if name not in known:
            hint = suggestion(name, kind).replace(" Did", ". Did")
            raise TypeError(f"{kind.__name__} got an unexpected keyword argument '{name}'{hint}")


def _known(kind: type) -> set[str]:
    """Return the names of all parameters of a detector and of all keys of a settings file."""
    return {*inspect.signature(kind).parameters, *FIELDS} - {"keys"}


def suggestion(name: str, kind: type) -> str:
    """Return the name that may be meant by an unknown one, as a sentence; "" if none is near."""
    near = difflib.get_close_matches(name, _known(kind), n=1)
    return f" Did you mean `{near[0]}`?" if near else ""


def merged(settings: Any, keys: Mapping[str, Any]) -> Any:
    """Add keys that are given by name to those of `settings`, in a new dictionary.

    Args:
        settings: keys and values; None for none. What is neither is returned as it is: `fit`
            refuses it, as scikit-learn wants no error before.
        keys: further ones; they replace those of `settings`.
    """
    if not keys or not (settings is None or isinstance(settings, Mapping)):
        return settings
    return {**(settings or {}), **keys}


def settings_from(
    own: Mapping[str, Any], defaults: Mapping[str, Any], further: Mapping[str, Any]
) -> Settings:
    """Combine parameters, further keys and the recommended settings.

    Args:
        own: values of the parameters.
        defaults: defaults of the parameters. A parameter whose key the architecture does not have
            is left out if it has its default. Without an architecture, the other keys tell it, as
            in a file.
        further: further keys of a settings file.

    Raises:
        InputError: a key is about files, is given as a parameter too, or has a value that it may
            not have.
    """
    _refuse_keys(further, defaults)
    own, further, plain_defaults = (
        {key: _plain(value) for key, value in part.items()} for part in (own, further, defaults)
    )
    changed = {name: value for name, value in own.items() if value != plain_defaults[name]}
    # An architecture that is not known has no keys; all are checked then, to say so.
    known = keys_of(architecture_of(changed | further)) or tuple(own)
    # A default of None says nothing: what it stands for is told by the other keys.
    given = changed | {name: own[name] for name in known if own.get(name) is not None}
    recommended = {
        key: value
        for key, value in preset("recommended").items()
        if key in known and key not in defaults
    }
    values = recommended | given | further
    endless = {key: None for key in UNLIMITED if values.get(key) == float("inf")}
    return Settings.from_values(values | endless, _SOURCE)


def _refuse_keys(further: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Refuse keys that are about files, or that are parameters of their own."""
    of_files = [key for key in OF_FILES if key in further]
    if of_files:
        raise InputError(
            f"DCVAEDetector reads no files and takes no {all_quoted(of_files)}. {ADVICE}"
        )
    twice = [key for key in defaults if key in further]
    if twice:
        raise InputError(
            f"Expected {all_quoted(twice)} as a parameter of DCVAEDetector. Received it in "
            "`settings`: give it by name."
        )


def _plain(value: Any) -> Any:
    """Return a parameter as JSON has it: NumPy's numbers and arrays as Python's."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return [_plain(part) for part in value] if isinstance(value, list | tuple | range) else value
