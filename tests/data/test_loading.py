"""The one door for data: resampling against a slow twin, causality, labels, context, training."""

import numpy as np
import pandas as pd
import pytest
from support.builders import settings_with

from dcvae import InputError
from dcvae.data.loading import read_data, read_training, resample
from dcvae.data.tables import Table, read_table

NAN = np.nan
MINUTE = pd.Timedelta(1, unit="min")


def uneven_table(num_rows=120, seed=0, start="2021-01-01"):
    """Rows every few seconds to minutes, with gaps, and with cells missing."""
    random = np.random.default_rng(seed)
    steps = random.choice(
        [7, 20, 45, 60, 130, 300, 2000], num_rows, p=[0.2] * 4 + [0.1, 0.05, 0.05]
    )
    times = pd.Timestamp(start) + pd.to_timedelta(np.cumsum(steps), unit="s")
    values = random.normal(size=(num_rows, 2))
    values[random.random(values.shape) < 0.2] = NAN
    return pd.DataFrame(values, pd.DatetimeIndex(times, name="t").as_unit("us"), ["a", "b"])


def table_of(frame, path="data.csv"):
    return Table(path, frame, ["before"])


def written(frame, path, **options):
    frame.to_csv(path, **options)
    return path


# --- Resampling ------------------------------------------------------------------------------


def resampled_slowly(frame, step, max_gap):
    """Row by row: everything in (t - step, t], empty rows only where the gap is short."""
    ends = [
        (time - pd.Timestamp(0) + step - pd.Timedelta(1, unit="us")) // step for time in frame.index
    ]
    lines, index = [], []
    for number in range(ends[0], ends[-1] + 1):
        inside = frame[[end == number for end in ends]]
        if not len(inside):
            before = max(end for end in ends if end < number)
            after = min(end for end in ends if end > number)
            if max_gap is not None and after - before > max_gap:
                continue
        index.append(pd.Timestamp(0) + number * step)
        if frame.dtypes.iloc[0].kind == "b":
            lines.append([bool(inside[name].any()) for name in frame.columns])
        else:
            lines.append([inside[name].mean() for name in frame.columns])
    times = pd.DatetimeIndex(index, name=frame.index.name).as_unit("us")
    return pd.DataFrame(lines, times, frame.columns)


@pytest.mark.parametrize("max_gap", [1, 2, 12, None])
@pytest.mark.parametrize("step", [MINUTE, 5 * MINUTE])
@pytest.mark.parametrize("seed", [0, 1])
def test_resampling_is_that_of_a_slow_twin(seed, step, max_gap):
    frame = uneven_table(seed=seed)
    table = resample(table_of(frame), step, max_gap)
    pd.testing.assert_frame_equal(table.frame, resampled_slowly(frame, step, max_gap))
    labels = frame > 0.5
    marked = resample(table_of(labels), step, max_gap)
    pd.testing.assert_frame_equal(marked.frame, resampled_slowly(labels, step, max_gap))
    assert marked.frame.index.equals(table.frame.index)
    assert marked.notices == ["before"]


def test_a_row_is_made_of_what_is_known_by_its_time():
    times = pd.DatetimeIndex(
        ["2021-01-01 00:00:00", "2021-01-01 00:00:01", "2021-01-01 00:05:00", "2021-01-01 00:05:01"]
    )
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0, 8.0]}, times.as_unit("us"))
    table = resample(table_of(frame), 5 * MINUTE, 12)
    assert table.frame["a"].to_dict() == {
        pd.Timestamp("2021-01-01 00:00"): 1.0,
        pd.Timestamp("2021-01-01 00:05"): 3.0,
        pd.Timestamp("2021-01-01 00:10"): 8.0,
    }
    assert table.notices[-1] == (
        "Its 4 rows are brought to one step of 00:05:00 (`resample`): 3 rows, 0 of them empty."
    )


def test_resampling_does_not_look_ahead():
    """However a file goes on, rows whose time has come stay as they are."""
    frame = uneven_table()
    whole = resample(table_of(frame), MINUTE, 3).frame
    for rows in range(2, len(frame)):
        part = resample(table_of(frame.iloc[:rows]), MINUTE, 3).frame
        known = part.loc[: frame.index[rows - 1]]
        pd.testing.assert_frame_equal(known, whole.loc[: known.index[-1]], check_freq=False)


def test_an_even_table_on_the_grid_stays_as_it_is():
    times = pd.date_range("2021-01-01", periods=50, freq="5min", unit="us", name="time")
    frame = pd.DataFrame({"a": np.arange(50.0)}, times)
    pd.testing.assert_frame_equal(
        resample(table_of(frame), 5 * MINUTE, 1).frame, frame, check_freq=False
    )


def test_the_mean_of_the_largest_numbers_is_a_number():
    times = pd.date_range("2021-01-01 00:00:01", periods=2, freq="s", unit="us", name="time")
    frame = pd.DataFrame({"a": [1.7e308, 1.7e308]}, times)
    assert resample(table_of(frame), MINUTE, 1).frame["a"].iloc[0] > 1.6e308


@pytest.mark.parametrize(("max_gap", "step"), [(None, "1s"), (10**6, "1s")])
def test_a_step_far_too_short_is_refused(max_gap, step):
    times = pd.date_range("2021-01-01", periods=50, freq="5min", unit="us", name="time")
    table = table_of(pd.DataFrame({"a": np.arange(50.0)}, times))
    message = r"`resample` would make 14,651 empty rows beside the 50 that data\.csv .*00:05:00 in"
    with pytest.raises(InputError, match=message):
        resample(table, pd.Timedelta(step), max_gap)


# --- Reading ---------------------------------------------------------------------------------


def test_labels_are_matched_to_the_times_as_measured(tmp_path):
    frame = uneven_table()
    data = written(frame, tmp_path / "data.csv")
    labels = written((frame > 0.5).astype(int), tmp_path / "labels.csv")
    settings = settings_with(resample="1min", max_gap=3)
    table, truth = read_data(data, settings, labels=labels)
    pd.testing.assert_frame_equal(table.frame, resampled_slowly(frame, MINUTE, 3))
    pd.testing.assert_frame_equal(truth.frame, resampled_slowly(frame > 0.5, MINUTE, 3))


def test_a_context_shares_the_step_that_it_ends_in(tmp_path):
    """Cut anywhere, a file with its context has the rows of the whole file."""
    frame = uneven_table()
    settings = settings_with(resample="5min", max_gap=3)
    whole = resample(table_of(frame), 5 * MINUTE, 3).frame
    for cut in range(90, 110):
        context = written(frame.iloc[:cut], tmp_path / "context.csv")
        data = written(frame.iloc[cut:], tmp_path / "data.csv")
        labels = written((frame.iloc[cut:] > 0.5).astype(int), tmp_path / "labels.csv")
        table, truth = read_data(data, settings, labels=labels, context=context)
        rows = len(table.frame)
        pd.testing.assert_frame_equal(table.frame, whole.iloc[-rows:], check_freq=False)
        assert truth.frame.index.equals(table.frame.index[settings.window_length - 1 :])


def test_a_context_that_is_too_short_is_told(tmp_path):
    times = pd.date_range("2021-01-01", periods=40, freq="min", unit="us", name="time")
    frame = pd.DataFrame({"a": np.arange(40.0), "b": 1.0}, times)
    context = written(frame.iloc[:8], tmp_path / "context.csv")
    data = written(frame.iloc[8:], tmp_path / "data.csv")
    table, _ = read_data(data, settings_with(resample="2min"), context=context)
    assert len(table.frame) == 21  # 4 steps of context are whole, a fifth begins in it
    assert table.notices[-1] == (
        "The context gives 4 rows of 00:02:00 where 7 would be used: the first 3 rows of the data "
        "get no verdict."
    )


def test_too_few_rows_after_resampling(tmp_path):
    times = pd.date_range("2021-01-01", periods=30, freq="min", name="time")
    data = written(pd.DataFrame({"a": np.arange(30.0), "b": 1.0}, times), tmp_path / "data.csv")
    assert len(read_data(data, settings_with())[0].frame) == 30
    message = (
        r"data\.csv has 7 rows of 00:05:00 \(`resample`\), but at least 8 are needed: a window"
    )
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
    assert len(joined.frame) == 37
    for options in ({"series": series}, {"series": series, "context": context}):
        with pytest.raises(InputError, match="column `b` is empty in every row, but the model"):
            read_data(data, settings_with(max_fill=None), **options)
    with pytest.raises(InputError, match="column `b` is empty in every row; take it out"):
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
    assert table.frame.index.tolist() == utc[93:].tz_localize(None).tolist()
    assert truth.frame.index.tolist() == utc[100:].tz_localize(None).tolist()
    assert not [notice for notice in table.notices if "gap" in notice]


# --- Training --------------------------------------------------------------------------------


def training_files(folder, num_rows=100):
    times = pd.date_range("2021-01-01", periods=num_rows, freq="min", name="time")
    values = np.random.default_rng(0).normal(size=(num_rows, 2))
    frame = pd.DataFrame(values, times, ["a", "b"])
    return frame, pd.DataFrame(0, times, ["a", "b"]), folder / "train.csv", folder / "labels.csv"


def test_labeled_cells_and_the_windows_around_them_are_not_learned(tmp_path):
    frame, labels, data_path, labels_path = training_files(tmp_path)
    labels.iloc[20:22, 0] = labels.iloc[90, 1] = 1
    data = read_training(
        written(frame, data_path), settings_with(M=None), written(labels, labels_path)
    )
    assert data.settings.num_series == 2
    pd.testing.assert_frame_equal(
        data.table.frame, frame.mask(labels == 1), check_freq=False, check_index_type=False
    )
    labeled_rows = {20, 21, 90}
    for starts in (data.split.train, data.split.validation):
        windows = [set(range(start, start + 8)) for start in starts.tolist()]
        assert not any(window & labeled_rows for window in windows)
    assert data.split.labeled == 9 + 8
    assert data.notices == [
        "17 of 86 windows are left out of training: 17 have a labeled anomaly.",
        "3 cells are labeled an anomaly and not learned.",
    ]


def test_without_labels_or_gaps_nothing_is_left_out(tmp_path):
    frame, _, data_path, _ = training_files(tmp_path)
    data = read_training(written(frame, data_path), settings_with())
    assert (data.labels, data.split.across_gaps, data.split.labeled) == (None, 0, 0)
    assert len(data.split.train) == 68
    assert data.notices == []
    pd.testing.assert_frame_equal(data.table.frame, read_table(data_path).frame)


@pytest.mark.parametrize(("max_gap", "left_out"), [(1, 14), (2, 7), (12, 0), (None, 0)])
def test_training_windows_cross_no_gap(tmp_path, max_gap, left_out):
    frame, _, data_path, _ = training_files(tmp_path)
    frame = frame.drop(frame.index[[20, 40, 41, 42]])  # steps of 2 and of 4 minutes
    data = read_training(written(frame, data_path), settings_with(max_gap=max_gap))
    assert data.split.across_gaps == left_out


def test_a_series_that_is_labeled_throughout_is_refused(tmp_path):
    frame, labels, data_path, labels_path = training_files(tmp_path)
    frame.iloc[:10, 1] = NAN
    labels.iloc[10:, 1] = 1
    labels.iloc[40:, 1] = 0
    frame.iloc[40:, 1] = NAN
    message = r"Every cell of the series `b` of .*train\.csv is labeled an anomaly in .*labels\.csv"
    with pytest.raises(InputError, match=message):
        read_training(written(frame, data_path), settings_with(), written(labels, labels_path))


def test_settings_for_other_series_are_refused(tmp_path):
    frame, _, data_path, _ = training_files(tmp_path)
    with pytest.raises(InputError, match="`M` is 3 in tiny"):
        read_training(written(frame, data_path), settings_with(M=3))
