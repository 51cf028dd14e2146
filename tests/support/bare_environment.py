"""An environment of Python with the packages of a requirements file, and with no others."""

import sys
import venv
from collections.abc import Iterable
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement


def bare_environment(folder: Path, requirements: Path) -> Path:
    """Make an environment of links to installed packages.

    Args:
        folder: where it is made.
        requirements: names what it has, besides what those packages require themselves.

    Returns:
        Its interpreter.
    """
    venv.create(folder, with_pip=False, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = folder / "lib" / version / "site-packages"
    lines = requirements.read_text().splitlines()
    for name in _with_all_they_require(line for line in lines if line[:1] not in ("", "#", "-")):
        parts = distribution(name)
        for top in {file.parts[0] for file in parts.files or () if file.parts[0] != ".."}:
            link = packages / top
            if not link.exists():
                link.symlink_to(str(parts.locate_file(top)))
    return folder / "bin" / "python"


def _with_all_they_require(lines: Iterable[str]) -> set[str]:
    found: set[str] = set()
    left = [Requirement(line) for line in lines]
    while left:
        requirement = left.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        name = requirement.name.lower().replace("_", "-")
        if name not in found:
            found.add(name)
            left += [Requirement(line) for line in distribution(name).requires or ()]
    return found
