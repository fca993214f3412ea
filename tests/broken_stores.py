"""Stores that are broken on purpose, each in one way. The first word of a docstring is the requirement that is broken."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

from msgspec.structs import replace

from async_stores import AsyncMemoryStore
from prizedraw.storage import (
    ABSENT,
    Commit,
    Committed,
    Conflict,
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


def reads_of(commit):
    return Read(tuple(commit.expect))


def counters_of(commit):
    return Read((), tuple(commit.add))


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
    """R5: trusts the caller to have looked for the id before."""

    def alter(self, home, commit):
        kept = self._homes.get(home)
        for entry in commit.entries:
            if kept is not None:
                kept.ids.pop(entry.id, None)
        return commit


class IgnoresFingerprints(Broken):
    """R5: replays whatever has the id."""

    def report(self, home, commit, outcome):
        return Replayed(outcome.entry) if type(outcome).__name__ == "Conflict" else outcome


class WritesBeforeItChecks(Broken):
    """R1: puts documents first and asks the counters afterwards."""

    def alter(self, home, commit):
        if commit.put and commit.add:
            outcome = super(Broken, self).commit(home, [Commit(commit.expect, commit.put)])[0]
            if isinstance(outcome, Committed):
                expect = {key: version + (key in commit.put) for key, version in commit.expect.items()}
                return Commit(expect, {}, commit.add, commit.limits, commit.entries)
        return commit


class SkipsTheVersionCheck(Broken):
    """R4: the last writer wins, and updates are lost."""

    def alter(self, home, commit):
        docs = self.read(home, [reads_of(commit)])[0].docs
        return replace(commit, expect={key: docs[key].version for key in commit.expect})


class IgnoresGuards(Broken):
    """R4: checks the versions of what it writes only."""

    def alter(self, home, commit):
        return replace(commit, expect={key: commit.expect[key] for key in commit.put if key in commit.expect})


class LimitOffByOne(Broken):
    """R6: lets one more than the limit pass."""

    def alter(self, home, commit):
        kept = self._homes.get(home)
        for key in commit.add if kept is not None else ():
            held = kept.counters.get(key)
            if held is not None and held.limit >= 0 and held.value == held.limit:
                kept.counters[key] = Counter(held.value - 1, held.limit)
        return commit


class LowersLimitsBelowValues(Broken):
    """R6: takes any new limit."""

    def alter(self, home, commit):
        kept = self._homes.get(home)
        for key, limit in commit.limits.items() if kept is not None else ():
            held = kept.counters.get(key)
            if held is not None and 0 <= limit < held.value:
                kept.counters[key] = Counter(held.value, limit)
                return replace(commit, limits={})
        return commit


class StaleWithoutView(Broken):
    """R8: says stale, and lets the caller read again."""

    def report(self, home, commit, outcome):
        return Stale(View({}, {})) if isinstance(outcome, Stale) else outcome


class StaleWithHalfAView(Broken):
    """R8: shows only the documents that were wrong."""

    def report(self, home, commit, outcome):
        if not isinstance(outcome, Stale):
            return outcome
        docs = {key: doc for key, doc in outcome.view.docs.items() if doc.version != commit.expect[key]}
        return Stale(View(docs, {}))


class RefusesOneAtATime(Broken):
    """R7: stops at the first counter that may not move."""

    def report(self, home, commit, outcome):
        return Refused(dict(list(outcome.counters.items())[:1])) if isinstance(outcome, Refused) else outcome


class RecordsUnlimitedCounters(Broken):
    """R9: writes every counter into ``after``."""

    def report(self, home, commit, outcome):
        if not isinstance(outcome, Committed) or not commit.add:
            return outcome
        after = tuple((key, *self.read(home, [counters_of(commit)])[0].counters[key]) for key in commit.add)
        return Committed(tuple(replace(entry, after=after) for entry in outcome.entries))


class FailsTheWholeCall(Broken):
    """R3: stops at the first commit that fails."""

    def commit(self, home, commits):
        outcomes = []
        for commit in commits:
            outcomes += MemoryStore.commit(self, home, [commit])
            if not isinstance(outcomes[-1], Committed):
                return outcomes + outcomes[-1:] * (len(commits) - len(outcomes))
        return outcomes


class SkipsALineBetweenPages(Broken):
    """R12: its next page begins one line too late."""

    def entries(self, home, **asked):
        page = super().entries(home, **asked)
        step = -1 if asked.get("newest_first") else 1
        return Page(page.items, None if page.next is None else str(int(page.next) + step))


class PagesByOffset(Broken):
    """R12: counts lines from the newest, so that an append between two pages repeats one."""

    def entries(self, home, *, after=None, limit=100, newest_first=False, **asked):
        lines = MemoryStore.entries(self, home, limit=10**6, newest_first=newest_first, **asked).items
        start = int(after or 0)
        return Page(lines[start : start + limit], str(start + limit) if len(lines) > start + limit else None)


class LeaksHomes(Broken):
    """R11: keeps everything in one home."""

    def read(self, home, reads):
        return super().read("one", reads)

    def commit(self, home, commits):
        return super().commit("one", commits)


class ListsKeysRegardlessOfCase(Broken):
    """R13: orders as a case-insensitive collation does."""

    def docs(self, home, prefix, *, after=None, limit=100):
        found = sorted(MemoryStore.docs(self, home, "", limit=10**6).items, key=lambda item: item[0].lower())
        found = [item for item in found if item[0].lower().startswith(prefix.lower())]
        return Page(tuple(found), None)


class ReusesVersions(Broken):
    """R4: writes the version that was expected instead of the next."""

    def report(self, home, commit, outcome):
        docs = self._homes[home].docs
        for key in commit.put if isinstance(outcome, Committed) else ():
            docs[key] = Doc(max(1, commit.expect[key]), docs.get(key, ABSENT).data)
        return outcome


class CountsInDoubles(Broken):
    """R6: lets a value grow beyond 2**53 - 1."""

    def report(self, home, commit, outcome):
        over = isinstance(outcome, Refused) and all(held.limit < 0 for held in outcome.counters.values())
        return Committed(()) if over and all(delta > 0 for delta in commit.add.values()) else outcome


class ForgetsWithoutCheckpoint(Broken):
    """R15: drops the old and leaves nothing behind."""

    def forget(self, home, before, checkpoint):
        dropped = super().forget(home, before, checkpoint)
        kept = self._homes[home]
        kept.journal.remove(kept.ids.pop(checkpoint.id))
        return dropped


class KeepsTheLockAfterAnError(Broken):
    """R16: lets nobody in after a block that raised."""

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


class LooksForTheIdBeforehand(Broken):
    """R5: no check at the commit: it looks whether the id is free, and then trusts that it still is."""

    def commit(self, home, commits):
        return [self._known(home, commit) or self._append(home, commit) for commit in commits]

    def _known(self, home, commit):
        for line in commit.entries:
            known = self.entry(home, line.id)
            if known is not None:
                return Replayed(known) if known.fingerprint == line.fingerprint else Conflict(known)
        return None

    def _append(self, home, commit):
        for line in commit.entries if home in self._homes else ():
            self._homes[home].ids.pop(line.id, None)
        return MemoryStore.commit(self, home, [commit])[0]


class ChecksAValueReadEarlier(Broken):
    """R6: limits are checked against a value read earlier, and what is added is added to whatever is there then."""

    def commit(self, home, commits):
        outcomes = []
        for commit in commits:
            found = self.read(home, [counters_of(commit)])[0].counters
            over = {key: held for key, held in found.items() if not 0 <= held.value + commit.add[key] <= (held.limit % 2**53)}
            outcomes.append(Refused(over) if over else self._add(home, commit, found))
        return outcomes

    def _add(self, home, commit, found):
        free = dict.fromkeys(found, -1)
        (outcome,) = MemoryStore.commit(self, home, [replace(commit, limits={**free, **commit.limits})])
        counters = self._homes[home].counters
        counters |= {key: Counter(counters[key].value, held.limit) for key, held in found.items() if key not in commit.limits}
        return outcome


class ChecksVersionsReadEarlier(Broken):
    """R4: compares versions first and puts afterwards, whatever has come in between."""

    def commit(self, home, commits):
        outcomes = []
        for commit in commits:
            docs = self.read(home, [reads_of(commit)])[0].docs
            if any(docs[key].version != version for key, version in commit.expect.items()):
                outcomes.append(Stale(View(docs, {})))
                continue
            now = self.read(home, [reads_of(commit)])[0].docs
            outcomes += MemoryStore.commit(self, home, [replace(commit, expect={key: doc.version for key, doc in now.items()})])
        return outcomes


class ReadsInParts(Broken):
    """R10: reads documents, and counters and entry a moment later."""

    def read(self, home, reads):
        docs = MemoryStore.read(self, home, [Read(read.docs) for read in reads])
        rest = MemoryStore.read(self, home, [Read((), read.counters, read.entry) for read in reads])
        return [View(one.docs, other.counters, other.entry) for one, other in zip(docs, rest, strict=True)]


class CountsForAllHomes(Broken):
    """R11: a commit crosses homes: its counters are kept in one home for all."""

    def commit(self, home, commits):
        outcomes = []
        for commit in commits:
            (outcome,) = MemoryStore.commit(self, home, [replace(commit, add={}, limits={})])
            if isinstance(outcome, Committed) and (commit.add or commit.limits):
                MemoryStore.commit(self, "all homes", [Commit({}, {}, commit.add, commit.limits)])
            outcomes.append(outcome)
        return outcomes

    def read(self, home, reads):
        counted = MemoryStore.read(self, "all homes", [Read((), read.counters) for read in reads])
        return [replace(view, counters=all_.counters) for view, all_ in zip(MemoryStore.read(self, home, reads), counted, strict=True)]


class KnowsIdsOfAllHomes(Broken):
    """R11: a commit crosses homes: an id used in one of them is taken in all."""

    def commit(self, home, commits):
        outcomes = []
        for commit in commits:
            known = next((kept.ids[line.id] for kept in self._homes.values() for line in commit.entries if line.id in kept.ids), None)
            if known is not None:
                outcomes.append(Replayed(known) if known.fingerprint == commit.entries[0].fingerprint else Conflict(known))
            else:
                outcomes += MemoryStore.commit(self, home, [commit])
        return outcomes


class ForgetsCursors(Broken):
    """R15: counts its cursors from the lines that are left, so that they come twice."""

    def forget(self, home, before, checkpoint):
        dropped = super().forget(home, before, checkpoint)
        kept = self._homes[home]
        kept.last = len(kept.journal)
        kept.journal = [replace(line, cursor=place) for place, line in enumerate(kept.journal, 1)]
        kept.ids = {line.id: line for line in kept.journal}
        return dropped


class TakesAnyCommit(Broken):
    """R17: writes what was never to be written, and says that all is well."""

    def alter(self, home, commit):
        return replace(commit, expect={**dict.fromkeys(commit.put, 0), **commit.expect})


class AsyncBroken(AsyncMemoryStore):
    """An asynchronous store that gives way to other tasks between what it looks at and what it does."""

    async def commit(self, home, commits):
        return [await self.apply(home, commit) for commit in commits]


class GivesWayAfterTheIdCheck(AsyncBroken):
    """R5: looks whether the id is free, awaits, and trusts that it still is."""

    async def apply(self, home, commit):
        store = LooksForTheIdBeforehand._known, LooksForTheIdBeforehand._append
        known = store[0](self.inner, home, commit)
        await asyncio.sleep(0)
        return known or store[1](self.inner, home, commit)


class GivesWayAfterTheLimitCheck(AsyncBroken):
    """R6: reads a value, awaits, and adds to whatever is there then."""

    async def apply(self, home, commit):
        found = self.inner.read(home, [counters_of(commit)])[0].counters
        over = {key: held for key, held in found.items() if not 0 <= held.value + commit.add[key] <= (held.limit % 2**53)}
        await asyncio.sleep(0)
        return Refused(over) if over else ChecksAValueReadEarlier._add(self.inner, home, commit, found)


class GivesWayAfterTheVersionCheck(AsyncBroken):
    """R4: compares versions, awaits, and puts."""

    async def apply(self, home, commit):
        docs = self.inner.read(home, [reads_of(commit)])[0].docs
        await asyncio.sleep(0)
        if any(docs[key].version != version for key, version in commit.expect.items()):
            return Stale(View(docs, {}))
        now = self.inner.read(home, [reads_of(commit)])[0].docs
        return self.inner.commit(home, [replace(commit, expect={key: doc.version for key, doc in now.items()})])[0]


class IsCancelledHalfWay(AsyncBroken):
    """R1: appends the entry first, awaits, and writes the rest, if it is not cancelled."""

    async def apply(self, home, commit):
        (outcome,) = self.inner.commit(home, [Commit({}, entries=commit.entries)])
        await asyncio.sleep(0)
        if isinstance(outcome, Committed):
            self.inner.commit(home, [replace(commit, entries=())])
        return outcome


class TakesItsLockTwice(AsyncMemoryStore):
    """R16: gives itself as the handle, and cannot be entered again."""

    @asynccontextmanager
    async def exclusive(self, home, docs, wait):
        async with super().exclusive(home, docs, wait):
            yield self


class Unlocked(MemoryStore):
    """A memory store without its lock, right as long as nobody else is there."""

    def _renew_lock(self):
        self._acquire, self._release = (lambda *_, **__: True), (lambda: None)
