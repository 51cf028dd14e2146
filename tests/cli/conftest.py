"""A walk through the three scripts, copies of what it leaves, and mistakes made in them."""

import contextlib
import shutil

import pytest

from support.script_tools import DATA_OF, Place, call, run, write_files
from support.stored_models import contents


@pytest.fixture(scope="session")
def walk(tmp_path_factory):
    """Walk through the three scripts, with models/ beside the data.

    Training has a process of its own, and so has the walk in test_walk.py that must give the same.
    Shared: look, do not touch.
    """
    folder = tmp_path_factory.mktemp("walk")
    write_files(folder)
    ended = [run("train", "train.csv", "settings.txt", cwd=folder)]
    with contextlib.chdir(folder):
        ended.append(call("alpha_definition", "val.csv", "labels.csv", "settings.txt"))
        ended.append(call("test", "test.csv", "settings.txt"))
    return folder, ended


@pytest.fixture
def place(walk, tmp_path):
    """Hold a copy of what the walk left."""
    folder = tmp_path / "place"
    shutil.copytree(walk[0], folder)
    return Place(folder, folder / "test.csv", [])


@pytest.fixture
def training_place(place):
    place.data = place.folder / "train.csv"
    return place


@pytest.fixture
def spoiled(request, place):
    """A place in which a mistake was made, and the models as they were then."""
    mistake = request.param
    place.data = place.folder / DATA_OF[mistake.script]
    mistake.spoil(place)
    return mistake, place, contents(place.models)


@pytest.fixture(scope="session")
def poison(tmp_path_factory):
    """Hold packages that break whoever imports them."""
    folder = tmp_path_factory.mktemp("poison")
    for name in ("tensorflow", "keras"):
        (folder / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')\n")
    return folder
