"""Where the draws that matter lie among all draws of a round."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
            some = self._stream.chosen(self._events, self._count)
            self._places = self._start + some[self._stream.order(self._events)]
        return self._places
