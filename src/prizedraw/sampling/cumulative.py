"""The table that a person can check: tickets numbered through the outcomes in order.

This is how the engine reads a draw. Outcome 0 holds the first tickets, outcome 1 the next ones, and so on, as on paper.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Cumulative:
    """Running sums of whole weights.

    Args:
        weights: integers of at least 0, such as ``tickets`` gives them. O(n).

    Attributes:
        total: how many tickets there are, the sum of the weights; 0 where nothing can be named.
    """

    __slots__ = ("_sums", "total")

    def __init__(self, weights: Sequence[int]) -> None:
        self._sums = tuple(accumulate(weights))
        self.total = self._sums[-1] if self._sums else 0

    def outcome(self, ticket: int) -> int:
        """The outcome that holds a ticket in [0, total); one of weight zero holds none. O(log n)."""
        if not 0 <= ticket < self.total:
            raise IndexError(f"no such ticket: {ticket!r}; there are {self.total}, numbered from 0")
        return bisect_right(self._sums, ticket)

    def __len__(self) -> int:
        return len(self._sums)

    def __repr__(self) -> str:
        return f"<Cumulative of {len(self)} outcomes, {self.total} tickets>"
