"""Grafana and Zabbix, made after the source that writes the CSV of Grafana and Zabbix's manuals.

None of the samples was written by the programs, which have no package here.
"""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.dashboards import GRAFANA, ZABBIX_CSV, ZABBIX_JSON, ZABBIX_TEXT
from support import export_samples as samples
from support.export_tools import series_of


def test_units_are_brought_to_one():
    times, frame, notices = series_of(GRAFANA, samples.GRAFANA)
    assert list(times) == [f"2024-01-05 13:0{n}:00" for n in (5, 6, 7)]
    np.testing.assert_array_equal(frame["cpu"], [12.3, 12.4, np.nan])
    np.testing.assert_allclose(frame["mem"], [999e6, 1.25e9, 1.3 * 1024**3])
    assert "Numbers with units, brought to B: `mem`." in notices


def test_a_series_below_the_other():
    times, frame, _ = series_of(GRAFANA, samples.GRAFANA_ROWS)
    assert times[0] == pd.Timestamp("2024-01-05 12:05", tz="UTC")
    np.testing.assert_array_equal(frame["A"], [1.5, np.nan])
    np.testing.assert_array_equal(frame["B"], [2, np.nan])


def test_frames_are_joined():
    times, frame, _ = series_of(GRAFANA, samples.GRAFANA_FRAMES)
    assert times[0] == pd.Timestamp(1704459900, unit="s", tz="UTC")
    np.testing.assert_allclose(frame, [[1e-3, 1500], [1.5, 700]])


def test_zabbix_items_are_series():
    times, frame, _ = series_of(ZABBIX_JSON, samples.ZABBIX)
    assert (times.astype("int64") // 10**6).tolist() == [1704459900, 1704459901, 1704459960]
    np.testing.assert_array_equal(frame["item 23296"], [0.16, np.nan, 0.085])
    np.testing.assert_array_equal(frame["item 23297"], [np.nan, 5, np.nan])
    _, frame, _ = series_of(ZABBIX_JSON, samples.ZABBIX_LINES)
    assert frame["Host B Agent availability"].tolist() == [1, 0]


def test_zabbix_two_values_of_one_second():
    times, frame, _ = series_of(ZABBIX_CSV, samples.ZABBIX_CSV)
    assert times[0] == pd.Timestamp("2024-01-05 13:05:00.549216", tz="UTC")
    assert frame["item 23296"].tolist() == [0.16, 0.17]


def test_zabbix_trends():
    text = "itemid;clock;num;value_min;value_avg;value_max\n7;1704459600;60;1;2;3\n"
    _, frame, _ = series_of(ZABBIX_CSV, text)
    assert frame.iloc[0].to_dict() == {"item 7 min": 1, "item 7 avg": 2, "item 7 max": 3}


def test_zabbix_plain_text():
    times, frame, _ = series_of(ZABBIX_TEXT, samples.ZABBIX_TEXT)
    assert times.is_monotonic_increasing
    assert frame["web-1: CPU load"].tolist() == [0.25, 0.5]


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (GRAFANA, '"Time","a"\n', "it holds no rows of numbers"),
        (GRAFANA, '"Time","a"\n1,1 MB\n2,1 ms\n', "the units `MB`, `ms`, which cannot be brought"),
        (GRAFANA, '"Time","a"\n1,1\n2,x\n', "line 3 holds `x` as `a`"),
        (GRAFANA, '"Time","a","b"\n1,1,1\n2', "line 3 has 1: the last row is cut off"),
        (GRAFANA, samples.GRAFANA_ROWS + "B;13:05;1\n", "`13:05` as its time; expected ISO 8601"),
        (ZABBIX_JSON, samples.ZABBIX_ERROR, "the request: Session terminated, re-login, please.$"),
        (ZABBIX_JSON, '{"jsonrpc":"2.0","result":[]}', "its `result` is empty"),
        (ZABBIX_JSON, '{"jsonrpc":"2.0","result":[{"itemid":"1"}]}', "lack `clock` or `itemid`"),
        (ZABBIX_JSON, '{"jsonrpc":"2.0","result":true}', "its `result` is no list"),
        (ZABBIX_JSON, samples.ZABBIX.replace("1704459901", "soon"), "row 3 holds `soon` as its t"),
        (ZABBIX_CSV, "itemid,clock,ns\n1,1704459900,0\n", "have no `value`"),
        (ZABBIX_CSV, samples.ZABBIX_CSV.replace("549216402", "-1"), "`ns` are no nanoseconds"),
        (ZABBIX_TEXT, samples.ZABBIX_TEXT + "2024-01-05 13:0", "line 4 is not of the form"),
    ],
)
def test_what_is_refused(form, text, message):
    with pytest.raises(InputError, match=message):
        series_of(form, text)
