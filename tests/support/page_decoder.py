"""The page read back: a second implementation of what data.js does in the browser."""

import base64
import json
import re
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dcvae.report import ReportContent
from dcvae.report.page.encoding import FAR_CODE, MISSING_CODE


def data_of(page: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    data: dict[str, Any] = json.loads(found[0])
    return data


def unpack(text: str, dtype: str) -> NDArray[Any]:
    return np.frombuffer(base64.b64decode(text), dtype=dtype)


def decoded(channel: dict[str, Any]) -> NDArray[np.float64]:
    codes = unpack(channel["codes"], "<i2")
    numbers = channel["low"] + (codes.astype(np.float64) + 32767) * channel["step"]
    numbers[(codes == MISSING_CODE) | (codes == FAR_CODE)] = np.nan
    numbers[unpack(channel["far_places"], "<u4")] = unpack(channel["far_numbers"], "<f8")
    return numbers


def decoded_times(packed: dict[str, Any]) -> NDArray[np.float64]:
    if "runs" in packed:
        return (
            np.concatenate([first + step * np.arange(size) for first, step, size in packed["runs"]])
            / 1000.0
        )
    dtype = "<u4" if packed["bits"] == 32 else "<f8"
    return packed["origin"] + packed["unit"] * unpack(packed["numbers"], dtype)


def moments_of(times: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Milliseconds since 1970."""
    return times.as_unit("us").asi8 / 1000.0


def decoded_flags(runs: dict[str, Any], times: pd.DatetimeIndex) -> NDArray[np.bool_]:
    """Runs of all series as (rows, series)."""
    moments = moments_of(times)
    flags = np.zeros((len(times), len(runs["series"])), dtype=bool)
    for number, packed in enumerate(runs["series"]):
        for first, last in decoded_times(packed).reshape(-1, 2):
            flags[(moments >= first) & (moments <= last), number] = True
    return flags


def edges(made: ReportContent) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean, sigma = made.mean.astype(np.float64), made.sigma.astype(np.float64)
    return mean - made.alpha_down * sigma, mean + made.alpha_up * sigma


def assert_within_half_a_step(channel: dict[str, Any], expected: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(
        decoded(channel),
        expected,
        rtol=1e-12,
        atol=channel["step"] * (0.5 + 1e-6) + 1e-300,
    )
