"""State machines: random histories of calls, in which stores must answer as the model does, and so alike.

Only calls of the protocol are made here; for calls of an engine see ``engine_machine``. Requirements that need two callers at once are
in ``conformance``.
"""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from msgspec.structs import replace

from prizedraw.storage.protocol import Commit, Committed, Entry, Page, Read
from prizedraw.testing.bridge import blocking
from prizedraw.testing.model import ModelStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hypothesis.strategies import DrawFn

    from prizedraw.storage.protocol import AsyncStore, Store

_homes = st.sampled_from("ab")
_keys = st.sampled_from(["", "k", "K", "k%", "k_", "ké", "中", "👩‍👧"])
_ids = st.sampled_from([f"e{n}" for n in range(8)])
_owners = st.sampled_from(["", "ann", "bob"])
_kinds = st.sampled_from(["draw", "void"])
_times = st.integers(0, 20)
_data = st.binary(max_size=4)
_entries = st.builds(Entry, id=_ids, fingerprint=st.sampled_from("xy"), owner=_owners, kind=_kinds, at=_times, data=_data)
_limits = st.integers(1, 5)


@st.composite
def _commits(draw: DrawFn) -> Commit:
    """Well-formed commits, whose expected versions are yet to be aimed: so much more than what is there."""
    expect = draw(st.dictionaries(_keys, st.sampled_from([0, 0, 0, 0, 1, -1]), max_size=3))
    put = {key: draw(_data) for key in expect if draw(st.booleans())}
    add = draw(st.dictionaries(_keys, st.integers(-2, 4), max_size=3))
    limits = draw(st.dictionaries(_keys, st.integers(-1, 6), max_size=2))
    lines = draw(st.lists(_entries, max_size=2, unique_by=lambda line: line.id))
    return Commit(expect, put, add, limits, tuple(lines))


class AgreementMachine(RuleBasedStateMachine):
    """Gives several stores the same calls, and demands that each answers as the model does.

    Cursors are compared by their order, not by their value. Each history has homes of its own, so that stores that were written to
    before will do.

    ::

        class StoresAgree(AgreementMachine):
            def make_stores(self, tmp_path):
                return {"file": SqliteStore(tmp_path / "draws.db"), "mine": MyStore(URL)}

        TestStoresAgree = StoresAgree.TestCase
    """

    def make_stores(self, tmp_path: Path) -> Mapping[str, Store | AsyncStore]:
        """The stores to compare, by names for messages; asynchronous ones are put behind a Bridge.

        Args:
            tmp_path: an empty folder, removed after the history.
        """
        raise NotImplementedError("override make_stores to return your stores by name")

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._run = secrets.token_hex(6)
        self._stores = {"the model": ModelStore(), **{key: blocking(store) for key, store in self._made().items()}}
        self._cursors: dict[tuple[str, str], list[int]] = {}
        self._forgotten = 0
        for store in self._stores.values():
            store.open()

    def _made(self) -> Mapping[str, Store | AsyncStore]:
        return self.make_stores(Path(self._folder.name))

    def teardown(self) -> None:
        """Close the stores and remove the folder."""
        for store in self._stores.values():
            store.close()
        self._folder.cleanup()

    def _aimed(self, home: str, *commits: Commit) -> list[Commit]:
        """The commits with versions near those that are there now, so that many of them succeed."""
        docs = {key for commit in commits for key in commit.expect}
        (now,) = self._stores["the model"].read(f"{self._run}/{home}", [Read(tuple(docs))])
        return [
            replace(commit, expect={key: max(0, now.docs[key].version + more) for key, more in commit.expect.items()}) for commit in commits
        ]

    def _agree(self, home: str, ask: Callable[[Store, str, list[int]], Any]) -> None:
        """Ask every store; ``ask`` is given the store, the home's name and the cursors of its lines so far, in order."""
        place = f"{self._run}/{home}"
        answers = {}
        for name, store in self._stores.items():
            known = self._cursors.setdefault((name, home), [])
            answers[name] = _plain(ask(store, place, known), known)
        expected = answers.pop("the model")
        for name, answer in answers.items():
            assert answer == expected, f"{name} answers\n{answer!r}, and should answer\n{expected!r}"

    @rule(home=_homes, changes=st.lists(_commits(), max_size=4))
    def commit(self, home: str, changes: list[Commit]) -> None:
        """R1 to R9: the same outcomes, in one call."""
        aimed = self._aimed(home, *changes)
        self._agree(home, lambda store, place, known: _noted(store.commit(place, aimed), known))

    @rule(home=_homes, changes=_commits(), other=_commits())
    def exclusive(self, home: str, changes: Commit, other: Commit) -> None:
        """R16: the same outcomes and views inside a block."""
        first, second = self._aimed(home, changes, other)

        def ask(store: Store, place: str, known: list[int]) -> Any:
            with store.exclusive(place, tuple(first.expect), 30.0) as handle:
                return [
                    _noted(handle.commit(place, [first]), known),
                    handle.read(place, [Read(tuple(first.expect), tuple(first.add), "e1")]),
                    _noted(handle.commit(place, [second]), known),
                ]

        self._agree(home, ask)

    @rule(home=_homes, asked=st.lists(st.tuples(st.lists(_keys), st.lists(_keys), st.none() | _ids), max_size=3))
    def read(self, home: str, asked: list[tuple[list[str], list[str], str | None]]) -> None:
        """R10, R11: the same views."""
        reads = [Read(tuple(docs), tuple(counters), entry) for docs, counters, entry in asked]
        self._agree(home, lambda store, place, _: store.read(place, reads))

    @rule(home=_homes, id=_ids)
    def entry(self, home: str, id: str) -> None:  # noqa: A002 - the protocol's name
        """R10: the same line of an id."""
        self._agree(home, lambda store, place, _: store.entry(place, id))

    @rule(home=_homes, prefix=_keys, limit=_limits)
    def keys(self, home: str, prefix: str, limit: int) -> None:
        """R13: the same keys, page by page."""
        self._agree(home, lambda store, place, _: _walk(limit, lambda after: store.docs(place, prefix, after=after, limit=limit)))
        self._agree(home, lambda store, place, _: _walk(limit, lambda after: store.counters(place, prefix, after=after, limit=limit)))

    @rule(
        home=_homes,
        owner=st.none() | _owners,
        kind=st.none() | _kinds,
        limit=_limits,
        newest_first=st.booleans(),
        start=st.none() | _limits,
    )
    def journal(self, home: str, owner: str | None, kind: str | None, limit: int, newest_first: bool, start: int | None) -> None:
        """R12: the same lines in the same order, page by page, from the beginning or from behind the cursor of a line."""

        def ask(store: Store, place: str, known: list[int]) -> Any:
            first = str(known[-start]) if start is not None and len(known) >= start else None
            return _walk(
                limit,
                lambda after: store.entries(place, owner=owner, kind=kind, after=after, limit=limit, newest_first=newest_first),
                first,
            )

        self._agree(home, ask)

    @precondition(lambda self: self._forgotten < 5)
    @rule(home=_homes, before=_times)
    def forget(self, home: str, before: int) -> None:
        """R15: the same number dropped, and the same the second time."""
        self._forgotten += 1
        checkpoint = Entry(f"checkpoint {self._forgotten}", "f", "", "checkpoint", before, b"")

        def ask(store: Store, place: str, known: list[int]) -> Any:
            dropped = [store.forget(place, before, checkpoint) for _ in range(2)]
            line = store.entry(place, checkpoint.id)
            assert line is not None, f"{store!r} left no checkpoint"
            _note(line, known)
            return dropped

        self._agree(home, ask)


class StoreMachine(AgreementMachine):
    """Gives one store random calls, and demands that it answers as the model does.

    ::

        class MyStoreMachine(StoreMachine):
            def make_store(self, tmp_path):
                return MyStore(tmp_path / "draws")

        TestMyStoreMachine = MyStoreMachine.TestCase
    """

    def make_store(self, tmp_path: Path) -> Store | AsyncStore:
        """Your store, blocking or asynchronous; ``tmp_path`` is an empty folder, removed after the history."""
        raise NotImplementedError("override make_store to return your store")

    def make_stores(self, tmp_path: Path) -> Mapping[str, Store | AsyncStore]:
        """The one store."""
        return {"the store": self.make_store(tmp_path)}


def _noted(outcomes: list[Any], known: list[int]) -> list[Any]:
    """The outcomes, after their new cursors were noted."""
    for outcome in outcomes:
        if isinstance(outcome, Committed):
            for line in outcome.entries:
                _note(line, known)
    return outcomes


def _note(line: Entry, known: list[int]) -> None:
    if line.cursor not in known:
        assert line.cursor > max(known, default=0), f"R12: {line.id!r} has the cursor {line.cursor} after {max(known, default=0)}"
        known.append(line.cursor)


def _walk(limit: int, page: Callable[[str | None], Page[Any]], after: str | None = None) -> list[Any]:
    """All items of a listing, whose pages hold no more than asked for."""
    items: list[Any] = []
    while True:
        found = page(after)
        assert len(found.items) <= limit, f"R12: a page of {len(found.items)}, and {limit} were asked for"
        items += found.items
        after = found.next
        if after is None:
            return items


def _plain(answer: Any, known: list[int]) -> Any:
    """The answer as nested tuples and dictionaries, each cursor as its place among those that were given."""
    if isinstance(answer, Entry):
        place = known.index(answer.cursor) if answer.cursor in known else f"unknown cursor {answer.cursor}"
        return (answer.id, answer.fingerprint, answer.owner, answer.kind, answer.at, answer.data, sorted(answer.after), place)
    if isinstance(answer, dict):
        return {key: _plain(value, known) for key, value in answer.items()}
    if isinstance(answer, (list, tuple)):
        return [_plain(item, known) for item in answer]
    if hasattr(answer, "__struct_fields__"):
        return (type(answer).__name__, *(_plain(getattr(answer, field), known) for field in answer.__struct_fields__))
    return answer
