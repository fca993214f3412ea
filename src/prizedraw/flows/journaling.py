"""Reading the journal as an operator does: every entry with its receipts or movements, by cursor, so that it can be followed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from prizedraw.draw.receipt import Receipt, to_instant
from prizedraw.errors import InvalidRequest
from prizedraw.flows.drawing import DRAW, from_entry
from prizedraw.flows.effects import Flow, Listing
from prizedraw.flows.operator import decode
from prizedraw.flows.querying import movements_of, published
from prizedraw.flows.sharing import MOST
from prizedraw.stock import Movement

if TYPE_CHECKING:
    from prizedraw.flows.context import Context
    from prizedraw.storage.protocol import Entry

_PAGE = 500
_DIGITS = 19
"""Digits that a cursor has at most, for each stripe."""


class JournalEntry(msgspec.Struct, frozen=True):
    """One entry of a campaign's journal: one request.

    Attributes:
        cursor: its place; give it as ``after`` to read on behind it.
        at: aware, in UTC.
        kind: "draw", or what an operator did.
        participant: whom it is about, or None.
        request_id: the idempotency key.
        receipts: of its draws.
        movements: of stock; a winning draw is one of them.
        detail: what else an operator's entry says.
        actor, note: who, and why; empty for a draw.
    """

    cursor: str
    at: datetime
    kind: str
    participant: str | None
    request_id: str
    receipts: tuple[Receipt, ...] = ()
    movements: tuple[Movement, ...] = ()
    detail: Mapping[str, Any] = {}
    actor: str = ""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Everything by name, as JSON can hold it; see ``Receipt.to_dict``."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        fields["receipts"] = [receipt.to_dict() for receipt in self.receipts]
        return msgspec.to_builtins(fields, order="deterministic")  # type: ignore[no-any-return]  # a dictionary gives one


class Lines(NamedTuple):
    """Which entries are asked for."""

    participant: str | None = None
    kind: str | None = None
    newest_first: bool = False

    def check(self, *, follow: bool) -> Lines:
        """The same, if it can be asked for.

        Raises:
            InvalidRequest: nothing comes where a journal is followed backwards.
        """
        if follow and self.newest_first:
            raise InvalidRequest("a journal is followed forwards; leave newest_first out", "follow")
        return self


def journal_page(context: Context, campaign_id: str, lines: Lines, after: str | None) -> Flow[tuple[list[JournalEntry], str | None]]:
    """A page of the journal behind the cursor ``after``, and the cursor of the next one."""
    head = (yield from published(context, campaign_id)).head
    if after is not None and len(after) > _DIGITS * head.stripes:
        raise _no_cursor(after)
    page = yield Listing(
        context.home(campaign_id),
        "entries",
        owner=lines.participant,
        kind=lines.kind,
        after=after,
        limit=_PAGE,
        newest_first=lines.newest_first,
    )
    return [journal_entry(campaign_id, entry) for entry in page.items], page.next


def journal_entry(campaign_id: str, entry: Entry) -> JournalEntry:
    """What an entry of the store says."""
    shared = (str(entry.cursor), to_instant(entry.at), entry.kind, entry.owner or None, entry.id)
    movements = tuple(movements_of(campaign_id, entry))
    if entry.kind == DRAW:
        return JournalEntry(*shared, tuple(from_entry(campaign_id, entry)), movements)
    data = decode(entry.data)
    return JournalEntry(*shared, (), movements, data.detail, data.actor, data.note)


def check_cursor(after: object) -> str | None:
    """A cursor as it is, if it can be one.

    Raises:
        InvalidRequest: it cannot.
    """
    if after is None or (isinstance(after, str) and after.isascii() and after.isdecimal() and len(after) <= _DIGITS * MOST):
        return after
    raise _no_cursor(after)


def _no_cursor(after: object) -> InvalidRequest:
    return InvalidRequest(f"{after!r} is not a cursor; give the .cursor of an entry, or None for the beginning", "after")
