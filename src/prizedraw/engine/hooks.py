"""Hooks: functions of the host that are told of what was committed. They run after the commit and cannot fail a draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from prizedraw.errors import InvalidRequest
from prizedraw.flows.alerting import alerts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from prizedraw.errors import DrawRefused
    from prizedraw.flows.drawing import Drawn

Event: TypeAlias = Literal["draw", "refusal", "low_stock", "sold_out"]


class Hooks:
    """The functions to call, by event. At most one call per process for each thing that happened; the journal has them all."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Callable[[Any], object], ...]] = {}
        self.any = False
        """Whether there is one."""

    def on(self, event: Event, hook: Callable[[Any], object]) -> None:
        """Call ``hook`` with each Receipt ("draw"), DrawRefused ("refusal") or Alert ("low_stock", "sold_out").

        Raises:
            InvalidRequest: the event is not one of these, or the hook cannot be called.
        """
        if event not in get_args(Event):
            raise InvalidRequest(f"{event!r} is not an event; there are {', '.join(get_args(Event))}", "event")
        if not callable(hook):
            raise InvalidRequest(f"{hook!r} cannot be called", "hook")
        self._of[event] = (*self._of.get(event, ()), hook)
        self.any = True

    def drawn(self, made: Drawn) -> None:
        """Tell of a request that was just committed."""
        if made.entry is None:
            return
        for receipt in made.receipts:
            self._call("draw", receipt)
        if made.entry.after and made.rules is not None:
            for alert in alerts_of(made.rules, made.entry):
                self._call(alert.kind, alert)

    def refused(self, refusal: DrawRefused) -> None:
        """Tell of a refusal."""
        self._call("refusal", refusal)

    def _call(self, event: str, value: object) -> None:
        for hook in self._of.get(event, ()):
            try:
                hook(value)
            except Exception:
                import logging  # noqa: PLC0415 - takes a while to import, for what should not happen

                logging.getLogger("prizedraw").exception("the hook %r for %s failed", hook, event)
