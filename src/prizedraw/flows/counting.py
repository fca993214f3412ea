"""Counting all draws of a campaign from its journal, when an edit begins to limit them.

The counter of all draws is kept only while it has a limit: it is one row that every draw would have to wait for. So an edit that
brings the limit counts what the journal holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prizedraw.draw import receipt as receipts
from prizedraw.draw.rules import DRAWS
from prizedraw.flows.drawing import DRAW
from prizedraw.flows.effects import Flow, Listing, Post
from prizedraw.flows.operator import Order, decode
from prizedraw.storage.protocol import Commit

if TYPE_CHECKING:
    from prizedraw.storage.protocol import Entry

VOID = "void"
RECOUNT = "recount"


class Count(NamedTuple):
    """Draws made, and those of them whose chance was given back."""

    drawn: int
    returned: int


def returned(entry: Entry) -> bool:
    """Whether a journal entry gave a chance back."""
    return entry.kind == VOID and bool(decode(entry.data).detail["chance"])


def count(home: str, version: int) -> Flow[Count]:
    """Count the draws of all versions up to this one. O(journal)."""
    drawn = given_back = 0
    after = None
    while True:
        page = yield Listing(home, "entries", after=after, limit=1000)
        for entry in page.items:
            if entry.kind == DRAW:
                data = receipts.decode(entry.data)
                drawn += len(data.lines) if data.version <= version else 0
            given_back += returned(entry)
        if page.next is None:
            return Count(drawn, given_back)
        after = page.next


def repair(home: str, version: int, published: Entry) -> Flow[None]:
    """Add draws that were committed between the count of an edit and the edit itself.

    There are none where the edit kept draws away. No draw under ``version`` or an earlier one can be committed any more.
    """
    counted = decode(published.data).detail.get("drawn")
    if counted is None:
        return
    missed = (yield from count(home, version)).drawn - counted
    if missed:
        order = Order(RECOUNT, f"{published.id}#{RECOUNT}", f"{version} {missed}")
        yield Post(home, Commit({}, {}, {DRAWS: missed}, {}, (order.entry(published.at),)))
