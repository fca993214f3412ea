"""Ready adapters that tell what an engine does: ``log`` to the standard library's logging, ``otel`` to OpenTelemetry.

An engine that nobody observes runs none of this. Names are loaded when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prizedraw.observe.logs import log
    from prizedraw.observe.telemetry import otel

__all__ = ["log", "otel"]

_ELSEWHERE = {"log": "logs", "otel": "telemetry"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ELSEWHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
