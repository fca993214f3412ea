"""Listings of a campaign of several stripes: one page after the other, as if it had one home.

Entries are merged by time, those of a stripe staying in the order of its journal. The cursor of an entry holds where the reader
stands in each stripe then, so that one who follows the journal misses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from prizedraw.flows import keys
from prizedraw.flows.effects import Fetch, Listing
from prizedraw.flows.sharing import SHARES, totals
from prizedraw.storage.protocol import MAX_INTEGER, UNTOUCHED, Entry, Page, Read

if TYPE_CHECKING:
    from prizedraw.flows.effects import Flow
    from prizedraw.flows.sharing import Stripes

CLAIM = "claim"
"""The kind of an entry that claims a request id in one stripe for a request to another; no listing shows it unless asked for it."""
_BASE = MAX_INTEGER + 1


def listing(stripes: Stripes, asked: Listing) -> Flow[Page[Any]]:
    """A page of what all stripes hold."""
    if asked.of == "entries":
        return (yield from _entries(stripes, asked))
    stripe, after = 0, None
    if asked.after is not None:
        number, _, rest = asked.after.partition(":")
        stripe, after = int(number), rest or None
    page = yield msgspec.structs.replace(asked, home=stripes.at(stripe), after=after)
    items = [item for item in page.items if _is_shown(stripe, item[0])] if asked.of == "docs" else page.items
    if asked.of == "counters":
        items = yield from _counters(stripes, stripe, page.items)
    if page.next is not None:
        return Page(tuple(items), f"{stripe}:{page.next}")
    return Page(tuple(items), f"{stripe + 1}:" if stripe + 1 < stripes.n else None)


def _is_shown(stripe: int, key: str) -> bool:
    """Whether a document is the campaign's, and not only one stripe's."""
    return key != SHARES and (stripe == 0 or key != keys.HEAD)


def _counters(stripes: Stripes, stripe: int, items: tuple[Any, ...]) -> Flow[list[Any]]:
    """The counters of a page summed over all stripes, without those that a stripe before has shown."""
    found = tuple(key for key, _ in items)
    shown: set[str] = set()
    for before in range(stripe):
        view = yield Fetch(stripes.at(before), Read((), found))
        shown |= {key for key, counter in view.counters.items() if counter != UNTOUCHED}
    return list((yield from totals(stripes, [key for key in found if key not in shown])).items())


def _entries(stripes: Stripes, asked: Listing) -> Flow[Page[Entry]]:
    places = _places(stripes, int(asked.after or 0))
    size = -(-asked.limit // stripes.n)
    lines: list[list[Entry]] = []
    more: list[bool] = []
    for stripe in range(stripes.n):
        after = str(places[stripe]) if places[stripe] else None
        page = yield msgspec.structs.replace(asked, home=stripes.at(stripe), after=after, limit=size)
        lines.append(list(reversed(page.items)))
        more.append(page.next is not None)
    merged: list[Entry] = []
    sign = -1 if asked.newest_first else 1
    # A stripe of which everything read is merged may have what comes next, if there is more of it.
    while any(lines) and all(left or not rest for left, rest in zip(lines, more, strict=True)):
        stripe = min((k for k in range(stripes.n) if lines[k]), key=lambda k: (sign * lines[k][-1].at, -sign * k))
        entry = lines[stripe].pop()
        places[stripe] = entry.cursor
        if entry.kind != CLAIM or asked.kind == CLAIM:
            merged.append(shown(entry, _packed(places)))
    return Page(tuple(merged), str(_packed(places)) if any(lines) or any(more) else None)


def shown(entry: Entry, cursor: int) -> Entry:
    """An entry as one of the campaign: what it left of a stripe's share says nothing of the whole."""
    return msgspec.structs.replace(entry, cursor=cursor, after=())


def _packed(places: list[int]) -> int:
    """Where a reader stands in every stripe, as one number."""
    return sum(place * _BASE**stripe for stripe, place in enumerate(places))


def _places(stripes: Stripes, packed: int) -> list[int]:
    return [packed // _BASE**stripe % _BASE for stripe in range(stripes.n)]
