"""prizedraw: an embeddable prize-draw engine.

Exact odds, one atomic and idempotent draw, a stock ledger that always adds up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prizedraw.campaign import Campaign, Disclosure, Finding, Odds, Prize
from prizedraw.draw import Receipt, Refusal, Standing, verify
from prizedraw.engine import DrawEngine
from prizedraw.errors import (
    ClockError,
    DrawRefused,
    InvalidCampaign,
    InvalidEdit,
    InvalidRequest,
    MissingExtra,
    PrizeDrawError,
    RequestMismatch,
    StorageBusy,
    StorageCorrupt,
    StorageError,
    StorageVersion,
    UnknownCampaign,
    UnknownReceipt,
)
from prizedraw.fallback import Reason
from prizedraw.flows.drawing import DrawRequest
from prizedraw.pity import Level, Newcomer, Pity
from prizedraw.quota import UNLIMITED, Points, Quota, RefusalReason
from prizedraw.stock import Release
from prizedraw.windows import Window

if TYPE_CHECKING:
    from prizedraw.engine import AsyncDrawEngine
    from prizedraw.simulation import simulate

__version__ = "0.1.0"

__all__ = [
    "UNLIMITED",
    "AsyncDrawEngine",
    "Campaign",
    "ClockError",
    "Disclosure",
    "DrawEngine",
    "DrawRefused",
    "DrawRequest",
    "Finding",
    "InvalidCampaign",
    "InvalidEdit",
    "InvalidRequest",
    "Level",
    "MissingExtra",
    "Newcomer",
    "Odds",
    "Pity",
    "Points",
    "Prize",
    "PrizeDrawError",
    "Quota",
    "Reason",
    "Receipt",
    "Refusal",
    "RefusalReason",
    "Release",
    "RequestMismatch",
    "Standing",
    "StorageBusy",
    "StorageCorrupt",
    "StorageError",
    "StorageVersion",
    "UnknownCampaign",
    "UnknownReceipt",
    "Window",
    "__version__",
    "simulate",
    "verify",
]


def __getattr__(name: str) -> Any:
    """Import what is heavy when it is asked for."""
    if name == "AsyncDrawEngine":
        from prizedraw.engine import AsyncDrawEngine  # noqa: PLC0415 - see above

        return AsyncDrawEngine
    if name == "simulate":
        from prizedraw.simulation import simulate  # noqa: PLC0415 - see above

        return simulate
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
