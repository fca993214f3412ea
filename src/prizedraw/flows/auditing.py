"""The audit: every balance is counted again from the journal, and compared with what the store holds."""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw import state as states
from prizedraw.draw.rules import DRAWS, stock_counter
from prizedraw.flows import keys
from prizedraw.flows.context import COUNTED
from prizedraw.flows.counting import CHECKPOINT
from prizedraw.flows.effects import Exclusive, Flow, Listing
from prizedraw.flows.querying import published
from prizedraw.flows.recounting import Recount
from prizedraw.quota import UNLIMITED
from prizedraw.storage.protocol import UNTOUCHED

if TYPE_CHECKING:
    from prizedraw.flows.context import Context
    from prizedraw.storage.protocol import Counter

_PAGE = 1000


class Audit(msgspec.Struct, frozen=True):
    """The verdict of an audit; true where nothing differs.

    Attributes:
        entries: journal entries read.
        draws: draws counted in them.
        differences: one sentence for each balance that is not what the journal says.
        archived: entries that were dropped before, and which checkpoints stand for.
    """

    entries: int
    draws: int
    differences: tuple[str, ...]
    archived: int = 0

    @property
    def ok(self) -> bool:
        """Whether every balance is the sum of the journal."""
        return not self.differences

    def __bool__(self) -> bool:
        return self.ok


def audit(context: Context, campaign_id: str) -> Flow[Audit]:
    """Count every balance of a campaign again from its journal.

    The long part reads without keeping anybody away; only what was added meanwhile, and the balances, are read while writers wait.
    Cost: the whole journal, and memory for each participant.
    """
    home = context.home(campaign_id)
    # Clocks merge the journals of stripes, by which a draw may come before what gave it its stock; the sums do not mind.
    partial = (yield from published(context, campaign_id)).head.stripes > 1
    while True:
        recount = Recount(partial=partial)
        known = yield from _begin(home, campaign_id, recount)
        after = yield from _read(home, campaign_id, recount, known, None)
        yield Exclusive(home, (keys.HEAD,))
        after = yield from _read(home, campaign_id, recount, known, after)
        if after is not _MOVED:
            break
    head = (yield from published(context, campaign_id)).head
    if head.counting == COUNTED:
        recount.counters[DRAWS] += recount.uncounted
    differences: list[str] = []
    yield from _compare_counters(home, recount, differences)
    yield from _compare_participants(home, recount, differences)
    return Audit(recount.entries, recount.draws, tuple(differences), recount.archived)


_MOVED = "moved"


def _begin(home: str, campaign_id: str, recount: Recount) -> Flow[set[str]]:
    """Count the checkpoints first, since what they stand for came first; their ids."""
    checkpoints = (yield Listing(home, "entries", kind=CHECKPOINT, limit=_PAGE)).items
    for entry in checkpoints:
        recount.add(campaign_id, entry)
        yield from recount.add_past(home, entry)
    return {entry.id for entry in checkpoints}


def _read(home: str, campaign_id: str, recount: Recount, known: set[str], after: str | None) -> Flow[str | None]:
    """Count the journal behind a cursor; the cursor of the last entry read, or _MOVED where entries were dropped meanwhile."""
    while after is not _MOVED:
        page = yield Listing(home, "entries", after=after, limit=_PAGE)
        for entry in page.items:
            if entry.kind != CHECKPOINT:
                recount.add(campaign_id, entry)
            elif entry.id not in known:
                return _MOVED
        if page.items:
            after = str(page.items[-1].cursor)
        if page.next is None:
            break
    return after


def _compare_counters(home: str, recount: Recount, differences: list[str]) -> Flow[None]:
    found = yield from _all_counters(home)
    expected = dict(recount.counters)
    if recount.broken:
        differences.append(recount.broken)
    for prize_id, balance in {} if recount.broken else recount.ledger.balances().items():
        key = stock_counter(prize_id)
        expected[key] = balance.issued
        value, limit = found.setdefault(key, UNTOUCHED)
        _compare(differences, key, "has the limit", limit, balance.allocated)
        if limit != UNLIMITED and value > limit:
            differences.append(f"{key} stands at {value}, beyond its limit of {limit}")
    for key in found.keys() | expected.keys():
        _compare(differences, key, "stands at", found.get(key, UNTOUCHED).value, expected.get(key, 0))


def _all_counters(home: str) -> Flow[dict[str, Counter]]:
    found: dict[str, Counter] = {}
    after = None
    while True:
        page = yield Listing(home, "counters", after=after, limit=_PAGE)
        found.update(page.items)
        if page.next is None:
            return found
        after = page.next


def _compare_participants(home: str, recount: Recount, differences: list[str]) -> Flow[None]:
    after = None
    expected = recount.participants
    prefix = keys.participant("")
    while True:
        page = yield Listing(home, "docs", prefix=prefix, after=after, limit=_PAGE)
        for key, doc in page.items:
            state = states.decode(doc.data)
            mine = expected.pop(key.removeprefix(prefix), Tally())
            found = {name: getattr(state, name) for name in ("number", "draws", "wins", "points")}
            found |= {f"won/{prize_id}": n for prize_id, n in state.won.items()}
            for name in found.keys() | mine.keys():
                _compare(differences, f"{key}: {name}", "is", found.get(name, 0), mine[name])
        if page.next is None:
            break
        after = page.next
    differences += [f"{keys.participant(owner)} is missing, and the journal holds draws of it" for owner in expected]


def _compare(differences: list[str], what: str, verb: str, found: int, expected: int) -> None:
    if found != expected:
        differences.append(f"{what} {verb} {found}, and the journal says {expected}")
