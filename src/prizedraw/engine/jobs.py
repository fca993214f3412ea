"""The calls of the engines as jobs: arguments checked, flow made. Both engines are thin shells around these.

Whatever an argument can be wrong about is said here, before anything is read.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO, Generic, NamedTuple, TypeVar

from prizedraw.campaign import Campaign
from prizedraw.draw.receipt import from_instant, parse_receipt_id
from prizedraw.errors import InvalidRequest
from prizedraw.flows import alerting, auditing, counting, drawing, journaling, operating, publishing, querying, snapshots
from prizedraw.flows.context import Context, system_clock, told_by
from prizedraw.flows.drawing import Request
from prizedraw.flows.ids import check_count, check_id, check_namespace, new_pseudonym, new_request_id
from prizedraw.flows.operator import Order
from prizedraw.flows.streaming import Stream
from prizedraw.flows.striping import check_stripes, lane, spread
from prizedraw.sampling import SecureEntropy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from fractions import Fraction
    from os import PathLike

    from prizedraw.draw.receipt import Receipt
    from prizedraw.draw.snapshot import Snapshot
    from prizedraw.draw.standing import Standing
    from prizedraw.flows.alerting import Alert
    from prizedraw.flows.archiving import Archive
    from prizedraw.flows.auditing import Audit
    from prizedraw.flows.effects import Flow
    from prizedraw.flows.erasing import Erased
    from prizedraw.flows.journaling import JournalEntry, Lines
    from prizedraw.flows.querying import Wanted
    from prizedraw.sampling import Entropy
    from prizedraw.sampling.entropy import Seed
    from prizedraw.stock import Movement, StockLine
    from prizedraw.windows import CampaignState

T = TypeVar("T")


class Job(NamedTuple, Generic[T]):
    """A flow, the home it begins in, and whether it writes."""

    flow: Flow[T]
    home: str
    writes: bool = False


class Jobs:
    """Makes the jobs of one engine.

    Args:
        namespace, clock, entropy: see ``DrawEngine``.
    """

    def __init__(self, namespace: str, clock: Callable[[], datetime] | None, entropy: Entropy | None) -> None:
        self._context = Context(check_namespace(namespace), _clock(clock), entropy if entropy is not None else SecureEntropy())

    def _request_id(self, given: str | None) -> str:
        return new_request_id(self._context.now()) if given is None else check_id(given, "request_id")

    def _order(self, kind: str, asked: str, request_id: str | None, actor: str, note: str, owner: str = "") -> Order:
        order = Order(kind, self._request_id(request_id), asked, owner, actor, note)
        order.check()
        return order

    def _job(self, flow: Flow[T], campaign_id: str, *, writes: bool = False, heads: bool = False) -> Job[T]:
        return Job(spread(self._context, flow, heads=heads), self._context.home(campaign_id), writes or heads)

    def draw(self, campaign_id: str, participant: str, request_id: str | None, n: int, meta: Any) -> Request:
        """One request of ``n`` draws."""
        check_id(participant, "participant")
        if request_id is not None:
            check_id(request_id, "request_id")
        if n != 1 or type(n) is not int:
            check_count(n)
        if meta is not None:
            meta = drawing.check_meta(meta)
        context = self._context
        return Request(context, campaign_id, participant, lane(context, campaign_id, participant), request_id, n, meta)

    def publish(
        self,
        campaign: Campaign,
        online: bool,
        expect_version: int | None,
        stripes: int | None,
        request_id: str | None,
        actor: str,
        note: str,
    ) -> Job[int]:
        """Put a definition in force."""
        if not isinstance(campaign, Campaign):
            raise InvalidRequest(f"{campaign!r} is not a Campaign; load one with Campaign.load(path)", "campaign")
        _check_flag(online, "online")
        asked = campaign.digest if online else f"{campaign.digest} offline"
        order = self._order(publishing.PUBLISH, asked, request_id, actor, note)
        check_stripes(stripes)
        flow = publishing.publish(self._context, campaign, order, online=online, expect_version=expect_version, stripes=stripes)
        return Job(spread(self._context, flow, new=stripes or 1, heads=True), self._context.home(campaign.id), True)

    def campaigns(self) -> Job[list[str]]:
        """The ids of what is published."""
        return self.rest(publishing.published_ids(self._context))

    def campaign(self, campaign_id: str, version: int | None) -> Job[Campaign]:
        """A definition."""
        return self._job(querying.campaign(self._context, campaign_id, version), campaign_id)

    def state(self, campaign_id: str) -> Job[CampaignState]:
        """Whether a campaign runs."""
        return self._job(querying.state(self._context, campaign_id), campaign_id)

    def switch(self, campaign_id: str, online: bool, request_id: str | None, actor: str, note: str) -> Job[None]:
        """Offline or online."""
        order = self._order("online" if online else "offline", "", request_id, actor, note)
        return self._job(operating.switch(self._context, campaign_id, order, online=online), campaign_id, heads=True)

    def shelve(self, campaign_id: str, prize_id: str, off: bool, request_id: str | None, actor: str, note: str) -> Job[None]:
        """Off the shelf or back on it."""
        order = self._order("off_shelf" if off else "on_shelf", prize_id, request_id, actor, note)
        return self._job(operating.shelve(self._context, campaign_id, prize_id, order, off=off), campaign_id, heads=True)

    def reallocate(
        self, campaign_id: str, prize_id: str, stock: int | None, add: int | None, request_id: str | None, actor: str, note: str
    ) -> Job[None]:
        """Another allocation."""
        asked = f"{prize_id} stock={stock}" if add is None else f"{prize_id} add={add}"
        order = self._order("reallocate", asked, request_id, actor, note)
        return self._job(operating.reallocate(self._context, campaign_id, prize_id, order, stock=stock, add=add), campaign_id, heads=True)

    def block(self, participant: str, campaign_id: str | None, blocked: bool, request_id: str | None, actor: str, note: str) -> Job[None]:
        """Refuse a participant, in one campaign or in all; or admit them again."""
        check_id(participant, "participant")
        order = self._order("block" if blocked else "unblock", participant, request_id, actor, note, participant)
        if campaign_id is None:
            flow = operating.bar(self._context, participant, order, blocked=blocked)
            return Job(spread(self._context, flow), self._context.registry, True)
        return self._job(operating.block(self._context, participant, campaign_id, order, blocked=blocked), campaign_id, writes=True)

    def grant(
        self, campaign_id: str, participant: str, n: int, request_id: str, expires: datetime | None, actor: str, note: str
    ) -> Job[None]:
        """Extra draws."""
        check_id(participant, "participant")
        check_id(request_id, "request_id")
        if type(n) is not int or not 1 <= n <= operating.LARGEST:
            raise InvalidRequest(f"{n!r} must be a positive integer", "n")
        if expires is not None and (not isinstance(expires, datetime) or expires.tzinfo is None):
            raise InvalidRequest(f"{expires!r} must be an aware datetime, or None for ever", "expires")
        until = 0 if expires is None else from_instant(expires)
        order = self._order("grant", f"{participant} {n} {until}", request_id, actor, note, participant)
        return self._job(operating.grant(self._context, campaign_id, participant, n, order, expires=until), campaign_id, writes=True)

    def void(self, receipt_id: str, request_id: str, return_chance: bool, actor: str, note: str) -> Job[None]:
        """Take a draw back."""
        check_id(request_id, "request_id")
        _check_flag(return_chance, "return_chance")
        campaign_id = parse_receipt_id(receipt_id)[0]
        order = self._order("void", f"{receipt_id} {return_chance}", request_id, actor, note)
        return self._job(operating.void(self._context, receipt_id, order, return_chance=return_chance), campaign_id, writes=True)

    def preview(self, campaign_id: str, n: int, seed: Seed) -> Job[list[Receipt]]:
        """What draws would be."""
        if type(n) is not int or not 1 <= n <= 100_000:
            raise InvalidRequest(f"{n!r} must be an integer from 1 to 100000; simulate is for more", "n")
        return self._job(querying.preview(self._context, campaign_id, n, seed), campaign_id)

    def standing(self, campaign_id: str, participant: str) -> Job[Standing]:
        """Where a participant stands."""
        check_id(participant, "participant")
        return self._job(querying.standing_of(self._context, campaign_id, participant), campaign_id)

    def stock(self, campaign_id: str) -> Job[dict[str, StockLine]]:
        """The stock of every prize."""
        return self._job(querying.stock(self._context, campaign_id), campaign_id)

    def snapshot(self, campaign_id: str) -> Job[Snapshot]:
        """State and stock as they stand."""
        return self._job(snapshots.snapshot(self._context, campaign_id), campaign_id)

    def odds(self, campaign_id: str, participant: str) -> Job[dict[str, Fraction]]:
        """The odds of a participant's next draw."""
        check_id(participant, "participant")
        return self._job(querying.odds_of(self._context, campaign_id, participant), campaign_id)

    def receipt(self, receipt_id: str | None, campaign_id: str | None, request_id: str | None) -> Job[Receipt | None]:
        """One receipt, by its id or by its request's."""
        place = 0
        if receipt_id is not None:
            if campaign_id is not None or request_id is not None:
                raise InvalidRequest("give either a receipt id, or campaign= and request_id=", "receipt_id")
            campaign_id, place, request_id = parse_receipt_id(receipt_id)
        elif campaign_id is None or request_id is None:
            raise InvalidRequest("give a receipt id, or campaign= and request_id=", "receipt_id")
        check_id(request_id, "request_id")
        return self._job(querying.receipt(self._context, campaign_id, request_id, place), campaign_id)

    def receipts(self, campaign_id: str, wanted: Wanted, after: str | None) -> Job[tuple[list[Receipt], str | None]]:
        """A page of receipts."""
        if wanted.participant is not None:
            check_id(wanted.participant, "participant")
        wanted.check()
        return self._job(querying.receipts_page(self._context, campaign_id, wanted, after), campaign_id)

    def movements(self, campaign_id: str, prize_id: str | None, after: str | None) -> Job[tuple[list[Movement], str | None]]:
        """A page of stock movements."""
        return self._job(querying.movements_page(self._context, campaign_id, prize_id, after), campaign_id)

    def alerts(self, campaign_id: str, after: str | None) -> Job[tuple[list[Alert], str | None]]:
        """A page of stock alerts."""
        return self._job(alerting.alerts_page(self._context, campaign_id, after), campaign_id)

    def journal(self, campaign_id: str, lines: Lines, after: str | None) -> Job[tuple[list[JournalEntry], str | None]]:
        """A page of the journal."""
        if lines.participant is not None:
            check_id(lines.participant, "participant")
        flow = journaling.journal_page(self._context, campaign_id, lines, journaling.check_cursor(after))
        return self._job(flow, campaign_id)

    def audit(self, campaign_id: str) -> Job[Audit]:
        """Recount everything."""
        return self._job(auditing.audit(self._context, campaign_id), campaign_id)

    def export(self, actor: str, note: str) -> Stream[bytes]:
        """The lines of an export, page by page."""
        from prizedraw.flows import exporting  # noqa: PLC0415 - rarely used, and imports hashlib

        order = self._order(exporting.EXPORT, "", None, actor, note)
        return Stream(exporting.export(self._context, order))

    def import_from(self, source: str | PathLike[str] | BinaryIO) -> Iterator[Job[Any]]:
        """The jobs that import a file, in order; the last one returns an Imported."""
        from prizedraw.engine import transfer  # noqa: PLC0415 - as above

        return (self.rest(flow) for flow in transfer.steps(self._context, source))

    def archive(self, campaign_id: str, before: datetime, force: bool, actor: str, note: str, *, keep: bool) -> Archive:
        """The dropping of what is old in a journal."""
        from prizedraw.flows import archiving  # noqa: PLC0415 - as above

        if not isinstance(before, datetime) or before.utcoffset() is None:
            raise InvalidRequest(f"{before!r} must be an aware datetime", "before")
        _check_flag(force, "force")
        until = archiving.check_before(from_instant(before), self._context.now(), force=force)
        order = self._order(counting.CHECKPOINT, "", None, actor, note)
        return archiving.Archive(self._context, campaign_id, until, order, keep=keep)

    def erase(self, participant: str, actor: str, note: str) -> Job[Erased]:
        """The erasing of a participant's id."""
        from prizedraw.flows import erasing  # noqa: PLC0415 - as above

        check_id(participant, "participant")
        pseudonym = new_pseudonym()
        order = self._order(erasing.ERASE, pseudonym, None, actor, note, pseudonym)
        return self.rest(erasing.erase(self._context, participant, order))

    def rest(self, flow: Flow[T]) -> Job[T]:
        """A flow that is not of one campaign as a job."""
        return Job(spread(self._context, flow), self._context.registry)

    def own(self, flow: Flow[T]) -> Job[T]:
        """A flow that knows of stripes itself."""
        return Job(flow, self._context.registry)


def _check_flag(value: object, name: str) -> None:
    if not isinstance(value, bool):
        raise InvalidRequest(f"{value!r} is neither True nor False", name)


def _clock(clock: Any) -> Callable[[], int]:
    """A clock as a function: given as one, or as an object with ``now()``; left out, the system's."""
    if clock is None:
        return system_clock
    if callable(clock):
        return told_by(clock)
    if callable(getattr(clock, "now", None)):
        return told_by(clock.now)
    raise InvalidRequest(f"{clock!r} is not a clock; give a function that returns an aware datetime", "clock")
