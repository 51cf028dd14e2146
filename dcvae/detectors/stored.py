"""Detectors on disk: one file of arrays, and of what they are, nothing pickled."""

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dcvae._archives import DAMAGED, check_arrays, reason_of
from dcvae._arrays import AnyArray
from dcvae._atomic import whole_file
from dcvae._text import all_quoted
from dcvae.errors import InputError, cannot_be_read, describe_os_error

_FORMAT = 1
_STATE = "state/"
# What arrays raise that no fit has made, where a detector did not look for it.
_NOT_OF_A_FIT = (ValueError, TypeError, LookupError, ArithmeticError)


def write_detector(detector: Any, path: Path) -> None:
    """Write a fitted detector to a file, whole or not at all.

    Args:
        detector: fitted.
        path: of the file; that of an earlier detector is replaced.

    Raises:
        InputError: the file cannot be written, something else is there, or a parameter is no plain
            value.
    """
    arrays = {f"{_STATE}{name}": array for name, array in detector.to_arrays().items()}
    about = {"format": _FORMAT, **_described(detector), "columns": None}
    if hasattr(detector, "feature_names_in_"):
        about["columns"] = [str(name) for name in detector.feature_names_in_]
    arrays["about"] = np.frombuffer(json.dumps(about).encode("utf-8"), dtype=np.uint8)
    if hasattr(detector, "threshold_"):
        arrays["threshold"] = np.array([detector.threshold_], dtype=np.float64)
    try:
        if path.exists() and not _is_of_a_detector(path):
            raise InputError(
                f"{path} is in the way: it holds no detector. Move it elsewhere, or choose another "
                "name."
            )
        with whole_file(path) as stream:
            np.savez(stream, allow_pickle=False, **arrays)
    except OSError as error:
        raise InputError(describe_os_error(error)) from error


def read_detector(kind: Any, path: Path) -> Any:
    """Read a fitted detector.

    Args:
        kind: class of the detector; an abstract one stands for all that are registered.
        path: of a file that `write_detector` wrote.

    Returns:
        The detector, fitted.

    Raises:
        InputError: there is no such file, it is damaged, or it holds another kind of detector.
    """
    if path.is_dir():
        raise InputError(
            f"{path} is a folder, not a file that `save` of a detector of rows wrote. A model is "
            "loaded by DCVAEDetector.load."
        )
    try:
        arrays = _read(path)
        about = _about(arrays)
    except OSError as error:
        raise InputError(cannot_be_read(path, error)) from error
    except (*DAMAGED, RecursionError) as error:
        raise InputError(
            f"{path} is damaged, or holds no detector ({reason_of(error)}). Fit the detector again "
            "and save it."
        ) from error
    detector = _made(kind, about, path)
    try:
        parts = {n.removeprefix(_STATE): x for n, x in arrays.items() if n.startswith(_STATE)}
        detector.from_arrays(parts)
        _take_names(detector, about["columns"])
        if "threshold" in arrays:
            if arrays["threshold"].shape != (1,) or not np.isfinite(arrays["threshold"][0]):
                raise ValueError("`threshold` is not one finite number")
            detector.threshold_ = float(arrays["threshold"][0])
    except _NOT_OF_A_FIT as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}). Fit the detector again and save it."
        ) from error
    return detector


def _read(path: Path) -> dict[str, AnyArray]:
    check_arrays(path)
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        return dict(stored)


def _is_of_a_detector(path: Path) -> bool:
    try:
        return bool(_about(_read(path)))
    except (*DAMAGED, RecursionError):
        return False


def _about(arrays: Mapping[str, AnyArray]) -> dict[str, Any]:
    """Return what a file says of its arrays; ValueError if it says nothing of the kind."""
    if "about" not in arrays or arrays["about"].dtype != np.uint8:
        raise ValueError("it does not say which detector it holds")
    about = json.loads(arrays["about"].tobytes().decode("utf-8"))
    keys = {"format": int, "detector": str, "parameters": dict, "columns": list | None}
    if not isinstance(about, dict) or set(about) != set(keys):
        raise ValueError("it does not say which detector it holds")
    for key, kind in keys.items():
        if not isinstance(about[key], kind) or isinstance(about[key], bool):
            raise ValueError(f"`{key}` is {about[key]!r}")
    if about["format"] != _FORMAT:
        raise ValueError(f"its format is {about['format']}, this version reads {_FORMAT}")
    return about


def _described(detector: Any) -> dict[str, Any]:
    """Return name and parameters of a detector as plain values."""
    parameters = detector.get_params(deep=False)
    return {
        "detector": _name_of(type(detector)),
        "parameters": {name: _plain(detector, name, x) for name, x in parameters.items()},
    }


def _name_of(kind: Any) -> str:
    return str(vars(kind).get("name", kind.__name__))


def _plain(detector: Any, name: str, value: Any) -> Any:
    """Return a parameter as JSON has it: numbers, words, lists, and detectors within detectors."""
    if hasattr(value, "decision_function") and hasattr(value, "get_params"):
        return _described(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, list | tuple):
        return [_plain(detector, name, part) for part in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise InputError(
        f"Expected `{name}` of {detector.title} to be a number, a word or a list of these, to be "
        f"saved. Received: {value!r}."
    )


def _made(asked: Any, about: Mapping[str, Any], path: Path) -> Any:
    """Make the detector that a file tells of, not fitted."""
    kind, told = _kind(asked, about["detector"], path), about["parameters"]
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(kind).parameters.items()
    }
    unknown = [name for name in told if name not in defaults]
    if unknown:
        raise InputError(
            f"{path} was saved by another version: {kind.title} has no parameter "
            f"{all_quoted(unknown)}. Use that version, or fit the detector again and save it."
        )
    values = {}
    for name, value in told.items():
        if isinstance(value, dict) and set(value) == {"detector", "parameters"}:
            value = _made(None, value, path)
        elif not _fits(value, defaults[name]):
            raise InputError(
                f"{path} is damaged (`{name}` of {kind.title} is {value!r}). Fit the detector "
                "again and save it."
            )
        values[name] = value
    return kind(**values)


def _kind(asked: Any, told: Any, path: Path) -> Any:
    """Return the class of the detector in a file, if it is one of those that are asked for."""
    from dcvae.detectors.registry import detector_names, make_detector

    is_registered = isinstance(told, str) and told in detector_names()
    if asked is not None and not inspect.isabstract(asked):
        if told == _name_of(asked):
            return asked
        found = f"`{told}`: load it by AnomalyDetector.load" if is_registered else f"{told!r}"
        raise InputError(
            f"Expected a file with a detector of the kind `{_name_of(asked)}`. Received {path}, "
            f"which holds one of the kind {found}."
        )
    if not is_registered:
        raise InputError(
            f"{path} holds a detector of the kind {told!r}, which this version does not have. Load "
            "it by the class that saved it, or fit a detector again and save it."
        )
    return type(make_detector(told))


def _fits(value: Any, default: Any) -> bool:
    """Tell whether a stored value may stand in the place of a default."""
    if isinstance(value, list):
        return default is None or isinstance(default, list | tuple)
    if isinstance(value, dict):
        return False
    if value is None or default is None or default is inspect.Parameter.empty:
        return True
    if isinstance(value, bool) or isinstance(default, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    if isinstance(default, float | int):
        return isinstance(value, float | int)
    return isinstance(value, str) and isinstance(default, str)


def _take_names(detector: Any, names: list[Any] | None) -> None:
    if names is None:
        return
    if len(names) != detector.n_features_in_ or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{len(names)} names of {detector.n_features_in_} columns")
    detector.feature_names_in_ = np.array(names, dtype=object)
