"""Stock alerts: derived from the journal, where each downward crossing is told by exactly one entry.

An entry notes what its commit left of every limited counter, so whether it crossed a threshold can be read from it alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw import receipt as receipts
from prizedraw.draw.receipt import to_instant
from prizedraw.draw.rules import stock_counter
from prizedraw.flows.drawing import DRAW
from prizedraw.flows.effects import Flow, Listing
from prizedraw.flows.operator import decode
from prizedraw.flows.querying import published
from prizedraw.flows.shortages import SHORTAGE
from prizedraw.quota import UNLIMITED, left
from prizedraw.stock import MovementKind, crossing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prizedraw.draw.rules import Rules
    from prizedraw.flows.context import Context
    from prizedraw.storage.protocol import Entry


class Alert(msgspec.Struct, frozen=True):
    """Stock that ran low or out.

    Attributes:
        campaign_id, prize_id: whose.
        kind: "low_stock" or "sold_out".
        remaining: units left.
        at: aware, in UTC.
        request_id: the request that crossed the threshold.
    """

    campaign_id: str
    prize_id: str
    kind: str
    remaining: int
    at: datetime
    request_id: str


_DOWN = {MovementKind.ISSUE: 1, MovementKind.VOID: -1, MovementKind.RELEASE: 1, MovementKind.RESTOCK: -1, MovementKind.ALLOCATE: -1}
"""By how much a unit of each kind lowers what remains."""


def alerts_of(rules: Rules, entry: Entry) -> Iterator[Alert]:
    """The crossings that a journal entry made; ``rules`` are those in force then."""
    if entry.kind == SHORTAGE:
        told = decode(entry.data).detail
        yield Alert(rules.campaign.id, told["prize"], told["kind"], told["remaining"], to_instant(entry.at), told["request"])
        return
    lowered = _lowered(entry)
    if not lowered:
        return
    after = {counter: (value, limit) for counter, value, limit in entry.after}
    for prize_id, units in lowered.items():
        found = after.get(stock_counter(prize_id))
        if found is None or prize_id not in rules.number:
            continue
        remaining = left(found[1], found[0])
        before = UNLIMITED if units is None else remaining + units
        kind = crossing(before, remaining, rules.prizes[rules.number[prize_id]].alert_stock)
        if kind is not None:
            yield Alert(rules.campaign.id, prize_id, kind, remaining, to_instant(entry.at), entry.id)


def _lowered(entry: Entry) -> dict[str, int | None]:
    """Prize id → by how much the entry lowered what remained of it; None: a limit was set where there was none."""
    lowered: dict[str, int | None] = {}
    if entry.kind == DRAW:
        for line in receipts.decode(entry.data).lines:
            if line.prize.kind != receipts.THANK_YOU_KIND:
                lowered[line.prize.id] = (lowered.get(line.prize.id) or 0) + 1
        return lowered
    for move in decode(entry.data).moves:
        if move.quantity == UNLIMITED:
            lowered[move.prize_id] = None
        elif lowered.get(move.prize_id, 0) is not None:
            lowered[move.prize_id] = (lowered.get(move.prize_id) or 0) + _DOWN[MovementKind(move.kind)] * move.quantity
    return {prize_id: units for prize_id, units in lowered.items() if units is None or units > 0}


def alerts_page(context: Context, campaign_id: str, after: str | None) -> Flow[tuple[list[Alert], str | None]]:
    """A page of alerts in the order of the journal, and the cursor of the next one."""
    found = yield from published(context, campaign_id)
    page = yield Listing(context.home(campaign_id), "entries", after=after)
    alerts: list[Alert] = []
    for entry in page.items:
        version = (
            receipts.decode(entry.data).version if entry.kind == DRAW else decode(entry.data).detail.get("version", found.head.version)
        )
        rules = yield from context.rules(context.home(campaign_id), version)
        alerts += alerts_of(rules, entry)
    return alerts, page.next
