"""The store that lives in this process: dictionaries behind one lock.

Everything about keeping documents, counters and entries in memory lives here, and nothing else. The commit is the hot
path, so whatever only listings need (sorted keys, the lines of one owner) is brought up to date when a listing asks.
"""

from __future__ import annotations

import os
import threading
import weakref
from array import array
from bisect import bisect_left, bisect_right
from itertools import islice
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from prizedraw.errors import StorageBusy
from prizedraw.storage.home import Kept, check_redaction, redacted
from prizedraw.storage.protocol import Commit, Committed, Counter, Doc, Entry, Outcome, Page, Read, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from types import TracebackType

V = TypeVar("V")

FORK_WAIT = 1.0
"""Seconds that a fork waits for commits in other threads, so that the child copies whole commits only."""


class MemoryStore:
    """A store in the memory of this process, lost with it; after a fork the child has a copy of its own.

    A commit and a read take O(keys they name); a page of a listing takes O(log n + page), plus the sorting or indexing
    of what was added since the last listing. An entry keeps about 200 bytes besides the caller's own strings and bytes.
    """

    durability = "Kept in this process's memory: survives an exception, not the end of the process."
    lock_first = False  # a commit is short, and two in a row are hardly ever overtaken

    def __init__(self) -> None:
        self._homes: dict[str, _Home] = {}
        self._renew_lock()
        _stores.add(self)

    def __repr__(self) -> str:
        return f"<MemoryStore with {len(self._homes)} homes>"

    def _renew_lock(self) -> None:
        lock = threading.RLock()
        # Bound methods cost half of a with statement, twice in each draw.
        self._acquire, self._release = lock.acquire, lock.release

    def schema_version(self) -> int:
        """1: what is kept in memory has no other form."""
        return 1

    def open(self) -> None:
        """Do nothing: there is nothing to connect to."""

    def close(self) -> None:
        """Do nothing: what is kept lives as long as the store object."""

    def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """Apply a commit and, only where it is Committed, take back what was written before. O(entries + documents of the home)."""
        check_redaction(commit, docs)
        with _Held(self, -1):
            kept = self._homes.setdefault(home, _Home())
            outcome = kept.apply(commit)
            if isinstance(outcome, Committed):
                kept.redact(entries, docs)
            return outcome

    def compact(self) -> None:
        """Do nothing: what was dropped is gone."""

    def now(self) -> datetime | None:
        """None: the store has no clock of its own."""
        return None

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """Answer each read; all of them from one snapshot."""
        self._acquire()
        try:
            kept = self._homes.get(home, _NOWHERE)
            return [kept.view(reads[0])] if len(reads) == 1 else list(map(kept.view, reads))
        finally:
            self._release()

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """Apply each commit whole or not at all, in order."""
        self._acquire()
        try:
            kept = self._homes.get(home)
            if kept is None:
                kept = self._homes[home] = _Home()
            return [kept.apply(commits[0])] if len(commits) == 1 else list(map(kept.apply, commits))
        finally:
            self._release()

    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> _Held:
        """Keep every other thread away while the block runs; StorageBusy after ``wait`` seconds."""
        return _Held(self, wait)

    def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """The entry of this id, or None."""
        return self.read(home, (Read(entry=id),))[0].entry

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
        with _Held(self, -1):
            lines = self._homes.get(home, _NOWHERE).lines(owner, None if after is None else int(after), newest_first)
            found = tuple(islice((line for line in lines if kind is None or line.kind == kind), limit + 1))
        return Page(found[:limit], str(found[limit - 1].cursor) if len(found) > limit else None)

    def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """One page of the documents whose key starts with ``prefix``, in order of key."""
        with _Held(self, -1):
            kept = self._homes.get(home, _NOWHERE)
            return _listing(kept.docs, kept.doc_keys, prefix, after, limit)

    def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """One page of the counters whose key starts with ``prefix``, in order of key."""
        with _Held(self, -1):
            kept = self._homes.get(home, _NOWHERE)
            return _listing(kept.counters, kept.counter_keys, prefix, after, limit)

    def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """Drop the entries with ``at < before`` and append ``checkpoint``, or do nothing if that id is known. O(n)."""
        with _Held(self, -1):
            kept = self._homes.setdefault(home, _Home())
            return 0 if checkpoint.id in kept.ids else kept.forget(before, checkpoint)


class _Held:
    """The lock of a MemoryStore as a context manager that gives up after ``wait`` seconds (-1: never)."""

    __slots__ = ("_store", "_wait")

    def __init__(self, store: MemoryStore, wait: float) -> None:
        self._store = store
        self._wait = wait

    def __enter__(self) -> MemoryStore:
        store = self._store
        if not store._acquire(False):  # noqa: SLF001 - the store's own other half
            began = monotonic()
            if not store._acquire(timeout=min(self._wait, threading.TIMEOUT_MAX)):  # noqa: SLF001 - as above
                waited = monotonic() - began
                message = f"another thread kept the memory store busy for {waited:.3g} s; nothing was written, try again"
                raise StorageBusy(message, waited=waited)
        return store

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._store._release()  # noqa: SLF001 - as above


class _Home(Kept):
    """A home, and what only its listings need: brought up to date by them."""

    __slots__ = ("counter_keys", "doc_keys", "indexed", "owners")

    def __init__(self) -> None:
        super().__init__()
        self.doc_keys: list[str] = []
        self.counter_keys: list[str] = []
        self.owners: dict[str, array[int]] = {}  # cursors, ascending
        self.indexed = 0  # so many of the journal's lines are in ``owners``

    def lines(self, owner: str | None, after: int | None, newest_first: bool) -> Iterator[Entry]:
        """The entries behind the cursor ``after``, of one owner or of all; valid while the lock is held."""
        journal = self.journal
        if owner is not None:
            self._index()
        cursors: Sequence[int] | _Cursors = _Cursors(journal) if owner is None else self.owners.get(owner, ())
        if newest_first:
            behind = range((len(cursors) if after is None else bisect_left(cursors, after)) - 1, -1, -1)
        else:
            behind = range(0 if after is None else bisect_right(cursors, after), len(cursors))
        if owner is None:
            return (journal[place] for place in behind)
        return (journal[self._place(cursors[place])] for place in behind)

    def _place(self, cursor: int) -> int:
        """Where in the journal a cursor is: at a fixed distance until something is forgotten, then by bisection."""
        journal = self.journal
        place = cursor - journal[0].cursor
        if place < len(journal) and journal[place].cursor == cursor:
            return place
        return bisect_left(_Cursors(journal), cursor)

    def _index(self) -> None:
        owners = self.owners
        for line in islice(self.journal, self.indexed, None):
            if line.owner not in owners:
                owners[line.owner] = array("Q")
            owners[line.owner].append(line.cursor)
        self.indexed = len(self.journal)

    def forget(self, before: int, checkpoint: Entry) -> int:
        """Drop the entries with ``at < before`` and append the checkpoint; the number dropped."""
        kept = [line for line in self.journal if line.at >= before]
        dropped = len(self.journal) - len(kept)
        self.journal = kept
        self.ids = {line.id: line for line in kept}
        self.owners, self.indexed = {}, 0
        self.append((checkpoint,), ())
        return dropped

    def redact(self, entries: Sequence[Entry], docs: Sequence[str]) -> None:
        """Give entries another owner, fingerprint and data, and drop documents; the listings are made anew."""
        for told in entries:
            line = self.ids.get(told.id)
            if line is not None:
                self.ids[told.id] = self.journal[self._place(line.cursor)] = redacted(line, told)
        for key in docs:
            self.docs.pop(key, None)
        self.owners, self.indexed, self.doc_keys = {}, 0, []


class _Cursors:
    """The cursors of a journal, as a sequence to bisect."""

    def __init__(self, journal: list[Entry]) -> None:
        self._journal = journal

    def __len__(self) -> int:
        return len(self._journal)

    def __getitem__(self, place: int) -> int:
        return self._journal[place].cursor


def _listing(kept: dict[str, V], keys: list[str], prefix: str, after: str | None, limit: int) -> Page[tuple[str, V]]:
    """One page of ``kept`` in order of key; ``keys`` are sorted as of the last listing. No key is ever removed."""
    if len(keys) < len(kept):
        keys += islice(kept, len(keys), None)  # a dictionary keeps the order of insertion
        keys.sort()
    start = bisect_left(keys, prefix) if after is None else bisect_right(keys, after)
    found = [key for key in keys[start : start + limit + 1] if key.startswith(prefix)]
    return Page(tuple((key, kept[key]) for key in found[:limit]), found[limit - 1] if len(found) > limit else None)


_NOWHERE = _Home()
"""What a home that was never written to holds."""

_stores: weakref.WeakSet[MemoryStore] = weakref.WeakSet()
_waited_for: list[MemoryStore] = []


def _before_fork() -> None:
    _waited_for.extend(store for store in _stores if store._acquire(timeout=FORK_WAIT))  # noqa: SLF001 - this module's own


def _after_in_parent() -> None:
    while _waited_for:
        _waited_for.pop()._release()  # noqa: SLF001 - this module's own


def _after_in_child() -> None:
    _waited_for.clear()
    for store in _stores:
        store._renew_lock()  # noqa: SLF001 - this module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
