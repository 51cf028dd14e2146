"""The folder of a study: continued by the same study, refused to any other, foreign files kept."""

import json

import numpy as np
import pytest

from dcvae import InputError
from dcvae.contamination.results.folder import StudyFolder

RESTS_ON = {"data": "a.npz", "seed": 1, "columns": (3, 4)}
LINE = {"detector": "lof", "rho": 0.1, "run": 1, "aupr": 0.5}


def test_a_study_is_continued(tmp_path):
    path = tmp_path / "robustness" / "a"
    with StudyFolder(path, RESTS_ON) as folder:
        folder.record({"runs": 3})
        folder.keep(LINE, np.array([4, 2]))
        folder.keep({**LINE, "run": 2}, None)
        folder.keep({**LINE, "rho": 0.05}, np.array([5]))
        folder.keep({**LINE, "rho": 0.2, "failure": "no memory"}, np.array([6]))
    with StudyFolder(path, RESTS_ON) as folder:
        assert len(folder.done()) == 3
        rho, (ranked,) = folder.ranked()
        assert (rho, ranked.run, ranked.units.tolist()) == (0.1, 1, [4, 2])
    record = json.loads((path / "run.json").read_text())
    assert (record["rests_on"]["columns"], record["runs"]) == ([3, 4], 3)
    assert not (path / ".lock").exists()


def test_a_study_goes_on_with_a_file_that_was_renamed(tmp_path):
    with StudyFolder(tmp_path, RESTS_ON) as folder:
        folder.keep(LINE, None)
    renamed = {**RESTS_ON, "data": "copy.npz", "notices": ["said in other words"]}
    with StudyFolder(tmp_path, renamed) as folder:
        assert len(folder.done()) == 1


def test_another_study_is_refused(tmp_path):
    with StudyFolder(tmp_path, RESTS_ON) as folder:
        folder.keep(LINE, None)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
    other = {"data": "b.npz", "seed": 2, "columns": (3, 4), "published": "kdd"}
    with (
        pytest.raises(InputError, match="holds a study of other data or settings") as refused,
        StudyFolder(tmp_path, other),
    ):
        pass
    assert (
        '`published` is null there and "kdd" now; `seed` is 1 there and 2 now. Give another folder '
        "with --out, or the same data and settings"
    ) in str(refused.value)
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()} == before


@pytest.mark.parametrize("content", ["[]", "{}", "not JSON", '{"rests_on": 3}'])
def test_a_foreign_record_is_refused(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    with pytest.raises(InputError, match="is not the record of a study"), StudyFolder(tmp_path, {}):
        pass
    assert (tmp_path / "run.json").read_text() == content


def test_a_folder_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with (
        pytest.raises(InputError, match=r"not empty .* thesis.tex is there\). Give another folder"),
        StudyFolder(tmp_path, RESTS_ON),
    ):
        pass
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_refused(tmp_path):
    path = tmp_path / "file"
    path.touch()
    with pytest.raises(InputError, match="is a file; expected a folder"), StudyFolder(path, {}):
        pass


def test_one_writer_at_a_time(tmp_path):
    with (
        StudyFolder(tmp_path, RESTS_ON),
        pytest.raises(InputError, match=r"is being written by process .* Wait until that study"),
        StudyFolder(tmp_path, RESTS_ON),
    ):
        pass
