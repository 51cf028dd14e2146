"""Archives of arrays of NumPy and MATLAB: the same rows from each, and damage in one sentence."""

import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
import scipy.sparse

from dcvae import InputError
from dcvae.data import read_labeled_rows

ROWS = Path(__file__).parents[4] / "shared" / "data" / "rows"
X = np.random.default_rng(3).normal(size=(20, 4))
Y = (np.arange(20) % 5 == 0).astype(np.uint8)


def npz(path, **arrays):
    np.savez_compressed(path, **{"X": X, "y": Y} | arrays)


def mat(path, **arrays):
    scipy.io.savemat(path, {"X": X, "y": Y[:, None]} | arrays, do_compression=True)


def mat_73(path, **arrays):
    """As MATLAB writes version 7.3: HDF5 behind 512 bytes of its own, arrays by columns."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, array in ({"X": X, "y": Y[:, None]} | arrays).items():
            file[name] = np.asarray(array).T
        file.create_group("#refs#")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file, Platform: PCWIN64, HDF5 schema 1.00 .".ljust(128))


def refusal_or_same_rows(path):
    """Return the one sentence that refuses a file; "" if its rows are read as they were written."""
    try:
        rows = read_labeled_rows(path)
    except InputError as error:
        said = str(error)
    else:
        np.testing.assert_array_equal(rows.values, X)
        np.testing.assert_array_equal(rows.labels, Y == 1)
        return ""
    assert said.startswith(str(path))
    assert "\n" not in said
    return said


WRITERS = {"rows.npz": npz, "five.mat": mat, "seven.mat": mat_73}


@pytest.mark.parametrize("name", WRITERS)
def test_every_archive_holds_the_same_rows(name, tmp_path):
    path = tmp_path / name
    WRITERS[name](path)
    rows = read_labeled_rows(path)
    np.testing.assert_array_equal(rows.values, X)
    np.testing.assert_array_equal(rows.labels, Y == 1)
    assert (rows.path, rows.anomaly, rows.columns) == (path, "label 1", ("v1", "v2", "v3", "v4"))


@pytest.mark.parametrize("name", WRITERS)
def test_labels_may_have_another_name_and_other_numbers(name, tmp_path):
    path = tmp_path / name
    WRITERS[name](path, kind=np.where(Y, 2.0, 3.0)[:, None])
    rows = read_labeled_rows(path, label="kind", anomaly="2")
    np.testing.assert_array_equal(rows.labels, Y == 1)
    with pytest.raises(InputError, match=r": `kind` has the labels `3` \(16 rows\), `2` \(4 rows"):
        read_labeled_rows(path, label="kind")


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X + 0j}, r"rows|five|seven.*`X` holds (complex numbers|records)"),
        ({"X": X[:19]}, r"`X` has 19 rows and `y` 20 labels; expected one label for each row"),
        ({"y": np.zeros((20, 1))}, r"`y`: all 20 rows have one class: they are normal"),
        ({"y": np.arange(20)[:, None]}, r"`y` has the labels .*; expected 0 and 1, 1 for an anom"),
        ({"X": np.where(X > 1.5, np.nan, X)}, r"`X` has cells that are no finite number: \[\d+, "),
        ({"X": X[:1], "y": Y[:1, None]}, r"`X` has 1 row; expected at least two"),
    ],
)
def test_arrays_that_are_no_rows_with_labels_are_refused(name, arrays, message, tmp_path):
    path = tmp_path / name
    WRITERS[name](path, **arrays)
    with pytest.raises(InputError, match=message) as caught:
        read_labeled_rows(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_array_is_named_with_what_is_there(name, tmp_path):
    path = tmp_path / name
    WRITERS[name](path, extra=Y)
    said = (
        r"lacks `labels`: it has .*`X`.*\. Expected `X`, \(rows, columns\), and `labels`, \(rows,"
        r"\) with 1 for an anomaly, .*; labels of another name are given by `--label NAME`"
    )
    with pytest.raises(InputError, match=said):
        read_labeled_rows(path, label="labels")


def test_wrong_keys_of_an_npz_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", data=X, target=Y)
    with pytest.raises(InputError, match=r"lacks `X` and `y`: it has `data`, `target`\. Expected"):
        read_labeled_rows(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w"):
        pass
    with pytest.raises(InputError, match=r"b\.npz lacks `X` and `y`: it is empty"):
        read_labeled_rows(tmp_path / "b.npz")


@pytest.mark.parametrize("key", ["X", "y"])
def test_pickled_arrays_are_not_read(key, tmp_path):
    class Harmful:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    objects = np.full({"X": (20, 4), "y": (20,)}[key], Harmful(), dtype=object)
    npz(tmp_path / "a.npz", **{key: objects})
    said = rf"`{key}` holds pickled Python objects, which can run any code when they are read; none"
    with pytest.raises(InputError, match=said):
        read_labeled_rows(tmp_path / "a.npz")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", WRITERS)
def test_an_archive_cut_off_anywhere_is_refused_in_one_sentence(name, tmp_path):
    WRITERS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    path = tmp_path / f"cut-{name}"
    step = max(len(whole) // 150, 1)
    for size in [*range(0, len(whole) - 1, step), len(whole) - 1]:
        path.write_bytes(whole[:size])
        said = refusal_or_same_rows(path)
        assert said != "" or size == len(whole) - 1  # the end of a file may be filling


@pytest.mark.parametrize("name", ["rows.npz", "five.mat"])
def test_an_archive_with_a_wrong_byte_is_refused_in_one_sentence(name, tmp_path):
    WRITERS[name](tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    path = tmp_path / f"wrong-{name}"
    refused = []
    for place in range(140, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        refused.append(refusal_or_same_rows(path) != "")  # a few say only when it was written
    assert np.mean(refused) > 0.5


def test_archives_that_unpack_to_too_much_are_not_unpacked(tmp_path, monkeypatch):
    for name, write in WRITERS.items():
        write(tmp_path / name)
    mat(tmp_path / "sparse.mat", X=scipy.sparse.csc_matrix(np.round(X)))
    monkeypatch.setattr("dcvae.data.labeled_rows.archives.LARGEST", 600)
    for name in ("rows.npz", "seven.mat", "sparse.mat"):
        with pytest.raises(InputError, match=r"unpacks to more than 5\.58794e-07 GiB\. Give a par"):
            read_labeled_rows(tmp_path / name)


def test_a_sparse_matrix_is_spread_out(tmp_path):
    mat(tmp_path / "a.mat", X=scipy.sparse.csc_matrix(np.round(X)))
    np.testing.assert_array_equal(read_labeled_rows(tmp_path / "a.mat").values, np.round(X))


def test_cells_and_links_of_matlab_are_no_numbers(tmp_path):
    cells = np.empty((20, 4), dtype=object)
    cells[:] = "a"
    mat(tmp_path / "cells.mat", X=cells)
    with pytest.raises(InputError, match=r"`X` holds Python objects \(type object\)"):
        read_labeled_rows(tmp_path / "cells.mat")
    mat_73(tmp_path / "link.mat")
    mat_73(tmp_path / "other.mat")
    with h5py.File(tmp_path / "link.mat", "r+") as file:
        del file["X"]
        file["X"] = h5py.ExternalLink(str(tmp_path / "other.mat"), "X")
    with pytest.raises(
        InputError, match=r"`X` is no array of numbers \(a structure, a sparse matr"
    ):
        read_labeled_rows(tmp_path / "link.mat")


def test_numbers_that_lie_in_another_file_are_not_read(tmp_path):
    (tmp_path / "raw").write_bytes(X.tobytes())
    mat_73(tmp_path / "a.mat")
    with h5py.File(tmp_path / "a.mat", "r+") as file:
        del file["X"]
        file.create_dataset("X", X.shape, "f8", external=[(str(tmp_path / "raw"), 0, X.nbytes)])
    with pytest.raises(InputError, match=r"the numbers of `X` lie in another file\. Save them in "):
        read_labeled_rows(tmp_path / "a.mat")


def test_a_file_of_another_kind_is_told(tmp_path):
    np.save(tmp_path / "a.npy", X)
    with pytest.raises(InputError, match=r"a\.npy holds one array \(\.npy\), without labels"):
        read_labeled_rows(tmp_path / "a.npy")
    (tmp_path / "b.npz").write_bytes(b"\x80\x04\x95\x00\x00")
    with pytest.raises(InputError, match=r"b\.npz is a pickle, which can run any code when it is"):
        read_labeled_rows(tmp_path / "b.npz")
    (tmp_path / "c.npz").write_text("a,b,label\n1,2,0\n")
    with pytest.raises(InputError, match=r"c\.npz is no whole archive of NumPy \(\.npz\): File is"):
        read_labeled_rows(tmp_path / "c.npz")
    (tmp_path / "d.mat").write_bytes(bytes(300))
    with pytest.raises(InputError, match=r"d\.mat (is no whole file of MATLAB|lacks `X` and `y`)"):
        read_labeled_rows(tmp_path / "d.mat")


def test_an_archive_without_its_ending_in_the_name_is_read(tmp_path):
    npz(tmp_path / "a.npz")
    (tmp_path / "a.npz").rename(tmp_path / "a")
    np.testing.assert_array_equal(read_labeled_rows(tmp_path / "a").values, X)


@pytest.mark.skipif(not ROWS.is_dir(), reason="the data sets are not here")
@pytest.mark.parametrize(
    ("name", "shape", "anomalies"),
    [
        ("38_thyroid.npz", (3772, 6), 93),
        ("32_shuttle.npz", (49097, 9), 3511),  # int16
        ("5_campaign.npz", (41188, 62), 4640),
        ("arrhythmia.mat", (452, 274), 66),
    ],
)
def test_published_archives_are_read_whole(name, shape, anomalies):
    rows = read_labeled_rows(ROWS / name)
    assert rows.values.shape == shape
    assert int(rows.labels.sum()) == anomalies
