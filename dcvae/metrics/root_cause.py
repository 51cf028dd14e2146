"""Root-cause metrics: whether the series that an alarm names first are those that were wrong."""

import math
from collections.abc import Collection, Hashable, Sequence
from typing import NamedTuple


class HitRate(NamedTuple):
    """A hit rate, and what chance reaches.

    Attributes:
        rate: share of the events with a hit, 0 to 1; NaN without events.
        chance: what random orders of the series reach on the mean, 0 to 1; NaN without events.
        num_events: number of events.
    """

    rate: float
    chance: float
    num_events: int


def hit_rate(
    rankings: Sequence[Sequence[Hashable]],
    causes: Sequence[Collection[Hashable]],
    k: int,
    num_series: int,
) -> HitRate:
    """Return the hit rate at k: the share of events with a true cause among the first k series.

    This is the hit rate of recommender systems (HR@k, Hit@k), also called top-k accuracy: one true
    cause among the first k is a hit, however many there are. With a single cause it equals AC@k,
    or PR@k (Kim, Sumbaly, Shah 2013, "Root Cause Detection in a Service-Oriented Architecture"),
    which otherwise is the share of the causes that are found. It is not the HitRate@P% of
    OmniAnomaly (Su et al. 2019), whose k is P % of the number of causes.

    In a random order of all n series, none of c causes is among the first k with probability
    C(n - c, k) / C(n, k). The chance level is the mean of what is left to 1.

    Args:
        rankings: for each event the names of the series, the likeliest cause first; those that are
            not named come after all others.
        causes: for each event the names of the series that are its causes, at least one.
        k: how many of the first series count, >= 1.
        num_series: number of series that could have been named.

    Returns:
        The rate, and its chance level.

    Raises:
        ValueError: `k` is below 1, numbers of events differ, an event has no cause or more than
            there are series, or a ranking names one twice.

    Examples:
        Two events of a system of four series; the cause of the first is named second:

        >>> from dcvae.metrics import hit_rate
        >>> hit_rate([["a", "b"], ["c", "a"]], [{"b"}, {"c", "d"}], k=1, num_series=4)
        HitRate(rate=0.5, chance=0.375, num_events=2)
    """
    if k < 1:
        raise ValueError(f"`k` must be at least 1. Received: k={k!r}.")
    if len(rankings) != len(causes):
        raise ValueError(
            "`rankings` and `causes` must be of the same events. Received: "
            f"{len(rankings)} and {len(causes)}."
        )
    hits = chance = 0.0
    for number, (ranking, true) in enumerate(zip(rankings, causes, strict=True)):
        if not 1 <= len(true) <= num_series:
            raise ValueError(
                f"Every event needs 1 to {num_series} causes. Received: {len(true)} of event "
                f"{number}."
            )
        if len(set(ranking)) < len(ranking):
            raise ValueError(
                f"A ranking names a series once. Received: {list(ranking)!r} of event {number}."
            )
        hits += not set(true).isdisjoint(ranking[:k])
        first = min(k, num_series)
        chance += 1.0 - math.comb(num_series - len(true), first) / math.comb(num_series, first)
    count = len(rankings)
    if count == 0:
        return HitRate(math.nan, math.nan, 0)
    return HitRate(hits / count, chance / count, count)
