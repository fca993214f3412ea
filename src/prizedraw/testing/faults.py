"""Stores that misbehave on purpose: one that fails at a chosen operation, one whose exclusivity does nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Literal

from prizedraw.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from prizedraw.storage.protocol import Commit, Handle, Outcome, Read, Store, View

When = Literal["before", "after"]


class InjectedFault(StorageError):
    """The error that FaultyStore raises: before or after the operation was done."""


class _Wrapper:
    """Everything that is not named here is the inner store's."""

    def __init__(self, store: Store) -> None:
        self._inner = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class FaultyStore(_Wrapper):
    """A store that raises StorageError once: before or after its ``fail_at``-th operation (from 1).

    Operations are read, commit, entering and leaving ``exclusive``, the listings, entry, forget, redact and compact. "before": nothing
    has happened; "after": it has happened and the caller does not learn it, as when an acknowledgement is lost. To
    enumerate every fault, run once with ``fail_at=None`` and read ``operations``, then with 1..operations and both.

    Leaving ``exclusive`` "before" rolls the block back, as a failed commit does.
    """

    def __init__(self, store: Store, fail_at: int | None = None, when: When = "before") -> None:
        super().__init__(store)
        if when not in {"before", "after"}:
            raise ValueError(f"when is {when!r}; use 'before' or 'after'")
        self._fail_at = fail_at
        self._when = when
        self.operations = 0
        self.log: list[str] = []

    def __repr__(self) -> str:
        return f"<FaultyStore failing {self._when} operation {self._fail_at} on {self._inner!r}>"

    def _operate(self, name: str, action: Callable[[], Any]) -> Any:
        self.operations += 1
        self.log.append(name)
        chosen = self.operations == self._fail_at
        if chosen and self._when == "before":
            raise InjectedFault(f"injected before operation {self._fail_at} ({name})")
        result = action()
        if chosen:
            raise InjectedFault(f"injected after operation {self._fail_at} ({name})")
        return result

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """See Store.read."""
        found: list[View] = self._operate("read", lambda: self._inner.read(home, reads))
        return found

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """See Store.commit."""
        outcomes: list[Outcome] = self._operate("commit", lambda: self._inner.commit(home, commits))
        return outcomes

    @contextmanager
    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> Iterator[Handle]:
        """See Store.exclusive."""
        block = self._inner.exclusive(home, docs, wait)
        handle: Handle | None = None

        def enter() -> None:
            nonlocal handle
            handle = block.__enter__()

        left = False

        def leave() -> None:
            nonlocal left
            left = True
            block.__exit__(None, None, None)

        try:
            self._operate("enter", enter)
            assert handle is not None
            yield _FaultyHandle(self, handle)
            self._operate("leave", leave)
        except BaseException as error:
            if handle is not None and not left:
                block.__exit__(type(error), error, error.__traceback__)
            raise

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in {"entries", "entry", "docs", "counters", "forget", "redact", "compact"}:
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


class NoExclusive(_Wrapper):
    """A store whose ``exclusive`` keeps nobody away: what is right with it owes nothing to locks."""

    lock_first = False

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> AbstractContextManager[Handle]:
        """The store itself, at once."""
        return _Nothing(self._inner)


class _Nothing:
    def __init__(self, store: Store) -> None:
        self._store = store

    def __enter__(self) -> Handle:
        return self._store

    def __exit__(self, *_: object) -> None:
        return None
