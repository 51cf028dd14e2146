"""State of a training on disk, from which it is resumed: arrays, nothing pickled."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from dcvae._arrays import AnyArray
from dcvae.errors import InputError, cannot_be_read
from dcvae.storage.atomic import whole_file
from dcvae.training import EpochLosses, TrainingState


def write_state(path: Path, state: TrainingState) -> None:
    """Write the state of a training whole or not at all."""
    arrays: dict[str, Any] = {f"last/{name}": value for name, value in state.last.items()}
    arrays |= {f"best/{name}": value for name, value in state.best.items()}
    arrays["history"] = np.array(state.history, dtype=np.float64)
    arrays["numbers"] = np.array(
        [
            state.best_epoch,
            state.best_loss,
            state.reference_loss,
            state.epochs_without_progress,
        ],
        dtype=np.float64,
    )
    with whole_file(path) as stream:
        np.savez(stream, allow_pickle=False, **arrays)


def read_state(path: Path) -> TrainingState:
    """Read the state of a training.

    Raises:
        InputError: the file is damaged.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = dict(stored)
        numbers = arrays.pop("numbers")
        history = tuple(
            EpochLosses(int(row[0]), *row[1:].tolist()) for row in arrays.pop("history")
        )
        parts: dict[str, dict[str, AnyArray]] = {"last": {}, "best": {}}
        for name, value in arrays.items():
            part, _, variable = name.partition("/")
            parts[part][variable] = value
        return TrainingState(
            history,
            int(numbers[0]),
            float(numbers[1]),
            float(numbers[2]),
            int(numbers[3]),
            last=parts["last"],
            best=parts["best"],
        )
    except OSError as error:
        raise InputError(cannot_be_read(path, error)) from error
    except (
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        zipfile.BadZipFile,
    ) as error:
        raise InputError(
            f"{path} is damaged and cannot be resumed from ({error}). Train without --resume."
        ) from error
