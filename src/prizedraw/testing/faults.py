"""Stores that misbehave on purpose: one that fails at a chosen operation, one whose exclusivity does nothing.

``FaultyStore`` and ``AsyncFaultyStore`` count alike; only waiting for the inner store differs between them.
"""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from prizedraw.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence

    from prizedraw.storage.protocol import AsyncHandle, AsyncStore, Commit, Handle, Outcome, Read, Store, View

When = Literal["before", "after"]
LISTINGS = frozenset({"entries", "entry", "docs", "counters", "forget", "redact", "compact"})
"""Operations besides read, commit and exclusive; what is not named is passed on and not counted."""


class InjectedFault(StorageError):
    """The error that a faulty store raises: before or after the operation was done."""


class Wrapper:
    """Everything that is not named here is the inner store's."""

    def __init__(self, store: Any) -> None:
        self.inner = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _Counting(Wrapper):
    """Counts operations, and says at which of them to fail."""

    def __init__(self, store: Any, fail_at: int | None = None, when: When = "before") -> None:
        super().__init__(store)
        if when not in {"before", "after"}:
            raise ValueError(f"when is {when!r}; use 'before' or 'after'")
        self._fail_at = fail_at
        self._when = when
        self.operations = 0
        self.log: list[str] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} failing {self._when} operation {self._fail_at} on {self.inner!r}>"

    def _begin(self, name: str) -> InjectedFault | None:
        """Count an operation; the fault to raise when it is done. Raises the fault that comes before it."""
        self.operations += 1
        self.log.append(name)
        if self.operations != self._fail_at:
            return None
        fault = InjectedFault(f"injected {self._when} operation {self._fail_at} ({name})")
        if self._when == "before":
            raise fault
        return fault


def _raise(fault: InjectedFault | None) -> None:
    if fault is not None:
        raise fault


class FaultyStore(_Counting):
    """A store that raises StorageError once: before or after its ``fail_at``-th operation (from 1).

    Operations are read, commit, entering and leaving ``exclusive``, the listings, entry, forget, redact and compact. "before": nothing
    has happened; "after": it has happened and the caller does not learn it, as when an acknowledgement is lost. To
    enumerate every fault, run once with ``fail_at=None`` and read ``operations``, then with 1..operations and both.

    Leaving ``exclusive`` "before" rolls the block back, as a failed commit does.

    Args:
        store: a blocking store; for an asynchronous one, use AsyncFaultyStore.
        fail_at: the number of the operation; None: none fails.
        when: "before" or "after".

    Attributes:
        operations: how many there were.
        log: their names.
    """

    inner: Store

    def _operate(self, name: str, action: Callable[[], Any]) -> Any:
        fault = self._begin(name)
        result = action()
        _raise(fault)
        return result

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """See Store.read."""
        found: list[View] = self._operate("read", lambda: self.inner.read(home, reads))
        return found

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """See Store.commit."""
        outcomes: list[Outcome] = self._operate("commit", lambda: self.inner.commit(home, commits))
        return outcomes

    @contextmanager
    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> Iterator[Handle]:
        """See Store.exclusive."""
        block = self.inner.exclusive(home, docs, wait)
        fault = self._begin("enter")
        handle = block.__enter__()
        left = False
        try:
            _raise(fault)
            yield _FaultyHandle(self, handle)
            fault = self._begin("leave")
            left = True
            block.__exit__(None, None, None)
            _raise(fault)
        except BaseException as error:
            if not left:
                block.__exit__(type(error), error, error.__traceback__)
            raise

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name not in LISTINGS:
            return found
        return lambda *args, **options: self._operate(name, lambda: found(*args, **options))


class _FaultyHandle:
    def __init__(self, store: FaultyStore, handle: Handle) -> None:
        self._operate = store._operate  # noqa: SLF001 - this module's own
        self._handle = handle

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        found: list[View] = self._operate("read", lambda: self._handle.read(home, reads))
        return found

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        outcomes: list[Outcome] = self._operate("commit", lambda: self._handle.commit(home, commits))
        return outcomes


class AsyncFaultyStore(_Counting):
    """FaultyStore for an asynchronous store: the same operations, numbers and faults.

    Args:
        store: an asynchronous store.
        fail_at, when: see FaultyStore.
    """

    inner: AsyncStore

    async def _operate(self, name: str, action: Callable[[], Awaitable[Any]]) -> Any:
        fault = self._begin(name)
        result = await action()
        _raise(fault)
        return result

    async def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """See Store.read."""
        found: list[View] = await self._operate("read", lambda: self.inner.read(home, reads))
        return found

    async def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """See Store.commit."""
        outcomes: list[Outcome] = await self._operate("commit", lambda: self.inner.commit(home, commits))
        return outcomes

    @asynccontextmanager
    async def exclusive(self, home: str, docs: Sequence[str], wait: float) -> AsyncIterator[AsyncHandle]:
        """See Store.exclusive."""
        block = self.inner.exclusive(home, docs, wait)
        fault = self._begin("enter")
        handle = await block.__aenter__()
        left = False
        try:
            _raise(fault)
            yield _AsyncFaultyHandle(self, handle)
            fault = self._begin("leave")
            left = True
            await block.__aexit__(None, None, None)
            _raise(fault)
        except BaseException as error:
            if not left:
                await block.__aexit__(type(error), error, error.__traceback__)
            raise

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if name not in LISTINGS:
            return found

        async def operation(*args: Any, **options: Any) -> Any:
            return await self._operate(name, lambda: found(*args, **options))

        return operation


class _AsyncFaultyHandle:
    def __init__(self, store: AsyncFaultyStore, handle: AsyncHandle) -> None:
        self._operate = store._operate  # noqa: SLF001 - this module's own
        self._handle = handle

    async def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        found: list[View] = await self._operate("read", lambda: self._handle.read(home, reads))
        return found

    async def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        outcomes: list[Outcome] = await self._operate("commit", lambda: self._handle.commit(home, commits))
        return outcomes


class NoExclusive(Wrapper):
    """A store, blocking or asynchronous, whose ``exclusive`` keeps nobody away: what is right with it owes nothing to locks."""

    lock_first = False

    def __repr__(self) -> str:
        return f"<NoExclusive on {self.inner!r}>"

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> Any:
        """The store itself, at once: a context manager in both worlds."""
        return _Nothing(self.inner)


class _Nothing:
    def __init__(self, store: Any) -> None:
        self._store = store

    def __enter__(self) -> Any:
        return self._store

    def __exit__(self, *_: object) -> None:
        return None

    async def __aenter__(self) -> Any:
        return self._store

    async def __aexit__(self, *_: object) -> None:
        return None
