"""Many requests of one campaign as one flow: what they ask for at the same time is asked at once.

Each comes out as if alone, by the same steps. One that has to be decided again (its view was stale, a counter refused), or that follows
another of the same participant, is decided a round later than its neighbours; so all happen one after another in some order, and in
the order given where there is none of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prizedraw.errors import ClockError, PrizeDrawError
from prizedraw.flows.effects import PATIENCE, Fetches, Flow, Posts
from prizedraw.flows.keys import HEAD
from prizedraw.storage.protocol import Commit, Read

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.flows.drawing import Drawn, Request


def together(requests: Sequence[Request]) -> Flow[list[Drawn | PrizeDrawError]]:  # noqa: C901, PLR0912 - one loop
    """Carry out the requests; the result or the error of each, in order.

    Those of one participant take turns, since they would only overtake each other. Nothing is locked for one of many: who holds what
    some have changed and waits for what others want stops everybody.
    """
    context, home, now = requests[0].context, requests[0].home, requests[0].context.now()
    results: list[Any] = [None] * len(requests)
    first, behind = _turns(requests)
    turn: list[tuple[int, Read | None]] = [(place, requests[place].begin(now)) for place in first]
    while turn:
        asking = [(place, read) for place, read in turn if read is not None]
        if asking:
            views = yield Fetches(home, [read for _, read in asking])
            for (place, _), view in zip(asking, views, strict=True):
                if view.docs:
                    requests[place].view = view
                else:
                    requests[place].know(view.counters)
        later: list[tuple[int, Read | None]] = []
        commits: dict[int, Commit] = {}
        for place, _ in turn:
            request = requests[place]
            view = request.view
            try:
                if view.entry is not None:
                    results[place] = request.replay()
                    continue
                doc = view.docs[HEAD]
                head, rules = context.in_force[home].get(doc.data) or (yield from context.put_in_force(request.campaign_id, doc))
                found = request.decide(head, rules, now)
            except PrizeDrawError as error:
                results[place] = _kept(error)
                continue
            if isinstance(found, Commit):
                commits[place] = found
            else:
                later.append((place, found))
        if commits:
            outcomes = yield Posts(home, [*commits.values()])
            for place, outcome in zip(commits, outcomes, strict=True):
                request = requests[place]
                try:
                    results[place] = request.settle(outcome)
                except PrizeDrawError as error:
                    results[place] = _kept(error)
                if results[place] is None:
                    if request.misfires == PATIENCE:
                        context.crowd(home, request.doc, now)
                    later.append((place, request.begin(now) if request.misfires == PATIENCE else None))
        if behind:
            nexts = [behind[place] for place, _ in turn if results[place] is not None and place in behind]
            later += [(place, requests[place].begin(now)) for place in nexts]
        turn = sorted(later)  # by place
        if turn:
            try:
                now = context.now()
            except ClockError as error:
                return [_kept(error) if result is None else result for result in results]
    return results


def _kept(error: PrizeDrawError) -> PrizeDrawError:
    """An error as a result, without the frames it was raised in, which would hold it in turn."""
    return error.with_traceback(None)


def _turns(requests: Sequence[Request]) -> tuple[list[int], dict[int, int]]:
    """The places of the first request of each participant; and by the place of any, that of the participant's next one."""
    first: list[int] = []
    behind: dict[int, int] = {}
    last: dict[str, int] = {}
    for place, request in enumerate(requests):
        participant = request.participant
        if participant in last:
            behind[last[participant]] = place
        else:
            first.append(place)
        last[participant] = place
    return first, behind
