"""What the alarm of the system sees of rows: parts of a file, states, and how references moved."""

import numpy as np
import pytest

from dcvae.detection.alarms.following import Following
from dcvae.detection.alarms.judged import STATES, Judged, moved
from dcvae.detection.alarms.past import Followed

NAN = np.nan


@pytest.fixture
def judged():
    random = np.random.default_rng(0)
    return Judged(
        *random.random((3, 10)),
        limit=2.0,
        lower=1.0,
        reference=random.random(10),
        widths=random.random((10, 2)).astype(np.float32),
        accepted=(1, 5, 8),
        returned=(6,),
    )


def same(left, right):
    for first, second in zip(left, right, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("row", [0, 1, 5, 6, 9, 10])
def test_a_later_part_counts_its_own_rows(judged, row):
    part = judged.since(row)
    for name in ("score", "relative", "own", "reference", "widths"):
        np.testing.assert_array_equal(getattr(part, name), getattr(judged, name)[row:])
    assert (part.limit, part.lower) == (2.0, 1.0)
    assert [at + row for at in part.accepted] == [at for at in (1, 5, 8) if at >= row]
    assert [at + row for at in part.returned] == [at for at in (6,) if at >= row]


def test_widths_of_a_whole_file_are_those_of_a_part(judged):
    widths = np.ones((1, 2), dtype=np.float32)
    np.testing.assert_array_equal(judged._replace(widths=widths).since(4).widths, widths)


@pytest.mark.parametrize("row", [1, 5, 6, 9])
def test_a_file_is_made_of_its_parts(judged, row):
    first = judged._replace(
        **{
            name: getattr(judged, name)[:row]
            for name in ("score", "relative", "own", "reference", "widths")
        },
        accepted=tuple(at for at in judged.accepted if at < row),
        returned=tuple(at for at in judged.returned if at < row),
    )
    same(Judged.of_parts(first, judged.since(row)), judged)


def test_every_row_is_in_a_state(judged):
    relative = np.array([NAN, NAN, 0.0, 1.0, 5.0, 5.0, 0.1, NAN, NAN, 1.0])
    alarm = np.array([0, 0, 0, 0, 1, 1, 1, 0, 0, 0], dtype=bool)
    assert STATES == ("not judged", "calm", "alarm")
    assert judged._replace(relative=relative).states(alarm) == [
        *["not judged"] * 2,
        *["calm"] * 2,
        *["alarm"] * 3,
        *["not judged"] * 2,
        "calm",
    ]


def test_series_in_alarm_put_rows_in_alarm_that_have_no_past(judged):
    states = judged._replace(relative=np.full(10, NAN)).states(np.arange(10) < 2)
    assert states == ["alarm"] * 2 + ["not judged"] * 8


def test_references_have_moved_by_the_geometric_mean_of_what_is_judged():
    lowest = np.array([1.0, 2.0, 4.0])
    following = Following(96, 40, 2, lowest, lowest, lowest, 1.0, 60.0)
    references = np.array([[1.0, 2.0, 4.0], [2.0, 8.0, 4.0], [NAN, 18.0, 4.0], [NAN, NAN, NAN]])
    nothing = np.zeros(4, dtype=bool)
    found = moved(Followed(np.ones(4), references, nothing, [], []), following)
    np.testing.assert_allclose(found, [1.0, 2.0, 3.0, NAN])
