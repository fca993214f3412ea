"""The store for event loops: it sends what ``steps`` asks for; nothing about an answer is decided here."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import redis.asyncio
from redis.exceptions import AskError, MovedError, ResponseError, TryAgainError

from prizedraw.errors import StorageError
from prizedraw.storage.redis import connecting, failures, opening, steps
from prizedraw.storage.redis.common import PREFIX, Common, Inside
from prizedraw.storage.redis.steps import Pause

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from prizedraw.storage.protocol import AsyncHandle, Commit, Counter, Doc, Entry, Outcome, Page, Read, View
    from prizedraw.storage.redis.steps import Ask, Steps

T = TypeVar("T")


class AsyncRedisStore(Common):
    """The twin of ``RedisStore`` on an event loop, with the same arguments; a client is one of ``redis.asyncio``.

    Nothing is sent before ``open`` or the first call.
    """

    def __init__(
        self,
        where: str | redis.asyncio.Redis | redis.asyncio.RedisCluster,
        *,
        prefix: str = PREFIX,
        wait_aof: tuple[int, int, float] | None = None,
        allow_eviction: bool = False,
    ) -> None:
        super().__init__(where, prefix, wait_aof, allow_eviction)
        self._mutex = asyncio.Lock()

    async def open(self) -> None:
        """See RedisStore.open."""
        async with self._mutex:
            if self._state == "open":
                return
            self._client = connecting.client(self._from, redis.asyncio)
            self._learn(await self._carry_out(opening.opened(self)))

    async def schema_version(self) -> int:
        """See RedisStore.schema_version."""
        async with self._mutex:
            if self._client is None:
                self._client = connecting.client(self._from, redis.asyncio)
        return await self._carry_out(opening.format_there(self))

    async def close(self) -> None:
        """See RedisStore.close."""
        async with self._mutex:
            self._state = "closed"
            client, self._client = self._client, None
        if client is not None and self._own:
            await client.aclose()

    async def now(self) -> datetime:
        """See RedisStore.now."""
        return await self._run(steps.now(self._home("")))

    async def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """See RedisStore.read."""
        return await self._run(steps.read(self._home(home), reads))

    async def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """See RedisStore.commit."""
        return await self._run(steps.commit(self._home(home), commits, self.wait_aof))

    @asynccontextmanager
    async def exclusive(self, home: str, docs: Sequence[str], wait: float) -> AsyncIterator[AsyncHandle]:
        """See RedisStore.exclusive."""
        keys, token = self._home(home), steps.new_token()
        await self._run(steps.lock(keys, docs, token, wait))
        try:
            yield Inside(self)
        finally:
            with suppress(StorageError):  # they run out
                await self._run(steps.unlock(keys, docs, token))

    async def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """See RedisStore.entry."""
        return await self._run(steps.entry(self._home(home), id))

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
        """See RedisStore.entries."""
        return await self._run(steps.entries(self._home(home), owner, kind, after, limit, newest_first))

    async def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """See RedisStore.docs."""
        return await self._run(steps.docs(self._home(home), prefix, after, limit))

    async def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """See RedisStore.counters."""
        return await self._run(steps.counters(self._home(home), prefix, after, limit))

    async def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """See RedisStore.forget."""
        return await self._run(steps.forget(self._home(home), before, checkpoint))

    async def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """See RedisStore.redact."""
        return await self._run(steps.redact(self._home(home), commit, entries, docs, self.wait_aof))

    async def compact(self) -> None:
        """See RedisStore.compact."""

    async def _run(self, operation: Steps[T]) -> T:
        if self._state != "open":
            if self._state == "closed":
                raise self._closed()
            await self.open()
        return await self._carry_out(operation)

    async def _carry_out(self, operation: Steps[T]) -> T:
        step: Any = operation.send
        answer: Any = None
        try:
            while True:
                asked = step(answer)
                step, answer = operation.send, None
                if type(asked) is Pause:
                    await asyncio.sleep(asked.seconds)
                    continue
                try:
                    answer = await self._send(asked)
                except ResponseError as refusal:
                    step, answer = operation.throw, refusal
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # what Steps[T] return
        except StorageError:
            raise
        except ResponseError as refusal:
            raise failures.told(refusal, self.where, write=False) from refusal
        except failures.FAILURES as error:
            raise failures.told(error, self.where, asked.write) from error

    async def _send(self, ask: Ask) -> Any:
        """See RedisStore._send."""
        client = self._client
        if self.cluster:
            await client.initialize()  # asks for the nodes, if they are not known
            if ask.key is None:
                return [await client.execute_command(*ask.args, target_nodes=node) for node in client.get_primaries()]
            if ask.then is not None:
                return await self._both_of_one(ask, ask.then)
            return await client.execute_command(*ask.args, target_nodes=client.get_node_from_key(ask.key))
        if ask.key is None:
            return [await client.execute_command(*ask.args)]
        pool = client.connection_pool
        try:
            connection = await pool.get_connection()
        except failures.FAILURES as error:
            raise failures.told(error, self.where, write=False) from error
        try:
            return await self._exchange(connection, ask)
        finally:
            await pool.release(connection)  # redis-py has closed it if an answer may still come

    async def _both_of_one(self, ask: Ask, then: tuple[Any, ...]) -> tuple[Any, Any]:
        """See RedisStore._both_of_one."""
        client, nodes = self._client, self._client.nodes_manager
        node, before = client.get_node_from_key(ask.key), connecting.STRAIGHT
        for _ in range(connecting.HOPS):
            pipeline = client.pipeline()
            for args in (*before, ask.args, then):
                pipeline.execute_command(*args, target_nodes=node)
            first, second = (await pipeline.execute(raise_on_error=False, allow_redirections=False))[-2:]
            if isinstance(first, AskError):
                node, before = client.get_node(first.host, first.port), connecting.ASIDE
            elif isinstance(first, (MovedError, TryAgainError)):
                await asyncio.sleep(connecting.HOP)
                await nodes.initialize()
                node, before = client.get_node_from_key(ask.key), connecting.STRAIGHT
            else:
                break
        if isinstance(first, Exception):
            raise first
        return first, second

    @staticmethod
    async def _exchange(connection: Any, ask: Ask) -> Any:
        if ask.then is None:
            await connection.send_packed_command(connecting.packed(ask.args))
            return await connection.read_response()
        await connection.send_packed_command(connecting.packed(ask.args) + connecting.packed(ask.then))
        return await _both(connection)


async def _both(connection: Any) -> tuple[Any, Any]:
    """Two answers; the second is read whatever the first is, and is told as it is if it is an error: the first stands."""
    try:
        first = await connection.read_response()
    except ResponseError:
        with suppress(ResponseError):
            await connection.read_response()
        raise
    try:
        return first, await connection.read_response()
    except ResponseError as refusal:
        return first, refusal
