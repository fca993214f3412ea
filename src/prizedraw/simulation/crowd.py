"""The participants of a run: what a campaign counts of each, as arrays; only what its rules ask for is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.draw.rules import Rules
    from prizedraw.draw.state import State
    from prizedraw.simulation.automaton import Automaton
    from prizedraw.simulation.streams import Array

Who: TypeAlias = "slice | Array"
"""Participants, each once: a stretch of them, or their numbers."""

_NEVER = -1


class Crowd:
    """Participants before their next draw.

    Args:
        rules: the compiled campaign.
        automaton: its states.
        size: how many.
        starts: how the first of them start; the others are new, or as ``everyone``.
        everyone: how those others start.
        day: the ordinal of the simulation's first day.
        numbers: whether the numbers of draws are kept.
        refusals: whether a draw may be refused.
        together: whether a day begins for all at once, where it is one day for all draws of a pass.
    """

    def __init__(
        self,
        rules: Rules,
        automaton: Automaton,
        size: int,
        starts: Sequence[State],
        everyone: State | None,
        day: int,
        *,
        numbers: bool,
        refusals: bool,
        together: bool,
    ) -> None:
        self._rules = rules
        self._automaton = automaton
        quota = rules.quota
        self.states = np.full(size, automaton.start, np.int32)
        self.wins = np.zeros(size, np.int32)
        self._arrays = {"states": self.states, "wins": self.wins}
        self.number = self._kept("number", size, numbers)
        self._together = together
        self._today = 0
        self._caps = [k for k, cap in enumerate(rules.caps) if cap != np.inf]
        limited_day = quota.daily_draws, quota.daily_wins
        self.day = self._kept("day", size, any(limit >= 0 for limit in limited_day), _NEVER)
        self.day_draws = self._kept("day_draws", size, refusals and quota.daily_draws >= 0)
        self.day_wins = self._kept("day_wins", size, quota.daily_wins >= 0)
        self.draws = self._kept("draws", size, refusals and quota.total_draws >= 0)
        self.points = self._kept("points", size, rules.points_limit >= 0 and any(rules.points), dtype=np.int64)
        self.won = {k: self._kept(f"won/{k}", size, True) for k in self._caps}
        known = [*starts, *([everyone] if everyone is not None else [])]
        self.granted = self._kept("granted", size, any(one.granted for one in known))
        self.blocked = self._kept("blocked", size, any(one.refused for one in known))
        self._points_of = np.array(rules.points, np.int64)
        if everyone is not None:
            self._begin(slice(None), everyone, day)
        for k, one in enumerate(starts):
            self._begin(k, one, day)
        self.wins_before = self.wins.copy() if known else None

    def _kept(self, name: str, size: int, wanted: bool, value: int = 0, dtype: type = np.int32) -> Array | None:
        if not wanted:
            return None
        self._arrays[name] = np.full(size, value, dtype)
        return self._arrays[name]

    def _begin(self, k: int | slice, one: State, day: int) -> None:
        rules = self._rules
        self.states[k] = self._automaton.number(one.misses, one.number, met=one.newcomer or rules.newcomer is None)
        today = one.on(day)
        begun = {
            "wins": one.wins,
            "number": one.number,
            "day": 0,
            "day_draws": today.day_draws,
            "day_wins": today.day_wins,
            "draws": one.draws,
            "points": one.points,
            "granted": sum(lot.left for lot in one.granted),
            "blocked": one.refused,
        }
        begun |= {f"won/{prize}": one.won.get(rules.ids[prize], 0) for prize in self._caps}
        for name, value in begun.items():
            if name in self._arrays:
                self._arrays[name][k] = value

    def copy(self, who: Who) -> dict[str, Array]:
        """What is kept of these participants, to go back to."""
        return {name: array[who].copy() for name, array in self._arrays.items()}

    def restore(self, who: Who, kept: dict[str, Array]) -> None:
        """Go back to what was kept of these participants."""
        for name, array in kept.items():
            self._arrays[name][who] = array

    def turn(self, who: Who, day: int | Array) -> None:
        """Begin the day of a draw: counts of an earlier one are over. Days never move back."""
        if self.day is None:
            return
        if self._together and isinstance(day, int):
            if day > self._today:
                self._today = day
                for counts in (self.day_draws, self.day_wins):
                    if counts is not None:
                        counts[:] = 0
            return
        behind = self.day[who] < day
        if not behind.any():
            return
        for counts in (self.day_draws, self.day_wins):
            if counts is not None:
                counts[who] = np.where(behind, 0, counts[who])
        self.day[who] = np.maximum(self.day[who], day)

    def over(self, who: Who) -> tuple[Array | None, Array | None]:
        """Who has no draw left in all, and who none left today; None: nobody."""
        total = self.draws[who] >= self._rules.most_draws if self.draws is not None else None
        today = self.day_draws[who] >= self._rules.most_draws_a_day if self.day_draws is not None else None
        if self.granted is None:
            return total, today
        without = self.granted[who] <= 0
        return (None if total is None else total & without), (None if today is None else today & without)

    def capped(self, who: Who) -> Array | None:
        """Who can win nothing more, in all or today; None: nobody."""
        quota = self._rules.quota
        found = None
        if quota.total_wins >= 0:
            found = self.wins[who] >= quota.total_wins
        if self.day_wins is not None:
            today = self.day_wins[who] >= quota.daily_wins
            found = today if found is None else found | today
        return found

    def closed_to(self, who: Who, named: Array) -> Array | None:
        """Whether their own caps close the prizes named, draw by draw; None: none is."""
        if self.points is None and not self.won:
            return None
        found = np.zeros(len(named), bool)
        for prize, won in self.won.items():
            assert won is not None  # noqa: S101 - kept for each capped prize
            places = np.flatnonzero(named == prize)
            found[places] = won.take(_some(who, places)) >= self._rules.caps[prize]
        if self.points is not None:
            places = np.flatnonzero(self._points_of[named])
            found[places] |= self.points[_some(who, places)] + self._points_of[named[places]] > self._rules.most_points
        return found

    def closed_all(self, who: Array) -> Array:
        """Which prizes their own caps close: for each prize a row of flags, one for each of them."""
        found = np.zeros((len(self._rules.ids), len(who)), bool)
        for prize, won in self.won.items():
            assert won is not None  # noqa: S101 - kept for each capped prize
            found[prize] = won[who] >= self._rules.caps[prize]
        if self.points is not None:
            points = self.points[who]
            for prize in np.flatnonzero(self._points_of).tolist():
                found[prize] |= points + self._points_of[prize] > self._rules.most_points
        return found

    def advance(self, who: Who, granted: Array, admitted: Array | None, *, states: bool = True) -> None:
        """Move on by one draw each.

        Args:
            who: the participants.
            granted: what each draw granted.
            admitted: who drew at all; None: all.
            states: whether their states are kept here.
        """
        if admitted is not None:
            who = np.arange(who.start, who.stop)[admitted] if isinstance(who, slice) else who[admitted]
            granted = granted[admitted]
        own = self._use_granted(who)
        if states:
            self.states[who] = self._automaton.moved(self.states[who], granted)
        if self.number is not None:
            self.number[who] += 1
        if self.draws is not None:
            self.draws[who] += own
        if self.day_draws is not None:
            self.day_draws[who] += own
        places = np.flatnonzero(granted < self._rules.thank_you)
        winners, granted = _some(who, places), granted.take(places)
        self.wins[winners] += 1
        if self.day_wins is not None:
            self.day_wins[winners] += 1
        if self.points is not None:
            self.points[winners] += self._points_of[granted]
        for prize, count in self.won.items():
            assert count is not None  # noqa: S101 - kept for each capped prize
            count[winners.take(np.flatnonzero(granted == prize))] += 1

    def _use_granted(self, who: Who) -> Array | int:
        """Use a granted draw where no own one is left; 1 where an own one is used."""
        if self.granted is None:
            return 1
        spent = np.zeros(len(self.granted[who]), bool)
        if self.draws is not None:
            spent |= self.draws[who] >= self._rules.most_draws
        if self.day_draws is not None:
            spent |= self.day_draws[who] >= self._rules.most_draws_a_day
        self.granted[who] -= spent
        return ~spent


def _some(who: Who, places: Array) -> Array:
    """The participants in these places."""
    return places + who.start if isinstance(who, slice) else who[places]
