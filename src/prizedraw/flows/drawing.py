"""The use case everything else is for: one request of 1..n draws, atomic and idempotent.

The loop is here (D4): a stale view is decided again from the same tapes, a refused counter is made known and adds tickets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import msgspec
from msgspec import Raw

from prizedraw.draw import receipt as receipts
from prizedraw.draw import state as states
from prizedraw.draw.decide import advance, decide, moves
from prizedraw.draw.receipt import Receipt
from prizedraw.draw.rules import DRAWS, Rules
from prizedraw.draw.standing import admit, standing
from prizedraw.errors import DrawRefused, InvalidRequest, RequestMismatch, StorageBusy
from prizedraw.flows.context import NOT_COUNTED, Context
from prizedraw.flows.effects import MISFIRES, PATIENCE, Exclusive, Fetch, Flow, Post
from prizedraw.flows.ids import new_request_id
from prizedraw.flows.keys import HEAD
from prizedraw.quota import RefusalReason
from prizedraw.sampling import Tape
from prizedraw.storage.protocol import Commit, Committed, Conflict, Entry, Read, Refused, Replayed
from prizedraw.windows import first_open, next_window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from prizedraw.draw.state import State
    from prizedraw.flows.context import Head
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


class Request(msgspec.Struct, gc=False):
    """One request of 1..n draws on its way: what does not change while it is decided again.

    Attributes:
        context: the engine's.
        campaign_id, participant: whose draws.
        home: the campaign's.
        id: the idempotency key; None: one is made when the flow begins.
        n: how many draws, all or none.
        meta: plain data to keep with them.
        tapes: of the draws that were decided before.
    """

    context: Context
    campaign_id: str
    participant: str
    home: str
    id: str | None
    n: int = 1
    meta: Any = None
    tapes: list[Tape] = []

    def key(self) -> str:
        """The idempotency key to try again with, made now if the flow has not begun."""
        if self.id is None:
            self.id = new_request_id(self.context.now())
        return self.id

    @property
    def fingerprint(self) -> str:
        """What the request asks: ids hold no control characters, so this is one-to-one, and one draw costs no memory beside the owner."""
        return self.participant if self.n == 1 else f"{self.participant}\n{self.n}"

    def flow(self) -> Flow[Drawn]:  # noqa: C901 - the one loop of every draw, in which a call costs
        """Draw, once for each request id.

        Raises:
            DrawRefused: it may not happen now; nothing was written.
            RequestMismatch: the request id was used for another participant or number.
            UnknownCampaign: there is no such campaign.
        """
        context, home, n = self.context, self.home, self.n
        key = "p/" + self.participant  # keys.participant, without the call
        now = context.now()
        if self.id is None:
            self.id = new_request_id(now)
        in_force = context.in_force[home]
        wanted = Read((HEAD, key), (), self.id)
        if context.is_crowded(home, key, now):
            yield Exclusive(home, (key,))
        view = yield Fetch(home, wanted)
        known: dict[str, tuple[int, int]] = {}
        misfires = 0
        while view.entry is None:
            doc, mine = view.docs[HEAD], view.docs[key]
            head, rules = in_force.get(doc.data) or (yield from context.put_in_force(self.campaign_id, doc))
            before = states.decode(mine.data)
            ordinal = rules.ordinal(now)
            state = before if ordinal <= before.day else before.on(ordinal)
            own = n
            if (
                state.draws + n > rules.most_draws
                or state.day_draws + n > rules.most_draws_a_day
                or not (head.online and rules.is_open(now))
                or state.blocked
                or state.barred > 0
                or DRAWS in known
            ):  # not the usual case, in which every draw is the participant's own
                admitted = self._admitted(rules, head, state, now, known)
                if admitted is None:
                    # The cap over everyone goes before the day's as a reason, so it must be known.
                    known.update((yield Fetch(home, Read((), (DRAWS,)))).counters)
                    continue
                own = admitted
            expect = {HEAD: doc.version, key: mine.version}
            made, commit, asks = self._decide(rules, head, before, state, expect, mine.data, own, now, known)
            if asks:
                known.update((yield Fetch(home, Read((), asks))).counters)
                continue
            outcome = yield Post(home, commit)
            if type(outcome) is Committed:
                return _new(Drawn, (made, outcome.entries[0], rules))
            if isinstance(outcome, (Replayed, Conflict)):
                return self._replay(outcome.entry)
            misfires += 1
            if misfires == MISFIRES:
                raise StorageBusy(f"the draw was overtaken {misfires} times by other writers; nothing was written, try again")
            now = context.now()
            if isinstance(outcome, Refused):
                known.update(outcome.counters)
            else:
                view, known = outcome.view, {}
            if misfires == PATIENCE:
                context.crowd(home, key, now)
                yield Exclusive(home, (key,))
                view, known = (yield Fetch(home, wanted)), {}
        return self._replay(view.entry)

    def _decide(
        self,
        rules: Rules,
        head: Head,
        before: State,
        state: State,
        expect: dict[str, int],
        data: bytes,
        own: int,
        now: int,
        known: Mapping[str, tuple[int, int]],
    ) -> tuple[list[Receipt], Commit, tuple[str, ...]]:
        """The n decisions, each from its own tape: their receipts, the commit, and counters still to be asked for.

        ``before`` is the participant as stored in ``data``, ``state`` the same on the campaign day; ``own`` draws use chances of the
        participant's own. Nothing is called here that can be written out: every draw passes.
        """
        n, participant, request_id, meta, tapes = self.n, self.participant, self.key(), self.meta, self.tapes
        day, off_shelf = rules.day(state.day), head.off_shelf
        added = {DRAWS: n} if head.counting else {}
        limits: dict[str, int] = {}
        lines, made = [], []
        asks: tuple[str, ...] = ()
        data = data or _NEW_DATA
        for nth in range(n):
            if nth == len(tapes):
                tapes.append(Tape(self.context.entropy))
            else:
                tapes[nth].head = 0
            decision = decide(rules, state, day, tapes[nth], off_shelf, known, added)
            prize, named, reason, forced_by, owed, tickets, refused, asked, _ = decision
            asks += asked
            is_own = nth < own
            won, drawn, points = rules.won[prize], rules.ids[named], rules.points[prize]
            lines.append((Raw(data), won, drawn, reason, points, forced_by, owed, tickets, refused, is_own))  # a receipts.Line
            made.append(
                Receipt(
                    self.campaign_id, participant, request_id, nth, before.number + 1, now, day.date, won, reason, drawn, points, forced_by,
                    owed, tickets, rules.digest, rules.version, before, refused, is_own, meta,
                )
            )  # fmt: skip
            if prize != rules.thank_you:
                moves(rules, day, prize, added, limits)
            before = state = advance(rules, state, decision, now, is_own)
            data = states.encode(state)
        counted = head.counting > NOT_COUNTED
        content = (receipts.FORMAT, rules.version, rules.digest_bytes, day.ordinal, lines, meta, counted)  # a receipts.DrawData
        entry = Entry(request_id, participant if n == 1 else self.fingerprint, participant, DRAW, now, receipts.encode(content))
        return made, Commit(expect, {"p/" + participant: data}, added, limits, (entry,)), asks

    def _admitted(self, rules: Rules, head: Head, state: State, now: int, known: Mapping[str, tuple[int, int]]) -> int | None:
        """How many of the draws are the participant's own; None if that depends on the counter of all draws. Raises DrawRefused."""
        if not head.online:
            self._refuse(rules, state, now, RefusalReason.OFFLINE)
        if not rules.is_open(now):
            self._refuse(rules, state, now, RefusalReason.OUTSIDE_WINDOW)
        if state.refused:
            self._refuse(rules, state, now, RefusalReason.BLOCKED)
        counted = known.get(DRAWS)
        found = admit(rules, state, self.n, now, counted[0] if counted else None)
        if not isinstance(found, RefusalReason):
            return found
        if found is RefusalReason.DAILY_DRAWS and counted is None and head.counting:
            return None
        return self._refuse(rules, state, now, found)

    def _refuse(self, rules: Rules, state: State, now: int, reason: RefusalReason) -> NoReturn:
        calendar, windows = rules.campaign.calendar, rules.campaign.windows
        day = rules.day(state.day).date
        retry_at = None
        if reason is RefusalReason.OUTSIDE_WINDOW:
            window = next_window(windows, receipts.to_instant(now))
            retry_at = None if window is None else window.start
        elif reason is RefusalReason.DAILY_DRAWS:
            retry_at = first_open(windows, calendar.day_start(day.fromordinal(day.toordinal() + 1)))
        message = f"{self.participant!r} may not draw in {self.campaign_id!r}: {reason}"
        if retry_at is not None:
            message += f"; try again from {retry_at.isoformat()}"
        raise DrawRefused(message, reason=reason, standing=standing(rules, state, day, now), retry_at=retry_at)

    def _replay(self, entry: Entry) -> Drawn:
        if entry.fingerprint != self.fingerprint:
            self.mismatch(entry)
        return Drawn(from_entry(self.campaign_id, entry))

    def mismatch(self, entry: Entry) -> NoReturn:
        """Raise RequestMismatch: the request's id is that of another entry."""
        was = _asked(entry.fingerprint) if entry.kind == DRAW else f"{entry.kind!r} request"
        raise RequestMismatch(
            f"request {self.id!r} was used before in {self.campaign_id!r} for {was!r}, and not for {_asked(self.fingerprint)!r}; "
            "use a new request id for a new request",
            request_id=self.id or "",
        )


def _asked(fingerprint: str) -> str:
    """What a draw's fingerprint says, in words."""
    participant, _, n = fingerprint.partition("\n")
    return f"{n or 1} of {participant}"


_NEW_DATA = states.encode(states.NEW)


def from_entry(campaign_id: str, entry: Entry) -> list[Receipt]:
    """The receipts that a draw's journal entry holds."""
    return receipts.receipts(campaign_id, entry.owner, entry.id, entry.at, entry.data)


def preview_receipts(rules: Rules, entropy: Entropy, n: int, now: int, off_shelf: Collection[str]) -> list[Receipt]:
    """The receipts of a new participant's first ``n`` draws, one request each, with ample stock; nothing is written."""
    state = states.NEW.on(rules.ordinal(now))
    day, made = rules.day(state.day), []
    for place in range(n):
        decision = decide(rules, state, day, Tape(entropy), off_shelf)
        prize, named, reason, forced_by, owed, tickets, refused, _, _ = decision
        told = (rules.won[prize], reason, rules.ids[named], rules.points[prize], forced_by, owed, tickets)
        whose = (rules.campaign.id, "preview", f"preview-{place + 1}", 0, state.number + 1, now, day.date)
        made.append(Receipt(*whose, *told, rules.digest, rules.version, state, refused))
        state = advance(rules, state, decision, now, True)
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
