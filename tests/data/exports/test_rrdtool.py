"""rrdtool xport and fetch: samples written by rrdtool 1.7.2 (Debian)."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.rrdtool import FETCH, XPORT_JSON, XPORT_XML
from support import export_samples as samples
from support.export_tools import series_of

TIMES = pd.Series(pd.date_range("2024-03-04 00:05", periods=9, freq="5min", tz="UTC", unit="us"))
CPU = [21.0, 22.0, 23.0, 24.0, 25.0, 27.0, 27.0, 28.0, np.nan]
NET = [np.nan, 10, 16.666666667, 23.333333333, 30, 40, 40, 50, np.nan]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (XPORT_XML, samples.XPORT_XML),
        (XPORT_XML, samples.XPORT_XML_TIMES),
        (XPORT_JSON, samples.XPORT_JSON),
        (XPORT_JSON, samples.XPORT_JSON_TIMES),
    ],
)
def test_xport_is_the_same_in_all_forms(form, text):
    times, frame, _ = series_of(form, text)
    pd.testing.assert_series_equal(times, TIMES, check_names=False)
    # A legend with an ampersand, which rrdtool leaves as it is in XML, and none.
    assert list(frame) == ["cpu&load", "series 2"]
    np.testing.assert_array_equal(frame["cpu&load"], CPU)
    np.testing.assert_array_equal(frame["series 2"], NET)


def test_fetch():
    times, frame, _ = series_of(FETCH, samples.FETCH)
    pd.testing.assert_series_equal(times, TIMES[:6], check_names=False)
    np.testing.assert_array_equal(frame["cpu"], CPU[:6])
    np.testing.assert_array_equal(frame["net"], NET[:6])


def test_legends_that_repeat_are_numbered():
    text = samples.XPORT_XML.replace("<entry></entry>", "<entry>cpu&load</entry>")
    _, frame, _ = series_of(XPORT_XML, text)
    assert list(frame) == ["cpu&load", "cpu&load (2)"]


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (XPORT_XML, samples.XPORT_XML[:600], "cannot be read as XML .* cut off; export it again"),
        (XPORT_XML, samples.XPORT_XML.replace("<rows>9<", "<rows>8<"), "should have 8 rows and"),
        (XPORT_XML, samples.XPORT_XML.replace("<step>300<", "<step>0<"), "`start` or `step`"),
        (XPORT_XML, samples.XPORT_XML.replace("<v>2.1", "<v>1</v><v>2.1"), "row 1 has 3 values"),
        (XPORT_JSON, samples.XPORT_JSON[:300], r"line \d+ cannot be read as JSON"),
        (XPORT_JSON, "{ about: 'RRDtool graph JSON output',", "older than 1.5"),
        (XPORT_JSON, '{"about": "RRDtool graph JSON output", "data": 1}', "it lacks `meta`"),
        (FETCH, samples.FETCH + "1709512500: 1.0", "line 9 has 2: the last row is cut off"),
        (FETCH, samples.FETCH.replace("2.7", "x.7"), "line 8 holds `x.7000000000e.01` as `cpu`"),
    ],
)
def test_what_is_refused(form, text, message):
    with pytest.raises(InputError, match=message):
        series_of(form, text)
