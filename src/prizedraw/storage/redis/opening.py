"""What is asked of a server before anything is kept on it, and what it says of its durability: steps, as in ``steps``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from redis.exceptions import NoPermissionError, ResponseError

from prizedraw.errors import StorageCorrupt, StorageError, StorageVersion
from prizedraw.storage.redis import layout, scripts, upgrading
from prizedraw.storage.redis.steps import Ask, Steps, call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prizedraw.storage.redis.common import Common
    from prizedraw.storage.redis.steps import WaitAof

OLDEST = (7, 0)
"""The oldest version of Redis whose scripts are replicated by what they did. Valkey calls itself 7.2 or newer here."""

UNKNOWN = "What survives is as the server is configured, which it does not tell; ask its operator about appendonly and appendfsync."
NO_AOF = "Kept in the server's memory, with snapshots at best: its end or its failover loses every draw since the last snapshot."
SYNCED = {
    "always": "In the server's append-only file, flushed, when a commit returns: survives the end of the server and the loss of power.",
    "everysec": "In the server's append-only file, flushed every second: survives the end of the server process; the loss of power "
    "or a failover may take the last one or two seconds of acknowledged draws.",
    "no": "In the server's append-only file, flushed when the system likes: survives the end of the server process; the loss of power "
    "may take half a minute of acknowledged draws.",
}
WAITED = (
    " A commit waits up to {seconds:g} s until {servers} servers and {replicas} replicas have it flushed in their append-only file, and "
    "is an error otherwise."
)

RIGHTS = (
    "~{prefix}:* +@hash +@sortedset +@string +@keyspace -flushall -flushdb -swapdb +@scripting +@connection +time +info +waitaof "
    "+config|get +cluster|slots"
)
"""What a user must be allowed, as ACL SETUSER takes it; without info and config the durability is not known."""


def opened(store: Common) -> Steps[str]:
    """Check the server of a store and the format of its prefix, write or upgrade it; the durability in words.

    Raises:
        StorageVersion: a newer version of prizedraw wrote there, or an older one and the user may not upgrade it.
        StorageCorrupt: something else lies where the format should.
        StorageError: the server is not fit to keep draws; the message says why and what to do.
    """
    try:
        told: list[Mapping[str, Any]] = yield Ask(("INFO",))
    except NoPermissionError:
        told = []
    for server in told:
        _check_server(server, store)
    yield from _check_format(store.prefix, store.where)
    if store.wait_aof is None:
        return (yield from _durability(told))
    yield from _check_waiting(store.wait_aof, store.where)
    servers, replicas, seconds = store.wait_aof
    return (yield from _durability(told)) + WAITED.format(servers=servers, replicas=replicas, seconds=seconds)


def _check_server(server: Mapping[str, Any], store: Common) -> None:
    where = store.where
    version = str(server.get("redis_version", ""))
    parts = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if parts and parts < OLDEST:
        raise StorageError(f"the server at {where} is Redis {version}; use Redis {OLDEST[0]}.{OLDEST[1]} or newer, or Valkey")
    if server.get("cluster_enabled") and not store.cluster:
        raise StorageError(f"the server at {where} is part of a cluster; add ?cluster=true to the URL, or pass a RedisCluster")
    if server.get("role") == "slave":
        raise StorageError(f"the server at {where} is a replica, which cannot be written to; connect to its primary")
    policy = str(server.get("maxmemory_policy", ""))
    if policy.startswith("allkeys") and not store.allow_eviction:
        raise StorageError(
            f"the server at {where} drops keys when its memory is full (maxmemory-policy {policy}), and with them draws that were made; "
            "set maxmemory-policy to noeviction, or pass allow_eviction=True if losing draws is acceptable"
        )


def _durability(told: list[Mapping[str, Any]]) -> Steps[str]:
    """What the servers say of themselves, as a promise: the weakest of them."""
    if not told or any("aof_enabled" not in server for server in told):
        return UNKNOWN
    if not all(server["aof_enabled"] for server in told):
        return NO_AOF
    try:
        configured = yield Ask(("CONFIG GET", "appendfsync"))
    except ResponseError:  # not allowed, or not there, as with managed servers
        return UNKNOWN
    policies = {one.get("appendfsync") for one in configured}
    return next((SYNCED[policy] for policy in ("no", "everysec", "always") if policy in policies), UNKNOWN)


def _check_waiting(wait_aof: WaitAof, where: str) -> Steps[None]:
    """Ask for it once, so that a server that cannot say so now and not after the first commit."""
    try:
        yield Ask(("WAITAOF", wait_aof[0], 0, 1))
    except ResponseError as error:
        raise StorageError(
            f"the server at {where} cannot tell when a commit is flushed ({error}); set appendonly yes there, or leave out wait_aof"
        ) from error


def format_there(store: Common) -> Steps[int]:
    """The number of the format under the prefix of a store, 0 if there is none."""
    key = layout.format_key(store.prefix)
    kept: bytes | None = yield Ask(("GET", key), key)
    found = upgrading.told(kept or b"")
    return found[0] if found is not None else 0


def _check_format(prefix: str, where: str) -> Steps[None]:
    key = layout.format_key(prefix)
    try:
        kept = yield from call(scripts.FORMAT, (key,), upgrading.newest(), write=True)
    except NoPermissionError as error:
        raise StorageError(
            f"the user at {where} may not do what a store does ({error}); allow it {RIGHTS.format(prefix=prefix)}"
        ) from error
    except ResponseError as error:
        if "unknown command" in str(error).lower():
            raise StorageError(f"the server at {where} runs no scripts ({error}), which every commit needs; use Redis or Valkey") from error
        if "WRONGTYPE" not in str(error):
            raise
        kept = b"something else"
    newest = upgrading.newest()
    while kept != b"%d" % newest:
        if (found := upgrading.told(kept)) is None:
            raise StorageCorrupt(
                f"the key {key.decode()!r} at {where} holds {kept!r:.80}, not the format of a store; choose another prefix"
            )
        if found[1] > newest:
            raise StorageVersion(
                f"prefix {prefix!r} at {where} has format {kept.decode()}, and this version of prizedraw knows {newest}; upgrade prizedraw"
            )
        try:
            kept = yield from upgrading.upgraded(prefix, kept)
        except NoPermissionError as error:
            raise StorageVersion(
                f"prefix {prefix!r} at {where} has format {kept.decode()} of an older version of prizedraw, and the user may not upgrade "
                f"it ({error}); run prizedraw migrate as one who may {RIGHTS.format(prefix=prefix)}"
            ) from error
