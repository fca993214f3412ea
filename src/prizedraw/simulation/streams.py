"""Random streams: which words a part of a simulation reads.

A stream is keyed by (version, seed, run, block, purpose), so what a run draws depends on its key alone and not on who computes it,
when, or beside what. Without a seed every stream is the operating system's secure source.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

from prizedraw.sampling.entropy import Words, seed_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.sampling.entropy import Seed

Array: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"

VERSION: Final = 2
"""The layout of the streams; a change to it is a change of what a seed gives, and is told in the changelog."""
BLOCK: Final = 65_536
"""Participants whose draws share a stream."""
CENTRAL: Final = -1
"""The block of choices that concern all participants: who comes first, who gets the last units."""


class Stream(Words):
    """Independent uniform words; ``read(count)`` gives count of them as little-endian uint64."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[int], Array]) -> None:
        self.read = read

    def word(self) -> int:
        """The next word, uniform in [0, 2**64)."""
        return int(self.read(1)[0])

    def halves(self, n: int) -> Array:
        """The next n words of 32 bits."""
        return self.read(-(-n // 2)).view("<u4")[:n]

    def quarters(self, n: int) -> Array:
        """The next n words of 16 bits."""
        return self.read(-(-n // 4)).view("<u2")[:n]

    def order(self, n: int) -> Array:
        """A random order of 0 … n - 1. Two of its 64-bit keys are equal with a chance below n²/2⁶⁵."""
        keys = self.read(n)
        found = np.argsort(keys)
        ordered = keys.take(found)
        # The quick way may put equal keys one way here and another way on another machine.
        return np.argsort(keys, kind="stable") if (ordered[1:] == ordered[:-1]).any() else found

    def chosen(self, k: int, n: int) -> Array:
        """A random k of 0 … n - 1, in increasing order: random ones are marked until there are enough."""
        marking = min(k, n - k)
        marked = np.zeros(n, bool)
        lacking = marking
        while lacking:
            # Of 2⁶⁴ words each number has as many as any other, but for one: far too even for any sum of draws to tell.
            marked[self.read(lacking) % np.uint64(n)] = True
            lacking = marking - int(np.count_nonzero(marked))
        return np.flatnonzero(marked if marking == k else ~marked)


class Streams:
    """The streams of a simulation.

    Args:
        seed: of predictable streams; None: the secure source for each.
    """

    def __init__(self, seed: Seed | None) -> None:
        self.seed = seed
        self._root = None if seed is None else hashlib.sha256(seed_bytes(seed)).digest()

    def of(self, run: int, block: int, purpose: str) -> Stream:
        """The stream of a purpose in a block of a run, at its start."""
        if self._root is None:
            return Stream(_secure)
        key = hashlib.sha256(b"prizedraw.simulation.%d:" % VERSION + self._root + f"{run}:{block}:{purpose}".encode()).digest()
        return Stream(_Seeded(int.from_bytes(key, "little")))


class _Seeded:
    """The raw words of numpy's SFC64, which numpy promises to keep."""

    __slots__ = ("_raw",)

    def __init__(self, state: int) -> None:
        self._raw = np.random.SFC64(state).random_raw

    def __call__(self, count: int) -> Array:
        return self._raw(count).astype("<u8", copy=False)


def _secure(count: int) -> Array:
    from ssl import RAND_bytes  # noqa: PLC0415 - loading OpenSSL takes longer than all the rest

    return np.frombuffer(RAND_bytes(8 * count), "<u8")
