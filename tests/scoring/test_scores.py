"""Scores of consecutive rows, joined and divided."""

import numpy as np
import pytest

from dcvae.scoring import Scores

FIELDS = ("mean", "sigma", "error", "latent")


def scores_of(rows: int) -> Scores:
    columns = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    return Scores(columns, columns + 0.25, columns + 0.5, columns[:, :1] + 0.75)


@pytest.mark.parametrize("row", [0, 1, 4, 5])
def test_what_is_divided_can_be_joined_again(row: int) -> None:
    whole = scores_of(5)
    first, rest = whole.split(row)
    assert (len(first.mean), len(rest.mean)) == (row, 5 - row)
    joined = Scores.concatenate([first, rest])
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
