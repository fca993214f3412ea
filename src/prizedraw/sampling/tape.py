"""The tape: the uniform words of one draw, remembered.

A draw that has to be decided again reads the same words again: fresh ones would favour whatever loses fewer races.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.sampling import entropy as port

if TYPE_CHECKING:
    from prizedraw.sampling.entropy import Entropy

_below = port.below


class Tape:
    """Words taken from a source as they are needed and kept, so that they can be read again from the start.

    After ``rewind()`` the same calls give the same numbers, and other calls are read from the same words. A tape is an
    ``Entropy`` itself. It belongs to one draw, and to one thread at a time.

    Args:
        entropy: where words come from.
    """

    __slots__ = ("_at", "_fetch", "_words")

    def __init__(self, entropy: Entropy) -> None:
        self._fetch = entropy.word
        self._words: list[int] = []
        self._at = 0

    def word(self) -> int:
        """The word under the head, uniform in [0, 2**64); the head moves on."""
        at = self._at
        words = self._words
        if at == len(words):
            words.append(self._fetch())
        self._at = at + 1
        return words[at]

    def below(self, n: int, /) -> int:
        """A number exactly uniform in [0, n).

        Raises:
            InvalidRequest: n is not an integer of at least 1.
        """
        return _below(n, self.word)

    def rewind(self) -> None:
        """Move the head back to the first word."""
        self._at = 0

    def __repr__(self) -> str:
        return f"<Tape at word {self._at} of {len(self._words)}>"
