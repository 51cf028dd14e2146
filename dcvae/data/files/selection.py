"""Some rows of a file, in an order of their own, which messages still name as the file has them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from dcvae._arrays import IntArray
from dcvae.data.files.messages import RowPlaces

_Found = TypeVar("_Found")


class SelectedRows:
    """Rows of a file that were kept, for messages about them.

    Args:
        file: the file.
        rows: (selected,) numbers of its rows, from 0, each once, in any order.

    Attributes:
        path: of the file.
        names: of its columns.
    """

    def __init__(self, file: RowPlaces, rows: IntArray) -> None:
        self.path, self.names = file.path, file.names
        self._file, self._rows = file, rows

    def places(self, rows: Sequence[int]) -> list[str]:
        """Say where rows are, given by their number among the selected ones, in any order."""
        return self._in_order(self._file.places, rows)

    def texts(self, rows: Sequence[int]) -> list[list[str]]:
        """Return the cells of rows as text; `rows` as in `places`."""
        return self._in_order(self._file.texts, rows)

    def _in_order(
        self, find: Callable[[Sequence[int]], list[_Found]], rows: Sequence[int]
    ) -> list[_Found]:
        numbers = [int(self._rows[row]) for row in rows]
        ascending = sorted(set(numbers))
        found = dict(zip(ascending, find(ascending), strict=True))
        return [found[number] for number in numbers]
