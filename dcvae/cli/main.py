"""Program `dcvae`: the commands of the package by their names."""

import argparse
import importlib
import sys
from typing import NoReturn

from dcvae._version import __version__
from dcvae.cli.arguments import PROGRAM

_COMMANDS = {  # what each does, and the module that does it
    "train": ("train a model on a file of normal data (train.py)", "dcvae.cli.train"),
    "thresholds": (
        "choose how far is too far, by labels or on normal data (alpha_definition.py)",
        "dcvae.cli.thresholds",
    ),
    "detect": ("find anomalies in a file (test.py)", "dcvae.cli.detect"),
    "compare": ("put two runs of detect beside each other, on one page", "dcvae.cli.compare"),
    "contamination": (
        "study what anomalies among the training data cost each detector",
        "dcvae.contamination.command",
    ),
    "settings": ("print a settings file to start from", "dcvae.cli.settings"),
}


def main() -> NoReturn:
    """Run the command that the first argument names, and exit."""
    width = max(map(len, _COMMANDS))
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Anomaly detection in multivariate time series.",
        epilog="commands:\n"
        + "\n".join(f"  {name:<{width}}  {does}" for name, (does, _) in _COMMANDS.items())
        + f"\n\n{PROGRAM} COMMAND --help says more of each.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    parser.add_argument(
        "command", metavar="COMMAND", choices=_COMMANDS, help="one of the commands below"
    )
    command = parser.parse_args(sys.argv[1:2]).command
    importlib.import_module(_COMMANDS[command][1]).main(sys.argv[2:], f"{PROGRAM} {command}")
    raise SystemExit  # a command exits by itself
