"""Report on a scored file: page, figures and files of results."""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.report.page import ReportContent as ReportContent
    from dcvae.report.page import render as render
    from dcvae.report.results_folder import ResultsFolder as ResultsFolder

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.report.page": ("ReportContent", "render"),
        "dcvae.report.results_folder": ("ResultsFolder",),
    },
)
