"""Damage to the files of a model, as found in folders from elsewhere: each by a name."""

import io
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from support.stored_models import seal

JSON_FILES = ("run.json", "preprocessing.json", "calibration.json", "alarms.json")
SOURCE = "alphas_source.json"
TEXT_FILES = (*JSON_FILES, SOURCE, "settings.txt", "alphas.csv")
NEEDED = ("model.keras", "settings.txt", "preprocessing.json", "run.json")
HUGE = "1" + "0" * 400
ODD = {
    "null": None,
    "true": True,
    "text": "x",
    "list": [],
    "object": {},
    "negative": -1,
    "zero": 0,
    "huge": int(HUGE),
    "nan": float("nan"),
    "infinite": float("inf"),
    "lists": [[1], [2]],
}
Spoil = Callable[[Path], None]


def whole_file(name: str, outside: Path | None = None) -> Iterator[tuple[str, Spoil]]:
    """Damage that any file can have; a file outside is what links lead to."""
    yield f"{name} empty", lambda model: (model / name).write_bytes(b"")
    yield f"{name} zeros", lambda model: (model / name).write_bytes(bytes(999))
    yield f"{name} half", lambda model: _cut(model / name)
    yield f"{name} latin-1", lambda model: (model / name).write_bytes(b'{"\xe9": 1}')
    yield f"{name} utf-16", lambda model: (model / name).write_bytes('{"a": 1}'.encode("utf-16"))
    yield f"{name} folder", lambda model: _folder(model / name)
    yield f"{name} pipe", lambda model: _pipe(model / name)
    yield f"{name} device", lambda model: _link(model / name, Path("/dev/zero"))
    yield f"{name} broken link", lambda model: _link(model / name, model / "nothing")
    yield f"{name} link to itself", lambda model: _link(model / name, model / name)
    yield f"{name} gone", lambda model: (model / name).unlink()


def _cut(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _link(path: Path, target: Path) -> None:
    path.unlink()
    path.symlink_to(target)


def texts(name: str) -> Iterator[tuple[str, Spoil]]:
    """Give JSON that is none, or is too much."""
    for kind, text in {
        "a list": "[1]",
        "null": "null",
        "a number": HUGE,
        "a number of 5000 digits": '{"a": ' + "9" * 5000 + "}",
        "brackets": "[" * 100_000,
        "objects": '{"a":' * 900 + "1" + "}" * 900,
        "two objects": "{}{}",
    }.items():
        yield f"{name} {kind}", _replacing(name, text)


def _replacing(name: str, text: str) -> Spoil:
    return lambda model: _write(model, name, text)


def _write(model: Path, name: str, text: str) -> None:
    (model / name).write_text(text)
    if name in NEEDED and name != "run.json":
        reseal(model)


def reseal(model: Path) -> None:
    """Write the hashes of the files as they are now into run.json, as a stranger would."""
    run = json.loads((model / "run.json").read_text())
    seal(model, **{key: value for key, value in run.items() if key != "sha256"})


def entries(
    name: str, *path: Any, odd: tuple[str, ...] = tuple(ODD)
) -> Iterator[tuple[str, Spoil]]:
    """Give one entry of a JSON file, by its place, other values, or take it away."""
    told = ".".join(map(str, path))
    yield f"{name} without {told}", lambda model: _edit(model, name, path, None, take=True)
    for kind in odd:
        yield f"{name} {told} {kind}", _editing(name, path, ODD[kind])


def _editing(name: str, path: tuple[Any, ...], value: Any) -> Spoil:
    return lambda model: _edit(model, name, path, value)


def _edit(model: Path, name: str, path: tuple[Any, ...], value: Any, *, take: bool = False) -> None:
    content = json.loads((model / name).read_text())
    part = content
    for key in path[:-1]:
        part = part[key]
    if take:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    _write(model, name, json.dumps(content))


def alphas(old: bytes, new: bytes) -> Spoil:
    """Replace text in alphas.csv."""

    def spoil(model: Path) -> None:
        content = (model / "alphas.csv").read_bytes()
        assert old in content
        (model / "alphas.csv").write_bytes(content.replace(old, new))

    return spoil


def archive(name: str, change: Callable[[dict[str, bytes]], Any], **options: Any) -> Spoil:
    """Change the members of an archive."""

    def spoil(model: Path) -> None:
        with zipfile.ZipFile(model / name) as stored:
            members = {member: stored.read(member) for member in stored.namelist()}
        change(members)
        with zipfile.ZipFile(model / name, "w", **options) as written:
            for member, content in members.items():
                written.writestr(member, content)
        if name in NEEDED:
            reseal(model)

    return spoil


def config(change: Callable[[dict[str, Any]], Any]) -> Spoil:
    """Change the configuration of the network."""

    def changed(members: dict[str, bytes]) -> None:
        content = json.loads(members["config.json"])
        change(content)
        members["config.json"] = json.dumps(content).encode()

    return archive("model.keras", changed)


def first_layer(content: dict[str, Any]) -> dict[str, Any]:
    """Return the first convolution of a configuration."""
    layers = content["config"]["encoder"]["config"]["layers"]
    return next(layer for layer in layers if layer["class_name"] == "DilatedCausalConv")


def npy(array: Any) -> bytes:
    """Write an array as a member of an npz file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=True)
    return stream.getvalue()


def npy_head(shape: str, kind: str = "<f8") -> bytes:
    """Write the head of an array without the array."""
    head = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    head += b" " * (-(len(head) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(head).to_bytes(2, "little") + head


def copied(model: Path, target: Path) -> Path:
    """Copy a model's folder, with its links and pipes as they are."""
    shutil.copytree(model, target, symlinks=True)
    return target
