"""Order of rows: the cause is found by looking, and no advice loses data."""

import numpy as np
import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.tables import read_table

TIMES = pd.date_range("2024-03-04", periods=40, freq="min")
TABLE = pd.DataFrame({"time": TIMES, "a": np.sin(np.arange(40.0)), "b": np.arange(40.0) % 7})


def read(path, table):
    table.to_csv(path / "data.csv", index=False)
    return read_table(path / "data.csv")


def test_newest_first_is_turned_round(tmp_path):
    table = read(tmp_path, TABLE[::-1])
    np.testing.assert_array_equal(table.frame["a"], TABLE["a"])
    assert "Its newest row stands first; it is read from the last row on." in table.notices


CAUSES = {
    "copies": (pd.concat([TABLE[:5], TABLE[4:]]), "copies, cell by cell, .*: remove the copies"),
    "no seconds": (
        TABLE.assign(time=np.repeat(TIMES[:10], 4)),
        "every time stands about 4 times, as where the clock has lost its seconds",
    ),
    "some repeated": (
        TABLE.assign(time=[TIMES[0], *TIMES[:-1]]),
        "1 repeated in all.; give each row its own time; .* in `by`; if the clocks were set back",
    ),
    "joined in the wrong order": (
        pd.concat([TABLE[20:], TABLE[:20]]),
        r"goes backwards from row 20 \(line 21\), .* \(once in all\); sort the rows by time",
    ),
}


@pytest.mark.parametrize(("table", "advice"), CAUSES.values(), ids=CAUSES)
def test_causes(tmp_path, table, advice):
    with pytest.raises(InputError, match=advice) as error:
        read(tmp_path, table)
    assert "keep one row" not in str(error.value)
