"""Report on a scored file: page, figures and files of results."""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.report.compared import compare_runs as compare_runs
    from dcvae.report.compared import read_run as read_run
    from dcvae.report.content import page_content as page_content
    from dcvae.report.page import ReportContent as ReportContent
    from dcvae.report.page import render as render
    from dcvae.report.page.comparison import render_comparison as render_comparison
    from dcvae.report.page.document import document as document
    from dcvae.report.page_file import check_page as check_page
    from dcvae.report.page_file import write_page as write_page
    from dcvae.report.panels import overview_figure as overview_figure
    from dcvae.report.results_folder import ResultsFolder as ResultsFolder

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.report.content": ("page_content",),
        "dcvae.report.compared": ("compare_runs", "read_run"),
        "dcvae.report.page": ("ReportContent", "render"),
        "dcvae.report.page.comparison": ("render_comparison",),
        "dcvae.report.page.document": ("document",),
        "dcvae.report.page_file": ("check_page", "write_page"),
        "dcvae.report.panels": ("overview_figure",),
        "dcvae.report.results_folder": ("ResultsFolder",),
    },
)
