"""Chance levels of ranking metrics: what scores that know nothing of the labels reach.

A figure means little without them, and they are not what one expects: with a buffer, the volume
under the ROC surface of random scores is above 0.5, and that under the precision-recall surface far
above the share of labeled rows. Both depend on the labels and on the buffer.
"""

from typing import NamedTuple

import numpy as np

from dcvae._arrays import BoolArray, Float64Array, check_mask
from dcvae.metrics.vus import Surface, Vus, threshold_ranks

_DRAWS = 8
_FEWEST_DRAWS = 2
_DRAWN_ROWS = 1_000_000  # in all draws together; the more rows, the less one draw varies
_THRESHOLDS = 250  # as in `vus`


class RankingChance(NamedTuple):
    """What scores without any knowledge reach on given labels, each 0 to 1.

    Attributes:
        roc_auc: of `roc_auc`.
        average_precision: of `average_precision`.
        vus_roc: of `vus`.
        vus_pr: of `vus`.
    """

    roc_auc: float
    average_precision: float
    vus_roc: float
    vus_pr: float


def random_scores(truth: BoolArray, window: int, *, seed: int = 0) -> RankingChance:
    """Return what random scores, no two of them equal, reach on the mean.

    The ROC-AUC is 1/2. The average precision of P labeled rows among n has a closed form: a labeled
    row at rank k has (P - 1) / (n - 1) of the k - 1 rows above it labeled, so that with the
    harmonic number H = 1 + 1/2 + .. + 1/n it is H/n + (P - 1) / (n - 1) (1 - H/n), a little more
    than the share of labeled rows. The volumes are the means over a few seeded draws.

    Args:
        truth: (rows,) bool, the labels.
        window: the largest buffer of the volumes in rows, >= 0.
        seed: seed of the draws.

    Returns:
        The expected figures; NaN where a metric is not defined.

    Raises:
        ValueError: `truth` is no mask.

    Examples:
        >>> import numpy as np
        >>> from dcvae.metrics import random_scores
        >>> truth = np.arange(1000) % 100 == 50
        >>> level = random_scores(truth, window=20)
        >>> level.roc_auc, round(level.average_precision, 3), level.vus_pr > 0.1
        (0.5, 0.016, True)
    """
    check_mask("truth", truth)
    num_rows, labeled = truth.size, int(np.count_nonzero(truth))
    nan = float("nan")
    if labeled == 0:
        return RankingChance(nan, nan, nan, nan)
    if labeled == num_rows:
        return RankingChance(nan, 1.0, nan, nan)
    unequal = float(np.sum(1.0 / np.arange(1, num_rows + 1))) / num_rows
    precision = unequal + (labeled - 1) / (num_rows - 1) * (1.0 - unequal)
    surface, generator = Surface(truth, window, _THRESHOLDS), np.random.default_rng(seed)
    ranks = threshold_ranks(num_rows, _THRESHOLDS)
    alarms: Float64Array = (ranks + 1).astype(np.float64)
    draws = min(max(_DRAWN_ROWS // surface.rows.size, _FEWEST_DRAWS), _DRAWS)
    volumes = [
        surface.volumes(
            alarms,
            np.searchsorted(
                ranks, generator.choice(num_rows, surface.rows.size, replace=False)
            ).astype(np.int64),
        )
        for _ in range(draws)
    ]
    pr, roc = np.mean(volumes, axis=0)
    return RankingChance(0.5, precision, float(roc), float(pr))


def constant_score(truth: BoolArray, window: int) -> RankingChance:
    """Return what a score reaches that is the same in all rows.

    Args:
        truth: (rows,) bool, the labels.
        window: the largest buffer of the volumes in rows, >= 0.

    Returns:
        The figures; NaN where a metric is not defined.

    Raises:
        ValueError: `truth` is no mask.

    Examples:
        >>> import numpy as np
        >>> from dcvae.metrics import constant_score
        >>> constant_score(np.arange(4) == 1, window=0)
        RankingChance(roc_auc=0.5, average_precision=0.25, vus_roc=0.5, vus_pr=0.25)
    """
    check_mask("truth", truth)
    num_rows, labeled = truth.size, int(np.count_nonzero(truth))
    nan = float("nan")
    if labeled == 0:
        return RankingChance(nan, nan, nan, nan)
    if labeled == num_rows:
        return RankingChance(nan, 1.0, nan, nan)
    surface = Surface(truth, window, 1)
    volumes: Vus = surface.volumes(
        np.full(1, float(num_rows)), np.zeros(surface.rows.size, dtype=np.int64)
    )
    return RankingChance(0.5, labeled / num_rows, volumes.roc, volumes.pr)
