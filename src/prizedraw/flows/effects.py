"""What a flow may ask of the world, and the type of a flow.

A flow is a generator: it yields effects, is sent their results, and returns its own. It does no input or output itself; the drivers
of ``prizedraw.engine`` do, one for threads and one for event loops.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Literal, TypeAlias, TypeVar

import msgspec

from prizedraw.storage.protocol import Commit, Entry, Read

T = TypeVar("T")

PATIENCE = 2
"""Commits overtaken by other writers after which a flow asks for exclusivity."""
MISFIRES = 1000
"""Such commits after which it gives up with StorageBusy; far more than any race makes, but not for ever."""


class Fetch(msgspec.Struct, frozen=True, gc=False):
    """Read one snapshot; the result is a View."""

    home: str
    read: Read


class Post(msgspec.Struct, frozen=True, gc=False):
    """Commit; the result is an Outcome."""

    home: str
    commit: Commit


class Fetches(msgspec.Struct, frozen=True, gc=False):
    """Several reads of one home from one snapshot; the result is a list of Views."""

    home: str
    reads: list[Read]


class Posts(msgspec.Struct, frozen=True, gc=False):
    """Several commits to one home, in order; the result is a list of Outcomes."""

    home: str
    commits: list[Commit]


class Exclusive(msgspec.Struct, frozen=True, gc=False):
    """Keep other writers of these documents away until the flow ends; no result. Asked for again, it changes nothing."""

    home: str
    docs: tuple[str, ...]


class Listing(msgspec.Struct, frozen=True):
    """Read a page; the result is a Page of entries, or of (key, document), or of (key, counter)."""

    home: str
    of: Literal["entries", "docs", "counters"]
    prefix: str = ""
    owner: str | None = None
    kind: str | None = None
    after: str | None = None
    limit: int = 200
    newest_first: bool = False


class Forget(msgspec.Struct, frozen=True):
    """Drop the entries with ``at < before`` and append the checkpoint; the result is how many were dropped."""

    home: str
    before: int
    checkpoint: Entry


class Redact(msgspec.Struct, frozen=True):
    """Commit, and take back in the same step what was written before; the result is an Outcome."""

    home: str
    commit: Commit
    entries: tuple[Entry, ...]
    docs: tuple[str, ...]


class Compact(msgspec.Struct, frozen=True):
    """Give back the room of what was dropped; no result."""


Effect: TypeAlias = Fetch | Post | Fetches | Posts | Exclusive | Listing | Forget | Redact | Compact
Flow: TypeAlias = Generator[Effect, Any, T]
