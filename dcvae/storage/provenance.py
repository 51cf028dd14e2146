"""Provenance of a model: its training data, versions, device and losses, as in run.json."""

import hashlib
import io
import math
import platform
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dcvae._archives import reason_of
from dcvae._arrays import is_number
from dcvae._version import __version__
from dcvae.config import show
from dcvae.data import Table, sampling_step
from dcvae.detection import microseconds
from dcvae.errors import InputError
from dcvae.pipeline import TrainingSummary
from dcvae.storage.atomic import sha256_of
from dcvae.storage.reading import is_time, read_json
from dcvae.training import EpochLosses


def source_record(table: Table, labels: Table | None = None) -> dict[str, Any]:
    """Collect the entries of run.json on training data; reads the files once more to hash them.

    Args:
        table: the training data, as read from a file.
        labels: their labels, likewise; None without.
    """
    record = {
        **_rows_record(table),
        "training_path": str(table.path.resolve()),
        "training_file_sha256": sha256_of(table.path),
    }
    if labels is not None:
        record["labels_file"] = labels.path.name
        record["labels_path"] = str(labels.path.resolve())
        record["labels_sha256"] = sha256_of(labels.path)
    return record


def memory_record(table: Table) -> dict[str, Any]:
    """Collect the entries of run.json on training data that are in no file.

    Args:
        table: the training data; the hash is of their numbers.

    Examples:
        >>> import pandas as pd
        >>> from dcvae.data import table_from_array
        >>> values = np.zeros((3, 1))
        >>> table = table_from_array(values, values, ["flow"], pd.Timedelta(minutes=5))
        >>> record = memory_record(table)
        >>> record["rows"], record["sampling_step_seconds"], record["training_path"]
        (3, 300.0, None)
    """
    numbers = np.ascontiguousarray(table.frame.to_numpy(dtype="<f8"))
    return {
        **_rows_record(table),
        "training_path": None,
        "training_file_sha256": hashlib.sha256(numbers.tobytes()).hexdigest(),
    }


def _rows_record(table: Table) -> dict[str, Any]:
    return {
        "series": list(table.frame.columns),
        "sampling_step_seconds": sampling_step(table.frame.index).total_seconds(),
        "training_file": table.path.name,
        "rows": len(table.frame),
        "first_time": str(table.frame.index[0]),
        "last_time": str(table.frame.index[-1]),
    }


def run_record(source: dict[str, Any], training: TrainingSummary) -> dict[str, Any]:
    """Collect the entries of run.json on a training.

    Args:
        source: from `source_record` or `memory_record`.
        training: record of the training.
    """
    split = training.split
    own: dict[str, str] = {} if training.engine is None else {"engine": training.engine}
    frameworks = dict(training.frameworks)
    if frameworks:
        own["backend"] = next(iter(frameworks))
    if training.engine is None:
        frameworks = {"scikit-learn": version("scikit-learn")}
    return {
        "versions": {
            "python": platform.python_version(),
            "dcvae": __version__,
            **frameworks,
            **{name: version(name) for name in ("numpy", "pandas")},
        },
        **own,
        "device": training.device,
        **source,
        "windows": {
            "train": len(split.train),
            "validation": len(split.validation),
            "left_out_across_gaps": split.across_gaps,
            "left_out_labeled": split.labeled,
        },
        **_epochs_record(training),
        "session_seconds": round(training.seconds, 3),
    }


def _epochs_record(training: TrainingSummary) -> dict[str, Any]:
    """Collect the entries on the epochs and losses of a network; none without one."""
    if training.result is None or training.losses is None:
        return {}
    state = training.result.state
    best = state.history[state.best_epoch - 1]
    return {
        "ending": training.result.ending,
        "epochs": len(state.history),
        "best_epoch": state.best_epoch,
        "best_losses": {
            name: None if math.isnan(value) else value for name, value in best._asdict().items()
        },
        "reference_losses": training.losses.to_dict(),
        **_trimmed_record(training),
    }


def _trimmed_record(training: TrainingSummary) -> dict[str, Any]:
    """Collect the entry on windows that `trim_windows` left out; none where none was ranked."""
    if training.result is None or not training.result.state.trimmed.size:
        return {}
    ranked, out = training.result.state.trimmed
    return {
        "trimmed": {
            "ranked": int(ranked.sum()),
            "left_out": int(out.sum()),
            "suspects": [
                {
                    "first_time": str(rows.first),
                    "last_time": str(rows.last),
                    "share": round(rows.share, 4),
                }
                for rows in training.suspects
            ],
        }
    }


_REFERENCE_LOSSES = ("windows", "reconst", "kl", "median", "percentile_95")


def read_run(path: Path, *, has_network: bool = True) -> dict[str, Any]:
    """Read run.json, and check all of it that is used.

    Args:
        path: run.json of a model.
        has_network: whether it has a network, whose losses must be there.

    Raises:
        InputError: it cannot be read, or an entry cannot be what a training wrote.
    """
    run = read_json(path)
    for name, (words, is_right) in _ENTRIES.items():
        if name == "best_losses" and not has_network and name not in run:
            continue
        if not is_right(run.get(name)):
            raise InputError(
                f"{path} is damaged: expected `{name}` to be {words}, received "
                f"{show(run.get(name))}. Train the model again."
            )
    return run


def _is_text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _are_losses(value: Any) -> bool:
    """Tell whether these are the losses of the best epoch, null where one is not known."""
    return isinstance(value, dict) and all(
        name in value and (value[name] is None or is_number(value[name]))
        for name in EpochLosses._fields
        if name not in ("epoch", "learning_rate")
    )


def _are_reference_losses(value: Any) -> bool:
    """Tell whether these are losses that files are compared with, or none: of an early version."""
    if value is None:
        return True
    # Without validation windows they are NaN.
    return isinstance(value, dict) and all(
        is_number(part) or (isinstance(part, float) and math.isnan(part))
        for part in (value.get(name) for name in _REFERENCE_LOSSES)
    )


def _are_counts(value: Any) -> bool:
    return value is None or (
        isinstance(value, dict)
        and all(isinstance(count, int) and is_number(count, least=0) for count in value.values())
    )


# The expected value of each entry that is used, in words, and its check.
_ENTRIES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "sampling_step_seconds": (
        "a number of seconds above 0",
        # A microsecond, the finest that times are written with, to a century.
        lambda value: is_number(value, least=1e-6, most=4e9),
    ),
    "best_losses": ("the losses of the best epoch", _are_losses),
    "reference_losses": ("the losses of windows", _are_reference_losses),
    "windows": ("numbers of windows", _are_counts),
    "best_epoch": (
        "the number of an epoch",
        lambda value: value is None or (isinstance(value, int) and is_number(value, 1, 1e9)),
    ),
    "last_time": ("a time", lambda value: value is None or is_time(value)),
    **dict.fromkeys(
        (
            *("training_file", "training_path", "training_file_sha256"),
            *("labels_file", "labels_path", "labels_sha256"),
        ),
        ("a text", _is_text_or_none),
    ),
}


def trained_until(run: Mapping[str, Any]) -> int | None:
    """Return the time of the last row of training, in microseconds, from run.json.

    None if a model of an earlier version lacks it.
    """
    last = run.get("last_time")
    return None if last is None else int(microseconds(pd.DatetimeIndex([last]))[0])


def read_history(path: Path, content: bytes | None) -> list[EpochLosses]:
    """Read the losses of every epoch of a training.

    Args:
        path: history.csv of a model, for the message.
        content: its content; None if there is none.

    Raises:
        InputError: the file is missing or damaged.
    """
    if content is None:
        raise InputError(f"{path} is missing. Train the model again, or put it back.")
    try:
        lines = pd.read_csv(io.BytesIO(content))[list(EpochLosses._fields)].itertuples(index=False)
        return [EpochLosses(int(epoch), *map(float, losses)) for epoch, *losses in lines]
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}). Train the model again."
        ) from error
