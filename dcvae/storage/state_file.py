"""States on disk, of a training and of fitted detectors: arrays, nothing pickled."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dcvae._archives import DAMAGED, check_arrays, reason_of
from dcvae._arrays import AnyArray
from dcvae._atomic import whole_file
from dcvae.errors import InputError, cannot_be_read
from dcvae.training import EpochLosses, TrainingState


def write_state(path: Path, state: TrainingState) -> None:
    """Write the state of a training whole or not at all."""
    arrays: dict[str, Any] = {f"last/{name}": value for name, value in state.last.items()}
    arrays |= {f"best/{name}": value for name, value in state.best.items()}
    if state.trimmed.size:
        arrays["trimmed"] = state.trimmed
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


def check_state(path: Path) -> None:
    """Check the heads of all arrays of a state, before any of them takes memory.

    Raises:
        InputError: the file is damaged: no archive of plain numbers as long as their heads say.
    """
    try:
        check_arrays(path)
    except DAMAGED as error:
        raise InputError(
            f"{path} is damaged and cannot be resumed from ({reason_of(error)}). Train without "
            "--resume."
        ) from error


def write_detectors(path: Path, arrays: Mapping[str, AnyArray]) -> None:
    """Write fitted detectors whole or not at all.

    Args:
        path: detector.npz; an earlier file is replaced.
        arrays: by their names, of numbers.
    """
    with whole_file(path) as stream:
        np.savez(stream, allow_pickle=False, **dict(arrays))


def check_detectors(path: Path) -> None:
    """Check the heads of all arrays of fitted detectors, before any of them takes memory.

    Raises:
        InputError: the file is damaged: no archive of plain numbers as long as their heads say.
    """
    try:
        check_arrays(path)
    except DAMAGED as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}). Train the model again."
        ) from error


def read_detectors(path: Path, content: bytes | None) -> dict[str, AnyArray]:
    """Read fitted detectors.

    Args:
        path: detector.npz, for the message.
        content: what the file held when it was checked; None if there was none.

    Raises:
        InputError: it is missing or damaged.
    """
    if content is None:
        raise InputError(f"{path} is missing. Train the model again, or put it back.")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            return dict(stored)
    except DAMAGED as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}). Train the model again."
        ) from error


def read_state(path: Path) -> TrainingState:
    """Read the state of a training.

    Raises:
        InputError: the file is damaged.
    """
    check_state(path)
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = dict(stored)
        numbers, losses = arrays.pop("numbers").tolist(), arrays.pop("history")
        trimmed = arrays.pop("trimmed", np.zeros((2, 0), dtype=np.int64))
        if trimmed.ndim != 2 or trimmed.dtype.kind != "i" or (trimmed < 0).any():
            raise ValueError(f"trimmed: {trimmed.dtype} of the shape {trimmed.shape}")
        history = tuple(EpochLosses(int(row[0]), *row[1:].tolist()) for row in losses)
        best_epoch, best_loss, reference_loss, waited = numbers
        epochs = [line.epoch for line in history]
        if epochs != list(range(1, len(epochs) + 1)) or not 0 <= best_epoch <= len(epochs):
            raise ValueError(f"best epoch {best_epoch:g} of the epochs {epochs[:3]} ...")
        if not (0 <= waited <= 1e9 and waited.is_integer() and best_epoch.is_integer()):
            raise ValueError(f"{waited:g} epochs without progress, best epoch {best_epoch:g}")
        parts: dict[str, dict[str, AnyArray]] = {"last": {}, "best": {}}
        for name, value in arrays.items():
            part, _, variable = name.partition("/")
            parts[part][variable] = value
        return TrainingState(
            history,
            int(best_epoch),
            best_loss,
            reference_loss,
            int(waited),
            last=parts["last"],
            best=parts["best"],
            trimmed=trimmed,
        )
    except OSError as error:
        raise InputError(cannot_be_read(path, error)) from error
    except (
        EOFError,
        ValueError,
        KeyError,
        TypeError,
        IndexError,
        OverflowError,
        zipfile.BadZipFile,
    ) as error:
        raise InputError(
            f"{path} is damaged and cannot be resumed from ({reason_of(error)}). Train without "
            "--resume."
        ) from error
