"""Writing of networks in the format of Keras, the same bytes as Keras writes for them."""

import importlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dcvae._arrays import Float32Array
from dcvae._atomic import whole_file
from dcvae.networks import ConvolutionSide, NetworkWeights
from dcvae.storage.keras_format.configuration import (
    HEADS,
    NETWORK,
    SAMPLING,
    configuration_of,
    convolutional_sides,
)

METADATA = "metadata.json"
CONFIG = "config.json"
WEIGHTS = "model.weights.h5"

_KERAS = "3.15.1"  # whose format this is, where no Keras is installed
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # that a zip archive can write


def save_weights(weights: NetworkWeights, path: Path) -> None:
    """Write a DC-VAE whole or not at all, for `keras.saving.load_model`.

    The file has the bytes that `save_network` writes for the network. The state of the latent draws
    is no part of it: a network that is loaded begins them anew.

    Args:
        weights: of the network, of `architecture` "dc-vae".
        path: a path that ends in `.keras`; an earlier file is replaced.

    Raises:
        ValueError: it is a network of another architecture.
    """
    config = json.dumps(configuration_of(weights)).encode()
    metadata = json.dumps({"keras_version": _keras_version()}).encode()
    write_archive(path, {METADATA: metadata, CONFIG: config, WEIGHTS: _hdf_of(weights)})


def write_archive(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a zip archive whole or not at all, without times.

    Args:
        path: path of the file; an earlier file is replaced.
        members: content of each member by its name, in the order of the archive.
    """
    with whole_file(path) as stream, zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), content)


def _keras_version() -> str:
    try:
        return version("keras")
    except PackageNotFoundError:
        return _KERAS


def _hdf_of(weights: NetworkWeights) -> bytes:
    """Return the HDF5 file of the weights, its groups made in the order in which Keras does."""
    encoder, decoder = convolutional_sides(weights)
    hdf = importlib.import_module("h5py")
    stream = io.BytesIO()
    with hdf.File(stream, "w", libver="earliest", track_order=False) as file:
        _add(file, "", NETWORK)
        _add_side(file, "decoder", decoder)
        _add_side(file, "encoder", encoder)
        _add(file, f"layers/{SAMPLING}", SAMPLING)
    return stream.getvalue()


def _add_side(file: Any, name: str, side: ConvolutionSide) -> None:
    """Add encoder or decoder; Keras numbers the layers of each class."""
    _add(file, name, name)
    _add(file, f"{name}/layers/input_layer", f"{name}_input")
    for number, layer in enumerate(side.hidden):
        suffix = f"_{number}" if number else ""
        own = (layer.kernel, layer.bias)
        path = f"{name}/layers/dilated_causal_conv{suffix}"
        _add(file, path, f"{name}_conv_{number + 1}", own)
        if layer.norm is not None:
            norm = layer.norm
            statistics = (norm.gamma, norm.beta, norm.mean, norm.variance)
            path = f"{name}/layers/batch_normalization{suffix}"
            _add(file, path, f"{name}_norm_{number + 1}", statistics)
    _add(file, f"{name}/layers/conv_heads", f"{name}_heads")
    for number, (head_name, head) in enumerate(zip(HEADS[name], side.heads, strict=True)):
        suffix = f"_{number}" if number else ""
        path = f"{name}/layers/conv_heads/heads/dilated_causal_conv{suffix}"
        _add(file, path, head_name, (head.kernel, head.bias))


def _add(file: Any, path: str, name: str, arrays: Iterable[Float32Array] = ()) -> None:
    """Add the variables of a layer, and the name of the layer."""
    group = file.create_group(path) if path else file
    variables = group.create_group("vars")
    variables.attrs["name"] = name
    for number, array in enumerate(arrays):
        variables[str(number)] = array
