"""Model at rest: held by a lock, with everything done that a killed command had begun."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dcvae.errors import InputError
from dcvae.storage.changing.files import settle_files
from dcvae.storage.changing.folders import ASIDE, put_back
from dcvae.storage.changing.locks import NOT_ALLOWED, LockedError, lock
from dcvae.storage.changing.naming import Names, settle_name
from dcvae.storage.layout import RESULTS_FOLDER, RUN_FILE
from dcvae.storage.reading import read_json

WAIT = 10.0  # seconds for others, which hold the lock for a moment


@contextmanager
def settled(folder: Path, identity: Any = None) -> Iterator[Path]:
    """Hold a model at rest, to read or to write its files: nobody else changes it meanwhile.

    Args:
        folder: models/<model_name>, or its `.previous`.
        identity: `sha256` of the model's run.json, if it was opened before; None for whichever
            model has the name.

    Yields:
        The folder where the model is now: `.previous` if another has taken its name.

    Raises:
        InputError: another process holds the model for long, or the model is not there any more.
    """
    names = Names.of(folder)
    with held(names):
        try:
            settle_name(names)
        except OSError as error:
            if error.errno not in NOT_ALLOWED:
                raise  # else it is left to the next who may; what has the name now is whole
        for place in (folder,) if identity is None else (folder, names.previous):
            if place.is_dir() and identity in (None, _identity(place)):
                settle_files(place)
                for aside in (place / RESULTS_FOLDER).glob(f".*{ASIDE}"):
                    put_back(aside.with_name(aside.name.removeprefix(".").removesuffix(ASIDE)))
                yield place
                return
        if identity is None:
            yield folder
            return
        raise InputError(
            f"The model that was read from {folder} is not there any more: it was trained again or "
            "removed in the meantime. Nothing was written; run the command again."
        )


@contextmanager
def held(names: Names) -> Iterator[None]:
    """Hold the lock of a model, which may wait for others that hold it for a moment.

    Raises:
        InputError: another process holds it for long.
    """
    if not names.lock.parent.is_dir():
        yield
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(lock(names.lock, wait=WAIT))
        except LockedError as error:
            raise InputError(
                f"The model in {names.final} is being read or changed ({error}). Wait for the end "
                "of that, or stop it, and run the command again."
            ) from error
        yield


def _identity(folder: Path) -> Any:
    """Return what tells a model from another: the hashes of its files; None for one without."""
    try:
        return read_json(folder / RUN_FILE).get("sha256")
    except InputError:
        return None
