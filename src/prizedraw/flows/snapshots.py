"""A snapshot: the state and the stock of a campaign as it stands, read page by page and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw import state as states
from prizedraw.draw.receipt import to_instant
from prizedraw.draw.rules import DRAWS, POINTS
from prizedraw.draw.snapshot import Snapshot
from prizedraw.flows import keys
from prizedraw.flows.effects import Fetch, Flow, Listing
from prizedraw.flows.querying import published
from prizedraw.quota import left
from prizedraw.storage.protocol import Read

if TYPE_CHECKING:
    from prizedraw.draw.state import State
    from prizedraw.flows.context import Context

_PAGE = 1000


def snapshot(context: Context, campaign_id: str) -> Flow[Snapshot]:
    """Today's state and stock. O(participants).

    Stock and counts are of one instant; participants who draw while it is read may be ahead of them.
    """
    found = yield from published(context, campaign_id)
    rules, home = found.rules, context.home(campaign_id)
    now = context.now()
    day = rules.today(now)[0]
    counters = (yield Fetch(home, Read((), (*rules.shared(day), DRAWS)))).counters
    participants: dict[str, State] = {}
    prefix, after = keys.participant(""), None
    while True:
        page = yield Listing(home, "docs", prefix=prefix, after=after, limit=_PAGE)
        for key, doc in page.items:
            participants[key.removeprefix(prefix)] = _usable(states.decode(doc.data), now)
        if page.next is None:
            break
        after = page.next
    stock = {id_: counters[counter] for id_, counter in zip(rules.ids[:-1], rules.stock[:-1], strict=True)}
    return Snapshot(
        rules.campaign,
        to_instant(now),
        day.date,
        found.head.online,
        frozenset(found.head.off_shelf),
        {id_: left(limit, value) for id_, (value, limit) in stock.items()},
        {id_: counters[counter].value for id_, counter in zip(rules.ids[:-1], day.prizes, strict=True)},
        counters[day.total].value,
        counters[POINTS].value,
        counters[DRAWS].value,
        participants,
    )


def _usable(state: State, now: int) -> State:
    """The participant without granted draws that have expired."""
    lots = state.open_lots(now)
    return state if lots == state.granted else msgspec.structs.replace(state, granted=lots)
