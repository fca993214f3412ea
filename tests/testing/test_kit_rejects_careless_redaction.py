"""Stores that take back too much, too little or at the wrong time: each is rejected by the test for its fault."""

from __future__ import annotations

from typing import Any

import pytest

from prizedraw.storage import Commit, MemoryStore
from prizedraw.testing import StoreConformance


class RedactsWhateverBecameOfTheCommit(MemoryStore):
    """Takes back what was written although the commit was stale or refused."""

    def redact(self, home: str, commit: Commit, entries: Any = (), docs: Any = ()) -> Any:
        outcome = super().redact(home, commit, entries, docs)
        self._homes[home].redact(entries, docs)
        return outcome


class LeavesTheListingsByOwner(MemoryStore):
    """Changes the entries and forgets the index that leads to them."""

    def redact(self, home: str, commit: Commit, entries: Any = (), docs: Any = ()) -> Any:
        self.entries(home, owner="anybody")
        owners = self._homes[home].owners
        outcome = super().redact(home, commit, entries, docs)
        self._homes[home].owners, self._homes[home].indexed = owners, len(self._homes[home].journal)
        return outcome


class KeepsTheDocuments(MemoryStore):
    """Leaves the documents where they are."""

    def redact(self, home: str, commit: Commit, entries: Any = (), docs: Any = ()) -> Any:
        return super().redact(home, commit, entries)


class ForgetsTheGuard(MemoryStore):
    """Drops a document that the commit does not expect."""

    def redact(self, home: str, commit: Commit, entries: Any = (), docs: Any = ()) -> Any:
        outcome = super().redact(home, commit, entries)
        self._homes[home].redact((), docs)
        return outcome


class RedactsInStepsOfItsOwn(MemoryStore):
    """Writes the entries anew, under new cursors."""

    def redact(self, home: str, commit: Commit, entries: Any = (), docs: Any = ()) -> Any:
        kept = self._homes[home]
        for told in entries:
            line = kept.ids.pop(told.id, None)
            if line is not None:
                kept.journal.remove(line)
                kept.append((told,), line.after)
        return super().redact(home, commit, (), docs)


class CompactsCursorsAway(MemoryStore):
    """Counts from the beginning again once what was dropped is gone."""

    def compact(self) -> None:
        for home in self._homes.values():
            home.last = len(home.journal)


class Suite(StoreConformance):
    """Only its methods are called."""


Suite.__test__ = False

REJECTED = [
    (RedactsWhateverBecameOfTheCommit, "test_r19_what_is_not_committed_redacts_nothing", {}),
    (LeavesTheListingsByOwner, "test_r19_redaction_changes_what_was_written", {"later": 0}),
    (KeepsTheDocuments, "test_r19_redaction_changes_what_was_written", {"later": 0}),
    (ForgetsTheGuard, "test_r19_a_document_is_dropped_under_guard_alone", {}),
    (RedactsInStepsOfItsOwn, "test_r19_redaction_changes_what_was_written", {"later": 0}),
    (CompactsCursorsAway, "test_r15_compacting_changes_nothing_that_can_be_read", {}),
]


@pytest.mark.parametrize(("broken", "test", "arguments"), REJECTED, ids=[broken.__name__ for broken, _, _ in REJECTED])
def test_a_careless_store_is_rejected_by_the_test_for_its_fault(broken: Any, test: str, arguments: dict[str, Any]) -> None:
    """The named test passes on the sound store and fails on the broken one."""
    getattr(Suite(), test)(store=MemoryStore(), **arguments)
    with pytest.raises((AssertionError, ValueError, pytest.fail.Exception)):
        getattr(Suite(), test)(store=broken(), **arguments)
