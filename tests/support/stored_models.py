"""A trained model on disk with a stand-in for its network, for the tests of what is kept."""

import hashlib
import json
from pathlib import Path

from dcvae.config.settings import Settings
from dcvae.data.preprocessing import Preprocessor

SERIES = ("a", "b, c")  # a name with a comma must survive every CSV
KEYS = {"model_name": "toy", "T": 4, "cnn_units": [3, 3], "dil_rate": [1, 2, 4], "J": 2}


def settings_with(source="given.txt", **keys):
    return Settings.from_text(json.dumps(KEYS | keys), source)


def preprocessor_with(scale=(2.0, 1.0), mean=(10.0, -1.0), series=SERIES):
    longest = (None,) * len(series)
    return Preprocessor(series, mean, scale, 7.0, "training", 12, mean, longest)


def contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder, hidden ones too, with their bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def seal(folder, **more):
    """Write run.json with the hashes of the files as they are now."""
    hashes = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in ("model.keras", "settings.txt", "preprocessing.json")
    }
    run = {"sampling_step_seconds": 60.0, "sha256": hashes}
    (folder / "run.json").write_text(json.dumps(run | more))
