"""The exact law of one draw: the chance of each outcome, with what is closed taken into account.

The same law that ``prizedraw.draw.decide`` follows ticket by ticket, here as sums of fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from prizedraw.pity.stages import unit

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
    law = _Law(stages, counters, frozenset(closed))
    found = law.settle(first, spread=redraw)
    chances = [found.get(k, Fraction(0)) for k in range(len(stages.ids))]
    chances[stages.thank_you] += found.get(NOTHING, Fraction(0))
    return chances


def replacements(
    stages: Stages,
    counters: Sequence[int],
    *,
    closed: Collection[int],
    redraw: bool = False,
    newcomer: bool = False,
) -> dict[int, dict[int, Fraction]]:
    """For each closed prize that a first ticket may name, the exact law of what is granted in its place; each sums to 1.

    What a first ticket names does not depend on what is closed: its law is ``outcomes`` with nothing closed.

    Args:
        stages: the compiled rules.
        counters: misses (or level) of each rule, in file order.
        closed: numbers of the prizes that cannot be given now.
        redraw: whether the chance of a closed prize is spread over what is open, instead of going to the thank-you.
        newcomer: whether the newcomer rule is due.
    """
    first = stages.first if newcomer and stages.first is not None else stages.root.at(counters)
    found: dict[int, dict[int, Fraction]] = {}
    for (named, granted), chance in _Naming(stages, counters, frozenset(closed)).name(first, spread=redraw).items():
        if named in closed:
            _add(found.setdefault(named, {}), Fraction(1), {stages.thank_you if granted == NOTHING else granted: chance})
    return {named: {outcome: chance / sum(law.values()) for outcome, chance in law.items()} for named, law in found.items()}


class _Law:
    def __init__(self, stages: Stages, counters: Sequence[int], closed: frozenset[int]) -> None:
        self._stages = stages
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
                _add(inside, nothing, self.settle(settled.after(k), spread=True))
            _add(found, one.mass / mass, inside)
        return found or {NOTHING: Fraction(1)}

    def _inside(self, one: Class, *, spread: bool) -> dict[int, Fraction]:
        if one.inner is not None:
            return self.settle(one.inner.at(self._counters), spread=spread)
        return self._among(dict(zip(one.members.outcomes, one.members.weights, strict=True)), spread=spread)

    def _among(self, weights: dict[int, int], *, spread: bool) -> dict[int, Fraction]:
        """The law of the members of a class that have not been crossed out."""
        if spread:
            weights = {outcome: weight for outcome, weight in weights.items() if outcome not in self._closed}
        total = sum(weights.values())
        found: dict[int, Fraction] = {}
        for outcome, weight in weights.items():
            if not weight:
                continue
            if outcome < NOTHING:
                named = self._unit(outcome, weights, spread=spread)
            else:
                named = {self._stages.thank_you if outcome in self._closed else outcome: Fraction(1)}
            _add(found, Fraction(weight, total), named)
        return found or {NOTHING: Fraction(1)}

    def _unit(self, outcome: int, weights: dict[int, int], *, spread: bool) -> dict[int, Fraction]:
        """The law of a unit, and of the rest of its class where nothing in it is open."""
        found = self.settle(self._stages.inner[unit(outcome)].at(self._counters), spread=spread)
        nothing = found.pop(NOTHING, Fraction(0))
        if nothing:
            _add(found, nothing, self._among({other: weight for other, weight in weights.items() if other != outcome}, spread=True))
        return found


class _Naming(_Law):
    """The joint law of what the first ticket names and of what is granted; NOTHING stands for none in both places."""

    def name(self, settled: Settled, *, spread: bool) -> dict[_Named, Fraction]:
        """``settle``, with what was named."""
        found: dict[_Named, Fraction] = {}
        mass = sum((one.mass for one in settled.classes), Fraction(0))
        for k, one in enumerate(settled.classes):
            if not one.mass:
                continue
            inside = self._named_inside(one, spread=spread or one.due)
            for (named, granted), chance in inside.items():
                if granted != NOTHING:
                    rest = {(named, granted): Fraction(1)}
                elif named == NOTHING:
                    rest = self.name(settled.after(k), spread=True)
                else:
                    rest = _given(named, self.settle(settled.after(k), spread=True))
                _add(found, chance * one.mass / mass, rest)
        return found or {(NOTHING, NOTHING): Fraction(1)}

    def _named_inside(self, one: Class, *, spread: bool) -> dict[_Named, Fraction]:
        if one.inner is not None:
            return self.name(one.inner.at(self._counters), spread=spread)
        return self._named_among(dict(zip(one.members.outcomes, one.members.weights, strict=True)), spread=spread)

    def _named_among(self, weights: dict[int, int], *, spread: bool) -> dict[_Named, Fraction]:
        total = sum(weights.values())
        found: dict[_Named, Fraction] = {}
        for outcome, weight in weights.items():
            if not weight:
                continue
            others = {other: rest for other, rest in weights.items() if other != outcome}
            if outcome < NOTHING:
                law = self._named_unit(outcome, others, spread=spread)
            elif outcome not in self._closed:
                law = {(outcome, outcome): Fraction(1)}
            elif spread:
                law = _given(outcome, self._among(others, spread=True))
            else:
                law = {(outcome, self._stages.thank_you): Fraction(1)}
            _add(found, Fraction(weight, total), law)
        return found or {(NOTHING, NOTHING): Fraction(1)}

    def _named_unit(self, outcome: int, others: dict[int, int], *, spread: bool) -> dict[_Named, Fraction]:
        found: dict[_Named, Fraction] = {}
        for (named, granted), chance in self.name(self._stages.inner[unit(outcome)].at(self._counters), spread=spread).items():
            if granted != NOTHING:
                rest = {(named, granted): Fraction(1)}
            elif named == NOTHING:
                rest = self._named_among(others, spread=True)
            else:
                rest = _given(named, self._among(others, spread=True))
            _add(found, chance, rest)
        return found


_Named: TypeAlias = tuple[int, int]
_Key = TypeVar("_Key", int, _Named)


def _given(named: int, law: dict[int, Fraction]) -> dict[_Named, Fraction]:
    return {(named, granted): chance for granted, chance in law.items()}


def _add(found: dict[_Key, Fraction], share: Fraction, more: dict[_Key, Fraction]) -> None:
    for outcome, chance in more.items():
        found[outcome] = found.get(outcome, Fraction(0)) + share * chance
