"""Labels and predictions of a few series, for the tests of tables of metrics."""

import numpy as np

from dcvae.detection import Alphas
from dcvae.evaluation import Predictions
from support.builders import predictions_of

NAN = np.nan


def cells(seed: int, rows: int = 60) -> tuple[np.ndarray, Predictions]:
    """Labels of three series, the last without any, and what a detector said; some missing."""
    random = np.random.default_rng(seed)
    labels = np.repeat(random.random((rows // 5, 3)) < 0.3, 5, axis=0)
    labels[:, 2] = False
    labels[0, :2] = [True, False]  # never all or nothing
    residual = (random.normal(size=(rows, 3)) * 2 + 2 * labels).astype(np.float32)
    residual[random.random(residual.shape) < 0.1] = NAN
    return labels, predictions_of(residual, Alphas.default(("a", "b", "c"), 3.0))


def any_by_loop(table: np.ndarray) -> np.ndarray:
    return np.array([any(row) for row in table.tolist()])
