"""A tape gives the same words again, and only the words that it needed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prizedraw.sampling import SeededEntropy, Tape, Words

SIZES = st.lists(st.one_of(st.integers(1, 100), st.integers(2**64 - 2, 2**64 + 2), st.integers(1, 2**200)), max_size=12)


class Counting(Words):
    """The words 0, 1, 2 …, and how many were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def word(self) -> int:
        self.asked += 1
        return self.asked - 1


@given(SIZES, st.integers())
def test_a_tape_reads_like_its_source(sizes: list[int], seed: int) -> None:
    """The first reading gives exactly what the source alone would have given."""
    source, tape = SeededEntropy(seed), Tape(SeededEntropy(seed))
    assert [tape.below(n) for n in sizes] == [source.below(n) for n in sizes]


@given(SIZES, st.integers())
def test_the_same_calls_after_a_rewind_give_the_same_numbers(sizes: list[int], seed: int) -> None:
    """However often a draw is decided again, it sees one tape."""
    tape = Tape(SeededEntropy(seed))
    first = [tape.below(n) for n in sizes]
    for _ in range(2):
        tape.rewind()
        assert [tape.below(n) for n in sizes] == first


@given(SIZES, SIZES, st.integers())
def test_other_calls_after_a_rewind_read_the_same_words(sizes: list[int], others: list[int], seed: int) -> None:
    """A rebuilt table is read from the words that are there already, as if it had been read first."""
    tape = Tape(SeededEntropy(seed))
    for n in sizes:
        tape.below(n)
    tape.rewind()
    fresh = Tape(SeededEntropy(seed))
    assert [tape.below(n) for n in others] == [fresh.below(n) for n in others]


def test_words_are_fetched_when_they_are_needed_and_once() -> None:
    """A new tape has asked for nothing; reading again asks for nothing more."""
    source = Counting()
    tape = Tape(source)
    assert source.asked == 0
    assert [tape.word(), tape.word()] == [0, 1]
    tape.rewind()
    assert [tape.word(), tape.word(), tape.word()] == [0, 1, 2]
    assert source.asked == 3


def test_tapes_of_one_source_share_no_words() -> None:
    """Each draw of several has words of its own."""
    source = Counting()
    first, second = Tape(source), Tape(source)
    assert [first.word(), second.word(), first.word()] == [0, 1, 2]
    assert (first.words, second.words) == ([0, 2], [1])


def test_a_tape_can_be_given_its_words() -> None:
    """Recorded words are read before any fresh one."""
    tape = Tape(Counting(), [5, 7])
    assert [tape.below(4), tape.below(4), tape.word()] == [1, 3, 0]


def test_a_source_that_fails_leaves_the_tape_as_it_was() -> None:
    """After an error of the source the same word is asked for again."""

    class Failing(Counting):
        def word(self) -> int:
            word = super().word()
            if word == 1:
                raise OSError("no entropy")
            return word

    tape = Tape(Failing())
    assert tape.word() == 0
    with pytest.raises(OSError, match="no entropy"):
        tape.word()
    assert (tape.head, tape.word()) == (1, 2)
