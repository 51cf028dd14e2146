"""Order of times: repeats and steps back."""

from pathlib import Path

import pandas as pd

from dcvae.data.files.frame_file import FrameFile
from dcvae.data.times.order import order_problems


def problems_of(times, time_zone="UTC"):
    index = pd.DatetimeIndex([f"2024-01-01 {time}" for time in times]).as_unit("us")
    return order_problems(index, FrameFile(Path("data.csv"), pd.DataFrame({"t": index})), time_zone)


def test_times_that_increase_have_no_problem():
    assert problems_of(["00:00", "00:01", "00:05"]) == []
    assert problems_of(["00:00"]) == []


def test_repeats_and_steps_back_are_both_told():
    repeats, backwards = problems_of(["00:00", "00:05", "00:05", "00:01", "00:05"])
    assert repeats.startswith("row 2 and row 3 have the same time, 2024-01-01 00:05:00 (2 repeated")
    assert backwards.startswith(
        "time goes backwards from row 3, 2024-01-01 00:05:00, to row 4, 2024-01-01 00:01:00 (1 "
    )
