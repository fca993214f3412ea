"""Shares: how the stripes of a campaign divide what is limited for all of them together.

In each stripe a limited counter has a share of the whole limit as its own limit; the first stripe has all that no other one was
given. A stripe whose share runs dry takes from the one that has most left: the giver lowers its limit in one commit, the taker
raises its own in another. Each keeps count of what it gave to whom and took from whom so far, beside the limits and under their
guard, so what is on its way is the difference of two numbers: anyone can bring it home, nobody twice, and a crash in between
strands units for a while and makes none. A limit changes only in a commit that puts ``SHARES``; so where no version of it has
changed between two looks, the limits, and what was on its way, stood as seen at one instant.
"""

from __future__ import annotations

from datetime import date
from itertools import chain, count
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

import msgspec

from prizedraw.draw import formats
from prizedraw.draw.rules import DRAWS, POINTS, release_counter
from prizedraw.flows import keys
from prizedraw.flows.effects import Fetch, Flow, Post
from prizedraw.storage.protocol import NO_LIMIT, Commit, Counter, Doc, Read, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from prizedraw.flows.context import Context

FORMAT = 1
SHARES: Final = "shares"
"""The document of a stripe that every change of a limit in it puts."""


MOST: Final = 64
"""Stripes that a campaign may have."""


class Stripes(NamedTuple):
    """The stripes of a campaign: ``n`` homes, the first of which has the name of the campaign's."""

    home: str
    n: int

    def at(self, stripe: int) -> str:
        """The home of a stripe; no id of a campaign holds a tilde."""
        return f"{self.home}~{stripe}" if stripe else self.home

    def of(self, name: str) -> int:
        """The stripe of a participant, or the one in which a request id is claimed."""
        return crc32(name.encode()) % self.n

    def beside(self, name: str, neighbour: str) -> str:
        """A name of which another one's stripe is the stripe: the same, or with a number behind."""
        stripe = self.of(neighbour)
        names = chain([name], (f"{name}.{number}" for number in count(1)))
        return next(found for found in names if self.of(found) == stripe)


def is_stripe(home: str) -> bool:
    """Whether a home is a stripe, and not the first."""
    return "~" in home


class Shares(msgspec.Struct, array_like=True, frozen=True):
    """What a stripe knows of the others.

    Attributes:
        format: the version of this layout.
        head: the version of the first stripe's head that this one follows; 0 in the first.
        given: stripe → counter → units given to it so far.
        taken: stripe → counter → units taken so far of what it gave.
        days: in the first, counter of a day → the version of the head that brought its limit, and the limit of all stripes together.
        debts: counter → what was taken back here of units that another stripe has counted, zero or less: value and limit are too
            high by it, since neither may fall below zero.
        told: in the first, counter → the kind of the alert that was told of it last, while it is so.
    """

    format: int = FORMAT
    head: int = 0
    given: dict[int, dict[str, int]] = {}
    taken: dict[int, dict[str, int]] = {}
    days: dict[str, tuple[int, int]] = {}
    debts: dict[str, int] = {}
    told: dict[str, str] = {}


_decoder = msgspec.msgpack.Decoder(Shares)
encode = msgspec.msgpack.Encoder().encode


def decode(doc: Doc) -> Shares:
    """Read the document SHARES; it may be absent.

    Raises:
        StorageVersion: it was written by a newer version of prizedraw.
        StorageCorrupt: it is damaged.
    """
    if not doc.data:
        return Shares()
    return formats.read(_decoder, doc.data, "the shares of a stripe", FORMAT)


class Look(NamedTuple):
    """What the stripes were seen to hold, each by itself at one instant.

    Attributes:
        views: of each stripe, SHARES and the counters asked for.
        shares: of each stripe, SHARES read.
    """

    views: list[View]
    shares: list[Shares]

    def on_its_way(self, giver: int, taker: int, counter: str) -> int:
        """Units given and not yet taken."""
        given = self.shares[giver].given.get(taker, {}).get(counter, 0)
        return max(0, given - self.shares[taker].taken.get(giver, {}).get(counter, 0))

    def on_their_way(self, taker: int, counter: str) -> int:
        """Units that any stripe has given to this one, and which it has not taken yet."""
        return sum(self.on_its_way(giver, taker, counter) for giver in range(len(self.views)))

    def room(self, stripe: int, counter: str) -> int:
        """Units that a stripe's share has left; none where it has no limit, as there is nothing to give then."""
        value, limit = self.views[stripe].counters[counter]
        return max(0, limit - value)

    def counter(self, stripe: int, counter: str) -> Counter:
        """A counter of a stripe, without its debt."""
        value, limit = self.views[stripe].counters[counter]
        debt = self.shares[stripe].debts.get(counter, 0)
        return Counter(value + debt, limit if limit == NO_LIMIT else limit + debt)

    def elsewhere(self, counter: str) -> int:
        """What the limits of all stripes but the first, and what is on its way, add up to; no limit stands for none left to give."""
        others = [self.counter(stripe, counter) for stripe in range(1, len(self.views))]
        own = sum(value if limit == NO_LIMIT else limit for value, limit in others)
        return own + sum(self.on_their_way(taker, counter) for taker in range(len(self.views)))

    def total(self, counter: str) -> Counter:
        """The counter as if the campaign had one home."""
        first = self.counter(0, counter).limit
        value = sum(self.counter(stripe, counter).value for stripe in range(len(self.views)))
        return Counter(value, NO_LIMIT if first == NO_LIMIT else first + self.elsewhere(counter))

    def versions(self) -> list[int]:
        """What changes with every change of a limit."""
        return [view.docs[SHARES].version for view in self.views]


def look(stripes: Stripes, counters: Sequence[str]) -> Flow[Look]:
    """Look at each stripe."""
    read = Read((SHARES,), tuple(counters))
    views = []
    for stripe in range(stripes.n):
        views.append((yield Fetch(stripes.at(stripe), read)))  # noqa: PERF401 - a comprehension cannot yield
    return Look(views, [decode(view.docs[SHARES]) for view in views])


def look_twice(stripes: Stripes, counters: Sequence[str]) -> Flow[Look]:
    """Look at each stripe until no limit has changed meanwhile, so that the limits are those of one instant."""
    found = yield from look(stripes, counters)
    while True:
        again = yield from look(stripes, counters)
        if again.versions() == found.versions():
            return again
        found = again


def totals(stripes: Stripes, counters: Sequence[str]) -> Flow[dict[str, Counter]]:
    """Counters as if the campaign had one home."""
    if not counters:
        return {}
    found = yield from look_twice(stripes, counters)
    return {counter: found.total(counter) for counter in counters}


class Landing(NamedTuple):
    """What a commit of a stripe adds in order to take what is on its way there, and use it in the same step.

    Attributes:
        version: of SHARES, to expect.
        shares: SHARES, to put.
        limits: of counters, with what comes in.
    """

    version: int
    shares: bytes
    limits: dict[str, int]


class Obtained(NamedTuple):
    """What came of asking for units.

    Attributes:
        totals: the counters asked for, as if the campaign had one home, as seen last.
        short: those of which the stripes have not so much together; seen at one instant.
        landing: what the commit that uses the units must add; None: nothing, or there is nothing to use.
    """

    totals: dict[str, Counter]
    short: list[str]
    landing: Landing | None


def obtain(stripes: Stripes, taker: int, needs: Mapping[str, int]) -> Flow[Obtained]:
    """See to it that a stripe has, or is given, as many units as it needs.

    What is given is on its way until a commit in which it is used takes it, so that no two stripes can pull the last unit to and fro.

    Args:
        stripes: of the campaign.
        taker: the stripe.
        needs: counter → units.
    """
    seen: list[int] = []
    waited = 0
    while True:
        found = yield from look(stripes, tuple(needs))
        short = []
        for counter, units in needs.items():
            missing = units - found.room(taker, counter) - found.on_their_way(taker, counter)
            if missing <= 0 or found.views[taker].counters[counter].limit == NO_LIMIT:
                continue
            others = [stripe for stripe in range(stripes.n) if stripe != taker]
            giver = max(others, key=lambda stripe: found.room(stripe, counter))
            left = found.room(giver, counter)
            if left:
                yield from _give(stripes, found, giver, taker, counter, min(left, max(missing, left // 2)))
                break
            if any(found.on_their_way(stripe, counter) for stripe in others):
                waited += 1
                if waited > _LOOKS:
                    yield from _bring_home(stripes, found, counter)
                break
            short.append(counter)
        else:
            # Where nothing has moved between two looks, and nobody had enough left at the second, there was not enough.
            if not short or found.versions() == seen:
                totals = {counter: found.total(counter) for counter in needs}
                return Obtained(totals, short, None if short else _landing(found, taker, needs))
            seen = found.versions()


_LOOKS = 8
"""How often somebody looks at units on their way to another stripe, which whoever asked for them is about to use, before they are
taken to have been given up."""


def _landing(found: Look, taker: int, counters: Iterable[str]) -> Landing | None:
    view, shares = found.views[taker], found.shares[taker]
    limits: dict[str, int] = {}
    for counter in counters:
        if view.counters[counter].limit == NO_LIMIT:
            continue  # it has come to need no share meanwhile
        for giver, other in enumerate(found.shares):
            units = found.on_its_way(giver, taker, counter)
            if units:
                limits[counter] = limits.get(counter, view.counters[counter].limit) + units
                noted = _noted(shares.taken, giver, counter, other.given[taker][counter])
                shares = msgspec.structs.replace(shares, taken=noted)
    return Landing(view.docs[SHARES].version, encode(shares), limits) if limits else None


def gather(stripes: Stripes, counter: str, units: int) -> Flow[Counter | None]:
    """Bring room for so many units into the first stripe, to stay; where there is not so much, the counter as if there were one home."""
    while True:
        found = yield from obtain(stripes, 0, {counter: units})
        landing = _landing((yield from look(stripes, (counter,))), 0, (counter,)) if found.short else found.landing
        if landing is None:
            return found.totals[counter] if found.short else None
        yield Post(stripes.home, Commit({SHARES: landing.version}, {SHARES: landing.shares}, {}, landing.limits))


def owe(view: View, commit: Commit) -> Commit:
    """A commit that takes back more of the counters of a view than its stripe has counted, as one that notes it as a debt."""
    shares, owed = decode(view.docs[SHARES]), {counter: commit.add[counter] for counter in view.counters}
    debts = {**shares.debts, **{counter: shares.debts.get(counter, 0) + units for counter, units in owed.items()}}
    raised = {counter: limit - owed[counter] for counter, (_, limit) in view.counters.items() if limit != NO_LIMIT}
    add = {counter: units for counter, units in commit.add.items() if counter not in owed}
    put = {**commit.put, SHARES: encode(msgspec.structs.replace(shares, debts=debts))}
    expect = {**commit.expect, SHARES: view.docs[SHARES].version}
    return Commit(expect, put, add, {**commit.limits, **raised}, commit.entries)


def _give(stripes: Stripes, found: Look, giver: int, taker: int, counter: str, units: int) -> Flow[None]:
    """Set units on their way, if nothing has changed since ``found``."""
    shares, view = found.shares[giver], found.views[giver]
    given = shares.given.get(taker, {}).get(counter, 0) + units
    put = {SHARES: encode(msgspec.structs.replace(shares, given=_noted(shares.given, taker, counter, given)))}
    limits = {counter: view.counters[counter].limit - units}
    yield Post(stripes.at(giver), Commit({SHARES: view.docs[SHARES].version}, put, {}, limits))


def _bring_home(stripes: Stripes, found: Look, counter: str) -> Flow[None]:
    """Let every stripe take what is on its way to it, if nothing has changed since ``found``."""
    for taker in range(stripes.n):
        landing = _landing(found, taker, (counter,))
        if landing is not None:
            yield Post(stripes.at(taker), Commit({SHARES: landing.version}, {SHARES: landing.shares}, {}, landing.limits))


def _noted(noted: dict[int, dict[str, int]], stripe: int, counter: str, units: int) -> dict[int, dict[str, int]]:
    """With another number of units. What was noted of earlier days is left out then: their shares are not moved any more."""
    day = day_of(counter)
    mine = {key: held for key, held in noted.get(stripe, {}).items() if not day or not day_of(key) or day_of(key) >= day}
    return {**noted, stripe: {**mine, counter: units}}


def day_of(counter: str) -> str:
    """What the counters of one campaign day begin with; empty where the counter is of no day."""
    return counter[: len(_A_DAY)] if counter.startswith(_A_DAY[:4]) else ""


_A_DAY = release_counter(date(2000, 1, 1)).removesuffix("/")


def begin_day(stripes: Stripes, stripe: int, counter: str, total: int, head: int) -> Flow[None]:
    """See to it that a day's counter has a limit in a stripe, and that all stripes together have the one of the rules in force.

    The first stripe notes the limit and the version of its head that brought it, since an edit may bring another one on the same
    day, and those who draw by the rules before must not put theirs back. A stripe without a limit gets what it has given out: where
    an edit brought a limit there may be something.

    Args:
        stripes: of the campaign.
        stripe: where the draw is made.
        counter: of a day.
        total: the limit of all stripes together.
        head: the version of the stripe's head that the draw goes by.
    """
    while True:
        view = yield Fetch(stripes.at(stripe), Read((keys.HEAD, SHARES), (counter,)))
        if view.docs[keys.HEAD].version != head:
            return  # the draw will be stale
        value, limit = view.counters[counter]
        serial = head if stripe == 0 else decode(view.docs[SHARES]).head
        found = yield from look(stripes, (counter,))
        noted = found.shares[0].days.get(counter, (0, NO_LIMIT))
        if noted[0] < serial:
            yield from _set_day(stripes, counter, total, serial)
        elif limit != NO_LIMIT:
            return
        else:
            commit = Commit({SHARES: view.docs[SHARES].version}, {SHARES: view.docs[SHARES].data}, {}, {counter: value})
            yield Post(stripes.at(stripe), commit)


def _set_day(stripes: Stripes, counter: str, total: int, serial: int) -> Flow[None]:
    """Let the first stripe have what of a day's limit the others have not. One look at it all; whoever calls looks again."""
    found = yield from look_twice(stripes, (counter,))
    first, shares = found.views[0], found.shares[0]
    value, limit = first.counters[counter]
    share = total - found.elsewhere(counter)
    if share < value and limit != NO_LIMIT:
        if (yield from gather(stripes, counter, limit - share)) is None:
            return  # the others have given back what is too much
        found = yield from look_twice(stripes, (counter,))
        first, shares = found.views[0], found.shares[0]
        value, limit = first.counters[counter]
        if found.elsewhere(counter) != sum(found.counter(stripe, counter).value for stripe in range(1, stripes.n)):
            return
        share = total - found.elsewhere(counter)
    share = max(share, value)  # more may have been given out than is allowed now: then no more is
    day = day_of(counter)
    days = {key: held for key, held in shares.days.items() if day_of(key) >= day}
    changed = msgspec.structs.replace(shares, days={**days, counter: (serial, total)})
    limits = {} if share == limit else {counter: share}
    yield Post(stripes.home, Commit({SHARES: first.docs[SHARES].version}, {SHARES: encode(changed)}, {}, limits))


def follow(context: Context, stripes: Stripes) -> Flow[None]:
    """Let every stripe have the head of the first one, and a limit wherever that has one; returns when each of them has."""
    first = yield Fetch(stripes.home, Read((keys.HEAD,)))
    for stripe in range(1, stripes.n if first.docs[keys.HEAD].version else 1):
        while not (yield from _follows(context, stripes, stripe, first.docs[keys.HEAD].version)):
            pass


def _follows(context: Context, stripes: Stripes, stripe: int, version: int) -> Flow[bool]:
    """Whether a stripe has this version of the first one's head or a later one; if not, it is given the newest."""
    view = yield Fetch(stripes.at(stripe), Read((keys.HEAD, SHARES)))
    if decode(view.docs[SHARES]).head >= version:
        return True
    head = (yield Fetch(stripes.home, Read((keys.HEAD,)))).docs[keys.HEAD]
    counters = yield from limited(context, stripes, head)
    newest = yield Fetch(stripes.home, Read((keys.HEAD,), counters))
    if newest.docs[keys.HEAD].version != head.version:
        return False
    mine = yield Fetch(stripes.at(stripe), Read((keys.HEAD, SHARES), counters))
    shares = decode(mine.docs[SHARES])
    if shares.head >= version:
        return True
    limits = {}
    for counter in counters:
        value, limit = mine.counters[counter]
        wanted = newest.counters[counter].limit
        if (wanted == NO_LIMIT) != (limit == NO_LIMIT):
            limits[counter] = NO_LIMIT if wanted == NO_LIMIT else value
    put = {keys.HEAD: head.data, SHARES: encode(msgspec.structs.replace(shares, head=head.version))}
    expect = {key: mine.docs[key].version for key in put}
    yield Post(stripes.at(stripe), Commit(expect, put, {}, limits))
    return False


def limited(context: Context, stripes: Stripes, head: Doc) -> Flow[tuple[str, ...]]:
    """The counters of the version in force that an operator may limit."""
    found = context.head(stripes.home, head)
    rules = yield from context.rules(stripes.home, found.version)
    return (*rules.stock[:-1], DRAWS, POINTS)
