"""How many of many independent draws come out in each way, exactly, without drawing each."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING

import numpy as np

from prizedraw.simulation.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.simulation.streams import Array, Stream

_RARE = 32
"""From so small a chance on (one in 32), the gaps between hits are drawn instead of every trial."""
_MANY = 1 << 20
"""Up to so many trials, deciding each takes less time than the table of gaps."""
_LONGEST = 126
"""The longest gap that is looked up at once."""
_WORDS = 1 << 16
"""Words of 64 trials that are decided together: they stay in the cache."""


def outcomes(n: int, weights: Sequence[int], stream: Stream) -> Array:
    """How often each outcome comes in n draws of a law of whole weights."""
    counts = np.zeros(len(weights), np.int64)
    left, total = n, sum(weights)
    # The most likely outcome takes what the others leave.
    likely = max(range(len(weights)), key=lambda k: weights[k])
    for k, weight in enumerate(weights):
        if k == likely or not weight or not left:
            continue
        counts[k] = hits(left, weight, total, stream)
        left -= int(counts[k])
        total -= weight
    counts[likely] += left
    return counts


def hits(n: int, chance: int, of: int, stream: Stream) -> int:
    """The number of hits in n independent trials of chance ``chance/of``."""
    if not n or not chance:
        return 0
    if chance >= of:
        return n
    common = gcd(chance, of)
    chance, of = chance // common, of // common
    if n > _MANY and chance * _RARE < of:
        return _by_gaps(n, chance, of, stream)
    return sum(_bitwise(min(n - first, 64 * _WORDS), chance, of, stream) for first in range(0, n, 64 * _WORDS))


def _by_gaps(n: int, chance: int, of: int, stream: Stream) -> int:
    """Walk along the trials from hit to hit."""
    miss = of - chance
    weights = [miss**k * chance * of ** (_LONGEST - 1 - k) for k in range(_LONGEST)]
    rows = Rows(_LONGEST + 1)
    rows.add([*weights, miss**_LONGEST])
    found = at = 0
    steps = int(n * chance / of * 1.5) + n // _LONGEST + 16
    while at < n:
        many = min(steps, 1 << 17)
        gaps = rows.sample(np.zeros(many, np.uint8), stream)
        skipped = gaps == _LONGEST
        places = at + np.cumsum(gaps.astype(np.int64) + ~skipped)
        found += int(np.count_nonzero((places <= n) & ~skipped))
        at = int(places[-1])
    return found


def _bitwise(n: int, chance: int, of: int, stream: Stream) -> int:
    """Compare a random binary fraction with the chance, bit by bit, in 64 trials at once until each is decided."""
    words = -(-n // 64)
    open_ = np.full(words, ~np.uint64(0))
    if n % 64:
        open_[-1] = np.uint64((1 << n % 64) - 1)
    found = 0
    rest = chance
    while len(open_) and rest:
        rest *= 2
        bits = stream.read(len(open_))
        if rest >= of:
            rest -= of
            found += ones(open_ & ~bits)
            open_ &= bits
        else:
            open_ &= ~bits
        open_ = open_[open_ != 0]
    return found


def ones(words: Array) -> int:
    """The number of ones in all of these words."""
    return int(each(words).sum())


def each(words: Array) -> Array:
    """The number of ones in each word."""
    count = words - ((words >> np.uint64(1)) & np.uint64(0x5555555555555555))
    count = (count & np.uint64(0x3333333333333333)) + ((count >> np.uint64(2)) & np.uint64(0x3333333333333333))
    count = (count + (count >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    found: Array = ((count * np.uint64(0x0101010101010101)) >> np.uint64(56)).astype(np.int64)
    return found
