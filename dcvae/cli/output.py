"""What the three scripts share: arguments, the device, progress, tables, and the end of a mistake.

The only module that prints. Importing it imports nothing heavy, so that `--help` answers at once.
"""

import argparse
import json
import logging
import math
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from dcvae import __version__
from dcvae.errors import InputError

if TYPE_CHECKING:  # importing these would import Keras or pandas
    import pandas as pd

    from dcvae.config.settings import Settings
    from dcvae.data.tables import Table
    from dcvae.data.windows import WindowSplit
    from dcvae.detection.alphas import Alphas
    from dcvae.evaluation.review import Review
    from dcvae.networks.base import Autoencoder
    from dcvae.scoring.causal import Scores
    from dcvae.training.loop import EpochLosses, TrainingResult

DEFAULT_MODELS = Path("models")
POOR_F1 = 0.1  # below it, alphas say more about the labels than about the series

WIDTH = 100  # columns that tables may take

_COLORS = {"bad": 31, "warning": 33, "good": 32, "info": 36}
_quiet = False
_json = False


def parser(description: str, *, labels: bool = False) -> argparse.ArgumentParser:
    """Make the argument parser that the scripts have in common.

    Args:
        description: what the script does.
        labels: whether it takes a label file after the data file, if one is given.
    """
    made = argparse.ArgumentParser(description=description, allow_abbrev=False)
    made.add_argument("data", type=Path, metavar="DATA.csv", help="time column first, then series")
    if labels:
        made.add_argument(
            "labels",
            type=Path,
            metavar="LABELS.csv",
            nargs="?",
            help="0/1 a series, or one for all; without it, DATA.csv is taken to be normal",
        )
    made.add_argument("settings", type=Path, metavar="SETTINGS.txt", help="JSON settings file")
    made.add_argument(
        "--models", type=Path, default=DEFAULT_MODELS, metavar="DIR", help="default: models/"
    )
    made.add_argument("--quiet", action="store_true", help="print nothing but errors")
    made.add_argument(
        "--json", action="store_true", help="print one JSON object and nothing else (but errors)"
    )
    made.add_argument("--version", action="version", version=f"dcvae {__version__}")
    return made


def positive_number(text: str) -> int:
    """Read a whole number of at least 1 for argparse."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, received {text}")
    return number


def parse(made: argparse.ArgumentParser) -> argparse.Namespace:
    """Parse the command line and remember what to print."""
    global _quiet, _json
    arguments = made.parse_args()
    _quiet, _json = arguments.quiet or arguments.json, arguments.json
    return arguments


def run(main: Callable[[], int | None]) -> NoReturn:
    """Run a script: a user's mistake ends in its message alone and status 2, Ctrl-C in 130."""
    status = 0
    try:
        status = main() or 0
    except BrokenPipeError:  # whoever read the output has left, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(141)
    except (InputError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\ninterrupted; nothing was changed", file=sys.stderr)
        sys.exit(130)
    sys.exit(status)


def say(text: str = "") -> None:
    """Print a line, unless quiet."""
    if not _quiet:
        print(text, flush=True)


def notice(notices: Sequence[str]) -> None:
    """Print what a user should know but need not mend."""
    for sentence in notices:
        say(f"note: {sentence}")


def facts(pairs: dict[str, str]) -> None:
    """Print names and values in two columns."""
    width = max(len(name) for name in pairs)
    for name, value in pairs.items():
        say(f"{name:<{width}}  {value}")


def start_tensorflow() -> str:
    """Import the framework, quietly, and name the device it will use.

    Called when the inputs are known to be good: the import takes seconds. What TensorFlow logs
    meanwhile is shown only if it fails, or if the user has set TF_CPP_MIN_LOG_LEVEL.
    """
    if "TF_CPP_MIN_LOG_LEVEL" in os.environ:
        return _import_and_name_device()
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # Which would tell, with every few networks made in one process, that each is traced.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    with tempfile.TemporaryFile() as log:
        stderr = os.dup(2)
        os.dup2(log.fileno(), 2)  # the framework's C++ code writes past sys.stderr
        try:
            device = _import_and_name_device()
        except BaseException:
            log.seek(0)
            os.write(stderr, log.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            del os.environ["TF_CPP_MIN_LOG_LEVEL"]  # it has been read; programs we start may ask
    return device


def _import_and_name_device() -> str:
    import keras

    devices = keras.distribution.list_devices()
    accelerators = [device for device in devices if not device.startswith("cpu")]
    if accelerators:
        return ", ".join(accelerators)
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(affinity(0)) if affinity else os.cpu_count()
    return f"CPU, {cores} cores (no GPU visible to {keras.backend.backend()})"


def duration(seconds: float) -> str:
    """Write a time span for people: 7.3 s, 2 min 05 s, 1 h 03 min."""
    if round(seconds, 1) < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


class TrainingDisplay:
    """Shows a training: a bar with the time left on a terminal, a line an epoch elsewhere.

    Args:
        num_epochs: epochs at most.
        done: epochs that an earlier run has done.
    """

    def __init__(self, num_epochs: int, done: int) -> None:
        self._num_epochs = num_epochs
        self._epoch_start = time.monotonic()
        self._bar: Any = None
        if sys.stderr.isatty() and not _quiet:
            from tqdm import tqdm

            self._bar = tqdm(
                total=num_epochs,
                initial=done,
                unit="epoch",
                bar_format="{l_bar}{bar}| {n:.2f}/{total} epochs [{elapsed}<{remaining}{postfix}]",
                leave=False,
            )

    def step(self, epoch: int, step: int, num_steps: int, loss: float) -> None:
        """Move the bar within an epoch."""
        if self._bar is not None:
            self._bar.n = epoch - 1 + step / num_steps
            self._bar.set_postfix_str(f"loss {loss:.4f}")

    def epoch(self, losses: "EpochLosses", is_best: bool) -> None:
        """Print the line of a finished epoch."""
        now = time.monotonic()
        took, self._epoch_start = now - self._epoch_start, now
        left = took * (self._num_epochs - losses.epoch)  # compiling makes the first epoch longer
        ahead = f", at most {duration(left)} left" if left else ""
        validation = "" if math.isnan(losses.val_loss) else f"  val {losses.val_loss:8.4f}"
        line = (
            f"epoch {losses.epoch:>{len(str(self._num_epochs))}}/{self._num_epochs}"
            f"  loss {losses.loss:8.4f} (reconst {losses.reconst:.4f}, kl {losses.kl:.4f})"
            f"{validation}{' *' if is_best else '  '} {took:5.1f} s{ahead}"
        )
        if self._bar is not None:
            self._bar.n = losses.epoch
            self._bar.write(line, file=sys.stdout)
            self._bar.refresh()
        else:
            say(line)

    def __enter__(self) -> "TrainingDisplay":
        """Nothing to do: the bar is there from the start."""
        return self

    def __exit__(self, *details: object) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()


def training_start(
    table: "Table",
    split: "WindowSplit",
    settings: "Settings",
    network: "Autoencoder",
    device: str,
    folder: Path,
) -> None:
    """Say what is about to be trained, on what, where; print the layers if `summary` is set."""
    if settings.summary:
        for side in (network.encoder, network.decoder):
            side.summary(print_fn=say)
    facts(
        {
            "data": f"{table.path}: {len(table.frame):,} rows, {table.frame.shape[1]} series",
            "windows": f"{len(split.train):,} to train on, {len(split.validation):,} to validate",
            "network": f"{settings.name_of_architecture}, {network.count_params():,} parameters, "
            f"{settings.reach}",
            "device": device,
            "model": str(folder),
        }
    )


def training_end(result: "TrainingResult", folder: Path, seconds: float) -> int:
    """Say how a training ended and where the model is.

    Returns:
        The status to exit with: 0, or what stops a chain of commands after a training that was cut
        short: 130 for Ctrl-C, 1 for a loss that is no number. The model is whole in either case.
    """
    state = result.state
    best = state.history[state.best_epoch - 1]
    validation = "" if math.isnan(best.val_loss) else f", validation loss {best.val_loss:.4f}"
    epochs = "1 epoch" if len(state.history) == 1 else f"{len(state.history)} epochs"
    say(f"{result.ending} after {epochs} and {duration(seconds)}")
    say(
        f"best epoch {state.best_epoch}: loss {best.loss:.4f} (reconst {best.reconst:.4f}, "
        f"kl {best.kl:.4f}){validation}"
    )
    say(f"model: {folder}")
    if result.ending == "loss is not a number":
        print(
            "warning: the loss became NaN or infinite, which no further epoch can mend; the best "
            "weights before that are kept. A smaller `lr` may go further.",
            file=sys.stderr,
        )
        return 1
    if result.ending == "interrupted":
        print(
            "interrupted: the best weights so far are kept; --resume goes on from the last whole "
            "epoch.",
            file=sys.stderr,
        )
        return 130
    return 0


def next_commands(arguments: argparse.Namespace, *commands: tuple[str, ...]) -> None:
    """Say what to type next: scripts with their data files; settings and --models are added."""
    models = [] if arguments.models == DEFAULT_MODELS else ["--models", str(arguments.models)]
    say("next:")
    for command in commands:
        say(f"  {shlex.join(['python', *command, str(arguments.settings), *models])}")


def counted(blocks: Iterable["Scores"], total: int) -> Iterator["Scores"]:
    """Pass blocks of scores through, with a bar over their rows on a terminal."""
    if not sys.stderr.isatty() or _quiet:
        yield from blocks
        return
    from tqdm import tqdm

    with tqdm(total=total, unit=" rows", desc="scoring", leave=False) as bar:
        for block in blocks:
            yield block
            bar.update(len(block.mean))


def alphas_table(alphas: "Alphas", events_per_week: Sequence[float]) -> None:
    """Print the chosen alphas, one line a series; those without labels with their events a week.

    Args:
        alphas: those chosen.
        events_per_week: (series,), on the data they were chosen on; NaN is shown as "-".
    """
    width = max(len("series"), *(len(name) for name in alphas.series))
    if all(map(math.isnan, alphas.f1)) and set(alphas.method) != {"default"}:  # without labels
        say(f"{'series':<{width}}  alpha_down  alpha_up  events/week  method")
        for number, name in enumerate(alphas.series):
            rate = "-" if math.isnan(events_per_week[number]) else f"{events_per_week[number]:.1f}"
            say(
                f"{name:<{width}}  {alphas.down[number]:10.3g}  {alphas.up[number]:8.3g}  "
                f"{rate:>11}  {alphas.method[number]}"
            )
        return
    say(
        f"{'series':<{width}}  alpha_down  alpha_up      F1  precision  recall  labeled rows  "
        "method"
    )
    for number, name in enumerate(alphas.series):
        figures = [alphas.f1[number], alphas.precision[number], alphas.recall[number]]
        shown = ["-" if math.isnan(figure) else f"{figure:.3f}" for figure in figures]
        say(
            f"{name:<{width}}  {alphas.down[number]:10.3g}  {alphas.up[number]:8.3g}  "
            f"{shown[0]:>6}  {shown[1]:>9}  {shown[2]:>6}  {alphas.labeled_rows[number]:12,d}  "
            f"{alphas.method[number]}"
        )
    defaults = [n for n, m in zip(alphas.series, alphas.method, strict=True) if m == "default"]
    if defaults:
        notice([f"No labeled anomaly in a judged row, default alphas kept: {', '.join(defaults)}."])
    poor = [name for name, f1 in zip(alphas.series, alphas.f1, strict=True) if f1 < POOR_F1]
    if poor:
        notice(
            [
                f"No band reaches an F1 of {POOR_F1} on the labels of {', '.join(poor)}: these "
                "alphas mean little. A single label column, for one, marks also the series in "
                "which nothing happened."
            ]
        )


def review(result: "Review", folder: Path, seconds: float) -> None:
    """Print what is said of a judged file: summary, series, strongest events, findings."""
    facts(result.summary())
    say()
    _series_table(result)
    if len(result.events.table):
        say()
        _event_table(result.events.table)
    if result.comparison is not None:
        say()
        _comparison_table(result.comparison)
    say()
    for finding in result.findings:
        _finding(finding.level, finding.text)
    num_rows = len(result.verdicts.times)
    say(f"written: {folder} ({num_rows:,} judged rows, {duration(seconds)})")
    say(f"to look at: {folder / 'report.html'}")


def _series_table(result: "Review") -> None:
    """One line a series: flagged cells, and with labels the most asked-for metrics."""
    counts = result.verdicts.flags.sum(axis=0)
    header = ["series", "flagged", "share"]
    lines = [
        [name, f"{count:,}", f"{count / len(result.verdicts.times):.3%}"]
        for name, count in zip(result.verdicts.series, counts, strict=True)
    ]
    if result.metrics is not None:
        columns = {
            "f1": "F1",
            "precision": "precision",
            "recall": "recall",
            "event_f05_corrected": "event F0.5",
            "average_precision": "avg prec",
            "vus_pr": "VUS-PR",
        }
        header += columns.values()
        from dcvae.evaluation.metrics_table import ANY_FLAG, MEAN, SYSTEM  # loaded by now

        totals = [MEAN, ANY_FLAG, SYSTEM]
        lines += [[name, "", ""] for name in totals]
        names = [*result.verdicts.series, *totals]
        for line, name in zip(lines, names, strict=True):
            line += [_figure(result.metrics[column][name]) for column in columns]
    _table(header, lines)


def _event_table(events: "pd.DataFrame", shown: int = 10) -> None:
    """Print the strongest events."""
    strongest = events.nlargest(shown, "peak_strength")
    say(f"strongest {len(strongest)} of {len(events):,} events (strength: sigmas beyond the band)")
    _table(
        ["start", "lasts", "strength", "", "series, first to leave its band first"],
        [
            [
                str(event["start"]),
                duration(event["duration_seconds"]),
                f"{event['peak_strength']:.1f}",
                event["direction"],
                ", ".join(event["series"]),
            ]
            for event in strongest.to_dict("records")
        ],
    )


def _comparison_table(comparison: "pd.DataFrame") -> None:
    """Print DC-VAE and the baselines."""
    columns = {
        "series_f1": "series F1",
        "f1": "system F1",
        "event_f05_corrected": "event F0.5",
        "false_alarms_per_week": "false alarms/week",
        "average_precision": "avg prec",
        "vus_pr": "VUS-PR",
    }
    _table(
        ["detector", *columns.values()],
        [
            [str(name), *(_figure(comparison[column][name]) for column in columns)]
            for name in comparison.index
        ],
    )


def _table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print columns: the first to the left, numbers to the right, at most `WIDTH` wide."""
    widths = [max(len(str(line[i])) for line in [header, *lines]) for i in range(len(header))]
    widths[0] = min(widths[0], 24)
    for line in [header, *lines]:
        cells = [f"{_cut(line[0], widths[0]):<{widths[0]}}"]
        for cell, width, name in zip(line[1:], widths[1:], header[1:], strict=True):
            cells.append(cell if name.startswith("series,") else f"{cell:>{width}}")
        say(_cut("  ".join(cells).rstrip(), WIDTH))


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _figure(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"


def _finding(level: str, text: str) -> None:
    """Print a finding, its level in color on a terminal that wants it."""
    word = f"{level}:"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        word = f"\033[{_COLORS[level]}m{word}\033[0m"
    say(f"{word} {text}")


def machine_readable(content: dict[str, Any]) -> None:
    """Print JSON where --json asks for it, which also silences everything else."""
    if _json:
        print(json.dumps(content, indent=2), flush=True)
