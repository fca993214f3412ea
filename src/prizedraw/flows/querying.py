"""Questions: what stands in the store, read and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from prizedraw.draw import receipt as receipts
from prizedraw.draw import state as states
from prizedraw.draw.odds import odds as next_odds
from prizedraw.draw.receipt import Receipt, from_instant, to_instant
from prizedraw.draw.rules import stock_counter
from prizedraw.draw.standing import Standing, standing
from prizedraw.errors import InvalidRequest
from prizedraw.flows import keys
from prizedraw.flows.counting import CHECKPOINT
from prizedraw.flows.drawing import DRAW, from_entry, preview_receipts
from prizedraw.flows.effects import Fetch, Flow, Listing
from prizedraw.flows.operator import decode
from prizedraw.sampling import SeededEntropy
from prizedraw.stock import Balance, Movement, MovementKind, StockLine
from prizedraw.storage.protocol import Entry, Read
from prizedraw.windows import CampaignState, state_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from prizedraw.campaign import Campaign
    from prizedraw.draw.rules import Rules
    from prizedraw.flows.context import Context, Head
    from prizedraw.sampling.entropy import Seed


class Published(NamedTuple):
    """What is in force of a campaign."""

    head: Head
    rules: Rules


def published(context: Context, campaign_id: str) -> Flow[Published]:
    """The head and the rules in force; raises UnknownCampaign."""
    home = context.home(campaign_id)
    view = yield Fetch(home, Read((keys.HEAD,)))
    head = context.head(campaign_id, view.docs[keys.HEAD])
    rules = yield from context.rules(home, head.version)
    return Published(head, rules)


def campaign(context: Context, campaign_id: str, version: int | None) -> Flow[Campaign]:
    """The definition last published, or that of an earlier version."""
    found = yield from published(context, campaign_id)
    if version is None:
        return found.rules.campaign
    if type(version) is not int or not 1 <= version <= found.head.version:
        raise InvalidRequest(f"{version!r} is not a version of {campaign_id!r}; there are 1 to {found.head.version}", "version")
    return (yield from context.rules(context.home(campaign_id), version)).campaign


def state(context: Context, campaign_id: str) -> Flow[CampaignState]:
    """Whether a campaign has not started, is running or is closed, now."""
    found = yield from published(context, campaign_id)
    return state_of(found.rules.campaign.windows, found.head.online, to_instant(context.now()))


def standing_of(context: Context, campaign_id: str, participant: str) -> Flow[Standing]:
    """A participant's standing now."""
    home, key = context.home(campaign_id), keys.participant(participant)
    view = yield Fetch(home, Read((keys.HEAD, key)))
    head = context.head(campaign_id, view.docs[keys.HEAD])
    rules = yield from context.rules(home, head.version)
    now = context.now()
    mine = states.decode(view.docs[key].data).on(rules.ordinal(now))
    return standing(rules, mine, rules.day(mine.day).date, now)


def stock(context: Context, campaign_id: str) -> Flow[dict[str, StockLine]]:
    """The stock of every prize of the definition in force, in prize order."""
    found = yield from published(context, campaign_id)
    rules = found.rules
    day = rules.day(rules.ordinal(context.now()))
    counters = (*rules.stock[:-1], *day.prizes)
    view = yield Fetch(context.home(campaign_id), Read((), counters))
    lines = {}
    for k, id_ in enumerate(rules.ids[:-1]):
        issued, allocated = view.counters[rules.stock[k]]
        lines[id_] = StockLine.of(Balance(allocated, issued, 0), view.counters[day.prizes[k]].value)
    return lines


def odds_of(context: Context, campaign_id: str, participant: str) -> Flow[dict[str, Fraction]]:
    """The exact odds of a participant's next draw now, stock, release, shelf and caps included."""
    home, key = context.home(campaign_id), keys.participant(participant)
    found = yield from published(context, campaign_id)
    rules = found.rules
    ordinal = rules.ordinal(context.now())
    day = rules.day(ordinal)
    view = yield Fetch(home, Read((key,), rules.shared(day)))
    mine = states.decode(view.docs[key].data).on(ordinal)
    return next_odds(rules, mine, day, found.head.off_shelf, view.counters)


def receipt(context: Context, campaign_id: str, request_id: str, place: int) -> Flow[Receipt | None]:
    """The receipt at ``place`` of a request, or None if there is none."""
    view = yield Fetch(context.home(campaign_id), Read((keys.HEAD,), (), request_id))
    context.head(campaign_id, view.docs[keys.HEAD])
    if view.entry is None or view.entry.kind != DRAW:
        return None
    made = from_entry(campaign_id, view.entry)
    return made[place] if place < len(made) else None


class Wanted(NamedTuple):
    """Which receipts are asked for."""

    participant: str | None = None
    wins_only: bool = False
    prize_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool = True
    voided: bool = True

    def check(self) -> None:
        """Raise InvalidRequest where a time is naive, or none."""
        for place, moment in (("since", self.since), ("until", self.until)):
            if moment is not None and (not isinstance(moment, datetime) or moment.utcoffset() is None):
                raise InvalidRequest(f"{moment!r} must be an aware datetime, or None", place)


def receipts_page(context: Context, campaign_id: str, wanted: Wanted, after: str | None) -> Flow[tuple[list[Receipt], str | None]]:
    """A page of receipts, and the cursor of the next one. Pages hold nothing open in between."""
    yield from published(context, campaign_id)
    home = context.home(campaign_id)
    page = yield Listing(home, "entries", owner=wanted.participant, kind=DRAW, after=after, newest_first=wanted.newest_first)
    found = list(_chosen(campaign_id, page.items, wanted))
    if found and not wanted.voided:
        marks = (yield Fetch(home, Read(tuple(keys.void(one.id) for one in found)))).docs
        found = [one for one in found if not marks[keys.void(one.id)].version]
    return found, page.next


def _chosen(campaign_id: str, entries: tuple[Entry, ...], wanted: Wanted) -> Iterator[Receipt]:
    since = None if wanted.since is None else from_instant(wanted.since)
    until = None if wanted.until is None else from_instant(wanted.until)
    for entry in entries:
        if (since is not None and entry.at < since) or (until is not None and entry.at >= until):
            continue
        made = from_entry(campaign_id, entry)
        for one in reversed(made) if wanted.newest_first else made:
            if (one.is_win or not wanted.wins_only) and wanted.prize_id in {None, one.prize.id}:
                yield one


def movements_page(context: Context, campaign_id: str, prize_id: str | None, after: str | None) -> Flow[tuple[list[Movement], str | None]]:
    """A page of stock movements in the order of the journal, and the cursor of the next one."""
    yield from published(context, campaign_id)
    home = context.home(campaign_id)
    entries: list[Entry] = []
    if after is None:  # what was brought forward comes first, wherever it stands
        entries += (yield Listing(home, "entries", kind=CHECKPOINT)).items
    page = yield Listing(home, "entries", after=after)
    entries += [entry for entry in page.items if entry.kind != CHECKPOINT]
    found = [one for entry in entries for one in movements_of(campaign_id, entry) if prize_id in {None, one.prize_id}]
    return found, page.next


def movements_of(campaign_id: str, entry: Entry) -> Iterator[Movement]:
    """The stock movements that a journal entry is: a winning draw is the movement of its issue."""
    at = to_instant(entry.at)
    after = {counter: Balance(limit, value, 0) for counter, value, limit in entry.after}
    if entry.kind == DRAW:
        for line in receipts.decode(entry.data).lines:
            if line.prize.kind != receipts.THANK_YOU_KIND:
                left = after.get(stock_counter(line.prize.id))
                yield Movement(line.prize.id, MovementKind.ISSUE, 1, at, "draw", "", "", entry.id, left)
        return
    data = decode(entry.data)
    for move in data.moves:
        left = after.get(stock_counter(move.prize_id))
        yield Movement(move.prize_id, MovementKind(move.kind), move.quantity, at, entry.kind, data.note, data.actor, entry.id, left)


def preview(context: Context, campaign_id: str, n: int, seed: Seed) -> Flow[list[Receipt]]:
    """What a new participant's first ``n`` draws would be, with ample stock and from a predictable source; nothing is written."""
    found = yield from published(context, campaign_id)
    return preview_receipts(found.rules, SeededEntropy(seed), n, context.now(), found.head.off_shelf)
