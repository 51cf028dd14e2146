"""Page of a scored file: its content, the data that the browser gets, and the HTML document."""

from dcvae.report.page.content import ReportContent
from dcvae.report.page.document import document, joined_modules
from dcvae.report.page.other_limits import OtherLimits
from dcvae.report.page.rendering import render
from dcvae.report.page.system_score import SystemScore

__all__ = [
    "OtherLimits",
    "ReportContent",
    "SystemScore",
    "document",
    "joined_modules",
    "render",
]
