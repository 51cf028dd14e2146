"""Settings files of the package: the published ones, and recommended ones.

The files are in `presets/`, so that an installed package has them; those in the project's folder
`settings/` are the same.
"""

from importlib import resources
from typing import Any

from dcvae.config.json_file import parse_object
from dcvae.config.keys.properties import ARCHITECTURE_TRAITS, Architecture
from dcvae.config.settings import Settings, architecture_of, keys_of
from dcvae.errors import InputError

_OF_LAYERS = ("layer_type", "rnn_units", "hidden_size", "embedding_size", "loss")
_FOLDER = "presets"


def preset_names() -> tuple[str, ...]:
    """Return the names of the settings files of the package.

    Returns:
        Names without suffix, in alphabetical order.

    Examples:
        >>> from dcvae.config import preset_names
        >>> preset_names()
        ('model_settings', 'recommended', 'rnn_vae_settings', 'sample', 'seq2seq')
    """
    files = (resources.files("dcvae.config") / _FOLDER).iterdir()
    return tuple(sorted(file.name.removesuffix(".txt") for file in files))


def preset_text(name: str) -> str:
    """Return the text of a settings file of the package.

    Args:
        name: one of `preset_names()`.

    Returns:
        JSON text, as the file has it.

    Raises:
        InputError: there is no such file.

    Examples:
        >>> from dcvae.config import Settings, preset_text
        >>> Settings.from_text(preset_text("seq2seq"), "seq2seq.txt").architecture
        'seq2seq'
    """
    if name not in preset_names():
        raise InputError(
            f"There are no settings called {name!r}. Expected one of {', '.join(preset_names())}."
        )
    file = resources.files("dcvae.config") / _FOLDER / f"{name}.txt"
    return file.read_text(encoding="utf-8")


def preset(name: str) -> dict[str, Any]:
    """Return the keys that a settings file of the package gives, with their values.

    Args:
        name: one of `preset_names()`.

    Returns:
        Values by key; keys that the file leaves out are not there.

    Raises:
        InputError: there is no such file.

    Examples:
        >>> from dcvae.config import preset
        >>> preset("recommended")["T"]
        64
    """
    values, _ = parse_object(preset_text(name), name)
    return values


def keys_for(settings: Settings, architecture: Architecture) -> dict[str, Any]:
    """Return the keys of settings for a network of another architecture.

    Args:
        settings: of whichever architecture.
        architecture: value of the key `architecture`.

    Returns:
        Values by key, for `Settings.from_values`: layers as in the settings file of the package for
        this architecture, all else as in `settings`, as far as the architecture has the key.

    Examples:
        >>> from dcvae.config import Settings
        >>> settings = Settings.from_values({"model_name": "pump", "T": 32}, "keys")
        >>> keys = keys_for(settings, "seq2seq")
        >>> keys["T"], keys["hidden_size"], "dil_rate" in keys
        (32, 64, False)
    """
    values = settings.to_dict()
    if settings.architecture == architecture:
        return values
    files = [preset(name) for name in preset_names()]
    own = next((keys for keys in files if architecture_of(keys) == architecture), {})
    shared = {
        key: values[key]
        for key in keys_of(architecture)
        if key in values and key not in _OF_LAYERS and not key.startswith("fidelity")
    }
    if not ARCHITECTURE_TRAITS[architecture].predicts_sigma:
        shared.pop("sigma", None)
    layers = {key: own[key] for key in _OF_LAYERS if key in own}
    return {**shared, **layers, "architecture": architecture}
