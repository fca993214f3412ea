"""Stores: where documents, counters and entries are kept. A store knows no rule of prizedraw.

Names are loaded when they are used, so that only who opens an SQLite file imports sqlite3.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prizedraw.storage.memory import MemoryStore
    from prizedraw.storage.postgres import PostgresStore
    from prizedraw.storage.postgres_aio import AsyncPostgresStore
    from prizedraw.storage.protocol import (
        ABSENT,
        MAX_INTEGER,
        NO_LIMIT,
        UNTOUCHED,
        AsyncHandle,
        AsyncStore,
        Commit,
        Committed,
        Conflict,
        Counter,
        Doc,
        Entry,
        Handle,
        Outcome,
        Page,
        Read,
        Refused,
        Replayed,
        Stale,
        Store,
        View,
    )
    from prizedraw.storage.redis import AsyncRedisStore, RedisStore
    from prizedraw.storage.sqlite import SqliteStore

__all__ = [
    "ABSENT",
    "MAX_INTEGER",
    "NO_LIMIT",
    "UNTOUCHED",
    "AsyncHandle",
    "AsyncPostgresStore",
    "AsyncRedisStore",
    "AsyncStore",
    "Commit",
    "Committed",
    "Conflict",
    "Counter",
    "Doc",
    "Entry",
    "Handle",
    "MemoryStore",
    "Outcome",
    "Page",
    "PostgresStore",
    "Read",
    "RedisStore",
    "Refused",
    "Replayed",
    "SqliteStore",
    "Stale",
    "Store",
    "View",
]

_ELSEWHERE = {
    "AsyncPostgresStore": "postgres_aio",
    "AsyncRedisStore": "redis",
    "MemoryStore": "memory",
    "PostgresStore": "postgres",
    "RedisStore": "redis",
    "SqliteStore": "sqlite",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_ELSEWHERE.get(name, 'protocol')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
