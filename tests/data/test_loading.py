"""The one door for data: labels, context, resampling, and what a training is fitted to."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.config import DataKeys
from dcvae.data import Preprocessor, Table, read_data, training_data, without_labeled
from dcvae.data.inputs.gaps import after_gap
from dcvae.data.resampling import resample
from dcvae.data.tables import read_table
from dcvae.data.times.steps import describe_steps
from support.builders import settings_with
from support.tables import resampled_slowly, uneven_frame, written

NAN = np.nan
MINUTE = pd.Timedelta(1, unit="min")


def table_of(frame, path="data.csv"):
    return Table(path, frame, ["before"])


# --- Reading ---------------------------------------------------------------------------------


def test_labels_are_matched_to_the_times_as_measured(tmp_path):
    frame = uneven_frame()
    data = written(frame, tmp_path / "data.csv")
    labels = written((frame > 0.5).astype(int), tmp_path / "labels.csv")
    settings = settings_with(resample="1min", max_gap=3)
    table, truth = read_data(data, settings, labels=labels)
    pd.testing.assert_frame_equal(table.frame, resampled_slowly(frame, MINUTE, 3))
    pd.testing.assert_frame_equal(truth.frame, resampled_slowly(frame > 0.5, MINUTE, 3))


def test_a_context_shares_the_step_that_it_ends_in(tmp_path):
    """Cut anywhere, a file with its context has the rows of the whole file."""
    frame = uneven_frame()
    settings = settings_with(resample="5min", max_gap=3)
    whole = resample(table_of(frame), 5 * MINUTE, 3).frame
    for cut in range(90, 110):
        context = written(frame.iloc[:cut], tmp_path / "context.csv")
        data = written(frame.iloc[cut:], tmp_path / "data.csv")
        labels = written((frame.iloc[cut:] > 0.5).astype(int), tmp_path / "labels.csv")
        table, truth = read_data(data, settings, labels=labels, context=context)
        pd.testing.assert_frame_equal(table.frame, whole, check_freq=False)
        assert truth.frame.index.equals(table.frame.index[table.context_rows :])


def test_the_rows_of_a_file_are_those_that_were_measured(tmp_path):
    """Whatever is put before them or made of them: labels are matched to these times."""
    frame = uneven_frame()
    context = written(frame.iloc[:20], tmp_path / "context.csv")
    data = written(frame.iloc[20:], tmp_path / "data.csv")
    for keys in (settings_with(), settings_with(resample="1min", max_gap=3)):
        table, _ = read_data(data, keys, context=context)
        assert table.row_times.equals(pd.DatetimeIndex(frame.index[20:]))
        assert table.context_rows


def test_a_context_that_is_too_short_is_told(tmp_path):
    times = pd.date_range("2021-01-01", periods=40, freq="min", unit="us", name="time")
    frame = pd.DataFrame({"a": np.arange(40.0), "b": 1.0}, times)
    context = written(frame.iloc[:8], tmp_path / "context.csv")
    data = written(frame.iloc[8:], tmp_path / "data.csv")
    table, _ = read_data(data, settings_with(resample="2min"), context=context)
    assert len(table.frame) == 21  # 4 steps of context are whole, a fifth begins in it
    assert table.notices[-1] == (
        "The context gives 4 rows of 2 min where 7 are needed: the first 3 rows of the data get "
        "no score."
    )


def test_labels_and_data_have_the_same_local_days(tmp_path):
    times = pd.date_range("2024-03-25 00:05", periods=24 * 12, freq="h", name="time")
    times = times.delete(times.get_indexer(["2024-03-31 02:05"]))  # skipped by the clocks
    frame = pd.DataFrame({"a": np.arange(float(len(times))), "b": 1.0}, times)
    data = written(frame, tmp_path / "data.csv")
    sunday = (frame.index.day_of_week == 6).astype(int)
    labels = written(pd.DataFrame({"a": sunday, "b": 0}, times), tmp_path / "labels.csv")
    keys = settings_with(resample="1d", time_zone="Europe/Madrid")
    table, truth = read_data(data, keys, labels=labels)
    assert truth.frame.index.equals(table.frame.index)
    assert len(table.frame) == 12
    ends = table.frame.index.tz_localize("UTC").tz_convert("Europe/Madrid")
    assert truth.frame["a"].tolist() == (ends.day_of_week == 0).tolist()  # midnight after Sunday
    assert not any("differ" in notice for notice in describe_steps(table.frame.index))


def test_a_context_of_days_is_next_to_its_data_where_the_clocks_change(tmp_path):
    days = pd.date_range("2024-10-15", periods=20, freq="D", name="time")
    frame = pd.DataFrame({"a": np.arange(20.0), "b": 1.0}, days)
    context = written(frame.iloc[:13], tmp_path / "context.csv")  # its last day has 25 hours
    data = written(frame.iloc[13:], tmp_path / "data.csv")
    table, _ = read_data(data, settings_with(time_zone="Europe/Madrid"), context=context)
    assert table.frame.index[13] - table.frame.index[12] == pd.Timedelta(25, unit="h")
    assert not any("gap" in notice for notice in table.notices)


def test_too_few_rows_after_resampling(tmp_path):
    times = pd.date_range("2021-01-01", periods=30, freq="min", name="time")
    data = written(pd.DataFrame({"a": np.arange(30.0), "b": 1.0}, times), tmp_path / "data.csv")
    assert len(read_data(data, settings_with())[0].frame) == 30
    message = r"data\.csv has 7 rows of 5 min \(`resample`\), but at least 8 are needed: a window"
    with pytest.raises(InputError, match=message):
        read_data(data, settings_with(resample="5min"))


def test_a_file_shorter_than_a_window_is_refused_as_ever(tmp_path):
    times = pd.date_range("2021-01-01", periods=7, freq="min", name="time")
    data = written(pd.DataFrame({"a": np.arange(7.0)}, times), tmp_path / "data.csv")
    with pytest.raises(InputError, match="it has 7 rows but at least 8 are needed"):
        read_data(data, settings_with())


def test_a_dead_series_is_refused_only_where_nothing_stands_for_it(tmp_path):
    times = pd.date_range("2021-01-01", periods=30, freq="min", name="time")
    frame = pd.DataFrame({"a": np.arange(30.0), "b": NAN}, times)
    data = written(frame, tmp_path / "data.csv")
    context = written(
        frame.set_axis(times - 60 * MINUTE), tmp_path / "context.csv", index_label="t"
    )
    series = ("a", "b")
    assert read_data(data, settings_with(), series=series)[0].frame["b"].isna().all()
    joined, _ = read_data(data, settings_with(), series=series, context=context)
    assert (len(joined.frame), joined.context_rows) == (60, 30)
    for options in ({"series": series}, {"series": series, "context": context}):
        with pytest.raises(InputError, match="column `b` is empty in every row, but the model"):
            read_data(data, settings_with(max_fill=None), **options)
    with pytest.raises(
        InputError, match="column `b` is empty in every row; leave it out with `ignore`"
    ):
        read_data(data, settings_with())


def test_the_zone_is_that_of_data_labels_and_context(tmp_path):
    utc = pd.date_range("2021-10-30 12:00", periods=200, freq="5min", unit="us", tz="UTC")
    local = utc.tz_convert("Europe/Madrid").tz_localize(None)
    frame = pd.DataFrame({"a": np.arange(200.0), "b": 1.0}, pd.DatetimeIndex(local, name="time"))
    context = written(frame.iloc[:100], tmp_path / "context.csv")
    data = written(frame.iloc[100:], tmp_path / "data.csv")
    labels = written((frame.iloc[100:] > 150).astype(int), tmp_path / "labels.csv")
    settings = settings_with(time_zone="Europe/Madrid")
    table, truth = read_data(data, settings, labels=labels, context=context)
    assert table.frame.index.tolist() == utc.tz_localize(None).tolist()
    assert table.context_rows == 100
    assert truth.frame.index.tolist() == utc[100:].tz_localize(None).tolist()
    assert not [notice for notice in table.notices if "gap" in notice]


# --- Training --------------------------------------------------------------------------------


def training_files(folder, num_rows=100):
    times = pd.date_range("2021-01-01", periods=num_rows, freq="min", name="time")
    values = np.random.default_rng(0).normal(size=(num_rows, 2))
    frame = pd.DataFrame(values, times, ["a", "b"])
    return frame, pd.DataFrame(0, times, ["a", "b"]), folder / "train.csv", folder / "labels.csv"


def data_of(path, keys, labels=None):
    """What a training is given of files."""
    table, truth = read_data(path, keys, labels=labels)
    return training_data(table, keys, truth)


def test_labeled_cells_and_the_windows_around_them_are_not_learned(tmp_path):
    frame, labels, data_path, labels_path = training_files(tmp_path)
    labels.iloc[20:22, 0] = labels.iloc[90, 1] = 1
    data = data_of(written(frame, data_path), settings_with(M=None), written(labels, labels_path))
    pd.testing.assert_frame_equal(
        data.table.frame, frame.mask(labels == 1), check_freq=False, check_index_type=False
    )
    pd.testing.assert_frame_equal(
        data.labels.frame, labels == 1, check_freq=False, check_index_type=False
    )
    labeled_rows = {20, 21, 90}
    for starts in (data.split.train, data.split.validation):
        windows = [set(range(start, start + 8)) for start in starts.tolist()]
        assert not any(window & labeled_rows for window in windows)
    assert data.split.labeled == 9 + 8
    assert data.notices == [
        "17 of 86 windows are left out of training: 17 have a labeled anomaly.",
        "3 cells are labeled an anomaly and not trained on.",
    ]


def test_labeled_cells_move_no_mean_and_fill_no_gap(tmp_path):
    frame, labels, data_path, labels_path = training_files(tmp_path)
    frame.iloc[20:22, 0] = 1e6
    labels.iloc[20:22, 0] = 1
    keys = settings_with()
    data = data_of(written(frame, data_path), keys, written(labels, labels_path))
    normal = frame.mask(labels == 1)
    assert data.preprocessor == Preprocessor.fit(data.table.frame, keys)
    np.testing.assert_allclose(data.preprocessor.mean, normal.mean())
    np.testing.assert_allclose(data.preprocessor.scale, normal.std(ddof=0))
    assert (data.inputs.values[20:22, 0] == data.inputs.values[19, 0]).all()
    observed = np.ones((100, 2), dtype=bool)
    observed[20:22, 0] = False
    np.testing.assert_array_equal(data.inputs.observed, observed)


def test_without_labels_or_gaps_nothing_is_left_out(tmp_path):
    frame, _, data_path, _ = training_files(tmp_path)
    data = data_of(written(frame, data_path), settings_with())
    assert (data.labels, data.split.across_gaps, data.split.labeled) == (None, 0, 0)
    assert len(data.split.train) == 68
    assert data.notices == []
    pd.testing.assert_frame_equal(data.table.frame, read_table(data_path).frame)


@pytest.mark.parametrize(("max_gap", "left_out"), [(1, 14), (2, 7), (12, 0), (None, 0)])
def test_training_windows_cross_no_gap(tmp_path, max_gap, left_out):
    frame, _, data_path, _ = training_files(tmp_path)
    frame = frame.drop(frame.index[[20, 40, 41, 42]])  # steps of 2 and of 4 minutes
    data = data_of(written(frame, data_path), settings_with(max_gap=max_gap))
    assert data.split.across_gaps == left_out
    # Row 39 came after row 20 was dropped, and row 40 is the one after 42.
    steps = {1: [20, 39], 2: [39]}.get(max_gap, [])
    assert np.flatnonzero(data.inputs.gaps).tolist() == steps


@pytest.mark.parametrize("keys", [{}, {"wo_outliers": False}, {"max_fill": 1}, {"scale": False}])
def test_the_network_is_given_the_training_table_without_outliers_filled_and_scaled(tmp_path, keys):
    frame, _, data_path, _ = training_files(tmp_path)
    frame.iloc[50, 1], frame.iloc[60:64, 0] = 1e4, NAN
    frame = frame.drop(frame.index[30:60:7])
    settings = settings_with(max_gap=1, **keys)
    data = data_of(written(frame, data_path), settings)
    preprocessor = Preprocessor.fit(data.table.frame, settings)
    gaps = after_gap(pd.DatetimeIndex(data.table.frame.index), 60.0, 1)
    expected = preprocessor.transform_training(data.table.frame, gaps)
    assert data.preprocessor == preprocessor
    np.testing.assert_array_equal(data.inputs.values, expected.values)
    np.testing.assert_array_equal(data.inputs.observed, expected.observed)
    np.testing.assert_array_equal(data.inputs.gaps, gaps)
    assert gaps.sum() == 5
    assert data.inputs.times.equals(data.table.frame.index)


def test_what_is_told_comes_in_the_order_in_which_it_was_found(tmp_path):
    """The gap before row 70 is in 7 windows, but 2 of them cross the border of the parts too."""
    frame, labels, data_path, labels_path = training_files(tmp_path)
    frame.iloc[50, 1], frame.iloc[60, 0] = 1e6, NAN
    labels.iloc[20, 0] = 1
    frame = frame.drop(frame.index[70])
    labels = labels.drop(labels.index[70]).assign(note=0)
    data = data_of(
        written(frame, data_path), settings_with(max_gap=1), written(labels, labels_path)
    )
    starts = [
        "Cells are missing in 1 of 2 series: `a` 1 (",
        "The sampling step is 1 min, but 1 of 98 steps differ from it;",
        "13 of 85 windows are left out of training: 5 cross a gap longer than `max_gap` and 8 have",
        "Columns that are not among the series are left out: `note`.",
        "1 cells are labeled an anomaly and not trained on.",
        "Cells more than `max_std` = 7 standard deviations from the mean are taken for missing in",
    ]
    assert len(data.notices) == len(starts)
    for notice, start in zip(data.notices, starts, strict=True):
        assert notice.startswith(start)


def test_the_tables_that_are_given_are_not_changed(tmp_path):
    frame, labels, data_path, labels_path = training_files(tmp_path)
    frame.iloc[50, 1], frame.iloc[60, 0] = 1e6, NAN
    labels.iloc[20, 0] = 1
    keys = settings_with()
    table, truth = read_data(written(frame, data_path), keys, labels=written(labels, labels_path))
    before = table.frame.copy(), truth.frame.copy(), list(table.notices)
    data = training_data(table, keys, truth)
    data.inputs.values[:] = 0
    pd.testing.assert_frame_equal(table.frame, before[0])
    pd.testing.assert_frame_equal(truth.frame, before[1])
    assert table.notices == before[2]


def test_a_series_that_is_labeled_throughout_is_refused(tmp_path):
    frame, labels, data_path, labels_path = training_files(tmp_path)
    frame.iloc[:10, 1] = NAN
    labels.iloc[10:, 1] = 1
    labels.iloc[40:, 1] = 0
    frame.iloc[40:, 1] = NAN
    message = r"Every cell of the series `b` of .*train\.csv is labeled an anomaly in .*labels\.csv"
    with pytest.raises(InputError, match=message):
        data_of(written(frame, data_path), settings_with(), written(labels, labels_path))


def test_only_the_labeled_cells_are_emptied():
    frame = pd.DataFrame({"a": [1.0, 2.0, NAN], "b": [4.0, 5.0, 6.0]})
    labels = pd.DataFrame({"a": [True, False, True], "b": [False, False, True]})
    emptied = without_labeled(Table("d.csv", frame, ["said"]), Table("l.csv", labels, []))
    np.testing.assert_array_equal(emptied.frame, [[NAN, 4.0], [2.0, 5.0], [NAN, NAN]])
    assert (emptied.path, emptied.notices) == ("d.csv", ["said"])
    assert frame.notna().sum().sum() == 5


def test_settings_for_other_series_are_refused_by_whoever_has_both(tmp_path):
    """`training_data` is given keys alone, of which the number of series is none."""
    frame, _, data_path, _ = training_files(tmp_path)
    settings = settings_with(M=3)
    table, _ = read_data(written(frame, data_path), settings)
    with pytest.raises(InputError, match=r"`M` is 3 in tiny\.txt but .*train\.csv has 2 series"):
        settings.with_num_series(table.frame.shape[1], table.path)


def test_counters_go_on_from_the_context(tmp_path):
    times = pd.date_range("2024-01-01", periods=15, freq="min")
    whole = pd.DataFrame({"bytes": np.arange(15.0) ** 2 * 60, "a": 1.0}, times.rename("time"))
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    whole[:10].to_csv(before)
    whole[10:].to_csv(after)
    keys = DataKeys(T=2, counters="bytes")
    table, _ = read_data(after, keys, context=before)
    expected = [np.nan, *(2.0 * np.arange(14) + 1)]
    np.testing.assert_allclose(table.frame["bytes"], expected)
    assert sum("growth per second" in notice for notice in table.notices) == 1
    assert not any("only grow" in notice for notice in table.notices)
    alone, _ = read_data(after, keys)
    np.testing.assert_allclose(alone.frame["bytes"], [np.nan, *expected[11:]])


def test_counters_of_every_machine_are_named_by_their_column(tmp_path):
    times = pd.date_range("2024-01-01", periods=5, freq="s").repeat(2)
    table = pd.DataFrame({"time": times, "host": ["a", "b"] * 5, "sent": np.arange(10.0) ** 2})
    table.assign(load=1.5).to_csv(tmp_path / "data.csv", index=False)
    keys = DataKeys(T=2, by="host", counters="sent")
    read, _ = read_data(tmp_path / "data.csv", keys)
    np.testing.assert_allclose(read.frame["a sent"], [np.nan, 4, 12, 20, 28])
    assert (read.frame["b load"] == 1.5).all()
