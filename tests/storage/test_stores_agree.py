"""A machine of random calls: the memory store and the SQLite store answer alike, whatever is asked."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from prizedraw.storage import Commit, Entry, MemoryStore, Read, SqliteStore

homes = st.sampled_from(["a", "b"])
keys = st.sampled_from(["", "k", "K", "k%", "k_", "ké", "中", "👩‍👧"])
ids = st.sampled_from([f"e{n}" for n in range(8)])
owners = st.sampled_from(["", "ann", "bob"])
kinds = st.sampled_from(["draw", "void"])
times = st.integers(0, 20)
data = st.binary(max_size=4)
entries = st.builds(Entry, id=ids, fingerprint=st.sampled_from("xy"), owner=owners, kind=kinds, at=times, data=data)


@st.composite
def commits(draw):
    """Well-formed commits, of which many succeed."""
    expect = draw(st.dictionaries(keys, st.integers(0, 3), max_size=3))
    put = {key: draw(data) for key in expect if draw(st.booleans())}
    add = draw(st.dictionaries(keys, st.integers(-2, 4), max_size=3))
    limits = draw(st.dictionaries(keys, st.integers(-1, 6), max_size=2))
    lines = draw(st.lists(entries, max_size=2, unique_by=lambda line: line.id))
    return Commit(expect, put, add, limits, tuple(lines))


class StoresAgree(RuleBasedStateMachine):
    """Both stores get every call; cursors differ between them, their order does not."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.memory = MemoryStore()
        self.sqlite = SqliteStore(Path(self.folder.name) / "draws.db", durability="normal")
        self.checkpoints = 0

    def teardown(self):
        self.sqlite.close()
        self.folder.cleanup()

    def both(self, ask):
        assert plain(ask(self.memory)) == plain(ask(self.sqlite))

    @rule(home=homes, changes=st.lists(commits(), max_size=4))
    def commit(self, home, changes):
        """The same outcomes, in one call."""
        self.both(lambda store: store.commit(home, changes))

    @rule(home=homes, changes=commits(), other=commits())
    def exclusive(self, home, changes, other):
        """The same outcomes and views inside a block, in two homes."""

        def ask(store):
            with store.exclusive(home, (), 5.0) as handle:
                return [
                    handle.commit(home, [changes]),
                    handle.read(home, [Read(tuple(changes.expect), tuple(changes.add), "e1")]),
                    handle.commit("b", [other]),
                    handle.commit(home, [other]),
                ]

        self.both(ask)

    @rule(home=homes, reads=st.lists(st.tuples(st.lists(keys), st.lists(keys), st.none() | ids), max_size=3))
    def read(self, home, reads):
        """The same views."""
        asked = [Read(tuple(docs), tuple(counters), entry) for docs, counters, entry in reads]
        self.both(lambda store: store.read(home, asked))

    @rule(home=homes, prefix=keys, limit=st.integers(1, 5))
    def listings(self, home, prefix, limit):
        """The same keys, page by page."""
        for name in ("docs", "counters"):
            self.both(lambda store, name=name: walk(getattr(store, name), home, prefix, limit=limit))

    @rule(
        home=homes,
        owner=st.none() | owners,
        kind=st.none() | kinds,
        limit=st.integers(1, 5),
        newest_first=st.booleans(),
    )
    def journal(self, home, owner, kind, limit, newest_first):
        """The same lines in the same order, page by page."""
        asked = {"owner": owner, "kind": kind, "limit": limit, "newest_first": newest_first}
        self.both(lambda store: walk(store.entries, home, **asked))

    @precondition(lambda self: self.checkpoints < 5)
    @rule(home=homes, before=times)
    def forget(self, home, before):
        """The same number dropped."""
        self.checkpoints += 1
        checkpoint = Entry(f"check{self.checkpoints}", "f", "", "checkpoint", before, b"")
        self.both(lambda store: store.forget(home, before, checkpoint))


def walk(listing, home, *args, **asked):
    items, after = [], None
    while True:
        page = listing(home, *args, after=after, **asked)
        assert len(page.items) <= asked["limit"]
        items += page.items
        after = page.next
        if after is None:
            return items


def plain(answer):
    """The answer with cursors left out: they are each store's own."""
    if isinstance(answer, Entry):
        return (answer.id, answer.fingerprint, answer.owner, answer.kind, answer.at, answer.data, answer.after)
    if isinstance(answer, dict):
        return {key: plain(value) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [plain(item) for item in answer]
    if hasattr(answer, "__struct_fields__"):
        return (type(answer).__name__, *(plain(getattr(answer, field)) for field in answer.__struct_fields__))
    return answer


StoresAgree.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None, derandomize=True)
TestStoresAgree = StoresAgree.TestCase
