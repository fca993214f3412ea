"""The quick way in rounds: of each participant only the next event is known, so a round costs little more than what happens in it.

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

    from prizedraw.simulation.crowd import Who
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
        # Of each participant the round of the next event (0: none follows); and in one number, because looking up is what takes time, the
        # slot in which the wait for it began, and the step.
        self._due = np.zeros(len(self.draws), np.min_scalar_type(self._most + self._waits.longest))
        self._waiting = np.zeros(len(self.draws), np.uint64)

    def play_all(self, advance: Callable[[int], None]) -> Tally:
        start = self._waits.slot(self._quiet.automaton.start)
        for block, first in enumerate(range(0, len(self.draws), BLOCK)):
            some = slice(first, min(first + BLOCK, len(self.draws)))
            slots = np.full(some.stop - first, start, np.uint16)
            self._wait(some, slots, 0, self._streams.of(self._run, block, "draws"))
        central = self._streams.of(self._run, CENTRAL, "events")
        place = self._streams.of(self._run, CENTRAL, "order")
        begun = 0
        making = np.cumsum(np.bincount(self.draws, minlength=self._most + 1)[::-1])[::-1]
        for number in range(1, self._most + 1):
            count = int(making[number])
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
        who = np.flatnonzero(self._due == number)
        if self._last is not None:
            who = who.take(np.flatnonzero(self._last.take(who) >= number))
        waiting = self._waiting.take(who)
        named = waiting.astype(np.uint8)
        slots = (waiting >> 16).astype(np.uint16)
        before = self._waits.before(waiting >> 32, waiting >> 8 & 255)
        on = np.flatnonzero(named == NOTHING)
        if len(on):
            self._wait(who.take(on), slots.take(on), number, central)
            there = np.flatnonzero(named != NOTHING)
            who, named, slots, before = who.take(there), named.take(there), slots.take(there), before.take(there)
        if not len(who):
            return
        part = Part(who, len(who), number, CENTRAL, Places(begun, count, len(who), place))
        part.named = self._quiet.told_apart(named, central).astype(self._scene.code_type, copy=False)
        part.states = before
        granted = self.play(Chunk(begun, count, [[part]], self._scene.days))[0]
        replaced = np.flatnonzero(granted != part.named)
        if len(replaced):
            slots[replaced] = self._waits.slots(self._automaton.moved(part.states.take(replaced), granted.take(replaced)))
        if self._cap >= 0:
            capped = self._crowd.wins.take(who) >= self._cap
            done, there = np.flatnonzero(capped), np.flatnonzero(~capped)
            retired = who.take(done)
            self._rest.add(self._waits.states(slots.take(done)), self._last_of(retired) - number)
            self._due[retired] = 0
            who, slots = who.take(there), slots.take(there)
        self._wait(who, slots, number, central)

    def _wait(self, who: Who, slots: Array, since: int, stream: Stream) -> None:
        """Note the next event of these participants, or how far they come without one."""
        steps = self._waits.step(slots, stream)
        self._due[who] = (steps >> 8 & 255) + np.uint32(since)
        self._waiting[who] = slots.astype(np.uint64) << 32 | steps

    def _last_of(self, who: Who) -> int | Array:
        """How often these participants draw."""
        return self._most if self._last is None else self._last[who]

    def _over(self) -> bool:
        """Whether nothing is left of any prize that can come."""
        return bool((self._shelf.left[[k for one in self._quiet.loud for k in one]] <= 0).all())

    def _retire(self, number: int) -> None:
        """Count what is still named after a round, of all together. Waits that have begun are forgotten: nobody has looked at them."""
        who = np.flatnonzero(self._due > number)
        left = np.broadcast_to(self._last_of(who) - number, who.shape)
        some = np.flatnonzero(left > 0)
        who, left = who.take(some), left.take(some)
        waiting = self._waiting.take(who)
        begun = self._due.take(who) - (waiting >> 8 & 255).astype(np.int64)
        self._rest.add(self._waits.onward(waiting >> 32, number - begun), left)

    def _number_of(self, taken: Taken, edge: int) -> int:
        # Every draw is made here, so its position tells.
        return edge + 1
