"""sadf -d: samples written by sysstat 12.6.1 (Debian), in all of its forms of times and rows."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.sysstat import SADF
from support import export_samples as samples
from support.export_tools import series_of


def test_rows_of_several_processors_stand_side_by_side():
    times, frame, notices = series_of(SADF, samples.SADF_VERTICAL)
    assert list(times.astype(str)) == [f"2026-11-28 09:16:{s}+00:00" for s in (36, 38, 40)]
    assert list(frame)[::6] == ["cpu all %user", "cpu0 %user", "cpu1 %user"]
    np.testing.assert_array_equal(frame["cpu0 %idle"], [100.0, 99.5, 97.99])
    np.testing.assert_array_equal(frame["cpu all %system"], [0.25, 0.25, 1.25])
    assert "Restarts of the machine at 2026-11-28 09:16:38 UTC are left out." in notices
    assert "Comments at 2026-11-28 09:16:38 UTC are left out." in notices


@pytest.mark.parametrize(
    ("vertical", "horizontal"),
    [
        (samples.SADF_VERTICAL, samples.SADF_HORIZONTAL),
        (samples.SADF_MIXED, samples.SADF_MIXED_HORIZONTAL),
    ],
)
def test_both_forms_of_one_recording_are_the_same(vertical, horizontal):
    times, frame, _ = series_of(SADF, vertical)
    others, other, _ = series_of(SADF, horizontal)
    pd.testing.assert_series_equal(times, others)
    pd.testing.assert_frame_equal(frame, other[list(frame)])
    assert len(frame.columns) == len(other.columns)


def test_seconds_since_1970_and_local_times():
    times, frame, _ = series_of(SADF, samples.SADF_EPOCH)
    assert times[0] == pd.Timestamp("2026-11-28 09:16:36", tz="UTC")
    assert list(frame) == ["runq-sz", "plist-sz", "ldavg-1", "ldavg-5", "ldavg-15", "blocked"]
    times, frame, notices = series_of(SADF, samples.SADF_LOCAL)
    assert times.dt.tz is None
    assert any(notice.startswith("Its times are local ones; `time_zone`") for notice in notices)
    assert list(frame)[:2] == ["vda tps", "vda rkB/s"]


TOP = "# hostname;interval;timestamp;DEV;tps\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TOP, "it holds no rows of numbers"),
        (TOP + "a;2;2024-01-05 13:05:00 UTC;sda", "columns and line 2 has 4: the last row is cut"),
        (TOP + "a;2;13:05 UTC;sda;1\n", "line 2 holds `13:05` as its time"),
        (TOP + "a;2;1704459900;sda;1\nb;2;1704459960;sda;1\n", "it is of 2 machines"),
        (TOP + "a;2;1704459900;sda;1\na;2;1704459900;sda;2\n", r"sda has 2024-01-05 .*\(line 3\)"),
        (TOP + "a;2;1704459900;sda;1\na;2;1704459960;sda;x\n", "line 3 holds `x` as `sda tps`"),
        (
            "# hostname;interval;timestamp;DEV;tps[...];IFACE;rx[...]\na;2;17044599;x;1;y;2;z;3\n",
            "line 2 may be cut into devices in several ways; export it without `-h`",
        ),
        (
            "a;-1;1704459900;LINUX-RESTART\t(2 CPU)\na;2;1704459960;sda;1\n",
            "line 2 comes before any header",
        ),
    ],
)
def test_what_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        series_of(SADF, text)
