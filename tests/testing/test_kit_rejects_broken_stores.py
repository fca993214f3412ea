"""The conformance suite is itself tested: each broken store is rejected by the test for its own fault."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from prizedraw.storage import (
    ABSENT,
    Commit,
    Committed,
    Counter,
    Doc,
    MemoryStore,
    Page,
    Read,
    Refused,
    Replayed,
    Stale,
    View,
)
from prizedraw.testing import StoreConformance


class Broken(MemoryStore):
    """A memory store whose commits pass through ``alter``, one by one, and whose outcomes pass through ``report``."""

    def alter(self, home, commit):
        return commit

    def report(self, home, commit, outcome):
        return outcome

    def commit(self, home, commits):
        outcomes = []
        for commit in commits:
            (outcome,) = super().commit(home, [self.alter(home, commit)])
            outcomes.append(self.report(home, commit, outcome))
        return outcomes


class ForgetsIdsAtCommit(Broken):
    """Trusts the caller to have looked for the id before."""

    def alter(self, home, commit):
        kept = self._homes.get(home)
        for entry in commit.entries:
            if kept is not None:
                kept.ids.pop(entry.id, None)
        return commit


class IgnoresFingerprints(Broken):
    """Replays whatever has the id."""

    def report(self, home, commit, outcome):
        return Replayed(outcome.entry) if type(outcome).__name__ == "Conflict" else outcome


class WritesBeforeItChecks(Broken):
    """Puts documents first and asks the counters afterwards."""

    def alter(self, home, commit):
        if commit.put and commit.add:
            outcome = super(Broken, self).commit(home, [Commit(commit.expect, commit.put)])[0]
            if isinstance(outcome, Committed):
                expect = {key: version + (key in commit.put) for key, version in commit.expect.items()}
                return Commit(expect, {}, commit.add, commit.limits, commit.entries)
        return commit


class SkipsTheVersionCheck(Broken):
    """Last writer wins: lost updates."""

    def alter(self, home, commit):
        docs = self.read(home, [_reads(commit)])[0].docs
        return replace(commit, expect={key: docs[key].version for key in commit.expect})


class IgnoresGuards(Broken):
    """Checks the versions of what it writes only."""

    def alter(self, home, commit):
        return replace(commit, expect={key: commit.expect[key] for key in commit.put if key in commit.expect})


class LimitOffByOne(Broken):
    """Lets one more than the limit pass."""

    def alter(self, home, commit):
        kept = self._homes.get(home)
        for key in commit.add if kept is not None else ():
            held = kept.counters.get(key)
            if held is not None and held.limit >= 0 and held.value == held.limit:
                kept.counters[key] = Counter(held.value - 1, held.limit)
        return commit


class LowersLimitsBelowValues(Broken):
    """Takes any new limit."""

    def alter(self, home, commit):
        kept = self._homes.get(home)
        for key, limit in commit.limits.items() if kept is not None else ():
            held = kept.counters.get(key)
            if held is not None and 0 <= limit < held.value:
                kept.counters[key] = Counter(held.value, limit)
                return replace(commit, limits={})
        return commit


class StaleWithoutView(Broken):
    """Says stale, and lets the caller read again."""

    def report(self, home, commit, outcome):
        return Stale(View({}, {})) if isinstance(outcome, Stale) else outcome


class StaleWithHalfAView(Broken):
    """Shows only the documents that were wrong."""

    def report(self, home, commit, outcome):
        if not isinstance(outcome, Stale):
            return outcome
        docs = {key: doc for key, doc in outcome.view.docs.items() if doc.version != commit.expect[key]}
        return Stale(View(docs, {}))


class RefusesOneAtATime(Broken):
    """Stops at the first counter that may not move."""

    def report(self, home, commit, outcome):
        return Refused(dict(list(outcome.counters.items())[:1])) if isinstance(outcome, Refused) else outcome


class RecordsUnlimitedCounters(Broken):
    """Writes every counter into ``after``."""

    def report(self, home, commit, outcome):
        if not isinstance(outcome, Committed) or not commit.add:
            return outcome
        after = tuple((key, *self.read(home, [_counts(commit)])[0].counters[key]) for key in commit.add)
        return Committed(tuple(replace(entry, after=after) for entry in outcome.entries))


class FailsTheWholeCall(Broken):
    """Stops at the first commit that fails."""

    def commit(self, home, commits):
        outcomes = []
        for commit in commits:
            outcomes += MemoryStore.commit(self, home, [commit])
            if not isinstance(outcomes[-1], Committed):
                return outcomes + outcomes[-1:] * (len(commits) - len(outcomes))
        return outcomes


class SkipsALineBetweenPages(Broken):
    """Its next page begins one line too late."""

    def entries(self, home, **asked):
        page = super().entries(home, **asked)
        step = -1 if asked.get("newest_first") else 1
        return Page(page.items, None if page.next is None else str(int(page.next) + step))


class PagesByOffset(Broken):
    """Counts lines from the newest, so that an append between two pages repeats one."""

    def entries(self, home, *, after=None, limit=100, newest_first=False, **asked):
        lines = MemoryStore.entries(self, home, limit=10**6, newest_first=newest_first, **asked).items
        start = int(after or 0)
        return Page(lines[start : start + limit], str(start + limit) if len(lines) > start + limit else None)


class LeaksHomes(Broken):
    """Keeps everything in one home."""

    def read(self, home, reads):
        return super().read("one", reads)

    def commit(self, home, commits):
        return super().commit("one", commits)


class ListsKeysRegardlessOfCase(Broken):
    """Orders as a case-insensitive collation does."""

    def docs(self, home, prefix, *, after=None, limit=100):
        found = sorted(MemoryStore.docs(self, home, "", limit=10**6).items, key=lambda item: item[0].lower())
        found = [item for item in found if item[0].lower().startswith(prefix.lower())]
        return Page(tuple(found), None)


class ReusesVersions(Broken):
    """Writes the version that was expected instead of the next."""

    def report(self, home, commit, outcome):
        docs = self._homes[home].docs
        for key in commit.put if isinstance(outcome, Committed) else ():
            docs[key] = Doc(max(1, commit.expect[key]), docs.get(key, ABSENT).data)
        return outcome


class CountsInDoubles(Broken):
    """Lets a value grow beyond 2**53 - 1."""

    def report(self, home, commit, outcome):
        over = isinstance(outcome, Refused) and all(held.limit < 0 for held in outcome.counters.values())
        return Committed(()) if over and all(delta > 0 for delta in commit.add.values()) else outcome


class ForgetsWithoutCheckpoint(Broken):
    """Drops the old and leaves nothing behind."""

    def forget(self, home, before, checkpoint):
        dropped = super().forget(home, before, checkpoint)
        kept = self._homes[home]
        kept.journal.remove(kept.ids.pop(checkpoint.id))
        return dropped


class KeepsTheLockAfterAnError(Broken):
    """Lets nobody in after a block that raised."""

    def exclusive(self, home, docs, wait):
        block = super().exclusive(home, docs, wait)

        class Block:
            def __enter__(self):
                return block.__enter__()

            def __exit__(self, kind, error, trace):
                if kind is None:
                    block.__exit__(kind, error, trace)
                else:
                    self.store.broken = True

        Block.store = self
        return Block()

    def alter(self, home, commit):
        if getattr(self, "broken", False):
            raise TimeoutError("nobody lets go of the lock")
        return commit


def _reads(commit):
    return Read(tuple(commit.expect))


def _counts(commit):
    return Read((), tuple(commit.add))


class Suite(StoreConformance):
    """Only its methods are called."""


Suite.__test__ = False

REJECTED = [
    (ForgetsIdsAtCommit, "test_r5_the_same_request_is_replayed_without_having_been_read", {}),
    (ForgetsIdsAtCommit, "test_r5_one_id_raced_by_two_owners_is_one_commit_and_one_conflict", {}),
    (IgnoresFingerprints, "test_r5_another_request_of_the_same_id_is_a_conflict", {}),
    (WritesBeforeItChecks, "test_r1_a_commit_that_fails_changes_nothing", {"failing": "refused sum"}),
    (SkipsTheVersionCheck, "test_r4_versions_rise_by_one_with_every_put", {}),
    (IgnoresGuards, "test_r4_an_expected_document_may_be_left_as_it_is", {}),
    (LimitOffByOne, "test_r6_a_counter_stays_within_its_limit", {"held": 5, "limit": 5, "delta": 1, "allowed": False}),
    (LowersLimitsBelowValues, "test_r6_limits_move_with_the_commit", {}),
    (StaleWithoutView, "test_r8_stale_brings_every_expected_document", {}),
    (StaleWithHalfAView, "test_r8_stale_brings_every_expected_document", {}),
    (RefusesOneAtATime, "test_r7_a_refusal_shows_every_counter_that_may_not_move", {}),
    (RecordsUnlimitedCounters, "test_r9_after_holds_the_limited_counters_that_moved", {}),
    (FailsTheWholeCall, "test_r3_one_failing_never_fails_another", {}),
    (
        SkipsALineBetweenPages,
        "test_r12_pages_are_complete_and_in_order",
        {"owner": None, "kind": None, "newest_first": False},
    ),
    (PagesByOffset, "test_r12_pages_miss_nothing_while_others_append", {"owner": None}),
    (LeaksHomes, "test_r11_homes_share_nothing", {}),
    (
        ListsKeysRegardlessOfCase,
        "test_r13_keys_are_listed_by_prefix_in_order_of_code_points",
        {"prefix": "a", "listing": "docs"},
    ),
    (ReusesVersions, "test_r4_versions_rise_by_one_with_every_put", {}),
    (
        CountsInDoubles,
        "test_r6_a_counter_stays_within_its_limit",
        {"held": 2**53 - 1, "limit": -1, "delta": 1, "allowed": False},
    ),
    (ForgetsWithoutCheckpoint, "test_r15_forget_drops_the_old_and_leaves_a_checkpoint", {}),
    (KeepsTheLockAfterAnError, "test_r16_an_error_in_the_block_releases_it", {}),
]


@pytest.mark.parametrize(("broken", "test", "arguments"), REJECTED, ids=[f"{b.__name__}-{t[:6]}" for b, t, _ in REJECTED])
def test_a_broken_store_is_rejected_by_the_test_for_its_fault(broken, test, arguments):
    """The named test passes on the sound store and fails on the broken one."""
    getattr(Suite(), test)(store=MemoryStore(), **arguments)
    with pytest.raises((AssertionError, TimeoutError)):
        getattr(Suite(), test)(store=broken(), **arguments)


def test_every_broken_store_is_used():
    """No broken store above is left without the test that rejects it."""
    assert set(Broken.__subclasses__()) == {broken for broken, _, _ in REJECTED}
