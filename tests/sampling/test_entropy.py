"""Words are independent between threads and processes, and every bounded number is exactly uniform."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import random
import subprocess
import sys
import weakref
from collections import Counter
from itertools import product
from threading import Barrier, Thread

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from prizedraw.errors import InvalidRequest
from prizedraw.sampling import SecureEntropy, SeededEntropy, Tape, Words
from prizedraw.sampling.entropy import bounded


class Script(Words):
    """A source that gives the words it was told, and raises StopIteration after the last."""

    def __init__(self, *words: int) -> None:
        self.word = iter(words).__next__


@pytest.mark.parametrize("n", [*range(1, 40), 100, 255, 256, 257, 1000, 4095, 4096])
def test_pitfall_08_every_number_has_equally_many_words(n: int) -> None:
    """With words of four bits, all words are enumerated: each number in [0, n) is named equally often, none other."""
    count = max(1, -(-(n - 1).bit_length() // 4))
    named: Counter[int] = Counter()
    rejected = 0
    for words in product(range(16), repeat=count):
        script = iter(words)
        try:
            named[bounded(n, next(script), script.__next__, bits=4)] += 1
        except StopIteration:  # it rejected the words and asked for more
            rejected += 1
    assert set(named) == set(range(n))
    assert len(set(named.values())) == 1
    assert rejected == 16**count % n


@given(st.integers(1, 2**64), st.integers(0, 2**64 - 1))
@example(2**64, 2**64 - 1)
@example(3, 2**64 - 1)
@example(2**63 + 1, 2**63)
def test_the_quick_path_of_below_is_the_full_rule(n: int, word: int) -> None:
    """With full words ``below`` gives what ``bounded`` gives, the rule that is enumerated above."""
    assert Script(word, 0).below(n) == bounded(n, word, Script(0).word)


@given(st.integers(1, 2**200))
def test_the_first_rejected_word_is_where_the_last_multiple_ends(n: int) -> None:
    """The last accepted words give n - 1, one more is rejected and the next words are read."""
    count = max(1, -(-(n - 1).bit_length() // 64))
    end = 2 ** (64 * count) // n * n

    def words(number: int) -> list[int]:
        return [number >> 64 * i & (2**64 - 1) for i in reversed(range(count))]

    assert Script(*words(end - 1)).below(n) == n - 1
    if end < 2 ** (64 * count):
        assert Script(*words(end), *words(0)).below(n) == 0


@pytest.mark.parametrize("entropy", [SecureEntropy(), SeededEntropy(1), Tape(SeededEntropy(1))], ids=repr)
def test_below_one_is_zero(entropy: Words) -> None:
    """There is one number in [0, 1)."""
    assert entropy.below(1) == 0


@pytest.mark.parametrize("n", [0, -1, True, False, 1.0, 2.5, "6", None])
@pytest.mark.parametrize("entropy", [SecureEntropy(), SeededEntropy(1), Tape(SeededEntropy(1))], ids=repr)
def test_below_takes_a_positive_integer_only(entropy: Words, n: object) -> None:
    """Anything else is refused, with the value in the message."""
    with pytest.raises(InvalidRequest, match="below"):
        entropy.below(n)


@pytest.mark.parametrize("n", [2, 6, 2**64, 2**64 + 1, 10**30])
def test_secure_numbers_lie_in_range_and_differ(n: int) -> None:
    """All numbers lie in [0, n), and large ranges do not repeat (false alarm below 1e-12)."""
    entropy = SecureEntropy()
    numbers = [entropy.below(n) for _ in range(1000)]
    assert all(0 <= number < n for number in numbers)
    assert n < 10 or len(set(numbers)) == 1000


def test_secure_bits_are_balanced() -> None:
    """Each of the 64 bits is set in half of 40,000 words (6.5 sigma each; false alarm below 1e-8 in all)."""
    entropy = SecureEntropy()
    words = [entropy.word() for _ in range(40_000)]
    for bit in range(64):
        assert abs(sum(word >> bit & 1 for word in words) - 20_000) < 650


def test_a_short_word_has_sixteen_bits() -> None:
    """Of 100,000 short words the least is small, the greatest large, all in [0, 65536) (false alarm below 1e-6)."""
    entropy = SecureEntropy()
    shorts = {entropy.short() for _ in range(100_000)}
    assert min(shorts) < 16
    assert 65_519 < max(shorts) < 65_536


FORKING = """
import os, sys
from prizedraw.sampling import SecureEntropy
entropy = SecureEntropy()
entropy.word(), entropy.short()
read, write = os.pipe()
child = os.fork()
words = [entropy.word() for _ in range(300)]
shorts = [entropy.short() for _ in range(300)]
if child == 0:
    os.write(write, repr((words, shorts)).encode())
    os._exit(0)
os.close(write)
with os.fdopen(read) as pipe:
    theirs = eval(pipe.read())
os.waitpid(child, 0)
assert len(theirs[0]) == len(theirs[1]) == 300
assert not set(words) & set(theirs[0]), "words shared"
assert shorts != theirs[1], "short words shared"
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform cannot fork")
def test_pitfall_32_a_forked_child_shares_no_words() -> None:
    """Parent and child go on from an empty pool each (a real fork, in a process that has one thread)."""
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_eight_threads_share_no_words() -> None:
    """Every word goes to one thread only: 80,000 words of eight threads are 80,000 words."""
    entropy = SecureEntropy()
    start = Barrier(8)
    hands: list[list[int]] = [[] for _ in range(8)]

    def take(hand: list[int]) -> None:
        start.wait()
        hand.extend(entropy.word() for _ in range(10_000))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=take, args=(hand,)) for hand in hands]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert len({word for hand in hands for word in hand}) == 80_000


@pytest.mark.parametrize("twin", [copy.copy, copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_pitfall_32_a_copy_of_a_secure_source_shares_no_words(twin: object) -> None:
    """Copies and unpickled instances have pools of their own."""
    entropy = SecureEntropy()
    entropy.word()
    other = twin(entropy)
    assert not {entropy.word() for _ in range(200)} & {other.word() for _ in range(200)}


def test_the_fork_handler_keeps_no_source_alive() -> None:
    """A source that nobody holds is gone."""
    entropy = SecureEntropy()
    gone = weakref.ref(entropy)
    del entropy
    gc.collect()
    assert gone() is None


GOLDEN = {
    0: [0xBB12F3D4F36A3D9C, 0xE54B409B364CD3F8, 0xDC9C89C78211541E],
    -1: [0x7D3FAE7ABB2AEF70, 0x9386AF3D58942075, 0xADE03FE6D661D11B],
    2**200: [0x49BA95CCA0597444, 0x6275FFC9EA99C440, 0x0C06FCBA9E6FB83D],
    "spring": [0x29A0763F95116C1A, 0x3B6B72780B4F56AC, 0x1F2A52F054EB103A],
    b"spring": [0x44C2C9FF9080AD72, 0x20C60DA34F20D37E, 0xAAEA049B251B216D],
}


@pytest.mark.parametrize("seed", GOLDEN, ids=repr)
def test_seeded_words_are_the_same_in_every_release(seed: int | str | bytes) -> None:
    """Golden words; a change here is a changelog entry of its own kind."""
    entropy = SeededEntropy(seed)
    assert [entropy.word() for _ in range(3)] == GOLDEN[seed]


def test_seeded_words_go_on_across_blocks() -> None:
    """Golden word number 1,000, well past the first block, and a golden throw of dice."""
    entropy = SeededEntropy("spring")
    assert [entropy.word() for _ in range(1000)][-1] == 0xCAF0F6E4130A3692
    dice = SeededEntropy(2026)
    assert [dice.below(6) + 1 for _ in range(12)] == [4, 5, 5, 6, 5, 3, 2, 6, 3, 2, 5, 4]


def test_seeds_of_different_types_differ() -> None:
    """The int 1, the text "1" and the bytes b"1" are three seeds."""
    assert len({SeededEntropy(seed).word() for seed in (1, "1", b"1", b"\x01", -1, 257)}) == 6


@pytest.mark.parametrize("seed", [True, None, 1.5, ["a"], bytearray(b"a")])
def test_a_seed_of_another_type_is_refused(seed: object) -> None:
    """The message names the seed."""
    with pytest.raises(InvalidRequest, match="a seed is an int, a text or bytes"):
        SeededEntropy(seed)


@pytest.mark.parametrize("read", [0, 1, 127, 128, 129])
def test_a_pickled_seeded_source_goes_on_where_it_was(read: int) -> None:
    """The rest of the stream is the same before and after, wherever in a block it is cut."""
    entropy = SeededEntropy("cut")
    for _ in range(read):
        entropy.word()
    other = pickle.loads(pickle.dumps(entropy))
    assert [other.word() for _ in range(200)] == [entropy.word() for _ in range(200)]


def test_the_predictable_source_says_so() -> None:
    """Whoever prints it is told."""
    assert "predictable" in repr(SeededEntropy(1)).lower()
    assert "PREDICTABLE" in (SeededEntropy.__doc__ or "")


def test_pitfall_07_nothing_touches_the_process_wide_generator() -> None:
    """Neither source reads or seeds ``random``; the seeded one knows no clock."""
    state = random.getstate()
    first = [SeededEntropy(5).below(100) for _ in range(3)]
    SecureEntropy().below(100)
    assert random.getstate() == state
    assert len(set(first)) == 1
