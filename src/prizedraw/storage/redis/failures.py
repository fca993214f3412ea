"""What went wrong on the way to the server or there, in words that name the remedy and no password."""

from __future__ import annotations

from redis import exceptions as driver

from prizedraw.errors import StorageBusy, StorageError

FAILURES = (driver.RedisError, driver.RedisClusterException, OSError)
"""What redis-py raises."""

UNKNOWN = "whether the change was made is not known; try again with the same request id, which is safe"
NOTHING = "nothing was written, try again"

_SAID: tuple[tuple[tuple[type[Exception], ...], str], ...] = (
    (
        (driver.AuthenticationError, driver.AuthenticationWrongNumberOfArgsError),
        "{where} does not accept the name or password ({error}); put the right ones in the URL",
    ),
    ((driver.AuthorizationError, driver.NoPermissionError), "the user at {where} lacks a right ({error}); {after} when it is granted"),
    ((driver.ReadOnlyError,), "{where} is a replica, which cannot be written to ({error}); connect to its primary"),
    ((driver.OutOfMemoryError,), "the memory of {where} is full ({error}); {after} when it has more, or forget old entries"),
    ((driver.BusyLoadingError,), "{where} is still loading what it keeps; {after} in a moment"),
    (
        (driver.ClusterDownError, driver.SlotNotCoveredError),
        "a part of the cluster at {where} is not served ({error}); {after} when its server is back",
    ),
    (
        (driver.RedisClusterException,),
        "the {where} cannot be used ({error}); see that it is one, and that the user may CLUSTER SLOTS; {after}",
    ),
    ((driver.TimeoutError,), "{where} did not answer in time; {after}"),
    ((driver.ConnectionError, OSError), "the connection to {where} failed ({error}); {after}"),
)
"""The first that fits is said."""


def told(error: Exception, where: str, write: bool) -> StorageError:
    """The error to raise for one of FAILURES.

    Args:
        error: what redis-py raised.
        where: the server, without a password.
        write: whether a change had been sent, or may have been.
    """
    if isinstance(error, driver.MaxConnectionsError) or str(error) == "Too many connections":  # before redis-py 6
        return StorageBusy(f"every connection to {where} is in use; {NOTHING}, or allow more with max_connections")
    if "db index is out of range" in str(error).lower():
        return StorageError(f"{where} has no database of that number; name another at the end of the URL")
    said = next((text for kinds, text in _SAID if isinstance(error, kinds)), "{where} answered {error!s}; {after}")
    return StorageError(said.format(where=where, error=error, after=UNKNOWN if write else NOTHING))
