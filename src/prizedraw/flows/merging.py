"""Listings of a campaign of several stripes: one page after the other, as if it had one home.

Entries are merged by time, those of a stripe staying in the order of its journal. The cursor of an entry holds where the reader
stands in each stripe then, so that one who follows the journal misses nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from prizedraw.flows import keys
from prizedraw.flows.effects import Fetch, Listing
from prizedraw.flows.sharing import MOST, SHARES, totals
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
    place = None if asked.after is None else _Place.read(stripes, int(asked.after))
    ends = _ends(stripes, place, backwards=asked.newest_first)
    size = -(-asked.limit // stripes.n)
    lines: list[list[Entry]] = []
    more: list[bool] = []
    for stripe, end in enumerate(ends):
        after = None if end in {0, _BASE} else str(end)
        page = yield msgspec.structs.replace(asked, home=stripes.at(stripe), after=after, limit=size)
        lines.append(list(reversed(page.items)))
        more.append(page.next is not None)
    merged: list[Entry] = []
    sign = -1 if asked.newest_first else 1
    # A stripe of which everything read is merged may have what comes next, if there is more of it.
    while any(lines) and all(left or not rest for left, rest in zip(lines, more, strict=True)):
        stripe = min((k for k in range(stripes.n) if lines[k]), key=lambda k: (sign * lines[k][-1].at, sign * k))
        entry = lines[stripe].pop()
        ends[stripe] = entry.cursor
        place = _Place(stripe, tuple(end - (asked.newest_first and k != stripe) for k, end in enumerate(ends)))
        if entry.kind != CLAIM or asked.kind == CLAIM:
            merged.append(shown(entry, place.packed()))
    rest = any(lines) or any(more)
    return Page(tuple(merged), str(place.packed()) if rest and place is not None else None)


def shown(entry: Entry, cursor: int) -> Entry:
    """An entry as one of the campaign: what it left of a stripe's share says nothing of the whole."""
    return msgspec.structs.replace(entry, cursor=cursor, after=())


class _Place(NamedTuple):
    """Where an entry stands: its stripe, and in each stripe the cursor up to which entries come before it, its own for itself."""

    stripe: int
    cursors: tuple[int, ...]

    def packed(self) -> int:
        """As one number, the cursor of the entry."""
        packed = 0
        for cursor in reversed(self.cursors):
            packed = packed * _BASE + cursor
        return packed * MOST + self.stripe

    @classmethod
    def read(cls, stripes: Stripes, packed: int) -> _Place:
        """From the cursor of an entry."""
        rest, stripe = divmod(packed, MOST)
        return cls(stripe, tuple(rest // _BASE**k % _BASE for k in range(stripes.n)))


def _ends(stripes: Stripes, place: _Place | None, *, backwards: bool) -> list[int]:
    """In each stripe, the cursor behind which a listing goes on; 0 and _BASE for all of it."""
    if place is None:
        return [_BASE if backwards else 0] * stripes.n
    if not backwards:
        return list(place.cursors)
    return [cursor + (stripe != place.stripe) for stripe, cursor in enumerate(place.cursors)]
