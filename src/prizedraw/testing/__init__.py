"""The kit for people who write stores or test against prizedraw: conformance suites, faults, clock, strategies.

Needs the extra ``prizedraw[testing]``; nothing else in prizedraw imports it. Names are loaded when they are used, so that who
wants a clock loads no test framework.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prizedraw.testing.bridge import Bridge
    from prizedraw.testing.clock import FixedClock
    from prizedraw.testing.conformance import AsyncStoreConformance, StoreConformance
    from prizedraw.testing.faults import AsyncFaultyStore, FaultyStore, InjectedFault, NoExclusive
    from prizedraw.testing.interleaver import Interleaver, interleavings
    from prizedraw.testing.strategies import campaigns, prizes

__all__ = [
    "AsyncFaultyStore",
    "AsyncStoreConformance",
    "Bridge",
    "FaultyStore",
    "FixedClock",
    "InjectedFault",
    "Interleaver",
    "NoExclusive",
    "StoreConformance",
    "campaigns",
    "interleavings",
    "prizes",
]

_HOMES = {
    "bridge": ("Bridge",),
    "clock": ("FixedClock",),
    "conformance": ("AsyncStoreConformance", "StoreConformance"),
    "faults": ("AsyncFaultyStore", "FaultyStore", "InjectedFault", "NoExclusive"),
    "interleaver": ("Interleaver", "interleavings"),
    "strategies": ("campaigns", "prizes"),
}
_ASSERTING = ("conformance",)
"""Modules made of assertions: pytest rewrites them when they are imported, so that failures show values."""


def __getattr__(name: str) -> Any:
    home = next((module for module, names in _HOMES.items() if name in names), None)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if home in _ASSERTING and f"{__name__}.{home}" not in sys.modules:
        import_module("pytest").register_assert_rewrite(f"{__name__}.{home}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{home}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
