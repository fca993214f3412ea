"""Many outcomes at once, exactly, with numpy; loaded by ``AliasTable.sample_many`` alone.

Each stage turns one random word of fixed size into one outcome, or into a few, by lookup. The few words that a lookup
cannot settle are noted and drawn again from the remainder of the law by the next stage, the last of which is exact
integers. A stage ends before the next one starts, for passes of a fixed number of draws, so the outcomes depend on the
words and on the number of draws alone, not on the size of the chunks that words are read in.
"""

from __future__ import annotations

import hashlib
from itertools import product
from math import prod
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
"""Up to so many outcomes, or combinations of outcomes, the 65,536 cells leave few words over (less than one in 16)."""

PASS: Final = 1 << 20
"""Draws that go through all stages before the next ones do, so that they are still cached when they are copied out. From
one full pass on, tables of combinations are worth their building."""

_LONG: Final = 1 << 32
_NOWHERE: Final = np.empty(0, np.intp)


class Sampler:
    """The stages for one law: cells of 16 bits where there are few outcomes, columns of 32 bits, exact integers.

    Args:
        weights: integers of at least 0 with a positive sum. O(n) for n outcomes, in Python's integers.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        self._weights = weights
        self._one: _Stage = _Cells(weights) if len(weights) <= SHORT_TABLE else _Columns(weights)
        self._several: _Cells | None = None

    def sample(self, n: int, *, entropy: Entropy | None, seed: Seed | None, dtype: DTypeLike | None) -> Array:
        """``AliasTable.sample_many``."""
        size = _length(n)
        chosen = _dtype(dtype, len(self._weights))
        source = _source(entropy, seed)
        stage = self._stage(size)
        out = _empty(size, chosen)
        wide = chosen != stage.dtype
        narrow = np.empty(min(size, PASS) if wide else 0, stage.dtype)
        for start in range(0, size, PASS):
            part = out[start : start + PASS]
            drawn = narrow[: len(part)] if wide else part
            stage.fill(drawn, source)
            if wide:
                part[:] = drawn
        return out

    def _stage(self, n: int) -> _Stage:
        """The first stage for n draws."""
        together = next((t for t in (4, 2) if len(self._weights) ** t <= SHORT_TABLE), 1)
        if n < PASS or together == 1:
            return self._one
        if self._several is None:
            self._several = _Cells(self._weights, together)
        return self._several


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
    dtype: np.dtype[Any]
    """The smallest unsigned dtype that holds the outcomes."""

    def fill(self, out: Array, source: _Source) -> None:
        """Write an independent outcome to each place of an array of this dtype."""


class _Cells:
    """One 16-bit word for one draw, or for 2 or 4 at once, whose combinations are the outcomes then.

    The cells are in the order of the combinations; the words that none fills alone come last. The outcomes of a
    combination lie side by side, and are looked up as one number.
    """

    def __init__(self, weights: Sequence[int], together: int = 1) -> None:
        alone, remainder = shares([prod(each) for each in product(weights, repeat=together)], CELLS)
        self.dtype = np.min_scalar_type(len(weights) - 1)
        self._together = together
        combinations = np.array([*product(range(len(weights)), repeat=together)], self.dtype)
        self._packed = combinations.view(f"u{together * self.dtype.itemsize}").ravel()
        self._settled = sum(alone)
        self._table = np.zeros(CELLS, self._packed.dtype)
        self._table[: self._settled] = np.repeat(self._packed, alone)
        self._rest = _rest(remainder, _Columns)

    def fill(self, out: Array, source: _Source) -> None:
        beyond = -len(out) % self._together
        if beyond:
            whole = np.empty(len(out) + beyond, self.dtype)
            self.fill(whole, source)
            out[:] = whole[: len(out)]
            return
        packed = out.view(self._packed.dtype)
        over = [_NOWHERE]
        for start, words in source.chunks(len(packed), "<u2"):
            self._table.take(words, out=packed[start : start + len(words)], mode="clip")  # the other modes copy once more
            if self._rest:
                over.append(np.flatnonzero(words >= self._settled) + start)
        if self._rest:
            places = np.concatenate(over)
            packed[places] = self._packed[_drawn(self._rest, len(places), source)]


class _Columns:
    """One 32-bit word a draw, by an alias table over 2³² cells that is read without a branch.

    The low bits of a word choose a column, the high bits a height in it. A column's entry is its alias below a height,
    chosen so that the words up to the entry are exactly the column's own cells: the lesser of word and entry ends in the
    outcome. The cells that no outcome fills alone are one outcome more, the last one.
    """

    def __init__(self, weights: Sequence[int]) -> None:
        alone, remainder = shares(weights, _LONG)
        cells = [*alone, _LONG - sum(alone)]
        named = [outcome for outcome, count in enumerate(cells) if count]
        bits = (len(named) - 1).bit_length()
        unused = (1 << bits) - len(named)
        own, aliases = (np.array(each, np.uint64) for each in columns([*(cells[i] for i in named), *[0] * unused], _LONG >> bits))
        tied = aliases >= np.arange(1 << bits)  # the word of the entry's height is up to the entry: it is an own cell
        self._entries = ((own - tied) << np.uint64(bits) | aliases).astype(np.uint32)
        self._mask = np.uint32((1 << bits) - 1)
        self._named = np.array(named, np.uint32)
        self._gaps = named[-1] >= len(named)  # columns are not numbered as outcomes are
        self._over = len(weights)
        self.dtype = np.min_scalar_type(self._over - 1)
        self._rest = _rest(remainder, _Integers)

    def fill(self, out: Array, source: _Source) -> None:
        over = [_NOWHERE]
        for start, words in source.chunks(len(out), "<u4"):
            entries = self._entries.take(words & self._mask, mode="clip")
            columns = np.minimum(words, entries) & self._mask
            outcomes = self._named.take(columns, mode="clip") if self._gaps else columns
            out[start : start + len(words)] = outcomes
            if outcomes.max() == self._over:  # not in most chunks
                over.append(np.flatnonzero(outcomes == self._over) + start)
        if self._rest:
            places = np.concatenate(over)
            out[places] = _drawn(self._rest, len(places), source)


class _Integers:
    """The end of the recursion: a bounded integer of any size against running sums, one draw at a time."""

    def __init__(self, weights: Sequence[int]) -> None:
        self._table = Cumulative(weights)
        self.dtype = np.min_scalar_type(len(weights) - 1)

    def fill(self, out: Array, source: _Source) -> None:
        out[:] = [self._table.outcome(source.below(self._table.total)) for _ in range(len(out))]


def _drawn(stage: _Stage, n: int, source: _Source) -> Array:
    """So many outcomes of a stage."""
    out = np.empty(n, stage.dtype)
    stage.fill(out, source)
    return out


def _rest(remainder: Sequence[int], stage: Callable[[Sequence[int]], _Stage]) -> _Stage | None:
    """The stage for the remainder of a law, or None where nothing is left over."""
    return stage(remainder) if any(remainder) else None


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


def _empty(n: int, dtype: np.dtype[Any]) -> Array:
    try:
        return np.empty(n, dtype)
    except (MemoryError, ValueError, OverflowError):
        size = -(-n * dtype.itemsize // 2**30)
        raise InvalidRequest(f"sample_many of {n!r} would take {size:,} GiB of memory; draw them in parts") from None


def _dtype(dtype: DTypeLike | None, outcomes: int) -> np.dtype[Any]:
    if dtype is None:
        return np.min_scalar_type(outcomes - 1)
    chosen = np.dtype(dtype)
    if chosen.kind not in "iu" or np.iinfo(chosen).max < outcomes - 1:
        raise InvalidRequest(f"dtype {dtype!r} cannot hold outcomes up to {outcomes - 1}; use np.int64, or leave it out")
    return chosen
