"""Calls that draw, as an observer sees them: what was asked, what came of it, and an engine whose calls are surrounded.

Only the one engine object is changed, by attributes that hide its methods; its class, and every other engine, stay as they are.
"""

from __future__ import annotations

from functools import wraps
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any, TypeAlias

from prizedraw.draw import Receipt, Refusal
from prizedraw.errors import DrawRefused, InvalidRequest, PrizeDrawError, UnknownCampaign

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from prizedraw.engine import AsyncDrawEngine, DrawEngine

NAMES = ("draw", "draw_many", "draw_batch")


class Call:
    """One call that draws.

    Attributes:
        name: "draw", "draw_many" or "draw_batch".
        campaign: the id that was given; None if it turned out to be no campaign's, as such ids are without number.
        receipts: of the draws that were made, or had been made before.
        refusals: the reason of each request that was refused.
        error: what was raised, unless it was a refusal.
    """

    __slots__ = ("campaign", "error", "name", "receipts", "refusals")

    def __init__(self, name: str, campaign: object) -> None:
        self.name = name
        self.campaign = campaign if isinstance(campaign, str) else None
        self.receipts: list[Receipt] = []
        self.refusals: list[str] = []
        self.error: BaseException | None = None

    def gave(self, result: Any) -> None:
        """Take what the call returned."""
        for one in result if isinstance(result, list) else [result]:
            if isinstance(one, Receipt):
                self.receipts.append(one)
            elif isinstance(one, Refusal):
                self.refusals.append(str(one.reason))
            else:
                self.receipts += one

    def raised(self, error: BaseException) -> None:
        """Take what the call raised."""
        if isinstance(error, DrawRefused):
            self.refusals.append(str(error.reason))
            return
        self.error = error
        if isinstance(error, UnknownCampaign | InvalidRequest) or not isinstance(error, PrizeDrawError):
            self.campaign = None


Around: TypeAlias = "Callable[[Call], AbstractContextManager[None]]"


def surround(engine: DrawEngine | AsyncDrawEngine, around: Around) -> None:
    """Let every call of this engine that draws happen inside ``around``; when that is left, the Call tells what came of it."""
    for name in NAMES:
        setattr(engine, name, _surrounded(name, getattr(engine, name), around))


def _surrounded(name: str, method: Callable[..., Any], around: Around) -> Callable[..., Any]:
    def begin(given: tuple[Any, ...], options: dict[str, Any]) -> Call:
        return Call(name, given[0] if given else options.get("id"))

    if iscoroutinefunction(method):

        @wraps(method)
        async def awaited(*given: Any, **options: Any) -> Any:
            call = begin(given, options)
            with around(call):
                try:
                    result = await method(*given, **options)
                except BaseException as error:
                    call.raised(error)
                    raise
                call.gave(result)
                return result

        return awaited

    @wraps(method)
    def called(*given: Any, **options: Any) -> Any:
        call = begin(given, options)
        with around(call):
            try:
                result = method(*given, **options)
            except BaseException as error:
                call.raised(error)
                raise
            call.gave(result)
            return result

    return called
