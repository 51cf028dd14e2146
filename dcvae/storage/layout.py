"""Layout of a model folder: the names of its files.

A model is a folder, models/<model_name>/, with everything needed to score and nothing pickled:

    model.keras           network with the weights of the best epoch, if there is one
    detector.npz          other detectors as they were fitted, and what joins several
    settings.txt          effective settings, all keys
    preprocessing.json    series names, means, scales, longest stretch on one value
    run.json              versions, rows, sampling step, hash of the training file, losses, device
    history.csv, loss.png losses of every epoch of a network
    training_state.npz    state of its training, for `--resume`
    alphas.csv            one pair of alphas per series
    alphas_source.json    the data that the alphas were fitted to
    calibration.json      sigma modes, reference levels and threshold of offline scores
    alarms.json           rules, reference levels and threshold of the system's alarm
    logs/                 logs for TensorBoard, if asked for
    results/<data file>/  results of test.py

Hidden files and folders are those of a command that is running, or was killed.
"""

from pathlib import Path

from dcvae.config import NETWORK, DetectorKeys

DEFAULT_MODELS = Path("models")
NETWORK_FILE = "model.keras"
DETECTOR_FILE = "detector.npz"
SETTINGS_FILE = "settings.txt"
PREPROCESSING_FILE = "preprocessing.json"
RUN_FILE = "run.json"
HISTORY_FILE = "history.csv"
LOSS_FIGURE_FILE = "loss.png"
STATE_FILE = "training_state.npz"
ALPHAS_FILE = "alphas.csv"
ALPHAS_SOURCE_FILE = "alphas_source.json"
CALIBRATION_FILE = "calibration.json"
ALARMS_FILE = "alarms.json"
LOG_FOLDER = "logs"
RESULTS_FOLDER = "results"
FINISHED = ".finished"  # marks a folder that takes the name of its model
OF_EVERY_MODEL = (SETTINGS_FILE, PREPROCESSING_FILE, RUN_FILE)
MODEL_FILES = (
    *(NETWORK_FILE, DETECTOR_FILE, *OF_EVERY_MODEL, HISTORY_FILE, LOSS_FIGURE_FILE, STATE_FILE),
    *(CALIBRATION_FILE, ALPHAS_FILE, ALPHAS_SOURCE_FILE, ALARMS_FILE),
)


def hashed_files(keys: DetectorKeys) -> tuple[str, ...]:
    """Return the files that make a model, whose hashes run.json has.

    Args:
        keys: of its settings.

    Examples:
        >>> hashed_files(DetectorKeys(detector="pca"))
        ('detector.npz', 'settings.txt', 'preprocessing.json')
    """
    network = (NETWORK_FILE,) if keys.has_network else ()
    others = () if keys.members == (NETWORK,) else (DETECTOR_FILE,)
    return (*network, *others, SETTINGS_FILE, PREPROCESSING_FILE)
