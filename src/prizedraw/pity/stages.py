"""How the rules of a campaign act together: stages, and inside a stage the classes among which a draw chooses.

The structure of scopes and targets, its validity, and the exact mass of each class live here (design decision D10). A class
is a set of outcomes that a rule claims; what no rule claims is the last class of its stage. Outcomes are numbered in prize
order, the thank-you last.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import accumulate, product
from math import gcd, lcm
from typing import TYPE_CHECKING, NamedTuple

from prizedraw.errors import InvalidCampaign
from prizedraw.pity.rule import NEWCOMER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from prizedraw.pity.hazard import Hazard
    from prizedraw.pity.rule import Newcomer, Pity

_KEPT = 4096
"""How many settled states a stage remembers."""


class Members(NamedTuple):
    """Outcomes with integer weights in lowest terms, in prize order; ``bounds`` are the running sums, ``total`` their end.

    A negative outcome is a unit, ``unit(rule)``: the target of a rule at rest, which the stage scoped on it settles.
    """

    outcomes: tuple[int, ...]
    weights: tuple[int, ...]
    bounds: tuple[int, ...]
    total: int

    @classmethod
    def of(cls, outcomes: Sequence[int], weights: Sequence[Fraction | int]) -> Members:
        """Scale the weights of these outcomes to the smallest integers of the same ratios."""
        scale = lcm(*(Fraction(weight).denominator for weight in weights)) if weights else 1
        whole = [int(weight * scale) for weight in weights]
        divisor = gcd(*whole) or 1
        whole = [weight // divisor for weight in whole]
        bounds = tuple(accumulate(whole))
        return cls(tuple(outcomes), tuple(whole), bounds, bounds[-1] if bounds else 0)


def unit(number: int) -> int:
    """The outcome that stands for the target of a rule at rest, and back: the number of the rule for such an outcome."""
    return -2 - number


class Class(NamedTuple):
    """One choice of a stage.

    Attributes:
        mass: its exact chance given that the draw is in the stage.
        members: the outcomes of the class.
        rule: the id of the rule that claims it, or None for what no rule claims.
        due: whether the rule was sure of a hit.
        inner: the stage that settles the draw inside the class, if any.
    """

    mass: Fraction
    members: Members
    rule: str | None
    due: bool
    inner: Stage | None


class Settled:
    """The classes of a stage for given counters, in order, with the table that a ticket is read against."""

    __slots__ = ("_after", "_stage", "_state", "bounds", "classes", "sole", "total")

    def __init__(self, stage: Stage, state: tuple[Fraction | None, ...], classes: Sequence[Class]) -> None:
        self.classes = tuple(classes)
        scale = lcm(*(one.mass.denominator for one in classes)) if classes else 1
        whole = [int(one.mass * scale) for one in classes]
        divisor = gcd(*whole) or 1
        self.bounds = [bound // divisor for bound in accumulate(whole)]
        self.total = self.bounds[-1] if classes else 0
        with_mass = [k for k, mass in enumerate(whole) if mass]
        self.sole = with_mass[0] if len(with_mass) == 1 else -1  # no ticket is spent where there is no choice
        self._stage = stage
        self._state = state
        self._after: dict[int, Settled] = {}

    def after(self, k: int) -> Settled:
        """What class ``k`` gives way to when nothing in it is open.

        The classes after it, by their mass; where none of them has any, because rules before had claimed all, the rules after it
        claim afresh as if they were alone.
        """
        found = self._after.get(k)
        if found is None:
            later = self.classes[k + 1 :]
            rule = self.classes[k].rule
            if not any(one.mass for one in later):
                later = tuple(self._stage.claim(self._state, after=rule)) if rule is not None else ()
            found = self._after[k] = Settled(self._stage, self._state, later)
        return found


class Stage:
    """The rules of one scope, in file order, and the outcomes of the scope.

    ``at(counters)`` gives the settled classes, remembered by state.
    """

    def __init__(self, outcomes: Sequence[int], weights: Sequence[Fraction], rules: Sequence[Rule], inner: Mapping[int, Stage]) -> None:
        self.outcomes = tuple(outcomes)
        self.rules = tuple(rules)
        self.inner = inner
        self._weights = weights
        self._settled: dict[tuple[int, ...] | int, Settled] = {}
        self._depths = tuple(len(rule.law.values) - 1 for rule in rules)

    def at(self, counters: Sequence[int]) -> Settled:
        """The classes for these counters, one for each rule of the campaign. O(rules) once seen."""
        if len(self.rules) == 1:
            counter, depth = counters[self.rules[0].number], self._depths[0]
            key: tuple[int, ...] | int = counter if counter < depth else depth  # noqa: FURB136 - twice as fast as min() on the hot path
        else:
            key = tuple([min(counters[rule.number], depth) for rule, depth in zip(self.rules, self._depths, strict=True)])
        found = self._settled.get(key)
        if found is None:
            if len(self._settled) >= _KEPT:
                self._settled.clear()
            state = tuple(rule.law.at(counters[rule.number]) for rule in self.rules)
            found = self._settled[key] = Settled(self, state, self.claim(state))
        return found

    def claim(self, state: Sequence[Fraction | None], after: str | None = None) -> list[Class]:
        """The classes in order, with their masses, as the rules (those after rule ``after``, if given) claim them.

        A rule that acts claims ``q = min(free, max(0, u·h − what earlier rules gave to its target))`` for the part of its target not
        yet claimed; then ``free −= q``, and if its ``lower`` is "sequential", ``u = free``. What is left goes to the rest by weight.
        A rule at rest claims nothing; if a stage is scoped on its target, this stays together wherever it lands, by its weight.

        Args:
            state: the chance h of each rule of the stage, None where it does not act.
            after: leave out the rules up to and with this one, and what those that act claim.
        """
        free = use = Fraction(1)
        claimed: set[int] = set()
        classes: list[Class] = []
        given: list[tuple[frozenset[int], Fraction]] = []
        resting: list[Rule] = []
        skipping = after is not None
        for rule, h in zip(self.rules, state, strict=True):
            skipped, skipping = skipping, skipping and rule.pity.id != after
            if h is None:
                if rule.number in self.inner:
                    resting.append(rule)
                continue
            part = [outcome for outcome in self.outcomes if outcome in rule.target and outcome not in claimed]
            claimed |= rule.target
            if skipped:
                continue
            before = sum((mass for target, mass in given if target <= rule.target), Fraction(0))
            mass = min(free, max(Fraction(0), use * h - before))
            classes.append(self._claimed(rule, part, mass, resting, due=h == 1))
            given.append((rule.target, mass))
            free -= mass
            if rule.pity.lower == "sequential":
                use = free
        return classes + self._rest([outcome for outcome in self.outcomes if outcome not in claimed], free, resting)

    def _claimed(self, rule: Rule, part: Sequence[int], mass: Fraction, resting: Sequence[Rule], *, due: bool) -> Class:
        weights = [self._weights[outcome] for outcome in part]
        if not any(weights):
            weights = [Fraction(1)] * len(part)  # prizes that only a rule can bring share it equally
        return Class(mass, _together(part, weights, resting), rule.pity.id, due, self.inner.get(rule.number))

    def _rest(self, outcomes: Sequence[int], mass: Fraction, resting: Sequence[Rule]) -> list[Class]:
        """What no rule claims, by weight; without any weight it is no class."""
        weights = [self._weights[outcome] for outcome in outcomes]
        return [Class(mass, _together(outcomes, weights, resting), None, False, None)] if any(weights) else []


def _together(outcomes: Sequence[int], weights: Sequence[Fraction], resting: Sequence[Rule]) -> Members:
    """The members of a class, in which the target of a rule at rest is one unit, at the place of its first prize."""
    units = {outcome: unit(rule.number) for rule in resting for outcome in rule.target}
    table: dict[int, Fraction] = {}
    for outcome, weight in zip(outcomes, weights, strict=True):
        member = units.get(outcome, outcome)
        table[member] = table.get(member, Fraction(0)) + weight
    return Members.of(tuple(table), tuple(table.values()))


class Rule(NamedTuple):
    """A pity rule with its place among the campaign's rules, its target and ``counts`` as outcomes, and its hazard."""

    number: int
    pity: Pity
    target: frozenset[int]
    counts: frozenset[int] | None
    law: Hazard

    def step(self, counter: int, outcome: int) -> int:
        """The counter after a draw that granted ``outcome``, resets by other rules left aside."""
        counted = self.counts is None or outcome in self.counts
        return self.pity.step(counter, self.law, hit=outcome in self.target, counted=counted)


class Stages:
    """The compiled guarantees of a campaign: what a draw is settled by.

    Args:
        pity: the rules in file order.
        weights: prize id → exact weight, in prize order, the thank-you last.
        newcomer: the newcomer rule, if any.

    Attributes:
        steps: for each outcome, how it moves the counter of each rule.

    Raises:
        InvalidCampaign: with places such as ``pity[1].scope``.
    """

    def __init__(self, pity: Sequence[Pity], weights: Mapping[str, Fraction], newcomer: Newcomer | None = None) -> None:
        self.ids = tuple(weights)
        self.numbers = {id_: k for k, id_ in enumerate(self.ids)}
        self.thank_you = len(self.ids) - 1
        self.newcomer = newcomer
        self._weights = tuple(weights.values())
        _check_names(pity, self.ids[:-1], newcomer)
        _check_scopes(pity)
        everything = frozenset(self.ids)
        self.rules = tuple(self._rule(k, one, everything) for k, one in enumerate(pity))
        self.inner: dict[int, Stage] = {}
        self.root = self._stage(frozenset())
        self.start = tuple(one.start for one in pity)
        self.first = self._first()
        self.steps = tuple(tuple(self._step(rule, outcome) for rule in self.rules) for outcome in range(len(self.ids)))

    def _rule(self, number: int, pity: Pity, everything: frozenset[str]) -> Rule:
        scope = frozenset(pity.scope) or everything
        weight = sum((self._weights[self.numbers[id_]] for id_ in scope), Fraction(0))
        share = sum((self._weights[self.numbers[id_]] for id_ in pity.target), Fraction(0)) / weight if weight else Fraction(0)
        counts = pity.scope if pity.counts is None else pity.counts
        return Rule(
            number,
            pity,
            frozenset(self.numbers[id_] for id_ in pity.target),
            frozenset(self.numbers[id_] for id_ in counts) if counts else None,
            pity.law(share),
        )

    def _stage(self, scope: frozenset[str]) -> Stage:
        rules = [rule for rule in self.rules if frozenset(rule.pity.scope) == scope]
        scopes = {frozenset(rule.pity.scope) for rule in self.rules}
        inner = {rule.number: self._stage(frozenset(rule.pity.target)) for rule in rules if frozenset(rule.pity.target) in scopes}
        self.inner |= inner
        outcomes = [k for k, id_ in enumerate(self.ids) if not scope or id_ in scope]
        stage = Stage(outcomes, self._weights, rules, inner)
        _check_rest(stage, self._weights)
        return stage

    def _first(self) -> Settled | None:
        """The newcomer's stage: its target first, as if due; what it gives way to is the draw as always."""
        if self.newcomer is None:
            return None
        part = [k for k, id_ in enumerate(self.ids) if id_ in self.newcomer.target]
        weights = [self._weights[k] for k in part]
        if not any(weights):
            weights = [Fraction(1)] * len(part)
        forced = Class(Fraction(1), Members.of(part, weights), NEWCOMER, True, None)
        return Settled(_Then(self.root), (), [forced])

    def step(self, counters: Sequence[int], outcome: int) -> tuple[int, ...]:
        """The counters after a draw that granted ``outcome``: hits clear, misses count, and a hit sets to 0 what it ``resets``, last."""
        return tuple([step(counter) for counter, step in zip(counters, self.steps[outcome], strict=True)])

    def _step(self, rule: Rule, outcome: int) -> Callable[[int], int]:
        """How a draw that grants ``outcome`` moves the counter of a rule."""
        hit = outcome in rule.target
        cleared = any(outcome in other.target and rule.pity.id in other.pity.resets for other in self.rules)
        if cleared:
            return _clear
        if rule.pity.levels or rule.pity.repeats:
            return lambda counter: rule.step(counter, outcome)
        if hit:
            return _clear
        return _count if rule.counts is None or outcome in rule.counts else _stay


def _clear(_: int) -> int:
    return 0


def _count(counter: int) -> int:
    return counter + 1


def _stay(counter: int) -> int:
    return counter


class _Then(Stage):
    """A stage of no rules that hands a draw to another stage whole."""

    def __init__(self, then: Stage) -> None:
        super().__init__(then.outcomes, (), (), {})
        self._then = then

    def claim(self, state: Sequence[Fraction | None], after: str | None = None) -> list[Class]:
        return [Class(Fraction(1), Members((), (), (), 0), None, False, self._then)]


def _check_names(pity: Sequence[Pity], known: Sequence[str], newcomer: Newcomer | None) -> None:
    ids = [one.id for one in pity]
    for k, one in enumerate(pity):
        if ids.index(one.id) != k:
            raise InvalidCampaign(f"{one.id!r} is the id of pity[{ids.index(one.id)}] too", f"pity[{k}].id")
        for field, names in (("target", one.target), ("scope", one.scope), ("counts", one.counts or ())):
            _check_known(names, known, f"pity[{k}].{field}", "prize")
        _check_known(one.resets, ids, f"pity[{k}].resets", "rule")
    if newcomer is not None:
        _check_known(newcomer.target, known, "newcomer.target", "prize")


def _check_known(names: Iterable[str], known: Sequence[str], place: str, kind: str) -> None:
    for name in names:
        if name not in known:
            raise InvalidCampaign(f"{name!r} is not a {kind} of this campaign; there are {', '.join(known) or 'none'}", place)


def _check_scopes(pity: Sequence[Pity]) -> None:
    """Every scope is the target of one rule of another stage that holds no other target whole; targets in a stage nest or are disjoint."""
    for k, one in enumerate(pity):
        scope, target = frozenset(one.scope), frozenset(one.target)
        place = f"pity[{k}].scope"
        if scope and not target < scope:
            raise InvalidCampaign(f"its target {sorted(target)} must be a proper part of its scope {sorted(scope)}", f"pity[{k}].target")
        owners = [other for other in pity if frozenset(other.target) == scope]
        if scope and len(owners) != 1:
            found = "two rules" if owners else "no other rule"
            raise InvalidCampaign(f"{sorted(scope)} must be exactly the target of one other rule, and is that of {found}", place)
        for other in pity if scope else ():
            beside = frozenset(other.scope) == frozenset(owners[0].scope)
            if beside and frozenset(other.target) < scope:
                raise InvalidCampaign(f"{sorted(scope)} contains the target of {other.id!r} in its stage, so it cannot be a scope", place)
        for earlier in pity[:k]:
            shared = target & frozenset(earlier.target)
            if frozenset(earlier.scope) == scope and shared and not frozenset(earlier.target) < target:
                raise InvalidCampaign(
                    f"shares {sorted(shared)} with {earlier.id!r}; targets of one stage must be disjoint, "
                    "or a later one must contain an earlier one whole and more",
                    f"pity[{k}].target",
                )


def _check_rest(stage: Stage, weights: Sequence[Fraction]) -> None:
    """Where nothing with weight is left to the rest, the rules must claim all of the mass in every state."""
    claimed = frozenset().union(*(rule.target for rule in stage.rules))
    if not stage.rules or any(weights[outcome] for outcome in stage.outcomes if outcome not in claimed):
        return
    # The mass claimed rises with each chance, so the least chances of each rule are the worst case; a rule may also be at rest.
    worst = [sorted({value for value in rule.law.values if value is not None})[:1] for rule in stage.rules]
    rests = [[None] if None in rule.law.values else [] for rule in stage.rules]
    for state in product(*(least + rest for least, rest in zip(worst, rests, strict=True))):
        left = 1 - sum((one.mass for one in stage.claim(state)), Fraction(0))
        if left:
            places = ", ".join(f"pity[{rule.number}]" for rule in stage.rules)
            raise InvalidCampaign(
                f"the rules claim every prize of their scope, yet {left} of the chance is left to nobody; "
                "give the thank-you or another prize of the scope a weight, or make a rule sure",
                places,
            )
