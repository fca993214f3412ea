"""A campaign made ready for exact odds: its laws by what they depend on, and the axes along which a participant moves.

The law is ``prizedraw.pity.law``; here is only what it may depend on. Stock is taken as ample. An axis is one number that a
participant carries from draw to draw: the counter of a rule, the newcomer's promise, wins towards a cap. The law of a draw depends
on an axis through its *kind* alone; a long counter has few kinds.
"""

from __future__ import annotations

from functools import lru_cache
from math import gcd
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from prizedraw.campaign import Campaign
from prizedraw.draw import Rules
from prizedraw.errors import InvalidRequest
from prizedraw.odds import asked
from prizedraw.pity import outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from prizedraw.draw.place import State
    from prizedraw.odds.arrays import Ints
    from prizedraw.pity import Rule


Law = tuple["Fraction", ...]


class Effect(NamedTuple):
    """What a kind of an axis means to the law: the counter of a rule, prizes that are closed, a promise that is due."""

    rule: int = -1
    counter: int = 0
    closed: frozenset[int] = frozenset()
    due: bool = False


class Axis(NamedTuple):
    """One number that a participant carries from draw to draw.

    Attributes:
        name: what it counts.
        start: its value before the first draw.
        step: (outcomes, values) → the value after a draw that granted the outcome.
        kind: value → kind.
        effects: kind → what it means to the law.
        counter: whether it is the counter of a rule, which goes on whatever was won.
    """

    name: str
    start: int
    step: Ints
    kind: Ints
    effects: tuple[Effect, ...]
    counter: bool = False

    @property
    def size(self) -> int:
        """How many values it has."""
        return len(self.kind)


class Model:
    """A campaign with the laws and the chains found so far."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.rules = Rules(campaign, 1)
        self.stages = self.rules.stages
        self.ids = self.rules.ids
        self.outcomes = len(self.ids)
        self._laws: dict[tuple[Effect, ...], Law] = {}
        self.chains: dict[object, Any] = {}
        self._counters = [
            _counter(rule, self.outcomes, [steps[k] for steps in self.stages.steps]) for k, rule in enumerate(self.stages.rules)
        ]

    def law(self, effects: tuple[Effect, ...]) -> Law:
        """The exact chance of each outcome of a draw, as these kinds have it."""
        found = self._laws.get(effects)
        if found is None:
            counters = list(self.stages.start)
            closed: frozenset[int] = frozenset()
            due = False
            for effect in effects:
                if effect.rule >= 0:
                    counters[effect.rule] = effect.counter
                closed |= effect.closed
                due = due or effect.due
            found = self._laws[effects] = tuple(outcomes(self.stages, counters, closed=closed, redraw=self.rules.redraw, newcomer=due))
        return found

    def counters(self, at: State) -> list[Axis]:
        """The axes of the rules' counters."""
        found = []
        for axis, rule, start in zip(self._counters, self.stages.rules, self.rules.counters(at.misses), strict=True):
            found.append(axis._replace(start=start if rule.pity.levels else min(start, axis.size - 1)))
        return found

    def promises(self, at: State) -> list[Axis]:
        """The axis of the newcomer's promise, if it is still open: draws made, no further than where it is due, then whether it is met."""
        newcomer = self.rules.newcomer
        met = any(at.wins.get(self.ids[k]) for k in self.rules.wanted) if at.newcomer is None else at.newcomer
        if newcomer is None or met:
            return []
        asked.room(16 * newcomer.draws * self.outcomes, f"a newcomer's promise at draw {newcomer.draws:,}")
        due, over = newcomer.draws - 1, newcomer.draws
        step = np.minimum(np.arange(over + 1) + 1, due)
        step[over] = over
        steps = np.tile(step, (self.outcomes, 1))
        steps[sorted(self.rules.wanted)] = over
        kind = np.zeros(over + 1, np.int64)
        kind[due] = 1
        return [Axis("newcomer", min(at.draws, due), steps, kind, (Effect(), Effect(due=True)))]

    def caps(self, at: State, horizon: float, per_day: int | None) -> list[Axis]:
        """The axes of the caps of one participant that can bind within ``horizon`` draws."""
        rules, thank_you = self.rules, self.rules.thank_you
        prizes = frozenset(range(thank_you))
        won = sum(at.wins.values()) if at.total_wins is None else at.total_wins
        found = []
        if rules.most_wins < won + horizon:
            found.append(self._cap("wins", prizes, int(max(0, rules.most_wins - won))))
        for k in range(thank_you):
            mine = at.wins.get(self.ids[k], 0)
            if rules.caps[k] < mine + horizon:
                found.append(self._cap(f"prize:{self.ids[k]}", frozenset((k,)), int(max(0, rules.caps[k] - mine))))
        found += self._points(at, horizon)
        if per_day is not None and rules.most_wins_a_day < per_day:
            found.append(self._day(int(rules.most_wins_a_day), per_day))
        return found

    def _cap(self, name: str, prizes: frozenset[int], room: int) -> Axis:
        """What is left below a cap; at 0 these prizes are closed."""
        asked.room(16 * (room + 1) * self.outcomes, f"a cap of {room:,} on {name}")
        step = np.tile(np.arange(room + 1), (self.outcomes, 1))
        step[sorted(prizes)] = np.maximum(np.arange(room + 1) - 1, 0)
        kind = np.minimum(np.arange(room + 1), 1) if room else np.zeros(1, np.int64)
        return Axis(f"cap:{name}", room, step, kind, (Effect(closed=prizes), Effect())[: room + 1])

    def _points(self, at: State, horizon: float) -> list[Axis]:
        """What is left below the cap on points, in the unit that all prizes are multiples of."""
        points = self.rules.points
        unit = gcd(*points)
        if not unit or self.rules.most_points == float("inf"):
            return []
        won = sum(points[self.rules.number[id_]] * n for id_, n in at.wins.items()) if at.points is None else at.points
        room = max(0, int(self.rules.most_points) - won) // unit
        if room >= horizon * max(points) / unit:
            return []
        asked.room(16 * (room + 1) * self.outcomes, f"a cap of {room * unit:,} points")
        values = np.arange(room + 1)
        costs = np.array(points)[:, None] // unit
        step = np.maximum(values - costs, 0)
        bounds = sorted({cost for cost in costs[:, 0].tolist() if 0 < cost <= room})  # from each of them on one prize more is open
        effects = [Effect(closed=frozenset(k for k, each in enumerate(points) if each > bound * unit)) for bound in (0, *bounds)]
        return [Axis("cap:points", room, step, np.searchsorted(bounds, values, side="right"), tuple(effects))]

    def _day(self, most: int, draws: int) -> Axis:
        """Draws and wins of the day: value = draws·(most + 1) + wins."""
        made, wins = np.divmod(np.arange(draws * (most + 1)), most + 1)
        step = np.empty((self.outcomes, len(made)), np.int64)
        for outcome in range(self.outcomes):
            after = np.minimum(wins + (outcome != self.rules.thank_you), most)
            step[outcome] = np.where(made + 1 < draws, (made + 1) * (most + 1) + after, 0)
        effects = (Effect(), Effect(closed=frozenset(range(self.rules.thank_you))))
        kind = (wins >= most).astype(np.int64)
        return Axis("cap:day", 0, step, kind, effects) if most else Axis("cap:day", 0, step, kind * 0, effects[1:])


def _counter(rule: Rule, outcomes_: int, steps: Sequence[object]) -> Axis:
    """The axis of a rule's counter, no further than it matters."""
    size = len(rule.law.values)
    kinds: dict[Fraction | None, int] = {}
    kind = np.array([kinds.setdefault(value, len(kinds)) for value in rule.law.values])
    rows: dict[object, list[int]] = {}
    for step in steps:
        if step not in rows:
            rows[step] = [min(step(value), size - 1) for value in range(size)]  # type: ignore[operator]  # Stages.steps are functions
    first = {one: int(np.argmax(kind == one)) for one in range(len(kinds))}
    effects = tuple(Effect(rule.number, first[one]) for one in range(len(kinds)))
    return Axis(f"rule:{rule.pity.id}", 0, np.array([rows[step] for step in steps]).reshape(outcomes_, size), kind, effects, counter=True)


def compiled(campaign: Campaign) -> Model:
    """The model of a campaign; those of the last few are remembered.

    Raises:
        InvalidRequest: it is none.
    """
    if not isinstance(campaign, Campaign):
        raise InvalidRequest(f"{campaign!r:.200} is not a Campaign; load one with Campaign.load(path)", "campaign")
    return _compiled(campaign)


_compiled = lru_cache(maxsize=32)(Model)
