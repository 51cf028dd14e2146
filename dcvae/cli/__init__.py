"""Command line: the commands `dcvae train`, `thresholds` and `detect`, and their three scripts.

Only this package prints, but for the epochs that `DCVAEDetector(verbose=True)` shows.
"""

from typing import TYPE_CHECKING

from dcvae._lazy import lazy_exports

if TYPE_CHECKING:
    from dcvae.cli.arguments import bare_parser as bare_parser
    from dcvae.cli.arguments import command as command
    from dcvae.cli.arguments import positive_number as positive_number
    from dcvae.cli.printer import Printer as Printer
    from dcvae.cli.printer import without_framework_log as without_framework_log
    from dcvae.cli.progress import Display as Display

__all__, __getattr__, __dir__ = lazy_exports(
    __name__,
    {
        "dcvae.cli.arguments": ("bare_parser", "command", "positive_number"),
        "dcvae.cli.printer": ("Printer", "without_framework_log"),
        "dcvae.cli.progress": ("Display",),
    },
)
