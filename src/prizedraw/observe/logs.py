"""What an engine does, told to the standard library's logging."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any

from prizedraw.errors import StorageBusy, StorageError
from prizedraw.observe.calls import surround

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prizedraw.draw import Receipt
    from prizedraw.engine import AsyncDrawEngine, DrawEngine
    from prizedraw.flows.alerting import Alert
    from prizedraw.observe.calls import Call


def log(engine: DrawEngine | AsyncDrawEngine, *, logger: logging.Logger | None = None, participants: bool = False) -> None:
    """Log what this engine does from now on; values stand in the message, and as attributes of the record.

    Draws and replays are DEBUG, refusals INFO, stock that runs low or out and a busy store WARNING, a failing store ERROR.

    Args:
        engine: whose calls.
        logger: where to; left out, "prizedraw.engine".
        participants: whether the ids of participants are told.
    """
    told = _Log(logger if logger is not None else logging.getLogger("prizedraw.engine"), participants)
    engine.on("draw", lambda receipt: told.receipt("drew", receipt))
    engine.on("replay", lambda receipt: told.receipt("drew before", receipt))
    engine.on("low_stock", told.alert)
    engine.on("sold_out", told.alert)
    surround(engine, told.around)


class _Log:
    def __init__(self, logger: logging.Logger, participants: bool) -> None:
        self._logger = logger
        self._participants = participants

    def receipt(self, verb: str, receipt: Receipt) -> None:
        if not self._logger.isEnabledFor(logging.DEBUG):
            return
        extra: dict[str, Any] = {"campaign": receipt.campaign_id, "prize": receipt.prize.id, "request_id": receipt.request_id}
        if self._participants:
            extra["participant"] = receipt.participant
        who = f"{receipt.participant!r}" if self._participants else "a participant"
        why = "" if receipt.reason is None else f" ({receipt.reason})"
        self._logger.debug(
            "%s: %s %s %r%s, request %r", receipt.campaign_id, who, verb, receipt.prize.id, why, receipt.request_id, extra=extra
        )

    def alert(self, alert: Alert) -> None:
        extra = {"campaign": alert.campaign_id, "prize": alert.prize_id, "remaining": alert.remaining, "request_id": alert.request_id}
        self._logger.warning("%s: %s of %r, %d remain", alert.campaign_id, alert.kind, alert.prize_id, alert.remaining, extra=extra)

    @contextmanager
    def around(self, call: Call) -> Iterator[None]:
        began = perf_counter()
        try:
            yield
        finally:
            for reason in call.refusals:
                extra = {"campaign": call.campaign, "reason": reason}
                self._logger.info("%s: a request was refused: %s", call.campaign, reason, extra=extra)
            error = call.error
            if isinstance(error, StorageError):
                level = logging.WARNING if isinstance(error, StorageBusy) else logging.ERROR
                extra = {"campaign": call.campaign, "request_id": error.request_id}
                self._logger.log(
                    level, "%s: %s failed after %.3f s: %s", call.campaign, call.name, perf_counter() - began, error, extra=extra
                )
