"""Order of the times of rows: repeats and steps back, with the likely reason."""

import pandas as pd

from dcvae.data.files.messages import File, row_numbers
from dcvae.data.times.steps import steps_between


def order_problems(index: pd.DatetimeIndex, file: File, time_zone: str | None) -> list[str]:
    """Name times that repeat, and the first that goes backwards, with the likely reason.

    Args:
        index: (rows,) times.
        file: the file that they are from.
        time_zone: zone by which they were converted to UTC; None if they were not.

    Returns:
        Sentences for `refuse`; none if times strictly increase.
    """
    if index.is_monotonic_increasing and index.is_unique:
        return []
    problems = []
    repeats = row_numbers(index.duplicated())
    if repeats:
        earlier = row_numbers(index == index[repeats[0]])[0]
        first, second = file.places([earlier, repeats[0]])
        problems.append(
            f"{first} and {second} have the same time, {index[earlier]} "
            f"({len(repeats):,} repeated in all); keep one row a time"
        )
    backwards = row_numbers(steps_between(index) < 0)
    if backwards:
        row = backwards[0]
        before, after = file.places([row, row + 1])
        problems.append(
            f"time goes backwards from {before}, {index[row]}, to {after}, {index[row + 1]} "
            f"({len(backwards):,} times in all); sort the rows by time"
        )
    if time_zone is None:
        # After a clock change, the corrections named above would damage an hour of data.
        problems[-1] += (
            "; if the clocks were set back here, write the times in UTC or with their offset "
            "instead, or name their zone in `time_zone`"
        )
    return problems
