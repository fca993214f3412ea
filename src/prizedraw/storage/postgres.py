"""The store on a PostgreSQL server, for threads: carries out the steps of ``storage.postgres_steps``.

Only connections and the carrying out live here; what is asked of the server, and in which order, does not.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import suppress
from functools import cached_property
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from prizedraw.storage.postgres_link import Link  # first, for it says what to do where psycopg is missing

# isort: split
import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from prizedraw.storage.postgres_errors import Collision, block_over, exhausted, given_up, judged, shut, unreachable
from prizedraw.storage.postgres_schema import ddl
from prizedraw.storage.postgres_steps import Pause, Procedures
from prizedraw.storage.postgres_wire import Prepared

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from types import TracebackType

    from prizedraw.errors import StorageError
    from prizedraw.storage.postgres_steps import Ask, Steps
    from prizedraw.storage.protocol import Commit, Counter, Doc, Entry, Outcome, Page, Read, View

T = TypeVar("T")

BUSY_WAIT = 30.0


class Session(psycopg.Connection[Any]):
    """A connection with one cursor for all statements: what a cursor knows of types is found out once, not in every draw."""

    @cached_property
    def asking(self) -> psycopg.Cursor[Any]:
        """The cursor, for results in binary."""
        return self.cursor(binary=True)

    @cached_property
    def prepared(self) -> Prepared:
        """The statements that it has prepared."""
        return Prepared(self)


Pool: TypeAlias = ConnectionPool[Session]


class PostgresStore:
    """A store in one schema of a PostgreSQL database, made at the first use if the role may.

    Args:
        conninfo: a ``postgresql://`` URL or a libpq connection string.
        schema: the schema that holds the tables; stores in different schemas share nothing.
        min_size: connections that are kept open.
        max_size: connections that are opened at most; an audit, an archive and an export use two at a time.
        busy_wait: seconds that a call outside ``exclusive`` waits for a connection or for other writers before StorageBusy.
        prepared: whether statements are prepared on the server. None: wherever a connection has a backend of its own, which is found
            out; so behind a pooler in transaction mode they are not. True is for a pooler that keeps prepared statements itself.

    A read and a usual commit are one round trip each.

    Raises:
        InvalidRequest: ``conninfo`` is no connection string.
        ValueError: ``schema`` cannot name a schema.
    """

    lock_first = False

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "prizedraw",
        min_size: int = 1,
        max_size: int = 10,
        busy_wait: float = BUSY_WAIT,
        prepared: bool | None = None,
    ) -> None:
        self._link = Link(conninfo, prepared=prepared)
        self._ask = Procedures(schema, busy_wait)
        self._min_size, self._max_size = min_size, max_size
        self._mutex = threading.Lock()
        self._state = "new"
        self._pool: Pool | None = None
        _stores.add(self)

    def __repr__(self) -> str:
        return f"<PostgresStore in {self._ask.schema!r} of {self._link.where}>"

    @staticmethod
    def ddl(schema: str = "prizedraw", role: str | None = None, *, since: int = 0) -> str:
        """The script that makes or upgrades the schema, for a database administrator; see ``postgres_schema.ddl``."""
        return ddl(schema, role, since=since)

    @property
    def durability(self) -> str:
        """What survives which failure, as the server's settings were when the store was opened."""
        return self._ask.durability

    def open(self) -> None:
        """Connect, and create, upgrade or check the schema.

        Raises:
            StorageVersion: a newer version of prizedraw made it, or an older one and the role may not upgrade it.
            StorageError: it cannot be reached or used; the message says why and what to do.
        """
        with self._mutex:
            if self._state == "open":
                return
            self._apart(self._ask.open())
            self._state = "open"

    def schema_version(self) -> int:
        """The version of the layout that is there, 0 where there is none yet."""
        return self._apart(self._ask.schema_version())

    def _apart(self, steps: Steps[T]) -> T:
        """Carry out steps on a connection of their own."""
        try:
            connection = Session.connect(self._link.conninfo, **self._link.options)
        except psycopg.Error as error:
            raise unreachable(error, self._link.where) from None
        with connection:
            return carry_out(connection, steps, self._link.where)

    def close(self) -> None:
        """Close every connection; those in use are closed when they are given back."""
        with self._mutex:
            self._state = "closed"
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.close()

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """Answer each read; all of them from one snapshot, in one round trip."""
        return self._run(self._ask.read(home, reads))

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """Apply each commit whole or not at all, in order: one in one round trip if it is usual, many in one transaction."""
        return self._run(self._ask.commit(home, commits))

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> _Block:
        """One transaction that holds these documents while the block runs, rolled back if the block raises."""
        return _Block(self, home, docs, wait)

    def entries(
        self,
        home: str,
        *,
        owner: str | None = None,
        kind: str | None = None,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page[Entry]:
        """One page of the journal; upwards through a whole home it misses nothing that is still on its way."""
        return self._run(self._ask.entries(home, owner, kind, after, limit, newest_first=newest_first))

    def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """The entry of this id, or None."""
        return self._run(self._ask.entry(home, id))

    def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """One page of the documents whose key starts with ``prefix``, in order of key."""
        return self._run(self._ask.docs(home, prefix, after, limit))

    def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """One page of the counters whose key starts with ``prefix``, in order of key."""
        return self._run(self._ask.counters(home, prefix, after, limit))

    def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """Drop the entries with ``at < before`` and append ``checkpoint``, or do nothing if that id is known. O(n)."""
        return self._run(self._ask.forget(home, before, checkpoint))

    def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """Apply a commit and, only where it is Committed, take back what was written before."""
        return self._run(self._ask.redact(home, commit, entries, docs))

    def compact(self) -> None:
        """Do nothing: the server's autovacuum gives back the room of what was dropped."""

    def now(self) -> datetime | None:
        """The server's clock."""
        return self._run(self._ask.now())

    def _run(self, steps: Steps[T]) -> T:
        pool = self._pool or self._opened()
        connection = self._borrow(pool, self._ask.wait)
        try:
            result = carry_out(connection, steps, self._link.where)
        except BaseException:
            _give_back(pool, connection)
            raise
        pool.putconn(connection)
        return result

    def _borrow(self, pool: Pool, wait: float) -> Session:
        began = monotonic()
        try:
            return pool.getconn(max(wait, 0.001))
        except PoolTimeout:
            raise self._starved(monotonic() - began) from None

    def _opened(self) -> Pool:
        if self._state == "new":
            self.open()
        with self._mutex:
            if self._state != "open":
                raise shut(self._link.where)
            if self._pool is None:
                self._pool = ConnectionPool(
                    self._link.conninfo,
                    connection_class=Session,
                    kwargs=self._link.options,
                    configure=self._settle,
                    num_workers=1,
                    open=True,
                    min_size=self._min_size,
                    max_size=self._max_size,
                )
                with suppress(PoolTimeout):  # who borrows is told
                    self._pool.wait(self._ask.wait)  # else the first borrower makes it grow
            return self._pool

    def _settle(self, connection: Session) -> None:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None  # noqa: S101 - a select without a table has one row
        # Behind a pooler that lends backends they differ, as it cannot tell at login which backend will answer.
        own = connection.info.backend_pid == row[0]
        connection.prepare_threshold = self._link.threshold(own=own)
        carry_out(connection, self._ask.bound(own=own), self._link.where)

    def _starved(self, waited: float) -> StorageError:
        """Why there was no connection: the server cannot be reached, or all of them are in use."""
        try:
            Session.connect(self._link.conninfo, **self._link.options).close()
        except psycopg.Error as error:
            return unreachable(error, self._link.where)
        return exhausted(self._link.where, self._max_size, waited)

    def _forked(self) -> None:
        """The child makes connections of its own; the parent's are left alone."""
        self._mutex = threading.Lock()
        if self._pool is not None:
            _of_the_parent.append(self._pool)
            self._pool = None


class _Block:
    """An exclusive block: a transaction as a context manager, and the handle inside."""

    __slots__ = ("_connection", "_docs", "_home", "_pool", "_process", "_store", "_wait")

    def __init__(self, store: PostgresStore, home: str, docs: Sequence[str], wait: float) -> None:
        self._store, self._home, self._docs, self._wait = store, home, docs, wait
        self._connection: Session | None = None

    def __enter__(self) -> _Block:
        store, began = self._store, monotonic()
        self._pool = store._pool or store._opened()  # noqa: SLF001 - the store's own other half
        self._connection = store._borrow(self._pool, self._wait)  # noqa: SLF001 - as above
        self._process = os.getpid()
        try:
            left = max(0.0, self._wait - (monotonic() - began))
            self._run(store._ask.enter(self._home, self._docs, left))  # noqa: SLF001 - as above
        except BaseException:
            self._leave()
            raise
        return self

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """Answer each read; what the block has committed is seen."""
        return self._run(self._store._ask.read(home, reads))  # noqa: SLF001 - as above

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """Apply each commit; they become durable, and are seen by others, when the block ends."""
        return self._run(self._store._ask.commit_within(home, commits))  # noqa: SLF001 - as above

    def _run(self, steps: Steps[T]) -> T:
        if self._connection is None or self._process != os.getpid():
            raise block_over()
        return carry_out(self._connection, steps, self._store._link.where)  # noqa: SLF001 - as above

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self._run(self._store._ask.leave())  # noqa: SLF001 - as above
        finally:
            self._leave()

    def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and self._process == os.getpid():  # after a fork the transaction is the parent's
            _give_back(self._pool, connection)


def carry_out(connection: Session, steps: Steps[T], where: str) -> T:
    """Carry out steps on a connection and return their result.

    Raises:
        StorageError: what an error of the server means; the connection may be left in a transaction.
    """
    began = monotonic()
    result: Any = None
    failure: Exception | None = None
    try:
        while True:
            ask = steps.send(result) if failure is None else steps.throw(failure)
            result = failure = None
            try:
                result = _answer(connection, ask)
            except psycopg.Error as error:
                failure = judged(error, where, monotonic() - began, settles=ask.settles)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what Steps[T] returns
    except Collision as collision:
        raise given_up(collision, where, monotonic() - began) from None


def _answer(connection: Session, ask: Ask | Pause) -> list[Any]:
    if isinstance(ask, Pause):
        sleep(ask.seconds)
        return []
    if ask.params is None:
        connection.execute(ask.sql, prepare=False)
        return []
    if connection.prepare_threshold is not None:
        return connection.wait(connection.prepared.rows(ask.sql, ask.params))
    cursor = connection.asking
    cursor.execute(ask.sql, ask.params)
    # Not cursor.description, which makes an object of each column, at the cost of a tenth of a draw.
    return cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []


def _give_back(pool: Pool, connection: Session) -> None:
    """Give a connection back in no transaction; where it is lost, look after the others of the pool as well."""
    with suppress(psycopg.Error):
        connection.rollback()  # unless there is nothing to roll back
    if connection.closed:
        pool.check()
    pool.putconn(connection)


_stores: weakref.WeakSet[PostgresStore] = weakref.WeakSet()
_of_the_parent: list[object] = []
"""Pools of before a fork, kept so that nothing closes their connections."""


def _after_in_child() -> None:
    for store in list(_stores):
        store._forked()  # noqa: SLF001 - this module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_in_child)
