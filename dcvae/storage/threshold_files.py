"""Files of thresholds: alphas, alarm, and the data that they were fitted to."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcvae._archives import reason_of
from dcvae.config import DataKeys, Settings
from dcvae.data import Table
from dcvae.detection import Thresholds
from dcvae.errors import InputError
from dcvae.storage.atomic import as_json, sha256_of
from dcvae.storage.layout import ALARMS_FILE, ALPHAS_FILE, ALPHAS_SOURCE_FILE
from dcvae.storage.reading import is_time, parse_json

_READ_BY = ("time_column", "ignore", "missing_values", "by", "entity", "time_zone")


def read_by(keys: DataKeys) -> dict[str, Any]:
    """Return the keys that say how a file is read and what of it, as JSON has their values.

    Examples:
        >>> from dcvae.config import DataKeys
        >>> found = read_by(DataKeys(by="host", entity="web1"))
        >>> found["by"], found["entity"], found["ignore"], found["time_zone"]
        (['host'], 'web1', [], None)
    """
    found = {name: getattr(keys, name) for name in _READ_BY}
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in found.items()
    }


def was_read_by(source: Mapping[str, Any], keys: DataKeys) -> dict[str, Any]:
    """Return the keys that a recorded file was read by.

    Args:
        source: the record, of which an earlier version may lack some.
        keys: those of now, which hold for what is not recorded.
    """
    return {name: source.get(name, value) for name, value in read_by(keys).items()}


def with_keys(settings: Settings, read: Mapping[str, Any], path: Path) -> Settings:
    """Return settings that read a file by recorded keys.

    Args:
        settings: all other keys.
        read: from `was_read_by`.
        path: of the record, for the message.

    Raises:
        InputError: what was recorded cannot be values of these keys.
    """
    try:
        keys = DataKeys.model_validate(dict(read))
    except ValueError as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}). Run alpha_definition.py again."
        ) from error
    return settings.model_copy(update={name: getattr(keys, name) for name in read})


def threshold_texts(
    thresholds: Thresholds, series: Sequence[str], source: dict[str, Any]
) -> dict[str, str]:
    """Return the texts of the files of thresholds, by file names.

    Args:
        thresholds: alphas and alarm.
        series: names of the series, in the network's order.
        source: from `source_of_files` or `source_of_training`.
    """
    name, offline = source["data"], thresholds.offline
    frame = thresholds.alphas.to_frame().assign(data=name)
    alphas = frame.to_csv(index=False, lineterminator="\n")
    hashed = {"alphas_sha256": hashlib.sha256(alphas.encode()).hexdigest(), **source}
    return {
        ALPHAS_FILE: alphas,
        ALPHAS_SOURCE_FILE: as_json(hashed),
        ALARMS_FILE: as_json(
            {"data": name, **thresholds.alarm.to_dict(series)}
            | ({} if offline is None else {"offline": offline.to_dict(series)})
        ),
    }


def source_of_files(data: Table, labels: Table | None, settings: Settings) -> dict[str, Any]:
    """Record the files that thresholds were fitted to, and how they were read."""
    return {
        "data": data.path.name,
        "data_path": str(data.path.resolve()),
        "data_sha256": sha256_of(data.path),
        "labels_path": None if labels is None else str(labels.path.resolve()),
        "labels_sha256": None if labels is None else sha256_of(labels.path),
        **read_by(settings),
        "sigma": settings.sigma,
        "first_time": str(data.frame.index[0]),
        "last_time": str(data.frame.index[-1]),
    }


def source_of_training(run: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """Record the training file, from run.json, as the data that thresholds were fitted to."""
    return {
        "data": run["training_file"],
        "data_path": run["training_path"],
        "data_sha256": run["training_file_sha256"],
        "labels_path": None,
        "labels_sha256": None,
        **read_by(settings),
        "sigma": settings.sigma,
        "first_time": run["first_time"],
        "last_time": run["last_time"],
    }


def parse_source(content: bytes, path: Path) -> dict[str, Any]:
    """Parse alphas_source.json.

    Args:
        content: of the file.
        path: of the file, for the message.

    Raises:
        InputError: it is damaged, or lacks what was recorded.
    """
    source = parse_json(content, path)
    texts = ("data", "first_time", "last_time")
    paths = ("data_path", "data_sha256", "labels_path", "labels_sha256", "time_zone", "sigma")
    if not (
        all(isinstance(source.get(name), str) for name in texts)
        and all(isinstance(source.get(name), str | None) for name in paths)
        and {"data_path", "data_sha256", "labels_path"} <= source.keys()
        and is_time(source["first_time"])
        and is_time(source["last_time"])
    ):
        raise InputError(
            f"{path} is damaged: expected paths and hashes as texts, times as 2021-01-31 00:00:00. "
            "Run alpha_definition.py again."
        )
    return source


@dataclass(frozen=True)
class ThresholdSource:
    """The data that thresholds were fitted to, next to the file that they are used on.

    Attributes:
        data: name of the file that they were fitted to.
        first_time: time of its first row.
        last_time: time of its last row.
        has_labels: whether it had labels; otherwise all rows were taken to be normal.
        is_this_file: whether it had labels and is the file that the thresholds are used on, read
            for the same entity.
    """

    data: str
    first_time: str
    last_time: str
    has_labels: bool
    is_this_file: bool
