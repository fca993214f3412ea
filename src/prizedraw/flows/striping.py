"""A campaign of several stripes: which of them holds what, and the flow that makes one campaign of them for every other flow.

Participants are spread over N homes by a hash of their ids, each home with a head, counters and a journal of its own, so that a draw
stays one commit in one home. Flows are written for campaigns of one home and know nothing of this: ``spread`` stands between a flow
and its driver, and answers what the flow asks about the campaign's home from all of its stripes. Shares of stock are in ``sharing``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from prizedraw.errors import DrawRefused, InvalidEdit, InvalidRequest, RequestMismatch, StorageBusy
from prizedraw.flows import keys, sharing
from prizedraw.flows.effects import MISFIRES, Exclusive, Fetch, Fetches, Flow, Listing, Post, Posts
from prizedraw.flows.merging import CLAIM, listing, shown
from prizedraw.flows.operator import FORMAT, OperatorData, decode
from prizedraw.flows.sharing import SHARES, Stripes, day_of
from prizedraw.storage.protocol import NO_LIMIT, Commit, Committed, Conflict, Page, Read, Refused, Stale, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from prizedraw.flows.context import Context
    from prizedraw.flows.drawing import Drawn, Request
    from prizedraw.flows.effects import Effect
    from prizedraw.flows.sharing import Landing
    from prizedraw.storage.protocol import Counter, Entry, Outcome

T = TypeVar("T")

FEWEST, MOST = 1, 64
"""Stripes that a campaign may have."""


def check_stripes(n: object) -> int | None:
    """A number of stripes as it is, or None.

    Raises:
        InvalidRequest: a campaign cannot have so many.
    """
    if n is None or (type(n) is int and FEWEST <= n <= MOST):
        return n
    raise InvalidRequest(f"{n!r} must be an integer from {FEWEST} to {MOST}", "stripes")


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
    stripes = yield from _stripes_of(context, home, 1)
    if request.id is None and stripes.n > 1:
        while stripes.of(request.key()) != stripes.of(request.participant):
            request.id = None  # one of the participant's stripe need not be claimed in another
    request.key()
    return (yield from spread(context, msgspec.structs.replace(request, home=home).flow()))


def _stripes_of(context: Context, home: str, new: int) -> Flow[Stripes]:
    """The stripes of a campaign, which never change; ``new`` where it is not published yet."""
    n = context.stripes.get(home)
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
        except DrawRefused:
            for campaign in campaigns.values():
                yield from campaign.check_claim()
            raise
        home = getattr(effect, "home", context.registry)
        if home not in campaigns and home != context.registry:
            stripes = yield from _stripes_of(context, home, new)
            if stripes.n > 1:
                campaigns[home] = _Campaign(context, stripes)
        answer = (yield from campaigns[home].carry_out(effect)) if home in campaigns else (yield effect)


class _Campaign:
    """What a flow asks of a campaign of several stripes."""

    def __init__(self, context: Context, stripes: Stripes) -> None:
        self._context = context
        self._stripes = stripes
        self._claimed: set[str] = set()
        self._asked: tuple[str, str] | None = None
        """The participant and the id of a request that was looked for in the participant's stripe, and is claimed in another."""

    def carry_out(self, effect: Effect) -> Flow[Any]:
        """The answer to an effect."""
        match effect:
            case Fetch():
                return (yield from self._fetch(effect.read))
            case Post():
                return (yield from self._post(effect.commit))
            case Fetches():
                views = []
                for read in effect.reads:
                    views.append((yield from self._fetch(read)))  # noqa: PERF401 - a comprehension cannot yield
                return views
            case Posts():
                outcomes = []
                for commit in effect.commits:
                    outcomes.append((yield from self._post(commit)))  # noqa: PERF401 - as above
                return outcomes
            case Listing(of="entries", owner=str(owner), kind=str(kind)) if kind != CLAIM:
                page = yield msgspec.structs.replace(effect, home=self._stripes.at(self._stripes.of(owner)))
                return Page(tuple(shown(entry, entry.cursor) for entry in page.items), page.next)
            case Listing():
                return (yield from listing(self._stripes, effect))
            case Exclusive():
                return (yield Exclusive(self._stripes.at(self._stripe(effect.docs) or 0), effect.docs))
            case _:
                raise InvalidRequest(
                    f"the campaign has {self._stripes.n} stripes, and cannot be archived, pruned or erased from yet; "
                    "export it, and import it as a campaign of one",
                    "campaign",
                )

    def follow(self) -> Flow[None]:
        """Let every stripe have the newest head."""
        yield from sharing.follow(self._context, self._stripes)

    def _stripe(self, docs: Iterable[str]) -> int | None:
        """The stripe of the participant whose document is among some; None where there is none."""
        prefix = keys.participant("")
        return next((self._stripes.of(key.removeprefix(prefix)) for key in docs if key.startswith(prefix)), None)

    # Reading

    def _fetch(self, read: Read) -> Flow[View]:
        stripe = self._stripe(read.docs)
        if stripe is None and read.entry is not None:
            view = yield Fetch(self._stripes.home, Read(read.docs))
            entry = yield from self._find(read.entry)
        else:
            view = yield Fetch(self._stripes.at(stripe or 0), Read(read.docs, (), read.entry))
            entry = None if view.entry is None else shown(view.entry, view.entry.cursor)
            if read.entry is not None and self._stripes.of(read.entry) != stripe:
                self._asked = (participant_of(read.docs), read.entry)
        return View(view.docs, (yield from sharing.totals(self._stripes, read.counters)), entry)

    def _find(self, id_: str) -> Flow[Entry | None]:
        """The entry of a request, wherever it is."""
        place = self._stripes.of(id_)
        entry = (yield Fetch(self._stripes.at(place), Read(entry=id_))).entry
        if entry is not None and entry.kind == CLAIM:
            stripe = decode(entry.data).detail["stripe"]
            entry = (yield Fetch(self._stripes.at(stripe), Read(entry=id_))).entry
        return None if entry is None else shown(entry, entry.cursor)

    def check_claim(self) -> Flow[None]:
        """Raise RequestMismatch where the request that is refused has the id of one of somebody else's, in another stripe."""
        if self._asked is None:
            return
        participant, id_ = self._asked
        claim = (yield Fetch(self._stripes.at(self._stripes.of(id_)), Read(entry=id_))).entry
        if claim is not None and claim.owner != participant:
            raise RequestMismatch(
                f"request {id_!r} was used before for {claim.owner!r}; use a new request id for a new request", request_id=id_
            )

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
            return Committed(tuple(shown(entry, entry.cursor) for entry in outcome.entries))
        return outcome

    def _claim(self, entry: Entry, stripe: int) -> Flow[Outcome | None]:
        """Claim a request id for a request to a stripe, in the stripe that its hash names; what became of it if it is taken."""
        place = self._stripes.of(entry.id)
        if place == stripe or entry.id in self._claimed:
            return None
        data = msgspec.msgpack.encode(OperatorData(FORMAT, "", "", (), {"stripe": stripe, "kind": entry.kind}))
        claim = msgspec.structs.replace(entry, kind=CLAIM, data=data)
        outcome = yield Post(self._stripes.at(place), Commit({}, entries=(claim,)))
        if isinstance(outcome, Conflict):
            found = outcome.entry
            kind = decode(found.data).detail["kind"] if found.kind == CLAIM else found.kind
            return Conflict(msgspec.structs.replace(found, kind=kind))
        self._claimed.add(entry.id)
        return None

    def _post_share(self, stripe: int, commit: Commit) -> Flow[Outcome]:
        """Commit in a participant's stripe; what its share lacks is obtained from the others."""
        home = self._stripes.at(stripe)
        days: dict[str, int] = {}
        limits: dict[str, int] = {}
        for counter, limit in commit.limits.items():
            if day_of(counter) and limit != NO_LIMIT:
                days[counter] = limit
                if (home, counter) not in self._context.begun:
                    yield from sharing.begin_day(self._stripes, stripe, counter, limit)
                    self._context.begin(home, counter)
            else:
                limits[counter] = limit
        needs: dict[str, int] = {}
        landing: Landing | None = None
        for _ in range(MISFIRES):
            mine = yield from self._in_stripe(stripe, commit, limits, landing)
            outcome: Outcome = yield Post(home, mine)
            if _is_overtaken(commit, outcome):
                landing = None  # others have used what was on its way
                continue
            if not isinstance(outcome, Refused):
                return outcome
            needs |= {counter: commit.add.get(counter, 0) for counter in outcome.counters}
            found = yield from sharing.obtain(self._stripes, stripe, needs, {key: days[key] for key in needs if key in days})
            if isinstance(found, dict):
                return Refused(found)
            landing = found
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


def participant_of(docs: Iterable[str]) -> str:
    """The participant whose document is among some."""
    prefix = keys.participant("")
    return next(key.removeprefix(prefix) for key in docs if key.startswith(prefix))


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
