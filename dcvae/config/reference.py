"""Reference table of all settings keys, generated from the code.

`python -m dcvae.config.reference PAGE.md` writes it into a page between two marks; a test checks
that docs/guide/settings.md has the current one.
"""

import json
import sys
from pathlib import Path
from typing import get_args

from pydantic.fields import FieldInfo

from dcvae.config.keys.properties import (
    ARCHITECTURE_TRAITS,
    CODE_DEFAULTS,
    FIDELITY_KEYS,
    Architecture,
    key_of,
)
from dcvae.config.messages import allowed_values
from dcvae.config.settings import FIELDS

_HEADER = ("Key", "Meaning", "Values", "Default", "Architecture", "Takes effect")
_BEGIN, _END = "<!-- keys: begin -->\n", "<!-- keys: end -->\n"


def key_table() -> str:
    """Write a Markdown table with one line per key of a settings file."""
    lines = [_line(_HEADER), "|---" * len(_HEADER) + "|"]
    for key, field in FIELDS.items():
        of = key_of(field).of
        owners = "all" if len(of) == len(get_args(Architecture)) else ", ".join(of)
        lines.append(
            _line(
                (
                    f"`{key}`",
                    field.description or "",
                    allowed_values(field),
                    _default(key, field),
                    owners,
                    key_of(field).effect,
                )
            )
        )
    return "\n".join(lines) + "\n"


def with_key_table(page: str) -> str:
    """Put the table between the two marks of a page.

    Args:
        page: Markdown text.

    Returns:
        The page with the current table.

    Raises:
        ValueError: the page lacks the marks.
    """
    before, begin, rest = page.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not (begin and end):
        raise ValueError(f"Expected the lines {_BEGIN.strip()} and {_END.strip()} in the page.")
    return f"{before}{begin}\n{key_table()}\n{end}{after}"


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _default(key: str, field: FieldInfo) -> str:
    """Describe the default of a key, and the defaults under certain values of other keys."""
    default = "(required)" if field.is_required() else f"`{json.dumps(field.default)}`"
    if key in FIDELITY_KEYS:
        default = "as `fidelity`"
    elif key in CODE_DEFAULTS:
        default += f'; `{json.dumps(CODE_DEFAULTS[key])}` if `fidelity` is "code"'
    for architecture, traits in ARCHITECTURE_TRAITS.items():
        if key in traits.defaults:
            default += f"; `{json.dumps(traits.defaults[key])}` for {architecture}"
    return default


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_key_table(page.read_text(encoding="utf-8")), encoding="utf-8")
