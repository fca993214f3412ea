"""The store on a PostgreSQL server, for event loops: the twin of ``storage.postgres``, on the same steps."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from prizedraw.storage.postgres_link import Link  # first, for it says what to do where psycopg is missing

# isort: split
import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

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


class Session(psycopg.AsyncConnection[Any]):
    """See ``postgres.Session``."""

    @cached_property
    def asking(self) -> psycopg.AsyncCursor[Any]:
        """The cursor, for results in binary."""
        return self.cursor(binary=True)

    @cached_property
    def prepared(self) -> Prepared:
        """The statements that it has prepared."""
        return Prepared(self)


Pool: TypeAlias = AsyncConnectionPool[Session]


class AsyncPostgresStore:
    """See ``PostgresStore`` for every argument. Nothing is opened before the first call, on whose event loop the connections live.

    A store that is used on another loop later makes connections there; close it on the first one before that ends.
    """

    lock_first = False

    def __init__(
        self,
        conninfo: str,
        *,
        schema: str = "prizedraw",
        min_size: int = 1,
        max_size: int = 10,
        busy_wait: float = 30.0,
        prepared: bool | None = None,
    ) -> None:
        self._link = Link(conninfo, prepared=prepared)
        self._ask = Procedures(schema, busy_wait)
        self._min_size, self._max_size = min_size, max_size
        self._state = "new"
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Lock | None = None
        self._pool: Pool | None = None

    def __repr__(self) -> str:
        return f"<AsyncPostgresStore in {self._ask.schema!r} of {self._link.where}>"

    @staticmethod
    def ddl(schema: str = "prizedraw", role: str | None = None, *, since: int = 0) -> str:
        """See ``PostgresStore.ddl``."""
        return ddl(schema, role, since=since)

    @property
    def durability(self) -> str:
        """See ``PostgresStore.durability``."""
        return self._ask.durability

    async def open(self) -> None:
        """See ``PostgresStore.open``."""
        self._state = "open"
        await self._opened()

    async def schema_version(self) -> int:
        """See ``PostgresStore.schema_version``."""
        return await self._apart(self._ask.schema_version())

    async def close(self) -> None:
        """See ``PostgresStore.close``."""
        self._state = "closed"
        pool, self._pool = self._pool, None
        if pool is not None and self._loop is asyncio.get_running_loop():
            await pool.close()

    async def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """See ``PostgresStore.read``."""
        return await self._run(self._ask.read(home, reads))

    async def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """See ``PostgresStore.commit``."""
        return await self._run(self._ask.commit(home, commits))

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> _Block:
        """See ``PostgresStore.exclusive``."""
        return _Block(self, home, docs, wait)

    async def entries(
        self,
        home: str,
        *,
        owner: str | None = None,
        kind: str | None = None,
        after: str | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page[Entry]:
        """See ``PostgresStore.entries``."""
        return await self._run(self._ask.entries(home, owner, kind, after, limit, newest_first=newest_first))

    async def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """See ``PostgresStore.entry``."""
        return await self._run(self._ask.entry(home, id))

    async def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """See ``PostgresStore.docs``."""
        return await self._run(self._ask.docs(home, prefix, after, limit))

    async def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """See ``PostgresStore.counters``."""
        return await self._run(self._ask.counters(home, prefix, after, limit))

    async def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """See ``PostgresStore.forget``."""
        return await self._run(self._ask.forget(home, before, checkpoint))

    async def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """See ``PostgresStore.redact``."""
        return await self._run(self._ask.redact(home, commit, entries, docs))

    async def compact(self) -> None:
        """See ``PostgresStore.compact``."""

    async def now(self) -> datetime | None:
        """See ``PostgresStore.now``."""
        return await self._run(self._ask.now())

    async def _run(self, steps: Steps[T]) -> T:
        pool = await self._opened()
        connection = await self._borrow(pool, self._ask.wait)
        try:
            result = await carry_out(connection, steps, self._link.where)
        except BaseException:
            await asyncio.shield(_give_back(pool, connection))
            raise
        await pool.putconn(connection)
        return result

    async def _borrow(self, pool: Pool, wait: float) -> Session:
        began = monotonic()
        try:
            return await pool.getconn(max(wait, 0.001))
        except PoolTimeout:
            raise await self._starved(monotonic() - began) from None

    async def _opened(self) -> Pool:
        loop = asyncio.get_running_loop()
        if self._pool is not None and self._loop is loop:
            return self._pool
        if self._opening is None or self._loop is not loop:
            self._loop, self._pool, self._opening = loop, None, asyncio.Lock()
        async with self._opening:
            if self._state == "closed":
                raise shut(self._link.where)
            if self._pool is None:
                await self._apart(self._ask.open())
                pool = AsyncConnectionPool(
                    self._link.conninfo,
                    connection_class=Session,
                    kwargs=self._link.options,
                    configure=self._settle,
                    num_workers=1,
                    open=False,
                    min_size=self._min_size,
                    max_size=self._max_size,
                )
                await pool.open()
                with suppress(PoolTimeout):  # who borrows is told
                    await pool.wait(self._ask.wait)  # else the first borrower makes it grow
                self._pool, self._state = pool, "open"
            return self._pool

    async def _apart(self, steps: Steps[T]) -> T:
        """Carry out steps on a connection of their own."""
        try:
            connection = await Session.connect(self._link.conninfo, **self._link.options)
        except psycopg.Error as error:
            raise unreachable(error, self._link.where) from None
        async with connection:
            return await carry_out(connection, steps, self._link.where)

    async def _settle(self, connection: Session) -> None:
        row = await (await connection.execute("SELECT pg_backend_pid()")).fetchone()
        assert row is not None  # noqa: S101 - a select without a table has one row
        # Behind a pooler that lends backends they differ, as it cannot tell at login which backend will answer.
        own = connection.info.backend_pid == row[0]
        connection.prepare_threshold = self._link.threshold(own=own)
        await carry_out(connection, self._ask.bound(own=own), self._link.where)

    async def _starved(self, waited: float) -> StorageError:
        """See ``PostgresStore._starved``."""
        try:
            await (await Session.connect(self._link.conninfo, **self._link.options)).close()
        except psycopg.Error as error:
            return unreachable(error, self._link.where)
        return exhausted(self._link.where, self._max_size, waited)


class _Block:
    """An exclusive block: a transaction as a context manager, and the handle inside."""

    __slots__ = ("_connection", "_docs", "_home", "_pool", "_store", "_wait")

    def __init__(self, store: AsyncPostgresStore, home: str, docs: Sequence[str], wait: float) -> None:
        self._store, self._home, self._docs, self._wait = store, home, docs, wait
        self._connection: Session | None = None

    async def __aenter__(self) -> _Block:
        store, began = self._store, monotonic()
        self._pool = await store._opened()  # noqa: SLF001 - the store's own other half
        self._connection = await store._borrow(self._pool, self._wait)  # noqa: SLF001 - as above
        try:
            left = max(0.0, self._wait - (monotonic() - began))
            await self._run(store._ask.enter(self._home, self._docs, left))  # noqa: SLF001 - as above
        except BaseException:
            await self._leave()
            raise
        return self

    async def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """Answer each read; what the block has committed is seen."""
        return await self._run(self._store._ask.read(home, reads))  # noqa: SLF001 - as above

    async def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """Apply each commit; they become durable, and are seen by others, when the block ends."""
        return await self._run(self._store._ask.commit_within(home, commits))  # noqa: SLF001 - as above

    async def _run(self, steps: Steps[T]) -> T:
        if self._connection is None:
            raise block_over()
        return await carry_out(self._connection, steps, self._store._link.where)  # noqa: SLF001 - as above

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                await self._run(self._store._ask.leave())  # noqa: SLF001 - as above
        finally:
            await self._leave()

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.shield(_give_back(self._pool, connection))


async def carry_out(connection: Session, steps: Steps[T], where: str) -> T:
    """See ``postgres.carry_out``."""
    began = monotonic()
    result: Any = None
    failure: Exception | None = None
    try:
        while True:
            ask = steps.send(result) if failure is None else steps.throw(failure)
            result = failure = None
            try:
                result = await _answer(connection, ask)
            except psycopg.Error as error:
                failure = judged(error, where, monotonic() - began, settles=ask.settles)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]  # what Steps[T] returns
    except Collision as collision:
        raise given_up(collision, where, monotonic() - began) from None


async def _answer(connection: Session, ask: Ask | Pause) -> list[Any]:
    if isinstance(ask, Pause):
        await asyncio.sleep(ask.seconds)
        return []
    if ask.params is None:
        await connection.execute(ask.sql, prepare=False)
        return []
    if connection.prepare_threshold is not None:
        return await connection.wait(connection.prepared.rows(ask.sql, ask.params))
    cursor = connection.asking
    await cursor.execute(ask.sql, ask.params)
    # Not cursor.description, which makes an object of each column, at the cost of a tenth of a draw.
    return await cursor.fetchall() if cursor.pgresult is not None and cursor.pgresult.nfields else []


async def _give_back(pool: Pool, connection: Session) -> None:
    """See ``postgres._give_back``."""
    with suppress(psycopg.Error):
        await connection.rollback()  # unless there is nothing to roll back
    if connection.closed:
        await pool.check()
    await pool.putconn(connection)
