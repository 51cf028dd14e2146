"""Command `dcvae compare`: two runs beside each other, as one page and in short on the terminal."""

import argparse
from pathlib import Path

from dcvae.cli import arguments as command_line
from dcvae.cli.printer import Printer

SHOWN_PAIRS = 20


def _parser(program: str | None) -> argparse.ArgumentParser:
    parser = command_line.bare_parser(
        "Compare two runs of detect (test.py): their events, metrics and settings, on one page.",
        program,
    )
    for name, which in (("first", "a run"), ("second", "the other")):
        parser.add_argument(
            name,
            type=Path,
            metavar=f"{name.upper()}",
            help=f"the folder of results of {which}, which it names after `written:`",
        )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        default=Path("compare.html"),
        help="the page; default: compare.html",
    )
    parser.add_argument("--quiet", action="store_true", help="print nothing but errors")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else (but errors)"
    )
    return parser


def _compare(arguments: argparse.Namespace) -> None:
    # pandas is imported only now, so that --help need not wait for it.
    from dcvae.report import check_page, compare_runs, read_run, render_comparison, write_page

    printer = Printer(quiet=arguments.quiet, as_json=arguments.json)
    instead, mark = "remove the file", b"<title>DC-VAE: two runs"  # not over a report either
    check_page(arguments.output, instead=instead, mark=mark)
    made = compare_runs(read_run(arguments.first), read_run(arguments.second))
    write_page(render_comparison(made), arguments.output, instead=instead, mark=mark)
    printer.headline(made.sentence())
    runs = {"first": made.first, "second": made.second}
    printer.facts({name: _described(run.title, run.verdict) for name, run in runs.items()})
    printer.notice(made.notices())
    pairs = made.events_side_by_side(SHOWN_PAIRS)
    if pairs:
        printer.say()
        printer.table(
            ["first starts", "lasts", "second starts", "lasts", "second's alarm"],
            pairs,
            first_is_name=False,
        )
        if len(made.pairs) > SHOWN_PAIRS:
            printer.say(f"... and {len(made.pairs) - SHOWN_PAIRS:,} more on the page")
    if made.metrics is None:
        printer.notice(["No metrics are compared: both runs need --labels."])
    if made.settings:
        printer.say()
        printer.table(["setting", "first", "second"], made.settings, last_is_list=True)
    printer.machine_readable(made.to_dict())
    printer.say()
    printer.say(f"to look at: {arguments.output}")


def _described(title: str, verdict: str) -> str:
    return f"{title}: {verdict}" if verdict else title


main = command_line.command(_parser, _compare)
