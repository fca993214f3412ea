"""A campaign of several stripes: which of them holds what, and the flow that makes one campaign of them for every other flow.

Participants are spread over N homes by a hash of their ids, each home with a head, counters and a journal of its own, so that a draw
stays one commit in one home. Flows are written for campaigns of one home and know nothing of this: ``spread`` stands between a flow
and its driver, and answers what the flow asks about the campaign's home from all of its stripes. Shares of stock are in ``sharing``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from prizedraw.errors import DrawRefused, InvalidEdit, InvalidRequest, StorageBusy
from prizedraw.flows import keys, sharing, shortages
from prizedraw.flows.effects import MISFIRES, Exclusive, Fetch, Flow, Listing, Post, Redact
from prizedraw.flows.merging import CLAIM, listing, shown
from prizedraw.flows.operator import FORMAT, OperatorData, decode
from prizedraw.flows.sharing import MOST, SHARES, Stripes, day_of, is_stripe
from prizedraw.storage.protocol import NO_LIMIT, Commit, Committed, Conflict, Page, Read, Refused, Stale, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prizedraw.flows.context import Context
    from prizedraw.flows.drawing import Drawn, Request
    from prizedraw.flows.effects import Effect
    from prizedraw.flows.sharing import Landing
    from prizedraw.storage.protocol import Counter, Entry, Outcome

T = TypeVar("T")


def check_stripes(n: object) -> int | None:
    """A number of stripes as it is, or None.

    Raises:
        InvalidRequest: a campaign cannot have so many.
    """
    if n is None or (type(n) is int and 1 <= n <= MOST):
        return n
    raise InvalidRequest(f"{n!r} must be an integer from 1 to {MOST}", "stripes")


def lane(context: Context, campaign_id: str, participant: str) -> str:
    """The home that a participant's draws are made in; the campaign's where its stripes are not known yet."""
    home = context.home(campaign_id)
    n = context.stripes.get(home, 1)
    if n == 1:
        return home
    stripes = Stripes(home, n)
    return stripes.at(stripes.of(participant))


def draw_flow(request: Request) -> Flow[Drawn]:
    """The flow of a request, of a campaign of however many stripes."""
    if request.context.stripes.get(request.home) == 1:
        return request.flow()
    return _draw(request)


def _draw(request: Request) -> Flow[Drawn]:
    context, home = request.context, request.context.home(request.campaign_id)
    stripes = yield from stripes_of(context, home)
    if request.id is None and stripes.n > 1:
        while stripes.of(request.key()) != stripes.of(request.participant):
            request.id = None  # one of the participant's stripe need not be claimed in another
    request.key()
    asked = msgspec.structs.replace(request, home=home)
    try:
        return (yield from spread(context, asked.flow()))
    except DrawRefused:
        if stripes.n > 1:  # that its id is somebody else's, in another stripe, goes before
            claim = (yield Fetch(stripes.at(stripes.of(request.key())), Read(entry=request.id))).entry
            if claim is not None and claim.fingerprint != asked.fingerprint:
                asked.mismatch(_as_asked(claim))
        raise


def stripes_of(context: Context, home: str, new: int = 1) -> Flow[Stripes]:
    """The stripes of a campaign, which never change; ``new`` where it is not published yet."""
    n = context.stripes.get(home)
    if n is None and is_stripe(home):
        return Stripes(home, 1)
    if n is None:
        doc = (yield Fetch(home, Read((keys.HEAD,)))).docs[keys.HEAD]
        if not doc.version:
            return Stripes(home, new)
        n = context.stripes[home] = context.head(home, doc).stripes
    return Stripes(home, n)


def spread(context: Context, flow: Flow[T], *, new: int = 1, heads: bool = False) -> Flow[T]:
    """Carry out a flow that knows campaigns of one home, on campaigns of any number of stripes.

    Args:
        context: the engine's.
        flow: not yet begun.
        new: stripes of a campaign that it publishes for the first time.
        heads: whether it may change the head of a campaign; it ends when every stripe has that head, also if it found nothing to do.
    """
    campaigns: dict[str, _Campaign] = {}
    answer: Any = None
    while True:
        try:
            effect = flow.send(answer)
        except StopIteration as end:
            for campaign in campaigns.values() if heads else ():
                yield from campaign.follow()
            return end.value  # type: ignore[no-any-return]  # what a Flow[T] returns
        home = getattr(effect, "home", context.registry)
        if home not in campaigns and home != context.registry:
            stripes = yield from stripes_of(context, home, new)
            if stripes.n > 1:
                campaigns[home] = _Campaign(context, stripes)
        answer = (yield from campaigns[home].carry_out(effect)) if home in campaigns else (yield effect)


class _Campaign:
    """What a flow asks of a campaign of several stripes."""

    def __init__(self, context: Context, stripes: Stripes) -> None:
        self._context = context
        self._stripes = stripes
        self._claimed: set[str] = set()

    def carry_out(self, effect: Effect) -> Flow[Any]:
        """The answer to an effect."""
        match effect:
            case Fetch():
                return (yield from self._fetch(effect.read))
            case Post():
                return (yield from self._post(effect.commit))
            case Listing(of="entries", owner=str(owner), kind=str(kind)) if kind != CLAIM:
                page = yield msgspec.structs.replace(effect, home=self._stripes.at(self._stripes.of(owner)))
                return Page(tuple(shown(entry, entry.cursor) for entry in page.items), page.next)
            case Listing():
                return (yield from listing(self._stripes, effect))
            case Exclusive():
                return (yield Exclusive(self._stripes.at(self._stripe(effect.docs) or 0), effect.docs))
            case Redact():
                return (yield from self._redact(effect))
            case _:
                return (yield effect)

    def follow(self) -> Flow[None]:
        """Let every stripe have the newest head."""
        yield from sharing.follow(self._context, self._stripes)

    def _stripe(self, docs: Iterable[str]) -> int | None:
        """The stripe that documents are in; None where they are the campaign's."""
        for key in docs:
            if key.startswith(_PARTICIPANT):
                return self._stripes.of(key.removeprefix(_PARTICIPANT))
            if key.startswith(keys.PAST):
                return keys.past_stripe(key)
        return None

    # Reading

    def _fetch(self, read: Read) -> Flow[View]:
        stripe = self._stripe(read.docs)
        if stripe is None and read.entry is not None:
            view = yield Fetch(self._stripes.home, Read(read.docs))
            entry = yield from self._find(read.entry)
        else:
            view = yield Fetch(self._stripes.at(stripe or 0), Read(read.docs, (), read.entry))
            entry = None if view.entry is None else _as_asked(view.entry)
        return View(view.docs, (yield from sharing.totals(self._stripes, read.counters)), entry)

    def _find(self, id_: str) -> Flow[Entry | None]:
        """The entry of a request, wherever it is."""
        place = self._stripes.of(id_)
        entry = (yield Fetch(self._stripes.at(place), Read(entry=id_))).entry
        if entry is not None and entry.kind == CLAIM:
            stripe = decode(entry.data).detail["stripe"]
            entry = (yield Fetch(self._stripes.at(stripe), Read(entry=id_))).entry
        return None if entry is None else _as_asked(entry)

    # Writing

    def _post(self, commit: Commit) -> Flow[Outcome]:
        stripe = self._stripe(commit.expect)
        for entry in commit.entries:
            taken = yield from self._claim(entry, stripe or 0)
            if taken is not None:
                return taken
        if stripe is None:
            outcome = yield from self._post_first(commit)
            if isinstance(outcome, Committed) and (keys.HEAD in commit.put or commit.limits):
                yield from self.follow()
        else:
            outcome = yield from self._post_share(stripe, commit)
        if isinstance(outcome, Committed):
            return Committed(tuple(_as_asked(entry) for entry in outcome.entries))
        return Conflict(_as_asked(outcome.entry)) if isinstance(outcome, Conflict) else outcome

    def _claim(self, entry: Entry, stripe: int) -> Flow[Outcome | None]:
        """Claim a request id for a request to a stripe, in the stripe that its hash names; what became of it if it is taken."""
        place = self._stripes.of(entry.id)
        if place == stripe or entry.id in self._claimed:
            return None
        data = msgspec.msgpack.encode(OperatorData(FORMAT, "", "", (), {"stripe": stripe, "kind": entry.kind}))
        claim = msgspec.structs.replace(entry, kind=CLAIM, data=data)
        outcome = yield Post(self._stripes.at(place), Commit({}, entries=(claim,)))
        if isinstance(outcome, Conflict):
            return Conflict(_as_asked(outcome.entry))
        self._claimed.add(entry.id)
        return None

    def _redact(self, asked: Redact) -> Flow[Outcome]:
        """Take back in the stripe of the participant, after the claims in the others: whoever is interrupted finds the rest again."""
        stripe = self._stripe(asked.commit.expect) or 0
        for claim in asked.entries:
            if claim.kind == CLAIM:
                yield Redact(self._stripes.at(self._stripes.of(claim.id)), Commit({}), (claim,), ())
        for entry in asked.commit.entries:
            yield from self._claim(entry, stripe)
        mine = tuple(entry for entry in asked.entries if entry.kind != CLAIM)
        return (yield Redact(self._stripes.at(stripe), asked.commit, mine, asked.docs))  # type: ignore[no-any-return]  # as for every Redact

    def _post_share(self, stripe: int, commit: Commit) -> Flow[Outcome]:
        """Commit in a participant's stripe; what its share lacks is obtained from the others."""
        home = self._stripes.at(stripe)
        limits: dict[str, int] = {}
        for counter, limit in commit.limits.items():
            if not day_of(counter) or limit == NO_LIMIT:
                limits[counter] = limit
            elif not self._context.has_begun(home, counter, commit.expect[keys.HEAD]):
                yield from sharing.begin_day(self._stripes, stripe, counter, limit, commit.expect[keys.HEAD])
                self._context.begin(home, counter, commit.expect[keys.HEAD])
        needs: dict[str, int] = {}
        below: list[str] = []
        landing: Landing | None = None
        for _ in range(MISFIRES):
            owing = (yield Fetch(home, Read((SHARES,), tuple(below)))) if below else None
            mine = yield from self._in_stripe(stripe, commit, limits, landing)
            outcome: Outcome = yield Post(home, mine if owing is None else sharing.owe(owing, mine))
            if _is_overtaken(commit, outcome):
                landing = None  # others have used what was on its way
                continue
            if not isinstance(outcome, Refused):
                return outcome
            below += [counter for counter in outcome.counters if commit.add.get(counter, 0) < 0]
            needs |= {counter: commit.add[counter] for counter in outcome.counters if counter not in below}
            found = yield from sharing.obtain(self._stripes, stripe, needs)
            yield from shortages.tell(self._context, self._stripes, found.totals, commit.entries)
            if found.short:
                return Refused({counter: found.totals[counter] for counter in found.short})
            landing = found.landing
        raise StorageBusy(f"the shares of {self._stripes.home!r} went elsewhere {MISFIRES} times; nothing was written, try again")

    def _in_stripe(self, stripe: int, commit: Commit, limits: Mapping[str, int], landing: Landing | None) -> Flow[Commit]:
        """The commit with the limits of one stripe, and what lands there.

        What it lowers for all, it lowers by what it gives back, and so falls the share.
        """
        if landing is not None:
            return _guarded(commit, landing.version, landing.shares, {**limits, **landing.limits})
        lowered = [counter for counter, limit in limits.items() if limit != NO_LIMIT]
        if not lowered:
            return Commit(commit.expect, commit.put, commit.add, limits, commit.entries)
        view = yield Fetch(self._stripes.at(stripe), Read((SHARES,), tuple(lowered)))
        own = {counter: view.counters[counter].limit for counter in lowered}
        mine = {counter: limit if limit == NO_LIMIT else limit + commit.add[counter] for counter, limit in own.items()}
        return _guarded(commit, view.docs[SHARES].version, view.docs[SHARES].data, {**limits, **mine})

    def _post_first(self, commit: Commit) -> Flow[Outcome]:
        """Commit in the first stripe: a limit of all changes there, by as much as its share then has more or less."""
        home, limits = self._stripes.home, commit.limits
        for _ in range(MISFIRES):
            if not limits:
                return (yield Post(home, commit))  # type: ignore[no-any-return]  # an Outcome, as for every Post
            yield from self._check_switch(limits)
            found = yield from sharing.look_twice(self._stripes, tuple(limits))
            shares: dict[str, int] = {}
            short: Counter | None = None
            for counter, limit in limits.items():
                value, own = found.views[0].counters[counter]
                share = limit if limit == NO_LIMIT else limit - found.elsewhere(counter)
                needed = value + commit.add.get(counter, 0)
                if limit != NO_LIMIT and share < needed:
                    if own == NO_LIMIT:
                        return Refused({counter: found.total(counter)})
                    short = yield from sharing.gather(self._stripes, counter, needed - share + max(0, own - value))
                    if short is not None:
                        return Refused({counter: short})
                    break
                if share != own:
                    shares[counter] = share
            else:
                doc = found.views[0].docs[SHARES]
                outcome: Outcome = yield Post(home, _guarded(commit, doc.version, doc.data, shares))
                if not isinstance(outcome, Refused) and not _is_overtaken(commit, outcome):
                    return outcome
        raise StorageBusy(f"the shares of {home!r} went elsewhere {MISFIRES} times; nothing was written, try again")

    def _check_switch(self, limits: Mapping[str, int]) -> Flow[None]:
        """Raise InvalidEdit where a limit is wanted for what has none and is being given out."""
        view = yield Fetch(self._stripes.home, Read((keys.HEAD,), tuple(limits)))
        doc = view.docs[keys.HEAD]
        if not doc.version:
            return
        given_out = yield from sharing.limited(self._context, self._stripes, doc)
        bound = [key for key, limit in limits.items() if key in given_out and limit != NO_LIMIT == view.counters[key].limit]
        if not bound:
            return
        if self._context.head(self._stripes.home, doc).online:
            raise InvalidEdit(
                f"{bound[0]} has no limit, and the {self._stripes.n} stripes of the campaign give out of it on their own; take the campaign"
                " offline, change it, and bring it online again",
                bound[0],
            )
        yield from self.follow()  # nobody gives out anything any more


_PARTICIPANT = keys.participant("")


def _as_asked(entry: Entry) -> Entry:
    """An entry, or of a claim what it stands for, as the campaign's."""
    kind = decode(entry.data).detail["kind"] if entry.kind == CLAIM else entry.kind
    return msgspec.structs.replace(shown(entry, entry.cursor), kind=kind)


def _guarded(commit: Commit, version: int, shares: bytes, limits: Mapping[str, int]) -> Commit:
    """The commit with other limits, which it changes as the guard of them asks."""
    expect = {**commit.expect, SHARES: version}
    return Commit(expect, {**commit.put, SHARES: shares}, commit.add, limits, commit.entries)


def _is_overtaken(commit: Commit, outcome: Outcome) -> bool:
    """Whether nothing that the flow expects has changed, but only the shares."""
    if not isinstance(outcome, Stale):
        return False
    docs = outcome.view.docs
    return all(docs[key].version == version for key, version in commit.expect.items())
