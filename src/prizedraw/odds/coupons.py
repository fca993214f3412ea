"""Collecting kinds: how many draws, or packs, until there are so many of each kind.

Kinds of one chance are alike, so a state is how many kinds of each chance still miss how many copies. Equal chances give as many
states as kinds, unequal ones their product.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import product
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

from prizedraw.errors import InvalidCampaign, InvalidRequest, TooLarge
from prizedraw.odds import asked
from prizedraw.odds.waiting import ENOUGH, Tails, Walk
from prizedraw.sampling import weights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prizedraw.odds.arrays import Floats, Ints
    from prizedraw.odds.distribution import Distribution

_ROUNDING = Fraction(1, 10**12)
_MOST_STATES = 400_000

State = tuple[tuple[int, ...], ...]
"""For each class of kinds alike: how many of them miss 1, 2, … copies."""


def coupon_collector(
    probabilities: int | Sequence[Any],
    copies: int | Sequence[int] = 1,
    *,
    pack: int = 1,
    distinct: int | None = None,
    tails: Tails = "absolute",
) -> Distribution:
    """How many draws, or packs, it takes until every kind, or so many of them, has come as often as is wanted.

    Args:
        probabilities: the chance of each kind, exact as weights are (a float is its shortest decimal); what is left of 1 is blank. An
            integer n: n kinds of equal chance.
        copies: how many of each kind, or of each one by one, from 0.
        pack: different kinds in a pack; above 1 the kinds must be of equal chance, without a blank.
        distinct: how many of the kinds that are wanted are enough, whichever; None: all.
        tails: see ``draws_until``.

    Raises:
        InvalidRequest: a chance is not positive, they sum to more than 1, or another argument is out of range.
        TooLarge: there are too many states.

    Sources: H. von Schelling, *Coupon collecting for unequal probabilities*, American Mathematical Monthly 61 (1954); for packs
    W. Stadje, *The collector's problem with group drawings*, Advances in Applied Probability 22 (1990).
    """
    chances = _chances(probabilities)
    needs = _needs(copies, len(chances))
    size = asked.natural(pack, "pack", 1)
    asked.one_of(tails, ENOUGH, "tails")
    if size > 1 and (len(set(chances)) > 1 or sum(chances) != 1):
        raise InvalidRequest(f"packs of {size} different kinds need kinds of equal chance without a blank", "pack")
    if size > len(chances):
        raise InvalidRequest(f"{size} different kinds are more than the {len(chances)} there are", "pack")
    wanted = sum(need > 0 for need in needs)
    enough = wanted if distinct is None else asked.natural(distinct, "distinct", 1)
    if enough > wanted:
        raise InvalidRequest(f"{enough} kinds are more than the {wanted} that are wanted", "distinct")
    table = Collecting(chances, needs, size, wanted - enough)
    walk = Walk(table, table.missing, np.inf, None, 0)
    return walk.law(ENOUGH[tails], f"{len(chances)} kinds", "packs" if size > 1 else "draws")


def _chances(probabilities: int | Sequence[Any]) -> list[Fraction]:
    if isinstance(probabilities, int | np.integer) and not isinstance(probabilities, bool):
        n = asked.natural(probabilities, "probabilities", 1)
        if n > _MOST_STATES:
            raise TooLarge(f"{n:,} kinds are more than {_MOST_STATES:,}; the mean is the sum of {n:,}/k for k from 1 to {n:,}", count=n)
        return [Fraction(1, n)] * n
    if not isinstance(probabilities, Iterable) or isinstance(probabilities, str):
        raise InvalidRequest(f"{probabilities!r} must be a list of chances, or a number of kinds", "probabilities")
    given = [one.item() if isinstance(one, np.generic) else one for one in probabilities]
    try:
        found = [weights.exact(one) for one in given]
    except InvalidCampaign as error:
        raise InvalidRequest(error.problem, "probabilities") from None
    if not found or not all(found):
        raise InvalidRequest("every kind needs a chance above 0; leave out what never comes", "probabilities")
    total = sum(found, Fraction(0))
    if any(isinstance(one, float) for one in given) and abs(total - 1) < _ROUNDING:
        return [one / total for one in found]  # doubles that were meant to sum to 1
    if total > 1:
        raise InvalidRequest(f"the chances sum to {float(total)}, more than 1", "probabilities")
    return found


def _needs(copies: int | Sequence[int], kinds: int) -> list[int]:
    if not isinstance(copies, Iterable):
        return [asked.natural(copies, "copies", 1)] * kinds
    needs = [asked.natural(one, f"copies[{k}]") for k, one in enumerate(copies)]
    if len(needs) != kinds or not any(needs):
        raise InvalidRequest(f"{copies!r} must tell the copies of each of {kinds} kinds, one of them at least", "copies")
    return needs


class Collecting:
    """The chain of a collection, in the arrays of ``Chain``; it ends where no more than ``spared`` kinds are incomplete."""

    def __init__(self, chances: Sequence[Fraction], needs: Sequence[int], pack: int, spared: int) -> None:
        self._pack = pack
        self._kinds = len(chances)
        self._classes = list(dict.fromkeys(chances))
        most = max(needs)
        start = [[0] * most for _ in self._classes]
        for chance, need in zip(chances, needs, strict=True):
            if need:
                start[self._classes.index(chance)][need - 1] += 1
        first: State = tuple(map(tuple, start))
        states: dict[State, int] = {first: 0}
        rows: list[list[tuple[Fraction, int]]] = []
        waiting = [first]
        for state in waiting:
            row = []
            for chance, then in self._moves(state) if sum(map(sum, state)) > spared else ():
                if then not in states:
                    states[then] = len(states)
                    waiting.append(then)
                    if len(states) > _MOST_STATES:
                        text = f"more than {_MOST_STATES:,} states; kinds of equal chance are alike, so round the chances"
                        raise TooLarge(text, count=len(states))
                row.append((chance, states[then]))
            rows.append(row)
        moves = max(len(row) for row in rows)
        n = len(rows)
        self.exact = [[p for p, _ in row] + [Fraction(0)] * (moves - len(row)) for row in rows]
        self.law: Ints = np.arange(n)
        self.to: Ints = np.array([[then for _, then in row] + [k] * (moves - len(row)) for k, row in enumerate(rows)]).T
        self.chance: Floats = np.array([[float(p) for p in row] for row in self.exact]).T
        missing = [sum((k + 1) * m for one in state for k, m in enumerate(one)) for state in waiting]
        self.missing: Ints = np.where([sum(map(sum, state)) > spared for state in waiting], missing, 0)
        self.begin = (np.zeros(1, np.int64), np.ones(1))
        self.start = 0

    def __len__(self) -> int:
        return len(self.law)

    def order(self) -> Ints:
        """What is missing only falls."""
        return -self.missing

    def check_exact(self) -> None:
        """Refuse fractions where there are too many states."""
        asked.exact_states(len(self))

    def _moves(self, state: State) -> Iterator[tuple[Fraction, State]]:
        """(chance, next state) of a draw, or of a pack."""
        if self._pack > 1:
            yield from self._packs(state[0])
            return
        left = Fraction(1)
        for c, chance in enumerate(self._classes):
            for k, kinds in enumerate(state[c]):
                if kinds:
                    left -= kinds * chance
                    yield kinds * chance, (*state[:c], _one_less(state[c], k), *state[c + 1 :])
        if left:
            yield left, state

    def _packs(self, missing: tuple[int, ...]) -> Iterator[tuple[Fraction, State]]:
        """Different kinds at once: of those that miss k copies, j; a hypergeometric law of several classes."""
        ways = comb(self._kinds, self._pack)
        complete = self._kinds - sum(missing)
        for taken in product(*(range(min(m, self._pack) + 1) for m in missing)):
            rest = self._pack - sum(taken)
            if 0 <= rest <= complete:
                count = comb(complete, rest)
                then = list(missing)
                for k, j in enumerate(taken):
                    count *= comb(missing[k], j)
                    then[k] -= j
                    if k:
                        then[k - 1] += j
                yield Fraction(count, ways), (tuple(then),)


def _one_less(missing: tuple[int, ...], k: int) -> tuple[int, ...]:
    after = list(missing)
    after[k] -= 1
    if k:
        after[k - 1] += 1
    return tuple(after)
