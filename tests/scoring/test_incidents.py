"""Incidents in training data: planted ones are found, and what normal data do is not one."""

import numpy as np
import pytest

from dcvae._arrays import segments
from dcvae.scoring.incidents import incident_notice, incident_rows

NAN = np.nan


def noise(rows=4000, series=4, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, series)).astype(np.float32)


@pytest.mark.parametrize("series", [[0], [1, 3], [0, 1, 2, 3]], ids=str)
@pytest.mark.parametrize(("start", "length"), [(500, 1), (1000, 20), (0, 30), (3960, 40)])
def test_a_planted_incident_is_found_and_nothing_else(start, length, series):
    error = noise()
    error[start : start + length, series] += 40.0
    found = incident_rows(error)
    assert found[start : start + length].all()
    # The next five are averaged with it: those that are a little strange themselves may be too.
    assert not found[:start].any()
    assert not found[start + length + 5 :].any()
    assert found[start + length :].sum() <= 2


def test_several_incidents_are_all_found():
    error = noise()
    for start, length in ((300, 10), (1500, 40), (3000, 5)):
        error[start : start + length, :2] -= 60.0
        error[start + length : start + length + 5] *= np.float32(0.01)
    found = segments(incident_rows(error))
    assert found.starts.tolist() == [300, 1500, 3000]
    assert (found.stops - found.starts).tolist() == [10, 40, 5]


@pytest.mark.parametrize("seed", range(30))
def test_noise_has_no_incident(seed):
    assert not incident_rows(noise(seed=seed)).any()


def test_at_most_one_file_of_a_hundred_has_one_by_chance():
    """At most about that: the gaps of a fall that is faster than exponential are smaller."""
    found = [incident_rows(noise(1500, 3, seed)).any() for seed in range(1000, 1300)]
    assert sum(found) <= 9  # of a mean of 3, exceeded in one of a thousand such tests


def test_what_comes_every_night_is_no_incident():
    """Thirty backups of half an hour, in a month of rows every five minutes."""
    error = noise(288 * 30)
    for night in range(30):
        error[288 * night + 20 : 288 * night + 26] += 40.0
    assert not incident_rows(error).any()


@pytest.mark.parametrize(("length", "expected"), [(170, 170), (230, 0)])
def test_more_than_one_row_in_twenty_is_how_the_data_are(length, expected):
    error = noise()
    error[1000 : 1000 + length] += 40.0
    assert np.count_nonzero(incident_rows(error)) == expected


@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.3])
def test_contamination_takes_exactly_so_many_of_the_strangest(share):
    error = noise()
    error[100:140] += 40.0
    error[2000:2405] = NAN  # the first five have those before them in their means
    found = incident_rows(error, contamination=share)
    assert found.sum() == round(share * 3600)
    assert not found[2005:2405].any()
    if share >= 0.02:
        assert found[100:140].all()


def test_missing_cells_and_rows_are_neither_strange_nor_in_the_way():
    error = noise()
    error[np.random.default_rng(1).random(error.shape) < 0.3] = NAN
    error[:, 3], error[3000:3200] = NAN, NAN
    assert not incident_rows(error).any()
    there = ~np.isnan(error[1000:1020])
    error[1000:1020][there] += 60.0
    found = incident_rows(error)
    assert found[1000:1020].sum() >= 15  # a row without a cell is of the rows before it
    assert not np.delete(found, np.s_[1000:1025]).any()


@pytest.mark.parametrize("rows", [0, 1, 59])
def test_a_few_rows_tell_nothing(rows):
    error = noise(rows)
    error[rows // 2 :] += 40.0
    assert not incident_rows(error).any()
    assert incident_rows(error).shape == (rows,)


def test_data_without_errors_or_cells_have_no_incident():
    assert not incident_rows(np.zeros((500, 2), dtype=np.float32)).any()
    assert not incident_rows(np.full((500, 2), NAN, dtype=np.float32)).any()
    assert incident_rows(np.full((500, 2), NAN, dtype=np.float32), 0.1).sum() == 0


# ------------------------------------------------------------------- words


def rows_of(*runs):
    rows = np.zeros(200, dtype=bool)
    for first, stop in runs:
        rows[first:stop] = True
    return rows


@pytest.mark.parametrize(
    ("runs", "words"),
    [
        ([], ""),
        (
            [(0, 1)],
            "Row 8 of the training data looks like an incident: it is left out.",
        ),
        (
            [(0, 1), (5, 7)],
            "Rows 8, 13-14 of the training data look like an incident: they are left out.",
        ),
        (
            [(at, at + 2) for at in range(0, 70, 10)],
            "Rows 8-9, 18-19, 28-29, 38-39, 48-49 and 2 more stretches of the training data look "
            "like an incident: they are left out.",
        ),
    ],
)
def test_rows_are_told_as_numbers_of_the_file(runs, words):
    assert incident_notice(rows_of(*runs), first_row=8) == words
