"""In which order draws happen: chunks of the campaign's sequence, and in a chunk passes in which nobody draws twice.

*rounds*: in each round everyone once, in fresh random order. *sessions*: participants in random order, each finishing. *random*: any
interleaving as likely as any other. A position is a place in the sequence of all draws tried, from 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

from prizedraw.simulation.counts import each
from prizedraw.simulation.streams import BLOCK, CENTRAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prizedraw.simulation.crowd import Who
    from prizedraw.simulation.streams import Array, Streams

ORDERS: Final = ("rounds", "sessions", "random")


class Days(Protocol):
    """On which day a draw happens, from 0, and whether a window is open then."""

    days: int

    def of(self, rounds: int | Array, start: int, count: int, position: Callable[[], Array]) -> tuple[int | Array, bool | Array]:
        """Day and openness of draws in these rounds, at places among ``count`` from ``start`` on; scalars where they are all the same."""

    def time(self, position: int) -> int | None:
        """When the draw at a position happens, in microseconds since the epoch; None where there is no clock."""

    def times(self, positions: Array) -> Array | None:
        """The same of many."""


class Part:
    """Draws of a pass whose words come from one stream.

    Attributes:
        who: the participants, each once.
        n: how many.
        rounds: which draw of each participant it is, from 1, refused ones among them.
        block: of the stream.
        day, open: see ``Days``.
        number: which draw made it is of each participant, once that was noted for the log; None: the same as ``rounds``.
        named, states: what the draws name and the states before them, where that is known before they are decided.
    """

    def __init__(self, who: Who, n: int, rounds: int | Array, block: int, position: Callable[[], Array]) -> None:
        self.who = who
        self.n = n
        self.rounds = rounds
        self.block = block
        self.position = position
        self.day: int | Array = 0
        self.open: bool | Array = True
        self.number: Array | None = None
        self.named: Array | None = None
        self.states: Array | None = None

    def some(self, index: Array) -> Who:
        """The participants of some of the draws."""
        return index + self.who.start if isinstance(self.who, slice) else self.who[index]


class Chunk:
    """A stretch of the sequence: ``passes`` are lists of parts, and positions run from ``start`` over ``count`` places."""

    def __init__(self, start: int, count: int, passes: list[list[Part]], days: Days) -> None:
        self.start = start
        self.count = count
        self.passes = passes
        self.parts = [part for one in passes for part in one]
        for part in self.parts:
            part.day, part.open = days.of(part.rounds, start, count, part.position)


def chunks(order: str, draws: Array, days: Days, streams: Streams, run: int) -> Iterator[Chunk]:
    """The sequence of all draws.

    Args:
        order: one of ORDERS.
        draws: how often each participant draws.
        days: the days.
        streams: where the random order comes from.
        run: the number of the run.
    """
    central = streams.of(run, CENTRAL, "order")
    if order == "rounds":
        return _rounds(draws, days, central.order)
    if order == "sessions":
        return _sessions(draws, days, central.order)
    return _interleaved(draws, days, central.order, central.read)


def _rounds(draws: Array, days: Days, shuffled: Callable[[int], Array]) -> Iterator[Chunk]:
    start = 0
    least = int(draws.min()) if len(draws) else 0
    for number in range(1, int(draws.max(initial=0)) + 1):
        whole: list[tuple[Who, int, int]] = []
        for block, first in enumerate(range(0, len(draws), BLOCK)):
            last = min(first + BLOCK, len(draws))
            if number <= least:
                whole.append((slice(first, last), last - first, block))
                continue
            who = first + np.flatnonzero(draws[first:last] >= number)
            if len(who):
                whole.append((who, len(who), block))
        count = sum(n for _, n, _ in whole)
        place = _Shuffle(start, count, shuffled)
        parts, before = [], 0
        for some, n, block in whole:
            parts.append(Part(some, n, number, block, place.stretch(before, n)))
            before += n
        yield Chunk(start, count, [parts], days)
        start += count


class _Shuffle:
    """A random order, made when it is first asked for: most rounds need none."""

    def __init__(self, start: int, count: int, shuffled: Callable[[int], Array]) -> None:
        self._start = start
        self._count = count
        self._shuffled = shuffled
        self._order: Array | None = None

    def stretch(self, before: int, n: int) -> Callable[[], Array]:
        def position() -> Array:
            if self._order is None:
                self._order = self._start + self._shuffled(self._count)
            return self._order[before : before + n]

        return position


def _sessions(draws: Array, days: Days, shuffled: Callable[[int], Array]) -> Iterator[Chunk]:
    order = shuffled(len(draws))
    start = 0
    for block, first in enumerate(range(0, len(draws), BLOCK)):
        ids = order[first : first + BLOCK]
        many = draws[ids].astype(np.int64)
        begins = start + np.cumsum(many) - many
        passes = []
        for number in range(1, int(many.max(initial=0)) + 1):
            there = many >= number
            passes.append([Part(ids[there], int(there.sum()), number, block, _fixed(begins[there] + number - 1))])
        count = int(many.sum())
        if count:
            yield Chunk(start, count, passes, days)
        start += count


def _fixed(position: Array) -> Callable[[], Array]:
    return lambda: position


def _interleaved(draws: Array, days: Days, shuffled: Callable[[int], Array], words: Callable[[int], Array]) -> Iterator[Chunk]:
    """Halves of halves: each draw of a node goes to its left or right by a fair bit, so that leaves come in order."""
    done = np.zeros(len(draws), np.int32)
    ids = np.flatnonzero(draws)
    stack = [(ids, draws[ids].astype(np.int64))]
    start = leaf = 0
    while stack:
        ids, many = stack.pop()
        count = int(many.sum())
        if count > BLOCK:
            left = _heads(many, words)
            for some in (many - left, left):
                there = some > 0
                stack.append((ids[there], some[there]))
            continue
        if count:
            yield Chunk(start, count, _passes(np.repeat(ids, many)[shuffled(count)], start, leaf, done), days)
            done[ids] += many.astype(np.int32)
        start += count
        leaf += 1


def _passes(sequence: Array, start: int, leaf: int, done: Array) -> list[list[Part]]:
    """The first draw of each participant in a sequence, the second ones, and so on."""
    grouped = np.argsort(sequence, kind="stable")
    ids = sequence[grouped]
    first = np.flatnonzero(np.concatenate([[True], ids[1:] != ids[:-1]]))
    rank = np.empty(len(sequence), np.int64)
    rank[grouped] = np.arange(len(ids)) - np.repeat(first, np.diff(np.append(first, len(ids))))
    passes = []
    for k in range(int(rank.max()) + 1):
        place = np.flatnonzero(rank == k)
        who = sequence[place]
        passes.append([Part(who, len(who), done[who] + (k + 1), leaf, _fixed(start + place))])
    return passes


def _heads(many: Array, words: Callable[[int], Array]) -> Array:
    """How many of so many fair coins show heads, for each."""
    heads = np.zeros(len(many), np.int64)
    left = many.copy()
    while (left > 0).any():
        coins = np.minimum(left, 64)
        bits = words(len(many)) >> (64 - np.maximum(coins, 1)).astype(np.uint64)
        heads += np.where(coins > 0, each(bits), 0)
        left -= coins
    return heads
