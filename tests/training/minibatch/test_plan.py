"""Plan of a training over batches of rows."""

import numpy as np
import pytest

from dcvae.training import Plan


@pytest.mark.parametrize(("rows", "batch", "steps"), [(10, 4, 3), (8, 4, 2), (3, 4, 1), (1, 4, 1)])
def test_an_epoch_has_every_row(rows: int, batch: int, steps: int) -> None:
    plan = Plan(epochs=1, batch_size=batch)
    assert plan.steps_of_epoch(rows) == steps
    assert plan.batch_of(rows) == min(rows, batch)


def test_rates_hold_the_corrections_of_adam() -> None:
    """Kingma and Ba, section 2: alpha_t = alpha sqrt(1 - beta_2^t) / (1 - beta_1^t)."""
    rates = Plan(epochs=1, batch_size=1, learning_rate=0.1).rates(2, 2, 10)
    expected = [0.1 * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) for t in (3, 4)]
    np.testing.assert_allclose(rates[:, 0], expected, rtol=1e-6)


def test_a_rate_may_follow_the_epochs() -> None:
    plan = Plan(3, 1, learning_rate=lambda epoch: 1.0 / (1 + epoch), beta_1=0.0, beta_2=0.0)
    np.testing.assert_allclose(plan.rates(0, 6, 2)[:, 0], [1, 1, 1 / 2, 1 / 2, 1 / 3, 1 / 3])


def test_the_average_soon_forgets_the_first_weights() -> None:
    plan = Plan(1, 1, average_decay=0.9)
    np.testing.assert_allclose(plan.rates(0, 2, 2)[:, 1], [1 / 11, 2 / 12])
    np.testing.assert_allclose(plan.rates(1000, 1, 2)[:, 1], [0.9])
