"""The use case everything else is for: one request of 1..n draws, atomic and idempotent.

The loop is here (D4): a stale view is decided again from the same tapes, a refused counter is made known and adds tickets.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec

from prizedraw.draw import receipt as receipts
from prizedraw.draw import state as states
from prizedraw.draw.decide import Decision, advance, decide, moves
from prizedraw.draw.rules import DRAWS, Rules
from prizedraw.draw.standing import admit, standing
from prizedraw.errors import DrawRefused, InvalidRequest, RequestMismatch, StorageBusy
from prizedraw.flows import keys
from prizedraw.flows.context import NOT_COUNTED
from prizedraw.flows.effects import MISFIRES, PATIENCE, Exclusive, Fetch, Flow, Post
from prizedraw.flows.ids import new_request_id
from prizedraw.quota import RefusalReason
from prizedraw.sampling import Tape
from prizedraw.storage.protocol import Commit, Committed, Conflict, Entry, Read, Refused, Replayed
from prizedraw.windows import first_open, next_window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from prizedraw.draw.receipt import Receipt
    from prizedraw.draw.state import State
    from prizedraw.flows.context import Context, Head
    from prizedraw.sampling import Entropy

DRAW = "draw"
"""The kind of a draw's journal entry."""
META_BYTES = 4096
"""What a request's meta may take, encoded."""


_new = tuple.__new__  # half the time of Drawn(…), in every draw


class DrawRequest(msgspec.Struct, frozen=True):
    """One request of a batch: ``n`` draws of a participant, all or none."""

    participant: str
    request_id: str | None = None
    n: int = 1


class Drawn(NamedTuple):
    """What a request gave.

    Attributes:
        receipts: of its draws, in order.
        entry: the journal entry where it was just made; None where the request was made before.
        rules: those in force; None likewise.
    """

    receipts: list[Receipt]
    entry: Entry | None = None
    rules: Rules | None = None


class Request:
    """One request of 1..n draws on its way: what does not change while it is decided again.

    Args:
        context: the engine's.
        campaign_id, participant: whose draws.
        request_id: the idempotency key; None: one is made when the flow begins, and stands in ``id`` then.
        n: how many draws, all or none.
        meta: plain data to keep with them.
    """

    __slots__ = ("_campaign_id", "_context", "_fingerprint", "_key", "_meta", "_tapes", "home", "id", "n", "participant")

    def __init__(self, context: Context, campaign_id: str, participant: str, request_id: str | None, n: int = 1, meta: Any = None) -> None:
        self._context = context
        self._campaign_id = campaign_id
        self.participant = participant
        self._key = "p/" + participant  # keys.participant, without the call
        self._meta = meta
        # Ids hold no control characters, so this is one-to-one; for one draw it costs no memory beside the owner.
        self._fingerprint = participant if n == 1 else f"{participant}\n{n}"
        self._tapes: list[Tape] = []
        self.home = context.home(campaign_id)
        self.id = request_id
        self.n = n

    def key(self) -> str:
        """The idempotency key to try again with, made now if the flow has not begun."""
        if self.id is None:
            self.id = new_request_id(self._context.now()[1])
        return self.id

    def flow(self) -> Flow[Drawn]:
        """Draw, once for each request id.

        Raises:
            DrawRefused: it may not happen now; nothing was written.
            RequestMismatch: the request id was used for another participant or number.
            UnknownCampaign: there is no such campaign.
        """
        context, home, key = self._context, self.home, self._key
        moment, now = context.now()
        if self.id is None:
            self.id = new_request_id(now)
        wanted = Read((keys.HEAD, key), (), self.id)
        view = yield Fetch(home, wanted)
        known: dict[str, tuple[int, int]] = {}
        misfires = 0
        while view.entry is None:
            doc, mine = view.docs[keys.HEAD], view.docs[key]
            head = context.head(self._campaign_id, doc)
            rules = context.known_rules(home, head.version) or (yield from context.rules(home, head.version))
            before = states.decode(mine.data)
            ordinal = rules.ordinal(now)
            state = before if ordinal <= before.day else before.on(ordinal)
            own = self._admitted(rules, head, state, now, moment, known)
            if own is None:
                # The cap over everyone goes before the day's as a reason, so it must be known.
                known.update((yield Fetch(home, Read((), (DRAWS,)))).counters)
                continue
            decided = self._decide(rules, head, before, state, mine.data, own, moment, now, known)
            if decided.asks:
                known.update((yield Fetch(home, Read((), decided.asks))).counters)
                continue
            expect = {keys.HEAD: doc.version, key: mine.version}
            outcome = yield Post(home, Commit(expect, decided.put, decided.added, decided.limits, (decided.entry,)))
            if type(outcome) is Committed:
                return _new(Drawn, (decided.receipts, outcome.entries[0], rules))
            if isinstance(outcome, (Replayed, Conflict)):
                return self._replay(outcome.entry)
            misfires += 1
            if misfires == MISFIRES:
                raise StorageBusy(f"the draw was overtaken {misfires} times by other writers; nothing was written, try again")
            moment, now = context.now()
            if isinstance(outcome, Refused):
                known.update(outcome.counters)
            else:
                view, known = outcome.view, {}
            if misfires == PATIENCE:
                yield Exclusive(home, (key,))
                view, known = (yield Fetch(home, wanted)), {}
        return self._replay(view.entry)

    def _decide(
        self,
        rules: Rules,
        head: Head,
        before: State,
        state: State,
        data: bytes,
        own: int,
        moment: datetime,
        now: int,
        known: Mapping[str, tuple[int, int]],
    ) -> _Decided:
        """The n decisions, each from its own tape, as the parts of a commit and as receipts.

        ``before`` is the participant as stored in ``data``, ``state`` the same on the campaign day; ``own`` draws use chances of the
        participant's own.
        """
        day = rules.day(state.day)
        added = {DRAWS: self.n} if head.counting else {}
        limits: dict[str, int] = {}
        lines: list[receipts.Line] = []
        made: list[Receipt] = []
        asks: tuple[str, ...] = ()
        request_id = self.id or ""
        drawn_at = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
        shared = (self._campaign_id, self.participant, request_id, drawn_at, day.date, rules.digest, rules.version, self._meta)
        origin = _new(receipts.Origin, shared)
        data = data or _NEW_DATA
        for place in range(self.n):
            if place == len(self._tapes):
                self._tapes.append(Tape(self._context.entropy))
            tape = self._tapes[place]
            tape.rewind()
            decision = decide(rules, state, day, tape, off_shelf=head.off_shelf, known=known, added=added)
            if decision.asks:
                asks += decision.asks
            is_own = place < own
            line = _line(rules, data, decision, own=is_own)
            lines.append(line)
            made.append(receipts.receipt(origin, place, line, before))
            if decision.prize != rules.thank_you:
                moves(rules, day, decision.prize, added, limits)
            before = state = advance(rules, state, decision, now, own=is_own)
            data = states.encode(state)
        content = receipts.DrawData(
            receipts.FORMAT, rules.version, rules.digest_bytes, day.ordinal, tuple(lines), self._meta, head.counting > NOT_COUNTED
        )
        entry = Entry(request_id, self._fingerprint, self.participant, DRAW, now, receipts.encode(content))
        return _new(_Decided, ({self._key: data}, added, limits, entry, made, asks))

    def _admitted(
        self, rules: Rules, head: Head, state: State, now: int, moment: datetime, known: Mapping[str, tuple[int, int]]
    ) -> int | None:
        """How many of the draws are the participant's own; None if that depends on the counter of all draws. Raises DrawRefused."""
        if not head.online:
            self._refuse(rules, state, now, moment, RefusalReason.OFFLINE)
        if not rules.is_open(now):
            self._refuse(rules, state, now, moment, RefusalReason.OUTSIDE_WINDOW)
        if state.refused:
            self._refuse(rules, state, now, moment, RefusalReason.BLOCKED)
        counted = known.get(DRAWS)
        found = admit(rules, state, self.n, now, counted[0] if counted else None)
        if not isinstance(found, RefusalReason):
            return found
        if found is RefusalReason.DAILY_DRAWS and counted is None and head.counting:
            return None
        return self._refuse(rules, state, now, moment, found)

    def _refuse(self, rules: Rules, state: State, now: int, moment: datetime, reason: RefusalReason) -> NoReturn:
        calendar, windows = rules.campaign.calendar, rules.campaign.windows
        day = rules.day(state.day).date
        retry_at = None
        if reason is RefusalReason.OUTSIDE_WINDOW:
            window = next_window(windows, moment)
            retry_at = None if window is None else window.start
        elif reason is RefusalReason.DAILY_DRAWS:
            retry_at = first_open(windows, calendar.day_start(day.fromordinal(day.toordinal() + 1)))
        message = f"{self.participant!r} may not draw in {self._campaign_id!r}: {reason}"
        if retry_at is not None:
            message += f"; try again from {retry_at.isoformat()}"
        raise DrawRefused(message, reason=reason, standing=standing(rules, state, day, now), retry_at=retry_at)

    def _replay(self, entry: Entry) -> Drawn:
        if entry.fingerprint != self._fingerprint:
            self._mismatch(entry)
        return Drawn(from_entry(self._campaign_id, entry))

    def _mismatch(self, entry: Entry) -> NoReturn:
        was = _asked(entry.fingerprint) if entry.kind == DRAW else f"{entry.kind!r} request"
        raise RequestMismatch(
            f"request {self.id!r} was used before in {self._campaign_id!r} for {was!r}, and not for {_asked(self._fingerprint)!r}; "
            "use a new request id for a new request",
            request_id=self.id or "",
        )


def _asked(fingerprint: str) -> str:
    """What a draw's fingerprint says, in words."""
    participant, _, n = fingerprint.partition("\n")
    return f"{n or 1} of {participant}"


class _Decided(NamedTuple):
    """The parts of a draw's commit, its receipts, and counters still to be asked for."""

    put: dict[str, bytes]
    added: dict[str, int]
    limits: dict[str, int]
    entry: Entry
    receipts: list[Receipt]
    asks: tuple[str, ...]


_NEW_DATA = states.encode(states.NEW)


def _line(rules: Rules, before: bytes, decision: Decision, *, own: bool) -> receipts.Line:
    prize = decision.prize
    return receipts.Line(
        msgspec.Raw(before),
        rules.won[prize],
        rules.ids[decision.drawn],
        decision.reason,
        rules.points[prize],
        decision.forced_by,
        decision.owed,
        decision.tickets,
        decision.refused,
        own,
    )


def from_entry(campaign_id: str, entry: Entry) -> list[Receipt]:
    """The receipts that a draw's journal entry holds."""
    return receipts.receipts(campaign_id, entry.owner, entry.id, entry.at, entry.data)


def preview_receipts(rules: Rules, entropy: Entropy, n: int, now: int, off_shelf: Collection[str]) -> list[Receipt]:
    """The receipts of a new participant's first ``n`` draws, one request each, with ample stock; nothing is written."""
    state = states.NEW.on(rules.ordinal(now))
    day, made = rules.day(state.day), []
    for place in range(n):
        decision = decide(rules, state, day, Tape(entropy), off_shelf=off_shelf)
        origin = receipts.Origin(
            rules.campaign.id, "preview", f"preview-{place + 1}", receipts.to_instant(now), day.date, rules.digest, rules.version, None
        )
        made.append(receipts.receipt(origin, 0, _line(rules, b"", decision, own=True), state))
        state = advance(rules, state, decision, now, own=True)
    return made


def check_meta(meta: object) -> Any:
    """What a caller wants kept with a request, as it is, if it is plain data of at most 4 KiB.

    Raises:
        InvalidRequest: it is not.
    """
    if meta is None:
        return None
    try:
        data = msgspec.msgpack.encode(meta)
    except (TypeError, OverflowError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{meta!r} is not plain data: {error}", "meta") from None
    if len(data) > META_BYTES:
        raise InvalidRequest(f"takes {len(data)} bytes; at most {META_BYTES} are kept", "meta")
    kept = msgspec.msgpack.decode(data)
    if kept != msgspec.msgpack.decode(data):
        raise InvalidRequest(f"{meta!r} holds what is not equal to itself, such as NaN; leave it out", "meta")
    return kept
