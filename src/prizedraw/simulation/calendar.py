"""The quick way in rounds: a calendar of events, so that a round costs what happens in it and not how many take part.

Everything that can close a prize is heeded, by the same steps as in ``stepping``: only the draws at which nothing but a thank-you is
named are skipped. What an event names does not depend on what is closed, so it may be drawn before its round comes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw.simulation.independent import Rest
from prizedraw.simulation.orders import Chunk, Part
from prizedraw.simulation.places import Places
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
        same = len(self.draws) and int(self.draws.min()) == self._most
        self._last: Array | None = None if same else self.draws.astype(np.int32)
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
        where = Places(begun, count, len(who), place)
        part = Part(who, len(who), number, CENTRAL, where)
        part.named = self._quiet.told_apart(steps.astype(np.uint8), central).astype(self._scene.code_type, copy=False)
        part.states = self._waits.before(slots, number - since)
        chunk = Chunk(begun, count, [[part]], self._scene.days)
        granted = self.play(chunk)[0]
        slots = (steps >> 16).astype(np.uint16)
        replaced = np.flatnonzero(granted != part.named)
        if len(replaced):
            slots[replaced] = self._waits.slots(self._automaton.moved(part.states[replaced], granted[replaced]))
        if self._cap >= 0:
            capped = crowd.wins[who] >= self._cap
            done = who[capped]
            if len(done):
                self._rest.add(self._waits.states(slots[capped]), self._last_of(done) - number)
                who, slots = who[~capped], slots[~capped]
        self._wait(who, slots, np.full(len(who), number, np.int32), central)

    def _wait(self, who: Array, slots: Array, since: Array, stream: Stream) -> None:
        """Enter the next event of these participants."""
        while len(who):
            steps = self._waits.step(slots, stream)
            place = since + (steps >> 8 & 255).astype(np.uint8)
            beyond = place > self._last_of(who)
            place[beyond] = self._most + 1
            waiting = (steps.astype(np.uint8) == NOTHING) & ~beyond
            if waiting.any():
                self._enter(place[~waiting], who[~waiting], slots[~waiting], since[~waiting], steps[~waiting])
                who, since = who[waiting], place[waiting]
                slots = (steps[waiting] >> 16).astype(np.uint16)
                continue
            self._enter(place, who, slots, since, steps)
            return

    def _last_of(self, who: Array) -> Array:
        """How often these participants draw."""
        return np.full(len(who), self._most, np.int32) if self._last is None else self._last[who]

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
        return bool((self._shelf.left[[k for one in self._quiet.loud for k in one]] <= 0).all())

    def _retire(self, number: int) -> None:
        """Count what is still named after a round, of all together. Waits that have begun are forgotten: nobody has looked at them."""
        for entered in self._due[number + 1 :]:
            for who, slots, since, _ in entered:
                left = self._last_of(who) - number
                some = left > 0
                self._rest.add(self._waits.onward(slots[some], number - since[some]), left[some])

    def _number_of(self, taken: Taken, edge: int) -> int:
        # Every draw is made here, so its position tells.
        return edge + 1
