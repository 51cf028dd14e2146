"""Words of the page: what losses mean, what was measured, and a verdict where none is given."""

import math
from collections.abc import Sequence

import pandas as pd

from dcvae._text import quantities

NOTHING_EXPECTED = "This detector expects no values, so that there is nothing to compare with."
_AS_WELL = 0.05  # nats of a cell that nobody would see
_LITTLE_WORSE = 0.5


def fit_words(losses: pd.DataFrame) -> str:
    """Say how well a file is reconstructed, next to the data that the model was validated on.

    Args:
        losses: rows "training", "validation", "this file"; columns loss, reconst, kl; nats.

    Examples:
        >>> rows = ["training", "validation", "this file"]
        >>> fit_words(pd.DataFrame({"reconst": [-1.0, -0.9, -0.88]}, index=rows))
        'On average, this file is as well reconstructed as the validation data.'
    """
    if "this file" not in losses.index or math.isnan(file := losses["reconst"]["this file"]):
        return "How well the model reconstructs this file is not known."
    for name in ("validation", "training"):
        if name in losses.index and not math.isnan(losses["reconst"][name]):
            distance = float(file - losses["reconst"][name])
            how = "much less well"
            if distance < -_AS_WELL:
                return f"On average, this file is better reconstructed than the {name} data."
            if distance <= _AS_WELL:
                return f"On average, this file is as well reconstructed as the {name} data."
            if distance <= _LITTLE_WORSE:
                how = "a little less well"
            end = "; a few large anomalies are enough for that, and leave the middle window alone"
            return f"On average, this file is {how} reconstructed than the {name} data{end}."
    return "How well other data are reconstructed is not known, so this file has no comparison."


def losses_words(losses: pd.DataFrame) -> tuple[str, str]:
    """Return a title and a note for a table of losses: what they are, and of what unit.

    Args:
        losses: see `fit_words`; no rows without a network.
    """
    if losses.empty:
        return "The losses", ""
    title, what = (
        "The losses in nats",
        "negative evidence lower bound: reconstruction and KL divergence",
    )
    if not losses["kl"].any():  # no variational network, no likelihood
        title, what = "The losses", "mean error of scaled values, without a KL divergence"
    return title, (
        f"The loss is the {what}. These are means: one large anomaly in this file raises its own. "
        "Whether the model still fits is judged by the middle window, under Findings."
    )


def verdict_words(num_events: int, num_rows: int, num_scored: int) -> str:
    """Say how many events there are, where no verdict is given."""
    if not num_scored and not num_events:
        return f"None of the {num_rows:,} rows could be judged."
    if not num_events:
        return f"No alarm in {num_scored:,} scored row{'s' * (num_scored != 1)}."
    alarms = f"{num_events:,} alarm{'s' * (num_events != 1)}"
    return f"{alarms} in {num_rows:,} row{'s' * (num_rows != 1)}."


def measured_words(values: Sequence[float], unit: str) -> list[str]:
    """Write what was measured and what was expected; "" for what is not known.

    Examples:
        >>> measured_words([13042.7, 37168.0], "B/s"), measured_words([13042.7, float("nan")], "")
        (['13 kB/s', '37.2 kB/s'], ['13 k', ''])
    """
    written = quantities(values, unit)
    return ["" if math.isnan(value) else text for value, text in zip(values, written, strict=True)]
