"""The tape: the uniform words of one draw, remembered.

A draw that has to be decided again reads the same words again: fresh ones would favour whatever loses fewer races.
"""

from __future__ import annotations

import msgspec

from prizedraw.sampling.entropy import WORDS, Entropy, Words


class Tape(msgspec.Struct, Words, eq=False, gc=False):
    """Words taken from a source as they are needed and kept, so that they can be read again from the start.

    After ``rewind()`` the same calls give the same numbers, and other calls are read from the same words. A tape is an
    ``Entropy`` itself. It belongs to one draw, and to one thread at a time.

    Attributes:
        entropy: where words come from.
        words: the words that the tape holds already, in order.
        head: the place of the next word to be read.
    """

    entropy: Entropy
    words: list[int] = []
    head: int = 0

    def word(self) -> int:
        """The word under the head, uniform in [0, 2**64); the head moves on."""
        head = self.head
        words = self.words
        if head == len(words):
            words.append(self.entropy.word())
        self.head = head + 1
        return words[head]

    def below(self, n: int, /) -> int:
        """A number exactly uniform in [0, n); see ``Words.below``, which this is with the usual word read in place."""
        head = self.head
        words = self.words
        if head == len(words):
            words.append(self.entropy.word())
        word = words[head]
        if type(n) is int and 0 < n <= WORDS - word:
            self.head = head + 1
            return word % n
        return super().below(n)

    def rewind(self) -> None:
        """Move the head back to the first word."""
        self.head = 0

    def __repr__(self) -> str:
        return f"<Tape at word {self.head} of {len(self.words)}>"
