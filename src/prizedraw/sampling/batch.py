"""Many outcomes at once, exactly, with numpy; loaded by ``AliasTable.sample_many`` alone.

Each stage turns one random word of fixed size into one outcome by lookup. The few words that a lookup cannot settle are
noted and drawn again from the remainder of the law by the next stage, the last of which is exact integers. A stage ends
before the next one starts, so the outcomes depend on the words alone, not on the size of the chunks they are read in.
"""

from __future__ import annotations

import hashlib
from operator import index
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

import numpy as np

from prizedraw.errors import InvalidRequest
from prizedraw.sampling.alias import CELLS, columns, shares
from prizedraw.sampling.cumulative import Cumulative
from prizedraw.sampling.entropy import SecureEntropy, Words, seed_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import DTypeLike

    from prizedraw.sampling.entropy import Entropy, Seed

Array: TypeAlias = "np.ndarray[tuple[int], np.dtype[Any]]"

CHUNK_BYTES: Final = 1 << 16
"""Random bytes read at a time: chunk and table together stay in the second-level cache."""

SHORT_TABLE: Final = 4096
"""Up to so many outcomes the 65,536 cells leave few words over (less than one in 16)."""

_LONG: Final = 1 << 32


class Sampler:
    """The stages for one law: cells of 16 bits where there are few outcomes, columns of 32 bits, exact integers.

    Args:
        weights: integers of at least 0 with a positive sum. O(n) for n outcomes, in Python's integers.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self._outcomes = len(weights)
        self._stage: _Stage = _Cells(weights) if len(weights) <= SHORT_TABLE else _Columns(weights)

    def sample(self, n: int, *, entropy: Entropy | None, seed: Seed | None, dtype: DTypeLike | None) -> Array:
        """``AliasTable.sample_many``."""
        out = np.empty(_length(n), _dtype(dtype, self._outcomes))
        self._stage.fill(out, _source(entropy, seed))
        return out


class _Source(Words):
    """Words by the array; ``read(count)`` gives count of them as little-endian uint64."""

    __slots__ = ("read",)

    def __init__(self, read: Callable[[int], Array]) -> None:
        self.read = read

    def word(self) -> int:
        return int(self.read(1)[0])

    def chunks(self, n: int, dtype: str) -> Iterator[tuple[int, Array]]:
        """The next n words of a smaller size, as (place of the first, words), chunk by chunk."""
        size = CHUNK_BYTES // np.dtype(dtype).itemsize
        for start in range(0, n, size):
            count = min(size, n - start)
            full = -(-count * np.dtype(dtype).itemsize // 8)
            yield start, self.read(full).view(dtype)[:count]


class _Stage(Protocol):
    def fill(self, out: Array, source: _Source) -> None:
        """Write independent outcomes over the whole of ``out``."""


class _Cells:
    """One 16-bit word a draw, in the order of the outcomes; the words that none fills alone come last."""

    def __init__(self, weights: Sequence[int]) -> None:
        alone, remainder = shares(weights, CELLS)
        self._settled = sum(alone)
        self._table = np.zeros(CELLS, np.min_scalar_type(len(weights) - 1))
        self._table[: self._settled] = np.repeat(np.arange(len(weights)), alone)
        self._rest = _rest(remainder, _Columns)

    def fill(self, out: Array, source: _Source) -> None:
        table = self._table.astype(out.dtype, copy=False)
        over = []
        for start, words in source.chunks(len(out), "<u2"):
            table.take(words, out=out[start : start + len(words)], mode="clip")  # the other modes copy once more
            if self._rest:
                over.append(np.flatnonzero(words >= self._settled) + start)
        _settle(out, over, self._rest, source)


class _Columns:
    """One 32-bit word a draw, by an alias table over 2³² cells.

    The high bits choose a column; the whole word is compared with the column's last cell that is its own. What the
    cells cannot settle is one outcome more.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        alone, remainder = shares(weights, _LONG)
        self._over = len(weights)
        bits = self._over.bit_length()
        height = _LONG >> bits
        self._shift = np.uint32(32 - bits)
        unused = (1 << bits) - self._over - 1
        thresholds, aliases = columns([*alone, _LONG - sum(alone), *[0] * unused], height)
        own = np.array(thresholds, np.int64)
        below = np.arange(1 << bits)
        above = np.array(aliases, np.int64)
        below[own == 0] = above[own == 0]  # a column without cells of its own is its alias from top to bottom
        own[own == 0] = height
        self._last = (np.arange(1 << bits) * height + own - 1).astype(np.uint32)
        self._pairs = np.stack([below, above], axis=1).ravel().astype(np.uint32)
        self._rest = _rest(remainder, _Integers)

    def fill(self, out: Array, source: _Source) -> None:
        over = []
        for start, words in source.chunks(len(out), "<u4"):
            column = words >> self._shift
            upper = words > self._last.take(column, mode="clip")
            outcomes = self._pairs.take(column << 1 | upper, mode="clip")  # no branch, unlike np.where
            over.append(np.flatnonzero(outcomes == self._over) + start)
            out[start : start + len(words)] = outcomes
        _settle(out, over, self._rest, source)


class _Integers:
    """The end of the recursion: a bounded integer of any size against running sums, one draw at a time."""

    def __init__(self, weights: Sequence[int]) -> None:
        self._table = Cumulative(weights)

    def fill(self, out: Array, source: _Source) -> None:
        for i in range(len(out)):
            out[i] = self._table.outcome(source.below(self._table.total))


def _rest(remainder: Sequence[int], stage: Callable[[Sequence[int]], _Stage]) -> _Stage | None:
    """The stage for the remainder of a law, or None where nothing is left over."""
    return stage(remainder) if any(remainder) else None


def _settle(out: Array, over: list[Array], rest: _Stage | None, source: _Source) -> None:
    """Draw again, from the remainder of the law, what the lookups could not settle."""
    if rest is None or not over:
        return
    places = np.concatenate(over)
    if len(places):
        drawn = np.empty(len(places), out.dtype)
        rest.fill(drawn, source)
        out[places] = drawn


def _source(entropy: Entropy | None, seed: Seed | None) -> _Source:
    if seed is not None:
        if entropy is not None:
            raise InvalidRequest(f"give entropy or seed, not both: got {entropy!r} and {seed!r}")
        return _Source(_seeded(seed))
    if entropy is None or isinstance(entropy, SecureEntropy):
        return _Source(_secure())
    word = entropy.word
    return _Source(lambda count: np.fromiter((word() for _ in range(count)), "<u8", count))


def _secure() -> Callable[[int], Array]:
    """The operating system's secure source through OpenSSL: ten times as fast as os.urandom, as safe after a fork."""
    from ssl import RAND_bytes  # noqa: PLC0415  # loading OpenSSL takes longer than all the rest of the import

    return lambda count: np.frombuffer(RAND_bytes(8 * count), "<u8")


def _seeded(seed: Seed) -> Callable[[int], Array]:
    """The raw words of numpy's SFC64, which numpy promises to keep; the seed is hashed with its type."""
    state = int.from_bytes(hashlib.sha256(b"prizedraw.batch.1:" + seed_bytes(seed)).digest(), "little")
    generator = np.random.SFC64(state)
    return lambda count: generator.random_raw(count).astype("<u8", copy=False)


def _length(n: object) -> int:
    try:
        length = -1 if isinstance(n, bool) else index(n)  # type: ignore[arg-type]  # checked by index itself
    except TypeError:
        length = -1
    if length < 0:
        raise InvalidRequest(f"sample_many takes a number of draws of at least 0, got {n!r}")
    return length


def _dtype(dtype: DTypeLike | None, outcomes: int) -> np.dtype[Any]:
    if dtype is None:
        return np.min_scalar_type(outcomes - 1)
    chosen = np.dtype(dtype)
    if chosen.kind not in "iu" or np.iinfo(chosen).max < outcomes - 1:
        raise InvalidRequest(f"dtype {dtype!r} cannot hold outcomes up to {outcomes - 1}; use np.int64, or leave it out")
    return chosen
