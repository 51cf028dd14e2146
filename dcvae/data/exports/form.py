"""Form of an export: how it is recognized, and its reader."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dcvae.data.files.frame_file import FrameFile


@dataclass(frozen=True)
class Form:
    """A form in which a tool writes its series.

    Attributes:
        name: of the form, in messages: the tool and what of it, such as "sadf -d (sysstat)".
        recognizes: tells by the first characters of a file whether it is of this form. It must be
            sure: a plain CSV file with a header of names is no export.
        read: takes the path, for messages, and the whole text; returns one row a time and one
            column a series, the time first; raises `InputError` for a file that is damaged.
    """

    name: str
    recognizes: Callable[[str], bool]
    read: Callable[[Path, str], FrameFile]
