"""Where the draws that matter lie among all draws of a round."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from prizedraw.simulation.streams import Array, Stream


class Places:
    """Random places of some draws among all those of a round, made when they are first asked for.

    Args:
        start: the first place.
        count: how many places there are.
        events: how many are wanted.
        stream: where the words come from.
    """

    def __init__(self, start: int, count: int, events: int, stream: Stream) -> None:
        self._start = start
        self._count = count
        self._events = events
        self._stream = stream
        self._places: Array | None = None

    def __call__(self) -> Array:
        """The places, one for each, in random order."""
        if self._places is None:
            self._places = self._start + self._chosen()
        return self._places

    def _chosen(self) -> Array:
        """The first different ones among random places: a random choice in random order."""
        if 4 * self._events > self._count:
            return self._stream.order(self._count)[: self._events]
        # Of 2⁶⁴ words each place has the same number, but for one: far too even for any sum of draws to tell.
        found = np.empty(0, np.int64)
        while len(found) < self._events:
            words = self._stream.read(self._events + 2 * self._events**2 // self._count + 16)
            more = (words % np.uint64(self._count)).astype(np.int64)
            every = np.concatenate([found, more])
            _, first = np.unique(every, return_index=True)
            found = every[np.sort(first)]
        return found[: self._events]
