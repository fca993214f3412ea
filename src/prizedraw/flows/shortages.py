"""Stock alerts of a campaign of several stripes: told when a stripe that runs dry looks at what all of them have left.

So they come later than those of a campaign of one home, where the commit that crosses a threshold tells; but each crossing that was
seen is told by one entry, in the journal of the first stripe, under the guard of what was told last.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw.rules import stock_counter
from prizedraw.flows import keys, sharing
from prizedraw.flows.effects import Fetch, Flow, Post
from prizedraw.flows.operator import FORMAT, OperatorData
from prizedraw.flows.sharing import SHARES
from prizedraw.quota import UNLIMITED
from prizedraw.stock import crossing
from prizedraw.storage.protocol import Commit, Entry, Read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prizedraw.flows.context import Context
    from prizedraw.flows.sharing import Stripes
    from prizedraw.storage.protocol import Counter

SHORTAGE = "shortage"
"""The kind of an entry that tells of stock that ran low or out."""
_WORSE = {"": 0, "low_stock": 1, "sold_out": 2}


def tell(context: Context, stripes: Stripes, totals: Mapping[str, Counter], asked: Sequence[Entry]) -> Flow[None]:
    """Tell of stock that has run low or out since it was told last.

    Args:
        context: the engine's.
        stripes: of the campaign.
        totals: counters as if the campaign had one home, just seen.
        asked: the entry of the request for which they were looked at.
    """
    view = yield Fetch(stripes.home, Read((keys.HEAD, SHARES)))
    rules = yield from context.rules(stripes.home, context.head(stripes.home, view.docs[keys.HEAD]).version)
    shares = sharing.decode(view.docs[SHARES])
    told, entries = dict(shares.told), []
    for prize in rules.prizes[:-1]:
        counter = stock_counter(prize.id)
        if counter not in totals or totals[counter].limit == UNLIMITED:
            continue
        value, limit = totals[counter]
        kind = crossing(UNLIMITED, limit - value, prize.alert_stock) or ""
        if _WORSE[kind] > _WORSE[told.get(counter, "")]:
            detail = {"prize": prize.id, "kind": kind, "remaining": limit - value, "request": asked[0].id}
            data = msgspec.msgpack.encode(OperatorData(FORMAT, "", "", (), detail))
            id_ = f"{SHORTAGE}/{prize.id}/{view.docs[SHARES].version}"
            entries.append(Entry(id_, f"\n{SHORTAGE} {prize.id}", "", SHORTAGE, asked[0].at, data))
        told[counter] = kind
    if told != shares.told:
        put = {SHARES: sharing.encode(msgspec.structs.replace(shares, told=told))}
        yield Post(stripes.home, Commit({SHARES: view.docs[SHARES].version}, put, {}, {}, tuple(entries)))
