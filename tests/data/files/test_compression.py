"""Compressed files: each form reads as the plain file, and is bounded."""

import bz2
import gzip
import io
import lzma
import sys
import zipfile

import numpy as np
import pytest

from dcvae import InputError
from dcvae.data.files import compression
from dcvae.data.files.opening import open_file
from dcvae.data.tables import read_table
from support.tables import GOOD, VALUES


def zipped(**files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


def zstandard(content):
    arrow = pytest.importorskip("pyarrow")
    return arrow.Codec("zstd").compress(content, asbytes=True)


FORMS = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": zstandard,
    "zip": lambda content: zipped(**{"data.csv": content}),
    "zip from a Mac": lambda content: zipped(**{"data.csv": content, "__MACOSX/._data.csv": b"x"}),
}


@pytest.mark.parametrize("pack", FORMS.values(), ids=FORMS)
def test_forms_read_as_the_plain_file(tmp_path, pack):
    path = tmp_path / "data.csv"  # known by its first bytes, not by its name
    path.write_bytes(pack(GOOD.encode()))
    np.testing.assert_array_equal(read_table(path).frame, VALUES)


@pytest.mark.parametrize("pack", FORMS.values(), ids=FORMS)
def test_cut_off_files_are_refused(tmp_path, pack):
    path = tmp_path / "data.csv.packed"
    whole = pack(GOOD.encode() * 50)
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(InputError, match="damaged or cut off"):
        open_file(path)


@pytest.mark.parametrize("pack", FORMS.values(), ids=FORMS)
def test_what_unpacks_to_too_much_is_refused(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(compression, "LARGEST", 2**16)
    path = tmp_path / "data.csv.packed"
    path.write_bytes(pack(GOOD.encode() * 2_000))
    with pytest.raises(InputError, match=r"unpacks to more than .* GiB; unpack it yourself"):
        open_file(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (zipped(a=b"x", b=b"y"), "zip archive has 2 files, expected one: `a`, `b`; unpack it"),
        (zipped(), "zip archive has 0 files"),
        (zipped(**{"[Content_Types].xml": b"", "xl/a.xml": b""}), "an Excel workbook"),
    ],
)
def test_archives_refused(tmp_path, content, message):
    path = tmp_path / "data.zip"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        open_file(path)


def test_zstandard_without_a_reader_names_the_package(tmp_path, monkeypatch):
    path = tmp_path / "data.csv.zst"
    path.write_bytes(zstandard(GOOD.encode()))
    for name in ("pyarrow", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match="takes pyarrow to read: pip install pyarrow, or unpack"):
        open_file(path)
