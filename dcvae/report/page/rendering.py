"""Rendering of the page: one HTML document that shows a scored file, without network access."""

from typing import Any

from dcvae.report.page.content import ReportContent, check_content
from dcvae.report.page.data import PAGE_BYTES, page_data
from dcvae.report.page.document import document


def render(content: ReportContent) -> str:
    """Return the page.

    Args:
        content: arrays and tables to show.

    Returns:
        An HTML document that needs nothing else. It stays under 10 MB up to some hundred series:
        points stand for as many rows as that takes.

    Raises:
        ValueError: shapes of arrays differ, there is no row, or the events lack a column or name an
            unknown series.
    """
    check_content(content)

    def data(taken: int) -> dict[str, Any]:
        return page_data(content, PAGE_BYTES - taken)

    return document("page.html", ("page.css", "report.css"), "page.js", data)
