"""The general way to run a campaign: every draw of every participant, one pass after the other, with every rule.

What is quicker for some campaigns is proven against this; this is proven against the engine. Draws of a chunk are decided as if
nothing shared ran out in it. Where something does, what lies after the draw that took the last of it is drawn again, afresh: nobody
has looked at it yet, so no outcome is preferred.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from prizedraw.quota import RefusalReason
from prizedraw.simulation.orders import chunks
from prizedraw.simulation.shelf import AMPLE, Taken
from prizedraw.simulation.tally import REFUSALS, Log, SoldOut, Tally, histogram

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.simulation.orders import Chunk, Part
    from prizedraw.simulation.scene import Scene
    from prizedraw.simulation.streams import Array, Stream, Streams


def step(scene: Scene, streams: Streams, run: int, advance: Callable[[int], None]) -> Tally:
    """Run a campaign once.

    Args:
        scene: what is run.
        streams: where the words come from.
        run: the number of the run.
        advance: told how many draws were decided since.
    """
    stepping = Stepping(scene, streams, run)
    for chunk in chunks(scene.order, stepping.draws, scene.days, streams, run):
        stepping.play(chunk)
        advance(chunk.count)
    return stepping.tally()


class Stepping:
    """A run on its way."""

    def __init__(self, scene: Scene, streams: Streams, run: int) -> None:
        self._scene = scene
        self._rules = scene.rules
        self._automaton = scene.automaton
        self._streams = streams
        self._run = run
        self._outcomes = len(scene.rules.ids)
        self._codes = self._outcomes + len(REFUSALS)
        self._code = {reason: self._outcomes + k for k, reason in enumerate(REFUSALS)}
        self.draws = scene.draws(streams.of(run, -1, "draws each"))
        self._crowd = scene.crowd()
        self._shelf = scene.shelf()
        self._counts = np.zeros(self._codes, np.int64)
        self._named = np.zeros(self._codes, np.int64)
        self._made = 0
        self._sold_out = {k: SoldOut(0, 0, None) for k in np.flatnonzero(self._shelf.left <= 0).tolist()}
        self._log = (
            Log(scene.participants, scene.most_number(self.draws), self._outcomes, clock=scene.plan.traffic is not None)
            if scene.log
            else None
        )
        self._open: dict[int, Stream] = {}

    def play(self, chunk: Chunk) -> list[Array]:
        """Decide the draws of a chunk and take what they were granted; that, part by part."""
        several = len(chunk.passes) > 1
        kept = [self._crowd.copy(part.who) for part in chunk.passes[0]] if several else []
        found: list[tuple[Array, Array] | None] = [None] * len(chunk.parts)
        edge = -1
        while True:
            for k, part in enumerate(chunk.parts):
                found[k] = self._decide(part, found[k], edge)
                if several:
                    self._move(part, found[k])
            counts, filled = self._filled(chunk, found)
            if filled is None:
                break
            edge = filled
            if several:
                for part, before in zip(chunk.passes[0], kept, strict=True):
                    self._crowd.restore(part.who, before)
        for part, one in zip(chunk.parts, found, strict=True):
            if not several:
                self._move(part, one)
            if self._log is not None:
                self._note(part, one)
        self._take(chunk, found, counts)
        return [one[1] for one in found if one is not None]

    def _stream(self, block: int) -> Stream:
        if block not in self._open:
            self._open[block] = self._streams.of(self._run, block, "draws")
        return self._open[block]

    def _decide(self, part: Part, before: tuple[Array, Array] | None, edge: int) -> tuple[Array, Array]:
        """What the draws of a part name and grant; up to the edge as before."""
        if before is None:
            return self._decided(part, None)
        later = np.flatnonzero(part.position() > edge)
        if len(later):
            for old, new in zip(before, self._decided(part, later), strict=True):
                old[later] = new
        return before

    def _decided(self, part: Part, index: Array | None) -> tuple[Array, Array]:
        who = part.who if index is None else part.some(index)
        day = part.day if index is None or not isinstance(part.day, np.ndarray) else part.day[index]
        open_ = part.open if index is None or not isinstance(part.open, np.ndarray) else part.open[index]
        crowd, stream = self._crowd, self._stream(part.block)
        crowd.turn(who, day)
        if part.named is not None and part.states is not None:
            states = part.states if index is None else part.states[index]
            named = (part.named if index is None else part.named[index]).copy()
        else:
            states = crowd.states[who]
            named = self._automaton.named(states, stream).astype(self._scene.code_type, copy=False)
        granted = named.copy()
        capped = crowd.capped(who)
        if capped is not None:
            granted[capped] = self._rules.thank_you
        shut = self._shut(who, day, named)
        if shut is not None:
            if capped is not None:
                shut &= ~capped
            places = np.flatnonzero(shut)
            if len(places):
                granted[places] = self._instead(who, day, places, states, named, stream)
        self._refuse(who, open_, named, granted)
        return named, granted

    def _shut(self, who: slice | Array, day: int | Array, named: Array) -> Array | None:
        """Which draws named a closed prize."""
        shut = self._crowd.closed_to(who, named)
        closed = self._shelf.closed
        if closed.any():
            shared = closed[self._shelf.row(day), named]
            shut = shared if shut is None else shut | shared
        return shut

    def _instead(self, who: slice | Array, day: int | Array, places: Array, states: Array, named: Array, stream: Stream) -> Array:
        """What is granted in place of closed prizes."""
        granted = np.full(len(places), self._rules.thank_you, named.dtype)
        odd = np.flatnonzero(~self._automaton.plain(states[places]))
        if not len(odd):
            return granted
        places = places[odd]
        people = places + who.start if isinstance(who, slice) else who[places]
        row = self._shelf.row(day)
        closed = self._shelf.closed[row.take(places)].T if isinstance(row, np.ndarray) else self._shelf.closed[row][:, None]
        if self._scene.caps:
            closed = closed | self._crowd.closed_all(people)
        granted[odd] = self._automaton.replaced(states[places], closed, named[places], stream)
        return granted

    def _refuse(self, who: slice | Array, open_: bool | Array, named: Array, granted: Array) -> None:
        """Write over what was decided for draws that may not happen; the reason that goes first is written last."""
        total, today = self._crowd.over(who)
        blocked = self._crowd.blocked[who].astype(bool) if self._crowd.blocked is not None else None
        full = np.ones(len(named), bool) if self._shelf.full else None
        shut = None if open_ is True else np.broadcast_to(~np.asarray(open_), named.shape)
        offline = None if self._scene.online else np.ones(len(named), bool)
        for reason, refused in (
            (RefusalReason.DAILY_DRAWS, today),
            (RefusalReason.CAMPAIGN_DRAWS, full),
            (RefusalReason.TOTAL_DRAWS, total),
            (RefusalReason.BLOCKED, blocked),
            (RefusalReason.OUTSIDE_WINDOW, shut),
            (RefusalReason.OFFLINE, offline),
        ):
            if refused is not None and refused.any():
                granted[refused] = named[refused] = self._code[reason]

    def _filled(self, chunk: Chunk, found: list[tuple[Array, Array] | None]) -> tuple[Array, int | None]:
        """What was granted in all, and the position of the first draw that fills a counter still open."""
        decided = [one for one in found if one is not None]
        counts = sum((np.bincount(granted, minlength=self._codes) for _, granted in decided), np.zeros(self._codes, np.int64))
        taken: Taken | None = None

        def draws() -> Taken:
            nonlocal taken
            days = [np.broadcast_to(np.asarray(part.day), (part.n,)) for part in chunk.parts]
            position = np.concatenate([part.position() for part in chunk.parts])
            taken = Taken(np.concatenate([granted for _, granted in decided]), position, np.concatenate(days))
            return taken

        days = {part.day if isinstance(part.day, int) else None for part in chunk.parts}
        filled = self._shelf.fill(counts, days.pop() if len(days) == 1 else None, draws)
        if filled is None:
            return counts, None
        edge, sold_out = filled
        assert taken is not None  # noqa: S101 - a counter is filled by draws that were looked at
        for prize in sold_out:
            made = self._number_of(taken, edge)
            rounds = np.concatenate([np.broadcast_to(np.asarray(part.rounds), (part.n,)) for part in chunk.parts])
            self._sold_out[prize] = SoldOut(made, int(rounds[taken.position == edge][0]), self._scene.time(edge))
        return counts, edge

    def _number_of(self, taken: Taken, edge: int) -> int:
        """The number of a draw among all that are made."""
        return self._made + int(((taken.position <= edge) & (taken.granted < self._outcomes)).sum())

    def _move(self, part: Part, found: tuple[Array, Array] | None) -> None:
        assert found is not None  # noqa: S101 - decided just before
        granted = found[1]
        refused = granted >= self._outcomes
        self._crowd.turn(part.who, part.day)
        if self._crowd.number is not None:
            part.number = self._crowd.number[part.who] + 1
        self._crowd.advance(part.who, granted, ~refused if refused.any() else None, states=part.named is None)

    def _note(self, part: Part, found: tuple[Array, Array] | None) -> None:
        assert found is not None  # noqa: S101 - decided just before
        assert self._log is not None  # noqa: S101 - asked for
        won = np.flatnonzero(found[1] < self._rules.thank_you)
        rounds = part.rounds[won] if isinstance(part.rounds, np.ndarray) else part.rounds
        number = rounds if part.number is None else part.number[won]
        times = None if self._scene.plan.traffic is None else self._scene.days.times(part.position()[won])
        self._log.add(np.asarray(part.some(won)), number, rounds, found[1][won], times)

    def _take(self, chunk: Chunk, found: list[tuple[Array, Array] | None], counts: Array) -> None:
        by_day: list[tuple[int, Array]] = []
        decided = [one for one in found if one is not None]
        if self._shelf.daily:
            days = {int(day) for part in chunk.parts for day in np.unique(part.day)}
            by_day = [(day, counts) for day in days] if len(days) == 1 else []
        if self._shelf.daily and not by_day:
            for day in sorted(days):
                some = np.zeros(self._codes, np.int64)
                for part, (_, granted) in zip(chunk.parts, decided, strict=True):
                    some += np.bincount(granted[np.broadcast_to(np.asarray(part.day) == day, granted.shape)], minlength=self._codes)
                by_day.append((day, some))
        self._shelf.take(counts, by_day)
        self._counts += counts
        for named, _ in decided:
            self._named += np.bincount(named, minlength=self._codes)
        self._made += int(counts[: self._outcomes].sum())

    def tally(self) -> Tally:
        """What came of it."""
        crowd = self._crowd
        wins = crowd.wins if crowd.wins_before is None else crowd.wins - crowd.wins_before
        left = self._shelf.left
        return Tally(
            self._counts[: self._outcomes],
            self._named[: self._outcomes],
            self._counts[self._outcomes :],
            np.where(left < AMPLE // 2, left, -1),
            self._sold_out,
            histogram(wins),
            None if self._log is None else self._log.columns(),
        )
