"""Files that are no rows with labels at all are told in a sentence."""

import os
import zipfile

import pytest

from dcvae import InputError
from dcvae.data import read_labeled_rows


def test_places_that_hold_no_file_are_told(tmp_path):
    with pytest.raises(InputError, match=r"none\.npz does not exist\. Give the path of an \.npz"):
        read_labeled_rows(tmp_path / "none.npz")
    with pytest.raises(InputError, match=r"is a folder\. Give the path of a file in it: an \.npz"):
        read_labeled_rows(str(tmp_path))
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match=r"pipe is a pipe or a device, but a file is read more th"):
        read_labeled_rows(tmp_path / "pipe")


@pytest.mark.parametrize("name", ["a.npz", "a.mat", "a.csv", "a.csv.gz", "a.parquet", "a"])
def test_an_empty_file_is_told(name, tmp_path):
    (tmp_path / name).touch()
    with pytest.raises(InputError, match=rf"{name} is empty\. Expected an \.npz with X and y"):
        read_labeled_rows(tmp_path / name)


def test_a_file_too_large_to_be_read_at_once_is_told(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("a,label\n1,0\n2,1\n")
    monkeypatch.setattr("dcvae.data.labeled_rows.reading.LARGEST", 8)
    with pytest.raises(InputError, match=r"a\.csv is larger than 7\.45058e-09 GiB\. Give a part"):
        read_labeled_rows(tmp_path / "a.csv")


def test_another_archive_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.csv", "a,label\n1,0\n2,1\n")
        archive.writestr("b.csv", "a,label\n1,0\n2,1\n")
    with pytest.raises(InputError, match=r"this zip archive has 2 files, expected one: `a\.csv`, "):
        read_labeled_rows(tmp_path / "a.zip")
