"""What a store is: documents, counters and entries, changed by atomic commits.

Only the values that cross the storage boundary and the protocol itself live here. A store knows no rule of prizedraw: it
never learns what a prize or a participant is. The numbered requirements are in docs/reference/store-requirements.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager, AbstractContextManager
    from datetime import datetime

NO_LIMIT = -1
MAX_INTEGER = 2**53 - 1
"""Values, limits and deltas stay within ±MAX_INTEGER, so that stores which count in doubles lose no digit."""

T = TypeVar("T")


class Doc(NamedTuple):
    """A document: ``version`` rises by one with every put; 0 means that there is none (``data`` is then empty)."""

    version: int
    data: bytes


ABSENT = Doc(0, b"")


class Counter(NamedTuple):
    """A counter: ``0 <= value``, and ``value <= limit`` unless limit is -1, which stands for no limit."""

    value: int
    limit: int


UNTOUCHED = Counter(0, NO_LIMIT)


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One line of the journal, append-only; its id is unique in its home.

    Attributes:
        id: the idempotency key, the caller's request id.
        fingerprint: what the request asked; the same id with another fingerprint is a conflict.
        owner: whose line it is (a participant), or empty.
        kind: what it records, for filters; opaque to the store.
        at: microseconds since the Unix epoch, from the engine's clock; opaque to the store.
        data: opaque.
        cursor: the place in the journal, given by the store: positive, and within an owner in commit order.
        after: (counter, value, limit) of every *limited* counter that the entry's commit moved, as the commit left it.
    """

    id: str
    fingerprint: str
    owner: str
    kind: str
    at: int
    data: bytes
    cursor: int = 0
    after: tuple[tuple[str, int, int], ...] = ()


class Read(msgspec.Struct, frozen=True, gc=False):
    """What to read in one snapshot: documents and counters by key, and the entry of one id."""

    docs: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    entry: str | None = None


class View(msgspec.Struct, frozen=True, gc=False):
    """One atomic snapshot of what a Read asked: every key asked is present (ABSENT and UNTOUCHED where there is nothing)."""

    docs: dict[str, Doc]
    counters: dict[str, Counter]
    entry: Entry | None = None


class Commit(msgspec.Struct, frozen=True, gc=False):
    """A change that happens whole or not at all.

    Attributes:
        expect: document → version that must hold now (0: absent). Every document in ``put`` must be in ``expect``.
        put: document → new content.
        add: counter → delta; the sum must stay in 0..limit.
        limits: counter → new limit (-1: none); may not go below the value that this commit leaves.
        entries: lines to append; ``cursor`` and ``after`` are filled in by the store.
    """

    expect: Mapping[str, int]
    put: Mapping[str, bytes] = {}
    add: Mapping[str, int] = {}
    limits: Mapping[str, int] = {}
    entries: tuple[Entry, ...] = ()


class Replayed(msgspec.Struct, frozen=True, gc=False):
    """An entry of this id and fingerprint is there already; nothing was changed."""

    entry: Entry


class Conflict(msgspec.Struct, frozen=True, gc=False):
    """An entry of this id is there with another fingerprint; nothing was changed."""

    entry: Entry


class Stale(msgspec.Struct, frozen=True, gc=False):
    """A document is not at the expected version; nothing was changed. ``view`` holds every document in ``expect`` as it is now."""

    view: View


class Refused(msgspec.Struct, frozen=True, gc=False):
    """A counter would leave 0..limit, or a limit fall below its value; nothing was changed. Holds all such counters as they are now."""

    counters: dict[str, Counter]


class Committed(msgspec.Struct, frozen=True, gc=False):
    """The change was made; ``entries`` are as stored."""

    entries: tuple[Entry, ...]


Outcome: TypeAlias = Replayed | Conflict | Stale | Refused | Committed
"""What became of a commit; the first that applies, in this order of precedence."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A page of a listing. ``next`` is the opaque cursor to ask on with, or None at the end."""

    items: tuple[T, ...]
    next: str | None = None


class Handle(Protocol):
    """What can be read and committed with: a store, or the inside of ``Store.exclusive``."""

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """Answer each read from an atomic snapshot."""

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """Apply each commit whole or not at all, in order; later ones see earlier ones, and one failing never fails another."""


class Store(Handle, Protocol):
    """A store that blocks its caller. Safe to share between threads; usable again in a child after a fork."""

    @property
    def durability(self) -> str:
        """What survives which failure once a commit has returned, in one sentence."""

    @property
    def lock_first(self) -> bool:
        """Whether a flow should take ``exclusive`` before it reads, because the store has one writer anyway."""

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> AbstractContextManager[Handle]:
        """Keep other writers of these documents away while the block runs, for progress only; StorageBusy after ``wait`` seconds.

        What is committed on the handle is durable when the block has ended without an error.
        """

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
        """One page of the journal. ``after`` is the ``next`` of the page before, or the ``cursor`` of an entry as a string.

        Nothing is held between pages.
        """

    def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """The entry of this id, or None."""

    def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """One page of the documents whose key starts with ``prefix``, in order of key (by code point)."""

    def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """One page of the counters whose key starts with ``prefix``, in order of key (by code point)."""

    def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """Drop the entries with ``at < before`` and append ``checkpoint``, in one step; the number dropped."""

    def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """Apply a commit and, only where it is Committed, take back in the same step what was written before.

        Each of ``entries`` gives the kept entry of its id another owner, fingerprint and data; one that is not kept is passed over.
        The documents ``docs``, each in ``commit.expect`` and not in its ``put``, are absent then.
        """

    def compact(self) -> None:
        """Give back the room of what was dropped or taken back, and leave no trace of it in the store's own files.

        As far as that is the store's to do. O(store); other writers may have to wait.
        """

    def now(self) -> datetime | None:
        """The store's own clock, aware, or None for an embedded store, which has none."""

    def schema_version(self) -> int:
        """The version of the schema that is there, 0 where there is none yet; may be asked before ``open``, and changes nothing."""

    def open(self) -> None:
        """Connect, and create, upgrade or check the schema; called again, it does nothing."""

    def close(self) -> None:
        """Release everything; called again, it does nothing."""


class AsyncHandle(Protocol):
    """The twin of Handle for event loops."""

    async def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """See Handle.read."""

    async def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """See Handle.commit."""


class AsyncStore(AsyncHandle, Protocol):
    """The twin of Store for event loops: the same names and meanings."""

    @property
    def durability(self) -> str:
        """See Store.durability."""

    @property
    def lock_first(self) -> bool:
        """See Store.lock_first."""

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> AbstractAsyncContextManager[AsyncHandle]:
        """See Store.exclusive."""

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
        """See Store.entries."""

    async def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """See Store.entry."""

    async def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """See Store.docs."""

    async def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """See Store.counters."""

    async def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """See Store.forget."""

    async def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """See Store.redact."""

    async def compact(self) -> None:
        """See Store.compact."""

    async def now(self) -> datetime | None:
        """See Store.now."""

    async def schema_version(self) -> int:
        """See Store.schema_version."""

    async def open(self) -> None:
        """See Store.open."""

    async def close(self) -> None:
        """See Store.close."""
