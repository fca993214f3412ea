"""The states that guarantees put a participant in, numbered as they are met, with the exact law of a draw in each.

The laws are those of ``prizedraw.pity``, tabulated; nothing is decided here. A state is the counters, never beyond what can matter,
and how near the newcomer's promise is.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from prizedraw.pity import outcomes, replacements
from prizedraw.pity.stages import unit
from prizedraw.simulation.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prizedraw.draw.rules import Rules
    from prizedraw.pity import Settled
    from prizedraw.simulation.streams import Array, Stream

_FEW = 1 << 20
"""Up to so many keys, each has a place of its own."""
_NARROW = 16
"""Up to so many outcomes, what is closed may fit into such a key."""
MET = -1
"""The newcomer's promise is met, or there is none."""

State: TypeAlias = tuple[tuple[int, ...], int]
"""The counters, and the draws made while the newcomer's promise is open (no more than before it is due), or MET."""


class Law(NamedTuple):
    """The law of what the first ticket names: the same in every state whose rules have the same chances.

    Attributes:
        weights: whole, one for each outcome.
        row: its row among the laws.
        plain: whether a closed prize simply becomes a thank-you, whichever it is and whatever else is closed.
    """

    weights: list[int]
    row: int
    plain: bool


class Automaton:
    """The states of one campaign.

    Args:
        rules: the compiled campaign.

    Attributes:
        start: the state of a new participant.
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
        self._law_row = np.empty(0, np.int32)
        self._laws: dict[tuple[Fraction | bool | None, ...], Law] = {}
        self._law_of: list[Law] = []
        self._weights: list[list[int]] = []
        self._examples: list[tuple[tuple[int, ...], bool]] = []
        self._naming = Rows(self._outcomes)
        self._instead = Rows(self._outcomes)
        self._instead_of: dict[tuple[int, bytes, int], int] = {}
        self._known = np.empty(0, np.int32)  # the same by the number of a key, where there are few
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
        if (found < 0).any():
            for one in np.unique(place[found < 0]).tolist():
                self.following(*divmod(one, self._outcomes))
            found = self._next.ravel().take(place)
        return found

    def following(self, state: int, outcome: int) -> int:
        """The state after a draw that granted this outcome."""
        found = int(self._next[state, outcome])
        if found < 0:
            found = self._after(self._states[state], outcome)
            self._next[state, outcome] = found
        return found

    def law(self, state: int) -> Law:
        """The law of what the first ticket names."""
        return self._law_of[state]

    def weights(self, law: int) -> list[int]:
        """The whole weights of a law, by its row."""
        return self._weights[law]

    def law_rows(self, states: Array) -> Array:
        """The numbers of the laws of what first tickets name in these states."""
        return self._law_row[states]

    def named(self, states: Array, stream: Stream) -> Array:
        """What the first tickets of draws in these states name."""
        return self._naming.sample(self._law_row[states], stream)

    def plain(self, states: Array) -> Array:
        """Whether a closed prize simply becomes a thank-you, whichever it is and whatever else is closed."""
        return self._plain[states]

    def replaced(self, states: Array, closed: Array, named: Array, stream: Stream) -> Array:
        """What is granted in place of closed prizes.

        Args:
            states: before the draws.
            closed: for each outcome a row of flags, one for each draw or one for all.
            named: by the first ticket; each is closed.
            stream: where the words come from.
        """
        laws = self._law_row[states].astype(np.int64)
        size = len(self._weights) * self._outcomes << min(self._outcomes, _NARROW)
        if self._outcomes > _NARROW or size > _FEW:
            flags = np.packbits(np.broadcast_to(closed, (self._outcomes, len(states))), axis=0).T
            keys = _as_one(np.column_stack([_bytes(laws), flags, _bytes(named)]))
            _, first, which = np.unique(keys, return_index=True, return_inverse=True)
            listed = [self._instead_row(int(laws[k]), int(named[k]), closed[:, k % closed.shape[1]]) for k in first.tolist()]
            return self._instead.sample(np.array(listed)[which], stream)
        keys = (laws * self._outcomes + named) << self._outcomes
        for k, flags in enumerate(closed):
            if flags.any():
                keys |= flags.astype(np.int64) << k
        if len(self._known) < size:
            self._known = np.concatenate([self._known, np.full(size - len(self._known), -1, np.int32)])
        rows = self._known.take(keys)
        if rows.min(initial=0) < 0:
            bits = np.arange(self._outcomes)
            for key in np.unique(keys[rows < 0]).tolist():
                law, which = divmod(key >> self._outcomes, self._outcomes)
                self._known[key] = self._instead_row(law, which, (key >> bits & 1).astype(bool))
            rows = self._known.take(keys)
        return self._instead.sample(rows, stream)

    def _instead_row(self, law: int, named: int, closed: Array) -> int:
        """The row of what is granted in place of a closed prize."""
        packed = np.packbits(closed).tobytes()
        found = self._instead_of.get((law, packed, named))
        if found is None:
            counters, due = self._examples[law]
            shut = np.flatnonzero(closed).tolist()
            laws = replacements(self._stages, counters, closed=shut, redraw=self._rules.redraw, newcomer=due)
            for outcome, chances in laws.items():
                weights = whole(chances.get(k, Fraction(0)) for k in range(self._outcomes))
                self._instead_of[law, packed, outcome] = self._instead.add(weights)
            found = self._instead_of[law, packed, named]
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
                self._law_row = np.concatenate([self._law_row, np.empty(room, np.int32)])
            law = self._law(counters, due=self._due(newcomer))
            self._law_of.append(law)
            self._law_row[found], self._plain[found] = law.row, law.plain
        return found

    def _law(self, counters: tuple[int, ...], *, due: bool) -> Law:
        """Counters matter by the chances that they give the rules alone."""
        key = (due, *(rule.law.at(counter) for rule, counter in zip(self._stages.rules, counters, strict=True)))
        found = self._laws.get(key)
        if found is None:
            weights = whole(outcomes(self._stages, counters, newcomer=due))
            first = self._stages.first if due and self._stages.first is not None else self._stages.root.at(counters)
            plain = not self._rules.redraw and not self._follows_due(first, counters)
            found = self._laws[key] = Law(weights, self._naming.add(weights), plain)
            self._weights.append(weights)
            self._examples.append((counters, due))
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


def _bytes(numbers: Array) -> Array:
    """Each number as a row of bytes."""
    return numbers.astype("<u4").view(np.uint8).reshape(-1, 4)


def _as_one(keys: Array) -> Array:
    """Rows of bytes as single values that can be sorted."""
    return np.ascontiguousarray(keys).view(np.dtype((np.void, keys.shape[1]))).ravel()
