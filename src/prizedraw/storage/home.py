"""What one home keeps, and how a commit changes it: the law of commits, once, for every embedded store.

Only the check and the change live here, on plain dictionaries; where these come from and what becomes of them (kept for
good, or written to a file when a transaction ends) is the business of the store.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from prizedraw.storage.protocol import (
    ABSENT,
    MAX_INTEGER,
    NO_LIMIT,
    UNTOUCHED,
    Commit,
    Committed,
    Conflict,
    Counter,
    Doc,
    Entry,
    Outcome,
    Read,
    Refused,
    Replayed,
    Stale,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_new = tuple.__new__  # half the time of Doc(version, data)


class Kept:
    """Documents, counters and entries of one home: ``journal`` in order of cursor, and the same entries by id."""

    __slots__ = ("counters", "docs", "ids", "journal", "last")

    def __init__(self) -> None:
        self.docs: dict[str, Doc] = {}
        self.counters: dict[str, Counter] = {}
        self.ids: dict[str | None, Entry | None] = {}
        self.journal: list[Entry] = []
        self.last = 0
        """The cursor given last."""

    def view(self, read: Read) -> View:
        """Answer a read."""
        docs, counters = self.docs, self.counters
        found = {}
        for key in read.docs:
            found[key] = docs.get(key, ABSENT)
        counted = {key: counters.get(key, UNTOUCHED) for key in read.counters} if read.counters else {}
        return View(found, counted, self.ids.get(read.entry))

    def apply(self, commit: Commit) -> Outcome:  # noqa: C901 - the outcomes in order; calls cost
        """Check everything, then change everything; nothing after the checks can fail."""
        entries, expect, put, docs, ids = commit.entries, commit.expect, commit.put, self.docs, self.ids
        for entry in entries:
            known = ids.get(entry.id)
            if known is not None:
                return Replayed(known) if known.fingerprint == entry.fingerprint else Conflict(known)
        for key, version in expect.items():
            if docs.get(key, ABSENT)[0] != version:
                return self._stale(expect)
        moved: dict[str, Counter] = {}
        after: tuple[tuple[str, int, int], ...] = ()
        if commit.add or commit.limits:
            refused, after = self._move(commit, moved)
            if refused:
                return Refused(refused)
        if not put.keys() <= expect.keys():
            raise ValueError(f"put writes {sorted(put.keys() - expect.keys())} without a version in expect; name the one that is replaced")
        if len(entries) > 1 and len({entry.id for entry in entries}) < len(entries):
            raise ValueError(f"ids {[entry.id for entry in entries]!r} repeat within a commit; give each entry its own")

        if moved:
            self.counters.update(moved)
        for key, data in put.items():
            docs[key] = _new(Doc, (expect[key] + 1, data))
        if len(entries) == 1:
            self.last = cursor = self.last + 1
            stored = Entry(
                entry.id, entry.fingerprint, entry.owner, entry.kind, entry.at, entry.data, cursor, after
            )  # a third of the time of replace()
            ids[entry.id] = stored
            self.journal.append(stored)
            return Committed((stored,))
        return Committed(self.append(entries, after))

    def _stale(self, expect: Mapping[str, int]) -> Stale:
        return Stale(View({key: self.docs.get(key, ABSENT) for key in expect}, {}))

    def _move(self, commit: Commit, moved: dict[str, Counter]) -> tuple[dict[str, Counter], tuple[tuple[str, int, int], ...]]:
        """Put the counters as the commit would leave them into ``moved``; those it may not move, and Entry.after."""
        held, limits = self.counters.get, commit.limits
        refused = {}
        after = []
        for key, delta in commit.add.items():
            value, limit = held(key, UNTOUCHED)
            value += delta
            if limits:
                limit = limits.get(key, limit)
            if 0 <= value <= limit:
                after.append((key, value, limit))
            elif limit != NO_LIMIT or not 0 <= value <= MAX_INTEGER:
                refused[key] = held(key, UNTOUCHED)
                continue
            moved[key] = _new(Counter, (value, limit))
        for key, limit in limits.items():
            if not NO_LIMIT <= limit <= MAX_INTEGER:
                raise ValueError(f"the limit {limit!r} of {key!r} is not within -1..2**53-1; use -1 for no limit")
            if key in commit.add:
                continue
            counter = held(key, UNTOUCHED)
            if counter.value <= limit:
                after.append((key, counter.value, limit))
            elif limit != NO_LIMIT:
                refused[key] = counter
            moved[key] = Counter(counter.value, limit)
        return refused, tuple(after)

    def append(self, entries: Sequence[Entry], after: tuple[tuple[str, int, int], ...]) -> tuple[Entry, ...]:
        """Give the entries their cursors and keep them."""
        stored = tuple(replace(entry, cursor=self.last + nth, after=after) for nth, entry in enumerate(entries, 1))
        self.last += len(stored)
        self.ids.update((entry.id, entry) for entry in stored)
        self.journal.extend(stored)
        return stored


def check_redaction(commit: Commit, docs: Sequence[str]) -> None:
    """Raise ValueError where a document is to be dropped that the commit does not guard, or puts."""
    for key in docs:
        if key not in commit.expect or key in commit.put:
            raise ValueError(f"{key!r} is dropped, and must be in expect and not in put")


def redacted(kept: Entry, told: Entry) -> Entry:
    """The kept entry with another owner, fingerprint and data."""
    return replace(kept, owner=told.owner, fingerprint=told.fingerprint, data=told.data)
