"""The store for threads: it sends what ``steps`` asks for; nothing about an answer is decided here."""

from __future__ import annotations

import threading
from contextlib import contextmanager, suppress
from os import getpid
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeVar

import redis
from redis.exceptions import AskError, MovedError, ResponseError, TryAgainError

from prizedraw.errors import StorageError
from prizedraw.storage.redis import connecting, failures, opening, steps
from prizedraw.storage.redis.common import PREFIX, Common, Inside
from prizedraw.storage.redis.steps import Pause

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from prizedraw.storage.protocol import Commit, Counter, Doc, Entry, Handle, Outcome, Page, Read, View
    from prizedraw.storage.redis.steps import Ask, Steps

T = TypeVar("T")

MOMENT = 0.5
"""Seconds for which a connection is used again without a look at whether the server has closed it."""


class RedisStore(Common):
    """A store on a Redis (7.0 or newer) or Valkey server, or on a cluster of them.

    Args:
        where: a URL as redis-py takes it (``redis``, ``rediss``, ``unix``, also ``valkey`` and ``valkeys``; ``?cluster=true`` for a
            cluster), or a ``redis.Redis`` or ``redis.RedisCluster``, which is not closed with the store.
        prefix: what every key of the store begins with, so that several share a server.
        wait_aof: (servers, replicas, seconds): each commit waits until so many servers (0 or 1) and replicas have flushed it to their
            append-only file, and is a StorageError after so many seconds. For Redis 7.2 or newer and Valkey.
        allow_eviction: accept a server that drops keys when its memory is full, and with them draws that were made.

    A commit is one script, one round trip; what it costs the server does not depend on how much is kept.
    """

    def __init__(
        self,
        where: str | redis.Redis | redis.RedisCluster,
        *,
        prefix: str = PREFIX,
        wait_aof: tuple[int, int, float] | None = None,
        allow_eviction: bool = False,
    ) -> None:
        super().__init__(where, prefix, wait_aof, allow_eviction)
        self._mutex = threading.Lock()
        self._at_hand: list[tuple[Any, float]] = []  # and when each was used last

    def open(self) -> None:
        """Connect, check the server, and write, upgrade or check the format.

        Raises:
            StorageVersion: a newer version of prizedraw wrote under this prefix, or an older one and the user may not upgrade it.
            StorageError: the server cannot be reached or is not fit to keep draws; the message says why.
        """
        with self._mutex:
            if self._state == "open":
                return
            self._connect()
            self._learn(self._carry_out(opening.opened(self)))

    def schema_version(self) -> int:
        """The number of the format that is there, 0 where there is none yet."""
        with self._mutex:
            if self._client is None:
                self._connect()
        return self._carry_out(opening.format_there(self))

    def _connect(self) -> None:
        try:
            self._client = connecting.client(self._from, redis)  # that of a cluster asks for its nodes
        except failures.FAILURES as error:
            raise failures.told(error, self.where, write=False) from error

    def close(self) -> None:
        """Close the connections, unless they are those of a client that was given."""
        with self._mutex:
            self._state = "closed"
            client, self._client = self._client, None
            self._at_hand.clear()
        if client is not None and self._own:
            client.close()

    def now(self) -> datetime:
        """The server's clock."""
        return self._run(steps.now(self._home("")))

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """Answer each read; all of them from one snapshot."""
        return self._run(steps.read(self._home(home), reads))

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """Apply each commit whole or not at all, in order; a hundred in a round trip."""
        return self._run(steps.commit(self._home(home), commits, self.wait_aof))

    @contextmanager
    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> Iterator[Handle]:
        """Hold the locks of these documents while the block runs; StorageBusy after ``wait`` seconds.

        Writers that ask for them take turns in the order of arrival; the commits of others stand back for a quarter of a second, which
        is many times what a holder needs. A holder that dies, or takes longer than ten seconds, loses them.
        """
        keys, token = self._home(home), steps.new_token()
        self._run(steps.lock(keys, docs, token, wait))
        try:
            yield Inside(self)
        finally:
            with suppress(StorageError):  # they run out
                self._run(steps.unlock(keys, docs, token))

    def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """The entry of this id, or None."""
        return self._run(steps.entry(self._home(home), id))

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
        """One page of the journal; with a kind, O(lines passed over)."""
        return self._run(steps.entries(self._home(home), owner, kind, after, limit, newest_first))

    def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """One page of the documents whose key starts with ``prefix``, in order of key."""
        return self._run(steps.docs(self._home(home), prefix, after, limit))

    def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """One page of the counters whose key starts with ``prefix``, in order of key."""
        return self._run(steps.counters(self._home(home), prefix, after, limit))

    def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """Hide the entries with ``at < before`` and append ``checkpoint`` in one step; then free their memory, a few at a time. O(n)."""
        return self._run(steps.forget(self._home(home), before, checkpoint))

    def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """Apply a commit and, only where it is Committed, take back what was written before, in one script.

        O(n log n) for n entries of the owners of before and of now. The server answers nobody else meanwhile: some 15 ms for a thousand
        entries, 0.3 s for ten thousand.
        """
        return self._run(steps.redact(self._home(home), commit, entries, docs, self.wait_aof))

    def compact(self) -> None:
        """Do nothing: what is deleted is gone, and the next rewriting of the AOF drops it there."""

    def _run(self, operation: Steps[T]) -> T:
        if self._state != "open":
            if self._state == "closed":
                raise self._closed()
            self.open()
        return self._carry_out(operation)

    def _carry_out(self, operation: Steps[T]) -> T:
        step: Any = operation.send
        answer: Any = None
        try:
            while True:
                asked = step(answer)
                step, answer = operation.send, None
                if type(asked) is Pause:
                    sleep(asked.seconds)
                    continue
                try:
                    answer = self._send(asked)
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

    def _send(self, ask: Ask) -> Any:
        """Send a command once, and return the answer or raise what redis-py does: what is sent twice might be done twice."""
        client = self._client
        if ask.key is None:
            if not self.cluster:
                return [client.execute_command(*ask.args)]
            return [client.execute_command(*ask.args, target_nodes=node) for node in client.get_primaries()]
        if self.cluster:
            if ask.then is not None:
                return self._both_of_one(ask, ask.then)
            return client.execute_command(*ask.args, target_nodes=client.get_node_from_key(ask.key))
        try:
            connection = self._borrow()
        except failures.FAILURES as error:
            raise failures.told(error, self.where, write=False) from error
        try:
            answer = self._exchange(connection, ask)
        except ResponseError:
            self._give_back(connection)
            raise
        except BaseException:
            client.connection_pool.release(connection)  # redis-py has closed it if an answer may still come
            raise
        self._give_back(connection)
        return answer

    def _both_of_one(self, ask: Ask, then: tuple[Any, ...]) -> tuple[Any, Any]:
        """Two commands to one server of a cluster on one connection. Where it says that the key is elsewhere, nothing was done."""
        client, nodes = self._client, self._client.nodes_manager
        node, before = client.get_node_from_key(ask.key), connecting.STRAIGHT
        for _ in range(connecting.HOPS):
            pipeline = client.get_redis_connection(node).pipeline(transaction=False)
            for args in (*before, ask.args, then):
                pipeline.execute_command(*args)
            first, second = pipeline.execute(raise_on_error=False)[-2:]
            if isinstance(first, AskError):
                node, before = client.get_node(first.host, first.port), connecting.ASIDE
            elif isinstance(first, (MovedError, TryAgainError)):
                sleep(connecting.HOP)
                nodes.initialize()
                node, before = client.get_node_from_key(ask.key), connecting.STRAIGHT
            else:
                break
        if isinstance(first, Exception):
            raise first
        return first, second

    @staticmethod
    def _exchange(connection: Any, ask: Ask) -> Any:
        if ask.then is None:
            connection.send_packed_command((connecting.packed(ask.args),))
            return connection.read_response()
        connection.send_packed_command((connecting.packed(ask.args), connecting.packed(ask.then)))
        return _both(connection)

    def _borrow(self) -> Any:
        """A connection: one that was in use a moment ago, which need not be looked at, or one of the pool's."""
        while self._at_hand:
            with suppress(IndexError):  # another thread was faster
                connection, since = self._at_hand.pop()
                if monotonic() - since < MOMENT and connection.pid == getpid():
                    return connection
                self._client.connection_pool.release(connection)
        return self._client.connection_pool.get_connection()

    def _give_back(self, connection: Any) -> None:
        if self._own:
            self._at_hand.append((connection, monotonic()))
        else:
            self._client.connection_pool.release(connection)


def _both(connection: Any) -> tuple[Any, Any]:
    """Two answers; the second is read whatever the first is, and is told as it is if it is an error: the first stands."""
    try:
        first = connection.read_response()
    except ResponseError:
        with suppress(ResponseError):
            connection.read_response()
        raise
    try:
        return first, connection.read_response()
    except ResponseError as refusal:
        return first, refusal
