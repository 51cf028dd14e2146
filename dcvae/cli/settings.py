"""Command `dcvae settings`: a settings file to start from."""

import argparse
import sys

from dcvae.cli import arguments as command_line


def _parser(program: str | None) -> argparse.ArgumentParser:
    parser = command_line.bare_parser(
        "Print a settings file that comes with the package: NAME > mine.txt.", program
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="without it, list the names")
    return parser


def _print_settings(arguments: argparse.Namespace) -> None:
    from dcvae.config import preset_names, preset_text

    if arguments.name is None:
        print("\n".join(preset_names()))
    else:
        sys.stdout.write(preset_text(arguments.name))


main = command_line.command(_parser, _print_settings)
