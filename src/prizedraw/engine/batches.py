"""Batches: many requests in one transaction where the store has one writer, each as if alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from prizedraw.draw.standing import Refusal
from prizedraw.engine.drivers import drive
from prizedraw.errors import DrawRefused, InvalidRequest, RequestMismatch
from prizedraw.flows.drawing import Drawn, DrawRequest
from prizedraw.flows.effects import Fetch
from prizedraw.quota import RefusalReason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prizedraw.draw.receipt import Receipt
    from prizedraw.engine.hooks import Hooks
    from prizedraw.flows.drawing import Request
    from prizedraw.flows.effects import Flow
    from prizedraw.storage.protocol import Handle, Store, View

TOGETHER = 256
"""Requests of a batch that share one transaction on a store with one writer."""

Outcome: TypeAlias = Drawn | DrawRefused | RequestMismatch


def checked(requests: Iterable[DrawRequest]) -> list[DrawRequest]:
    """The requests of a batch as a list.

    Raises:
        InvalidRequest: one is not a DrawRequest.
    """
    asked = list(requests)
    for k, request in enumerate(asked):
        if not isinstance(request, DrawRequest):
            raise InvalidRequest(f"{request!r} is not a DrawRequest", f"requests[{k}]")
    return asked


def run_together(store: Store, requests: list[Request], wait: float) -> list[Outcome]:
    """Carry out the requests in order; one that is refused fails no other."""
    if not store.lock_first:
        return [_outcome(store, store, request.flow(), wait) for request in requests]
    with store.exclusive(requests[0].home, (), wait) as handle:
        flows = [request.flow() for request in requests]
        views = _read_ahead(handle, requests, flows)
        return [_outcome(store, handle, flow, wait, views.get(place)) for place, flow in enumerate(flows)]


def _read_ahead(handle: Handle, requests: list[Request], flows: list[Flow[Drawn]]) -> dict[int, View]:
    """What the first request of each participant asks first, read at once. Later ones ask when it is their turn."""
    firsts = {request.participant: place for place, request in reversed(list(enumerate(requests)))}
    places = sorted(firsts.values())
    asked = [next(flows[place]) for place in places]
    reads = [effect.read for effect in asked if isinstance(effect, Fetch)]  # a draw begins with one
    return dict(zip(places, handle.read(requests[0].home, reads), strict=True))


def _outcome(store: Store, handle: Handle, flow: Flow[Drawn], wait: float, view: View | None = None) -> Outcome:
    try:
        return drive(store, handle, flow, wait, view)
    except (DrawRefused, RequestMismatch) as refusal:
        return refusal


def told(hooks: Hooks, requests: list[DrawRequest], outcomes: list[Outcome]) -> Iterator[Receipt | list[Receipt] | Refusal]:
    """The outcomes as the caller gets them, each told to the hooks."""
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, DrawRefused):
            hooks.refused(outcome)
            yield Refusal(outcome.reason, outcome.retry_at, outcome.standing)
        elif isinstance(outcome, RequestMismatch):
            yield Refusal(RefusalReason.REQUEST_MISMATCH)
        else:
            hooks.drawn(outcome)
            yield outcome.receipts[0] if request.n == 1 else outcome.receipts
