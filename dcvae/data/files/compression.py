"""Compressed files: zip, gzip, bzip2, xz and Zstandard, recognized by their first bytes.

What a file unpacks to is bounded, so that a damaged or a hostile one does not take all memory.
"""

import bz2
import gzip
import importlib
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dcvae._text import SHOWN, quoted, shortened
from dcvae.data.files.messages import refuse
from dcvae.errors import InputError

LARGEST = 8 * 2**30
"""Bytes that a file may unpack to: eight gibibytes."""
_BLOCK = 2**24
SUFFIXES = (".zip", ".gz", ".bz2", ".xz", ".zst")


def unpacked(path: Path, raw: bytes) -> bytes:
    """Return the content of a file, unpacked if it is compressed.

    Args:
        path: of the file, for messages.
        raw: its bytes.

    Returns:
        The bytes of the file that was compressed; `raw` itself if none was.

    Raises:
        InputError: it is damaged, unpacks to more than `LARGEST` bytes, is a zip archive of several
            files, or is compressed in a way that takes a package that is not installed.
    """
    opener = next((made for start, made in _OPENERS.items() if raw.startswith(start)), None)
    if opener is None:
        return raw
    parts, total = [], 0
    try:
        with opener(path, raw) as stream:
            while block := stream.read(_BLOCK):
                total += len(block)
                if total > LARGEST:
                    refuse(
                        path,
                        f"it unpacks to more than {LARGEST / 2**30:g} GiB; unpack it yourself, and "
                        "give a part of it or a Parquet file",
                    )
                parts.append(block)
    except InputError:
        raise
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, RuntimeError) as error:
        refuse(path, f"it cannot be read: it is compressed, and damaged or cut off ({error})")
    except zipfile.BadZipFile as error:
        refuse(path, f"it cannot be read: the zip archive is damaged or cut off ({error})")
    return b"".join(parts)


def _open_zip(path: Path, raw: bytes) -> Any:
    """Open the one file of a zip archive; hidden files of macOS are none."""
    archive = zipfile.ZipFile(io.BytesIO(raw))
    inside = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/")
    ]
    names = [member.filename for member in inside]
    if any(name in ("[Content_Types].xml", "mimetype", "META-INF/manifest.xml") for name in names):
        refuse(path, "this is not a text file (an Excel workbook or the like); save it as CSV")
    if len(inside) != 1:
        refuse(
            path,
            f"this zip archive has {len(inside):,} files, expected one: "
            f"{shortened(quoted(names), SHOWN)}; unpack it and give the file that is meant",
        )
    if inside[0].flag_bits & 1:
        refuse(path, "the zip archive is encrypted; unpack it and give the file in it")
    if inside[0].file_size > LARGEST:
        refuse(
            path,
            f"it unpacks to more than {LARGEST / 2**30:g} GiB; unpack it yourself, and give a part "
            "of it or a Parquet file",
        )
    return archive.open(inside[0])


def _open_zstandard(path: Path, raw: bytes) -> Any:
    """Open with whichever package is there: pyarrow or zstandard."""
    for name, opened in (
        ("pyarrow", lambda module: module.CompressedInputStream(module.BufferReader(raw), "zstd")),
        (
            "zstandard",
            lambda module: module.ZstdDecompressor().stream_reader(
                io.BytesIO(raw), read_across_frames=True
            ),
        ),
    ):
        try:
            module = importlib.import_module(name)
        except ImportError:
            continue
        return opened(module)  # type: ignore[no-untyped-call]
    return refuse(
        path,
        "it is compressed with Zstandard, which takes pyarrow to read: pip install pyarrow, or "
        "unpack it with `zstd -d`",
    )


_OPENERS: dict[bytes, Callable[[Path, bytes], Any]] = {
    b"\x1f\x8b": lambda _, raw: gzip.GzipFile(fileobj=io.BytesIO(raw)),
    b"BZh": lambda _, raw: bz2.BZ2File(io.BytesIO(raw)),
    b"\xfd7zXZ\x00": lambda _, raw: lzma.LZMAFile(io.BytesIO(raw)),  # noqa: SIM115
    b"PK\x03\x04": _open_zip,
    b"PK\x05\x06": _open_zip,
    b"\x28\xb5\x2f\xfd": _open_zstandard,
}
