"""Hooks: functions of the host that are told of what was committed. They run after the commit and cannot fail a draw."""

from __future__ import annotations

from types import CoroutineType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from prizedraw.errors import InvalidRequest
from prizedraw.flows.alerting import alerts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.errors import DrawRefused
    from prizedraw.flows.drawing import Drawn

Event: TypeAlias = Literal["draw", "replay", "refusal", "low_stock", "sold_out"]


class Hooks:
    """The functions to call, by event. At most one call per process for each thing that happened; the journal has them all.

    Args:
        awaits: whether somebody awaits ``settled``, so that coroutine functions may be hooks.
    """

    def __init__(self, *, awaits: bool = False) -> None:
        self._awaits = awaits
        self._begun: list[tuple[str, Callable[[Any], object], CoroutineType[Any, Any, Any]]] = []
        self._of: dict[str, tuple[Callable[[Any], object], ...]] = {}
        self.any = False
        """Whether there is one."""

    def on(self, event: Event, hook: Callable[[Any], object]) -> None:
        """Call ``hook`` with each Receipt ("draw", "replay"), DrawRefused ("refusal") or Alert ("low_stock", "sold_out").

        Raises:
            InvalidRequest: the event is not one of these, or the hook cannot be called.
        """
        if event not in get_args(Event):
            raise InvalidRequest(f"{event!r} is not an event; there are {', '.join(get_args(Event))}", "event")
        if not callable(hook):
            raise InvalidRequest(f"{hook!r} cannot be called", "hook")
        if not self._awaits and _is_coroutine_function(hook):
            raise InvalidRequest(f"{hook!r} is a coroutine function, which only AsyncDrawEngine awaits; give a plain one", "hook")
        self._of[event] = (*self._of.get(event, ()), hook)
        self.any = True

    def drawn(self, made: Drawn) -> None:
        """Tell of a request that was just committed, or of one that was made before."""
        if made.entry is None:
            for receipt in made.receipts:
                self._call("replay", receipt)
            return
        for receipt in made.receipts:
            self._call("draw", receipt)
        if made.entry.after and made.rules is not None:
            for alert in alerts_of(made.rules, made.entry):
                self._call(alert.kind, alert)

    def refused(self, refusal: DrawRefused) -> None:
        """Tell of a refusal."""
        self._call("refusal", refusal)

    async def settled(self) -> None:
        """Await the coroutines that hooks have returned since; what they raise is logged."""
        begun, self._begun = self._begun, []
        try:
            while begun:
                event, hook, coroutine = begun.pop(0)
                try:
                    await coroutine
                except Exception:  # noqa: BLE001 - it is logged, and may fail nothing
                    _failed(hook, event)
        finally:
            for _, _, coroutine in begun:  # the caller was cancelled
                coroutine.close()

    def _call(self, event: str, value: object) -> None:
        for hook in self._of.get(event, ()):
            try:
                result = hook(value)
                if isinstance(result, CoroutineType):
                    self._begin(event, hook, result)
            except Exception:  # noqa: BLE001 - as above
                _failed(hook, event)

    def _begin(self, event: str, hook: Callable[[Any], object], coroutine: CoroutineType[Any, Any, Any]) -> None:
        if not self._awaits:
            coroutine.close()
            raise InvalidRequest(f"{hook!r} returned a coroutine, which only AsyncDrawEngine awaits", "hook")
        self._begun.append((event, hook, coroutine))


def _is_coroutine_function(hook: object) -> bool:
    from inspect import iscoroutinefunction  # noqa: PLC0415 - rarely needed, and slow to import

    return iscoroutinefunction(hook) or iscoroutinefunction(type(hook).__call__)


def _failed(hook: object, event: str) -> None:
    import logging  # noqa: PLC0415 - takes a while to import, for what should not happen

    logging.getLogger("prizedraw").exception("the hook %r for %s failed", hook, event)
