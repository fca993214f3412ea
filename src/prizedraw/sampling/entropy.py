"""The randomness port: where uniform words come from, and the one rule that turns words into a bounded integer.

Everything that draws takes an ``Entropy``. Two are shipped: the operating system's secure source, and a predictable
one for tests and replays. ``below`` is exactly uniform in both.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from operator import index
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias
from weakref import WeakSet

from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable

WORD_BITS: Final = 64

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


def reduction(bits: int) -> Callable[[int, Callable[[], int]], int]:
    """The rule that makes a bounded number of uniform words of ``bits`` bits, as a function ``below(n, word)``.

    It multiplies and shifts, and rejects the few products that would give some numbers more words than others
    (D. Lemire, "Fast random integer generation in an interval", 2019). Words are read one at a time, first the most
    significant one where n needs several. Less than one further try is expected, and none for n a power of two.
    """
    mask = (1 << bits) - 1

    def below(n: int, word: Callable[[], int]) -> int:
        if type(n) is not int or n < 1:
            n = _size(n)
        first = word()
        product = first * n
        if product & mask >= n:  # the usual case: surely not among the 2**bits mod n products to reject
            return product >> bits
        return settle(n, first, word)

    def settle(n: int, first: int, word: Callable[[], int]) -> int:
        count = max(1, -(-(n - 1).bit_length() // bits))
        width = count * bits
        rejected = (1 << width) % n
        while True:
            joined = first
            for _ in range(count - 1):
                joined = joined << bits | word()
            product = joined * n
            if product & ((1 << width) - 1) >= rejected:
                return product >> width
            first = word()

    return below


below: Final = reduction(WORD_BITS)
"""``below(n, word)``: a number exactly uniform in [0, n) of the 64-bit words that ``word()`` gives."""


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


class SecureEntropy:
    """The operating system's secure source, read in blocks.

    One instance may be shared by all threads. A forked child starts with an empty pool, and a copy or an unpickled
    instance has a pool of its own, so that no two ever hand out the same word.
    """

    __slots__ = ("__weakref__", "_words")

    _BLOCK_BYTES: Final = 4096

    def __init__(self) -> None:
        self._words: list[int] = []
        _pooled.add(self)

    def word(self) -> int:
        """The next word, uniform in [0, 2**64)."""
        try:
            return self._words.pop()  # atomic, so that no two threads get the same word
        except IndexError:
            return self._refill()

    def below(self, n: int, /) -> int:
        """A number exactly uniform in [0, n).

        Raises:
            InvalidRequest: n is not an integer of at least 1.
        """
        return below(n, self.word)

    def _refill(self) -> int:
        words = array("Q", os.urandom(self._BLOCK_BYTES)).tolist()
        mine = words.pop()
        self._words += words
        return mine

    def __reduce__(self) -> tuple[type[SecureEntropy], tuple[()]]:
        return SecureEntropy, ()

    def __repr__(self) -> str:
        return "SecureEntropy()"


_pooled: Final[WeakSet[SecureEntropy]] = WeakSet()


def _empty_pools() -> None:
    for entropy in _pooled:
        entropy._words.clear()  # noqa: SLF001  # the pool and its fork handler are one mechanism


if hasattr(os, "register_at_fork"):  # not where processes cannot fork
    os.register_at_fork(after_in_child=_empty_pools)


class SeededEntropy:
    """A PREDICTABLE source for tests and replays: who knows the seed knows every draw.

    The words of a seed are the same on every platform and in every release: SHAKE-256 in counter mode. An instance
    belongs to one thread. Pickles and copies go on from the same place.

    Args:
        seed: an int of any size and sign, a text or bytes.

    Raises:
        InvalidRequest: the seed is of another type, or a bool.
    """

    __slots__ = ("_block", "_key", "_words", "seed")

    _BLOCK_BYTES: Final = 1024

    def __init__(self, seed: Seed) -> None:
        self.seed = seed
        self._key = hashlib.shake_256(b"prizedraw.seeded.1:" + _seed_bytes(seed)).digest(32)
        self._block = 0
        self._words: list[int] = []

    def word(self) -> int:
        """The next word, uniform in [0, 2**64)."""
        if not self._words:
            block = hashlib.shake_256(self._key + self._block.to_bytes(8, "little")).digest(self._BLOCK_BYTES)
            self._words = [int.from_bytes(block[i : i + 8], "little") for i in range(self._BLOCK_BYTES - 8, -8, -8)]
            self._block += 1
        return self._words.pop()

    def below(self, n: int, /) -> int:
        """A number exactly uniform in [0, n).

        Raises:
            InvalidRequest: n is not an integer of at least 1.
        """
        return below(n, self.word)

    def __repr__(self) -> str:
        return f"SeededEntropy({self.seed!r})  # predictable"


def _seed_bytes(seed: object) -> bytes:
    """The seed with its type in front, so that seeds of different types never meet."""
    if isinstance(seed, int) and not isinstance(seed, bool):
        return b"int:" + seed.to_bytes(seed.bit_length() // 8 + 1, "little", signed=True)
    if isinstance(seed, str):
        return b"str:" + seed.encode("utf-8", "surrogatepass")
    if isinstance(seed, bytes):
        return b"bytes:" + seed
    raise InvalidRequest(f"a seed is an int, a text or bytes, got {seed!r}")
