from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from support.script_tools import load_program

DATA = Path(__file__).parents[2] / "data"
FILES = ("train.csv", "val.csv", "labels_val.csv", "test.csv", "labels_test.csv")


program = load_program("make_sample")


@pytest.fixture(scope="module")
def tables() -> dict[str, pd.DataFrame]:
    return program.make_sample()


def runs(labels: pd.Series) -> list[int]:
    """Lengths of the runs of ones, counted one row at a time."""
    lengths, length = [], 0
    for label in [*labels, 0]:
        if label == 1:
            length += 1
        elif length:
            lengths.append(length)
            length = 0
    return lengths


def test_defaults_write_the_committed_files_byte_for_byte(tmp_path):
    program.main([str(tmp_path / "new")])
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(FILES)
    for name in FILES:
        assert (tmp_path / "new" / name).read_bytes() == (DATA / "sample" / name).read_bytes(), name


def test_committed_files_are_small():
    assert sum((DATA / "sample" / name).stat().st_size for name in FILES) < 1_400_000


def test_files_hold_the_tables(tables):
    for name, table in tables.items():
        read = pd.read_csv(DATA / "sample" / f"{name}.csv", index_col="time", parse_dates=True)
        expected = table.set_axis(pd.DatetimeIndex(table.index, freq=None))
        pd.testing.assert_frame_equal(
            read, expected, check_dtype=False, check_index_type=False, check_freq=False
        )


def test_parts_follow_each_other_at_five_minutes(tables):
    time = pd.DatetimeIndex(
        np.concatenate([tables[name].index for name in ("train", "val", "test")])
    )
    assert (np.diff(time) == np.timedelta64(5, "m")).all()
    assert [len(tables[name]) for name in ("train", "val", "test")] == [4032, 2016, 2016]
    for name in ("val", "test"):
        pd.testing.assert_index_equal(tables[name].index, tables[f"labels_{name}"].index)
    for table in tables.values():
        assert list(table.columns) == [f"TS{number}" for number in range(1, 13)]
        assert table.index.name == "time"


def test_same_seed_same_set_another_seed_another(tables):
    again, other = program.make_sample(), program.make_sample(seed=8)
    for name, table in tables.items():
        pd.testing.assert_frame_equal(table, again[name])
        assert not table.equals(other[name])


@pytest.mark.parametrize("name", ["val", "test"])
def test_every_series_has_a_few_events_and_few_anomalous_rows(tables, name):
    labels = tables[f"labels_{name}"]
    assert set(np.unique(labels)) == {0, 1}
    for series in labels:
        lengths = runs(labels[series])
        assert len(lengths) >= 4, series
        assert min(lengths) <= 2, series
        assert max(lengths) >= 4, series
        assert 0.005 <= labels[series].mean() <= 0.035, series
    assert 0.01 <= labels.to_numpy().mean() <= 0.022


@pytest.mark.parametrize("name", ["val", "test"])
def test_the_first_window_and_missing_cells_hold_no_labels(tables, name):
    labels = tables[f"labels_{name}"].to_numpy()
    assert not labels[:144].any()
    assert not labels[tables[name].isna().to_numpy()].any()


@pytest.mark.parametrize("name", ["val", "test"])
def test_faults_hit_several_series_at_the_same_rows(tables, name):
    labels = tables[f"labels_{name}"]
    together = [
        set(fault) for fault in program.FAULTS if labels[list(fault)].all(axis=1).sum() >= 4
    ]
    assert len(together) == 2


def test_labels_mark_exactly_the_changed_cells():
    time = pd.date_range(program.START, periods=14 * 288, freq="5min")
    normal = program._normal(time, seed=3)
    seen, changed = program._inject(normal, program.TESTING, np.random.default_rng(3))
    np.testing.assert_array_equal(seen[~changed], normal.actual[~changed])
    same = (seen == normal.actual) & changed
    # Only what is stuck may happen to be right: at its first row, or a count that recurs.
    assert same.sum() < 0.1 * changed.sum()


def test_values_are_possible_and_as_precise_as_said(tables):
    for name in ("train", "val", "test"):
        for series in program.SERIES:
            values = tables[name][series.name].dropna()
            assert values.min() >= 0
            if series.ceiling is not None:
                assert values.max() <= series.ceiling
            np.testing.assert_array_equal(values, np.round(values, series.decimals))


def test_scales_differ_and_some_series_are_inversely_related(tables):
    train = tables["train"]
    median = train.median()
    assert median["TS3"] > 1e5
    assert median["TS1"] < 50
    assert 0.95 < median["TS5"] < 1
    correlation = train.corr()
    assert correlation.loc["TS2", "TS3"] > 0.9
    assert correlation.loc["TS4", "TS5"] < -0.8
    assert correlation.loc["TS4", "TS11"] < -0.8


def test_noise_grows_with_the_level(tables):
    steps = tables["train"]["TS4"].diff().abs()
    night, noon = steps.between_time("02:00", "05:00"), steps.between_time("10:00", "13:00")
    assert noon.median() > 3 * night.median()


def test_days_of_the_week_differ_and_a_holiday_is_a_sunday(tables):
    daily = tables["train"]["TS4"].groupby(tables["train"].index.normalize()).median()
    workday, sunday, holiday = (daily[day] for day in ("2021-03-31", "2021-04-04", "2021-04-02"))
    assert sunday < 0.9 * workday
    assert holiday < 0.9 * workday


def test_missing_cells_and_one_outage_of_all_series(tables):
    for name in ("train", "val", "test"):
        assert 0.003 < tables[name].isna().to_numpy().mean() < 0.03
        assert (tables[name].isna().sum() > 0).all()
    assert runs(tables["train"].isna().all(axis=1).astype(int)) == [48]
    assert not tables["val"].isna().all(axis=1).any()


@pytest.mark.parametrize("seed", range(5))
def test_the_shortest_set_still_fits_its_events(seed):
    tables = program.make_sample(1, 3, 3, seed)
    for name in ("labels_val", "labels_test"):
        assert min(len(runs(tables[name][series])) for series in tables[name]) >= 4


def test_a_longer_set_has_more_events():
    tables = program.make_sample(30, 15, 30)
    assert [len(tables[name]) for name in ("train", "val", "test")] == [8640, 4320, 8640]
    labels = tables["labels_test"]
    assert min(len(runs(labels[series])) for series in labels) >= 15
    assert 0.005 < labels.to_numpy().mean() < 0.02


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"train_days": 0}, "`train_days` must be at least 1, but is 0"),
        ({"val_days": 2}, "`val_days` must be at least 3, but is 2"),
        ({"test_days": -1}, "`test_days` must be at least 3, but is -1"),
        ({"seed": -1}, "`seed` must be 0 or more, but is -1"),
    ],
)
def test_refuses_what_it_cannot_make(given, message):
    with pytest.raises(ValueError, match=message):
        program.make_sample(**given)


def test_command_says_what_it_wrote_and_what_is_wrong(tmp_path, capsys):
    program.main([str(tmp_path), "--train-days", "1", "--val-days", "3", "--test-days", "4"])
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 5
    assert "test.csv: 1152 rows" in told[3]
    with pytest.raises(SystemExit, match="2"):
        program.main([str(tmp_path), "--val-days", "1"])
    assert "`val_days` must be at least 3" in capsys.readouterr().err
