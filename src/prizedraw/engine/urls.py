"""Where a store is: what the first argument of ``DrawEngine.open`` means."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from prizedraw.errors import InvalidRequest, PrizeDrawError

if TYPE_CHECKING:
    from prizedraw.storage.protocol import AsyncStore, Store

MEMORY = ":memory:"
_PLACES = {"PostgresStore": "schema", "AsyncPostgresStore": "schema", "RedisStore": "prefix", "AsyncRedisStore": "prefix"}
"""Store → what says in the query of a URL where it is on its server; all else there is the driver's."""
_SERVERS = {
    "postgresql": ("PostgresStore", "AsyncPostgresStore"),
    "postgres": ("PostgresStore", "AsyncPostgresStore"),
    **dict.fromkeys(("redis", "rediss", "valkey", "valkeys", "unix"), ("RedisStore", "AsyncRedisStore")),
}
"""Scheme → the names of its stores in ``prizedraw.storage``, for threads and for event loops."""


def open_store(url: str | PathLike[str]) -> Store:
    """The store that a path or URL names, not yet connected: ":memory:", the path of an SQLite file, or the URL of a server.

    ``?schema=NAME`` names the schema on PostgreSQL, ``?prefix=NAME`` the prefix on Redis.

    Raises:
        InvalidRequest: it names none.
        MissingExtra: what it needs is not installed.
    """
    store: Store = _named(url, 0)
    return store


def open_async_store(url: str | PathLike[str]) -> Store | AsyncStore:
    """As ``open_store``, for event loops: asynchronous where a server is behind it."""
    store: Store | AsyncStore = _named(url, 1)
    return store


def _named(url: str | PathLike[str], kind: int) -> Any:
    if isinstance(url, PathLike):
        url = fspath(url)
    if not isinstance(url, str) or not url or "\0" in url:
        raise InvalidRequest(f"{url!r} is not a store; use ':memory:', the path of a file or the URL of a server", "url")
    from prizedraw import storage  # noqa: PLC0415 - a store is imported when it is used

    if url == MEMORY:
        return storage.MemoryStore()
    scheme, separator, rest = url.partition("://")
    if separator and scheme in _SERVERS:
        return _served(storage, _SERVERS[scheme][kind], url)
    if separator and scheme != "sqlite":
        known = ", ".join(f"'{name}://…'" for name in _SERVERS)
        raise InvalidRequest(
            f"the scheme of {scheme + separator + '…'!r} is unknown; use ':memory:', the path of a file, or {known}", "url"
        )
    return storage.SqliteStore(rest.removeprefix("/") if separator else url)


def _served(storage: Any, name: str, url: str) -> Any:
    """The store of this name on a server."""
    from urllib.parse import unquote  # noqa: PLC0415 - for this place alone

    place = _PLACES[name] + "="
    address, _, query = url.partition("?")
    options = query.split("&") if query else []
    ours = {place[:-1]: unquote(option.removeprefix(place)) for option in options if option.startswith(place)}
    if ours:
        query = "&".join(option for option in options if not option.startswith(place))
        url = f"{address}?{query}" if query else address
    try:
        return getattr(storage, name)(url, **ours)
    except PrizeDrawError:
        raise
    except ValueError as error:
        raise InvalidRequest(str(error), "url") from None
