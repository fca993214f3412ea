"""Exporting a namespace: everything in it, as it was at one moment, as lines of ``dump``.

No store can be asked to hold still, so it is asked twice: what has the same versions and the same counters before and after a moment
was so at that moment. In between an entry is appended to each journal: once a listing shows it, it has shown all that was committed
before. Where something has changed there is no last line, and an error.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Literal

import msgspec

from prizedraw.draw.receipt import to_instant
from prizedraw.errors import StorageBusy
from prizedraw.flows import dump, keys
from prizedraw.flows.context import encode_head
from prizedraw.flows.effects import Flow, Listing, Post
from prizedraw.flows.publishing import campaign_ids
from prizedraw.storage.protocol import Commit

if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from prizedraw.flows.context import Context
    from prizedraw.flows.effects import Effect
    from prizedraw.flows.operator import Order
    from prizedraw.flows.streaming import Paged
    from prizedraw.storage.protocol import Entry

_PAGE = 500
_BALANCES: tuple[Literal["docs", "counters"], ...] = ("docs", "counters")

EXPORT = "export"


def export(context: Context, order: Order) -> Paged[bytes]:
    """The lines of a namespace, page by page; memory for a page.

    Raises:
        StorageBusy: it changed meanwhile.
    """
    tally = dump.Tally()
    ids = yield from campaign_ids(context)
    yield [_counted(tally, dump.Begin(dump.FORMAT, context.namespace, to_instant(context.now()).isoformat()))]
    seen: dict[str | None, bytes] = {}
    for campaign_id in (*ids, None):
        home = _home_of(context, campaign_id)
        yield [_counted(tally, dump.HomeLine(campaign_id))]
        seen[campaign_id] = yield from _balances(context, home, tally)
        yield Post(home, Commit({}, entries=(order.entry(context.now()),)))
        if not (yield from _journal(home, tally, order.request_id)):
            raise _changed(campaign_id)
    for campaign_id, before in seen.items():
        home = _home_of(context, campaign_id)
        if (yield from _state(home)) != before:
            raise _changed(campaign_id)
    if (yield from campaign_ids(context)) != ids:
        raise _changed(None)
    yield [dump.encode(tally.end())]


def _changed(campaign_id: str | None) -> StorageBusy:
    what = "the registry" if campaign_id is None else f"{campaign_id!r}"
    return StorageBusy(f"{what} changed while it was exported; take the campaigns offline, or wait for a quiet moment, and export again")


def _home_of(context: Context, campaign_id: str | None) -> str:
    return context.registry if campaign_id is None else context.home(campaign_id)


def _counted(tally: dump.Tally, line: dump.Line) -> bytes:
    data = dump.encode(line)
    tally.add(line, data)
    return data


def _balances(context: Context, home: str, tally: dump.Tally) -> Generator[Effect | list[bytes], Any, bytes]:
    """Hand out the documents and counters of a home; what tells later whether they have changed."""
    digest = hashlib.sha256()
    for of in _BALANCES:
        after = None
        while True:
            page = yield Listing(home, of, after=after, limit=_PAGE)
            digest.update(_marks(of, page.items))
            yield [_counted(tally, _line(context, of, key, held)) for key, held in page.items if (of, key) != ("docs", keys.IMPORT)]
            if page.next is None:
                break
            after = page.next
    return digest.digest()


def _journal(home: str, tally: dump.Tally, marker: str) -> Generator[Effect | list[bytes], Any, bool]:
    """Hand out the entries of a home; whether the one that was put to mark the moment is among them."""
    found, after = False, None
    while True:
        page = yield Listing(home, "entries", after=after, limit=_PAGE)
        yield [_counted(tally, _entry(entry)) for entry in page.items]
        found = found or any(entry.id == marker for entry in page.items)
        if page.next is None:
            return found
        after = page.next


def _state(home: str) -> Flow[bytes]:
    """What ``_balances`` returns, read again."""
    digest = hashlib.sha256()
    for of in _BALANCES:
        after = None
        while True:
            page = yield Listing(home, of, after=after, limit=_PAGE)
            digest.update(_marks(of, page.items))
            if page.next is None:
                break
            after = page.next
    return digest.digest()


def _marks(of: str, items: tuple[Any, ...]) -> bytes:
    """What tells that one of these has changed: versions never come twice, and a counter never moves without an entry or a document."""
    return repr([(key, held.version) for key, held in items] if of == "docs" else [(key, *held) for key, held in items]).encode()


def _line(context: Context, of: str, key: str, held: Any) -> dump.Line:
    if (of, key) == ("docs", keys.HEAD):  # of however many stripes, it is exported as a campaign of one home
        head = msgspec.structs.replace(context.head(key, held), stripes=1)
        return dump.DocLine(key, held.version, encode_head(head))
    return dump.DocLine(key, held.version, held.data) if of == "docs" else dump.CounterLine(key, held.value, held.limit)


def _entry(entry: Entry) -> dump.EntryLine:
    return dump.EntryLine(entry.id, entry.fingerprint, entry.owner, entry.kind, entry.at, entry.data, entry.cursor, entry.after)
