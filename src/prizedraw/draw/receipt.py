"""Receipts: what a draw leaves in the caller's hands, and how it is kept in the journal.

Only the values and their encoding live here; deciding is ``decide``, checking is ``verify``.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from prizedraw.draw import state
from prizedraw.draw.formats import unreadable
from prizedraw.draw.state import State
from prizedraw.errors import InvalidRequest
from prizedraw.fallback import Reason

FORMAT = 1
THANK_YOU = "thank-you"
THANK_YOU_KIND = "thank_you"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_instant(at: int) -> datetime:
    """The aware time of so many microseconds since the Unix epoch."""
    return EPOCH + timedelta(microseconds=at)


def from_instant(moment: datetime) -> int:
    """Microseconds since the Unix epoch of an aware time, exactly."""
    since = moment - EPOCH
    return since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds


def to_day(ordinal: int) -> date:
    """The campaign day of an ordinal."""
    return date.fromordinal(ordinal)


class Ticket(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A number drawn: ``value`` is uniform in [0, size)."""

    size: int
    value: int


class Shortage(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A counter that closed a prize: what it stood at, and its limit."""

    counter: str
    value: int
    limit: int


class Won(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The prize that a draw granted, as it was then: ``kind`` is "product", "points" or "thank_you"."""

    id: str
    name: str
    kind: str


class Receipt(msgspec.Struct, frozen=True, gc=False):
    """One draw, as it happened; two receipts of the same draw are equal.

    Attributes:
        campaign_id, participant: whose draw it was.
        request_id: the caller's idempotency key; all draws of a multi-draw share it.
        place: which of the request's draws it is, from 0.
        number: this participant's n-th draw in the campaign, from 1.
        at: when, in microseconds since the Unix epoch; ``drawn_at`` is the same as an aware time.
        day: the campaign day it counts for.
        prize: what was granted: ``.id``, ``.name``, ``.kind``.
        reason: None on a win, else why it is a thank-you.
        drawn: id of the first prize that a ticket named.
        points: points won; 0 unless a points prize was.
        forced_by: id of the rule that was due and honoured, "newcomer", or None.
        owed: ids of rules that were due and followed, but could not be honoured; they stay due.
        tickets: every number drawn, in order.
        rules: digest of the rules that were in force.
        version: number of that version of the campaign, from 1.
        before: the participant before this draw.
        refused: the counters that closed prizes, as they stood.
        own: whether it used a chance of the participant's own; False: a granted one.
        meta: what the caller gave with the request.
    """

    campaign_id: str
    participant: str
    request_id: str
    place: int
    number: int
    at: int
    day: date
    prize: Won
    reason: Reason | None
    drawn: str
    points: int
    forced_by: str | None
    owed: tuple[str, ...]
    tickets: tuple[Ticket, ...]
    rules: str
    version: int
    before: State
    refused: tuple[Shortage, ...]
    own: bool = True
    meta: Any = None

    @property
    def id(self) -> str:
        """Names this draw among all; ``engine.receipt(id)`` finds it."""
        return f"{self.campaign_id}:{self.place}:{self.request_id}"

    @property
    def drawn_at(self) -> datetime:
        """When, aware, in UTC."""
        return to_instant(self.at)

    @property
    def is_win(self) -> bool:
        """Whether the draw granted anything but the thank-you."""
        return self.prize.kind != THANK_YOU_KIND

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, as JSON can hold it: ``id`` and ``drawn_at`` in place of ``place`` and ``at``."""
        fields = {name: _plain(getattr(self, name)) for name in self.__struct_fields__ if name not in ("place", "at")}
        return {"id": self.id, "drawn_at": self.drawn_at.isoformat(), **fields}


def _plain(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return {name: _plain(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return msgspec.to_builtins(value, order="deterministic")


class Line(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One draw of a journal entry; ``before`` is the participant's document as it was."""

    before: msgspec.Raw
    prize: Won
    drawn: str
    reason: Reason | None
    points: int
    forced_by: str | None
    owed: tuple[str, ...]
    tickets: tuple[Ticket, ...]
    refused: tuple[Shortage, ...]
    own: bool = True


class DrawData(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """The content of a journal entry of kind "draw": 1..n draws of one request.

    Attributes:
        format: the version of this layout.
        version: version of the campaign.
        rules: digest of the rules, as bytes.
        day: ordinal of the campaign day.
        lines: the draws in order.
        meta: what the caller wanted kept with it.
        counted: whether the counter of all draws was moved.
    """

    format: int
    version: int
    rules: bytes
    day: int
    lines: tuple[Line, ...]
    meta: Any = None
    counted: bool = False


_decoder = msgspec.msgpack.Decoder(DrawData)
encode = msgspec.msgpack.Encoder().encode


def decode(data: bytes) -> DrawData:
    """Read the content of a draw's journal entry.

    Raises:
        StorageVersion: it was written by a newer version of prizedraw.
        StorageCorrupt: it is damaged.
    """
    try:
        found = _decoder.decode(data)
    except msgspec.DecodeError:
        raise unreadable("a journal entry", data, FORMAT) from None
    if found.format != FORMAT:
        raise unreadable("a journal entry", data, FORMAT)
    return found


def parse_receipt_id(id_: str) -> tuple[str, int, str]:
    """Campaign id, place (from 0) in its request, and request id of a receipt. Campaign ids hold no colon.

    Raises:
        InvalidRequest: it is not a receipt id.
    """
    campaign_id, _, rest = id_.partition(":") if isinstance(id_, str) else ("", "", "")
    place, _, request_id = rest.partition(":")
    if not (campaign_id and request_id and place.isascii() and place.isdecimal() and len(place) <= 3 and place == str(int(place))):
        # One spelling only: a draw is voided once for each id.
        raise InvalidRequest(f"{id_!r} is not a receipt id; use the .id of a receipt")
    return campaign_id, int(place), request_id


def receipts(campaign_id: str, participant: str, request_id: str, at: int, content: bytes) -> list[Receipt]:
    """The receipts that a draw's journal entry holds, in order; ``at`` in microseconds since the epoch."""
    data = decode(content)
    day, rules = to_day(data.day), data.rules.hex()
    found = []
    for place, line in enumerate(data.lines):
        before = state.decode(line.before)
        told = (line.prize, line.reason, line.drawn, line.points, line.forced_by, line.owed, line.tickets)
        kept = (rules, data.version, before, line.refused, line.own, data.meta)
        found.append(Receipt(campaign_id, participant, request_id, place, before.number + 1, at, day, *told, *kept))
    return found
