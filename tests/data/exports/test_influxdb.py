"""InfluxDB: the command line's CSV was written by influx 1.6.7 (Debian), some rows left out.

Annotated CSV is made after the documentation of InfluxDB 2.7, whose server has no package here.
"""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.influxdb import ANNOTATED, COMMAND_LINE
from support import export_samples as samples
from support.export_tools import series_of


def test_tables_are_pivoted_by_tags_and_field():
    times, frame, _ = series_of(ANNOTATED, samples.INFLUX_ANNOTATED)
    assert list(frame) == [f"m,host={host},region=east mem" for host in "ABC"]
    assert times[1] == pd.Timestamp("2023-01-01 00:53:00.5", tz="UTC")
    np.testing.assert_array_equal(frame, [[15.43, 59.25, np.nan], [np.nan, np.nan, 52.62]])


def test_annotations_may_be_missing():
    rows = samples.INFLUX_ANNOTATED.splitlines(keepends=True)
    plain = "".join(row for row in rows if not row.startswith("#"))
    _, frame, _ = series_of(ANNOTATED, plain)
    pd.testing.assert_frame_equal(frame, series_of(ANNOTATED, samples.INFLUX_ANNOTATED)[1])


def test_pivoted_tables_have_a_series_a_column():
    times, frame, _ = series_of(ANNOTATED, samples.INFLUX_PIVOTED)
    assert list(times) == list(pd.to_datetime(["2024-03-04T00:00Z", "2024-03-04T00:05Z"]))
    np.testing.assert_array_equal(frame["cpu"], [20.063, 20.043])
    np.testing.assert_array_equal(frame["mem"], [30.569, np.nan])


def test_tables_of_other_columns_and_truth_values():
    text = samples.INFLUX_PIVOTED + (
        "\n#datatype,string,long,dateTime:RFC3339,boolean,string\n#default,_result,,,,\n"
        ",result,table,_time,up,host\n,,1,2024-03-04T00:05:00Z,true,a\n"
        ",,1,2024-03-04T00:10:00Z,false,a\n"
    )
    _, frame, _ = series_of(ANNOTATED, text)
    np.testing.assert_array_equal(frame["host=a up"], [np.nan, 1, 0])
    np.testing.assert_array_equal(frame["cpu"], [20.063, 20.043, np.nan])


def test_command_line_tags_tell_series_apart():
    times, frame, notices = series_of(COMMAND_LINE, samples.INFLUX_LINES)
    assert list(frame) == [
        *(f"cpu,cpu=cpu0,host=web-{h} {f}" for h in "ab" for f in ("idle", "usage")),
        "mem used",
    ]
    assert times[2] == pd.Timestamp("2024-03-04 00:15", tz="UTC")
    np.testing.assert_array_equal(frame["cpu,cpu=cpu0,host=web-b usage"], [20.5, 21.5, np.nan])
    np.testing.assert_array_equal(frame["mem used"], [0, 1000, 3000])
    assert any("`cpu`, `host` is taken for tags" in notice for notice in notices)
    _, frame, _ = series_of(COMMAND_LINE, samples.INFLUX_TAGS)
    assert list(frame) == ["cpu,host=web-a mean", "cpu,host=web-b mean"]


@pytest.mark.parametrize("digits", [0, 3, 6, 9])
def test_command_line_times_of_any_precision(digits):
    text = f"name,time,used\nmem,1709510400{'0' * digits},1\n"
    times, _, _ = series_of(COMMAND_LINE, text)
    assert times[0] == pd.Timestamp("2024-03-04", tz="UTC")


HEAD = "name,time,rack,used\n"


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (ANNOTATED, samples.INFLUX_ERROR, "refused the query: Failed to parse query"),
        (ANNOTATED, "#datatype,string,double\n,result,cpu\n,,1\n", "have no `_time`; keep it in"),
        (ANNOTATED, samples.INFLUX_PIVOTED[:-9], "line 6 has 4: the last row is cut off"),
        (ANNOTATED, samples.INFLUX_PIVOTED.replace(":05:", ":00:"), r"00:00 \(line 6\) after"),
        (COMMAND_LINE, HEAD, "it holds no rows of numbers"),
        (COMMAND_LINE, HEAD + "m,1709510400,1,5\nm,1709510400,2,6\n", "ask for `GROUP BY .`"),
        (COMMAND_LINE, HEAD + "m,1709510400,1,5\nm,17095", "line 3 has 2: the last row is cut"),
    ],
)
def test_what_is_refused(form, text, message):
    with pytest.raises(InputError, match=message):
        series_of(form, text)
