"""Models opened and loaded by their folders, each file checked that it belongs."""

from pathlib import Path

from dcvae.config import Settings, differences, read_settings
from dcvae.data import Preprocessor
from dcvae.errors import InputError
from dcvae.pipeline import FittedModel
from dcvae.storage.atomic import check_writable, sha256_of
from dcvae.storage.changing.settled import settled
from dcvae.storage.layout import (
    DETECTOR_FILE,
    NETWORK_FILE,
    OF_EVERY_MODEL,
    PREPROCESSING_FILE,
    RUN_FILE,
    SETTINGS_FILE,
    STATE_FILE,
    hashed_files,
)
from dcvae.storage.model_folder import StoredModel
from dcvae.storage.network_file import check_network
from dcvae.storage.provenance import read_run
from dcvae.storage.reading import (
    content_of,
    hash_of_text,
    read_json,
)
from dcvae.storage.state_file import check_detectors


def load_model(folder: str | Path, settings: Settings | str | Path | None = None) -> FittedModel:
    """Load a trained model, ready to score and to detect.

    Its network is computed by NumPy, or by Keras where there is a GPU or the environment variable
    DCVAE_ENGINE asks for it.

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


def open_model(models: Path, given: Settings) -> StoredModel:
    """Open a trained model and check that it is the one that the settings describe.

    Args:
        models: the folder of all models.
        given: settings given to the command.

    Raises:
        InputError: there is no such model, files are missing or damaged, or it was trained with
            other settings.
    """
    with settled(models / given.model_name) as folder:
        return _opened(folder, given)


def _opened(folder: Path, given: Settings) -> StoredModel:
    if not folder.is_dir():
        hint = ""
        kept = folder.with_name(f"{given.model_name}.previous")
        if all((kept / name).is_file() for name in OF_EVERY_MODEL):
            hint = f" A whole one is in {kept}: rename that folder to use it."
        unfinished = folder.with_name(f"{given.model_name}.partial")
        if (unfinished / STATE_FILE).is_file():
            hint += f" A training is in {unfinished}: train.py --resume goes on with it."
        raise InputError(
            f"There is no trained model in {folder}. Expected the folder that train.py writes for "
            f"`model_name` {given.model_name!r}: train it first, or give --models.{hint}"
        )
    check_writable(folder)
    needed: tuple[str, ...] = OF_EVERY_MODEL
    trained = None
    if (folder / SETTINGS_FILE).is_file():
        trained = read_settings(folder / SETTINGS_FILE)
        needed = (*hashed_files(trained), RUN_FILE)
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing or trained is None:
        raise InputError(
            f"The model in {folder} is incomplete: {', '.join(missing)} missing. Train it again."
        )
    different = differences(trained, given)
    if different:
        raise InputError(
            f"The model in {folder} was trained with other settings:\n  "
            + "\n  ".join(different)
            + "\nTrain it again, or give the settings file it was trained with."
        )
    preprocessor = _read_preprocessor(folder)
    if trained.num_series != len(preprocessor.series):
        raise InputError(
            f"The model in {folder} is damaged: `M` is {trained.num_series} in {SETTINGS_FILE} but "
            f"{PREPROCESSING_FILE} has {len(preprocessor.series)} series. Train it again."
        )
    run = read_run(folder / RUN_FILE, has_network=trained.has_network)
    hashes = run.get("sha256")
    for name in hashed_files(trained):
        is_text = name not in (NETWORK_FILE, DETECTOR_FILE)
        found = hash_of_text(content_of(folder / name)) if is_text else sha256_of(folder / name)
        if not isinstance(hashes, dict) or hashes.get(name) != found:
            raise InputError(
                f"{folder / name} is not the file that train.py wrote: it is damaged, was edited, "
                "or belongs to another model. Train the model again, or put the file back."
            )
    if NETWORK_FILE in needed:
        check_network(folder / NETWORK_FILE)
    if DETECTOR_FILE in needed:
        check_detectors(folder / DETECTOR_FILE)
    settings = given.with_num_series(len(preprocessor.series), folder / PREPROCESSING_FILE)
    step_seconds = float(run["sampling_step_seconds"])
    settings = settings.model_copy(update={"seed": trained.seed})
    return StoredModel(settings, preprocessor, step_seconds, run, folder)


def _read_preprocessor(folder: Path) -> Preprocessor:
    path = folder / PREPROCESSING_FILE
    return Preprocessor.from_dict(read_json(path), str(path))
