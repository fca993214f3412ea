"""The bridge: an asynchronous store as a blocking one, so that what is written for the one runs on the other.

Only the crossing between threads and an event loop lives here; what a store must do is in ``conformance``.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from datetime import datetime
    from types import TracebackType

    from prizedraw.storage.protocol import AsyncHandle, AsyncStore, Commit, Counter, Doc, Entry, Handle, Outcome, Page, Read, Store, View

T = TypeVar("T")

PATIENCE = 60.0
"""Seconds after which a call that has not returned is taken for stuck."""


def blocking(store: Store | AsyncStore) -> Store:
    """A blocking store as it is, an asynchronous one behind a Bridge."""
    return Bridge(cast("AsyncStore", store)) if inspect.iscoroutinefunction(store.read) else cast("Store", store)


class Bridge:
    """An asynchronous store that blocks its caller: every call runs on one event loop, in a thread of its own.

    The loop starts with the first call and ends with ``close``; the next call starts another one. Calls of several threads are
    on the loop at once, as the calls of several tasks would be. An ``exclusive`` block lives in one task from beginning to end.

    Args:
        store: the asynchronous store; all that it is asked, it is asked on the loop.
        patience: seconds after which a call that has not returned is cancelled with a TimeoutError.
    """

    def __init__(self, store: AsyncStore, *, patience: float = PATIENCE) -> None:
        self.inner = store
        self._patience = patience
        self._mutex = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stop: asyncio.Event | None = None

    def __repr__(self) -> str:
        return f"<Bridge to {self.inner!r}>"

    @property
    def durability(self) -> str:
        """See Store.durability."""
        return self.inner.durability

    @property
    def lock_first(self) -> bool:
        """See Store.lock_first."""
        return self.inner.lock_first

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop and return its result.

        Raises:
            TimeoutError: it has not returned within ``patience`` seconds; it is cancelled.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self._running())
        try:
            return future.result(self._patience)
        except TimeoutError:
            if future.done():
                raise
            future.cancel()
            raise TimeoutError(f"{self.inner!r} did not answer within {self._patience:g} s; a call of it never returns") from None

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._mutex:
            if self._loop is None:
                started = threading.Event()
                self._thread = threading.Thread(target=lambda: asyncio.run(self._live(started)), name=repr(self), daemon=True)
                self._thread.start()
                started.wait()
            assert self._loop is not None
            return self._loop

    async def _live(self, started: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        started.set()
        await self._stop.wait()

    def open(self) -> None:
        """See Store.open."""
        self.run(self.inner.open())

    def close(self) -> None:
        """See Store.close; then end the loop, and what still runs on it."""
        self.run(self.inner.close())
        with self._mutex:
            if self._loop is not None and self._stop is not None and self._thread is not None:
                self._loop.call_soon_threadsafe(self._stop.set)
                self._thread.join(self._patience)
            self._loop = None

    def now(self) -> datetime | None:
        """See Store.now."""
        return self.run(self.inner.now())

    def schema_version(self) -> int:
        """See Store.schema_version."""
        return self.run(self.inner.schema_version())

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """See Store.read."""
        return self.run(self.inner.read(home, reads))

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """See Store.commit."""
        return self.run(self.inner.commit(home, commits))

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> _Block:
        """See Store.exclusive."""
        return _Block(self, home, docs, wait)

    def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """See Store.entry."""
        return self.run(self.inner.entry(home, id))

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
        """See Store.entries."""
        return self.run(self.inner.entries(home, owner=owner, kind=kind, after=after, limit=limit, newest_first=newest_first))

    def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """See Store.docs."""
        return self.run(self.inner.docs(home, prefix, after=after, limit=limit))

    def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """See Store.counters."""
        return self.run(self.inner.counters(home, prefix, after=after, limit=limit))

    def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """See Store.forget."""
        return self.run(self.inner.forget(home, before, checkpoint))

    def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """See Store.redact."""
        return self.run(self.inner.redact(home, commit, entries, docs))

    def compact(self) -> None:
        """See Store.compact."""
        self.run(self.inner.compact())


class _Block:
    """An ``exclusive`` block in a task of its own: what it holds may belong to the task that has entered it.

    The task carries out one call after the other, and leaves the block with the error that the caller leaves it with.
    """

    def __init__(self, bridge: Bridge, home: str, docs: Sequence[str], wait: float) -> None:
        self._bridge = bridge
        self._asked = (home, docs, wait)

    def __enter__(self) -> Handle:
        self._bridge.run(self._enter())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        return self._bridge.run(self._leave(error))

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        return self._bridge.run(self._call(lambda handle: handle.read(home, reads)))

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        return self._bridge.run(self._call(lambda handle: handle.commit(home, commits)))

    async def _enter(self) -> None:
        self._calls: asyncio.Queue[tuple[Callable[[AsyncHandle], Awaitable[Any]], asyncio.Future[Any]] | None] = asyncio.Queue()
        self._error: BaseException | None = None
        entered = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(entered))
        await asyncio.wait((entered, self._task), return_when=asyncio.FIRST_COMPLETED)
        if not entered.done():
            self._task.result()  # the error that ``exclusive`` was entered with

    async def _live(self, entered: asyncio.Future[None]) -> None:
        async with self._bridge.inner.exclusive(*self._asked) as handle:
            entered.set_result(None)
            while (asked := await self._calls.get()) is not None:
                call, answer = asked
                try:
                    answer.set_result(await call(handle))
                except BaseException as error:  # noqa: BLE001 - raised in the caller's thread
                    answer.set_exception(error)
            if self._error is not None:
                raise self._error

    async def _call(self, call: Callable[[AsyncHandle], Awaitable[T]]) -> T:
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._calls.put_nowait((call, answer))
        return await answer

    async def _leave(self, error: BaseException | None) -> bool:
        self._error = error
        self._calls.put_nowait(None)
        await asyncio.wait((self._task,))
        raised = self._task.exception()
        if raised is not None and raised is not error:
            raise raised
        return error is not None and raised is None
