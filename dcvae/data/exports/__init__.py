"""Exports of monitoring tools, read as they come: one module for each tool.

A file is recognized by its first characters, never by its name. `FORMS` is in the order in which
they are tried, the most particular first.
"""

from dcvae.data.exports.form import Form

FORMS: tuple[Form, ...] = ()

HEAD = 8_192
"""Characters of a file that a form is recognized by."""


def recognized(head: str) -> Form | None:
    """Return the form of a file; None if it is none of those known.

    Args:
        head: the first `HEAD` characters of the file.
    """
    return next((form for form in FORMS if form.recognizes(head)), None)
