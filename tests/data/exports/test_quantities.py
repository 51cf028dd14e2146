"""Numbers as dashboards show them."""

from pathlib import Path

import pandas as pd
import pytest

from dcvae import InputError
from dcvae.data.exports.assembly import Assembly
from dcvae.data.exports.quantities import plain_numbers


def plain(*cells, kilo=1_000):
    assembly = Assembly(Path("panel.csv"), "a panel")
    frame = plain_numbers(assembly, pd.DataFrame({"a": cells}), kilo)
    return list(frame["a"]), assembly.notices


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "2.5", "-"], ["1", "2.5", "-"]),
        (["1,234.5", "-1,000", "7"], [1234.5, -1000, 7]),
        (["1.234,5", "0,25"], [1234.5, 0.25]),
        (["1 ms", "1.5 s", "2 µs", "1 min"], [1e-3, 1.5, 2e-6, 60]),
        (["1 kB", "1 KiB", "3 B", ""], [1000, 1024, 3, ""]),
        (["1.5 K", "2 Mil", "-3 Bil", "12"], [1500, 2e6, -3e9, 12]),
        (["12.3%", "5 %"], [12.3, 5]),
        (["3 Mb/s", "1 Gb/s"], [3e6, 1e9]),
        (["20 °C", "21.5 °C"], [20, 21.5]),
        (["10.0.0.1", "10.0.0.2"], ["10.0.0.1", "10.0.0.2"]),
        (["web 1", "2 B"], ["web 1", "2 B"]),
        (["1,2,3", "4"], ["1,2,3", "4"]),
    ],
)
def test_numbers_with_separators_and_units(cells, numbers):
    found, _ = plain(*cells)
    for cell, number in zip(found, numbers, strict=True):
        assert cell == number if isinstance(number, str) else float(cell) == pytest.approx(number)


def test_what_was_decided_is_told():
    assert plain("1,234")[1] == ["Commas are taken for separators of thousands: `a`."]
    assert plain("0,25")[1] == ["Commas are taken for decimal marks: `a`."]
    assert plain("2 GB", kilo=1_024) == (
        [repr(2.0 * 1024**3)],
        ["Numbers with units, brought to B: `a`."],
    )
    assert plain("1", "x") == (["1", "x"], [])


def test_units_of_two_kinds_are_refused():
    with pytest.raises(InputError, match="`a` has the units `B`, `s`, which cannot be brought"):
        plain("1 B", "2 s")
    with pytest.raises(InputError, match="`a` has the units `%`, `°C`, which cannot be brought"):
        plain("1 %", "2 °C")
