"""Adam in place against its formulas, number by number."""

import math

import numpy as np
import pytest

from dcvae.training.in_numpy.adam import LearningRate, update
from support.builders import settings_with


def test_three_steps_are_those_of_the_paper() -> None:
    random = np.random.default_rng(0)
    values, momenta, velocities = np.zeros((3, 5), dtype=np.float32)
    values += np.float32(0.3)
    expected, first, second = values.astype(float).tolist(), [0.0] * 5, [0.0] * 5
    for step, rate in enumerate([0.1, 0.1, 0.05], start=1):
        gradients = random.normal(size=5).astype(np.float32)
        for i, gradient in enumerate(gradients.tolist()):
            first[i] = 0.9 * first[i] + 0.1 * gradient
            second[i] = 0.999 * second[i] + 0.001 * gradient**2
            corrected = math.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            expected[i] -= rate * corrected * first[i] / (math.sqrt(second[i]) + 1e-7)
        update(
            *(values, gradients, momenta, velocities, np.empty_like(values)),
            step=step,
            learning_rate=rate,
        )
    np.testing.assert_allclose(values, expected, rtol=1e-5)
    np.testing.assert_allclose(momenta, first, rtol=1e-5)
    np.testing.assert_allclose(velocities, second, rtol=1e-5)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"lr": 0.5}, [0.5, 0.5, 0.5, 0.5]),
        (
            {"lr": 0.5, "lr_decay": True, "decay_rate": 0.5, "decay_step": 2},
            [0.5, 0.5, 0.25, 0.25],
        ),
    ],
)
def test_the_learning_rate_falls_in_stairs(keys: dict[str, float], expected: list[float]) -> None:
    rate = LearningRate.of(settings_with(**keys))
    assert [rate.at(step) for step in range(4)] == expected
