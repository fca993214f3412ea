"""The engines: what a host application calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prizedraw.engine.sync import DrawEngine

if TYPE_CHECKING:
    from prizedraw.engine.aio import AsyncDrawEngine

__all__ = ["AsyncDrawEngine", "DrawEngine"]


def __getattr__(name: str) -> Any:
    """Import the engine for event loops when it is asked for, since asyncio takes longer to import than all of prizedraw."""
    if name == "AsyncDrawEngine":
        from prizedraw.engine.aio import AsyncDrawEngine  # noqa: PLC0415 - see above

        return AsyncDrawEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
