"""The exact law of one draw: the chance of each outcome, with what is closed taken into account.

The same law that ``prizedraw.draw.decide`` follows ticket by ticket, here as sums of fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from prizedraw.pity.stages import Class, Settled, Stages

NOTHING = -1
"""The key under which the chance stands that nothing in a class or stage is open."""


def outcomes(
    stages: Stages,
    counters: Sequence[int],
    *,
    closed: Collection[int] = (),
    redraw: bool = False,
    newcomer: bool = False,
) -> list[Fraction]:
    """The exact chance of each outcome, in prize order with the thank-you last; the sum is 1.

    Args:
        stages: the compiled rules.
        counters: misses (or level) of each rule, in file order.
        closed: numbers of the prizes that cannot be given now.
        redraw: whether the chance of a closed prize is spread over what is open, instead of going to the thank-you.
        newcomer: whether the newcomer rule is due.
    """
    first = stages.first if newcomer and stages.first is not None else stages.root.at(counters)
    law = _Law(stages.thank_you, counters, frozenset(closed))
    found = law.settle(first, spread=redraw)
    chances = [found.get(k, Fraction(0)) for k in range(len(stages.ids))]
    chances[stages.thank_you] += found.get(NOTHING, Fraction(0))
    return chances


class _Law:
    def __init__(self, thank_you: int, counters: Sequence[int], closed: frozenset[int]) -> None:
        self._thank_you = thank_you
        self._counters = counters
        self._closed = closed

    def settle(self, settled: Settled, *, spread: bool) -> dict[int, Fraction]:
        """The law of a draw in this stage; NOTHING is the chance that it finds nothing open here."""
        found: dict[int, Fraction] = {}
        mass = sum((one.mass for one in settled.classes), Fraction(0))
        for k, one in enumerate(settled.classes):
            if not one.mass:
                continue
            inside = self._inside(one, spread=spread or one.due)
            nothing = inside.pop(NOTHING, Fraction(0))
            if nothing:
                # that nothing is open has been found by crossing out, so crossing out goes on
                for outcome, chance in self.settle(settled.after(k), spread=True).items():
                    inside[outcome] = inside.get(outcome, Fraction(0)) + nothing * chance
            for outcome, chance in inside.items():
                found[outcome] = found.get(outcome, Fraction(0)) + chance * one.mass / mass
        return found or {NOTHING: Fraction(1)}

    def _inside(self, one: Class, *, spread: bool) -> dict[int, Fraction]:
        if one.inner is not None:
            return self.settle(one.inner.at(self._counters), spread=spread)
        weights = dict(zip(one.members.outcomes, one.members.weights, strict=True))
        shut = sum(weight for outcome, weight in weights.items() if outcome in self._closed)
        if shut and not spread:
            found = {outcome: Fraction(weight, one.members.total) for outcome, weight in weights.items() if outcome not in self._closed}
            found[self._thank_you] = found.get(self._thank_you, Fraction(0)) + Fraction(shut, one.members.total)
            return found
        total = one.members.total - shut
        if not total:
            return {NOTHING: Fraction(1)}
        return {outcome: Fraction(weight, total) for outcome, weight in weights.items() if outcome not in self._closed and weight}
