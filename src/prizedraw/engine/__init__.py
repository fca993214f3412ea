"""The engines: what a host application calls."""

from prizedraw.engine.aio import AsyncDrawEngine
from prizedraw.engine.sync import DrawEngine

__all__ = ["AsyncDrawEngine", "DrawEngine"]
