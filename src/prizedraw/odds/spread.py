"""The chances of a chain's states, draw after draw: in doubles, or in two doubles each, which lose nothing over a million draws."""

from __future__ import annotations

from fractions import Fraction
from math import ldexp
from typing import TYPE_CHECKING, Protocol

import numpy as np

if TYPE_CHECKING:
    from prizedraw.odds.arrays import Bools, Floats
    from prizedraw.odds.chain import Moves

_GRID = 2.0**25
_HALF = 0.5


class Spread(Protocol):
    """What a walk needs."""

    @property
    def weights(self) -> Floats:
        """State → its chance, but for one factor."""

    def step(self) -> None:
        """One draw more."""

    def take(self, states: Bools) -> float:
        """Take the chance of some states away, and tell it."""

    def left(self) -> float:
        """The chance of all states."""


class Doubles:
    """A double for each state: its relative error grows by about 1e-16 a draw."""

    def __init__(self, chain: Moves) -> None:
        self.weights: Floats = np.zeros(len(chain))
        np.add.at(self.weights, chain.begin[0], chain.begin[1])
        self._chance, self._to = chain.chance, chain.to.ravel()

    def step(self) -> None:
        """See ``Spread``."""
        self.weights = np.bincount(self._to, (self._chance * self.weights).ravel(), len(self.weights))

    def take(self, states: Bools) -> float:
        """See ``Spread``."""
        taken = float(self.weights[states].sum())
        self.weights[states] = 0
        return taken

    def left(self) -> float:
        """See ``Spread``."""
        return float(self.weights.sum())


class Pairs:
    """Two doubles for each state: the greater is a multiple of 2⁻²⁵, chances of moves are split at 2⁻²⁶.

    So the product of the greater parts is exact, and so are sums of such products; only what lies below is rounded, which is 1e-24. As
    chances fall they are doubled, so that this is said of their share in what is left.

    Attributes:
        whole, rest: state → its two parts; their sum, times 2 to the power of ``-doubled``, is its chance.
        doubled: how often they were doubled.
    """

    def __init__(self, chain: Moves) -> None:
        size = len(chain)
        start: Floats = np.zeros(size)
        np.add.at(start, chain.begin[0], chain.begin[1])
        self.whole: Floats = np.rint(start * _GRID) / _GRID
        self.rest: Floats = start - self.whole
        self.doubled = 0
        self._chance = chain.chance
        self._coarse, self._fine = _parts(chain)
        to = chain.to.ravel()
        self._places = np.concatenate([to, to + size])
        self._flows = np.empty((2, *chain.chance.shape))

    @property
    def weights(self) -> Floats:
        """See ``Spread``."""
        return self.whole + self.rest

    def step(self) -> None:
        """See ``Spread``."""
        size, flows = len(self.whole), self._flows
        np.multiply(self._coarse, self.whole, out=flows[0])
        np.multiply(self._fine, self.whole, out=flows[1])
        flows[1] += self._chance * self.rest
        exactly, about = np.bincount(self._places, flows.ravel(), 2 * size).reshape(2, size)
        self.whole = np.rint((exactly + about) * _GRID) / _GRID
        self.rest = exactly - self.whole + about

    def take(self, states: Bools) -> float:
        """See ``Spread``."""
        taken = float(self.whole[states].sum() + self.rest[states].sum())
        self.whole[states] = self.rest[states] = 0
        return ldexp(taken, -self.doubled)

    def left(self) -> float:
        """See ``Spread``."""
        total = float(self.whole.sum() + self.rest.sum())
        while 0 < total < _HALF:
            self.whole, self.rest, total, self.doubled = 2 * self.whole, 2 * self.rest, 2 * total, self.doubled + 1
        return ldexp(total, -self.doubled)


def _parts(chain: Moves) -> tuple[Floats, Floats]:
    """The chances of moves as sums of two doubles, the first a multiple of 2⁻²⁶; (moves, states) each."""
    coarse = np.rint(np.array([[float(p) for p in row] for row in chain.exact]) * 2 * _GRID) / (2 * _GRID)
    fine = [[float(p - Fraction(c)) for p, c in zip(*rows, strict=True)] for rows in zip(chain.exact, coarse.tolist(), strict=True)]
    return coarse[chain.law].T, np.array(fine)[chain.law].T
