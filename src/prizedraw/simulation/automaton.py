"""The states that guarantees put a participant in, numbered as they are met, with the exact law of a draw in each.

The laws are those of ``prizedraw.pity``, tabulated; nothing is decided here. A state is the counters, never beyond what can matter,
and how near the newcomer's promise is.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from prizedraw.pity import outcomes, replacements
from prizedraw.pity.stages import unit
from prizedraw.simulation.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prizedraw.draw.rules import Rules
    from prizedraw.pity import Settled
    from prizedraw.simulation.streams import Array, Stream

MET = -1
"""The newcomer's promise is met, or there is none."""

State: TypeAlias = tuple[tuple[int, ...], int]
"""The counters, and the draws made while the newcomer's promise is open (no more than before it is due), or MET."""


class Automaton:
    """The states of one campaign.

    Args:
        rules: the compiled campaign.

    Attributes:
        start: the state of a new participant.
        naming: for each state, the law of what the first ticket names.
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._stages = rules.stages
        self._outcomes = len(rules.ids)
        self._depths = tuple(len(rule.law.values) - 1 for rule in self._stages.rules)
        self._due_after = rules.newcomer.draws - 1 if rules.newcomer is not None else 0
        self._numbers: dict[State, int] = {}
        self._states: list[State] = []
        self._next = np.empty((0, self._outcomes), np.int32)
        self._plain = np.empty(0, bool)
        self._instead = Rows(self._outcomes)
        self._instead_of: dict[tuple[int, bytes, int], int] = {}
        self.naming = Rows(self._outcomes)
        self.start = self.number({}, 0, met=rules.newcomer is None)

    def __len__(self) -> int:
        return len(self._states)

    def number(self, misses: Mapping[str, int], draws: int, *, met: bool) -> int:
        """The number of a participant's state.

        Args:
            misses: rule id → misses (or level); one left out is at its start.
            draws: made so far.
            met: whether the newcomer's promise has been met, or there is none.
        """
        return self._number(self._clamped(self._rules.counters(misses)), MET if met else min(draws, self._due_after))

    def moved(self, states: Array, granted: Array) -> Array:
        """The states after draws that granted these outcomes."""
        place = states.astype(np.intp) * self._outcomes + granted
        found = self._next.ravel().take(place)
        unknown = found < 0
        if unknown.any():
            for one in np.unique(place[unknown]).tolist():
                state, outcome = divmod(one, self._outcomes)
                following = self._after(self._states[state], outcome)
                self._next[state, outcome] = following
            found = self._next.ravel().take(place)
        return found

    def plain(self, states: Array) -> Array:
        """Whether a closed prize simply becomes a thank-you, whichever it is and whatever else is closed."""
        return self._plain[states]

    def replaced(self, states: Array, closed: Array, named: Array, stream: Stream) -> Array:
        """What is granted in place of closed prizes.

        Args:
            states: before the draws.
            closed: for each draw a row of flags, one for each outcome.
            named: by the first ticket; each is closed.
            stream: where the words come from.
        """
        packed = np.packbits(closed, axis=1)
        keys = np.column_stack(
            [states.astype("<u4").view(np.uint8).reshape(-1, 4), packed, named.astype("<u4").view(np.uint8).reshape(-1, 4)]
        )
        _, first, which = np.unique(_as_one(keys), return_index=True, return_inverse=True)
        rows = [self._row(int(states[k]), closed[k], packed[k].tobytes(), int(named[k])) for k in first.tolist()]
        return self._instead.sample(np.array(rows)[which], stream)

    def _row(self, state: int, closed: Array, packed: bytes, named: int) -> int:
        key = (state, packed, named)
        found = self._instead_of.get(key)
        if found is None:
            counters, newcomer = self._states[state]
            shut = np.flatnonzero(closed).tolist()
            laws = replacements(self._stages, counters, closed=shut, redraw=self._rules.redraw, newcomer=self._due(newcomer))
            for outcome, law in laws.items():
                weights = whole(law.get(k, Fraction(0)) for k in range(self._outcomes))
                self._instead_of.setdefault((state, packed, outcome), self._instead.add(weights))
            found = self._instead_of[key]
        return found

    def _clamped(self, counters: Iterable[int]) -> tuple[int, ...]:
        return tuple(min(counter, depth) for counter, depth in zip(counters, self._depths, strict=True))

    def _due(self, newcomer: int) -> bool:
        return newcomer != MET and newcomer >= self._due_after

    def _after(self, state: State, outcome: int) -> int:
        counters, newcomer = state
        if newcomer != MET:
            newcomer = MET if outcome in self._rules.wanted else min(newcomer + 1, self._due_after)
        return self._number(self._clamped(self._stages.step(counters, outcome)), newcomer)

    def _number(self, counters: tuple[int, ...], newcomer: int) -> int:
        state = (counters, newcomer)
        found = self._numbers.get(state)
        if found is None:
            found = self._numbers[state] = len(self._states)
            self._states.append(state)
            if found == len(self._next):
                room = max(64, found)
                self._next = np.concatenate([self._next, np.full((room, self._outcomes), -1, np.int32)])
                self._plain = np.concatenate([self._plain, np.empty(room, bool)])
            due = self._due(newcomer)
            self.naming.add(whole(outcomes(self._stages, counters, newcomer=due)))
            first = self._stages.first if due and self._stages.first is not None else self._stages.root.at(counters)
            self._plain[found] = not self._rules.redraw and not self._follows_due(first, counters)
        return found

    def _follows_due(self, settled: Settled, counters: tuple[int, ...]) -> bool:
        """Whether a draw may follow a rule that is due, or several in turn."""
        for one in settled.classes:
            if not one.mass:
                continue
            inner = [self._stages.inner[unit(outcome)] for outcome in one.members.outcomes if outcome < MET]
            if one.due or any(self._follows_due(stage.at(counters), counters) for stage in (*inner, *((one.inner,) if one.inner else ()))):
                return True
        return False


def whole(chances: Iterable[Fraction]) -> list[int]:
    """Integers in the ratios of these fractions."""
    listed = list(chances)
    scale = lcm(*(chance.denominator for chance in listed))
    return [int(chance * scale) for chance in listed]


def _as_one(keys: Array) -> Array:
    """Rows of bytes as single values that can be sorted."""
    return np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1]))).ravel()
