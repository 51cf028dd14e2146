"""Slopes of activations against differences of their values."""

import numpy as np
import pytest

from dcvae.networks import (
    ACTIVATIONS,
    BOUNDED_ACTIVATIONS,
    SLOPES_BY_INPUT,
    SLOPES_BY_RESULT,
)

# Nowhere near a kink.
POINTS = np.array([-30.0, -3.3, -1.0, -0.2, 0.1, 0.7, 2.5, 30.0])
STEP = 1e-6


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_slopes_are_those_of_the_values(name: str) -> None:
    activation = ACTIVATIONS[name]
    above, below = activation(POINTS + STEP), activation(POINTS - STEP)
    slope = np.empty_like(POINTS)
    if name in SLOPES_BY_INPUT:
        SLOPES_BY_INPUT[name](POINTS, slope)
    else:
        SLOPES_BY_RESULT[name](activation(POINTS.copy()), slope)
    np.testing.assert_allclose(slope, (above - below) / (2 * STEP), rtol=1e-6, atol=1e-8)


def test_every_activation_has_one() -> None:
    assert set(ACTIVATIONS) == set(SLOPES_BY_RESULT) | set(SLOPES_BY_INPUT)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_which_are_bounded(name: str) -> None:
    far = ACTIVATIONS[name](np.array([-1e4, 1e4]))
    assert bool((np.abs(far) <= 1.0).all()) == (name in BOUNDED_ACTIVATIONS)
