"""The names of the files of a model folder: one place, and the text above them tells them all."""

from pathlib import Path

from dcvae.cli import arguments
from dcvae.storage import layout, save_model
from support.stored_models import SOURCE, fitted_with, settings_with

NAMES = [value for name, value in vars(layout).items() if name.endswith(("_FILE", "_FOLDER"))]


def test_every_name_is_told():
    assert len(NAMES) == len(set(NAMES)) == 14
    assert all(layout.__doc__.count(name) >= 1 for name in NAMES)


def test_what_makes_a_model_is_checked_by_its_hash():
    common = ("settings.txt", "preprocessing.json")
    assert layout.hashed_files(settings_with()) == ("model.keras", *common)
    assert layout.hashed_files(settings_with(detector="ecod")) == ("detector.npz", *common)
    joined = settings_with(detector="ensemble", ensemble_members=["dc-vae", "pca"])
    assert layout.hashed_files(joined) == ("model.keras", "detector.npz", *common)


def test_a_model_has_no_other_files_than_these(tmp_path):
    folder = save_model(fitted_with(), tmp_path, SOURCE)
    names = {path.name for path in folder.iterdir()}
    assert names == set(layout.MODEL_FILES) - {layout.DETECTOR_FILE}
    assert set(layout.MODEL_FILES) == set(NAMES) - {layout.LOG_FOLDER, layout.RESULTS_FOLDER}
    assert (folder / "loss.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_line_knows_the_same_folder_of_models():
    """It may not import storage, which imports pandas."""
    assert arguments.DEFAULT_MODELS == layout.DEFAULT_MODELS == Path("models")
    assert layout.RESULTS_FOLDER == "results"
    assert "results/<data file>/" in layout.__doc__
