"""The engine for event loops: the same calls as ``DrawEngine``, as coroutines.

An embedded store has no asynchronous interface of its own: a whole job runs in one hop to a worker thread. Either way a job that has
begun is finished even if its caller is cancelled, so that a cancelled draw can be asked about by its request id.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar, cast

from prizedraw.engine.batches import TOGETHER, batch, checked, told
from prizedraw.engine.drivers import run, run_async
from prizedraw.engine.following import SHORTEST, pause_after
from prizedraw.engine.hooks import Hooks
from prizedraw.engine.jobs import Job, Jobs
from prizedraw.engine.loop_groups import LoopGroup
from prizedraw.engine.skew import Skew
from prizedraw.engine.sync import WAIT
from prizedraw.engine.urls import open_async_store
from prizedraw.errors import DrawRefused, StorageError
from prizedraw.flows.journaling import Lines
from prizedraw.flows.querying import Wanted
from prizedraw.flows.striping import draw_flow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable
    from datetime import datetime
    from fractions import Fraction
    from os import PathLike
    from types import TracebackType

    from prizedraw.campaign import Campaign
    from prizedraw.draw.receipt import Receipt
    from prizedraw.draw.snapshot import Snapshot
    from prizedraw.draw.standing import Refusal, Standing
    from prizedraw.engine.hooks import Event
    from prizedraw.flows.alerting import Alert
    from prizedraw.flows.archiving import Archived
    from prizedraw.flows.auditing import Audit
    from prizedraw.flows.drawing import Drawn, DrawRequest, Request
    from prizedraw.flows.erasing import Erased
    from prizedraw.flows.importing import Imported
    from prizedraw.flows.journaling import JournalEntry
    from prizedraw.sampling import Entropy
    from prizedraw.sampling.entropy import Seed
    from prizedraw.stock import Movement, StockLine
    from prizedraw.storage.protocol import AsyncStore, Store
    from prizedraw.windows import CampaignState

T = TypeVar("T")


class AsyncDrawEngine:
    """Runs the campaigns of a store on an event loop; see ``DrawEngine`` for every argument, result and error.

    ``open`` does no I/O: ``async with``, or else the first call, connects.

    Args:
        store: a ``Store`` or an ``AsyncStore``.
        clock, entropy, namespace, wait: see ``DrawEngine``.
    """

    def __init__(
        self,
        store: Store | AsyncStore,
        *,
        clock: Callable[[], datetime] | None = None,
        entropy: Entropy | None = None,
        namespace: str = "default",
        wait: float = WAIT,
    ) -> None:
        self._store = store
        self._sync = None if inspect.iscoroutinefunction(store.read) else cast("Store", store)
        self._jobs = Jobs(namespace, clock, entropy)
        self._wait = wait
        self._hooks = Hooks(awaits=True)
        self._skew = Skew(watched=clock is None)
        self._group = LoopGroup(self._alone, lambda requests: self._run(batch(requests)))
        self._is_open = False

    @classmethod
    def open(
        cls,
        url: str | PathLike[str],
        *,
        clock: Callable[[], datetime] | None = None,
        entropy: Entropy | None = None,
        namespace: str = "default",
        wait: float = WAIT,
    ) -> Self:
        """See ``DrawEngine.open``; nothing is connected yet."""
        return cls(open_async_store(url), clock=clock, entropy=entropy, namespace=namespace, wait=wait)

    @property
    def store(self) -> Store | AsyncStore:
        """The store of this engine."""
        return self._store

    async def close(self) -> None:
        """Finish what is under way and close the store; the next call opens it again."""
        await self._group.settled()
        self._is_open = False
        if self._sync is not None:
            await asyncio.to_thread(self._sync.close)
        else:
            await cast("AsyncStore", self._store).close()

    async def __aenter__(self) -> Self:
        await self._ready()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<AsyncDrawEngine on {self._store!r}>"

    async def _ready(self) -> None:
        if not self._is_open:
            if self._sync is not None:
                await asyncio.to_thread(self._sync.open)
            else:
                await cast("AsyncStore", self._store).open()
            self._is_open = True
        if self._skew.due():
            store = cast("AsyncStore", self._store)
            self._skew.compare(await store.now() if self._sync is None else await asyncio.to_thread(self._sync.now))

    async def _run(self, job: Job[T]) -> T:
        await self._ready()
        if self._sync is not None:
            return await _in_thread(run, self._sync, job, self._wait)
        return await asyncio.shield(run_async(cast("AsyncStore", self._store), job, self._wait))

    def _pages(self, make: Callable[[str | None], Job[tuple[list[T], str | None]]], after: str | None = None) -> AsyncIterator[T]:
        first = make(after)  # arguments are checked at the call, not at the first step of the iterator

        async def items() -> AsyncIterator[T]:
            job = first
            while True:
                found, after = await self._run(job)
                for item in found:
                    yield item
                if after is None:
                    return
                job = make(after)

        return items()

    # Campaigns

    async def publish(
        self,
        campaign: Campaign,
        *,
        online: bool = True,
        expect_version: int | None = None,
        stripes: int | None = None,
        request_id: str | None = None,
        actor: str = "",
        note: str = "",
    ) -> int:
        """See ``DrawEngine.publish``."""
        return await self._run(self._jobs.publish(campaign, online, expect_version, stripes, request_id, actor, note))

    async def campaigns(self) -> list[str]:
        """See ``DrawEngine.campaigns``."""
        return await self._run(self._jobs.campaigns())

    async def campaign(self, id: str, *, version: int | None = None) -> Campaign:  # noqa: A002 - the contract's name
        """See ``DrawEngine.campaign``."""
        return await self._run(self._jobs.campaign(id, version))

    async def take_offline(self, id: str, *, request_id: str | None = None, actor: str = "", note: str = "") -> None:  # noqa: A002 - as above
        """See ``DrawEngine.take_offline``."""
        await self._run(self._jobs.switch(id, False, request_id, actor, note))

    async def bring_online(self, id: str, *, request_id: str | None = None, actor: str = "", note: str = "") -> None:  # noqa: A002 - as above
        """See ``DrawEngine.bring_online``."""
        await self._run(self._jobs.switch(id, True, request_id, actor, note))

    async def state(self, id: str) -> CampaignState:  # noqa: A002 - as above
        """See ``DrawEngine.state``."""
        return await self._run(self._jobs.state(id))

    # Draws

    async def draw(self, id: str, participant: str, *, request_id: str | None = None, meta: Any = None) -> Receipt:  # noqa: A002 - as above
        """See ``DrawEngine.draw``."""
        return (await self._draw(self._jobs.draw(id, participant, request_id, 1, meta))).receipts[0]

    async def draw_many(self, id: str, participant: str, n: int, *, request_id: str | None = None, meta: Any = None) -> list[Receipt]:  # noqa: A002 - as above
        """See ``DrawEngine.draw_many``."""
        return (await self._draw(self._jobs.draw(id, participant, request_id, n, meta))).receipts

    async def _draw(self, request: Request) -> Drawn:
        try:
            made = await self._group.draw(request)
        except DrawRefused as refusal:
            self._hooks.refused(refusal)
            await self._hooks.settled()
            raise
        except StorageError as error:
            error.request_id = request.key()
            raise
        if self._hooks.any:
            self._hooks.drawn(made)
            await self._hooks.settled()
        return made

    async def _alone(self, request: Request) -> Drawn:
        return await self._run(Job(draw_flow(request), request.home, True))

    async def draw_batch(self, id: str, requests: Iterable[DrawRequest]) -> list[Receipt | list[Receipt] | Refusal]:  # noqa: A002 - as above
        """See ``DrawEngine.draw_batch``."""
        asked = checked(requests)
        jobs = [self._jobs.draw(id, one.participant, one.request_id, one.n, None) for one in asked]
        results: list[Receipt | list[Receipt] | Refusal] = []
        for start in range(0, len(jobs), TOGETHER):
            made = await self._run(batch(jobs[start : start + TOGETHER]))
            try:
                results += told(self._hooks, asked[start : start + TOGETHER], made)
            finally:
                await self._hooks.settled()
        return results

    async def preview(self, id: str, n: int, *, seed: Seed) -> list[Receipt]:  # noqa: A002 - as above
        """See ``DrawEngine.preview``."""
        return await self._run(self._jobs.preview(id, n, seed))

    # Participants

    async def grant_draws(
        self,
        id: str,  # noqa: A002 - as above
        participant: str,
        n: int,
        *,
        request_id: str,
        expires: datetime | None = None,
        actor: str = "",
        note: str = "",
    ) -> None:
        """See ``DrawEngine.grant_draws``."""
        await self._run(self._jobs.grant(id, participant, n, request_id, expires, actor, note))

    async def void(self, receipt_id: str, *, request_id: str, return_chance: bool = False, actor: str = "", note: str = "") -> None:
        """See ``DrawEngine.void``."""
        await self._run(self._jobs.void(receipt_id, request_id, return_chance, actor, note))

    async def block(
        self, participant: str, campaign: str | None = None, *, request_id: str | None = None, actor: str = "", note: str = ""
    ) -> None:
        """See ``DrawEngine.block``."""
        await self._run(self._jobs.block(participant, campaign, True, request_id, actor, note))

    async def unblock(
        self, participant: str, campaign: str | None = None, *, request_id: str | None = None, actor: str = "", note: str = ""
    ) -> None:
        """See ``DrawEngine.unblock``."""
        await self._run(self._jobs.block(participant, campaign, False, request_id, actor, note))

    async def standing(self, id: str, participant: str) -> Standing:  # noqa: A002 - as above
        """See ``DrawEngine.standing``."""
        return await self._run(self._jobs.standing(id, participant))

    async def odds(self, id: str, participant: str) -> dict[str, Fraction]:  # noqa: A002 - as above
        """See ``DrawEngine.odds``."""
        return await self._run(self._jobs.odds(id, participant))

    # Stock

    async def stock(self, id: str) -> dict[str, StockLine]:  # noqa: A002 - as above
        """See ``DrawEngine.stock``."""
        return await self._run(self._jobs.stock(id))

    async def snapshot(self, id: str) -> Snapshot:  # noqa: A002 - as above
        """See ``DrawEngine.snapshot``."""
        return await self._run(self._jobs.snapshot(id))

    async def reallocate(
        self,
        id: str,  # noqa: A002 - as above
        prize_id: str,
        *,
        stock: int | None = None,
        add: int | None = None,
        request_id: str | None = None,
        actor: str = "",
        note: str = "",
    ) -> None:
        """See ``DrawEngine.reallocate``."""
        await self._run(self._jobs.reallocate(id, prize_id, stock, add, request_id, actor, note))

    async def take_off_shelf(self, id: str, prize_id: str, *, request_id: str | None = None, actor: str = "", note: str = "") -> None:  # noqa: A002 - as above
        """See ``DrawEngine.take_off_shelf``."""
        await self._run(self._jobs.shelve(id, prize_id, True, request_id, actor, note))

    async def put_on_shelf(self, id: str, prize_id: str, *, request_id: str | None = None, actor: str = "", note: str = "") -> None:  # noqa: A002 - as above
        """See ``DrawEngine.put_on_shelf``."""
        await self._run(self._jobs.shelve(id, prize_id, False, request_id, actor, note))

    # The journal

    async def receipt(self, receipt_id: str | None = None, *, campaign: str | None = None, request_id: str | None = None) -> Receipt | None:
        """See ``DrawEngine.receipt``."""
        return await self._run(self._jobs.receipt(receipt_id, campaign, request_id))

    def receipts(
        self,
        id: str,  # noqa: A002 - as above
        participant: str | None = None,
        *,
        wins_only: bool = False,
        prize_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = True,
        voided: bool = True,
    ) -> AsyncIterator[Receipt]:
        """See ``DrawEngine.receipts``."""
        wanted = Wanted(participant, wins_only, prize_id, since, until, newest_first, voided)
        return self._pages(lambda after: self._jobs.receipts(id, wanted, after))

    def movements(self, id: str, prize_id: str | None = None) -> AsyncIterator[Movement]:  # noqa: A002 - as above
        """See ``DrawEngine.movements``."""
        return self._pages(lambda after: self._jobs.movements(id, prize_id, after))

    def alerts(self, id: str) -> AsyncIterator[Alert]:  # noqa: A002 - as above
        """See ``DrawEngine.alerts``."""
        return self._pages(lambda after: self._jobs.alerts(id, after))

    def journal(
        self,
        id: str,  # noqa: A002 - as above
        participant: str | None = None,
        *,
        kind: str | None = None,
        after: str | None = None,
        newest_first: bool = False,
        follow: bool = False,
    ) -> AsyncIterator[JournalEntry]:
        """See ``DrawEngine.journal``."""
        lines = Lines(participant, kind, newest_first).check(follow=follow)
        if follow:
            every = lines._replace(kind=None)  # see DrawEngine.journal
            return self._followed(lambda at: self._jobs.journal(id, every, at), kind, after)
        return self._pages(lambda at: self._jobs.journal(id, lines, at), after)

    def _followed(
        self, make: Callable[[str | None], Job[tuple[list[JournalEntry], str | None]]], kind: str | None, after: str | None
    ) -> AsyncIterator[JournalEntry]:
        first = make(after)

        async def items() -> AsyncIterator[JournalEntry]:
            job, last, pause = first, after, SHORTEST
            while True:
                found, more = await self._run(job)
                for entry in found:
                    if kind in {None, entry.kind}:
                        yield entry
                last = found[-1].cursor if found else last
                pause = pause_after(pause, found=bool(found))
                if more is None:
                    await asyncio.sleep(pause)
                job = make(last)

        return items()

    async def audit(self, id: str) -> Audit:  # noqa: A002 - as above
        """See ``DrawEngine.audit``."""
        return await self._run(self._jobs.audit(id))

    async def archive(
        self,
        id: str,  # noqa: A002 - as above
        before: datetime,
        to: str | PathLike[str],
        *,
        force: bool = False,
        actor: str = "",
        note: str = "",
    ) -> Archived:
        """See ``DrawEngine.archive``."""
        from prizedraw.engine.transfer import kept  # noqa: PLC0415 - rarely used

        archive = self._jobs.archive(id, before, force, actor, note, keep=True)
        with kept(to) as file:
            while (lines := await self._run(self._jobs.own(archive.lines.page()))) is not None:
                await asyncio.to_thread(file.writelines, lines)
        return await self._run(self._jobs.own(archive.finish()))

    async def prune(self, id: str, before: datetime, *, force: bool = False, actor: str = "", note: str = "") -> Archived:  # noqa: A002 - as above
        """See ``DrawEngine.prune``."""
        archive = self._jobs.archive(id, before, force, actor, note, keep=False)
        while await self._run(self._jobs.own(archive.lines.page())) is not None:
            pass
        return await self._run(self._jobs.own(archive.finish()))

    # The whole namespace

    async def erase(self, participant: str, *, actor: str = "", note: str = "") -> Erased:
        """See ``DrawEngine.erase``."""
        return await self._run(self._jobs.erase(participant, actor, note))

    async def export(self, *, actor: str = "", note: str = "") -> AsyncIterator[bytes]:
        """See ``DrawEngine.export``."""
        stream = self._jobs.export(actor, note)
        while (page := await self._run(self._jobs.rest(stream.page()))) is not None:
            for line in page:
                yield line

    async def import_from(self, source: str | PathLike[str] | BinaryIO) -> Imported:
        """See ``DrawEngine.import_from``."""
        jobs, result = self._jobs.import_from(source), None
        while (job := await asyncio.to_thread(next, jobs, None)) is not None:
            result = await self._run(job)
        return cast("Imported", result)

    def on(self, event: Event, hook: Callable[[Any], object]) -> None:
        """See ``DrawEngine.on``."""
        self._hooks.on(event, hook)


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Run a function in a worker thread; it goes on to its end even if the caller is cancelled."""
    return await asyncio.shield(asyncio.to_thread(function, *arguments))
