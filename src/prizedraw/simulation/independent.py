"""The quick way where participants share nothing that can run out: block by block, from event to event.

Nothing closes but by a participant's win cap, after which draws are counted, not drawn one by one: see ``Rest``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw.simulation import counts
from prizedraw.simulation.streams import BLOCK, CENTRAL
from prizedraw.simulation.tally import REFUSALS, Log, Tally
from prizedraw.simulation.waits import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.simulation.quiet import Quiet
    from prizedraw.simulation.scene import Scene
    from prizedraw.simulation.streams import Array, Stream, Streams


_FEW = 8
"""Up to so many kinds of events are quicker counted one by one."""


class Rest:
    """Draws of participants who can win nothing more: only what their tickets name is still counted, and of all of them together.

    Args:
        quiet: the laws.
        most: the most draws that one of them has left.
    """

    def __init__(self, quiet: Quiet, most: int) -> None:
        self._quiet = quiet
        self._most = most
        self._left = np.zeros((0, most + 1), np.int64)

    def add(self, states: Array, left: int | Array) -> None:
        """Participants in these states with so many draws left, all the same or each."""
        if not len(states):
            return
        width = self._most + 1
        self._reach(int(states.max()))
        keys = states.astype(np.int64) * width + left
        if len(keys) * 8 < self._left.size:
            np.add.at(self._left.ravel(), keys, 1)
        else:
            self._left += np.bincount(keys, minlength=self._left.size).reshape(self._left.shape)

    def add_many(self, state: int, left: int, many: int) -> None:
        """So many participants in one state with so many draws left."""
        self._reach(state)
        self._left[state, left] += many

    def _reach(self, state: int) -> None:
        if state >= len(self._left):
            self._left = np.concatenate([self._left, np.zeros((state + 1, self._most + 1), np.int64)])

    def named(self, stream: Stream) -> Array:
        """What the first tickets of all these draws name, in all. Each draw is a thank-you, so the states follow the quiet path."""
        quiet = self._quiet
        trials: dict[int, int] = {}
        for state in np.flatnonzero(self._left.any(axis=1)).tolist():
            # Of those with n draws left, all make draws 1 … n of the path.
            making = np.cumsum(self._left[state, ::-1])[::-1][1:].tolist()
            at = state
            for many in making:
                if not many:
                    break
                law = quiet.automaton.law(at).row
                trials[law] = trials.get(law, 0) + many
                at = quiet.automaton.following(at, quiet.thank_you)
        found = np.zeros(quiet.outcomes, np.int64)
        # In an order of their own: laws are numbered as they are met, which another run before this one may have changed.
        for weights, many in sorted((quiet.automaton.weights(law), many) for law, many in trials.items()):
            found += counts.outcomes(many, weights, stream)
        return found


def leap(scene: Scene, quiet: Quiet, streams: Streams, run: int, advance: Callable[[int], None]) -> Tally:
    """Run a campaign once; see ``stepping.step``.

    Args:
        scene: what is run; nothing shared is limited, and no draw is refused.
        quiet: its waiting laws.
        streams: where the words come from.
        run: the number of the run.
        advance: told how many draws were decided since.
    """
    draws = scene.draws(streams.of(run, CENTRAL, "draws each"))
    leaping = _Leaping(scene, quiet, draws)
    for block, first in enumerate(range(0, len(draws), BLOCK)):
        some = draws[first : first + BLOCK]
        leaping.play(first, some, streams.of(run, block, "draws"))
        advance(int(some.sum(dtype=np.int64)))
    return leaping.tally(streams.of(run, CENTRAL, "rest"))


class _Leaping:
    def __init__(self, scene: Scene, quiet: Quiet, draws: Array) -> None:
        self._scene = scene
        self._quiet = quiet
        self._draws = draws
        self._most = int(draws.max(initial=0))
        self._seen = np.zeros(NOTHING + 1, np.int64)
        self._told = np.zeros(quiet.outcomes, np.int64)
        self._wins = np.zeros(1, np.int64)
        self._rest = Rest(quiet, self._most)
        self._cap = scene.rules.quota.total_wins
        self._log = Log(scene.participants, self._most, quiet.outcomes) if scene.log else None

    def play(self, first: int, draws: Array, stream: Stream) -> None:
        """All draws of a block of participants."""
        if self._cap == 0:
            states = np.full(len(draws), self._quiet.automaton.start)
            self._rest.add(states, draws)
            self._count(np.zeros(len(draws), np.int64))
        elif self._quiet.renews and not self._scene.log and self._cap < 0:
            self._renew(draws, stream)
        else:
            self._walk(first, draws, stream)

    def _renew(self, draws: Array, stream: Stream) -> None:
        """One kind of event after which all is as at the start: only how many are still within their draws matters."""
        same = bool(draws.min(initial=self._most) == self._most)
        hits = self._quiet.renewal.hits(self._most if same else draws, len(draws), stream)
        begun = [len(place) for place in hits]
        self._seen[self._quiet.loud[0][0]] += sum(begun[1:])
        self._add_wins(-np.diff([*begun, 0]))

    def _walk(self, first: int, draws: Array, stream: Stream) -> None:
        """From event to event; who is through stays in the arrays until they are a quarter of them."""
        quiet, waits = self._quiet, self._quiet.waits
        who: Array = np.arange(len(draws))
        last: Array = draws.astype(np.uint32)
        place: Array = np.zeros(len(draws), np.uint32)
        slot: Array = np.full(len(draws), waits.slot(quiet.automaton.start), np.uint32)
        wins: Array = np.zeros(len(draws), np.min_scalar_type(self._most))
        all_wins = wins.copy()
        while len(who):
            steps = waits.step(slot, stream)
            slot = steps >> 16
            place += steps >> 8 & 255
            late = place > last
            outcome = steps.astype(np.uint8)
            outcome |= np.negative(late.view(np.uint8))  # NOTHING where it is too late
            self._count_outcomes(outcome)
            won = outcome < quiet.thank_you
            wins += won
            if self._log is not None:
                places = np.flatnonzero(won)
                named = quiet.told_apart(outcome[places], stream)
                self._told += np.bincount(named, minlength=quiet.outcomes)
                self._log.add(first + who[places], place[places], place[places], named)
            if self._cap > 0:
                capped = won & (wins >= self._cap)
                done = np.flatnonzero(capped)
                self._rest.add(waits.states(slot[done]), last[done] - place[done])
                late |= capped
                last[done] = 0
            if 4 * int(np.count_nonzero(late)) > len(who):
                all_wins[who] = wins
                there = np.flatnonzero(~late)
                who, place, slot, wins, last = (column.take(there) for column in (who, place, slot, wins, last))
        self._count(draws if quiet.always else all_wins)

    def _count_outcomes(self, outcome: Array) -> None:
        sets = self._quiet.loud
        if len(sets) > _FEW:
            self._seen += np.bincount(outcome, minlength=NOTHING + 1)
            return
        for first, *_ in sets:
            self._seen[first] += np.count_nonzero(outcome == first)

    def _count(self, wins: Array) -> None:
        self._add_wins(np.bincount(wins))

    def _add_wins(self, histogram: Array) -> None:
        if len(histogram) > len(self._wins):
            self._wins = np.concatenate([self._wins, np.zeros(len(histogram) - len(self._wins), np.int64)])
        self._wins[: len(histogram)] += histogram

    def tally(self, stream: Stream) -> Tally:
        """What came of it."""
        quiet = self._quiet
        left = self._rest.named(stream)
        rest = int(left.sum())
        total = int(self._draws.sum(dtype=np.int64))
        granted = self._told if self._log is not None else quiet.counted(self._seen[: quiet.outcomes], stream)
        still = total - rest - int(granted.sum())
        granted += quiet.spread(still, stream)
        named = granted + left
        granted[quiet.thank_you] += rest
        stock = np.array([self._scene.plan.stock[id_] for id_ in self._scene.rules.ids[:-1]], np.int64)
        stock -= np.where(stock >= 0, granted[: quiet.thank_you], 0)
        used = np.flatnonzero(self._wins)
        return Tally(
            granted,
            named,
            np.zeros(len(REFUSALS), np.int64),
            stock,
            {},
            self._wins[: int(used[-1]) + 1 if len(used) else 1],
            None if self._log is None else self._log.columns(),
        )
