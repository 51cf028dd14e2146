"""Network of a model on disk: a `.keras` file, the same bytes for the same weights."""

import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcvae import _backend
from dcvae.errors import InputError, describe_os_error
from dcvae.storage.atomic import whole_file

if TYPE_CHECKING:  # importing it would import Keras
    from dcvae.networks import Autoencoder

_METADATA = "metadata.json"
_SAVED_AT = "date_saved"
_CONFIG = "config.json"
_ADDRESS = "shared_object_id"
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip archive can write


@_backend.keeping_random_states()
def save_network(network: "Autoencoder", path: Path) -> None:
    """Write a network whole or not at all.

    The file holds layers and weights: no optimizer (a training is resumed from its state file), no
    times and no addresses in memory.

    Args:
        network: the network.
        path: a path that ends in `.keras`; an earlier file is replaced.
    """
    temporary = path.with_name(f".{path.name}")  # Keras insists on the suffix
    # What is built from its configuration has no optimizer.
    bare = type(network).from_config(network.get_config())
    bare.set_weights(network.get_weights())
    try:
        bare.save(temporary)
        with (
            zipfile.ZipFile(temporary) as written,
            whole_file(path) as stream,
            zipfile.ZipFile(stream, "w") as archive,
        ):
            for name in written.namelist():
                content = written.read(name)
                if name == _METADATA:
                    metadata = json.loads(content)
                    metadata.pop(_SAVED_AT, None)
                    content = json.dumps(metadata).encode()
                elif name == _CONFIG:
                    content = _renumbered(content)
                archive.writestr(zipfile.ZipInfo(name, _EARLIEST), content)
    finally:
        temporary.unlink(missing_ok=True)


def _renumbered(config: bytes) -> bytes:
    """Number the objects that layers share from 1: Keras writes where in memory they lay."""
    numbers: dict[int, int] = {}

    def renumber(part: dict[str, Any]) -> dict[str, Any]:
        if _ADDRESS in part:
            part[_ADDRESS] = numbers.setdefault(part[_ADDRESS], len(numbers) + 1)
        return part

    return json.dumps(json.loads(config, object_hook=renumber)).encode()


@_backend.keeping_random_states()
def load_network(
    path: Path, expected: tuple[int, int, int], content: bytes | None = None
) -> "Autoencoder":
    """Read a network (imports Keras).

    Args:
        path: a file that `save_network` wrote.
        expected: window length T, number of series M, and numbers of a latent vector J.
        content: what the file held when the model was read; None to read it now.

    Raises:
        InputError: the file is damaged or holds another network than expected.
    """
    _backend.start()
    import keras

    from dcvae.networks import register_layers

    register_layers()
    try:
        with _file_of(path, content) as file:
            network: Autoencoder = keras.saving.load_model(file, compile=False)
        shape = (*network.encoder.input_shape[1:], network.latent_size)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(describe_os_error(error)) from error
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else type(error).__name__
        raise InputError(
            f"{path} is damaged: it does not load ({reason}). Train the model again."
        ) from error
    if shape != expected:
        raise InputError(
            f"{path} does not belong to this folder: expected (T, M, J) = {expected}, received "
            f"{shape}. Train the model again."
        )
    return network


@contextmanager
def _file_of(path: Path, content: bytes | None) -> Iterator[Path]:
    """Yield a file with a content, for Keras, which reads nothing but files."""
    if content is None:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        copy.write_bytes(content)
        yield copy
