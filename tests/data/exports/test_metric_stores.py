"""Prometheus, Graphite: samples written by Prometheus 2.42.0 (Debian), graphite-web 1.1.10.

PROMETHEUS_LABELS and GRAPHITE_CSV put together the series of two answers.
"""

import json

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.metric_stores import (
    GRAPHITE_CSV,
    GRAPHITE_JSON,
    GRAPHITE_RAW,
    PROMETHEUS,
)
from support import export_samples as samples
from support.export_tools import series_of


def test_series_of_prometheus_have_all_their_labels():
    for text in (samples.PROMETHEUS, samples.PROMTOOL):
        times, frame, _ = series_of(PROMETHEUS, text)
        assert list(frame) == ['up{instance="127.0.0.1:19090",job="self"}']
        assert times[1] == pd.Timestamp(1795857411, unit="s", tz="UTC")
        assert frame.iloc[:2, 0].tolist() == [1, 1]


def test_series_of_other_times_and_infinite_values():
    times, frame, notices = series_of(PROMETHEUS, samples.PROMETHEUS_LABELS)
    assert (times.astype("int64") // 10**6).tolist() == [1795857400 + s for s in (9, 11, 13, 15)]
    np.testing.assert_array_equal(frame['{handler="/metrics"}'], [np.nan, np.nan, 0.2626, 0.3626])
    assert frame.iloc[:, 0].isna().all()
    assert any(notice.startswith("Infinite values are taken for missing: 2") for notice in notices)


def test_series_of_times_of_their_own_are_told():
    result = [
        {"metric": {"job": job}, "values": [[1700000000 + start + 60 * n, "1"] for n in range(9)]}
        for start, job in enumerate("abc")
    ]
    text = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})
    _, frame, notices = series_of(PROMETHEUS, text)
    assert frame.shape == (27, 3)
    assert any("67% of the cells are empty" in notice for notice in notices)


@pytest.mark.parametrize(
    ("form", "text", "zone"),
    [
        (GRAPHITE_CSV, samples.GRAPHITE_CSV, None),
        (GRAPHITE_JSON, samples.GRAPHITE_JSON, "UTC"),
    ],
)
def test_graphite_series_by_target(form, text, zone):
    times, frame, _ = series_of(form, text)
    hour = 10 if zone is None else 9  # the server stood in Madrid, and CSV is in its time
    assert times[0] == pd.Timestamp(f"2026-11-28 {hour:02}:14:00", tz=zone)
    np.testing.assert_array_equal(frame['a,"b|c'][:3], [24, 23, np.nan])
    assert list(frame)[1:] == (["web.mem"] if form is GRAPHITE_CSV else [])


def test_graphite_raw_has_commas_in_its_names():
    times, frame, _ = series_of(GRAPHITE_RAW, samples.GRAPHITE_RAW)
    assert list(frame) == ["web.cpu", "movingAverage(web.cpu,2)", 'a,"b|c']
    np.testing.assert_array_equal(frame["web.cpu"], [24, 23, np.nan, 21, 20])
    assert (times.diff()[1:] == pd.Timedelta("60s")).all()


def answer(data):
    return json.dumps({"status": "success", "data": data})


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (PROMETHEUS, samples.PROMETHEUS_ERROR, r"refused the query \(bad_data: 1:4: parse error"),
        (PROMETHEUS, samples.PROMETHEUS_VECTOR, "of the type `vector`.*ask `query_range`"),
        (PROMETHEUS, samples.PROMETHEUS[:-9], "line 1 cannot be read as JSON .* cut off"),
        (PROMETHEUS, answer({"resultType": "matrix", "result": []}), "the query found no series"),
        (PROMETHEUS, answer({"resultType": "matrix", "result": [1]}), "series 1 is not of the"),
        (PROMETHEUS, samples.PROMETHEUS.replace("411", "409"), r"after 2026-11-28 09:16:49"),
        (PROMETHEUS, samples.PROMETHEUS.replace('"1"', '"one"', 1), "row 1 holds `one`"),
        (GRAPHITE_RAW, samples.GRAPHITE_RAW[:-6], "line 3 has 4 values where .* ask for 5"),
        (GRAPHITE_RAW, samples.GRAPHITE_RAW + "x", "line 4 is not of the form"),
        (GRAPHITE_CSV, samples.GRAPHITE_CSV + "web.mem,2026-11-28 1", "line 7 has 2: the last row"),
        (GRAPHITE_JSON, '[{"target": "a", "datapoints": [1]}]', "series 1 is not of the form"),
    ],
)
def test_what_is_refused(form, text, message):
    with pytest.raises(InputError, match=message):
        series_of(form, text)
