"""What an error of psycopg means to who called: which of prizedraw's errors it is, and what can be done about it.

Only the translation lives here. No message holds the password: the connection string is never shown whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import InterfaceError, OperationalError

from prizedraw.errors import StorageBusy, StorageError

if TYPE_CHECKING:
    from psycopg import Error

COLLISIONS = frozenset({
    "23505",  # unique_violation: what was absent has been inserted
    "40001",  # serialization_failure
    "40P01",  # deadlock_detected
    "22012",  # division_by_zero: a part of the usual commit did nothing, see postgres_sql
})  # fmt: skip
"""SQLSTATEs after which the transaction may be tried again, or done the careful way."""
LOCK_NOT_AVAILABLE = "55P03"

REMEDIES = {
    "28P01": "the password is wrong; correct it in the URL or the service file",
    "28000": "the server does not let this role in; see its pg_hba.conf",
    "3D000": "there is no such database; create it, with ENCODING 'UTF8'",
    "42501": "the role lacks a right",
    "53300": "the server has no connection left; lower max_size or raise its max_connections",
    "53100": "the server's disk is full; make room",
    "57014": "the server cancelled the statement; raise its statement_timeout",
    "57P03": "the server is starting up or shutting down; try again",
    "25006": "the server is read-only, perhaps a standby; name its primary",
    "54000": "a key is too long for an index; keep home and key together below 2,600 bytes",
    "42P01": "a table is missing; open the store again",
    "22021": "a text holds a NUL character, which PostgreSQL cannot keep",
}
"""SQLSTATE → what is wrong and what to do."""

SIGNS = (
    ("password authentication failed", "28P01"),
    ("no password supplied", "28P01"),
    ("does not exist", "3D000"),
    ("pg_hba.conf", "28000"),
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
    ("starting up", "57P03"),
    ("shutting down", "57P03"),
)
"""What the server says at login → the SQLSTATE that it stands for."""

UNKNOWN = "it is not known whether the commit was made; try again with the same request id, which tells"
LOST = "the connection was lost and nothing was written; try again with the same request id"
NOTHING = "nothing was written"


class Collision(Exception):
    """Another transaction came in between: nothing of this one is kept, and it may be tried again."""


def judged(error: Error, where: str, waited: float, *, settles: bool) -> Exception:
    """What the steps are told of an error: a Collision, which they may survive, or the StorageError that it means."""
    if error.sqlstate in COLLISIONS:
        return Collision(str(error).strip())
    return translated(error, where, waited, settles=settles)


def translated(error: Error, where: str, waited: float, *, settles: bool) -> StorageError:
    """The error of prizedraw for one of psycopg.

    Args:
        error: what psycopg raised.
        where: the server, without the password.
        waited: seconds since the call began.
        settles: whether what failed may have committed.
    """
    state = error.sqlstate or ("" if isinstance(error, (OperationalError, InterfaceError)) else "psycopg")
    said = (error.diag.message_primary or str(error)).strip().splitlines()[0] if str(error) else type(error).__name__
    if state == LOCK_NOT_AVAILABLE:
        return StorageBusy(f"other writers kept {where} busy for {waited:.3g} s; nothing was written, try again", waited=waited)
    lost = not state or state.startswith(("08", "57P"))
    outcome = UNKNOWN if settles and (lost or state.startswith(("53", "57", "58", "XX"))) else LOST if lost else NOTHING
    remedy = f"{REMEDIES[state]}; " if state in REMEDIES else ""
    return StorageError(f"{where}: {remedy}{outcome} ({said})")


def unreachable(error: Error, where: str) -> StorageError:
    """The error for a connection that could not be made; libpq tells no SQLSTATE then, only the server's words."""
    said = str(error).strip()
    for sign, state in SIGNS:
        if sign in said:
            return StorageError(f"cannot connect to {where}: {REMEDIES[state]} ({said})")
    return StorageError(f"cannot connect to {where}: {said}; see that the server runs, and that host and port are right")


def exhausted(where: str, size: int, waited: float) -> StorageBusy:
    """The error for a pool whose connections are all in use."""
    message = f"all {size} connections to {where} were in use for {waited:.3g} s; nothing was written, try again, or raise max_size"
    return StorageBusy(message, waited=waited)


def given_up(collision: Collision, where: str, waited: float) -> StorageBusy:
    """The error for a collision that nothing was left to try after."""
    return StorageBusy(f"{where}: {collision}; nothing was written, try again", waited=waited)


def shut(where: str) -> StorageError:
    """The error for a store that is used after it was closed."""
    return StorageError(f"the store on {where} is closed; call open() to use it again")


def block_over() -> StorageError:
    """The error for a handle that is used after its block."""
    return StorageError("the exclusive block has ended; commit on a store or on the handle of a new block")
