"""The randomness port: where uniform words come from, and the one rule that turns words into a bounded integer.

Everything that draws takes an ``Entropy``. Two are shipped: the operating system's secure source, and a predictable
one for tests and replays. ``below`` is exactly uniform in both.
"""

from __future__ import annotations

import os
from array import array
from operator import index
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias
from weakref import WeakSet

from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WORD_BITS: Final = 64
WORDS: Final = 1 << WORD_BITS
"""How many words there are."""
_BLOCK_BYTES: Final = 2048
_SEEDED_BLOCK_BYTES: Final = 1024

Seed: TypeAlias = int | str | bytes
"""What a predictable source may be seeded with; the int 1, the text "1" and the bytes b"1" are three seeds."""


class Entropy(Protocol):
    """A source of independent uniform words."""

    def word(self) -> int:
        """The next word, uniform in [0, 2**64)."""
        ...

    def below(self, n: int, /) -> int:
        """A number exactly uniform in [0, n), for any n ≥ 1."""
        ...


class Words:
    """What makes an ``Entropy`` of anything that has ``word()``: the rule that turns words into a bounded number."""

    __slots__ = ()

    if TYPE_CHECKING:

        def word(self) -> int:
            """The next word, uniform in [0, 2**64)."""

    def below(self, n: int, /) -> int:
        """A number exactly uniform in [0, n). Less than one further try is expected, whatever n.

        Raises:
            InvalidRequest: n is not an integer of at least 1.
        """
        if type(n) is int and n > 0:
            word = self.word()
            if word + n <= WORDS:  # surely below the last multiple of n, so bounded() would accept it too
                return word % n
            return bounded(n, word, self.word)
        return self.below(_size(n))


def bounded(n: int, first: int, word: Callable[[], int], *, bits: int = WORD_BITS) -> int:
    """A number exactly uniform in [0, n), from ``first`` and as many more words of ``bits`` bits as it takes.

    As many words as n needs are joined, most significant first, to one number; it is taken modulo n if it lies below
    the last multiple of n, and otherwise rejected as a whole, so that every remainder has equally many words.
    """
    count = max(1, -(-(n - 1).bit_length() // bits))
    size = 1 << count * bits
    accepted = size - size % n
    while True:
        joined = first
        for _ in range(count - 1):
            joined = joined << bits | word()
        if joined < accepted:
            return joined % n
        first = word()


def _size(n: object) -> int:
    """The integer that ``n`` is, or an error; off the usual path, where n is a positive int."""
    if isinstance(n, bool):
        raise InvalidRequest(f"below(n) takes an integer, got {n!r}")
    try:
        size = index(n)  # type: ignore[arg-type]  # whatever calls itself an integer is one
    except TypeError:
        raise InvalidRequest(f"below(n) takes an integer, got {n!r}") from None
    if size < 1:
        raise InvalidRequest(f"below(n) takes n of at least 1, got {n!r}; there is no number in [0, {n!r})")
    return size


class SecureEntropy(Words):
    """The operating system's secure source, read in blocks.

    One instance may be shared by all threads. A forked child starts with empty pools, and a copy or an unpickled
    instance has pools of its own, so that no two ever hand out the same word.

    Attributes:
        shorts: the next words of 16 bits, for lookups too quick to afford a call; ``short()`` goes on when they are used up.
    """

    __slots__ = ("__weakref__", "_words", "shorts")

    def __init__(self) -> None:
        self._words: list[int] = []
        self.shorts: Iterator[int] = iter(())
        _pooled.add(self)

    def word(self) -> int:
        """The next word, uniform in [0, 2**64)."""
        try:
            return self._words.pop()  # atomic, so that no two threads get the same word
        except IndexError:
            block: list[int] = array("Q", os.urandom(_BLOCK_BYTES)).tolist()
            word = block.pop()
            self._words += block
            return word

    def short(self) -> int:
        """The next word of 16 bits, uniform in [0, 2**16)."""
        for word in self.shorts:  # atomic, too
            return word
        block = iter(array("H", os.urandom(_BLOCK_BYTES)))
        word = next(block)
        self.shorts = block
        return word

    def __reduce__(self) -> tuple[type[SecureEntropy], tuple[()]]:
        return SecureEntropy, ()

    def __repr__(self) -> str:
        return "SecureEntropy()"


_pooled: Final[WeakSet[SecureEntropy]] = WeakSet()


def _empty_pools() -> None:
    for entropy in _pooled:
        entropy._words.clear()  # noqa: SLF001  # the pools and their fork handler are one mechanism
        entropy.shorts = iter(())


if hasattr(os, "register_at_fork"):  # not where processes cannot fork
    os.register_at_fork(after_in_child=_empty_pools)


def _shake(data: bytes, size: int) -> bytes:
    from hashlib import shake_256  # noqa: PLC0415 - takes a while to import, and few draws are seeded

    return shake_256(data).digest(size)


class SeededEntropy(Words):
    """A PREDICTABLE source for tests and replays: who knows the seed knows every draw.

    The words of a seed are the same on every platform and in every release: SHAKE-256 in counter mode. An instance
    belongs to one thread. Pickles and copies go on from the same place.

    Args:
        seed: an int of any size and sign, a text or bytes.

    Raises:
        InvalidRequest: the seed is of another type, or a bool.
    """

    __slots__ = ("_block", "_key", "_words", "seed")

    def __init__(self, seed: Seed) -> None:
        self.seed = seed
        self._key = _shake(b"prizedraw.seeded.1:" + seed_bytes(seed), 32)
        self._block = 0
        self._words: list[int] = []

    def word(self) -> int:
        """The next word, uniform in [0, 2**64)."""
        if not self._words:
            block = _shake(self._key + self._block.to_bytes(8, "little"), _SEEDED_BLOCK_BYTES)
            self._words = [int.from_bytes(block[i : i + 8], "little") for i in range(_SEEDED_BLOCK_BYTES - 8, -8, -8)]
            self._block += 1
        return self._words.pop()

    def __repr__(self) -> str:
        return f"SeededEntropy({self.seed!r})  # predictable"


def seed_bytes(seed: object) -> bytes:
    """The seed with its type in front, so that seeds of different types never meet."""
    if isinstance(seed, int) and not isinstance(seed, bool):
        return b"int:" + seed.to_bytes(seed.bit_length() // 8 + 1, "little", signed=True)
    if isinstance(seed, str):
        return b"str:" + seed.encode("utf-8", "surrogatepass")
    if isinstance(seed, bytes):
        return b"bytes:" + seed
    raise InvalidRequest(f"a seed is an int, a text or bytes, got {seed!r}")
