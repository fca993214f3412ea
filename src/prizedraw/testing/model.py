"""The model: what a store must answer, as short as it can be said. For comparison only.

It keeps no lock, promises nothing, and is slow; ``machines`` hold real stores against it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

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
    Page,
    Read,
    Refused,
    Replayed,
    Stale,
    View,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

V = TypeVar("V")


class ModelStore:
    """A store of three tables with rows of (home, key), for one caller at a time."""

    durability = "Kept by one object, for tests."
    lock_first = True

    def __init__(self) -> None:
        self._docs: dict[tuple[str, str], Doc] = {}
        self._counters: dict[tuple[str, str], Counter] = {}
        self._lines: dict[str, list[Entry]] = {}
        self._last = 0

    def __repr__(self) -> str:
        return "<ModelStore>"

    def open(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def now(self) -> datetime | None:
        """None."""
        return None

    def schema_version(self) -> int:
        """1: there is no other."""
        return 1

    def read(self, home: str, reads: Sequence[Read]) -> list[View]:
        """See Store.read."""
        return [
            View(
                {key: self._docs.get((home, key), ABSENT) for key in read.docs},
                {key: self._counters.get((home, key), UNTOUCHED) for key in read.counters},
                None if read.entry is None else self.entry(home, read.entry),
            )
            for read in reads
        ]

    def commit(self, home: str, commits: Sequence[Commit]) -> list[Outcome]:
        """See Store.commit."""
        return [self._apply(home, commit) for commit in commits]

    def _apply(self, home: str, commit: Commit) -> Outcome:
        for line in commit.entries:
            if (known := self.entry(home, line.id)) is not None:
                return Replayed(known) if known.fingerprint == line.fingerprint else Conflict(known)
        (now,) = self.read(home, [Read(tuple(commit.expect), (*commit.add, *commit.limits))])
        if any(now.docs[key].version != version for key, version in commit.expect.items()):
            return Stale(View(now.docs, {}))
        moved = {
            key: Counter(held.value + commit.add.get(key, 0), commit.limits.get(key, held.limit)) for key, held in now.counters.items()
        }
        ceilings = {key: MAX_INTEGER if after.limit == NO_LIMIT else after.limit for key, after in moved.items()}
        if refused := {key: now.counters[key] for key, after in moved.items() if not 0 <= after.value <= ceilings[key]}:
            return Refused(refused)
        self._counters |= {(home, key): after for key, after in moved.items()}
        self._docs |= {(home, key): Doc(commit.expect[key] + 1, data) for key, data in commit.put.items()}
        after = tuple((key, *held) for key, held in moved.items() if held.limit != NO_LIMIT)
        return Committed(tuple(self._append(home, replace(line, after=after)) for line in commit.entries))

    def _append(self, home: str, line: Entry) -> Entry:
        self._last += 1
        line = replace(line, cursor=self._last)
        self._lines.setdefault(home, []).append(line)
        return line

    @contextmanager
    def exclusive(self, home: str, docs: Sequence[str], wait: float) -> Iterator[ModelStore]:
        """Itself: nobody else is there."""
        yield self

    def entry(self, home: str, id: str) -> Entry | None:  # noqa: A002 - the field's name
        """See Store.entry."""
        return next((line for line in self._lines.get(home, ()) if line.id == id), None)

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
        lines = [line for line in self._lines.get(home, ()) if owner in {None, line.owner} and kind in {None, line.kind}]
        if newest_first:
            lines.reverse()
        if after is not None:
            lines = [line for line in lines if (line.cursor < int(after) if newest_first else line.cursor > int(after))]
        return Page(tuple(lines[:limit]), str(lines[limit - 1].cursor) if len(lines) > limit else None)

    def docs(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Doc]]:
        """See Store.docs."""
        return _page(self._docs, home, prefix, after, limit)

    def counters(self, home: str, prefix: str, *, after: str | None = None, limit: int = 100) -> Page[tuple[str, Counter]]:
        """See Store.counters."""
        return _page(self._counters, home, prefix, after, limit)

    def forget(self, home: str, before: int, checkpoint: Entry) -> int:
        """See Store.forget."""
        if self.entry(home, checkpoint.id) is not None:
            return 0
        lines = self._lines.get(home, [])
        self._lines[home] = [line for line in lines if line.at >= before]
        dropped = len(lines) - len(self._lines[home])
        self._append(home, replace(checkpoint, after=()))
        return dropped

    def redact(self, home: str, commit: Commit, entries: Sequence[Entry] = (), docs: Sequence[str] = ()) -> Outcome:
        """See Store.redact."""
        if any(key not in commit.expect or key in commit.put for key in docs):
            raise ValueError("a document is dropped that the commit does not guard, or puts")
        (outcome,) = self.commit(home, [commit])
        if isinstance(outcome, Committed):
            told = {line.id: line for line in entries}
            for place, line in enumerate(self._lines.get(home, [])):
                if (by := told.get(line.id)) is not None:
                    self._lines[home][place] = replace(line, owner=by.owner, fingerprint=by.fingerprint, data=by.data)
            for key in docs:
                self._docs.pop((home, key), None)
        return outcome

    def compact(self) -> None:
        """Do nothing."""


def _page(table: dict[tuple[str, str], V], home: str, prefix: str, after: str | None, limit: int) -> Page[tuple[str, V]]:
    rows = sorted((key, kept) for (place, key), kept in table.items() if place == home and key.startswith(prefix))
    found = [row for row in rows if after is None or row[0] > after]
    return Page(tuple(found[:limit]), found[limit - 1][0] if len(found) > limit else None)
