"""From a URL to a client of redis-py, for threads or for event loops; nothing is sent here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit

from redis.backoff import NoBackoff

from prizedraw.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}
"""Scheme of a URL → what redis-py calls it."""

TIMEOUT = 10.0
"""Seconds that a connection and an answer are waited for, unless the URL says otherwise."""

HOPS = 16
"""How often a command is sent on within a cluster whose slots move, as redis-py does it, and HOP, the seconds to let them."""
HOP = 0.01
STRAIGHT: tuple[tuple[str, ...], ...] = ()
ASIDE = (("ASKING",),)
"""What goes before a command to the server that owns its slot, and to one that is about to."""

_CLUSTERED = {"true": True, "false": False, "": False}


def client(where: Any, library: ModuleType) -> Any:
    """The client that a URL asks for; a client as it is.

    Args:
        where: a URL as redis-py takes it, also with ``valkey`` for ``redis``; ``cluster=true`` in its query asks for a cluster.
        library: ``redis`` or ``redis.asyncio``.

    Raises:
        InvalidRequest: it is neither.
    """
    if not isinstance(where, str):
        if where.get_encoder().decode_responses:
            raise InvalidRequest("decode_responses=True would make text of bytes; pass a client without it", "client")
        return where
    parts, clustered = _split(where)
    make = library.RedisCluster if clustered else library.Redis
    never = library.retry.Retry(NoBackoff(), 0)  # a commit must not be sent again behind our back
    options = {"protocol": 2, "socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": never}
    try:
        return make.from_url(parts.geturl(), **options)
    except (ValueError, TypeError) as error:
        raise _unreadable(parts.scheme, error) from None


def packed(args: Sequence[Any]) -> bytes:
    """A command as it is sent: what redis-py makes of it, in a fraction of the time."""
    parts = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = arg if type(arg) is bytes else str(arg).encode()
        parts.append(b"$%d\r\n%b\r\n" % (len(data), data))
    return b"".join(parts)


def is_clustered(where: Any) -> bool:
    """Whether a URL asks for a cluster, or a client speaks to one."""
    return _split(where)[1] if isinstance(where, str) else hasattr(where, "nodes_manager")


def place(where: Any) -> str:
    """Where the server of a URL or client is, without a password."""
    if isinstance(where, str):
        parts, clustered = _split(where)
        host = parts.netloc.rpartition("@")[2]
        return f"cluster {host}" if clustered else f"{host}{parts.path}"
    if is_clustered(where):
        return "cluster " + ",".join(sorted(where.nodes_manager.startup_nodes))
    pool = where.connection_pool
    options = pool.connection_kwargs
    if "path" in options:
        return f"{options['path']}/{options.get('db') or 0}"
    if "host" in options:
        return f"{options['host']}:{options.get('port', 6379)}/{options.get('db') or 0}"
    return str(getattr(pool, "service_name", "the server"))  # found by sentinels


def _split(url: str) -> tuple[SplitResult, bool]:
    """The URL as redis-py takes it, and whether it asks for a cluster."""
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES:
        raise InvalidRequest(f"the scheme of {scheme + '://…'!r} is unknown; use one of {', '.join(SCHEMES)}", "url")
    try:
        parts = urlsplit(f"{SCHEMES[scheme]}://{rest}")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError as error:
        raise _unreadable(scheme, error) from None
    wanted = query.pop("cluster", "")
    clustered = _CLUSTERED.get(wanted)
    if clustered is None:
        raise InvalidRequest(f"cluster={wanted!r} is neither true nor false", "url")
    return parts._replace(query=urlencode(query)), clustered


def _unreadable(scheme: str, error: Exception) -> InvalidRequest:
    return InvalidRequest(f"this is not the address of a server ({error}); write it like {scheme}://host:6379/0", "url")
