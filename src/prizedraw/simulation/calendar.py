"""The quick way in rounds: a calendar of events, so that a round costs what happens in it and not how many take part.

Everything that can close a prize is heeded, by the same steps as in ``stepping``: only the draws at which nothing but a thank-you is
named are skipped. What an event names does not depend on what is closed, so it may be drawn before its round comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw.simulation.independent import Rest
from prizedraw.simulation.orders import Chunk, Part
from prizedraw.simulation.stepping import Stepping
from prizedraw.simulation.streams import BLOCK, CENTRAL
from prizedraw.simulation.waits import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.simulation.quiet import Quiet
    from prizedraw.simulation.scene import Scene
    from prizedraw.simulation.shelf import Taken
    from prizedraw.simulation.streams import Array, Stream, Streams
    from prizedraw.simulation.tally import Tally


def leap_in_rounds(scene: Scene, quiet: Quiet, streams: Streams, run: int, advance: Callable[[int], None]) -> Tally:
    """Run a campaign once; see ``stepping.step``.

    Args:
        scene: what is run, in rounds; no draw is refused.
        quiet: its waiting laws.
        streams: where the words come from.
        run: the number of the run.
        advance: told how many draws were decided since.
    """
    return _Calendar(scene, quiet, streams, run).play_all(advance)


class _Calendar(Stepping):
    def __init__(self, scene: Scene, quiet: Quiet, streams: Streams, run: int) -> None:
        super().__init__(scene, streams, run)
        self._quiet = quiet
        self._waits = quiet.waits
        self._most = int(self.draws.max(initial=0))
        self._last = self.draws.astype(np.int32)
        self._rest = Rest(quiet, self._most)
        self._cap = scene.rules.quota.total_wins
        # For each round, and beyond the last one: who, the slot in which the wait began, after which round, and its last step.
        self._due: list[list[tuple[Array, Array, Array, Array]]] = [[] for _ in range(self._most + 2)]

    def play_all(self, advance: Callable[[int], None]) -> Tally:
        start = self._waits.slot(self._quiet.automaton.start)
        for block, first in enumerate(range(0, len(self.draws), BLOCK)):
            n = min(BLOCK, len(self.draws) - first)
            who = np.arange(first, first + n, dtype=np.int32)
            self._wait(who, np.full(n, start, np.uint16), np.zeros(n, np.int32), self._streams.of(self._run, block, "draws"))
        central = self._streams.of(self._run, CENTRAL, "events")
        place = self._streams.of(self._run, CENTRAL, "order")
        begun = 0
        making = np.cumsum(np.bincount(self.draws, minlength=self._most + 1)[::-1])[::-1]
        for number in range(1, self._most + 1):
            count = int(making[number])
            if self._due[number]:
                self._round(number, begun, count, central, place)
            begun += count
            advance(count)
            if self._over():
                self._retire(number)
                break
        named = self._rest.named(self._streams.of(self._run, CENTRAL, "rest"))
        self._named[: self._outcomes] += named
        self._named[self._rules.thank_you] += int(self.draws.sum(dtype=np.int64)) - int(self._named.sum())
        self._counts[self._rules.thank_you] += int(self.draws.sum(dtype=np.int64)) - int(self._counts.sum())
        return self.tally()

    def _round(self, number: int, begun: int, count: int, central: Stream, place: Stream) -> None:
        """The events of a round: decided, taken, and what comes next to these participants."""
        who, slots, since, steps = (np.concatenate(columns) for columns in zip(*self._due[number], strict=True))
        self._due[number] = []
        crowd = self._crowd
        crowd.states[who] = self._waits.before(slots, number - since)
        crowd.number[who] = number - 1
        where = _Somewhere(begun, count, len(who), place)
        part = Part(who, len(who), number, CENTRAL, where)
        part.named = steps.astype(np.uint8).astype(self._scene.code_type, copy=False)
        chunk = Chunk(begun, count, [[part]], self._scene.days)
        granted = self.play(chunk)[0]
        slots = (steps >> 16).astype(np.uint16)
        replaced = np.flatnonzero(granted != part.named)
        if len(replaced):
            slots[replaced] = self._waits.slots(crowd.states[who[replaced]])
        if self._cap >= 0:
            capped = crowd.wins[who] >= self._cap
            done = who[capped]
            if len(done):
                self._rest.add(crowd.states[done], self._last[done] - number)
                who, slots = who[~capped], slots[~capped]
        self._wait(who, slots, np.full(len(who), number, np.int32), central)

    def _wait(self, who: Array, slots: Array, since: Array, stream: Stream) -> None:
        """Enter the next event of these participants."""
        while len(who):
            steps = self._waits.step(slots, stream)
            place = since + (steps >> 8 & 255).astype(np.uint8)
            last = self._last[who]
            beyond = place > last
            place[beyond] = self._most + 1
            waiting = (steps.astype(np.uint8) == NOTHING) & ~beyond
            if waiting.any():
                self._enter(place[~waiting], who[~waiting], slots[~waiting], since[~waiting], steps[~waiting])
                who, since = who[waiting], place[waiting]
                slots = (steps[waiting] >> 16).astype(np.uint16)
                continue
            self._enter(place, who, slots, since, steps)
            return

    def _enter(self, place: Array, *columns: Array) -> None:
        order = np.argsort(place.astype(np.min_scalar_type(self._most + 1)), kind="stable")  # small numbers are sorted by radix
        ends = np.cumsum(np.bincount(place, minlength=1))
        who, slots, since, steps = (column[order] for column in columns)
        begin = 0
        for number, end in enumerate(ends.tolist()):
            if end > begin:
                self._due[number].append((who[begin:end], slots[begin:end], since[begin:end], steps[begin:end]))
            begin = end

    def _over(self) -> bool:
        """Whether nothing is left of any prize that can come."""
        return bool((self._shelf.left[[k for k in self._quiet.loud if k != self._rules.thank_you]] <= 0).all())

    def _retire(self, number: int) -> None:
        """Count what is still named after a round, of everybody together. Waits that have begun are forgotten: nobody has looked at them."""
        for entered in self._due[number + 1 :]:
            for who, slots, since, _ in entered:
                left = self._last[who] - number
                some = left > 0
                self._rest.add(self._waits.onward(slots[some], number - since[some]), left[some])

    def _number_of(self, taken: Taken, edge: int) -> int:  # noqa: ARG002 - every draw is made, so its position tells
        return edge + 1


class _Somewhere:
    """Random places of the events of a round among all its draws, made when they are first asked for."""

    def __init__(self, start: int, count: int, events: int, stream: Stream) -> None:
        self._start = start
        self._count = count
        self._events = events
        self._stream = stream
        self._places: Array | None = None

    def __call__(self) -> Array:
        if self._places is None:
            self._places = self._start + self._chosen()
        return self._places

    def _chosen(self) -> Array:
        """The first different ones among random places: a random choice in random order."""
        if 4 * self._events > self._count:
            return self._stream.order(self._count)[: self._events]
        # Of 2⁶⁴ words each place has the same number, but for one: far too even for any sum of draws to tell.
        found = np.empty(0, np.int64)
        while len(found) < self._events:
            words = self._stream.read(2 * self._events + 16)
            more = (words % np.uint64(self._count)).astype(np.int64)
            every = np.concatenate([found, more])
            _, first = np.unique(every, return_index=True)
            found = every[np.sort(first)]
        return found[: self._events]
