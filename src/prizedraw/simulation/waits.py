"""Waiting: the exact joint law of how long nothing happens, and of what happens then.

Some outcomes are *quiet*: they move every counter in the same way, so while nothing else comes, the path of states is known. From
each state the number of quiet draws before an event is drawn together with the event, instead of every draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw.sampling.cumulative import Cumulative
from prizedraw.simulation.rows import Alias

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.simulation.automaton import Automaton, Law
    from prizedraw.simulation.streams import Array, Stream

LONGEST = 254
"""The longest wait that a step can tell: it is kept in a byte."""
NOTHING = 255
"""In the place of an outcome: nothing has happened yet, and the wait goes on."""
_CATEGORIES = 256
"""How many pairs of a wait and an outcome a row has, about: more would take longer to make than they save."""
_SLOTS = 1 << 16


class TooManyStates(Exception):
    """There are more states than can be numbered; the general way has no such bound."""


class Waits:
    """The laws of waiting of one automaton.

    The states that waits begin in have *slots*, numbered as they are met. A step is one number: the slot that follows if the outcome is
    granted (16 bits), the draws that have passed (8 bits), and the outcome or NOTHING (8 bits).

    Args:
        automaton: the states.
        loud: the outcomes that are events, in sets that move every counter in the same way; the first of a set stands for it.
        quiet: the others that can come; the first of them stands for all.
        longest: the longest wait that matters.

    Attributes:
        longest: the longest wait of one step.
    """

    def __init__(self, automaton: Automaton, loud: Sequence[Sequence[int]], quiet: Sequence[int], longest: int) -> None:
        self._automaton = automaton
        self._loud = tuple(tuple(one) for one in loud)
        self._quiet = tuple(quiet)
        self.longest = 1
        most = min(longest, LONGEST, max(1, _CATEGORIES // max(1, len(loud))))
        state = automaton.start
        while self.longest < most and self._still(automaton.law(state)):
            state = automaton.following(state, self._quiet[0])
            self.longest += 1
        self._over = self.longest * len(self._loud) + 1
        self._bits = self._over.bit_length()
        self._aliases: dict[tuple[int, ...], tuple[Alias, Cumulative]] = {}
        self._states: list[int] = []
        self._slots: dict[int, int] = {}
        self._built = 0
        self._last = np.empty(0, np.uint32)
        self._steps = np.empty(0, np.uint32)
        self._paths = np.empty((0, self.longest + 1), np.int32)
        self._codes: list[Array] = []
        self._rest: list[Cumulative] = []
        self._shift = np.uint32(32 - self._bits)

    def slot(self, state: int) -> int:
        """The slot of a state.

        Raises:
            TooManyStates: there are more than 65,536.
        """
        found = self._slots.get(state)
        if found is None:
            found = self._slots[state] = len(self._states)
            if found >= _SLOTS:
                raise TooManyStates
            self._states.append(state)
        return found

    def slots(self, states: Array) -> Array:
        """The slots of many states."""
        found, which = np.unique(states, return_inverse=True)
        return np.array([self.slot(state) for state in found.tolist()], np.uint16)[which]

    def states(self, slots: Array) -> Array:
        """The states of slots."""
        return np.array(self._states, np.int32)[slots]

    def step(self, slots: Array, stream: Stream) -> Array:
        """A step from each of these slots, independently."""
        top = int(slots.max(initial=0))
        while self._built <= top:
            self._build()
        words = stream.halves(len(slots))
        place = slots.astype(np.intp)
        place <<= self._bits
        place |= words >> self._shift
        upper = words > self._last.take(place, mode="clip")
        place <<= 1
        place |= upper
        steps = self._steps.take(place, mode="clip")
        for k in np.flatnonzero(steps == _LEFT_OVER).tolist():
            rest = self._rest[slots[k]]
            steps[k] = self._codes[slots[k]][rest.outcome(stream.below(rest.total))]
        return steps

    def before(self, slots: Array, passed: Array) -> Array:
        """The states in which events happened, ``passed`` draws after these slots, their own among them."""
        return self._paths[slots, passed.astype(np.intp) - 1]

    def onward(self, slots: Array, passed: Array) -> Array:
        """The states after so many quiet draws, 0 to ``longest``."""
        return self._paths[slots, passed]

    def _build(self) -> None:
        """The path of the next slot and its row."""
        automaton, slot = self._automaton, self._built
        path, laws = [self._states[slot]], []
        while len(path) <= self.longest:
            laws.append(automaton.law(path[-1]))
            if not self._still(laws[-1]):
                break
            path.append(automaton.following(path[-1], self._quiet[0]))
        key = tuple([law.row for law in laws])
        made = self._aliases.get(key)
        if made is None:
            alias = Alias(self.weights(laws), self._bits)
            made = self._aliases[key] = alias, Cumulative(alias.rest)
        codes = self._coded(path, len(laws))
        width = 1 << self._bits
        if slot * width == len(self._last):
            room = max(16, slot)
            self._last = np.concatenate([self._last, np.empty(room * width, np.uint32)])
            self._steps = np.concatenate([self._steps, np.empty(2 * room * width, np.uint32)])
            self._paths = np.concatenate([self._paths, np.empty((room, self.longest + 1), np.int32)])
        self._last[slot * width : (slot + 1) * width] = made[0].last
        self._steps[2 * slot * width : 2 * (slot + 1) * width] = codes.take(made[0].pairs, mode="clip")
        self._paths[slot] = path + [path[-1]] * (self.longest + 1 - len(path))
        self._codes.append(codes)
        self._rest.append(made[1])
        self._built += 1

    def _coded(self, path: list[int], events: int) -> Array:
        """The step that each category stands for: wait by wait the outcomes, then nothing, then what is left over."""
        automaton, codes = self._automaton, []
        for quiet in range(self.longest):
            for outcome, *_ in self._loud:
                slot = self.slot(automaton.following(path[quiet], outcome)) if quiet < events else 0
                codes.append(slot << 16 | (quiet + 1) << 8 | outcome)
        beyond = self.slot(path[self.longest]) if len(path) > self.longest else 0
        return np.array([*codes, beyond << 16 | self.longest << 8 | NOTHING, _LEFT_OVER], np.uint32)

    def weights(self, laws: Sequence[Law]) -> list[int]:
        """Whole weights of the categories, to one denominator: f(t, k) = q(t, k)·∏ q(s, quiet) over s < t."""
        totals = [sum(law.weights) for law in laws]
        quiet = [self._still(law) for law in laws]
        after = [1] * (len(laws) + 1)
        for k in range(len(laws) - 1, -1, -1):
            after[k] = after[k + 1] * totals[k]
        found, before = [], 1
        for k, law in enumerate(laws):
            scale = before * after[k + 1]
            found += [scale * sum([law.weights[outcome] for outcome in one]) for one in self._loud]
            before *= quiet[k]
        unreached = (self.longest - len(laws)) * len(self._loud)
        return [*found, *[0] * unreached, before]

    def _still(self, law: Law) -> int:
        """The weight of what is quiet."""
        return sum([law.weights[k] for k in self._quiet])


_LEFT_OVER = 0xFFFFFFFF
