"""Every metric of alarms, held to what dcvae/metrics promises of all of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dcvae import InputError
from dcvae.metrics import (
    affiliation,
    detection_delay,
    event_wise,
    point_adjusted,
    point_wise,
    range_based,
)
from support.masks import mask

Metric = Callable[..., Any]

WITH_F1 = (point_wise, point_adjusted, range_based, affiliation, event_wise)


def every(metrics: tuple[Metric, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("metric", metrics, ids=lambda metric: metric.__name__)


@every(WITH_F1)
@pytest.mark.parametrize(
    ("truth", "alarm", "expected"),
    [
        ("....", "....", 1.0),
        (".", ".", 1.0),
        ("", "", 1.0),
        (".##.", "....", 0.0),
        ("#", ".", 0.0),
        ("....", ".##.", 0.0),
        ("....", "####", 0.0),
        (".", "#", 0.0),
        ("####", "####", 1.0),
        ("#", "#", 1.0),
        (".##.", ".##.", 1.0),
    ],
)
def test_precision_recall_and_f1_are_always_defined(
    metric: Metric, truth: str, alarm: str, expected: float
) -> None:
    result = metric(mask(truth), mask(alarm))
    assert (result.precision, result.recall, result.f1) == (expected,) * 3


@every((*WITH_F1, detection_delay))
def test_masks_are_not_changed(metric: Metric) -> None:
    truth, alarm = mask(".####..##."), mask("##.#...###")
    metric(truth, alarm)
    np.testing.assert_array_equal(truth, mask(".####..##."))
    np.testing.assert_array_equal(alarm, mask("##.#...###"))


@every((*WITH_F1, detection_delay))
def test_lengths_must_agree(metric: Metric) -> None:
    with pytest.raises(ValueError, match=r"`truth` and `alarm`.*Received: 3 and 2 rows") as caught:
        metric(mask("#.."), mask("#."))
    assert not isinstance(caught.value, InputError)  # a program's mistake, not a user's


@every((*WITH_F1, detection_delay))
def test_masks_must_be_bool_and_flat(metric: Metric) -> None:
    with pytest.raises(ValueError, match=r"`truth` must be .* bool array.*dtype int64"):
        metric(np.array([0, 1]), mask("#."))
    with pytest.raises(ValueError, match=r"`alarm` must be .*shape \(1, 2\)"):
        metric(mask("#."), mask("#.")[None])
