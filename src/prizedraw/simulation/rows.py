"""Many exact laws side by side: a row for each, read by one lookup a draw.

A row is an alias table over 2³² cells, as in ``prizedraw.sampling``. Each outcome fills as many cells as it can fill alone; the few
cells left over are one outcome more, at which the rest of the law is read in exact integers. So every outcome has exactly its chance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from prizedraw.sampling.alias import columns, shares
from prizedraw.sampling.cumulative import Cumulative

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.simulation.streams import Array, Stream

_CELLS = 1 << 32


class Alias:
    """The alias table of one law.

    Args:
        weights: whole, with a positive sum.
        bits: there are ``2**bits`` columns, more than there are weights.

    Attributes:
        last: the last cell that is a column's own.
        pairs: the outcome of each column up to that cell, and beyond it; ``len(weights)`` stands for what is left over.
        rest: the weights against which what is left over is read.
    """

    def __init__(self, weights: Sequence[int], bits: int) -> None:
        width, height = 1 << bits, _CELLS >> bits
        alone, self.rest = shares(weights, _CELLS)
        thresholds, aliases = columns([*alone, _CELLS - sum(alone), *[0] * (width - len(weights) - 1)], height)
        own, above = np.array(thresholds, np.int64), np.array(aliases, np.int64)
        below = np.arange(width)
        below[own == 0] = above[own == 0]  # a column without cells of its own is its alias from top to bottom
        own[own == 0] = height
        self.last = (np.arange(width) * height + own - 1).astype(np.uint32)
        self.pairs = np.stack([below, above], axis=1).ravel()


class Rows:
    """Laws over the outcomes 0 … n - 1.

    Args:
        outcomes: n, at least 1.
    """

    def __init__(self, outcomes: int) -> None:
        self._over = outcomes
        self._bits = outcomes.bit_length()  # columns for the outcomes and for what is left over
        self._shift = np.uint32(32 - self._bits)
        self._last = np.empty(0, np.uint32)
        self._pairs = np.empty(0, np.min_scalar_type(outcomes))
        self._rest: list[Cumulative] = []

    def __len__(self) -> int:
        return len(self._rest)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the outcomes that ``sample`` gives."""
        kind: np.dtype[Any] = self._pairs.dtype
        return kind

    def add(self, weights: Sequence[int]) -> int:
        """The number of a new row for these integer weights, one for each outcome. O(n)."""
        row, width = len(self), 1 << self._bits
        if row * width == len(self._last):
            room = max(1, row) * width
            self._last = np.concatenate([self._last, np.empty(room, self._last.dtype)])
            self._pairs = np.concatenate([self._pairs, np.empty(2 * room, self._pairs.dtype)])
        alias = Alias(weights, self._bits)
        self._last[row * width : (row + 1) * width] = alias.last
        self._pairs[2 * row * width : 2 * (row + 1) * width] = alias.pairs
        self._rest.append(Cumulative(alias.rest))
        return row

    def sample(self, rows: Array, stream: Stream) -> Array:
        """An outcome from each of these rows, independently. O(1) each."""
        words = stream.halves(len(rows))
        place = rows.astype(np.intp)
        place <<= self._bits
        place |= words >> self._shift
        upper = words > self._last.take(place, mode="clip")
        place <<= 1
        place |= upper
        outcomes = self._pairs.take(place, mode="clip")
        over = np.flatnonzero(outcomes == self._over)
        for k in over.tolist():
            rest = self._rest[rows[k]]
            outcomes[k] = rest.outcome(stream.below(rest.total))
        return outcomes
