"""Make a seeded, labeled data set shaped like a mobile operator's: 12 series, 5-minute rows.

The published method was evaluated on the TELCO set (García González et al. 2022), which is the
authors' to hand out. This program makes a stand-in of any length from a seed: the committed files
in ``data/sample`` are exactly what it writes by default, and the longer sets that quality is
measured on are the same program with more days.

How a set is made, in the order of the code below:

1. *Load.* Four rhythms of the day and week (voice, data, retail, server), times the customers
   that all series share: a slow drift, and an activity that wanders over hours.
2. *Series.* Each row of ``SERIES`` turns a load into values of its own scale: counts are drawn,
   amounts are counts times a price, success and free capacity fall where load rises. Noise is
   relative, so it grows with the level, partly persistent and heavy-tailed.
3. *Anomalies.* ``KINDS`` change one series, ``FAULTS`` change several at once. Sizes are in
   spreads, the noise a series has at that row, and reach from hard to see to obvious. Labels
   mark the cells that were changed. Training data gets a few too, unlabeled, as in life.
4. *Missing cells.* Scattered ones, short stretches, and one outage of the collector in training.

Command::

    python data/make_sample.py [OUT_DIR] [--train-days 14 --val-days 7 --test-days 7 --seed 7]
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

START = "2021-03-22"  # a Monday
STEP = pd.Timedelta(minutes=5)
ROWS_PER_HOUR = 12
ROWS_PER_DAY = 24 * ROWS_PER_HOUR
ROWS_PER_WEEK = 7 * ROWS_PER_DAY
HOLIDAYS = ("2021-04-01", "2021-04-02", "2021-05-01", "2021-05-17", "2021-06-19", "2021-07-18")
MINIMUM_LABELED_DAYS = 3  # less does not hold a few events of each series apart

# ---------------------------------------------------------------------------------------------
# What there is: rhythms and series
# ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rhythm:
    """A daily and weekly shape of load.

    ``bumps`` are (hour of day, width in hours, height) above a night-time ``floor``; ``days`` are
    the factors of Monday to Sunday. A holiday behaves as a Sunday.
    """

    floor: float
    bumps: tuple[tuple[float, float, float], ...]
    days: tuple[float, float, float, float, float, float, float]


RHYTHMS: Mapping[str, Rhythm] = {
    "voice": Rhythm(
        0.08, ((10.8, 1.9, 1.0), (18.9, 2.0, 1.1), (14.8, 2.2, 0.55)),
        (1.03, 1.0, 1.0, 1.01, 1.06, 0.84, 0.70),
    ),
    "data": Rhythm(
        0.30, ((12.5, 3.6, 0.65), (21.6, 2.5, 1.25), (17.0, 3.0, 0.45)),
        (1.0, 0.99, 1.0, 1.0, 0.98, 1.03, 1.10),
    ),
    "retail": Rhythm(
        0.06, ((11.8, 1.7, 1.0), (18.8, 2.0, 1.25), (15.0, 2.2, 0.45)),
        (1.06, 0.98, 0.97, 1.0, 1.12, 1.02, 0.72),
    ),
    "server": Rhythm(
        0.45, ((11.5, 2.8, 0.5), (19.3, 2.6, 0.65), (3.1, 0.45, 0.55)),
        (1.02, 1.0, 1.0, 1.0, 1.03, 0.93, 0.86),
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Series:
    """One column: ``level`` times a power of its load, times its parent's values where it has one.

    ``noise`` is the relative standard deviation. A count is drawn from a Poisson distribution of
    that mean. With a ``ceiling`` the result is taken off it: what is lost to load, for a success
    rate or a free capacity. ``decimals`` are those written to the file, 0 making whole numbers.
    """

    name: str
    meaning: str
    rhythm: str
    level: float
    exponent: float
    noise: float
    decimals: int
    is_count: bool = False
    parent: str | None = None
    ceiling: float | None = None


SERIES: tuple[Series, ...] = (
    Series("TS1", "prepaid recharges by voucher", "retail", 13, 1.0, 0.08, 0, is_count=True),
    Series("TS2", "prepaid recharges online", "retail", 420, 0.9, 0.06, 0, is_count=True),
    Series("TS3", "amount recharged online", "retail", 2450, 0.05, 0.03, 0, parent="TS2"),
    Series("TS4", "call attempts", "voice", 21500, 1.0, 0.035, 0, is_count=True),
    Series("TS5", "call setup success rate", "voice", 0.014, 0.55, 0.09, 4, ceiling=1.0),
    Series("TS6", "short messages sent", "voice", 5200, 0.75, 0.06, 0, is_count=True),
    Series("TS7", "data volume (GB)", "data", 185, 1.0, 0.04, 1),
    Series("TS8", "active data sessions", "data", 88000, 0.35, 0.012, 0),
    Series("TS9", "packet round trip (ms)", "data", 36, 0.40, 0.06, 2),
    Series("TS10", "dropped calls", "voice", 0.0021, 0.35, 0.10, 0, is_count=True, parent="TS4"),
    Series("TS11", "free signaling capacity (%)", "voice", 44, 0.8, 0.045, 2, ceiling=100.0),
    Series("TS12", "charging server load (%)", "server", 34, 0.9, 0.05, 2),
)
NAMES = tuple(series.name for series in SERIES)


class Normal(NamedTuple):
    """What a series does without anomalies; each (rows,) or (rows, series), data units."""

    actual: FloatArray
    expected: FloatArray  # without noise
    spread: FloatArray  # standard deviation of the noise at each row

    def cut(self, rows: slice, column: int) -> "Normal":
        """The given rows of one series of a (rows, series) table, as (rows,)."""
        return Normal(*(part[rows, column] for part in self))


# ---------------------------------------------------------------------------------------------
# Load and series
# ---------------------------------------------------------------------------------------------


def _stream(seed: int, *path: int) -> np.random.Generator:
    """Return a generator of its own for one purpose, so that no draw shifts another's."""
    return np.random.default_rng([seed, *path])


def _wandering(rng: np.random.Generator, rows: int, hours: float) -> FloatArray:
    """Draw (rows,) of a first-order autoregression: unit variance, memory of ``hours``."""
    memory = float(np.exp(-1.0 / (hours * ROWS_PER_HOUR)))
    # A recursive mean of white noise is that autoregression, up to scale; the rows put in front
    # are dropped again, so that it starts in its steady state.
    lead = int(5 * hours * ROWS_PER_HOUR)
    white = pd.Series(rng.standard_normal(lead + rows))
    filtered = white.ewm(alpha=1.0 - memory, adjust=False).mean().to_numpy(dtype=np.float64)
    return np.asarray(filtered[lead:] * np.sqrt((1.0 + memory) / (1.0 - memory)), dtype=np.float64)


def _heavy_tailed(rng: np.random.Generator, rows: int) -> FloatArray:
    """Draw (rows,) of unit variance from Student's t with 6 degrees of freedom."""
    return np.asarray(rng.standard_t(6, rows) * np.sqrt(4.0 / 6.0), dtype=np.float64)


def _smooth(values: FloatArray, rows: int) -> FloatArray:
    """Return the centered moving mean over ``rows`` rows (an odd number), edges held."""
    padded = np.pad(values, rows // 2, mode="edge")
    return np.convolve(padded, np.full(rows, 1.0 / rows), mode="valid")


def _rhythm_load(rhythm: Rhythm, time: pd.DatetimeIndex) -> FloatArray:
    """Return the load of a rhythm at each time, (rows,), about 1 on average."""
    hour = time.hour.to_numpy() + time.minute.to_numpy() / 60.0
    weekday = time.day_of_week.to_numpy()
    weekday = np.where(time.normalize().isin(pd.to_datetime(list(HOLIDAYS))), 6, weekday)
    one_day_changes_into_the_next = 6 * ROWS_PER_HOUR + 1
    day = _smooth(np.asarray(rhythm.days)[weekday], one_day_changes_into_the_next)
    free = _smooth((weekday >= 5).astype(np.float64), one_day_changes_into_the_next)

    def shape(hours: FloatArray) -> FloatArray:
        around = [
            height
            * np.exp((np.cos((hours - at) * np.pi / 12.0) - 1.0) * (12.0 / np.pi / width) ** 2)
            for at, width, height in rhythm.bumps
        ]
        return np.asarray(rhythm.floor + np.sum(around, axis=0), dtype=np.float64)

    late_on_free_days = hour - 1.1 * free
    mean_of_a_day = shape(np.arange(0.0, 24.0, 0.25)).mean()
    return np.asarray(day * shape(late_on_free_days) / mean_of_a_day, dtype=np.float64)


def _loads(time: pd.DatetimeIndex, seed: int) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Return (actual, expected) load of each rhythm, each (rows,).

    The actual load also holds what the customers did of their own accord: an activity shared by
    all rhythms and a smaller one of each. Only the drift and the clock are expected.
    """
    rows = len(time)
    shared = _stream(seed, 0)
    growth = 0.006 * np.arange(rows) / ROWS_PER_WEEK
    drift = growth + 0.015 * _wandering(shared, rows, hours=120)
    activity = 0.030 * _wandering(shared, rows, hours=5)
    loads = {}
    for place, (name, rhythm) in enumerate(RHYTHMS.items()):
        own = 0.022 * _wandering(_stream(seed, 1, place), rows, hours=2.5)
        expected = _rhythm_load(rhythm, time) * np.exp(drift)
        loads[name] = (expected * np.exp(activity + own), expected)
    return loads


def _normal(time: pd.DatetimeIndex, seed: int) -> Normal:
    """Make all series without anomalies, (rows, series), in data units, not yet rounded."""
    rows = len(time)
    loads = _loads(time, seed)
    made: dict[str, Normal] = {}
    for place, series in enumerate(SERIES):
        rng = _stream(seed, 2, place)
        actual, expected_load = loads[series.rhythm]
        mean = series.level * actual**series.exponent
        expected = series.level * expected_load**series.exponent
        variance = (series.noise * expected) ** 2
        if series.parent is not None:
            parent = made[series.parent]
            variance = (series.noise * expected * parent.expected) ** 2
            variance = variance + (expected * parent.spread) ** 2
            mean, expected = mean * parent.actual, expected * parent.expected
        persistent = 0.55 * _wandering(rng, rows, hours=0.7)
        sudden = np.sqrt(1.0 - 0.55**2) * _heavy_tailed(rng, rows)
        values = mean * np.maximum(1.0 + series.noise * (persistent + sudden), 0.0)
        if series.is_count:
            values = rng.poisson(values).astype(np.float64)
            variance = variance + expected
        if series.ceiling is not None:
            values, expected = series.ceiling - values, series.ceiling - expected
        made[series.name] = Normal(values, expected, np.sqrt(variance))
    return Normal(*(np.column_stack(part) for part in zip(*made.values(), strict=True)))


# ---------------------------------------------------------------------------------------------
# Anomalies of one series: each takes the normal stretch and returns what is seen instead.
# `size` is signed and in spreads, but where it says otherwise.
# ---------------------------------------------------------------------------------------------


def _spike(normal: Normal, size: float, rng: np.random.Generator) -> FloatArray:
    """One or two rows far above or below."""
    return normal.actual + size * normal.spread


def _level_shift(normal: Normal, size: float, rng: np.random.Generator) -> FloatArray:
    """A constant step away for the whole stretch."""
    return np.asarray(normal.actual + size * normal.spread.mean(), dtype=np.float64)


def _drop(normal: Normal, size: float, rng: np.random.Generator) -> FloatArray:
    """An outage; ``size`` is the share that is lost, 1 leaving nothing."""
    return normal.actual * (1.0 - abs(size))


def _ramp(normal: Normal, size: float, rng: np.random.Generator) -> FloatArray:
    """Drifting away, from a quarter of ``size`` at the first row to all of it at the last."""
    climb = np.linspace(size / 4.0, size, len(normal.actual))
    return np.asarray(normal.actual + climb * normal.spread.mean(), dtype=np.float64)


def _flat(normal: Normal, size: float, rng: np.random.Generator) -> FloatArray:
    """Stuck on the first row's value while the day goes on; has no size."""
    return np.full_like(normal.actual, normal.actual[0])


def _burst(normal: Normal, size: float, rng: np.random.Generator) -> FloatArray:
    """Restless: extra noise of ``size`` spreads around the normal values."""
    return normal.actual + abs(size) * normal.spread * _heavy_tailed(rng, len(normal.actual))


@dataclass(frozen=True)
class Kind:
    """How an anomaly is made, how many rows it lasts, and its sizes (both ends included)."""

    make: Callable[[Normal, float, np.random.Generator], FloatArray]
    rows: tuple[int, int]
    sizes: tuple[float, float]


KINDS: Mapping[str, Kind] = {
    "spike": Kind(_spike, (1, 2), (5.0, 18.0)),
    "level_shift": Kind(_level_shift, (6, 48), (4.0, 10.0)),
    "drop": Kind(_drop, (4, 36), (0.6, 1.0)),
    "ramp": Kind(_ramp, (12, 30), (6.0, 14.0)),
    "flat": Kind(_flat, (15, 30), (1.0, 1.0)),
    "burst": Kind(_burst, (6, 24), (5.0, 10.0)),
}
NOT_WHEN_IDLE = ("drop", "flat")
LASTING = tuple(name for name in KINDS if name != "spike")

# A fault multiplies several series at once; a fault of half the strength goes half the way.
FAULTS: tuple[Mapping[str, float], ...] = (
    {"TS1": 0.05, "TS2": 0.1, "TS3": 0.1, "TS12": 0.55},  # charging platform
    {"TS4": 0.45, "TS5": 0.95, "TS6": 0.5, "TS10": 3.5},  # voice core
    {"TS7": 0.3, "TS8": 0.6, "TS9": 2.2, "TS11": 1.3},  # packet core
)
FAULT_ROWS = (4, 18)
FAULT_STRENGTHS = (0.4, 1.0)


@dataclass(frozen=True)
class Plan:
    """How many events a part of the set gets: a week's worth, and the fewest whatever its length.

    ``quiet_rows`` at its start stay free of events: a window has to be filled before anything can
    be judged. ``turn`` rotates the kinds, so that parts do not repeat each other.
    """

    spikes_a_week: float
    lasting_a_week: float
    faults_a_week: float
    fewest: int
    quiet_rows: int
    turn: int


TRAINING = Plan(1.0, 0.25, 0.0, fewest=0, quiet_rows=0, turn=0)
VALIDATION = Plan(3.0, 1.5, 1.2, fewest=2, quiet_rows=ROWS_PER_DAY // 2, turn=0)
TESTING = Plan(3.0, 1.5, 1.2, fewest=2, quiet_rows=ROWS_PER_DAY // 2, turn=2)


def _between(rng: np.random.Generator, bounds: tuple[float, float], skew: float = 1.0) -> float:
    """Draw on a logarithmic scale between two bounds; ``skew`` above 1 favors the lower one."""
    low, high = bounds
    return float(low * (high / low) ** (rng.random() ** skew))


def _length(rng: np.random.Generator, bounds: tuple[int, int]) -> int:
    """Draw a number of rows; short events are the common ones."""
    return min(int(_between(rng, (bounds[0], bounds[1] + 1), skew=2.0)), bounds[1])


def _free_start(rng: np.random.Generator, taken: BoolArray, length: int) -> int:
    """Draw a start for ``length`` rows that keep an hour away from every row taken so far."""
    apart = ROWS_PER_HOUR
    busy = np.concatenate(([0], np.cumsum(taken)))
    starts = np.arange(apart, len(taken) - length - apart)
    crowd = busy[starts + length + apart] - busy[starts - apart]
    return int(rng.choice(starts[crowd == 0]))


def _signed(rng: np.random.Generator, normal: Normal, size: float, series: Series) -> float:
    """Give a size a direction, away from zero or the ceiling where these would swallow it."""
    direction = 1.0 if rng.random() < 0.5 else -1.0
    reach = size * normal.spread.mean()
    if normal.actual.min() - reach < 0.0:
        direction = 1.0
    elif series.ceiling is not None and normal.actual.max() + reach > series.ceiling:
        direction = -1.0
    return direction * size


def _inject(normal: Normal, plan: Plan, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
    """Put anomalies into one part of the set.

    Returns the values seen, (rows, series) in data units, and which cells were changed, bool of
    the same shape. Events of one series never touch.
    """
    values, changed = normal.actual.copy(), np.zeros(normal.actual.shape, dtype=np.bool_)
    taken = changed.copy()
    taken[: plan.quiet_rows] = True
    weeks = len(values) / ROWS_PER_WEEK
    # To lose, or to hold, what is nearly nothing at night would be a label without an anomaly.
    idle = normal.spread < np.median(normal.spread, axis=0)

    for number in range(max(plan.fewest, round(plan.faults_a_week * weeks))):
        length, strength = _length(rng, FAULT_ROWS), _between(rng, FAULT_STRENGTHS)
        fault = FAULTS[(number + plan.turn) % len(FAULTS)]
        columns = [NAMES.index(name) for name in fault]
        unfit = np.asarray(np.any((taken | idle)[:, columns], axis=1), dtype=np.bool_)
        start = _free_start(rng, unfit, length)
        rows = slice(start, start + length)
        for column, factor in zip(columns, fault.values(), strict=True):
            values[rows, column] *= 1.0 + (factor - 1.0) * strength
            changed[rows, column] = taken[rows, column] = True

    spikes = max(plan.fewest, round(plan.spikes_a_week * weeks))
    lasting = max(plan.fewest, round(plan.lasting_a_week * weeks))
    for column, series in enumerate(SERIES):
        turns = range(column + plan.turn, column + plan.turn + lasting)
        names = [LASTING[turn % len(LASTING)] for turn in turns] + ["spike"] * spikes
        for name in names:
            kind = KINDS[name]
            length, size = _length(rng, kind.rows), _between(rng, kind.sizes)
            unfit = taken[:, column] | (idle[:, column] & (name in NOT_WHEN_IDLE))
            start = _free_start(rng, unfit, length)
            rows = slice(start, start + length)
            stretch = normal.cut(rows, column)
            values[rows, column] = kind.make(stretch, _signed(rng, stretch, size, series), rng)
            changed[rows, column] = taken[rows, column] = True
    return values, changed


# ---------------------------------------------------------------------------------------------
# Missing cells, rounding, splitting, writing
# ---------------------------------------------------------------------------------------------


def _missing(rng: np.random.Generator, shape: tuple[int, int], *, outage: bool) -> BoolArray:
    """Choose the cells that were never recorded, (rows, series).

    Three in a thousand alone; two stretches of 10 to 40 minutes a series and week; with
    ``outage``, also four hours of every series at once.
    """
    rows, columns = shape
    missing = rng.random(shape) < 0.003
    stretches = 2 * columns * max(1, round(rows / ROWS_PER_WEEK))
    starts, lengths = rng.integers(0, rows - 8, stretches), rng.integers(2, 9, stretches)
    for column, start, length in zip(np.arange(stretches) % columns, starts, lengths, strict=True):
        missing[start : start + length, column] = True
    if outage:
        start = int(rng.integers(rows // 3, rows // 2))
        missing[start : start + 4 * ROWS_PER_HOUR] = True
    return missing


def _as_recorded(values: FloatArray) -> FloatArray:
    """Keep values possible, counts whole and decimals few; (rows, series) in data units."""
    ceilings = [np.inf if series.ceiling is None else series.ceiling for series in SERIES]
    possible = np.clip(values, 0.0, np.asarray(ceilings))
    columns = [np.round(possible[:, i], series.decimals) for i, series in enumerate(SERIES)]
    return np.column_stack(columns)


def make_sample(
    train_days: int = 14, val_days: int = 7, test_days: int = 7, seed: int = 7
) -> dict[str, pd.DataFrame]:
    """Make the five tables of a set, in memory.

    Returns:
        ``train``, ``val``, ``test``: float64 (rows, 12) in data units, NaN where missing, indexed
        by ``time``, one part following the other. ``labels_val``, ``labels_test``: int8 of the
        same shape and index, 1 where an anomaly was put. No labeled cell is missing.

    Raises:
        ValueError: if a part has too few days or the seed is negative.
    """
    if seed < 0:
        raise ValueError(f"`seed` must be 0 or more, but is {seed}.")
    if train_days < 1:
        raise ValueError(f"`train_days` must be at least 1, but is {train_days}.")
    for name, days in (("val_days", val_days), ("test_days", test_days)):
        if days < MINIMUM_LABELED_DAYS:
            raise ValueError(
                f"`{name}` must be at least {MINIMUM_LABELED_DAYS}, but is {days}: every series "
                "gets several anomalies with quiet hours between them."
            )
    total_days = train_days + val_days + test_days
    time = pd.date_range(START, periods=total_days * ROWS_PER_DAY, freq=STEP, name="time")
    normal = _normal(time, seed)

    tables: dict[str, pd.DataFrame] = {}
    parts = (("train", train_days, TRAINING), ("val", val_days, VALIDATION),
             ("test", test_days, TESTING))  # fmt: skip
    first = 0
    for place, (name, days, plan) in enumerate(parts):
        rows = slice(first, first + days * ROWS_PER_DAY)
        part = Normal(*(table[rows] for table in normal))
        values, changed = _inject(part, plan, _stream(seed, 3, place))
        recorded = _as_recorded(values)
        missing = _missing(_stream(seed, 4, place), recorded.shape, outage=name == "train")
        if name != "train":
            missing &= ~changed
        recorded[missing] = np.nan
        tables[name] = pd.DataFrame(recorded, index=time[rows], columns=list(NAMES))
        if name != "train":
            labels = changed.astype(np.int8)
            tables[f"labels_{name}"] = pd.DataFrame(labels, index=time[rows], columns=list(NAMES))
        first = rows.stop
    return tables


def write_sample(tables: Mapping[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Write each table to ``folder/<name>.csv`` and return the paths.

    Whole numbers are written without a decimal point, missing cells empty, and lines end the same
    way on every system.
    """
    folder.mkdir(parents=True, exist_ok=True)
    whole = {series.name: "Int64" for series in SERIES if series.decimals == 0}
    paths = []
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        table.astype(whole).to_csv(path, date_format="%Y-%m-%d %H:%M:%S", lineterminator="\n")
        paths.append(path)
    return paths


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command; exits with status 2 if an argument cannot be used."""
    parser = argparse.ArgumentParser(
        description="Make a seeded, labeled data set shaped like a mobile operator's.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    default_folder = Path(__file__).parent / "sample"
    parser.add_argument("folder", metavar="OUT_DIR", nargs="?", type=Path, default=default_folder,
                        help="folder to write the five CSV files to")  # fmt: skip
    parser.add_argument("--train-days", type=int, default=14, help="days of training data")
    parser.add_argument("--val-days", type=int, default=7, help="days of labeled validation data")
    parser.add_argument("--test-days", type=int, default=7, help="days of labeled test data")
    parser.add_argument("--seed", type=int, default=7, help="another seed makes another set")
    given = parser.parse_args(arguments)
    try:
        tables = make_sample(given.train_days, given.val_days, given.test_days, given.seed)
    except ValueError as error:
        parser.error(str(error))
    for path in write_sample(tables, given.folder):
        print(f"{path}: {len(tables[path.stem])} rows, {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
