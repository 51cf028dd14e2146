"""Models loaded by their folders, ready to score and to detect."""

from pathlib import Path

from dcvae.config import Settings, read_settings
from dcvae.errors import InputError
from dcvae.pipeline import FittedModel
from dcvae.storage.layout import SETTINGS_FILE
from dcvae.storage.model_folder import StoredModel, open_model


def load_model(folder: str | Path, settings: Settings | str | Path | None = None) -> FittedModel:
    """Load a trained model, ready to score and to detect (imports Keras).

    Args:
        folder: models/<model_name>, as train.py or DCVAEDetector.save wrote it.
        settings: settings, or the path of a settings file, whose keys of scores hold from now on.
            Those of thresholds and alarms hold for `fit_thresholds`: `detect` takes alphas and
            alarm as they are in the folder. None for the settings of the training.

    Raises:
        InputError: there is no model, files are missing or damaged, or it was trained with other
            settings.

    Examples:
        >>> load_model("models/no-such-model")
        Traceback (most recent call last):
        dcvae.errors.InputError: There is no trained model in models/no-such-model: settings.txt ...
    """
    if isinstance(settings, str | Path):
        settings = read_settings(Path(settings))
    elif settings is not None and not isinstance(settings, Settings):
        raise InputError(
            "Expected `settings` to be Settings or the path of a settings file. Received: "
            f"{settings!r}. Settings.from_values makes settings of a dictionary."
        )
    return open_folder(Path(folder), settings).snapshot().load()


def open_folder(folder: Path, settings: Settings | None = None) -> StoredModel:
    """Open a trained model by its folder, whatever name the settings give it.

    Args:
        folder: models/<model_name>.
        settings: settings given now; None for those of the training.

    Raises:
        InputError: there is no model, files are missing or damaged, or it was trained with other
            settings.
    """
    if not (folder / SETTINGS_FILE).is_file():
        raise InputError(
            f"There is no trained model in {folder}: {SETTINGS_FILE} is missing. Expected a folder "
            "that train.py or DCVAEDetector.save wrote."
        )
    settings = settings or read_settings(folder / SETTINGS_FILE)
    return open_model(folder.parent, settings.model_copy(update={"model_name": folder.name}))
