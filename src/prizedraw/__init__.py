"""prizedraw: an embeddable prize-draw engine.

Exact odds, one atomic and idempotent draw, a stock ledger that always adds up.
"""

from prizedraw.campaign import Campaign, Disclosure, Finding, Odds, Prize
from prizedraw.draw import Receipt, Refusal, Standing, verify
from prizedraw.engine import AsyncDrawEngine, DrawEngine
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
    "verify",
]
