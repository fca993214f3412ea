"""The audit: every balance is counted again from the journal, and compared with what the store holds."""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING

import msgspec

from prizedraw.draw import receipt as receipts
from prizedraw.draw import state as states
from prizedraw.draw.receipt import THANK_YOU_KIND
from prizedraw.draw.rules import DRAWS, POINTS, release_counter, stock_counter
from prizedraw.errors import PrizeDrawError
from prizedraw.flows import keys
from prizedraw.flows.context import COUNTED
from prizedraw.flows.counting import moved
from prizedraw.flows.drawing import DRAW
from prizedraw.flows.effects import Exclusive, Flow, Listing
from prizedraw.flows.operator import decode
from prizedraw.flows.querying import movements_of, published
from prizedraw.quota import UNLIMITED
from prizedraw.stock import balances
from prizedraw.storage.protocol import UNTOUCHED

if TYPE_CHECKING:
    from datetime import date

    from prizedraw.flows.context import Context
    from prizedraw.stock import Movement
    from prizedraw.storage.protocol import Counter, Entry

_PAGE = 1000


class Audit(msgspec.Struct, frozen=True):
    """The verdict of an audit; true where nothing differs.

    Attributes:
        entries: journal entries read.
        draws: draws counted in them.
        differences: one sentence for each balance that is not what the journal says.
    """

    entries: int
    draws: int
    differences: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every balance is the sum of the journal."""
        return not self.differences

    def __bool__(self) -> bool:
        return self.ok


class _Recount:
    """What the journal adds up to."""

    def __init__(self) -> None:
        self.entries = self.draws = self.uncounted = 0
        self.movements: list[Movement] = []
        self.counters: Tally[str] = Tally()
        self.participants: dict[str, Tally[str]] = {}

    def add(self, campaign_id: str, entry: Entry) -> None:
        self.entries += 1
        by, counted = moved(entry)
        self.counters[DRAWS] += by if counted else 0
        self.uncounted += 0 if counted else by
        self.movements += movements_of(campaign_id, entry)
        if entry.kind == DRAW:
            self._draw(entry)
        elif entry.kind == "void":
            self._void(entry)

    def _draw(self, entry: Entry) -> None:
        data = receipts.decode(entry.data)
        mine = self.participants.setdefault(entry.owner, Tally())
        day = receipts.to_day(data.day)
        self.draws += len(data.lines)
        for line in data.lines:
            mine["number"] += 1
            mine["draws"] += line.own
            if line.prize.kind != THANK_YOU_KIND:
                self._win(mine, day, line.prize.id, line.points, 1)

    def _void(self, entry: Entry) -> None:
        detail = decode(entry.data).detail
        mine = self.participants.setdefault(entry.owner, Tally())
        if detail["win"]:
            self._win(mine, receipts.to_day(detail["day"]), detail["prize"], detail["points"], -1)
        if detail["chance"]:
            mine["draws"] -= detail["own"]

    def _win(self, mine: Tally[str], day: date, prize_id: str, points: int, sign: int) -> None:
        self.counters[release_counter(day, prize_id)] += sign
        self.counters[release_counter(day)] += sign
        mine["wins"] += sign
        mine[f"won/{prize_id}"] += sign
        if points:
            self.counters[POINTS] += sign * points
            mine["points"] += sign * points


def audit(context: Context, campaign_id: str) -> Flow[Audit]:
    """Count every balance of a campaign again from its journal.

    The long part reads without keeping anybody away; only what was added meanwhile, and the balances, are read while writers wait.
    Cost: the whole journal, and memory for each participant.
    """
    home = context.home(campaign_id)
    recount = _Recount()
    after = yield from _read(home, campaign_id, recount, None)
    yield Exclusive(home, (keys.HEAD,))
    yield from _read(home, campaign_id, recount, after)
    head = (yield from published(context, campaign_id)).head
    if head.counting == COUNTED:
        recount.counters[DRAWS] += recount.uncounted
    differences: list[str] = []
    yield from _compare_counters(home, recount, differences)
    yield from _compare_participants(home, recount, differences)
    return Audit(recount.entries, recount.draws, tuple(differences))


def _read(home: str, campaign_id: str, recount: _Recount, after: str | None) -> Flow[str | None]:
    """Count the journal behind a cursor; the cursor of the last entry read."""
    while True:
        page = yield Listing(home, "entries", after=after, limit=_PAGE)
        for entry in page.items:
            recount.add(campaign_id, entry)
        if page.items:
            after = str(page.items[-1].cursor)
        if page.next is None:
            return after


def _compare_counters(home: str, recount: _Recount, differences: list[str]) -> Flow[None]:
    found = yield from _all_counters(home)
    expected = dict(recount.counters)
    try:
        ledger = balances(recount.movements)
    except PrizeDrawError as broken:
        differences.append(str(broken))
        ledger = {}
    for prize_id, balance in ledger.items():
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


def _compare_participants(home: str, recount: _Recount, differences: list[str]) -> Flow[None]:
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
