"""Playing a campaign through the real engine: who draws in which order, under which request ids, and what came of it."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from attrs import Factory, define, frozen

from prizedraw.draw import Receipt, Refusal
from prizedraw.engine.batches import TOGETHER
from prizedraw.flows.drawing import DrawRequest
from prizedraw.sampling import SeededEntropy
from prizedraw.windows import window_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prizedraw.campaign import Campaign
    from prizedraw.engine import DrawEngine

CHUNK = TOGETHER
"""Requests sent at once: what a store with one writer commits whole or not at all, so that a run stops between chunks."""


@frozen
class Plan:
    """A game: every participant draws once in each round.

    Attributes:
        participants: how many take part.
        draws_each: the number of rounds.
        seed: of a predictable source; None: the secure one.
    """

    participants: int
    draws_each: int
    seed: int | str | None = None

    @property
    def requests(self) -> int:
        """How many draws are asked for."""
        return self.participants * self.draws_each

    def chunks(self) -> Iterator[list[DrawRequest]]:
        """All requests in order. Their ids depend on the seed, the participant and the round alone, so asking again replays."""
        run = "run" if self.seed is None else f"run-{self.seed}"
        every = (
            DrawRequest(f"p-{k:07}", f"{run}/p-{k:07}/{number}")
            for number in range(1, self.draws_each + 1)
            for k in range(1, self.participants + 1)
        )
        while chunk := list(islice(every, CHUNK)):
            yield chunk


class ChunkedEntropy:
    """A predictable source that starts anew with each chunk, so that a run taken up again draws what it would have drawn."""

    def __init__(self, seed: int | str) -> None:
        self._seed = seed
        self.begin(0)

    def begin(self, chunk: int) -> None:
        """Give the words of this chunk from now on."""
        self._source = SeededEntropy(f"{self._seed!r} chunk {chunk}")

    def word(self) -> int:
        """The next word, uniform in [0, 2**64)."""
        return self._source.word()

    def below(self, n: int, /) -> int:
        """A number exactly uniform in [0, n)."""
        return self._source.below(n)


@define
class Tally:
    """What has come of a game so far.

    Attributes:
        answered: requests that have an answer.
        made: draws made just now; the others were replayed from the journal.
        draws: draws, replayed ones among them.
        wins: of these draws.
        refused: reason → requests refused for it.
        seconds: how long it took.
    """

    answered: int = 0
    made: int = 0
    draws: int = 0
    wins: int = 0
    refused: Counter[str] = Factory(Counter)
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Draws made per second."""
        return self.made / self.seconds if self.seconds else 0.0


def play(
    engine: DrawEngine, campaign_id: str, plan: Plan, tally: Tally, *, entropy: ChunkedEntropy | None, advance: Callable[[int], None]
) -> None:
    """Play a game to its end, and keep the tally on the way.

    Args:
        engine: where the campaign is published.
        campaign_id: its id.
        plan: who draws how often.
        tally: what is added to; right after every chunk, also where this is interrupted.
        entropy: the engine's source, where it is a predictable one.
        advance: told how many requests were answered since.
    """
    engine.on("draw", lambda _: _count(tally))
    started = time.perf_counter()
    for k, chunk in enumerate(plan.chunks()):
        if entropy is not None:
            entropy.begin(k)
        for outcome in engine.draw_batch(campaign_id, chunk):
            if isinstance(outcome, Receipt):
                tally.draws += 1
                tally.wins += outcome.is_win
            elif isinstance(outcome, Refusal):
                tally.refused[outcome.reason.value] += 1
        tally.answered += len(chunk)
        tally.seconds = time.perf_counter() - started
        advance(len(chunk))


def _count(tally: Tally) -> None:
    tally.made += 1


def opening_time(campaign: Campaign) -> datetime | None:
    """The first window's start where no window is open now, else None."""
    return None if window_at(campaign.windows, datetime.now(UTC)) else campaign.windows[0].start
