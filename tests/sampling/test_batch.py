"""Batches give the same exact laws, from streams that are the same whatever the chunks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from hashlib import sha256
from itertools import product
from math import prod

import numpy as np
import pytest

from prizedraw.errors import InvalidRequest
from prizedraw.sampling import AliasTable, SecureEntropy, SeededEntropy, Words, batch
from prizedraw.sampling.alias import shares


class Given(Words):
    """A source of given words; it fails where more are asked for."""

    def __init__(self, words: np.ndarray) -> None:
        self.word = iter(words.tolist()).__next__


LAW = [1 + 7919 * i % 1009 for i in range(1000)]


def given(words: list[np.ndarray]) -> batch._Source:
    """The source of a stage that gives these words, eight bytes at a time."""
    stream = np.concatenate([each.view("<u8") for each in words])

    def read(count: int) -> np.ndarray:
        nonlocal stream
        first, stream = stream[:count], stream[count:]
        return first

    return batch._Source(read)


def random_words(count: int) -> np.ndarray:
    """Predictable words for what a lookup cannot settle."""
    return np.random.SFC64(1).random_raw(count).astype("<u8")


@pytest.mark.parametrize("weights", [[1, 2, 5], [0, 3, 0, 1], [1] * 256, [7, 2**64, 1], ["1e-18", 1]], ids=str)
def test_every_short_word_of_a_batch(weights: list[object]) -> None:
    """All 65,536 words through ``sample_many``: each outcome has its cells, and only the last words are left over."""
    table = AliasTable(weights)
    alone, rest = shares(table._weights, 65_536)
    settled = sum(alone)
    words = np.arange(settled - settled % 4, dtype="<u2").view("<u8")
    drawn = table.sample_many(4 * len(words), entropy=Given(words))
    expected = np.repeat(np.arange(len(weights)), alone)[: len(drawn)]
    assert (drawn == expected).all()
    left = 65_536 - settled
    assert sum(rest) == left * sum(table._weights)
    chances = [Fraction(a, 65_536) + Fraction(r, 65_536 * sum(table._weights)) for a, r in zip(alone, rest, strict=True)]
    assert chances == list(table.probabilities)


@pytest.mark.parametrize(
    ("weights", "together"),
    [([1], 4), ([1, 2, 5], 4), ([0, 3, 0, 1], 4), ([7, 2**64, 1], 4), (LAW[:8], 4), (LAW[:9], 2), (LAW[:64], 2)],
    ids=lambda value: str(value)[:20],
)
def test_every_short_word_of_draws_taken_together(weights: list[int], together: int) -> None:
    """All 65,536 words are read: with the remainder, each combination has exactly the product of its outcomes' chances."""
    stage = batch._Cells(weights, together)
    alone, rest = shares([prod(each) for each in product(weights, repeat=together)], 65_536)
    settled = sum(alone)
    drawn = batch._drawn(stage, 65_536 * together, given([np.arange(65_536, dtype="<u2"), random_words(30_000)]))
    named = Counter(map(tuple, drawn.reshape(-1, together)[:settled].tolist()))
    left = Fraction(65_536 - settled, 65_536)
    for combination, share in zip(product(range(len(weights)), repeat=together), rest, strict=True):
        chance = Fraction(named[combination], 65_536) + (left * Fraction(share, sum(rest)) if left else 0)
        assert chance == Fraction(prod(weights[i] for i in combination), sum(weights) ** together)


COLUMNS = {
    "one": [5],
    "two": [1, 2],
    "equal": [1] * 8,
    "zeros": [0, 3, 0, 0, 1, 0],
    "rare": [2**40, 1, 7, 2**41],
    "63": LAW[:63],
    "64": [0, 0, 0, *LAW[:61]],
    "300": LAW[:300],
}


@pytest.mark.parametrize("weights", COLUMNS.values(), ids=COLUMNS)
def test_every_column_of_32_bits(weights: list[int]) -> None:
    """The words of each column up to its entry are counted: with the remainder, each outcome has exactly its chance."""
    stage = batch._Columns(weights)
    columns = len(stage._entries)
    cells: Counter[int] = Counter()
    for column, entry in enumerate(stage._entries.tolist()):
        own = len(range(column, min(entry + 1, 2**32), columns))  # column, column + columns, … are its words
        if own:
            cells[int(stage._named[column])] += own
        if own < 2**32 // columns:
            cells[int(stage._named[entry % columns])] += 2**32 // columns - own
    _, rest = shares(weights, 2**32)
    assert cells[len(weights)] * sum(weights) == sum(rest)
    for i, weight in enumerate(weights):
        assert Fraction(cells[i], 2**32) + Fraction(rest[i], 2**32 * sum(weights)) == Fraction(weight, sum(weights))
    assert set(cells) <= {*range(len(weights) + 1)}


@pytest.mark.parametrize("weights", COLUMNS.values(), ids=COLUMNS)
def test_the_words_at_the_edges_of_a_column(weights: list[int]) -> None:
    """First and last word of each column's two parts, read by the lookup itself."""
    stage = batch._Columns(weights)
    columns = len(stage._entries)
    words, expected = [], []
    for column, entry in enumerate(stage._entries.tolist()):
        own = range(column, entry + 1, columns)
        foreign = range(column + len(own) * columns, 2**32, columns)
        for part, outcome in ((own, column), (foreign, entry % columns)):
            if part:
                words += [part[0], part[-1]]
                expected += [int(stage._named[outcome])] * 2
    drawn = batch._drawn(stage, len(words), given([np.array(words + [0] * (len(words) % 2), "<u4"), random_words(1000)])).tolist()
    assert [(word, one) for word, one, e in zip(words, drawn, expected, strict=True) if one != e and e < len(weights)] == []


def test_draws_taken_together_are_independent() -> None:
    """Chi-square of the 4,096 combinations of four draws that one word gives (6.5 sigma; false alarm below 1e-6)."""
    chances = np.array(LAW[:8]) / sum(LAW[:8])
    expected = np.einsum("a,b,c,d->abcd", *[chances] * 4).ravel() * (batch.PASS // 4)
    for drawn in (AliasTable(LAW[:8]).sample_many(batch.PASS), AliasTable(LAW[:8]).sample_many(batch.PASS, seed=1)):
        counts = np.bincount(drawn.reshape(-1, 4) @ [512, 64, 8, 1], minlength=4096)
        common = expected >= 5
        chi = ((counts - expected)[common] ** 2 / expected[common]).sum()
        freedom = common.sum()
        assert freedom > 2000
        assert abs(chi - freedom) <= 6.5 * (2.2 * freedom) ** 0.5 + 40


@pytest.mark.parametrize("k", [2, 8, 64, 1000, 5000])
def test_batches_follow_the_law(k: int) -> None:
    """Chi-square of 400,000 draws, seeded and secure (false alarm below 1e-6 each); weight zero never comes."""
    weights = np.array([0, *(1 + 7919 * i % 1009 for i in range(1, k))])
    table = AliasTable(weights.tolist())
    n = 400_000
    expected = n * weights / weights.sum()
    freedom = k - 2
    for drawn in (table.sample_many(n, seed=k), table.sample_many(n), table.sample_many(n, entropy=SecureEntropy())):
        counts = np.bincount(drawn, minlength=k)
        assert counts[0] == 0
        chi = ((counts[1:] - expected[1:]) ** 2 / expected[1:]).sum()
        # 6.5 sigma, and 40 for the skew of the tail where counts are few
        assert chi <= freedom + 6.5 * (2 * freedom) ** 0.5 + 40


@pytest.mark.parametrize(("k", "n"), [(7, 100_003), (7, batch.PASS + 50_001), (50, batch.PASS + 1), (5000, 100_003)])
def test_a_batch_depends_on_the_seed_and_not_on_the_chunks(monkeypatch: pytest.MonkeyPatch, k: int, n: int) -> None:
    """The same seed gives the same outcomes in every dtype and with any size of chunk, also in a table used before."""
    table = AliasTable(LAW[:k] if k < 1000 else LAW * 5)
    once = table.sample_many(n, seed="spring")
    table.sample_many(10)
    with monkeypatch.context() as patch:
        patch.setattr(batch, "CHUNK_BYTES", 1 << 12)
        assert (table.sample_many(n, seed="spring") == once).all()
    assert (table.sample_many(n, seed="spring", dtype=np.int64) == once).all()
    assert (table.sample_many(n, seed="autumn") != once).any()


def test_seeded_batches_are_the_same_in_every_release() -> None:
    """Golden outcomes; a change here is a changelog entry of its own kind."""
    small = AliasTable([1, 2, 3, 4, 90]).sample_many(20, seed=1)
    large = AliasTable(LAW * 5).sample_many(6, seed=1)
    assert small.tolist() == [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4]
    assert large.tolist() == [954, 1165, 2620, 1248, 2798, 1983]


@pytest.mark.parametrize(
    ("k", "n", "digest"),
    [
        (3, batch.PASS - 1, "8329a07e8bdbde06"),
        (3, batch.PASS, "fb7b1354e0a69203"),
        (8, 2 * batch.PASS + 1, "32ca6fc0e5085655"),
        (64, batch.PASS + 1, "a4725e0e6708ab50"),
        (1000, batch.PASS + 1, "f0500925bd675b5e"),
    ],
)
def test_long_seeded_batches_are_the_same_in_every_release(k: int, n: int, digest: str) -> None:
    """Golden digests, of each way that a batch is made; a change here is a changelog entry of its own kind."""
    drawn = AliasTable(LAW[:k]).sample_many(n, seed="release", dtype="<u2")
    assert sha256(drawn.tobytes()).hexdigest()[:16] == digest


def test_a_batch_from_a_seeded_source_is_deterministic_and_moves_it_on() -> None:
    """Two equal sources give equal batches, and the next batch is another one."""
    table = AliasTable([1, 2, 3])
    entropy, twin = SeededEntropy(1), SeededEntropy(1)
    first = table.sample_many(1000, entropy=entropy)
    assert (first == table.sample_many(1000, entropy=twin)).all()
    assert (first != table.sample_many(1000, entropy=entropy)).any()


@pytest.mark.parametrize(("k", "dtype"), [(1, "u1"), (256, "u1"), (257, "u2"), (65_536, "u2"), (65_537, "u4")])
def test_the_default_dtype_is_the_smallest(k: int, dtype: str) -> None:
    """256 outcomes fit a byte, 257 do not; the last outcome is drawn whole."""
    drawn = AliasTable([0] * (k - 1) + [1]).sample_many(3)
    assert drawn.dtype == np.dtype(dtype)
    assert drawn.tolist() == [k - 1] * 3


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 32_769, batch.PASS - 1, batch.PASS, batch.PASS + 1, 2 * batch.PASS + 3])
def test_a_batch_has_the_length_that_was_asked_for(n: int) -> None:
    """Also where a word or a chunk is not used up."""
    assert AliasTable([1, 2, 3]).sample_many(n).shape == (n,)


@pytest.mark.parametrize("n", [-1, True, 1.5, "3", None])
def test_a_bad_length_is_refused(n: object) -> None:
    """The message names it."""
    with pytest.raises(InvalidRequest, match="number of draws"):
        AliasTable([1, 2]).sample_many(n)


@pytest.mark.parametrize("n", [2**62, 10**30])
def test_a_length_beyond_all_memory_is_refused(n: int) -> None:
    """The message tells how much it would take."""
    with pytest.raises(InvalidRequest, match=r"would take [\d,]+ GiB"):
        AliasTable([1, 2]).sample_many(n)


@pytest.mark.parametrize("dtype", ["u1", "i1", float, bool, "U3"])
def test_a_dtype_that_cannot_hold_the_outcomes_is_refused(dtype: object) -> None:
    """300 outcomes fit neither a byte nor a float by intent."""
    with pytest.raises(InvalidRequest, match="cannot hold outcomes up to 299"):
        AliasTable([1] * 300).sample_many(3, dtype=dtype)


def test_entropy_and_seed_together_are_refused() -> None:
    """One of them decides."""
    with pytest.raises(InvalidRequest, match="entropy or seed, not both"):
        AliasTable([1, 2]).sample_many(3, entropy=SecureEntropy(), seed=1)


def test_numpy_and_ssl_are_loaded_by_a_batch_only() -> None:
    """Scalar draws need neither."""
    code = (
        "import sys; from prizedraw.sampling import *; AliasTable([1, 2]).sample(SecureEntropy());"
        "assert not {'numpy', 'ssl'} & set(sys.modules); AliasTable([1, 2]).sample_many(1, seed=1);"
        "assert 'ssl' not in sys.modules and 'numpy' in sys.modules"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


FORKING = """
import os
from prizedraw.sampling import AliasTable
table = AliasTable([1] * 250)
table.sample_many(1000)
read, write = os.pipe()
child = os.fork()
drawn = table.sample_many(1000).tobytes()
if child == 0:
    os.write(write, drawn)
    os._exit(0)
os.close(write)
with os.fdopen(read, "rb") as pipe:
    assert len(theirs := pipe.read()) == 1000
os.waitpid(child, 0)
assert drawn != theirs
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
def test_pitfall_32_batches_of_a_forked_child_differ() -> None:
    """Parent and child draw different batches (a real fork)."""
    done = subprocess.run([sys.executable, "-W", "ignore::DeprecationWarning", "-c", FORKING], check=False)
    assert done.returncode == 0


def test_the_first_line_warns_that_the_dtype_wraps() -> None:
    """Whoever reads only one line of the docstring reads this."""
    first = (AliasTable.sample_many.__doc__ or "").splitlines()[0]
    assert "smallest unsigned dtype" in first
    assert "WRAPS" in first
