"""Linear systems on chains: what is expected until the end, and the stationary law, in doubles without subtraction and in fractions.

The unknowns are few: once a set of states is removed that every cycle passes (the *cut*), the rest follows from it in one pass
against the direction of the moves. What is left, a dense system on the cut, is solved by the elimination of Grassmann, Taksar and
Heyman (Operations Research 33, 1985), which never subtracts, so that small chances keep all of their digits.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.odds.arrays import Bools, Floats, Ints
    from prizedraw.odds.chain import Moves


class Pass(NamedTuple):
    """States that depend on earlier passes alone: with where their moves lead, the chances of those that leave, and what makes them 1."""

    states: Ints
    to: Ints
    chance: Floats
    leaving: Floats
    stuck: Ints


class Cut(NamedTuple):
    """A chain laid open.

    Attributes:
        states: the cut, as states.
        to: (moves, states) where a move leads: a state, or n + the place in the cut, or ``end``.
        passes: the states in the order in which they follow from one another.
        end: the number that stands for the end.
        apart: (moves, states) whether a move leads to another state than its own.
    """

    states: Ints
    to: Ints
    passes: list[Pass]
    end: int
    apart: Bools


def cut(chain: Moves, done: Bools, also: Sequence[int] = ()) -> Cut:
    """Lay a chain open.

    Args:
        chain: the chain.
        done: the states at which all ends.
        also: states that shall be in the cut.
    """
    n = len(chain)
    here = np.arange(n)
    possible = chain.chance > 0
    apart = possible & (chain.to != here)
    key = chain.order()
    back = apart & (key[chain.to] <= key) & ~done[chain.to] & ~done
    stuck = ~done & ~apart.any(axis=0)
    states = np.unique(np.concatenate([chain.to[back], np.flatnonzero(stuck), np.asarray(also, np.int64)]))
    places = np.full(n, -1)
    places[states] = np.arange(len(states))
    end = n + len(states)
    to = np.where(done[chain.to], end, np.where(places[chain.to] >= 0, n + places[chain.to], chain.to))
    passes = []
    leaves = np.where(apart, chain.chance, 0)
    total = leaves.sum(axis=0)
    for level in _levels(to, apart, done, n):
        leaving = total[level]
        stuck_here = np.flatnonzero(leaving == 0)
        leaving[stuck_here] = 1
        passes.append(Pass(level, to[:, level], leaves[:, level] / leaving, leaving, stuck_here))
    return Cut(states, to, passes, end, apart)


def _levels(to: Ints, apart: Bools, done: Bools, n: int) -> list[Ints]:
    """The states by the longest way from them to the cut or the end."""
    moves, sources = np.nonzero(apart & (to < n))
    targets = to[moves, sources]
    left = np.bincount(sources, minlength=n)
    by_target = np.argsort(targets, kind="stable")
    came = sources[by_target]
    first = np.searchsorted(targets[by_target], np.arange(n + 1))
    level = np.flatnonzero((left == 0) & ~done)
    found = []
    while len(level):
        found.append(level)
        before = _slices(came, first, level)
        np.subtract.at(left, before, 1)
        before = np.unique(before)
        level = before[left[before] == 0]
    return found


def _slices(values: Ints, first: Ints, rows: Ints) -> Ints:
    """values[first[r]:first[r + 1]] of each row, joined."""
    begin, length = first[rows], first[rows + 1] - first[rows]
    total = int(length.sum())
    if not total:
        return values[:0]
    offsets = np.repeat(begin - np.concatenate([[0], np.cumsum(length)[:-1]]), length)
    return values[offsets + np.arange(total)]


def lost(chain: Moves, done: Bools) -> Bools:
    """The states from which no state of ``done`` can be reached."""
    can = done.copy()
    possible = chain.chance > 0
    while True:
        more = can | (can[chain.to] & possible).any(axis=0)
        if (more == can).all():
            return ~can
        can = more


def pass_back(chain: Moves, opened: Cut, gains: Floats) -> Floats:
    """For each state: what is gained before the cut or the end is next met, then the chance of each place of the cut, then of the end.

    ``gains`` is (states, columns), what a draw in the state gains, never negative. Returns (states, columns + cut + 1).
    """
    n, columns = gains.shape
    size = len(opened.states)
    values = np.zeros((opened.end + 1, columns + size + 1))
    values[n + np.arange(size), columns + np.arange(size)] = 1
    values[opened.end, columns + size] = 1
    for one in opened.passes:
        found = np.einsum("gs,gsc->sc", one.chance, values[one.to])
        found[:, :columns] += gains[one.states] / one.leaving[:, None]
        if len(one.stuck):
            found[one.stuck, columns:] = values[n + np.searchsorted(opened.states, one.states[one.stuck]), columns:]
        values[one.states] = found
    return values[:n]


def eliminate(among: Floats, leaving: Floats, gains: Floats) -> Floats:
    """Solve x = gains + among·x, where each row of ``among`` and its ``leaving`` sum to 1, without subtraction."""
    among, leaving, gains = among.copy(), leaving.copy(), gains.copy()
    size = len(leaving)
    out = np.empty(size)
    for k in range(size - 1, -1, -1):
        out[k] = leaving[k] + among[k, :k].sum()
        share = among[:k, k] / out[k]
        among[:k, :k] += np.outer(share, among[k, :k])
        leaving[:k] += share * leaving[k]
        gains[:k] += share[:, None] * gains[k]
    for k in range(size):
        gains[k] = (gains[k] + among[k, :k] @ gains[:k]) / out[k]
    return gains


def until_done(chain: Moves, done: Bools, gains: Floats) -> Floats:
    """(states, columns) what is expected to be gained until ``done``, which must be sure to come from every state."""
    opened = cut(chain, done)
    columns, size = gains.shape[1], len(opened.states)
    found = pass_back(chain, opened, gains)
    if size:
        on = found[opened.states]
        solved = eliminate(on[:, columns : columns + size], on[:, columns + size], on[:, :columns])
        found[:, :columns] += found[:, columns : columns + size] @ solved
    return found[:, :columns]


def stationary(among: Floats) -> Floats:
    """The stationary law of a small irreducible chain, without subtraction."""
    among = among.copy()
    size = len(among)
    for k in range(size - 1, 0, -1):
        among[:k, k] /= among[k, :k].sum()
        among[:k, :k] += np.outer(among[:k, k], among[k, :k])
    law = np.zeros(size)
    law[0] = 1
    for k in range(1, size):
        law[k] = law[:k] @ among[:k, k]
    law /= law.sum()
    return law


# --- in fractions ---


class Exact:
    """The same in fractions, kept as integers over one denominator a state."""

    def __init__(self, chain: Moves, opened: Cut, gains: Sequence[Sequence[Fraction]]) -> None:
        """Pass back; ``gains`` is by state."""
        chain.check_exact()
        self.cut = opened
        self.columns = len(gains[0])
        size = len(opened.states)
        width = self.columns + size + 1
        n = len(chain)
        unit = [([0] * width, 1) for _ in range(size + 1)]
        for k in range(size):
            unit[k][0][self.columns + k] = 1
        unit[size][0][width - 1] = 1
        values: list[tuple[list[int], int]] = [([], 1)] * n + unit
        scales = [lcm(*(p.denominator for p in law)) for law in chain.exact]
        whole = [[int(p * scale) for p in law] for law, scale in zip(chain.exact, scales, strict=True)]
        to, apart, law = opened.to.T.tolist(), opened.apart.T.tolist(), chain.law.tolist()
        places = {int(state): k for k, state in enumerate(opened.states)}
        for one in opened.passes:
            for state in one.states.tolist():
                chances = [(whole[law[state]][g], values[target]) for g, target in enumerate(to[state]) if apart[state][g]]
                if not chances:
                    values[state] = _plus(unit[places[state]], [(gain, 1) for gain in gains[state]])
                    continue
                leaving = sum(weight for weight, _ in chances)
                values[state] = _combined(chances, leaving, [gain * scales[law[state]] for gain in gains[state]])
        self.values = values[:n]

    def solved(self) -> list[list[Fraction]]:
        """For each place of the cut, what is expected to be gained until the end."""
        size, columns = len(self.cut.states), self.columns
        rows = [_fractions(self.values[state]) for state in self.cut.states.tolist()]
        among = [row[columns : columns + size] for row in rows]
        leaving = [row[columns + size] for row in rows]
        gains = [row[:columns] for row in rows]
        out = [Fraction(0)] * size
        for k in range(size - 1, -1, -1):
            out[k] = leaving[k] + sum(among[k][:k])
            for i in range(k):
                share = among[i][k] / out[k]
                if share:
                    for j in range(k):
                        among[i][j] += share * among[k][j]
                    leaving[i] += share * leaving[k]
                    gains[i] = [mine + share * other for mine, other in zip(gains[i], gains[k], strict=True)]
        for k in range(size):
            gains[k] = [
                (gain + sum((among[k][j] * gains[j][column] for j in range(k)), Fraction(0))) / out[k]
                for column, gain in enumerate(gains[k])
            ]
        return gains

    def at(self, state: int, solved: list[list[Fraction]]) -> list[Fraction]:
        """What is expected to be gained from a state until the end."""
        row, columns = _fractions(self.values[state]), self.columns
        return [row[c] + sum((p * solved[k][c] for k, p in enumerate(row[columns:-1])), Fraction(0)) for c in range(columns)]


def _fractions(value: tuple[list[int], int]) -> list[Fraction]:
    return [Fraction(numerator, value[1]) for numerator in value[0]]


def _plus(value: tuple[list[int], int], gains: Sequence[tuple[Fraction, int]]) -> tuple[list[int], int]:
    scale = lcm(*(gain.denominator for gain, _ in gains))
    numerators = [one * scale for one in value[0]]
    for column, (gain, _) in enumerate(gains):
        numerators[column] += int(gain * scale) * value[1]
    return numerators, value[1] * scale


def _combined(chances: Sequence[tuple[int, tuple[list[int], int]]], leaving: int, gains: Sequence[Fraction]) -> tuple[list[int], int]:
    """(gains + Σ chance · value) / leaving, over one denominator."""
    common = 1
    for _, (_, denominator) in chances:
        if denominator != common:
            common = denominator if not denominator % common else common if not common % denominator else lcm(common, denominator)
    for gain in gains:
        if common % gain.denominator:
            common = lcm(common, gain.denominator)
    width = len(chances[0][1][0])
    total = [0] * width
    for weight, (numerators, denominator) in chances:
        factor = weight * (common // denominator)
        for column, numerator in enumerate(numerators):
            if numerator:
                total[column] += factor * numerator
    for column, gain in enumerate(gains):
        if gain:
            total[column] += gain.numerator * (common // gain.denominator)
    common *= leaving
    divisor = gcd(common, *total) if common.bit_length() > 1 << 15 else 1
    return ([one // divisor for one in total], common // divisor) if divisor > 1 else (total, common)
