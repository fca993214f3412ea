"""Publishing: a definition becomes the rules in force, and its stock the limits of counters.

Titles are unique in a namespace: claimed in the registry first, posted to the campaign second, released third; a crash in between
leaves at most a title too many claimed, and the next version of the campaign releases it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from prizedraw.campaign import Campaign, check_edit
from prizedraw.draw import formats
from prizedraw.draw import state as states
from prizedraw.draw.receipt import to_instant
from prizedraw.draw.rules import DRAWS, POINTS, stock_counter
from prizedraw.errors import InvalidEdit
from prizedraw.flows import counting, keys
from prizedraw.flows.context import COUNTED, FORMAT, NOT_COUNTED, Context, Head, encode_head
from prizedraw.flows.drawing import DRAW
from prizedraw.flows.effects import Exclusive, Fetch, Flow, Listing, Post
from prizedraw.flows.operator import Move, Order, carry_out, decode, guard
from prizedraw.quota import UNLIMITED
from prizedraw.stock import MovementKind, reallocation
from prizedraw.storage.protocol import Commit, Committed, Counter, Entry, Read, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PUBLISH = "publish"


class Listed(msgspec.Struct, array_like=True, frozen=True):
    """A campaign's line in the registry.

    Attributes:
        format: the version of this layout.
        published: False until a publication has come to its end.
        claims: title → the version that it was last claimed for.
    """

    format: int
    published: bool
    claims: dict[str, int]


_decoder = msgspec.msgpack.Decoder(Listed)


def publish(
    context: Context, campaign: Campaign, order: Order, *, online: bool, expect_version: int | None, stripes: int | None = None
) -> Flow[int]:
    """Put a campaign's definition in force; the number of the version that is in force then.

    Equal to the last published one, it does nothing. An edit keeps reallocations, what is off the shelf, and the offline switch
    (``online=False`` takes it offline). ``stripes`` is how many homes the first publication spreads the campaign over.

    Raises:
        InvalidEdit: the change may not be made, the title is taken, or another version than expected is in force.
    """
    home = context.home(campaign.id)
    published: Entry | None = None
    while published is None:
        current = yield from _current(context, home, campaign.id)
        found = current[0].version if current else 0
        if expect_version is not None and expect_version != found:
            raise InvalidEdit(
                f"version {found} of {campaign.id!r} is in force, not {expect_version}; look at it and publish again", "version"
            )
        if current is not None and stripes not in {None, current[0].stripes}:
            raise InvalidEdit(
                f"{campaign.id!r} is spread over {current[0].stripes} stripes since it was first published; leave stripes out",
                "stripes",
            )
        if current is not None and current[1] == campaign and (online or not current[0].online):
            break
        docs, counters, prepare = _publication(context, campaign, current, order, online=online, stripes=stripes or 1)
        view = yield Fetch(home, Read(docs, counters, order.request_id))
        if view.entry is None:
            yield from prepare(view, context.now())  # raises before anything is written
            yield from _claim(context, campaign, found + 1)
            if current is None:
                yield from _bar(context, home)  # before anybody can draw
        if current is not None and campaign.quota.campaign_draws != UNLIMITED:
            yield from counting.begin(context, campaign.id)
        # Draws wait while the limits are worked out from what is issued.
        yield Exclusive(home, (keys.HEAD,))
        published = yield from carry_out(context, home, order, docs, counters, prepare)
    head = yield from _current(context, home, campaign.id)
    assert head is not None  # noqa: S101 - it is published, and nothing deletes it
    yield from _release(context, campaign.id, head[1].title, head[0].version)
    return head[0].version


def _current(context: Context, home: str, campaign_id: str) -> Flow[tuple[Head, Campaign] | None]:
    view = yield Fetch(home, Read((keys.HEAD,)))
    if not view.docs[keys.HEAD].version:
        return None
    head = context.head(campaign_id, view.docs[keys.HEAD])
    rules = yield from context.rules(home, head.version)
    return head, rules.campaign


def _publication(
    context: Context, campaign: Campaign, current: tuple[Head, Campaign] | None, order: Order, *, online: bool, stripes: int
) -> tuple[tuple[str, ...], tuple[str, ...], Any]:
    """What ``carry_out`` needs for the publication itself."""
    old = current[1] if current else None
    version = (current[0].version if current else 0) + 1
    ids = {prize.id for one in (old, campaign) if one for prize in one.prizes}
    counters = (DRAWS, POINTS, *(stock_counter(id_) for id_ in sorted(ids)))

    def prepare(view: View, now: int) -> Flow[Commit | None]:
        doc = view.docs[keys.HEAD]
        head = context.head(campaign.id, doc) if doc.version else None
        if (head.version if head else 0) != version - 1:
            return None  # somebody published meanwhile: look again
        if old is not None and old.calendar != campaign.calendar and (yield from _has_drawn(context, campaign.id)):
            # The first window may have been moved into the future since then, so the windows alone do not tell.
            raise InvalidEdit("draws have been made, and days that have been counted cannot be cut anew; put the zone back", "timezone")
        off_shelf = head.off_shelf if head else frozenset[str]()
        on_shelves = off_shelf & {prize.id for prize in campaign.prizes}
        counted = (COUNTED if campaign.quota.campaign_draws != UNLIMITED else NOT_COUNTED) if head is None else head.counting
        add: dict[str, int] = {}
        used = {key: view.counters[key].value for key in (DRAWS, POINTS)}
        if counted != COUNTED and campaign.quota.campaign_draws != UNLIMITED:
            add[DRAWS] = yield from counting.uncounted(context.home(campaign.id))
            used[DRAWS] += add[DRAWS]
            counted = COUNTED
        switched = Head(
            FORMAT, version, online and (head is None or head.online), on_shelves, counted, stripes if head is None else head.stripes
        )
        detail = {"version": version, "online": switched.online}
        limits, moves = dict(_caps(campaign, used)), []
        for id_, wanted in _allocations(old, campaign, view.counters, to_instant(now)):
            held = view.counters[stock_counter(id_)]
            before = 0 if held.limit == UNLIMITED and not _was_there(old, id_) else held.limit
            kind = MovementKind.RESTOCK if before else MovementKind.ALLOCATE
            moves += [Move(id_, step, quantity) for step, quantity in reallocation(before, wanted, added_as=kind)]
            limits[stock_counter(id_)] = wanted
        return Commit(
            {**guard(view), keys.rules(version): 0},
            {keys.HEAD: encode_head(switched), keys.rules(version): campaign.dumps("json").encode()},
            add,
            limits,
            (order.entry(now, tuple(moves), detail),),
        )

    return (keys.HEAD,), counters, prepare


def _has_drawn(context: Context, campaign_id: str) -> Flow[bool]:
    home = context.home(campaign_id)
    if (yield Listing(home, "entries", kind=DRAW, limit=1)).items:
        return True
    checkpoints = (yield Listing(home, "entries", kind=counting.CHECKPOINT)).items
    return any(decode(entry.data).detail["draws"] for entry in checkpoints)


def _was_there(old: Campaign | None, id_: str) -> bool:
    return old is not None and any(prize.id == id_ for prize in old.prizes)


def _caps(campaign: Campaign, used: dict[str, int]) -> Iterator[tuple[str, int]]:
    """The limits of the counters over the whole campaign; what is used already may not be above them."""
    for counter, limit, place in (
        (DRAWS, campaign.quota.campaign_draws, "quota.campaign_draws"),
        (POINTS, campaign.points.total_limit, "points.total"),
    ):
        if limit != UNLIMITED and limit < used[counter]:
            raise InvalidEdit(f"{limit} is below the {used[counter]} that are used; give at least {used[counter]}", place)
        yield counter, limit


def _allocations(old: Campaign | None, new: Campaign, counters: dict[str, Counter], now: Any) -> Iterable[tuple[str, int]]:
    """(prize id, allocation) of every prize whose allocation this publication sets."""
    if old is None:
        return [(prize.id, prize.stock) for prize in new.prizes]
    edit = check_edit(old, new, now)
    found = []
    for id_ in (*edit.added, *edit.renewed):
        # What was issued under the id before stays issued; the new stock comes on top.
        stock, issued = new.prize(id_).stock, counters[stock_counter(id_)].value
        found.append((id_, stock if stock == UNLIMITED else issued + stock))
    return found + [(id_, counters[stock_counter(id_)].value) for id_ in edit.removed]


def _claim(context: Context, campaign: Campaign, version: int) -> Flow[None]:
    """Claim the title in the registry for a version to come, and list the campaign there."""
    title, line = keys.title(campaign.title), keys.listed(campaign.id)
    while True:
        view = yield Fetch(context.registry, Read((title, line)))
        owner = view.docs[title].data.decode()
        if owner not in {"", campaign.id}:
            raise InvalidEdit(f"{campaign.title!r} is the title of {owner!r}; titles are unique, choose another", "title")
        listed = _listed(view.docs[line].data)
        if owner and listed.claims.get(campaign.title, 0) >= version:
            return
        claims = {**listed.claims, campaign.title: version}
        put = {title: campaign.id.encode(), line: msgspec.msgpack.encode(Listed(FORMAT, listed.published, claims))}
        outcome = yield Post(context.registry, Commit(guard(view), put))
        if isinstance(outcome, Committed):
            return


def _release(context: Context, campaign_id: str, title: str, version: int) -> Flow[None]:
    """Give back every title but this one that was claimed for ``version`` or an earlier one.

    A title claimed for a later one belongs to a publication that is on its way, or came after what is known here.
    """
    line = keys.listed(campaign_id)
    while True:
        view = yield Fetch(context.registry, Read((line,)))
        listed = _listed(view.docs[line].data)
        over = {claim for claim, made_for in listed.claims.items() if made_for <= version and claim != title}
        if listed.published and not over:
            return
        held = (yield Fetch(context.registry, Read(tuple(keys.title(claim) for claim in sorted(over))))).docs
        put = {key: b"" for key, doc in held.items() if doc.data == campaign_id.encode()}
        kept = {claim: made_for for claim, made_for in listed.claims.items() if claim not in over}
        put[line] = msgspec.msgpack.encode(Listed(FORMAT, True, kept))
        expect = {**guard(view), **{key: doc.version for key, doc in held.items()}}
        outcome = yield Post(context.registry, Commit(expect, put))
        if isinstance(outcome, Committed):
            return


def _listed(data: bytes) -> Listed:
    if not data:
        return Listed(FORMAT, False, {})
    return formats.read(_decoder, data, "a campaign's line in the registry", FORMAT)


def published_ids(context: Context) -> Flow[list[str]]:
    """The ids of all published campaigns of the namespace, in order; one whose publication broke off is not among them."""
    found: list[str] = []
    for id_, listed in (yield from _lines(context)):
        if not listed.published:
            home = context.home(id_)
            view = yield Fetch(home, Read((keys.HEAD,)))
            if not view.docs[keys.HEAD].version:
                continue
        found.append(id_)
    return found


def campaign_ids(context: Context) -> Flow[list[str]]:
    """The ids of all campaigns that are published or about to be, in order."""
    return [id_ for id_, _ in (yield from _lines(context))]


def _lines(context: Context) -> Flow[list[tuple[str, Listed]]]:
    found: list[tuple[str, Listed]] = []
    after = None
    while True:
        page = yield Listing(context.registry, "docs", prefix=keys.listed(""), after=after)
        found += [(key.removeprefix(keys.listed("")), _listed(doc.data)) for key, doc in page.items]
        if page.next is None:
            return found
        after = page.next


def _bar(context: Context, home: str) -> Flow[None]:
    """Carry who is blocked everywhere into the campaign's home; those blocked from now on find it in the registry."""
    after = None
    while True:
        page = yield Listing(context.registry, "docs", prefix=keys.barred(""), after=after)
        for key, doc in page.items:
            yield from post_bar(home, key.removeprefix(keys.barred("")), doc.version if doc.data == b"1" else -doc.version)
        if page.next is None:
            return
        after = page.next


def post_bar(home: str, participant: str, word: int) -> Flow[None]:
    """Write the platform's word on a participant, numbered by its size and negative for "not blocked", unless a later one is there."""
    key = keys.participant(participant)
    while True:
        view = yield Fetch(home, Read((key,)))
        state = states.decode(view.docs[key].data)
        if abs(state.barred) >= abs(word):
            return
        changed = msgspec.structs.replace(state, barred=word)
        outcome = yield Post(home, Commit(guard(view), {key: states.encode(changed)}))
        if isinstance(outcome, Committed):
            return
