"""The name of a model: given in one step, to a folder that is marked; nothing of others removed."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest

from dcvae import InputError
from dcvae.storage import open_model
from dcvae.storage.changing import naming
from dcvae.storage.changing.naming import (
    Names,
    foreign_files,
    give_name,
    is_of_a_model,
    settle_name,
)
from support.broken_files import without_exchange
from support.stored_models import contents, settings_with


def folder_with(path, text, **more):
    path.mkdir(parents=True)
    for name, content in {"run.json": text, **more}.items():
        (path / name).write_text(content)
    return path


def texts(models):
    return {path.name: (path / "run.json").read_text() for path in models.iterdir()}


@pytest.fixture
def models(tmp_path):
    return tmp_path / "models"


@pytest.fixture
def names(models):
    return Names.of(models / "toy")


@pytest.fixture(params=[False, True], ids=["exchange", "two renamings"])
def system(request):
    if not request.param:
        yield
        return
    with without_exchange():
        yield


def test_names_are_those_of_the_model_whichever_folder_it_is_in(models):
    assert Names.of(models / "my.toy.previous") == Names.of(models / "my.toy")
    assert Names.of(models / "my.toy").previous == models / "my.toy.previous"


@pytest.mark.usefixtures("system")
def test_the_model_before_is_kept_and_the_one_before_it_removed(models, names):
    done = []
    for number in ("1", "2", "3"):
        folder_with(names.partial, number)
        assert give_name(names.partial, names, lambda: done.append(1)) == []
    assert texts(models) == {"toy": "3", "toy.previous": "2"}
    assert done == [1, 1, 1]
    assert set(contents(models)) == {"toy/run.json", "toy.previous/run.json"}


@pytest.mark.usefixtures("system")
def test_links_are_renamed_and_removed_but_not_what_they_lead_to(models, names, tmp_path):
    outside = {name: folder_with(tmp_path / "outside" / name, name) for name in ("a", "b")}
    models.mkdir()
    names.final.symlink_to(outside["a"])
    names.previous.symlink_to(outside["b"])
    for number in ("1", "2", "3"):
        folder_with(names.partial, number)
        give_name(names.partial, names, lambda: None)
        if number == "1":
            assert names.previous.is_symlink()
            assert texts(models) == {"toy": "1", "toy.previous": "a"}
    assert texts(models) == {"toy": "3", "toy.previous": "2"}
    assert texts(tmp_path / "outside") == {"a": "a", "b": "b"}


@pytest.mark.usefixtures("system")
def test_a_model_before_that_holds_other_files_is_not_removed(models, names):
    folder_with(names.final, "1")
    for number in ("0", "00"):
        folder_with(names.previous, number, **{"notes.md": "mine", "alphas.csv": ""})
        folder_with(names.partial, "2")
        [notice] = give_name(names.partial, names, lambda: None)
        assert "held files that are not of this program (notes.md), so it was not removed" in notice
        shutil.rmtree(names.previous)
    assert texts(models) == {"toy": "2", "toy.previous-2": "0", "toy.previous-3": "00"}
    assert (models / "toy.previous-2" / "notes.md").read_text() == "mine"


def test_files_of_others(tmp_path):
    folder = folder_with(tmp_path / "toy", "1", **{"alphas.csv": "", ".DS_Store": ""})
    folder_with(folder / "results" / "x", "", **{"scores.csv": "", "report.html": ""})
    folder_with(folder / "logs", "", anything="")
    assert foreign_files(folder) == []
    (folder / "results" / "x" / "talk.pptx").write_text("")
    (folder / "notes").mkdir()
    assert foreign_files(folder) == ["notes", os.path.join("results", "x", "talk.pptx")]
    link = tmp_path / "link"
    link.symlink_to(folder)
    assert foreign_files(link) == []  # nothing there is removed with it
    assert foreign_files(tmp_path / "missing") == []


def test_a_folder_of_a_model(tmp_path):
    assert is_of_a_model(folder_with(tmp_path / "a", "1"))
    (tmp_path / "b").mkdir()
    assert is_of_a_model(tmp_path / "b")
    (tmp_path / "b" / "photo.png").write_text("")
    assert not is_of_a_model(tmp_path / "b")
    assert not is_of_a_model(tmp_path / "b" / "photo.png")


@pytest.mark.parametrize(
    "mark",
    [
        "{",
        "[]",
        json.dumps({"written_in": "toy.partial"}),
        json.dumps({"written_in": "../outside", "replaces": 1}),
        json.dumps({"written_in": "toy.partial", "replaces": 1}),
        json.dumps({"written_in": ["x"], "replaces": None}),
    ],
)
def test_a_mark_of_somebody_else_moves_nothing(models, names, tmp_path, mark):
    """As in a model that was copied from elsewhere."""
    folder_with(tmp_path / "outside", "0")
    folder_with(names.final, "1", **{naming.FINISHED: mark})
    folder_with(names.partial, "cut off")
    folder_with(names.previous, "0")
    before = texts(models)
    settle_name(names)
    assert texts(models) == before
    assert (tmp_path / "outside" / "run.json").exists()


def test_a_name_that_cannot_be_given_can_be_given_later(models, names, monkeypatch):
    folder_with(names.final, "1")
    folder_with(names.partial, "2")
    exchange = naming.exchange

    def refuse(first, second):
        raise PermissionError(errno.EACCES, "Permission denied", str(second))

    monkeypatch.setattr(naming, "exchange", refuse)
    done = []
    with pytest.raises(PermissionError):
        give_name(names.partial, names, lambda: done.append(1))
    assert texts(models) == {"toy": "1", "toy.partial": "2"}
    assert done == []
    monkeypatch.setattr(naming, "exchange", exchange)
    settle_name(names)  # nothing is pending
    assert texts(models) == {"toy": "1", "toy.partial": "2"}
    give_name(names.partial, names, lambda: done.append(1))
    assert texts(models) == {"toy": "2", "toy.previous": "1"}
    assert done == [1]


def test_a_model_that_cannot_be_renamed_keeps_the_one_before(models, names, monkeypatch):
    """As on Windows, while another program has one of its files open."""
    for path, text in ((names.previous, "0"), (names.final, "1"), (names.partial, "2")):
        folder_with(path, text)
    rename = Path.rename

    def refuse(path, target):
        if path == names.final:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with without_exchange(), pytest.raises(PermissionError):
        give_name(names.partial, names, lambda: None)
    assert texts(models) == {"toy": "1", "toy.previous": "0", "toy.partial": "2"}
    assert not (names.partial / naming.FINISHED).exists()


def test_one_who_may_not_rename_reads_what_has_the_name(models, names, monkeypatch):
    """What another user's killed training left is for that user to finish."""
    folder_with(names.final, "1")
    folder_with(names.partial, "2")
    naming._mark_finished(names.partial, names.final)

    def refuse(first, second):
        raise PermissionError(errno.EACCES, "Permission denied", str(second))

    monkeypatch.setattr(naming, "exchange", refuse)
    with pytest.raises(InputError, match="is incomplete"):  # it was looked at
        open_model(models, settings_with())
    assert texts(models) == {"toy": "1", "toy.partial": "2"}
