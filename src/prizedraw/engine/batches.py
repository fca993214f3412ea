"""Batches: many requests at once, each as if alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prizedraw.draw.standing import Refusal
from prizedraw.engine.jobs import Job
from prizedraw.errors import DrawRefused, InvalidRequest, PrizeDrawError, RequestMismatch
from prizedraw.flows.drawing import Drawn, DrawRequest
from prizedraw.flows.striping import draw_flow
from prizedraw.flows.together import together
from prizedraw.quota import RefusalReason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prizedraw.draw.receipt import Receipt
    from prizedraw.engine.hooks import Hooks
    from prizedraw.flows.drawing import Request

TOGETHER = 256
"""Requests that are carried out together at most."""


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


def batch(requests: list[Request]) -> Job[list[Drawn | PrizeDrawError]]:
    """The job of carrying out requests of one campaign together; one that fails fails no other."""
    home = requests[0].home
    return Job(together([draw_flow(request) for request in requests], [request.participant for request in requests]), home, True)


def told(hooks: Hooks, requests: list[DrawRequest], outcomes: list[Drawn | PrizeDrawError]) -> list[Receipt | list[Receipt] | Refusal]:
    """The outcomes as the caller gets them, each told to the hooks; what is neither a receipt nor a refusal is raised then."""
    results: list[Receipt | list[Receipt] | Refusal] = []
    failure = None
    for request, outcome in zip(requests, outcomes, strict=True):
        if isinstance(outcome, Drawn):
            hooks.drawn(outcome)
            results.append(outcome.receipts[0] if request.n == 1 else outcome.receipts)
        elif isinstance(outcome, DrawRefused):
            hooks.refused(outcome)
            results.append(Refusal(outcome.reason, outcome.retry_at, outcome.standing))
        elif isinstance(outcome, RequestMismatch):
            results.append(Refusal(RefusalReason.REQUEST_MISMATCH))
        else:
            failure = failure or outcome
    if failure is not None:
        raise failure
    return results
