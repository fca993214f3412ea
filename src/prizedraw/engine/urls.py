"""Where a store is: what the first argument of ``DrawEngine.open`` means."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from prizedraw.storage.protocol import AsyncStore, Store

MEMORY = ":memory:"
REDIS = ("redis", "rediss", "valkey", "valkeys", "unix")
_TO_COME = ("postgresql", "postgres")


def open_store(url: str | PathLike[str]) -> Store:
    """The store that a path or URL names, not yet connected: ":memory:", the path of an SQLite file, or a server.

    Raises:
        InvalidRequest: it names none.
        MissingExtra: the library that speaks to its server is not installed.
    """
    if isinstance(url, PathLike):
        url = fspath(url)
    if not isinstance(url, str) or not url or "\0" in url:
        raise InvalidRequest(f"{url!r} is not a store; use ':memory:' or the path of a file", "url")
    if url == MEMORY:
        from prizedraw.storage.memory import MemoryStore  # noqa: PLC0415 - a store is imported when it is used

        return MemoryStore()
    scheme, separator, rest = url.partition("://")
    if separator and scheme in REDIS:
        from prizedraw.storage.redis import RedisStore  # noqa: PLC0415 - a store is imported when it is used

        return RedisStore(url)
    if separator and scheme != "sqlite":
        hint = "is not in this version yet" if scheme in _TO_COME else "is unknown"
        raise InvalidRequest(f"the scheme of {scheme + separator + '…'!r} {hint}; use ':memory:' or the path of a file", "url")
    from prizedraw.storage.sqlite import SqliteStore  # noqa: PLC0415 - a store is imported when it is used

    return SqliteStore(rest.removeprefix("/") if separator else url)


def open_async_store(url: str | PathLike[str]) -> Store | AsyncStore:
    """As ``open_store``; where the server can be spoken to from an event loop, the store that does."""
    if isinstance(url, str) and "://" in url and url.partition("://")[0] in REDIS:
        from prizedraw.storage.redis import AsyncRedisStore  # noqa: PLC0415 - a store is imported when it is used

        return AsyncRedisStore(url)
    return open_store(url)
