"""The engine for threads: a thin shell that turns calls into jobs and runs them."""

from __future__ import annotations

from time import sleep
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeVar, cast

from prizedraw.engine.batches import TOGETHER, batch, checked, told
from prizedraw.engine.drivers import drive, run
from prizedraw.engine.following import SHORTEST, pause_after
from prizedraw.engine.groups import Group
from prizedraw.engine.hooks import Hooks
from prizedraw.engine.jobs import Jobs
from prizedraw.engine.skew import Skew
from prizedraw.engine.urls import open_store
from prizedraw.errors import DrawRefused, StorageError
from prizedraw.flows.journaling import Lines
from prizedraw.flows.querying import Wanted
from prizedraw.flows.striping import draw_flow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from fractions import Fraction
    from os import PathLike
    from types import TracebackType

    from prizedraw.campaign import Campaign
    from prizedraw.draw.receipt import Receipt
    from prizedraw.draw.snapshot import Snapshot
    from prizedraw.draw.standing import Refusal, Standing
    from prizedraw.engine.hooks import Event
    from prizedraw.engine.jobs import Job
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
    from prizedraw.storage.protocol import Store
    from prizedraw.windows import CampaignState

T = TypeVar("T")

WAIT = 30.0
"""Seconds that a call waits for other writers before StorageBusy."""


class DrawEngine:
    """Runs the campaigns of a store.

    Safe to share between threads, and usable in a child after a fork. Every call may raise StorageError; what it says was not
    written was not, and a draw may always be tried again with the same request id.

    Args:
        store: where everything is kept.
        clock: a function that gives the time as an aware datetime (or an object with such a ``now``); left out, the system's clock.
        entropy: where tickets come from; left out, the operating system's secure source.
        namespace: keeps campaigns of different tenants on one store apart.
        wait: seconds to wait for other writers before StorageBusy.
        group: whether threads that draw at the same time share transactions; left out, where the store has one writer anyway.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Callable[[], datetime] | None = None,
        entropy: Entropy | None = None,
        namespace: str = "default",
        wait: float = WAIT,
        group: bool | None = None,
    ) -> None:
        self._store = store
        self._jobs = Jobs(namespace, clock, entropy)
        self._wait = wait
        self._hooks = Hooks()
        self._skew = Skew(watched=clock is None)
        grouped = store.lock_first if group is None else group
        alone = self._locked if store.lock_first else self._alone
        self._carry_out = Group(alone, lambda requests: self._run(batch(requests)), wait).draw if grouped else alone

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
        """Open the store that ``url`` names: ":memory:", the path of an SQLite file (made if it is not there), or a server's.

        Raises:
            InvalidRequest: ``url`` names no store.
            StorageError: it cannot be opened.
            ClockError: its clock and this host's are more than a minute apart; also from any later call, and not where ``clock`` is given.
        """
        return cls(open_store(url), clock=clock, entropy=entropy, namespace=namespace, wait=wait).__enter__()

    @property
    def store(self) -> Store:
        """The store of this engine."""
        return self._store

    def close(self) -> None:
        """Close the store."""
        self._store.close()

    def __enter__(self) -> Self:
        self._store.open()
        try:
            self._check_clock()
        except BaseException:
            self._store.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<DrawEngine on {self._store!r}>"

    def _check_clock(self) -> None:
        if self._skew.due():
            self._skew.compare(self._store.now())

    def _run(self, job: Job[T]) -> T:
        self._check_clock()
        return run(self._store, job, self._wait)

    def _pages(self, make: Callable[[str | None], Job[tuple[list[T], str | None]]], after: str | None = None) -> Iterator[T]:
        first = make(after)  # arguments are checked at the call, not at the first step of the iterator

        def items() -> Iterator[T]:
            job = first
            while True:
                found, after = self._run(job)
                yield from found
                if after is None:
                    return
                job = make(after)

        return items()

    # Campaigns

    def publish(
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
        """Put a campaign's definition in force; the number of its version.

        Equal to the last published one it does nothing, so call it at every start. An edit keeps reallocations, the shelf and the
        offline switch; ``online=False`` publishes offline. Stock is set by the first publication of a prize, and changed by
        ``reallocate`` only.

        Args:
            campaign: the definition.
            online: False: draws are refused until ``bring_online``.
            expect_version: raise unless this version is in force now; 0: unless it is not published yet.
            stripes: over how many homes (1 to 64) the first publication spreads the campaign, for one that is too much for a single
                server or slot of a cluster; it stays so. Left out, one, or what it has.
            request_id: makes the call idempotent.
            actor: who did it, for the journal.
            note: why, for the journal.

        Raises:
            InvalidEdit: the change may not be made to what is published, or the title is another campaign's.
        """
        return self._run(self._jobs.publish(campaign, online, expect_version, stripes, request_id, actor, note))

    def campaigns(self) -> list[str]:
        """The ids of all published campaigns of the namespace, in order."""
        return self._run(self._jobs.campaigns())

    def campaign(self, id: str, *, version: int | None = None) -> Campaign:  # noqa: A002 - the contract's name
        """The definition in force, or an earlier version of it. Stock is as published; see ``stock`` for what is allocated now.

        Raises:
            UnknownCampaign: there is none, as from every method that names a campaign.
        """
        return self._run(self._jobs.campaign(id, version))

    def take_offline(self, id: str, *, request_id: str | None = None, actor: str = "", note: str = "") -> None:  # noqa: A002 - as above
        """Refuse draws from now on, in every process."""
        self._run(self._jobs.switch(id, False, request_id, actor, note))

    def bring_online(self, id: str, *, request_id: str | None = None, actor: str = "", note: str = "") -> None:  # noqa: A002 - as above
        """Allow draws again, inside the campaign's windows."""
        self._run(self._jobs.switch(id, True, request_id, actor, note))

    def state(self, id: str) -> CampaignState:  # noqa: A002 - as above
        """Whether a campaign is "not_started", "running" or "closed" now."""
        return self._run(self._jobs.state(id))

    # Draws

    def draw(self, id: str, participant: str, *, request_id: str | None = None, meta: Any = None) -> Receipt:  # noqa: A002 - as above
        """Draw once for a participant: atomic, and the same receipt again for the same request id.

        Args:
            id: the campaign.
            participant: 1 to 200 bytes of UTF-8 without control characters.
            request_id: the idempotency key, likewise; left out, one is made.
            meta: plain data of at most 4 KiB to keep with the receipt.

        Raises:
            DrawRefused: the draw may not happen now; nothing was written.
            RequestMismatch: the request id was used for something else.
            UnknownCampaign: there is no such campaign.
            StorageError: the store failed; try again with its ``.request_id``.
        """
        return self._draw(self._jobs.draw(id, participant, request_id, 1, meta)).receipts[0]

    def draw_many(self, id: str, participant: str, n: int, *, request_id: str | None = None, meta: Any = None) -> list[Receipt]:  # noqa: A002 - as above
        """Draw ``n`` times (1 to 100) for a participant, all or none; raises as ``draw``."""
        return self._draw(self._jobs.draw(id, participant, request_id, n, meta)).receipts

    def _draw(self, request: Request) -> Drawn:
        try:
            if self._skew.watched:
                self._check_clock()
            made = self._carry_out(request)
        except DrawRefused as refusal:
            self._hooks.refused(refusal)
            raise
        except StorageError as error:
            error.request_id = request.key()
            raise
        if self._hooks.any:
            self._hooks.drawn(made)
        return made

    def _alone(self, request: Request) -> Drawn:
        return drive(self._store, self._store, draw_flow(request), self._wait)

    def _locked(self, request: Request) -> Drawn:
        with self._store.exclusive(request.home, (), self._wait) as handle:
            return drive(self._store, handle, draw_flow(request), self._wait)

    def draw_batch(self, id: str, requests: Iterable[DrawRequest]) -> list[Receipt | list[Receipt] | Refusal]:  # noqa: A002 - as above
        """Carry out many requests, each as if alone; for each, in order: a receipt, a list of them where n > 1, or a Refusal.

        Up to 256 requests share their reads and a transaction. If the store fails, StorageError is raised, and a second
        call with the same request ids goes on from there.

        Raises:
            InvalidRequest: a request cannot be right; nothing was done.
            UnknownCampaign: there is no such campaign.
        """
        asked = checked(requests)
        jobs = [self._jobs.draw(id, one.participant, one.request_id, one.n, None) for one in asked]
        results: list[Receipt | list[Receipt] | Refusal] = []
        for start in range(0, len(jobs), TOGETHER):
            made = self._run(batch(jobs[start : start + TOGETHER]))
            results += told(self._hooks, asked[start : start + TOGETHER], made)
        return results

    def preview(self, id: str, n: int, *, seed: Seed) -> list[Receipt]:  # noqa: A002 - as above
        """A new participant's first ``n`` draws from a predictable source, with ample stock and no limit on draws; writes nothing."""
        return self._run(self._jobs.preview(id, n, seed))

    # Participants

    def grant_draws(
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
        """Give a participant ``n`` extra draws, used after the day's own and beyond daily and total caps, until ``expires``."""
        self._run(self._jobs.grant(id, participant, n, request_id, expires, actor, note))

    def void(self, receipt_id: str, *, request_id: str, return_chance: bool = False, actor: str = "", note: str = "") -> None:
        """Take a draw back: stock, the day's release, points and win caps; the used chance if asked. Pity stays.

        Raises:
            UnknownReceipt: there is no such draw.
            InvalidEdit: it was voided before.
        """
        self._run(self._jobs.void(receipt_id, request_id, return_chance, actor, note))

    def block(
        self, participant: str, campaign: str | None = None, *, request_id: str | None = None, actor: str = "", note: str = ""
    ) -> None:
        """Refuse a participant's draws in one campaign, or in all of the namespace, those to come among them."""
        self._run(self._jobs.block(participant, campaign, True, request_id, actor, note))

    def unblock(
        self, participant: str, campaign: str | None = None, *, request_id: str | None = None, actor: str = "", note: str = ""
    ) -> None:
        """Take a block back; one for a campaign and one for all are apart."""
        self._run(self._jobs.block(participant, campaign, False, request_id, actor, note))

    def standing(self, id: str, participant: str) -> Standing:  # noqa: A002 - as above
        """Where a participant stands now."""
        return self._run(self._jobs.standing(id, participant))

    def odds(self, id: str, participant: str) -> dict[str, Fraction]:  # noqa: A002 - as above
        """Prize id → exact chance of a participant's next draw now, caps, stock, shelf and pity included; the sum is 1."""
        return self._run(self._jobs.odds(id, participant))

    # Stock

    def stock(self, id: str) -> dict[str, StockLine]:  # noqa: A002 - as above
        """Prize id → allocated, issued, held, remaining and released today, -1 for unlimited, in prize order."""
        return self._run(self._jobs.stock(id))

    def snapshot(self, id: str) -> Snapshot:  # noqa: A002 - as above
        """Today's state and stock, for ``simulate(…, state=…)``: stock of one instant, and every participant. O(participants)."""
        return self._run(self._jobs.snapshot(id))

    def reallocate(
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
        """Set a prize's allocation (``stock``, -1 for unlimited) or change it (``add``), at any time, never below what is issued.

        Raises:
            InvalidEdit: it would fall below what is issued.
        """
        self._run(self._jobs.reallocate(id, prize_id, stock, add, request_id, actor, note))

    def take_off_shelf(self, id: str, prize_id: str, *, request_id: str | None = None, actor: str = "", note: str = "") -> None:  # noqa: A002 - as above
        """Give a prize no more from now on, in every process; its weight stays, and becomes a thank-you."""
        self._run(self._jobs.shelve(id, prize_id, True, request_id, actor, note))

    def put_on_shelf(self, id: str, prize_id: str, *, request_id: str | None = None, actor: str = "", note: str = "") -> None:  # noqa: A002 - as above
        """Give a prize again."""
        self._run(self._jobs.shelve(id, prize_id, False, request_id, actor, note))

    # The journal

    def receipt(self, receipt_id: str | None = None, *, campaign: str | None = None, request_id: str | None = None) -> Receipt | None:
        """A receipt by its id, or the first of a request; None if there is none."""
        return self._run(self._jobs.receipt(receipt_id, campaign, request_id))

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
    ) -> Iterator[Receipt]:
        """The receipts of a campaign, or of one participant, read page by page.

        Args:
            id: the campaign.
            participant: only draws of this participant.
            wins_only: only draws that granted a prize; voided or not, as a receipt tells what was drawn.
            prize_id: only draws that granted this.
            since: only draws from this instant on, which is aware.
            until: only draws before this instant, which is aware.
            newest_first: backwards.
            voided: False leaves out draws that were voided, as a list of what participants have should.
        """
        wanted = Wanted(participant, wins_only, prize_id, since, until, newest_first, voided)
        return self._pages(lambda after: self._jobs.receipts(id, wanted, after))

    def movements(self, id: str, prize_id: str | None = None) -> Iterator[Movement]:  # noqa: A002 - as above
        """The movements of stock in the order of the journal."""
        return self._pages(lambda after: self._jobs.movements(id, prize_id, after))

    def alerts(self, id: str) -> Iterator[Alert]:  # noqa: A002 - as above
        """Each time that stock fell to its alert threshold or to nothing, exactly once, in the order of the journal."""
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
    ) -> Iterator[JournalEntry]:
        """The journal of a campaign, or what is about one participant, read page by page.

        Args:
            id: the campaign.
            participant: only entries about this participant.
            kind: only entries of this kind, such as "draw" or "void".
            after: the ``.cursor`` of the entry to read on behind; None: from the beginning.
            newest_first: backwards.
            follow: do not end, but wait for what comes, looking again after 0.05 to 1 second. Nothing is skipped.

        Raises:
            InvalidRequest: ``after`` is no cursor, or ``follow`` is asked for backwards.
        """
        lines = Lines(participant, kind, newest_first).check(follow=follow)
        if follow:
            every = lines._replace(kind=None)  # what is passed over moves the cursor too, and is not read again
            return self._followed(lambda at: self._jobs.journal(id, every, at), kind, after)
        return self._pages(lambda at: self._jobs.journal(id, lines, at), after)

    def _followed(
        self, make: Callable[[str | None], Job[tuple[list[JournalEntry], str | None]]], kind: str | None, after: str | None
    ) -> Iterator[JournalEntry]:
        first = make(after)

        def items() -> Iterator[JournalEntry]:
            job, last, pause = first, after, SHORTEST
            while True:
                found, more = self._run(job)
                yield from (entry for entry in found if kind in {None, entry.kind})
                last = found[-1].cursor if found else last
                pause = pause_after(pause, found=bool(found))
                if more is None:
                    sleep(pause)
                job = make(last)

        return items()

    def audit(self, id: str) -> Audit:  # noqa: A002 - as above
        """Count every balance again from the journal; ``.ok``, and ``.differences`` in sentences."""
        return self._run(self._jobs.audit(id))

    def archive(
        self,
        id: str,  # noqa: A002 - as above
        before: datetime,
        to: str | PathLike[str],
        *,
        force: bool = False,
        actor: str = "",
        note: str = "",
    ) -> Archived:
        """Write every journal entry that is older than ``before`` to a file, and drop it; the audit stays clean.

        What they add up to stays behind, in a checkpoint. Standings, caps, pity and stock are as they were. But a request that was
        dropped is not known any more: its receipt is in the file alone, it cannot be voided, and **a retry of it draws again**.

        Args:
            id: the campaign.
            before: aware.
            to: a new file of JSON lines: an entry each, with its receipts, and at last ``{"end": …}`` with counts and a checksum.
            force: allow a time less than a day ago; only while the campaign is offline.
            actor: who did it, for the journal.
            note: why, for the journal.

        Raises:
            InvalidRequest: the time is too young, or the file is there already.
            StorageCorrupt: the audit fails; nothing was dropped.
            StorageBusy: somebody else archived meanwhile; nothing was dropped.
        """
        from prizedraw.engine.transfer import kept  # noqa: PLC0415 - rarely used

        archive = self._jobs.archive(id, before, force, actor, note, keep=True)
        with kept(to) as file:
            while (lines := self._run(self._jobs.own(archive.lines.page()))) is not None:
                file.writelines(lines)
        return self._run(self._jobs.own(archive.finish()))

    def prune(self, id: str, before: datetime, *, force: bool = False, actor: str = "", note: str = "") -> Archived:  # noqa: A002 - as above
        """Drop every journal entry that is older than ``before``, receipts and all, without keeping them; else as ``archive``."""
        archive = self._jobs.archive(id, before, force, actor, note, keep=False)
        while self._run(self._jobs.own(archive.lines.page())) is not None:
            pass
        return self._run(self._jobs.own(archive.finish()))

    # The whole namespace

    def erase(self, participant: str, *, actor: str = "", note: str = "") -> Erased:
        """Take a participant's id out of every campaign of the namespace; what was kept under it is kept under a random pseudonym.

        Draws, stock and standings stay, under the pseudonym; the audit is as before. What callers kept with these draws (``meta``), and
        the notes of operators about them, are dropped. Whoever comes with the old id is a new participant, blocks are forgotten, and a
        retry of an old request is RequestMismatch. Call again if it broke off.

        Args:
            participant: whose id.
            actor: who did it, for the journal; do not name the participant.
            note: why, for the journal; likewise.

        Raises:
            StorageBusy: the store was busy, or the participant never stopped drawing; what was done is done.
        """
        return self._run(self._jobs.erase(participant, actor, note))

    def export(self, *, actor: str = "", note: str = "") -> Iterator[bytes]:
        """Everything in the namespace as JSON lines, each with its line break, as it was at one moment; the last one has a checksum.

        An entry of kind "export" is left in every journal. Nothing else may be written meanwhile: take the campaigns offline first, or
        choose a quiet moment.

        Raises:
            StorageBusy: something was written meanwhile; what came before has no last line, and cannot be imported.
        """
        stream = self._jobs.export(actor, note)
        while (page := self._run(self._jobs.rest(stream.page()))) is not None:
            yield from page

    def import_from(self, source: str | PathLike[str] | BinaryIO) -> Imported:
        """Import a file of ``export`` into this namespace, which must be empty; interrupted, it can be called again.

        The file is checked whole before anything is written, and no campaign can be drawn from before everything is there.

        Args:
            source: a path, or a binary file that can be read twice.

        Raises:
            InvalidRequest: the namespace is not empty, or the file is no export.
            StorageCorrupt: the file is cut short or was changed.
            StorageVersion: a newer version of prizedraw made it.
            StorageBusy: somebody else has written to the namespace meanwhile.
        """
        result: Any = None
        for job in self._jobs.import_from(source):
            result = self._run(job)
        return cast("Imported", result)

    def on(self, event: Event, hook: Callable[[Any], object]) -> None:
        """Call ``hook`` after each "draw" or "replay" (with the Receipt), "refusal" (DrawRefused), "low_stock" or "sold_out" (Alert).

        At most once for each, in this process only, after the commit; what a hook raises is logged and fails nothing.
        """
        self._hooks.on(event, hook)
