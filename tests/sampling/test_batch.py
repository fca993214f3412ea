"""Batches give the same exact laws, from streams that are the same whatever the chunks."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from prizedraw.errors import InvalidRequest
from prizedraw.sampling import AliasTable, SecureEntropy, SeededEntropy, Words, batch
from prizedraw.sampling.alias import shares


class Given(Words):
    """A source of given words; it fails where more are asked for."""

    def __init__(self, words: np.ndarray) -> None:
        self.word = iter(words.tolist()).__next__


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


@pytest.mark.parametrize("k", [1, 2, 5, 63, 64, 300])
@pytest.mark.parametrize("zeros", [0, 3], ids=["all", "some-zero"])
def test_every_column_of_32_bits(k: int, zeros: int) -> None:
    """The cells of all columns are added up: with the remainder, each outcome has exactly its chance."""
    weights = [0] * zeros + [1 + 7919 * i % 1009 for i in range(k)]
    total = sum(weights)
    stage = batch._Columns(weights)
    height = 1 << int(stage._shift)
    cells = [0] * (len(weights) + 1 + (1 << len(weights).bit_length()))
    for column, last in enumerate(stage._last.tolist()):
        own = last + 1 - column * height
        assert 0 < own <= height
        cells[int(stage._pairs[2 * column])] += own
        cells[int(stage._pairs[2 * column + 1])] += height - own
    _, rest = shares(weights, 2**32)
    assert sum(cells) == 2**32
    assert cells[len(weights)] * total == sum(rest)
    assert not any(cells[len(weights) + 1 :])
    assert [Fraction(cells[i], 2**32) + Fraction(rest[i], 2**32 * total) for i in range(len(weights))] == [
        Fraction(weight, total) for weight in weights
    ]


def test_the_word_at_the_edge_of_a_column() -> None:
    """First and last word of each column's halves, read by the lookup itself."""
    weights = [5, 0, 1, 9, 3]
    stage = batch._Columns(weights)
    height = 1 << int(stage._shift)
    for column, last in enumerate(stage._last.tolist()):
        below, above = (int(stage._pairs[2 * column + half]) for half in (0, 1))
        words, expected = [column * height, last], [below, below]
        if last + 1 < (column + 1) * height:
            words += [last + 1, (column + 1) * height - 1]
            expected += [above, above]
        if len(weights) in expected:
            continue  # left over: drawn again
        padded = np.array(words + [0] * (len(words) % 2), "<u4").view("<u8")
        out = np.empty(len(words), np.uint8)
        stage.fill(out, batch._Source(lambda count, padded=padded: padded[:count]))
        assert out.tolist() == expected


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


def test_a_batch_depends_on_the_seed_and_not_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same seed gives the same outcomes in every dtype and with any size of chunk."""
    for k in (7, 5000):
        table = AliasTable([1 + 7919 * i % 1009 for i in range(k)])
        once = table.sample_many(100_003, seed="spring")
        with monkeypatch.context() as patch:
            patch.setattr(batch, "CHUNK_BYTES", 1 << 10)
            assert (table.sample_many(100_003, seed="spring") == once).all()
        assert (table.sample_many(100_003, seed="spring", dtype=np.int64) == once).all()
        assert (table.sample_many(100_003, seed="autumn") != once).any()


def test_seeded_batches_are_the_same_in_every_release() -> None:
    """Golden outcomes; a change here is a changelog entry of its own kind."""
    small = AliasTable([1, 2, 3, 4, 90]).sample_many(20, seed=1)
    large = AliasTable([1 + 7919 * i % 1009 for i in range(5000)]).sample_many(6, seed=1)
    assert small.tolist() == [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 4, 4, 4, 4, 4, 4, 4, 4, 4]
    assert large.tolist() == [3622, 1963, 4336, 3634, 2872, 1494]


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


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 32_769])
def test_a_batch_has_the_length_that_was_asked_for(n: int) -> None:
    """Also where a word or a chunk is not used up."""
    assert AliasTable([1, 2, 3]).sample_many(n).shape == (n,)


@pytest.mark.parametrize("n", [-1, True, 1.5, "3", None])
def test_a_bad_length_is_refused(n: object) -> None:
    """The message names it."""
    with pytest.raises(InvalidRequest, match="number of draws"):
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
