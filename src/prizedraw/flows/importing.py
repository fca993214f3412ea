"""Importing a namespace: the lines of an export become documents, counters and entries of another store.

Entries are replayed one by one, each moving its counters to what it noted, so that ``Entry.after`` comes out equal by itself. Heads,
and the lines of the registry that list the campaigns, come last: until then no campaign is there for anybody. Everything can be done
again: what is there already is recognised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from prizedraw.errors import InvalidRequest, StorageBusy
from prizedraw.flows import keys
from prizedraw.flows.dump import CounterLine, DocLine, EntryLine, HomeLine
from prizedraw.flows.effects import Fetch, Flow, Listing, Post, Posts
from prizedraw.storage.protocol import NO_LIMIT, UNTOUCHED, Commit, Committed, Counter, Entry, Read, Replayed, Stale

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prizedraw.flows.context import Context
    from prizedraw.flows.dump import End, Line
    from prizedraw.storage.protocol import Outcome

TOGETHER = 200
"""Commits that are sent in one call."""
_CARRIED = 20
"""Counters without a limit whose values one entry brings along."""


class Imported(msgspec.Struct, frozen=True):
    """What an import brought: campaigns, documents, counters and journal entries."""

    campaigns: int
    documents: int
    counters: int
    entries: int


class Import:
    """One import on its way: ``begin``, ``take`` for all lines in pieces of any size, ``end``. Memory for the counters of a campaign.

    Args:
        context: the engine's.
        end: the last line of the file, which was checked.
    """

    def __init__(self, context: Context, end: End) -> None:
        self._context = context
        self._end = end
        self._mark = end.sha256.encode()
        self._home = _Home("", registry=False, done=True)
        self._heads: dict[str, Commit] = {}
        self._listed: list[Commit] = []

    def begin(self) -> Flow[None]:
        """Claim the namespace for this file.

        Raises:
            InvalidRequest: something else is in it.
        """
        home = self._context.registry
        while True:
            view = yield Fetch(home, Read((keys.IMPORT,)))
            mark = view.docs[keys.IMPORT]
            if mark.data == self._mark:
                return  # an import of this file was interrupted
            docs, entries = (yield Listing(home, "docs", limit=1)).items, (yield Listing(home, "entries", limit=1)).items
            if docs or entries:
                was = "this file was imported" if mark.data == b"done " + self._mark else "there is something"
                raise InvalidRequest(f"{was} in it already; import into an empty namespace", "namespace")
            outcome = yield Post(home, Commit({keys.IMPORT: 0}, {keys.IMPORT: self._mark}))
            if isinstance(outcome, Committed):
                return

    def take(self, lines: Sequence[Line]) -> Flow[None]:
        """Import some lines.

        Raises:
            StorageBusy: somebody else has written to the namespace meanwhile.
        """
        batch: list[Commit] = []
        for line in lines:
            if isinstance(line, HomeLine):
                yield from self._send(batch, self._home.name)
                yield from self._leave()
                yield from self._enter(line.campaign)
            elif not self._home.done:
                commits = self._home.commits(line)
                if self._home.registry and isinstance(line, DocLine) and line.key.startswith(keys.listed("")):
                    self._listed += commits
                else:
                    batch += commits
                if len(batch) >= TOGETHER:
                    yield from self._send(batch, self._home.name)
        yield from self._send(batch, self._home.name)

    def end(self) -> Flow[Imported]:
        """Put the heads, which opens the campaigns, and mark the import as done."""
        yield from self._leave()
        for home, commit in self._heads.items():
            outcome = yield Post(home, commit)
            if not isinstance(outcome, Committed):
                raise _disturbed(home)
        registry = self._context.registry
        yield from self._send(self._listed, registry)
        yield Post(registry, Commit({keys.IMPORT: 1}, {keys.IMPORT: b"done " + self._mark}))
        return Imported(self._end.campaigns, self._end.documents, self._end.counters, self._end.entries)

    def _enter(self, campaign_id: str | None) -> Flow[None]:
        if campaign_id is None:
            self._home = _Home(self._context.registry, registry=True)
            return
        home = self._context.home(campaign_id)
        view = yield Fetch(home, Read((keys.HEAD,)))
        self._home = _Home(home, registry=False, done=view.docs[keys.HEAD].version > 0)

    def _leave(self) -> Flow[None]:
        home = self._home
        if home.done:
            return
        commit = home.last()
        if home.registry:
            outcome = yield Post(home.name, commit)
            if not isinstance(outcome, Committed):
                raise _disturbed(home.name)
        else:
            self._heads[home.name] = commit

    def _send(self, batch: list[Commit], home: str) -> Flow[None]:
        if not batch:
            return
        outcomes: list[Outcome] = yield Posts(home, list(batch))
        for commit, outcome in zip(batch, outcomes, strict=True):
            if not (isinstance(outcome, (Committed, Replayed)) or _is_there(commit, outcome)):
                raise _disturbed(home)
        batch.clear()


def _is_there(commit: Commit, outcome: Outcome) -> bool:
    """Whether a document was put already, by an import that was interrupted."""
    if not isinstance(outcome, Stale):
        return False
    ((key, doc),) = outcome.view.docs.items()
    return doc.version > commit.expect[key] and doc.data == commit.put[key]


def _disturbed(home: str) -> StorageBusy:
    return StorageBusy(f"{home!r} was written to by somebody else during the import; import into another namespace or store")


class _Home:
    """What is known of the home that is being imported: where its counters stand, and where they must come to."""

    def __init__(self, name: str, *, registry: bool, done: bool = False) -> None:
        self.name = name
        self.registry = registry
        self.done = done
        self._head: bytes | None = None
        self._wanted: dict[str, Counter] = {}
        self._stand: dict[str, Counter] = {}
        self._to_carry: list[str] = []

    def commits(self, line: Line) -> list[Commit]:
        """What makes the line true."""
        match line:
            case DocLine(keys.HEAD) if not self.registry:
                self._head = line.data
                return []
            case DocLine():
                # A participant's document names the version of the platform's word, so the registry's versions are kept.
                versions = range(line.version) if self.registry else range(1)
                return [Commit({line.key: version}, {line.key: line.data}) for version in versions]
            case CounterLine():
                self._wanted[line.key] = Counter(line.value, line.limit)
                if line.limit == NO_LIMIT and line.value:
                    self._to_carry.append(line.key)
                return []
            case EntryLine():
                return [self._replay(line)]
            case _:
                return []

    def _replay(self, line: EntryLine) -> Commit:
        """The entry, and the counters that it moved, as it left them; and values of counters of which no entry notes anything."""
        add: dict[str, int] = {}
        limits: dict[str, int] = {}
        for key, value, limit in line.after:
            stand = self._stand.get(key, UNTOUCHED)
            add[key] = value - stand.value
            if limit != stand.limit:
                limits[key] = limit
            self._stand[key] = Counter(value, limit)
        for _ in range(min(_CARRIED, len(self._to_carry))):
            key = self._to_carry.pop()
            if self._stand.get(key, UNTOUCHED) == UNTOUCHED and key not in add:
                add[key] = self._wanted[key].value
                self._stand[key] = self._wanted[key]
        return Commit({}, {}, add, limits, (Entry(line.id, line.fingerprint, line.owner, line.kind, line.at, line.data),))

    def last(self) -> Commit:
        """What is left to do at the end: the head, if the campaign has one, and counters that still stand elsewhere."""
        apart = {key: wanted for key, wanted in self._wanted.items() if wanted != self._stand.get(key, UNTOUCHED)}
        add = {key: wanted.value - self._stand.get(key, UNTOUCHED).value for key, wanted in apart.items()}
        limits = {key: wanted.limit for key, wanted in apart.items()}
        put = {} if self._head is None else {keys.HEAD: self._head}
        return Commit(dict.fromkeys(put, 0), put, add, limits)
