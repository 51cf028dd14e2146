"""Network of a model on disk: a `.keras` file, the same bytes for the same weights."""

import importlib
import json
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcvae import _backend
from dcvae._archives import check_archive, reason_of
from dcvae.errors import InputError, describe_os_error
from dcvae.networks import NetworkInNumpy
from dcvae.storage.keras_format.writing import CONFIG, METADATA, save_weights, write_archive

if TYPE_CHECKING:  # importing it would import Keras
    from dcvae.networks import Autoencoder, Network

_SAVED_AT = "date_saved"
_WEIGHTS = "model.weights"  # how the name of their member begins
_ADDRESS = "shared_object_id"

# Parts of a network that a configuration may name: those that this project builds. Keras would make
# others too, and some of its parts run code or read files when they are made.
_OWN = "dcvae>"
_OWN_FUNCTIONS = ("bounded_log_variance", f"{_OWN}bounded_log_variance")
_KERAS_PARTS = {
    *("Functional", "InputLayer", "Activation", "BatchNormalization", "Dense", "RepeatVector"),
    *("SimpleRNN", "GRU", "LSTM", "DTypePolicy", "Ones", "Zeros", "GlorotUniform", "Orthogonal"),
    "__keras_tensor__",
}
_SIZES = ("units", "kernel_size", "dilation", "n")
_SHAPES = ("batch_shape", "input_shape", "shape")
_LARGEST_SIZE = 1_000_000
_LARGEST_CONFIG = 16 * 1024 * 1024
_MOST_ITEMS = 100_000  # of a file of weights; groups may lie within each other without end
_DAMAGED = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
_HEAD = 1024 * 1024  # bytes of a file of weights beside its numbers, at least


@_backend.keeping_random_states()
def save_network(network: "Network", path: Path) -> None:
    """Write a network, in Keras or in NumPy, whole or not at all.

    The file holds layers and weights: no optimizer (a training is resumed from its state file), no
    times and no addresses in memory.

    Args:
        network: the network.
        path: a path that ends in `.keras`; an earlier file is replaced.
    """
    if isinstance(network, NetworkInNumpy):
        save_weights(network.describe(), path)
        return
    temporary = path.with_name(f".{path.name}")  # Keras insists on the suffix
    in_keras: Any = network
    # What is built from its configuration has no optimizer.
    bare = type(in_keras).from_config(in_keras.get_config())
    bare.set_weights(in_keras.get_weights())
    try:
        bare.save(temporary)
        with zipfile.ZipFile(temporary) as written:
            members = {name: written.read(name) for name in written.namelist()}
        if METADATA in members:
            metadata = json.loads(members[METADATA])
            metadata.pop(_SAVED_AT, None)
            members[METADATA] = json.dumps(metadata).encode()
        if CONFIG in members:
            members[CONFIG] = _renumbered(members[CONFIG])
        write_archive(path, members)
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
    if content is None:  # else it was checked when the model was opened
        check_network(path)
    _backend.start()
    import keras

    from dcvae.networks import register_layers

    register_layers()
    try:
        with _file_of(path, content) as file:
            with zipfile.ZipFile(file) as archive:
                check_weights(archive)
            network: Autoencoder = keras.saving.load_model(file, compile=False)
        shape = (*network.encoder.input_shape[1:], network.latent_size)
    except (
        *(OSError, ValueError, TypeError, KeyError, IndexError, AttributeError, RuntimeError),
        *(OverflowError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
    ) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise InputError(describe_os_error(error)) from error
        raise InputError(
            f"{path} is damaged: it does not load ({reason_of(error)}). Train the model again."
        ) from error
    if shape != expected:
        raise InputError(
            f"{path} does not belong to this folder: expected (T, M, J) = {expected}, received "
            f"{shape}. Train the model again."
        )
    return network


def check_network(path: Path) -> None:
    """Check a file of a network without Keras: its sizes, and that it names nothing but layers.

    Args:
        path: a file that `save_network` wrote.

    Raises:
        InputError: it is no such file.
    """
    try:
        sizes = check_archive(path)
        if sizes.get(CONFIG, 0) > _LARGEST_CONFIG:
            raise ValueError(f"{CONFIG} has {sizes[CONFIG]:,} bytes")
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read(CONFIG)) if CONFIG in sizes else {}
        weights = 0
        for part in _parts(config):
            _check_part(part)
            weights += _fewest_weights(part)
        available = sizes.get(name_of_weights(sizes), 0)
        if 4 * weights > available + _HEAD:
            raise ValueError(f"layers of {weights:,} weights in {available:,} bytes")
    except (*_DAMAGED, RecursionError) as error:
        raise InputError(
            f"{path} is damaged ({reason_of(error)}). Train the model again."
        ) from error


def _parts(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a configuration; not how it was compiled, which is not read."""
    left = [config]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield part
            left += [value for key, value in part.items() if key != "compile_config"]
        elif isinstance(part, list):
            left += part


def _check_part(part: dict[str, Any]) -> None:
    """Raise ValueError for an object that is not of this project's networks, or is endless."""
    if "class_name" in part:
        name, registered = part["class_name"], part.get("registered_name")
        is_own = isinstance(registered, str) and registered.startswith(_OWN)
        module = str(part.get("module") or "keras")
        is_function = name == "function" and part.get("config") in _OWN_FUNCTIONS
        if not (
            is_function
            or (is_own and module.startswith("dcvae."))
            or (isinstance(name, str) and name in _KERAS_PARTS and module.split(".")[0] == "keras")
        ):
            raise ValueError(f"it names {name!r} of {module!r}, which is no part of a network here")
    numbers = [part.get(key) for key in _SIZES]
    for key in _SHAPES:
        shape = part.get(key)
        numbers += shape if isinstance(shape, list) else []
    for number in numbers:
        if isinstance(number, int | float) and not 0 <= number <= _LARGEST_SIZE:
            raise ValueError(f"a layer of size {number:g}")


def _fewest_weights(part: dict[str, Any]) -> int:
    """Return the fewest weights of a layer, by its units and by what it was built for."""
    config, built = part.get("config"), part.get("build_config")
    units = config.get("units") if isinstance(config, dict) else None
    if not isinstance(config, dict) or not isinstance(units, int):
        return 0
    shape = built.get("input_shape") if isinstance(built, dict) else None
    channels = shape[-1] if isinstance(shape, list) and shape else 1
    taps = config.get("kernel_size", 1)
    sizes = [size if isinstance(size, int) else 1 for size in (channels, taps)]
    return units * sizes[0] * sizes[1]


def name_of_weights(names: Iterable[str]) -> str:
    """Return the name of the member with the weights, "" without one."""
    return next((name for name in names if name.startswith(_WEIGHTS)), "")


def check_weights(archive: zipfile.ZipFile) -> None:
    """Raise ValueError for a file of weights that is more than plain numbers within itself.

    HDF5 may declare arrays without end that take no space in the file, and refer to other files.

    Args:
        archive: a file of a network.
    """
    hdf = importlib.import_module("h5py")
    name = name_of_weights(archive.namelist())
    if not name:
        raise ValueError("its weights are missing")
    size = archive.getinfo(name).file_size
    with archive.open(name) as member, hdf.File(member, "r") as weights:
        left, total, met = [weights], 0, 0
        while left:
            group = left.pop()
            for name in group:
                met += 1
                if not isinstance(group.get(name, getlink=True), hdf.HardLink) or met > _MOST_ITEMS:
                    raise ValueError(f"weights {name!r} are elsewhere")
                item = group[name]
                if isinstance(item, hdf.Group):
                    left.append(item)
                    continue
                if item.is_virtual or item.external or item.dtype.kind not in "fiub":
                    raise ValueError(f"weights {name!r} are no array of numbers")
                total += item.nbytes
        if total > size:
            raise ValueError(f"{total:,} bytes of weights in {size:,}")


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
