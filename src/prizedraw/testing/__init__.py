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
    from prizedraw.testing.engine_machine import EngineAgreementMachine
    from prizedraw.testing.faults import AsyncFaultyStore, FaultyStore, InjectedFault, NoExclusive
    from prizedraw.testing.interleaver import Interleaver, interleavings
    from prizedraw.testing.machines import AgreementMachine, StoreMachine
    from prizedraw.testing.model import ModelStore
    from prizedraw.testing.replaying import Replay, replay
    from prizedraw.testing.strategies import campaigns, prizes, requests

__all__ = [
    "AgreementMachine",
    "AsyncFaultyStore",
    "AsyncStoreConformance",
    "Bridge",
    "EngineAgreementMachine",
    "FaultyStore",
    "FixedClock",
    "InjectedFault",
    "Interleaver",
    "ModelStore",
    "NoExclusive",
    "Replay",
    "StoreConformance",
    "StoreMachine",
    "campaigns",
    "interleavings",
    "prizes",
    "replay",
    "requests",
]

_HOMES = {
    "bridge": ("Bridge",),
    "clock": ("FixedClock",),
    "conformance": ("AsyncStoreConformance", "StoreConformance"),
    "engine_machine": ("EngineAgreementMachine",),
    "faults": ("AsyncFaultyStore", "FaultyStore", "InjectedFault", "NoExclusive"),
    "interleaver": ("Interleaver", "interleavings"),
    "machines": ("AgreementMachine", "StoreMachine"),
    "model": ("ModelStore",),
    "replaying": ("Replay", "replay"),
    "strategies": ("campaigns", "prizes", "requests"),
}
_ASSERTING = ("conformance", "engine_machine", "machines")
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
