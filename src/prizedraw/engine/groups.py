"""Group commit for threads: who asks while a commit is being flushed is carried out with the next one.

No timer, and no thread of its own. Where nobody is at work a request passes straight through; otherwise it waits, and when
the flush ends the first who waits carries out all who do, in order and in one transaction.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections import defaultdict, deque
from copy import copy
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING

from prizedraw.engine.batches import TOGETHER
from prizedraw.errors import PrizeDrawError, StorageBusy, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.flows.drawing import Drawn, Request


class Waiting:
    """A request that waits, and what became of it."""

    __slots__ = ("batch", "gate", "outcome", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.gate = threading.Lock()
        self.gate.acquire()  # whoever settles it lets go
        self.outcome: Drawn | PrizeDrawError | None = None
        self.batch: list[Waiting] = []
        """Those whom this one is to carry out, itself first."""


class Group:
    """Carries out the requests of all threads of one engine.

    Args:
        alone: carries out one request, or raises.
        many: carries out requests of one home together: the result or error of each.
        wait: seconds that a request may wait for others before StorageBusy.
    """

    def __init__(
        self, alone: Callable[[Request], Drawn], many: Callable[[list[Request]], list[Drawn | PrizeDrawError]], wait: float
    ) -> None:
        self._alone = alone
        self._many = many
        self._wait = wait
        self._reset()
        _groups.add(self)

    def _reset(self) -> None:
        self._guard = threading.Lock()
        self._queues: defaultdict[str, deque[Waiting]] = defaultdict(deque)
        self._at_work: set[str] = set()

    def draw(self, request: Request) -> Drawn:
        """Carry out a request, with whom else waits; raises as if alone."""
        home = request.home
        with self._guard:
            idle = home not in self._at_work
            if idle:
                self._at_work.add(home)
            else:
                mine = Waiting(request)
                self._queues[home].append(mine)
        if not idle:
            return self._wait_for(mine)
        try:
            return self._alone(request)
        finally:
            self._hand_over(home)

    def _wait_for(self, mine: Waiting) -> Drawn:
        began = monotonic()
        try:
            settled = mine.gate.acquire(timeout=min(self._wait, threading.TIMEOUT_MAX))
            if not settled and not self._withdraw(mine):
                settled = mine.gate.acquire()  # it is being carried out already, which the store bounds
        except BaseException:  # an interrupt: the others must not wait for this one
            if not self._withdraw(mine) and mine.batch:
                self._hand_back(mine)
            raise
        if not settled:
            waited = monotonic() - began
            raise StorageBusy(f"other draws kept the store busy for {waited:.3g} s; nothing was written, try again", waited=waited)
        if mine.batch:
            self._lead(mine.batch)
        if isinstance(mine.outcome, PrizeDrawError):
            raise mine.outcome
        assert mine.outcome is not None  # noqa: S101 - for the type checker; who opened the gate has set it
        return mine.outcome

    def _lead(self, batch: list[Waiting]) -> None:
        """Carry out those who wait, the first of whom calls this, and tell each."""
        lost = "the draw was carried out together with one that was interrupted; try again with the same request id"
        outcomes: list[Drawn | PrizeDrawError] = [StorageError(lost) for _ in batch]
        try:
            outcomes = self._many([one.request for one in batch])
        except PrizeDrawError as error:
            outcomes = [copy(error) for _ in batch]  # each caller adds what is its own
        finally:
            for one, outcome in zip(batch, outcomes, strict=True):
                one.outcome = outcome
            for one in batch[1:]:
                one.gate.release()
            self._hand_over(batch[0].request.home)

    def _hand_over(self, home: str) -> None:
        """Let the first who waits carry out all who do, or nobody be at work."""
        with self._guard:
            queue = self._queues[home]
            if not queue:
                self._at_work.discard(home)
                return
            batch = list(islice(queue, TOGETHER))
            for _ in batch:
                queue.popleft()
            batch[0].batch = batch
        batch[0].gate.release()

    def _withdraw(self, mine: Waiting) -> bool:
        """Wait no longer; False if it is too late."""
        with self._guard:
            queue = self._queues[mine.request.home]
            if mine in queue:
                queue.remove(mine)
                return True
        return False

    def _hand_back(self, mine: Waiting) -> None:
        """The one who was to carry out the others will not."""
        home = mine.request.home
        with self._guard:
            self._queues[home].extendleft(reversed(mine.batch[1:]))
        self._hand_over(home)


_groups: weakref.WeakSet[Group] = weakref.WeakSet()


def _after_in_child() -> None:
    for group in _groups:
        group._reset()  # noqa: SLF001 - this module's own; whoever was at work is a thread of the parent


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_in_child)
