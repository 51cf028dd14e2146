"""collectl, nmon, pmrep: samples written by collectl 4.3.1, nmon 16n and PCP 6.0.3 (Debian).

Of nmon's, sections and facts about the machine are left out; those of pmrep are put together from
the rows and columns of several runs.
"""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.recorders import COLLECTL, NMON, PMREP
from support import export_samples as samples
from support.export_tools import series_of


def test_collectl_names_series_by_device():
    times, frame, _ = series_of(COLLECTL, samples.COLLECTL_BLANKS)
    assert list(times.astype(str)) == [f"2026-11-28 09:15:{s}" for s in (44, 45, 46)]
    assert list(frame)[::12] == ["cpu0 User%", "cpu1 User%"]
    np.testing.assert_array_equal(frame["cpu1 Nice%"], [89, 95, 92])


def test_collectl_columns_of_text_are_left_out():
    times, frame, notices = series_of(COLLECTL, samples.COLLECTL_COMMAS)
    assert times[1] == pd.Timestamp("2026-11-28 09:44:49")
    assert list(frame)[20:22] == ["CPU BlkTot", "vda Reads"]
    assert "Columns of text are left out: `vda Name` (`vda`)." in notices


def test_collectl_utc_has_fractions_of_seconds():
    times, frame, _ = series_of(COLLECTL, samples.COLLECTL_UTC)
    assert times[0] == pd.Timestamp("2026-11-28 09:27:52.011", tz="UTC")
    assert frame["CPU Nice%"].tolist() == [92, 89]


def test_collectl_headers_that_change():
    text = (
        "#Date Time [DSK:a]Reads\n20240105 13:05:00 1\n"
        "#Date Time [DSK:a]Reads [DSK:b]Reads [NET:b]Reads\n20240105 13:06:00 2 3 4\n"
    )
    _, frame, notices = series_of(COLLECTL, text)
    assert list(frame) == ["a Reads", "[DSK:b]Reads", "[NET:b]Reads"]
    np.testing.assert_array_equal(frame, [[1, np.nan, np.nan], [2, 3, 4]])
    assert any("header changes" in notice for notice in notices)


@pytest.mark.parametrize("is_sorted", [False, True])
def test_nmon_joins_its_sections_by_snapshot(is_sorted):
    text = "\n".join(sorted(samples.NMON.splitlines())) if is_sorted else samples.NMON
    times, frame, notices = series_of(NMON, text)
    assert list(times.astype(str)) == [f"2026-11-28 09:15:{s}" for s in (48, 50, 52)]
    assert frame["CPU_ALL User%"].tolist() == [86.6, 73.2, 49.8]
    assert frame["CPU_ALL Busy"].isna().all()
    assert frame["CPU_ALL CPUs"].tolist() == [2, 2, 2]
    assert frame["DISKBUSY vda"].tolist() == [0, 0.5, 0]
    assert "Left out, as no series: `BBB`." in notices


def test_nmon_section_whose_columns_changed_is_left_out():
    text = samples.NMON.replace("DISKBUSY,T0002,0.5", "DISKBUSY,T0002,0.5,0.1")
    _, frame, notices = series_of(NMON, text)
    assert "DISKBUSY vda" not in frame
    assert any("The section `DISKBUSY` is left out" in notice for notice in notices)


def test_pmrep_leaves_times_as_written():
    times, frame, notices = series_of(PMREP, samples.PMREP)
    assert times[0] == "2026-11-28 09:18:53"
    assert np.isnan(frame["disk.dev.read-vda"][0])
    assert frame["mem.util.free"][1] == 20476776
    assert "Columns of text are left out: `hinv.machine` (`x86_64`)." in notices


def test_pmrep_offsets_are_those_of_the_clock():
    times, frame, _ = series_of(PMREP, samples.PMREP_EXTENDED)
    assert times[0] == pd.Timestamp("2026-11-28 09:23:57", tz="UTC")
    assert frame["disk.dev.read-vda"][1] == 16.938
    times, frame, _ = series_of(PMREP, samples.PMREP_COMMENTS)
    assert list(times) == ["1795857536", "1795857537"]


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (COLLECTL, "#Date Time [CPU]User%\n", "it holds no rows of numbers"),
        (COLLECTL, "#UTC [CPU]User%\n1704459900 1 2\n", "2 columns and line 2 has 3"),
        (COLLECTL, "#UTC [CPU]User%\n170 1\n\n1e99 2\n", "line 4 holds `1e99` as its time"),
        (NMON, "AAA,a,b\nAAA,c,d\n", "it has no section `ZZZZ`"),
        (NMON, samples.NMON.replace("ZZZZ,T0002", "ZZZZ,T0009"), "is of snapshot T0002"),
        (NMON, samples.NMON.replace("ZZZZ,T0002", "ZZZZ,T0001"), "begins a second recording"),
        (NMON, samples.NMON.rstrip()[:-4], "its last, is cut off"),
        (PMREP, samples.PMREP[: samples.PMREP.rindex(",20476776")], "the last row is cut off"),
        (PMREP, samples.PMREP_EXTENDED + "b,1,2026-11-28 14:53:59 UTC+5:30,1,1\n", "2 machines"),
    ],
)
def test_what_is_refused(form, text, message):
    with pytest.raises(InputError, match=message):
        series_of(form, text)
