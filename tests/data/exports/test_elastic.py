"""Kibana and Elasticsearch, made after their documentation and issues (7.x and 8.x).

None of the samples was written by the programs, which have no package here.
"""

import json

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.elastic import ELASTICSEARCH, KIBANA
from support import export_samples as samples
from support.export_tools import series_of


def test_kibana_numbers_and_times_as_displayed():
    times, frame, notices = series_of(KIBANA, samples.KIBANA)
    assert list(times) == list(pd.date_range("2024-01-05 13:05", periods=3, freq="min"))
    np.testing.assert_array_equal(frame["cpu"], [1234.5, 234.5, np.nan])
    np.testing.assert_array_equal(frame["bytes"], [1.2 * 1024, 1024**2, 0])
    assert "Commas are taken for separators of thousands: `cpu`." in notices
    assert any("`host.name` (`web-1`)" in notice for notice in notices)


def test_kibana_newest_first_is_turned_round():
    head, *rows = samples.KIBANA.splitlines()
    text = "\n".join([head, *reversed(rows)]) + "\n"
    pd.testing.assert_frame_equal(series_of(KIBANA, text)[1], series_of(KIBANA, samples.KIBANA)[1])


def test_lens_splits_are_series():
    times, frame, _ = series_of(KIBANA, samples.KIBANA_LENS)
    assert list(times) == list(pd.to_datetime(["2021-02-27 01:00", "2021-02-27 02:00"]))
    np.testing.assert_array_equal(frame["No Delay Count of records"], [1, 14])
    np.testing.assert_array_equal(frame["Late Count of records"], [1014, np.nan])


def test_buckets_in_buckets():
    times, frame, _ = series_of(ELASTICSEARCH, samples.ELASTIC_BUCKETS)
    assert times[0] == pd.Timestamp("2024-01-05 13:00", tz="UTC")
    np.testing.assert_array_equal(frame["web-1 doc_count"], [3, 3])
    np.testing.assert_array_equal(frame["web-1 cpu"], [12.5, np.nan])
    np.testing.assert_array_equal(frame["web-1 p 95.0"], [2.5, 2.5])
    np.testing.assert_array_equal(frame["web-2 s avg"], [1.5, np.nan])


def test_time_above_terms_and_composite_keys():
    def inner(value):
        return {"buckets": [{"key": "a", "v": {"value": value}}]}

    buckets = [
        {"key": 1704459600000 + n, "key_as_string": "t", "by": inner(n)} for n in (0, 60_000)
    ]
    text = json.dumps({"took": 1, "aggregations": {"t": {"buckets": buckets}}})
    assert series_of(ELASTICSEARCH, text)[1]["a v"].tolist() == [0, 60_000]
    buckets = [{"key": {"date": 1704459600000, "h": h}, "doc_count": 2} for h in "ab"]
    text = json.dumps({"took": 1, "aggregations": {"c": {"buckets": buckets}}})
    assert list(series_of(ELASTICSEARCH, text)[1]) == ["a doc_count", "b doc_count"]


def test_documents_by_host():
    times, frame, notices = series_of(ELASTICSEARCH, samples.ELASTIC_DOCUMENTS)
    assert times.is_monotonic_increasing
    np.testing.assert_array_equal(frame["a cpu.pct"], [np.nan, 0.5])
    np.testing.assert_array_equal(frame["b cpu.pct"], [0.2, 0.25])
    assert "The answer holds 3 of the 12 documents that were found." in notices
    assert any("not whole" in notice for notice in notices)


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (KIBANA, samples.KIBANA_CLOCK, "have no date; set `dateFormat:scaled`"),
        (KIBANA, samples.KIBANA.splitlines()[0] + "\n\n", "it has a header but no rows"),
        (KIBANA, samples.KIBANA.replace("06:00", "05:00").replace(",y", ",x"), "single events"),
        (KIBANA, samples.KIBANA.replace("cpu,", "bytes,"), "`bytes` come twice"),
        (KIBANA, samples.KIBANA.replace("1MB", "1ms"), "the units `B`, `KB`, `ms`, which cannot"),
        (ELASTICSEARCH, '{"error":{"root_cause":[],"reason":"no such index"}}', "no such index"),
        (ELASTICSEARCH, '{"took":1,"hits":{"hits":[]}}', "neither documents nor aggregations"),
        (ELASTICSEARCH, '{"took":1,"aggregations":{"a":{"value":1}}}', "no buckets of a date"),
        (ELASTICSEARCH, '{"took":1,"aggregations":{"a":{"buckets":[1]}}}', "not of the form"),
        (
            ELASTICSEARCH,
            '{"took":1,"hits":{"hits":[{"_source":{"a":1}}]}}',
            "no field `@timestamp`",
        ),
        (ELASTICSEARCH, samples.ELASTIC_BUCKETS[:200], "cannot be read as JSON"),
    ],
)
def test_what_is_refused(form, text, message):
    with pytest.raises(InputError, match=message):
        series_of(form, text)
