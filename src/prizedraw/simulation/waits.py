"""Waiting: the exact joint law of how long nothing happens, and of what happens then.

Some outcomes are *quiet*: they move every counter in the same way, so while nothing else comes, the path of states is known. From
each state the number of quiet draws before an event is drawn together with the event, instead of every draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw.sampling.alias import shares
from prizedraw.simulation.rows import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.simulation.automaton import Automaton, Law
    from prizedraw.simulation.streams import Array, Stream

LONGEST = 254
"""The longest wait that a step can tell: it is kept in a byte."""
NOTHING = 255
"""In the place of an outcome: nothing has happened yet, and the wait goes on."""
_PAIRS = 256
"""How many pairs of a wait and an outcome a row has, about: more would take longer to make than they save."""
_SPARE = 8
"""Cells of a row for each pair, at least: about one word in 16 is left over."""
_CELLS = 1 << 25
"""Cells of all rows; a slot is told in 16 bits, too."""


class TooManyStates(Exception):
    """There are more states than can be numbered; the general way has no such bound."""


class Waits:
    """The laws of waiting of one automaton.

    The states that waits begin in have *slots*, numbered as they are met. A step is one number: the slot that follows if the outcome is
    granted (16 bits), the draws that have passed (8 bits), and the outcome or NOTHING (8 bits). It is looked up by half a word of 32 bits,
    as in ``prizedraw.sampling``: each pair of a wait and an outcome fills as many cells as it can fill alone, and what is left over is
    read against the rest of the law.

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
        most = min(longest, LONGEST, max(1, _PAIRS // max(1, len(loud))))
        for state in (automaton.start, *(automaton.following(automaton.start, outcome) for outcome, *_ in self._loud)):
            self.longest = max(self.longest, self._still_for(state, most))
        self._pairs = self.longest * len(self._loud) + 1
        self._bits = min(16, (_SPARE * self._pairs - 1).bit_length())
        self._most_slots = min(1 << 16, _CELLS >> self._bits)
        self._laws: dict[tuple[int, ...], tuple[Array, int]] = {}
        self._rest = Rows(self._pairs)
        self._states: list[int] = []
        self._slots: dict[int, int] = {}
        self._slot_of = np.empty(0, np.int32)  # the same, as far as many were asked for at once
        self._events: dict[int, list[int]] = {}
        self._built = 0
        self._steps = np.empty(0, np.uint32)
        self._codes = np.empty((0, self._pairs + 1), np.uint32)
        self._rest_of = np.empty(0, np.int32)
        self._paths = np.empty((0, self.longest + 1), np.int32)

    def slot(self, state: int) -> int:
        """The slot of a state.

        Raises:
            TooManyStates: there are more than 65,536, or than cells for them.
        """
        found = self._slots.get(state)
        if found is None:
            found = self._slots[state] = len(self._states)
            if found >= self._most_slots:
                raise TooManyStates
            self._states.append(state)
        return found

    def slots(self, states: Array) -> Array:
        """The slots of many states."""
        top = int(states.max(initial=0))
        if top >= len(self._slot_of):
            self._slot_of = np.concatenate([self._slot_of, np.full(top + 64, -1, np.int32)])
        found = self._slot_of.take(states)
        if found.min(initial=0) < 0:
            for state in np.unique(states[found < 0]).tolist():
                self._slot_of[state] = self.slot(state)
            found = self._slot_of.take(states)
        return found.astype(np.uint16)

    def states(self, slots: Array) -> Array:
        """The states of slots."""
        return np.array(self._states, np.int32)[slots]

    def step(self, slots: Array, stream: Stream) -> Array:
        """A step from each of these slots, independently."""
        top = int(slots.max(initial=0))
        while self._built <= top:
            self._build()
        place = slots.astype(np.intp)
        place <<= self._bits
        place += stream.quarters(len(slots)) >> (16 - self._bits)
        steps = self._steps.take(place, mode="clip")
        over = np.flatnonzero(steps == _LEFT_OVER)
        if len(over):
            where = slots[over]
            steps[over] = self._codes[where, self._rest.sample(self._rest_of[where], stream)]
        return steps

    def before(self, slots: Array, passed: Array) -> Array:
        """The states in which events happened, ``passed`` draws after these slots, their own among them."""
        return self.onward(slots, passed.astype(np.intp) - 1)

    def onward(self, slots: Array, passed: Array) -> Array:
        """The states after so many quiet draws, 0 to ``longest``."""
        return self._paths.ravel().take(slots.astype(np.intp) * (self.longest + 1) + passed.astype(np.intp), mode="clip")

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
        law = self._laws.get(key)
        if law is None:
            law = self._laws[key] = self._shared(self.weights(laws))
        if slot == len(self._rest_of):
            room = max(16, slot)
            self._steps = np.concatenate([self._steps, np.empty(room << self._bits, np.uint32)])
            self._codes = np.concatenate([self._codes, np.empty((room, self._pairs + 1), np.uint32)])
            self._rest_of = np.concatenate([self._rest_of, np.empty(room, np.int32)])
            self._paths = np.concatenate([self._paths, np.empty((room, self.longest + 1), np.int32)])
        self._codes[slot] = self._coded(path, len(laws))
        cells, self._rest_of[slot] = law
        self._steps[slot << self._bits : (slot + 1) << self._bits] = self._codes[slot].take(cells)
        self._paths[slot] = path + [path[-1]] * (self.longest + 1 - len(path))
        self._built += 1

    def _shared(self, weights: Sequence[int]) -> tuple[Array, int]:
        """The pair in each cell of a law's row, and the row of what is left over."""
        width = 1 << self._bits
        alone, rest = shares(weights, width)
        pairs = np.repeat(np.arange(self._pairs + 1), [*alone, width - sum(alone)])
        return pairs, self._rest.add(rest if any(rest) else weights)

    def _coded(self, path: list[int], events: int) -> Array:
        """The step that each pair stands for: wait by wait the outcomes, then nothing, then what is left over."""
        codes = np.zeros((self.longest, len(self._loud)), np.uint32)
        codes[:events] = [self._events_in(state) for state in path[:events]]
        codes |= (np.arange(1, self.longest + 1, dtype=np.uint32) << 8)[:, None]
        beyond = self.slot(path[self.longest]) if len(path) > self.longest else 0
        return np.append(codes.ravel(), np.array([beyond << 16 | self.longest << 8 | NOTHING, _LEFT_OVER], np.uint32))

    def _events_in(self, state: int) -> list[int]:
        """For each kind of event the slot that follows if it happens in a state, with the outcome."""
        found = self._events.get(state)
        if found is None:
            found = [self.slot(self._automaton.following(state, outcome)) << 16 | outcome for outcome, *_ in self._loud]
            self._events[state] = found
        return found

    def weights(self, laws: Sequence[Law]) -> list[int]:
        """Whole weights of the pairs, to one denominator: f(t, k) = q(t, k)·∏ q(s, quiet) over s < t."""
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

    def _still_for(self, state: int, most: int) -> int:
        """How many draws an event may be away from a state, up to so many."""
        draws = 1
        while draws < most and self._still(self._automaton.law(state)):
            state = self._automaton.following(state, self._quiet[0])
            draws += 1
        return draws

    def _still(self, law: Law) -> int:
        """The weight of what is quiet."""
        return sum([law.weights[k] for k in self._quiet])


_LEFT_OVER = 0xFFFFFFFF
