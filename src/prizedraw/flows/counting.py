"""Counting all draws of a campaign, from when an edit first limits them.

Two steps, each held by guards. From the first on every draw moves the counter, so the number of those that did not is fixed; the
second counts them in the journal, and adds them in the commit that brings the limit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw import receipt as receipts
from prizedraw.flows import keys
from prizedraw.flows.context import COUNTING, encode_head
from prizedraw.flows.drawing import DRAW
from prizedraw.flows.effects import Fetch, Flow, Listing, Post
from prizedraw.flows.operator import decode, guard
from prizedraw.storage.protocol import Commit, Entry, Read

if TYPE_CHECKING:
    from prizedraw.flows.context import Context

VOID = "void"
CHECKPOINT = "checkpoint"
"""The kind of the entry that stands for entries that were dropped."""


def begin(context: Context, campaign_id: str) -> Flow[None]:
    """Let every draw from now on move the counter of all draws."""
    home = context.home(campaign_id)
    while True:
        view = yield Fetch(home, Read((keys.HEAD,)))
        head = context.head(campaign_id, view.docs[keys.HEAD])
        if head.counting:
            return
        changed = msgspec.structs.replace(head, counting=COUNTING)
        yield Post(home, Commit(guard(view), {keys.HEAD: encode_head(changed)}))


def moved(entry: Entry) -> tuple[int, bool]:
    """By how much a journal entry changed the number of all draws, and whether it moved their counter."""
    if entry.kind == DRAW:
        data = receipts.decode(entry.data)
        return len(data.lines), data.counted
    if entry.kind == VOID:
        detail = decode(entry.data).detail
        return -bool(detail["chance"]), detail["counted"]
    if entry.kind == CHECKPOINT:
        return decode(entry.data).detail["uncounted"], False
    return 0, True


def uncounted(home: str) -> Flow[int]:
    """The draws that were made before counting began. O(journal)."""
    total = 0
    after = None
    while True:
        page = yield Listing(home, "entries", after=after, limit=1000)
        for entry in page.items:
            by, counted = moved(entry)
            total += 0 if counted else by
        if page.next is None:
            return total
        after = page.next
