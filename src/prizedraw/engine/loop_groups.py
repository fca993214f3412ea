"""Group commit for event loops: who asks while a commit is being flushed is carried out with the next one.

The twin of ``groups``. What is begun is carried out by a task of its own, so a caller that is cancelled stops nothing.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from copy import copy
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from prizedraw.engine.batches import TOGETHER
from prizedraw.errors import PrizeDrawError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from prizedraw.flows.drawing import Drawn, Request


class LoopGroup:
    """Carries out the requests of all tasks of one engine.

    Args:
        alone: carries out one request, or raises.
        many: carries out requests of one home together: the result or error of each.
    """

    def __init__(
        self,
        alone: Callable[[Request], Awaitable[Drawn]],
        many: Callable[[list[Request]], Awaitable[list[Drawn | PrizeDrawError]]],
    ) -> None:
        self._alone = alone
        self._many = many
        self._lanes: WeakKeyDictionary[asyncio.AbstractEventLoop, defaultdict[str, _Lane]] = WeakKeyDictionary()

    async def draw(self, request: Request) -> Drawn:
        """Carry out a request, with whom else waits; raises as if alone."""
        loop = asyncio.get_running_loop()
        lanes = self._lanes.get(loop)
        if lanes is None:
            lanes = self._lanes[loop] = defaultdict(_Lane)
        lane = lanes[request.home]
        future: asyncio.Future[Drawn] = loop.create_future()
        lane.queue.append((request, future))
        if lane.worker is None:
            lane.worker = loop.create_task(self._work(lane))
        return await future

    async def settled(self) -> None:
        """Wait until nothing is under way on this loop."""
        lanes = self._lanes.get(asyncio.get_running_loop())
        if lanes is not None:
            await asyncio.gather(*[lane.worker for lane in lanes.values() if lane.worker is not None])

    async def _work(self, lane: _Lane) -> None:
        try:
            while lane.queue:
                batch = [lane.queue.popleft() for _ in range(min(TOGETHER, len(lane.queue)))]
                for (_, future), outcome in zip(batch, await self._outcomes([request for request, _ in batch]), strict=True):
                    if future.done():
                        continue  # its caller was cancelled
                    if isinstance(outcome, BaseException):
                        future.set_exception(outcome)
                    else:
                        future.set_result(outcome)
        finally:
            lane.worker = None
            for _, future in lane.queue:  # the loop is closing
                future.cancel()

    async def _outcomes(self, requests: list[Request]) -> list[Drawn | BaseException]:
        try:
            if len(requests) == 1:
                return [await self._alone(requests[0])]
            return [*await self._many(requests)]
        except PrizeDrawError as error:
            return [copy(error) for _ in requests]  # each caller adds what is its own
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers are to see it
            return [error] * len(requests)


class _Lane:
    """The requests of one home that wait, and the task that carries them out."""

    __slots__ = ("queue", "worker")

    def __init__(self) -> None:
        self.queue: deque[tuple[Request, asyncio.Future[Drawn]]] = deque()
        self.worker: asyncio.Task[None] | None = None
