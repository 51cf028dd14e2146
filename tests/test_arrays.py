"""Refusals of arrays that are no mask, no finite series, or not of the same rows."""

import numpy as np
import pytest

from dcvae._arrays import check_floats, check_mask, check_pair, check_score, find_overlaps, segments
from support.masks import mask


@pytest.mark.parametrize(
    ("array", "received"),
    [
        (np.array([0, 1]), r"shape \(2,\), dtype int64"),
        (np.array([0.0, 1.0]), r"shape \(2,\), dtype float64"),
        (np.zeros((3, 2), dtype=bool), r"shape \(3, 2\), dtype bool"),
        (np.array(True), r"shape \(\), dtype bool"),
        (np.array([True, None]), r"shape \(2,\), dtype object"),
    ],
)
def test_a_mask_is_one_row_of_bool(array: np.ndarray, received: str) -> None:
    message = (
        r"^`alarm` must be a one-dimensional bool array, one value a row\. Received: "
        rf"{received}\. Pass one series at a time, as `array == 1` if it holds 0 and 1\.$"
    )
    with pytest.raises(ValueError, match=message):
        check_mask("alarm", array)


def test_masks_of_any_length_pass() -> None:
    for picture in ("", ".", "#", "..##."):
        check_mask("truth", mask(picture))
        check_pair(mask(picture), mask(picture))


@pytest.mark.parametrize(
    ("array", "received"),
    [
        (np.array([1, 2]), r"shape \(2,\), dtype int64"),
        (np.array([True]), r"shape \(1,\), dtype bool"),
        (np.zeros((1, 2)), r"shape \(1, 2\), dtype float64"),
        (np.array(1.0), r"shape \(\), dtype float64"),
        (np.array([1j]), r"shape \(1,\), dtype complex128"),
    ],
)
def test_a_series_is_one_row_of_floats(array: np.ndarray, received: str) -> None:
    message = (
        r"^`values` must be a one-dimensional float array, one value a row\. Received: "
        rf"{received}\. Pass one series at a time, as `array\.astype\(float\)` if it holds whole "
        r"numbers\.$"
    )
    with pytest.raises(ValueError, match=message):
        check_floats("values", array)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_series_is_finite(bad: float) -> None:
    message = (
        rf"^`score` must be finite\. Received: {bad} in row 1, the first of 2 such rows\. Leave "
        r"them out, or fill them first\.$"
    )
    with pytest.raises(ValueError, match=message):
        check_floats("score", np.array([0.0, bad, 1.0, np.nan]))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_floats_of_any_width_and_length_pass(kind: type) -> None:
    check_floats("values", np.array([], dtype=kind))
    check_floats("values", np.array([1.5, -2.0], dtype=kind))


def test_labels_and_alarms_are_of_the_same_rows() -> None:
    message = (
        r"^`truth` and `alarm` must have one value for each of the same rows\. Received: 3 and 2 "
        r"rows\. Align them by timestamp first\.$"
    )
    with pytest.raises(ValueError, match=message):
        check_pair(mask("#.."), mask("#."))
    with pytest.raises(ValueError, match="`truth` must be a one-dimensional bool array"):
        check_pair(np.zeros(2), mask("#."))
    with pytest.raises(ValueError, match="`alarm` must be a one-dimensional bool array"):
        check_pair(mask("#."), np.zeros(2))


def test_labels_and_scores_are_a_mask_and_floats_of_the_same_rows() -> None:
    check_score(mask("#."), np.zeros(2))
    message = r"^`truth` and `score` must have one value .* Received: 3 and 2 rows\. Align"
    with pytest.raises(ValueError, match=message):
        check_score(mask("#.."), np.zeros(2))
    with pytest.raises(ValueError, match="`truth` must be a one-dimensional bool array"):
        check_score(np.zeros(2), np.zeros(2))
    with pytest.raises(ValueError, match="`score` must be a one-dimensional float array"):
        check_score(mask("#."), mask("#."))
    with pytest.raises(ValueError, match=r"`score` must be finite\. Received: nan in row 1"):
        check_score(mask("#."), np.array([0.0, np.nan]))


def test_overlaps_by_hand() -> None:
    """The first event meets two alarms, the second shares none, the third meets a part of one."""
    truth, alarm = segments(mask("####..##..##")), segments(mask("##.#......##"))
    overlaps = find_overlaps(truth, alarm)
    assert overlaps.truth.tolist() == [0, 0, 2]
    assert overlaps.alarm.tolist() == [0, 1, 2]
    assert overlaps.starts.tolist() == [0, 3, 10]
    assert overlaps.stops.tolist() == [2, 4, 12]
    nothing = find_overlaps(truth, segments(mask("." * 12)))
    assert [part.tolist() for part in nothing] == [[], [], [], []]
